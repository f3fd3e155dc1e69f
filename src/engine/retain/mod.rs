//! Lets go of old rows by deletion: small batches, throttled by the signals that throttle a conversion. Nothing is remembered:
//! each batch is a transaction, and a run that ended is gone on with by the next one.

mod look;
mod words;

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;

pub use look::look;

use crate::{
    engine::{
        meter::Meter,
        throttler::{self, now_s},
    },
    error::{Kind as ErrorKind, Result},
    model::{
        clock::Clock,
        figures,
        ident::QualifiedName,
        maintenance::Age,
        retention::{BATCH, Census, Progress, Rule, next_batch},
        table::Oid,
        throttle::{Governor, Kind, Limits, Reading, Setting, Speed, governor::Value},
    },
    ops::retention::{self, Batch, Heap, Place},
    pg::{Session, alone, catalog, measure, signals::Watched},
};

/// A heap that is smaller may be read from its beginning for each batch.
const SMALL_BLOCKS: i64 = 1_024;
/// The table is vacuumed when so many rows were deleted since the last time, and so large a part of it.
const VACUUM: (u64, f64) = (50_000, 0.2);
/// Under a signal that slows, so many times as long as a batch took nothing is done.
const RESTS: u32 = 3;
/// So many batches in a row may come to nothing.
const MOST_LOST: u32 = 30;
/// How long it waits at once while a signal holds it.
const HELD: Duration = Duration::from_millis(250);

/// What somebody wants.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The table, as it was typed.
    pub table: String,
    /// Which rows may go.
    pub condition: String,
    /// The column by which they are old, where it is not told by the table.
    pub by: Option<String>,
    /// How old they must be.
    pub older_than: Age,
    /// Rows that nobody has processed may go, too.
    pub takes_unprocessed: bool,
    /// The table may be read from its beginning for each batch.
    pub may_scan: bool,
}

/// What is to be done, and where.
#[derive(Clone, Debug, PartialEq)]
pub struct Retention {
    /// The table.
    pub table: QualifiedName,
    /// Which rows go.
    pub rule: Rule,
    /// What a look said.
    pub census: Census,
    /// The table's OID.
    pub oid: Oid,
    /// What holds its rows.
    pub heaps: Vec<Heap>,
    /// What it was looked by.
    pub wish: Wish,
}

/// What would let go of old rows without deleting any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Instead {
    /// Its ids are of version 7: it can be partitioned by them.
    ById(String),
    /// It can be partitioned by time.
    ByTime,
    /// It is partitioned.
    Maintain,
}

/// What could be done instead.
pub async fn instead(session: &Session, found: &Retention) -> Result<Instead> {
    let table = catalog::load_table(session, &found.table.to_string()).await?;
    if table.is_partitioned() {
        return Ok(Instead::Maintain);
    }
    let key = table.primary_key().and_then(|key| key.key.first()?.clone());
    let Some(key) = key.filter(|key| table.column(key).is_some_and(|column| column.type_sql == "uuid"))
    else {
        return Ok(Instead::ByTime);
    };
    let report = catalog::id_report(session, &table, Some(&key)).await?;
    Ok(if report.clock == Ok(Clock::UuidV7) {
        Instead::ById(key.as_str().to_owned())
    } else {
        Instead::ByTime
    })
}

/// How a run came out.
#[derive(Debug)]
pub struct Done {
    /// How far it came.
    pub progress: Progress,
    /// Somebody ended it before it was through.
    pub stopped: bool,
    /// Rows that may go and are there still: locked by somebody, kept by a trigger, or not come to.
    pub left: i64,
}

/// Deletes until nothing is left that may go, or `stop` says so; `said` hears of each batch and of each wait.
pub async fn retain(
    session: &mut Session,
    asked: &Retention,
    limits: &[Setting],
    stop: &(dyn Fn() -> bool + Sync),
    said: &mut (dyn FnMut(&Progress) + Send),
) -> Result<Done> {
    alone(session, &format!("quarterdeck retain {}", asked.table), &asked.table.plain()).await?;
    Box::pin(look::again(session, asked)).await?;
    let mut sweeper = Sweeper {
        asked,
        meter: Meter::default(),
        governor: Governor::new(Limits::default().with(limits), now_s()),
        looked: None,
        progress: Progress { batch: BATCH[0], ..Progress::default() },
        since_vacuum: 0,
        lost: 0,
    };
    let mut stopped = false;
    for heap in &asked.heaps {
        stopped = sweeper.sweep(session, heap, stop, said).await?;
        if stopped {
            break;
        }
    }
    let mut left = 0;
    for heap in &asked.heaps {
        left += retention::count(session, heap, &asked.rule, asked.census.before).await?.0;
    }
    Ok(Done { progress: sweeper.progress, stopped, left })
}

struct Sweeper<'a> {
    asked: &'a Retention,
    meter: Meter,
    governor: Governor,
    looked: Option<Instant>,
    progress: Progress,
    since_vacuum: u64,
    /// Batches in a row that came to nothing.
    lost: u32,
}

impl Sweeper<'_> {
    /// Passes over a heap until one of them deletes nothing; whether it was stopped.
    async fn sweep(
        &mut self,
        session: &mut Session,
        heap: &Heap,
        stop: &(dyn Fn() -> bool + Sync),
        said: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<bool> {
        loop {
            let (mut behind, mut in_pass) = (None::<Place>, 0);
            self.progress.kept = 0;
            while self.rest() > 0 {
                if self.wait(session, stop, said).await? {
                    return Ok(true);
                }
                let most = self.progress.batch.min(self.rest());
                let Some(batch) = self.try_batch(session, heap, behind.as_ref(), most).await? else {
                    continue;
                };
                in_pass += batch.deleted;
                self.progress.kept += u64::try_from(batch.found - batch.deleted).unwrap_or(0);
                said(&self.progress);
                self.vacuum(session, heap).await?;
                behind = batch.reached.or(behind);
                if batch.found < i64::from(most) {
                    break;
                }
            }
            // What others had locked may be free in the next pass.
            if in_pass == 0 || self.rest() == 0 {
                break;
            }
        }
        if self.since_vacuum > 0 {
            self.since_vacuum = 0;
            self.progress.vacuums += u32::from(retention::vacuum(session, heap).await?);
        }
        Ok(false)
    }

    /// Rows that may still go: never more than were counted, whatever the condition says of the next row.
    fn rest(&self) -> u32 {
        let counted = u64::try_from(self.asked.census.doomed).unwrap_or(0);
        u32::try_from(counted.saturating_sub(self.progress.deleted)).unwrap_or(u32::MAX)
    }

    /// One batch; nothing where it is to be tried again, with fewer rows, or behind a row that cannot go.
    async fn try_batch(
        &mut self,
        session: &mut Session,
        heap: &Heap,
        behind: Option<&Place>,
        most: u32,
    ) -> Result<Option<Batch>> {
        let error = match self.batch(session, heap, behind, most).await {
            Ok(batch) => {
                self.lost = 0;
                return Ok(Some(batch));
            }
            Err(error) => error,
        };
        let state = error.sqlstate().map(SqlState::code);
        let is_kept = state == Some(SqlState::FOREIGN_KEY_VIOLATION.code());
        let is_passing = error.kind() == ErrorKind::Retry || state == Some(SqlState::QUERY_CANCELED.code());
        if is_kept && most == 1 {
            // A row of another table leads to it.
            let span = (behind, self.asked.census.before);
            let reached = retention::next(session, heap, &self.asked.rule, span).await?;
            return Ok(Some(Batch { found: i64::from(reached.is_some()), deleted: 0, reached }));
        }
        if is_passing {
            self.lost += 1;
            self.progress.waits_for = vec![error.to_string()];
            tokio::time::sleep(throttler::EVERY).await;
        }
        if !is_kept && (!is_passing || self.lost > MOST_LOST) {
            return Err(error);
        }
        self.progress.batch = (most / 4).max(1);
        Ok(None)
    }

    async fn batch(
        &mut self,
        session: &mut Session,
        heap: &Heap,
        behind: Option<&Place>,
        most: u32,
    ) -> Result<Batch> {
        let began = Instant::now();
        let tx = session.begin().await?;
        let span = (behind, self.asked.census.before);
        let batch = match retention::delete(&tx, heap, &self.asked.rule, span, most).await {
            Ok(batch) => batch,
            Err(error) => return Err(tx.undo(error).await),
        };
        let worked = Instant::now();
        tx.commit("delete batch").await?;
        let took = began.elapsed();
        let millis = u64::try_from(worked.elapsed().as_millis()).unwrap_or(u64::MAX);
        self.read(Kind::CommitLatency, millis);
        let deleted = u64::try_from(batch.deleted).unwrap_or(0);
        self.progress.deleted += deleted;
        self.progress.batches += 1;
        self.progress.rate = figures::float(batch.deleted) / took.as_secs_f64().max(0.001);
        self.progress.batch = next_batch(most, took);
        self.since_vacuum += deleted;
        if !self.governor.reasons().is_empty() {
            tokio::time::sleep(took * RESTS).await;
        }
        Ok(batch)
    }

    fn read(&mut self, kind: Kind, value: u64) {
        self.governor.read(kind, Reading { at_s: now_s(), of: String::new(), value: Value::Number(value) });
    }

    /// Looks at the signals each second, and waits as long as one holds the work; whether it was stopped.
    async fn wait(
        &mut self,
        session: &Session,
        stop: &(dyn Fn() -> bool + Sync),
        said: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<bool> {
        loop {
            if stop() {
                return Ok(true);
            }
            if self.looked.is_none_or(|looked| looked.elapsed() > throttler::EVERY) {
                self.look(session).await?;
            }
            let speeds = self.governor.judge(now_s(), measure::now(session).await?);
            self.progress.waits_for = self.governor.reasons();
            if speeds.copy != Speed::Stop {
                return Ok(false);
            }
            said(&self.progress);
            tokio::time::sleep(HELD).await;
            // Nothing is committed while it is held, so nothing tells how long that takes.
            self.read(Kind::CommitLatency, 0);
        }
    }

    async fn look(&mut self, session: &Session) -> Result<()> {
        self.looked = Some(Instant::now());
        look::refuse_cascades(session, &self.asked.table, self.asked.oid).await?;
        let of = Watched {
            oid: self.asked.oid,
            names: [self.asked.table.to_string(), self.asked.table.to_string()],
        };
        let probe = self.governor.limits.probe().map(str::to_owned);
        let open = async || Session::open(session.target(), "signals").await;
        let looked =
            tokio::time::timeout(throttler::PATIENCE, self.meter.look(open, &of, probe.as_deref())).await;
        match looked {
            Ok(Ok(readings)) => {
                for (kind, reading) in readings {
                    self.governor.read(kind, reading);
                }
            }
            Ok(Err(_)) | Err(_) => self.meter.blind(),
        }
        // There is no log and no twin here.
        self.read(Kind::LogGrowth, 0);
        self.read(Kind::Bytes, 0);
        if self.progress.batches == 0 {
            self.read(Kind::CommitLatency, 0);
        }
        Ok(())
    }

    /// Rows that are dead are read by every scan until they are removed: the table is vacuumed on the way.
    async fn vacuum(&mut self, session: &Session, heap: &Heap) -> Result<()> {
        let (rows, share) = VACUUM;
        let part = figures::share(
            i64::try_from(self.since_vacuum).unwrap_or(i64::MAX),
            self.asked.census.rows.max(1),
        );
        if self.since_vacuum < rows || part < share {
            return Ok(());
        }
        self.since_vacuum = 0;
        self.progress.vacuums += u32::from(retention::vacuum(session, heap).await?);
        Ok(())
    }
}
