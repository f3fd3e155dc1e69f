//! Lets go of old rows by deletion: small batches, throttled by the signals that throttle a conversion. Nothing is remembered:
//! each batch is a transaction, and a run that ended is gone on with by the next one.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio_postgres::error::SqlState;

use crate::{
    engine::{
        meter::Meter,
        throttler::{self, now_s},
    },
    error::{Error, Result},
    model::{
        clock::Clock,
        figures,
        ident::{Ident, QualifiedName},
        maintenance::Age,
        retention::{BATCH, Census, Marker, Progress, Rule, is_condition, markers, next_batch},
        sql::{Kind as TokenKind, tokens},
        table::{Oid, Table},
        throttle::{Governor, Kind, Limit, Limits, Reading, Setting, governor::Value},
    },
    ops::retention,
    pg::{Session, alone, catalog, measure, signals::Watched},
};

/// A heap that is smaller may be read from its beginning for each batch.
const SMALL_BLOCKS: i64 = 1_024;
/// The table is vacuumed when so many rows were deleted since the last time, and so large a part of it.
const VACUUM: (u64, f64) = (50_000, 0.2);
/// Under a signal that slows, so many times as long as a batch took nothing is done.
const RESTS: u32 = 3;
/// How long it waits at once while a signal holds it.
const HELD: Duration = Duration::from_millis(250);

/// What somebody wants.
#[derive(Debug)]
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
    /// Signals' limits.
    pub limits: Vec<Setting>,
}

/// What is to be done, and where.
#[derive(Debug)]
pub struct Retention {
    /// The table.
    pub table: QualifiedName,
    /// Which rows go.
    pub rule: Rule,
    /// What a look said.
    pub census: Census,
    oid: Oid,
    heaps: Vec<(QualifiedName, Oid)>,
}

/// Looks, counts, and refuses what would do harm; changes nothing.
pub async fn look(session: &Session, wish: &Wish) -> Result<Retention> {
    if !is_condition(&wish.condition) {
        return Err(Error::Usage {
            reason: format!("--where {:?} is not one condition", wish.condition),
            remedy: "write it as behind WHERE, without a semicolon, parameters or a parenthesis too many"
                .into(),
        });
    }
    let table = catalog::load_table(session, &wish.table).await?;
    let by = by(&table, wish)?;
    let marked = markers(&table);
    let kept: Vec<Marker> = if wish.takes_unprocessed { Vec::new() } else { marked };
    let rule = Rule { condition: wish.condition.clone(), by, older_than: wish.older_than, markers: kept };
    let now = measure::now(session).await?;
    let before = wish.older_than.before(now).ok_or_else(|| Error::Usage {
        reason: format!("--older-than {} is before every calendar", wish.older_than),
        remedy: "say a shorter time".into(),
    })?;
    refuse_cascades(session, &table).await?;
    let heaps = retention::heaps(session, table.oid).await?;
    let index = index(session, &table, &heaps, &rule).await.map_err(|error| not_sql(wish, error))?;
    if retention::takes_unprocessed(session, &table.name, &rule, before).await? {
        return Err(unprocessed(&table.name, &rule));
    }
    if index.is_none() && !wish.may_scan && table.facts.blocks > SMALL_BLOCKS {
        return Err(unindexed(&table, &rule));
    }
    let (doomed, oldest) = retention::count(session, &table.name, &rule, before).await?;
    let census = Census {
        rows: retention::estimate(session, table.oid).await?,
        doomed,
        oldest,
        before,
        index,
        markers: rule.markers.iter().map(Marker::words).collect(),
    };
    Ok(Retention { table: table.name, rule, census, oid: table.oid, heaps })
}

/// The column by which rows are old: as somebody says, the one that the condition asks not to be null, or the only time.
fn by(table: &Table, wish: &Wish) -> Result<Ident> {
    let is_time = |name: &Ident| {
        table.column(name).is_some_and(|column| Clock::of_time_type(&column.type_sql).is_some())
    };
    let usage = |reason: String, remedy: &str| Err(Error::Usage { reason, remedy: remedy.into() });
    if let Some(by) = &wish.by {
        let by = Ident::new(by.as_str());
        let known = is_time(&by);
        return if known {
            Ok(by)
        } else {
            usage(
                format!("{} has no time column {}", table.name.plain(), by.as_str()),
                "say --by with a column that is a time",
            )
        };
    }
    let asked = not_null(&wish.condition).map(Ident::new).filter(is_time);
    let mut times =
        table.columns.iter().filter(|column| column.time_clock().is_some()).map(|column| &column.name);
    match (asked, times.next(), times.next()) {
        (Some(by), ..) => Ok(by),
        (None, Some(only), None) => Ok(only.clone()),
        (None, ..) => usage(
            format!("by which time rows of {} are old is not clear", table.name.plain()),
            "say --by with a column that is a time",
        ),
    }
}

/// The column of `column IS NOT NULL`.
fn not_null(condition: &str) -> Option<String> {
    let code: Vec<_> = tokens(condition).into_iter().filter(|token| token.kind != TokenKind::Gap).collect();
    let words = ["IS", "NOT", "NULL"];
    let four = code.windows(4).find(|four| (0..3).all(|at| four[at + 1].is(condition, words[at])))?;
    four[0].name(condition)
}

async fn refuse_cascades(session: &Session, table: &Table) -> Result<()> {
    let cascades = retention::cascades(session, table.oid).await?;
    if cascades.is_empty() {
        return Ok(());
    }
    Err(Error::Refused {
        id: "QD-169",
        object: table.name.plain(),
        reason: format!("rows of other tables would go, or change, with its rows: {}", cascades.join(", ")),
        remedy:
            "delete those rows first, by a retention of their own, and make the foreign key one that refuses"
                .into(),
    })
}

/// The condition is the operator's: what the server does not understand of it is his to mend.
fn not_sql(wish: &Wish, error: Error) -> Error {
    match error.sqlstate().map(SqlState::code) {
        Some(state) if state.starts_with("42") && state != "42501" => Error::Usage {
            reason: format!("--where {:?}: {error}", wish.condition),
            remedy: "write it as behind WHERE".into(),
        },
        _ => error,
    }
}

fn unprocessed(table: &QualifiedName, rule: &Rule) -> Error {
    let markers: Vec<_> = rule.markers.iter().map(Marker::words).collect();
    Error::Refused {
        id: "QD-167",
        object: table.plain(),
        reason: format!("--where takes rows that nobody has processed: {}", markers.join("; ")),
        remedy: "ask in --where for rows that were processed; or say --even-unprocessed, where that column means something else".into(),
    }
}

fn unindexed(table: &Table, rule: &Rule) -> Error {
    Error::Refused {
        id: "QD-168",
        object: table.name.plain(),
        reason: format!(
            "no index leads to the oldest rows: for each batch {} would be read from the beginning",
            figures::bytes(table.facts.blocks.saturating_mul(8_192))
        ),
        remedy: format!("{}; or say --full-scan", rule.index_sql(&table.name)),
    }
}

/// The index of the heaps, if each has one.
async fn index(
    session: &Session,
    table: &Table,
    heaps: &[(QualifiedName, Oid)],
    rule: &Rule,
) -> Result<Option<String>> {
    let mut found = None;
    for (heap, _) in heaps {
        let index = retention::index(session, heap, rule).await?;
        // What is empty, or was never analyzed, the planner reads as it is.
        if index.is_none() && (table.facts.blocks > SMALL_BLOCKS || heaps.len() == 1) {
            return Ok(None);
        }
        found = found.or(index);
    }
    Ok(found)
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
    let mut sweeper = Sweeper {
        asked,
        meter: Meter::default(),
        governor: Governor::new(Limits::default().with(limits), now_s()),
        looked: None,
        progress: Progress { batch: BATCH[0], ..Progress::default() },
        since_vacuum: 0,
    };
    let mut stopped = false;
    for heap in &asked.heaps {
        stopped = sweeper.sweep(session, heap, stop, said).await?;
        if stopped {
            break;
        }
    }
    let (left, _) = retention::count(session, &asked.table, &asked.rule, asked.census.before).await?;
    Ok(Done { progress: sweeper.progress, stopped, left })
}

struct Sweeper<'a> {
    asked: &'a Retention,
    meter: Meter,
    governor: Governor,
    looked: Option<Instant>,
    progress: Progress,
    since_vacuum: u64,
}

impl Sweeper<'_> {
    /// Passes over a heap until one of them deletes nothing; whether it was stopped.
    async fn sweep(
        &mut self,
        session: &mut Session,
        heap: &(QualifiedName, Oid),
        stop: &(dyn Fn() -> bool + Sync),
        said: &mut (dyn FnMut(&Progress) + Send),
    ) -> Result<bool> {
        loop {
            let (mut from, mut in_pass) = (None::<DateTime<Utc>>, 0);
            self.progress.kept = 0;
            loop {
                if self.wait(session, stop, said).await? {
                    return Ok(true);
                }
                let asked = self.progress.batch;
                let batch = self.batch(session, &heap.0, from, asked).await?;
                in_pass += batch.deleted;
                self.progress.kept += u64::try_from(batch.found - batch.deleted).unwrap_or(0);
                said(&self.progress);
                self.vacuum(session, heap).await?;
                // Rows of one and the same time that a trigger keeps would be found again and again.
                let is_stuck = batch.deleted == 0 && batch.reached == from;
                if batch.found < i64::from(asked) || is_stuck {
                    break;
                }
                from = batch.reached.or(from);
            }
            if in_pass == 0 {
                break;
            }
        }
        if self.since_vacuum > 0 {
            self.since_vacuum = 0;
            self.progress.vacuums += u32::from(retention::vacuum(session, (&heap.0, heap.1)).await?);
        }
        Ok(false)
    }

    async fn batch(
        &mut self,
        session: &mut Session,
        heap: &QualifiedName,
        from: Option<DateTime<Utc>>,
        most: u32,
    ) -> Result<retention::Batch> {
        let began = Instant::now();
        let tx = session.begin().await?;
        let span = (from, self.asked.census.before);
        let batch = match retention::delete(&tx, heap, &self.asked.rule, span, most).await {
            Ok(batch) => batch,
            Err(error) => return tx.rollback().await.and(Err(error)),
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
            if speeds.copy != crate::model::throttle::Speed::Stop {
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
        let of = Watched {
            oid: self.asked.oid,
            names: [self.asked.table.to_string(), self.asked.table.to_string()],
        };
        let probe = match self.governor.limits.of(Kind::Probe) {
            Some(Limit::Probe(sql)) => Some(sql.clone()),
            Some(Limit::Levels(_) | Limit::Window(_)) | None => None,
        };
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
    async fn vacuum(&mut self, session: &Session, heap: &(QualifiedName, Oid)) -> Result<()> {
        let (rows, share) = VACUUM;
        let part = figures::share(
            i64::try_from(self.since_vacuum).unwrap_or(i64::MAX),
            self.asked.census.rows.max(1),
        );
        if self.since_vacuum < rows || part < share {
            return Ok(());
        }
        self.since_vacuum = 0;
        self.progress.vacuums += u32::from(retention::vacuum(session, (&heap.0, heap.1)).await?);
        Ok(())
    }
}
