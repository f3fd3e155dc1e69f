//! Leaves: created with the twin, or later beside a parent in use.

use super::{attached, own_sql, seal_statements};
use crate::model::{
    ident::QualifiedName,
    plan::Statement,
    scheme::{Leaf, Scheme},
    settings::{close_sql, statement, tablespace, with_options},
};

/// A leaf made together with the twin: no index yet.
pub(super) fn create_statements(scheme: &Scheme, leaf: &Leaf) -> Vec<Statement> {
    let table = scheme.leaf(leaf);
    let sql = format!(
        "CREATE TABLE {table} PARTITION OF {} {}{}{}",
        scheme.twin(),
        bounds(scheme, leaf),
        with_options(&scheme.table.facts.options),
        tablespace(&scheme.table)
    );
    let mut all = vec![statement("create leaf", sql), statement("own leaf", own_sql(scheme, &table))];
    all.extend(attached::of_leaf(scheme, leaf));
    all
}

/// A leaf added to a partitioned table in use, called `parent` now: built apart with its indexes under their own
/// names, then attached. ATTACH takes SHARE UPDATE EXCLUSIVE on the parent where PARTITION OF would take ACCESS
/// EXCLUSIVE; DEFAULT is locked and looked through, so it should be empty. The parent's indexes, if it has them
/// already, take the leaf's as they are; else [`super::adopt_statements`] does.
pub fn new_leaf_statements(scheme: &Scheme, leaf: &Leaf, parent: &QualifiedName) -> Vec<Statement> {
    let table = scheme.leaf(leaf);
    // The leaf is empty, so LIKE may make a NOT VALID check valid.
    let create = format!(
        "CREATE TABLE {table} (LIKE {parent} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE \
         INCLUDING COMPRESSION INCLUDING CONSTRAINTS){}{}",
        with_options(&scheme.table.facts.options),
        tablespace(&scheme.table)
    );
    let mut all = vec![statement("create leaf", create), statement("own leaf", own_sql(scheme, &table))];
    all.extend(attached::of_leaf(scheme, leaf));
    all.push(statement("close leaf", close_sql(&table)));
    all.extend(seal_statements(scheme, leaf));
    let attach = format!("ALTER TABLE {parent} ATTACH PARTITION {table} {}", bounds(scheme, leaf));
    all.push(statement("attach leaf", attach));
    all
}

fn bounds(scheme: &Scheme, leaf: &Leaf) -> String {
    let bound = |time| scheme.clock.bound(time);
    match leaf.period {
        Some(period) => format!("FOR VALUES FROM ({}) TO ({})", bound(period.lower), bound(period.upper)),
        None => "DEFAULT".into(),
    }
}
