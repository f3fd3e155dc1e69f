//! `quarterdeck report`: the record of a migration, as the console's Markdown or as JSON.

use serde::Serialize;

use super::{json::pretty, status::Object};
use crate::{
    engine::{
        self,
        event::Event,
        status::{Condition, Diff, Status},
    },
    tui::harmless::harmless,
};

/// For a ticket or a wiki.
pub fn markdown(status: &Status, events: &[Event]) -> String {
    let text = engine::report::markdown(status, events.iter());
    text.lines().flat_map(|line| [harmless(line), "\n".into()]).collect()
}

#[derive(Debug, Serialize)]
struct Record<'a> {
    #[serde(flatten)]
    status: Object<'a>,
    swapped_at: Option<String>,
    conditions: &'a [Condition],
    diffs: &'a [Diff],
    duplicate_keys: &'a [String],
    events: &'a [Event],
}

/// The object of `status --json`, with conditions, differing rows and all events.
pub fn json(status: &Status, events: &[Event]) -> String {
    pretty(&Record {
        status: Object::of(status),
        swapped_at: status.migration.swapped_at.map(|at| at.to_rfc3339()),
        conditions: &status.readiness.conditions,
        diffs: &status.verification.diffs,
        duplicate_keys: &status.verification.duplicate_keys,
        events,
    })
}
