//! Census: exact rows per chunk and period, one pass over the heap in TID ranges.
//!
//! It runs after capture began: a row that is not in the log is unchanged since, so it is where the census
//! saw it. Rows whose key fits no period, and ids that are not what their clock says, are refused here, before anything
//! is built.

use chrono::{DateTime, Utc};
use futures_util::future::try_join_all;

use crate::{
    error::{Error, Result},
    model::{
        calendar::Zone,
        chunk::{self, ChunkId},
        clock::{Clock, version_sql},
        ident::{Ident, QualifiedName},
        leaves::leaves_for,
        period::{Every, Period},
        plan::Statement,
        preflight::{BELIEVE_NOT, UNBELIEVED, names},
        sample::Tally,
        scheme::Scheme,
    },
    pg::{Fence, Session, Tx, journal},
};

/// Rows per period, by the period's lower bound.
pub type Counts = Vec<(DateTime<Utc>, i64)>;

/// Cuts the heap as it is now, after capture began, into chunks and journals them.
pub async fn cut(session: &mut Session, fence: &Fence, scheme: &Scheme) -> Result<()> {
    let tx = session.begin().await?;
    fence.enter_with(&tx, &scheme.lock_heap()).await?;
    let heaps: Vec<_> = scheme.heaps(&scheme.heap()).iter().map(ToString::to_string).collect();
    let rows = tx.query("measure heap", HEAP_BLOCKS, &[&heaps]).await?;
    let blocks: Vec<i64> = rows.iter().map(|row| row.get(0)).collect();
    let ranges = chunk::cut_parts(&blocks);
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
    fence.enter_with(&tx, &scheme.lock_heap()).await?;
    let now = tx.query_one("read clock", "SELECT clock_timestamp()", &[]).await?.get(0);
    // Asked all at once and answered in order: a round trip costs as much as a small chunk.
    let counting = chunks.iter().map(|(chunk, blocks)| count_one(&tx, scheme, *chunk, *blocks, now));
    let counts = try_join_all(counting).await?;
    tx.commit("journal census").await?;
    Ok(counts)
}

async fn count_one(
    tx: &Tx<'_>,
    scheme: &Scheme,
    chunk: ChunkId,
    blocks: (i64, i64),
    now: DateTime<Utc>,
) -> Result<Counts> {
    let heap = scheme.part(chunk::part_of(blocks.0));
    let blocks = chunk::blocks_of(blocks);
    let range = range_sql(&heap, &blocks.0.to_string(), &blocks.1.to_string());
    let counts = if by_days(scheme) {
        count_days(tx, scheme, &range, blocks).await?
    } else {
        count_values(tx, scheme, (&range, blocks), now).await?
    };
    journal::write::counted(tx, scheme.id, chunk, &counts).await?;
    Ok(counts)
}

/// A chunk's rows, as what stands behind FROM.
fn range_sql(heap: &QualifiedName, first: &str, end: &str) -> String {
    format!("ONLY {heap} WHERE ctid >= '({first},0)' AND ctid < '({end},0)'")
}

/// Whether days of UTC make up the periods, so that the server's calendar and ours cannot differ.
fn by_days(scheme: &Scheme) -> bool {
    !scheme.clock.is_id() && scheme.zone == Zone::UTC
}

async fn count_days(tx: &Tx<'_>, scheme: &Scheme, range: &str, blocks: (i64, i64)) -> Result<Counts> {
    let sql = days_sql(scheme, range);
    let mut counts: Counts = Vec::new();
    for row in tx.query("count chunk", &sql, &[]).await? {
        let rows: i64 = row.get(1);
        let period = row.get::<_, Option<DateTime<Utc>>>(0).and_then(|t| scheme.calendar().period_of(t));
        let Some(period) = period else {
            return Err(outside(scheme, &format!("{rows} rows"), &between(blocks)));
        };
        match counts.iter_mut().find(|(lower, _)| *lower == period.lower) {
            Some((_, sum)) => *sum += rows,
            None => counts.push((period.lower, rows)),
        }
    }
    counts.sort_unstable();
    Ok(counts)
}

/// In two looks: which periods there are, then rows between their bounds. A row that came between the looks and lies
/// outside the bounds is in the log, and not the copy's.
async fn count_values(
    tx: &Tx<'_>,
    scheme: &Scheme,
    (range, blocks): (&str, (i64, i64)),
    now: DateTime<Utc>,
) -> Result<Counts> {
    let look = tx.query_one("look at chunk", &look_sql(scheme, range, now), &[]).await?;
    let strange: i64 = look.get(0);
    if strange > 0 {
        return Err(if scheme.clock.is_id() {
            unbelieved(tx, scheme, &scheme.table.rows_of(&scheme.heap()), now).await?
        } else {
            outside(scheme, &format!("{strange} rows"), &between(blocks))
        });
    }
    let (Some(oldest), Some(newest)) = (look.get(1), look.get(2)) else { return Ok(Vec::new()) };
    let periods =
        leaves_for(scheme.calendar(), oldest, newest, 0).map_err(|why| names::uncut(scheme, why))?;
    let sql = values_sql(scheme, range, &bounds(scheme, &periods));
    let mut counts: Counts = Vec::new();
    for row in tx.query("count chunk", &sql, &[]).await? {
        let bucket = usize::try_from(row.get::<_, i32>(0)).unwrap_or(0);
        let period = bucket.checked_sub(1).and_then(|at| periods.get(at));
        counts.extend(period.map(|period| (period.lower, row.get(1))));
    }
    counts.sort_unstable();
    Ok(counts)
}

/// All bounds of periods that follow each other.
fn bounds(scheme: &Scheme, periods: &[Period]) -> String {
    let last = periods.last().map(|period| period.upper);
    scheme.clock.bounds(periods.iter().map(|period| period.lower).chain(last))
}

/// First and last time of the table: by index where there is one, else by one scan, which ids ask for in any case: what they
/// tell is believed when every one has been seen. `None` where it is empty; refused where one fits no calendar.
pub async fn span(session: &mut Session, scheme: &Scheme) -> Result<Option<(DateTime<Utc>, DateTime<Utc>)>> {
    let tx = session.begin().await?;
    let now = tx.query_one("read clock", "SELECT clock_timestamp()", &[]).await?.get(0);
    let row = tx.query_one("read span", &span_sql(scheme, now), &[]).await?;
    let strange: i64 = row.get(0);
    if strange > 0 {
        return Err(if scheme.clock.is_id() {
            unbelieved(&tx, scheme, &scheme.table.rows_of(scheme.source()), now).await?
        } else {
            outside(scheme, "rows", "of the table")
        });
    }
    let span = row.get::<_, Option<DateTime<Utc>>>(1).zip(row.get(2));
    tx.rollback().await?;
    Ok(span)
}

/// What `plan --sql` shows of [`span`].
pub fn span_statement(scheme: &Scheme, now: DateTime<Utc>) -> Statement {
    Statement { label: "read span".into(), sql: span_sql(scheme, now) }
}

/// What the calendar does not hold does not come over as a time.
fn span_sql(scheme: &Scheme, now: DateTime<Utc>) -> String {
    let (clock, by, source) = (scheme.clock, scheme.by.to_string(), scheme.source());
    if clock.is_id() {
        let believed = clock.believed_sql(&scheme.by, now);
        let extreme = |aggregate| clock.time_sql(&clock.extreme_sql(aggregate, &by, &believed));
        return format!(
            "SELECT count(*) FILTER (WHERE NOT {believed}), {}, {} FROM ONLY {source}",
            extreme("min"),
            extreme("max")
        );
    }
    let ends = ["first", "last"].map(Ident::new);
    let inside = ends.clone().map(|end| clock.believed_sql(&end, now)).join(" AND ");
    let [first, last] = ends.map(|end| clock.time_sql(&end.to_string()));
    format!(
        "SELECT coalesce((NOT ({inside}))::int, 0)::bigint, CASE WHEN {inside} THEN {first} END, \
         CASE WHEN {inside} THEN {last} END \
         FROM (SELECT min({by}) AS first, max({by}) AS last FROM ONLY {source}) AS span"
    )
}

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    let once = |sql: String| format!("-- once a chunk, blocks :first to :end\n{sql}");
    let statement = |label: &str, sql| Statement { label: label.into(), sql };
    let range = range_sql(&scheme.part(0), ":first", ":end");
    let mut all = vec![statement("measure heap", HEAP_BLOCKS.replace("$1", "':heaps'"))];
    if by_days(scheme) {
        all.push(statement("count chunk", once(days_sql(scheme, &range))));
    } else {
        // The id carries the moment of the plan.
        let (seconds, nanos) = scheme.id.get_timestamp().map_or((0, 0), |time| time.to_unix());
        let now = i64::try_from(seconds).ok().and_then(|seconds| DateTime::from_timestamp(seconds, nanos));
        all.push(statement("look at chunk", once(look_sql(scheme, &range, now.unwrap_or_default()))));
        let bounds = "<the bounds of the periods from the first to the last>";
        all.push(statement("count chunk", once(values_sql(scheme, &range, bounds))));
    }
    all
}

const HEAP_BLOCKS: &str = "SELECT pg_relation_size(heap.name::regclass) / current_setting('block_size')::bigint \
                           FROM unnest($1::text[]) WITH ORDINALITY AS heap(name, n) ORDER BY heap.n";

fn days_sql(scheme: &Scheme, range: &str) -> String {
    // date_trunc knows no half-years; two quarters make one.
    let unit = match scheme.every {
        Every::Day => "day",
        Every::Week => "week",
        Every::Month => "month",
        Every::Quarter | Every::HalfYear => "quarter",
        Every::Year => "year",
    };
    let by = &scheme.by;
    let time = scheme.clock.time_sql(&by.to_string());
    // A day is found by a division, a quarter by the calendar: so rows are counted by days, and days are summed up.
    // An infinite time has no day, and no calendar holds it: NULL stands for "outside". The days begin where the times
    // do: before 14.12, 15.7 and 16.3 date_bin puts a midnight that lies before its origin into the day before.
    format!(
        "SELECT date_trunc('{unit}', d.day), sum(d.n)::bigint FROM (\
         SELECT CASE WHEN {by} >= '1000-01-01' AND {by} < '9000-01-01' \
         THEN date_bin('1 day', {time}, '1000-01-01 00:00:00+00') END AS day, count(*) AS n \
         FROM {range} GROUP BY 1) d GROUP BY 1"
    )
}

/// Rows whose value is not what the clock says, and the first and the last time of the others.
fn look_sql(scheme: &Scheme, range: &str, now: DateTime<Utc>) -> String {
    let (clock, by) = (scheme.clock, scheme.by.to_string());
    let believed = clock.believed_sql(&scheme.by, now);
    let extreme = |aggregate| clock.time_sql(&clock.extreme_sql(aggregate, &by, &believed));
    format!(
        "SELECT count(*) FILTER (WHERE NOT {believed}), {}, {} \
         FROM {range}",
        extreme("min"),
        extreme("max"),
    )
}

fn values_sql(scheme: &Scheme, range: &str, bounds: &str) -> String {
    format!("SELECT width_bucket({}, {bounds}), count(*) FROM {range} GROUP BY 1", scheme.by)
}

/// The refusal of ids that are not what their clock says: all of the table's are counted for it, once.
async fn unbelieved(tx: &Tx<'_>, scheme: &Scheme, table: &str, now: DateTime<Utc>) -> Result<Error> {
    let row = tx.query_one("count ids", &ids_sql(scheme, table, now), &[]).await?;
    let span: (Option<DateTime<Utc>>, Option<DateTime<Utc>>) = (row.get(6), row.get(7));
    let tally = Tally {
        rows: row.get(0),
        believed: row.get(1),
        version_4: row.get(2),
        other_version: row.get(3),
        early: row.get(4),
        late: row.get(5),
        span: span.0.zip(span.1),
    };
    let gone = || "the rows that were not what the clock says are gone; run again".to_owned();
    Ok(Error::Refused {
        id: UNBELIEVED,
        object: format!("{}.{}", scheme.source().plain(), scheme.by.as_str()),
        reason: tally.against(scheme.clock, now).unwrap_or_else(gone),
        remedy: format!("abort; then {BELIEVE_NOT}"),
    })
}

fn ids_sql(scheme: &Scheme, table: &str, now: DateTime<Utc>) -> String {
    let (clock, by, plausible) = (scheme.clock, scheme.by.to_string(), scheme.clock.plausible(now));
    let believed = clock.believed_sql(&scheme.by, now);
    let version = if clock == Clock::UuidV7 { version_sql(&scheme.by) } else { "7".into() };
    let extreme = |aggregate| clock.time_sql(&clock.extreme_sql(aggregate, &by, &believed));
    format!(
        "SELECT count(*), count(*) FILTER (WHERE {believed}), count(*) FILTER (WHERE {version} = 4), \
         count(*) FILTER (WHERE {version} NOT IN (4, 7)), \
         count(*) FILTER (WHERE {version} = 7 AND {by} < {}), \
         count(*) FILTER (WHERE {version} = 7 AND {by} >= {}), {}, {} FROM {table}",
        clock.bound(plausible.lower),
        clock.bound(plausible.upper),
        extreme("min"),
        extreme("max")
    )
}

fn between((first, end): (i64, i64)) -> String {
    format!("between blocks {first} and {end}")
}

fn outside(scheme: &Scheme, rows: &str, place: &str) -> Error {
    let by = &scheme.by;
    Error::Refused {
        id: "QD-060",
        object: format!("{}.{}", scheme.source().plain(), by.as_str()),
        reason: format!(
            "{rows} {place} have a time that no period holds (infinite, before the year 1000 or after 8999)"
        ),
        remedy: format!(
            "find them with WHERE NOT ({by} >= '1000-01-01' AND {by} < '9000-01-01'), correct them, then run again; or abort"
        ),
    }
}
