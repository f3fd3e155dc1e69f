//! Exit codes of what ends without an error; an error has its own ([`crate::error::Error::exit_code`]).

/// The operator has stopped or paused it.
pub(super) const STOPPED: u8 = 5;
/// Work is due, and `--dry-run` was said.
pub(super) const DUE: u8 = 7;
