//! The catalogue as plain data: one table with what hangs on it, the list of tables, the server.
//!
//! It only reads, and judges nothing: that is [`crate::model::preflight`]'s. What it cannot name as carried
//! over it lists in [`crate::model::table::Facts::unhandled`], so that a dependant of a kind unknown to this
//! version is refused, not lost.

mod around;
mod attached;
mod columns;
mod constraints;
mod hangers;
mod health;
mod id_report;
mod incoming;
mod indexes;
mod list;
mod maintenance;
mod resolve;
mod sample;
mod server;
mod statements;
mod typed_name;

use tokio_postgres::Row;

pub use around::{surroundings, taken_names};
pub use health::{health, held_up, locked, only_looks, partitioned_tables, partitions};
pub use id_report::{default_of, id_column, id_report};
pub use incoming::incoming_keys;
pub use list::{journal_readable, list_tables};
pub use maintenance::{Care, care_of, comment, copied_columns, free_name, in_the_way_of_moves};
pub use resolve::resolve;
pub use server::server_facts;
pub use statements::{Statements, collects_statements, not_collected, statements};
pub use typed_name::reading;

use crate::{
    error::{Error, Result},
    model::{
        attached::{Attached, RowSecurity},
        ident::{Ident, QualifiedName},
        table::{Facts, Oid, Table},
    },
    pg::Session,
};

/// The table that `typed_name` (`messages`, `app.messages`, `"My Table"`) means to the connecting role.
pub async fn load_table(session: &Session, typed_name: &str) -> Result<Table> {
    let oid = resolve(session, typed_name).await?;
    load_oid(session, oid).await
}

/// The table of an OID.
pub async fn load_oid(session: &Session, oid: Oid) -> Result<Table> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_table.sql");
    let row = session.query_opt("read table", SQL, &[&oid]).await?;
    let row = row.ok_or_else(|| Error::Changed {
        table: format!("the table of OID {oid}"),
        what: "it was dropped".into(),
    })?;
    let mut table = bare(&row, oid);
    table.columns = columns::read(session, oid).await?;
    table.indexes = indexes::read(session, oid).await?;
    table.constraints = constraints::read(session, oid).await?;
    table.triggers = hangers::triggers(session, oid).await?;
    table.views = hangers::views(session, oid).await?;
    table.grants = hangers::grants(session, oid).await?;
    table.attached.policies = attached::policies(session, oid).await?;
    table.attached.statistics = attached::statistics(session, oid).await?;
    table.attached.publications = attached::publications(session, oid).await?;
    table.facts.incoming_foreign_keys = hangers::incoming_foreign_keys(session, oid).await?;
    table.facts.unhandled = hangers::unhandled(session, oid).await?;
    table.facts.unhandled.extend(hangers::parts(session, oid).await?);
    Ok(table)
}

/// The table without what the other queries read.
fn bare(row: &Row, oid: Oid) -> Table {
    Table {
        name: name(row, 0),
        oid,
        owner: ident(row, 2),
        columns: Vec::new(),
        indexes: Vec::new(),
        constraints: Vec::new(),
        triggers: Vec::new(),
        views: Vec::new(),
        grants: Vec::new(),
        comment: row.get(3),
        attached: Attached {
            tablespace: maybe_ident(row, 15),
            clustered_on: maybe_ident(row, 16),
            identity_index: maybe_ident(row, 17),
            row_security: RowSecurity { enabled: row.get(18), forced: row.get(19) },
            ..Attached::default()
        },
        facts: Facts {
            kind: row.get(4),
            blocks: row.get(5),
            rows_estimate: row.get(6),
            total_bytes: row.get(7),
            index_bytes: row.get(8),
            options: row.get(9),
            replica_identity: row.get(10),
            has_updates: row.get(11),
            row_level_capture: row.get(12),
            parts: parts(row, 13),
            incoming_foreign_keys: Vec::new(),
            unhandled: Vec::new(),
        },
    }
}

/// A column that holds a name.
fn ident(row: &Row, at: usize) -> Ident {
    Ident::new(row.get::<_, String>(at))
}

/// A column that holds a name or nothing.
fn maybe_ident(row: &Row, at: usize) -> Option<Ident> {
    row.get::<_, Option<String>>(at).map(Ident::new)
}

/// Two columns that hold schema and name.
fn name(row: &Row, at: usize) -> QualifiedName {
    QualifiedName { schema: ident(row, at), name: ident(row, at + 1) }
}

/// Two columns that hold arrays of schemas and names.
fn parts(row: &Row, at: usize) -> Vec<QualifiedName> {
    let pairs = idents(row, at).into_iter().zip(idents(row, at + 1));
    pairs.map(|(schema, name)| QualifiedName { schema, name }).collect()
}

/// A column that holds an array of names.
fn idents(row: &Row, at: usize) -> Vec<Ident> {
    row.get::<_, Vec<String>>(at).into_iter().map(Ident::new).collect()
}

/// One letter, `"char"` as text.
fn letter(row: &Row, at: usize) -> char {
    row.get::<_, &str>(at).chars().next().unwrap_or(' ')
}
