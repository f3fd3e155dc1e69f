//! Bounds read back: what the catalogue has of each leaf is what the journal will say of it.

use chrono::{DateTime, Utc};

use crate::{
    error::{Error, Result},
    model::{
        period::Period,
        scheme::{Leaf, Scheme},
        template::fill,
    },
    pg::Tx,
};

/// An error where a leaf's bounds are not those of its period.
pub async fn check(tx: &Tx<'_>, scheme: &Scheme, leaves: &[Leaf]) -> Result<()> {
    const SQL: &str = include_str!("../../../assets/sql/leaf_bounds.sql");
    let names: Vec<_> = leaves.iter().map(|leaf| scheme.leaf(leaf).to_string()).collect();
    let bounds = |of: fn(Period) -> DateTime<Utc>| -> Vec<Option<String>> {
        leaves.iter().map(|leaf| leaf.period.map(|period| scheme.clock.value(of(period)))).collect()
    };
    let (lowers, uppers) = (bounds(|period| period.lower), bounds(|period| period.upper));
    let sql = fill(SQL, &[("type", scheme.clock.type_name())]);
    match tx.query_opt("read bounds", &sql, &[&names, &lowers, &uppers]).await? {
        None => Ok(()),
        Some(row) => {
            let (leaf, found): (String, String) = (row.get(0), row.get(1));
            Err(Error::Bug(format!("{leaf} has other bounds than were asked for: {found}")))
        }
    }
}
