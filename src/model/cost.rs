//! What the steps cost, estimated before they run: orders of magnitude for a person, not promises.
//!
//! The rates were measured (ARCHITECTURE.md, *Measurements*) on two cores with PostgreSQL 15 and 2,000,000 chat rows,
//! 620 MB of heap, with a primary key and two more indexes. Another machine has other rates; the ratios hold.

use crate::model::{plan::Cost, table::Table};

/// Bytes of heap a census reads per second: one exact count per quarter took 1.1 s.
const CENSUS_BYTES: i64 = 560_000_000;
/// Bytes of heap and TOAST copied per second into leaves without indexes: 4.5 to 4.8 s.
const COPY_BYTES: i64 = 133_000_000;
/// Rows per second that one index is built of: three took 3.5 to 5.3 s.
const INDEX_ROWS: i64 = 1_360_000;
/// Bytes of heap verified per second, both sides at once: 3.1 s.
const VERIFY_BYTES: i64 = 200_000_000;
/// Rows per second that a foreign key is validated of: 0.7 to 1.0 s.
const FOREIGN_KEY_ROWS: i64 = 2_300_000;

/// Heap and TOAST in bytes.
fn table_bytes(table: &Table) -> i64 {
    table.facts.total_bytes - table.facts.index_bytes
}

fn seconds(amount: i64, per_second: i64) -> i64 {
    // Rounded up: what takes any time takes a second.
    (amount + per_second - 1) / per_second
}

/// Counting every row once.
pub fn census(table: &Table) -> Cost {
    let rows = table.facts.rows_estimate;
    Cost { rows, seconds: seconds(table_bytes(table), CENSUS_BYTES), ..Cost::default() }
}

/// Writing every row once, without indexes: the table again on disk, and as much WAL.
pub fn copy(table: &Table) -> Cost {
    let bytes = table_bytes(table);
    Cost { rows: table.facts.rows_estimate, bytes, wal_bytes: bytes, seconds: seconds(bytes, COPY_BYTES) }
}

/// Building every index once.
pub fn seal(table: &Table) -> Cost {
    let (rows, bytes) = (table.facts.rows_estimate, table.facts.index_bytes);
    let indexes = i64::try_from(table.indexes.len()).unwrap_or(i64::MAX);
    Cost { rows, bytes, wal_bytes: bytes, seconds: seconds(rows.saturating_mul(indexes), INDEX_ROWS) }
}

/// What an entry of the wider key is taken for: two values of up to 16 and 8 bytes, header and line pointer, pages not full.
const WIDE_ENTRY_BYTES: i64 = 48;

/// Building the wider key beside the application: the table is read twice.
pub fn wide_key(table: &Table) -> Cost {
    let rows = table.facts.rows_estimate;
    let bytes = rows.saturating_mul(WIDE_ENTRY_BYTES);
    Cost { rows, bytes, wal_bytes: bytes, seconds: seconds(rows, INDEX_ROWS) + census(table).seconds }
}

/// What a row of a table of ids is taken for: two values of up to 16 and 8 bytes, header and line pointer.
const IDS_ROW_BYTES: i64 = 52;

/// [`seal`], and every key once more, in a table with an index of its own.
pub fn seal_with_ids(table: &Table) -> Cost {
    let (seal, rows) = (seal(table), table.facts.rows_estimate);
    let bytes = seal.bytes + rows.saturating_mul(IDS_ROW_BYTES + WIDE_ENTRY_BYTES);
    let took = seconds(rows.saturating_mul(IDS_ROW_BYTES), COPY_BYTES) + seconds(rows, INDEX_ROWS);
    Cost { rows, bytes, wal_bytes: bytes, seconds: seal.seconds + took }
}

/// Reading both sides once.
pub fn verify(table: &Table) -> Cost {
    let rows = table.facts.rows_estimate;
    Cost { rows, seconds: seconds(table_bytes(table), VERIFY_BYTES), ..Cost::default() }
}

/// Validating the foreign keys after the swap.
pub fn foreign_keys(table: &Table) -> Cost {
    let keys = i64::try_from(table.foreign_keys().count()).unwrap_or(i64::MAX);
    let rows = table.facts.rows_estimate.saturating_mul(keys);
    Cost { rows, seconds: seconds(rows, FOREIGN_KEY_ROWS), ..Cost::default() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{
        attached::Attached,
        ident::{Ident, QualifiedName},
        table::Facts,
    };

    fn table(rows: i64, heap: i64, indexes: i64) -> Table {
        Table {
            name: QualifiedName::new("public", "t"),
            oid: 1,
            owner: Ident::new("app"),
            columns: Vec::new(),
            indexes: Vec::new(),
            constraints: Vec::new(),
            triggers: Vec::new(),
            views: Vec::new(),
            grants: Vec::new(),
            comment: None,
            attached: Attached::default(),
            facts: Facts {
                rows_estimate: rows,
                total_bytes: heap + indexes,
                index_bytes: indexes,
                ..Facts::default()
            },
        }
    }

    #[test]
    fn the_measured_table_costs_what_was_measured() {
        let table = table(2_000_000, 620_000_000, 210_000_000);
        assert_eq!(census(&table).seconds, 2);
        assert_eq!(
            copy(&table),
            Cost { rows: 2_000_000, bytes: 620_000_000, wal_bytes: 620_000_000, seconds: 5 }
        );
        assert_eq!((seal(&table).bytes, verify(&table).seconds), (210_000_000, 4));
    }

    #[test]
    fn an_empty_table_costs_nothing() {
        let table = table(0, 0, 0);
        for cost in [census(&table), copy(&table), seal(&table), verify(&table), foreign_keys(&table)] {
            assert_eq!(cost, Cost::default());
        }
    }
}
