//! Copy: one chunk, one transaction, from the source's heap into leaves that have no index yet.
//!
//! With `rename-first` from the old table into leaves in use, past capture and straight into the leaf. There a row goes
//! over that is neither in the log nor in its leaf, in the statement's one snapshot; a key that the application inserts
//! after it is the application's.
//!
//! The journal row is claimed before the rows are copied, so a chunk is never copied twice. The list of
//! periods is the census's: a copier never writes a leaf whose chunks are all done, that is, a sealed one.
//! Keys in the log are left to replay. Progress is exact: rows per period travel with the claim.

use std::time::Instant;

use chrono::{DateTime, Utc};
use tokio_postgres::error::SqlState;

use crate::{
    error::{Error, Kind, Result},
    model::{
        chunk::Chunk,
        ident::QualifiedName,
        period,
        plan::Statement,
        scheme::{Leaf, Scheme},
        strategy::Strategy,
        triggers,
    },
    pg::{Fence, Session, Tx, in_order, journal},
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
    let settings = settings(scheme);
    let entered = fence.enter_with(&tx, &settings);
    let claimed = journal::write::claim(&tx, scheme.id, chunk.id);
    let ((), claimed) = in_order(entered, claimed).await?;
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

/// Whether it waited for a lock that another transaction holds. With `rename-first` that is no failure: foreign keys have
/// copied rows lock what they reference, and somebody who deletes such rows may hold them for long.
pub fn waits(scheme: &Scheme, error: &Error) -> bool {
    scheme.strategy == Strategy::RenameFirst && error.sqlstate() == Some(&SqlState::LOCK_NOT_AVAILABLE)
}

/// Whether the chunk may simply be tried again, on a new snapshot: a row that a foreign key references was deleted after
/// the old one, and the old table's row with it.
pub fn is_passing(scheme: &Scheme, error: &Error) -> bool {
    let referenced = error.sqlstate() == Some(&SqlState::FOREIGN_KEY_VIOLATION);
    error.kind() == Kind::Retry || (referenced && scheme.strategy == Strategy::RenameFirst)
}

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    let leaf = "<a period that the census lists for this chunk>";
    let blocks = range_sql(&scheme.part(0), ":first", ":end");
    let direct = insert_sql(scheme, ":leaf", &blocks, leaf);
    let comment = "-- once a chunk, blocks :first to :end, after its journal row was claimed";
    let statement = |label: &str, sql: String| Statement { label: label.into(), sql };
    let mut all = vec![
        statement("copy settings", settings(scheme)),
        statement("copy chunk", format!("{comment}; once a period\n{direct}")),
    ];
    if !always_direct(scheme) {
        let twin = scheme.twin().to_string();
        let routed = routed_sql(&insert_sql(scheme, &twin, &blocks, "<its periods>"));
        all.push(statement(
            "copy chunk",
            format!("{comment}; instead, where it holds more than {DIRECT} periods\n{routed}"),
        ));
    }
    all
}

/// Copies into one leaf what of its period the old table has and it lacks, whatever chunk it lies in: repair, with
/// `rename-first`. The fence was entered with [`settings`].
pub async fn lacking(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf], leaf: &Leaf) -> Result<i64> {
    let outside = || {
        let periods = leaves.iter().filter_map(|leaf| leaf.period);
        let terms: Vec<_> = periods.map(|period| scheme.within("s.", period)).collect();
        format!("NOT (false OR {})", terms.join(" OR "))
    };
    let period = leaf.period.map_or_else(outside, |period| scheme.within("s.", period));
    let blocks = range_sql(&scheme.heap(), "0", "4294967295");
    let sql = insert_sql(scheme, &scheme.leaf(leaf).to_string(), &blocks, &period);
    let rows = tx.execute("copy lacking rows", &sql, &[]).await?;
    Ok(i64::try_from(rows).unwrap_or(i64::MAX))
}

/// What a transaction that copies sets. The keys of rows drive searches by index where leaves are in use, and the log is
/// probed by hash where nothing else is, whatever the planner believes of either.
pub fn settings(scheme: &Scheme) -> String {
    match scheme.strategy {
        Strategy::RenameFirst => format!("{}{FILL_SETTINGS}; {}", scheme.lock_heap(), triggers::pass(scheme)),
        Strategy::Online | Strategy::Adopt | Strategy::Repartition => SETTINGS.into(),
    }
}

/// A leaf in use is written by its own name alone: the application's statement triggers are for the application.
fn always_direct(scheme: &Scheme) -> bool {
    scheme.strategy == Strategy::RenameFirst
}

// And little patience: somebody who deletes several rows that are referenced may wait for those that the chunk has locked, and
// hold one that it asks for. Far less than deadlock_timeout, or he would be the one to be told off.
const FILL_SETTINGS: &str = "SET LOCAL synchronous_commit = off; SET LOCAL enable_hashjoin = off; \
                             SET LOCAL enable_mergejoin = off; SET LOCAL enable_seqscan = off; \
                             SET LOCAL max_parallel_workers_per_gather = 0; SET LOCAL lock_timeout = '50ms'";

// An acknowledged chunk may be lost by a crash of the server, never half of it: the seal asks the journal.
// The log is probed by hash, whatever its size and whatever the planner believes of it.
const SETTINGS: &str = "SET LOCAL synchronous_commit = off; SET LOCAL enable_nestloop = off; \
                        SET LOCAL enable_mergejoin = off; SET LOCAL enable_indexscan = off; \
                        SET LOCAL max_parallel_workers_per_gather = 0";

/// Rows copied per leaf, in the order of [`Chunk::rows`].
async fn insert(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf], chunk: &Chunk) -> Result<Vec<i64>> {
    if always_direct(scheme) || chunk.rows.len() <= DIRECT {
        direct(tx, scheme, leaves, chunk).await
    } else {
        routed(tx, scheme, leaves, chunk).await
    }
}

/// One statement a leaf, all in one round trip. The blocks are read once a leaf, which costs less than to route rows
/// and to tell where each one went.
async fn direct(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf], chunk: &Chunk) -> Result<Vec<i64>> {
    let blocks = range_of(scheme, chunk);
    let into = |((leaf, _), lower): (&(usize, i64), &DateTime<Utc>)| {
        // DEFAULT's rows have periods too.
        let period = leaves[*leaf].period.or_else(|| scheme.calendar().period_of(*lower));
        let period = period.map_or_else(|| "false".into(), |period| scheme.within("s.", period));
        insert_sql(scheme, &scheme.leaf(&leaves[*leaf]).to_string(), &blocks, &period)
    };
    let sql: Vec<_> = chunk.rows.iter().zip(&chunk.lowers).map(into).collect();
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
    let blocks = range_of(scheme, chunk);
    let into = scheme.twin().to_string();
    let sql = routed_sql(&insert_sql(scheme, &into, &blocks, &ranges.join(" OR ")));
    let mut copied = vec![0; chunk.rows.len()];
    for row in tx.query("copy chunk", &sql, &[]).await? {
        let name: &str = row.get(0);
        let at = chunk.rows.iter().position(|(leaf, _)| leaves[*leaf].name.as_str() == name);
        let at = at.ok_or_else(|| Error::Bug(format!("rows of chunk {} went into {name}", chunk.id)))?;
        copied[at] = row.get(1);
    }
    Ok(copied)
}

/// A chunk's rows, as what stands behind FROM.
fn range_of(scheme: &Scheme, chunk: &Chunk) -> String {
    let (first, end) = chunk.blocks();
    range_sql(&scheme.part(chunk.part()), &first.to_string(), &end.to_string())
}

fn range_sql(heap: &QualifiedName, first: &str, end: &str) -> String {
    format!("ONLY {heap} s WHERE s.ctid >= '({first},0)' AND s.ctid < '({end},0)'")
}

fn insert_sql(scheme: &Scheme, into: &str, blocks: &str, periods: &str) -> String {
    let (logged, rest) = match scheme.strategy {
        Strategy::RenameFirst => (scheme.log_seek("l", "s"), unless_there(scheme, into)),
        Strategy::Online | Strategy::Adopt | Strategy::Repartition => {
            (scheme.log_match("l", "s"), String::new())
        }
    };
    format!(
        "INSERT INTO {into} ({}) SELECT {} FROM {blocks} AND ({periods}) \
         AND NOT EXISTS (SELECT FROM {} l WHERE {logged}){rest}",
        scheme.column_list(""),
        scheme.column_list("s."),
        scheme.log(),
    )
}

/// What the snapshot shows in the leaf came by the application, and may be gone from both tables when its turn comes; what
/// the application inserts after the snapshot is in nobody's sight but the key's.
fn unless_there(scheme: &Scheme, leaf: &str) -> String {
    let key: Vec<_> = scheme.twin_key().iter().map(|column| column.name.to_string()).collect();
    format!(
        " AND NOT EXISTS (SELECT FROM ONLY {leaf} n WHERE {}) ON CONFLICT ({}) DO NOTHING",
        scheme.row_seek("n", "s"),
        key.join(", ")
    )
}

fn routed_sql(insert: &str) -> String {
    format!(
        "WITH copied AS ({insert} RETURNING tableoid) \
         SELECT c.relname::text, n.rows FROM (SELECT tableoid, count(*) AS rows FROM copied GROUP BY 1) n \
         JOIN pg_class c ON c.oid = n.tableoid"
    )
}
