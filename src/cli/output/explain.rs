//! `quarterdeck explain`: the long form of a finding, as text and as JSON. The texts are our own, and harmless.

use std::fmt::Write;

use super::json::pretty;
use crate::model::explain::{EXPLANATIONS, Explanation};

/// Columns that a paragraph may take.
const WIDTH: usize = 98;

/// One finding, for people.
pub fn text(explanation: &Explanation) -> String {
    let Explanation { id, title, standing, raised, means, matters, remedy, sql } = explanation;
    let raised = raised.replacen("preflight", "preflight (plan, run, the console's wizard)", 1);
    let mut text = format!("{id}: {title}\n{}: {raised}\n", standing.word());
    for (label, words) in [("what it means", means), ("why it matters", matters), ("what to do", remedy)] {
        let _ = writeln!(text, "\n{label}");
        paragraph(&mut text, words);
    }
    if !sql.is_empty() {
        text.push_str("\nfor example\n");
        for line in sql {
            let _ = writeln!(text, "    {line}");
        }
    }
    text
}

/// All findings, one line each.
pub fn list() -> String {
    let line = |one: &Explanation| format!("{}  {:<8} {}\n", one.id, one.standing.word(), one.title);
    EXPLANATIONS.iter().map(line).collect()
}

/// One finding as an object.
pub fn json(explanation: &Explanation) -> String {
    pretty(explanation)
}

/// All of them as an array.
pub fn json_of_all() -> String {
    pretty(&*EXPLANATIONS)
}

fn paragraph(text: &mut String, words: &str) {
    let mut column = 0;
    for word in words.split(' ') {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > WIDTH {
            text.push('\n');
            column = 0;
        }
        text.push_str(if column == 0 { "  " } else { " " });
        column += 1 + width + usize::from(column == 0);
        text.push_str(word);
    }
    text.push('\n');
}
