//! The health of partitioned tables, as text and as JSON.

use std::fmt::Write as _;

use crate::{
    model::{
        calendar::Zone,
        figures,
        health::{Cover, End, Facts, Finding, Health, Part, Severity},
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
    let mut text = format!(
        "{}  {}\n  {}\n",
        harmless(&facts.table.name.plain()),
        harmless(&facts.table.key),
        summary(facts)
    );
    text.push_str(&partitions(facts));
    let [errors, warnings, hints] = health.counts();
    let of = |n: usize, word: &str| format!("{n} {word}{}", if n == 1 { "" } else { "s" });
    let _ = writeln!(text, "  {}, {}, {}", of(errors, "error"), of(warnings, "warning"), of(hints, "hint"));
    for finding in &health.findings {
        text.push_str(&found(finding));
    }
    text
}

/// Partitions, rows, bytes, and how far ahead: one line.
pub fn summary(facts: &Facts) -> String {
    let (mut rows, mut tables, mut indexes, mut count) = (0, 0, 0, 0);
    for part in facts.leaves() {
        let figures = part.figures;
        rows += figures.rows.filter(|rows| *rows >= 0).unwrap_or(figures.live);
        (tables, indexes, count) = (tables + figures.table_bytes, indexes + figures.index_bytes, count + 1);
    }
    let default = if facts.default_part().is_some() { ", DEFAULT among them" } else { ", no DEFAULT" };
    format!(
        "{}{default} · about {} rows · {} and {} of indexes · {}",
        partitions_of(count),
        figures::count(rows),
        figures::bytes(tables),
        figures::bytes(indexes),
        cover(facts)
    )
}

fn partitions_of(count: usize) -> String {
    format!("{count} partition{}", if count == 1 { "" } else { "s" })
}

fn cover(facts: &Facts) -> String {
    let cover = Cover::of(facts);
    if !cover.ranges.iter().any(|(_, range)| range.is_timed()) {
        return format!("{} bounds are no times: cover is not judged", facts.table.strategy);
    }
    match cover.until(facts.table.now) {
        None => "no partition for now".into(),
        Some(End { upper: None, .. }) => "covered for ever".into(),
        Some(End { upper: Some(upper), ahead, .. }) => {
            format!("covered until {}, {} ahead", Zone::UTC.day(upper), partitions_of(ahead))
        }
    }
}

fn partitions(facts: &Facts) -> String {
    let mut lines = vec![
        ["partition", "bounds", "rows", "table", "indexes", "dead", "vacuumed", "freeze age"]
            .map(str::to_owned),
    ];
    lines.extend(facts.parts.iter().map(cells));
    let mut widths = [0; 8];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in lines {
        let cells = line.iter().zip(widths).enumerate().map(|(n, (cell, width))| {
            let pad = " ".repeat(width - cell.chars().count());
            if n < 2 { format!("{cell}{pad}") } else { format!("{pad}{cell}") }
        });
        let _ = writeln!(text, "  {}", cells.collect::<Vec<_>>().join("  ").trim_end());
    }
    text
}

fn cells(part: &Part) -> [String; 8] {
    let figures = part.figures;
    let ago = |seconds: Option<i64>| {
        seconds.map_or_else(|| "never".into(), |s| format!("{} ago", figures::span(figures::float(s))))
    };
    let name = harmless(part.name.name.as_str()).into_owned();
    if part.partitioned {
        return [
            name,
            bounds(part),
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
        bounds(part),
        figures.rows.filter(|rows| *rows >= 0).map_or_else(|| "?".into(), figures::count),
        figures::bytes(figures.table_bytes),
        figures::bytes(figures.index_bytes),
        figures::count(figures.dead),
        ago(figures.vacuumed_s),
        figures::count(figures.freeze_age),
    ]
}

/// Times as days, everything else as PostgreSQL writes it.
fn bounds(part: &Part) -> String {
    let day = |time: Option<_>, word: &str| {
        time.map_or_else(|| word.trim_matches('\'').to_owned(), |time| Zone::UTC.day(time))
    };
    match &part.range {
        Some(range) => {
            harmless(&format!("{} – {}", day(range.from, &range.lower), day(range.to, &range.upper)))
                .into_owned()
        }
        None => harmless(part.bounds.trim_start_matches("FOR VALUES ")).into_owned(),
    }
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
