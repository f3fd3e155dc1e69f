//! Ids as text and as JSON: a table's, the lab's table and bars, what installing did.

use std::fmt::Write as _;

use crate::{
    engine::ids::{Installed, NewDefault},
    model::{figures, id_report::IdReport, lab::Cost},
    tui::harmless::harmless,
};

/// Columns of a bar.
const BAR: usize = 24;

/// A table's ids.
pub fn text(report: &IdReport) -> String {
    let mut text = format!("{}\n", harmless(&report.title()));
    for line in report.lines().iter().chain(&report.of_indexes()) {
        let _ = writeln!(text, "  {}", harmless(line));
    }
    text
}

/// The same for programs.
pub fn json(report: &IdReport) -> String {
    serde_json::json!(report).to_string() + "\n"
}

/// The lab: a table, and a bar for what differs most.
pub fn lab(costs: &[Cost], (rows, checkpoints): (u32, u32)) -> String {
    let between = match checkpoints {
        0 => "without a checkpoint between".to_owned(),
        1 => "with one checkpoint between".to_owned(),
        n => format!("with {n} checkpoints between"),
    };
    let mut text =
        format!("{} rows of each kind, {between}; everything was in memory\n\n", figures::count(rows.into()));
    let head = [
        "",
        "insert",
        "WAL",
        "whole pages",
        "index",
        "leaf pages full",
        "1,000 lookups",
        "newest 1 %",
        "pages for it",
    ];
    let mut lines = vec![head.map(str::to_owned)];
    lines.extend(costs.iter().map(|cost| {
        [
            cost.kind.title().to_owned(),
            ms(cost.insert_ms),
            figures::bytes(cost.wal_bytes),
            figures::count(cost.full_pages),
            figures::bytes(cost.index_bytes),
            figures::percent(cost.density.min(1.0)),
            ms(cost.lookup_ms),
            ms(cost.newest_ms),
            figures::count(cost.newest_pages),
        ]
    }));
    for line in super::columns(&lines, 1) {
        text.push_str(&line);
        text.push('\n');
    }
    for (title, of) in BARS {
        let _ = writeln!(text, "\n{title}");
        bars(&mut text, costs, of);
    }
    text.push_str("\nleaf pages: reckoned from the entries' size; the newest 1 % by id where ids follow time, else by a time without an index\n");
    text
}

type Figure = fn(&Cost) -> f64;
#[expect(clippy::cast_precision_loss, reason = "bars for people")]
const BARS: [(&str, Figure); 4] = [
    ("insert, as a multiple of the sequence's", |cost| cost.insert_ms),
    ("WAL", |cost| cost.wal_bytes as f64),
    ("index", |cost| cost.index_bytes as f64),
    ("pages for the newest 1 %", |cost| cost.newest_pages as f64),
];

fn bars(text: &mut String, costs: &[Cost], of: Figure) {
    let most = costs.iter().map(of).fold(f64::MIN_POSITIVE, f64::max);
    let first = costs.first().map_or(1.0, of).max(f64::MIN_POSITIVE);
    for cost in costs {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to BAR columns")]
        let columns = ((of(cost) / most * 24.0).round() as usize).clamp(1, BAR);
        let pad = " ".repeat(BAR - columns);
        let _ = writeln!(
            text,
            "  {:18}{}{pad}  {:.1} x",
            cost.kind.title(),
            "█".repeat(columns),
            of(cost) / first
        );
    }
}

/// The same for programs.
pub fn lab_json(costs: &[Cost], (rows, checkpoints): (u32, u32)) -> String {
    serde_json::json!({ "rows": rows, "checkpoints": checkpoints, "kinds": costs }).to_string() + "\n"
}

/// The statements of installing.
pub fn statements(plan: &Installed) -> String {
    let all: Vec<&String> = plan.make.iter().chain(plan.default.iter().map(|default| &default.sql)).collect();
    if all.is_empty() {
        return format!("-- nothing to do: {} is built in\n", plan.function);
    }
    all.into_iter().map(|sql| sql.clone() + ";\n").collect()
}

/// What installing did.
pub fn installed(done: &Installed) -> String {
    let mut text = format!("{} is there\n", harmless(&done.function));
    if let Some(NewDefault { back, .. }) = &done.default {
        let _ = writeln!(text, "it is the default of rows to come; the way back: {};", harmless(back));
    }
    text
}

fn ms(ms: f64) -> String {
    format!("{ms:.1} ms")
}
