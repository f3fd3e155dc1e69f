//! The pruning audit, as text and as JSON.

use std::fmt::Write as _;

use crate::{
    model::{
        audit::{Audit, Audited, Reach, Rewrite, Verdict},
        figures,
        sql::on_one_line,
    },
    tui::harmless::harmless,
};

/// The most characters of a statement that are shown.
const WIDTH: usize = 400;

/// What was looked at, then the statements, those that want to be changed first.
pub fn text(audit: &Audit, top: usize) -> String {
    let mut text = format!("{}\n", head(audit));
    if audit.statements.is_empty() {
        let _ = writeln!(text, "  no statement of {} is on it", audit.from);
        return text;
    }
    let _ = writeln!(text, "  {}", counts(audit));
    for (at, one) in audit.statements.iter().take(top).enumerate() {
        let _ = writeln!(text, "\n{:>3}  {}", at + 1, line(one));
        let _ = writeln!(text, "     {}", shown(&one.source.sql));
        for note in notes(audit, one) {
            let _ = writeln!(text, "     {note}");
        }
    }
    if audit.statements.len() > top {
        let _ = writeln!(text, "\n  {} more: --top {}", audit.statements.len() - top, audit.statements.len());
    }
    text
}

/// One object.
pub fn json(audit: &Audit) -> String {
    serde_json::json!(audit).to_string() + "\n"
}

fn head(audit: &Audit) -> String {
    let since = audit.since.map(|since| format!(", counted since {}", since.format("%Y-%m-%d %H:%M UTC")));
    format!(
        "{}  by {}, {} partitions ({}); statements of {}{}",
        harmless(&audit.table),
        harmless(&audit.by),
        audit.leaves,
        audit.against,
        harmless(&audit.from),
        since.unwrap_or_default()
    )
}

/// How many of which kind, and what part of the time those take that reach everything.
fn counts(audit: &Audit) -> String {
    let gist = audit.gist();
    let share = gist.wide_time.map(|share| format!(" ({} of the time)", figures::percent(share)));
    let mut parts = vec![
        format!("{} statements", gist.statements),
        format!("{} reach every partition{}", gist.wide, share.unwrap_or_default()),
        format!("{} fail", gist.failing),
    ];
    let count = |is: fn(&Audited) -> bool| audit.statements.iter().filter(|one| is(one)).count();
    let unplanned = count(|one| matches!(one.verdict, Verdict::Unplanned(_)));
    if unplanned > 0 {
        parts.push(format!("{unplanned} cannot be planned from their text"));
    }
    let moving = count(|one| one.moves_rows);
    if moving > 0 {
        parts.push(format!("{moving} change {}", harmless(&audit.by)));
    }
    parts.join(", ")
}

fn line(one: &Audited) -> String {
    let mut parts = vec![verdict(&one.verdict)];
    parts.extend(one.source.calls.map(|calls| format!("{} calls", figures::count(calls))));
    if let Some(ms) = one.source.total_ms {
        parts.push(figures::span(ms / 1_000.0));
        let calls = one.source.calls.map_or(1.0, |calls| figures::float(calls.max(1)));
        parts.push(format!("{:.2} ms each", ms / calls));
    }
    parts.join(" · ")
}

fn verdict(verdict: &Verdict) -> String {
    match verdict {
        Verdict::Reaches(reach) => reached(*reach),
        Verdict::Inserts => "inserts into the right partition".into(),
        Verdict::Fails(_) => "fails".into(),
        Verdict::Unplanned(_) => "not planned".into(),
        Verdict::Elsewhere => "elsewhere".into(),
    }
}

fn reached(reach: Reach) -> String {
    let at_most = if reach.at_most { "at most " } else { "" };
    format!("reaches {at_most}{} of {}", reach.touched, reach.leaves)
}

fn notes(audit: &Audit, one: &Audited) -> Vec<String> {
    let mut notes = Vec::new();
    match &one.verdict {
        Verdict::Fails(why) | Verdict::Unplanned(why) => notes.push(format!("! {}", harmless(why))),
        verdict if verdict.reaches_all() => {
            let by = harmless(&audit.by);
            notes.push(match &one.looks_for[..] {
                _ if one.is_blind => {
                    format!("! its condition on {by} tells nothing: compare the column itself, with a value of its type")
                }
                [] => format!("! it reads everything, whenever it was: nothing in it says which {by}"),
                columns => format!("! it looks for {} without {by}", harmless(&columns.join(", "))),
            });
        }
        Verdict::Reaches(_) | Verdict::Inserts | Verdict::Elsewhere => {}
    }
    if one.moves_rows {
        notes.push(format!(
            "! it changes {}: a row that moves to another partition makes whoever waits for it fail with SQLSTATE 40001, to be tried again",
            harmless(&audit.by)
        ));
    }
    notes.extend(one.rewrite.iter().flat_map(instead));
    notes
}

fn instead(rewrite: &Rewrite) -> Vec<String> {
    let reach = rewrite.reach.map(|reach| format!(" ({})", reached(reach))).unwrap_or_default();
    vec![format!("> {}{reach}", shown(&rewrite.sql)), format!("  which asks for {}", harmless(&rewrite.asks))]
}

/// On one line, and not too long.
fn shown(sql: &str) -> String {
    let words = on_one_line(sql);
    let words = harmless(&words);
    match words.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{} …", &words[..end]),
        None => words.into_owned(),
    }
}
