//! Tests of the console as a whole, compiled into the library's unit tests; what one file does is tested there.

mod exports;
mod fixture;
mod history;
mod odd;
mod pictures;
mod pty;
mod real_loop;
mod reducer;
mod row;
mod rules;
mod safety;
mod sizes;
mod snapshots;
mod styles;
#[path = "../terminal/mod.rs"]
mod terminal;
mod upkeep;
mod watch;
