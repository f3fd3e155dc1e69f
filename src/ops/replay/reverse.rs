//! Replay from the swapped table into the old one, by the old key, while the way back is open.
//!
//! The old table's key may be weaker than the new one's: two rows that share it are a finding that blocks
//! `reverse`. Nothing of theirs is overwritten: the old table keeps what it had.
//!
//! While the table with the name is being filled (`rename-first`) the old one has rows that the other has not yet: those
//! of which the log says nothing are neither deleted nor overwritten, and a new row of the same old key is such a
//! finding too. No chunk may be in hand meanwhile: the journal says which row was copied, the log which was touched.

use std::collections::BTreeSet;

use tokio_postgres::error::SqlState;

use crate::{
    error::{Error, Result},
    model::{ident::literal, plan::Statement, scheme::Scheme, template::fill, triggers},
    ops::replay::{Replayed, SETTINGS, all, bind, columns, dequeue, dequeue_sql, distinct, unnest},
    pg::{Fence, Session, Tx, in_order, session::Params},
};

/// What of the old table may be overwritten.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// Every row: the other table has it.
    Copied,
    /// What the other table has, or had; the rest is still to be copied.
    BeingCopied,
}

/// Replays one batch of at most `limit` log rows.
pub async fn batch(
    session: &mut Session,
    fence: &Fence,
    scheme: &Scheme,
    past: Past,
    limit: i64,
) -> Result<Replayed> {
    let tx = session.begin_repeatable_read().await?;
    let settings = settings(scheme);
    let entered = fence.enter_with(&tx, &settings);
    let ((), taken) = in_order(entered, dequeue(&tx, scheme, limit)).await?;
    if taken.is_empty() {
        tx.rollback().await?;
        return Ok(Replayed::default());
    }
    let log_rows = i64::try_from(taken.len()).unwrap_or(i64::MAX);
    let width = old_key(scheme).len();
    let to_come = match past {
        Past::Copied => BTreeSet::new(),
        Past::BeingCopied => to_come(&tx, scheme, &taken).await?,
    };
    let batch = distinct(taken, width);
    let keys = columns(&batch, width);
    let mut shared = shared(&tx, scheme, &bind(&keys), Rows::Several).await?;
    if !to_come.is_empty() {
        let keys = columns(&to_come, width);
        shared.extend(self::shared(&tx, scheme, &bind(&keys), Rows::Any).await?);
    }
    let words = |keys: &BTreeSet<Vec<String>>| keys.iter().map(|key| key.join(", ")).collect::<Vec<_>>();
    let duplicates = words(&shared);
    journal_shared(&tx, scheme, &words(&batch), &duplicates).await?;
    let may_be_written = |key: &&Vec<String>| !shared.contains(*key) && !to_come.contains(*key);
    let single: BTreeSet<_> = batch.iter().filter(may_be_written).cloned().collect();
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
pub fn statements(scheme: &Scheme, past: Past) -> Vec<Statement> {
    let statement = |label: &str, sql: String| Statement { label: label.into(), sql };
    let mut all = vec![
        statement("replay settings", settings(scheme)),
        statement("dequeue", dequeue_sql(scheme, &all(), None)),
    ];
    if past == Past::BeingCopied {
        all.push(statement("find rows to come", to_come_sql(scheme)));
    }
    all.extend([
        statement("find shared keys", shared_sql(scheme, Rows::Several)),
        statement("delete old keys", delete_sql(scheme)),
        statement("insert old rows", insert_sql(scheme)),
    ]);
    all
}

/// Old keys of the batch whose row in the old table is still to be copied: it lies in no chunk that is done, the other table
/// has no such row, and it is not touched, that is neither in the batch nor in the rest of the log.
async fn to_come(tx: &Tx<'_>, scheme: &Scheme, taken: &[Vec<String>]) -> Result<BTreeSet<Vec<String>>> {
    let width = scheme.log_key().len();
    let touched: BTreeSet<_> = taken.iter().cloned().collect();
    let keys = columns(&touched, width);
    let rows = tx.query_again("find rows to come", &to_come_sql(scheme), &bind(&keys)).await?;
    let key = |row: &tokio_postgres::Row| (0..old_key(scheme).len()).map(|i| row.get(i)).collect();
    Ok(rows.iter().map(key).collect())
}

fn to_come_sql(scheme: &Scheme) -> String {
    const SQL: &str = include_str!("../../../assets/sql/rows_to_come.sql");
    let text: Vec<_> = old_key(scheme).iter().map(|k| format!("b.{k}::text")).collect();
    fill(
        SQL.trim_end(),
        &[
            ("key", &text.join(", ")),
            ("batch", &unnest(scheme, &scheme.log_key())),
            ("old", &scheme.old().to_string()),
            ("same_old_key", &matches(scheme, "b", "o")),
            ("migration", &literal(&scheme.id.to_string())),
            ("owner", &scheme.source().to_string()),
            ("same_row", &scheme.row_seek("n", "o")),
            ("log", &scheme.log().to_string()),
            ("logged", &scheme.log_seek("l", "o")),
            ("taken", &scheme.log_match("t", "o")),
        ],
    )
}

/// The guard on the old table lets a transaction pass that names its migration.
fn settings(scheme: &Scheme) -> String {
    format!("{SETTINGS}; {}", triggers::pass(scheme))
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

/// How many rows of the partitioned table make a key a shared one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rows {
    /// One, since the old table has another.
    Any,
    /// Two.
    Several,
}

/// Keys of this batch that more than one row of the partitioned table has, as text.
fn shared_sql(scheme: &Scheme, rows: Rows) -> String {
    let least = match rows {
        Rows::Any => 1,
        Rows::Several => 2,
    };
    let names = old_key(scheme);
    let text: Vec<_> = names.iter().map(|k| format!("b.{k}::text")).collect();
    let key: Vec<_> = names.iter().map(|k| format!("b.{k}")).collect();
    format!(
        "SELECT {} FROM {} JOIN {} n ON {} GROUP BY {} HAVING count(*) >= {least}",
        text.join(", "),
        unnest(scheme, &names),
        scheme.source(),
        matches(scheme, "b", "n"),
        key.join(", ")
    )
}

async fn shared(
    tx: &Tx<'_>,
    scheme: &Scheme,
    params: Params<'_>,
    rows: Rows,
) -> Result<BTreeSet<Vec<String>>> {
    let width = params.len();
    let rows = tx.query_again("find shared keys", &shared_sql(scheme, rows), params).await?;
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
        "DELETE FROM {} o USING {} WHERE {}",
        scheme.table.rows_of(&scheme.old()),
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
