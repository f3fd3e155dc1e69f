//! Ids: what those of a table are like, what kinds of them cost on this server, and version 7 where the server has none.

use crate::{
    engine::launch,
    error::{Error, Result},
    model::{
        id_report::IdReport,
        ident::{Ident, QualifiedName},
        lab::{Cost, Kind},
        phase::Phase,
    },
    ops::{lab, uuidv7},
    pg::{
        Session, catalog,
        lock::{Attempt, Patience},
    },
};

/// Looks at the ids of a table: of `column`, or of the first one of its primary key.
pub async fn look(session: &Session, typed: &str, column: Option<&str>) -> Result<IdReport> {
    let table = catalog::load_table(session, typed).await?;
    catalog::id_report(session, &table, column.map(Ident::new).as_ref()).await
}

/// Rounds over all kinds: of each the shortest times count, as the first one of all finds everything cold.
const ROUNDS: usize = 2;

/// Measures every kind, until `stop` ends: then nothing is told. What was made is removed, also where it fails.
pub async fn lab(
    session: &Session,
    size: (u32, u32),
    said: &mut (dyn FnMut(Kind) + Send),
    stop: impl Future<Output = ()>,
) -> Result<Option<Vec<Cost>>> {
    let measured = {
        let token = session.cancel_token();
        let work = measure(session, size, said);
        tokio::pin!(work);
        tokio::select! {
            measured = &mut work => Some(measured),
            () = stop => {
                session.target().cancel_until_ended(&token, work).await.ok();
                None
            }
        }
    };
    // What is of another lab is not removed.
    let is_ours = !matches!(measured, Some(Err(Error::Refused { .. } | Error::Busy { .. })));
    let cleared = if is_ours { lab::clear(session).await } else { Ok(()) };
    let costs = measured.transpose()?;
    cleared?;
    Ok(costs)
}

/// Measures every kind with so many rows; `said` hears of each that is done.
async fn measure(
    session: &Session,
    size: (u32, u32),
    said: &mut (dyn FnMut(Kind) + Send),
) -> Result<Vec<Cost>> {
    lab::prepare(session, size.0).await?;
    let mut costs: Vec<Cost> = Vec::new();
    for kind in Kind::ALL.into_iter().cycle().take(Kind::ALL.len() * ROUNDS) {
        let cost = lab::measure(session, kind, size).await?;
        match costs.iter_mut().find(|known| known.kind == kind) {
            Some(known) => known.keep_shortest(&cost),
            None => costs.push(cost),
        }
        said(kind);
    }
    Ok(costs)
}

/// What installing does, and to what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Install {
    /// The schema for the function.
    pub schema: Ident,
    /// The table whose column gets it as its default, and the column; the first one of the primary key where none is named.
    pub default_of: Option<(String, Option<String>)>,
}

/// What was done, for people, and the way back.
#[derive(Debug)]
pub struct Installed {
    /// The function, as SQL.
    pub function: String,
    /// What makes it; nothing where the server has one.
    pub make: Vec<String>,
    /// What makes it a default, where that is asked for.
    pub default: Option<NewDefault>,
}

/// A default of a column.
#[derive(Debug)]
pub struct NewDefault {
    /// The table.
    pub table: QualifiedName,
    /// The statement that sets it.
    pub sql: String,
    /// The statement that takes it back.
    pub back: String,
}

/// Says what installing would do, which [`install`] does.
pub async fn plan_install(session: &Session, install: &Install) -> Result<Installed> {
    let version = catalog::server_facts(session).await?.version_num;
    let function = uuidv7::name(version, &install.schema);
    let make = uuidv7::statements(version, &install.schema);
    let Some((typed, column)) = &install.default_of else {
        return Ok(Installed { function, make, default: None });
    };
    let table = catalog::load_table(session, typed).await?;
    if let Some(phase) = under_way(session, &table.name).await? {
        return Err(Error::Refused {
            id: "QD-155",
            object: table.name.plain(),
            reason: format!("a migration of it is under way ({phase}): a default that changes would stop it"),
            remedy: "finish or abort the migration first".into(),
        });
    }
    let column = catalog::id_column(&table, column.as_ref().map(Ident::new).as_ref())?;
    if column.type_sql != "uuid" {
        return Err(Error::Refused {
            id: "QD-156",
            object: format!("{}.{}", table.name.plain(), column.name.as_str()),
            reason: format!("it is {}, and uuidv7() gives a uuid", column.type_sql),
            remedy: "say --column with a column of type uuid".into(),
        });
    }
    let before = catalog::default_of(session, table.oid, &column.name).await?;
    let back = uuidv7::back_sql(&table.name, &column.name, before.as_deref());
    let sql = uuidv7::default_sql(&table.name, &column.name, &function);
    Ok(Installed { function, make, default: Some(NewDefault { table: table.name, sql, back }) })
}

/// The phase of a migration of the table with this name that is not over.
async fn under_way(session: &Session, name: &QualifiedName) -> Result<Option<Phase>> {
    let all = launch::readable(session).await?;
    Ok(all.iter().find(|row| row.scheme.source() == name && !row.phase.is_over()).map(|row| row.phase))
}

/// Installs; `said` hears of each attempt at the lock.
pub async fn install(
    session: &mut Session,
    install: &Install,
    patience: Patience,
    said: &mut (dyn FnMut(Attempt) + Send),
) -> Result<Installed> {
    let done = plan_install(session, install).await?;
    uuidv7::install(session, &install.schema, &done.make).await?;
    if let Some(NewDefault { table, sql, .. }) = &done.default {
        uuidv7::set_default(session, (table, sql), patience, said).await?;
    }
    Ok(done)
}
