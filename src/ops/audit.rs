//! Plans statements without running them: generically, as the server plans those that an application prepares, and with
//! values, so that pruning at the start of the execution is seen, too (manual, 5.11.4).
//!
//! Everything happens in a transaction that is rolled back, and what one statement locked is let go before the next one. A
//! table that is not partitioned yet is planned against an empty temporary copy.

use std::time::Duration;

use serde_json::Value;

use crate::{
    error::{Error, Result},
    model::{
        ident::{Ident, QualifiedName},
        scheme::{Leaf, Scheme},
        table::{Index, IndexRole},
    },
    pg::{Session, Tx},
};

const NAME: &str = "quarterdeck_audit";
/// No statement is planned for longer.
const PLANNED_WITHIN: Duration = Duration::from_secs(10);

/// A temporary table's schema, in SQL and in plans.
pub const TEMPORARY: &str = "pg_temp";

/// Lets names mean what they mean to the application, and plans be generic.
pub async fn prepare(tx: &Tx<'_>, table: &QualifiedName) -> Result<()> {
    const PATH: &str = "SELECT set_config('search_path', concat_ws(', ', 'pg_temp', nullif(reset_val, ''), quote_ident($1)), true) \
                        FROM pg_settings WHERE name = 'search_path'";
    let plan = format!(
        "SET LOCAL plan_cache_mode = force_generic_plan; SET LOCAL row_security = on; SET LOCAL statement_timeout = {}",
        PLANNED_WITHIN.as_millis()
    );
    tx.batch("plan generically", &plan).await?;
    tx.query_one("set search path", PATH, &[&table.schema.as_str()]).await.map(|_| ())
}

/// From here on nothing can be changed, whatever is called.
pub async fn read_only(tx: &Tx<'_>) -> Result<()> {
    tx.batch("change nothing", "SET LOCAL transaction_read_only = on").await
}

/// Makes an empty copy of what the table will be: its partitions, its key, and unique indexes that a partitioned table can
/// have. The other indexes decide nothing about pruning.
pub async fn copy(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf]) -> Result<()> {
    let name = temporary(&scheme.source().name);
    let list = |columns: &[&Ident]| columns.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    // Not LIKE the table, which would stay locked all the while.
    let columns: Vec<_> =
        scheme.table.columns.iter().map(|column| format!("{} {}", column.name, column.type_sql)).collect();
    let mut sql = vec![format!(
        "CREATE TEMPORARY TABLE {name} ({}) PARTITION BY RANGE ({})",
        columns.join(", "),
        scheme.by
    )];
    for leaf in leaves {
        let bounds = match leaf.period {
            Some(period) => {
                let bound = |time| scheme.clock.bound(time);
                format!("FOR VALUES FROM ({}) TO ({})", bound(period.lower), bound(period.upper))
            }
            None => "DEFAULT".into(),
        };
        sql.push(format!("CREATE TEMPORARY TABLE {} PARTITION OF {name} {bounds}", temporary(&leaf.name)));
    }
    let key: Vec<_> = scheme.twin_key().iter().map(|column| &column.name).collect();
    sql.push(format!("ALTER TABLE {name} ADD PRIMARY KEY ({})", list(&key)));
    for index in scheme.table.indexes.iter().filter(|index| is_kept(index, &scheme.by)) {
        let columns: Vec<_> = index.key.iter().flatten().collect();
        sql.push(format!("CREATE UNIQUE INDEX ON {name} ({})", list(&columns)));
    }
    sql.push(format!("GRANT ALL ON {name} TO PUBLIC"));
    tx.batch("make empty copy", &sql.join(";\n")).await
}

fn temporary(name: &Ident) -> String {
    format!("{TEMPORARY}.{name}")
}

/// A unique index of columns among which is the partition column.
fn is_kept(index: &Index, by: &Ident) -> bool {
    let is_unique = matches!(index.role, IndexRole::UniqueConstraint | IndexRole::Unique);
    let is_plain = index.key.iter().all(Option::is_some) && !index.definition.contains(" WHERE ");
    is_unique && is_plain && index.key.iter().flatten().any(|key| key == by)
}

/// The plan of a statement with these values for its parameters, which `values` finds by their types; what it locked is let
/// go. As `role`, where there is one: whose statement it is may have functions that planning calls.
pub async fn explain(
    tx: &Tx<'_>,
    sql: &str,
    role: Option<&Ident>,
    values: impl FnOnce(&[String]) -> Vec<String>,
) -> Result<Value> {
    // A prepared statement is there whether the transaction is or not.
    const THERE: &str = "SELECT FROM pg_prepared_statements WHERE name = $1";
    tx.batch("begin planning", "SAVEPOINT planning").await?;
    let planned = plan(tx, sql, role, values).await;
    tx.batch("end planning", "ROLLBACK TO SAVEPOINT planning").await?;
    if tx.query_opt("look for statement", THERE, &[&NAME]).await?.is_some() {
        tx.batch("forget statement", &format!("DEALLOCATE {NAME}")).await?;
    }
    planned
}

async fn plan(
    tx: &Tx<'_>,
    sql: &str,
    role: Option<&Ident>,
    values: impl FnOnce(&[String]) -> Vec<String>,
) -> Result<Value> {
    const TYPES: &str = "SELECT parameter_types::text[] FROM pg_prepared_statements WHERE name = $1";
    if let Some(role) = role {
        tx.batch("take role", &format!("SET LOCAL ROLE {role}")).await?;
    }
    // One statement, whatever its text says: the extended protocol takes no second one.
    tx.execute("prepare statement", &format!("PREPARE {NAME} AS {sql}"), &[]).await?;
    let types: Vec<String> = tx.query_one("read types", TYPES, &[&NAME]).await?.get(0);
    let values = values(&types);
    let values = if values.is_empty() { String::new() } else { format!("({})", values.join(", ")) };
    let explain = format!("EXPLAIN (VERBOSE, COSTS OFF, FORMAT JSON) EXECUTE {NAME}{values}");
    let row = tx.query_one("plan statement", &explain, &[]).await?;
    row.try_get(0).map_err(Error::db("plan statement"))
}

/// A row of the table as text, by its columns; none where it is empty.
pub async fn sample(
    session: &Session,
    table: &QualifiedName,
    columns: &[Ident],
) -> Result<Vec<(String, String)>> {
    let list: Vec<_> = columns.iter().map(|column| format!("{column}::text")).collect();
    let sql = format!("SELECT {} FROM {table} LIMIT 1", list.join(", "));
    let Some(row) = session.query_opt("read a row", &sql, &[]).await? else { return Ok(Vec::new()) };
    let value =
        |(at, column): (usize, &Ident)| Some((column.as_str().to_owned(), row.get::<_, Option<String>>(at)?));
    Ok(columns.iter().enumerate().filter_map(value).collect())
}
