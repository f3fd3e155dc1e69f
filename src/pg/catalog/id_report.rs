//! The ids of a table, and the indexes that hold them.

use super::sample;
use crate::{
    error::{Error, Result},
    model::{
        clock::Clock,
        id_report::{IdIndex, IdReport},
        ident::Ident,
        table::{Column, Oid, Table},
    },
    pg::{Session, measure},
};

/// pgstatindex reads a whole index: larger ones are reckoned.
const MEASURED_BYTES: i64 = 1 << 30;

/// The column that is named, or the first one of the primary key.
pub fn id_column<'a>(table: &'a Table, column: Option<&Ident>) -> Result<&'a Column> {
    let of_key =
        || table.columns.iter().find(|one| table.primary_key().is_some_and(|key| key.leads_with(&one.name)));
    let found = match column {
        Some(name) => table.column(name),
        None => of_key(),
    };
    found.ok_or_else(|| Error::Usage {
        reason: match column {
            Some(name) => format!("{} has no column {}", table.name.plain(), name.as_str()),
            None => format!("{} has no primary key to take its ids from", table.name.plain()),
        },
        remedy: "say --column with the column that holds the ids".into(),
    })
}

/// Looks at some of the ids, and at all of their indexes.
pub async fn id_report(session: &Session, table: &Table, column: Option<&Ident>) -> Result<IdReport> {
    let column = id_column(table, column)?;
    if !Clock::may_be_id(&column.type_sql) {
        return Err(Error::Refused {
            id: "QD-156",
            object: format!("{}.{}", table.name.plain(), column.name.as_str()),
            reason: format!("it is {}: ids of uuid and bigint can be looked at", column.type_sql),
            remedy: "say --column with a column of those types".into(),
        });
    }
    let sample = sample::read(session, table, column).await?;
    let now = measure::now(session).await?;
    let report = IdReport::of(table.name.clone(), &column.type_sql, &sample, now);
    Ok(IdReport { indexes: indexes(session, table.oid, &column.name).await?, ..report })
}

async fn indexes(session: &Session, oid: Oid, column: &Ident) -> Result<Vec<IdIndex>> {
    const SQL: &str = include_str!("../../../assets/sql/id_indexes.sql");
    const MEASURE: &str = "SELECT quote_ident(n.nspname) FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
                           WHERE p.proname = 'pgstatindex' AND p.proargtypes[0] = 'regclass'::regtype \
                           AND has_function_privilege(p.oid, 'EXECUTE') AND has_schema_privilege(n.oid, 'USAGE')";
    let rows = session.query("read indexes of ids", SQL, &[&oid, &column.as_str()]).await?;
    let measure = session.query_opt("look for pgstatindex", MEASURE, &[]).await?;
    let measure = measure.map(|row| row.get::<_, String>(0));
    let mut all = Vec::new();
    for row in rows {
        let mut index = IdIndex {
            name: row.get(0),
            bytes: row.get(1),
            density: row.get(2),
            fragmented: None,
            measured: false,
        };
        if let Some(schema) = measure.as_ref().filter(|_| index.bytes < MEASURED_BYTES) {
            let sql = format!(
                "SELECT nullif(avg_leaf_density, 'NaN') / 100, nullif(leaf_fragmentation, 'NaN') / 100 \
                 FROM {schema}.pgstatindex($1::text::regclass)"
            );
            let row = session.query_one("measure index of ids", &sql, &[&index.name]).await?;
            (index.density, index.fragmented, index.measured) = (row.get(0), row.get(1), true);
        }
        all.push(index);
    }
    Ok(all)
}

/// The default of a column, as SQL.
pub async fn default_of(session: &Session, oid: Oid, column: &Ident) -> Result<Option<String>> {
    const SQL: &str = "SELECT pg_get_expr(d.adbin, d.adrelid) FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum \
                       WHERE d.adrelid = $1 AND a.attname = $2";
    Ok(session.query_opt("read default", SQL, &[&oid, &column.as_str()]).await?.map(|row| row.get(0)))
}
