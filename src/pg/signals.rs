//! What the signals that throttle are measured by: one look at the statistics views, and the operator's probe.

use std::time::Duration;

use serde::Deserialize;

use crate::{
    error::{Error, Result},
    model::{table::Oid, template::fill},
    pg::Session,
};

/// One look at the server (chapter "Monitoring Database Activity" of the manual).
#[derive(Clone, Debug, Deserialize)]
pub struct Figures {
    /// Where WAL is written, in bytes from its beginning.
    pub wal: i64,
    /// Requested checkpoints so far.
    pub checkpoints: i64,
    /// Whether this role sees what others' sessions do, and where standbys are.
    pub sees_others: bool,
    /// Others' sessions that run a statement.
    pub active: u64,
    /// Others' sessions that wait for a lock on the table, its twin, a partition, or a row of them.
    pub waiting: u64,
    /// The oldest transaction that holds back VACUUM.
    pub oldest: Option<Oldest>,
    /// Who receives WAL.
    pub standbys: Vec<Standby>,
    /// The replication slot that keeps the most WAL.
    pub slot: Option<Slot>,
}

/// The tables whose locks are watched.
#[derive(Clone, Debug)]
pub struct Watched {
    /// The table's OID.
    pub oid: Oid,
    /// Its name and its twin's, as SQL.
    pub names: [String; 2],
}

/// A transaction.
#[derive(Clone, Debug, Deserialize)]
pub struct Oldest {
    /// Whose.
    pub of: String,
    /// Its age in milliseconds.
    pub ms: u64,
}

/// A receiver of WAL.
#[derive(Clone, Debug, Deserialize)]
pub struct Standby {
    /// What it calls itself.
    pub of: String,
    /// Up to where it has replayed, or at least received; `None` where this role may not see it.
    pub lsn: Option<i64>,
}

/// A replication slot.
#[derive(Clone, Debug, Deserialize)]
pub struct Slot {
    /// Its name.
    pub of: String,
    /// Bytes of WAL kept for it.
    pub bytes: i64,
}

/// How long a probe may take.
pub const PROBE: Duration = Duration::from_secs(1);

/// The first version that counts checkpoints in a view of their own.
const CHECKPOINTER: i32 = 170_000;

/// The statement of [`read`] for a server.
pub async fn statement(session: &Session) -> Result<String> {
    const SQL: &str = include_str!("../../assets/sql/measure_signals.sql");
    const VERSION: &str = "SELECT current_setting('server_version_num')::int";
    let version: i32 = session.query_one("read server version", VERSION, &[]).await?.get(0);
    let checkpoints = if version < CHECKPOINTER {
        "(SELECT checkpoints_req FROM pg_stat_bgwriter)"
    } else {
        "(SELECT num_requested FROM pg_stat_checkpointer)"
    };
    Ok(fill(SQL, &[("checkpoints", checkpoints)]))
}

/// Looks once, with the [`statement`].
pub async fn read(session: &Session, statement: &str, of: &Watched) -> Result<Figures> {
    let [source, twin] = &of.names;
    let row = session.query_one_again("measure signals", statement, &[&of.oid, source, twin]).await?;
    serde_json::from_value(row.get(0)).map_err(|error| Error::Bug(format!("figures of signals: {error}")))
}

/// Asks the operator's probe, in a read-only transaction: the text in its first column.
pub async fn probe(session: &mut Session, sql: &str) -> Result<String> {
    let unfit = |reason: &str| Error::Usage {
        reason: format!("the probe {reason}"),
        remedy: "let it answer one row whose first column is the text ok, slow or stop".into(),
    };
    let tx = session.begin_snapshot().await?;
    tx.batch("limit probe", &format!("SET LOCAL statement_timeout = {}", PROBE.as_millis())).await?;
    let row = tx.query_opt("probe", sql, &[]).await?;
    let row = row.ok_or_else(|| unfit("answered no row"))?;
    let answer = row.try_get::<_, Option<String>>(0);
    tx.rollback().await?;
    answer.ok().flatten().ok_or_else(|| unfit("did not answer text"))
}
