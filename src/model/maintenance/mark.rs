//! What an expired partition says of itself, in its comment.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{
    ident::QualifiedName,
    sql::{Kind, tokens},
    table::Oid,
};

/// What is to become of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// It is dropped.
    Drop,
    /// It is archived, and dropped.
    Archive,
}

/// Its comment, read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// When its range ended.
    pub ended: DateTime<Utc>,
    /// What is to become of it.
    pub fate: Fate,
    /// Its bounds, as PostgreSQL wrote them.
    pub bounds: String,
    /// The comment that it had.
    pub before: Option<String>,
}

impl Mark {
    /// How the comment of every expired partition of `table` begins; another table may have its name later.
    pub fn beginning(table: &QualifiedName, oid: Oid) -> String {
        format!("Quarterdeck: expired partition of {table} (OID {oid}), ")
    }

    /// The whole comment.
    pub fn comment(&self, table: &QualifiedName, oid: Oid) -> String {
        format!("{}{self}", Self::beginning(table, oid))
    }

    /// Reads what follows the beginning. Anybody may write a comment on his own table: one that is not to the letter what we
    /// write is none of ours.
    pub fn read(rest: &str) -> Option<Self> {
        let (rest, before) = match rest.split_once('\n') {
            Some((rest, before)) => (rest, Some(before.to_owned())),
            None => (rest, None),
        };
        let (ended, rest) = rest.strip_prefix("ended ")?.split_once(", to be ")?;
        let (fate, bounds) = rest.split_once("; it was ")?;
        let fate = [Fate::Drop, Fate::Archive].into_iter().find(|known| known.word() == fate)?;
        let ended = DateTime::parse_from_rfc3339(ended).ok()?.to_utc();
        are_bounds(bounds).then(|| Self { ended, fate, bounds: bounds.to_owned(), before })
    }
}

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Self::Drop => "dropped",
            Self::Archive => "archived",
        }
    }
}

impl fmt::Display for Mark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ended = self.ended.to_rfc3339_opts(SecondsFormat::Micros, true);
        write!(f, "ended {ended}, to be {}; it was {}", self.fate.word(), self.bounds)?;
        self.before.iter().try_for_each(|before| write!(f, "\n{before}"))
    }
}

/// Whether a text is `FOR VALUES FROM (…) TO (…)` of one value each, and nothing else.
fn are_bounds(text: &str) -> bool {
    let code: Vec<_> = tokens(text).into_iter().filter(|token| token.kind != Kind::Gap).collect();
    let value = |at: usize| {
        let token = &code[at];
        matches!(token.kind, Kind::Text | Kind::Number)
            || token.is(text, "MINVALUE")
            || token.is(text, "MAXVALUE")
    };
    let words = [(0, "FOR"), (1, "VALUES"), (2, "FROM"), (6, "TO")];
    let signs = [(3, "("), (5, ")"), (7, "("), (9, ")")];
    code.len() == 10
        && words.iter().all(|(at, word)| code[*at].is(text, word))
        && signs.iter().all(|(at, sign)| code[*at].text(text) == *sign)
        && value(4)
        && value(8)
        && !text.contains(['\n', '\\'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_read_as_they_are_written() {
        let table = QualifiedName::new("public", "m");
        let mark = Mark {
            ended: "2024-04-01T00:00:00Z".parse().unwrap(),
            fate: Fate::Archive,
            bounds: "FOR VALUES FROM ('2024-01-01 00:00:00+00') TO ('2024-04-01 00:00:00+00')".into(),
            before: None,
        };
        for before in [None, Some("two\nlines; it was mine".to_owned())] {
            let mark = Mark { before, ..mark.clone() };
            let comment = mark.comment(&table, 7);
            assert_eq!(Mark::read(comment.strip_prefix(&Mark::beginning(&table, 7)).unwrap()), Some(mark));
        }
    }

    #[test]
    fn nobody_elses_words_are_bounds() {
        for text in [
            "FOR VALUES FROM ('a') TO ('b'); DROP TABLE ev",
            "DEFAULT; drop table ev",
            "FOR VALUES FROM ('a') TO (f())",
            "FOR VALUES FROM ('a') TO ('b') \\! touch x",
            "FOR VALUES FROM ('a\n\\! x') TO ('b')",
            "",
        ] {
            assert!(!are_bounds(text), "{text}");
        }
        for text in ["FOR VALUES FROM (MINVALUE) TO ('2024-01-01')", "FOR VALUES FROM ('100') TO (MAXVALUE)"]
        {
            assert!(are_bounds(text), "{text}");
        }
    }
}
