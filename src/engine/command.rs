//! What an operator can ask of a running migration.

use serde::{Deserialize, Serialize};

use crate::model::{chunk::ChunkId, throttle::Setting};

/// One request, whoever makes it: a key in the console, another process, a signal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum Command {
    /// Finish the chunks in hand, then wait; durable.
    Pause,
    /// Go on.
    Resume,
    /// Finish the chunk in hand and leave: state *stopped*, resumable. Quitting is not pausing.
    Stop,
    /// Remove everything of ours; the source stays as it was.
    Abort,
    /// Compare source and twin.
    Verify,
    /// Put the differing keys into the log, replay, and verify again.
    Repair,
    /// Exchange the names.
    Swap,
    /// Take the locks of the swap, do all of it, and roll it back: what it would cost.
    Rehearse,
    /// Give the names back.
    Reverse {
        /// `adopt`: also where rows have come into other partitions than history; they are moved under the lock.
        #[serde(default)]
        move_rows: bool,
    },
    /// End the reverse window.
    Finish {
        /// Drop the old table instead of keeping it.
        drop_source: bool,
    },
    /// Cancel a chunk in hand; it becomes pending again.
    CancelChunk {
        /// Which.
        chunk: ChunkId,
    },
    /// Try a chunk that failed once more.
    RetryChunk {
        /// Which.
        chunk: ChunkId,
    },
    /// Copy a period earlier (`up`) or later.
    Reorder {
        /// The leaf's name.
        leaf: String,
        /// Earlier.
        up: bool,
    },
    /// Cancel the statement of a session that holds up the swap, or end the session where it runs none.
    EndBlocker {
        /// Its process.
        pid: i32,
    },
    /// Change limits of the signals that slow or hold the work; durable.
    Tune {
        /// The changes.
        settings: Vec<Setting>,
        /// The number of copying workers, 1 to 16, where that changes too.
        #[serde(default)]
        workers: Option<u16>,
    },
    /// Change the number of copying workers.
    Workers {
        /// The new number, 1 to 16.
        workers: u16,
    },
}

impl Command {
    /// The word used in events, in the journal and on screen.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Stop => "stop",
            Self::Abort => "abort",
            Self::Verify => "verify",
            Self::Repair => "repair",
            Self::Swap => "swap",
            Self::Rehearse => "rehearse",
            Self::Reverse { .. } => "reverse",
            Self::Finish { .. } => "finish",
            Self::CancelChunk { .. } => "cancel chunk",
            Self::RetryChunk { .. } => "retry chunk",
            Self::Reorder { .. } => "reorder",
            Self::EndBlocker { .. } => "end blocker",
            Self::Tune { .. } => "tune",
            Self::Workers { .. } => "workers",
        }
    }
}

/// Who asks, from where: recorded in the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asker {
    /// The database role.
    pub role: String,
    /// The operating system's user and host, `ana@laptop`.
    pub from: String,
    /// The face: `console`, `cli`, `signal`.
    pub face: String,
}

/// A command with its asker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asked {
    /// What.
    pub command: Command,
    /// By whom.
    pub by: Asker,
}
