//! How the heaps are cut into tiles: TID ranges that take about a second each. Pure.
//!
//! Every block of every heap is in exactly one tile. Blocks are measured after the snapshot was taken, so
//! that no row it sees lies behind the last of them.

use std::time::Duration;

/// A tile should take about this long: a bar that moves, and a server that is not asked for much at once.
const TARGET: Duration = Duration::from_secs(1);
/// The first tile's blocks (16 MB); the next ones follow what the first took.
const FIRST: i64 = 2_048;
/// The least, below which the round trip counts.
const LEAST: i64 = 64;
/// The most (2 GB).
const MOST: i64 = 262_144;
/// Each tile reads the whole log anew to leave its keys out: so it reads at least this many times the log's blocks.
const LOG_SHARE: i64 = 4;

/// Whose heap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Heap {
    /// One of the source's, by its part.
    Source(usize),
    /// A leaf's, an index into the leaves.
    Leaf(usize),
}

/// A range of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tile {
    /// Whose.
    pub(super) heap: Heap,
    /// The first block.
    pub(super) first: i64,
    /// The block after the last.
    pub(super) end: i64,
}

impl Tile {
    /// The tile as a condition.
    pub(super) fn condition(&self) -> String {
        format!("ctid >= '({},0)' AND ctid < '({},0)'", self.first, self.end)
    }
}

/// Hands out tiles until the heaps are read.
#[derive(Debug)]
pub(super) struct Tiles {
    heaps: Vec<(Heap, i64)>,
    heap: usize,
    block: i64,
    size: i64,
    least: i64,
}

impl Tiles {
    /// Cuts `heaps`, each with its blocks.
    pub(super) fn new(heaps: Vec<(Heap, i64)>, log_blocks: i64) -> Self {
        let least = LEAST.max(log_blocks.saturating_mul(LOG_SHARE));
        Self { heaps, heap: 0, block: 0, size: FIRST.max(least), least }
    }

    /// Coarse tiles, `parts` a heap: for statements whose answer is long.
    pub(super) fn coarse(heaps: Vec<(Heap, i64)>, log_blocks: i64, parts: i64) -> Self {
        let biggest = heaps.iter().map(|(_, blocks)| *blocks).max().unwrap_or_default();
        let mut tiles = Self::new(heaps, log_blocks);
        tiles.least = tiles.least.max(biggest / parts);
        tiles.size = tiles.least;
        tiles
    }

    /// The next tile.
    pub(super) fn take(&mut self) -> Option<Tile> {
        let (heap, blocks) = loop {
            let (heap, blocks) = *self.heaps.get(self.heap)?;
            if self.block < blocks {
                break (heap, blocks);
            }
            self.heap += 1;
            self.block = 0;
        };
        let first = self.block;
        self.block = first.saturating_add(self.size).min(blocks);
        Some(Tile { heap, first, end: self.block })
    }

    /// Halves or doubles the next tiles by what `tile` took. A heap's short last tile teaches nothing.
    pub(super) fn learn(&mut self, tile: &Tile, took: Duration) {
        let blocks = tile.end - tile.first;
        if took > TARGET * 2 {
            self.size = self.size.min(blocks / 2);
        } else if took < TARGET / 2 && blocks >= self.size {
            self.size = self.size.saturating_mul(2).min(MOST);
        }
        self.size = self.size.max(self.least);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_block_is_in_one_tile_whatever_the_tiles_take() {
        let heaps =
            vec![(Heap::Source(0), 100_000), (Heap::Leaf(0), 0), (Heap::Leaf(1), 1), (Heap::Leaf(2), 777)];
        for millis in [0, 700, 5_000] {
            let mut tiles = Tiles::new(heaps.clone(), 0);
            let mut next = [0; 4];
            while let Some(tile) = tiles.take() {
                let heap = heaps.iter().position(|(heap, _)| *heap == tile.heap).unwrap();
                assert_eq!(tile.first, next[heap]);
                assert!(tile.end > tile.first);
                next[heap] = tile.end;
                tiles.learn(&tile, Duration::from_millis(millis));
            }
            assert_eq!(next.to_vec(), heaps.iter().map(|(_, blocks)| *blocks).collect::<Vec<_>>());
        }
    }

    #[test]
    fn slow_tiles_shrink_and_fast_ones_grow() {
        let mut tiles = Tiles::new(vec![(Heap::Source(0), i64::MAX)], 0);
        let slow = tiles.take().unwrap();
        tiles.learn(&slow, TARGET * 3);
        assert_eq!(tiles.size, FIRST / 2);
        for _ in 0..40 {
            let fast = tiles.take().unwrap();
            tiles.learn(&fast, TARGET / 10);
        }
        assert_eq!(tiles.size, MOST);
        for _ in 0..40 {
            let slow = tiles.take().unwrap();
            tiles.learn(&slow, TARGET * 3);
        }
        assert_eq!(tiles.size, LEAST);
    }

    #[test]
    fn a_big_log_makes_big_tiles() {
        let mut tiles = Tiles::new(vec![(Heap::Source(0), 1_000_000)], 100_000);
        let tile = tiles.take().unwrap();
        assert_eq!(tile.end, 400_000);
        tiles.learn(&tile, TARGET * 10);
        assert_eq!(tiles.take().unwrap().end, 800_000);
    }
}
