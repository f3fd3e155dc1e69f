//! The steps that exchange the names and end the migration.
//!
//! Those that wait for the operator's word are public: the question that precedes them shows them, then with
//! the leaves that there are in fact.

use super::Outline;
use crate::{
    model::{
        cost,
        ident::QualifiedName,
        ids::{self, Ids},
        incoming::Choice,
        plan::{Cost, Step},
        references,
        scheme::Scheme,
    },
    ops::{
        self,
        finish::{End, Old},
        replay::reverse::Past,
    },
    pg::lock::Patience,
};

/// From the swap to finish.
pub(super) fn all(outline: &Outline) -> Vec<Step> {
    let leaves: Vec<_> = outline.leaves.iter().map(|leaf| outline.scheme.leaf(leaf)).collect();
    let scheme = &outline.scheme;
    let mut all = vec![swap(scheme, &leaves)];
    all.extend(window(outline));
    all
}

/// From the time when both tables are in step to finish.
pub(super) fn window(outline: &Outline) -> [Step; 2] {
    let leaves: Vec<_> = outline.leaves.iter().map(|leaf| outline.scheme.leaf(leaf)).collect();
    [reverse_window(&outline.scheme, &leaves), finish(&outline.scheme, &leaves)]
}

pub(super) fn names(tables: &[QualifiedName]) -> String {
    tables.iter().map(QualifiedName::plain).collect::<Vec<_>>().join(", ")
}

/// An INSERT of one row a transaction with a table of ids, beside one without: `cargo bench --bench ids`.
const INSERT_WITH_IDS: &str = "1.3";

/// The twin takes the name.
pub fn swap(scheme: &Scheme, leaves: &[QualifiedName]) -> Step {
    let patience = Patience::default();
    let (source, budget) = (scheme.source().plain(), patience.budget.as_millis());
    let referenced = references::referenced_tables(scheme);
    let mut locks =
        vec![format!("ACCESS EXCLUSIVE on {source}: the application waits, ≤ {budget} ms in all")];
    if !referenced.is_empty() {
        let why = "right after the swap, to drop the old table's foreign keys";
        locks.push(format!("SHARE ROW EXCLUSIVE on {}, within it", names(&referenced)));
        locks.push(format!("ACCESS EXCLUSIVE on {}, ≤ {budget} ms, {why}", names(&referenced)));
    }
    let incoming = ids::locked(scheme);
    if !incoming.is_empty() {
        let what = match scheme.incoming.choice {
            Choice::Keep => "to lead their foreign keys to what keeps their columns unique",
            Choice::Drop | Choice::Refuse => "to drop their foreign keys",
        };
        locks.push(format!("ACCESS EXCLUSIVE on {}, within it, {what}", names(&incoming)));
    }
    let look_up = Ids::of(scheme).map(|ids| {
        let by = scheme.by.as_str();
        let ids = ids.name.plain();
        format!(
            "; of a row whose {by} is not known, look it up in {ids}, then ask for both; an INSERT took {INSERT_WITH_IDS} of its \
             time where it was measured (README)"
        )
    });
    let look_up = look_up.unwrap_or_default();
    Step {
        name: "swap".into(),
        summary: format!(
            "the names are exchanged: {} becomes {source}; afterwards COPY {} TO must be written COPY (SELECT …) TO{look_up}",
            scheme.twin().plain(),
            scheme.source().name.as_str()
        ),
        statements: ops::swap::statements(scheme, leaves, patience),
        locks,
        cost: Cost::default(),
        undo: Some("reverse: the same exchange back, with every later write in the old table".into()),
    }
}

fn reverse_window(scheme: &Scheme, leaves: &[QualifiedName]) -> Step {
    let mut statements = ops::foreign_keys::statements(scheme, leaves);
    statements.extend(ops::replay::reverse::statements(scheme, Past::Copied));
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

/// The old table takes its name back.
pub fn reverse(scheme: &Scheme, leaves: &[QualifiedName]) -> Step {
    let mut statements = ops::swap::reverse_statements(scheme, leaves, Patience::default());
    statements.extend(ops::foreign_keys::restore_statements(scheme));
    let (source, old) = (scheme.source().plain(), scheme.old().plain());
    Step {
        name: "reverse".into(),
        summary: format!("the names are exchanged back: {old} becomes {source}"),
        statements,
        locks: swap(scheme, leaves).locks,
        cost: cost::foreign_keys(&scheme.table),
        undo: Some("swap: the partitioned table is kept in step as the twin".into()),
    }
}

/// The reverse window ends; the old table is kept.
pub fn finish(scheme: &Scheme, leaves: &[QualifiedName]) -> Step {
    end(scheme, leaves, Old::Keep)
}

/// The reverse window ends; the old table is dropped.
pub fn finish_and_drop(scheme: &Scheme, leaves: &[QualifiedName]) -> Step {
    end(scheme, leaves, Old::Drop)
}

fn end(scheme: &Scheme, leaves: &[QualifiedName], fate: Old) -> Step {
    let old = scheme.old();
    let kept = Ids::of(scheme).map(|ids| format!("; {} and its triggers stay", ids.name.plain()));
    let kept = kept.unwrap_or_default();
    let becomes = match fate {
        Old::Keep => "kept unless told otherwise",
        Old::Drop => "dropped",
    };
    Step {
        name: "finish".into(),
        summary: format!("reverse capture and the log are removed; {} is {becomes}{kept}", old.plain()),
        statements: ops::finish::statements(&End { scheme, leaves, old: fate }),
        locks: vec![format!(
            "ACCESS EXCLUSIVE on {} and {}, each attempt ≤ 100 ms",
            scheme.source().plain(),
            old.plain()
        )],
        cost: Cost::default(),
        undo: None,
    }
}

/// What an abort before the swap does; no step of the plan, since nobody plans it.
pub fn abort(scheme: &Scheme) -> Step {
    let source = scheme.source().plain();
    Step {
        name: "abort".into(),
        summary: format!("triggers first, then twin and log are removed; {source} stays as it was"),
        statements: ops::abort::statements(scheme),
        locks: vec![format!("ACCESS EXCLUSIVE on {source}, each attempt ≤ 100 ms")],
        cost: Cost::default(),
        undo: None,
    }
}
