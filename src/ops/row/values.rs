//! The values of a row that was found: first how long they are and whether they differ, then those that do, within a bound.

use super::Place;
use crate::{
    error::{Error, Result},
    model::{
        comparison::{Sides, hash},
        ident::QualifiedName,
        table::Column,
        whole::{Differs, Held, Value, WholeColumn, bound},
    },
    pg::Tx,
};

/// Bytes shown of a value's binary form, where its text is not what differs.
const BINARY: usize = 4_096;
/// What stands before a value in the binary form of a row of one column: how many there are, its type, its length.
const BEFORE: usize = 12;

/// What is known of a row's values before they are read.
struct Survey {
    /// Characters; `None` is NULL.
    characters: Vec<Option<i32>>,
    /// Bytes.
    bytes: Vec<Option<i32>>,
    /// Of the binary form, as the verifier compares it.
    hashes: Vec<Option<i64>>,
}

/// Columns that differ, or all of a row that is on one side alone; and how many are alike.
pub(super) async fn read(
    tx: &Tx<'_>,
    sides: &Sides<'_>,
    (source, twin): (Option<&Place>, Option<&Place>),
) -> Result<(Vec<WholeColumn>, usize)> {
    let columns = &sides.scheme.table.columns;
    let surveys = [survey(tx, columns, source).await?, survey(tx, columns, twin).await?];
    let which: Vec<usize> = match &surveys {
        [Some(a), Some(b)] => (0..columns.len()).filter(|n| a.hashes[*n] != b.hashes[*n]).collect(),
        [Some(_), None] | [None, Some(_)] => (0..columns.len()).collect(),
        [None, None] => Vec::new(),
    };
    if which.is_empty() {
        let alike = if source.is_some() && twin.is_some() { columns.len() } else { 0 };
        return Ok((Vec::new(), alike));
    }
    let long = surveys.iter().flatten().flat_map(|survey| which.iter().filter_map(|n| survey.bytes[*n]));
    let most = bound(long.map(i64::from).collect());
    let mut held = Vec::new();
    for (place, survey) in [source, twin].into_iter().zip(&surveys) {
        held.push(match place.zip(survey.as_ref()) {
            Some((place, survey)) => values(tx, (columns, &which), (place, survey), most).await?,
            None => vec![Held::NoRow; which.len()],
        });
    }
    let twins = held.pop().unwrap_or_default();
    let pairs = held.pop().unwrap_or_default().into_iter().zip(twins);
    let mut differing = Vec::new();
    for (n, (a, b)) in which.iter().zip(pairs) {
        let column = &columns[*n];
        let kind = if column.generated {
            format!("{}, generated", column.type_sql)
        } else {
            column.type_sql.clone()
        };
        let mut one = WholeColumn::new((column.name.as_str().to_owned(), kind), a, b);
        if let (Differs::Unwritten { .. }, Some(source), Some(twin)) = (&one.differs, source, twin) {
            one.differs = Differs::Unwritten {
                source: binary(tx, column, source).await?,
                twin: binary(tx, column, twin).await?,
            };
        }
        differing.push(one);
    }
    Ok((differing, columns.len() - which.len()))
}

async fn survey(tx: &Tx<'_>, columns: &[Column], place: Option<&Place>) -> Result<Option<Survey>> {
    let Some(place) = place else { return Ok(None) };
    let list = |of: fn(&Column) -> String| columns.iter().map(of).collect::<Vec<_>>().join(", ");
    let what = format!(
        "ARRAY[{}]::int4[], ARRAY[{}]::int4[], ARRAY[{}]::int8[]",
        list(|c| written(c, |text| format!("char_length({text})"))),
        list(|c| written(c, |text| format!("octet_length({text})"))),
        list(|c| hash(&format!("record_send(ROW({}))", c.name), 0)),
    );
    let row = one(tx, "measure row", &what, place).await?;
    Ok(Some(Survey { characters: row.get(0), bytes: row.get(1), hashes: row.get(2) }))
}

/// A value as its type's output function writes it (a cast to text strips a padded one), or what is made of that; NULL for NULL.
fn written(column: &Column, made: impl FnOnce(String) -> String) -> String {
    let name = &column.name;
    format!("CASE num_nulls({name}) WHEN 0 THEN {} END", made(format!("concat({name})")))
}

async fn values(
    tx: &Tx<'_>,
    (columns, which): (&[Column], &[usize]),
    (place, survey): (&Place, &Survey),
    most: i64,
) -> Result<Vec<Held>> {
    let is_cut = |n: usize| survey.bytes[n].is_some_and(|bytes| i64::from(bytes) > most);
    // No character has more than four bytes.
    let what = which.iter().map(|n| {
        written(&columns[*n], |text| if is_cut(*n) { format!("left({text}, {})", most / 4) } else { text })
    });
    let what = format!("ARRAY[{}]::text[]", what.collect::<Vec<_>>().join(", "));
    let texts: Vec<Option<String>> = one(tx, "read row", &what, place).await?.get(0);
    let held = |(n, text): (&usize, Option<String>)| match text {
        Some(text) => {
            let characters = survey.characters[*n].map_or(0, i64::from);
            Held::Value(Value { text, characters, cut: is_cut(*n) })
        }
        None => Held::Null,
    };
    Ok(which.iter().zip(texts).map(held).collect())
}

async fn binary(tx: &Tx<'_>, column: &Column, place: &Place) -> Result<String> {
    let what = format!("encode(substr(record_send(ROW({})), {}, {BINARY}), 'hex')", column.name, BEFORE + 1);
    Ok(one(tx, "read binary form", &what, place).await?.get(0))
}

/// A row by its TID, which is good within the snapshot.
async fn one(tx: &Tx<'_>, label: &'static str, what: &str, place: &Place) -> Result<tokio_postgres::Row> {
    let heap: &QualifiedName = &place.heap;
    let sql = format!("SELECT {what} FROM ONLY {heap} WHERE ctid = $1::text::tid");
    let row = tx.query_opt(label, &sql, &[&place.tid]).await?;
    row.ok_or_else(|| Error::Bug(format!("{} has lost a row within a snapshot", heap.plain())))
}
