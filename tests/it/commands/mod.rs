//! The commands from outside: the binary as a script has it, on real servers. Exit codes, streams, JSON keys, and
//! several processes at once.

mod appointment;
mod blockers;
mod by_hand;
mod contract;
pub(crate) mod kills;
mod mending;
mod repeated;
mod standing;
mod together;
pub(crate) mod tool;
mod whole;
