//! Reads the signals of a server for whoever throttles by them.

use crate::{
    engine::throttler::now_s,
    error::Result,
    model::throttle::{Kind, Reading, SignalState, governor::Value, trail::Trail},
    pg::{
        Session,
        signals::{self, Watched},
    },
};

/// Seconds over which WAL is counted.
const WAL_S: f64 = 10.0;
/// Seconds over which checkpoints are counted.
const CHECKPOINTS_S: f64 = 60.0;

/// A session that looks, and what rates are counted from.
#[derive(Default)]
pub struct Meter {
    session: Option<(Session, String)>,
    wal: Trail,
    checkpoints: Trail,
    readings: Vec<(Kind, Reading)>,
}

impl Meter {
    /// Looks once, on a session that `open` opens where there is none.
    pub async fn look(
        &mut self,
        open: impl AsyncFnOnce() -> Result<Session>,
        of: &Watched,
        probe: Option<&str>,
    ) -> Result<Vec<(Kind, Reading)>> {
        if self.session.is_none() {
            let session = open().await?;
            let statement = signals::statement(&session).await?;
            self.session = Some((session, statement));
        }
        let Some((session, statement)) = &mut self.session else { return Ok(Vec::new()) };
        let figures = signals::read(session, statement, of).await?;
        let answer = match probe {
            Some(sql) => Some(signals::probe(session, sql).await),
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
        Ok(std::mem::take(&mut self.readings))
    }

    fn take(&mut self, figures: &signals::Figures) {
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
    fn standbys(&mut self, figures: &signals::Figures) {
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

    fn read(&mut self, kind: Kind, of: &str, value: Value) {
        self.readings.push((kind, Reading { at_s: now_s(), of: of.to_owned(), value }));
    }

    /// Nothing could be measured. Where it comes back, positions may be another server's.
    pub fn blind(&mut self) {
        self.session = None;
        self.wal.clear();
        self.checkpoints.clear();
        self.readings.clear();
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
