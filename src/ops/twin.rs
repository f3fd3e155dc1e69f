//! The twin: the partitioned table, its leaves, their indexes. It does not fill them and does not name them
//! to the application.
//!
//! Before the seal a leaf has no index, before the swap no foreign key. Nobody but the owner may read or
//! write twin or leaves, whatever the default privileges say (TRAPS 25).

use crate::{
    error::Result,
    model::{
        ident::{Ident, QualifiedName, literal},
        period::bound,
        plan::Statement,
        scheme::{Leaf, Scheme},
        table::{Constraint, ConstraintKind, Index, IndexRole},
    },
    pg::Tx,
};

/// Creates twin and leaves.
pub async fn create(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf]) -> Result<()> {
    for statement in create_statements(scheme, leaves) {
        tx.batch("create twin", &statement.sql).await?;
    }
    for name in std::iter::once(scheme.twin()).chain(leaves.iter().map(|leaf| scheme.leaf(leaf))) {
        close(tx, &name).await?;
    }
    Ok(())
}

/// Revokes what default privileges gave away.
async fn close(tx: &Tx<'_>, name: &QualifiedName) -> Result<()> {
    const SQL: &str = include_str!("../../assets/sql/revoke_all.sql");
    for row in tx.query("find rights", SQL, &[&name.to_string()]).await? {
        tx.batch("revoke rights", row.get(0)).await?;
    }
    Ok(())
}

/// The parent adopts the sealed leaves' indexes: nothing is built.
pub async fn adopt(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf]) -> Result<()> {
    for statement in adopt_statements(scheme, leaves) {
        tx.batch("adopt indexes", &statement.sql).await?;
    }
    Ok(())
}

/// The statements of [`create`].
pub fn create_statements(scheme: &Scheme, leaves: &[Leaf]) -> Vec<Statement> {
    let mut all = vec![statement("create twin", create_twin_sql(scheme))];
    all.push(statement("own twin", format!("ALTER TABLE {} OWNER TO {}", scheme.twin(), scheme.table.owner)));
    for check in scheme.table.constraints.iter().filter(|c| is_check(c) && c.validated) {
        all.push(statement("add check", check_sql(&scheme.twin(), check)));
    }
    for leaf in leaves {
        all.push(statement("create leaf", create_leaf_sql(scheme, leaf)));
        all.push(statement(
            "own leaf",
            format!("ALTER TABLE {} OWNER TO {}", scheme.leaf(leaf), scheme.table.owner),
        ));
    }
    all
}

/// A leaf's indexes: the primary key, then the others.
pub fn seal_statements(scheme: &Scheme, leaf: &Leaf) -> Vec<Statement> {
    let table = scheme.leaf(leaf);
    let one = |index: &Index| {
        let name = Scheme::leaf_index(&leaf.name, &index.name);
        index_sql(scheme, index, &table, &name, "ON")
    };
    ordered(scheme).map(|index| statement("seal leaf", one(index))).collect()
}

/// The parent's indexes, made without the leaves, then each leaf's own attached.
pub fn adopt_statements(scheme: &Scheme, leaves: &[Leaf]) -> Vec<Statement> {
    let mut all = Vec::new();
    for index in ordered(scheme) {
        let parent = scheme.twin_index(&index.name);
        all.push(statement("adopt index", index_sql(scheme, index, &scheme.twin(), &parent.name, "ON ONLY")));
        if let Some(comment) = &index.comment {
            all.push(statement(
                "comment index",
                format!("COMMENT ON INDEX {parent} IS {}", literal(comment)),
            ));
        }
        for leaf in leaves {
            let own = scheme.twin().sibling(Scheme::leaf_index(&leaf.name, &index.name));
            all.push(statement("attach index", format!("ALTER INDEX {parent} ATTACH PARTITION {own}")));
        }
    }
    all
}

fn statement(label: &str, sql: String) -> Statement {
    Statement { label: label.into(), sql }
}

/// The primary key first: it is what replay looks rows up by.
fn ordered(scheme: &Scheme) -> impl Iterator<Item = &Index> {
    let (key, others): (Vec<_>, Vec<_>) =
        scheme.table.indexes.iter().partition(|index| index.role == IndexRole::PrimaryKey);
    key.into_iter().chain(others)
}

fn create_twin_sql(scheme: &Scheme) -> String {
    format!(
        "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE \
         INCLUDING COMPRESSION INCLUDING COMMENTS) PARTITION BY RANGE ({})",
        scheme.twin(),
        scheme.source(),
        scheme.by
    )
}

fn create_leaf_sql(scheme: &Scheme, leaf: &Leaf) -> String {
    let bounds = match leaf.period {
        Some(period) => {
            format!(
                "FOR VALUES FROM ({}) TO ({})",
                literal(&bound(period.lower)),
                literal(&bound(period.upper))
            )
        }
        None => "DEFAULT".into(),
    };
    let options = &scheme.table.facts.options;
    let with = if options.is_empty() { String::new() } else { format!(" WITH ({})", options.join(", ")) };
    format!("CREATE TABLE {} PARTITION OF {} {bounds}{with}", scheme.leaf(leaf), scheme.twin())
}

fn is_check(constraint: &Constraint) -> bool {
    matches!(constraint.kind, ConstraintKind::Check { .. })
}

fn check_sql(table: &QualifiedName, check: &Constraint) -> String {
    let add = format!("ALTER TABLE {table} ADD CONSTRAINT {} {}", check.name, check.definition);
    match &check.comment {
        Some(comment) => {
            format!("{add}; COMMENT ON CONSTRAINT {} ON {table} IS {}", check.name, literal(comment))
        }
        None => add,
    }
}

fn index_sql(scheme: &Scheme, index: &Index, table: &QualifiedName, name: &Ident, on: &str) -> String {
    let only = if on == "ON" { "" } else { "ONLY " };
    match index.role {
        IndexRole::PrimaryKey => {
            let key: Vec<_> = scheme.twin_key().iter().map(|column| column.name.to_string()).collect();
            format!("ALTER TABLE {only}{table} ADD CONSTRAINT {name} PRIMARY KEY ({})", key.join(", "))
        }
        IndexRole::UniqueConstraint | IndexRole::Exclusion => {
            format!("ALTER TABLE {only}{table} ADD CONSTRAINT {name} {}", index.definition)
        }
        IndexRole::Unique => format!("CREATE UNIQUE INDEX {name} {on} {table} {}", index.definition),
        IndexRole::Plain => format!("CREATE INDEX {name} {on} {table} {}", index.definition),
    }
}
