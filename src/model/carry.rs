//! How a change reaches the follower, the table without the name: the bodies of the capture functions. Text only.
//!
//! A body is replaced without a lock on any table, and needs none: a change that is logged and one that is mirrored
//! are both right at any time, side by side. Invariant: whatever a committed transaction changed is in the follower
//! too, or its key is in the log.

use crate::model::{
    ident::QualifiedName,
    scheme::Scheme,
    template::{dollar_quote, fill},
    triggers::Function,
};

const FUNCTIONS: &str = include_str!("../../assets/sql/capture_functions.sql");
/// What stands before the logging where writers mirror, by statement and by row.
const MIRROR: [&str; 2] = [
    include_str!("../../assets/sql/capture_mirror.sql"),
    include_str!("../../assets/sql/capture_mirror_row.sql"),
];

/// A statement that changes more rows than this is logged as a whole: row by row it would make its writer wait.
const FEW: &str = "1000";
/// No statement is too large: the most rows that a query can count to, less one.
const ANY: &str = "9223372036854775806";

/// How a change reaches the follower.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carry {
    /// Its key is logged; replay carries it over.
    Log,
    /// The writer's own transaction writes the twin as well.
    MirrorToTwin,
    /// The same, however large a statement is: the twin has foreign keys that would be felt if it lagged.
    MirrorAllToTwin,
    /// The writer's own transaction writes the old table as well.
    MirrorToOld,
}

/// Creates, or replaces, the capture functions.
pub fn functions(scheme: &Scheme, carry: Carry) -> String {
    match carry {
        Carry::Log => body(scheme, ["", ""], Vec::new()),
        Carry::MirrorToTwin => to_twin(scheme, FEW),
        Carry::MirrorAllToTwin => to_twin(scheme, ANY),
        Carry::MirrorToOld => {
            let rows = scheme.table.rows_of(&scheme.old());
            mirror(scheme, &scheme.source().to_string(), (&scheme.old(), rows), FEW)
        }
    }
}

fn to_twin(scheme: &Scheme, few: &str) -> String {
    let twin = scheme.twin();
    mirror(scheme, &scheme.table.rows_of(scheme.source()), (&twin, twin.to_string()), few)
}

/// The follower is named twice: to insert into it, and to delete from it, ONLY where it is no partitioned table.
fn mirror(scheme: &Scheme, owner: &str, (follower, rows): (&QualifiedName, String), few: &str) -> String {
    let named = |row: &str| {
        let pairs = scheme.logged_columns().into_iter().zip(scheme.log_key());
        let terms: Vec<_> =
            pairs.map(|(column, logged)| format!("{row}.{} AS {logged}", column.name)).collect();
        terms.join(", ")
    };
    let values = vec![
        ("few", few.to_owned()),
        ("owner", owner.to_owned()),
        ("follower", follower.to_string()),
        ("follower_rows", rows),
        ("owner_match", scheme.log_seek("one", "s")),
        ("follower_match", scheme.log_seek("one", "f")),
        ("columns", scheme.column_list("")),
        ("row", scheme.column_list("s.")),
        ("named", named("r")),
        ("old_named", named("OLD")),
        ("new_named", named("NEW")),
    ];
    body(scheme, MIRROR, values)
}

/// The functions with these parts before the logging. The parts are put in first, so that all is filled in one pass.
fn body(scheme: &Scheme, [mirror, mirror_row]: [&str; 2], more: Vec<(&str, String)>) -> String {
    let template = FUNCTIONS.replace("{mirror}", mirror).replace("{mirror_row}", mirror_row);
    let each = |row: &str| {
        let columns: Vec<_> =
            scheme.logged_columns().iter().map(|column| format!("{row}.{}", column.name)).collect();
        columns.join(", ")
    };
    let mut values = more;
    values.extend([
        ("capture", Function::Capture.name(scheme).to_string()),
        ("capture_row", Function::CaptureRow.name(scheme).to_string()),
        ("log", scheme.log().to_string()),
        ("log_key", scheme.log_key().join(", ")),
        ("each", each("r")),
        ("old", each("OLD")),
        ("new", each("NEW")),
    ]);
    let quote = dollar_quote(&values.iter().map(|(_, value)| value.as_str()).collect::<String>());
    let mut values: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    values.push(("quote", &quote));
    fill(&template, &values)
}
