//! Checks of what kind of table it is, its columns and its CHECKs.

use super::{Case, Check, Find, Hit, refuse};
use crate::model::{
    hanger::HangerKind,
    plan::Severity,
    strategy::Strategy,
    table::{Column, ConstraintKind},
};

const NOT_YET: &str = "this version does not carry it over; drop it first if it is not needed";

pub(super) const CHECKS: &[Check] = &[
    refuse("QD-020", "name an ordinary table", not_a_table),
    refuse(
        "QD-021",
        "name --strategy repartition to give it other periods; look at it on the Layout screen",
        partitioned,
    ),
    refuse("QD-100", "use --strategy online", not_partitioned),
    Check {
        remedy: "give it to the parent, or remove it: the partitions are replaced",
        ..hanging(
            "QD-101",
            HangerKind::Part,
            "a partition has what its parent has not, or is of another kind",
        )
    },
    refuse("QD-022", "ALTER TABLE … SET LOGGED first", not_permanent),
    refuse("QD-023", "name a table of the application", system_schema),
    hanging("QD-024", HangerKind::Extension, "it belongs to the extension, or goes when the extension goes"),
    Check {
        remedy: "ALTER TABLE … NO INHERIT on the child first",
        ..hanging("QD-025", HangerKind::Inheritance, "the table has relatives by inheritance")
    },
    Check {
        remedy: "ALTER TABLE … NOT OF first",
        ..hanging("QD-026", HangerKind::TypedTable, "the table is made of that type")
    },
    refuse("QD-027", "GRANT CREATE ON TABLESPACE it to the role", tablespace),
    hanging("QD-028", HangerKind::AccessMethod, "only heap tables can be copied by block ranges"),
    refuse(
        "QD-036",
        "this version compares rows in their binary form; give the column another type",
        incomparable,
    ),
    refuse(
        "QD-037",
        "this version looks rows up by PostgreSQL's own types only; give the column another type",
        unfindable,
    ),
    refuse("QD-053", "ADD the CHECK again without NO INHERIT", check_no_inherit),
    hanging("QD-054", HangerKind::Check, "a partitioned table cannot have it as it is"),
    hanging("QD-055", HangerKind::NotNull, "a partitioned table would have it as another kind of constraint"),
    refuse("QD-058", NOT_YET, unknown_constraint),
];

const fn hanging(id: &'static str, kind: HangerKind, reason: &'static str) -> Check {
    Check { id, severity: Severity::Refuse, remedy: NOT_YET, find: Find::Hanging(kind, reason) }
}

fn kind(case: &Case<'_>) -> (char, char) {
    let mut letters = case.table.facts.kind.chars();
    (letters.next().unwrap_or(' '), letters.next().unwrap_or(' '))
}

fn not_a_table(case: &Case<'_>) -> Vec<Hit> {
    let what = match kind(case).0 {
        'r' | 'p' => return Vec::new(),
        'v' => "a view",
        'm' => "a materialised view",
        'f' => "a foreign table",
        _ => "not a table",
    };
    case.about_table(Some(format!("it is {what}")))
}

fn partitioned(case: &Case<'_>) -> Vec<Hit> {
    let asked = case.request.strategy == Strategy::Repartition;
    case.about_table((case.table.is_partitioned() && !asked).then(|| "it is partitioned already".into()))
}

fn not_partitioned(case: &Case<'_>) -> Vec<Hit> {
    let asked = case.request.strategy == Strategy::Repartition;
    case.about_table((asked && kind(case).0 == 'r').then(|| "it is not partitioned".into()))
}

fn not_permanent(case: &Case<'_>) -> Vec<Hit> {
    let what = match kind(case).1 {
        'u' => "unlogged",
        't' => "temporary",
        _ => return Vec::new(),
    };
    case.about_table(Some(format!("it is {what}")))
}

fn system_schema(case: &Case<'_>) -> Vec<Hit> {
    let schema = case.table.name.schema.as_str();
    let system = schema.starts_with("pg_") || matches!(schema, "information_schema" | "quarterdeck");
    case.about_table(system.then(|| format!("schema {schema} is not the application's")))
}

fn tablespace(case: &Case<'_>) -> Vec<Hit> {
    let reason = "the table or an index is in it, and the role may not create there";
    case.around
        .rights
        .tablespaces
        .iter()
        .map(|name| (format!("tablespace {}", name.as_str()), reason.into()))
        .collect()
}

/// Each column of which `holds`, with the reason.
fn columns(case: &Case<'_>, holds: impl Fn(&Column) -> bool, reason: &str) -> Vec<Hit> {
    let found = case.table.columns.iter().filter(|column| holds(column));
    found.map(|column| (format!("{}.{}", case.name(), column.name.as_str()), reason.to_owned())).collect()
}

fn incomparable(case: &Case<'_>) -> Vec<Hit> {
    columns(case, |column| !column.comparable, "its type has no binary output function")
}

fn unfindable(case: &Case<'_>) -> Vec<Hit> {
    let key =
        case.table.primary_key().map(|pk| pk.key.iter().flatten().collect::<Vec<_>>()).unwrap_or_default();
    let unfindable = |column: &Column| key.contains(&&column.name) && !column.findable;
    columns(
        case,
        unfindable,
        "it is in the primary key, and its type's equality is an extension's or cannot be hashed",
    )
}

fn check_no_inherit(case: &Case<'_>) -> Vec<Hit> {
    let found =
        case.table.constraints.iter().filter(|c| c.kind == ConstraintKind::Check { no_inherit: true });
    found
        .map(|c| (c.name.as_str().to_owned(), "a partitioned table cannot have a CHECK … NO INHERIT".into()))
        .collect()
}

fn unknown_constraint(case: &Case<'_>) -> Vec<Hit> {
    let found = case.table.constraints.iter().filter(|c| c.kind == ConstraintKind::Other);
    found
        .map(|c| (c.name.as_str().to_owned(), "it is a constraint of a kind unknown to this version".into()))
        .collect()
}
