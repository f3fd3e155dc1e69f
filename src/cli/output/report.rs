//! `quarterdeck report`: the record of a migration, as the console writes it with `e`.

use crate::{
    engine::{event::Event, status::Status},
    tui::export::report,
};

/// For a ticket or a wiki.
pub fn markdown(status: &Status, events: &[Event]) -> String {
    report::markdown(status, events.iter())
}

/// The object of `status --json`, with conditions, differing rows and all events.
pub fn json(status: &Status, events: &[Event]) -> String {
    report::json(status, events.iter())
}
