//! Order, journal and ownership of a migration: a worker task driven over channels. Holds no SQL.
//!
//! A face talks to it through a [`link::Link`]: `watch<Arc<Status>>` (lossy, latest wins), a bounded
//! `mpsc<Event>` and a bounded `mpsc<Command>`. A face can never block the migration.

pub mod audit;
pub mod board;
pub mod command;
pub mod context;
pub mod contract;
pub mod event;
pub mod gate;
pub mod health;
pub mod housekeeping;
pub mod ids;
pub mod launch;
pub mod link;
pub mod live;
pub mod maintain;
pub mod meter;
pub mod orders;
pub mod picture;
pub mod plan;
pub mod readiness;
pub mod recorder;
pub mod replayer;
pub mod report;
pub mod retain;
pub mod row;
pub mod sentence;
pub mod status;
pub mod steps;
pub mod throttler;
pub mod watcher;
pub mod worker;
