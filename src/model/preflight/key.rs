//! Which column to partition by, and why one cannot be.

use super::{Case, Check, Hit, refuse};
use crate::model::{
    clock::Clock,
    ident::Ident,
    plan::Request,
    table::{Column, Table},
};

pub(super) const CHECKS: &[Check] = &[
    refuse(
        "QD-030",
        "add a `timestamptz NOT NULL` column that the application fills; or name with --by a key of ids that tell their time",
        none,
    ),
    refuse("QD-031", "say which with --by", several),
    refuse("QD-032", "name one of the table's columns with --by", unknown),
    refuse(
        "QD-033",
        "name with --by a column of type timestamptz, timestamp or date, or one of ids that tell their time: uuid or bigint",
        other_type,
    ),
    refuse("QD-034", "fill the NULLs, then ALTER TABLE … ALTER COLUMN … SET NOT NULL", nullable),
    refuse("QD-035", "name a column that the application fills with --by", generated),
];

/// Why no column can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyTrouble {
    /// No column is a time that is never NULL.
    None,
    /// More than one is, and none was named.
    Several(Vec<Ident>),
    /// The named one does not exist.
    Unknown(String),
    /// The named one has a type that tells no time, or another than its clock wants: why.
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
    if let Some(clock) = request.clock.filter(|clock| !clock.fits(&column.type_sql)) {
        let reason =
            format!("its type is {}, and the clock {clock} wants {}", column.type_sql, clock.type_name());
        Err(KeyTrouble::OtherType(name(), reason))
    } else if Clock::of_time_type(&column.type_sql).is_none() && !Clock::may_be_id(&column.type_sql) {
        Err(KeyTrouble::OtherType(name(), format!("its type is {}", column.type_sql)))
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

/// The only time of the table; of several the usual one, which no later write changes, or the only one of the best
/// type: a date beside a timestamp is not what its row is known by.
fn only_candidate(table: &Table) -> Result<&Column, KeyTrouble> {
    let times = || table.columns.iter().filter(|column| column.time_clock().is_some());
    if let Some(usual) = times().find(|column| column.name.as_str() == CREATED_AT) {
        return Ok(usual);
    }
    let of = |clock| times().filter(|column| column.time_clock() == Some(clock)).collect::<Vec<_>>();
    let by_type = [Clock::Timestamptz, Clock::Timestamp, Clock::Date].map(of);
    let candidates = by_type.into_iter().find(|columns| !columns.is_empty()).unwrap_or_default();
    match candidates[..] {
        [] => Err(KeyTrouble::None),
        [column] => Ok(column),
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
    trouble(case, |t| {
        (t == KeyTrouble::None)
            .then(|| (None, "no column is a time (timestamptz, timestamp or date) that is NOT NULL".into()))
    })
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
        let KeyTrouble::OtherType(column, reason) = trouble else { return None };
        Some((Some(column.as_str().to_owned()), reason))
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
