//! Replay: what changed meanwhile, batch by batch. Dequeue, delete those keys, insert the current rows.
//!
//! One REPEATABLE READ transaction a batch: the log rows that are deleted are exactly those that were selected
//! (never `seq <= n`, TRAPS 6; never SKIP LOCKED, TRAPS 47), and the rows inserted are those of the same
//! snapshot. Delete, then insert, without ON CONFLICT (TRAPS 50). Keys travel as text, which the pinned
//! session settings make exact for every type.
//!
//! [`forward`] goes from the source into sealed leaves of the twin; [`reverse`] from the swapped table into
//! the old one, by the old key.

pub mod forward;
pub mod reverse;

use std::collections::BTreeSet;

use tokio_postgres::{error::SqlState, types::ToSql};

use crate::{
    error::{Error, Result},
    model::{
        ident::literal,
        period::bound,
        scheme::{Leaf, Scheme},
    },
    pg::Tx,
};

/// Log rows a batch takes at most.
pub const BATCH: i64 = 4_000;
/// What a batch takes after a secondary unique key clashed: all of it, so that values that change places
/// arrive together (TRAPS 50).
pub const WHOLE_LOG: i64 = 1_000_000;

/// What one batch did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Log rows taken.
    pub log_rows: i64,
    /// Distinct keys among them.
    pub keys: i64,
    /// Keys of the old table that two rows share (only [`reverse`]).
    pub duplicates: Vec<String>,
}

/// Whether the same batch may simply be tried again, on a new snapshot: a writer that mirrors may have inserted the row
/// that the old one lacks.
pub fn is_passing(error: &Error) -> bool {
    matches!(
        error.sqlstate(),
        Some(
            &SqlState::T_R_SERIALIZATION_FAILURE
                | &SqlState::T_R_DEADLOCK_DETECTED
                | &SqlState::LOCK_NOT_AVAILABLE
                | &SqlState::UNIQUE_VIOLATION
        )
    )
}

/// Whether a unique value clashed, so that the whole log must go as one batch.
pub fn is_clash(error: &Error) -> bool {
    error.sqlstate() == Some(&SqlState::UNIQUE_VIOLATION)
}

/// SQL that says a log row's key lies in one of `leaves`; DEFAULT holds what no other leaf of `all` holds.
pub fn scope(leaves: &[Leaf], all: &[Leaf]) -> String {
    let within = |leaf: &Leaf| {
        let period = leaf.period?;
        Some(format!(
            "(part >= {} AND part < {})",
            literal(&bound(period.lower)),
            literal(&bound(period.upper))
        ))
    };
    let mut terms: Vec<String> = leaves.iter().filter_map(within).collect();
    if leaves.iter().any(|leaf| leaf.period.is_none()) {
        let others: Vec<String> = all.iter().filter_map(within).collect();
        terms.push(if others.is_empty() { "true".into() } else { format!("NOT ({})", others.join(" OR ")) });
    }
    if terms.is_empty() { "false".into() } else { terms.join(" OR ") }
}

/// Planner settings: the keys of a batch drive index lookups, whatever the statistics say. And little patience: while
/// writers mirror, a batch may wait for one of them, and others for the rows that it has written so far.
const SETTINGS: &str = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
                        SET LOCAL enable_seqscan = off; SET LOCAL synchronous_commit = off; \
                        SET LOCAL lock_timeout = '50ms'";

/// Takes log rows: as text, `(k1, …, part)` each.
async fn dequeue(tx: &Tx<'_>, scheme: &Scheme, scope: &str, limit: i64) -> Result<Vec<Vec<String>>> {
    let rows = tx.query_again("dequeue", &dequeue_sql(scheme, scope, None), &[&limit]).await?;
    let width = scheme.log_key().len();
    Ok(rows.iter().map(|row| (0..width).map(|i| row.get(i)).collect()).collect())
}

/// `also` is one more expression to return behind the key.
fn dequeue_sql(scheme: &Scheme, scope: &str, also: Option<&str>) -> String {
    let log = scheme.log();
    let mut returned: Vec<_> = scheme.log_key().iter().map(|k| format!("{k}::text")).collect();
    returned.extend(also.map(str::to_owned));
    format!(
        "DELETE FROM {log} WHERE seq = ANY (ARRAY(SELECT seq FROM {log} WHERE {scope} ORDER BY seq LIMIT $1)) \
         RETURNING {}",
        returned.join(", ")
    )
}

/// The first `width` columns of the keys, each key once.
fn distinct(taken: Vec<Vec<String>>, width: usize) -> BTreeSet<Vec<String>> {
    let cut = |mut key: Vec<String>| {
        key.truncate(width);
        key
    };
    taken.into_iter().map(cut).collect()
}

/// Keys as one text array a column.
fn columns(keys: &BTreeSet<Vec<String>>, width: usize) -> Vec<Vec<&str>> {
    (0..width).map(|i| keys.iter().map(|key| key[i].as_str()).collect()).collect()
}

fn bind<'a>(columns: &'a [Vec<&'a str>]) -> Vec<&'a (dyn ToSql + Sync)> {
    columns.iter().map(|column| column as _).collect()
}

/// `unnest($1::text[]::uuid[], …) AS b(k1, …)` for the first `names.len()` columns of the log's key.
fn unnest(scheme: &Scheme, names: &[String]) -> String {
    let logged = scheme.logged_columns();
    let arrays: Vec<_> = logged
        .iter()
        .take(names.len())
        .enumerate()
        .map(|(i, column)| format!("${}::text[]::{}[]", i + 1, column.type_sql))
        .collect();
    format!("unnest({}) AS b({})", arrays.join(", "), names.join(", "))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeZone, Utc};

    use super::*;
    use crate::model::{ident::Ident, period::Every};

    #[test]
    fn default_takes_what_no_leaf_holds() {
        let period = Every::Year.period_of(Utc.with_ymd_and_hms(2024, 5, 1, 0, 0, 0).unwrap());
        let leaf = Leaf { name: Ident::new("t_2024"), period };
        let default = Leaf { name: Ident::new("t_default"), period: None };
        let all = [leaf.clone(), default.clone()];
        assert_eq!(scope(&[], &all), "false");
        assert!(scope(&[leaf], &all).starts_with("(part >= '2024-01-01"));
        assert!(scope(&[default], &all).starts_with("NOT ((part >= '2024-01-01"));
    }

    #[test]
    fn keys_are_taken_once() {
        let key = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let both = distinct(vec![key("1", "x"), key("1", "x"), key("2", "y")], 2);
        assert_eq!(columns(&both, 2), [["1", "2"], ["x", "y"]]);
        assert_eq!(columns(&distinct(vec![key("1", "x"), key("1", "y")], 1), 1), [["1"]]);
    }
}
