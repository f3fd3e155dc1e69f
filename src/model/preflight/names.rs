//! Names: everything we would create or rename to must be free, and there must not be too many leaves.

use std::collections::HashSet;

use super::{Case, Check, Hit, refuse};
use crate::{
    error::Error,
    model::{
        ident::Ident,
        ids::Ids,
        leaves::Uncut,
        scheme::{Leaf, Scheme},
        strategy::Strategy,
    },
};

const COLLISION: &str = "QD-080";
const UNCUT: &str = "QD-081";
const FREE_IT: &str = "rename or drop what has the name";

pub(super) const CHECKS: &[Check] = &[
    refuse(COLLISION, FREE_IT, collision),
    refuse(
        UNCUT,
        "choose a longer period with --every, or correct the rows whose times lie far off the others",
        too_many,
    ),
];

/// Every name in the table's schema that a migration takes for a while or for good.
pub fn wanted(scheme: &Scheme, leaves: &[Leaf]) -> Vec<Ident> {
    let indexes = || scheme.table.indexes.iter().map(|index| &index.name);
    let mut names = vec![scheme.twin().name];
    names.extend(indexes().map(|index| scheme.twin_index(index).name));
    // Of the leaves one is the old table, where it is adopted.
    if scheme.strategy != Strategy::Adopt {
        names.push(scheme.old().name);
        names.extend(indexes().map(|index| scheme.old_index(index).name));
    }
    if let Some(ids) = Ids::of(scheme) {
        let function = format!("{}()", ids.name.name.as_str());
        names.extend([ids.key_name(), ids.name.name, Ident::new(function)]);
    }
    for leaf in leaves {
        names.push(leaf.name.clone());
        names.extend(indexes().map(|index| Scheme::leaf_index(&leaf.name, index)));
    }
    names
}

/// The wanted names that something has already, or that two of our own objects would share.
pub fn collisions(scheme: &Scheme, leaves: &[Leaf], taken: &[Ident]) -> Vec<Ident> {
    let mut taken: HashSet<Ident> = taken.iter().cloned().collect();
    wanted(scheme, leaves).into_iter().filter(|name| !taken.insert(name.clone())).collect()
}

/// The refusal where a name is taken: for the moment before the twin is made, when all leaves are known.
pub fn refusal(scheme: &Scheme, leaves: &[Leaf], taken: &[Ident]) -> Option<Error> {
    let found = collisions(scheme, leaves, taken);
    let first = found.first()?;
    let others = if found.len() == 1 { String::new() } else { format!(", and {} more are", found.len() - 1) };
    Some(Error::Refused {
        id: COLLISION,
        object: scheme.source().sibling(first.clone()).plain(),
        reason: format!("the migration needs this name, and it is taken{others}"),
        remedy: FREE_IT.into(),
    })
}

/// The refusal of a span of time that cannot be cut into leaves: for the census, which alone knows it exactly.
pub fn uncut(scheme: &Scheme, why: Uncut) -> Error {
    Error::Refused {
        id: UNCUT,
        object: scheme.source().plain(),
        reason: why.to_string(),
        remedy: why.remedy().into(),
    }
}

fn collision(case: &Case<'_>) -> Vec<Hit> {
    let Some(by) = case.by() else { return Vec::new() };
    let scheme = case.scheme(uuid::Uuid::nil(), &by.name);
    let leaves = Case::leaves(&scheme, &case.periods(&by.name).unwrap_or_default());
    let mut found = collisions(&scheme, &leaves, &case.around.taken);
    if scheme.strategy == Strategy::Adopt {
        let keys = [scheme.wide_index(), scheme.narrow_index()].into_iter().flatten().map(|index| index.name);
        found.extend(keys.filter(|name| case.around.taken.contains(name)));
    }
    let object = |name: Ident| case.table.name.sibling(name).plain();
    found
        .into_iter()
        .map(|name| (object(name), "the migration needs this name, and it is taken".into()))
        .collect()
}

fn too_many(case: &Case<'_>) -> Vec<Hit> {
    let uncut = case.by().and_then(|by| case.periods(&by.name).err());
    uncut.map(|why| (case.name(), why.to_string())).into_iter().collect()
}
