//! A plan is data: ordered steps with their SQL, locks, cost and way back. Nothing runs that it does not show.

use serde::{Deserialize, Serialize};

use crate::model::{
    calendar::Zone, clock::Clock, history::History, incoming::Choice, period::Every, scheme::Scheme,
    strategy::Strategy,
};

/// What the operator asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// The table as typed: `chat_messages` or `public.chat_messages`.
    pub table: String,
    /// `--by`; `None` takes the only candidate.
    pub by: Option<String>,
    /// `--clock`; `None` goes by the column's type, or by its ids.
    #[serde(default)]
    pub clock: Option<Clock>,
    /// `--every`.
    pub every: Every,
    /// `--time-zone`.
    #[serde(default)]
    pub zone: Zone,
    /// `--ahead`: periods kept ready after the newest row's.
    pub ahead: u32,
    /// Whether there is a DEFAULT partition (`--no-default` goes without).
    pub default_leaf: bool,
    /// `--strategy`.
    pub strategy: Strategy,
    /// `--incoming`: what becomes of foreign keys that lead to the table.
    pub incoming: Choice,
    /// `--append-only`: whoever asks says that no row is updated or deleted while the table is being filled.
    #[serde(default)]
    pub append_only: bool,
    /// `--history`: `adopt` only.
    #[serde(default)]
    pub history: History,
    /// `--ids-table`: whether a table of ids keeps the old key unique.
    #[serde(default)]
    pub ids_table: bool,
}

impl Request {
    /// What is planned where only the table is said: by the only candidate, by quarter, two periods ahead, with a DEFAULT
    /// partition.
    pub fn of(table: &str) -> Self {
        Self {
            table: table.to_owned(),
            by: None,
            clock: None,
            every: Every::Quarter,
            zone: Zone::UTC,
            ahead: 2,
            default_leaf: true,
            strategy: Strategy::Online,
            incoming: Choice::Refuse,
            append_only: false,
            history: History::Range,
            ids_table: false,
        }
    }
}

/// The ordered steps of one migration.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// The decisions.
    pub scheme: Scheme,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What preflight found: warnings only; a refusal is an error instead of a plan.
    pub warnings: Vec<Finding>,
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// `capture`, `census`, …
    pub name: String,
    /// One sentence for people.
    pub summary: String,
    /// Statements in order, each with its label.
    pub statements: Vec<Statement>,
    /// Locks, strongest first, each as `ACCESS EXCLUSIVE on public.chat_messages, ≤ 20 ms`.
    pub locks: Vec<String>,
    /// What it costs.
    pub cost: Cost,
    /// How it is undone; `None` where it cannot be.
    pub undo: Option<String>,
}

/// One labelled statement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The label used in log, error and plan.
    pub label: String,
    /// The SQL; `…` stands for repetition over leaves or chunks, said in a comment.
    pub sql: String,
}

/// An estimate; 0 means none worth naming.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// Rows touched.
    pub rows: i64,
    /// Extra bytes on disk.
    pub bytes: i64,
    /// Bytes of WAL.
    pub wal_bytes: i64,
    /// Seconds, at the measured rates of ARCHITECTURE.md.
    pub seconds: i64,
}

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// The plan is refused.
    Refuse,
    /// Said, and gone on.
    Warn,
}

/// What a preflight check says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `QD-024`.
    pub id: String,
    /// How bad.
    pub severity: Severity,
    /// What it is about.
    pub object: String,
    /// Why.
    pub reason: String,
    /// What to do.
    pub remedy: String,
}
