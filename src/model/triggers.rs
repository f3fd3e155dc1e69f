//! The SQL of our own triggers: capture and guards. Text only; nothing runs here. What capture does is in [`super::carry`].
//!
//! Every trigger is ENABLE ALWAYS, so that `session_replication_role = replica` does not pass it by, and its name
//! begins with `quarterdeck_`, so that the fingerprint finds it.

use crate::model::{
    ident::{Ident, QualifiedName, literal},
    scheme::Scheme,
    strategy::Strategy,
    template::{dollar_quote, fill},
};

const GUARDS: &str = include_str!("../../assets/sql/guard_functions.sql");

/// Statement-level capture: one trigger an event, since transition tables ask for that.
const BY_STATEMENT: [(&str, &str, &str); 3] = [
    ("quarterdeck_capture_insert", "INSERT", "NEW TABLE AS new_rows"),
    ("quarterdeck_capture_update", "UPDATE", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    ("quarterdeck_capture_delete", "DELETE", "OLD TABLE AS old_rows"),
];
/// Row-level capture.
const BY_ROW: &str = "quarterdeck_capture_row";
/// Refuses TRUNCATE, which no row trigger sees.
const TRUNCATE: &str = "quarterdeck_truncate";
/// Refuses writes to the old table.
const GUARD: &str = "quarterdeck_guard";

/// Creates, or replaces, the functions behind the triggers that refuse.
pub fn guard_functions(scheme: &Scheme) -> String {
    let names = [Function::Truncate, Function::Guard].map(|function| function.name(scheme).to_string());
    fill(GUARDS, &[("truncate", &names[0]), ("guard", &names[1]), ("quote", &dollar_quote(""))])
}

/// Drops the functions, which no trigger may use any more.
pub fn drop_functions(scheme: &Scheme) -> String {
    let names = Function::ALL.map(|function| format!("{}()", function.name(scheme)));
    format!("DROP FUNCTION IF EXISTS {}", names.join(", "))
}

/// The functions behind the triggers.
#[derive(Clone, Copy)]
pub(super) enum Function {
    Capture,
    CaptureRow,
    Truncate,
    Guard,
}

impl Function {
    const ALL: [Self; 4] = [Self::Capture, Self::CaptureRow, Self::Truncate, Self::Guard];

    /// In the journal's schema.
    pub(super) fn name(self, scheme: &Scheme) -> QualifiedName {
        scheme.journal_name(match self {
            Self::Capture => "capture",
            Self::CaptureRow => "capture_row",
            Self::Truncate => "truncate",
            Self::Guard => "guard",
        })
    }

    /// `EXECUTE FUNCTION …('<migration>')`.
    fn call(self, scheme: &Scheme) -> String {
        format!("EXECUTE FUNCTION {}({})", self.name(scheme), literal(&scheme.id.to_string()))
    }
}

/// Capture on the source: by statement, or by row where the scheme asks for it, or the source is partitioned already.
/// Refuses TRUNCATE too.
pub fn capture(scheme: &Scheme, table: &QualifiedName) -> Vec<String> {
    if scheme.table.is_partitioned() {
        return reverse_capture(scheme, table, &scheme.table.facts.parts);
    }
    let mut sql = Vec::new();
    if scheme.table.facts.row_level_capture {
        sql.push(by_row(scheme, table));
        sql.push(always(table, BY_ROW));
    } else {
        for (name, event, transition) in BY_STATEMENT {
            let name_quoted = Ident::new(name);
            sql.push(format!(
                "CREATE OR REPLACE TRIGGER {name_quoted} AFTER {event} ON {table} REFERENCING {transition} \
                 FOR EACH STATEMENT {}",
                Function::Capture.call(scheme)
            ));
            sql.push(always(table, name));
        }
    }
    sql.extend(truncate(scheme, table));
    sql
}

/// The names of the triggers [`capture`] makes.
pub fn capture_names(scheme: &Scheme) -> Vec<&'static str> {
    let by_row = scheme.table.facts.row_level_capture || scheme.table.is_partitioned();
    let mut names: Vec<_> =
        if by_row { vec![BY_ROW] } else { BY_STATEMENT.iter().map(|(name, _, _)| *name).collect() };
    names.push(TRUNCATE);
    names
}

/// Capture on the partitioned table: by row, since statement triggers miss a MERGE that moves a row and DML that names
/// a leaf (TRAPS 45). ALWAYS is said of every leaf too; leaves made later take it from the parent.
pub fn reverse_capture(scheme: &Scheme, table: &QualifiedName, leaves: &[QualifiedName]) -> Vec<String> {
    let mut sql = vec![by_row(scheme, table), always(table, BY_ROW)];
    sql.extend(leaves.iter().map(|leaf| always(leaf, BY_ROW)));
    sql.extend(truncate(scheme, table));
    sql.extend(leaves.iter().flat_map(|leaf| truncate(scheme, leaf)));
    sql
}

/// Refuses TRUNCATE of one table; a leaf made in the reverse window needs it too, for no leaf takes a statement
/// trigger from its parent.
pub fn truncate(scheme: &Scheme, table: &QualifiedName) -> [String; 2] {
    let name = Ident::new(TRUNCATE);
    let call = Function::Truncate.call(scheme);
    [
        format!("CREATE OR REPLACE TRIGGER {name} BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}"),
        always(table, TRUNCATE),
    ]
}

/// The old table refuses writes, and so does each partition it may have.
pub fn guard(scheme: &Scheme, old: &QualifiedName) -> Vec<String> {
    let name = Ident::new(GUARD);
    let one = |table: &QualifiedName| {
        let call = Function::Guard.call(scheme);
        let events = "INSERT OR UPDATE OR DELETE OR TRUNCATE";
        [
            format!("CREATE OR REPLACE TRIGGER {name} BEFORE {events} ON {table} FOR EACH STATEMENT {call}"),
            always(table, GUARD),
        ]
    };
    with_parts(scheme, old).iter().flat_map(one).collect()
}

/// A table and the partitions that the source had.
fn with_parts(scheme: &Scheme, table: &QualifiedName) -> Vec<QualifiedName> {
    std::iter::once(table).chain(&scheme.table.facts.parts).cloned().collect()
}

/// Drops every trigger of ours from the source, whichever it has. Row triggers of a parent leave its partitions too.
pub fn drop_all(scheme: &Scheme) -> Vec<String> {
    let by_statement = BY_STATEMENT.iter().map(|(name, _, _)| *name);
    let names = by_statement.chain([BY_ROW, TRUNCATE, GUARD]);
    let mut sql: Vec<_> = names.map(|name| drop_one(scheme.source(), name)).collect();
    let parts = scheme.table.facts.parts.iter();
    sql.extend(parts.flat_map(|part| [TRUNCATE, GUARD].map(|name| drop_one(part, name))));
    sql
}

/// Drops what [`capture`] made.
pub fn drop_capture(scheme: &Scheme, table: &QualifiedName) -> Vec<String> {
    if scheme.table.is_partitioned() {
        return drop_reverse(table, &scheme.table.facts.parts);
    }
    capture_names(scheme).into_iter().map(|name| drop_one(table, name)).collect()
}

/// The old table takes writes again.
pub fn drop_guard(scheme: &Scheme, old: &QualifiedName) -> Vec<String> {
    with_parts(scheme, old).iter().map(|table| drop_one(table, GUARD)).collect()
}

/// Drops what [`reverse_capture`] made.
pub fn drop_reverse(table: &QualifiedName, leaves: &[QualifiedName]) -> Vec<String> {
    let mut sql: Vec<_> = [BY_ROW, TRUNCATE].map(|name| drop_one(table, name)).into();
    sql.extend(leaves.iter().map(|leaf| drop_one(leaf, TRUNCATE)));
    sql
}

fn by_row(scheme: &Scheme, table: &QualifiedName) -> String {
    format!(
        "CREATE OR REPLACE TRIGGER {} AFTER INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW {}{}",
        Ident::new(BY_ROW),
        but_ours(scheme),
        Function::CaptureRow.call(scheme)
    )
}

/// Rows that we copy from the old table into the one that owns the name are in the old one already.
fn but_ours(scheme: &Scheme) -> String {
    match scheme.strategy {
        Strategy::RenameFirst => format!(
            "WHEN (current_setting('quarterdeck.pass', true) IS DISTINCT FROM {}) ",
            literal(&scheme.id.to_string())
        ),
        Strategy::Online | Strategy::Adopt | Strategy::Repartition => String::new(),
    }
}

/// Lets a transaction's writes pass the guard, and those of `rename-first` its own capture.
pub fn pass(scheme: &Scheme) -> String {
    format!("SET LOCAL quarterdeck.pass = {}", literal(&scheme.id.to_string()))
}

fn always(table: &QualifiedName, name: &str) -> String {
    format!("ALTER TABLE {table} ENABLE ALWAYS TRIGGER {}", Ident::new(name))
}

fn drop_one(table: &QualifiedName, name: &str) -> String {
    format!("DROP TRIGGER IF EXISTS {} ON {table}", Ident::new(name))
}
