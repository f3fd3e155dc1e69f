//! What happened, for people and for the journal: never lost, in order.
//!
//! Rates and bars are not events; they live in [`super::status::Status`], lossy, latest wins.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::{
    engine::command::Asked,
    error::Report,
    model::{chunk::ChunkId, phase::Phase, throttle::Speed},
};

/// One entry of the journal's event table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its number in the journal; 0 where the journal could not be written (connection lost, schema gone).
    pub seq: i64,
    /// When, by the tool's clock, UTC.
    pub at: DateTime<Utc>,
    /// What.
    #[serde(flatten)]
    pub body: Body,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum Body {
    /// A process became the owner.
    Owned {
        /// Host and pid.
        owner: String,
        /// The fence's number.
        epoch: i64,
        /// Whose place it took, if somebody's.
        instead_of: Option<String>,
    },
    /// The phase moved.
    Phase {
        /// From.
        from: Phase,
        /// To.
        to: Phase,
    },
    /// A step began.
    StepStarted {
        /// The plan step's name.
        step: String,
    },
    /// A step is tried again.
    StepRetried {
        /// The plan step's name.
        step: String,
        /// Which attempt failed, from 1.
        attempt: u32,
        /// Why, with the blocker where one is known.
        reason: String,
    },
    /// A step is done.
    StepFinished {
        /// The plan step's name.
        step: String,
        /// Milliseconds.
        took_ms: u64,
        /// What came of it: `3 leaves, 2,000,000 rows`.
        message: String,
    },
    /// The heap was counted.
    CensusTaken {
        /// Rows counted.
        rows: i64,
        /// Chunks.
        chunks: i64,
        /// Periods that hold rows.
        periods: i64,
    },
    /// A chunk failed, or was cancelled.
    ChunkFailed {
        /// Which.
        chunk: ChunkId,
        /// Which attempt, from 1.
        attempt: u32,
        /// Why.
        error: Report,
    },
    /// A leaf has its indexes.
    LeafSealed {
        /// The leaf's name.
        leaf: String,
        /// Rows copied into it.
        rows: i64,
        /// Milliseconds.
        took_ms: u64,
    },
    /// A pass of the verifier over one period.
    LeafVerified {
        /// The leaf's name.
        leaf: String,
        /// Rows compared.
        rows: i64,
        /// Rows that differ, capped by the diff limit.
        diffs: i64,
    },
    /// A whole pass of the verifier.
    Verified {
        /// Rows compared.
        rows: i64,
        /// Keys left out because they were in the log.
        in_log: i64,
        /// Rows that differ.
        diffs: i64,
        /// Milliseconds.
        took_ms: u64,
    },
    /// Keys of differing rows were put into the log.
    Repaired {
        /// How many.
        keys: i64,
    },
    /// A foreign key was validated on all leaves and adopted by the parent.
    ForeignKeyValidated {
        /// The constraint's name.
        constraint: String,
    },
    /// The swap's or the reverse's locks, attempt by attempt.
    LockAttempt {
        /// `swap`, `reverse`, `capture`.
        step: String,
        /// From 1.
        attempt: u32,
        /// Milliseconds that writers were made to wait.
        held_ms: u64,
        /// Whether it won.
        won: bool,
        /// What it lost to.
        blocker: Option<String>,
    },
    /// The twin owns the name.
    Swapped {
        /// Milliseconds that writers were made to wait.
        held_ms: u64,
    },
    /// The old table has the name again.
    Reversed {
        /// Milliseconds that writers were made to wait.
        held_ms: u64,
    },
    /// Two rows of the partitioned table share a key of the old one: blocks `reverse` (nothing is overwritten).
    DuplicateKey {
        /// The key.
        key: String,
    },
    /// A command was taken on.
    Accepted {
        /// What and by whom.
        asked: Asked,
    },
    /// A command was done.
    Done {
        /// What and by whom.
        asked: Asked,
    },
    /// A command cannot be obeyed.
    Refused {
        /// What and by whom.
        asked: Asked,
        /// Why, with the remedy.
        reason: String,
    },
    /// The operator's pause took hold.
    Paused {
        /// `paused by ana@laptop, after chunk 211`.
        message: String,
    },
    /// Going on.
    Resumed {
        /// By whom.
        by: String,
    },
    /// Signals slow or hold the copying, or do so no more.
    Throttled {
        /// How fast it goes from now on.
        speed: Speed,
        /// Each signal that slows or holds it.
        reasons: Vec<String>,
    },
    /// The connection is gone; it will be tried again.
    Reconnecting {
        /// Which attempt, from 1.
        attempt: u32,
        /// Seconds until it.
        in_s: u64,
        /// The last error.
        reason: String,
    },
    /// A warning worth keeping.
    Warning {
        /// In words.
        message: String,
    },
    /// A step failed; the migration is resumable.
    Failed {
        /// Which.
        step: String,
        /// Why.
        error: Report,
    },
    /// The stream ends: always the last event of a face.
    Closed {
        /// `ready`, `swapped`, `finished`, `paused`, `stopped`, `aborted`, `refused`, `failed`, `differs`, `unknown`.
        end: String,
        /// The process's exit code.
        exit_code: u8,
    },
}

impl Body {
    /// The plan's step that it is about, where it is about one.
    pub fn step(&self) -> Option<&str> {
        match self {
            Self::StepStarted { step }
            | Self::StepRetried { step, .. }
            | Self::StepFinished { step, .. }
            | Self::LockAttempt { step, .. }
            | Self::Failed { step, .. } => Some(step),
            Self::Owned { .. }
            | Self::Phase { .. }
            | Self::CensusTaken { .. }
            | Self::ChunkFailed { .. }
            | Self::LeafSealed { .. }
            | Self::LeafVerified { .. }
            | Self::Verified { .. }
            | Self::Repaired { .. }
            | Self::ForeignKeyValidated { .. }
            | Self::Swapped { .. }
            | Self::Reversed { .. }
            | Self::DuplicateKey { .. }
            | Self::Accepted { .. }
            | Self::Done { .. }
            | Self::Refused { .. }
            | Self::Paused { .. }
            | Self::Resumed { .. }
            | Self::Throttled { .. }
            | Self::Reconnecting { .. }
            | Self::Warning { .. }
            | Self::Closed { .. } => None,
        }
    }
}
