//! What was changed on a table since its plan was made: it would be lost in the swap without a word.

use std::fmt::Debug;

use crate::model::{attached::Attached, ident::QualifiedName, table::Table};

/// The first thing that differs between the plan's table and what it is now, in words. Sizes, and whether a foreign key
/// is valid, may differ.
pub fn first_change(planned: &Table, now: &Table) -> Option<String> {
    let valid = |table: &Table| {
        let mut constraints = table.constraints.clone();
        for constraint in &mut constraints {
            constraint.validated = true;
        }
        constraints
    };
    named("column", &planned.columns, &now.columns, |column| column.name.as_str())
        .or_else(|| named("index", &planned.indexes, &now.indexes, |index| index.name.as_str()))
        .or_else(|| named("constraint", &valid(planned), &valid(now), |constraint| constraint.name.as_str()))
        .or_else(|| named("trigger", &planned.triggers, &now.triggers, |trigger| trigger.name.as_str()))
        .or_else(|| named("right", &planned.grants, &now.grants, String::as_str))
        .or_else(|| named("setting", &planned.facts.options, &now.facts.options, String::as_str))
        .or_else(|| attached(&planned.attached, &now.attached))
        .or_else(|| {
            named("thing", &planned.facts.unhandled, &now.facts.unhandled, |hanger| hanger.name.as_str())
        })
        .or_else(|| {
            let keys = |table: &Table| table.facts.incoming_foreign_keys.clone();
            named("incoming foreign key", &keys(planned), &keys(now), String::as_str)
        })
        .or_else(|| {
            let parts =
                |table: &Table| table.facts.parts.iter().map(QualifiedName::plain).collect::<Vec<_>>();
            named("partition", &parts(planned), &parts(now), String::as_str)
        })
        .or_else(|| {
            let identity = |table: &Table| table.facts.replica_identity.clone();
            (identity(planned) != identity(now))
                .then(|| "its replica identity was changed since the plan was made".into())
        })
        .or_else(|| (planned.owner != now.owner).then(|| "its owner was changed".into()))
        .or_else(|| (planned.comment != now.comment).then(|| "its comment was changed".into()))
}

fn attached(planned: &Attached, now: &Attached) -> Option<String> {
    let differs = |differs: bool, what: &str| {
        differs.then(|| format!("its {what} was changed since the plan was made"))
    };
    named("policy", &planned.policies, &now.policies, |policy| policy.name.as_str())
        .or_else(|| {
            named("statistics object", &planned.statistics, &now.statistics, |one| one.name.name.as_str())
        })
        .or_else(|| named("publication", &planned.publications, &now.publications, |one| one.name.as_str()))
        .or_else(|| differs(planned.row_security != now.row_security, "row level security"))
        .or_else(|| differs(planned.identity_index != now.identity_index, "replica identity"))
        .or_else(|| differs(planned.clustered_on != now.clustered_on, "cluster mark"))
        .or_else(|| differs(planned.tablespace != now.tablespace, "tablespace"))
}

fn named<T: PartialEq + Debug>(
    kind: &str,
    planned: &[T],
    now: &[T],
    name: impl Fn(&T) -> &str,
) -> Option<String> {
    let how = |one: &T, how: &str| Some(format!("{kind} {} {how} since the plan was made", name(one)));
    let known = |set: &[T], one: &T| set.iter().any(|other| name(other) == name(one));
    if let Some(lost) = planned.iter().find(|one| !now.contains(one)) {
        return how(lost, if known(now, lost) { "was changed" } else { "was dropped" });
    }
    now.iter().find(|one| !planned.contains(one)).and_then(|new| how(new, "was added"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_change_is_named() {
        let words = |now: &[&str]| named("right", &["a", "b"], now, |one| one);
        assert_eq!(words(&["b", "a"]), None);
        assert_eq!(words(&["a"]).unwrap(), "right b was dropped since the plan was made");
        assert_eq!(words(&["a", "b", "c"]).unwrap(), "right c was added since the plan was made");
        let pair = |a, b| named("index", &[(1, a)], &[(1, b)], |_| "one");
        assert_eq!(pair(1, 2).unwrap(), "index one was changed since the plan was made");
    }
}
