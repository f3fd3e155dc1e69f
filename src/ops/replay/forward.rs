//! Replay from the source into the twin's leaves, before the swap.
//!
//! Each key goes straight to its leaf: through the parent a DELETE would lock every leaf, unsealed ones too, and
//! the planner would scan those, having no index there.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};
use futures_util::future::join_all;
use tokio_postgres::error::SqlState;

use crate::{
    error::{Error, Result},
    model::{
        clock::Clock,
        ident::QualifiedName,
        plan::Statement,
        scheme::{Leaf, Scheme},
    },
    ops::replay::{Replayed, SETTINGS, bind, columns, dequeue_sql, unnest},
    pg::{Fence, Session, Tx, in_order},
};

/// What a batch may take.
#[derive(Clone, Copy, Debug)]
pub struct Scope<'a> {
    /// Whose keys lie in a sealed leaf, as [`super::scope`] says it.
    pub ranges: &'a [String],
    /// All leaves, oldest period first, DEFAULT last.
    pub leaves: &'a [Leaf],
}

/// Keys of one leaf.
type Keys = BTreeSet<Vec<String>>;

/// Replays one batch of at most `limit` log rows whose keys lie in `scope`, which must not be empty.
pub async fn batch(
    session: &mut Session,
    fence: &Fence,
    scheme: &Scheme,
    scope: Scope<'_>,
    limit: i64,
) -> Result<Replayed> {
    let tx = session.begin_repeatable_read().await?;
    let entered = fence.enter_with(&tx, SETTINGS);
    let ((), (log_rows, by_leaf)) = in_order(entered, dequeue(&tx, scheme, scope, limit)).await?;
    if log_rows == 0 {
        tx.rollback().await?;
        return Ok(Replayed::default());
    }
    let applied = by_leaf.iter().map(|(leaf, keys)| apply(&tx, scheme, leaf, keys));
    cause(join_all(applied).await)?;
    tx.commit("commit replay").await?;
    let keys: usize = by_leaf.values().map(BTreeSet::len).sum();
    Ok(Replayed { log_rows, keys: i64::try_from(keys).unwrap_or(i64::MAX), duplicates: Vec::new() })
}

/// Replaces one leaf's rows of these keys. Both statements are sent at once; the server runs them in order.
async fn apply(tx: &Tx<'_>, scheme: &Scheme, leaf: &QualifiedName, keys: &Keys) -> Result<()> {
    let keys = columns(keys, scheme.log_key().len());
    let (delete, insert) = (delete_sql(scheme, leaf), insert_sql(scheme, leaf));
    let params = bind(&keys);
    // Held here: were one of them to be prepared anew, it would go out behind the other.
    let delete = tx.prepare("delete keys", &delete).await?;
    let insert = tx.prepare("insert rows", &insert).await?;
    let deleted = tx.execute_prepared("delete keys", &delete, &params);
    let inserted = tx.execute_prepared("insert rows", &insert, &params);
    in_order(deleted, inserted).await.map(drop)
}

/// The first error that is one of its own: what was sent behind it fails only because the transaction has.
fn cause(results: Vec<Result<()>>) -> Result<()> {
    let mut first = Ok(());
    for result in results {
        let own = |e: &Error| e.sqlstate() != Some(&SqlState::IN_FAILED_SQL_TRANSACTION);
        match result {
            Err(error) if own(&error) => return Err(error),
            Err(error) if first.is_ok() => first = Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    first
}

/// Takes log rows; distinct keys by leaf.
async fn dequeue(
    tx: &Tx<'_>,
    scheme: &Scheme,
    scope: Scope<'_>,
    limit: i64,
) -> Result<(i64, BTreeMap<QualifiedName, Keys>)> {
    let bounds = bounds(scope.leaves);
    let sql = dequeue_sql(scheme, scope.ranges, Some(&bucket_sql(scheme.clock, &bounds)));
    let width = scheme.log_key().len();
    let mut by_leaf: BTreeMap<QualifiedName, Keys> = BTreeMap::new();
    let rows = tx.query_again("dequeue", &sql, &[&limit]).await?;
    for row in &rows {
        let leaf = leaf_of(scope.leaves, &bounds, row.get(width))?;
        let key = (0..width).map(|i| row.get(i)).collect();
        by_leaf.entry(scheme.leaf(leaf)).or_default().insert(key);
    }
    Ok((i64::try_from(rows.len()).unwrap_or(i64::MAX), by_leaf))
}

/// The lower bounds in order, and the upper bound of the last period: periods have no gaps between them.
fn bounds(leaves: &[Leaf]) -> Vec<DateTime<Utc>> {
    let periods = leaves.iter().filter_map(|leaf| leaf.period);
    let last = periods.clone().next_back().map(|period| period.upper);
    periods.map(|period| period.lower).chain(last).collect()
}

fn bucket_sql(clock: Clock, bounds: &[DateTime<Utc>]) -> String {
    format!("width_bucket(part, {})", clock.bounds(bounds.iter().copied()))
}

/// Bucket 0 lies before the first bound, bucket `bounds.len()` from the last one on: both are DEFAULT's.
fn leaf_of<'a>(leaves: &'a [Leaf], bounds: &[DateTime<Utc>], bucket: i32) -> Result<&'a Leaf> {
    let at = usize::try_from(bucket).ok().filter(|at| (1..bounds.len()).contains(at));
    let leaf = match at {
        Some(at) => leaves.iter().filter(|leaf| leaf.period.is_some()).nth(at - 1),
        None => leaves.iter().find(|leaf| leaf.period.is_none()),
    };
    leaf.ok_or_else(|| Error::Bug("a key was taken that lies in no leaf".into()))
}

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    let leaf = scheme.twin().sibling(crate::model::ident::Ident::new("<the key's leaf>"));
    vec![
        Statement { label: "replay settings".into(), sql: SETTINGS.into() },
        Statement {
            label: "dequeue".into(),
            sql: dequeue_sql(scheme, &["<the key lies in a sealed leaf>".into()], None),
        },
        Statement { label: "delete keys".into(), sql: delete_sql(scheme, &leaf) },
        Statement { label: "insert rows".into(), sql: insert_sql(scheme, &leaf) },
    ]
}

fn delete_sql(scheme: &Scheme, leaf: &QualifiedName) -> String {
    format!(
        "DELETE FROM ONLY {leaf} t USING {} WHERE {}",
        unnest(scheme, &scheme.log_key()),
        scheme.log_seek("b", "t")
    )
}

/// Each row once: keys may be equal and not the same, as 1.0 and 1.00 are (TRAPS 50).
fn insert_sql(scheme: &Scheme, leaf: &QualifiedName) -> String {
    format!(
        "INSERT INTO {leaf} ({}) SELECT DISTINCT ON (s.tableoid, s.ctid) {} FROM {} JOIN {} s ON {}",
        scheme.column_list(""),
        scheme.column_list("s."),
        unnest(scheme, &scheme.log_key()),
        scheme.table.rows_of(scheme.source()),
        scheme.log_seek("b", "s")
    )
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::model::{ident::Ident, period::Every};

    #[test]
    fn each_bucket_has_its_leaf() {
        let period = |month| Every::Quarter.period_of(Utc.with_ymd_and_hms(2024, month, 1, 0, 0, 0).unwrap());
        let leaf = |name: &str, period| Leaf { name: Ident::new(name), period };
        let leaves = [leaf("q1", period(1)), leaf("q2", period(4)), leaf("default", None)];
        let bounds = bounds(&leaves);
        assert_eq!(bounds.len(), 3);
        let named: Vec<_> =
            (0..=3).map(|n| leaf_of(&leaves, &bounds, n).unwrap().name.as_str().to_owned()).collect();
        assert_eq!(named, ["default", "q1", "q2", "default"]);
        assert!(leaf_of(&leaves[..2], &bounds, 3).is_err());
    }
}
