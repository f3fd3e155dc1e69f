//! Columns that say whether an event was processed, by their names and types.

use crate::model::{
    clock::Clock,
    ident::{Ident, literal},
    table::{Column, Table},
};

/// What is done with an event when it is done with.
const DONE: [&str; 16] = [
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
    "complete",
];
/// Words of a status that say the same.
const DONE_STATUS: [&str; 4] = ["success", "succeeded", "ok", "closed"];
/// Words that turn it round: nothing is known then.
const NOT: [&str; 4] = ["not", "un", "non", "never"];
/// What a time's name ends with.
const WHEN: [&str; 7] = ["at", "on", "time", "ts", "date", "timestamp", "when"];

/// A column that says whether an event was processed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Marker {
    /// It is null, infinite or of 1970 until then.
    Time(Ident),
    /// It is null until then.
    Set(Ident),
    /// It is false until then.
    Flag(Ident),
    /// It is 0 until then.
    Number(Ident),
    /// It is a word; those of an event that is done with are known.
    Status(Ident),
}

impl Marker {
    /// That a row is not processed.
    pub fn unprocessed(&self) -> String {
        match self {
            Self::Time(column) => {
                format!("{column} IS NULL OR NOT isfinite({column}) OR {column} <= '1970-01-02'")
            }
            Self::Set(column) => format!("{column} IS NULL"),
            Self::Flag(column) => format!("{column} IS NOT TRUE"),
            Self::Number(column) => format!("coalesce({column}, 0) = 0"),
            Self::Status(column) => {
                let done =
                    DONE.iter().chain(&DONE_STATUS).map(|word| literal(word)).collect::<Vec<_>>().join(", ");
                format!("lower({column}::text) IS NULL OR lower({column}::text) NOT IN ({done})")
            }
        }
    }

    /// For people.
    pub fn words(&self) -> String {
        let of =
            |column: &Ident, what: &str| format!("{} is {what} until a row is processed", column.as_str());
        match self {
            Self::Time(column) => of(column, "null (or infinite, or of 1970)"),
            Self::Set(column) => of(column, "null"),
            Self::Flag(column) => of(column, "false"),
            Self::Number(column) => of(column, "0"),
            Self::Status(column) => of(column, "another word than processed, sent, done, …"),
        }
    }
}

/// The columns of a table that say it.
pub fn markers(table: &Table) -> Vec<Marker> {
    table.columns.iter().filter_map(marker).collect()
}

fn marker(column: &Column) -> Option<Marker> {
    let words = words(column.name.as_str());
    let has = |known: &[&str]| words.iter().any(|word| known.contains(&word.as_str()));
    let name = column.name.clone();
    let type_sql = column.type_sql.as_str();
    let is_number = ["smallint", "integer", "bigint"].contains(&type_sql) || type_sql.starts_with("numeric");
    let is_time = Clock::of_time_type(type_sql).is_some();
    if has(&NOT) {
        return None;
    }
    if has(&["status", "state"]) && !is_number && !is_time && type_sql != "boolean" {
        return Some(Marker::Status(name));
    }
    // `processed`, `is_processed`, `processed_at`, `event_processed_at`; not `sent_count`, `completed_by`.
    let bare: Vec<_> = words.iter().filter(|word| !["is", "was", "has"].contains(&word.as_str())).collect();
    let last = bare.last()?.as_str();
    let ends = if WHEN.contains(&last) { bare.get(bare.len().checked_sub(2)?)?.as_str() } else { last };
    if !DONE.contains(&ends) {
        return None;
    }
    match type_sql {
        _ if is_time => Some(Marker::Time(name)),
        "boolean" => Some(Marker::Flag(name)),
        _ if is_number => Some(Marker::Number(name)),
        // Of a domain, or any other type.
        _ => Some(Marker::Set(name)),
    }
}

/// `processedAt`, `processed_at`, `PROCESSED-AT`: `processed`, `at`.
fn words(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut was_lower = false;
    for c in name.chars() {
        let begins = c.is_uppercase() && was_lower;
        if !c.is_alphanumeric() || begins {
            words.push(String::new());
        }
        if let Some(word) = words.last_mut().filter(|_| c.is_alphanumeric()) {
            word.extend(c.to_lowercase());
        }
        was_lower = c.is_lowercase() || c.is_ascii_digit();
    }
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cut_into_words() {
        for name in ["processed_at", "processedAt", "ProcessedAt", "PROCESSED_AT", "processed-at"] {
            assert_eq!(words(name), ["processed", "at"], "{name}");
        }
        assert_eq!(words("isSent2Customer"), ["is", "sent2", "customer"]);
    }
}
