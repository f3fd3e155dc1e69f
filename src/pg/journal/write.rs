//! What a fenced transaction writes into the journal. Nothing here commits.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    model::{
        chunk::ChunkId,
        phase::{LeafState, Phase, follow},
        scheme::{Leaf, Scheme},
        throttle::Limits,
    },
    pg::{Session, Tx},
};

/// Records a plan. The partial unique index refuses a second live migration of one table.
pub async fn migration(session: &mut Session, scheme: &Scheme, workers: i32, limits: &Limits) -> Result<()> {
    const SQL: &str = "INSERT INTO quarterdeck.migration (id, source_oid, table_schema, table_name, scheme, phase, workers) \
                       VALUES ($1, $2, $3, $4, $5, 'planned', $6)";
    let json = serde_json::to_value(scheme).map_err(|e| Error::Bug(e.to_string()))?;
    let name = scheme.source();
    let tx = session.begin().await?;
    tx.execute(
        "journal plan",
        SQL,
        &[&scheme.id, &scheme.table.oid, &name.schema.as_str(), &name.name.as_str(), &json, &workers],
    )
    .await?;
    self::limits(&tx, scheme.id, limits).await?;
    tx.execute("journal fence", "INSERT INTO quarterdeck.fence VALUES ($1, 0)", &[&scheme.id]).await?;
    tx.commit("journal plan").await
}

/// The limits of signals.
pub async fn limits(tx: &Tx<'_>, id: Uuid, limits: &Limits) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.migration SET limits = $2 WHERE id = $1";
    let json = serde_json::to_value(limits.settings()).map_err(|e| Error::Bug(e.to_string()))?;
    tx.execute("journal limits", SQL, &[&id, &json]).await.map(drop)
}

/// Moves the phase, if `from` is what the journal says and `to` may follow it.
pub async fn phase(tx: &Tx<'_>, id: Uuid, from: Phase, to: Phase) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.migration SET phase = $3, last_error = NULL, unknown = NULL, \
                       ended_at = CASE WHEN $3 IN ('finished', 'aborted') THEN now() END \
                       WHERE id = $1 AND phase = $2";
    if !follow(from, to) {
        return Err(Error::Bug(format!("phase {to} may not follow {from}")));
    }
    match tx.execute("journal phase", SQL, &[&id, &from.word(), &to.word()]).await? {
        1 => Ok(()),
        _ => Err(Error::Bug(format!("the journal is not in phase {from}"))),
    }
}

/// The swap or the reverse, in its own transaction: phase, fingerprint and the time of the swap.
pub async fn moved(tx: &Tx<'_>, id: Uuid, to: Phase, fingerprint: &str) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.migration SET phase = $2, fingerprint = $3, last_error = NULL, unknown = NULL, \
                       swapped_at = CASE WHEN $2 IN ('reverse_window', 'filling', 'adopted') THEN now() END WHERE id = $1";
    match tx.execute("journal swap", SQL, &[&id, &to.word(), &fingerprint]).await? {
        1 => Ok(()),
        _ => Err(Error::Bug("the journal has no such migration".into())),
    }
}

/// The fingerprint, after a step that changed what it covers.
pub async fn fingerprint(tx: &Tx<'_>, id: Uuid, fingerprint: &str) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.migration SET fingerprint = $2 WHERE id = $1";
    tx.execute("journal fingerprint", SQL, &[&id, &fingerprint]).await.map(drop)
}

/// The chunks, cut; nothing counted yet.
pub async fn cut(tx: &Tx<'_>, id: Uuid, ranges: &[(i64, i64)]) -> Result<()> {
    const SQL: &str = "INSERT INTO quarterdeck.chunk (migration_id, id, first_block, end_block) \
                       SELECT $1, (n - 1)::int, first, last \
                       FROM unnest($2::bigint[], $3::bigint[]) WITH ORDINALITY AS r(first, last, n)";
    let (first, last): (Vec<i64>, Vec<i64>) = ranges.iter().copied().unzip();
    tx.execute("journal chunks", SQL, &[&id, &first, &last]).await.map(drop)
}

/// What the census found in a chunk.
pub async fn counted(tx: &Tx<'_>, id: Uuid, chunk: ChunkId, counts: &[(DateTime<Utc>, i64)]) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.chunk SET lowers = $3, counts = $4, done = (cardinality($3::timestamptz[]) = 0) \
                       WHERE migration_id = $1 AND id = $2";
    let (lowers, counts): (Vec<DateTime<Utc>>, Vec<i64>) = counts.iter().copied().unzip();
    tx.execute_again("journal census", SQL, &[&id, &chunk, &lowers, &counts]).await.map(drop)
}

/// The leaves of the twin with the rows counted for each.
pub async fn leaves(tx: &Tx<'_>, id: Uuid, leaves: &[(Leaf, i64)]) -> Result<()> {
    const SQL: &str = "INSERT INTO quarterdeck.leaf (migration_id, n, name, lower, upper, counted) VALUES ($1, $2, $3, $4, $5, $6)";
    for (n, (leaf, counted)) in leaves.iter().enumerate() {
        let n = i32::try_from(n).map_err(|e| Error::Bug(e.to_string()))?;
        let (lower, upper) = (leaf.period.map(|p| p.lower), leaf.period.map(|p| p.upper));
        tx.execute("journal leaf", SQL, &[&id, &n, &leaf.name.as_str(), &lower, &upper, counted]).await?;
    }
    Ok(())
}

/// No leaf is known any more: they are made anew.
pub async fn forget_leaves(tx: &Tx<'_>, id: Uuid) -> Result<()> {
    const SQL: &str = "DELETE FROM quarterdeck.leaf WHERE migration_id = $1";
    tx.execute("forget leaves", SQL, &[&id]).await.map(drop)
}

/// Claims a chunk *before* its rows are copied, in the same transaction: `false` where it is done already.
/// A zombie, or a COMMIT whose answer was lost, would otherwise double its rows (TRAPS 48).
pub async fn claim(tx: &Tx<'_>, id: Uuid, chunk: ChunkId) -> Result<bool> {
    const SQL: &str = "UPDATE quarterdeck.chunk SET done = true, attempts = attempts + 1 \
                       WHERE migration_id = $1 AND id = $2 AND NOT done";
    Ok(tx.execute_again("claim chunk", SQL, &[&id, &chunk]).await? == 1)
}

/// The rows copied from a claimed chunk, per period in the order of its counts.
pub async fn copied(tx: &Tx<'_>, id: Uuid, chunk: ChunkId, copied: &[i64], took_ms: i64) -> Result<()> {
    const SQL: &str =
        "UPDATE quarterdeck.chunk SET copied = $3, took_ms = $4 WHERE migration_id = $1 AND id = $2";
    tx.execute_again("journal chunk", SQL, &[&id, &chunk, &copied, &took_ms]).await.map(drop)
}

/// Counts a failed attempt of a chunk.
pub async fn attempted(tx: &Tx<'_>, id: Uuid, chunk: ChunkId) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.chunk SET attempts = attempts + 1 WHERE migration_id = $1 AND id = $2 AND NOT done";
    tx.execute("journal attempt", SQL, &[&id, &chunk]).await.map(drop)
}

/// A leaf's state.
pub async fn leaf_state(tx: &Tx<'_>, id: Uuid, leaf: &Leaf, state: LeafState) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.leaf SET state = $3 WHERE migration_id = $1 AND name = $2";
    tx.execute("journal leaf state", SQL, &[&id, &leaf.name.as_str(), &state.word()]).await.map(drop)
}

/// The rows counted for the leaves, where they were made before the census; in the leaves' order.
pub async fn leaves_counted(tx: &Tx<'_>, id: Uuid, counted: &[(&Leaf, i64)]) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.leaf l SET counted = c.rows \
                       FROM unnest($2::text[], $3::bigint[]) AS c(name, rows) WHERE l.migration_id = $1 AND l.name = c.name";
    let (names, rows): (Vec<&str>, Vec<i64>) =
        counted.iter().map(|(leaf, rows)| (leaf.name.as_str(), *rows)).unzip();
    tx.execute("journal leaf counts", SQL, &[&id, &names, &rows]).await.map(drop)
}

/// A leaf's place in the copy order.
pub async fn priority(tx: &Tx<'_>, id: Uuid, leaf: &Leaf, priority: i32) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.leaf SET priority = $3 WHERE migration_id = $1 AND name = $2";
    tx.execute("journal priority", SQL, &[&id, &leaf.name.as_str(), &priority]).await.map(drop)
}

/// A verdict of the verifier over one leaf: the rows found on the source's side and in the leaf, and how many differ.
pub async fn verdict(tx: &Tx<'_>, id: Uuid, leaf: &Leaf, found: (i64, i64), diffs: i64) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.leaf SET state = $3, source_rows = $4, target_rows = $5, diffs = $6, \
                       verified_at = now() WHERE migration_id = $1 AND name = $2";
    let state = if diffs == 0 { LeafState::Verified } else { LeafState::Differs };
    let (name, word) = (leaf.name.as_str(), state.word());
    tx.execute("journal verdict", SQL, &[&id, &name, &word, &found.0, &found.1, &diffs]).await.map(drop)
}

/// The differing rows of a pass, instead of those of the last one.
pub async fn diffs(tx: &Tx<'_>, id: Uuid, diffs: &[serde_json::Value]) -> Result<()> {
    const SQL: &str = "INSERT INTO quarterdeck.diff (migration_id, body) SELECT $1, unnest($2::jsonb[])";
    tx.execute("forget diffs", "DELETE FROM quarterdeck.diff WHERE migration_id = $1", &[&id]).await?;
    tx.execute("journal diffs", SQL, &[&id, &diffs]).await.map(drop)
}

/// A clean pass ended now, or (`None`) the last one is void.
pub async fn verified(tx: &Tx<'_>, id: Uuid, at: Option<DateTime<Utc>>) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.migration SET verified_at = $2 WHERE id = $1";
    tx.execute("journal verified", SQL, &[&id, &at]).await.map(drop)
}

/// Who paused it, or (`None`) nobody.
pub async fn paused(tx: &Tx<'_>, id: Uuid, by: Option<&str>) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.migration SET paused = $2 WHERE id = $1";
    tx.execute("journal pause", SQL, &[&id, &by]).await.map(drop)
}

/// The error that stopped it, or (`None`) none.
pub async fn last_error(tx: &Tx<'_>, id: Uuid, error: Option<&str>) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.migration SET last_error = $2 WHERE id = $1";
    tx.execute("journal error", SQL, &[&id, &error]).await.map(drop)
}

/// The step whose COMMIT got no answer, or (`None`) that it was found out.
pub async fn unknown(tx: &Tx<'_>, id: Uuid, step: Option<&str>) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.migration SET unknown = $2 WHERE id = $1";
    tx.execute("journal unknown", SQL, &[&id, &step]).await.map(drop)
}

/// The number of copying workers.
pub async fn workers(tx: &Tx<'_>, id: Uuid, workers: i32) -> Result<()> {
    const SQL: &str = "UPDATE quarterdeck.migration SET workers = $2 WHERE id = $1";
    tx.execute("journal workers", SQL, &[&id, &workers]).await.map(drop)
}
