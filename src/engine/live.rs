//! Figures that only a running owner has: lanes, speed, the log. Written to the journal now and then, so that
//! other processes see them; never read back by an owner.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    engine::status::{Lane, Pace as PaceStatus, Readiness, Rows, Signal},
    model::{chunk::ChunkId, diff::Diff, pace::Pace, phase::Phase, throttle::Governor},
    ops::verify::Progress,
};

/// What an owner knows beside the journal.
#[derive(Debug, Default)]
pub struct Live {
    /// Copying workers.
    pub lanes: Vec<Lane>,
    /// Rows and seconds.
    pub pace: Pace,
    /// Copying workers asked for.
    pub workers: u16,
    /// Log figures and rows replayed.
    pub rows: Rows,
    /// A verification in hand.
    pub verifying: Option<Arc<Progress>>,
    /// In words, what is being waited for.
    pub waiting: Option<String>,
    /// The phase whose after-work is done in this stretch.
    pub settled: Option<Phase>,
    /// Heap and index bytes by leaf.
    pub sizes: BTreeMap<String, (i64, i64)>,
    /// What must hold before the swap, and what holds it up.
    pub readiness: Readiness,
    /// Differing rows.
    pub diffs: Arc<Vec<Diff>>,
    /// Keys that block `reverse`.
    pub duplicate_keys: Vec<String>,
    /// What slows or holds the work.
    pub governor: Governor,
}

/// What a worker holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Hold {
    /// A chunk that it copies.
    Chunk(ChunkId),
    /// A leaf that it seals.
    Leaf(String),
    /// What it waits for, in words.
    Waits(String),
    /// Nothing: it is between two jobs, or gone.
    Nothing,
}

impl Live {
    /// Tells what worker `n`, from 0, holds from now on.
    pub fn lane(&mut self, n: usize, hold: Hold) {
        while self.lanes.len() <= n {
            self.lanes.push(Lane { worker: self.lanes.len() + 1, ..Lane::default() });
        }
        let (lane, now) = (&mut self.lanes[n], Utc::now());
        if let (Some((_, since)), Hold::Nothing) = (lane.chunk, &hold) {
            lane.last_ms = Some((now - since).num_milliseconds());
        }
        (lane.chunk, lane.leaf, lane.waiting) = match hold {
            Hold::Chunk(id) => (Some((id, now)), None, None),
            Hold::Leaf(leaf) => (None, Some((leaf, now)), None),
            Hold::Waits(reason) => (None, None, Some(reason)),
            Hold::Nothing => (None, None, None),
        };
    }
}

/// The part of [`Live`] that other processes see.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Broadcast {
    /// Copying workers.
    pub lanes: Vec<Lane>,
    /// Speed and time.
    pub pace: PaceStatus,
    /// Reasons for going slowly or not at all.
    pub throttle: Vec<Signal>,
    /// Rows replayed and the log's trend.
    pub replayed: i64,
    /// Change of the log per second.
    pub log_trend: Option<f64>,
    /// A verification in hand: rows read of all.
    pub verifying: Option<(i64, i64)>,
    /// In words, what is being waited for.
    pub waiting: Option<String>,
    /// A pause has not yet taken hold.
    pub pausing: bool,
    /// Chunks in hand, and since when.
    pub in_hand: Vec<(ChunkId, DateTime<Utc>)>,
    /// What must hold before the swap, and what holds it up.
    #[serde(flatten)]
    pub readiness: Readiness,
}
