//! A table's CHECK and FOREIGN KEY constraints.

use tokio_postgres::Row;

use super::{ident, letter, name};
use crate::{
    error::Result,
    model::table::{Constraint, ConstraintKind, Oid},
    pg::Session,
};

/// By kind, then by name.
pub(super) async fn read(session: &Session, oid: Oid) -> Result<Vec<Constraint>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_constraints.sql");
    let rows = session.query("read constraints", SQL, &[&oid]).await?;
    let constraints = rows.iter().map(|row| Constraint {
        name: ident(row, 0),
        kind: kind(row),
        definition: row.get(7),
        validated: row.get(8),
        comment: row.get(9),
    });
    Ok(constraints.collect())
}

fn kind(row: &Row) -> ConstraintKind {
    match letter(row, 1) {
        'c' => ConstraintKind::Check { no_inherit: row.get(2) },
        'f' => ConstraintKind::ForeignKey {
            referenced: name(row, 3),
            referenced_oid: row.get(5),
            acts: row.get(6),
        },
        _ => ConstraintKind::Other,
    }
}
