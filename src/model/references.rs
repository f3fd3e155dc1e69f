//! The SQL of what a table has from or with others: outgoing foreign keys, owned sequences. Text only; nothing runs here.
//!
//! A foreign key belongs to the table that owns the name. On a follower it would make the application's deletes of
//! referenced rows fail while the follower lags (TRAPS 44), and replay lock referenced rows, against which a busy
//! application wins every time. Where it cannot be dropped at once, writers
//! mirror ([`crate::model::carry`]).

use crate::model::{
    ident::{QualifiedName, literal},
    scheme::Scheme,
    table::{Constraint, ConstraintKind, Oid},
};

/// Tables that the source references, in OID order: locks are taken in this order (TRAPS 62).
pub fn referenced_tables(scheme: &Scheme) -> Vec<QualifiedName> {
    let mut tables: Vec<(Oid, &QualifiedName)> = Vec::new();
    for constraint in scheme.table.foreign_keys() {
        if let ConstraintKind::ForeignKey { referenced, referenced_oid, .. } = &constraint.kind {
            tables.push((*referenced_oid, referenced));
        }
    }
    tables.sort();
    tables.dedup();
    tables.into_iter().map(|(_, name)| name.clone()).collect()
}

/// The table that a foreign key references.
pub fn referenced(fk: &Constraint) -> Option<&QualifiedName> {
    match &fk.kind {
        ConstraintKind::ForeignKey { referenced, .. } => Some(referenced),
        ConstraintKind::Check { .. } | ConstraintKind::Other => None,
    }
}

/// Adds a constraint without looking at the rows there are (TRAPS 33).
pub fn add_not_valid(table: &QualifiedName, constraint: &Constraint) -> String {
    format!("ALTER TABLE {table} ADD CONSTRAINT {} {} NOT VALID", constraint.name, constraint.definition)
}

/// Looks at the rows there are; readers and writers go on.
pub fn validate(table: &QualifiedName, constraint: &Constraint) -> String {
    format!("ALTER TABLE {table} VALIDATE CONSTRAINT {}", constraint.name)
}

/// The partitioned table takes its leaves' valid constraints for its own: no scan, no second constraint.
pub fn adopt(table: &QualifiedName, constraint: &Constraint) -> String {
    format!("ALTER TABLE {table} ADD CONSTRAINT {} {}", constraint.name, constraint.definition)
}

/// Drops a constraint, if it is there.
pub fn drop(table: &QualifiedName, constraint: &Constraint) -> String {
    format!("ALTER TABLE {table} DROP CONSTRAINT IF EXISTS {}", constraint.name)
}

/// Gives a constraint its comment again; `None` where it had none.
pub fn comment(table: &QualifiedName, constraint: &Constraint) -> Option<String> {
    let text = literal(constraint.comment.as_deref()?);
    Some(format!("COMMENT ON CONSTRAINT {} ON {table} IS {text}", constraint.name))
}

/// Gives the sequences of columns to the table that owns the name, so that dropping the other one leaves them, and
/// `pg_get_serial_sequence` finds them. Each waits for transactions that have called nextval.
pub fn give_sequences(scheme: &Scheme) -> Vec<String> {
    let mut sql = Vec::new();
    for column in scheme.table.columns.iter().filter(|column| column.identity.is_none()) {
        if let Some(sequence) = &column.owned_sequence {
            let owner = format!("{}.{}", scheme.source(), column.name);
            sql.push("SET LOCAL lock_timeout = '50ms'".into());
            sql.push(format!("ALTER SEQUENCE {sequence} OWNED BY {owner}"));
        }
    }
    sql
}
