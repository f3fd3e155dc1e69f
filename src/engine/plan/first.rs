//! The steps of `rename-first`, from the table to the reverse window: the names are exchanged before anything is copied.

use chrono::Utc;

use super::{Outline, ending, steps};
use crate::{
    model::{
        cost,
        ident::QualifiedName,
        plan::{Cost, Finding, Step},
        references,
        scheme::Scheme,
    },
    ops::{self, replay::reverse::Past},
    pg::lock::Patience,
};

const BACK: &str = "reverse or abort: the old table, which has every row at any time, takes its name back; what was made is removed";

/// From preflight to finish.
pub(super) fn all(outline: &Outline, warnings: &[Finding]) -> Vec<Step> {
    let leaves: Vec<_> = outline.leaves.iter().map(|leaf| outline.scheme.leaf(leaf)).collect();
    let mut all = vec![
        steps::preflight(&outline.scheme, warnings),
        create(outline),
        rename(outline, &leaves),
        Step { undo: Some(BACK.into()), ..steps::census(outline) },
        fill(outline, &leaves),
    ];
    let summary = format!("statistics of {} and its partitions are made", outline.scheme.filled().plain());
    let after = [steps::verify(outline), Step { summary, ..steps::analyze(outline) }];
    all.extend(after.map(|step| Step { undo: Some(BACK.into()), ..step }));
    all.extend(ending::window(outline));
    all
}

fn create(outline: &Outline) -> Step {
    let scheme = &outline.scheme;
    let mut statements = vec![ops::census::span_statement(scheme, Utc::now())];
    statements.extend(ops::capture::log_statements(scheme));
    statements.extend(ops::twin::create_statements(scheme, &outline.leaves));
    let newest = steps::newest(outline).map(std::slice::from_ref).unwrap_or_default();
    let whole = ops::twin::whole_statements(scheme, newest);
    statements.extend(steps::for_each_leaf(outline, "seal leaf", whole));
    Step {
        name: "create".into(),
        summary: format!(
            "{} is made empty, with {} leaves from the first row's period on, and with every index",
            scheme.twin().plain(),
            outline.leaves.len()
        ),
        statements,
        locks: vec![format!("ACCESS SHARE on {}, to read its first and last time", scheme.source().plain())],
        cost: Cost::default(),
        undo: Some(steps::ABORT.into()),
    }
}

fn rename(outline: &Outline, leaves: &[QualifiedName]) -> Step {
    let (scheme, patience) = (&outline.scheme, Patience::default());
    let source = scheme.source().plain();
    let budget = patience.budget.as_millis();
    let mut locks =
        vec![format!("ACCESS EXCLUSIVE on {source}: the application waits, ≤ {budget} ms in all")];
    let referenced = references::referenced_tables(scheme);
    if !referenced.is_empty() {
        let names = ending::names(&referenced);
        locks.push(format!("SHARE ROW EXCLUSIVE on {names}, ≤ {budget} ms before it, to reference them"));
    }
    Step {
        name: "rename".into(),
        summary: format!(
            "{source} becomes {}, the empty partitioned table {source}: from here on readers miss every row that is not \
             copied yet, and writers write both",
            scheme.old().plain()
        ),
        statements: ops::swap::rename_statements(scheme, leaves, patience),
        locks,
        cost: Cost::default(),
        undo: Some(BACK.into()),
    }
}

fn fill(outline: &Outline, leaves: &[QualifiedName]) -> Step {
    let scheme = &outline.scheme;
    let mut statements = ops::copy::statements(scheme);
    if let Some(newest) = steps::newest(outline) {
        statements.extend(ops::seal::statements(scheme, newest));
    }
    statements.extend(ops::replay::reverse::statements(scheme, Past::BeingCopied));
    statements.extend(ops::undo::statements(scheme));
    statements.extend(ops::swap::undo_statements(scheme, leaves, Patience::default()));
    let (copy, indexes) = (cost::copy(&scheme.table), cost::seal(&scheme.table));
    Step {
        name: "fill".into(),
        summary: "the old rows are copied chunk by chunk into leaves in use, newest period first; a row that is there \
                  already is left alone"
            .into(),
        statements,
        locks: vec![
            format!("ROW EXCLUSIVE on {}", scheme.source().plain()),
            format!("ACCESS SHARE on {}, a chunk at a time", scheme.old().plain()),
            "FOR KEY SHARE on rows that the foreign keys reference, a chunk at a time".into(),
        ],
        cost: Cost {
            rows: copy.rows,
            bytes: copy.bytes + indexes.bytes,
            wal_bytes: copy.wal_bytes + indexes.wal_bytes,
            // Indexes that are there already are filled row by row (ARCHITECTURE.md, *Measurements*).
            seconds: 4 * (copy.seconds + indexes.seconds) / 2,
        },
        undo: Some(BACK.into()),
    }
}

/// The old table takes its name back before the other one is full; no step of the plan, since nobody plans it.
pub fn undo(scheme: &Scheme, leaves: &[QualifiedName]) -> Step {
    let (source, old) = (scheme.source().plain(), scheme.old().plain());
    let mut statements = ops::undo::statements(scheme);
    statements.extend(ops::swap::undo_statements(scheme, leaves, Patience::default()));
    statements.extend(ops::abort::statements(scheme));
    let budget = Patience::default().budget.as_millis();
    Step {
        name: "reverse".into(),
        summary: format!("{old} becomes {source} again, and what was made is removed"),
        statements,
        locks: vec![format!("ACCESS EXCLUSIVE on {source}: the application waits, ≤ {budget} ms in all")],
        cost: Cost::default(),
        undo: None,
    }
}
