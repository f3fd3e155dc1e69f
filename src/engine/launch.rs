//! From a plan to a journalled migration, and from a table's name to the migration it has.

use uuid::Uuid;

use crate::{
    engine::watcher,
    error::Result,
    model::scheme::Scheme,
    pg::{
        Session, Target, journal,
        journal::read::{self, MigrationRow},
    },
};

/// Journals a scheme: from here on it is a migration that any process may run.
pub async fn journal(target: &Target, scheme: &Scheme, workers: u16) -> Result<()> {
    let mut session = Session::open(target, "launch").await?;
    journal::install(&mut session).await?;
    journal::write::migration(&mut session, scheme, workers.into()).await
}

/// The newest migration of a table, running or over; by the name the application knows.
pub async fn find(session: &Session, table: &str) -> Result<Option<MigrationRow>> {
    if journal::check(session).await?.is_none() {
        return Ok(None);
    }
    let all = read::migrations(session).await?;
    let named = |row: &MigrationRow| {
        let name = row.scheme.source();
        name.plain() == table || name.name.as_str() == table || name.to_string() == table
    };
    let mut found: Vec<MigrationRow> = all.into_iter().filter(named).collect();
    let live = found.iter().position(|row| !row.phase.is_over()).unwrap_or(0);
    Ok((!found.is_empty()).then(|| found.swap_remove(live)))
}

/// The first picture of a migration, before its worker has painted one.
pub async fn first_picture(session: &Session, migration: Uuid) -> Result<crate::engine::status::Status> {
    watcher::picture(session, migration).await
}
