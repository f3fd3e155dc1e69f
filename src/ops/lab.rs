//! The ids lab: scratch tables of one kind of id each, filled with the same rows, measured by EXPLAIN ANALYZE.
//!
//! Everything lies in the schema `quarterdeck_lab`, which says of itself that it is scratch; it is removed at the end, and
//! before the beginning where an earlier lab was killed.

use serde_json::Value;

use crate::{
    error::{Error, Result},
    model::{
        ident::literal,
        lab::{Cost, Kind},
        template::fill,
    },
    pg::{Session, alone},
};

const SCHEMA: &str = "quarterdeck_lab";
/// What the schema says of itself.
const SCRATCH: &str = "Quarterdeck: scratch of `quarterdeck ids lab`";
/// The newest rows that are counted are one of so many.
const NEWEST: i64 = 100;
/// Bytes of an index entry beside its key: header and line pointer (`IndexTupleData`, `ItemIdData`).
const ENTRY: f64 = 12.0;
const PAGE: f64 = 8_192.0;

/// Makes the schema and the rows that all kinds share.
pub async fn prepare(session: &Session, rows: u32) -> Result<()> {
    const SOURCE: &str = include_str!("../../assets/sql/lab_source.sql");
    alone(session, SCHEMA, &format!("schema {SCHEMA}")).await?;
    clear(session).await?;
    let schema = format!("CREATE SCHEMA {SCHEMA}; COMMENT ON SCHEMA {SCHEMA} IS {}", literal(SCRATCH));
    session.batch("make scratch schema", &schema).await?;
    session.batch("make scratch rows", &fill(SOURCE, &[("rows", &rows.to_string())])).await
}

/// Removes the scratch schema, and no other one of its name.
pub async fn clear(session: &Session) -> Result<()> {
    const SQL: &str =
        "SELECT coalesce(obj_description(oid, 'pg_namespace'), '') FROM pg_namespace WHERE nspname = $1";
    match session.query_opt("look for scratch schema", SQL, &[&SCHEMA]).await? {
        None => Ok(()),
        Some(row) if row.get::<_, &str>(0) == SCRATCH => {
            session.batch("drop scratch schema", &format!("DROP SCHEMA {SCHEMA} CASCADE")).await
        }
        Some(_) => Err(Error::Refused {
            id: "QD-153",
            object: format!("schema {SCHEMA}"),
            reason: "it is there, and is not scratch of ours".into(),
            remedy: "rename it: the lab makes a schema of that name, and drops it".into(),
        }),
    }
}

/// Fills a table with ids of one kind, in `checkpoints + 1` statements with a checkpoint between each two, and measures.
pub async fn measure(session: &Session, kind: Kind, (rows, checkpoints): (u32, u32)) -> Result<Cost> {
    let (column, type_sql) = kind.column();
    let table = format!("{SCHEMA}.{column}_rows");
    let make = format!(
        "DROP TABLE IF EXISTS {table}; CREATE TABLE {table} (id {type_sql} PRIMARY KEY, created_at timestamptz NOT NULL, body text)"
    );
    session.batch("make scratch table", &make).await?;
    let (mut insert_ms, mut wal_bytes, mut full_pages) = (0.0, 0, 0);
    for part in 0..=checkpoints {
        if part > 0 {
            session.batch("checkpoint", "CHECKPOINT").await?;
        }
        let share = |part: u32| u64::from(rows) * u64::from(part) / u64::from(checkpoints + 1);
        let insert = format!(
            "EXPLAIN (ANALYZE, WAL, TIMING OFF, FORMAT JSON) INSERT INTO {table} \
             SELECT {column}, created_at, body FROM {SCHEMA}.source WHERE n > {} AND n <= {}",
            share(part),
            share(part + 1)
        );
        let done = explained(session, &insert).await?;
        insert_ms += done.ms;
        wal_bytes += done.sum("WAL Bytes");
        full_pages += done.sum("WAL FPI");
    }
    session.batch("analyze scratch table", &format!("VACUUM (ANALYZE) {table}")).await?;
    let pages = format!("SELECT pg_relation_size('{table}_pkey'), pg_relation_size('{table}')");
    let index_bytes: i64 = session.query_one("measure scratch index", &pages, &[]).await?.get(0);
    let lookup = explained(session, &lookup(&table, column)).await?;
    let newest = explained(session, &newest(&table, kind, rows)).await?;
    let width = if type_sql == "uuid" { 16.0 } else { 8.0 };
    Ok(Cost {
        kind,
        insert_ms,
        wal_bytes,
        full_pages,
        index_bytes,
        #[expect(clippy::cast_precision_loss, reason = "a share for people")]
        density: f64::from(rows) * (width + ENTRY) / (index_bytes as f64 - PAGE).max(PAGE),
        lookup_ms: lookup.ms,
        newest_ms: newest.ms,
        newest_pages: newest.first("Shared Hit Blocks") + newest.first("Shared Read Blocks"),
    })
}

fn lookup(table: &str, column: &str) -> String {
    format!(
        "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT count(found.body) \
         FROM (SELECT {column} AS id FROM {SCHEMA}.wanted) AS wanted \
         JOIN LATERAL (SELECT body FROM {table} WHERE id = wanted.id OFFSET 0) AS found ON true"
    )
}

/// By the id, where ids follow time; else by the time, for which there is no index.
fn newest(table: &str, kind: Kind, rows: u32) -> String {
    let (column, _) = kind.column();
    let first = i64::from(rows) - i64::from(rows) / NEWEST;
    let of = |what: &str| format!("(SELECT {what} FROM {SCHEMA}.source WHERE n = {first})");
    let condition = if kind.is_ordered() {
        format!("id > {}", of(column))
    } else {
        format!("created_at > {}", of("created_at"))
    };
    format!(
        "EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) SELECT count(body) FROM {table} WHERE {condition}"
    )
}

/// What EXPLAIN ANALYZE said.
struct Explained {
    ms: f64,
    plan: Value,
}

async fn explained(session: &Session, sql: &str) -> Result<Explained> {
    let said: Value = session.query_one("measure", sql, &[]).await?.get(0);
    let (plan, ms) = (said[0]["Plan"].clone(), said[0]["Execution Time"].as_f64());
    let ms = ms.ok_or_else(|| Error::Bug(format!("EXPLAIN says no time: {said}")))?;
    Ok(Explained { ms, plan })
}

impl Explained {
    /// A figure of the whole plan.
    fn sum(&self, name: &str) -> i64 {
        self.plan[name].as_i64().unwrap_or(0)
    }

    /// A figure of the node that reads the table: an InitPlan's are in those of the nodes above it.
    fn first(&self, name: &str) -> i64 {
        let of_init: i64 = self.plan["Plans"]
            .as_array()
            .into_iter()
            .flatten()
            .filter(|node| node["Parent Relationship"] == "InitPlan")
            .filter_map(|node| node[name].as_i64())
            .sum();
        self.sum(name) - of_init
    }
}
