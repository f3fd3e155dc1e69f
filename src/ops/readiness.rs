//! What must hold before a swap or a reverse, green or red, each with the figure behind it. Reads only; what
//! the swap itself relies on it checks again under its locks.

use std::time::Instant;

use crate::{
    error::Result,
    model::{condition::Condition, scheme::Scheme},
    pg::{Session, measure},
};

/// A look at the log that takes longer means a bloated log (TRAPS 59).
const SLOW_LOOK_MS: u128 = 50;
/// So often it is looked at while it seems slow.
const LOOKS: u32 = 5;
/// Transactions older than this are shown as long.
const LONG_S: f64 = 5.0;

/// Looks at the log, at old snapshots and at prepared transactions.
pub async fn conditions(session: &Session, scheme: &Scheme) -> Result<Vec<Condition>> {
    let mut all = vec![log(session, scheme).await?];
    all.extend(around(session).await?);
    Ok(all)
}

/// Looks at old snapshots and at prepared transactions.
pub async fn around(session: &Session) -> Result<Vec<Condition>> {
    Ok(vec![snapshots(session).await?, prepared(session).await?])
}

async fn log(session: &Session, scheme: &Scheme) -> Result<Condition> {
    // A bloated log is slow every time, a busy machine now and then.
    let mut took = u128::MAX;
    for _ in 0..LOOKS {
        let began = Instant::now();
        measure::log_has(session, scheme, &["true".into()]).await?;
        took = took.min(began.elapsed().as_millis());
        if took < SLOW_LOOK_MS {
            break;
        }
    }
    let figures = measure::log(session, scheme, &[]).await?;
    let holds = took < SLOW_LOOK_MS;
    let detail =
        format!("{} keys to replay, {} kB; a look takes {took} ms", figures.rows, figures.bytes / 1024);
    Ok(Condition { name: "log".into(), holds, detail })
}

async fn snapshots(session: &Session) -> Result<Condition> {
    const SQL: &str = include_str!("../../assets/sql/oldest_snapshot.sql");
    let row = session.query_opt_again("oldest snapshot", SQL, &[]).await?;
    let name = "old snapshots".to_owned();
    let Some(row) = row else { return Ok(Condition { name, holds: true, detail: "none".into() }) };
    let (pid, state, age): (i32, Option<String>, f64) = (row.get(0), row.get(1), row.get(2));
    let state = state.unwrap_or_else(|| "background".into());
    Ok(Condition { name, holds: age < LONG_S, detail: format!("oldest: pid {pid}, {state}, {age:.1} s") })
}

async fn prepared(session: &Session) -> Result<Condition> {
    const SQL: &str =
        "SELECT gid FROM pg_prepared_xacts WHERE database = current_database() ORDER BY prepared LIMIT 1";
    let row = session.query_opt_again("prepared transactions", SQL, &[]).await?;
    let gid: Option<String> = row.map(|row| row.get(0));
    let detail = gid.as_ref().map_or_else(
        || "none".into(),
        |gid| format!("{gid} is waiting for COMMIT PREPARED or ROLLBACK PREPARED"),
    );
    Ok(Condition { name: "prepared transactions".into(), holds: gid.is_none(), detail })
}
