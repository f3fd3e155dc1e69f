//! Sessions that hold up the swap: who they are, and the end of one that the operator names.

use crate::{
    error::{Error, Result},
    model::{blocker::Blocker, references, scheme::Scheme},
    pg::Session,
};

/// The longest open first, 20 at most.
pub async fn list(session: &Session, scheme: &Scheme) -> Result<Vec<Blocker>> {
    const SQL: &str = include_str!("../../assets/sql/held_up.sql");
    let mut tables = vec![scheme.source().to_string(), scheme.twin().to_string(), scheme.old().to_string()];
    tables.extend(references::referenced_tables(scheme).iter().map(ToString::to_string));
    let rows = session.query_again("read blockers", SQL, &[&tables]).await?;
    let blocker = |row: &tokio_postgres::Row| Blocker {
        pid: row.get(0),
        who: row.get(1),
        state: row.get(2),
        since: row.get(3),
        query: row.get(4),
        holds: row.get(5),
    };
    Ok(rows.iter().map(blocker).collect())
}

/// Cancels the statement of a session of [`list`], or ends the session where it is between two statements. Which, is said.
pub async fn end(session: &Session, scheme: &Scheme, pid: i32) -> Result<&'static str> {
    let gone = || Error::Refused {
        id: "QD-096",
        object: format!("pid {pid}"),
        reason: "it holds up nothing of this migration, or may not be seen by this role".into(),
        remedy: "`quarterdeck blockers` lists those that do; the list changes from second to second".into(),
    };
    let blocker = list(session, scheme).await?.into_iter().find(|one| one.pid == pid).ok_or_else(gone)?;
    let act = if blocker.is_idle() { "pg_terminate_backend" } else { "pg_cancel_backend" };
    // Process numbers come again: only for the same transaction that was looked at.
    let sql = format!("SELECT {act}(pid) FROM pg_stat_activity WHERE pid = $1 AND xact_start = $2");
    let done = session.query_opt("end blocker", &sql, &[&pid, &blocker.since]).await?;
    match done.map(|row| row.get::<_, bool>(0)) {
        Some(true) => Ok(blocker.remedy()),
        Some(false) | None => Err(gone()),
    }
}
