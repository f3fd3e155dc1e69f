//! Whether table and dependants are still what the plan says: all of it before the swap, what is made from the plan's text
//! once more under the exclusive lock. What came, went or changed meanwhile would be lost in silence.

use std::collections::BTreeSet;

use tokio_postgres::Row;

use crate::{
    error::{Error, Result},
    model::{drift, ids::Ids, scheme::Scheme},
    ops::swap::Way,
    pg::{Session, Tx, catalog},
};

const FOREIGN_KEY: &str = "foreign key";

/// One object: kind, name, definition, state.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Dependant {
    kind: String,
    name: String,
    definition: String,
    state: String,
}

impl Dependant {
    fn of(row: &Row) -> Self {
        Self { kind: row.get(0), name: row.get(1), definition: row.get(2), state: row.get(3) }
    }

    fn new(kind: &str, name: String, definition: &str, state: String) -> Self {
        Self { kind: kind.into(), name, definition: definition.into(), state }
    }
}

/// Refuses where anything about the source was changed since the plan was made. Before any lock.
pub(super) async fn compare(session: &Session, scheme: &Scheme) -> Result<()> {
    let now = catalog::load_oid(session, scheme.table.oid).await?;
    match drift::first_change(&scheme.table, &now) {
        None => Ok(()),
        Some(what) => Err(Error::Changed { table: scheme.source().plain(), what }),
    }
}

/// Refuses where a trigger, view or foreign key changed since.
pub(super) async fn check(tx: &Tx<'_>, scheme: &Scheme, way: Way) -> Result<()> {
    const SQL: &str = include_str!("../../../assets/sql/dependants.sql");
    let ids = Ids::of(scheme).map(|ids| format!("{}()", ids.name));
    let params: crate::pg::session::Params<'_> = &[&scheme.source().to_string(), &scheme.table.oid, &ids];
    let rows = tx.query("read dependants", SQL, params).await?;
    let (keys, mut found): (BTreeSet<_>, BTreeSet<_>) =
        rows.iter().map(Dependant::of).partition(|dependant| dependant.kind == FOREIGN_KEY);
    let mut planned = planned(scheme);
    match way {
        // The old table's foreign keys are dropped between swap and reverse.
        Way::Swap | Way::Rename => {
            found.extend(keys);
            planned.extend(planned_keys(scheme));
        }
        Way::Reverse | Way::Undo => {}
    }
    match first_difference(&planned, &found) {
        None => Ok(()),
        Some(what) => Err(Error::Changed { table: scheme.source().plain(), what }),
    }
}

fn planned(scheme: &Scheme) -> BTreeSet<Dependant> {
    let triggers = scheme
        .table
        .triggers
        .iter()
        .map(|t| Dependant::new("trigger", t.name.as_str().into(), &t.definition, t.enabled.to_string()));
    let views = scheme
        .table
        .views
        .iter()
        .map(|view| Dependant::new("view", view.name.plain(), &view.definition, String::new()));
    triggers.chain(views).chain(attached(scheme)).collect()
}

fn attached(scheme: &Scheme) -> impl Iterator<Item = Dependant> {
    let attached = &scheme.table.attached;
    let security = |on: bool| if on { 't' } else { 'f' };
    let (enabled, forced) = (security(attached.row_security.enabled), security(attached.row_security.forced));
    let security = format!("enabled {enabled} forced {forced}");
    let none = String::new;
    let policies = attached
        .policies
        .iter()
        .map(move |p| Dependant::new("policy", p.name.as_str().into(), &p.definition, none()));
    let publications = attached
        .publications
        .iter()
        .map(move |p| Dependant::new("publication", p.name.as_str().into(), "", none()));
    let statistics = attached
        .statistics
        .iter()
        .map(move |s| Dependant::new("statistics object", s.name.plain(), &s.of, none()));
    let columns = scheme.table.columns.iter();
    let identities = columns.filter_map(|column| Some((column.name.as_str(), column.identity.as_ref()?)));
    let identities = identities.map(|(name, identity)| {
        let state = if identity.always { "a" } else { "d" };
        Dependant::new("identity column", name.into(), &identity.options, state.into())
    });
    let one = Dependant::new("row level security", none(), &security, none());
    policies.chain(publications).chain(statistics).chain(identities).chain([one])
}

fn planned_keys(scheme: &Scheme) -> impl Iterator<Item = Dependant> {
    scheme
        .table
        .foreign_keys()
        .map(|key| Dependant::new(FOREIGN_KEY, key.name.as_str().into(), &key.definition, String::new()))
}

fn first_difference(planned: &BTreeSet<Dependant>, found: &BTreeSet<Dependant>) -> Option<String> {
    let named = |set: &BTreeSet<Dependant>, one: &Dependant| {
        set.iter().any(|other| other.kind == one.kind && other.name == one.name)
    };
    let how =
        |one: &Dependant, how: &str| Some(format!("{} {} {how} since the plan was made", one.kind, one.name));
    if let Some(lost) = planned.difference(found).next() {
        return how(lost, if named(found, lost) { "was changed" } else { "was dropped" });
    }
    found.difference(planned).next().and_then(|new| how(new, "was added"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn differences_are_named() {
        let one =
            |name: &str, definition: &str| Dependant::new("view", name.into(), definition, String::new());
        let set = |all: &[Dependant]| all.iter().cloned().collect::<BTreeSet<_>>();
        let planned = set(&[one("public.v", "SELECT 1")]);
        let words = |found: &[Dependant]| first_difference(&planned, &set(found));
        assert_eq!(words(&[one("public.v", "SELECT 1")]), None);
        assert_eq!(words(&[]).unwrap(), "view public.v was dropped since the plan was made");
        assert_eq!(
            words(&[one("public.v", "SELECT 2")]).unwrap(),
            "view public.v was changed since the plan was made"
        );
        let both = [one("public.v", "SELECT 1"), one("public.w", "SELECT 1")];
        assert_eq!(words(&both).unwrap(), "view public.w was added since the plan was made");
    }
}
