//! What happened, with the SQL of each step where the plan is known.

use serde::Serialize;

use super::{Said, filter};
use crate::{
    engine::{
        contract::older,
        event::Event,
        report,
        sentence::{sentence, word},
    },
    model::plan::Step,
    tui::{
        app::{act::step_of, model::Model},
        export::{Cell, Column, Table, json, maybe},
    },
};

fn about(model: &Model) -> String {
    model
        .status()
        .map_or_else(|| "events".into(), |status| format!("{}: events", status.migration.table.plain()))
}

fn statements(step: &Step) -> String {
    step.statements
        .iter()
        .map(|one| format!("-- {}\n{};", one.label, one.sql.trim_end_matches(';')))
        .collect::<Vec<_>>()
        .join("\n")
}

fn notes(model: &Model) -> Vec<String> {
    std::iter::once("times are UTC".into()).chain(model.job.kept().map(report::newest)).collect()
}

/// The events that are shown.
pub(super) fn table(model: &Model) -> Option<Table> {
    if model.job.events.is_empty() {
        return None;
    }
    let mut code: Vec<(String, String)> = Vec::new();
    let mut rows = Vec::new();
    for event in model.shown_events() {
        let step = step_of(model, event);
        let sql = step.map(statements).filter(|sql| !sql.is_empty());
        if let (Some(step), Some(sql)) = (step, &sql)
            && !code.iter().any(|(heading, _)| *heading == step.name)
        {
            code.push((step.name.clone(), sql.clone()));
        }
        rows.push(vec![
            Cell::count(event.seq).shown(event.seq.to_string()),
            Cell::time(event.at),
            Cell::text(word(&event.body)),
            Cell::text(sentence(&event.body)),
            maybe(sql, Cell::text),
        ]);
    }
    Some(Table {
        about: about(model),
        list: "events",
        notes: notes(model),
        filter: filter(model),
        columns: vec![
            Column::numbers("seq", "number"),
            Column::words("at", "time"),
            Column::words("kind", "kind"),
            Column::words("event", "event"),
            Column::raw("sql"),
        ],
        rows,
        code,
    })
}

#[derive(Serialize)]
struct Log<'a> {
    about: String,
    /// How many the journal has before these.
    #[serde(skip_serializing_if = "Option::is_none")]
    older_events: Option<i64>,
    events: Vec<WithSql<'a>>,
}

/// An event of the stream, and the statements of its step.
#[derive(Serialize)]
struct WithSql<'a> {
    #[serde(flatten)]
    event: &'a Event,
    #[serde(skip_serializing_if = "Option::is_none")]
    sql: Option<Vec<&'a str>>,
}

/// The same for programs: events as in `run --ui json` and in the record of the migration.
pub(super) fn json(model: &Model) -> Option<String> {
    if model.job.events.is_empty() {
        return None;
    }
    let with = |event| WithSql {
        event,
        sql: step_of(model, event).map(|step| step.statements.iter().map(|one| one.sql.as_str()).collect()),
    };
    let events = model.shown_events().into_iter().map(with).collect();
    let of = Log { about: about(model), older_events: older(model.job.older), events };
    Some(json::pretty(&Said { of, filter: filter(model), last_run: None }))
}
