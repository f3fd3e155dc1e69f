//! What a change was decided by, so that it is not made of something else: names, columns, indexes, rights and partitions may
//! change while a lock is waited for.

use crate::{
    error::{Error, Result},
    model::{ident::QualifiedName, table::Oid},
    pg::{Session, Tx, expired},
};

const SQL: &str = include_str!("../../../assets/sql/partition_seen.sql");

/// Some tables, as they were looked at.
#[derive(Debug)]
pub struct Seen {
    table: QualifiedName,
    of: Vec<Oid>,
    as_text: Option<String>,
}

impl Seen {
    /// As they are now.
    pub async fn look(session: &Session, table: &QualifiedName, of: Vec<Oid>) -> Result<Self> {
        let as_text = session.query_one("look at tables", SQL, &[&of]).await?.get(0);
        Ok(Self { table: table.clone(), of, as_text })
    }

    /// Nothing, unless they are otherwise now, under the locks of `tx`.
    pub(super) async fn is_still(&self, tx: &Tx<'_>) -> Result<()> {
        let now: Option<String> = tx.query_one("look at tables again", SQL, &[&self.of]).await?.get(0);
        if now == self.as_text { Ok(()) } else { Err(self.changed()) }
    }

    /// What is said then.
    pub(super) fn changed(&self) -> Error {
        expired::changed(&self.table)
    }
}

/// Whether a table is a partition.
pub(super) async fn is_partition(tx: &Tx<'_>, part: Oid) -> Result<bool> {
    const IS: &str = "SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = $1)";
    Ok(tx.query_one("look for partition", IS, &[&part]).await?.get(0))
}
