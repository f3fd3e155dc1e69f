//! The one picture of a migration that the console, plain lines and `status --json` all render.
//!
//! An owner keeps it live; a watcher reads it from the journal. Lossy: a face may see only the latest.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{
    blocker::Blocker,
    calendar::Zone,
    chunk::ChunkId,
    figures,
    ident::QualifiedName,
    period::{Every, Period},
    phase::{LeafState, Phase, State},
    strategy::Strategy,
};
pub use crate::model::{
    condition::Condition,
    diff::{Diff, DiffKind, MAX_DIFFS},
    throttle::{Signal, SignalState},
};

/// A migration at one moment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// When this picture was taken, UTC.
    pub at: DateTime<Utc>,
    /// Which migration, and where it stands.
    pub migration: Migration,
    /// Who owns it.
    pub owner: Option<Owner>,
    /// Row counts and the log.
    pub rows: Rows,
    /// Periods, oldest first, DEFAULT last.
    pub periods: Vec<PeriodStatus>,
    /// Chunks in heap order; empty before the census.
    pub chunks: Arc<Vec<ChunkStatus>>,
    /// Copying workers (the owner's own view; empty for a watcher).
    pub lanes: Vec<Lane>,
    /// Active reasons for going slowly or not at all.
    pub throttle: Vec<Signal>,
    /// Speed and time.
    pub pace: Pace,
    /// Verification.
    pub verification: Verification,
    /// What must hold before the swap, and what holds it up.
    pub readiness: Readiness,
    /// The last error that is not mended.
    pub last_error: Option<String>,
}

/// What must hold before the swap (or the reverse), and what holds it up.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Readiness {
    /// Green or red.
    pub conditions: Vec<Condition>,
    /// Sessions, the longest open first.
    #[serde(default)]
    pub blockers: Vec<Blocker>,
}

impl Status {
    /// How much of the copying is done, 0 to 1; `None` before the census. Rows that were changed meanwhile are not
    /// copied but come by the log: with the last chunk it is 1.
    pub fn share(&self) -> Option<f64> {
        if self.is_copied() {
            return Some(1.0);
        }
        #[expect(clippy::cast_precision_loss, reason = "a share for a bar")]
        (self.rows.source > 0).then(|| (self.rows.copied as f64 / self.rows.source as f64).min(1.0))
    }

    /// Whether another picture differs in nothing but the moment it was taken.
    pub fn says_the_same_as(&self, other: &Self) -> bool {
        // What a signal that slows nothing reads changes all the time.
        let throttle = |status: &Self| -> Vec<Signal> {
            let bad = |signal: &&Signal| signal.state != SignalState::Ok;
            status.throttle.iter().filter(bad).cloned().collect()
        };
        Self { at: other.at, throttle: other.throttle.clone(), ..self.clone() } == *other
            && throttle(self) == throttle(other)
    }

    /// Every chunk is done: what was not copied is in the log, or went through it.
    pub fn is_copied(&self) -> bool {
        let done = |chunk: &ChunkStatus| matches!(chunk.state, ChunkState::Copied | ChunkState::Retried);
        !self.chunks.is_empty() && self.chunks.iter().all(done)
    }

    /// What to say of rows that were counted and not copied, when all chunks are done; else nothing.
    pub fn rest(&self) -> &'static str {
        if self.is_copied() && self.rows.copied < self.rows.source { ", the rest by the log" } else { "" }
    }

    /// Rows that readers miss while the table with the name is being filled, and since when and until when they are; `None`
    /// where they miss nothing.
    pub fn missing(&self) -> Option<Missing> {
        if self.migration.phase != Phase::Filling || self.is_copied() {
            return None;
        }
        let open = |chunk: &&ChunkStatus| !matches!(chunk.state, ChunkState::Copied | ChunkState::Retried);
        let mut missing = Missing { rows: 0, exact: self.rows.exact, periods: None };
        for (period, rows) in self.chunks.iter().filter(open).flat_map(|chunk| chunk.rows.iter()) {
            missing.rows += rows;
            let (first, last) = missing.periods.get_or_insert((*period, *period));
            (*first, *last) = ((*first).min(*period), (*last).max(*period));
        }
        if !self.rows.exact {
            (missing.rows, missing.periods) = (self.rows.source, None);
        }
        Some(missing)
    }

    /// [`Self::missing`] as a sentence.
    pub fn missing_words(&self) -> Option<String> {
        let Missing { rows, exact, periods } = self.missing()?;
        let about = if exact { "" } else { "about " };
        let title = |at: usize| self.periods.get(at).map_or("DEFAULT", |period| period.title.as_str());
        let of = match periods {
            Some((first, last)) if first == last => format!(" of {}", title(first)),
            Some((first, last)) => format!(" of {} to {}", title(first), title(last)),
            None => String::new(),
        };
        Some(format!("readers miss {about}{} rows{of}; the newest come first", figures::count(rows)))
    }

    /// Whether the rows of its periods are exact, in words: counted, estimated or compared. One verified period does not make
    /// the others' figures exact.
    pub fn counted(&self) -> &'static str {
        let compared = |period: &&PeriodStatus| period.verified_at.is_some();
        let with_rows =
            || self.periods.iter().filter(|period| period.source_rows > 0 || period.target_rows > 0);
        if with_rows().next().is_some() && with_rows().all(|period| compared(&period)) {
            "both sides: exact when last verified, log keys apart"
        } else if !self.rows.exact {
            "source: estimated, before the census · target: rows copied so far"
        } else if with_rows().any(|period| compared(&period)) {
            "source: counted exactly by the census · target: copied so far; verified ones: exact when last compared"
        } else {
            "source: counted exactly by the census · target: rows copied so far"
        }
    }

    /// Chunks by state, for a summary line.
    pub fn chunk_counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for chunk in self.chunks.iter() {
            *counts.entry(chunk.state.word()).or_insert(0) += 1;
        }
        counts
    }
}

/// What readers miss.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Missing {
    /// Rows that are not copied yet.
    pub rows: i64,
    /// Whether the census has counted them.
    pub exact: bool,
    /// The first and the last of their periods, by their places in [`Status::periods`].
    pub periods: Option<(usize, usize)>,
}

/// Which migration, and where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Migration {
    /// Its id.
    pub id: Uuid,
    /// The name the application knows.
    pub table: QualifiedName,
    /// `online`, `rename-first` or `adopt`.
    pub strategy: String,
    /// The earliest unfinished step.
    pub phase: Phase,
    /// Whether it moves.
    pub state: State,
    /// The twin's key, `(id, created_at)`.
    pub key: String,
    /// The partition column.
    pub by: String,
    /// The length of a period.
    pub every: Every,
    /// Where it begins at midnight.
    pub zone: Zone,
    /// In words, why nothing moves: `paused by ana@laptop 14:02, after chunk 211`.
    pub waiting: Option<String>,
    /// A pause was asked for and chunks are still in hand.
    pub pausing: bool,
    /// When the names were exchanged.
    pub swapped_at: Option<DateTime<Utc>>,
}

impl Migration {
    /// `quarter`, or `quarter in Europe/Berlin`.
    pub fn every_words(&self) -> String {
        if self.zone == Zone::UTC {
            self.every.to_string()
        } else {
            format!("{} in {}", self.every, self.zone.name())
        }
    }

    /// The order of the conversion; an unknown word is a newer program's.
    pub fn strategy(&self) -> Strategy {
        self.strategy.parse().unwrap_or_default()
    }
}

/// The process that runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Its host.
    pub host: String,
    /// Its process id.
    pub pid: i64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Whether its session still holds the ownership lock.
    pub alive: bool,
    /// Whether it is this very process.
    pub ours: bool,
}

/// Row counts and the capture log.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rows {
    /// Rows the census counted in the source (exact at its time); an estimate before it.
    pub source: i64,
    /// Whether `source` is the census's exact count.
    pub exact: bool,
    /// Rows copied so far (never more than counted).
    pub copied: i64,
    /// Rows in the capture log.
    pub log_pending: i64,
    /// The log's size.
    pub log_bytes: i64,
    /// Age of its oldest row in seconds.
    pub log_oldest_s: Option<f64>,
    /// Change of the log per second.
    pub log_trend: Option<f64>,
    /// Log rows replayed since the owner started.
    pub replayed: i64,
}

/// One leaf.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PeriodStatus {
    /// `2024 Q1`, or `DEFAULT`.
    pub title: String,
    /// The leaf's name.
    pub leaf: String,
    /// Its bounds; `None` for DEFAULT.
    pub period: Option<Period>,
    /// Its state.
    pub state: LeafState,
    /// Rows the census counted for it, or those of the source when last verified.
    pub source_rows: i64,
    /// Rows copied into it, or in it when last verified.
    pub target_rows: i64,
    /// Differing rows the last verification found; `None` before one.
    pub diffs: Option<i64>,
    /// When it was last verified.
    pub verified_at: Option<DateTime<Utc>>,
    /// Heap bytes and index bytes.
    pub bytes: (i64, i64),
    /// Higher is copied earlier; 0 unless the operator changed it.
    pub priority: i32,
}

impl PeriodStatus {
    /// What the verifier says of it.
    pub fn verdict(&self) -> String {
        match (self.state, self.diffs) {
            (_, Some(1)) => "1 row differs".into(),
            (_, Some(n)) if n > 0 => format!("{} rows differ", figures::count(n)),
            (LeafState::Differs, _) => "differs".into(),
            (LeafState::Verified, _) => "equal".into(),
            (LeafState::Sealed, _) => "not compared yet".into(),
            (LeafState::Pending | LeafState::Copying | LeafState::Copied, _) => {
                format!("not sealed yet: {}", self.state.word())
            }
        }
    }
}

/// A chunk's state on the heat map.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChunkState {
    /// Not begun.
    Pending,
    /// In a worker's hands.
    Copying,
    /// Done.
    Copied,
    /// Done after at least one failed attempt.
    Retried,
    /// Failed, waits for a retry.
    Failed,
}

impl ChunkState {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Copying => "copying",
            Self::Copied => "copied",
            Self::Retried => "retried",
            Self::Failed => "failed",
        }
    }
}

/// One chunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ChunkStatus {
    /// Its number.
    pub id: ChunkId,
    /// First block and the block after the last.
    pub blocks: (i64, i64),
    /// `(index into Status::periods, rows counted)`.
    pub rows: Arc<[(usize, i64)]>,
    /// Its state.
    pub state: ChunkState,
    /// Attempts so far.
    pub attempts: i32,
    /// Milliseconds the last attempt took.
    pub took_ms: Option<i64>,
}

/// One copying worker.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Lane {
    /// From 1.
    pub worker: usize,
    /// The chunk in hand and since when.
    pub chunk: Option<(ChunkId, DateTime<Utc>)>,
    /// The leaf that it seals, and since when.
    pub leaf: Option<(String, DateTime<Utc>)>,
    /// What it waits for, in words.
    pub waiting: Option<String>,
    /// The last chunk's milliseconds.
    pub last_ms: Option<i64>,
}

/// Speed and time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Pace {
    /// Rows copied per second of active time, slow average.
    pub rows_per_s: Option<f64>,
    /// Rows per second over the last minute, oldest first, for a sparkline.
    pub history: Vec<u64>,
    /// Seconds left as a range; `None` until three chunks of this run, and while stalled.
    pub eta_s: Option<(f64, f64)>,
    /// Seconds at work, paused, slowed, in this run.
    pub active_s: f64,
    /// Seconds paused.
    pub paused_s: f64,
    /// Seconds slowed by a signal.
    pub slowed_s: f64,
    /// Copying workers asked for.
    pub workers: u16,
}

/// Verification.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Verification {
    /// When the last whole pass without a difference ended.
    pub verified_at: Option<DateTime<Utc>>,
    /// A pass in hand: rows read of all.
    pub running: Option<(i64, i64)>,
    /// Age of its snapshot in seconds.
    pub snapshot_s: Option<f64>,
    /// Differing rows, the first of them (the cap is [`MAX_DIFFS`]).
    pub diffs: Arc<Vec<Diff>>,
    /// Keys of the old table that two rows of the partitioned one share; they block `reverse`.
    pub duplicate_keys: Vec<String>,
}
