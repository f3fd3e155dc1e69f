//! What is due, in words.

use super::{NewPart, Task};
use crate::model::{figures, ident::QualifiedName};

/// The most names of one kind in a line.
const NAMES: usize = 6;

impl Task {
    /// What it does, and to what: `make`, `chat_messages_2027_q2`.
    pub fn said(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Finalize(name) => vec![("finish detaching", bare(name))],
            Self::Move(moves) => {
                moves.iter().map(|(part, n)| ("move out of DEFAULT", moved(part, *n))).collect()
            }
            Self::Make(part) => vec![("make", bare(&part.name))],
            Self::Expire(name) => vec![("expire", bare(name))],
            Self::Settle(name) => vec![("settle", bare(name))],
        }
    }
}

/// `120 rows into m_2026_q4`.
pub fn moved(part: &NewPart, n: i64) -> String {
    format!("{} into {}", rows(n), bare(&part.name))
}

/// `1 row`, `1,204 rows`.
pub fn rows(n: i64) -> String {
    format!("{} row{}", figures::count(n), if n == 1 { "" } else { "s" })
}

/// A name without its schema, which is the table's.
pub fn bare(name: &QualifiedName) -> String {
    name.name.as_str().to_owned()
}

/// How many, and the first of them.
pub fn list(names: &[String]) -> String {
    let more =
        if names.len() > NAMES { format!(", and {} more", names.len() - NAMES) } else { String::new() };
    format!("{} ({}{more})", names.len(), names[..names.len().min(NAMES)].join(", "))
}
