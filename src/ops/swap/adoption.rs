//! `adopt`: the exchange that attaches the old table whole as a partition, and its way back.
//!
//! No row changes its place on the way there, nor on the way back unless the operator says so: a row that is moved under
//! the lock is not seen by an older snapshot that comes to the table afterwards (TRAPS 46). What was tried of the locks (ARCHITECTURE.md): the referenced tables are not touched on the way there, since
//! the partitioned table has no foreign key yet, and each partition has its own.
//!
//! Invariants: as those of the swap. Besides: under the lock no table is scanned and no index built.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::{
    error::{Error, Result},
    model::{
        drift,
        history::BOUND,
        ident::{QualifiedName, literal},
        phase::Phase,
        plan::Statement,
        references,
        scheme::{Leaf, Scheme},
    },
    ops::swap::{Ending, Swapped, Way, dependants, exchange, history, left, run_within, settle, shared_keys},
    pg::{
        Fence, Session, Tx, catalog, journal,
        lock::{self, Held, Mode, Patience, Report, Tries, Watch, bounded, budget, lock_within},
        script::Script,
    },
};

/// The most rows that the way back moves under its lock.
pub const MOST_MOVED: i64 = 10_000;

/// A migration whose old table is to be attached, or taken out again.
pub struct Adoption<'a> {
    /// Its plan.
    pub scheme: &'a Scheme,
    /// All leaves, history among them.
    pub leaves: &'a [Leaf],
    /// The owner's epoch.
    pub fence: &'a Fence,
    /// The lock budget and the number of attempts.
    pub patience: Patience,
    /// Asked before each attempt: whether the operator still wants it.
    pub go: &'a (dyn Fn() -> Result<()> + Send + Sync),
    /// What the way back does with rows in other partitions than history.
    pub later: Later,
}

/// What happens to rows that came into other partitions than history.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Later {
    /// They stop the way back, also where they are deleted but may still be seen.
    Refuse,
    /// They are moved under the lock: older snapshots that come to the table afterwards do not see them.
    Move,
}

/// One attempt.
struct Round<'a> {
    of: &'a Adoption<'a>,
    way: Way,
    ending: Ending,
    number: u32,
    budget: Duration,
    held: &'a Held,
}

impl Adoption<'_> {
    /// The old table becomes a partition of the twin, which gets the name. The bound is validated.
    pub async fn attach(&self, session: &mut Session, report: Report<'_>) -> Result<Swapped> {
        unchanged(session, self.scheme).await?;
        self.exchange((Way::Swap, Ending::Commit), session, report).await
    }

    /// All of [`Self::attach`] but its COMMIT.
    pub async fn rehearse(&self, session: &mut Session, report: Report<'_>) -> Result<Swapped> {
        unchanged(session, self.scheme).await?;
        self.exchange((Way::Swap, Ending::RollBack), session, report).await
    }

    /// The old table is a table of its own again and has its name. The narrow key is built.
    pub async fn release(&self, session: &mut Session, report: Report<'_>) -> Result<Swapped> {
        self.keys_are_single(session).await?;
        match self.exchange((Way::Reverse, Ending::Commit), session, report).await {
            // One came since we looked.
            Err(Error::Database { label, source })
                if label == history::MOVE && source.code() == Some(&SqlState::UNIQUE_VIOLATION) =>
            {
                self.keys_are_single(session).await?;
                Err(Error::Database { label, source })
            }
            done => done,
        }
    }

    /// Refuses, before anything is built for it, what would stand in the way of [`Self::release`].
    pub async fn may_release(&self, session: &Session) -> Result<()> {
        self.keys_are_single(session).await?;
        let sql = self.count_others_sql();
        let rows: i64 = session.query_one("count rows to move", &sql, &[]).await?.get(0);
        match self.later {
            Later::Refuse if rows > 0 => Err(later_rows(self.scheme)),
            Later::Refuse => self.sweep(session).await,
            Later::Move if rows > MOST_MOVED => Err(too_many(self.scheme)),
            Later::Move => Ok(()),
        }
    }

    /// Gives back the space of rows that are deleted; refuses where some transaction may still see them.
    async fn sweep(&self, session: &Session) -> Result<()> {
        for leaf in self.others() {
            let size = format!("SELECT pg_relation_size({}::regclass)", literal(&leaf.to_string()));
            let pages =
                async || Ok(session.query_one("size of partition", &size, &[]).await?.get::<_, i64>(0));
            if pages().await? == 0 {
                continue;
            }
            session.batch("vacuum", &vacuum_sql(&leaf)).await?;
            if pages().await? > 0 {
                return Err(later_rows(self.scheme));
            }
        }
        Ok(())
    }

    fn count_others_sql(&self) -> String {
        let each: Vec<_> = self.others().iter().map(|leaf| format!("SELECT FROM ONLY {leaf}")).collect();
        format!("SELECT count(*) FROM ({} LIMIT {}) AS rows", each.join(" UNION ALL "), MOST_MOVED + 1)
    }

    /// Refuses where rows of other partitions share an old key with one another or with history.
    async fn keys_are_single(&self, session: &Session) -> Result<()> {
        let Some(sql) = self.shared_sql() else { return Ok(()) };
        let row = session.query_one("look for shared keys", &sql, &[]).await?;
        let (keys, first): (i64, Option<String>) = (row.get(0), row.get(1));
        match first {
            None => Ok(()),
            Some(first) => Err(shared_keys(self.scheme, keys, &first)),
        }
    }

    /// The keys of the leaves beside history that come twice, each with both rows' times; `None` where the key is as it
    /// was.
    fn shared_sql(&self) -> Option<String> {
        self.scheme.narrow_key()?;
        let (by, old) = (&self.scheme.by, self.scheme.history());
        let key: Vec<_> = self.scheme.key().iter().map(|column| column.name.to_string()).collect();
        let list = key.join(", ");
        let same: Vec<_> = key.iter().map(|column| format!("h.{column} = o.{column}")).collect();
        let others: Vec<_> =
            self.others().iter().map(|leaf| format!("SELECT {list}, {by} FROM ONLY {leaf}")).collect();
        Some(format!(
            "WITH o AS ({}), twice AS (\
             SELECT ROW({list})::text || ' of ' || min({by}) || ' and ' || max({by}) AS who FROM o \
             GROUP BY {list} HAVING count(*) > 1 \
             UNION ALL SELECT ROW({})::text || ' of ' || h.{by} || ' and ' || o.{by} FROM o JOIN ONLY {old} h ON {}) \
             SELECT count(*), min(who) FROM twice",
            others.join(" UNION ALL "),
            key.iter().map(|column| format!("o.{column}")).collect::<Vec<_>>().join(", "),
            same.join(" AND ")
        ))
    }

    fn others(&self) -> Vec<QualifiedName> {
        let others = self.leaves.iter().filter(|leaf| !self.scheme.is_history(leaf));
        others.map(|leaf| self.scheme.leaf(leaf)).collect()
    }

    async fn exchange(
        &self,
        (way, ending): (Way, Ending),
        session: &mut Session,
        report: Report<'_>,
    ) -> Result<Swapped> {
        let patience = bounded(session, self.patience).await?;
        let watch = Watch::open(session, self.scheme.id).await?;
        let mut tries = Tries::new(Some(&watch), ending.step(way), patience, report).stopped_with(session);
        loop {
            (self.go)()?;
            let held = Held::default();
            let number = tries.number() + 1;
            let round = Round { of: self, way, ending, number, budget: patience.budget, held: &held };
            if let Some(held) = tries.one(&held, round.attempt(session)).await? {
                return Ok(Swapped { held, attempts: tries.number(), fingerprint: String::new() });
            }
        }
    }
}

impl Round<'_> {
    async fn attempt(&self, session: &mut Session) -> Result<Duration> {
        let tx = session.begin().await?;
        match self.inside(&tx).await {
            Ok(()) => {
                match self.ending {
                    Ending::Commit => {
                        tx.commit(self.way.step()).await.map_err(|error| self.answerless(error))?;
                    }
                    Ending::RollBack => tx.rollback().await?,
                }
                Ok(self.held.elapsed())
            }
            Err(error) => Err(tx.undo(error).await),
        }
    }

    /// A COMMIT without an answer may have happened or not.
    fn answerless(&self, error: Error) -> Error {
        if error.connection_lost() {
            Error::Unknown { table: self.of.scheme.source().plain(), what: self.way.step() }
        } else {
            error
        }
    }

    async fn inside(&self, tx: &Tx<'_>) -> Result<()> {
        let scheme = self.of.scheme;
        quiet(scheme, self.way).run(tx).await?;
        self.held.begins();
        self.run(tx, &locks(scheme, self.way, (self.number, self.budget))).await?;
        self.of.fence.hold(tx).await?;
        dependants::check(tx, scheme, self.way).await?;
        if self.way.is_forward() {
            self.attach(tx).await?;
        } else {
            self.release(tx).await?;
        }
        journal::moved(tx, scheme.id, phase(self.way), "").await?;
        self.left().map(drop)
    }

    async fn attach(&self, tx: &Tx<'_>) -> Result<()> {
        let scheme = self.of.scheme;
        let history = self.of.leaves.iter().find(|leaf| scheme.is_history(leaf));
        let history = history.ok_or_else(|| Error::Bug("no leaf is history".into()))?;
        bound_holds(tx, scheme).await?;
        self.run(tx, &history::attach(scheme, history)).await?;
        nothing_was_built(tx, scheme).await
    }

    async fn release(&self, tx: &Tx<'_>) -> Result<()> {
        let scheme = self.of.scheme;
        self.run(tx, &history::detach(scheme)).await?;
        match self.of.later {
            Later::Refuse => no_row_ever(tx, scheme).await?,
            Later::Move => few_rows(tx, scheme).await?,
        }
        self.run(tx, &history::restore(scheme)).await
    }

    /// Runs a part of it within what is left of the budget.
    async fn run(&self, tx: &Tx<'_>, script: &Script) -> Result<()> {
        run_within(tx, self.left()?, script).await
    }

    fn left(&self) -> Result<Duration> {
        left(self.of.scheme, self.held, self.budget)
    }
}

fn phase(way: Way) -> Phase {
    if way.is_forward() { Phase::Adopted } else { Phase::Aborting }
}

/// Sequences go to the table with the name, right after either way. Repeatable.
pub async fn give_sequences(
    session: &mut Session,
    fence: &Fence,
    scheme: &Scheme,
    manner: (Patience, Report<'_>),
) -> Result<()> {
    settle::sequences(scheme, session, fence, manner).await
}

/// The narrow key cannot be built: two rows of history share an old key. Any other error stays what it is.
pub fn shared_in_history(scheme: &Scheme, error: Error) -> Error {
    if let Error::Database { source, .. } = &error
        && source.code() == Some(&SqlState::UNIQUE_VIOLATION)
    {
        let detail = source.as_db_error().and_then(|error| error.detail()).unwrap_or_default();
        return shared_keys(scheme, 1, detail);
    }
    error
}

/// Refuses where anything about the source was changed since the plan was made, but for what we made ourselves.
async fn unchanged(session: &Session, scheme: &Scheme) -> Result<()> {
    let mut now = catalog::load_oid(session, scheme.table.oid).await?;
    let wide = scheme.wide_index().map(|index| index.name);
    now.indexes.retain(|index| Some(&index.name) != wide.as_ref());
    now.constraints.retain(|constraint| constraint.name.as_str() != BOUND);
    match drift::first_change(&scheme.table, &now) {
        None => Ok(()),
        Some(what) => Err(Error::Changed { table: scheme.source().plain(), what }),
    }
}

/// Without the validated CHECK, ATTACH would read the whole table under its lock.
async fn bound_holds(tx: &Tx<'_>, scheme: &Scheme) -> Result<()> {
    const SQL: &str = "SELECT FROM pg_constraint WHERE conrelid = $1 AND conname = $2 AND convalidated";
    match tx.query("look for bound", SQL, &[&scheme.table.oid, &BOUND]).await?.len() {
        1 => Ok(()),
        _ => Err(Error::Changed {
            table: scheme.source().plain(),
            what: format!("the validated CHECK {BOUND} is gone"),
        }),
    }
}

/// ATTACH builds what it does not find. Each index of history must be one that it had.
async fn nothing_was_built(tx: &Tx<'_>, scheme: &Scheme) -> Result<()> {
    const SQL: &str = "SELECT count(*), count(*) FILTER (WHERE NOT c.relispartition) \
                       FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = $1";
    let row = tx.query_one("count indexes of history", SQL, &[&scheme.table.oid]).await?;
    let (all, alone): (i64, i64) = (row.get(0), row.get(1));
    if usize::try_from(all).ok() == Some(scheme.table.indexes.len()) && alone == 0 {
        return Ok(());
    }
    Err(Error::Changed {
        table: scheme.source().plain(),
        what: "an index of the partitioned table has no like on the old table".into(),
    })
}

/// Moving many rows would keep the application waiting.
async fn few_rows(tx: &Tx<'_>, scheme: &Scheme) -> Result<()> {
    let sql = count_sql(scheme);
    let rows: i64 = tx.query_one("count rows to move", &sql, &[]).await?.get(0);
    if rows <= MOST_MOVED { Ok(()) } else { Err(too_many(scheme)) }
}

fn vacuum_sql(leaf: &QualifiedName) -> String {
    format!("VACUUM (TRUNCATE) {leaf}")
}

/// A file without a page holds no row that any snapshot could see.
async fn no_row_ever(tx: &Tx<'_>, scheme: &Scheme) -> Result<()> {
    const SQL: &str = "SELECT count(*) FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhparent \
                       JOIN pg_namespace n ON n.oid = p.relnamespace \
                       WHERE n.nspname = $1 AND p.relname = $2 AND pg_relation_size(i.inhrelid) > 0";
    let source = scheme.source();
    let names = [source.schema.as_str(), source.name.as_str()];
    let filled: i64 = tx.query_one("look for later rows", SQL, &[&names[0], &names[1]]).await?.get(0);
    if filled == 0 { Ok(()) } else { Err(later_rows(scheme)) }
}

fn later_rows(scheme: &Scheme) -> Error {
    Error::Refused {
        id: "QD-129",
        object: scheme.source().plain(),
        reason: "rows have come into other partitions than history, or were there and may still be seen".into(),
        remedy: "keep the partitioned table (`quarterdeck finish`); or `quarterdeck reverse --move-rows`, where no \
                 transaction with an older snapshot comes to the table afterwards"
            .into(),
    }
}

fn count_sql(scheme: &Scheme) -> String {
    format!("SELECT count(*) FROM (SELECT FROM {} LIMIT {}) AS rows", scheme.source(), MOST_MOVED + 1)
}

fn too_many(scheme: &Scheme) -> Error {
    Error::Refused {
        id: "QD-122",
        object: scheme.source().plain(),
        reason: format!("more than {MOST_MOVED} rows have come into other partitions than history"),
        remedy: "keep the partitioned table (`quarterdeck finish`); or move rows away, then reverse".into(),
    }
}

/// Autovacuum yields on what is locked. History is a partition that the application locks with its table, so on the way
/// back it is not held while others are waited for.
fn quiet(scheme: &Scheme, way: Way) -> Script {
    let mut script = Script::new();
    script.add("durable", "SET LOCAL synchronous_commit = on");
    if way.is_forward() {
        script.append(lock::quiet(&[scheme.twin()], std::slice::from_ref(scheme.source())));
    } else {
        let mut tables = references::referenced_tables(scheme);
        tables.extend([scheme.source().clone(), scheme.history()]);
        script.append(lock::quiet(&[], &tables));
    }
    script
}

/// Views first, as in the swap. Taking history out gives it triggers of its own on the referenced tables; when those are
/// locked takes turns.
fn locks(scheme: &Scheme, way: Way, (number, budget): (u32, Duration)) -> Script {
    let within = budget / 2;
    let mut own = exchange::lock_views(scheme);
    own.append(lock_within(Mode::AccessExclusive, std::slice::from_ref(scheme.source()), within));
    let referenced = if way.is_forward() {
        Script::new()
    } else {
        lock_within(Mode::ShareRowExclusive, &references::referenced_tables(scheme), within)
    };
    let (mut first, second) = if number % 2 == 1 { (referenced, own) } else { (own, referenced) };
    first.append(second);
    first
}

/// What `plan --sql` shows of the exchange.
pub fn attach_statements(scheme: &Scheme, history: &Leaf) -> Vec<Statement> {
    let mut shown = shown(scheme, Way::Swap);
    shown.append(history::attach(scheme, history));
    let mut shown = shown.statements();
    shown.extend(settle::sequence_statements(scheme));
    shown
}

/// What `plan --sql` shows of the way back.
pub fn release_statements(scheme: &Scheme, leaves: &[Leaf]) -> Vec<Statement> {
    let others = leaves.iter().filter(|leaf| !scheme.is_history(leaf));
    let mut all = Script::new();
    all.extend("vacuum", others.map(|leaf| vacuum_sql(&scheme.leaf(leaf))));
    all.append(shown(scheme, Way::Reverse));
    let mut shown = all;
    shown.append(history::detach(scheme));
    shown.add("count rows to move", count_sql(scheme));
    shown.append(history::restore(scheme));
    shown.statements()
}

fn shown(scheme: &Scheme, way: Way) -> Script {
    let patience = Patience::default();
    let mut script = quiet(scheme, way);
    script.append(budget(patience.budget));
    script.append(locks(scheme, way, (1, patience.budget)));
    script
}
