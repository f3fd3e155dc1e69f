//! From a plan to a journalled migration, and from a table's name to the migration it has.

use uuid::Uuid;

use crate::{
    engine::{event::Event, link::Past, watcher},
    error::{Error, Result},
    model::{scheme::Scheme, throttle::Limits},
    pg::{
        Session, Target, catalog, journal,
        journal::{
            mail,
            read::{self, MigrationRow},
        },
    },
};

/// Copying workers where nobody says how many.
pub const WORKERS: u16 = 2;

/// Journals a scheme: from here on it is a migration that any process may run.
pub async fn journal(target: &Target, scheme: &Scheme, workers: u16, limits: &Limits) -> Result<()> {
    let mut session = Session::open(target, "launch").await?;
    journal::install(&mut session).await?;
    journal::write::migration(&mut session, scheme, workers.into(), limits).await
}

/// All migrations; none where this role may not read the journal.
pub async fn readable(session: &Session) -> Result<Vec<MigrationRow>> {
    if catalog::journal_readable(session).await? { list(session, None).await } else { Ok(Vec::new()) }
}

/// The migrations of the tables that a typed name can mean, or of all tables; newest first.
pub async fn list(session: &Session, table: Option<&str>) -> Result<Vec<MigrationRow>> {
    if journal::check(session).await?.is_none() {
        return Ok(Vec::new());
    }
    let mut rows = read::migrations(session).await?;
    if let Some(table) = table {
        let means = catalog::reading(table)?;
        rows.retain(|row| means(row.scheme.source()));
    }
    Ok(rows)
}

/// The migration of a table: the one that is not over, else the newest. Refuses a name that means two tables.
pub async fn find(session: &Session, table: &str) -> Result<Option<MigrationRow>> {
    let mut found = list(session, Some(table)).await?;
    let live = |row: &&MigrationRow| !row.phase.is_over();
    let mut names: Vec<_> = found.iter().filter(live).map(|row| row.scheme.source().plain()).collect();
    names.sort();
    names.dedup();
    if names.len() > 1 {
        return Err(Error::Usage {
            reason: format!("{table} can mean {}", names.join(" or ")),
            remedy: "write the table's name with its schema".into(),
        });
    }
    let at = found.iter().position(|row| !row.phase.is_over()).unwrap_or(0);
    Ok((!found.is_empty()).then(|| found.swap_remove(at)))
}

/// What has happened so far, as far as `keep` of its newest events tell it.
pub async fn past(session: &Session, migration: Uuid, keep: usize) -> Result<Past> {
    let keep = i64::try_from(keep).unwrap_or(i64::MAX);
    let (rows, of) = mail::newest_events(session, migration, keep).await?;
    let read = |(seq, at, body)| match serde_json::from_value(body) {
        Ok(body) => Some(Event { seq, at, body }),
        Err(error) => {
            tracing::warn!(%error, seq, "an event of the journal is not understood");
            None
        }
    };
    Ok(Past { events: rows.into_iter().filter_map(read).collect(), of })
}

/// The first picture of a migration, before its worker has painted one.
pub async fn first_picture(session: &Session, migration: Uuid) -> Result<crate::engine::status::Status> {
    watcher::picture(session, migration).await
}
