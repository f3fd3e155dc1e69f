//! The pruning audit, as text and as JSON.

use std::fmt::Write as _;

use crate::{
    model::{
        audit::{Audit, Rewrite},
        sql::on_one_line,
    },
    tui::harmless::harmless,
};

/// The most characters of a statement that are shown.
const WIDTH: usize = 400;

/// What was looked at, then the statements, those that want to be changed first.
pub fn text(audit: &Audit, top: usize) -> String {
    let mut text = format!("{}\n", harmless(&audit.head()));
    if audit.statements.is_empty() {
        let _ = writeln!(text, "  no statement of {} is on it", harmless(&audit.from));
        return text;
    }
    let _ = writeln!(text, "  {}", harmless(&audit.counts()));
    for (at, one) in audit.statements.iter().take(top).enumerate() {
        let _ = writeln!(text, "\n{:>3}  {}", at + 1, one.line());
        let _ = writeln!(text, "     {}", shown(&one.source.sql));
        for note in audit.notes(one) {
            let _ = writeln!(text, "     ! {}", harmless(&note));
        }
        for line in one.rewrite.iter().flat_map(instead) {
            let _ = writeln!(text, "     {line}");
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

fn instead(rewrite: &Rewrite) -> Vec<String> {
    let reach = rewrite.reach.map(|reach| format!(" ({})", reach.words())).unwrap_or_default();
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
