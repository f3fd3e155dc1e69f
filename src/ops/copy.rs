//! Copy: one chunk, one transaction, from the source's heap into leaves that have no index yet.
//!
//! The journal row is claimed before the rows are copied, so a chunk is never copied twice. The list of
//! periods is the census's: a copier never writes a leaf whose chunks are all done, that is, a sealed one.
//! Keys in the log are left to replay. Progress is exact: rows per period travel with the claim.

use std::time::Instant;

use crate::{
    error::{Error, Result},
    model::{
        chunk::Chunk,
        period,
        plan::Statement,
        scheme::{Leaf, Scheme},
    },
    pg::{Fence, Session, Tx, journal},
};

/// The most leaves of a chunk that each get a statement of their own.
const DIRECT: usize = 2;

/// What copying one chunk came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Copied {
    /// Rows copied per period, in the order of [`Chunk::rows`], and milliseconds.
    Rows(Vec<i64>, i64),
    /// The journal says it is done already.
    Already,
}

/// Copies one chunk.
pub async fn chunk(
    session: &mut Session,
    fence: &Fence,
    scheme: &Scheme,
    leaves: &[Leaf],
    chunk: &Chunk,
) -> Result<Copied> {
    let began = Instant::now();
    let tx = session.begin().await?;
    // All goes out at once; the server works in order.
    let entered = fence.enter_with(&tx, SETTINGS);
    let claimed = journal::write::claim(&tx, scheme.id, chunk.id);
    let ((), claimed) = tokio::try_join!(biased; entered, claimed)?;
    if !claimed {
        return Ok(Copied::Already);
    }
    let copied = insert(&tx, scheme, leaves, chunk).await?;
    if let Some(at) = copied.iter().zip(&chunk.rows).position(|(copied, (_, counted))| copied > counted) {
        return Err(Error::Changed {
            table: scheme.source().plain(),
            what: format!(
                "chunk {} gave {} rows for {} where the census counted {}",
                chunk.id,
                copied[at],
                leaves[chunk.rows[at].0].name.as_str(),
                chunk.rows[at].1
            ),
        });
    }
    let took_ms = i64::try_from(began.elapsed().as_millis()).unwrap_or(i64::MAX);
    journal::write::copied(&tx, scheme.id, chunk.id, &copied, took_ms).await?;
    tx.commit("commit chunk").await?;
    Ok(Copied::Rows(copied, took_ms))
}

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    let leaf = "<a period that the census lists for this chunk>";
    let direct = insert_sql(scheme, ":leaf", (":first", ":end"), leaf);
    let routed =
        routed_sql(&insert_sql(scheme, &scheme.twin().to_string(), (":first", ":end"), "<its periods>"));
    let comment = "-- once a chunk, blocks :first to :end, after its journal row was claimed";
    let statement = |label: &str, sql: String| Statement { label: label.into(), sql };
    vec![
        statement("copy settings", SETTINGS.into()),
        statement("copy chunk", format!("{comment}; once a period\n{direct}")),
        statement(
            "copy chunk",
            format!("{comment}; instead, where it holds more than {DIRECT} periods\n{routed}"),
        ),
    ]
}

// An acknowledged chunk may be lost by a crash of the server, never half of it: the seal asks the journal.
// The log is probed by hash, whatever its size and whatever the planner believes of it.
const SETTINGS: &str = "SET LOCAL synchronous_commit = off; SET LOCAL enable_nestloop = off; \
                        SET LOCAL enable_mergejoin = off; SET LOCAL enable_indexscan = off; \
                        SET LOCAL max_parallel_workers_per_gather = 0";

/// Rows copied per leaf, in the order of [`Chunk::rows`].
async fn insert(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf], chunk: &Chunk) -> Result<Vec<i64>> {
    if chunk.rows.len() <= DIRECT {
        direct(tx, scheme, leaves, chunk).await
    } else {
        routed(tx, scheme, leaves, chunk).await
    }
}

/// One statement a leaf, all in one round trip. The blocks are read once a leaf, which costs less than to route rows
/// and to tell where each one went.
async fn direct(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf], chunk: &Chunk) -> Result<Vec<i64>> {
    let (first, end) = (chunk.first_block.to_string(), chunk.end_block.to_string());
    let into = |leaf: &Leaf| {
        let period = leaf.period.map(|period| scheme.within("s.", period)).unwrap_or_default();
        insert_sql(scheme, &scheme.leaf(leaf).to_string(), (&first, &end), &period)
    };
    let sql: Vec<_> = chunk.rows.iter().map(|(leaf, _)| into(&leaves[*leaf])).collect();
    let rows = tx.touched("copy chunk", &sql.join(";\n")).await?;
    if rows.len() != chunk.rows.len() {
        return Err(Error::Bug(format!("{} answers to {} statements", rows.len(), chunk.rows.len())));
    }
    Ok(rows.into_iter().map(|rows| i64::try_from(rows).unwrap_or(i64::MAX)).collect())
}

/// One statement through the parent.
async fn routed(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf], chunk: &Chunk) -> Result<Vec<i64>> {
    let periods = chunk.rows.iter().filter_map(|(leaf, _)| leaves[*leaf].period).collect();
    let ranges: Vec<_> =
        period::joined(periods).into_iter().map(|period| scheme.within("s.", period)).collect();
    let blocks = (chunk.first_block.to_string(), chunk.end_block.to_string());
    let into = scheme.twin().to_string();
    let sql = routed_sql(&insert_sql(scheme, &into, (&blocks.0, &blocks.1), &ranges.join(" OR ")));
    let mut copied = vec![0; chunk.rows.len()];
    for row in tx.query("copy chunk", &sql, &[]).await? {
        let name: &str = row.get(0);
        let at = chunk.rows.iter().position(|(leaf, _)| leaves[*leaf].name.as_str() == name);
        let at = at.ok_or_else(|| Error::Bug(format!("rows of chunk {} went into {name}", chunk.id)))?;
        copied[at] = row.get(1);
    }
    Ok(copied)
}

fn insert_sql(scheme: &Scheme, into: &str, blocks: (&str, &str), periods: &str) -> String {
    format!(
        "INSERT INTO {into} ({}) SELECT {} FROM ONLY {} s WHERE s.ctid >= '({},0)' AND s.ctid < '({},0)' AND ({periods}) \
         AND NOT EXISTS (SELECT FROM {} l WHERE {})",
        scheme.column_list(""),
        scheme.column_list("s."),
        scheme.source(),
        blocks.0,
        blocks.1,
        scheme.log(),
        scheme.log_match("l", "s"),
    )
}

fn routed_sql(insert: &str) -> String {
    format!(
        "WITH copied AS ({insert} RETURNING tableoid) \
         SELECT c.relname::text, n.rows FROM (SELECT tableoid, count(*) AS rows FROM copied GROUP BY 1) n \
         JOIN pg_class c ON c.oid = n.tableoid"
    )
}
