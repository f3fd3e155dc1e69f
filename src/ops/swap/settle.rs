//! What an exchange leaves for right after it: locks that an application transaction may hold till its end.
//!
//! Dropping a foreign key locks the referenced table; giving a sequence to another table waits for every
//! transaction that has called nextval. Neither is worth losing the exchange for.

use std::collections::BTreeSet;

use crate::{
    error::Result,
    model::{
        ident::{Ident, QualifiedName},
        plan::Statement,
        references,
        scheme::Scheme,
    },
    ops::swap::{Holder, Swap, Way, exchange, holder},
    pg::{
        Session,
        lock::{Brief, Mode, Record, Report},
        script::Script,
    },
};

/// See [`Swap::settle`].
pub(super) async fn settle(swap: &Swap<'_>, session: &mut Session, report: Report<'_>) -> Result<()> {
    let way = match holder(session, swap.scheme).await? {
        Holder::Twin => Way::Swap,
        Holder::Source => Way::Reverse,
    };
    match way {
        Way::Swap => free_old(swap, session, report).await?,
        Way::Reverse => free_twin(swap, session, report).await?,
    }
    if let Some(brief) = give_sequences(swap.scheme) {
        brief.run(session, swap.fence, swap.patience, report).await?;
    }
    Ok(())
}

/// The old table's foreign keys that check, if it still has them.
async fn free_old(swap: &Swap<'_>, session: &mut Session, report: Report<'_>) -> Result<()> {
    let has = keys_of(session, &[swap.scheme.old()]).await?;
    if references::checking(swap.scheme).any(|fk| has.contains(&fk.name)) {
        drop_old_keys(swap.scheme).run(session, swap.fence, swap.patience, report).await?;
    }
    Ok(())
}

/// The twin's foreign keys, if a reverse left any.
pub(super) async fn free_twin(swap: &Swap<'_>, session: &mut Session, report: Report<'_>) -> Result<()> {
    let mut tables = swap.leaves.to_vec();
    tables.push(swap.scheme.twin());
    if !keys_of(session, &tables).await?.is_empty() {
        drop_twin_keys(swap.scheme, swap.leaves).run(session, swap.fence, swap.patience, report).await?;
    }
    Ok(())
}

/// Names of the outgoing foreign keys that any of the tables has.
async fn keys_of(session: &Session, tables: &[QualifiedName]) -> Result<BTreeSet<Ident>> {
    const SQL: &str = "SELECT DISTINCT conname::text FROM pg_constraint \
                       WHERE contype = 'f' AND conrelid = ANY (SELECT to_regclass(t) FROM unnest($1::text[]) AS t)";
    let names: Vec<_> = tables.iter().map(QualifiedName::to_string).collect();
    let rows = session.query("read foreign keys", SQL, &[&names]).await?;
    Ok(rows.iter().map(|row| Ident::new(row.get::<_, String>(0))).collect())
}

fn drop_old_keys(scheme: &Scheme) -> Brief {
    let old = scheme.old();
    let mut script = Script::new();
    script.extend("drop old foreign keys", references::checking(scheme).map(|fk| references::drop(&old, fk)));
    drop_keys(scheme, "drop old foreign keys", old, script)
}

fn drop_twin_keys(scheme: &Scheme, leaves: &[QualifiedName]) -> Brief {
    let twin = scheme.twin();
    let mut script = Script::new();
    script.extend("drop foreign keys", exchange::drop_keys(scheme, &twin, leaves));
    drop_keys(scheme, "drop foreign keys", twin, script)
}

/// Referenced tables first; nothing else is locked then.
fn drop_keys(scheme: &Scheme, step: &'static str, table: QualifiedName, script: Script) -> Brief {
    let mut tables = references::referenced_tables(scheme);
    tables.push(table);
    let locks = tables.iter().map(|table| (Mode::AccessExclusive, table.clone())).collect();
    Brief { step, quiet: tables, locks, script, record: Record::Nothing }
}

/// Sequences of columns belong to the table that owns the name, so that dropping the other one leaves them, and
/// `pg_get_serial_sequence` finds them.
fn give_sequences(scheme: &Scheme) -> Option<Brief> {
    let mut script = Script::new();
    for column in scheme.table.columns.iter().filter(|column| !column.identity) {
        if let Some(sequence) = &column.owned_sequence {
            let owner = format!("{}.{}", scheme.source(), column.name);
            script.add("give sequences", "SET LOCAL lock_timeout = '50ms'");
            script.add("give sequences", format!("ALTER SEQUENCE {sequence} OWNED BY {owner}"));
        }
    }
    let brief = Brief {
        step: "give sequences",
        quiet: Vec::new(),
        locks: Vec::new(),
        script,
        record: Record::Nothing,
    };
    (!brief.script.is_empty()).then_some(brief)
}

/// What `plan --sql` shows.
pub(super) fn statements(scheme: &Scheme, leaves: &[QualifiedName], way: Way) -> Vec<Statement> {
    let mut shown = match way {
        Way::Swap => drop_old_keys(scheme).statements(),
        Way::Reverse => drop_twin_keys(scheme, leaves).statements(),
    };
    shown.extend(give_sequences(scheme).iter().flat_map(Brief::statements));
    shown
}
