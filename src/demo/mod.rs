//! `quarterdeck demo`: a throw-away server, a busy application on it, and nothing left afterwards.

mod changes;
pub mod cluster;
pub mod data;
mod dice;
pub mod leftovers;
pub mod oracle;
mod place;
pub mod programs;
pub mod tally;
pub mod traffic;
mod wire;
