//! What the tool thinks about, as pure data: no IO, no async, no clock.

pub mod carry;
pub mod chunk;
pub mod comparison;
pub mod condition;
pub mod cost;
pub mod diff;
pub mod drift;
pub mod explain;
pub mod figures;
pub mod hanger;
pub mod ident;
pub mod leaves;
pub mod listing;
pub mod pace;
pub mod period;
pub mod phase;
pub mod plan;
pub mod preflight;
pub mod references;
pub mod scheme;
pub mod server;
pub mod strategy;
pub mod table;
pub mod template;
pub mod triggers;
