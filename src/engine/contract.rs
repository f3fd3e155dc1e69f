//! A migration as JSON, as `quarterdeck status` and `quarterdeck report` print it and the console writes it: a contract that scripts
//! rely on, keys as in the README. Only data: how it becomes text is a face's.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use crate::{
    engine::{
        event::Event,
        report::Happened,
        status::{Condition, Diff, Owner, PeriodStatus, Signal, Status},
    },
    model::{
        calendar::Zone,
        phase::{LeafState, Phase, State},
    },
};

/// One migration as the contract has it.
#[derive(Debug, Serialize)]
pub struct Object<'a> {
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
    pub fn of(status: &'a Status) -> Self {
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

/// The record of a migration: the object of `status --json`, with conditions, differing rows and all events.
#[derive(Debug, Serialize)]
pub struct Record<'a> {
    #[serde(flatten)]
    status: Object<'a>,
    swapped_at: Option<String>,
    conditions: &'a [Condition],
    diffs: &'a [Diff],
    duplicate_keys: &'a [String],
    /// How many the journal has before these: only where the console writes a record that it does not have whole.
    #[serde(skip_serializing_if = "Option::is_none")]
    older_events: Option<i64>,
    events: Vec<&'a Event>,
}

impl<'a> Record<'a> {
    /// Of a picture and what led to it.
    pub fn of(status: &'a Status, happened: Happened<'a>) -> Self {
        Self {
            status: Object::of(status),
            swapped_at: status.migration.swapped_at.map(|at| at.to_rfc3339()),
            conditions: &status.readiness.conditions,
            diffs: &status.verification.diffs,
            duplicate_keys: &status.verification.duplicate_keys,
            older_events: older(happened.older),
            events: happened.events,
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

/// How many events are left out, where some are.
pub fn older(events: i64) -> Option<i64> {
    (events > 0).then_some(events)
}

/// A moment as the contract writes it.
pub fn rfc3339(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
