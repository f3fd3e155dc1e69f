//! What statements are planned against.

use chrono::{DateTime, Utc};

use crate::{
    engine::{health, launch, plan},
    error::{Error, Result},
    model::{
        audit::Subject,
        health::{Cover, Facts},
        ident::{Ident, QualifiedName},
        period::Period,
        plan::Request,
        scheme::{Leaf, Scheme},
        table::Table,
    },
    ops::audit::TEMPORARY,
    pg::{Session, catalog, journal, measure},
};

/// What statements are planned against.
#[derive(Debug)]
pub(super) enum Against {
    /// The table itself.
    Itself,
    /// An empty copy of what it will be.
    Copy {
        /// What that is.
        scheme: Box<Scheme>,
        /// Its partitions.
        leaves: Vec<Leaf>,
    },
}

impl Against {
    /// Whether names must be changed.
    pub(super) fn is_copy(&self) -> bool {
        matches!(self, Self::Copy { .. })
    }

    /// For people.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Itself => "its partitions".into(),
            Self::Copy { scheme, .. } => {
                format!("an empty copy of what it will be, by {}", scheme.calendar())
            }
        }
    }
}

/// The table of `request`, and what its statements are planned against.
pub(super) async fn subject(session: &Session, request: &Request) -> Result<(Subject, Against)> {
    let oid = catalog::resolve(session, &request.table).await?;
    let table = catalog::load_oid(session, oid).await?;
    let migrations = launch::readable(session).await?;
    if table.is_partitioned() {
        let told = |name: &_| health::told(&migrations, name);
        let facts = catalog::partitions(session, &request.table, oid, told).await?;
        return Ok((partitioned(&table, &facts)?, Against::Itself));
    }
    let ours = migrations.iter().find(|row| *row.scheme.source() == table.name && !row.phase.is_over());
    let known = match ours {
        Some(row) => journal::read::leaves(session, row.scheme.id).await?,
        None => Vec::new(),
    };
    let (scheme, leaves) = match ours.filter(|_| !known.is_empty()) {
        Some(row) => (row.scheme.clone(), known.into_iter().map(|row| row.leaf).collect()),
        None => plan::outline(session, request).await?,
    };
    let now = measure::now(session).await?;
    Ok((planned(&scheme, &leaves, now), Against::Copy { scheme: Box::new(scheme), leaves }))
}

fn planned(scheme: &Scheme, leaves: &[Leaf], now: DateTime<Utc>) -> Subject {
    let periods: Vec<Period> = leaves.iter().filter_map(|leaf| leaf.period).collect();
    Subject {
        table: scheme.source().clone(),
        by: scheme.by.clone(),
        clock: scheme.clock,
        key: scheme.twin_key().iter().map(|column| column.name.clone()).collect(),
        columns: columns(&scheme.table),
        planned: QualifiedName::new(TEMPORARY, scheme.source().name.as_str()),
        leaves: leaves.iter().map(|leaf| QualifiedName::new(TEMPORARY, leaf.name.as_str())).collect(),
        period: of_now(&periods, now),
    }
}

fn partitioned(table: &Table, facts: &Facts) -> Result<Subject> {
    let refused = || Error::Refused {
        id: "QD-164",
        object: table.name.plain(),
        reason: format!("it is partitioned by {}, and not by ranges of one time", facts.table.key),
        remedy: "EXPLAIN its statements by hand".into(),
    };
    let (by, _) = facts.table.column.as_ref().ok_or_else(refused)?;
    let clock = facts.table.clock.ok_or_else(refused)?;
    let ranges = Cover::of(facts).ranges;
    let periods =
        ranges.iter().filter_map(|(_, range)| Some(Period { lower: range.from?, upper: range.to? }));
    Ok(Subject {
        table: table.name.clone(),
        by: by.clone(),
        clock,
        key: table.primary_key().map(|key| key.key.iter().flatten().cloned().collect()).unwrap_or_default(),
        columns: columns(table),
        planned: table.name.clone(),
        leaves: facts.leaves().map(|part| part.name.clone()).collect(),
        period: of_now(&periods.collect::<Vec<_>>(), facts.table.now),
    })
}

fn columns(table: &Table) -> Vec<Ident> {
    table.columns.iter().map(|column| column.name.clone()).collect()
}

/// The period of now, else the last one, else one of now that nobody has.
fn of_now(periods: &[Period], now: DateTime<Utc>) -> Period {
    let of_now = periods.iter().find(|period| period.contains(now));
    let any = of_now.or_else(|| periods.iter().rfind(|period| !period.is_open())).copied();
    any.unwrap_or(Period { lower: now, upper: now + chrono::TimeDelta::days(90) })
}
