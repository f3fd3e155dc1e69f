//! From a leaf that differs to its rows, in the snapshot that showed it.
//!
//! Both sides are tallied once more by leaf and key bucket; only the rows of buckets that differ are joined,
//! on the server, by the source's key within a leaf. The count of differing rows is exact; how many are named
//! is not more than [`MAX_DIFFS`], whatever differs.

use std::collections::BTreeMap;

use super::{
    Comparison, code,
    show::{self, Found, Place},
    snapshot::Survey,
    tally::{self, Group, Tallies, chosen, leaf_of, rows_of, tally_sql},
    tiles::{Heap, Tile, Tiles},
};
use crate::{
    error::Result,
    model::{
        comparison::Sides,
        diff::{Diff, MAX_DIFFS},
        plan::Statement,
    },
};

/// Rows per bucket aimed at: few enough that joining a bucket costs nothing.
const BUCKET_ROWS: i64 = 1_000;
/// Buckets of all leaves together: bounds the answer of a tile, and so the memory.
const MAX_GROUPS: i64 = 16_384;
/// Tiles per heap while tallying buckets: each answers with up to all groups.
const PARTS: i64 = 16;

/// Rows that differ.
pub(super) struct Differing {
    /// How many, by leaf.
    pub(super) rows: BTreeMap<usize, i64>,
    /// The first of them, each with its leaf.
    pub(super) diffs: Vec<(usize, Diff)>,
}

/// Finds the rows that differ in the leaves `which`.
pub(super) async fn find(
    comparison: &Comparison<'_>,
    survey: &Survey,
    totals: &Tallies,
    which: &[usize],
) -> Result<Differing> {
    let most = which.iter().map(|leaf| totals.source(code(*leaf)).rows.max(totals.twin(code(*leaf)).rows));
    let buckets = buckets(most.max().unwrap_or_default(), which.len());
    let differing = &Comparison { which, ..*comparison };
    let groups = differing_groups(differing, survey, buckets).await?;
    let (rows, found) = join(differing, &groups, buckets).await?;
    let diffs = show::diffs(comparison, found).await?;
    Ok(Differing { rows, diffs })
}

/// What `plan --sql` shows.
pub(super) fn statements(sides: &Sides<'_>) -> Vec<Statement> {
    let tile = ("ctid >= '(:first,0)' AND ctid < '(:end,0)'", 1);
    let only_if = "-- only where a leaf differs:";
    let heap = Heap::Source(0);
    let group = Group::By(group(sides, heap, (1, 1_024)));
    let tally = tally_sql(sides, &group, &rows_of(sides, heap), tile, &sides.not_logged("r"));
    let mut statements = vec![
        Statement {
            label: "tally tile".into(),
            sql: format!("{only_if} once a tile, of each side\n{tally}"),
        },
        Statement {
            label: "join differing".into(),
            sql: format!("{only_if} of all leaves that do\n{}", join_sql(sides, &[0], (1, 1_024))),
        },
    ];
    statements.extend(show::statements(sides));
    statements
}

/// A power of two: buckets per leaf.
fn buckets(rows: i64, leaves: usize) -> i64 {
    let room = MAX_GROUPS / i64::try_from(leaves).unwrap_or(MAX_GROUPS).max(1);
    let wanted = (rows / BUCKET_ROWS).clamp(1, room.max(1));
    1 << wanted.ilog2()
}

/// A row's leaf and key bucket in one number; `cut` is seed and buckets.
fn group(sides: &Sides<'_>, heap: Heap, cut: (i64, i64)) -> String {
    let (seed, buckets) = cut;
    format!("{} * {buckets} + {}", leaf_of(sides, heap), sides.key_bucket(seed, buckets))
}

async fn differing_groups(comparison: &Comparison<'_>, survey: &Survey, buckets: i64) -> Result<Vec<i64>> {
    let (sides, which, seed) = (comparison.sides, comparison.which, comparison.seed);
    let wanted = |heap: Heap| match heap {
        Heap::Source(_) => true,
        Heap::Leaf(leaf) => which.contains(&leaf),
    };
    let heaps = survey.heaps.iter().copied().filter(|(heap, _)| wanted(*heap)).collect();
    let tiles = Tiles::coarse(heaps, survey.log_blocks, PARTS);
    let not_logged = survey.not_logged(sides);
    let sql = |tile: &Tile| {
        let filter = format!("{}{}", tile.condition(), chosen(sides, which, tile.heap));
        let group = Group::By(group(sides, tile.heap, (seed, buckets)));
        tally_sql(sides, &group, &rows_of(sides, tile.heap), (&filter, seed), &not_logged)
    };
    let tallies = tally::sweep(comparison.readers, tiles, &sql, |_| ()).await?;
    Ok(tallies.differing())
}

async fn join(
    comparison: &Comparison<'_>,
    groups: &[i64],
    buckets: i64,
) -> Result<(BTreeMap<usize, i64>, Vec<Found>)> {
    let which = comparison.which;
    let sql = join_sql(comparison.sides, which, (comparison.seed, buckets));
    let leaves: Vec<_> = which.iter().map(|leaf| code(*leaf)).collect();
    let each = i64::try_from((MAX_DIFFS / which.len()).max(1)).unwrap_or(1);
    let rows = comparison.readers[0].query("join differing", &sql, &[&groups, &leaves, &each]).await?;
    let (mut counts, mut found) = (BTreeMap::new(), Vec::new());
    for row in rows {
        let leaf = usize::try_from(row.get::<_, i64>(0)).unwrap_or_default();
        match row.get(1) {
            0_i64 => {
                let source =
                    row.get::<_, Option<&str>>(2).and_then(Place::of).map(|place| (place, Some(leaf)));
                let twin = row.get::<_, Option<String>>(3).map(|tid| (tid, leaf));
                found.push(Found { leaf, source, twin });
            }
            count => {
                counts.insert(leaf, count);
            }
        }
    }
    found.truncate(MAX_DIFFS);
    Ok((counts, found))
}

fn join_sql(sides: &Sides<'_>, which: &[usize], cut: (i64, i64)) -> String {
    let heaps = |heaps: Vec<Heap>| {
        let rows: Vec<_> = heaps.into_iter().map(|heap| rows_sql(sides, which, heap, cut)).collect();
        rows.join(" UNION ALL ")
    };
    let parts = sides.scheme.heaps(&sides.source).len();
    format!(
        include_str!("../../../assets/sql/verify_join.sql"),
        source = heaps((0..parts).map(Heap::Source).collect()),
        twin = heaps(which.iter().copied().map(Heap::Leaf).collect()),
        not_logged = sides.not_logged("r"),
        same_row = sides.same_row("t", "s"),
    )
}

/// `OFFSET 0` keeps a row's hash with its key: what the joins may have to spill is narrow.
fn rows_sql(sides: &Sides<'_>, which: &[usize], heap: Heap, cut: (i64, i64)) -> String {
    let at = match heap {
        Heap::Source(part) => format!("'{part} ' || ctid::text"),
        Heap::Leaf(_) => "ctid::text".into(),
    };
    format!(
        "(SELECT {} AS leaf, {}, {} AS h, {at} AS at FROM ONLY {} WHERE {} = ANY ($1::bigint[]){} OFFSET 0)",
        leaf_of(sides, heap),
        sides.keys(),
        sides.row_hash(cut.0),
        rows_of(sides, heap),
        group(sides, heap, cut),
        chosen(sides, which, heap),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buckets_are_a_bounded_power_of_two() {
        for rows in [0, 1, 5_000, 1_000_000, i64::MAX] {
            for leaves in [1, 3, 40, 20_000] {
                let buckets = buckets(rows, leaves);
                assert_eq!(buckets.count_ones(), 1);
                assert!(buckets == 1 || buckets * i64::try_from(leaves).unwrap() <= MAX_GROUPS);
            }
        }
        assert_eq!(buckets(5_000_000, 1), 4_096);
    }
}
