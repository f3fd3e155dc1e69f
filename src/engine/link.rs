//! The three channels between the worker and a face.

use std::sync::Arc;

use tokio::sync::{mpsc, watch};

use crate::engine::{command::Asked, event::Event, status::Status};

/// How many events wait for a slow face; older ones are refilled from the journal.
pub const EVENTS: usize = 1_024;
/// How many commands may wait for the worker.
pub const COMMANDS: usize = 64;

/// A face's end.
#[derive(Debug)]
pub struct Link {
    /// The latest picture.
    pub status: watch::Receiver<Arc<Status>>,
    /// What happened.
    pub events: mpsc::Receiver<Event>,
    /// What to do; answered by an event (`accepted`, `done` or `refused`).
    pub commands: mpsc::Sender<Asked>,
}
