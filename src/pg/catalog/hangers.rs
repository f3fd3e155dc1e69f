//! What hangs on a table: triggers, views, rights, incoming foreign keys, and what cannot be carried over.

use super::{ident, letter, name};
use tokio_postgres::Row;

use crate::{
    error::Result,
    model::{
        hanger::{Hanger, HangerKind},
        table::{Oid, Trigger, View},
    },
    pg::Session,
};

/// The application's triggers.
pub(super) async fn triggers(session: &Session, oid: Oid) -> Result<Vec<Trigger>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_triggers.sql");
    let rows = session.query("read triggers", SQL, &[&oid]).await?;
    let triggers = rows.iter().map(|row| Trigger {
        name: ident(row, 0),
        definition: row.get(1),
        enabled: letter(row, 2),
        row_with_transition: row.get(3),
        constraint: row.get(4),
        before_row: row.get(5),
        comment: row.get(6),
    });
    Ok(triggers.collect())
}

/// Plain views that read the table themselves.
pub(super) async fn views(session: &Session, oid: Oid) -> Result<Vec<View>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_views.sql");
    let rows = session.query("read views", SQL, &[&oid]).await?;
    let views =
        rows.iter().map(|row| View { name: name(row, 0), definition: row.get(2), options: row.get(3) });
    Ok(views.collect())
}

/// Rights as `GRANT … ON TABLE {} …`.
pub(super) async fn grants(session: &Session, oid: Oid) -> Result<Vec<String>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_grants.sql");
    Ok(session.query("read rights", SQL, &[&oid]).await?.iter().map(|row| row.get(0)).collect())
}

/// Foreign keys of other tables (or this one) that reference it, as `table.constraint`.
pub(super) async fn incoming_foreign_keys(session: &Session, oid: Oid) -> Result<Vec<String>> {
    const SQL: &str = "SELECT conrelid::regclass || '.' || quote_ident(conname) FROM pg_constraint \
                       WHERE contype = 'f' AND confrelid = $1 AND conparentid = 0 ORDER BY 1";
    let rows = session.query("read incoming foreign keys", SQL, &[&oid]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// What cannot be carried over.
pub(super) async fn unhandled(session: &Session, oid: Oid) -> Result<Vec<Hanger>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_hangers.sql");
    let rows = session.query("read dependants", SQL, &[&oid]).await?;
    let hangers = rows.iter().map(|row| Hanger { kind: HangerKind::of_word(row.get(0)), name: row.get(1) });
    Ok(hangers.collect())
}

/// What the partitions of a partitioned table have of their own.
pub(super) async fn parts(session: &Session, oid: Oid) -> Result<Vec<Hanger>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_parts.sql");
    let rows = session.query("read partitions", SQL, &[&oid]).await?;
    let name = |row: &Row| format!("{} {}", row.get::<_, &str>(0), row.get::<_, &str>(1));
    Ok(rows.iter().map(|row| Hanger { kind: HangerKind::Part, name: name(row) }).collect())
}
