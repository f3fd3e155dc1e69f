//! Checks that only the strategy `adopt` asks: what keeps a table from becoming a partition as it is.

use super::{Case, Check, Hit, refuse, warn};
use crate::model::{
    attached::Attached,
    clock::Clock,
    history::{BOUND, History},
    incoming::Choice,
    strategy::Strategy,
    table::ConstraintKind,
};

pub(super) const CHECKS: &[Check] = &[
    refuse("QD-120", "ALTER TABLE … VALIDATE CONSTRAINT it first, or use --strategy online", not_valid),
    refuse("QD-121", "rename it", bound_taken),
    refuse("QD-126", "use --strategy online, or name a `timestamptz` column with --by", other_clock),
    refuse("QD-127", "use --strategy online, which takes --incoming", incoming),
    refuse("QD-128", "use --strategy online, which carries it over", attached),
    warn("QD-125", "use --history range, or make partitions far ahead with --ahead", default_scanned),
];

fn adopts(case: &Case<'_>) -> bool {
    case.request.strategy == Strategy::Adopt
}

fn not_valid(case: &Case<'_>) -> Vec<Hit> {
    let found = case.table.constraints.iter().filter(|constraint| {
        adopts(case) && !constraint.validated && matches!(constraint.kind, ConstraintKind::Check { .. })
    });
    let reason = "the CHECK is NOT VALID, and a partition must have its parent's CHECKs valid";
    found.map(|constraint| (constraint.name.as_str().to_owned(), reason.to_owned())).collect()
}

fn bound_taken(case: &Case<'_>) -> Vec<Hit> {
    let mut named = case.table.constraints.iter().filter(|constraint| constraint.name.as_str() == BOUND);
    let taken = adopts(case) && named.next().is_some();
    let reason = "the table has a constraint of the name that ours takes for a while";
    if taken { vec![(BOUND.to_owned(), reason.to_owned())] } else { Vec::new() }
}

fn other_clock(case: &Case<'_>) -> Vec<Hit> {
    let clock = case.by().filter(|_| adopts(case)).and_then(|by| Some((by, case.clock(by).ok()?)));
    let Some((by, clock)) = clock.filter(|(_, clock)| *clock != Clock::Timestamptz) else {
        return Vec::new();
    };
    let reason = format!("its clock is {clock}; this version finds the bound of history by timestamptz only");
    vec![(format!("{}.{}", case.name(), by.name.as_str()), reason)]
}

fn incoming(case: &Case<'_>) -> Vec<Hit> {
    let chosen = adopts(case) && case.request.incoming != Choice::Refuse;
    let reason = "what becomes of incoming foreign keys is not chosen for a table that is adopted";
    case.about_table(chosen.then(|| reason.into()))
}

/// What the online strategy carries over from one table to another, and this one would leave on history alone.
fn attached(case: &Case<'_>) -> Vec<Hit> {
    if !adopts(case) {
        return Vec::new();
    }
    let (table, reason) = (case.table, "this version of adopt does not carry it over");
    // A sequence that belongs to a column goes to the parent's column after the swap, and back.
    let columns =
        table.columns.iter().filter(|column| column.identity.is_some() || !column.options.is_empty());
    let indexes =
        table.indexes.iter().filter(|index| index.tablespace.is_some() || !index.targets.is_empty());
    let triggers = table.triggers.iter().filter(|trigger| trigger.constraint);
    let keys = table.foreign_keys().filter(|key| !key.validated);
    let settings = table.attached != Attached::default() || table.facts.replica_identity != "d";
    let what = "row security, policies, statistics objects, publications, tablespace, cluster mark or replica identity";
    columns
        .map(|column| format!("identity or options of {}", column.name.as_str()))
        .chain(indexes.map(|index| format!("tablespace or statistics targets of {}", index.name.as_str())))
        .chain(triggers.map(|trigger| format!("constraint trigger {}", trigger.name.as_str())))
        .chain(keys.map(|key| format!("foreign key {}, which is NOT VALID", key.name.as_str())))
        .chain(settings.then(|| format!("{what} of {}", case.name())))
        .map(|object| (object, reason.to_owned()))
        .collect()
}

fn default_scanned(case: &Case<'_>) -> Vec<Hit> {
    let is_default = adopts(case) && case.request.history == History::Default;
    case.about_table(is_default.then(|| {
        "the old table becomes DEFAULT: every partition that is added later reads all of it under its lock, and none can be \
         detached CONCURRENTLY"
            .into()
    }))
}
