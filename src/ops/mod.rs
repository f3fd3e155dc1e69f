//! One operation a file: its SQL and how it is run. An operation knows nothing of order and calls no other.

pub mod abort;
pub mod archive;
pub mod audit;
pub mod blockers;
pub mod capture;
pub mod census;
pub mod copy;
pub mod finish;
pub mod foreign_keys;
pub mod lab;
pub mod partition;
pub mod readiness;
pub mod repair;
pub mod replay;
pub mod retention;
pub mod row;
pub mod seal;
pub mod swap;
pub mod twin;
pub mod undo;
pub mod uuidv7;
pub mod verify;
pub mod widen;
