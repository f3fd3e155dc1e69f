//! The health of a partitioned table, whoever made it: what was read, and what of it wants doing.
//!
//! [`Facts`] are read from the catalogue and the statistics; [`judge`](judge()) turns them into findings, and asks nothing.

mod cover;
mod growth;
mod judge;
mod partman;
mod places;
mod sessions;
mod words;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

pub use cover::{Cover, End, strays_by};
pub use growth::{Filling, Growth};
pub use judge::judge;
pub use partman::Partman;
pub use words::{bounds, summary};

use crate::model::{
    audit::Gist,
    blocker::Blocker,
    calendar::Zone,
    clock::Clock,
    ident::{Ident, QualifiedName},
    table::Oid,
};

/// A partitioned table and all that is known of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Facts {
    /// The table.
    pub table: Table,
    /// Its partitions, its own in the order of their bounds, DEFAULT last.
    pub parts: Vec<Part>,
    /// Its indexes, then invalid ones of partitions.
    pub indexes: Vec<Index>,
    /// What a partition has that the table has not: the partition, and in words.
    pub odd: Vec<(String, String)>,
    /// Tables that look as if they had been partitions.
    pub leftovers: Vec<Leftover>,
    /// Transactions that have been open for long.
    pub sessions: Vec<LongSession>,
    /// Who holds up sessions that wait for a lock on the table.
    pub held_up: Vec<HeldUp>,
    /// Somebody has locked out even who only looks: of the table nothing is known but its name, and who holds up whom.
    pub locked: bool,
    /// Rows in DEFAULT.
    pub strays: Strays,
    /// What its dearest statements reach, where that can be told.
    pub audit: Option<Gist>,
    /// Where pg_partman makes its partitions, as far as this role may know.
    pub partman: Option<Partman>,
}

/// The partitioned table itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Table {
    /// Its name.
    pub name: QualifiedName,
    /// The partition key as PostgreSQL writes it: `RANGE (created_at)`.
    pub key: String,
    /// `range`, `list`, `hash`.
    pub strategy: String,
    /// The only column of a range key, and its type.
    pub column: Option<(Ident, String)>,
    /// How that column tells the time: by its type, or as a migration of ours has found.
    pub clock: Option<Clock>,
    /// The zone at whose midnight a period begins.
    pub zone: Zone,
    /// The planner has statistics of all partitions together.
    pub analyzed: bool,
    /// `autovacuum_freeze_max_age`, in transactions.
    pub freeze_max_age: i64,
    /// The server's clock.
    pub now: DateTime<Utc>,
    /// For how many seconds the server has counted; unknown where it never was told to begin anew.
    pub counted_s: Option<i64>,
}

/// What somebody knows of a table's periods, which its partitions do not tell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// How its column tells the time.
    pub clock: Option<Clock>,
    /// The zone at whose midnight a period begins.
    pub zone: Option<Zone>,
}

/// One partition.
#[expect(clippy::struct_excessive_bools, reason = "four facts of the catalogue, which hang on nothing else")]
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Its name.
    pub name: QualifiedName,
    /// Its bounds, as PostgreSQL writes them.
    pub bounds: String,
    /// It belongs to the table itself, and not to one of its partitions.
    pub own: bool,
    /// Its OID.
    pub oid: Oid,
    /// It is partitioned itself.
    pub partitioned: bool,
    /// It is a foreign table.
    pub foreign: bool,
    /// A DETACH … CONCURRENTLY of it was interrupted.
    pub detaching: bool,
    /// Its range, where the key is one column.
    pub range: Option<Range>,
    /// What it holds.
    pub figures: Figures,
}

/// Bounds of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    /// The lower bound as PostgreSQL writes it, `MINVALUE` included.
    pub lower: String,
    /// The upper bound likewise.
    pub upper: String,
    /// The lower bound as a time, where it is one.
    pub from: Option<DateTime<Utc>>,
    /// The upper bound as a time, where it is one.
    pub to: Option<DateTime<Utc>>,
}

/// What the catalogue and the statistics say of a partition; estimates all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Figures {
    /// Rows; -1 where nobody has counted, `None` where it is no table.
    pub rows: Option<i64>,
    /// Rows that are alive, as counted since the statistics began.
    pub live: i64,
    /// Rows that are dead.
    pub dead: i64,
    /// Bytes of the heap with TOAST and maps.
    pub table_bytes: i64,
    /// Bytes of its indexes.
    pub index_bytes: i64,
    /// Bytes of the heap alone.
    pub heap_bytes: i64,
    /// Bytes of the heap when its rows were counted.
    pub counted_bytes: i64,
    /// Bytes that its rows would need, by their columns' average width.
    pub needed_bytes: Option<i64>,
    /// Transactions since all older rows were frozen.
    pub freeze_age: i64,
    /// Seconds since the last vacuum.
    pub vacuumed_s: Option<i64>,
    /// Seconds since the last analyze.
    pub analyzed_s: Option<i64>,
    /// The planner has statistics of it, as far as this role may know.
    pub analyzed: bool,
}

/// An index of the table, or an invalid one of a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Index {
    /// Its name, as SQL.
    pub name: String,
    /// The partition it belongs to; none where it is the table's.
    pub of: Option<String>,
    /// Every partition has a valid one.
    pub valid: bool,
    /// It is unique, or a constraint rests on it: it works even if nobody reads it.
    pub rules: bool,
    /// Partitions without it, as SQL.
    pub missing: Vec<String>,
    /// Scans of it, over all partitions.
    pub scans: i64,
    /// Bytes, over all partitions.
    pub bytes: i64,
    /// Its CREATE INDEX.
    pub definition: String,
}

/// A table that looks as if it had been a partition.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leftover {
    /// Its name.
    pub name: QualifiedName,
    /// Its rows, estimated.
    pub rows: i64,
    /// Its bytes, indexes included.
    pub bytes: i64,
}

/// A transaction that has been open for long.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongSession {
    /// In words.
    pub who: String,
    /// Its process; none where it is prepared.
    pub pid: Option<i32>,
    /// Its identifier, where it is prepared.
    pub gid: Option<String>,
    /// Seconds since it began.
    pub age_s: i64,
    /// `idle in transaction`, `active`, `prepared`, …
    pub state: String,
}

/// Sessions that wait for a lock on the table, a partition, an index or a row of it, and who stands at the head of their queue;
/// nobody waits, where somebody has locked everybody out and nobody else has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeldUp {
    /// Who holds them up, and waits for nobody; pid 0 are prepared transactions.
    pub by: Blocker,
    /// Who waits, the longest waiting first.
    pub waiting: Vec<Waiting>,
}

/// A session that waits for a lock.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Its process.
    pub pid: i32,
    /// Role and application, as far as they have names.
    pub who: String,
    /// The lock, in words.
    pub wants: String,
    /// For how many seconds.
    pub for_s: i64,
}

/// Rows in DEFAULT.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Strays {
    /// There is no DEFAULT.
    NoDefault,
    /// Counted: by the time their period begins, where the key is a time; else all under none.
    Counted(Vec<(Option<DateTime<Utc>>, i64)>),
    /// Counting took too long: the statistics' number.
    Estimated(i64),
}

/// How grave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Worth knowing.
    Info,
    /// It will hurt, or hurts a little.
    Warning,
    /// Statements fail, or will soon.
    Error,
}

impl Severity {
    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that wants doing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// `QD-140`; `quarterdeck explain` says more.
    pub id: String,
    /// How grave.
    pub severity: Severity,
    /// What it is about.
    pub object: String,
    /// What is wrong.
    pub reason: String,
    /// What to do, in words.
    pub remedy: String,
    /// The same as SQL, statement by statement.
    pub sql: Vec<String>,
    /// The SQL locks no reader and no writer out, loses nothing, and may run at any time.
    pub safe: bool,
}

/// Facts and findings.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    /// What was looked at.
    pub facts: Facts,
    /// How fast it grows, where that can be told.
    pub growth: Option<Growth>,
    /// What was found, the gravest first.
    pub findings: Vec<Finding>,
}

impl From<Facts> for Health {
    fn from(facts: Facts) -> Self {
        let (growth, findings) = (Growth::of(&facts), judge(&facts));
        Self { facts, growth, findings }
    }
}

impl Facts {
    /// Of a table with its partitions, and nothing else.
    pub fn of(table: Table, parts: Vec<Part>) -> Self {
        Self {
            table,
            parts,
            indexes: Vec::new(),
            odd: Vec::new(),
            leftovers: Vec::new(),
            sessions: Vec::new(),
            held_up: Vec::new(),
            locked: false,
            strays: Strays::NoDefault,
            audit: None,
            partman: None,
        }
    }

    /// The partitions that are not partitioned themselves.
    pub fn leaves(&self) -> impl Iterator<Item = &Part> {
        self.parts.iter().filter(|part| !part.partitioned)
    }

    /// The DEFAULT partition of the table itself.
    pub fn default_part(&self) -> Option<&Part> {
        self.parts.iter().find(|part| part.own && part.is_default())
    }
}

impl Part {
    /// Nobody has counted none.
    pub fn may_have_rows(&self) -> bool {
        self.figures.heap_bytes > 0 && self.figures.rows != Some(0)
    }

    /// It takes what no other partition takes.
    pub fn is_default(&self) -> bool {
        self.bounds == "DEFAULT"
    }
}
