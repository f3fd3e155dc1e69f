//! Figures about the log and the leaves for the console, which are read and never acted on; and the server's clock.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use tokio_postgres::{Row, error::SqlState};

use crate::{
    error::Result,
    model::{ident::QualifiedName, scheme::Leaf, scheme::Scheme},
    pg::Session,
};

/// The log at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LogFigures {
    /// Rows.
    pub rows: i64,
    /// Rows that could be replayed now.
    pub replayable: i64,
    /// Bytes, indexes included.
    pub bytes: i64,
    /// Age of the oldest row in seconds.
    pub oldest_s: Option<f64>,
}

/// The server's clock.
pub async fn now(session: &Session) -> Result<DateTime<Utc>> {
    Ok(session.query_one("read the clock", "SELECT clock_timestamp()", &[]).await?.get(0))
}

/// Counts the log exactly; zero where it does not exist. `scope` as in [`log_has`] is what could be replayed.
pub async fn log(session: &Session, scheme: &Scheme, scope: &[String]) -> Result<LogFigures> {
    if !exists(session, &scheme.log()).await? {
        return Ok(LogFigures::default());
    }
    let log = scheme.log();
    let replayable = if scope.is_empty() { "false".to_owned() } else { scope.join(" OR ") };
    let sql = format!(
        "SELECT count(*), pg_total_relation_size({}::regclass), \
         extract(epoch FROM clock_timestamp() - min(at))::float8, count(*) FILTER (WHERE {replayable}) FROM {log}",
        crate::model::ident::literal(&log.to_string())
    );
    let row = match session.query_one_again("measure log", &sql, &[]).await {
        // Dropped since we looked: the migration has ended.
        Err(error) if error.sqlstate() == Some(&SqlState::UNDEFINED_TABLE) => {
            return Ok(LogFigures::default());
        }
        row => row?,
    };
    Ok(LogFigures { rows: row.get(0), bytes: row.get(1), oldest_s: row.get(2), replayable: row.get(3) })
}

/// Heap and index bytes of every leaf that exists; of one that somebody has locked, as they were looked at last.
pub async fn leaves(
    session: &Session,
    scheme: &Scheme,
    leaves: &[Leaf],
) -> Result<BTreeMap<String, (i64, i64)>> {
    const SQL: &str = include_str!("../../assets/sql/leaf_sizes.sql");
    let names: Vec<&str> = leaves.iter().map(|leaf| leaf.name.as_str()).collect();
    let rows =
        session.query_again("measure leaves", SQL, &[&scheme.source().schema.to_string(), &names]).await?;
    // One that is being dropped is in the catalogue's snapshot still, and has no size.
    let sized = |row: &Row| {
        let (heap, indexes): (Option<i64>, Option<i64>) = (row.get(1), row.get(2));
        Some((row.get(0), (heap?, indexes?)))
    };
    Ok(rows.iter().filter_map(sized).collect())
}

/// Whether a relation exists.
pub async fn exists(session: &Session, name: &QualifiedName) -> Result<bool> {
    let row = session
        .query_one_again("find relation", "SELECT to_regclass($1) IS NOT NULL", &[&name.to_string()])
        .await?;
    Ok(row.get(0))
}

/// Whether the log holds a row in `scope`, conditions on `part`, each of one unbroken range; by a plain read. The order
/// leads through the log's index: the heap of a queue may be large and hold next to nothing.
pub async fn log_has(session: &Session, scheme: &Scheme, scope: &[String]) -> Result<bool> {
    let (log, order) = (scheme.log(), scheme.log_index().join(", "));
    let each = |range: &String| format!("(SELECT FROM {log} WHERE {range} ORDER BY {order} LIMIT 1)");
    let ranges: Vec<_> = scope.iter().map(each).collect();
    if ranges.is_empty() {
        return Ok(false);
    }
    Ok(!session.query_again("look at log", &ranges.join(" UNION ALL "), &[]).await?.is_empty())
}
