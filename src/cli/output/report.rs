//! `quarterdeck report`: the record of a migration, as the console writes it with `e`.

use crate::{
    engine::{event::Event, report::Happened, status::Status},
    tui::export::report,
};

/// For a ticket or a wiki.
pub fn markdown(status: &Status, events: &[Event]) -> String {
    report::markdown(status, &happened(events))
}

/// The object of `status --json`, with conditions, differing rows and all events.
pub fn json(status: &Status, events: &[Event]) -> String {
    report::json(status, happened(events))
}

/// All of it: the command reads the journal from its beginning.
fn happened(events: &[Event]) -> Happened<'_> {
    Happened { events: events.iter().collect(), older: 0 }
}
