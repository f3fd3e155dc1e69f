//! Checks of the primary key and the other indexes.

use super::{Case, Check, Find, Hit, refuse, warn};
use crate::model::{
    hanger::HangerKind,
    ident::Ident,
    plan::Severity,
    table::{Index, IndexRole},
};

/// Columns an index can have, INCLUDE among them (`INDEX_MAX_KEYS`).
const MAX_KEYS: usize = 32;

pub(super) const CHECKS: &[Check] = &[
    refuse("QD-040", "ALTER TABLE … ADD PRIMARY KEY, from a UNIQUE index built CONCURRENTLY", no_primary_key),
    refuse("QD-041", "REINDEX INDEX CONCURRENTLY it, or drop it", invalid),
    refuse("QD-042", "ADD it again without DEFERRABLE", deferrable),
    refuse(
        "QD-043",
        "drop it, or make it unique together with the partition column, if the application can do without",
        unique_without_key,
    ),
    refuse("QD-044", "drop it, if the application can do without", exclusion),
    warn(
        "QD-045",
        "look for ON CONFLICT and for code that relies on it; keep the values unique where they are made",
        weaker_key,
    ),
    warn("QD-046", "name a partition, or an index: CLUSTER … USING …", cluster_mark),
    Check {
        id: "QD-047",
        severity: Severity::Refuse,
        remedy: "this version does not carry it over; drop the index first if it is not needed",
        find: Find::Hanging(HangerKind::Index, "the index cannot be built again as it is"),
    },
    refuse("QD-048", "choose a partition column that is in the key already", key_too_long),
];

fn each<'a>(case: &Case<'a>, which: impl Fn(&Index) -> bool + 'a, reason: &'a str) -> Vec<Hit> {
    let found = case.table.indexes.iter().filter(|index| which(index));
    found.map(|index| (index.name.as_str().to_owned(), reason.to_owned())).collect()
}

fn no_primary_key(case: &Case<'_>) -> Vec<Hit> {
    let lacks = case.table.primary_key().is_none();
    case.about_table(lacks.then(|| "it has no primary key to tell its rows apart by".into()))
}

fn invalid(case: &Case<'_>) -> Vec<Hit> {
    each(case, |index| !index.valid, "the index is not valid: a concurrent build of it failed or is going on")
}

fn deferrable(case: &Case<'_>) -> Vec<Hit> {
    each(case, |index| index.deferrable, "the key is DEFERRABLE, so two rows may have it for a while")
}

fn unique_without_key(case: &Case<'_>) -> Vec<Hit> {
    let Some(by) = case.by() else { return Vec::new() };
    let reason = format!("a partitioned table cannot keep it unique without {}", by.name.as_str());
    let without = |index: &Index| match index.role {
        IndexRole::Unique | IndexRole::UniqueConstraint => !index.key.contains(&Some(by.name.clone())),
        IndexRole::PrimaryKey | IndexRole::Exclusion | IndexRole::Plain => false,
    };
    each(case, without, &reason)
}

fn exclusion(case: &Case<'_>) -> Vec<Hit> {
    each(
        case,
        |index| index.role == IndexRole::Exclusion,
        "a partitioned table has none before PostgreSQL 17, and later takes over none that its partitions have",
    )
}

/// The primary key, where the partition column is not in it yet.
fn widened<'a>(case: &Case<'a>) -> Option<(&'a Index, &'a str)> {
    let (key, by) = (case.table.primary_key()?, case.by()?);
    (!key.key.contains(&Some(by.name.clone()))).then_some((key, by.name.as_str()))
}

fn weaker_key(case: &Case<'_>) -> Vec<Hit> {
    let Some((key, by)) = widened(case) else { return Vec::new() };
    let names: Vec<_> = key.key.iter().flatten().map(Ident::as_str).collect();
    let names = names.join(", ");
    let still = if case.request.ids_table {
        "stays unique by the table of ids only"
    } else {
        "alone is no longer unique"
    };
    let reason = format!(
        "the primary key becomes ({names}, {by}): ({names}) {still}, and ON CONFLICT ({names}) fails"
    );
    vec![(key.name.as_str().to_owned(), reason)]
}

fn cluster_mark(case: &Case<'_>) -> Vec<Hit> {
    let marked = case.table.attached.clustered_on.iter();
    let reason = "the table is marked to be clustered on it; the partitions will be, and CLUSTER of the whole table alone fails";
    marked.map(|index| (index.as_str().to_owned(), reason.into())).collect()
}

fn key_too_long(case: &Case<'_>) -> Vec<Hit> {
    let Some((key, by)) = widened(case) else { return Vec::new() };
    if key.key.len() + key.include.len() < MAX_KEYS {
        return Vec::new();
    }
    vec![(
        key.name.as_str().to_owned(),
        format!("with {by} the primary key would have more than {MAX_KEYS} columns"),
    )]
}
