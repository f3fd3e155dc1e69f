//! `uuidv7()` on servers that have none, and as the default of a column.

use crate::{
    error::{Error, Result},
    model::{
        ident::{Ident, QualifiedName},
        template::fill,
    },
    pg::{
        Session,
        lock::{Held, Mode, Patience, Report, Tries, bounded, budget, lock_within},
    },
};

/// The first server that has one of its own.
const BUILT_IN: i32 = 180_000;
/// What our function says of itself.
const OURS: &str = "Quarterdeck: UUIDs of version 7 (RFC 9562) for servers before PostgreSQL 18";

/// The statements that make it; none where the server has its own.
pub fn statements(version: i32, schema: &Ident) -> Vec<String> {
    const SQL: &str = include_str!("../../assets/sql/uuidv7.sql");
    if version >= BUILT_IN {
        return Vec::new();
    }
    let make = fill(SQL, &[("schema", &schema.to_string())]);
    vec![make.trim_end().to_owned(), format!("COMMENT ON FUNCTION {schema}.uuidv7() IS '{OURS}'")]
}

/// Its name, as SQL.
pub fn name(version: i32, schema: &Ident) -> String {
    let schema = if version >= BUILT_IN { "pg_catalog".to_owned() } else { schema.to_string() };
    format!("{schema}.uuidv7()")
}

/// Runs the statements that make it, if there are any; a function of that name that is not ours is left alone.
pub async fn install(session: &mut Session, schema: &Ident, statements: &[String]) -> Result<()> {
    const THEIRS: &str = "SELECT coalesce(obj_description(p.oid, 'pg_proc'), '') FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace \
                          WHERE n.nspname = $1 AND p.proname = 'uuidv7' AND p.pronargs = 0";
    if statements.is_empty() {
        return Ok(());
    }
    let there = session.query_opt("look for uuidv7", THEIRS, &[&schema.as_str()]).await?;
    if there.is_some_and(|row| row.get::<_, &str>(0) != OURS) {
        return Err(Error::Refused {
            id: "QD-154",
            object: format!("{}.uuidv7()", schema.as_str()),
            reason: "a function of this name is there, and is not ours".into(),
            remedy: "use that one, or say --schema with another schema".into(),
        });
    }
    let tx = session.begin().await?;
    for sql in statements {
        tx.batch("install uuidv7", sql).await?;
    }
    tx.commit("install uuidv7").await
}

/// The statement that makes it the default of a column: of rows to come.
pub fn default_sql(table: &QualifiedName, column: &Ident, function: &str) -> String {
    format!("ALTER TABLE {table} ALTER COLUMN {column} SET DEFAULT {function}")
}

/// The statement that takes it back.
pub fn back_sql(table: &QualifiedName, column: &Ident, before: Option<&str>) -> String {
    let back = before.map_or_else(|| "DROP DEFAULT".to_owned(), |before| format!("SET DEFAULT {before}"));
    format!("ALTER TABLE {table} ALTER COLUMN {column} {back}")
}

/// Runs that within the lock budget, again and again.
pub async fn set_default(
    session: &mut Session,
    (table, sql): (&QualifiedName, &str),
    patience: Patience,
    report: Report<'_>,
) -> Result<()> {
    let patience = bounded(session, patience).await?;
    let mut tries = Tries::new(None, "set default", patience, report).stopped_with(session);
    loop {
        let held = Held::default();
        let attempt = async {
            held.begins();
            let tx = session.begin().await?;
            let done = async {
                budget(patience.budget).run(&tx).await?;
                lock_within(Mode::AccessExclusive, std::slice::from_ref(table), patience.budget / 2)
                    .run(&tx)
                    .await?;
                tx.batch("set default", sql).await
            };
            match done.await {
                Ok(()) => tx.commit("set default").await,
                Err(error) => Err(tx.undo(error).await),
            }
        };
        if tries.one(&held, attempt).await?.is_some() {
            return Ok(());
        }
    }
}
