//! The periods of the migration, what the verifier says of them, and rows that differ.

use serde::Serialize;

use super::{Said, filter};
use crate::{
    engine::{
        contract::rfc3339,
        status::{Diff, PeriodStatus, Status},
    },
    model::figures,
    tui::{
        app::model::Model,
        export::{Cell, Column, Table, json, maybe},
    },
};

/// Named as in `status --json`, with what the screens show besides.
const PERIODS: [Column; 13] = [
    Column::words("name", "period"),
    Column::words("partition", "partition"),
    Column::words("lower", "from"),
    Column::words("upper", "to"),
    Column::numbers("source_rows", "source"),
    Column::raw("source_counted"),
    Column::numbers("target_rows", "target"),
    Column::numbers("delta_rows", "delta"),
    Column::numbers("heap_bytes", "heap"),
    Column::numbers("index_bytes", "indexes"),
    Column::words("state", "state"),
    Column::numbers("diffs", "differences"),
    Column::words("verified_at", "verified"),
];

/// The periods that are shown.
pub(super) fn table(model: &Model) -> Option<Table> {
    let status = model.status()?;
    let mut notes = vec![figures_of(status), status.counted().into()];
    notes.extend(gaps(status));
    Some(Table {
        about: format!("{}: periods", status.migration.table.plain()),
        list: "periods",
        notes,
        filter: filter(model),
        columns: PERIODS.to_vec(),
        rows: model.shown_periods().into_iter().map(|(_, period)| row(period, status)).collect(),
        code: Vec::new(),
    })
}

/// How it is cut, and when this was so.
fn figures_of(status: &Status) -> String {
    let migration = &status.migration;
    format!(
        "by {} every {}, key {}; {}, {}; as of {}",
        migration.by,
        migration.every_words(),
        migration.key,
        migration.phase.word().replace('_', " "),
        migration.state.word(),
        rfc3339(status.at)
    )
}

/// Times that no partition holds.
fn gaps(status: &Status) -> Vec<String> {
    let zone = status.migration.zone;
    let bounds: Vec<_> = status.periods.iter().filter_map(|period| period.period).collect();
    let apart = bounds.windows(2).filter(|pair| pair[0].upper < pair[1].lower);
    apart
        .map(|pair| {
            format!("gap: no partition from {} to {}", zone.day(pair[0].upper), zone.day(pair[1].lower))
        })
        .collect()
}

fn row(period: &PeriodStatus, status: &Status) -> Vec<Cell> {
    let zone = status.migration.zone;
    let (lower, upper) = match period.period {
        Some(bounds) if bounds.is_open() => {
            (Cell::nothing().shown("open"), Cell::time(bounds.upper).shown(zone.day(bounds.upper)))
        }
        Some(bounds) => (
            Cell::time(bounds.lower).shown(zone.day(bounds.lower)),
            Cell::time(bounds.upper).shown(zone.day(bounds.upper)),
        ),
        None => (Cell::nothing().shown("everything else"), Cell::nothing()),
    };
    vec![
        Cell::text(&period.title),
        Cell::text(&period.leaf),
        lower,
        upper,
        source(period, status),
        Cell::text(if is_exact(period, status) { "exact" } else { "estimated" }),
        Cell::count(period.target_rows),
        Cell::delta(period.target_rows - period.source_rows),
        Cell::bytes(period.bytes.0),
        Cell::bytes(period.bytes.1),
        Cell::text(period.state.word()),
        maybe(period.diffs, Cell::count),
        maybe(period.verified_at, Cell::time),
    ]
}

fn is_exact(period: &PeriodStatus, status: &Status) -> bool {
    status.rows.exact || period.verified_at.is_some()
}

fn source(period: &PeriodStatus, status: &Status) -> Cell {
    if is_exact(period, status) { Cell::count(period.source_rows) } else { Cell::about(period.source_rows) }
}

/// What the verifier says of the periods that are shown.
pub(super) fn verdicts(model: &Model) -> Option<Table> {
    let status = model.status()?;
    let row = |period: &PeriodStatus| {
        vec![
            Cell::text(&period.title),
            Cell::text(&period.leaf),
            source(period, status),
            Cell::text(if is_exact(period, status) { "exact" } else { "estimated" }),
            Cell::count(period.target_rows),
            Cell::text(period.verdict()),
            maybe(period.diffs, Cell::count),
            maybe(period.verified_at, Cell::time),
        ]
    };
    Some(Table {
        about: format!("{}: verdicts", status.migration.table.plain()),
        list: "periods",
        notes: vec![whole(status), status.counted().into()],
        filter: filter(model),
        columns: vec![
            Column::words("name", "period"),
            Column::words("partition", "partition"),
            Column::numbers("source_rows", "source"),
            Column::raw("source_counted"),
            Column::numbers("target_rows", "target"),
            Column::words("verdict", "verdict"),
            Column::numbers("diffs", "differences"),
            Column::words("verified_at", "checked"),
        ],
        rows: model.shown_periods().into_iter().map(|(_, period)| row(period)).collect(),
        code: Vec::new(),
    })
}

/// The verdict on the whole.
fn whole(status: &Status) -> String {
    let verification = &status.verification;
    let differing = differing(status);
    if let Some(key) = verification.duplicate_keys.first() {
        let more = verification.duplicate_keys.len() - 1;
        return format!("two rows share the old table's key {key} (and {more} more): reverse is blocked");
    }
    match verification.verified_at {
        _ if differing > 0 => {
            format!("{} of its rows differ: a clean pass is owed", figures::count(differing))
        }
        Some(at) => format!("verified {}: every row equal", rfc3339(at)),
        None => "no whole pass without a difference yet".into(),
    }
}

fn differing(status: &Status) -> i64 {
    status.periods.iter().filter_map(|period| period.diffs).sum()
}

/// The differing rows that are shown: of the period that is looked into, else of those that are listed.
fn shown_diffs(model: &Model) -> Vec<&Diff> {
    if model.cursors.drilled.is_some() {
        return model.shown_diffs();
    }
    let periods = model.shown_periods();
    let all = model.status().map_or(&[][..], |status| status.verification.diffs.as_slice());
    all.iter().filter(|diff| periods.iter().any(|(_, period)| period.leaf == diff.leaf)).collect()
}

/// Differing rows as a table, a row for each column that differs.
pub fn of_diffs<'a>(diffs: impl IntoIterator<Item = &'a Diff>) -> Table {
    let mut rows = Vec::new();
    for diff in diffs {
        let row = |column: &str, source: Cell, twin: Cell| {
            let [leaf, key, kind] = [&diff.leaf, &diff.key, diff.kind.word()].map(Cell::text);
            vec![leaf, key, kind, Cell::text(column), source, twin]
        };
        if diff.columns.is_empty() {
            rows.push(row("", Cell::nothing(), Cell::nothing()));
        }
        for (column, source, twin) in &diff.columns {
            rows.push(row(column, Cell::value(source.as_deref()), Cell::value(twin.as_deref())));
        }
    }
    Table {
        about: "differing rows".into(),
        list: "diffs",
        notes: Vec::new(),
        filter: None,
        columns: vec![
            Column::words("leaf", "partition"),
            Column::words("key", "key"),
            Column::words("kind", "what"),
            Column::words("column", "column"),
            Column::words("source", "source"),
            Column::words("twin", "twin"),
        ],
        rows,
        code: Vec::new(),
    }
}

/// What is to be said of the differing rows that are shown.
fn notes(model: &Model, shown: usize) -> Vec<String> {
    let Some(status) = model.status() else { return Vec::new() };
    let all = figures::count(differing(status));
    let of = model.cursors.drilled.iter().map(|leaf| format!("of {leaf} alone"));
    let kept = format!(
        "{} of {all} differing rows; the first of them are kept for reading",
        figures::count(figures::length(shown))
    );
    let cut = "a long value is cut, and ends with the hash of the whole".to_owned();
    of.chain([kept, cut]).collect()
}

/// The differing rows that are shown.
pub(super) fn differences(model: &Model) -> Option<Table> {
    let (status, diffs) = (model.status()?, shown_diffs(model));
    Some(Table {
        about: format!("{}: differing rows", status.migration.table.plain()),
        notes: notes(model, diffs.len()),
        filter: filter(model),
        ..of_diffs(diffs)
    })
}

#[derive(Serialize)]
struct Differing<'a> {
    about: String,
    notes: Vec<String>,
    diffs: Vec<&'a Diff>,
}

/// The same for programs, as in the record of the migration.
pub(super) fn differences_json(model: &Model) -> Option<String> {
    let (status, diffs) = (model.status()?, shown_diffs(model));
    let about = format!("{}: differing rows", status.migration.table.plain());
    let of = Differing { about, notes: notes(model, diffs.len()), diffs };
    Some(json::pretty(&Said { of, filter: filter(model), last_run: None }))
}
