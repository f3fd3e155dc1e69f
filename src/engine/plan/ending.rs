//! The steps that exchange the names and end the migration.

use super::Outline;
use crate::{
    model::{
        cost,
        ident::QualifiedName,
        plan::{Cost, Step},
        references,
    },
    ops::{
        self,
        finish::{End, Old},
    },
    pg::lock::Patience,
};

/// From the swap to finish.
pub(super) fn all(outline: &Outline) -> Vec<Step> {
    let leaves: Vec<_> = outline.leaves.iter().map(|leaf| outline.scheme.leaf(leaf)).collect();
    vec![swap(outline, &leaves), reverse_window(outline, &leaves), finish(outline, &leaves)]
}

fn names(tables: &[QualifiedName]) -> String {
    tables.iter().map(QualifiedName::plain).collect::<Vec<_>>().join(", ")
}

fn swap(outline: &Outline, leaves: &[QualifiedName]) -> Step {
    let scheme = &outline.scheme;
    let patience = Patience::default();
    let (source, budget) = (scheme.source().plain(), patience.budget.as_millis());
    let referenced = references::referenced_tables(scheme);
    let mut locks = vec![
        format!("ACCESS EXCLUSIVE on {source}, each attempt ≤ 20 ms for the lock"),
        format!("SHARE ROW EXCLUSIVE on {source}: writers wait, ≤ {budget} ms in all"),
    ];
    if !referenced.is_empty() {
        locks.push(format!("SHARE ROW EXCLUSIVE on {}, before it", names(&referenced)));
    }
    if references::checking(scheme).next().is_some() {
        let why = "to drop the old table's foreign keys: in the first attempts, else right after the swap";
        locks.push(format!("ACCESS EXCLUSIVE on {}, ≤ 20 ms, {why}", names(&referenced)));
    }
    Step {
        name: "swap".into(),
        summary: format!(
            "the names are exchanged: {} becomes {source}; afterwards COPY {} TO must be written COPY (SELECT …) TO",
            scheme.twin().plain(),
            scheme.source().name.as_str()
        ),
        statements: ops::swap::statements(scheme, leaves, patience),
        locks,
        cost: Cost::default(),
        undo: Some("reverse: the same exchange back, with every later write in the old table".into()),
    }
}

fn reverse_window(outline: &Outline, leaves: &[QualifiedName]) -> Step {
    let scheme = &outline.scheme;
    let mut statements = ops::foreign_keys::statements(scheme, leaves);
    statements.extend(ops::replay::reverse::statements(scheme));
    statements.extend(ops::swap::reverse_statements(scheme, leaves, Patience::default()));
    statements.extend(ops::foreign_keys::restore_statements(scheme));
    Step {
        name: "reverse window".into(),
        summary: format!(
            "foreign keys are validated leaf by leaf; {} is kept in step until finish, or takes its name back",
            scheme.old().plain()
        ),
        statements,
        locks: vec![
            "SHARE UPDATE EXCLUSIVE on the leaf that is validated".into(),
            format!("ROW EXCLUSIVE on {} and on the log", scheme.old().plain()),
        ],
        cost: cost::foreign_keys(&scheme.table),
        undo: Some("reverse".into()),
    }
}

fn finish(outline: &Outline, leaves: &[QualifiedName]) -> Step {
    let scheme = &outline.scheme;
    let old = scheme.old();
    Step {
        name: "finish".into(),
        summary: format!(
            "reverse capture and the log are removed; {} is kept unless told otherwise",
            old.plain()
        ),
        statements: ops::finish::statements(&End { scheme, leaves, old: Old::Keep }),
        locks: vec![format!(
            "ACCESS EXCLUSIVE on {} and {}, each attempt ≤ 20 ms for the lock",
            scheme.source().plain(),
            old.plain()
        )],
        cost: Cost::default(),
        undo: None,
    }
}
