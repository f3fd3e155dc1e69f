//! Order, journal and ownership of a migration: a worker task driven over channels. Holds no SQL.
//!
//! A face talks to it through a [`link::Link`]: `watch<Arc<Status>>` (lossy, latest wins), a bounded
//! `mpsc<Event>` and a bounded `mpsc<Command>`. A face can never block the migration.

pub mod command;
pub mod event;
pub mod link;
pub mod plan;
pub mod report;
pub mod sentence;
pub mod status;
