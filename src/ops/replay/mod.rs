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

use chrono::{DateTime, Utc};
use tokio_postgres::{error::SqlState, types::ToSql};

use crate::{
    error::{Error, Result},
    model::{
        clock::Clock,
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

/// Which log rows' keys lie in one of `leaves`: conditions on `part`, each of one unbroken range, so that each is one
/// look into the log's index. DEFAULT holds what no other leaf of `all` holds; between those there are no gaps.
pub fn scope(clock: Clock, leaves: &[Leaf], all: &[Leaf]) -> Vec<String> {
    let mut ranges: Vec<_> =
        leaves.iter().filter_map(|leaf| leaf.period).map(|p| (Some(p.lower), Some(p.upper))).collect();
    if leaves.iter().any(|leaf| leaf.period.is_none()) {
        let bounds = || all.iter().filter_map(|leaf| leaf.period).flat_map(|p| [p.lower, p.upper]);
        ranges.push((None, bounds().min()));
        ranges.extend(bounds().max().map(|last| (Some(last), None)));
    }
    ranges.sort_unstable();
    ranges.dedup_by(|next, range| {
        let adjoins = next.0 == range.1;
        if adjoins {
            range.1 = next.1;
        }
        adjoins
    });
    ranges.into_iter().map(|(lower, upper)| within(clock, lower, upper)).collect()
}

fn within(clock: Clock, lower: Option<DateTime<Utc>>, upper: Option<DateTime<Utc>>) -> String {
    let term = |sign: &str, time: Option<DateTime<Utc>>| {
        time.map(|time| format!("part {sign} {}", clock.bound(time)))
    };
    let terms: Vec<_> = term(">=", lower).into_iter().chain(term("<", upper)).collect();
    if terms.is_empty() { "true".into() } else { terms.join(" AND ") }
}

/// Planner settings: the keys of a batch drive index lookups, whatever the statistics say. And little patience: while
/// writers mirror, a batch may wait for one of them, and others for the rows that it has written so far.
const SETTINGS: &str = "SET LOCAL enable_hashjoin = off; SET LOCAL enable_mergejoin = off; \
                        SET LOCAL enable_seqscan = off; SET LOCAL synchronous_commit = off; \
                        SET LOCAL lock_timeout = '50ms'";

/// Takes log rows: as text, `(k1, …, part)` each.
async fn dequeue(tx: &Tx<'_>, scheme: &Scheme, limit: i64) -> Result<Vec<Vec<String>>> {
    let rows = tx.query_again("dequeue", &dequeue_sql(scheme, &all(), None), &[&limit]).await?;
    let width = scheme.log_key().len();
    Ok(rows.iter().map(|row| (0..width).map(|i| row.get(i)).collect()).collect())
}

/// Takes rows in the order of their keys, by the log's index: a key that was logged again and again comes once, a
/// batch is of few leaves, and what may not be taken yet is not read. `also` is one more expression to return.
fn dequeue_sql(scheme: &Scheme, scope: &[String], also: Option<&str>) -> String {
    let log = scheme.log();
    let mut returned: Vec<_> = scheme.log_key().iter().map(|k| format!("{k}::text")).collect();
    returned.extend(also.map(str::to_owned));
    let order = scheme.log_index().join(", ");
    let each = |range: &String| format!("(SELECT seq FROM {log} WHERE {range} ORDER BY {order} LIMIT $1)");
    let ranges: Vec<_> = scope.iter().map(each).collect();
    format!(
        "DELETE FROM {log} WHERE seq = ANY (ARRAY(SELECT seq FROM ({}) AS first LIMIT $1)) RETURNING {}",
        ranges.join(" UNION ALL "),
        returned.join(", ")
    )
}

/// The scope of the whole log.
pub fn all() -> Vec<String> {
    vec!["true".into()]
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
    use chrono::TimeZone;

    use super::*;
    use crate::model::{ident::Ident, period::Every};

    #[test]
    fn leaves_that_adjoin_are_one_range_and_default_takes_what_no_leaf_holds() {
        let leaf = |month| {
            let period = Every::Month.period_of(Utc.with_ymd_and_hms(2024, month, 5, 0, 0, 0).unwrap());
            Leaf { name: Ident::new(format!("t_{month}")), period }
        };
        let mut leaves: Vec<_> = (1..=4).map(leaf).collect();
        leaves.push(Leaf { name: Ident::new("t_default"), period: None });
        let scope = |which: &[usize]| {
            let which: Vec<_> = which.iter().map(|at| leaves[*at].clone()).collect();
            scope(Clock::Timestamptz, &which, &leaves)
                .iter()
                .map(|range| range.replace("-01 00:00:00.000000+00:00", ""))
                .collect::<Vec<_>>()
        };
        assert_eq!(scope(&[]), [""; 0]);
        assert_eq!(
            scope(&[0, 2, 3]),
            ["part >= '2024-01' AND part < '2024-02'", "part >= '2024-03' AND part < '2024-05'"]
        );
        assert_eq!(scope(&[4]), ["part < '2024-01'", "part >= '2024-05'"]);
        assert_eq!(scope(&[3, 4]), ["part < '2024-01'", "part >= '2024-04'"]);
        assert_eq!(scope(&[0, 1, 2, 3, 4]), ["true"]);
        assert_eq!(super::scope(Clock::Date, &leaves[4..], &leaves[4..]), ["true"]);
    }

    #[test]
    fn keys_are_taken_once() {
        let key = |a: &str, b: &str| vec![a.to_owned(), b.to_owned()];
        let both = distinct(vec![key("1", "x"), key("1", "x"), key("2", "y")], 2);
        assert_eq!(columns(&both, 2), [["1", "2"], ["x", "y"]]);
        assert_eq!(columns(&distinct(vec![key("1", "x"), key("1", "y")], 1), 1), [["1"]]);
    }
}
