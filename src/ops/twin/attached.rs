//! What is attached to a table beside columns and indexes, on twin and leaves: tablespace, options and statistics of
//! columns, statistics objects, replica identity, cluster mark. Policies and publications come with the swap.
//!
//! A leaf has all of it for itself: PostgreSQL takes none of it from the parent.

use crate::model::{
    ident::{Ident, QualifiedName, literal},
    plan::Statement,
    scheme::{Leaf, Scheme},
    settings::{column_options, replica_identity, statement, targets},
    table::Index,
};

/// What the twin has from the beginning.
pub(super) fn of_twin(scheme: &Scheme) -> Vec<Statement> {
    let twin = scheme.twin();
    let mut all = targets(&scheme.table, &twin);
    all.extend(column_options(&scheme.table, &twin, inherited));
    all.extend(replica_identity(&scheme.table, &twin));
    all.extend(statistics(scheme, &twin, |name| scheme.twin_statistics(name)));
    all
}

/// What a leaf has from the beginning.
pub(super) fn of_leaf(scheme: &Scheme, leaf: &Leaf) -> Vec<Statement> {
    let table = scheme.leaf(leaf);
    let mut all = targets(&scheme.table, &table);
    all.extend(column_options(&scheme.table, &table, <[String]>::to_vec));
    all.extend(replica_identity(&scheme.table, &table));
    all.extend(statistics(scheme, &table, |name| name.sibling(leaf.name.join(&name.name))));
    all
}

/// What a leaf can have only when it has its indexes.
pub(super) fn of_sealed(scheme: &Scheme, leaf: &Leaf) -> Vec<Statement> {
    let (table, attached) = (scheme.leaf(leaf), &scheme.table.attached);
    let own = |index: &Ident| Scheme::leaf_index(&leaf.name, index);
    let mark =
        attached.clustered_on.iter().map(|index| format!("ALTER TABLE {table} CLUSTER ON {}", own(index)));
    let mut all: Vec<_> = mark.map(|sql| statement("mark for cluster", sql)).collect();
    all.extend(identity_index(scheme, &table, own));
    all
}

/// What the twin can have only when it has its indexes.
pub(super) fn of_adopted(scheme: &Scheme) -> Vec<Statement> {
    identity_index(scheme, &scheme.twin(), |index| scheme.twin_index(index).name).collect()
}

/// An index's statements, in its tablespace and with its statistics targets. By the setting: where TABLESPACE may stand
/// depends on what is behind it.
pub(super) fn with_index(index: &Index, name: &QualifiedName, create: Statement) -> Vec<Statement> {
    let place = |tablespace: &str| {
        statement("choose tablespace", format!("SET LOCAL default_tablespace = {}", literal(tablespace)))
    };
    let mut all = vec![create];
    if let Some(tablespace) = &index.tablespace {
        all.insert(0, place(tablespace.as_str()));
        all.push(place(""));
    }
    let target = |target: &String| statement("set statistics target", format!("ALTER INDEX {name} {target}"));
    all.extend(index.targets.iter().map(target));
    all
}

/// Of a partitioned table as a whole `n_distinct_inherited` is asked, where an ordinary one has `n_distinct`.
fn inherited(options: &[String]) -> Vec<String> {
    let mut options = options.to_vec();
    if !options.iter().any(|option| option.starts_with("n_distinct_inherited=")) {
        let own = options.iter().find_map(|option| option.strip_prefix("n_distinct="));
        let as_whole = own.map(|value| format!("n_distinct_inherited={value}"));
        options.extend(as_whole);
    }
    options
}

fn identity_index(
    scheme: &Scheme,
    table: &QualifiedName,
    own: impl Fn(&Ident) -> Ident,
) -> impl Iterator<Item = Statement> {
    let index = scheme.table.attached.identity_index.iter();
    let sql =
        index.map(move |index| format!("ALTER TABLE {table} REPLICA IDENTITY USING INDEX {}", own(index)));
    sql.map(|sql| statement("set replica identity", sql))
}

fn statistics(
    scheme: &Scheme,
    table: &QualifiedName,
    own: impl Fn(&QualifiedName) -> QualifiedName,
) -> Vec<Statement> {
    let mut all = Vec::new();
    for object in &scheme.table.attached.statistics {
        let name = own(&object.name);
        let kinds = if object.kinds.is_empty() { String::new() } else { format!(" {}", object.kinds) };
        let create = format!("CREATE STATISTICS {name}{kinds} ON {} FROM {table}", object.of);
        all.push(statement("create statistics", create));
        let own = format!("ALTER STATISTICS {name} OWNER TO {}", scheme.table.owner);
        all.push(statement("own statistics", own));
        let target = object.target.map(|target| format!("ALTER STATISTICS {name} SET STATISTICS {target}"));
        all.extend(target.map(|sql| statement("set statistics target", sql)));
        let comment = object.comment.as_deref();
        let comment = comment.map(|text| format!("COMMENT ON STATISTICS {name} IS {}", literal(text)));
        all.extend(comment.map(|sql| statement("comment statistics", sql)));
    }
    all
}
