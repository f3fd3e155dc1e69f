//! `quarterdeck plan`: what a run would do, as text, as SQL, as JSON.

use std::fmt::Write;

use serde::Serialize;

use super::json::pretty;
use crate::{
    model::{
        figures::{bytes, count, span},
        plan::{Cost, Finding, Plan, Step},
    },
    tui::harmless::harmless,
};

/// For people: each step with its locks, its cost and its way back.
pub fn text(plan: &Plan) -> String {
    let mut text = format!("{}\n\n", harmless(&title(plan)));
    for (number, step) in (1..).zip(&plan.steps) {
        let _ = writeln!(text, "{number:>2}  {:<12} {}", harmless(&step.name), harmless(&step.summary));
        let mut facts: Vec<(&str, String)> = step.locks.iter().map(|lock| ("lock", lock.clone())).collect();
        facts.extend(cost(step.cost).map(|cost| ("cost", cost)));
        facts.push(("undo", step.undo.clone().unwrap_or_else(|| "cannot be undone".into())));
        if !step.statements.is_empty() {
            let labels: Vec<_> = step.statements.iter().map(|statement| statement.label.as_str()).collect();
            facts.push(("sql", labels.join("; ")));
        }
        for (name, words) in facts {
            let _ = writeln!(text, "    {name:>4}  {}", harmless(&words));
        }
    }
    let all = plan.steps.iter().fold(Cost::default(), |sum, step| add(sum, step.cost));
    let _ = writeln!(text, "\nin all: {}", cost(all).unwrap_or_else(|| "no cost worth naming".into()));
    for finding in &plan.warnings {
        let _ = write!(text, "\n{}", warning(finding));
    }
    text.push_str("\n`--sql` shows every statement; nothing else is executed.\n");
    text
}

/// The statements of all steps, with labels, locks and the way back as comments. It is for reading: characters
/// that would not print are escaped.
pub fn sql(plan: &Plan) -> String {
    let mut text = format!("-- {}\n", harmless(&title(plan)));
    for (number, step) in (1..).zip(&plan.steps) {
        let _ = writeln!(text, "\n-- {number}. {}: {}", harmless(&step.name), harmless(&step.summary));
        comments(&mut text, step);
        for statement in &step.statements {
            let _ = writeln!(text, "\n-- {}", harmless(&statement.label));
            let lines: Vec<_> = statement.sql.trim_end().split('\n').map(harmless).collect();
            let end = if lines.last().is_some_and(|last| last.ends_with(';')) { "" } else { ";" };
            let _ = writeln!(text, "{}{end}", lines.join("\n"));
        }
    }
    text
}

fn comments(text: &mut String, step: &Step) {
    for lock in &step.locks {
        let _ = writeln!(text, "-- lock: {}", harmless(lock));
    }
    if let Some(undo) = &step.undo {
        let _ = writeln!(text, "-- undo: {}", harmless(undo));
    }
}

#[derive(Debug, Serialize)]
struct Object<'a> {
    table: String,
    twin: String,
    by: &'a str,
    clock: String,
    every: &'static str,
    time_zone: &'static str,
    key: String,
    ahead: u32,
    default_partition: bool,
    steps: &'a [Step],
    warnings: &'a [Finding],
}

/// Decisions, steps and warnings as one object.
pub fn json(plan: &Plan) -> String {
    let scheme = &plan.scheme;
    pretty(&Object {
        table: scheme.source().plain(),
        twin: scheme.twin().plain(),
        by: scheme.by.as_str(),
        clock: scheme.clock.to_string(),
        every: scheme.every.word(),
        time_zone: scheme.zone.name(),
        key: scheme.twin_key_text(),
        ahead: scheme.ahead,
        default_partition: scheme.default_leaf,
        steps: &plan.steps,
        warnings: &plan.warnings,
    })
}

fn title(plan: &Plan) -> String {
    let scheme = &plan.scheme;
    format!(
        "{}: by {}{} every {}, key {}, {} periods ahead, {} DEFAULT partition",
        scheme.source().plain(),
        scheme.by.as_str(),
        if scheme.clock.is_id() { format!(" ({})", scheme.clock) } else { String::new() },
        scheme.calendar(),
        scheme.twin_key_text(),
        scheme.ahead,
        if scheme.default_leaf { "with a" } else { "without a" }
    )
}

fn add(a: Cost, b: Cost) -> Cost {
    Cost {
        rows: a.rows + b.rows,
        bytes: a.bytes + b.bytes,
        wal_bytes: a.wal_bytes + b.wal_bytes,
        seconds: a.seconds + b.seconds,
    }
}

/// The figures worth naming; `None` where none is.
fn cost(cost: Cost) -> Option<String> {
    let figures = [
        (cost.rows, format!("{} rows", count(cost.rows))),
        (cost.bytes, format!("{} more on disk", bytes(cost.bytes))),
        (cost.wal_bytes, format!("{} of WAL", bytes(cost.wal_bytes))),
        (cost.seconds, format!("about {}", span(crate::model::figures::float(cost.seconds)))),
    ];
    let named: Vec<_> = figures.into_iter().filter(|(n, _)| *n > 0).map(|(_, words)| words).collect();
    (!named.is_empty()).then(|| named.join(", "))
}

fn warning(finding: &Finding) -> String {
    let Finding { id, severity: _, object, reason, remedy } = finding;
    format!("warning: {}\n   hint: {}\n", harmless(&format!("{object}: {reason} ({id})")), harmless(remedy))
}
