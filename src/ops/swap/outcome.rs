//! Which table owns the name: how a COMMIT without an answer is found out.

use crate::{
    error::{Error, Result},
    model::scheme::Scheme,
    pg::Session,
};

/// The table that owns the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder {
    /// The source: not swapped, or reversed.
    Source,
    /// The partitioned table.
    Twin,
}

/// Asks the catalogue, behind a lock that waits out an exchange still in progress; the journal's `swapped_at`, written
/// in the same transaction, must say the same. Not by `pg_xact_status`: after an asynchronous failover a transaction
/// id may have been given again.
pub async fn holder(session: &mut Session, scheme: &Scheme) -> Result<Holder> {
    const SQL: &str =
        "SELECT to_regclass($1)::oid, swapped_at IS NOT NULL FROM quarterdeck.migration WHERE id = $2";
    let name = scheme.source().to_string();
    let tx = session.begin().await?;
    tx.batch("wait out exchange", &format!("LOCK TABLE {name} IN ACCESS SHARE MODE")).await?;
    let row = tx.query_one("read holder", SQL, &[&name, &scheme.id]).await?;
    tx.rollback().await?;
    let holder = if row.get::<_, u32>(0) == scheme.table.oid { Holder::Source } else { Holder::Twin };
    let journalled = if row.get(1) { Holder::Twin } else { Holder::Source };
    if holder == journalled {
        return Ok(holder);
    }
    Err(Error::Changed {
        table: scheme.source().plain(),
        what: format!(
            "the catalogue says that the {holder:?} owns the name, the journal says the {journalled:?}"
        ),
    })
}
