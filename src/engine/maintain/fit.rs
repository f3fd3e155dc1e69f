//! Whether a table can be maintained, and in which words it is said where it cannot.

use super::{Found, Wish};
use crate::{
    error::{Error, Result},
    model::{
        calendar::{Calendar, Zone},
        clock::Clock,
        figures,
        health::{Cover, Facts, Partman},
        leaves::MAX_LEAVES,
        maintenance::Unfit,
        table::Table,
    },
    ops::partition::{Outcome, Site},
    pg::{
        Session,
        catalog::{self, Care},
        journal::read::MigrationRow,
    },
};

/// Somebody else may be at it: a migration of ours, or pg_partman.
pub(super) async fn check(session: &Session, facts: &Facts, migrations: &[MigrationRow]) -> Result<()> {
    let name = &facts.table.name;
    if let Some(row) = migrations.iter().find(|row| row.scheme.source() == name && !row.phase.is_over()) {
        return Err(Error::Refused {
            id: "QD-157",
            object: name.plain(),
            reason: format!(
                "a migration of it is under way ({}), which looks after its partitions",
                row.phase
            ),
            remedy: "finish or abort the migration first".into(),
        });
    }
    let (reason, remedy) = match catalog::care_of(session, name).await? {
        Care::Nobodys => return Ok(()),
        Care::Partmans(Partman { config, .. }) => (
            format!("pg_partman makes and drops its partitions: it is in {}", config.plain()),
            format!("leave it to pg_partman, or DELETE its row from {} first", config.plain()),
        ),
        Care::Hidden(config) => (
            format!(
                "pg_partman is there, and may make and drop its partitions: this role may not read {}",
                config.plain()
            ),
            format!("give the role USAGE on the schema {} and SELECT on {config}", config.schema),
        ),
    };
    Err(Error::Refused { id: "QD-161", object: name.plain(), reason, remedy })
}

/// Whether the column can tell the time as somebody says.
pub(super) fn check_words(facts: &Facts, wish: &Wish) -> Result<()> {
    let Some((column, type_sql)) = &facts.table.column else { return Ok(()) };
    let column = column.as_str();
    let usage = |reason: String, remedy: String| Err(Error::Usage { reason, remedy });
    match (wish.clock, wish.zone) {
        (Some(clock), _) if !clock.fits(type_sql) => usage(
            format!("{column} is {type_sql}, which is not read by --clock {clock}"),
            format!("leave --clock away, or say one of a {type_sql}"),
        ),
        (_, Some(zone)) if zone != Zone::UTC && facts.table.clock.is_some_and(Clock::is_wall) => usage(
            format!("{column} is {type_sql}, which is in no time zone"),
            "leave --time-zone out: a period begins where the column says midnight".into(),
        ),
        _ => Ok(()),
    }
}

/// The calendar that somebody says.
pub(super) fn said(facts: &Facts, wish: &Wish) -> Option<Calendar> {
    let every = wish.every.or(Cover::of(facts).calendar.map(|calendar| calendar.every))?;
    Some(Calendar { every, zone: facts.table.zone })
}

pub(super) fn refuse(facts: &Facts, unfit: &Unfit) -> Error {
    let (reason, remedy) = match unfit {
        Unfit::NoTimes => (
            format!(
                "it is partitioned by {}, whose bounds are no times as far as can be told",
                facts.table.key
            ),
            "for a bigint key say how it tells the time with --clock; other tables are not maintained"
                .to_owned(),
        ),
        Unfit::NoPeriod => (
            "its newest partition is no day, week, month, quarter, half year or year long".to_owned(),
            "say --every with the length of new ones".to_owned(),
        ),
        Unfit::OffCalendar(calendar) => (
            format!("its newest partition does not begin with a {calendar}"),
            "say --time-zone with the zone at whose midnight partitions begin, or another --every".to_owned(),
        ),
        Unfit::AllExpired => (
            "every partition would expire".to_owned(),
            "see whether --clock and --retain are meant so; let go of the last ones by hand".to_owned(),
        ),
        Unfit::TooMany => (
            format!("it would have more than {MAX_LEAVES} partitions"),
            "say a longer --every, or see what rows lie in DEFAULT: `quarterdeck health`".to_owned(),
        ),
    };
    let id = if *unfit == Unfit::AllExpired { "QD-165" } else { "QD-158" };
    Error::Refused { id, object: facts.table.name.plain(), reason, remedy }
}

/// The DEFAULT that rows may be moved out of.
pub(super) async fn may_move<'a>(
    session: &Session,
    found: &Found,
    site: &'a Site,
    partitions: usize,
) -> Result<&'a Table> {
    if found.facts.parts.len() + partitions > MAX_LEAVES {
        return Err(refuse(&found.facts, &Unfit::TooMany));
    }
    let default =
        site.default.as_ref().ok_or_else(|| Error::Bug("rows in a DEFAULT that is not there".into()))?;
    let hinders = catalog::in_the_way_of_moves(session, site.table.oid, default.oid).await?;
    if hinders.is_empty() {
        return Ok(default);
    }
    Err(Error::Refused {
        id: "QD-159",
        object: default.name.plain(),
        reason: format!("its rows cannot be moved unnoticed: {}", hinders.join("; ")),
        remedy: "move them by hand, as `quarterdeck health` shows, at a quiet time".into(),
    })
}

/// Unless there was no time for it.
pub(super) fn in_time(found: &Found, outcome: Outcome) -> Result<()> {
    let Outcome::TooSlow(budget) = outcome else { return Ok(()) };
    let size = found.facts.default_part().map_or(0, |part| part.figures.table_bytes);
    Err(Error::Busy {
        object: found.facts.table.name.plain(),
        reason: format!(
            "DEFAULT ({}) is too large to be worked on within {} ms of lock",
            figures::bytes(size),
            budget.as_millis()
        ),
        remedy: "give it a longer --lock-budget at a quiet time (four fifths of the server's deadlock_timeout at most); where that is not \
                 enough, `quarterdeck run … --strategy repartition` cuts the whole table anew while everybody goes on"
            .into(),
    })
}
