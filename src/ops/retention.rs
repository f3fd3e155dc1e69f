//! Deletion in small batches: the oldest rows first, what others have locked is passed over, and nothing is read twice.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;
use tokio_postgres::Row;

use crate::{
    error::{Error, Result},
    model::{
        ident::{QualifiedName, literal},
        retention::Rule,
        table::{Oid, Table},
    },
    pg::{Session, Tx, meaning::renamed},
};

/// A batch that takes longer is given up, and tried again with fewer rows.
const BATCH_WITHIN: Duration = Duration::from_secs(10);

/// A table that holds rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heap {
    /// Its name.
    pub name: QualifiedName,
    /// Its OID.
    pub oid: Oid,
    /// Its pages, by the statistics.
    pub blocks: i64,
    /// It is a foreign table.
    pub foreign: bool,
    /// What conditions call it: the table that somebody named.
    pub called: String,
}

impl Heap {
    /// Behind FROM.
    fn from(&self) -> String {
        format!("ONLY {} AS {}", self.name, self.called)
    }
}

/// The table itself, or the leaves of a partitioned one.
pub async fn heaps(session: &Session, table: &Table) -> Result<Vec<Heap>> {
    const SQL: &str = "SELECT n.nspname::text, c.relname::text, c.oid, greatest(c.relpages, pg_relation_size(c.oid) / current_setting('block_size')::int)::bigint, c.relkind = 'f' \
                       FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                       WHERE c.relkind IN ('r', 'f') AND (c.oid = $1 OR c.oid IN (SELECT relid FROM pg_partition_tree($1::oid) WHERE isleaf)) ORDER BY 1, 2";
    let rows = session.query("read heaps", SQL, &[&table.oid]).await?;
    let heap = |row: &Row| Heap {
        name: QualifiedName::new(row.get::<_, String>(0), row.get::<_, String>(1)),
        oid: row.get(2),
        blocks: row.get(3),
        foreign: row.get(4),
        called: table.name.name.to_string(),
    };
    Ok(rows.iter().map(heap).collect())
}

/// From here on statements mean what they mean to the application: names in the condition, and in triggers.
pub async fn as_application(session: &Session) -> Result<()> {
    const PATH: &str =
        "SELECT set_config('search_path', reset_val, false) FROM pg_settings WHERE name = 'search_path'";
    session.query_one("take the role's search path", PATH, &[]).await.map(|_| ())
}

/// Back to what statements of the tool mean.
pub async fn as_tool(session: &Session) -> Result<()> {
    session.batch("take the tool's search path", "SET search_path = pg_catalog").await
}

/// Whether the next transactions may change nothing: `on` or `off`.
pub async fn read_only(session: &Session, word: &str) -> Result<()> {
    session.batch("set read only", &format!("SET default_transaction_read_only = {word}")).await
}

/// Foreign keys by which other rows would go, or change, with those of the table; they may lead to a partition of it, or to
/// what it is a partition of.
pub async fn cascades(session: &Session, table: Oid) -> Result<Vec<String>> {
    const SQL: &str = include_str!("../../assets/sql/retain_cascades.sql");
    Ok(session.query("read cascades", SQL, &[&table]).await?.iter().map(|row| row.get(0)).collect())
}

/// Rows, by the statistics.
pub async fn estimate(session: &Session, heaps: &[Heap]) -> Result<i64> {
    const SQL: &str =
        "SELECT coalesce(sum(greatest(reltuples, 0)), 0)::bigint FROM pg_class WHERE oid = ANY ($1)";
    let oids: Vec<Oid> = heaps.iter().map(|heap| heap.oid).collect();
    Ok(session.query_one("estimate rows", SQL, &[&oids]).await?.get(0))
}

/// Rows of a heap that match, and the oldest one's time.
pub async fn count(
    session: &Session,
    heap: &Heap,
    rule: &Rule,
    before: DateTime<Utc>,
) -> Result<(i64, Option<DateTime<Utc>>)> {
    let by = &rule.by;
    let sql = format!(
        "SELECT count(*), min({by}::timestamptz) FILTER (WHERE isfinite({by})) FROM {} WHERE {}",
        heap.from(),
        rule.matches()
    );
    let row = session.query_one("count rows", &sql, &[&before]).await?;
    Ok((row.get(0), row.get(1)))
}

/// Whether a row that nobody has processed matches the condition.
pub async fn takes_unprocessed(
    session: &Session,
    heap: &Heap,
    rule: &Rule,
    before: DateTime<Utc>,
) -> Result<bool> {
    let Some(condition) = rule.matches_unprocessed() else { return Ok(false) };
    let sql = format!("SELECT EXISTS (SELECT FROM {} WHERE {condition})", heap.from());
    Ok(session.query_one("look for unprocessed rows", &sql, &[&before]).await?.get(0))
}

/// The index by which a batch of a heap is found, the oldest first; `None` where more of it is read than that.
pub async fn index(
    session: &Session,
    heap: &Heap,
    rule: &Rule,
    before: DateTime<Utc>,
) -> Result<Option<String>> {
    let sql = format!("EXPLAIN (FORMAT JSON, COSTS OFF) {}", select_sql(heap, rule, None, 500));
    let row = session.query_one("plan a batch", &sql, &[&before]).await?;
    let plan: Value = row.try_get(0).map_err(Error::db("plan a batch"))?;
    let plan = &plan[0]["Plan"];
    Ok(if is_sorted_whole(plan) { None } else { index_of(plan, &heap.name) })
}

/// Whether all that is found is sorted before the first row comes.
fn is_sorted_whole(node: &Value) -> bool {
    node["Node Type"] == "Sort" || node["Plans"].as_array().into_iter().flatten().any(is_sorted_whole)
}

/// The index of the heap itself: a condition may look into other tables, too.
fn index_of(node: &Value, heap: &QualifiedName) -> Option<String> {
    let its = node["Relation Name"].as_str() == Some(heap.name.as_str());
    let own = node["Index Name"].as_str().filter(|_| its).map(str::to_owned);
    own.or_else(|| node["Plans"].as_array().into_iter().flatten().find_map(|node| index_of(node, heap)))
}

/// The place of a row in the order in which rows go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    at: String,
    ctid: String,
}

/// Rows of a heap that match, the oldest first, behind a place. `$1` is the time before which they lie. Rows of one time come in
/// their index's order, which is that of their places (btree's, since PostgreSQL 13); to ask for it would sort all of that time.
/// Where another plan has them otherwise, some are passed over, and the next pass has them.
fn select_sql(heap: &Heap, rule: &Rule, behind: Option<&Place>, most: u32) -> String {
    let by = &rule.by;
    let behind = behind.map(|Place { at, ctid }| {
        let at = format!("{}::{}", literal(at), rule.by_type);
        format!(" AND {by} >= {at} AND ({by} > {at} OR {}.ctid > {}::tid)", heap.called, literal(ctid))
    });
    format!(
        "SELECT {called}.ctid, {by} AS at FROM {} WHERE {}{} ORDER BY {by} LIMIT {most}",
        heap.from(),
        rule.matches(),
        behind.unwrap_or_default(),
        called = heap.called
    )
}

/// What became of a batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Batch {
    /// Rows that were found, and that nobody else had locked.
    pub found: i64,
    /// Rows that were deleted: fewer where a trigger keeps some.
    pub deleted: i64,
    /// The last of them: the next batch begins behind it.
    pub reached: Option<Place>,
}

/// Deletes up to `most` rows of a heap, the oldest behind a place. Under the lock that this took, the heap's name must mean what it
/// meant at the look.
pub async fn delete(
    tx: &Tx<'_>,
    heap: &Heap,
    rule: &Rule,
    (behind, before): (Option<&Place>, DateTime<Utc>),
    most: u32,
) -> Result<Batch> {
    let sql = format!(
        "WITH doomed AS MATERIALIZED ({} FOR UPDATE SKIP LOCKED), \
              gone AS (DELETE FROM ONLY {} WHERE ctid = ANY (ARRAY(SELECT ctid FROM doomed)) RETURNING 1), \
              last AS (SELECT at::text AS at, ctid::text AS place FROM doomed ORDER BY doomed.at DESC, doomed.ctid DESC LIMIT 1) \
         SELECT (SELECT count(*) FROM doomed), (SELECT count(*) FROM gone), (SELECT at FROM last), (SELECT place FROM last), pg_catalog.to_regclass($2::text)::oid",
        select_sql(heap, rule, behind, most),
        heap.name
    );
    tx.batch("limit batch", &format!("SET LOCAL statement_timeout = {}", BATCH_WITHIN.as_millis())).await?;
    let row = tx.query_one("delete batch", &sql, &[&before, &heap.name.to_string()]).await?;
    if row.get::<_, Option<Oid>>(4) != Some(heap.oid) {
        return Err(renamed(&heap.name));
    }
    Ok(Batch { found: row.get(0), deleted: row.get(1), reached: place(&row, 2) })
}

/// The place of the row that would go next.
pub async fn next(
    session: &Session,
    heap: &Heap,
    rule: &Rule,
    (behind, before): (Option<&Place>, DateTime<Utc>),
) -> Result<Option<Place>> {
    let sql = format!("SELECT at::text, ctid::text FROM ({}) AS next", select_sql(heap, rule, behind, 1));
    Ok(session.query_opt("look for next row", &sql, &[&before]).await?.and_then(|row| place(&row, 0)))
}

fn place(row: &Row, at: usize) -> Option<Place> {
    Some(Place { at: row.get::<_, Option<String>>(at)?, ctid: row.get::<_, Option<String>>(at + 1)? })
}

/// Vacuums a heap, if this role may and nobody else does now.
pub async fn vacuum(session: &Session, heap: &Heap) -> Result<bool> {
    const MAY: &str = "SELECT pg_has_role(c.relowner, 'USAGE') AND NOT EXISTS (SELECT FROM pg_stat_progress_vacuum WHERE relid = c.oid) FROM pg_class c WHERE c.oid = $1";
    let may = session.query_opt("look for vacuum", MAY, &[&heap.oid]).await?;
    if !may.is_some_and(|row| row.get(0)) {
        return Ok(false);
    }
    session.batch("vacuum", &format!("VACUUM (SKIP_LOCKED) {}", heap.name)).await?;
    Ok(true)
}
