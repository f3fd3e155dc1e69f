//! The twin: the partitioned table, its leaves, their indexes. It does not fill them and does not name them
//! to the application.
//!
//! Before the seal a leaf has no index, before the swap no foreign key. Nobody but the owner may read or
//! write twin or leaves, whatever the default privileges say (TRAPS 25).
//!
//! Invariant: no statement here builds an index on the parent; the parent only adopts what the leaves have.

mod attached;
mod bounds;
mod index;
mod leaf;

pub use bounds::check as check_bounds;
pub use index::{adopt_statements, seal_statements};
pub use leaf::new_leaf_statements;

use crate::{
    error::Result,
    model::{
        ident::{QualifiedName, literal},
        ids::Ids,
        plan::Statement,
        preflight::names,
        scheme::{Leaf, Scheme},
        settings::{close_sql, statement, tablespace},
        table::{Constraint, ConstraintKind},
    },
    pg::{Tx, catalog},
};

/// Creates twin and leaves; refused, before anything is made, where a name is taken: the census may have found
/// periods that no plan could foresee, and an index's name would be missed only at its leaf's seal.
pub async fn create(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf]) -> Result<()> {
    let taken = catalog::taken_names(tx, &scheme.table).await?;
    if let Some(refused) = names::refusal(scheme, leaves, &taken) {
        return Err(refused);
    }
    run(tx, "create twin", &create_statements(scheme, leaves)).await?;
    check_bounds(tx, scheme, leaves).await
}

/// [`create`], and every index at once: for a twin that gets the name while it is empty.
pub async fn create_whole(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf]) -> Result<()> {
    create(tx, scheme, leaves).await?;
    run(tx, "seal leaves", &whole_statements(scheme, leaves)).await
}

/// Creates twin and leaves with all their indexes, where no row is to be copied into them.
pub async fn create_unfilled(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf]) -> Result<()> {
    run(tx, "create twin", &unfilled_statements(scheme, leaves)).await
}

/// The statements of [`create_unfilled`].
pub fn unfilled_statements(scheme: &Scheme, leaves: &[Leaf]) -> Vec<Statement> {
    let mut all = create_statements(scheme, leaves);
    all.extend(whole_statements(scheme, leaves));
    all
}

/// The statements of [`create_whole`] that follow those of [`create`].
pub fn whole_statements(scheme: &Scheme, leaves: &[Leaf]) -> Vec<Statement> {
    let mut all: Vec<_> = leaves.iter().flat_map(|leaf| seal_statements(scheme, leaf)).collect();
    all.extend(adopt_statements(scheme, leaves));
    all
}

/// The parent adopts the sealed leaves' indexes: nothing is built.
pub async fn adopt(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf]) -> Result<()> {
    run(tx, "adopt indexes", &adopt_statements(scheme, leaves)).await
}

/// Fills the table of ids, where there is to be one; nobody may write the twin meanwhile, whose leaves are all sealed.
pub async fn fill_ids(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf]) -> Result<()> {
    run(tx, "fill table of ids", &fill_ids_statements(scheme, leaves)).await
}

/// The statements of [`fill_ids`].
pub fn fill_ids_statements(scheme: &Scheme, leaves: &[Leaf]) -> Vec<Statement> {
    // The log is probed by hash, whatever the planner believes of it.
    const SETTINGS: &str = "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; \
                            SET LOCAL enable_indexscan = off";
    let leaves: Vec<_> = leaves.iter().map(|leaf| scheme.leaf(leaf)).collect();
    let fill = |ids: Ids<'_>| [vec![SETTINGS.to_owned()], ids.fill(&leaves)].concat();
    let sql = Ids::of(scheme).map(fill).unwrap_or_default();
    sql.into_iter().map(|sql| statement("fill table of ids", sql)).collect()
}

/// Adds a leaf, indexes and all, to the partitioned table, which is called `parent` now.
pub async fn add_leaf(tx: &Tx<'_>, scheme: &Scheme, leaf: &Leaf, parent: &QualifiedName) -> Result<()> {
    run(tx, "add leaf", &new_leaf_statements(scheme, leaf, parent)).await?;
    check_bounds(tx, scheme, std::slice::from_ref(leaf)).await
}

/// All of them in one round trip: there may be thousands.
async fn run(tx: &Tx<'_>, label: &'static str, statements: &[Statement]) -> Result<()> {
    let sql: Vec<&str> = statements.iter().map(|statement| statement.sql.as_str()).collect();
    tx.batch(label, &sql.join(";\n")).await
}

/// The statements of [`create`].
pub fn create_statements(scheme: &Scheme, leaves: &[Leaf]) -> Vec<Statement> {
    let twin = scheme.twin();
    let mut all = vec![
        statement("create twin", create_twin_sql(scheme)),
        statement("own twin", own_sql(scheme, &twin)),
    ];
    let comment = scheme.table.comment.iter();
    all.extend(
        comment
            .map(|text| statement("comment twin", format!("COMMENT ON TABLE {twin} IS {}", literal(text)))),
    );
    all.extend(attached::of_twin(scheme));
    all.extend(checks(scheme).flat_map(|check| check_statements(&twin, check)));
    all.extend(leaves.iter().flat_map(|leaf| leaf::create_statements(scheme, leaf)));
    all.push(statement("close twin", close_sql(&twin)));
    if let Some(ids) = Ids::of(scheme) {
        all.extend(ids.create().into_iter().map(|sql| statement("create table of ids", sql)));
        all.push(statement("close table of ids", close_sql(&ids.name)));
    }
    all
}

fn create_twin_sql(scheme: &Scheme) -> String {
    format!(
        "CREATE TABLE {} (LIKE {} INCLUDING DEFAULTS INCLUDING GENERATED INCLUDING STORAGE \
         INCLUDING COMPRESSION INCLUDING COMMENTS) PARTITION BY RANGE ({}){}",
        scheme.twin(),
        scheme.source(),
        scheme.by,
        tablespace(&scheme.table)
    )
}

fn own_sql(scheme: &Scheme, table: &QualifiedName) -> String {
    format!("ALTER TABLE {table} OWNER TO {}", scheme.table.owner)
}

/// CHECKs that hold for every row; those that are NOT VALID come NOT VALID, with the swap (TRAPS 57).
fn checks(scheme: &Scheme) -> impl Iterator<Item = &Constraint> {
    let checks = |c: &&Constraint| matches!(c.kind, ConstraintKind::Check { .. });
    scheme.table.constraints.iter().filter(checks).filter(|check| check.validated)
}

fn check_statements(table: &QualifiedName, check: &Constraint) -> Vec<Statement> {
    let name = &check.name;
    let add = format!("ALTER TABLE {table} ADD CONSTRAINT {name} {}", check.definition);
    let comment = |text: &String| format!("COMMENT ON CONSTRAINT {name} ON {table} IS {}", literal(text));
    let mut all = vec![statement("add check", add)];
    all.extend(check.comment.iter().map(|text| statement("comment check", comment(text))));
    all
}
