//! Columns that say whether an event was processed, by their names and types.

use crate::model::{
    clock::Clock,
    ident::{Ident, literal},
    table::Table,
};

/// What is done with an event when it is done with.
const DONE: [&str; 15] = [
    "processed",
    "published",
    "sent",
    "delivered",
    "dispatched",
    "consumed",
    "handled",
    "completed",
    "acked",
    "acknowledged",
    "relayed",
    "forwarded",
    "finished",
    "done",
    "emitted",
];
/// Words of a status that say the same.
const DONE_STATUS: [&str; 17] = [
    "processed",
    "published",
    "sent",
    "delivered",
    "dispatched",
    "consumed",
    "handled",
    "completed",
    "complete",
    "acked",
    "acknowledged",
    "relayed",
    "forwarded",
    "finished",
    "done",
    "success",
    "succeeded",
];

/// A column that says whether an event was processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marker {
    /// It is null until then.
    Time(Ident),
    /// It is false until then.
    Flag(Ident),
    /// It is a word; those of an event that is done with are known.
    Status(Ident),
}

impl Marker {
    /// That a row is not processed.
    pub fn unprocessed(&self) -> String {
        match self {
            Self::Time(column) => format!("{column} IS NULL"),
            Self::Flag(column) => format!("{column} IS NOT TRUE"),
            Self::Status(column) => {
                let done: Vec<_> = DONE_STATUS.iter().map(|word| literal(word)).collect();
                format!("lower({column}::text) IS NULL OR lower({column}::text) NOT IN ({})", done.join(", "))
            }
        }
    }

    /// For people.
    pub fn words(&self) -> String {
        match self {
            Self::Time(column) => format!("{} is null until a row is processed", column.as_str()),
            Self::Flag(column) => format!("{} is false until a row is processed", column.as_str()),
            Self::Status(column) => {
                format!(
                    "{} is another word than processed, sent, done, … until a row is processed",
                    column.as_str()
                )
            }
        }
    }
}

/// The columns of a table that say it.
pub fn markers(table: &Table) -> Vec<Marker> {
    let of = |column: &crate::model::table::Column| {
        let name = column.name.as_str().to_lowercase();
        let is_done =
            |name: &str| DONE.iter().any(|word| name == *word || name.ends_with(&format!("_{word}")));
        let stem = ["_at", "_on", "_time", "_ts"].iter().find_map(|end| name.strip_suffix(end));
        let type_sql = column.type_sql.as_str();
        match () {
            () if !column.not_null
                && Clock::of_time_type(type_sql).is_some()
                && stem.is_some_and(is_done) =>
            {
                Some(Marker::Time(column.name.clone()))
            }
            () if type_sql == "boolean" && is_done(name.strip_prefix("is_").unwrap_or(&name)) => {
                Some(Marker::Flag(column.name.clone()))
            }
            () if ["status", "state"].contains(&name.as_str()) => Some(Marker::Status(column.name.clone())),
            () => None,
        }
    };
    table.columns.iter().filter_map(of).collect()
}
