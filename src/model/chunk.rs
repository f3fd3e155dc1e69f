//! Chunks: block ranges of the source's heap, and what the census found in each.
//!
//! A source that is partitioned already has several heaps, its *parts*. Their blocks are numbered one part after the
//! other: an *address* is the part's number, times 2^32, plus the block's own number, which has 32 bits (manual, 73.6).

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// A chunk's number, from 0 in heap order.
pub type ChunkId = i32;

/// A chunk with its rows per period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Chunk {
    /// Its number.
    pub id: ChunkId,
    /// Address of the first block.
    pub first_block: i64,
    /// Address of the block after the last.
    pub end_block: i64,
    /// `(index of the leaf, rows counted)`, in the order of the census.
    pub rows: Vec<(usize, i64)>,
    /// Where the period of each begins. One that has no leaf of its own is DEFAULT's.
    pub lowers: Vec<DateTime<Utc>>,
}

impl Chunk {
    /// The part it lies in.
    pub fn part(&self) -> usize {
        part_of(self.first_block)
    }

    /// Its first block and the one after its last, as the part numbers them.
    pub fn blocks(&self) -> (i64, i64) {
        blocks_of((self.first_block, self.end_block))
    }

    /// Rows counted in it.
    pub fn counted(&self) -> i64 {
        self.rows.iter().map(|(_, rows)| rows).sum()
    }
}

/// The smallest chunk, in blocks (8 kB each): below it, transaction overhead dominates.
pub const MIN_BLOCKS: i64 = 64;
/// The most chunks of one table: bounds the tool's memory and the journal (DESIGN 7.9).
pub const MAX_CHUNKS: i64 = 2_048;

/// The bits of a block's number.
const BLOCK_BITS: u32 = 32;

/// The part in which an address lies.
pub fn part_of(address: i64) -> usize {
    usize::try_from(address >> BLOCK_BITS).unwrap_or_default()
}

/// A range of addresses as the part's own block numbers.
pub fn blocks_of((first, end): (i64, i64)) -> (i64, i64) {
    let base = (first >> BLOCK_BITS) << BLOCK_BITS;
    (first - base, end - base)
}

/// Cuts parts of so many blocks each; ranges of addresses, none across two parts.
pub fn cut_parts(blocks: &[i64]) -> Vec<(i64, i64)> {
    let size = size_of(blocks.iter().sum());
    let part = |(part, blocks): (i64, &i64)| {
        let base = part << BLOCK_BITS;
        ranges(*blocks, size).map(move |(first, end)| (base + first, base + end))
    };
    (0..).zip(blocks).flat_map(part).collect()
}

/// Cuts `blocks` into equal ranges, at most [`MAX_CHUNKS`], of at least [`MIN_BLOCKS`] each.
pub fn cut(blocks: i64) -> impl Iterator<Item = (i64, i64)> {
    ranges(blocks, size_of(blocks))
}

/// About 1,024 blocks (8 MB, some 25,000 chat rows) make a chunk of a fraction of a second.
fn size_of(blocks: i64) -> i64 {
    (blocks / 128).clamp(MIN_BLOCKS, 1_024).max((blocks + MAX_CHUNKS - 1) / MAX_CHUNKS)
}

fn ranges(blocks: i64, size: i64) -> impl Iterator<Item = (i64, i64)> {
    (0..)
        .map(move |i| i * size)
        .take_while(move |first| *first < blocks)
        .map(move |first| (first, (first + size).min(blocks)))
}

/// Chunks that are counted in one transaction: at most so many of them, and so many blocks (32 MB) but one chunk.
const RUN_CHUNKS: usize = 16;
const RUN_BLOCKS: i64 = 4_096;

/// Joins ranges, each with its chunk, into runs that one transaction counts.
pub fn runs(open: &[(ChunkId, (i64, i64))]) -> Vec<Vec<(ChunkId, (i64, i64))>> {
    let mut runs: Vec<Vec<_>> = Vec::new();
    for chunk in open {
        let fits = |run: &Vec<(ChunkId, (i64, i64))>| {
            let blocks: i64 = run.iter().chain([chunk]).map(|(_, (first, end))| end - first).sum();
            run.len() < RUN_CHUNKS && blocks <= RUN_BLOCKS
        };
        match runs.last_mut().filter(|run| fits(run)) {
            Some(run) => run.push(*chunk),
            None => runs.push(vec![*chunk]),
        }
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_the_heap_once() {
        for blocks in [0, 1, 64, 65, 100_000, 50_000_000] {
            let ranges: Vec<_> = cut(blocks).collect();
            assert!(i64::try_from(ranges.len()).unwrap() <= MAX_CHUNKS);
            assert_eq!(ranges.iter().map(|(a, b)| b - a).sum::<i64>(), blocks);
            assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0));
        }
    }

    #[test]
    fn addresses_tell_part_and_block() {
        let largest = (1_i64 << 32) - 2;
        for parts in [vec![0], vec![10, 0, 100_000], vec![largest, 1, largest]] {
            let ranges = cut_parts(&parts);
            assert!(ranges.len() <= usize::try_from(MAX_CHUNKS).unwrap() + parts.len());
            let mut seen = vec![0; parts.len()];
            for range in &ranges {
                let (part, (first, end)) = (part_of(range.0), blocks_of(*range));
                assert_eq!(first, seen[part], "in order, without a gap");
                assert!(first < end);
                seen[part] = end;
            }
            assert_eq!(seen, parts);
        }
        assert_eq!(
            cut_parts(&[5_000]),
            cut(5_000).collect::<Vec<_>>(),
            "one part: addresses are block numbers"
        );
    }

    #[test]
    fn runs_hold_every_chunk_once_and_in_order() {
        for size in [64, 1_024, 10_000] {
            let chunks: Vec<_> =
                (0..100).map(|n| (n, (i64::from(n) * size, i64::from(n + 1) * size))).collect();
            let runs = runs(&chunks);
            assert!(runs.iter().all(|run| !run.is_empty() && run.len() <= RUN_CHUNKS));
            let blocks = |run: &Vec<(ChunkId, (i64, i64))>| i64::try_from(run.len()).unwrap() * size;
            assert!(runs.iter().all(|run| blocks(run) <= RUN_BLOCKS || run.len() == 1));
            assert_eq!(runs.concat(), chunks);
        }
    }
}
