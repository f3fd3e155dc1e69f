//! What pg_stat_statements has of a table.

use chrono::{DateTime, Utc};

use super::name;
use crate::{
    error::{Error, Result},
    model::{
        audit::Source,
        ident::{Ident, QualifiedName},
        sql::Shape,
        template::fill,
    },
    pg::Session,
};

/// Statements, each with the role that gave it, and since when they are counted.
#[derive(Debug)]
pub struct Statements {
    /// The dearest first.
    pub all: Vec<(Source, Option<Ident>)>,
    /// Since when.
    pub since: Option<DateTime<Utc>>,
}

/// Whether the server may collect them: the extension is there.
pub async fn collects_statements(session: &Session) -> Result<bool> {
    Ok(view(session).await?.is_some())
}

async fn view(session: &Session) -> Result<Option<QualifiedName>> {
    const WHERE: &str = "SELECT n.nspname::text, 'pg_stat_statements' FROM pg_extension e JOIN pg_namespace n ON n.oid = e.extnamespace \
                         WHERE e.extname = 'pg_stat_statements'";
    Ok(session.query_opt("look for pg_stat_statements", WHERE, &[]).await?.map(|row| name(&row, 0)))
}

/// Up to `most` statements whose text has the name of `table`; `None` where the server does not collect them.
pub async fn statements(session: &Session, table: &QualifiedName, most: i64) -> Result<Option<Statements>> {
    const SQL: &str = include_str!("../../../assets/sql/audit_statements.sql");
    let Some(view) = view(session).await? else { return Ok(None) };
    let info = view.sibling(Ident::new("pg_stat_statements_info"));
    let sql = fill(SQL, &[("statements", &view.to_string()), ("info", &info.to_string())]);
    let rows = match session.query("read statements", &sql, &[&table.name.as_str(), &most]).await {
        Ok(rows) => rows,
        // The extension is there, and the library behind it is not loaded.
        Err(error) if error.sqlstate().is_some_and(|state| state.code() == "55000") => return Ok(None),
        Err(error) => return Err(error),
    };
    let since = rows.first().and_then(|row| row.get(5));
    let of = |row: &tokio_postgres::Row| {
        let source = Source {
            id: row.get(0),
            sql: row.get(1),
            calls: row.get(2),
            total_ms: row.get(3),
            samples: Vec::new(),
        };
        (source, row.get::<_, Option<String>>(4).map(Ident::new))
    };
    // Of utility commands there is no plan.
    let all = rows.iter().map(of).filter(|(source, _)| Shape::of(&source.sql).verb().is_some());
    Ok(Some(Statements { all: all.collect(), since }))
}

/// What to do where the server does not collect statements.
pub fn not_collected() -> Error {
    Error::Refused {
        id: "QD-163",
        object: "pg_stat_statements".into(),
        reason: "this database does not collect statements".into(),
        remedy: "say --queries FILE with the application's; or set shared_preload_libraries = 'pg_stat_statements', restart, and CREATE EXTENSION pg_stat_statements"
            .into(),
    }
}
