//! `quarterdeck status`: the JSON of the contract, and the same for people.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};

use super::pad;
use crate::{
    engine::{
        contract::Object,
        status::{self, PeriodStatus, SignalState, Status},
    },
    model::{
        figures::{ago, bytes, count, percent, range, short, span},
        phase::{Phase, State},
    },
    tui::{
        export::json::pretty,
        harmless::{harmless, width},
    },
};

/// An array, one object a migration, keys as in the README.
pub fn json(statuses: &[Status]) -> String {
    pretty(&statuses.iter().map(Object::of).collect::<Vec<_>>())
}

/// For people.
fn to_the_second(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Secs, true)
}

/// For people: each migration with its figures, its owner, why nothing moves, and its periods.
pub fn text(statuses: &[Status]) -> String {
    if statuses.is_empty() {
        return "there is no migration in this database\n".into();
    }
    statuses.iter().map(one).collect::<Vec<_>>().join("\n")
}

fn one(status: &Status) -> String {
    let mut text = String::new();
    let migration = &status.migration;
    let title = [migration.table.plain(), migration.phase.word().replace('_', " "), state(status)];
    let _ = writeln!(text, "{}", harmless(&title.join("  ")));
    let over = migration.phase.is_over();
    let by = format!("by {} every {}, key {}", migration.by, migration.every_words(), migration.key);
    let facts = [
        ("plan", Some(format!("{by}, {}, migration {}", migration.strategy, migration.id))),
        ("rows", Some(rows(status))),
        ("readers", status.missing_words()),
        ("log", (!over).then(|| log(&status.rows))),
        ("owner", (!over).then(|| owner(status))),
        ("waiting", migration.waiting.clone()),
        ("verified", Some(verified(status))),
        ("error", status.last_error.clone()),
    ];
    for (name, words) in facts {
        if let Some(words) = words {
            let _ = writeln!(text, "  {name:<9} {}", harmless(&words));
        }
    }
    for signal in status.throttle.iter().filter(|signal| signal.state != SignalState::Ok) {
        let _ = writeln!(
            text,
            "  {:<9} {}: {}",
            held(signal.state),
            harmless(&signal.signal),
            harmless(&signal.detail)
        );
    }
    for condition in status.readiness.conditions.iter().filter(|condition| !condition.holds) {
        let words = format!("{}: {}", condition.name, condition.detail);
        let _ = writeln!(text, "  {:<9} {}", "not yet", harmless(&words));
    }
    // After an abort its partitions are gone.
    if !status.periods.is_empty() && migration.phase != Phase::Aborted {
        let _ = write!(text, "\n{}", periods(&status.periods));
    }
    text
}

fn state(status: &Status) -> String {
    let word = status.migration.state.word();
    let pausing = status.migration.pausing && status.migration.state == State::Running;
    if pausing { "pausing".into() } else { word.into() }
}

fn rows(status: &Status) -> String {
    let share = status.share().filter(|_| status.rows.exact);
    let share = share.map(|share| format!(" ({})", percent(share))).unwrap_or_default();
    let about = if status.rows.exact { "" } else { "about " };
    let (copied, source) = (count(status.rows.copied), count(status.rows.source));
    let mut words = format!("{copied} of {about}{source} copied{}{share}", status.rest());
    if let Some(rate) = status.pace.rows_per_s {
        let _ = write!(words, ", {} rows/s", short(rate));
    }
    if let Some(eta) = status.pace.eta_s {
        let _ = write!(words, ", {} left", range(eta));
    }
    words
}

fn log(rows: &status::Rows) -> String {
    let mut words = format!("{} rows, {}", count(rows.log_pending), bytes(rows.log_bytes));
    if let Some(oldest) = rows.log_oldest_s {
        let _ = write!(words, ", the oldest {} old", span(oldest));
    }
    words
}

fn owner(status: &Status) -> String {
    let Some(owner) = &status.owner else {
        return "nobody; `quarterdeck run` takes it over where it stands".into();
    };
    let alive = if owner.alive { "alive" } else { "gone" };
    format!("{} pid {} since {}, {alive}", owner.host, owner.pid, to_the_second(owner.since))
}

fn verified(status: &Status) -> String {
    match (status.verification.verified_at, status.verification.running) {
        (_, Some((done, all))) => format!("reading: {} of {} rows", count(done), count(all)),
        (Some(at), None) => format!("{}, {}", to_the_second(at), ago(at, status.at)),
        (None, None) => "not yet".into(),
    }
}

fn held(state: SignalState) -> &'static str {
    match state {
        SignalState::Ok => "ok",
        SignalState::Slow => "slowed",
        SignalState::Stop => "stopped",
        SignalState::Stale => "stale",
    }
}

/// A table with names on the left and figures on the right.
fn periods(periods: &[PeriodStatus]) -> String {
    let head = ["period", "partition", "source", "target", "state", "differs"].map(str::to_owned);
    let rows = periods.iter().map(|period| {
        [
            harmless(&period.title).into_owned(),
            harmless(&period.leaf).into_owned(),
            count(period.source_rows),
            count(period.target_rows),
            period.state.word().to_owned(),
            period.diffs.map(count).unwrap_or_default(),
        ]
    });
    let table: Vec<_> = std::iter::once(head).chain(rows).collect();
    let widest: [usize; 6] =
        std::array::from_fn(|column| table.iter().map(|row| width(&row[column])).max().unwrap_or(0));
    let mut text = String::new();
    for row in &table {
        let cells: Vec<_> = row.iter().zip(widest).enumerate().map(cell).collect();
        let _ = writeln!(text, "  {}", cells.join("  ").trim_end());
    }
    text
}

/// Columns 2, 3 and 5 are figures, aligned to the right.
fn cell((column, (text, columns)): (usize, (&String, usize))) -> String {
    if matches!(column, 2 | 3 | 5) {
        format!("{}{text}", pad("", columns - width(text)))
    } else {
        pad(text, columns)
    }
}
