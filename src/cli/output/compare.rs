//! `quarterdeck plan --compare`: the strategies side by side, as text and as JSON.

use std::fmt::Write;

use super::{json::pretty, pad};
use crate::{
    engine::plan::compare::{Alternative, InStep, Summary},
    model::figures::{bytes, float, span},
    tui::harmless::harmless,
};

/// An array, one object a strategy.
pub fn json(alternatives: &[Alternative]) -> String {
    pretty(&alternatives)
}

/// A figure of a plan, in words.
type Figure = fn(&Summary) -> String;

const FIGURES: [(&str, Figure); 6] = [
    ("rows copied", |s| amount(s.copied_bytes)),
    ("more on disk", |s| amount(s.cost.bytes)),
    ("WAL", |s| amount(s.cost.wal_bytes)),
    ("about", |s| span(float(s.cost.seconds))),
    ("readers miss", |s| s.readers.clone().into_owned()),
    ("undone until", |s| s.last_step.clone().unwrap_or_else(|| "always".into())),
];

/// For people: the figures in columns, then locks and ways back of each.
pub fn text(table: &str, alternatives: &[Alternative]) -> String {
    const FIRST: usize = 14;
    const COLUMN: usize = 28;
    let mut text = format!("{}: the strategies side by side\n\n{}", harmless(table), pad("", FIRST));
    for one in alternatives {
        text.push_str(&pad(one.strategy.word(), COLUMN));
    }
    for (name, figure) in FIGURES {
        text = format!("{}\n{}", text.trim_end(), pad(name, FIRST));
        for one in alternatives {
            let words = one.summary.as_ref().map_or_else(|| "refused".into(), figure);
            text.push_str(&pad(&words, COLUMN));
        }
    }
    text = text.trim_end().to_owned() + "\n";
    for one in alternatives {
        let _ = writeln!(text, "\n{}: {}", one.strategy.word(), one.strategy.purpose());
        for finding in &one.refused {
            let words = format!("{}: {} ({})", finding.object, finding.reason, finding.id);
            let _ =
                writeln!(text, "  refused  {}\n     hint  {}", harmless(&words), harmless(&finding.remedy));
        }
        if let Some(summary) = &one.summary {
            facts(&mut text, "lock", &summary.locks);
            facts(&mut text, "undo", &summary.undo);
        }
    }
    text.push_str("\n`plan --strategy … --sql` shows every statement of one.\n");
    text
}

/// Neighbours that say the same are said once.
fn facts(text: &mut String, name: &str, facts: &[InStep]) {
    for group in facts.chunk_by(|a, b| a.words == b.words) {
        let steps: Vec<_> = group.iter().map(|fact| fact.step.as_str()).collect();
        let _ = writeln!(text, "  {name}  {}: {}", harmless(&steps.join(", ")), harmless(&group[0].words));
    }
}

fn amount(n: i64) -> String {
    if n == 0 { "nothing".into() } else { bytes(n) }
}
