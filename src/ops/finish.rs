//! Finish: the end of the reverse window. The partitioned table stays, the way back is gone, the old table is kept or dropped.

use crate::{
    error::Result,
    model::{ident::QualifiedName, phase::Phase, plan::Statement, references, scheme::Scheme, triggers},
    pg::{
        Fence, Session,
        lock::{Brief, Mode, Patience, Record, Report},
        script::Script,
    },
};

/// What becomes of the old table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Old {
    /// It stays as it is now: without foreign keys, its triggers disabled.
    Keep,
    /// It is dropped.
    Drop,
}

/// Ends the reverse window; the phase moves to *finished* in the same transaction.
pub async fn finish(
    session: &mut Session,
    fence: &Fence,
    end: &End<'_>,
    patience: Patience,
    report: Report<'_>,
) -> Result<()> {
    for brief in detach(end.scheme) {
        brief.run(session, fence, patience, report).await?;
    }
    close(end).run(session, fence, patience, report).await
}

/// What is finished, and how.
#[derive(Clone, Copy, Debug)]
pub struct End<'a> {
    /// The plan.
    pub scheme: &'a Scheme,
    /// Every leaf, DEFAULT and those made since the census included.
    pub leaves: &'a [QualifiedName],
    /// What becomes of the old table.
    pub old: Old,
}

/// What `plan --sql` shows.
pub fn statements(end: &End<'_>) -> Vec<Statement> {
    let mut shown: Vec<_> = detach(end.scheme).iter().flat_map(Brief::statements).collect();
    shown.extend(close(end).statements());
    shown
}

/// The old table takes no more part in deletes of referenced rows, and owns no sequence that is in use. Other locks are
/// needed for either, so each stands alone.
fn detach(scheme: &Scheme) -> Vec<Brief> {
    let old = scheme.old();
    let mut sequences = Script::new();
    sequences.extend("give sequences", references::give_sequences(scheme));
    let mut keys = Script::new();
    keys.extend("drop old foreign keys", scheme.table.foreign_keys().map(|fk| references::drop(&old, fk)));
    let mut tables = references::referenced_tables(scheme);
    tables.push(old);
    let locks = tables.iter().map(|table| (Mode::AccessExclusive, table.clone())).collect();
    let brief =
        |quiet, locks, script| Brief { step: "finish", quiet, locks, script, record: Record::Nothing };
    let briefs = [brief(Vec::new(), Vec::new(), sequences), brief(tables, locks, keys)];
    briefs.into_iter().filter(|brief| !brief.script.is_empty()).collect()
}

fn close(end: &End<'_>) -> Brief {
    let End { scheme, leaves, old } = end;
    let (name, old_name) = (scheme.source(), scheme.old());
    let mut script = Script::new();
    script.extend("reverse capture off", triggers::drop_reverse(name, leaves));
    match old {
        Old::Keep => script.extend("guard off", triggers::drop_guard(scheme, &old_name)),
        Old::Drop => script.add("drop old table", format!("DROP TABLE {old_name}")),
    }
    script.add("drop log", triggers::drop_functions(scheme));
    script.add("drop log", format!("DROP TABLE {}", scheme.log()));
    let tables = [name.clone(), old_name];
    Brief {
        step: "finish",
        quiet: tables.to_vec(),
        locks: tables.map(|table| (Mode::AccessExclusive, table)).into(),
        script,
        record: Record::Phase(Phase::ReverseWindow, Phase::Finished),
    }
}
