//! The list of tables, each with the migration that carries it.

use std::collections::HashMap;

use tokio_postgres::Row;
use uuid::Uuid;

use super::{idents, name};
use crate::{
    error::{Error, Result},
    model::{
        ident::QualifiedName,
        listing::{Carried, KeyColumn, TableListing},
        phase::{Phase, State},
        table::Oid,
    },
    pg::{Session, journal},
};

/// Tables and partitioned tables that the role can see, biggest first, at most a thousand.
pub async fn list_tables(session: &Session) -> Result<Vec<TableListing>> {
    const SQL: &str = include_str!("../../../assets/sql/list_tables.sql");
    let mut carried = carried(session).await?;
    let rows = session.query("list tables", SQL, &[]).await?;
    let listings = rows.iter().map(|row| {
        let name = name(row, 0);
        TableListing {
            rows_estimate: row.get(2),
            bytes: row.get(3),
            time_keys: keys(row, 4).collect(),
            id_key: keys(row, 6).next(),
            partitioned: row.get(8),
            has_primary_key: row.get(9),
            migration: carried.remove(&name),
            name,
        }
    });
    Ok(listings.collect())
}

/// Two columns that hold arrays of names and types.
fn keys(row: &Row, at: usize) -> impl Iterator<Item = KeyColumn> {
    let types: Vec<String> = row.get(at + 1);
    idents(row, at).into_iter().zip(types).map(|(name, type_sql)| KeyColumn { name, type_sql })
}

/// The phase of a migration of this table that is not over.
pub(super) async fn live_migration(session: &Session, oid: Oid) -> Result<Option<String>> {
    const SQL: &str = "SELECT phase FROM quarterdeck.migration \
                       WHERE source_oid = $1 AND phase NOT IN ('finished', 'aborted')";
    if !journal_readable(session).await? {
        return Ok(None);
    }
    let row = session.query_opt("find migration of table", SQL, &[&oid]).await?;
    Ok(row.map(|row| row.get(0)))
}

/// Whether there is a journal that this role may read. By the catalogue: `to_regclass` is an error for a role that may not use the schema.
pub async fn journal_readable(session: &Session) -> Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                       WHERE n.nspname = 'quarterdeck' AND c.relname = 'migration' \
                       AND has_schema_privilege(n.oid, 'USAGE') AND has_table_privilege(c.oid, 'SELECT'))";
    Ok(session.query_one("find journal", SQL, &[]).await?.get(0))
}

/// Migrations by the name that the application knows.
async fn carried(session: &Session) -> Result<HashMap<QualifiedName, Carried>> {
    const SQL: &str = include_str!("../../../assets/sql/list_migrations.sql");
    let mut carried = HashMap::new();
    if !journal_readable(session).await? {
        return Ok(carried);
    }
    for row in session.query("list migrations", SQL, &[]).await? {
        let id: Uuid = row.get(2);
        let phase = row.get::<_, &str>(3).parse().map_err(Error::Bug)?;
        let alive = journal::read::owner(session, id).await?.is_some_and(|owner| owner.alive);
        let state = state(&row, phase, if alive { State::Running } else { State::Stopped });
        carried.insert(name(&row, 0), Carried { id, phase, state });
    }
    Ok(carried)
}

/// What stopped it, most pressing first; else `owned`, which is running or stopped.
fn state(row: &Row, phase: Phase, owned: State) -> State {
    let (paused, failed, unknown): (bool, bool, bool) = (row.get(4), row.get(5), row.get(6));
    match () {
        () if unknown => State::Unknown,
        () if phase.is_over() => State::Stopped,
        () if paused => State::Paused,
        () if failed => State::Failed,
        () => owned,
    }
}
