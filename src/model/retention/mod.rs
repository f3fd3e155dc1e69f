//! Retention by deletion: what of a table has had its time, how it is told from what nobody has processed yet, and how many
//! rows a batch takes.

mod marker;

use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use serde::Serialize;

pub use marker::{Marker, markers};

use crate::model::{
    clock::Clock,
    ident::{Ident, QualifiedName},
    maintenance::Age,
    sql::{Kind, tokens},
};

/// What is let go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// The condition, as somebody wrote it.
    pub condition: String,
    /// The column by which rows are old, and its type.
    pub by: Ident,
    /// Its type.
    pub by_type: String,
    /// Rows from before so long ago.
    pub older_than: Age,
    /// What is not processed yet, told by these, is kept whatever the condition says.
    pub markers: Vec<Marker>,
}

impl Rule {
    /// That a row is let go; `$1` is the time before which it must lie.
    pub fn matches(&self) -> String {
        let kept = self.markers.iter().map(|marker| format!(" AND ({}) IS NOT TRUE", marker.unprocessed()));
        // A comment behind the condition ends with its line.
        format!("({}\n) AND {} < $1::timestamptz{}", self.condition, self.by, kept.collect::<String>())
    }

    /// The index that would lead to the oldest rows of a table, or of each partition.
    pub fn index_sql(&self, table: &QualifiedName) -> String {
        format!("CREATE INDEX CONCURRENTLY ON {table} ({}) WHERE {}", self.by, self.condition)
    }

    /// By how much a wall's time may be behind the server's: nobody knows its zone, of which the last is twelve hours behind
    /// UTC, and a date's day ends a day later.
    pub fn margin(&self) -> TimeDelta {
        TimeDelta::hours(match Clock::of_time_type(&self.by_type) {
            Some(Clock::Timestamp) => 12,
            Some(Clock::Date) => 36,
            _ => 0,
        })
    }

    /// That the condition takes a row which nobody has processed.
    pub fn matches_unprocessed(&self) -> Option<String> {
        let any: Vec<_> = self.markers.iter().map(Marker::unprocessed).collect();
        let condition =
            format!("({}\n) AND {} < $1::timestamptz AND ({})", self.condition, self.by, any.join(" OR "));
        (!any.is_empty()).then_some(condition)
    }
}

/// Whether a text is one condition, and ends where it ends: whatever stands behind it is not taken for a part of it.
pub fn is_condition(text: &str) -> bool {
    let mut depth = 0_i32;
    let mut has_words = false;
    for token in tokens(text) {
        match (token.kind, token.text(text)) {
            (Kind::Gap, _) => continue,
            (Kind::Param, _) | (Kind::Symbol, ";") => return false,
            (Kind::Symbol, "(") => depth += 1,
            (Kind::Symbol, ")") => depth -= 1,
            _ => {}
        }
        has_words = true;
        if depth < 0 {
            return false;
        }
    }
    // A string or a comment that does not end takes what we write behind it.
    let ends = tokens(&format!("{text}\n)")).last().is_some_and(|token| token.kind == Kind::Symbol);
    has_words && depth == 0 && ends
}

/// What a look at the table says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Census {
    /// Rows in it, by the statistics.
    pub rows: i64,
    /// Rows that are let go.
    pub doomed: i64,
    /// The oldest of them.
    pub oldest: Option<DateTime<Utc>>,
    /// Rows before then are let go.
    pub before: DateTime<Utc>,
    /// By which index a batch is found; none where the table is read from its beginning.
    pub index: Option<String>,
    /// What proves that a row is processed, in words.
    pub markers: Vec<String>,
}

/// How far it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Progress {
    /// Rows deleted.
    pub deleted: u64,
    /// Rows that a trigger, or a foreign key that leads to them, kept in the last pass.
    pub kept: u64,
    /// Batches.
    pub batches: u64,
    /// Rows of the next batch at most.
    pub batch: u32,
    /// Rows a second in the last batch.
    pub rate: f64,
    /// Why it waits, the worst first.
    pub waits_for: Vec<String>,
    /// Vacuums of the table on the way.
    pub vacuums: u32,
}

/// A batch should take about so long: no row is locked for much longer, and no commit is large.
const WANTED: Duration = Duration::from_millis(100);
/// The first batch, and the least and the most rows of any.
pub const BATCH: [u32; 3] = [500, 1, 20_000];

/// The size of the next batch, after one of `batch` rows took so long.
pub fn next_batch(batch: u32, took: Duration) -> u32 {
    let [_, least, most] = BATCH;
    let next = if took > WANTED * 2 {
        batch / 2
    } else if took < WANTED / 2 {
        batch.saturating_add(batch / 2).max(batch + 1)
    } else {
        batch
    };
    next.clamp(least, most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_ends_where_it_ends() {
        for text in ["processed_at IS NOT NULL", "(a OR b) -- c", "x = 'a;b)'", "x = ANY (ARRAY[1, 2])"] {
            assert!(is_condition(text), "{text}");
        }
        for text in ["", " ", "a) OR (true", "a; DROP TABLE t", "x = $1", "(a", "a /* b", "x = 'a", "-- a"] {
            assert!(!is_condition(text), "{text}");
        }
    }

    #[test]
    fn batches_find_their_size() {
        let mut batch = BATCH[0];
        for _ in 0..50 {
            batch = next_batch(batch, Duration::from_millis(1));
        }
        assert_eq!(batch, BATCH[2]);
        assert_eq!(next_batch(batch, WANTED), batch);
        for _ in 0..50 {
            batch = next_batch(batch, Duration::from_secs(1));
        }
        assert_eq!(batch, BATCH[1]);
    }
}
