//! What stands around one table at this moment: rights, sessions, names, the span of its times.

use chrono::{DateTime, Utc};

use super::{ident, idents, name, sample};
use crate::{
    error::Result,
    model::{
        clock::Clock,
        ident::Ident,
        plan::Request,
        preflight::choose_key,
        server::{Extent, LongTransaction, Rights, Surroundings},
        table::Table,
        template::fill,
    },
    pg::{Session, Tx},
};

/// Rights, sessions and names around `table`, the span of each time that could partition it, and some of the ids that
/// are asked to.
pub async fn surroundings(session: &Session, table: &Table, request: &Request) -> Result<Surroundings> {
    const SQL: &str = include_str!("../../../assets/sql/table_surroundings.sql");
    let row = session.query_one("read surroundings", SQL, &[&table.oid]).await?;
    let taken = session.query("read taken names", TAKEN, &[&table.oid, &beginnings(table)]).await?;
    let rights = rights(session, table).await?;
    let by = choose_key(table, request).ok().filter(|by| Clock::may_be_id(&by.type_sql));
    let sample = match by.filter(|_| may_read(table, &rights)) {
        Some(by) => Some(sample::read(session, table, by).await?),
        None => None,
    };
    Ok(Surroundings {
        now: row.get(0),
        long_transactions: long_transactions(session).await?,
        prepared: row.get(1),
        wraparound_vacuum: row.get(2),
        event_triggers: row.get(3),
        taken: taken.iter().map(|row| ident(row, 0)).collect(),
        migration: super::list::live_migration(session, table.oid).await?,
        incoming: super::incoming_keys(session, table.oid).await?,
        extents: extents(session, table, &rights).await?,
        sample,
        rights,
    })
}

const TAKEN: &str = include_str!("../../../assets/sql/taken_names.sql");

/// Relations and types of the table's schema whose names begin like the table's or an index's, as they are now.
pub async fn taken_names(tx: &Tx<'_>, table: &Table) -> Result<Vec<Ident>> {
    let rows = tx.query("read taken names", TAKEN, &[&table.oid, &beginnings(table)]).await?;
    Ok(rows.iter().map(|row| ident(row, 0)).collect())
}

/// A shortened name keeps at least this many bytes of its beginning ([`Ident::with_suffix`], [`Ident::join`]).
const BEGINNING: usize = 20;

fn beginnings(table: &Table) -> Vec<String> {
    let names = [&table.name.name].into_iter().chain(table.indexes.iter().map(|index| &index.name));
    names.map(beginning).collect()
}

/// What every shortened form of a name begins with.
pub(super) fn beginning(name: &Ident) -> String {
    name.as_str()
        .char_indices()
        .take_while(|(at, c)| at + c.len_utf8() <= BEGINNING)
        .map(|(_, c)| c)
        .collect()
}

async fn rights(session: &Session, table: &Table) -> Result<Rights> {
    const SQL: &str = include_str!("../../../assets/sql/table_rights.sql");
    const AROUND: &str = include_str!("../../../assets/sql/table_rights_around.sql");
    const USED: &str = include_str!("../../../assets/sql/table_rights_used.sql");
    let row = session.query_one("read own rights", SQL, &[&table.oid]).await?;
    let mut rights = Rights {
        owns: row.get(0),
        may_give: row.get(1),
        may_create: row.get(2),
        lacks: row.get(3),
        bypasses: row.get(4),
        publications: idents(&row, 5),
        tablespaces: idents(&row, 6),
        ..Rights::default()
    };
    for row in session.query("read rights around", AROUND, &[&table.oid]).await? {
        let list = if row.get(0) { &mut rights.views } else { &mut rights.referenced };
        list.push(name(&row, 1));
    }
    let used = session.query("read rights on what it uses", USED, &[&table.oid]).await?;
    rights.used = used.iter().map(|row| (row.get(0), row.get(1))).collect();
    Ok(rights)
}

async fn long_transactions(session: &Session) -> Result<Vec<LongTransaction>> {
    const SQL: &str = include_str!("../../../assets/sql/long_transactions.sql");
    let rows = session.query("read long transactions", SQL, &[]).await?;
    let long = rows.iter().map(|row| LongTransaction {
        pid: row.get(0),
        who: row.get(1),
        age_s: row.get(2),
        state: row.get(3),
        xmin_age: row.get(4),
    });
    Ok(long.collect())
}

/// Whether its rows can be read. Our sessions make an error of a policy; preflight refuses what stands against it by name.
fn may_read(table: &Table, rights: &Rights) -> bool {
    let security = table.attached.row_security;
    let secured = security.enabled && !rights.bypasses && (security.forced || !rights.owns);
    let heaps = ["rp", "pp"].contains(&table.facts.kind.as_str());
    !secured && heaps && !rights.lacks.iter().any(|right| right == "SELECT")
}

/// The span of each time that could partition the table, where it can be read without a scan.
async fn extents(session: &Session, table: &Table, rights: &Rights) -> Result<Vec<Extent>> {
    if !may_read(table, rights) {
        return Ok(Vec::new());
    }
    let mut extents = Vec::new();
    for (column, clock) in table.columns.iter().filter_map(|column| Some((column, column.time_clock()?))) {
        let by = &column.name;
        let exact = table.indexes.iter().any(|index| index.leads_with(by));
        let (first, last) = if exact {
            read_span(session, table, by, clock).await?
        } else {
            estimate_span(session, table, by, clock).await?
        };
        extents.extend(first.zip(last).map(|(first, last)| Extent {
            column: column.name.clone(),
            first,
            last,
            exact,
        }));
    }
    Ok(extents)
}

type Span = (Option<DateTime<Utc>>, Option<DateTime<Utc>>);

async fn read_span(session: &Session, table: &Table, by: &Ident, clock: Clock) -> Result<Span> {
    // The times that the census can place.
    let sql = format!(
        "SELECT {}, {} FROM {} WHERE {by} >= '1000-01-01' AND {by} < '9000-01-01'",
        clock.time_sql(&format!("min({by})")),
        clock.time_sql(&format!("max({by})")),
        table.rows_of(&table.name),
    );
    let row = session.query_one("read first and last time", &sql, &[]).await?;
    Ok((row.get(0), row.get(1)))
}

async fn estimate_span(session: &Session, table: &Table, by: &Ident, clock: Clock) -> Result<Span> {
    const SQL: &str = include_str!("../../../assets/sql/column_span.sql");
    let (first, last) = (clock.time_sql("min(value)"), clock.time_sql("max(value)"));
    let sql = fill(SQL, &[("type", clock.type_name()), ("first", &first), ("last", &last)]);
    let (schema, name) = (table.name.schema.as_str(), table.name.name.as_str());
    let params: crate::pg::session::Params<'_> = &[&schema, &name, &by.as_str(), &table.is_partitioned()];
    let row = session.query_one("estimate first and last time", &sql, params).await?;
    Ok((row.get(0), row.get(1)))
}
