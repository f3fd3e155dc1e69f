//! Indexes: on one leaf at its seal, then on the parent, which attaches the leaves' own.

use super::attached;
use crate::model::{
    ident::{Ident, QualifiedName, literal},
    plan::Statement,
    scheme::{Leaf, Scheme},
    settings::{statement, with_options},
    table::{Index, IndexRole},
};

/// Whether the statement speaks of a leaf, or of the parent without its leaves.
#[derive(Clone, Copy)]
enum Place {
    Leaf,
    ParentOnly,
}

/// A leaf's indexes: the primary key, then the others.
pub fn seal_statements(scheme: &Scheme, leaf: &Leaf) -> Vec<Statement> {
    let table = scheme.leaf(leaf);
    let one = |index: &Index| {
        let name = Scheme::leaf_index(&leaf.name, &index.name);
        let create = statement("seal leaf", index_sql(scheme, index, &table, &name, Place::Leaf));
        attached::with_index(index, &table.sibling(name), create)
    };
    let mut all: Vec<_> = ordered(scheme).flat_map(one).collect();
    all.extend(attached::of_sealed(scheme, leaf));
    all
}

/// The parent's indexes, made without the leaves, then each leaf's own attached.
pub fn adopt_statements(scheme: &Scheme, leaves: &[Leaf]) -> Vec<Statement> {
    let twin = scheme.twin();
    let mut all = Vec::new();
    for index in ordered(scheme) {
        let parent = scheme.twin_index(&index.name);
        let create = index_sql(scheme, index, &twin, &parent.name, Place::ParentOnly);
        all.extend(attached::with_index(index, &parent, statement("adopt index", create)));
        all.extend(comments(index, &twin, &parent));
        for leaf in leaves {
            let own = twin.sibling(Scheme::leaf_index(&leaf.name, &index.name));
            all.push(statement("attach index", format!("ALTER INDEX {parent} ATTACH PARTITION {own}")));
        }
    }
    all.extend(attached::of_adopted(scheme));
    all
}

/// The primary key first: it is what replay looks rows up by.
fn ordered(scheme: &Scheme) -> impl Iterator<Item = &Index> {
    let (key, others): (Vec<_>, Vec<_>) =
        scheme.table.indexes.iter().partition(|index| index.role == IndexRole::PrimaryKey);
    key.into_iter().chain(others)
}

fn comments(index: &Index, table: &QualifiedName, name: &QualifiedName) -> Vec<Statement> {
    let on_index = index.comment.iter().map(|text| format!("COMMENT ON INDEX {name} IS {}", literal(text)));
    let on_constraint = index
        .constraint_comment
        .iter()
        .map(|text| format!("COMMENT ON CONSTRAINT {} ON {table} IS {}", name.name, literal(text)));
    on_index.chain(on_constraint).map(|sql| statement("comment index", sql)).collect()
}

fn index_sql(scheme: &Scheme, index: &Index, table: &QualifiedName, name: &Ident, place: Place) -> String {
    let only = match place {
        Place::Leaf => "",
        Place::ParentOnly => "ONLY ",
    };
    let definition = &index.definition;
    match index.role {
        IndexRole::PrimaryKey => {
            format!("ALTER TABLE {only}{table} ADD CONSTRAINT {name} {}", key_sql(scheme, index))
        }
        IndexRole::UniqueConstraint | IndexRole::Exclusion => {
            let with = with_options(&index.options);
            format!("ALTER TABLE {only}{table} ADD CONSTRAINT {name} {definition}{with}")
        }
        IndexRole::Unique => format!("CREATE UNIQUE INDEX {name} ON {only}{table} {definition}"),
        IndexRole::Plain => format!("CREATE INDEX {name} ON {only}{table} {definition}"),
    }
}

/// The source's key with the partition column in it, which need not be included any more.
fn key_sql(scheme: &Scheme, index: &Index) -> String {
    let list = |names: &[&Ident]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let key: Vec<_> = scheme.twin_key().into_iter().map(|column| &column.name).collect();
    let include: Vec<_> = index.include.iter().filter(|name| !key.contains(name)).collect();
    let include = if include.is_empty() { String::new() } else { format!(" INCLUDE ({})", list(&include)) };
    format!("PRIMARY KEY ({}){include}{}", list(&key), with_options(&index.options))
}
