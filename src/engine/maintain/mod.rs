//! Keeps a partitioned table going, whoever made it: looks what is due, does it, looks again.
//!
//! Nothing is remembered between two looks but what the catalogue says, so a run that died is gone on with by the next one.
//! An expired partition that is to be dropped or archived says so in its comment from the moment it is no partition.

mod expiry;
mod fit;
mod words;

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::{
    engine::{health, launch},
    error::{Error, Result},
    model::{
        calendar::Zone,
        clock::Clock,
        health::{Cover, Facts, Told},
        ident::QualifiedName,
        maintenance::{self, Cut, Keep, Manifest, NewPart, Task},
        period::Every,
        table::Oid,
    },
    ops::partition::{Seen, Site, Split, sweep},
    pg::{
        Session, alone, catalog,
        expired::{self, Marked},
        journal::read::MigrationRow,
        lock::{Attempt, Patience},
        meaning::{renamed, still_means},
    },
};

/// Tasks of one run at most: each look finds fewer, unless something is wrong.
const MOST: usize = 3 * crate::model::leaves::MAX_LEAVES;

/// What somebody wants of a table.
#[derive(Clone, Debug, PartialEq)]
pub struct Wish {
    /// The table, as it was typed.
    pub table: String,
    /// What is to be kept.
    pub keep: Keep,
    /// The length of a period, where the partitions are not to be asked.
    pub every: Option<Every>,
    /// The zone at whose midnight a period begins, likewise.
    pub zone: Option<Zone>,
    /// How the column tells the time, likewise.
    pub clock: Option<Clock>,
    /// Where archives go.
    pub archive_dir: Option<PathBuf>,
    /// How long and how often it tries for locks.
    pub patience: Patience,
    /// The table that the name must mean.
    pub oid: Option<Oid>,
    /// What may be done, where not all that is due.
    pub only: Option<Vec<Task>>,
}

impl Wish {
    /// What is kept of a table, the rest as its partitions show it.
    pub fn of(table: String, keep: Keep) -> Self {
        Self {
            table,
            keep,
            every: None,
            zone: None,
            clock: None,
            archive_dir: None,
            patience: Patience::default(),
            oid: None,
            only: None,
        }
    }

    /// Whether it was asked for. An expired partition goes by the way that its end was asked for.
    fn allows(&self, task: &Task) -> bool {
        let is_of = |asked: &Task| match (asked, task) {
            (Task::Expire(part), Task::Settle(now)) => part == now,
            _ => same(asked, task),
        };
        self.only.as_ref().is_none_or(|only| only.iter().any(is_of))
    }
}

/// What a look found.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
pub struct Found {
    /// The table.
    pub facts: Facts,
    /// Its OID.
    pub oid: Oid,
    /// How it is cut.
    pub cut: Cut,
    /// What is due, in order.
    pub due: Vec<Task>,
    /// Expired partitions whose fate this run may bring about.
    pub settle: Vec<Marked>,
    /// Expired partitions that wait for something this run is not asked to do.
    pub waiting: Vec<QualifiedName>,
}

/// What was done.
#[derive(Debug)]
pub enum Deed {
    /// A half detached partition is a table of its own now.
    Finalized(QualifiedName),
    /// Rows were moved out of DEFAULT.
    Moved(Vec<(NewPart, u64)>),
    /// A partition was made.
    Made(NewPart),
    /// A partition was detached.
    Detached(QualifiedName),
    /// An expired partition was dropped.
    Dropped(QualifiedName),
    /// An expired partition was archived, and dropped.
    Archived(Box<Manifest>),
}

/// How a run came out.
#[derive(Debug)]
pub struct Done {
    /// What was done, in order.
    pub deeds: Vec<Deed>,
    /// What could not be done, and why.
    pub failed: Vec<(Task, Error)>,
    /// What is there now.
    pub found: Found,
}

/// What a run hears of while it works.
#[derive(Debug)]
pub enum News {
    /// An attempt at a lock.
    Attempt(Attempt),
    /// A partition is detached, and waits for somebody who may still see it.
    Waits(QualifiedName, String),
    /// An archive has got so many bytes.
    Archived(u64),
}

/// Looks what is due, and changes nothing.
pub async fn look(session: &mut Session, wish: &Wish) -> Result<Found> {
    let migrations = launch::readable(session).await?;
    let (oid, facts) = facts(session, wish, &migrations).await?;
    fit::check(session, &facts, &migrations).await?;
    let said = fit::said(&facts, wish);
    let cut = maintenance::cut(&facts, said).map_err(|unfit| fit::refuse(&facts, &unfit))?;
    let (settle, waiting) = expiry::marked(session, (&facts.table.name, oid), wish, facts.table.now).await?;
    let names: Vec<_> = settle.iter().map(|one| one.name.clone()).collect();
    let mut due =
        maintenance::due(&facts, cut, &wish.keep, &names).map_err(|unfit| fit::refuse(&facts, &unfit))?;
    // Two pieces of one period would have one name.
    let mut taken = Vec::new();
    for part in due.iter_mut().flat_map(new_parts) {
        part.name = catalog::free_name(session, &part.name, &taken).await?;
        taken.push(part.name.name.clone());
    }
    Ok(Found { facts, oid, cut, due, settle, waiting })
}

/// The partitions that a task makes.
fn new_parts(task: &mut Task) -> Vec<&mut NewPart> {
    match task {
        Task::Make(part) => vec![part],
        Task::Move(moves) => moves.iter_mut().map(|(part, _)| part).collect(),
        Task::Finalize(_) | Task::Expire(_) | Task::Settle(_) => Vec::new(),
    }
}

/// The health of the table, read by the clock that somebody says it has.
async fn facts(session: &mut Session, wish: &Wish, migrations: &[MigrationRow]) -> Result<(Oid, Facts)> {
    let oid = catalog::resolve(session, &wish.table).await?;
    if wish.oid.is_some_and(|meant| meant != oid) {
        return Err(renamed(&catalog::load_oid(session, oid).await?.name));
    }
    let told = |name: &QualifiedName| {
        let ours = health::told(migrations, name);
        Told { clock: wish.clock.or(ours.clock), zone: wish.zone.or(ours.zone) }
    };
    let mut facts = catalog::health(session, &wish.table, oid, told).await?;
    health::forget_ours(&mut facts, migrations);
    fit::check_words(&facts, wish)?;
    Ok((oid, facts))
}

/// Does what is due, and looks again, until nothing is left that can be done, or `stop` says so between two tasks.
pub async fn maintain(
    session: &mut Session,
    wish: &Wish,
    stop: &(dyn Fn() -> bool + Sync),
    said: &mut (dyn FnMut(News) + Send),
) -> Result<Done> {
    let table = catalog::load_table(session, &wish.table).await?;
    let (name, oid) = (table.name, table.oid);
    alone(session, &format!("quarterdeck maintain {name}"), &name.plain()).await?;
    // What the name means now, it has to mean until the end.
    let wish = &Wish { oid: wish.oid.or(Some(oid)), ..wish.clone() };
    let mut found = look(session, wish).await?;
    let swept = sweep(session, &name).await?;
    if expired::unmark(session, &name, oid).await? + swept > 0 {
        found = look(session, wish).await?;
    }
    let (mut deeds, mut failed) = (Vec::new(), Vec::<(Task, Error)>::new());
    for _ in 0..MOST {
        if stop() {
            break;
        }
        let is_new = |task: &&Task| !failed.iter().any(|(other, _)| same(other, task));
        let mut may_be_done = found.due.iter().filter(|task| wish.allows(task));
        let Some(task) = may_be_done.find(is_new).cloned() else { break };
        match carry_out(session, wish, &found, &task, said).await {
            Ok(deed) => deeds.push(deed),
            Err(Error::Stopped { .. }) => {
                found = look(session, wish).await?;
                break;
            }
            Err(error) if error.connection_lost() => return Err(error),
            Err(error) => failed.push((task, error)),
        }
        found = look(session, wish).await?;
    }
    // What failed once, and was done in the end by another way, did not fail.
    failed.retain(|(task, _)| found.due.iter().any(|due| same(due, task)));
    Ok(Done { deeds, failed, found })
}

/// Whether two looks found the same task; rows may have come meanwhile, or a name been taken.
fn same(a: &Task, b: &Task) -> bool {
    match (a, b) {
        (Task::Move(_), Task::Move(_)) => true,
        (Task::Make(a), Task::Make(b)) => a.period == b.period,
        _ => a == b,
    }
}

async fn carry_out(
    session: &mut Session,
    wish: &Wish,
    found: &Found,
    task: &Task,
    said: &mut (dyn FnMut(News) + Send),
) -> Result<Deed> {
    match task {
        Task::Finalize(part) => expiry::finalize(session, wish, found, part, said).await,
        Task::Make(part) => {
            let site = site(session, found, None).await?;
            fit::in_time(
                found,
                site.make(part).run(session, wish.patience, &mut |one| said(News::Attempt(one))).await?,
            )?;
            Ok(Deed::Made(part.clone()))
        }
        Task::Move(moves) => {
            let site = site(session, found, None).await?;
            let default = fit::may_move(session, found, &site, moves.len()).await?;
            let parts: Vec<_> = moves.iter().map(|(part, _)| part.clone()).collect();
            let rest = default.name.sibling(default.name.name.with_suffix("_next"));
            let rest = catalog::free_name(session, &rest, &[]).await?;
            let split = Split { site: &site, default, parts: &parts, rest };
            let (outcome, rows) =
                split.run(session, wish.patience, &mut |one| said(News::Attempt(one))).await?;
            fit::in_time(found, outcome)?;
            Ok(Deed::Moved(parts.into_iter().zip(rows).collect()))
        }
        Task::Expire(part) => {
            let part = expiry::part(&found.facts, part)?;
            let site = site(session, found, Some(part.oid)).await?;
            expiry::expire(session, wish, (found, &site), part, said).await
        }
        Task::Settle(part) => {
            let marked = found.settle.iter().find(|one| one.name == *part);
            let marked = marked.ok_or_else(|| Error::Bug(format!("no mark of {part}")))?;
            expiry::settle(session, wish, (&found.facts.table.name, marked), said).await
        }
    }
}

/// The table as it is worked on, and a partition of it, if one is meant.
async fn site(session: &Session, found: &Found, part: Option<Oid>) -> Result<Site> {
    let facts = &found.facts;
    let default = facts.default_part();
    // First of all: what is read after it, is not older.
    let of = [Some(found.oid), part, default.map(|part| part.oid)].into_iter().flatten().collect();
    let seen = Seen::look(session, &facts.table.name, of).await?;
    let table = catalog::load_oid(session, found.oid).await?;
    still_means(session, &facts.table.name, found.oid).await?;
    if let Some(part) = facts.parts.iter().find(|one| Some(one.oid) == part) {
        still_means(session, &part.name, part.oid).await?;
    }
    let newest = Cover::of(facts).ranges.iter().rev().map(|(part, _)| *part).find(|part| !part.partitioned);
    let like = match newest {
        Some(part) => Some(catalog::load_oid(session, part.oid).await?),
        None => None,
    };
    let (by, _) =
        facts.table.column.as_ref().ok_or_else(|| Error::Bug("a cut table without a column".into()))?;
    let default = match default.filter(|part| !part.partitioned) {
        Some(part) => Some(catalog::load_oid(session, part.oid).await?),
        None => None,
    };
    Ok(Site { table, default, like, by: by.to_string(), seen })
}
