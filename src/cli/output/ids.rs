//! Ids as text and as JSON: a table's, the lab's table and bars, what installing did.

use std::fmt::Write as _;

use crate::{
    engine::ids::{Default, Installed},
    model::{
        figures,
        id_report::{IdIndex, IdReport},
        lab::Cost,
    },
    tui::harmless::harmless,
};

/// Columns of a bar.
const BAR: usize = 24;

/// A table's ids.
pub fn text(report: &IdReport) -> String {
    let (column, type_sql) = &report.column;
    let mut text = format!("{}.{}  {type_sql}\n", harmless(&report.table.plain()), harmless(column.as_str()));
    if report.rows == 0 {
        text.push_str("  there is no row to look at\n");
        return text;
    }
    let rows = length(report.rows);
    let share = |n: usize| figures::percent(figures::share(length(n), rows));
    let kinds: Vec<_> = report.kinds.iter().map(|(kind, n)| format!("{} {kind}", share(*n))).collect();
    let _ = writeln!(text, "  of {} rows looked at: {}", figures::count(rows), kinds.join(", "));
    match (&report.clock, report.span) {
        (Ok(clock), Some((first, last))) => {
            let time = |time: chrono::DateTime<chrono::Utc>| time.format("%Y-%m-%d %H:%M:%S").to_string();
            let _ = writeln!(
                text,
                "  they tell their time ({clock}): from {} to {} UTC",
                time(first),
                time(last)
            );
        }
        (Ok(clock), None) => {
            let _ = writeln!(text, "  they tell their time ({clock})");
        }
        (Err(why), _) => {
            let _ = writeln!(text, "  they tell no time: {}", harmless(why));
        }
    }
    if let Some((beside, share)) = &report.follows {
        let words = match share {
            share if *share > 0.95 => "they follow it",
            share if *share > 0.6 => "they follow it roughly",
            _ => "they are in no order",
        };
        let _ = writeln!(
            text,
            "  in the order of {}, {} of the ids are above the one before: {words}",
            harmless(beside.as_str()),
            figures::percent(*share)
        );
    }
    for index in &report.indexes {
        let _ = writeln!(text, "  {}", of_index(index));
    }
    if report.indexes.is_empty() {
        text.push_str("  no index begins with the column\n");
    }
    text
}

fn of_index(index: &IdIndex) -> String {
    let how = if index.measured { "measured" } else { "reckoned from its entries" };
    let density = index.density.map_or_else(
        || "how full its leaf pages are is not known".into(),
        |share| format!("leaf pages {} full, {how}", figures::percent(share.min(1.0))),
    );
    let apart = index
        .fragmented
        .map_or_else(String::new, |share| format!("; {} of them out of order", figures::percent(share)));
    format!("{}  {}  {density}{apart}", harmless(&index.name), figures::bytes(index.bytes))
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
    if let Some(Default { back, .. }) = &done.default {
        let _ = writeln!(text, "it is the default of rows to come; the way back: {};", harmless(back));
    }
    text
}

fn ms(ms: f64) -> String {
    format!("{ms:.1} ms")
}

fn length(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
