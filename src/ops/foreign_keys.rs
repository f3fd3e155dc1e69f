//! Foreign keys after an exchange: what was added NOT VALID is validated, without holding anybody up.
//!
//! Leaf by leaf, a transaction each; when every leaf has a constraint valid, the parent adopts it in
//! milliseconds. Everything asks the catalogue first, so that it can be repeated and resumed.

use std::collections::BTreeMap;

use tokio_postgres::{error::SqlState, types::ToSql};

use crate::{
    error::Result,
    model::{
        ident::{Ident, QualifiedName},
        ids::Ids,
        incoming::{Choice, IncomingKey},
        plan::Statement,
        references,
        scheme::Scheme,
        table::Constraint,
    },
    pg::{
        Fence, Session,
        lock::{Brief, Mode, Patience, Record, Report},
        script::Script,
    },
};

/// Foreign keys of a migration that need validation.
#[derive(Clone, Copy, Debug)]
pub struct Keys<'a> {
    /// Its plan.
    pub scheme: &'a Scheme,
    /// Every leaf, DEFAULT and those made since the census included.
    pub leaves: &'a [QualifiedName],
    /// The owner's epoch.
    pub fence: &'a Fence,
    /// The lock budget and the number of attempts.
    pub patience: Patience,
}

impl Keys<'_> {
    /// After the swap: validates each foreign key on every leaf, then lets the parent adopt it. One that is NOT VALID
    /// on the source stays so, and stays on the leaves. `done` is told of each constraint that the parent has.
    pub async fn validate(
        &self,
        session: &mut Session,
        report: Report<'_>,
        done: &mut (dyn FnMut(&Constraint) + Send),
    ) -> Result<()> {
        for fk in self.scheme.table.foreign_keys() {
            let found = states(session, fk, self.leaves).await?;
            for (leaf, state) in self.leaves.iter().zip(found) {
                if state == State::Missing {
                    self.run(session, &add(leaf, fk), report).await?;
                }
                if state != State::Valid && fk.validated {
                    self.run(session, &validate(leaf, fk), report).await?;
                }
            }
            if !fk.validated {
                continue;
            }
            let parent = self.scheme.source();
            if states(session, fk, std::slice::from_ref(parent)).await? == [State::Missing] {
                self.run(session, &adopt(self.scheme, fk), report).await?;
            }
            done(fk);
        }
        Ok(())
    }

    /// After a reverse: validates what the old table got back.
    pub async fn restore(&self, session: &mut Session, report: Report<'_>) -> Result<()> {
        let source = self.scheme.source();
        let heaps = self.scheme.heaps(source);
        for fk in self.scheme.table.foreign_keys().filter(|fk| fk.validated) {
            let found = states(session, fk, &heaps).await?;
            for (heap, _) in heaps.iter().zip(found).filter(|(_, state)| *state == State::NotValid) {
                self.run(session, &validate(heap, fk), report).await?;
            }
            let whole = states(session, fk, std::slice::from_ref(source)).await?;
            if self.scheme.table.is_partitioned() && whole == [State::Missing] {
                self.run(session, &adopt(self.scheme, fk), report).await?;
            }
        }
        Ok(())
    }

    /// After either: validates the keys of other tables that the exchange made NOT VALID. Those that do not hold, since
    /// nothing checked them for a while, stay NOT VALID: their names.
    pub async fn validate_incoming(&self, session: &mut Session, report: Report<'_>) -> Result<Vec<String>> {
        const SQL: &str = "SELECT n.nspname::text, c.relname::text FROM pg_constraint con \
                           JOIN pg_class c ON c.oid = con.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace \
                           WHERE con.conrelid = $1 AND con.conname = $2 AND con.contype = 'f' \
                           AND con.confrelid IN (to_regclass($3), to_regclass($4)) AND NOT con.convalidated";
        let (mut broken, name) = (Vec::new(), self.scheme.source().to_string());
        let ids = Ids::of(self.scheme).map(|ids| ids.name.to_string());
        for key in self.scheme.incoming.keys.iter().filter(|key| key.validated) {
            let params: [&(dyn ToSql + Sync); 4] = [&key.oid, &key.name.as_str(), &name, &ids];
            let Some(row) = session.query_opt("read incoming foreign key", SQL, &params).await? else {
                continue;
            };
            // Its table may have been renamed since.
            let [schema, name] = [0, 1].map(|at| Ident::new(row.get::<_, String>(at)));
            let key = IncomingKey { table: QualifiedName { schema, name }, ..key.clone() };
            match self.run(session, &validate_incoming(&key), report).await {
                Err(error) if error.sqlstate() == Some(&SqlState::FOREIGN_KEY_VIOLATION) => {
                    broken.push(key.plain());
                }
                result => result?,
            }
        }
        Ok(broken)
    }

    async fn run(&self, session: &mut Session, brief: &Brief, report: Report<'_>) -> Result<()> {
        brief.run(session, self.fence, self.patience, report).await
    }
}

/// What `plan --sql` shows, for after the swap.
pub fn statements(scheme: &Scheme, leaves: &[QualifiedName]) -> Vec<Statement> {
    let mut shown = Vec::new();
    for fk in scheme.table.foreign_keys().filter(|fk| fk.validated) {
        shown.extend(leaves.iter().flat_map(|leaf| validate(leaf, fk).statements()));
        shown.extend(adopt(scheme, fk).statements());
    }
    if scheme.incoming.choice == Choice::Keep {
        shown.extend(incoming_statements(scheme));
    }
    shown
}

/// What `plan --sql` shows of partitions that are made empty, before they are anybody's.
pub fn unfilled_statements(scheme: &Scheme, leaves: &[QualifiedName]) -> Vec<Statement> {
    let each = |leaf, fk: &Constraint| {
        let mut shown = add(leaf, fk).statements();
        shown.extend(fk.validated.then(|| validate(leaf, fk).statements()).into_iter().flatten());
        shown
    };
    let keys = scheme.table.foreign_keys();
    keys.flat_map(|fk| leaves.iter().flat_map(move |leaf| each(leaf, fk))).collect()
}

/// What `plan --sql` shows where every partition has its foreign keys already.
pub fn adopt_statements(scheme: &Scheme) -> Vec<Statement> {
    let keys = scheme.table.foreign_keys().filter(|fk| fk.validated);
    keys.flat_map(|fk| adopt(scheme, fk).statements()).collect()
}

/// What `plan --sql` shows, for after a reverse.
pub fn restore_statements(scheme: &Scheme) -> Vec<Statement> {
    let dropped = scheme.table.foreign_keys().filter(|fk| fk.validated);
    let own = dropped.flat_map(|fk| validate(scheme.source(), fk).statements());
    own.chain(incoming_statements(scheme)).collect()
}

fn incoming_statements(scheme: &Scheme) -> impl Iterator<Item = Statement> {
    let keys = scheme.incoming.keys.iter().filter(|key| key.validated);
    keys.flat_map(|key| validate_incoming(key).statements())
}

/// A constraint on one table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Missing,
    NotValid,
    Valid,
}

/// The state of `fk` on each of `tables`, in their order.
async fn states(session: &Session, fk: &Constraint, tables: &[QualifiedName]) -> Result<Vec<State>> {
    const SQL: &str = "SELECT t, convalidated FROM unnest($1::text[]) AS t \
                       JOIN pg_constraint ON conrelid = to_regclass(t) AND conname = $2 AND contype = 'f'";
    let names: Vec<_> = tables.iter().map(QualifiedName::to_string).collect();
    let params: [&(dyn ToSql + Sync); 2] = [&names, &fk.name.as_str()];
    let rows = session.query("read foreign keys", SQL, &params).await?;
    let found: BTreeMap<String, bool> = rows.iter().map(|row| (row.get(0), row.get(1))).collect();
    let state = |name: &String| match found.get(name) {
        None => State::Missing,
        Some(false) => State::NotValid,
        Some(true) => State::Valid,
    };
    Ok(names.iter().map(state).collect())
}

/// A leaf made after the swap has none yet.
fn add(leaf: &QualifiedName, fk: &Constraint) -> Brief {
    let mut tables: Vec<_> = references::referenced(fk).cloned().into_iter().collect();
    tables.push(leaf.clone());
    let mut script = Script::new();
    script.add("add foreign key", references::add_not_valid(leaf, fk));
    let locks = tables.iter().map(|table| (Mode::ShareRowExclusive, table.clone())).collect();
    Brief { step: "add foreign key", quiet: tables, locks, script, record: Record::Nothing }
}

/// SHARE UPDATE EXCLUSIVE on the table, ROW SHARE on the referenced one: nobody waits, however long the scan.
fn validate(table: &QualifiedName, fk: &Constraint) -> Brief {
    let mut script = Script::new();
    script.add("validate foreign key", references::validate(table, fk));
    let step = "validate foreign key";
    Brief { quiet: vec![table.clone()], ..Brief::unlocked(step, script) }
}

/// ROW SHARE on the table that has the name, SHARE UPDATE EXCLUSIVE on the other: nobody waits.
fn validate_incoming(key: &IncomingKey) -> Brief {
    let mut script = Script::new();
    script.add("validate incoming foreign key", key.validate());
    Brief { quiet: vec![key.table.clone()], ..Brief::unlocked("validate incoming foreign key", script) }
}

/// The leaves' triggers on the referenced table go, for the parent's: that is ACCESS EXCLUSIVE there. It comes first.
fn adopt(scheme: &Scheme, fk: &Constraint) -> Brief {
    let parent = scheme.source();
    let mut quiet: Vec<_> = references::referenced(fk).cloned().into_iter().collect();
    let mut locks: Vec<_> = quiet.iter().map(|table| (Mode::AccessExclusive, table.clone())).collect();
    quiet.push(parent.clone());
    locks.push((Mode::ShareRowExclusive, parent.clone()));
    let mut script = Script::new();
    script.add("adopt foreign key", references::adopt(parent, fk));
    script.extend("adopt foreign key", references::comment(parent, fk));
    Brief { step: "adopt foreign key", quiet, locks, script, record: Record::Nothing }
}
