//! The pruning audit: which statements on a table reach how many of its partitions, and how they could reach fewer.
//!
//! The server plans each statement generically; what is read here are its plan and the statement's text.

mod reach;
mod rewrite;
mod sample;
mod words;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use reach::{Reach, conditions, reach, reads};
pub use rewrite::rewrite;
pub use sample::{Sample, values};

use crate::model::{
    clock::Clock,
    figures,
    ident::{Ident, QualifiedName},
    period::Period,
};

/// What is audited.
#[derive(Clone, Debug)]
pub struct Subject {
    /// The table, by the name that statements have.
    pub table: QualifiedName,
    /// Its partition column.
    pub by: Ident,
    /// How that tells the time.
    pub clock: Clock,
    /// Its key, as it is partitioned.
    pub key: Vec<Ident>,
    /// Its columns.
    pub columns: Vec<Ident>,
    /// What plans call it.
    pub planned: QualifiedName,
    /// What plans call its partitions.
    pub leaves: Vec<QualifiedName>,
    /// A period that has rows, or one of now.
    pub period: Period,
}

/// Where a statement comes from, and what it costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Source {
    /// Its text.
    pub sql: String,
    /// Its number in `pg_stat_statements`, or its place in a file.
    pub id: i64,
    /// How often it was called; unknown of a file.
    pub calls: Option<i64>,
    /// The milliseconds that all calls took together; unknown of a file.
    pub total_ms: Option<f64>,
    /// Sample values as SQL, by the parameter's number, where a file gives them.
    pub samples: Vec<(usize, String)>,
}

/// What became of a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It reaches so many partitions of so many.
    Reaches(Reach),
    /// It puts rows where they belong.
    Inserts,
    /// It fails on the partitioned table.
    Fails(String),
    /// It could not be planned at all.
    Unplanned(String),
    /// It has nothing to do with the table.
    Elsewhere,
}

/// A statement, audited.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audited {
    /// The statement.
    pub source: Source,
    /// What became of it.
    pub verdict: Verdict,
    /// What it looks for in the table, without the partition column: `id`, `session_id`, …
    pub looks_for: Vec<String>,
    /// It has a condition on the partition column by which nothing can be told: of an expression, or of another type.
    pub is_blind: bool,
    /// It changes the partition column: rows may move between partitions.
    pub moves_rows: bool,
    /// What could be written instead.
    pub rewrite: Option<Rewrite>,
}

/// Another way to write a statement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Rewrite {
    /// The SQL.
    pub sql: String,
    /// What it asks of who writes it.
    pub asks: String,
    /// How many partitions it reaches then, planned like the other.
    pub reach: Option<Reach>,
}

/// All of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Audit {
    /// The table.
    pub table: String,
    /// The partition column.
    pub by: String,
    /// What was planned against, in words.
    pub against: String,
    /// Its partitions, DEFAULT among them.
    pub leaves: usize,
    /// Where the statements are from, in words.
    pub from: String,
    /// Since when they were counted, where that is known.
    pub since: Option<DateTime<Utc>>,
    /// Statements on the table, the dearest first; those that reach every partition or fail before all others.
    pub statements: Vec<Audited>,
}

impl Verdict {
    /// Every partition is looked into, of several.
    pub fn reaches_all(&self) -> bool {
        matches!(self, Self::Reaches(reach) if reach.leaves > 1 && reach.touched == reach.leaves)
    }

    /// It wants to be changed.
    pub fn wants_change(&self) -> bool {
        self.reaches_all() || matches!(self, Self::Fails(_))
    }
}

impl Audit {
    /// Puts the statements in the order of what they cost.
    pub fn rank(&mut self) {
        let cost = |one: &Audited| (one.source.total_ms.unwrap_or(0.0), one.source.calls.unwrap_or(0));
        self.statements.sort_by(|a, b| {
            let wants = b.verdict.wants_change().cmp(&a.verdict.wants_change());
            let (a_cost, b_cost) = (cost(a), cost(b));
            wants
                .then(b_cost.0.total_cmp(&a_cost.0))
                .then(b_cost.1.cmp(&a_cost.1))
                .then(a.source.id.cmp(&b.source.id))
        });
    }

    /// In short.
    pub fn gist(&self) -> Gist {
        let count = |is: fn(&Verdict) -> bool| self.statements.iter().filter(|one| is(&one.verdict)).count();
        let time =
            |all: &mut dyn Iterator<Item = &Audited>| all.filter_map(|one| one.source.total_ms).sum::<f64>();
        let all = time(&mut self.statements.iter());
        let wide = time(&mut self.statements.iter().filter(|one| one.verdict.reaches_all()));
        Gist {
            statements: self.statements.len(),
            wide: count(Verdict::reaches_all),
            failing: count(|verdict| matches!(verdict, Verdict::Fails(_))),
            wide_time: (all > 0.0).then(|| wide / all),
            first: self
                .statements
                .first()
                .filter(|one| one.verdict.wants_change())
                .map(|one| one.source.sql.clone()),
        }
    }
}

/// An audit in short.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gist {
    /// Statements on the table.
    pub statements: usize,
    /// Those that reach every partition.
    pub wide: usize,
    /// Those that fail.
    pub failing: usize,
    /// What share of the time of all the wide ones take, where time is known.
    pub wide_time: Option<f64>,
    /// The dearest that wants to be changed.
    pub first: Option<String>,
}

impl Gist {
    /// What is wrong, in words; `None` where nothing is.
    pub fn trouble(&self) -> Option<String> {
        let mut parts = Vec::new();
        if self.wide > 0 {
            let time = self.wide_time.map(|share| format!(", {} of the time", figures::percent(share)));
            parts.push(format!("{} reach every partition{}", self.wide, time.unwrap_or_default()));
        }
        if self.failing > 0 {
            parts.push(format!("{} fail", self.failing));
        }
        (!parts.is_empty())
            .then(|| format!("of the {} dearest statements on it {}", self.statements, parts.join(" and ")))
    }
}

/// A table as a guide shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Described {
    /// Its schema.
    pub schema: String,
    /// Its name.
    pub name: String,
    /// Its partition column.
    pub by: String,
    /// Its key, as it is partitioned.
    pub key: Vec<String>,
    /// Its columns.
    pub columns: Vec<Column>,
}

/// A column as a guide shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// Its type as the server writes it.
    pub type_sql: String,
    /// It is never null.
    pub not_null: bool,
}
