//! What an exchange leaves for right after it: locks that an application transaction may hold till its end.
//!
//! Dropping a foreign key locks the referenced table exclusively, against every application that has read it in the
//! same transaction (TRAPS 62); until that is won, writers mirror, so that the follower is in step and its foreign
//! keys are never felt (TRAPS 44). Giving a sequence to another table waits for every transaction that has called
//! nextval. Neither is worth losing the exchange for.

use crate::{
    error::Result,
    model::{
        carry::Carry, ident::QualifiedName, plan::Statement, references, scheme::Scheme, table::Constraint,
    },
    ops::swap::{Holder, Swap, Way, exchange, holder, mirror},
    pg::{
        Fence, Session,
        lock::{Brief, Mode, Patience, Record, Report},
        script::Script,
    },
};

/// See [`Swap::settle`].
pub(super) async fn settle(swap: &Swap<'_>, session: &mut Session, report: Report<'_>) -> Result<()> {
    // What follows now is what would lead the other way.
    let back = match holder(session, swap.scheme).await? {
        Holder::Twin => Way::Reverse,
        Holder::Source => Way::Swap,
    };
    free_follower(swap, session, back, report).await?;
    mirror::off(session, swap.fence, swap.scheme).await?;
    sequences(swap.scheme, session, swap.fence, (swap.patience, report)).await
}

/// Sequences of columns go to the table with the name. Repeatable.
pub(super) async fn sequences(
    scheme: &Scheme,
    session: &mut Session,
    fence: &Fence,
    (patience, report): (Patience, Report<'_>),
) -> Result<()> {
    match give_sequences(scheme) {
        Some(brief) => brief.run(session, fence, patience, report).await,
        None => Ok(()),
    }
}

/// Drops the foreign keys that the table without the name has, if it has any. They would make deletes of referenced rows
/// fail while it lags; and replay would lock referenced rows, against which a busy application wins every time.
pub(super) async fn free_follower(
    swap: &Swap<'_>,
    session: &mut Session,
    way: Way,
    report: Report<'_>,
) -> Result<()> {
    let mut tables = vec![way.follower(swap.scheme)];
    tables.extend_from_slice(partitions(swap.scheme, swap.leaves, way));
    if has_keys(session, &tables).await? {
        free(swap.scheme, swap.leaves, way).run(session, swap.fence, swap.patience, report).await?;
    }
    Ok(())
}

/// The partitions of the table without the name.
fn partitions<'a>(scheme: &'a Scheme, leaves: &'a [QualifiedName], way: Way) -> &'a [QualifiedName] {
    if way.is_forward() { leaves } else { &scheme.table.facts.parts }
}

/// Whether any of the tables has a foreign key.
async fn has_keys(session: &Session, tables: &[QualifiedName]) -> Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' \
                       AND conrelid = ANY (SELECT to_regclass(t) FROM unnest($1::text[]) AS t))";
    let names: Vec<_> = tables.iter().map(QualifiedName::to_string).collect();
    Ok(session.query_one("look for foreign keys", SQL, &[&names]).await?.get(0))
}

/// Referenced tables first; nothing else is locked then.
fn free(scheme: &Scheme, leaves: &[QualifiedName], way: Way) -> Brief {
    let follower = way.follower(scheme);
    let mut script = Script::new();
    let tables = || std::iter::once(&follower).chain(partitions(scheme, leaves, way));
    for fk in scheme.table.foreign_keys() {
        script.extend("drop foreign keys", tables().map(|table| references::drop(table, fk)));
    }
    let mut tables = references::referenced_tables(scheme);
    tables.push(follower);
    let locks = tables.iter().map(|table| (Mode::AccessExclusive, table.clone())).collect();
    Brief { step: "drop foreign keys", quiet: tables, locks, script, record: Record::Nothing }
}

/// See [`Swap::ready`].
pub(super) async fn ready(swap: &Swap<'_>, session: &mut Session, report: Report<'_>) -> Result<()> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM pg_constraint WHERE contype = 'f' AND conrelid = to_regclass($1) \
                       AND conname = $2)";
    let twin = swap.scheme.twin().to_string();
    for fk in swap.scheme.table.foreign_keys() {
        let there = session.query_one("look for foreign key", SQL, &[&twin, &fk.name.as_str()]).await?;
        if !there.get::<_, bool>(0) {
            ready_key(swap.scheme, fk).run(session, swap.fence, swap.patience, report).await?;
        }
    }
    ready_capture(swap.scheme, swap.leaves).run(session, swap.fence, swap.patience, report).await
}

/// What `plan --sql` shows of [`ready`].
pub(super) fn ready_statements(scheme: &Scheme, leaves: &[QualifiedName]) -> Vec<Statement> {
    let keys = scheme.table.foreign_keys().map(|fk| ready_key(scheme, fk));
    let briefs = keys.chain([ready_capture(scheme, leaves)]);
    briefs.flat_map(|brief| brief.statements()).collect()
}

/// Each by itself; it holds up writers of the referenced table alone.
fn ready_key(scheme: &Scheme, fk: &Constraint) -> Brief {
    let quiet: Vec<_> = references::referenced(fk).cloned().into_iter().collect();
    let locks = quiet.iter().map(|table| (Mode::ShareRowExclusive, table.clone())).collect();
    let script = exchange::ready_key(scheme, fk);
    Brief { step: "add foreign key", quiet, locks, script, record: Record::Nothing }
}

fn ready_capture(scheme: &Scheme, leaves: &[QualifiedName]) -> Brief {
    Brief::unlocked("reverse capture", exchange::ready_capture(scheme, leaves))
}

fn give_sequences(scheme: &Scheme) -> Option<Brief> {
    let mut script = Script::new();
    script.extend("give sequences", references::give_sequences(scheme));
    (!script.is_empty()).then(|| Brief::unlocked("give sequences", script))
}

/// What `plan --sql` shows.
pub(super) fn statements(scheme: &Scheme, leaves: &[QualifiedName], way: Way) -> Vec<Statement> {
    let back = if way.is_forward() { Way::Reverse } else { Way::Swap };
    let mut shown = free(scheme, leaves, back).statements();
    shown.extend(mirror::shown(scheme, Carry::Log).statements());
    shown.extend(sequence_statements(scheme));
    shown
}

/// What `plan --sql` shows of [`sequences`].
pub(super) fn sequence_statements(scheme: &Scheme) -> Vec<Statement> {
    give_sequences(scheme).iter().flat_map(Brief::statements).collect()
}
