//! The pages *maintain*, *audit*, *ids* and *retain*.

use super::{LastRun, Said, filter};
use crate::{
    engine::maintain::Found,
    model::{
        audit::{Audit, Audited, Reach, Verdict},
        figures,
        health::summary,
        id_report::{IdIndex, IdReport},
        ident::QualifiedName,
        lab::Cost,
        maintenance::{NewPart, OnExpiry, Task},
        sql::on_one_line,
    },
    tui::{
        app::{
            model::Model,
            upkeep::{
                Page, maintain, shown_due, shown_statements,
                work::{self, Outcome},
            },
        },
        export::{Cell, Column, Table, json, maybe},
    },
};

/// How the last chore of a page ended, in words.
pub(super) fn last_words(model: &Model, page: Page) -> Vec<String> {
    let Some(ended) = work::last(model, page) else { return Vec::new() };
    let at = ended.at.format("%Y-%m-%d %H:%M:%S UTC");
    ended.lines().iter().map(|line| format!("{}, {at}: {line}", ended.title)).collect()
}

/// The same for programs.
pub(super) fn last_run(model: &Model, page: Page) -> Option<LastRun<'_>> {
    let ended = work::last(model, page)?;
    Some(LastRun { title: &ended.title, at: ended.at, said: ended.lines() })
}

/// What is due and shown, a row for each partition.
pub(super) fn due(model: &Model) -> Option<Table> {
    let found = model.upkeep.maintain.found.ready()?;
    let mut notes = vec![summary(&found.facts), maintain::kept(model)];
    notes.extend(found.notes());
    notes.extend(last_words(model, Page::Maintain));
    let fate = maintain::fate(model);
    Some(Table {
        about: format!("{}: what is due", found.facts.table.name.plain()),
        list: "due",
        notes,
        filter: filter(model),
        columns: vec![
            Column::words("task", "due"),
            Column::words("partition", "partition"),
            Column::words("what", "what"),
            Column::raw("lower"),
            Column::raw("upper"),
            Column::raw("rows"),
            Column::raw("rows_counted"),
            Column::raw("size_bytes"),
        ],
        rows: shown_due(model).into_iter().flat_map(|task| tasks(found, task, fate)).collect(),
        code: Vec::new(),
    })
}

/// A task; moving rows is one for each partition that they go into.
fn tasks(found: &Found, task: &Task, fate: OnExpiry) -> Vec<Vec<Cell>> {
    let row = |task: &Task, rest: [Cell; 5]| {
        let [verb, part, what] = found.words(task, fate);
        [verb, part, what].map(Cell::text).into_iter().chain(rest).collect()
    };
    let nothing = Cell::nothing;
    match task {
        Task::Finalize(_) | Task::Settle(_) => {
            vec![row(task, [nothing(), nothing(), nothing(), nothing(), nothing()])]
        }
        Task::Make(part) => {
            let [lower, upper] = bounds(part);
            vec![row(task, [lower, upper, nothing(), nothing(), nothing()])]
        }
        Task::Move(moves) => {
            let each = |(part, rows): &(NewPart, i64)| {
                let [lower, upper] = bounds(part);
                let one = Task::Move(vec![(part.clone(), *rows)]);
                row(&one, [lower, upper, Cell::count(*rows), Cell::text("exact"), nothing()])
            };
            moves.iter().map(each).collect()
        }
        Task::Expire(name) => vec![row(task, expired(found, name))],
    }
}

fn bounds(part: &NewPart) -> [Cell; 2] {
    [Cell::time(part.period.lower), Cell::time(part.period.upper)]
}

fn expired(found: &Found, name: &QualifiedName) -> [Cell; 5] {
    let nothing = Cell::nothing;
    let Some(part) = found.facts.parts.iter().find(|part| part.name == *name) else {
        return [nothing(), nothing(), nothing(), nothing(), nothing()];
    };
    let range = part.range.as_ref();
    let [lower, upper] = [range.and_then(|range| range.from), range.and_then(|range| range.to)];
    [
        maybe(lower, Cell::time),
        maybe(upper, Cell::time),
        Cell::about(part.rows()),
        Cell::text("estimated"),
        Cell::bytes(part.figures.table_bytes + part.figures.index_bytes),
    ]
}

/// What `maintain --dry-run --json` says, with the tasks that are shown.
pub(super) fn due_json(model: &Model) -> Option<String> {
    let mut of = model.upkeep.maintain.found.ready()?.json();
    of["due"] = serde_json::json!(shown_due(model));
    Some(json::pretty(&Said { of, filter: filter(model), last_run: last_run(model, Page::Maintain) }))
}

/// The statements that are shown.
pub(super) fn statements(model: &Model) -> Option<Table> {
    let audit = model.upkeep.audit.found.ready()?;
    let shown = shown_statements(model);
    let code = |(at, one): (usize, &&Audited)| {
        let heading = format!("{}. {}", at + 1, one.line());
        let ended = |sql: &str| format!("{};", sql.trim_end().trim_end_matches(';'));
        let instead = one.rewrite.as_ref().map(|rewrite| {
            let reach = rewrite.reach.map(|reach| format!(", which {}", reach.words())).unwrap_or_default();
            format!(
                "\n-- instead{reach}; it asks for {}\n{}",
                on_one_line(&rewrite.asks),
                ended(&rewrite.sql)
            )
        });
        (heading, format!("{}{}", ended(&one.source.sql), instead.unwrap_or_default()))
    };
    Some(Table {
        about: format!("{}: statements", audit.table),
        list: "statements",
        notes: vec![audit.head(), audit.counts()],
        filter: filter(model),
        columns: vec![
            Column::numbers("number", "number"),
            Column::words("verdict", "reaches"),
            Column::raw("partitions_reached"),
            Column::raw("partitions"),
            Column::numbers("calls", "calls"),
            Column::numbers("total_ms", "in all"),
            Column::numbers("each_ms", "each"),
            Column::words("why", "why"),
            Column::raw("sql"),
            Column::raw("instead_sql"),
            Column::raw("instead_reaches"),
            Column::raw("instead_asks_for"),
        ],
        rows: shown.iter().enumerate().map(|(at, one)| statement(audit, at, one)).collect(),
        code: shown.iter().enumerate().map(code).collect(),
    })
}

fn statement(audit: &Audit, at: usize, one: &Audited) -> Vec<Cell> {
    let reach = match one.verdict {
        Verdict::Reaches(Reach { touched, leaves, .. }) => Some((touched, leaves)),
        Verdict::Inserts | Verdict::Fails(_) | Verdict::Unplanned(_) | Verdict::Elsewhere => None,
    };
    let whole = |n: usize| Cell::count(figures::length(n));
    let rewrite = one.rewrite.as_ref();
    vec![
        whole(at + 1),
        Cell::text(one.verdict.words()),
        maybe(reach, |(touched, _)| whole(touched)),
        maybe(reach, |(_, leaves)| whole(leaves)),
        maybe(one.source.calls, Cell::count),
        maybe(one.source.total_ms, |ms| Cell::ms(ms).shown(figures::span(ms / 1_000.0))),
        maybe(one.each_ms(), Cell::ms),
        Cell::text(audit.notes(one).join("; ")),
        Cell::text(&one.source.sql),
        maybe(rewrite, |rewrite| Cell::text(&rewrite.sql)),
        maybe(rewrite.and_then(|rewrite| rewrite.reach), |reach| Cell::text(reach.words())),
        maybe(rewrite, |rewrite| Cell::text(&rewrite.asks)),
    ]
}

/// What `audit --json` says, with the statements that are shown.
pub(super) fn statements_json(model: &Model) -> Option<String> {
    let audit = model.upkeep.audit.found.ready()?;
    let statements = shown_statements(model).into_iter().cloned().collect();
    let of = Audit { statements, ..Audit::clone(audit) };
    Some(json::pretty(&Said { of, filter: filter(model), last_run: None }))
}

/// Kinds of ids, and indexes that begin with them.
pub(super) fn ids(model: &Model) -> Option<Table> {
    let report = model.upkeep.ids.found.ready()?;
    let kinds = report.kinds.iter().map(|(kind, rows)| of_kind(report, kind, *rows));
    let notes = [report.lines(), report.of_indexes(), last_words(model, Page::Ids)].concat();
    Some(Table {
        about: format!("{}: ids", on_one_line(&report.title())),
        list: "ids",
        notes,
        filter: None,
        columns: vec![
            Column::words("what", "what"),
            Column::words("name", "name"),
            Column::numbers("rows_looked_at", "rows looked at"),
            Column::numbers("share", "share"),
            Column::numbers("size_bytes", "size"),
            Column::numbers("full_share", "full"),
            Column::numbers("out_of_order_share", "out of order"),
            Column::words("how", "how"),
        ],
        rows: kinds.chain(report.indexes.iter().map(of_index)).collect(),
        code: Vec::new(),
    })
}

fn of_kind(report: &IdReport, kind: &str, rows: usize) -> Vec<Cell> {
    let (rows, all) = (figures::length(rows), figures::length(report.rows));
    let cells =
        [Cell::text("kind"), Cell::text(kind), Cell::count(rows), Cell::share(figures::share(rows, all))];
    cells.into_iter().chain([(); 3].map(|()| Cell::nothing())).chain([Cell::text("sampled")]).collect()
}

fn of_index(index: &IdIndex) -> Vec<Cell> {
    vec![
        Cell::text("index"),
        Cell::text(&index.name),
        Cell::nothing(),
        Cell::nothing(),
        Cell::bytes(index.bytes),
        maybe(index.density.map(|share| share.min(1.0)), Cell::share),
        maybe(index.fragmented, Cell::share),
        Cell::text(if index.measured { "measured" } else { "reckoned" }),
    ]
}

/// What `ids --json` says.
pub(super) fn ids_json(model: &Model) -> Option<String> {
    let of = IdReport::clone(model.upkeep.ids.found.ready()?);
    Some(json::pretty(&Said { of, filter: None, last_run: last_run(model, Page::Ids) }))
}

/// What the last lab of this visit measured, with so many rows.
pub(super) fn measured(model: &Model) -> Option<(&[Cost], u32)> {
    model.upkeep.ended.iter().rev().find_map(|ended| match &ended.outcome {
        Ok(Outcome::Measured(costs, rows)) => Some((costs.as_slice(), *rows)),
        Ok(Outcome::Said(..)) | Err(_) => None,
    })
}

/// What kinds of ids cost.
pub(super) fn lab(model: &Model) -> Option<Table> {
    let (costs, rows) = measured(model)?;
    let row = |cost: &Cost| {
        vec![
            Cell::text(cost.kind.title()),
            Cell::ms(cost.insert_ms),
            Cell::bytes(cost.wal_bytes),
            Cell::count(cost.full_pages),
            Cell::bytes(cost.index_bytes),
            Cell::share(cost.density.min(1.0)),
            Cell::ms(cost.lookup_ms),
            Cell::ms(cost.newest_ms),
            Cell::count(cost.newest_pages),
        ]
    };
    Some(Table {
        about: format!("lab: {} rows of each kind of id", figures::count(rows.into())),
        list: "kinds",
        notes: vec!["everything was in memory; leaf pages are reckoned from the size of the entries".into()],
        filter: None,
        columns: vec![
            Column::words("kind", "kind"),
            Column::numbers("insert_ms", "insert"),
            Column::numbers("wal_bytes", "WAL"),
            Column::numbers("full_pages", "whole pages"),
            Column::numbers("index_bytes", "index"),
            Column::numbers("density", "leaf pages full"),
            Column::numbers("lookup_ms", "1,000 lookups"),
            Column::numbers("newest_ms", "newest 1 %"),
            Column::numbers("newest_pages", "pages for it"),
        ],
        rows: costs.iter().map(row).collect(),
        code: Vec::new(),
    })
}

/// What `ids lab --json` says, but for the checkpoints, which the console does not keep.
pub(super) fn lab_json(model: &Model) -> Option<String> {
    let (kinds, rows) = measured(model)?;
    Some(json::pretty(&serde_json::json!({ "rows": rows, "kinds": kinds })))
}

/// Which rows may go, in one row.
pub(super) fn retention(model: &Model) -> Option<Table> {
    let doomed = model.upkeep.retain.found.ready()?;
    let (found, census) = (&doomed.found, &doomed.found.census);
    let mut notes = found.due(&doomed.instead);
    notes.extend(last_words(model, Page::Retain));
    Some(Table {
        about: format!("{}: retention by deletion", found.table.plain()),
        list: "would",
        notes,
        filter: None,
        columns: vec![
            Column::words("table", "table"),
            Column::words("condition", "rows where"),
            Column::words("older_than", "older than"),
            Column::words("by", "by"),
            Column::words("before", "before"),
            Column::numbers("rows_estimated", "rows"),
            Column::numbers("doomed_rows", "would go"),
            Column::words("oldest", "the oldest"),
            Column::words("index", "index"),
        ],
        rows: vec![vec![
            Cell::text(found.table.plain()),
            Cell::text(&found.rule.condition),
            Cell::text(found.rule.older_than.to_string()),
            Cell::text(found.rule.by.as_str()),
            Cell::time(census.before),
            Cell::about(census.rows),
            Cell::count(census.doomed),
            maybe(census.oldest, Cell::time),
            maybe(census.index.as_deref(), Cell::text),
        ]],
        code: Vec::new(),
    })
}

/// What `retain --dry-run --json` says.
pub(super) fn retention_json(model: &Model) -> Option<String> {
    let of = model.upkeep.retain.found.ready()?.found.json();
    Some(json::pretty(&Said { of, filter: None, last_run: last_run(model, Page::Retain) }))
}
