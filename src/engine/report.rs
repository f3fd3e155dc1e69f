//! A migration as a document: for a ticket, for the record. Pure; the console's `e` and `quarterdeck report`
//! write it.

use std::fmt::Write;

use crate::{
    engine::{event::Event, sentence::sentence, status::Status},
    model::figures::{bytes, count, percent, span},
};

/// What happened, as far as it is told.
#[derive(Clone, Debug, Default)]
pub struct Happened<'a> {
    /// Events, oldest first.
    pub events: Vec<&'a Event>,
    /// How many the journal has before them.
    pub older: i64,
}

/// How many of the newest events are told, and of how many.
pub fn newest((told, of): (i64, i64)) -> String {
    format!("the newest {} of {} events; quarterdeck report has all of them", count(told), count(of))
}

/// A few lines that can be pasted into a ticket.
pub fn summary(status: &Status) -> String {
    let migration = &status.migration;
    let mut text = format!(
        "{}: {}, {}; by {} every {}, migration {}\n",
        migration.table.plain(),
        migration.phase.word().replace('_', " "),
        migration.state.word(),
        migration.by,
        migration.every,
        migration.id
    );
    let rows = &status.rows;
    let share = status.share().map(|share| format!(" ({})", percent(share))).unwrap_or_default();
    let estimated = if rows.exact { "" } else { " estimated" };
    let (copied, source) = (count(rows.copied), count(rows.source));
    let _ = writeln!(text, "copied {copied} of {source} rows{estimated}{}{share}", status.rest());
    let _ = writeln!(text, "log: {} rows, {}", count(rows.log_pending), bytes(rows.log_bytes));
    match status.verification.verified_at {
        Some(at) => {
            let _ = writeln!(text, "verified {}", at.to_rfc3339());
        }
        None => text.push_str("not verified\n"),
    }
    if let Some(waiting) = &migration.waiting {
        let _ = writeln!(text, "waiting: {waiting}");
    }
    if let Some(error) = &status.last_error {
        let _ = writeln!(text, "last error: {error}");
    }
    text
}

/// The whole report as Markdown.
pub fn markdown(status: &Status, happened: &Happened<'_>) -> String {
    let mut text = format!("# {}\n\n", escaped(&status.migration.table.plain()));
    let at = status.at.to_rfc3339();
    let _ = writeln!(text, "As of {at}. Times are UTC.\n\n```\n{}```\n", summary(status));
    periods(&mut text, status);
    if !status.readiness.conditions.is_empty() {
        text.push_str("## What must hold\n\n| | condition | figure |\n|---|---|---|\n");
        for condition in &status.readiness.conditions {
            let holds = if condition.holds { "✓" } else { "✗" };
            let (name, detail) = (escaped(&condition.name), escaped(&condition.detail));
            let _ = writeln!(text, "| {holds} | {name} | {detail} |");
        }
        text.push('\n');
    }
    differences(&mut text, status);
    text.push_str("## Events\n\n");
    if happened.older > 0 {
        let told = i64::try_from(happened.events.len()).unwrap_or(i64::MAX);
        let _ = writeln!(text, "These are {}.\n", newest((told, told.saturating_add(happened.older))));
    }
    for event in &happened.events {
        let at = event.at.format("%Y-%m-%d %H:%M:%S");
        let _ = writeln!(text, "- {at} {}", escaped(&sentence(&event.body)));
    }
    text
}

fn periods(text: &mut String, status: &Status) {
    text.push_str(
        "## Periods\n\n| period | partition | state | source | target | differences | verified |\n",
    );
    text.push_str("|---|---|---|--:|--:|--:|---|\n");
    for period in &status.periods {
        let diffs = period.diffs.map(count).unwrap_or_default();
        let verified = period.verified_at.map(|at| at.to_rfc3339()).unwrap_or_default();
        let _ = writeln!(
            text,
            "| {} | {} | {} | {} | {} | {diffs} | {verified} |",
            escaped(&period.title),
            escaped(&period.leaf),
            period.state.word(),
            count(period.source_rows),
            count(period.target_rows),
        );
    }
    text.push('\n');
    let pace = &status.pace;
    if pace.active_s + pace.paused_s + pace.slowed_s <= 0.0 {
        // Only the process that works knows them.
        return;
    }
    let (active, paused, slowed) = (span(pace.active_s), span(pace.paused_s), span(pace.slowed_s));
    let _ = writeln!(text, "Active {active}, paused {paused}, slowed {slowed} in this run.\n");
}

fn differences(text: &mut String, status: &Status) {
    let diffs = &status.verification.diffs;
    if diffs.is_empty() {
        return;
    }
    text.push_str("## Differences\n\n| partition | key | kind | columns |\n|---|---|---|---|\n");
    for diff in diffs.iter() {
        let columns: Vec<_> = diff.columns.iter().map(|(column, _, _)| escaped(column)).collect();
        let (leaf, key) = (escaped(&diff.leaf), escaped(&diff.key));
        let _ = writeln!(text, "| {leaf} | {key} | {} | {} |", diff.kind.word(), columns.join(", "));
    }
    text.push('\n');
}

/// Text that cannot break a table or a line of Markdown.
fn escaped(text: &str) -> String {
    text.chars().fold(String::new(), |mut clean, c| {
        match c {
            '|' | '`' | '<' | '*' | '[' => clean.extend(['\\', c]),
            c if c.is_control() => clean.push(' '),
            c => clean.push(c),
        }
        clean
    })
}
