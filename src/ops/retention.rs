//! Deletion in small batches: the oldest rows first, what others have locked is passed over, and nothing is read twice.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::{
    error::{Error, Result},
    model::{ident::QualifiedName, retention::Rule, table::Oid},
    pg::{Session, Tx},
};

/// A row's commit may take so long that a batch gives up; it is tried again with fewer rows.
const BATCH_WITHIN: Duration = Duration::from_secs(10);

/// Tables that hold rows: the table, or the leaves of a partitioned one.
pub async fn heaps(session: &Session, table: Oid) -> Result<Vec<(QualifiedName, Oid)>> {
    const SQL: &str = "SELECT n.nspname::text, c.relname::text, c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                       WHERE c.relkind = 'r' AND (c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_tree($1::oid) WHERE isleaf)) ORDER BY 1, 2";
    let rows = session.query("read heaps", SQL, &[&table]).await?;
    Ok(rows
        .iter()
        .map(|row| (QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)), row.get(2)))
        .collect())
}

/// Foreign keys by which other rows would go, or change, with those of the table.
pub async fn cascades(session: &Session, table: Oid) -> Result<Vec<String>> {
    const SQL: &str = "SELECT con.conname || ' of ' || con.conrelid::regclass || CASE con.confdeltype WHEN 'c' THEN ' (ON DELETE CASCADE)' WHEN 'n' THEN ' (ON DELETE SET NULL)' \
                       ELSE ' (ON DELETE SET DEFAULT)' END FROM pg_constraint con \
                       WHERE con.confrelid = $1 AND con.contype = 'f' AND con.confdeltype IN ('c', 'n', 'd') AND con.conparentid = 0 ORDER BY 1";
    Ok(session.query("read cascades", SQL, &[&table]).await?.iter().map(|row| row.get(0)).collect())
}

/// Rows, by the statistics.
pub async fn estimate(session: &Session, table: Oid) -> Result<i64> {
    const SQL: &str = "SELECT coalesce(sum(greatest(c.reltuples, 0)), 0)::bigint FROM pg_class c \
                       WHERE c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_tree($1::oid) WHERE isleaf)";
    Ok(session.query_one("estimate rows", SQL, &[&table]).await?.get(0))
}

/// Rows that match, and the oldest one's time.
pub async fn count(
    session: &Session,
    table: &QualifiedName,
    rule: &Rule,
    before: DateTime<Utc>,
) -> Result<(i64, Option<DateTime<Utc>>)> {
    let by = &rule.by;
    let sql = format!(
        "SELECT count(*), min({by}::timestamptz) FILTER (WHERE isfinite({by})) FROM {table} WHERE {}",
        rule.matches()
    );
    let row = session.query_one("count rows", &sql, &[&before]).await?;
    Ok((row.get(0), row.get(1)))
}

/// Whether a row that nobody has processed matches the condition.
pub async fn takes_unprocessed(
    session: &Session,
    table: &QualifiedName,
    rule: &Rule,
    before: DateTime<Utc>,
) -> Result<bool> {
    let Some(condition) = rule.matches_unprocessed() else { return Ok(false) };
    let sql = format!("SELECT EXISTS (SELECT FROM {table} WHERE {condition})");
    Ok(session.query_one("look for unprocessed rows", &sql, &[&before]).await?.get(0))
}

/// The index by which a batch of a heap is found; `None` where the heap is read from its beginning.
pub async fn index(session: &Session, heap: &QualifiedName, rule: &Rule) -> Result<Option<String>> {
    let condition = rule.matches().replace("$1", "now()");
    let sql = format!(
        "EXPLAIN (FORMAT JSON, COSTS OFF) SELECT ctid FROM ONLY {heap} WHERE {condition} ORDER BY {} LIMIT 500",
        rule.by
    );
    let row = session.query_one("plan a batch", &sql, &[]).await?;
    let plan: Value = row.try_get(0).map_err(Error::db("plan a batch"))?;
    Ok(index_of(&plan[0]["Plan"]))
}

fn index_of(node: &Value) -> Option<String> {
    let own = node["Index Name"].as_str().map(str::to_owned);
    own.or_else(|| node["Plans"].as_array().into_iter().flatten().find_map(index_of))
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Rows that were found, and that nobody else had locked.
    pub found: i64,
    /// Rows that were deleted: fewer where a trigger keeps some.
    pub deleted: i64,
    /// The time of the youngest of them: the next batch begins there.
    pub reached: Option<DateTime<Utc>>,
}

/// Deletes up to `most` rows of a heap, the oldest from `from` on.
pub async fn delete(
    tx: &Tx<'_>,
    heap: &QualifiedName,
    rule: &Rule,
    (from, before): (Option<DateTime<Utc>>, DateTime<Utc>),
    most: u32,
) -> Result<Batch> {
    let by = &rule.by;
    let sql = format!(
        "WITH doomed AS MATERIALIZED ( \
             SELECT ctid, {by}::timestamptz AS at FROM ONLY {heap} WHERE {} AND ($2::timestamptz IS NULL OR {by} >= $2::timestamptz) ORDER BY {by} LIMIT {most} FOR UPDATE SKIP LOCKED \
         ), gone AS (DELETE FROM ONLY {heap} WHERE ctid = ANY (ARRAY(SELECT ctid FROM doomed)) RETURNING 1) \
         SELECT (SELECT count(*) FROM doomed), (SELECT count(*) FROM gone), (SELECT max(at) FROM doomed WHERE isfinite(at))",
        rule.matches()
    );
    tx.batch("limit batch", &format!("SET LOCAL statement_timeout = {}", BATCH_WITHIN.as_millis())).await?;
    let row = tx.query_one("delete batch", &sql, &[&before, &from]).await?;
    Ok(Batch { found: row.get(0), deleted: row.get(1), reached: row.get(2) })
}

/// Vacuums a heap, if nobody else does now.
pub async fn vacuum(session: &Session, heap: (&QualifiedName, Oid)) -> Result<bool> {
    const BUSY: &str = "SELECT EXISTS (SELECT FROM pg_stat_progress_vacuum WHERE relid = $1)";
    if session.query_one("look for vacuum", BUSY, &[&heap.1]).await?.get(0) {
        return Ok(false);
    }
    session.batch("vacuum", &format!("VACUUM (SKIP_LOCKED) {}", heap.0)).await?;
    Ok(true)
}
