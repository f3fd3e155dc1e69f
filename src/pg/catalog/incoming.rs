//! Foreign keys of other tables that reference one.

use super::{ident, idents, name};
use crate::{
    error::Result,
    model::{incoming::IncomingKey, table::Oid},
    pg::Session,
};

/// All of them, by table and name.
pub async fn incoming_keys(session: &Session, oid: Oid) -> Result<Vec<IncomingKey>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_incoming.sql");
    let rows = session.query("read incoming foreign keys", SQL, &[&oid]).await?;
    let key = |row: &tokio_postgres::Row| IncomingKey {
        table: name(row, 0),
        oid: row.get(2),
        name: ident(row, 3),
        definition: row.get(4),
        columns: idents(row, 5),
        validated: row.get(6),
        comment: row.get(7),
        trouble: row.get(8),
    };
    Ok(rows.iter().map(key).collect())
}
