//! Replay from the source into the twin, before the swap.

use crate::{
    error::Result,
    model::{plan::Statement, scheme::Scheme},
    ops::replay::{Replayed, SETTINGS, bind, columns, dequeue, dequeue_sql, distinct, unnest},
    pg::{Fence, Session},
};

/// Replays one batch of at most `limit` log rows whose keys lie in `scope`.
pub async fn batch(
    session: &mut Session,
    fence: &Fence,
    scheme: &Scheme,
    scope: &str,
    limit: i64,
) -> Result<Replayed> {
    let tx = session.begin_repeatable_read().await?;
    fence.enter(&tx).await?;
    tx.batch("replay settings", SETTINGS).await?;
    let taken = dequeue(&tx, scheme, scope, limit).await?;
    if taken.is_empty() {
        tx.rollback().await?;
        return Ok(Replayed::default());
    }
    let log_rows = i64::try_from(taken.len()).unwrap_or(i64::MAX);
    let width = scheme.log_key().len();
    let batch = distinct(taken, width);
    let keys = columns(&batch, width);
    tx.execute("delete keys", &delete_sql(scheme), &bind(&keys)).await?;
    tx.execute("insert rows", &insert_sql(scheme), &bind(&keys)).await?;
    tx.commit("commit replay").await?;
    Ok(Replayed { log_rows, keys: i64::try_from(batch.len()).unwrap_or(i64::MAX), duplicates: Vec::new() })
}

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    vec![
        Statement { label: "replay settings".into(), sql: SETTINGS.into() },
        Statement { label: "dequeue".into(), sql: dequeue_sql(scheme, "<the key lies in a sealed leaf>") },
        Statement { label: "delete keys".into(), sql: delete_sql(scheme) },
        Statement { label: "insert rows".into(), sql: insert_sql(scheme) },
    ]
}

fn delete_sql(scheme: &Scheme) -> String {
    format!(
        "DELETE FROM {} t USING {} WHERE {}",
        scheme.twin(),
        unnest(scheme, &scheme.log_key()),
        scheme.log_match("b", "t")
    )
}

fn insert_sql(scheme: &Scheme) -> String {
    format!(
        "INSERT INTO {} ({}) SELECT {} FROM {} JOIN ONLY {} s ON {}",
        scheme.twin(),
        scheme.column_list(""),
        scheme.column_list("s."),
        unnest(scheme, &scheme.log_key()),
        scheme.source(),
        scheme.log_match("b", "s")
    )
}
