//! The journal's rows as data.

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    model::{
        chunk::ChunkId,
        phase::{LeafState, Phase},
        scheme::{Leaf, Scheme},
        throttle::Limits,
    },
    model::{ident::Ident, period::Period},
    pg::Session,
};

/// A migration's row.
#[derive(Clone, Debug, PartialEq)]
pub struct MigrationRow {
    /// What is being built.
    pub scheme: Scheme,
    /// The earliest unfinished step.
    pub phase: Phase,
    /// Of table, leaves and triggers, when they were last known good.
    pub fingerprint: String,
    /// Who paused it, and when; `None` while it is not paused.
    pub paused: Option<String>,
    /// The error that stopped it and is not mended.
    pub last_error: Option<String>,
    /// The step whose COMMIT got no answer.
    pub unknown: Option<String>,
    /// Copying workers.
    pub workers: i32,
    /// When the plan was journalled.
    pub created_at: DateTime<Utc>,
    /// When the last clean pass of the verifier ended.
    pub verified_at: Option<DateTime<Utc>>,
    /// When the names were exchanged.
    pub swapped_at: Option<DateTime<Utc>>,
    /// Limits of the signals.
    pub limits: Limits,
}

/// A leaf's row.
#[derive(Clone, Debug, PartialEq)]
pub struct LeafRow {
    /// Name and period.
    pub leaf: Leaf,
    /// Its state.
    pub state: LeafState,
    /// Rows the census counted for it.
    pub counted: i64,
    /// Rows the last verification found on the source's side and in it.
    pub found: Option<(i64, i64)>,
    /// Higher is copied earlier.
    pub priority: i32,
    /// Differing rows the last verification found.
    pub diffs: Option<i64>,
    /// When it was last verified.
    pub verified_at: Option<DateTime<Utc>>,
}

/// A chunk's row.
#[derive(Clone, Debug, PartialEq)]
pub struct ChunkRow {
    /// Its number.
    pub id: ChunkId,
    /// Address of the first block ([`crate::model::chunk`]).
    pub first_block: i64,
    /// Address of the block after the last.
    pub end_block: i64,
    /// `(lower bound of the period, rows)`; `None` until counted.
    pub counts: Option<Vec<(DateTime<Utc>, i64)>>,
    /// Rows copied per period, in the order of `counts`.
    pub copied: Vec<i64>,
    /// Copied.
    pub done: bool,
    /// Attempts so far.
    pub attempts: i32,
    /// Milliseconds the last one took.
    pub took_ms: Option<i64>,
}

/// The owner's row, with whether its session still holds the ownership lock.
#[derive(Clone, Debug, PartialEq)]
pub struct OwnerRow {
    /// Its number.
    pub epoch: i64,
    /// Its host.
    pub host: String,
    /// Its process id.
    pub pid: i64,
    /// Since when.
    pub since: DateTime<Utc>,
    /// Whether its session holds the ownership lock now.
    pub alive: bool,
    /// The live part of its status, if it wrote one lately.
    pub live: Option<serde_json::Value>,
}

const MIGRATION: &str = "SELECT scheme::text, phase, fingerprint, paused, last_error, unknown, workers, \
                         created_at, verified_at, swapped_at, \
                         coalesce(to_jsonb(migration) -> 'limits', '[]') FROM quarterdeck.migration";

/// One migration.
pub async fn migration(session: &Session, id: Uuid) -> Result<MigrationRow> {
    let row =
        session.query_one_again("read migration", &format!("{MIGRATION} WHERE id = $1"), &[&id]).await?;
    migration_row(&row)
}

/// Every migration, newest first.
pub async fn migrations(session: &Session) -> Result<Vec<MigrationRow>> {
    let sql = format!("{MIGRATION} ORDER BY created_at DESC, id DESC");
    session.query("read migrations", &sql, &[]).await?.iter().map(migration_row).collect()
}

fn migration_row(row: &Row) -> Result<MigrationRow> {
    let scheme =
        serde_json::from_str(row.get(0)).map_err(|e| Error::Bug(format!("the journal's scheme: {e}")))?;
    let phase = row.get::<_, &str>(1).parse().map_err(Error::Bug)?;
    Ok(MigrationRow {
        scheme,
        phase,
        fingerprint: row.get(2),
        paused: row.get(3),
        last_error: row.get(4),
        unknown: row.get(5),
        workers: row.get(6),
        created_at: row.get(7),
        verified_at: row.get(8),
        swapped_at: row.get(9),
        limits: serde_json::from_value::<Vec<_>>(row.get(10))
            .map(|settings| Limits::from_settings(&settings))
            .map_err(|e| Error::Bug(format!("the journal's limits: {e}")))?,
    })
}

/// A migration's leaves, oldest period first, DEFAULT last.
pub async fn leaves(session: &Session, id: Uuid) -> Result<Vec<LeafRow>> {
    const SQL: &str = "SELECT name, lower, upper, state, counted, source_rows, target_rows, priority, diffs, \
                       verified_at FROM quarterdeck.leaf WHERE migration_id = $1 ORDER BY lower NULLS LAST";
    session.query_again("read leaves", SQL, &[&id]).await?.iter().map(leaf_row).collect()
}

fn leaf_row(row: &Row) -> Result<LeafRow> {
    let bounds: (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = (row.get(1), row.get(2));
    let period = match bounds {
        (Some(lower), Some(upper)) => Some(Period { lower, upper }),
        (None, _) | (_, None) => None,
    };
    Ok(LeafRow {
        leaf: Leaf { name: Ident::new(row.get::<_, String>(0)), period },
        state: row.get::<_, &str>(3).parse().map_err(Error::Bug)?,
        counted: row.get(4),
        found: row.get::<_, Option<i64>>(5).zip(row.get(6)),
        priority: row.get(7),
        diffs: row.get(8),
        verified_at: row.get(9),
    })
}

/// A migration's chunks in heap order.
pub async fn chunks(session: &Session, id: Uuid) -> Result<Vec<ChunkRow>> {
    const SQL: &str = "SELECT id, first_block, end_block, lowers, counts, copied, done, attempts, took_ms \
                       FROM quarterdeck.chunk WHERE migration_id = $1 ORDER BY id";
    Ok(session.query_again("read chunks", SQL, &[&id]).await?.iter().map(chunk_row).collect())
}

fn chunk_row(row: &Row) -> ChunkRow {
    let lowers: Option<Vec<DateTime<Utc>>> = row.get(3);
    let counts: Option<Vec<i64>> = row.get(4);
    ChunkRow {
        id: row.get(0),
        first_block: row.get(1),
        end_block: row.get(2),
        counts: lowers.zip(counts).map(|(lowers, counts)| lowers.into_iter().zip(counts).collect()),
        copied: row.get::<_, Option<Vec<i64>>>(5).unwrap_or_default(),
        done: row.get(6),
        attempts: row.get(7),
        took_ms: row.get(8),
    }
}

/// The owner, alive or not; `None` before the first one.
pub async fn owner(session: &Session, id: Uuid) -> Result<Option<OwnerRow>> {
    const SQL: &str = include_str!("../../../assets/sql/read_owner.sql");
    let row = session.query_opt_again("read owner", SQL, &[&id, &crate::pg::owner::lock_key(id)]).await?;
    Ok(row.map(|row| OwnerRow {
        epoch: row.get(0),
        host: row.get(1),
        pid: row.get(2),
        since: row.get(3),
        alive: row.get(4),
        live: row.get(5),
    }))
}

/// The differing rows of the last verification, as JSON.
pub async fn diffs(session: &Session, id: Uuid) -> Result<Vec<serde_json::Value>> {
    const SQL: &str = "SELECT body FROM quarterdeck.diff WHERE migration_id = $1 ORDER BY n";
    Ok(session.query_again("read diffs", SQL, &[&id]).await?.iter().map(|row| row.get(0)).collect())
}

/// Keys that block `reverse`.
pub async fn duplicate_keys(session: &Session, id: Uuid) -> Result<Vec<String>> {
    const SQL: &str =
        "SELECT key FROM quarterdeck.duplicate_key WHERE migration_id = $1 ORDER BY key LIMIT 100";
    Ok(session.query_again("read duplicate keys", SQL, &[&id]).await?.iter().map(|row| row.get(0)).collect())
}
