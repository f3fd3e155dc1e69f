//! Which column to partition by, and why one cannot be.

use super::{Case, Check, Hit, refuse};
use crate::model::{
    ident::Ident,
    plan::Request,
    table::{Column, TIMESTAMPTZ, Table},
};

pub(super) const CHECKS: &[Check] = &[
    refuse(
        "QD-030",
        "add a `timestamptz NOT NULL` column that the application fills, and name it with --by",
        none,
    ),
    refuse("QD-031", "say which with --by", several),
    refuse("QD-032", "name one of the table's columns with --by", unknown),
    refuse(
        "QD-033",
        "this version partitions by `timestamp with time zone` only; name another column with --by",
        other_type,
    ),
    refuse("QD-034", "fill the NULLs, then ALTER TABLE … ALTER COLUMN … SET NOT NULL", nullable),
    refuse("QD-035", "name a column that the application fills with --by", generated),
];

/// Why no column can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyTrouble {
    /// No column is a `timestamptz NOT NULL`.
    None,
    /// More than one is, and none was named.
    Several(Vec<Ident>),
    /// The named one does not exist.
    Unknown(String),
    /// The named one has another type.
    OtherType(Ident, String),
    /// The named one may be NULL.
    Nullable(Ident),
    /// The named one is generated, which a partition column must not be.
    Generated(Ident),
}

/// The column to partition by: the one named, or the only one that could be.
pub fn choose_key<'a>(table: &'a Table, request: &Request) -> Result<&'a Column, KeyTrouble> {
    let Some(by) = &request.by else { return only_candidate(table) };
    let named = |name: &str| table.column(&Ident::new(name));
    let Some(column) = named(by).or_else(|| named(&by.to_lowercase())) else {
        return Err(KeyTrouble::Unknown(by.clone()));
    };
    let name = || column.name.clone();
    if column.type_sql != TIMESTAMPTZ {
        Err(KeyTrouble::OtherType(name(), column.type_sql.clone()))
    } else if column.generated {
        Err(KeyTrouble::Generated(name()))
    } else if !column.not_null {
        Err(KeyTrouble::Nullable(name()))
    } else {
        Ok(column)
    }
}

/// The column that is taken where several could be.
const CREATED_AT: &str = "created_at";

fn only_candidate(table: &Table) -> Result<&Column, KeyTrouble> {
    let candidates: Vec<_> = table.columns.iter().filter(|column| column.may_partition()).collect();
    match candidates[..] {
        [] => Err(KeyTrouble::None),
        [column] => Ok(column),
        // The usual name for the time a row came into being, which no later write changes.
        [..] if candidates.iter().any(|column| column.name.as_str() == CREATED_AT) => {
            candidates.into_iter().find(|column| column.name.as_str() == CREATED_AT).ok_or(KeyTrouble::None)
        }
        [..] => Err(KeyTrouble::Several(candidates.iter().map(|column| column.name.clone()).collect())),
    }
}

/// One hit where the trouble is of a kind: `pick` gives the column, if one is named, and the reason.
fn trouble(case: &Case<'_>, pick: impl Fn(KeyTrouble) -> Option<(Option<String>, String)>) -> Vec<Hit> {
    let Some((column, reason)) = choose_key(case.table, case.request).err().and_then(pick) else {
        return Vec::new();
    };
    let object = column.map_or_else(|| case.name(), |column| format!("{}.{column}", case.name()));
    vec![(object, reason)]
}

fn none(case: &Case<'_>) -> Vec<Hit> {
    trouble(case, |t| (t == KeyTrouble::None).then(|| (None, "no column is a `timestamptz NOT NULL`".into())))
}

fn several(case: &Case<'_>) -> Vec<Hit> {
    trouble(case, |trouble| {
        let KeyTrouble::Several(columns) = trouble else { return None };
        let names: Vec<_> = columns.iter().map(Ident::as_str).collect();
        Some((None, format!("it could be partitioned by {}", names.join(" or "))))
    })
}

fn unknown(case: &Case<'_>) -> Vec<Hit> {
    trouble(case, |trouble| {
        let KeyTrouble::Unknown(column) = trouble else { return None };
        Some((Some(column), "there is no such column".into()))
    })
}

fn other_type(case: &Case<'_>) -> Vec<Hit> {
    trouble(case, |trouble| {
        let KeyTrouble::OtherType(column, type_sql) = trouble else { return None };
        Some((Some(column.as_str().to_owned()), format!("its type is {type_sql}")))
    })
}

fn nullable(case: &Case<'_>) -> Vec<Hit> {
    trouble(case, |trouble| {
        let KeyTrouble::Nullable(column) = trouble else { return None };
        Some((Some(column.as_str().to_owned()), "it may be NULL, and a NULL belongs to no period".into()))
    })
}

fn generated(case: &Case<'_>) -> Vec<Hit> {
    trouble(case, |trouble| {
        let KeyTrouble::Generated(column) = trouble else { return None };
        Some((
            Some(column.as_str().to_owned()),
            "it is generated, and PostgreSQL does not partition by such".into(),
        ))
    })
}
