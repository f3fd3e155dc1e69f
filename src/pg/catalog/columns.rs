//! A table's columns.

use super::ident;
use crate::{
    error::Result,
    model::{
        ident::QualifiedName,
        table::{Column, Identity, Oid},
    },
    pg::Session,
};

/// Live columns in catalogue order.
pub(super) async fn read(session: &Session, oid: Oid) -> Result<Vec<Column>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_columns.sql");
    let rows = session.query("read columns", SQL, &[&oid]).await?;
    let sequence = |row: &tokio_postgres::Row| {
        let schema: Option<String> = row.get(8);
        let name: Option<String> = row.get(9);
        schema.zip(name).map(|(schema, name)| QualifiedName::new(schema, name))
    };
    let identity = |row: &tokio_postgres::Row| {
        row.get::<_, bool>(12).then(|| sequence(row)).flatten().map(|sequence| Identity {
            always: row.get(4),
            sequence,
            options: row.get(13),
            grants: row.get(14),
            comment: row.get(15),
        })
    };
    let columns = rows.iter().map(|row| Column {
        name: ident(row, 0),
        type_sql: row.get(1),
        not_null: row.get(2),
        generated: row.get(3),
        identity: identity(row),
        comparable: row.get(5),
        findable: row.get(6),
        exact_hash: row.get(7),
        owned_sequence: sequence(row),
        statistics_target: row.get(10),
        options: row.get(11),
    });
    Ok(columns.collect())
}
