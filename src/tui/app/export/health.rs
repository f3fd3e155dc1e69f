//! The page *health*: what wants doing on the table, and its partitions.

use super::{
    Said, filter,
    upkeep::{last_run, last_words},
};
use crate::{
    model::{
        figures,
        health::{Finding, Health, Part, bounds, summary},
    },
    tui::{
        app::{
            model::Model,
            upkeep::{Page, health::shown},
        },
        export::{Cell, Column, Table, json},
    },
};

fn notes(health: &Health) -> Vec<String> {
    let table = &health.facts.table;
    let mut notes = vec![format!("{}; as of {}", table.key, table.now.format("%Y-%m-%d %H:%M:%S UTC"))];
    notes.push(summary(&health.facts));
    notes.extend(health.growth.as_ref().map(|growth| format!("{}; all estimated", growth.words())));
    notes
}

/// The findings that are shown.
pub(super) fn findings(model: &Model) -> Option<Table> {
    let health = model.upkeep.health.found.ready()?;
    let sql = |one: &Finding| one.sql.iter().map(|sql| format!("{sql};")).collect::<Vec<_>>().join("\n");
    let row = |one: &&Finding| {
        vec![
            Cell::text(&one.id),
            Cell::text(one.severity.word()),
            Cell::text(&one.object),
            Cell::text(&one.reason),
            Cell::text(&one.remedy),
            Cell::text(if one.safe { "yes" } else { "no" }),
            Cell::text(sql(one)),
        ]
    };
    let shown = shown(model);
    let code = shown.iter().filter(|one| !one.sql.is_empty());
    Some(Table {
        about: format!("{}: findings", health.facts.table.name.plain()),
        list: "findings",
        notes: [notes(health), last_words(model, Page::Health)].concat(),
        filter: filter(model),
        columns: vec![
            Column::words("id", "finding"),
            Column::words("severity", "severity"),
            Column::words("object", "object"),
            Column::words("reason", "what"),
            Column::words("remedy", "remedy"),
            Column::raw("safe"),
            Column::raw("sql"),
        ],
        rows: shown.iter().map(row).collect(),
        code: code.map(|one| (format!("{} {}", one.id, one.object), sql(one))).collect(),
    })
}

/// What `health --json` says of the table, with the findings that are shown.
pub(super) fn json(model: &Model) -> Option<String> {
    let health = model.upkeep.health.found.ready()?;
    let findings = shown(model).into_iter().cloned().collect();
    let of = Health { findings, ..Health::clone(health) };
    let last_run = last_run(model, Page::Health);
    Some(json::pretty(&[Said { of, filter: filter(model), last_run }]))
}

/// Its partitions, the newest first.
pub(super) fn partitions(model: &Model) -> Option<Table> {
    let health = model.upkeep.health.found.ready()?;
    Some(Table {
        about: format!("{}: partitions", health.facts.table.name.plain()),
        list: "partitions",
        notes: notes(health),
        filter: None,
        columns: vec![
            Column::words("partition", "partition"),
            Column::words("bounds", "bounds"),
            Column::numbers("rows_estimated", "rows"),
            Column::numbers("table_bytes", "table"),
            Column::numbers("index_bytes", "indexes"),
            Column::numbers("dead_rows_estimated", "dead"),
            Column::numbers("vacuumed_s_ago", "vacuumed"),
        ],
        rows: health.facts.parts.iter().rev().map(part).collect(),
        code: Vec::new(),
    })
}

fn part(part: &Part) -> Vec<Cell> {
    let (name, bounds, of) = (Cell::text(part.name.plain()), Cell::text(bounds(part)), part.figures);
    if part.partitioned {
        let nothing = std::iter::repeat_n(Cell::nothing(), 4);
        return [name, bounds, Cell::nothing().shown("partitioned")].into_iter().chain(nothing).collect();
    }
    let ago = |s: i64| Cell::count(s).shown(format!("{} ago", figures::span(figures::float(s))));
    vec![
        name,
        bounds,
        Cell::about(part.rows()),
        Cell::bytes(of.table_bytes),
        Cell::bytes(of.index_bytes),
        Cell::about(of.dead),
        of.vacuumed_s.map_or_else(|| Cell::nothing().shown("never"), ago),
    ]
}
