//! The list of tables.

use super::filter;
use crate::{
    model::listing::TableListing,
    tui::{
        app::{listed, model::Model},
        export::{Cell, Column, Table},
    },
};

/// The tables that are listed.
pub(super) fn table(model: &Model) -> Option<Table> {
    model.tables.ready()?;
    let row = |table: &TableListing| {
        let rows = match table.rows_estimate {
            ..0 => Cell::nothing().shown("not analyzed"),
            n => Cell::about(n),
        };
        let keys: Vec<_> = table.time_keys.iter().map(|key| key.name.as_str()).collect();
        vec![
            Cell::text(table.name.schema.as_str()),
            Cell::text(table.name.name.as_str()),
            rows,
            Cell::bytes(table.bytes),
            Cell::text(keys.join(", ")),
            Cell::text(if table.has_primary_key { "yes" } else { "none" }),
            Cell::text(listed::state(table, model)),
        ]
    };
    Some(Table {
        about: format!("tables of {}", model.place.target),
        list: "tables",
        notes: vec!["rows: estimated, as last analyzed".into()],
        filter: filter(model),
        columns: vec![
            Column::words("schema", "schema"),
            Column::words("table", "table"),
            Column::numbers("rows_estimated", "rows"),
            Column::numbers("size_bytes", "size"),
            Column::words("time_keys", "time keys"),
            Column::words("primary_key", "primary key"),
            Column::words("state", "state"),
        ],
        rows: model.shown_tables().into_iter().map(row).collect(),
        code: Vec::new(),
    })
}
