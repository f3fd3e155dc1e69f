//! What is attached to a table and goes with the name: policies, extended statistics, publications.

use super::{ident, idents, name};
use crate::{
    error::Result,
    model::{
        attached::{Policy, Publication, Statistics},
        table::Oid,
    },
    pg::Session,
};

/// Row security policies.
pub(super) async fn policies(session: &Session, oid: Oid) -> Result<Vec<Policy>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_policies.sql");
    let rows = session.query("read policies", SQL, &[&oid]).await?;
    let policies =
        rows.iter().map(|row| Policy { name: ident(row, 0), definition: row.get(1), comment: row.get(2) });
    Ok(policies.collect())
}

/// Extended statistics objects that can be carried over.
pub(super) async fn statistics(session: &Session, oid: Oid) -> Result<Vec<Statistics>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_statistics.sql");
    let rows = session.query("read statistics objects", SQL, &[&oid]).await?;
    let statistics = rows.iter().map(|row| Statistics {
        name: name(row, 0),
        kinds: row.get(2),
        of: row.get(3),
        target: row.get(4),
        comment: row.get(5),
    });
    Ok(statistics.collect())
}

/// Publications that name the table.
pub(super) async fn publications(session: &Session, oid: Oid) -> Result<Vec<Publication>> {
    const SQL: &str = include_str!("../../../assets/sql/catalog_publications.sql");
    let rows = session.query("read publications", SQL, &[&oid]).await?;
    let publications = rows.iter().map(|row| Publication {
        name: ident(row, 0),
        by_root: row.get(1),
        needs_identity: row.get(2),
        columns: row.get::<_, Option<Vec<String>>>(3).is_some().then(|| idents(row, 3)),
        filter: row.get(4),
    });
    Ok(publications.collect())
}
