//! The server and the table's surroundings, as preflight needs them: what is not in the table itself.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{
    ident::{Ident, QualifiedName},
    incoming::IncomingKey,
    sample::Sample,
};

/// What holds for the whole server, seen from the connecting role.
#[expect(clippy::struct_excessive_bools, reason = "four independent answers of the server")]
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServerFacts {
    /// `server_version_num`, 150018 for 15.18.
    pub version_num: i32,
    /// The database connected to.
    pub database: String,
    /// The current role.
    pub role: Ident,
    /// Whether it is a superuser.
    pub superuser: bool,
    /// Whether it may make schema `quarterdeck`, or make objects in it where it exists.
    pub may_journal: bool,
    /// Whether it sees other sessions' states and queries (`pg_read_all_stats`).
    pub sees_sessions: bool,
    /// A standby: nothing can be written.
    pub in_recovery: bool,
    /// `max_connections`.
    pub max_connections: i32,
    /// Locks the shared table has room for: `max_locks_per_transaction` times connections and prepared transactions.
    pub lock_slots: i64,
    /// `wal_level`.
    pub wal_level: String,
    /// Bytes of a block.
    pub block_size: i64,
    /// `deadlock_timeout` in milliseconds: autovacuum yields to a waiter after it.
    pub deadlock_timeout_ms: i64,
}

/// What stands around one table at this moment.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// The server's clock.
    pub now: DateTime<Utc>,
    /// What the connecting role or the owner lacks.
    pub rights: Rights,
    /// Foreign keys that lead to the table.
    pub incoming: Vec<IncomingKey>,
    /// Transactions open for longer than a second, oldest first.
    pub long_transactions: Vec<LongTransaction>,
    /// Prepared transactions that hold a lock on the table, by their `gid`.
    pub prepared: Vec<String>,
    /// The pid of an autovacuum worker that prevents wraparound on the table, and so does not yield.
    pub wraparound_vacuum: Option<i32>,
    /// Enabled event triggers.
    pub event_triggers: Vec<String>,
    /// Relations and types of the table's schema whose names begin like the table's or an index's.
    pub taken: Vec<Ident>,
    /// The phase of a migration of this table that is not over.
    pub migration: Option<String>,
    /// First and last value of the partition column's candidates, where they are known.
    pub extents: Vec<Extent>,
    /// Ids of the column that is to tell the time by them.
    #[serde(default)]
    pub sample: Option<Sample>,
}

/// What the connecting role (or the table's owner) may do about one table.
#[expect(clippy::struct_excessive_bools, reason = "four independent answers of the server")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// Whether the role owns the table, itself or as a member.
    pub owns: bool,
    /// Whether the role may make a table belong to the owner.
    pub may_give: bool,
    /// Whether both role and owner may create in the table's schema.
    pub may_create: bool,
    /// Whether no policy binds the role, whatever the table says: a superuser, or BYPASSRLS.
    #[serde(default)]
    pub bypasses: bool,
    /// Rights on the table that the role lacks, `SELECT` for example.
    pub lacks: Vec<String>,
    /// Referenced tables that the role may not lock, or the owner may not reference.
    pub referenced: Vec<QualifiedName>,
    /// Views over the table that the role may not replace.
    pub views: Vec<QualifiedName>,
    /// What the table uses, and the right on it that the role lacks.
    pub used: Vec<(String, String)>,
    /// Publications that name the table and belong to another role.
    #[serde(default)]
    pub publications: Vec<Ident>,
    /// Tablespaces of the table or its indexes in which the role may not create.
    #[serde(default)]
    pub tablespaces: Vec<Ident>,
}

/// A transaction that holds up capture or swap.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LongTransaction {
    /// Its backend.
    pub pid: i32,
    /// Who, `role from application`.
    pub who: String,
    /// Seconds since it began; `None` where the role may not see it.
    pub age_s: Option<i64>,
    /// Its state, `idle in transaction` for example.
    pub state: Option<String>,
    /// Transactions since the oldest that it must still see; `None` without a snapshot.
    pub xmin_age: Option<i64>,
}

/// First and last value of a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Extent {
    /// The column.
    pub column: Ident,
    /// The lowest finite value.
    pub first: DateTime<Utc>,
    /// The highest finite value.
    pub last: DateTime<Utc>,
    /// Read from an index; else estimated from statistics.
    pub exact: bool,
}
