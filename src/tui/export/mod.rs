//! What is written into files: a plain table, and how it becomes CSV, Markdown and JSON. Knows no screen and writes no file.
//!
//! A figure is raw in CSV and JSON, with its unit in the column's name, and as people read it in Markdown. Where a value is unknown its cell is
//! empty; what is NULL in the database says so.

pub mod csv;
pub mod json;
pub mod markdown;
pub mod report;

use chrono::{DateTime, Utc};

use crate::{engine::contract::rfc3339, model::figures};

/// Rows under columns, and what is to be said of all of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    /// What it is about.
    pub about: String,
    /// What its rows are, in one word: the key of the list in JSON.
    pub list: &'static str,
    /// What is to be said of it, a sentence each.
    pub notes: Vec<String>,
    /// Rows that do not contain this are left out.
    pub filter: Option<String>,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows, with a cell for each column.
    pub rows: Vec<Vec<Cell>>,
    /// Code that belongs to the rows: behind the table in Markdown, whose cells have no room for it. A heading and lines.
    pub code: Vec<(String, String)>,
}

/// A column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name in CSV and JSON, with the unit: `heap_bytes`.
    pub name: &'static str,
    /// Its heading in Markdown; none where it is left out there.
    pub title: Option<&'static str>,
    /// Where its cells are set.
    pub set: Set,
}

/// Where cells are set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Set {
    /// Words, at the left.
    Left,
    /// Figures, at the right.
    Right,
}

impl Column {
    /// Of words.
    pub const fn words(name: &'static str, title: &'static str) -> Self {
        Self { name, title: Some(title), set: Set::Left }
    }

    /// Of figures.
    pub const fn numbers(name: &'static str, title: &'static str) -> Self {
        Self { name, title: Some(title), set: Set::Right }
    }

    /// For programs alone.
    pub const fn raw(name: &'static str) -> Self {
        Self { name, title: None, set: Set::Left }
    }
}

/// A cell: for programs, and for people.
#[derive(Clone, Debug, PartialEq)]
pub struct Cell {
    /// As it is.
    pub raw: Raw,
    /// As people read it.
    pub shown: String,
}

/// A value as it is.
#[derive(Clone, Debug, PartialEq)]
pub enum Raw {
    /// Nobody knows it, or there is none.
    Nothing,
    /// NULL in the database.
    Null,
    /// Words.
    Text(String),
    /// A value of the database as text: not the same where it is empty.
    Value(String),
    /// A whole number.
    Whole(i64),
    /// Another one.
    Float(f64),
}

impl Cell {
    /// Nothing.
    pub fn nothing() -> Self {
        Self { raw: Raw::Nothing, shown: String::new() }
    }

    /// Words.
    pub fn text(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { shown: text.clone(), raw: Raw::Text(text) }
    }

    /// A value of the database.
    pub fn value(value: Option<&str>) -> Self {
        match value {
            None => Self { raw: Raw::Null, shown: "NULL".into() },
            Some("") => Self { raw: Raw::Value(String::new()), shown: "''".into() },
            Some(text) => Self { raw: Raw::Value(text.to_owned()), shown: text.to_owned() },
        }
    }

    /// A counted number.
    pub fn count(n: i64) -> Self {
        Self { raw: Raw::Whole(n), shown: figures::count(n) }
    }

    /// An estimated number.
    pub fn about(n: i64) -> Self {
        Self { raw: Raw::Whole(n), shown: format!("≈ {}", figures::count(n)) }
    }

    /// A difference.
    pub fn delta(n: i64) -> Self {
        Self { raw: Raw::Whole(n), shown: figures::delta(n) }
    }

    /// Bytes.
    pub fn bytes(n: i64) -> Self {
        Self { raw: Raw::Whole(n), shown: figures::bytes(n) }
    }

    /// A share of one.
    pub fn share(share: f64) -> Self {
        Self { raw: Raw::Float(share), shown: figures::percent(share) }
    }

    /// Milliseconds.
    pub fn ms(ms: f64) -> Self {
        Self { raw: Raw::Float(ms), shown: format!("{ms:.2} ms") }
    }

    /// A moment, UTC.
    pub fn time(at: DateTime<Utc>) -> Self {
        Self { raw: Raw::Text(rfc3339(at)), shown: at.format("%Y-%m-%d %H:%M:%S UTC").to_string() }
    }

    /// Another way to say it for people.
    #[must_use]
    pub fn shown(self, shown: impl Into<String>) -> Self {
        Self { shown: shown.into(), ..self }
    }
}

/// What is there, else nothing.
pub fn maybe<T>(value: Option<T>, cell: impl FnOnce(T) -> Cell) -> Cell {
    value.map_or_else(Cell::nothing, cell)
}

#[cfg(test)]
pub(crate) fn odd() -> Table {
    let row = |words: &str, value: Option<&str>, n: Option<i64>| {
        vec![Cell::text(words), Cell::value(value), maybe(n, Cell::bytes), Cell::text("raw")]
    };
    Table {
        about: "public.a|b".into(),
        list: "rows",
        notes: vec!["what is <b>said</b>\nof all".into()],
        filter: Some("a`b\u{1b}[2J".into()),
        columns: vec![
            Column::words("words", "words"),
            Column::words("value", "value"),
            Column::numbers("size_bytes", "size"),
            Column::raw("only_raw"),
        ],
        rows: vec![
            row("plain", Some("NULL"), Some(1_300_000_000)),
            row("a,b \"c\" | `d` \\ *e* _f_ &lt;", None, Some(-2)),
            row("=1+1", Some(""), None),
            row("-\t\u{1b}[31m\u{202e}", Some("see you at\r\nnoon"), Some(0)),
        ],
        code: vec![("`odd`".into(), "SELECT '```'\n\u{1b}[2J;".into())],
    }
}
