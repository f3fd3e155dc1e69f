//! Quarterdeck turns one big, live PostgreSQL table into a range-partitioned one and keeps a way back.
//!
//! The floors, lowest first: [`error`], [`model`] (pure), [`pg`] (the only one that connects), [`ops`]
//! (one operation a file, knows nothing of order), [`engine`] (order, journal, ownership; holds no SQL),
//! and the faces [`cli`], [`tui`] and [`demo`], which send commands and read status. A module uses only
//! floors below its own; `tests/tidy.rs` holds that.

/// Tests of the console use the crate by its name, as its examples do, so that both share one made-up migration.
#[cfg(test)]
extern crate self as quarterdeck;

pub mod cli;
pub mod demo;
pub mod engine;
pub mod error;
pub mod model;
pub mod ops;
pub mod pg;
pub mod tui;

pub use error::{Error, Result};
