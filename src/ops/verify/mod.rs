//! Verify: source and twin compared in one snapshot, keys in the log left out on both sides.
//!
//! A pass reads each side once in TID ranges and compares count, sum and xor of a 64-bit row hash per leaf;
//! where they differ it goes on, in the *same* snapshot, to the differing rows and columns. It writes nothing.
//! A change of the source and its key in the log become visible together, and so do replay's dequeue and what
//! it wrote; therefore a hot, correct table shows no difference (DESIGN 7.7). One hash is enough: a single
//! fault escapes with 2^-64, two that cancel in the sum have the xor against them, and each pass draws
//! its own seed, so that no coincidence lasts.

mod diff;
mod show;
mod snapshot;
mod tally;
mod tiles;

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicI64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio_util::sync::CancellationToken;
use uuid::Uuid;

pub use crate::model::comparison::Sides;
use crate::{
    error::{Error, Result},
    model::{comparison::NO_LEAF, diff::Diff, plan::Statement, scheme::Scheme},
    pg::{Session, Target},
};
use snapshot::Reader;
use tally::{Tallies, Tally};

/// How much a pass may ask of the server.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Sessions that read at once.
    pub readers: usize,
    /// How old the snapshot may become: it holds back vacuum (TRAPS 12). Then the pass ends with an error.
    pub snapshot_max: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { readers: 2, snapshot_max: Duration::from_hours(2) }
    }
}

/// How far a pass is, for others to look at, and how they stop it.
#[derive(Debug, Default)]
pub struct Progress {
    rows_read: AtomicI64,
    rows_total: AtomicI64,
    began: Mutex<Option<Instant>>,
    cancel: CancellationToken,
}

impl Progress {
    /// A progress whose pass stops, its statements cancelled, when `cancel` is.
    pub fn new(cancel: CancellationToken) -> Self {
        Self { cancel, ..Self::default() }
    }

    /// Rows read of all on both sides. All is the server's estimate, raised where it proves too low, and exact at
    /// the end of the comparison; the search for differing rows is not counted.
    pub fn rows(&self) -> (i64, i64) {
        let read = self.rows_read.load(Ordering::Relaxed);
        (read, self.rows_total.load(Ordering::Relaxed).max(read))
    }

    /// Age of the snapshot; `None` before there is one.
    pub fn snapshot_age(&self) -> Option<Duration> {
        let began = *self.began.lock().unwrap_or_else(PoisonError::into_inner);
        began.map(|began| began.elapsed())
    }

    fn begin(&self, rows_total: i64) {
        self.rows_read.store(0, Ordering::Relaxed);
        self.rows_total.store(rows_total, Ordering::Relaxed);
        *self.began.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    fn read(&self, rows: i64) {
        self.rows_read.fetch_add(rows, Ordering::Relaxed);
    }

    fn counted(&self) {
        self.rows_total.store(self.rows_read.load(Ordering::Relaxed), Ordering::Relaxed);
    }
}

/// What a pass says of one leaf.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// The leaf, an index into [`Sides::leaves`].
    pub leaf: usize,
    /// Rows of the source that belong to it, keys in the log left out.
    pub source_rows: i64,
    /// Rows in it, keys in the log left out.
    pub twin_rows: i64,
    /// Rows that differ, exact; 0 is equal. A row in the wrong leaf counts in both.
    pub diff_rows: i64,
    /// The first of them; [`crate::model::diff::MAX_DIFFS`] over all leaves.
    pub diffs: Vec<Diff>,
}

/// What a pass found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pass {
    /// One verdict a leaf asked for, in that order.
    pub verdicts: Vec<Verdict>,
    /// Keys in the log, left out on both sides.
    pub in_log: i64,
    /// Source rows, not in the log, that no leaf's period holds; only without a DEFAULT leaf, and never right.
    pub without_leaf: i64,
    /// How long it took.
    pub took: Duration,
}

impl Pass {
    /// Whether source and twin are equal.
    pub fn is_clean(&self) -> bool {
        self.diff_rows() == 0 && self.without_leaf == 0
    }

    /// Rows that differ.
    pub fn diff_rows(&self) -> i64 {
        self.verdicts.iter().map(|verdict| verdict.diff_rows).sum()
    }

    /// Rows of the source that were compared.
    pub fn rows(&self) -> i64 {
        self.verdicts.iter().map(|verdict| verdict.source_rows).sum()
    }
}

/// Compares the leaves `which` (sealed ones: a leaf still being copied differs by nature).
pub async fn pass(
    target: &Target,
    sides: &Sides<'_>,
    which: &[usize],
    limits: Limits,
    progress: &Progress,
) -> Result<Pass> {
    let began = Instant::now();
    // Positive: it becomes a literal.
    let seed = (Uuid::new_v4().as_u64_pair().0 >> 1).cast_signed();
    let mut sessions = Vec::new();
    for n in 0..limits.readers.max(1) {
        sessions.push(Session::open(target, &format!("verify {}", n + 1)).await?);
    }
    let stop = snapshot::Stop::new(sides, limits, progress);
    let readers = snapshot::open(&mut sessions, (sides, which), &stop).await?;
    let comparison = Comparison { sides, which, seed, readers: &readers, progress };
    let found = comparison.run().await;
    for reader in readers {
        reader.end().await;
    }
    Ok(Pass { took: began.elapsed(), ..found? })
}

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    let leaves = [scheme.leaf_default()];
    let sides = Sides::copied(scheme, &leaves);
    let mut statements = snapshot::statements(&sides);
    statements.extend(tally::statements(&sides));
    statements.extend(diff::statements(&sides));
    statements
}

/// One pass at work.
struct Comparison<'a> {
    sides: &'a Sides<'a>,
    which: &'a [usize],
    seed: i64,
    readers: &'a [Reader<'a>],
    progress: &'a Progress,
}

impl Comparison<'_> {
    async fn run(&self) -> Result<Pass> {
        let survey = snapshot::survey(self).await?;
        self.progress.begin(survey.rows);
        let totals = tally::per_leaf(self, &survey).await?;
        self.progress.counted();
        let mut verdicts: Vec<_> = self.which.iter().map(|leaf| verdict(*leaf, &totals)).collect();
        let differing: Vec<usize> =
            self.which.iter().copied().filter(|leaf| totals.differ(code(*leaf))).collect();
        if !differing.is_empty() {
            let found = diff::find(self, &survey, &totals, &differing).await?;
            for verdict in &mut verdicts {
                verdict.diff_rows = found.rows.get(&verdict.leaf).copied().unwrap_or_default();
                verdict.diffs = found
                    .diffs
                    .iter()
                    .filter(|(leaf, _)| *leaf == verdict.leaf)
                    .map(|(_, d)| d.clone())
                    .collect();
                if differing.contains(&verdict.leaf) && verdict.diff_rows == 0 {
                    let leaf = self.sides.leaves[verdict.leaf].name.as_str();
                    return Err(Error::Bug(format!("{leaf} differs from the source, but none of its rows")));
                }
            }
        }
        let without_leaf = totals.source(NO_LEAF).rows;
        Ok(Pass { verdicts, in_log: survey.in_log, without_leaf, took: Duration::ZERO })
    }
}

fn verdict(leaf: usize, totals: &Tallies) -> Verdict {
    let (source, twin): (Tally, Tally) = (totals.source(code(leaf)), totals.twin(code(leaf)));
    Verdict { leaf, source_rows: source.rows, twin_rows: twin.rows, diff_rows: 0, diffs: Vec::new() }
}

/// A leaf's number in SQL.
fn code(leaf: usize) -> i64 {
    i64::try_from(leaf).unwrap_or(NO_LEAF)
}
