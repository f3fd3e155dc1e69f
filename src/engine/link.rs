//! The three channels between the worker and a face.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::engine::{command::Asked, event::Event, status::Status};

/// How many events wait for a slow face; older ones are refilled from the journal.
pub const EVENTS: usize = 1_024;
/// How many commands may wait for the worker.
pub const COMMANDS: usize = 64;

/// Who is at the other end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Source {
    /// A worker of this process: its end is the end of the link.
    #[default]
    Worker,
    /// The journal: owners come and go, and the link goes on.
    Journal,
}

/// What had happened before the link was made. Nothing of it comes over the link as well.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Past {
    /// The newest events, oldest first.
    pub events: Vec<Event>,
    /// How many the journal has of the migration, these among them.
    pub of: i64,
}

impl Past {
    /// The number of the newest event.
    pub fn newest(&self) -> i64 {
        self.events.last().map_or(0, |event| event.seq)
    }
}

/// A face's end.
#[derive(Debug)]
pub struct Link {
    /// Who is at the other end.
    pub source: Source,
    /// What had happened before, where the face asked for it.
    pub past: Past,
    /// The latest picture.
    pub status: watch::Receiver<Arc<Status>>,
    /// What happened.
    pub events: mpsc::Receiver<Event>,
    /// What to do; answered by an event (`accepted`, `done` or `refused`).
    pub commands: mpsc::Sender<Asked>,
}
