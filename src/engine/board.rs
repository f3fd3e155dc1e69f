//! The board: leaves and chunks in memory, as the journal has them, and who holds which. Pure.
//!
//! Invariant: a chunk and a leaf are in at most one hand; a leaf is given out to be sealed only when no chunk of it
//! is open.

use std::collections::{BTreeMap, BTreeSet};

use tokio_util::sync::CancellationToken;

use crate::{
    model::{
        chunk::{Chunk, ChunkId},
        phase::LeafState,
        scheme::Leaf,
    },
    pg::journal::read::{ChunkRow, LeafRow},
};

/// Attempts of a chunk before it waits for the operator.
pub const MAX_ATTEMPTS: i32 = 5;

/// A chunk in a worker's hand.
#[derive(Clone, Debug)]
pub struct Hand {
    /// The worker, from 0.
    pub worker: usize,
    /// Cancels this chunk alone.
    pub cancel: CancellationToken,
    /// Since when.
    pub since: chrono::DateTime<chrono::Utc>,
}

/// What a worker does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Job {
    /// Copy a chunk.
    Copy(ChunkId),
    /// Seal a leaf.
    Seal(Leaf),
}

/// Leaves and chunks.
#[derive(Debug, Default)]
pub struct Board {
    /// Oldest period first, DEFAULT last.
    pub leaves: Vec<LeafRow>,
    /// In heap order.
    pub chunks: Vec<ChunkRow>,
    /// Chunks in hand.
    pub in_hand: BTreeMap<ChunkId, Hand>,
    /// Leaves in hand, by their place in `leaves`.
    pub sealing: BTreeSet<usize>,
    /// Chunks that wait for the operator.
    pub failed: BTreeMap<ChunkId, String>,
}

impl Board {
    /// The board of the journal's rows.
    pub fn new(leaves: Vec<LeafRow>, chunks: Vec<ChunkRow>) -> Self {
        Self { leaves, chunks, ..Self::default() }
    }

    /// A chunk with its rows by leaf, ready to be copied.
    pub fn chunk(&self, id: ChunkId) -> Option<Chunk> {
        let row = self.row(id)?;
        let counts = || row.counts.iter().flatten();
        let rows = counts().filter_map(|(lower, rows)| Some((self.leaf_at(*lower)?, *rows))).collect();
        let lowers = counts().map(|(lower, _)| *lower).collect();
        Some(Chunk { id, first_block: row.first_block, end_block: row.end_block, rows, lowers })
    }

    /// All leaves.
    pub fn leaf_list(&self) -> Vec<Leaf> {
        self.leaves.iter().map(|row| row.leaf.clone()).collect()
    }

    /// Leaves that have their indexes.
    pub fn sealed(&self) -> Vec<Leaf> {
        let sealed = self.leaves.iter().filter(|row| row.state.is_sealed());
        sealed.map(|row| row.leaf.clone()).collect()
    }

    /// Takes the next job for `worker`: a leaf that is full, else a chunk.
    pub fn take(&mut self, worker: usize, now: chrono::DateTime<chrono::Utc>) -> Option<Job> {
        self.take_leaf().map(Job::Seal).or_else(|| self.take_chunk(worker, now).map(Job::Copy))
    }

    /// The next chunk: by the leaves' order, preferring a leaf that nobody else is copying.
    fn take_chunk(&mut self, worker: usize, now: chrono::DateTime<chrono::Utc>) -> Option<ChunkId> {
        let open = self.open_by_leaf();
        let busy: Vec<usize> = self.in_hand.keys().flat_map(|id| self.leaves_of(*id)).collect();
        let order = self.copy_order();
        let free = order.iter().find(|leaf| !busy.contains(leaf) && open.contains_key(leaf));
        let leaf = free.or_else(|| order.iter().find(|leaf| open.contains_key(leaf)))?;
        let id = open[leaf];
        self.in_hand.insert(id, Hand { worker, cancel: CancellationToken::new(), since: now });
        Some(id)
    }

    /// The next leaf whose chunks are all done and which has no index yet, in copy order.
    fn take_leaf(&mut self) -> Option<Leaf> {
        let open = self.open_leaves();
        let order = self.copy_order();
        let full =
            |at: &usize| !open[*at] && !self.sealing.contains(at) && !self.leaves[*at].state.is_sealed();
        let at = order.into_iter().find(full)?;
        self.sealing.insert(at);
        Some(self.leaves[at].leaf.clone())
    }

    /// What the census found in a chunk.
    pub fn counted(&mut self, id: ChunkId, counts: Vec<(chrono::DateTime<chrono::Utc>, i64)>) {
        if let Some(row) = self.row_mut(id) {
            row.done = counts.is_empty();
            row.counts = Some(counts);
        }
    }

    /// Puts a chunk back: done with `copied` rows, or not.
    pub fn put(&mut self, id: ChunkId, copied: Option<(Vec<i64>, i64)>) {
        self.in_hand.remove(&id);
        let Some(row) = self.row_mut(id) else { return };
        row.attempts += 1;
        if let Some((rows, took_ms)) = copied {
            row.done = true;
            row.copied = rows;
            row.took_ms = Some(took_ms);
        }
        self.refresh_states();
    }

    /// A leaf in hand is sealed. Returns the rows copied into it.
    pub fn seal(&mut self, leaf: &Leaf) -> i64 {
        let Some(at) = self.leaves.iter().position(|row| row.leaf.name == leaf.name) else { return 0 };
        self.sealing.remove(&at);
        self.leaves[at].state = LeafState::Sealed;
        self.copied_by_leaf()[at]
    }

    /// Puts a leaf back as it is: what failed may have come after its seal.
    pub fn put_leaf(&mut self, leaf: &Leaf) {
        self.sealing.retain(|at| self.leaves[*at].leaf.name != leaf.name);
    }

    /// Whether somebody copies, or seals another leaf than the one in the asker's hand.
    pub fn is_shared(&self) -> bool {
        !self.in_hand.is_empty() || self.sealing.len() > 1
    }

    /// Nobody holds anything.
    pub fn is_idle(&self) -> bool {
        self.in_hand.is_empty() && self.sealing.is_empty()
    }

    /// Every chunk is done.
    pub fn is_copied(&self) -> bool {
        self.chunks.iter().all(|row| row.done)
    }

    /// The census has counted every chunk.
    pub fn is_counted(&self) -> bool {
        !self.chunks.is_empty() && self.chunks.iter().all(|row| row.counts.is_some())
    }

    /// Rows counted per leaf.
    pub fn counted_by_leaf(&self) -> Vec<i64> {
        let mut counted = vec![0; self.leaves.len()];
        for (lower, rows) in self.chunks.iter().flat_map(|row| row.counts.iter().flatten()) {
            if let Some(at) = self.leaf_at(*lower) {
                counted[at] += rows;
            }
        }
        counted
    }

    /// Every leaf has its indexes.
    pub fn is_sealed(&self) -> bool {
        self.leaves.iter().all(|row| row.state.is_sealed())
    }

    /// Rows counted and rows copied.
    pub fn rows(&self) -> (i64, i64) {
        let counted =
            self.chunks.iter().flat_map(|row| row.counts.iter().flatten()).map(|(_, rows)| rows).sum();
        (counted, self.chunks.iter().flat_map(|row| &row.copied).sum())
    }

    /// Rows copied per leaf.
    pub fn copied_by_leaf(&self) -> Vec<i64> {
        let mut copied = vec![0; self.leaves.len()];
        for row in &self.chunks {
            for ((lower, _), rows) in row.counts.iter().flatten().zip(&row.copied) {
                if let Some(at) = self.leaf_at(*lower) {
                    copied[at] += rows;
                }
            }
        }
        copied
    }

    /// The leaf whose period begins at `lower`; DEFAULT where none does.
    pub fn leaf_at(&self, lower: chrono::DateTime<chrono::Utc>) -> Option<usize> {
        let begins = |row: &LeafRow| row.leaf.period.is_some_and(|period| period.lower == lower);
        self.leaves.iter().position(begins).or_else(|| self.default_at())
    }

    /// *pending*, *copying* and *copied* follow from the chunks.
    pub fn refresh_states(&mut self) {
        let open = self.open_leaves();
        let copied = self.copied_by_leaf();
        let in_hand: Vec<usize> = self.in_hand.keys().flat_map(|id| self.leaves_of(*id)).collect();
        for (at, row) in self.leaves.iter_mut().enumerate().filter(|(_, row)| !row.state.is_sealed()) {
            row.state = match (open[at], copied[at] > 0 || in_hand.contains(&at)) {
                (true, true) => LeafState::Copying,
                (true, false) => LeafState::Pending,
                (false, _) => LeafState::Copied,
            };
        }
    }

    /// The leaves, those to be copied first first: priority, then newest, DEFAULT last.
    fn copy_order(&self) -> Vec<usize> {
        let mut order: Vec<usize> =
            (0..self.leaves.len()).filter(|at| self.leaves[*at].leaf.period.is_some()).collect();
        order.sort_by_key(|at| (-self.leaves[*at].priority, std::cmp::Reverse(*at)));
        order.extend(self.default_at());
        order
    }

    fn default_at(&self) -> Option<usize> {
        self.leaves.iter().position(|row| row.leaf.period.is_none())
    }

    fn leaves_of(&self, id: ChunkId) -> Vec<usize> {
        let counts = self.row(id).and_then(|row| row.counts.as_ref());
        counts.into_iter().flatten().filter_map(|(lower, _)| self.leaf_at(*lower)).collect()
    }

    fn open_leaves(&self) -> Vec<bool> {
        let mut open = vec![false; self.leaves.len()];
        for row in self.chunks.iter().filter(|row| !row.done) {
            for at in self.leaves_of(row.id) {
                open[at] = true;
            }
        }
        open
    }

    /// The first chunk nobody holds, per leaf.
    fn open_by_leaf(&self) -> BTreeMap<usize, ChunkId> {
        let mut open = BTreeMap::new();
        let free = |row: &&ChunkRow| {
            !row.done && !self.in_hand.contains_key(&row.id) && !self.failed.contains_key(&row.id)
        };
        for row in self.chunks.iter().filter(free) {
            for at in self.leaves_of(row.id) {
                open.entry(at).or_insert(row.id);
            }
        }
        open
    }

    fn row(&self, id: ChunkId) -> Option<&ChunkRow> {
        usize::try_from(id).ok().and_then(|at| self.chunks.get(at))
    }

    fn row_mut(&mut self, id: ChunkId) -> Option<&mut ChunkRow> {
        usize::try_from(id).ok().and_then(|at| self.chunks.get_mut(at))
    }
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;
    use crate::model::{ident::Ident, period::Every};

    fn board() -> Board {
        let period = |month| Every::Quarter.period_of(Utc.with_ymd_and_hms(2024, month, 1, 0, 0, 0).unwrap());
        let leaf = |name: &str, period| LeafRow {
            leaf: Leaf { name: Ident::new(name), period },
            state: LeafState::Pending,
            counted: 0,
            found: None,
            priority: 0,
            diffs: None,
            verified_at: None,
        };
        let chunk = |id: ChunkId, lowers: &[u32]| ChunkRow {
            id,
            first_block: i64::from(id) * 64,
            end_block: i64::from(id) * 64 + 64,
            counts: Some(lowers.iter().map(|m| (period(*m).unwrap().lower, 10)).collect()),
            copied: vec![],
            done: false,
            attempts: 0,
            took_ms: None,
        };
        let leaves = vec![leaf("q1", period(1)), leaf("q2", period(4)), leaf("default", None)];
        Board::new(leaves, vec![chunk(0, &[1]), chunk(1, &[1, 4]), chunk(2, &[4])])
    }

    #[test]
    fn newest_first_each_chunk_in_one_hand_and_workers_apart() {
        let mut board = board();
        assert_eq!(board.take_chunk(0, Utc::now()), Some(1), "the first chunk of the newest period");
        assert_eq!(board.take_chunk(1, Utc::now()), Some(2), "q1 and q2 are both busy; the newest goes on");
        assert_eq!(board.take_chunk(2, Utc::now()), Some(0));
        assert_eq!(board.take_chunk(3, Utc::now()), None);
        board.put(1, None);
        assert_eq!(board.take_chunk(3, Utc::now()), Some(1), "put back, it is free again");
    }

    #[test]
    fn a_leaf_is_sealed_once_and_when_no_chunk_of_it_is_open() {
        let mut board = board();
        let name = |job: Option<Job>| match job {
            Some(Job::Seal(leaf)) => Some(leaf.name.as_str().to_owned()),
            Some(Job::Copy(_)) | None => None,
        };
        let default = board.leaves[2].leaf.clone();
        assert_eq!(board.take(0, Utc::now()), Some(Job::Seal(default.clone())), "no chunk holds its rows");
        assert!(!board.is_shared(), "one leaf in one hand");
        assert_eq!(board.take(1, Utc::now()), Some(Job::Copy(1)), "default is in a hand");
        assert!(!board.is_idle() && board.is_shared());
        board.seal(&default);
        board.put_leaf(&default);
        assert_eq!(board.sealed().len(), 1, "what fails after the seal takes nothing back");
        board.put(1, Some((vec![10, 10], 5)));
        assert_eq!(board.leaves[0].state, LeafState::Copying);
        assert_eq!(board.take(1, Utc::now()), Some(Job::Copy(2)));
        board.put(2, Some((vec![9], 5)));
        assert_eq!(board.leaves[1].state, LeafState::Copied);
        assert_eq!(name(board.take(1, Utc::now())).as_deref(), Some("q2"));
        let q2 = board.leaves[1].leaf.clone();
        board.put_leaf(&q2);
        assert_eq!(board.leaves[1].state, LeafState::Copied, "it failed: put back unsealed");
        assert_eq!(name(board.take(1, Utc::now())).as_deref(), Some("q2"));
        assert_eq!(board.take(0, Utc::now()), Some(Job::Copy(0)));
        board.put(0, Some((vec![10], 5)));
        assert_eq!((board.rows(), board.copied_by_leaf()), ((40, 39), vec![20, 19, 0]));
        assert!(board.is_copied() && !board.is_sealed());
    }
}
