//! Commands from other processes, events for them: rows that are written in short transactions of their own.

use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use crate::{error::Result, pg::Session};

/// A command row.
#[derive(Clone, Debug, PartialEq)]
pub struct CommandRow {
    /// Its number.
    pub id: i64,
    /// `engine::command::Asked` as JSON.
    pub asked: Value,
    /// When the owner took it on.
    pub accepted_at: Option<DateTime<Utc>>,
    /// When it was done or refused.
    pub finished_at: Option<DateTime<Utc>>,
    /// Why it was refused or failed: `error::Report` as JSON.
    pub error: Option<Value>,
}

/// Writes a command for the owner; its number.
pub async fn send(session: &Session, id: Uuid, asked: &Value) -> Result<i64> {
    const SQL: &str = "INSERT INTO quarterdeck.command (migration_id, asked) VALUES ($1, $2) RETURNING id";
    Ok(session.query_one("send command", SQL, &[&id, &asked]).await?.get(0))
}

/// Commands that no owner has taken on.
pub async fn unread(session: &Session, id: Uuid) -> Result<Vec<CommandRow>> {
    const SQL: &str = "SELECT id, asked, accepted_at, finished_at, error FROM quarterdeck.command \
                       WHERE migration_id = $1 AND accepted_at IS NULL AND finished_at IS NULL ORDER BY id";
    Ok(session.query_again("read commands", SQL, &[&id]).await?.iter().map(command_row).collect())
}

/// One command, for the one who waits for its answer.
pub async fn command(session: &Session, command: i64) -> Result<CommandRow> {
    const SQL: &str =
        "SELECT id, asked, accepted_at, finished_at, error FROM quarterdeck.command WHERE id = $1";
    Ok(command_row(&session.query_one("read command", SQL, &[&command]).await?))
}

fn command_row(row: &tokio_postgres::Row) -> CommandRow {
    CommandRow {
        id: row.get(0),
        asked: row.get(1),
        accepted_at: row.get(2),
        finished_at: row.get(3),
        error: row.get(4),
    }
}

/// The owner takes a command on.
pub async fn accept(session: &Session, command: i64) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.command SET accepted_at = now() WHERE id = $1";
    session.execute("accept command", SQL, &[&command]).await.map(drop)
}

/// A command is done, or refused with an error.
pub async fn finish(session: &Session, command: i64, error: Option<&Value>) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.command SET accepted_at = coalesce(accepted_at, now()), \
                       finished_at = now(), error = $2 WHERE id = $1 AND finished_at IS NULL";
    session.execute("finish command", SQL, &[&command, &error]).await.map(drop)
}

/// Withdraws a command that nobody has taken on; `false` where somebody has.
pub async fn withdraw(session: &Session, command: i64) -> Result<bool> {
    const SQL: &str = "DELETE FROM quarterdeck.command WHERE id = $1 AND accepted_at IS NULL";
    Ok(session.execute("withdraw command", SQL, &[&command]).await? == 1)
}

/// Appends an event, if the epoch still holds; its number, or `None` when it does not.
pub async fn record(
    session: &Session,
    id: Uuid,
    epoch: i64,
    at: DateTime<Utc>,
    body: &Value,
) -> Result<Option<i64>> {
    const SQL: &str = include_str!("../../../assets/sql/record_event.sql");
    let row = session.query_opt_again("record event", SQL, &[&id, &epoch, &at, &body]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// An event's number, its time, and `engine::event::Body` as JSON.
pub type EventRow = (i64, DateTime<Utc>, Value);

/// Events after number `after`, oldest first, at most `limit`.
pub async fn events(session: &Session, id: Uuid, after: i64, limit: i64) -> Result<Vec<EventRow>> {
    const SQL: &str = "SELECT seq, at, body FROM quarterdeck.event WHERE migration_id = $1 AND seq > $2 ORDER BY seq LIMIT $3";
    let rows = session.query_again("read events", SQL, &[&id, &after, &limit]).await?;
    Ok(rows.iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect())
}

/// The newest events, oldest first, at most `limit`, and how many there are.
pub async fn newest_events(session: &Session, id: Uuid, limit: i64) -> Result<(Vec<EventRow>, i64)> {
    const SQL: &str = "SELECT seq, at, body, (SELECT count(*) FROM quarterdeck.event WHERE migration_id = $1) \
                       FROM quarterdeck.event WHERE migration_id = $1 ORDER BY seq DESC LIMIT $2";
    let rows = session.query_again("read newest events", SQL, &[&id, &limit]).await?;
    let of = rows.first().map_or(0, |row| row.get(3));
    Ok((rows.iter().rev().map(|row| (row.get(0), row.get(1), row.get(2))).collect(), of))
}

/// The number of the newest event.
pub async fn newest_event(session: &Session, id: Uuid) -> Result<i64> {
    const SQL: &str = "SELECT coalesce(max(seq), 0) FROM quarterdeck.event WHERE migration_id = $1";
    Ok(session.query_one("read newest event", SQL, &[&id]).await?.get(0))
}

/// Writes the owner's live figures for other processes, if the epoch still holds.
pub async fn broadcast(session: &Session, id: Uuid, epoch: i64, live: &impl serde::Serialize) -> Result<()> {
    const SQL: &str =
        "UPDATE quarterdeck.owner SET live = $3, live_at = now() WHERE migration_id = $1 AND epoch = $2";
    let json = serde_json::to_value(live).map_err(|e| crate::error::Error::Bug(e.to_string()))?;
    session.execute_again("broadcast", SQL, &[&id, &epoch, &json]).await.map(drop)
}
