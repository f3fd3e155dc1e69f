//! Checks of what hangs on the table: foreign keys, triggers, views, policies, publications and all the rest.

use super::{Case, Check, Find, Hit, publications, refuse, warn};
use crate::model::{
    hanger::HangerKind,
    ident::Ident,
    ids::{self, Ids},
    incoming::{Choice, IncomingKey},
    plan::Severity,
    strategy::Strategy,
    table::Trigger,
};

pub(super) const CHECKS: &[Check] = &[
    hanging(
        "QD-056",
        HangerKind::ForeignKey,
        "foreign keys of this kind are not moved by this version",
        "drop it first if it is not needed",
    ),
    refuse(
        "QD-057",
        "--incoming drop drops it in the swap and restores it in reverse, --incoming keep keeps it where its key stays unique, with --ids-table anyway; or drop it yourself",
        incoming_foreign_key,
    ),
    refuse("QD-087", "drop it yourself, if the application can do without", incoming_unmoved),
    refuse("QD-089", "leave --ids-table out", ids_table),
    warn("QD-088", "let the application, or a job, do what the foreign key did", incoming_dropped),
    warn(
        "QD-059",
        "ALTER TABLE … VALIDATE CONSTRAINT it first, or each partition's after the swap",
        foreign_key_not_valid,
    ),
    refuse(
        "QD-061",
        "connect as a role with BYPASSRLS, or ALTER TABLE … NO FORCE ROW LEVEL SECURITY",
        forced_row_security,
    ),
    hanging(
        "QD-062",
        HangerKind::Policy,
        "the policy of another table reads this one by its OID, and would go on reading the old one",
        "drop it, and create it again after the swap; or let it call a function",
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
        "it publishes every new table too: copy, log and journal would be sent to subscribers that have no such tables",
        "publish tables by name: DROP and CREATE PUBLICATION … FOR TABLE …, and refresh the subscriptions",
    ),
    hanging(
        "QD-065",
        HangerKind::Subscription,
        "the subscription writes the table by its OID",
        "end the subscription first",
    ),
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
        "it belongs to another role than the table, or is in another schema",
        "ALTER STATISTICS … OWNER TO, or SET SCHEMA",
    ),
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
    hanging(
        "QD-078",
        HangerKind::Sequence,
        "an identity column's sequence is made anew with the new table's column, and one sequence a column is carried over",
        "let it use a sequence of its own, or ALTER SEQUENCE … OWNED BY NONE",
    ),
    refuse(
        "QD-079",
        "ALTER PUBLICATION … SET (publish_via_partition_root = true)",
        publications::not_by_root,
    ),
    refuse("QD-082", "connect as a role that owns publication and table", publications::not_owned),
    refuse("QD-083", "add the column to the list", publications::without_the_key),
];

const fn hanging(id: &'static str, kind: HangerKind, reason: &'static str, remedy: &'static str) -> Check {
    Check { id, severity: Severity::Refuse, remedy, find: Find::Hanging(kind, reason) }
}

fn incoming_foreign_key(case: &Case<'_>) -> Vec<Hit> {
    if case.request.incoming != Choice::Refuse {
        return Vec::new();
    }
    let reason = "it references the table's key: it would follow the old table at the swap, not the name";
    case.table.facts.incoming_foreign_keys.iter().map(|name| (name.clone(), reason.into())).collect()
}

/// Each key for which there is a reason, where they are not refused as a whole.
fn incoming(case: &Case<'_>, reason: impl Fn(&IncomingKey) -> Option<String>) -> Vec<Hit> {
    if case.request.incoming == Choice::Refuse {
        return Vec::new();
    }
    case.around.incoming.iter().filter_map(|key| Some((key.plain(), reason(key)?))).collect()
}

fn incoming_unmoved(case: &Case<'_>) -> Vec<Hit> {
    let strategy = case.request.strategy;
    incoming(case, |key| {
        if strategy != Strategy::Online {
            return Some(format!("strategy {strategy} cannot move it"));
        }
        key.trouble.clone().or_else(|| unkept(case, key))
    })
}

/// Why it cannot be kept, where it is to be.
fn unkept(case: &Case<'_>, key: &IncomingKey) -> Option<String> {
    let by = &case.by().filter(|_| case.request.incoming == Choice::Keep)?.name;
    let columns: Vec<_> = key.columns.iter().map(Ident::as_str).collect();
    if case.request.ids_table
        && Ids::of(&case.scheme(uuid::Uuid::nil(), by)).is_some_and(|ids| ids.takes(key))
    {
        return None;
    }
    if !key.stays_unique(case.table, by) {
        let (columns, by) = (columns.join(", "), by.as_str());
        return Some(format!("it leads to ({columns}), which is not unique any more without {by} in it"));
    }
    // Until PostgreSQL 15 a row that moves to another partition is deleted and inserted, in the eyes of a foreign key.
    let action = key.action().filter(|_| case.server.version_num < 150_000)?;
    Some(format!("before PostgreSQL 15, ON DELETE {action} acts where a row moves to another partition"))
}

/// Why there is no table of ids for this table.
fn ids_table(case: &Case<'_>) -> Vec<Hit> {
    let (table, strategy) = (case.table, case.request.strategy);
    let Some(by) = case.by().filter(|_| case.request.ids_table) else { return Vec::new() };
    let holds = |name: &Ident| table.primary_key().is_some_and(|key| key.key.contains(&Some(name.clone())));
    let taken = table.triggers.iter().find(|trigger| ids::TRIGGERS.contains(&trigger.name.as_str()));
    let reason = if strategy != Strategy::Online {
        Some(format!("strategy {strategy} makes no table of ids"))
    } else if holds(&by.name) {
        Some(format!("its key has {} in it and stays unique", by.name.as_str()))
    } else if table.attached.row_security.enabled {
        Some("row level security hides rows, and a table of ids would show that they are there".into())
    } else {
        taken.map(|trigger| format!("its trigger {} has the name of one of ours", trigger.name.as_str()))
    };
    case.about_table(reason)
}

fn incoming_dropped(case: &Case<'_>) -> Vec<Hit> {
    incoming(case, |key| {
        let lost = match key.action() {
            Some(action) => format!("ON DELETE {action} does nothing any more"),
            None => "rows that are referenced can be deleted".into(),
        };
        let dropped = case.request.incoming == Choice::Drop && key.trouble.is_none();
        dropped.then(|| {
            format!("it is dropped in the swap: {lost}, and nothing checks what references the table")
        })
    })
}

fn foreign_key_not_valid(case: &Case<'_>) -> Vec<Hit> {
    let reason =
        "it is NOT VALID, and stays so: every partition has it, and a partitioned table itself cannot";
    let found = case.table.foreign_keys().filter(|constraint| !constraint.validated);
    found.map(|constraint| (constraint.name.as_str().to_owned(), reason.into())).collect()
}

fn forced_row_security(case: &Case<'_>) -> Vec<Hit> {
    let bound = case.table.attached.row_security.binds_the_owner() && !case.around.rights.bypasses;
    let reason = "row level security is forced: its owner would neither copy nor compare all rows";
    case.about_table(bound.then(|| reason.into()))
}

fn triggers(case: &Case<'_>, which: impl Fn(&Trigger) -> bool, reason: &str) -> Vec<Hit> {
    let found = case.table.triggers.iter().filter(|trigger| which(trigger));
    found.map(|trigger| (format!("trigger {}", trigger.name.as_str()), reason.to_owned())).collect()
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
