//! Seal: give a filled leaf its indexes, when the journal says that every chunk holding its rows is done.
//!
//! The journal is asked inside the fenced transaction that builds and marks: a chunk that was acknowledged
//! and then lost by a crash is not done (TRAPS 48).

use crate::{
    error::{Error, Result},
    model::{
        ident::QualifiedName,
        phase::LeafState,
        plan::Statement,
        scheme::{Leaf, Scheme},
        strategy::Strategy,
    },
    pg::{Fence, Session, Tx, journal},
};

/// Builds the leaf's indexes by `build` and marks it sealed, in one transaction.
pub async fn seal(
    session: &mut Session,
    fence: &Fence,
    scheme: &Scheme,
    leaf: &Leaf,
    build: &[Statement],
) -> Result<()> {
    let tx = session.begin().await?;
    fence.enter(&tx).await?;
    if let Some(period) = leaf.period {
        let (open, counted, copied): (i64, i64, i64) = {
            let sql = include_str!("../../assets/sql/leaf_balance.sql");
            let row = tx.query_one("ask journal", sql, &[&scheme.id, &period.lower]).await?;
            (row.get(0), row.get(1), row.get(2))
        };
        if open > 0 {
            return Err(Error::Changed {
                table: scheme.leaf(leaf).plain(),
                what: format!("{open} of its chunks are not done; a server crash took them back"),
            });
        }
        // With `rename-first` what was not copied was there already.
        if scheme.strategy != Strategy::RenameFirst {
            balance(&tx, scheme, leaf, counted - copied).await?;
        }
    }
    for statement in build {
        tx.batch("seal leaf", &statement.sql).await?;
    }
    journal::write::leaf_state(&tx, scheme.id, leaf, LeafState::Sealed).await?;
    tx.commit("seal leaf").await
}

/// Goes before the leaf's statements where other workers are busy: an index that is built by several processes then
/// only takes processors from them.
pub fn one_process() -> Statement {
    Statement { label: "seal settings".into(), sql: "SET LOCAL max_parallel_maintenance_workers = 0".into() }
}

/// Visibility map and hint bits for a fresh leaf, and its number of rows; not the columns' statistics, which
/// [`analyze`] makes of all leaves together. Repeatable; in no transaction.
pub async fn vacuum(session: &Session, scheme: &Scheme, leaf: &Leaf) -> Result<()> {
    session.batch("vacuum leaf", &vacuum_sql(scheme, leaf)).await
}

/// Statistics of the leaves, and of the partitioned table itself, which autovacuum never makes (TRAPS 43).
pub async fn analyze(session: &Session, table: &QualifiedName) -> Result<()> {
    session.batch("analyze", &analyze_statement(table).sql).await
}

/// The statement of [`analyze`].
pub fn analyze_statement(table: &QualifiedName) -> Statement {
    Statement { label: "analyze".into(), sql: format!("ANALYZE {table}") }
}

/// What `plan --sql` shows beside the leaf's own index statements.
pub fn statements(scheme: &Scheme, leaf: &Leaf) -> Vec<Statement> {
    vec![Statement { label: "vacuum leaf".into(), sql: vacuum_sql(scheme, leaf) }]
}

fn vacuum_sql(scheme: &Scheme, leaf: &Leaf) -> String {
    format!("VACUUM (TRUNCATE false) {}", scheme.leaf(leaf))
}

/// Rows that the census counted and no copier copied must be in the log, from which nothing of this leaf is dequeued
/// before the seal. Each chunk is counted in a snapshot of its own: a row that was updated meanwhile may have been
/// counted once for each of its versions. The log has an entry for every version that came or went, so it has as many.
async fn balance(tx: &Tx<'_>, scheme: &Scheme, leaf: &Leaf, left_to_replay: i64) -> Result<()> {
    let Some(period) = leaf.period.filter(|_| left_to_replay > 0) else { return Ok(()) };
    let sql = format!("SELECT count(*) FROM {} WHERE {}", scheme.log(), scheme.clock.within("part", period));
    let entries: i64 = tx.query_one("count log", &sql, &[]).await?.get(0);
    if entries >= left_to_replay {
        return Ok(());
    }
    Err(Error::Changed {
        table: scheme.leaf(leaf).plain(),
        what: format!(
            "{left_to_replay} rows of it were counted and not copied, but the log holds {entries} entries of it"
        ),
    })
}
