//! Checks of what hangs on the table: foreign keys, triggers, views, policies, publications and all the rest.

use super::{Case, Check, Find, Hit, refuse, warn};
use crate::model::{hanger::HangerKind, plan::Severity, table::Trigger};

pub(super) const CHECKS: &[Check] = &[
    hanging(
        "QD-056",
        HangerKind::ForeignKey,
        "foreign keys of this kind are not moved by this version",
        "drop it first if it is not needed",
    ),
    refuse("QD-057", "drop it, or let it reference the new key later", incoming_foreign_key),
    refuse("QD-059", "ALTER TABLE … VALIDATE CONSTRAINT it first", foreign_key_not_valid),
    hanging(
        "QD-061",
        HangerKind::RowSecurity,
        "policies would have to move with the table",
        "this version does not carry it over",
    ),
    hanging(
        "QD-062",
        HangerKind::Policy,
        "the policy belongs to the table, or reads it by its OID",
        "this version does not carry it over",
    ),
    hanging(
        "QD-063",
        HangerKind::Rule,
        "the rule belongs to the table, or reads it by its OID",
        "replace it by a trigger",
    ),
    hanging(
        "QD-064",
        HangerKind::Publication,
        "subscribers would have to follow from the table to its partitions",
        "take the table out of the publication, and publish the new one after the swap",
    ),
    hanging(
        "QD-065",
        HangerKind::Subscription,
        "the subscription writes the table by its OID",
        "end the subscription first",
    ),
    refuse("QD-066", "ALTER TABLE … REPLICA IDENTITY DEFAULT", replica_identity),
    hanging(
        "QD-067",
        HangerKind::MaterialisedView,
        "it reads the table by its OID and would go on reading the old one",
        "drop it, and create it again after the swap; or let it read a plain view",
    ),
    hanging(
        "QD-068",
        HangerKind::Function,
        "its body or its signature holds on to the table by its OID",
        "write the body as a string, and the signature without the row type",
    ),
    hanging(
        "QD-069",
        HangerKind::RowType,
        "it is made of the table's row type, which stays with the old table",
        "use a type of its own",
    ),
    hanging(
        "QD-070",
        HangerKind::View,
        "the view cannot follow: it reads ONLY the table, uses its row type, or groups by its primary key",
        "write the view otherwise",
    ),
    hanging(
        "QD-071",
        HangerKind::Statistics,
        "extended statistics are not carried over",
        "drop it, and create it again on the partitions after the swap",
    ),
    refuse("QD-072", "make it an ordinary trigger", constraint_trigger),
    refuse("QD-073", "make it FOR EACH STATEMENT, or do without the transition table", row_with_transition),
    warn(
        "QD-074",
        "make sure that it never moves a row to another period: on a partitioned table that fails",
        before_row,
    ),
    hanging(
        "QD-075",
        HangerKind::Grant,
        "rights are given again by the owner, who cannot give this one as it is",
        "let the owner give the right, or revoke it",
    ),
    hanging(
        "QD-076",
        HangerKind::SecurityLabel,
        "security labels are not carried over",
        "remove the label, and set it again after the swap",
    ),
    hanging(
        "QD-077",
        HangerKind::Other,
        "it depends on the table, and this version does not know how to carry it over",
        "drop it first if it is not needed",
    ),
];

const fn hanging(id: &'static str, kind: HangerKind, reason: &'static str, remedy: &'static str) -> Check {
    Check { id, severity: Severity::Refuse, remedy, find: Find::Hanging(kind, reason) }
}

fn incoming_foreign_key(case: &Case<'_>) -> Vec<Hit> {
    let reason = "it references the table's key, which is no longer unique on a partitioned table";
    case.table.facts.incoming_foreign_keys.iter().map(|name| (name.clone(), reason.into())).collect()
}

fn foreign_key_not_valid(case: &Case<'_>) -> Vec<Hit> {
    let reason =
        "the foreign key is NOT VALID; on the partitioned table it must be validated, which could fail late";
    let found = case.table.foreign_keys().filter(|constraint| !constraint.validated);
    found.map(|constraint| (constraint.name.as_str().to_owned(), reason.into())).collect()
}

fn replica_identity(case: &Case<'_>) -> Vec<Hit> {
    let identity = match case.table.facts.replica_identity.as_str() {
        "d" => return Vec::new(),
        "n" => "NOTHING",
        "f" => "FULL",
        _ => "an index",
    };
    case.about_table(Some(format!("its replica identity is {identity}, which is not carried over")))
}

fn triggers(case: &Case<'_>, which: impl Fn(&Trigger) -> bool, reason: &str) -> Vec<Hit> {
    let found = case.table.triggers.iter().filter(|trigger| which(trigger));
    found.map(|trigger| (format!("trigger {}", trigger.name.as_str()), reason.to_owned())).collect()
}

fn constraint_trigger(case: &Case<'_>) -> Vec<Hit> {
    triggers(case, |trigger| trigger.constraint, "a constraint trigger is not carried over by this version")
}

fn row_with_transition(case: &Case<'_>) -> Vec<Hit> {
    let reason = "a partitioned table cannot have a row trigger with transition tables";
    triggers(case, |trigger| trigger.row_with_transition, reason)
}

fn before_row(case: &Case<'_>) -> Vec<Hit> {
    triggers(
        case,
        |trigger| trigger.before_row,
        "it runs BEFORE each row and may change the partition column",
    )
}
