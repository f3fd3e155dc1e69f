//! The owner's own session: keeps ownership, takes commands, measures, paints the picture.
//!
//! If it fails, ownership cannot be relied on and the whole stretch ends.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use tokio::sync::{mpsc, watch};
use tokio_postgres::error::SqlState;

use crate::{
    engine::{
        command::Asked,
        context::{Context, Request},
        event::Body,
        gate::Will,
        orders, picture as parts, replayer,
        status::{Owner, Rows, Status},
        throttler,
    },
    error::{Error, Result},
    model::{
        pace::Spent,
        throttle::{Kind, Reading, Speed, Work, governor::Value, trail::Trail},
    },
    ops,
    pg::{Session, journal, journal::mail, measure},
};

/// How often the picture is painted at least.
const TICK: Duration = Duration::from_millis(250);
/// Ticks between looks for commands, log figures and leaf sizes.
const MAIL_EVERY: u64 = 2;
const LOG_EVERY: u64 = 4;
const SIZES_EVERY: u64 = 20;
const BLOCKERS_EVERY: u64 = 8;
/// The longest wait for an answer: longer than any lock is waited for.
const SILENCE: Duration = Duration::from_secs(25);
/// Seconds over which the log's growth is counted.
const GROWTH_S: f64 = 10.0;
/// Seconds between two words about how fast the copying goes.
const SAID_EVERY_S: f64 = 10.0;

/// Runs until the session fails.
pub async fn run(
    ctx: &Context,
    session: &mut Session,
    commands: &mut mpsc::Receiver<Asked>,
    status: &watch::Sender<Arc<Status>>,
) -> Result<()> {
    let mut keeper = Keeper::new(ctx);
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for turn in 0_u64.. {
        tokio::select! {
            Some(asked) = commands.recv() => {
                let take = orders::take(ctx, session, Request { asked, row: None });
                answered(ctx, async { take.await.map(drop) }).await?;
            }
            _ = tick.tick() => {
                keeper.clock();
                answered(ctx, keeper.look(session, turn)).await?;
            }
        }
        keeper.throttle();
        keeper.say_paused();
        show(status, picture(ctx));
    }
    Ok(())
}

/// Whoever owns the migration talks to the server all the time: where no answer comes, nobody is there, whatever the
/// network says, and the next connection finds out.
async fn answered(ctx: &Context, work: impl Future<Output = Result<()>>) -> Result<()> {
    tokio::time::timeout(SILENCE, work).await.unwrap_or_else(|_| {
        Err(Error::Connect {
            target: ctx.target.place(),
            reason: format!("no answer within {} s", SILENCE.as_secs()),
            remedy: "look whether the server hangs, or a firewall drops packets".into(),
        })
    })
}

/// Hangs the picture up; a face is woken only by one that says something else than the last.
fn show(status: &watch::Sender<Arc<Status>>, picture: Status) {
    status.send_if_modified(|last| {
        let news = !picture.says_the_same_as(last);
        *last = Arc::new(picture);
        news
    });
}

struct Keeper<'a> {
    ctx: &'a Context,
    paused_said: bool,
    last_log: i64,
    measured: Option<tokio::time::Instant>,
    /// What of the log could be replayed, and that it could.
    replayable: (Trail, Vec<String>),
    /// How fast the copying was said to go, and when.
    said: (Speed, f64),
}

impl<'a> Keeper<'a> {
    fn new(ctx: &'a Context) -> Self {
        Self {
            ctx,
            paused_said: false,
            last_log: 0,
            measured: None,
            replayable: (Trail::default(), Vec::new()),
            said: (Speed::Full, 0.0),
        }
    }

    /// Judges the signals, and says how fast the copying goes where that has changed: at once that it is held and that
    /// it goes on, else not more often than is worth reading.
    fn throttle(&mut self) {
        let now = throttler::now_s();
        let speed = throttler::judge(self.ctx).copy;
        if self.ctx.live().governor.begins() {
            return;
        }
        let due = [speed, self.said.0].contains(&Speed::Stop) || now - self.said.1 >= SAID_EVERY_S;
        let concerns = self.ctx.phase().copies() || speed == Speed::Full;
        if speed != self.said.0 && due && concerns {
            self.said = (speed, now);
            let reasons = self.ctx.live().governor.reasons();
            self.ctx.say(Body::Throttled { speed, reasons });
        }
    }

    fn clock(&self) {
        let spent = match (self.ctx.gate.will(), self.ctx.gate.speed(Work::Copy)) {
            (Will::Go, Speed::Full) => Spent::Active,
            (Will::Go, Speed::Slow) => Spent::Slowed,
            (Will::Go, Speed::Stop) => Spent::Held,
            (Will::Pause | Will::Stop | Will::Abort, _) => Spent::Paused,
        };
        if self.ctx.phase().copies() {
            self.ctx.live().pace.tick(TICK.as_secs_f64(), spent);
        }
    }

    async fn look(&mut self, session: &mut Session, turn: u64) -> Result<()> {
        if turn.is_multiple_of(MAIL_EVERY) {
            self.mail(session).await?;
        }
        if turn.is_multiple_of(LOG_EVERY) {
            self.measure(session).await?;
        }
        if turn.is_multiple_of(BLOCKERS_EVERY) {
            self.blockers(session).await?;
        }
        if turn.is_multiple_of(SIZES_EVERY) {
            self.sizes(session).await?;
        }
        Ok(())
    }

    async fn mail(&self, session: &mut Session) -> Result<()> {
        for row in mail::unread(session, self.ctx.scheme.id).await? {
            match serde_json::from_value(row.asked.clone()) {
                // A refusal is answered already.
                Ok(asked) => {
                    orders::take(self.ctx, session, Request { asked, row: Some(row.id) }).await?;
                }
                Err(error) => {
                    let words = format!("this owner does not know the command: {error}");
                    mail::finish(session, row.id, Some(&serde_json::Value::String(words))).await?;
                }
            }
        }
        Ok(())
    }

    async fn measure(&mut self, session: &Session) -> Result<()> {
        let scope = replayer::scope(self.ctx);
        let log = measure::log(session, &self.ctx.scheme, &scope).await?;
        self.growth(log.replayable, scope);
        let trend = self.measured.replace(tokio::time::Instant::now()).map(|last| {
            #[expect(clippy::cast_precision_loss, reason = "a trend for people")]
            let change = (log.rows - self.last_log) as f64;
            change / last.elapsed().as_secs_f64().max(0.1)
        });
        self.last_log = log.rows;
        let duplicates = journal::read::duplicate_keys(session, self.ctx.scheme.id).await?;
        let paused = self.ctx.standing().paused.clone();
        let live = {
            let board = self.ctx.board();
            let mut live = self.ctx.live();
            live.rows = Rows {
                log_pending: log.rows,
                log_bytes: log.bytes,
                log_oldest_s: log.oldest_s,
                log_trend: trend,
                ..live.rows
            };
            live.duplicate_keys = duplicates;
            parts::broadcast(&live, &board, paused.as_deref())
        };
        let began = tokio::time::Instant::now();
        journal::mail::broadcast(session, self.ctx.scheme.id, self.ctx.term.epoch, &live).await?;
        // A commit as small as the application's: its own are as slow.
        self.read(Kind::CommitLatency, u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX));
        let bytes: i64 =
            log.bytes + self.ctx.live().sizes.values().map(|(heap, indexes)| heap + indexes).sum::<i64>();
        self.read(Kind::Bytes, u64::try_from(bytes).unwrap_or(0));
        Ok(())
    }

    /// How fast what could be replayed grows; from anew when a leaf has come to it with all its keys.
    fn growth(&mut self, replayable: i64, scope: Vec<String>) {
        let (trail, known) = &mut self.replayable;
        if *known != scope {
            *known = scope;
            trail.clear();
        }
        trail.push(throttler::now_s(), replayable);
        let rate = trail.rate(GROWTH_S).unwrap_or(0);
        self.read(Kind::LogGrowth, rate);
    }

    fn read(&self, kind: Kind, value: u64) {
        let reading = Reading { at_s: throttler::now_s(), of: String::new(), value: Value::Number(value) };
        self.ctx.live().governor.read(kind, reading);
    }

    /// Read by people, and before the swap.
    async fn blockers(&self, session: &Session) -> Result<()> {
        let blockers = ops::blockers::list(session, &self.ctx.scheme).await?;
        self.ctx.live().readiness.blockers = blockers;
        Ok(())
    }

    async fn sizes(&self, session: &Session) -> Result<()> {
        let leaves = self.ctx.board().leaf_list();
        match measure::leaves(session, &self.ctx.scheme, &leaves).await {
            // Somebody holds a partition for a long time: the last sizes stay.
            Err(error) if error.sqlstate() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {}
            sizes => self.ctx.live().sizes = sizes?,
        }
        Ok(())
    }

    /// A pause has taken hold when nothing is in hand any more.
    fn say_paused(&mut self) {
        let paused = self.ctx.standing().paused.clone();
        let Some(why) = paused else {
            self.paused_said = false;
            return;
        };
        let board = self.ctx.board();
        if !self.paused_said && board.in_hand.is_empty() {
            self.paused_said = true;
            let last = board.chunks.iter().filter(|row| row.done).map(|row| row.id).next_back();
            let after = last.map(|id| format!(", after chunk {id}")).unwrap_or_default();
            self.ctx.say(Body::Paused { message: format!("{why}{after}") });
        }
    }
}

/// The picture as this owner has it.
pub fn picture(ctx: &Context) -> Status {
    let standing = ctx.standing().clone();
    let board = ctx.board();
    let live = ctx.live();
    let owner = Owner {
        host: crate::pg::owner::host(),
        pid: std::process::id().into(),
        since: ctx.term.since,
        alive: true,
        ours: true,
    };
    parts::compose(parts::Parts {
        now: Utc::now(),
        scheme: &ctx.scheme,
        standing: &standing,
        board: &board,
        owner: Some(owner),
        live: &parts::broadcast(&live, &board, standing.paused.as_deref()),
        log: live.rows,
        diffs: live.diffs.clone(),
        duplicate_keys: live.duplicate_keys.clone(),
        sizes: &live.sizes,
    })
}
