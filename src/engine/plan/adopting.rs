//! The steps of the strategy `adopt`: nothing is copied, the old table is attached whole.

use super::{Outline, steps};
use crate::{
    model::{
        cost,
        history::History,
        ident::QualifiedName,
        plan::{Cost, Finding, Step},
        references,
        scheme::{Leaf, Scheme},
    },
    ops::{self, widen::Key},
    pg::lock::Patience,
};

const ABORT: &str =
    "abort: the index, the CHECK and the empty partitioned table go; the source stays as it was";

/// From preflight to finish.
pub(super) fn all(outline: &Outline, warnings: &[Finding]) -> Vec<Step> {
    let scheme = &outline.scheme;
    let mut all = vec![steps::preflight(&outline.scheme, warnings)];
    all.extend(Key::wide(scheme).map(|key| widen(scheme, &key)));
    all.push(create(outline));
    all.extend(bound(outline));
    all.extend([
        swap(scheme, &outline.leaves),
        settle(scheme, &outline.leaves),
        reverse(scheme, &outline.leaves),
        finish(scheme),
    ]);
    all
}

fn widen(scheme: &Scheme, key: &Key) -> Step {
    let source = scheme.source().plain();
    Step {
        name: "widen".into(),
        summary: format!(
            "a unique index on {} is built while the application writes; it waits for every older transaction",
            scheme.twin_key_text()
        ),
        statements: key.statements(),
        locks: vec![format!("SHARE UPDATE EXCLUSIVE on {source}, while it is built: nobody waits")],
        cost: cost::wide_key(&scheme.table),
        undo: Some(ABORT.into()),
    }
}

fn others(scheme: &Scheme, leaves: &[Leaf]) -> Vec<Leaf> {
    leaves.iter().filter(|leaf| !scheme.is_history(leaf)).cloned().collect()
}

fn create(outline: &Outline) -> Step {
    let (scheme, others) = (&outline.scheme, others(&outline.scheme, &outline.leaves));
    let names: Vec<_> = others.iter().map(|leaf| scheme.leaf(leaf)).collect();
    let mut statements = ops::twin::unfilled_statements(scheme, &others);
    statements.extend(ops::foreign_keys::unfilled_statements(scheme, &names));
    let referenced = references::referenced_tables(scheme);
    let mut locks = vec![
        format!(
            "ACCESS EXCLUSIVE on {} and its partitions, which nobody else knows yet",
            scheme.twin().plain()
        ),
        format!("ACCESS SHARE on {}", scheme.source().plain()),
    ];
    if !referenced.is_empty() {
        locks.push(format!("SHARE ROW EXCLUSIVE on {}, each attempt ≤ 100 ms", plain(&referenced)));
    }
    Step {
        name: "create".into(),
        summary: format!(
            "{} is made, partitioned by {} every {}, with {} empty partitions of the time after history",
            scheme.twin().plain(),
            scheme.by.as_str(),
            scheme.every,
            others.len()
        ),
        statements,
        locks,
        cost: Cost::default(),
        undo: Some(ABORT.into()),
    }
}

fn bound(outline: &Outline) -> Option<Step> {
    let scheme = &outline.scheme;
    let bound = scheme.bound_of(&outline.leaves)?;
    let source = scheme.source().plain();
    Some(Step {
        name: "bound".into(),
        summary: format!(
            "at the swap a CHECK holds every row before {}; until the old table is attached, rows of a later time are \
             refused",
            bound.format("%Y-%m-%d %H:%M UTC")
        ),
        statements: ops::widen::bound_statements(scheme, bound),
        locks: vec![
            format!("ACCESS EXCLUSIVE on {source}, each attempt ≤ 100 ms"),
            format!("SHARE UPDATE EXCLUSIVE on {source}, while it is read once: nobody waits"),
        ],
        cost: cost::census(&scheme.table),
        undo: Some("it goes by itself where the swap does not come about".into()),
    })
}

/// The old table is attached.
pub fn swap(scheme: &Scheme, leaves: &[Leaf]) -> Step {
    let (source, budget) = (scheme.source().plain(), Patience::default().budget.as_millis());
    let history = leaves.iter().find(|leaf| scheme.is_history(leaf));
    let what = match scheme.history {
        History::Range => "the partition of all earlier time",
        History::Default => "the DEFAULT partition",
    };
    Step {
        name: "swap".into(),
        summary: format!(
            "the old table becomes {}, {what} of {source}: nothing is read, built or copied; afterwards COPY {} TO must be \
             written COPY (SELECT …) TO",
            scheme.history().plain(),
            scheme.source().name.as_str()
        ),
        statements: history.map(|history| ops::swap::attach_statements(scheme, history)).unwrap_or_default(),
        locks: vec![format!("ACCESS EXCLUSIVE on {source}: the application waits, ≤ {budget} ms in all")],
        cost: Cost::default(),
        undo: Some(
            "reverse: the old table is taken out again; rows that came later go along if they are few".into(),
        ),
    }
}

fn settle(scheme: &Scheme, leaves: &[Leaf]) -> Step {
    let names: Vec<_> = leaves.iter().map(|leaf| scheme.leaf(leaf)).collect();
    let mut statements = ops::foreign_keys::adopt_statements(scheme);
    statements.push(ops::seal::analyze_statement(scheme.source()));
    let referenced = references::referenced_tables(scheme);
    let mut locks = vec![format!(
        "SHARE UPDATE EXCLUSIVE on {} and its {} partitions, to analyze them",
        scheme.source().plain(),
        names.len()
    )];
    if !referenced.is_empty() {
        let on = plain(&referenced);
        locks.insert(0, format!("ACCESS EXCLUSIVE on {on}, ≤ 100 ms, to join the partitions' foreign keys"));
    }
    Step {
        name: "settle".into(),
        summary: "the partitions' foreign keys become the table's; statistics are made".into(),
        statements,
        locks,
        cost: Cost::default(),
        undo: Some("reverse".into()),
    }
}

/// The old table is taken out again.
pub fn reverse(scheme: &Scheme, leaves: &[Leaf]) -> Step {
    let source = scheme.source().plain();
    let mut statements: Vec<_> = Key::narrow(scheme).iter().flat_map(Key::statements).collect();
    statements.extend(ops::swap::release_statements(scheme, leaves));
    statements.extend(ops::widen::removal_statements(scheme));
    let mut locks = vec![format!("ACCESS EXCLUSIVE on {source} and its partitions, ≤ 100 ms in all")];
    let referenced = references::referenced_tables(scheme);
    if !referenced.is_empty() {
        locks.push(format!("SHARE ROW EXCLUSIVE on {}, within it", plain(&referenced)));
    }
    locks.push(format!("SHARE UPDATE EXCLUSIVE on {}, while its key is built", scheme.history().plain()));
    Step {
        name: "reverse".into(),
        summary: format!(
            "only on request: the old key is built beside the application, {source} is the old table again; then all of ours \
             is removed. Rows of later partitions stop it, unless --move-rows is given: then at most {} are moved",
            ops::swap::MOST_MOVED
        ),
        statements,
        locks,
        cost: Cost::default(),
        undo: Some("run again".into()),
    }
}

/// The way back is given up.
pub fn finish(scheme: &Scheme) -> Step {
    Step {
        name: "finish".into(),
        summary: format!("nothing is left to remove; {} stays a partition", scheme.history().plain()),
        statements: Vec::new(),
        locks: Vec::new(),
        cost: Cost::default(),
        undo: None,
    }
}

/// What an abort before the swap does.
pub fn abort(scheme: &Scheme) -> Step {
    let source = scheme.source().plain();
    let mut statements = ops::widen::removal_statements(scheme);
    statements.extend(ops::abort::statements(scheme));
    Step {
        name: "abort".into(),
        summary: format!(
            "index, CHECK and the empty partitioned table are removed; {source} stays as it was"
        ),
        statements,
        locks: vec![format!("ACCESS EXCLUSIVE on {source}, each attempt ≤ 100 ms")],
        cost: Cost::default(),
        undo: None,
    }
}

fn plain(tables: &[QualifiedName]) -> String {
    tables.iter().map(QualifiedName::plain).collect::<Vec<_>>().join(", ")
}
