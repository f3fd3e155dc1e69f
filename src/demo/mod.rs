//! `quarterdeck demo`: a throw-away server, a busy application on it, and nothing left afterwards.

pub mod cluster;
pub mod leftovers;
mod place;
pub mod programs;
