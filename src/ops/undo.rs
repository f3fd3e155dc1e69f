//! What must hold before the old table takes its name back from one that was not full yet (`rename-first`): every row
//! of the new table, as it is, is in the old one. What the old one has more is what was still to be copied.
//!
//! Reads only. The keys in the log are left out; the exchange itself asks under its lock that there are none.

use crate::{
    error::{Error, Result},
    model::{comparison::Sides, plan::Statement, scheme::Scheme},
    pg::Session,
};

/// Rows of one leaf that the old table lacks, or has otherwise.
pub async fn lacking(session: &Session, sides: &Sides<'_>, leaf: usize) -> Result<i64> {
    Ok(session.query_one("look for lacking rows", &sql(sides, leaf), &[]).await?.get(0))
}

/// The refusal where there are any.
pub fn refusal(scheme: &Scheme, rows: i64) -> Error {
    Error::Refused {
        id: "QD-115",
        object: scheme.source().plain(),
        reason: format!("{rows} of its rows are not in {} as they are here", scheme.old().plain()),
        remedy:
            "let it be filled: verification names the rows, and repair puts them right; nothing was changed"
                .into(),
    }
}

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    let leaves = [scheme.leaf_default()];
    let sql = sql(&Sides::copied(scheme, &leaves), 0);
    vec![Statement { label: "look for lacking rows".into(), sql: format!("-- once a leaf\n{sql}") }]
}

fn sql(sides: &Sides<'_>, leaf: usize) -> String {
    let rows = |relation: &str, filter: &str| {
        format!("SELECT {}, {} AS h FROM ONLY {relation} WHERE {filter}", sides.keys(), sides.row_hash(1))
    };
    let new = rows(&sides.scheme.leaf(&sides.leaves[leaf]).to_string(), "true");
    let old = rows(&sides.source.to_string(), &sides.belongs_to(&[leaf]));
    format!(
        "SELECT count(*) FROM ({new}) AS n WHERE {} AND NOT EXISTS (SELECT FROM ({old}) AS o WHERE {} AND o.h = n.h)",
        sides.not_logged("n"),
        sides.same_row("o", "n"),
    )
}
