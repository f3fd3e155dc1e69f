//! `quarterdeck status`: the JSON of the contract, and the same for people.

use std::fmt::Write;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{json::pretty, pad};
use crate::{
    engine::status::{self, Owner, PeriodStatus, Signal, SignalState, Status},
    model::{
        calendar::Zone,
        figures::{ago, bytes, count, percent, range, short, span},
        phase::{LeafState, Phase, State},
    },
    tui::harmless::{harmless, width},
};

/// An array, one object a migration, keys as in the README.
pub fn json(statuses: &[Status]) -> String {
    pretty(&statuses.iter().map(Object::of).collect::<Vec<_>>())
}

/// One migration as the contract has it.
#[derive(Debug, Serialize)]
pub(super) struct Object<'a> {
    migration: Migration<'a>,
    owner: Option<OwnerObject<'a>>,
    rows: Rows,
    periods: Vec<Period<'a>>,
    throttle: &'a [Signal],
    rate_rows_per_s: Option<f64>,
    eta_s: Option<f64>,
    verified_at: Option<String>,
    last_error: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    readers_miss: Option<Missing>,
}

/// What readers miss while the table with the name is being filled.
#[derive(Debug, Serialize)]
struct Missing {
    rows: i64,
    words: String,
}

#[derive(Debug, Serialize)]
struct Migration<'a> {
    id: String,
    table: String,
    strategy: &'a str,
    phase: Phase,
    state: State,
    key: &'a str,
    every: &'static str,
    /// Only where it is not UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct OwnerObject<'a> {
    host: &'a str,
    pid: i64,
    since: String,
    alive: bool,
}

#[derive(Debug, Serialize)]
struct Rows {
    source: i64,
    copied: i64,
    log_pending: i64,
    log_bytes: i64,
    log_oldest_s: Option<f64>,
}

#[derive(Debug, Serialize)]
struct Period<'a> {
    name: &'a str,
    lower: Option<String>,
    upper: Option<String>,
    partition: &'a str,
    source_rows: i64,
    target_rows: i64,
    state: LeafState,
    diffs: Option<i64>,
}

impl<'a> Object<'a> {
    /// The contract's picture of a migration.
    pub(super) fn of(status: &'a Status) -> Self {
        let migration = &status.migration;
        let rows = &status.rows;
        Self {
            migration: Migration {
                id: migration.id.to_string(),
                table: migration.table.plain(),
                strategy: &migration.strategy,
                phase: migration.phase,
                state: migration.state,
                key: &migration.key,
                every: migration.every.word(),
                time_zone: Some(migration.zone).filter(|zone| *zone != Zone::UTC).map(Zone::name),
            },
            owner: status.owner.as_ref().map(OwnerObject::of),
            rows: Rows {
                source: rows.source,
                copied: rows.copied,
                log_pending: rows.log_pending,
                log_bytes: rows.log_bytes,
                log_oldest_s: rows.log_oldest_s,
            },
            periods: status.periods.iter().map(Period::of).collect(),
            throttle: &status.throttle,
            rate_rows_per_s: status.pace.rows_per_s,
            // The middle of the range that people see.
            eta_s: status.pace.eta_s.map(|(low, high)| f64::midpoint(low, high)),
            verified_at: status.verification.verified_at.map(rfc3339),
            last_error: status.last_error.as_deref(),
            readers_miss: status
                .missing()
                .zip(status.missing_words())
                .map(|(missing, words)| Missing { rows: missing.rows, words }),
        }
    }
}

impl<'a> OwnerObject<'a> {
    fn of(owner: &'a Owner) -> Self {
        let Owner { host, pid, since, alive, ours: _ } = owner;
        Self { host, pid: *pid, since: rfc3339(*since), alive: *alive }
    }
}

impl<'a> Period<'a> {
    fn of(period: &'a PeriodStatus) -> Self {
        Self {
            name: &period.title,
            lower: period.period.filter(|bounds| !bounds.is_open()).map(|bounds| rfc3339(bounds.lower)),
            upper: period.period.map(|bounds| rfc3339(bounds.upper)),
            partition: &period.leaf,
            source_rows: period.source_rows,
            target_rows: period.target_rows,
            state: period.state,
            diffs: period.diffs,
        }
    }
}

fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
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
