//! Checks of the publications that name the table.

use super::{Case, Hit};
use crate::model::attached::Publication;

/// Each publication of which `holds`, with the reason.
fn each(case: &Case<'_>, holds: impl Fn(&Publication) -> bool, reason: &str) -> Vec<Hit> {
    let found = case.table.attached.publications.iter().filter(|publication| holds(publication));
    found.map(|publication| (publication.name.as_str().to_owned(), reason.to_owned())).collect()
}

pub(super) fn not_by_root(case: &Case<'_>) -> Vec<Hit> {
    let reason = "it would publish the partitions by their own names, which subscribers do not know";
    each(case, |publication| !publication.by_root, reason)
}

pub(super) fn not_owned(case: &Case<'_>) -> Vec<Hit> {
    let others = &case.around.rights.publications;
    let reason = "it belongs to another role, and the new table could not take the old one's place in it";
    each(case, |publication| others.contains(&publication.name), reason)
}

/// UPDATE and DELETE ask that the list covers the replica identity, and that is the new key.
pub(super) fn without_the_key(case: &Case<'_>) -> Vec<Hit> {
    let Some(by) = case.by().filter(|_| case.table.facts.replica_identity == "d") else { return Vec::new() };
    let lacks = |publication: &Publication| {
        publication.needs_identity
            && publication.columns.as_ref().is_some_and(|columns| !columns.contains(&by.name))
    };
    let reason = format!(
        "its column list lacks {}, which will be in the key: UPDATE and DELETE would fail",
        by.name.as_str()
    );
    each(case, lacks, &reason)
}
