//! One line of the console's list of tables: cheap facts only, nothing that scans a heap.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::model::{
    ident::{Ident, QualifiedName},
    phase::{Phase, State},
};

/// A table that could be converted, is being converted, or is partitioned already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TableListing {
    /// Its name.
    pub name: QualifiedName,
    /// `reltuples`, an estimate; -1 where the table was never analyzed.
    pub rows_estimate: i64,
    /// Heap, TOAST and indexes in bytes, partitions included.
    pub bytes: i64,
    /// Columns that could be the partition column (`timestamptz NOT NULL` in this version), in order.
    pub time_keys: Vec<Ident>,
    /// It is partitioned already.
    pub partitioned: bool,
    /// It has a primary key.
    pub has_primary_key: bool,
    /// The migration that carries it, if the journal knows one.
    pub migration: Option<Carried>,
}

/// The migration of a listed table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Carried {
    /// Its id.
    pub id: Uuid,
    /// The earliest unfinished step.
    pub phase: Phase,
    /// Whether it moves.
    pub state: State,
}
