//! Figures that only a running owner has: lanes, speed, the log. Written to the journal now and then, so that
//! other processes see them; never read back by an owner.

use std::{collections::BTreeMap, sync::Arc};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    engine::status::{Condition, Lane, Pace as PaceStatus, Rows, Signal},
    model::{chunk::ChunkId, diff::Diff, pace::Pace, phase::Phase},
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
    /// What must hold before the swap.
    pub conditions: Vec<Condition>,
    /// Differing rows.
    pub diffs: Arc<Vec<Diff>>,
    /// Keys that block `reverse`.
    pub duplicate_keys: Vec<String>,
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
    /// What must hold before the swap.
    pub conditions: Vec<Condition>,
}
