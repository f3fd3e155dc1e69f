//! Tallies: count, sum and xor of row hashes, gathered tile by tile from both sides.
//!
//! The answer of a tile is short whatever the tile holds, so memory does not depend on the table.

use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Instant,
};

use futures_util::future::join_all;
use tokio_postgres::Row;

use super::{
    Comparison,
    snapshot::{Reader, Survey, name_of},
    tiles::{Heap, Tile, Tiles},
};
use crate::{
    error::{Error, Result},
    model::{comparison::Sides, plan::Statement},
};

/// Count, sum and xor of row hashes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) rows: i64,
    sum: i128,
    xor: i64,
}

impl Tally {
    fn add(&mut self, other: Self) {
        self.rows += other.rows;
        self.sum += other.sum;
        self.xor ^= other.xor;
    }
}

/// Tallies of both sides, by what the rows were grouped by.
#[derive(Debug, Default)]
pub(super) struct Tallies {
    source: BTreeMap<i64, Tally>,
    twin: BTreeMap<i64, Tally>,
}

impl Tallies {
    /// The source's tally of a group.
    pub(super) fn source(&self, group: i64) -> Tally {
        self.source.get(&group).copied().unwrap_or_default()
    }

    /// The twin's tally of a group.
    pub(super) fn twin(&self, group: i64) -> Tally {
        self.twin.get(&group).copied().unwrap_or_default()
    }

    /// Whether the sides differ in a group.
    pub(super) fn differ(&self, group: i64) -> bool {
        self.source(group) != self.twin(group)
    }

    /// The groups in which the sides differ.
    pub(super) fn differing(&self) -> Vec<i64> {
        let mut groups: Vec<_> = self.source.keys().chain(self.twin.keys()).copied().collect();
        groups.sort_unstable();
        groups.dedup();
        groups.retain(|group| self.differ(*group));
        groups
    }

    fn add(&mut self, heap: Heap, row: &Row) -> Result<i64> {
        let sum: &str = row.get(2);
        let sum = sum.parse().map_err(|_| Error::Bug(format!("{sum} is not a sum of hashes")))?;
        let tally = Tally { rows: row.get(1), sum, xor: row.get(3) };
        let side = match heap {
            Heap::Source(_) => &mut self.source,
            Heap::Leaf(_) => &mut self.twin,
        };
        side.entry(row.get(0)).or_default().add(tally);
        Ok(tally.rows)
    }
}

/// Tallies per leaf.
pub(super) async fn per_leaf(comparison: &Comparison<'_>, survey: &Survey) -> Result<Tallies> {
    let tiles = Tiles::new(survey.heaps.clone(), survey.log_blocks);
    let (sides, which, seed) = (comparison.sides, comparison.which, comparison.seed);
    let not_logged = survey.not_logged(sides);
    let sql = |tile: &Tile| {
        let filter = format!("{}{}", tile.condition(), chosen(sides, which, tile.heap));
        tally_sql(sides, &by_leaf(sides, tile.heap), &rows_of(sides, tile.heap), (&filter, seed), &not_logged)
    };
    sweep(comparison.readers, tiles, &sql, |rows| comparison.progress.read(rows)).await
}

/// Reads all tiles with all readers; `sql` makes the statement, `read` hears of the rows.
pub(super) async fn sweep(
    readers: &[Reader<'_>],
    tiles: Tiles,
    sql: &(impl Fn(&Tile) -> String + Sync),
    read: impl Fn(i64) + Sync,
) -> Result<Tallies> {
    let tiles = Mutex::new(tiles);
    let tallies = Mutex::new(Tallies::default());
    let some = async |reader: &Reader<'_>| {
        loop {
            let Some(tile) = locked(&tiles).take() else { return Ok(()) };
            let began = Instant::now();
            let answer = reader.query("tally tile", &sql(&tile), &[]).await?;
            locked(&tiles).learn(&tile, began.elapsed());
            for row in &answer {
                read(locked(&tallies).add(tile.heap, row)?);
            }
        }
    };
    let ends =
        join_all(readers.iter().map(async |reader| some(reader).await.inspect_err(|_| reader.stop_others())));
    first_failure(ends.await)?;
    Ok(tallies.into_inner().unwrap_or_else(PoisonError::into_inner))
}

/// What `plan --sql` shows.
pub(super) fn statements(sides: &Sides<'_>) -> Vec<Statement> {
    let tile = "ctid >= '(:first,0)' AND ctid < '(:end,0)'";
    let statement = |heap: Heap, comment: &str| Statement {
        label: "tally tile".into(),
        sql: format!(
            "-- once a tile of {comment}; where the log is empty it is not asked\n{}",
            tally_sql(sides, &by_leaf(sides, heap), &rows_of(sides, heap), (tile, 1), &sides.not_logged("r"))
        ),
    };
    vec![
        statement(Heap::Source(0), "the source, with the bounds of all leaves"),
        statement(Heap::Leaf(0), "each leaf"),
    ]
}

/// What a tile's rows are tallied by.
pub(super) enum Group {
    /// They are all of one group, the number of a leaf: there is nothing to sort out, which costs a sixth.
    One(usize),
    /// An expression.
    By(String),
}

fn by_leaf(sides: &Sides<'_>, heap: Heap) -> Group {
    match heap {
        Heap::Source(_) => Group::By(leaf_of(sides, heap)),
        Heap::Leaf(leaf) => Group::One(leaf),
    }
}

/// The number of a row's leaf.
pub(super) fn leaf_of(sides: &Sides<'_>, heap: Heap) -> String {
    match heap {
        Heap::Source(_) => sides.leaf_by_time(""),
        Heap::Leaf(leaf) => format!("{leaf}::int8"),
    }
}

/// The heap's relation.
pub(super) fn rows_of(sides: &Sides<'_>, heap: Heap) -> String {
    match heap {
        Heap::Source(part) => sides.source_heap(part).to_string(),
        Heap::Leaf(leaf) => name_of(sides, leaf).to_string(),
    }
}

/// ` AND` that a row belongs to a leaf that is asked for; of a leaf all rows do.
pub(super) fn chosen(sides: &Sides<'_>, which: &[usize], heap: Heap) -> String {
    match heap {
        Heap::Source(_) => format!(" AND {}", sides.belongs_to(which)),
        Heap::Leaf(_) => String::new(),
    }
}

/// `OFFSET 0` keeps hash and key of a row together: what the join with the log may have to spill is narrow. The sum
/// is of the hash folded upon itself: a record's hash is a linear sum of its columns', so that two rows that exchange a
/// value would keep the plain sum.
pub(super) fn tally_sql(
    sides: &Sides<'_>,
    group: &Group,
    relation: &str,
    filter: (&str, i64),
    not_logged: &str,
) -> String {
    let (filter, seed) = filter;
    let (group, within, by) = match group {
        Group::One(leaf) => (format!("{leaf}::int8"), String::new(), ""),
        Group::By(expression) => ("r.grp".into(), format!("{expression} AS grp, "), " GROUP BY r.grp"),
    };
    format!(
        "SELECT {group}, count(*), coalesce(sum(r.h # (r.h >> 32)), 0)::text, coalesce(bit_xor(r.h), 0) \
         FROM (SELECT {within}{}, {} AS h FROM ONLY {relation} WHERE {filter} OFFSET 0) r \
         WHERE {not_logged}{by}",
        sides.keys(),
        sides.row_hash(seed),
    )
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The error that made the others stop, if there was one.
fn first_failure(ends: Vec<Result<()>>) -> Result<()> {
    let mut failures: Vec<_> = ends.into_iter().filter_map(Result::err).collect();
    let cause = failures.iter().position(|error| !matches!(error, Error::Stopped { .. })).unwrap_or_default();
    if failures.is_empty() { Ok(()) } else { Err(failures.swap_remove(cause)) }
}
