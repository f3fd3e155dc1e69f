//! Replay from the swapped table into the old one, by the old key, while the way back is open.
//!
//! The old table's key may be weaker than the new one's: two rows that share it are a finding that blocks
//! `reverse`. Nothing of theirs is overwritten: the old table keeps what it had.

use std::collections::BTreeSet;

use tokio_postgres::error::SqlState;

use crate::{
    error::{Error, Result},
    model::{ident::literal, plan::Statement, scheme::Scheme},
    ops::replay::{Replayed, SETTINGS, all, bind, columns, dequeue, dequeue_sql, distinct, unnest},
    pg::{Fence, Session, Tx, session::Params},
};

/// Replays one batch of at most `limit` log rows.
pub async fn batch(session: &mut Session, fence: &Fence, scheme: &Scheme, limit: i64) -> Result<Replayed> {
    let tx = session.begin_repeatable_read().await?;
    let settings = settings(scheme);
    let entered = fence.enter_with(&tx, &settings);
    let ((), taken) = tokio::try_join!(biased; entered, dequeue(&tx, scheme, limit))?;
    if taken.is_empty() {
        tx.rollback().await?;
        return Ok(Replayed::default());
    }
    let log_rows = i64::try_from(taken.len()).unwrap_or(i64::MAX);
    let width = old_key(scheme).len();
    let batch = distinct(taken, width);
    let keys = columns(&batch, width);
    let shared = shared(&tx, scheme, &bind(&keys)).await?;
    let words = |keys: &BTreeSet<Vec<String>>| keys.iter().map(|key| key.join(", ")).collect::<Vec<_>>();
    let duplicates = words(&shared);
    journal_shared(&tx, scheme, &words(&batch), &duplicates).await?;
    let single: BTreeSet<_> = batch.difference(&shared).cloned().collect();
    let single = columns(&single, width);
    tx.execute_again("delete old keys", &delete_sql(scheme), &bind(&single)).await?;
    tx.execute_again("insert old rows", &insert_sql(scheme), &bind(&single)).await?;
    tx.commit("commit reverse replay").await?;
    Ok(Replayed { log_rows, keys: i64::try_from(batch.len()).unwrap_or(i64::MAX), duplicates })
}

/// A referenced row that went away after our snapshot: its own delete is in the log behind us; try again.
pub fn is_passing(error: &Error) -> bool {
    error.sqlstate() == Some(&SqlState::FOREIGN_KEY_VIOLATION) || super::is_passing(error)
}

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    vec![
        Statement { label: "replay settings".into(), sql: settings(scheme) },
        Statement { label: "dequeue".into(), sql: dequeue_sql(scheme, &all(), None) },
        Statement { label: "find shared keys".into(), sql: shared_sql(scheme) },
        Statement { label: "delete old keys".into(), sql: delete_sql(scheme) },
        Statement { label: "insert old rows".into(), sql: insert_sql(scheme) },
    ]
}

/// The guard on the old table lets a transaction pass that names its migration.
fn settings(scheme: &Scheme) -> String {
    format!("{SETTINGS}; SET LOCAL quarterdeck.pass = {}", literal(&scheme.id.to_string()))
}

fn old_key(scheme: &Scheme) -> Vec<String> {
    let mut key = scheme.log_key();
    key.pop();
    key
}

fn matches(scheme: &Scheme, keys: &str, row: &str) -> String {
    let pairs = old_key(scheme).into_iter().zip(scheme.key());
    let terms: Vec<_> =
        pairs.map(|(logged, column)| format!("{keys}.{logged} = {row}.{}", column.name)).collect();
    terms.join(" AND ")
}

/// Keys of this batch that more than one row of the partitioned table has, as text.
fn shared_sql(scheme: &Scheme) -> String {
    let names = old_key(scheme);
    let text: Vec<_> = names.iter().map(|k| format!("b.{k}::text")).collect();
    let key: Vec<_> = names.iter().map(|k| format!("b.{k}")).collect();
    format!(
        "SELECT {} FROM {} JOIN {} n ON {} GROUP BY {} HAVING count(*) > 1",
        text.join(", "),
        unnest(scheme, &names),
        scheme.source(),
        matches(scheme, "b", "n"),
        key.join(", ")
    )
}

async fn shared(tx: &Tx<'_>, scheme: &Scheme, params: Params<'_>) -> Result<BTreeSet<Vec<String>>> {
    let width = params.len();
    let rows = tx.query_again("find shared keys", &shared_sql(scheme), params).await?;
    Ok(rows.iter().map(|row| (0..width).map(|i| row.get(i)).collect()).collect())
}

/// Journals the shared keys of this batch and forgets those that are single again.
async fn journal_shared(tx: &Tx<'_>, scheme: &Scheme, batch: &[String], shared: &[String]) -> Result<()> {
    const FORGET: &str = "DELETE FROM quarterdeck.duplicate_key WHERE migration_id = $1 AND key = ANY ($2)";
    const NOTE: &str =
        "INSERT INTO quarterdeck.duplicate_key (migration_id, key) SELECT $1, unnest($2::text[])";
    tx.execute_again("forget shared keys", FORGET, &[&scheme.id, &batch]).await?;
    if !shared.is_empty() {
        tx.execute("journal shared keys", NOTE, &[&scheme.id, &shared]).await?;
    }
    Ok(())
}

fn delete_sql(scheme: &Scheme) -> String {
    format!(
        "DELETE FROM ONLY {} o USING {} WHERE {}",
        scheme.old(),
        unnest(scheme, &old_key(scheme)),
        matches(scheme, "b", "o")
    )
}

/// Each row once: keys may be equal and not the same, as 1.0 and 1.00 are (TRAPS 50).
fn insert_sql(scheme: &Scheme) -> String {
    format!(
        "INSERT INTO {} ({}) SELECT DISTINCT ON (n.tableoid, n.ctid) {} FROM {} JOIN {} n ON {}",
        scheme.old(),
        scheme.column_list(""),
        scheme.column_list("n."),
        unnest(scheme, &old_key(scheme)),
        scheme.source(),
        matches(scheme, "b", "n")
    )
}
