//! Measures what the signals need, on a session of its own: if that hangs or fails, the signals become stale, which slows
//! the work, and nothing else is held up.

use std::{
    sync::LazyLock,
    time::{Duration, Instant},
};

use crate::{
    engine::context::Context,
    error::Result,
    model::throttle::{Kind, Limit, Reading, SignalState, Speeds, governor::Value, trail::Trail},
    pg::{Session, signals},
};

/// Between two looks.
const EVERY: Duration = Duration::from_secs(1);
/// How long a look may take; then its session is given up.
const PATIENCE: Duration = Duration::from_secs(3);
/// Seconds over which WAL is counted.
const WAL_S: f64 = 10.0;
/// Seconds over which checkpoints are counted.
const CHECKPOINTS_S: f64 = 60.0;

/// Seconds of a clock that only goes forward, the same for all readings.
pub fn now_s() -> f64 {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGAN.elapsed().as_secs_f64()
}

/// Judges the signals anew; how fast the work may go from now on.
pub fn judge(ctx: &Context) -> Speeds {
    let speeds = ctx.live().governor.judge(now_s(), ctx.term.now());
    if ctx.gate.set_speeds(speeds) {
        ctx.changed.notify_waiters();
    }
    speeds
}

/// Measures as long as it is polled.
pub async fn run(ctx: &Context) {
    let mut eye = Eye { ctx, session: None, wal: Trail::default(), checkpoints: Trail::default() };
    let mut tick = tokio::time::interval(EVERY);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tick.tick().await;
        let looked = tokio::time::timeout(PATIENCE, eye.look()).await;
        match looked {
            Ok(Ok(())) => drop(judge(ctx)),
            Ok(Err(error)) => {
                tracing::debug!(%error, "measuring signals");
                eye.blind(&error.to_string());
            }
            Err(_) => eye.blind("the server does not answer"),
        }
    }
}

struct Eye<'a> {
    ctx: &'a Context,
    session: Option<(Session, String)>,
    wal: Trail,
    checkpoints: Trail,
}

impl Eye<'_> {
    async fn look(&mut self) -> Result<()> {
        if self.session.is_none() {
            let session = self.ctx.session("signals").await?;
            let statement = signals::statement(&session).await?;
            self.session = Some((session, statement));
        }
        let Some((session, statement)) = &mut self.session else { return Ok(()) };
        let figures = signals::read(session, statement, &self.ctx.scheme).await?;
        let probe = match self.ctx.live().governor.limits.of(Kind::Probe) {
            Some(Limit::Probe(sql)) => Some(sql.clone()),
            Some(Limit::Levels(_) | Limit::Window(_)) | None => None,
        };
        let answer = match probe {
            Some(sql) => Some(signals::probe(session, &sql).await),
            None => None,
        };
        self.wal.push(now_s(), figures.wal);
        self.checkpoints.push(now_s(), figures.checkpoints);
        self.take(&figures);
        match answer {
            // The session is as good as it was: the probe is the operator's to mend.
            Some(Err(error)) if !error.connection_lost() => {
                self.read(Kind::Probe, "", Value::Unread(error.to_string()));
            }
            Some(Err(error)) => return Err(error),
            Some(Ok(word)) => self.read(Kind::Probe, &word, verdict(&word)),
            None => {}
        }
        Ok(())
    }

    fn take(&self, figures: &signals::Figures) {
        let count = |n: i64| Value::Number(u64::try_from(n).unwrap_or(0));
        let rate = |trail: &Trail, span_s| trail.rate(span_s).map_or(Value::Number(0), Value::Number);
        self.read(Kind::WalRate, "", rate(&self.wal, WAL_S));
        let requested = self.checkpoints.growth(CHECKPOINTS_S).map_or(0, |(growth, _)| growth);
        self.read(Kind::Checkpoints, "", count(requested));
        self.read(Kind::LockWaits, "", Value::Number(figures.waiting));
        let slot = figures.slot.as_ref().map_or(("", 0), |slot| (slot.of.as_str(), slot.bytes));
        self.read(Kind::SlotWal, slot.0, count(slot.1));
        let seen = |value: Value| if figures.sees_others { value } else { unseen() };
        self.read(Kind::ActiveBackends, "", seen(Value::Number(figures.active)));
        let oldest = figures.oldest.as_ref().map_or(("", 0), |oldest| (oldest.of.as_str(), oldest.ms));
        self.read(Kind::OldestXmin, oldest.0, seen(Value::Number(oldest.1)));
        self.standbys(figures);
    }

    /// The one that is behind most; by the position that it has reached, since a standby that replays nothing reports no lag.
    fn standbys(&self, figures: &signals::Figures) {
        // One that has told nothing yet is behind by all that is known.
        let behind = |standby: &signals::Standby| self.wal.behind(standby.lsn.unwrap_or(0));
        let hidden = |standby: &&signals::Standby| standby.lsn.is_none() && !figures.sees_others;
        if let Some(one) = figures.standbys.iter().find(hidden) {
            self.read(Kind::StandbyLag, &one.of, unseen());
            return;
        }
        let worst = figures.standbys.iter().map(|standby| (behind(standby), standby.of.as_str())).max();
        let (behind, of) = worst.unwrap_or_default();
        self.read(Kind::StandbyLag, of, Value::Number(u64::try_from(behind.as_millis()).unwrap_or(u64::MAX)));
    }

    fn read(&self, kind: Kind, of: &str, value: Value) {
        let reading = Reading { at_s: now_s(), of: of.to_owned(), value };
        self.ctx.live().governor.read(kind, reading);
    }

    /// Nothing could be measured; what was read before becomes stale in its time. Where it comes back, positions may be another
    /// server's.
    fn blind(&mut self, why: &str) {
        self.session = None;
        self.wal.clear();
        self.checkpoints.clear();
        if self.ctx.live().governor.limits.of(Kind::Probe).is_some() {
            self.read(Kind::Probe, "", Value::Unread(why.to_owned()));
        }
    }
}

/// What the role may not see.
fn unseen() -> Value {
    Value::Unread("this role may not see it; GRANT pg_monitor, or set its limit off".into())
}

fn verdict(word: &str) -> Value {
    match word.trim() {
        "ok" => Value::Verdict(SignalState::Ok),
        "slow" => Value::Verdict(SignalState::Slow),
        "stop" => Value::Verdict(SignalState::Stop),
        other => Value::Unread(format!("the probe answers {other:?} instead of ok, slow or stop")),
    }
}
