//! The prologue of every writing transaction: table lock, fence, fingerprint, in this order.
//!
//! The lock takes no snapshot, so a rewrite (VACUUM FULL, CLUSTER) that was waiting is seen (TRAPS 49, 60).
//! The fence is read FOR SHARE, so a take-over waits for us or we roll back (TRAPS 48). Then the
//! fingerprint says whether table, leaves and our triggers are still what the journal says.
//!
//! Invariant: an owner whose epoch is over commits nothing.

use uuid::Uuid;

use crate::{
    error::{Error, Result},
    model::{ident::QualifiedName, ids::Ids, scheme::Scheme},
    pg::{Tx, in_order},
};

const FINGERPRINT: &str = include_str!("../../assets/sql/fingerprint.sql");

/// What a writing transaction of one owner must find unchanged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fence {
    /// The migration.
    pub migration: Uuid,
    /// The owner's number.
    pub epoch: i64,
    /// The source's OID and the twin's name before the swap: what the fingerprint is taken of.
    pub source_oid: u32,
    /// The twin's name before the swap.
    pub twin: QualifiedName,
    /// The table whose capture is on, under its present name: the source's name, before and after the swap.
    pub captured: QualifiedName,
    /// The table of ids, where there is one.
    pub ids: Option<QualifiedName>,
    /// The fingerprint of the journal; empty before capture is on.
    pub fingerprint: String,
}

impl Fence {
    /// A fence for `scheme` held under `epoch`.
    pub fn new(scheme: &Scheme, epoch: i64, fingerprint: String) -> Self {
        Self {
            migration: scheme.id,
            epoch,
            source_oid: scheme.table.oid,
            twin: scheme.twin(),
            captured: scheme.source().clone(),
            ids: Ids::of(scheme).map(|ids| ids.name),
            fingerprint,
        }
    }

    /// Locks the captured table in ACCESS SHARE mode, then [`Self::check`]. First thing in the transaction.
    pub async fn enter(&self, tx: &Tx<'_>) -> Result<()> {
        self.enter_with(tx, "").await
    }

    /// [`Self::enter`] with statements that need no snapshot (SET LOCAL) right behind the lock. All goes out at once:
    /// the server works in order, so the lock still comes before the first query, and one round trip is enough.
    pub async fn enter_with(&self, tx: &Tx<'_>, settings: &str) -> Result<()> {
        let lock = format!("LOCK TABLE {} IN ACCESS SHARE MODE; {settings}", self.captured);
        in_order(tx.batch("lock captured table", &lock), self.check(tx)).await.map(drop)
    }

    /// The fence and the fingerprint, for a transaction that already holds a stronger lock.
    pub async fn check(&self, tx: &Tx<'_>) -> Result<()> {
        if self.fingerprint.is_empty() {
            return self.hold(tx).await;
        }
        let ((), now) = in_order(self.hold(tx), self.fingerprint_now(tx)).await?;
        if now == self.fingerprint {
            return Ok(());
        }
        Err(Error::Changed { table: self.captured.plain(), what: first_difference(&self.fingerprint, &now) })
    }

    /// Only the epoch, for transactions that touch nothing but the journal.
    pub async fn hold(&self, tx: &Tx<'_>) -> Result<()> {
        const SQL: &str = "SELECT FROM quarterdeck.fence WHERE migration_id = $1 AND epoch = $2 FOR SHARE";
        match tx.query_again("hold fence", SQL, &[&self.migration, &self.epoch]).await?.len() {
            1 => Ok(()),
            _ => Err(Error::Fenced { table: self.captured.plain(), epoch: self.epoch }),
        }
    }

    /// The fingerprint as it is now.
    pub async fn fingerprint_now(&self, tx: &Tx<'_>) -> Result<String> {
        let ids = self.ids.as_ref().map(QualifiedName::to_string);
        let params: crate::pg::session::Params<'_> =
            &[&self.captured.to_string(), &self.source_oid, &self.twin.to_string(), &ids];
        let rows = tx.query_again("fingerprint", FINGERPRINT, params).await?;
        Ok(rows.first().and_then(|row| row.get(0)).unwrap_or_default())
    }
}

/// The first fact that was lost or came, for the error.
fn first_difference(then: &str, now: &str) -> String {
    let lost = then.lines().find(|line| !now.lines().any(|other| other == *line));
    let come = now.lines().find(|line| !then.lines().any(|other| other == *line));
    let words = |line: &str| line.split_once(' ').map_or(line, |(_, rest)| rest).to_owned();
    match (lost.map(words), come.map(words)) {
        (Some(lost), Some(come)) => format!("was `{lost}`, is `{come}`"),
        (Some(lost), None) => format!("`{lost}` is gone"),
        (None, Some(come)) => format!("`{come}` is new"),
        (None, None) => "the order of facts".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_named() {
        assert_eq!(first_difference("1 a\n2 b", "1 a\n2 c"), "was `b`, is `c`");
        assert_eq!(first_difference("1 a\n2 b", "1 a"), "`b` is gone");
        assert_eq!(first_difference("1 a", "1 a\n4 trigger x O"), "`trigger x O` is new");
    }
}
