//! Differing rows made readable: kind, key, and the columns that differ.
//!
//! A row is named by its TID, which is good within the snapshot. A column differs where its binary form does,
//! so that 1.0 against 1.00 shows. Values are cut: what is kept is bounded, whatever the rows hold.

use std::collections::{BTreeMap, HashMap};

use super::{
    Comparison,
    snapshot::{Reader, name_of},
    tally::rows_of,
    tiles::Heap,
};
use crate::{
    error::Result,
    model::{
        comparison::{Sides, hash},
        diff::{CUT_MARK, Diff, DiffKind, PLACE},
        ident::literal,
        plan::Statement,
    },
};

/// Characters shown of a value.
const SHOWN: usize = 200;
/// Characters shown of a longer value, before a mark with the hash of all of it.
const CUT: usize = 180;
/// Differing columns kept of a row.
const MAX_COLUMNS: usize = 16;
/// Values fetched at once.
const BATCH_VALUES: usize = 8_192;

/// Where a row of the source is: its part, and its TID there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Place {
    part: usize,
    tid: String,
}

impl Place {
    /// Reads `part tid`.
    pub(super) fn of(text: &str) -> Option<Self> {
        let (part, tid) = text.split_once(' ')?;
        Some(Self { part: part.parse().ok()?, tid: tid.to_owned() })
    }
}

/// A differing row.
pub(super) struct Found {
    /// The leaf whose verdict it belongs to.
    pub(super) leaf: usize,
    /// Its place in the source, and the leaf it belongs to by its time (`None`: none of ours).
    pub(super) source: Option<(Place, Option<usize>)>,
    /// Its TID in the twin, and the leaf it is in.
    pub(super) twin: Option<(String, usize)>,
}

impl Found {
    fn kind(&self) -> DiffKind {
        match (&self.source, &self.twin) {
            (Some((_, home)), Some((_, leaf))) if *home == Some(*leaf) => DiffKind::Changed,
            (Some(_), Some(_)) => DiffKind::WrongLeaf,
            (Some(_), None) => DiffKind::Missing,
            (None, _) => DiffKind::Extra,
        }
    }
}

/// Makes diffs of rows, in their order, each with its leaf.
pub(super) async fn diffs(comparison: &Comparison<'_>, mut found: Vec<Found>) -> Result<Vec<(usize, Diff)>> {
    let (sides, reader) = (comparison.sides, &comparison.readers[0]);
    reader.few_keys().await?;
    let batch = (BATCH_VALUES / sides.scheme.table.columns.len().max(1)).max(1);
    let mut diffs = Vec::new();
    for found in found.chunks_mut(batch) {
        seek_in_twin(comparison, found).await?;
        seek_in_source(comparison, found).await?;
        let rows = read_rows(sides, reader, found).await?;
        diffs.extend(found.iter().map(|row| (row.leaf, diff(sides, row, &rows))));
    }
    Ok(diffs)
}

/// What `plan --sql` shows.
pub(super) fn statements(sides: &Sides<'_>) -> Vec<Statement> {
    let statement = |label: &str, sql: String| Statement {
        label: label.into(),
        sql: format!("-- only where rows differ, with their TIDs\n{}", sql.replace("$1", "':tids'")),
    };
    vec![
        statement("seek in twin", seek_in_twin_sql(sides, &[0], 0)),
        statement("seek in source", seek_in_source_sql(sides, &[0], 0)),
        statement("read differing", read_sql(sides, Heap::Source(0))),
    ]
}

/// Rows that the source alone has: is the key elsewhere, in a leaf that is being compared?
async fn seek_in_twin(comparison: &Comparison<'_>, found: &mut [Found]) -> Result<()> {
    for part in 0..comparison.sides.scheme.heaps(&comparison.sides.source).len() {
        let missing = |f: &Found| f.twin.is_none();
        let tids: Vec<_> = found.iter().filter(|f| missing(f)).filter_map(|f| source_tid(f, part)).collect();
        if tids.is_empty() {
            continue;
        }
        let sql = seek_in_twin_sql(comparison.sides, comparison.which, part);
        let rows = comparison.readers[0].query("seek in twin", &sql, &[&tids]).await?;
        for row in rows {
            let (source, leaf, twin): (&str, i64, String) = (row.get(0), row.get(1), row.get(2));
            let missing = found.iter_mut().find(|f| missing(f) && source_tid(f, part) == Some(source));
            if let (Some(missing), Ok(leaf)) = (missing, usize::try_from(leaf)) {
                missing.twin = Some((twin, leaf));
            }
        }
    }
    Ok(())
}

/// Rows that a leaf alone has: does the source have the key under another time, and nothing else in the twin for it?
async fn seek_in_source(comparison: &Comparison<'_>, found: &mut [Found]) -> Result<()> {
    for leaf in comparison.which.iter().copied() {
        let extra = |f: &Found| f.leaf == leaf && f.source.is_none();
        let tids: Vec<_> = found.iter().filter(|f| extra(f)).filter_map(|f| twin_tid(f, leaf)).collect();
        if tids.is_empty() {
            continue;
        }
        let sql = seek_in_source_sql(comparison.sides, comparison.which, leaf);
        let rows = comparison.readers[0].query("seek in source", &sql, &[&tids]).await?;
        for row in rows {
            let (twin, source, home): (&str, &str, i64) = (row.get(0), row.get(1), row.get(2));
            if let Some(found) = found.iter_mut().find(|f| extra(f) && twin_tid(f, leaf) == Some(twin)) {
                found.source = Place::of(source).map(|place| (place, usize::try_from(home).ok()));
            }
        }
    }
    Ok(())
}

/// A row's key and values as text, and a hash of each value's binary form.
struct Values {
    key: Vec<String>,
    shown: Vec<Option<String>>,
    hashes: Vec<Option<i64>>,
}

/// Rows by heap and TID.
type Rows = HashMap<(Heap, String), Values>;

async fn read_rows(sides: &Sides<'_>, reader: &Reader<'_>, found: &[Found]) -> Result<Rows> {
    let mut wanted: BTreeMap<Heap, Vec<&str>> = BTreeMap::new();
    for row in found {
        if let Some((Place { part, tid }, _)) = &row.source {
            wanted.entry(Heap::Source(*part)).or_default().push(tid);
        }
        if let Some((tid, leaf)) = &row.twin {
            wanted.entry(Heap::Leaf(*leaf)).or_default().push(tid);
        }
    }
    let mut rows = Rows::new();
    for (heap, tids) in wanted {
        let sql = read_sql(sides, heap);
        for row in reader.query("read differing", &sql, &[&tids]).await? {
            let values = Values { key: row.get(1), shown: row.get(2), hashes: row.get(3) };
            rows.insert((heap, row.get(0)), values);
        }
    }
    Ok(rows)
}

fn diff(sides: &Sides<'_>, found: &Found, rows: &Rows) -> Diff {
    let in_source = |place: &Place| rows.get(&(Heap::Source(place.part), place.tid.clone()));
    let source = found.source.as_ref().and_then(|(place, _)| in_source(place));
    let twin = found.twin.as_ref().and_then(|(tid, leaf)| rows.get(&(Heap::Leaf(*leaf), tid.clone())));
    let kind = found.kind();
    let mut columns = Vec::new();
    if kind == DiffKind::WrongLeaf {
        let name = |leaf: Option<usize>| leaf.map(|leaf| sides.leaves[leaf].name.as_str().to_owned());
        let home = found.source.as_ref().and_then(|(_, home)| *home);
        columns.push((PLACE.into(), name(home), name(found.twin.as_ref().map(|(_, leaf)| *leaf))));
    }
    if let (Some(source), Some(twin)) = (source, twin) {
        let differing = sides.scheme.table.columns.iter().enumerate();
        let differing = differing.filter(|(n, _)| source.hashes[*n] != twin.hashes[*n]);
        columns.extend(
            differing.map(|(n, column)| (column.name.as_str().to_owned(), cut(source, n), cut(twin, n))),
        );
        columns.truncate(MAX_COLUMNS);
    }
    let leaf = sides.leaves[found.leaf].name.as_str().to_owned();
    let key_values = source.or(twin).map(|values| values.key.clone()).unwrap_or_default();
    let named = sides.scheme.twin_key().into_iter().zip(&key_values);
    let key = named.map(|(column, value)| format!("{}={value}", column.name.as_str()));
    Diff { leaf, key: key.collect::<Vec<_>>().join(", "), key_values, kind, columns }
}

/// The hash tells apart what differs behind the cut.
fn cut(values: &Values, column: usize) -> Option<String> {
    let text = values.shown[column].as_ref()?;
    if text.chars().count() <= SHOWN {
        return Some(text.clone());
    }
    let head: String = text.chars().take(CUT).collect();
    Some(format!("{head}{CUT_MARK}{:016x}", values.hashes[column].unwrap_or_default()))
}

fn source_tid(found: &Found, part: usize) -> Option<&str> {
    found.source.as_ref().filter(|(place, _)| place.part == part).map(|(place, _)| place.tid.as_str())
}

fn twin_tid(found: &Found, leaf: usize) -> Option<&str> {
    found.twin.as_ref().filter(|(_, l)| *l == leaf).map(|(tid, _)| tid.as_str())
}

fn seek_in_twin_sql(sides: &Sides<'_>, which: &[usize], part: usize) -> String {
    format!(
        "SELECT s.ctid::text, t.leaf, t.tid::text FROM ONLY {} s CROSS JOIN LATERAL ({}) t \
         WHERE s.ctid = ANY ($1::text[]::tid[])",
        sides.source_heap(part),
        in_twin(sides, which),
    )
}

/// A row that is in its right place in the twin as well is not astray: the second one is extra.
fn seek_in_source_sql(sides: &Sides<'_>, which: &[usize], leaf: usize) -> String {
    format!(
        "SELECT t.ctid::text, concat({}, ' ', s.ctid), {} FROM ONLY {} t JOIN {} s ON {} \
         WHERE t.ctid = ANY ($1::text[]::tid[]) \
         AND NOT EXISTS (SELECT FROM ({}) o WHERE o.leaf <> {leaf} AND o.part = s.{})",
        part_sql(sides, "s"),
        sides.leaf_by_time("s."),
        name_of(sides, leaf),
        sides.scheme.table.rows_of(&sides.source),
        sides.same_key("s", "t"),
        in_twin(sides, which),
        sides.scheme.by,
    )
}

/// The number of the part in which a row of the source lies.
fn part_sql(sides: &Sides<'_>, row: &str) -> String {
    let heaps = sides.scheme.heaps(&sides.source);
    let heaps: Vec<_> =
        heaps.iter().map(|heap| format!("{}::regclass", literal(&heap.to_string()))).collect();
    format!("array_position(ARRAY[{}]::oid[], {row}.tableoid) - 1", heaps.join(", "))
}

/// The rows of the leaves `which` with the key of `s`. Other leaves are not locked, and may be being sealed.
fn in_twin(sides: &Sides<'_>, which: &[usize]) -> String {
    let of = |leaf: &usize| {
        let (name, by, same_key) = (name_of(sides, *leaf), &sides.scheme.by, sides.same_key("x", "s"));
        format!(
            "SELECT {leaf}::int8 AS leaf, x.ctid AS tid, x.{by} AS part FROM ONLY {name} x WHERE {same_key}"
        )
    };
    which.iter().map(of).collect::<Vec<_>>().join(" UNION ALL ")
}

/// A column is written as its type's output function does: a cast to text strips a padded one.
fn read_sql(sides: &Sides<'_>, heap: Heap) -> String {
    let columns = &sides.scheme.table.columns;
    let shown = columns
        .iter()
        .map(|c| format!("CASE num_nulls({0}) WHEN 0 THEN left(concat({0}), {1}) END", c.name, SHOWN + 1));
    let hashes = columns.iter().map(|c| hash(&format!("record_send(ROW({}))", c.name), 0));
    let key = sides.scheme.twin_key().into_iter().map(|c| format!("concat({})", c.name));
    let list = |items: Vec<String>| items.join(", ");
    format!(
        "SELECT ctid::text, ARRAY[{}]::text[], ARRAY[{}]::text[], ARRAY[{}]::int8[] \
         FROM ONLY {} WHERE ctid = ANY ($1::text[]::tid[])",
        list(key.collect()),
        list(shown.collect()),
        list(hashes.collect()),
        rows_of(sides, heap),
    )
}
