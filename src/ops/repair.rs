//! Repair: the keys of differing rows go into the log, and replay puts the rows right.
//!
//! It changes neither source nor twin, and takes nothing from a client: what differs is found again on the
//! server, in the transaction's own snapshot, by the verifier's own measure. Both sides' keys are logged.

use crate::{
    error::Result,
    model::{comparison::Sides, plan::Statement, scheme::Scheme, strategy::Strategy},
    pg::Tx,
};

/// Whether rows that the source alone has are still to be copied (`rename-first`, while it is filled).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Past {
    /// All of them were: the twin ought to have them.
    Copied,
    /// They may be; replay would take such a row for one that was deleted.
    BeingCopied,
}

/// Logs the keys of all rows of a leaf that differ and are not in the log; how many. The fence was entered.
pub async fn repair(tx: &Tx<'_>, sides: &Sides<'_>, leaf: usize, past: Past) -> Result<i64> {
    tx.batch("repair settings", SETTINGS).await?;
    let rows = tx.execute("repair leaf", &sql(sides, leaf, past), &[]).await?;
    tx.batch("repair settings", RESET).await?;
    Ok(i64::try_from(rows).unwrap_or(i64::MAX))
}

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    let leaves = [scheme.leaf_default()];
    let sides = Sides::copied(scheme, &leaves);
    let past = match scheme.strategy {
        Strategy::RenameFirst => Past::BeingCopied,
        Strategy::Online | Strategy::Adopt | Strategy::Repartition => Past::Copied,
    };
    vec![
        Statement { label: "repair settings".into(), sql: SETTINGS.into() },
        Statement {
            label: "repair leaf".into(),
            sql: format!("-- only when asked for, once a leaf that differs\n{}", sql(&sides, 0, past)),
        },
    ]
}

// The log is probed by hash, whatever its size and whatever the planner believes of it.
const SETTINGS: &str =
    "SET LOCAL enable_nestloop = off; SET LOCAL enable_mergejoin = off; SET LOCAL work_mem = '32MB'";
const RESET: &str = "SET LOCAL enable_nestloop TO DEFAULT; SET LOCAL enable_mergejoin TO DEFAULT; \
                     SET LOCAL work_mem TO DEFAULT";

fn sql(sides: &Sides<'_>, leaf: usize, past: Past) -> String {
    let scheme = sides.scheme;
    let rows = |relation: String, filter: String| {
        format!(
            "SELECT r.* FROM (SELECT {}, {} AS h FROM {relation} WHERE {filter} OFFSET 0) r WHERE {}",
            sides.keys(),
            sides.row_hash(1),
            sides.not_logged("r"),
        )
    };
    let key = scheme.log_key();
    let of = |row: &str| key.iter().map(|name| format!("{row}.{name}")).collect::<Vec<_>>().join(", ");
    format!(
        include_str!("../../assets/sql/repair_leaf.sql"),
        log = scheme.log(),
        key = key.join(", "),
        source_key = of("s"),
        twin_key = of("t"),
        same_row = sides.same_row("t", "s"),
        wanted = match past {
            Past::BeingCopied => "t.h IS NOT NULL",
            Past::Copied => "true",
        },
        source = rows(scheme.table.rows_of(&sides.source), sides.belongs_to(&[leaf])),
        twin = rows(format!("ONLY {}", scheme.leaf(&sides.leaves[leaf])), "true".into()),
    )
}
