//! Census: exact rows per chunk and period, one pass over the heap in TID ranges.
//!
//! It runs after capture began: a row that is not in the log is unchanged since, so it is where the census
//! saw it. Rows whose key fits no period are refused here, before anything is built.

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;

use crate::{
    error::{Error, Result},
    model::{
        chunk::{self, ChunkId},
        period::Every,
        plan::Statement,
        scheme::Scheme,
    },
    pg::{Fence, Session, Tx, journal},
};

/// Rows per period, by the period's lower bound.
pub type Counts = Vec<(DateTime<Utc>, i64)>;

/// Cuts the heap as it is now, after capture began, into chunks and journals them.
pub async fn cut(session: &mut Session, fence: &Fence, scheme: &Scheme) -> Result<()> {
    let tx = session.begin().await?;
    fence.enter(&tx).await?;
    let blocks = tx.query_one("measure heap", HEAP_BLOCKS, &[&scheme.table.oid]).await?.get(0);
    let ranges: Vec<_> = chunk::cut(blocks).collect();
    journal::write::cut(&tx, scheme.id, &ranges).await?;
    tx.commit("cut chunks").await
}

/// Counts some chunks, each with its blocks, and journals what it found, in one transaction.
pub async fn count(
    session: &mut Session,
    fence: &Fence,
    scheme: &Scheme,
    chunks: &[(ChunkId, (i64, i64))],
) -> Result<Vec<Counts>> {
    let tx = session.begin().await?;
    fence.enter(&tx).await?;
    // Asked all at once and answered in order: a round trip costs as much as a small chunk.
    let counting = chunks.iter().map(|(chunk, blocks)| count_one(&tx, scheme, *chunk, *blocks));
    let counts = try_join_all(counting).await?;
    tx.commit("journal census").await?;
    Ok(counts)
}

async fn count_one(tx: &Tx<'_>, scheme: &Scheme, chunk: ChunkId, blocks: (i64, i64)) -> Result<Counts> {
    let sql = count_sql(scheme, &blocks.0.to_string(), &blocks.1.to_string());
    let mut counts: Counts = Vec::new();
    for row in tx.query("count chunk", &sql, &[]).await? {
        let rows: i64 = row.get(1);
        let Some(period) = row.get::<_, Option<DateTime<Utc>>>(0).and_then(|t| scheme.every.period_of(t))
        else {
            return Err(outside(scheme, rows, blocks));
        };
        match counts.iter_mut().find(|(lower, _)| *lower == period.lower) {
            Some((_, sum)) => *sum += rows,
            None => counts.push((period.lower, rows)),
        }
    }
    counts.sort_unstable();
    journal::write::counted(tx, scheme.id, chunk, &counts).await?;
    Ok(counts)
}

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    vec![
        Statement {
            label: "measure heap".into(),
            sql: HEAP_BLOCKS.replace("$1", &scheme.table.oid.to_string()),
        },
        Statement {
            label: "count chunk".into(),
            sql: format!("-- once a chunk, blocks :first to :end\n{}", count_sql(scheme, ":first", ":end")),
        },
    ]
}

const HEAP_BLOCKS: &str =
    "SELECT pg_relation_size($1::oid::regclass) / current_setting('block_size')::bigint";

fn count_sql(scheme: &Scheme, first: &str, end: &str) -> String {
    // date_trunc knows no half-years; two quarters make one.
    let unit = match scheme.every {
        Every::Day => "day",
        Every::Week => "week",
        Every::Month => "month",
        Every::Quarter | Every::HalfYear => "quarter",
        Every::Year => "year",
    };
    let (by, source) = (&scheme.by, scheme.source());
    // A day is found by a division, a quarter by the calendar: so rows are counted by days, and days are summed up.
    // An infinite time has no day, and no calendar holds it: NULL stands for "outside". The days begin where the times
    // do: before 14.12, 15.7 and 16.3 date_bin puts a midnight that lies before its origin into the day before.
    format!(
        "SELECT date_trunc('{unit}', d.day), sum(d.n)::bigint FROM (\
         SELECT CASE WHEN {by} >= '1000-01-01' AND {by} < '9000-01-01' \
         THEN date_bin('1 day', {by}, '1000-01-01 00:00:00+00') END AS day, count(*) AS n \
         FROM ONLY {source} WHERE ctid >= '({first},0)' AND ctid < '({end},0)' GROUP BY 1) d GROUP BY 1"
    )
}

fn outside(scheme: &Scheme, rows: i64, blocks: (i64, i64)) -> Error {
    let by = &scheme.by;
    Error::Refused {
        id: "QD-060",
        object: format!("{}.{}", scheme.source().plain(), by.as_str()),
        reason: format!(
            "{rows} rows between blocks {} and {} have a time that no period holds (infinite, before the year 1000 or after 8999)",
            blocks.0, blocks.1
        ),
        remedy: format!(
            "find them with WHERE NOT ({by} >= '1000-01-01' AND {by} < '9000-01-01'), correct them, then run again; or abort"
        ),
    }
}
