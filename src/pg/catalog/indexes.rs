//! A table's indexes.

use super::{ident, idents, maybe_ident};
use crate::{
    error::{Error, Result},
    model::{
        ident::Ident,
        table::{Index, IndexRole, Oid},
    },
    pg::Session,
};

/// The primary key's first, then by name.
pub(super) async fn read(session: &Session, oid: Oid) -> Result<Vec<Index>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_indexes.sql");
    session.query("read indexes", SQL, &[&oid]).await?.iter().map(index).collect()
}

fn index(row: &tokio_postgres::Row) -> Result<Index> {
    let key: Vec<Option<String>> = row.get(2);
    Ok(Index {
        name: ident(row, 0),
        role: role(row.get(1))?,
        key: key.into_iter().map(|column| column.map(Ident::new)).collect(),
        include: idents(row, 3),
        definition: row.get(4),
        valid: row.get(5),
        deferrable: row.get(6),
        options: row.get(7),
        comment: row.get(8),
        constraint_comment: row.get(9),
        tablespace: maybe_ident(row, 10),
        targets: row.get(11),
    })
}

/// The words of `catalog_indexes.sql`.
fn role(word: &str) -> Result<IndexRole> {
    match word {
        "primary_key" => Ok(IndexRole::PrimaryKey),
        "unique_constraint" => Ok(IndexRole::UniqueConstraint),
        "unique" => Ok(IndexRole::Unique),
        "exclusion" => Ok(IndexRole::Exclusion),
        "plain" => Ok(IndexRole::Plain),
        other => Err(Error::Bug(format!("catalog_indexes.sql speaks of {other:?}"))),
    }
}
