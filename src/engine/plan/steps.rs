//! The steps that build the twin, up to *ready*: what each does, its locks, what it costs, how it is undone.

use super::{Known, Outline};
use crate::{
    model::{
        cost,
        ids::Ids,
        plan::{Cost, Finding, Statement, Step},
        scheme::{Leaf, Scheme},
    },
    ops,
};

pub(super) const ABORT: &str =
    "abort: our triggers are dropped first, then everything else; the source stays as it was";

/// From preflight to the statistics.
pub(super) fn all(outline: &Outline, warnings: &[Finding]) -> Vec<Step> {
    vec![
        preflight(&outline.scheme, warnings),
        capture(outline),
        census(outline),
        create(outline),
        copy(outline),
        seal(outline),
        replay(outline),
        verify(outline),
        analyze(outline),
    ]
}

fn source(outline: &Outline) -> String {
    outline.scheme.source().plain()
}

fn twin(outline: &Outline) -> String {
    outline.scheme.twin().plain()
}

/// The newest period's leaf, which is the first to be copied; DEFAULT comes after the periods.
pub(super) fn newest(outline: &Outline) -> Option<&Leaf> {
    outline.leaves.iter().rev().find(|leaf| leaf.period.is_some())
}

/// Says at the first statement of a label that it stands for all leaves.
pub(super) fn for_each_leaf(
    outline: &Outline,
    label: &str,
    mut statements: Vec<Statement>,
) -> Vec<Statement> {
    if let Some(first) = statements.iter_mut().find(|statement| statement.label == label) {
        first.sql = format!("-- likewise for each of the {} leaves …\n{}", outline.leaves.len(), first.sql);
    }
    statements
}

pub(super) fn preflight(scheme: &Scheme, warnings: &[Finding]) -> Step {
    let checks = crate::model::preflight::CHECKS.len();
    let table = scheme.source().plain();
    Step {
        name: "preflight".into(),
        summary: format!("{checks} checks of {table}: none refuses, {} warn", warnings.len()),
        statements: Vec::new(),
        locks: Vec::new(),
        cost: Cost::default(),
        undo: Some("nothing was changed".into()),
    }
}

fn capture(outline: &Outline) -> Step {
    Step {
        name: "capture".into(),
        summary:
            "from here on the key of every row that is written is logged, in the writer's own transaction"
                .into(),
        statements: ops::capture::statements(&outline.scheme),
        locks: vec![
            format!(
                "SHARE ROW EXCLUSIVE on {}: writers wait, each attempt ≤ 50 ms for the lock",
                source(outline)
            ),
            format!("SHARE UPDATE EXCLUSIVE on {} before it, so that autovacuum yields", source(outline)),
        ],
        cost: Cost::default(),
        undo: Some(ABORT.into()),
    }
}

pub(super) fn census(outline: &Outline) -> Step {
    Step {
        name: "census".into(),
        summary:
            "every row is counted once, per chunk of the heap and period: the totals are exact from here on"
                .into(),
        statements: ops::census::statements(&outline.scheme),
        locks: vec![format!("ACCESS SHARE on {}, a chunk at a time", outline.scheme.heap().plain())],
        cost: cost::census(&outline.scheme.table),
        undo: Some(ABORT.into()),
    }
}

fn create(outline: &Outline) -> Step {
    let how = match outline.known {
        Known::Exactly => "as the index on the partition column tells; the census decides",
        Known::Roughly => "as far as statistics tell; the census decides",
        Known::Not => "for now; the census decides",
    };
    Step {
        name: "create".into(),
        summary: format!(
            "{}{} is made, partitioned by {} every {}, with {} leaves {how}; nobody but the owner may touch it",
            Ids::of(&outline.scheme)
                .map_or_else(String::new, |ids| format!("{} is made, empty; ", ids.name.plain())),
            twin(outline),
            outline.scheme.by.as_str(),
            outline.scheme.calendar(),
            outline.leaves.len()
        ),
        statements: ops::twin::create_statements(&outline.scheme, &outline.leaves),
        locks: vec![
            format!("ACCESS EXCLUSIVE on {} and its leaves, which nobody else knows yet", twin(outline)),
            format!("ACCESS SHARE on {}", source(outline)),
        ],
        cost: Cost::default(),
        undo: Some(ABORT.into()),
    }
}

fn copy(outline: &Outline) -> Step {
    Step {
        name: "copy".into(),
        summary: "the rows are copied chunk by chunk into leaves without indexes, newest period first".into(),
        statements: ops::copy::statements(&outline.scheme),
        locks: vec![
            format!("ROW EXCLUSIVE on {}", twin(outline)),
            format!("ACCESS SHARE on {}, a chunk at a time", source(outline)),
        ],
        cost: cost::copy(&outline.scheme.table),
        undo: Some(ABORT.into()),
    }
}

fn seal(outline: &Outline) -> Step {
    let scheme = &outline.scheme;
    let ids = Ids::of(scheme);
    let one = |leaf: &Leaf| {
        let mut statements = vec![ops::seal::one_process()];
        statements.extend(ops::twin::seal_statements(scheme, leaf));
        statements.extend(ops::seal::statements(scheme, leaf));
        statements
    };
    let mut statements = for_each_leaf(outline, "seal leaf", newest(outline).map(one).unwrap_or_default());
    let adopted = newest(outline).map(std::slice::from_ref).unwrap_or_default();
    statements.extend(ops::twin::fill_ids_statements(scheme, &outline.leaves));
    statements.extend(for_each_leaf(outline, "attach index", ops::twin::adopt_statements(scheme, adopted)));
    Step {
        name: "seal".into(),
        summary: format!(
            "a leaf whose chunks are all done gets its indexes while others are copied; then {}the twin adopts them",
            ids.as_ref().map_or_else(String::new, |ids| format!(
                "{} is filled with every key, while replay waits, and kept by triggers; ",
                ids.name.plain()
            ))
        ),
        statements,
        locks: vec![
            format!("ACCESS EXCLUSIVE on the indexes of {}, for milliseconds", twin(outline)),
            "SHARE on the leaf that is sealed".into(),
        ],
        cost: ids.map_or_else(|| cost::seal(&scheme.table), |_| cost::seal_with_ids(&scheme.table)),
        undo: Some(ABORT.into()),
    }
}

fn replay(outline: &Outline) -> Step {
    Step {
        name: "replay".into(),
        summary:
            "what was written meanwhile is taken from the log and applied to sealed leaves, until the end"
                .into(),
        statements: ops::replay::forward::statements(&outline.scheme),
        locks: vec![
            format!("ROW EXCLUSIVE on {} and on the log", twin(outline)),
            format!("ACCESS SHARE on {}", source(outline)),
        ],
        cost: Cost::default(),
        undo: Some(ABORT.into()),
    }
}

pub(super) fn analyze(outline: &Outline) -> Step {
    Step {
        name: "analyze".into(),
        summary: format!(
            "statistics of {} and its partitions are made, beside verification",
            outline.scheme.filled().plain()
        ),
        statements: vec![ops::seal::analyze_statement(&outline.scheme.filled())],
        locks: vec![format!("SHARE UPDATE EXCLUSIVE on {} and its leaves", outline.scheme.filled().plain())],
        cost: Cost::default(),
        undo: Some(ABORT.into()),
    }
}

pub(super) fn verify(outline: &Outline) -> Step {
    let mut statements = ops::verify::statements(&outline.scheme);
    statements.extend(ops::repair::statements(&outline.scheme));
    Step {
        name: "verify".into(),
        summary: "source and twin are compared in one snapshot, row by row where a period differs; repair only on request"
            .into(),
        statements,
        locks: vec![format!("ACCESS SHARE on {} and {}", outline.scheme.heap().plain(), outline.scheme.filled().plain())],
        cost: cost::verify(&outline.scheme.table),
        undo: Some(ABORT.into()),
    }
}
