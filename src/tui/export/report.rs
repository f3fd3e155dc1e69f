//! The record of a migration as text, the same from the console and from `quarterdeck report`.

use super::json;
use crate::{
    engine::{self, contract::Record, event::Event, status::Status},
    tui::harmless::harmless,
};

/// For a ticket or a wiki.
pub fn markdown<'a>(status: &Status, events: impl Iterator<Item = &'a Event>) -> String {
    let text = engine::report::markdown(status, events);
    text.lines().flat_map(|line| [harmless(line), "\n".into()]).collect()
}

/// For programs.
pub fn json<'a>(status: &'a Status, events: impl Iterator<Item = &'a Event>) -> String {
    json::pretty(&Record::of(status, events))
}
