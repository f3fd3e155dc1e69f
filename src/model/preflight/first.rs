//! Checks of `rename-first`: what would be lost, or could not be copied, while a table that is not full owns the name.

use super::{Case, Check, Hit, refuse, warn};
use crate::model::{
    strategy::Strategy,
    table::{Constraint, ConstraintKind},
};

pub(super) const CHECKS: &[Check] = &[
    refuse(
        "QD-110",
        "use --strategy online; or say --append-only, if nothing changes a row until the table is filled",
        changed_rows,
    ),
    refuse("QD-111", "use --strategy online, or drop the trigger until the table is filled", row_trigger),
    refuse("QD-112", "use --strategy online, which waits for no row", acting_key),
    refuse("QD-113", "ALTER TABLE … VALIDATE CONSTRAINT it first, or use --strategy online", not_valid),
    warn("QD-114", "let it run at a quiet time; --strategy online shows every row all the time", readers),
];

/// What is found is found with the strategy alone.
fn first(case: &Case<'_>, hits: impl FnOnce() -> Vec<Hit>) -> Vec<Hit> {
    if case.request.strategy == Strategy::RenameFirst { hits() } else { Vec::new() }
}

fn changed_rows(case: &Case<'_>) -> Vec<Hit> {
    let reason = "statistics show updates or deletes; one of a row that is not copied yet would find nothing";
    let changes = case.table.facts.has_updates && !case.request.append_only;
    first(case, || case.about_table(changes.then(|| reason.into())))
}

fn row_trigger(case: &Case<'_>) -> Vec<Hit> {
    let found = case.table.triggers.iter().filter(|trigger| trigger.fires_for_inserted_rows());
    let hit = |name: &str| (format!("trigger {name}"), "it would fire for every row that is copied".into());
    first(case, || found.map(|trigger| hit(trigger.name.as_str())).collect())
}

/// A row of the old table that changes moves in its heap, past the chunks.
fn acting_key(case: &Case<'_>) -> Vec<Hit> {
    let changes = |fk: &&Constraint| {
        ["SET NULL", "SET DEFAULT", "ON UPDATE CASCADE"].iter().any(|action| fk.definition.contains(action))
    };
    let reason = "the foreign key changes rows by itself, those too that are not copied yet";
    let found = case.table.foreign_keys().filter(changes);
    first(case, || found.map(|fk| (fk.name.as_str().to_owned(), reason.into())).collect())
}

fn not_valid(case: &Case<'_>) -> Vec<Hit> {
    let check = |c: &&Constraint| !c.validated && matches!(c.kind, ConstraintKind::Check { .. });
    let reason = "the check is NOT VALID; a row that it does not hold for could not be copied";
    let found = case.table.constraints.iter().filter(check);
    first(case, || found.map(|check| (check.name.as_str().to_owned(), reason.into())).collect())
}

fn readers(case: &Case<'_>) -> Vec<Hit> {
    let reason =
        "from the rename on readers miss every row that is not copied yet, and a change of one finds nothing";
    first(case, || case.about_table(Some(reason.into())))
}
