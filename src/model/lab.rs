//! Kinds of ids compared on one server: what each costs to insert, to keep and to find.

use serde::Serialize;

/// A kind of id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// `bigint` from a sequence: the measure of the others.
    Bigint,
    /// `bigint` of milliseconds above 22 bits.
    Snowflake,
    /// Random.
    UuidV4,
    /// Milliseconds first, the rest random.
    UuidV7,
}

impl Kind {
    /// All of them, the measure first.
    pub const ALL: [Self; 4] = [Self::Bigint, Self::Snowflake, Self::UuidV4, Self::UuidV7];

    /// As people know it.
    pub fn title(self) -> &'static str {
        match self {
            Self::Bigint => "bigint, sequence",
            Self::Snowflake => "bigint, snowflake",
            Self::UuidV4 => "UUID v4",
            Self::UuidV7 => "UUID v7",
        }
    }

    /// Its column in the scratch tables, and its type.
    pub fn column(self) -> (&'static str, &'static str) {
        match self {
            Self::Bigint => ("n", "bigint"),
            Self::Snowflake => ("snowflake", "bigint"),
            Self::UuidV4 => ("v4", "uuid"),
            Self::UuidV7 => ("v7", "uuid"),
        }
    }

    /// Whether a later id is a higher one.
    pub fn is_ordered(self) -> bool {
        self != Self::UuidV4
    }
}

/// What one kind cost.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// The kind.
    pub kind: Kind,
    /// Milliseconds to insert all rows.
    pub insert_ms: f64,
    /// Bytes of WAL of that, whole pages written after a checkpoint among them.
    pub wal_bytes: i64,
    /// Such pages.
    pub full_pages: i64,
    /// Bytes of the primary key's index.
    pub index_bytes: i64,
    /// Share of the index's leaf pages that is filled, by the size of its entries.
    pub density: f64,
    /// Milliseconds to find a thousand rows by their ids, one by one.
    pub lookup_ms: f64,
    /// Milliseconds to count the newest hundredth of the rows.
    pub newest_ms: f64,
    /// Pages read for that.
    pub newest_pages: i64,
}

impl Cost {
    /// Of two rounds the shorter times.
    pub fn keep_shortest(&mut self, other: &Self) {
        self.insert_ms = self.insert_ms.min(other.insert_ms);
        self.lookup_ms = self.lookup_ms.min(other.lookup_ms);
        self.newest_ms = self.newest_ms.min(other.newest_ms);
    }
}
