//! The health of partitioned tables, as text and as JSON.

use std::fmt::Write as _;

use crate::{
    model::{
        figures,
        health::{Facts, Finding, Health, Part, Severity, bounds, summary},
    },
    tui::harmless::harmless,
};

/// One table after the other: what it is, its partitions, what was found.
pub fn text(all: &[Health]) -> String {
    if all.is_empty() {
        return "there is no partitioned table in this database that this role may use\n".into();
    }
    all.iter().map(one).collect::<Vec<_>>().join("\n")
}

/// An array of objects.
pub fn json(all: &[Health]) -> String {
    serde_json::json!(all).to_string()
}

fn one(health: &Health) -> String {
    let facts = &health.facts;
    let head = format!("{}  {}", harmless(&facts.table.name.plain()), harmless(&facts.table.key));
    let mut text = format!("{}\n  {}\n", head.trim_end(), summary(facts));
    if let Some(growth) = &health.growth {
        let _ = writeln!(text, "  {}", growth.words());
    }
    if !facts.locked {
        text.push_str(&partitions(facts));
    }
    let [errors, warnings, hints] = health.counts();
    let of = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let _ = writeln!(text, "  {}, {}, {}", of(errors, "error"), of(warnings, "warning"), of(hints, "hint"));
    for finding in &health.findings {
        text.push_str(&found(finding));
    }
    text
}

fn partitions(facts: &Facts) -> String {
    let mut lines = vec![
        ["partition", "bounds", "≈ rows", "table", "indexes", "dead", "vacuumed", "freeze age"]
            .map(str::to_owned),
    ];
    lines.extend(facts.parts.iter().map(cells));
    super::columns(&lines, 2).iter().map(|line| format!("  {line}\n")).collect::<Vec<_>>().concat()
}

fn cells(part: &Part) -> [String; 8] {
    let figures = part.figures;
    let ago = |seconds: Option<i64>| {
        seconds.map_or_else(|| "never".into(), |s| format!("{} ago", figures::span(figures::float(s))))
    };
    let (name, bounds) =
        (harmless(part.name.name.as_str()).into_owned(), harmless(&bounds(part)).into_owned());
    if part.partitioned {
        return [
            name,
            bounds,
            "partitioned".into(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
            String::new(),
        ];
    }
    [
        name,
        bounds,
        figures.rows.filter(|rows| *rows >= 0).map_or_else(|| "?".into(), figures::count),
        figures::bytes(figures.table_bytes),
        figures::bytes(figures.index_bytes),
        figures::count(figures.dead),
        ago(figures.vacuumed_s),
        figures::count(figures.freeze_age),
    ]
}

/// How grave, at the beginning of a line: a word, as colour alone means nothing.
pub fn mark(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "ERROR  ",
        Severity::Warning => "WARNING",
        Severity::Info => "hint   ",
    }
}

fn found(finding: &Finding) -> String {
    let mut text = format!(
        "  {} {} {}: {}\n          {}\n",
        mark(finding.severity),
        finding.id,
        harmless(&finding.object),
        harmless(&finding.reason),
        harmless(&finding.remedy)
    );
    for sql in &finding.sql {
        let _ = writeln!(text, "            {};", harmless(sql));
    }
    text
}
