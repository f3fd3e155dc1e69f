//! Some ids of a table, for the plan to judge their clock by. The census sees them all.

use crate::{
    error::{Error, Result},
    model::{
        clock::{Clock, Id},
        figures::float,
        ident::Ident,
        sample::Sample,
        table::{Column, Table},
        template::fill,
    },
    pg::Session,
};

/// Blocks read at each end of the heap.
const ENDS: i64 = 32;
/// Blocks read between them, about.
const BETWEEN: i64 = 64;
/// Rows taken of each part.
const EACH: &str = "1000";

/// Looks at rows of `table` and the ids in its column `by`.
pub(super) async fn read(session: &Session, table: &Table, by: &Column) -> Result<Sample> {
    const SQL: &str = include_str!("../../../assets/sql/id_sample.sql");
    let times = || table.columns.iter().filter_map(|column| Some((&column.name, column.time_clock()?)));
    let beside = times().find(|(name, _)| name.as_str() == "created_at").or_else(|| times().next());
    let time = beside.map_or("NULL::timestamptz".into(), |(name, clock)| clock.time_sql(&name.to_string()));
    let blocks = table.facts.blocks.max(1);
    let values = [
        ("id", by.name.to_string()),
        ("beside", time),
        ("source", table.rows_of(&table.name)),
        ("ends", ENDS.to_string()),
        ("last", (blocks - ENDS).max(0).to_string()),
        ("each", EACH.to_owned()),
        ("percent", format!("{:.9}", (100.0 * float(BETWEEN) / float(blocks)).min(100.0))),
    ];
    let values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let rows = session.query("look at ids", &fill(SQL, &values), &[]).await?;
    let rows: Result<Vec<_>> = rows.iter().map(|row| Ok((id(row.get(0))?, row.get(1)))).collect();
    Ok(Sample {
        column: by.name.clone(),
        rows: rows?,
        ends: ends(session, table, &by.name).await?,
        beside: beside.map(|(name, _): (&Ident, Clock)| name.clone()),
    })
}

/// The lowest and the highest id, where an index tells.
async fn ends(session: &Session, table: &Table, by: &Ident) -> Result<Option<(Id, Id)>> {
    if !table.indexes.iter().any(|index| index.leads_with(by)) {
        return Ok(None);
    }
    let source = table.rows_of(&table.name);
    let sql = format!(
        "SELECT (SELECT {by}::text FROM {source} ORDER BY {by} LIMIT 1), \
         (SELECT {by}::text FROM {source} ORDER BY {by} DESC LIMIT 1)"
    );
    let row = session.query_one("read lowest and highest id", &sql, &[]).await?;
    let end = |at| row.get::<_, Option<&str>>(at).map(id).transpose();
    Ok(end(0)?.zip(end(1)?))
}

fn id(text: &str) -> Result<Id> {
    text.parse().map_err(Error::Bug)
}
