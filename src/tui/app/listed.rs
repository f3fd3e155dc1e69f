//! What a table of the list is to a migration, in words.

use crate::{
    model::listing::{Carried, TableListing},
    tui::app::{allowed, model::Model},
};

/// The migration that carries it, as it stands now: the list is as old as its reading, what is on screen is not.
pub fn carried(table: &TableListing, model: &Model) -> Option<Carried> {
    let carried = table.migration?;
    let now = model.status().filter(|status| status.migration.id == carried.id);
    Some(now.map_or(carried, |now| Carried {
        phase: now.migration.phase,
        state: now.migration.state,
        ..carried
    }))
}

/// Its state: whose companion it is, how far its migration is, whether it could be converted.
pub fn state(table: &TableListing, model: &Model) -> String {
    if let Some(what) = allowed::companion(model, table) {
        return what;
    }
    if let Some(carried) = carried(table, model) {
        let phase = carried.phase.word().replace('_', " ");
        return if carried.phase.is_over() { phase } else { format!("{phase}, {}", carried.state.word()) };
    }
    if table.partitioned {
        return "partitioned".into();
    }
    match allowed::convertible(table) {
        Ok(()) => "not partitioned".into(),
        Err(blocked) => blocked.reason,
    }
}
