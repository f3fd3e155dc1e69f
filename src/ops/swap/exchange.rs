//! The statements of the swap and of the reverse, from the dropping of one capture to the switching on of the other.
//!
//! Text only. The names move in the middle: what stands before it says source and twin (or old) as they
//! were, what stands behind says them as they will be, so that texts from the catalogue fit as they are.

use std::collections::BTreeSet;

use crate::{
    model::{
        carry::{self, Carry},
        ident::{Ident, QualifiedName, literal},
        ids::{self, Ids, Keeping},
        references,
        scheme::Scheme,
        table::{Constraint, ConstraintKind, Trigger},
        triggers,
    },
    ops::swap::attached,
    pg::script::Script,
};

/// The twin gets the name.
pub(super) fn swap(scheme: &Scheme, leaves: &[QualifiedName]) -> Script {
    let (name, twin) = (scheme.source(), scheme.twin());
    let mut script = Script::new();
    script.extend("capture off", triggers::drop_capture(scheme, name));
    script.append(stand_back(scheme));
    for fk in scheme.table.foreign_keys() {
        script.extend("add foreign keys", leaves.iter().map(|leaf| references::add_not_valid(leaf, fk)));
    }
    for check in not_valid_checks(scheme) {
        script.add("add checks", references::add_not_valid(&twin, check));
        script.extend("add checks", references::comment(&twin, check));
    }
    script.extend("release incoming foreign keys", scheme.incoming.release());
    script.append(take_over(scheme));
    script.extend("reverse capture on", triggers::reverse_capture(scheme, name, leaves));
    script.add("mirror to old", carry::functions(scheme, Carry::MirrorToOld));
    script
}

/// The same of a twin that is empty, and has its foreign keys and reverse capture from [`ready`] on.
pub(super) fn rename(scheme: &Scheme) -> Script {
    let mut script = stand_back(scheme);
    script.append(take_over(scheme));
    script.add("mirror to old", carry::functions(scheme, Carry::MirrorToOld));
    script
}

/// A foreign key of an empty twin, valid at once: what holds no rows is not felt (TRAPS 44).
pub(super) fn ready_key(scheme: &Scheme, fk: &Constraint) -> Script {
    let twin = scheme.twin();
    let mut script = Script::new();
    script.add("add foreign key", references::adopt(&twin, fk));
    script.extend("add foreign key", references::comment(&twin, fk));
    script
}

/// Reverse capture on a twin that nobody writes. Repeatable.
pub(super) fn ready_capture(scheme: &Scheme, leaves: &[QualifiedName]) -> Script {
    let mut script = Script::new();
    script.extend("reverse capture on", triggers::reverse_capture(scheme, &scheme.twin(), leaves));
    script
}

/// The table takes nobody's writes but ours.
fn stand_back(scheme: &Scheme) -> Script {
    let name = scheme.source();
    let mut script = Script::new();
    script.extend("silence old triggers", scheme.table.triggers.iter().filter_map(|t| disable(name, t)));
    script.extend("guard on", triggers::guard(scheme, name));
    script
}

/// The names, and what belongs to the one that has them.
fn take_over(scheme: &Scheme) -> Script {
    let (name, twin, old) = (scheme.source(), scheme.twin(), scheme.old());
    let mut script = Script::new();
    script.append(attached::leave(scheme, name));
    script.add("rename", format!("ALTER TABLE {name} RENAME TO {}", old.name));
    script
        .extend("rename", rename_indexes(scheme, |n| name.sibling(n.clone()), |n| scheme.old_index(n).name));
    script.extend("rename", attached::rename_statistics(scheme, Clone::clone, |n| scheme.old_statistics(n)));
    script.add("rename", format!("ALTER TABLE {twin} RENAME TO {}", name.name));
    script.extend("rename", rename_indexes(scheme, |n| scheme.twin_index(n), Clone::clone));
    script.extend("keep incoming foreign keys", ids::follow(scheme));
    script.extend("rename", attached::rename_statistics(scheme, |n| scheme.twin_statistics(n), Clone::clone));
    script.append(attached::take(scheme, name, &old));
    script.extend("make policies", attached::make_policies(scheme, name));
    script.extend("make triggers", scheme.table.triggers.iter().flat_map(|t| make(name, t)));
    script.extend("grant", grants(scheme, name));
    if let Some(ids) = Ids::of(scheme) {
        script.add("refuse second ids", ids.keep(Keeping::InUse));
        script.extend("grant", ids.grant());
    }
    script.extend("replace views", views(scheme));
    script
}

/// The old table gets the name back. Its foreign keys were dropped after the swap.
pub(super) fn reverse(scheme: &Scheme, leaves: &[QualifiedName]) -> Script {
    back(scheme, leaves, OldKeys::Dropped)
}

/// The same before the table with the name was full, when the old one has its foreign keys still.
pub(super) fn undo(scheme: &Scheme, leaves: &[QualifiedName]) -> Script {
    back(scheme, leaves, OldKeys::InForce)
}

/// The old table's foreign keys.
#[derive(Clone, Copy, PartialEq, Eq)]
enum OldKeys {
    Dropped,
    InForce,
}

fn back(scheme: &Scheme, leaves: &[QualifiedName], keys: OldKeys) -> Script {
    let (name, twin, old) = (scheme.source(), scheme.twin(), scheme.old());
    let mut script = Script::new();
    script.extend("reverse capture off", triggers::drop_reverse(name, leaves));
    script.extend("guard off", triggers::drop_guard(scheme, &old));
    script.extend(
        "drop triggers",
        scheme.table.triggers.iter().map(|t| format!("DROP TRIGGER {} ON {name}", t.name)),
    );
    script.extend("drop checks", not_valid_checks(scheme).map(|check| references::drop(name, check)));
    script.extend("revoke", revoke(scheme, name));
    if let Some(ids) = Ids::of(scheme) {
        script.extend("revoke", ids.revoke());
        script.add("take ids as they come", ids.keep(Keeping::Building));
    }
    script.extend("release incoming foreign keys", scheme.incoming.release());
    script.extend("drop policies", attached::drop_policies(scheme, name));
    script.append(attached::leave(scheme, name));
    script.add("rename", format!("ALTER TABLE {name} RENAME TO {}", twin.name));
    script
        .extend("rename", rename_indexes(scheme, |n| name.sibling(n.clone()), |n| scheme.twin_index(n).name));
    script.extend("rename", attached::rename_statistics(scheme, Clone::clone, |n| scheme.twin_statistics(n)));
    script.add("rename", format!("ALTER TABLE {old} RENAME TO {}", name.name));
    script.extend("rename", rename_indexes(scheme, |n| scheme.old_index(n), Clone::clone));
    script.extend("rename", attached::rename_statistics(scheme, |n| scheme.old_statistics(n), Clone::clone));
    script.append(attached::take(scheme, name, &twin));
    for fk in scheme.table.foreign_keys().filter(|_| keys == OldKeys::Dropped) {
        // A partitioned table cannot have one that is NOT VALID: its parts get it, and it takes theirs when they are valid.
        let heaps = scheme.heaps(name);
        script.extend("add old foreign keys", heaps.iter().map(|heap| references::add_not_valid(heap, fk)));
        if !scheme.table.is_partitioned() {
            script.extend("add old foreign keys", references::comment(name, fk));
        }
    }
    script.extend("restore incoming foreign keys", scheme.incoming.restore());
    script.extend("wake old triggers", scheme.table.triggers.iter().filter_map(|t| enable(name, t)));
    script.extend("replace views", views(scheme));
    script.extend("capture on", triggers::capture(scheme, name));
    script.add("mirror to twin", carry::functions(scheme, Carry::MirrorAllToTwin));
    script
}

/// Takes the lock of each view, and of it alone: LOCK TABLE would lock every table that it reads. The options come back
/// with the view's text.
pub(super) fn lock_views(scheme: &Scheme) -> Script {
    let mut script = Script::new();
    if !scheme.table.views.is_empty() {
        script.add("lock views", "SET LOCAL lock_timeout = '20ms'");
        let reset = |name: &QualifiedName| format!("ALTER VIEW {name} RESET (security_barrier)");
        script.extend("lock views", scheme.table.views.iter().map(|view| reset(&view.name)));
    }
    script
}

/// The application's rights on `table`.
pub(super) fn grants(scheme: &Scheme, table: &QualifiedName) -> Vec<String> {
    let on = format!(" ON TABLE {table} ");
    scheme.table.grants.iter().map(|grant| grant.replace(" ON TABLE {} ", &on)).collect()
}

fn not_valid_checks(scheme: &Scheme) -> impl Iterator<Item = &Constraint> {
    scheme.table.constraints.iter().filter(|c| !c.validated && matches!(c.kind, ConstraintKind::Check { .. }))
}

fn rename_indexes(
    scheme: &Scheme,
    from: impl Fn(&Ident) -> QualifiedName,
    to: impl Fn(&Ident) -> Ident,
) -> Vec<String> {
    let indexes = scheme.table.indexes.iter();
    indexes.map(|index| format!("ALTER INDEX {} RENAME TO {}", from(&index.name), to(&index.name))).collect()
}

/// By name: DISABLE TRIGGER USER would take ours too, and forget what each was (TRAPS 63).
fn disable(table: &QualifiedName, trigger: &Trigger) -> Option<String> {
    (trigger.enabled != 'D').then(|| format!("ALTER TABLE {table} DISABLE TRIGGER {}", trigger.name))
}

/// Gives a disabled trigger the state it had.
fn enable(table: &QualifiedName, trigger: &Trigger) -> Option<String> {
    let how = match trigger.enabled {
        'A' => "ENABLE ALWAYS",
        'R' => "ENABLE REPLICA",
        'D' => return None,
        _ => "ENABLE",
    };
    Some(format!("ALTER TABLE {table} {how} TRIGGER {}", trigger.name))
}

/// The catalogue's text names the table as it is called when this runs.
pub(super) fn make(table: &QualifiedName, trigger: &Trigger) -> Vec<String> {
    let mut sql = vec![trigger.definition.clone()];
    match trigger.enabled {
        'O' => {}
        'D' => sql.extend(disable(table, &Trigger { enabled: 'O', ..trigger.clone() })),
        _ => sql.extend(enable(table, trigger)),
    }
    if let Some(text) = &trigger.comment {
        sql.push(format!("COMMENT ON TRIGGER {} ON {table} IS {}", trigger.name, literal(text)));
    }
    sql
}

pub(super) fn views(scheme: &Scheme) -> impl Iterator<Item = String> {
    scheme.table.views.iter().map(|view| {
        let options = if view.options.is_empty() {
            String::new()
        } else {
            format!(" WITH ({})", view.options.join(", "))
        };
        format!("CREATE OR REPLACE VIEW {}{options} AS {}", view.name, view.definition)
    })
}

/// Takes back what was granted on the source, or by [`swap`], from each grantee once.
pub(super) fn revoke(scheme: &Scheme, table: &QualifiedName) -> Vec<String> {
    let grantee = |grant: &String| {
        let (_, to) = grant.split_once(" ON TABLE {} TO ")?;
        Some(to.strip_suffix(" WITH GRANT OPTION").unwrap_or(to).to_owned())
    };
    let grantees: BTreeSet<String> = scheme.table.grants.iter().filter_map(grantee).collect();
    grantees.iter().map(|grantee| format!("REVOKE ALL ON TABLE {table} FROM {grantee} CASCADE")).collect()
}
