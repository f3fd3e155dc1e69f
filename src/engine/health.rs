//! Looks at the health of partitioned tables, whoever made them.

use tokio_postgres::error::SqlState;

use crate::{
    engine::{audit, launch},
    error::{Error, Result},
    model::{
        audit::Gist,
        health::{Facts, Health, Partman, Told},
        ident::QualifiedName,
        ids::Ids,
        phase::Phase,
        plan::Request,
        table::Oid,
    },
    pg::{
        Session,
        catalog::{self, Care},
        journal::read::MigrationRow,
    },
};

/// What is done about a table's statements.
#[derive(Clone, Debug)]
pub enum Statements {
    /// They are audited, which is the dear part of a look.
    Audit,
    /// What they reach is known.
    Known(Option<Gist>),
}

/// The table that `typed` means.
pub async fn look(session: &mut Session, typed: &str, statements: Statements) -> Result<Health> {
    let oid = catalog::resolve(session, typed).await?;
    let migrations = launch::readable(session).await?;
    catalog::only_looks(session).await?;
    let mut facts = match catalog::health(session, typed, oid, |name| told(&migrations, name)).await {
        Err(error) if error.sqlstate() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
            catalog::locked(session, typed, oid).await
        }
        facts => facts,
    }
    .map_err(|error| not_yet(error, oid, &migrations))?;
    forget_ours(&mut facts, &migrations);
    facts.held_up = catalog::held_up(session, oid).await?;
    if facts.locked {
        return Ok(facts.into());
    }
    // A lock that nobody waits for is nobody's trouble.
    facts.held_up.retain(|held| !held.waiting.is_empty());
    facts.partman = partman(session, &facts.table.name).await?;
    facts.audit = match statements {
        Statements::Known(gist) => gist,
        Statements::Audit => audit::briefly(session, &Request::of(&facts.table.name.to_string())).await?,
    };
    Ok(facts.into())
}

/// A table that is being converted is refused in other words: it will have partitions.
fn not_yet(error: Error, oid: Oid, migrations: &[MigrationRow]) -> Error {
    let converts =
        |row: &&MigrationRow| row.scheme.table.oid == oid && !row.phase.is_over() && !row.phase.is_swapped();
    match (error, migrations.iter().find(converts)) {
        (Error::Refused { id: id @ "QD-152", object, .. }, Some(row)) => Error::Refused {
            id,
            object,
            reason: format!("it is being converted ({}), and is partitioned from the swap on", row.phase),
            remedy: "look at its partitions after the swap; until then screen 1 and `quarterdeck status` show them".into(),
        },
        (error, _) => error,
    }
}

/// Whether pg_partman has the table in its care; where that cannot be read, nothing is said of it.
async fn partman(session: &Session, table: &QualifiedName) -> Result<Option<Partman>> {
    match catalog::care_of(session, table).await {
        Ok(Care::Partmans(partman)) => Ok(Some(partman)),
        Ok(Care::Nobodys | Care::Hidden(_)) => Ok(None),
        Err(error) if error.connection_lost() => Err(error),
        Err(error) => {
            tracing::debug!(%error, "pg_partman's configuration cannot be read");
            Ok(None)
        }
    }
}

/// The tables of a migration are not left over.
pub(super) fn forget_ours(facts: &mut Facts, migrations: &[MigrationRow]) {
    let ours = migrations.iter().flat_map(|row| {
        let scheme = &row.scheme;
        [scheme.twin(), scheme.old(), scheme.history()].into_iter().chain(Ids::of(scheme).map(|ids| ids.name))
    });
    let ours: Vec<String> = ours.map(|name| name.plain()).collect();
    facts.leftovers.retain(|table| !ours.contains(&table.name.plain()));
}

/// How the column of a table that we converted tells the time, and where its periods begin.
pub(super) fn told(migrations: &[MigrationRow], name: &QualifiedName) -> Told {
    let mut ours = migrations.iter().filter(|row| row.scheme.source() == name && row.phase != Phase::Aborted);
    let ours = ours.next().map(|row| &row.scheme);
    Told { clock: ours.map(|scheme| scheme.clock), zone: ours.map(|scheme| scheme.zone) }
}

/// Runs the SQL of a finding, each statement by itself and for as long as it takes; under a lock it waits no longer than
/// any of ours.
pub async fn mend(session: &Session, sql: &[String]) -> Result<()> {
    for statement in sql {
        session.batch("mend", statement).await?;
    }
    Ok(())
}

/// Every partitioned table that this role may use, by name.
pub async fn look_at_all(session: &mut Session) -> Result<Vec<Health>> {
    let mut all = Vec::new();
    for name in catalog::partitioned_tables(session).await? {
        all.push(look(session, &name.to_string(), Statements::Audit).await?);
    }
    Ok(all)
}
