//! Abort, before the swap or after a reverse: our triggers go in a short transaction of their own, then everything else.
//!
//! Every step asks whether its object is there, so that it ends right wherever an earlier one was killed. The
//! source is left as it was; after a reverse its foreign keys must have been restored before.

use crate::{
    error::Result,
    model::{ident::QualifiedName, ids::Ids, plan::Statement, references, scheme::Scheme, triggers},
    pg::{
        Fence, Session,
        lock::{Brief, Mode, Patience, Record, Report},
        script::Script,
    },
};

/// Removes everything of ours but the journal's rows.
pub async fn abort(
    session: &mut Session,
    fence: &Fence,
    scheme: &Scheme,
    patience: Patience,
    report: Report<'_>,
) -> Result<()> {
    // Only what we made: the twin is partitioned.
    let twin = kind(session, &scheme.twin()).await? == Some('p');
    if twin {
        // As long as it has foreign keys it must not lag: they go before capture does.
        let keys = twin_keys(session, scheme).await?;
        if !keys.is_empty() {
            free_twin(scheme, keys).run(session, fence, patience, report).await?;
        }
    }
    if watched(session, scheme.source()).await? {
        silence(scheme).run(session, fence, patience, report).await?;
    }
    if twin {
        if has_sequence(session, scheme).await? {
            give_sequences(scheme).run(session, fence, patience, report).await?;
        }
        remove_twin(scheme).run(session, fence, patience, report).await?;
    }
    remove_log(scheme).run(session, fence, patience, report).await
}

/// What `plan --sql` shows.
pub fn statements(scheme: &Scheme) -> Vec<Statement> {
    [silence(scheme), remove_twin(scheme), remove_log(scheme)].iter().flat_map(Brief::statements).collect()
}

/// Whether a table has a trigger of ours. One that has none is not locked: whoever is at work on it is not waited for.
async fn watched(session: &Session, table: &QualifiedName) -> Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = to_regclass($1) \
                       AND starts_with(tgname::text, 'quarterdeck_'))";
    Ok(session.query_one("look for triggers", SQL, &[&table.to_string()]).await?.get(0))
}

/// `relkind`, where there is a relation of this name.
async fn kind(session: &Session, table: &QualifiedName) -> Result<Option<char>> {
    const SQL: &str = "SELECT relkind::text FROM pg_class WHERE oid = to_regclass($1)";
    let row = session.query_opt("look for table", SQL, &[&table.to_string()]).await?;
    Ok(row.and_then(|row| row.get::<_, &str>(0).chars().next()))
}

/// Writes to the source cost nothing of ours any more.
fn silence(scheme: &Scheme) -> Brief {
    let source = scheme.source();
    let mut script = Script::new();
    script.extend("capture off", triggers::drop_all(scheme));
    Brief {
        step: "abort",
        quiet: vec![source.clone()],
        locks: vec![(Mode::AccessExclusive, source.clone())],
        script,
        record: Record::Nothing,
    }
}

/// Drops the foreign keys that a reverse left on the twin, if there are any.
async fn twin_keys(session: &Session, scheme: &Scheme) -> Result<Vec<String>> {
    const SQL: &str = include_str!("../../assets/sql/drop_twin_keys.sql");
    let rows = session.query("read foreign keys", SQL, &[&scheme.twin().to_string()]).await?;
    Ok(rows.iter().map(|row| row.get(0)).collect())
}

/// It locks the referenced tables, so it stands alone.
fn free_twin(scheme: &Scheme, keys: Vec<String>) -> Brief {
    let mut tables = references::referenced_tables(scheme);
    tables.push(scheme.twin());
    let mut script = Script::new();
    script.extend("drop foreign keys", keys);
    let locks = tables.iter().map(|table| (Mode::AccessExclusive, table.clone())).collect();
    Brief { step: "abort", quiet: tables, locks, script, record: Record::Nothing }
}

/// Whether a sequence of the source's columns belongs to the twin still, as it did before a reverse.
async fn has_sequence(session: &Session, scheme: &Scheme) -> Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM pg_depend d JOIN pg_class s ON s.oid = d.objid AND s.relkind = 'S' \
                       WHERE d.classid = 'pg_class'::regclass AND d.refobjid = to_regclass($1) AND d.deptype = 'a')";
    Ok(session.query_one("look for sequences", SQL, &[&scheme.twin().to_string()]).await?.get(0))
}

fn give_sequences(scheme: &Scheme) -> Brief {
    let mut script = Script::new();
    script.extend("give sequences", references::give_sequences(scheme));
    Brief::unlocked("abort", script)
}

/// Nobody uses the twin, so nobody waits, however many leaves it has.
fn remove_twin(scheme: &Scheme) -> Brief {
    let twin = scheme.twin();
    let mut script = Script::new();
    script.add("drop twin", format!("DROP TABLE {twin}"));
    script.extend("drop table of ids", Ids::of(scheme).iter().flat_map(Ids::drop));
    Brief { quiet: vec![twin], ..Brief::unlocked("abort", script) }
}

fn remove_log(scheme: &Scheme) -> Brief {
    let mut script = Script::new();
    script.add("drop log", triggers::drop_functions(scheme));
    script.add("drop log", format!("DROP TABLE IF EXISTS {}", scheme.log()));
    Brief::unlocked("abort", script)
}
