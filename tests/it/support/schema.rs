//! Dumps of the catalogue as text: free of OIDs, sorted, so that before and after can be compared.

use super::Db;

const SCHEMA: &str = include_str!("schema_dump.sql");
const OBJECTS: &str = include_str!("objects.sql");

/// Everything that hangs on one table (`public.t`): columns, constraints with their validity, indexes, triggers with
/// their state, rights, comments, views, policies, owner and storage settings; partition bounds too.
pub(crate) async fn schema_dump(db: &Db, table: &str) -> String {
    text(db, SCHEMA, &[&table]).await
}

/// Every relation, function, type, schema, publication and event trigger of the database, outside the system's
/// schemas and the journal's (`quarterdeck`): what is new here was left behind.
pub(crate) async fn objects(db: &Db) -> String {
    text(db, OBJECTS, &[]).await
}

async fn text(db: &Db, sql: &str, params: &[&(dyn tokio_postgres::types::ToSql + Sync)]) -> String {
    let rows = db.session().await.query("dump", sql, params).await.expect("the catalogue can be read");
    rows.iter().map(|row| row.get::<_, String>(0).replace('\n', " ")).collect::<Vec<_>>().join("\n")
}
