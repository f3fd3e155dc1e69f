//! A differing row read whole, for whoever looks at it: from the journal's scheme and leaves, beside whoever owns the migration.

use uuid::Uuid;

pub use crate::model::whole::{Differs, Held, Side, Value, WholeColumn, WholeRow};
use crate::{
    error::Result,
    model::diff::Diff,
    ops,
    pg::{Session, journal},
};

/// Which row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// The migration.
    pub migration: Uuid,
    /// The row, as the verifier named it.
    pub diff: Diff,
}

/// Reads it.
pub async fn look(session: &mut Session, wanted: &Wanted) -> Result<WholeRow> {
    let scheme = journal::read::migration(session, wanted.migration).await?.scheme;
    let leaves = journal::read::leaves(session, wanted.migration).await?;
    let leaves: Vec<_> = leaves.into_iter().map(|row| row.leaf).collect();
    ops::row::read(session, &scheme, &leaves, &wanted.diff).await
}
