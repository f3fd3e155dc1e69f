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
    /// Times that could be the partition column, the likeliest first.
    pub time_keys: Vec<KeyColumn>,
    /// The only column of the primary key, where its ids might tell their time.
    pub id_key: Option<KeyColumn>,
    /// It is partitioned already.
    pub partitioned: bool,
    /// It has a primary key.
    pub has_primary_key: bool,
    /// The migration that carries it, if the journal knows one.
    pub migration: Option<Carried>,
}

impl TableListing {
    /// All columns that could be the partition column, times first.
    pub fn keys(&self) -> impl Iterator<Item = &KeyColumn> {
        self.time_keys.iter().chain(&self.id_key)
    }
}

/// A column that could be the partition column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyColumn {
    /// Its name.
    pub name: Ident,
    /// Its type, as `format_type` prints it.
    pub type_sql: String,
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
