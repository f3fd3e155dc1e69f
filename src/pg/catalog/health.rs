//! What the catalogue and the statistics say of a partitioned table's health.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio_postgres::{Row, error::SqlState};

use super::{name, typed_name};
use crate::{
    error::{Error, Result},
    model::{
        blocker::Blocker,
        calendar::{Calendar, Zone},
        clock::Clock,
        health::{
            self, Cover, Facts, Figures, HeldUp, Index, Leftover, LongSession, Part, Range, Strays, Waiting,
        },
        ident::{Ident, QualifiedName, literal},
        table::Oid,
    },
    pg::Session,
};

/// The longest that a session which only looks waits for a lock: whoever holds it is the news, and others queue behind.
const LOCK_WITHIN: Duration = Duration::from_secs(2);
/// The longest that counting the rows of DEFAULT may take.
const COUNT_WITHIN: Duration = Duration::from_secs(5);

/// Partitioned tables that are no partitions themselves, by name.
pub async fn partitioned_tables(session: &Session) -> Result<Vec<QualifiedName>> {
    const SQL: &str = "SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                       WHERE c.relkind = 'p' AND NOT c.relispartition AND has_schema_privilege(n.oid, 'USAGE') \
                       ORDER BY 1, 2";
    Ok(session.query("list partitioned tables", SQL, &[]).await?.iter().map(|row| name(row, 0)).collect())
}

/// Table and partitions alone, without what else health is judged by. `told`: what somebody knows of its periods.
pub async fn partitions(
    session: &Session,
    typed: &str,
    oid: Oid,
    told: impl Fn(&QualifiedName) -> health::Told,
) -> Result<Facts> {
    let Some(mut table) = table(session, oid).await? else { return Err(not_partitioned(typed)) };
    let told = told(&table.name);
    let fits = |clock: &Clock| table.column.as_ref().is_some_and(|(_, type_sql)| clock.fits(type_sql));
    table.clock = told.clock.filter(fits).or(table.clock);
    // A wall's time is in no zone.
    if table.clock.is_some_and(|clock| !clock.is_wall()) {
        table.zone = told.zone.unwrap_or_default();
    }
    let mut parts = parts(session, oid).await?;
    for range in parts.iter_mut().filter_map(|part| part.range.as_mut()) {
        let time = |word: &str| table.clock?.time_of(word.trim_matches('\'').parse().ok()?);
        range.from = range.from.or_else(|| time(&range.lower));
        range.to = range.to.or_else(|| time(&range.upper));
    }
    Ok(Facts::of(table, parts))
}

fn not_partitioned(typed: &str) -> Error {
    Error::Refused {
        id: "QD-152",
        object: typed_name::plain(typed),
        reason: "it is not partitioned: there are no partitions to look at".into(),
        remedy: format!("`quarterdeck plan {}` shows how it would be", typed_name::pasted(typed)),
    }
}

/// From now on the session waits only shortly for locks.
pub async fn only_looks(session: &Session) -> Result<()> {
    let within = format!("SET lock_timeout = {}", LOCK_WITHIN.as_millis());
    session.batch("limit waiting for locks", &within).await
}

/// What can be told of a partitioned table without any lock on it: its name.
pub async fn locked(session: &Session, typed: &str, oid: Oid) -> Result<Facts> {
    const SQL: &str = "SELECT n.nspname::text, c.relname::text, clock_timestamp() FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                       WHERE c.oid = $1 AND c.relkind = 'p'";
    let row = session.query_opt("read locked table", SQL, &[&oid]).await?;
    let row = row.ok_or_else(|| not_partitioned(typed))?;
    let table = health::Table {
        name: name(&row, 0),
        key: String::new(),
        strategy: String::new(),
        column: None,
        clock: None,
        zone: Zone::UTC,
        analyzed: true,
        freeze_max_age: 0,
        now: row.get(2),
        counted_s: None,
    };
    Ok(Facts { locked: true, ..Facts::of(table, Vec::new()) })
}

/// All facts of one partitioned table, but for its statements.
pub async fn health(
    session: &mut Session,
    typed: &str,
    oid: Oid,
    told: impl Fn(&QualifiedName) -> health::Told,
) -> Result<Facts> {
    let mut facts = partitions(session, typed, oid, told).await?;
    facts.indexes = indexes(session, oid).await?;
    facts.odd = odd(session, oid).await?;
    facts.leftovers = leftovers(session, oid).await?;
    facts.sessions = long_sessions(session).await?;
    // It has got a constraint in place of its bounds.
    let detaching = |part: &str| facts.parts.iter().any(|one| one.detaching && one.name.plain() == part);
    facts.odd.retain(|(part, _)| !detaching(part));
    facts.strays = strays(session, &facts).await?;
    Ok(facts)
}

async fn table(session: &Session, oid: Oid) -> Result<Option<health::Table>> {
    const SQL: &str = include_str!("../../../assets/sql/health_table.sql");
    let row = session.query_opt("read partitioned table", SQL, &[&oid]).await?;
    Ok(row.map(|row| {
        let column: Option<(Ident, String)> =
            row.get::<_, Option<String>>(4).map(|name| (Ident::new(name), row.get(5)));
        health::Table {
            name: name(&row, 0),
            key: row.get(2),
            strategy: row.get(3),
            clock: column.as_ref().and_then(|(_, type_sql)| clock_of(type_sql)),
            zone: Zone::UTC,
            column,
            analyzed: row.get(6),
            freeze_max_age: row.get(7),
            now: row.get(8),
            counted_s: row.get(9),
        }
    }))
}

/// How a column of this type tells the time, if one does by its type alone. A range of UUIDs is one of their times.
fn clock_of(type_sql: &str) -> Option<Clock> {
    Clock::of_time_type(type_sql).or_else(|| (type_sql == Clock::UuidV7.type_name()).then_some(Clock::UuidV7))
}

async fn parts(session: &Session, oid: Oid) -> Result<Vec<Part>> {
    const SQL: &str = include_str!("../../../assets/sql/health_parts.sql");
    Ok(session.query("read partitions", SQL, &[&oid]).await?.iter().map(part).collect())
}

fn part(row: &Row) -> Part {
    let word = |at| row.get::<_, Option<String>>(at);
    Part {
        name: name(row, 0),
        bounds: row.get(2),
        own: row.get(3),
        oid: row.get(21),
        partitioned: row.get(4),
        foreign: row.get(22),
        detaching: row.get(5),
        range: word(6).zip(word(7)).map(|(lower, upper)| Range {
            lower,
            upper,
            from: row.get(8),
            to: row.get(9),
        }),
        figures: Figures {
            rows: row.get(10),
            live: row.get(11),
            dead: row.get(12),
            table_bytes: row.get(13),
            index_bytes: row.get(14),
            freeze_age: row.get(15),
            vacuumed_s: row.get(16),
            analyzed_s: row.get(17),
            needed_bytes: row.get(18),
            heap_bytes: row.get(19),
            counted_bytes: row.get(23),
            analyzed: row.get(20),
        },
    }
}

async fn indexes(session: &Session, oid: Oid) -> Result<Vec<Index>> {
    const SQL: &str = include_str!("../../../assets/sql/health_indexes.sql");
    let rows = session.query("read indexes of partitions", SQL, &[&oid]).await?;
    let indexes = rows.iter().map(|row| Index {
        name: row.get(0),
        of: row.get(1),
        valid: row.get(2),
        rules: row.get(3),
        missing: row.get(4),
        scans: row.get(5),
        bytes: row.get::<_, Option<i64>>(6).unwrap_or(0),
        definition: row.get(7),
    });
    Ok(indexes.collect())
}

async fn odd(session: &Session, oid: Oid) -> Result<Vec<(String, String)>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_parts.sql");
    let rows = session.query("compare partitions", SQL, &[&oid]).await?;
    // What is said elsewhere, or is nothing odd to a partition.
    let said = ["is partitioned itself", "is being detached"];
    let all = rows.iter().map(|row| (row.get(0), row.get::<_, String>(1)));
    Ok(all.filter(|(_, what)| !said.contains(&what.as_str())).collect())
}

async fn leftovers(session: &Session, oid: Oid) -> Result<Vec<Leftover>> {
    const SQL: &str = include_str!("../../../assets/sql/health_leftovers.sql");
    let rows = session.query("look for detached partitions", SQL, &[&oid]).await?;
    Ok(rows.iter().map(|row| Leftover { name: name(row, 0), rows: row.get(2), bytes: row.get(3) }).collect())
}

async fn long_sessions(session: &Session) -> Result<Vec<LongSession>> {
    const SQL: &str = include_str!("../../../assets/sql/health_sessions.sql");
    let rows = session.query("look for long transactions", SQL, &[]).await?;
    let all = rows.iter().map(|row| LongSession {
        who: row.get(0),
        pid: row.get(1),
        gid: row.get(2),
        age_s: row.get(3),
        state: row.get(4),
    });
    Ok(all.collect())
}

/// Who holds up sessions that wait for the table, and who has locked everybody out. It asks for no lock itself.
pub async fn held_up(session: &Session, oid: Oid) -> Result<Vec<HeldUp>> {
    const SQL: &str = include_str!("../../../assets/sql/health_held_up.sql");
    let rows = session.query("look for who holds up others", SQL, &[&oid]).await?;
    Ok(rows.iter().map(one_held_up).collect())
}

fn one_held_up(row: &Row) -> HeldUp {
    let by = Blocker {
        pid: row.get(0),
        who: row.get(1),
        state: row.get(2),
        since: row.get(3),
        query: row.get(4),
        holds: row.get(5),
    };
    let (pids, seconds) = (row.get::<_, Vec<i32>>(6), row.get::<_, Vec<i64>>(9));
    let (who, wants) = (row.get::<_, Vec<String>>(7), row.get::<_, Vec<String>>(8));
    let waiting = pids.into_iter().zip(who).zip(wants.into_iter().zip(seconds));
    let waiting = waiting.map(|((pid, who), (wants, for_s))| Waiting { pid, who, wants, for_s });
    HeldUp { by, waiting: waiting.collect() }
}

/// Counts what lies in DEFAULT, unless that takes too long.
async fn strays(session: &mut Session, facts: &Facts) -> Result<Strays> {
    let Some(default) = facts.default_part() else { return Ok(Strays::NoDefault) };
    let calendar = Cover::of(facts).calendar;
    let time = facts.table.column.as_ref().and_then(|(column, _)| {
        let (unit, zone) = (health::strays_by(calendar), literal(facts.table.zone.name()));
        let time = facts.table.clock?.time_sql(&column.to_string());
        // Infinite times, and those of years that nobody plans for, are of no period.
        Some(format!(
            "CASE WHEN {time} > '0001-01-01Z' AND {time} < '9999-01-01Z' THEN date_trunc('{unit}', {time}, {zone}) END"
        ))
    });
    let time = time.unwrap_or_else(|| "NULL::timestamptz".into());
    let sql = format!("SELECT {time} AS period, count(*) FROM {} GROUP BY 1 ORDER BY 1", default.name);
    let tx = session.begin().await?;
    let within = format!("SET LOCAL statement_timeout = {}", COUNT_WITHIN.as_millis());
    tx.batch("limit the count", &within).await?;
    let counted = tx.query("count rows of DEFAULT", &sql, &[]).await;
    let counted = match counted {
        Ok(rows) => tx.rollback().await.map(|()| rows),
        Err(error) => Err(tx.undo(error).await),
    };
    let refused = [SqlState::QUERY_CANCELED, SqlState::INSUFFICIENT_PRIVILEGE, SqlState::LOCK_NOT_AVAILABLE];
    match counted {
        Ok(rows) => Ok(Strays::Counted(by_period(calendar, &rows))),
        Err(error) if error.sqlstate().is_some_and(|state| refused.contains(state)) => {
            let known = default.figures.rows.unwrap_or(0).max(default.figures.live);
            Ok(Strays::Estimated(known))
        }
        Err(error) => Err(error),
    }
}

/// Rows by the beginning of their period, where `rows` have them by parts of it.
fn by_period(calendar: Option<Calendar>, rows: &[Row]) -> Vec<(Option<DateTime<Utc>>, i64)> {
    let mut periods: Vec<(Option<DateTime<Utc>>, i64)> = Vec::new();
    for row in rows {
        let time: Option<DateTime<Utc>> = row.get(0);
        let period = time.zip(calendar).and_then(|(time, calendar)| calendar.period_of(time));
        let (time, count) = (period.map(|period| period.lower).or(time), row.get::<_, i64>(1));
        match periods.last_mut() {
            Some((last, rows)) if *last == time => *rows += count,
            _ => periods.push((time, count)),
        }
    }
    periods
}
