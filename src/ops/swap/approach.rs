//! One attempt: follower in step, old snapshots gone, locks, checks, exchange, COMMIT.
//!
//! Nothing is locked before the follower is in step; then nothing needs to be carried over under the locks. The table
//! is locked exclusively at once, without SHARE ROW EXCLUSIVE before it: an application that has read the table and
//! writes it later in the same transaction passes a pending lock that it stands in the way of, but would wait for one
//! that lets it read and not write, and we for it (TRAPS 62).

use std::time::{Duration, Instant};

use crate::{
    error::{Error, Result},
    model::{ident::QualifiedName, ids, references, scheme::Scheme},
    ops::swap::{
        Drain, Ending, Swap, Way, dependants, exchange, incoming, left, lost, mirror, run_within, shared_keys,
    },
    pg::{
        Session, Tx, journal,
        lock::{self, Held, Mode, Patience, Watch, budget, lock_within},
        script::Script,
    },
};

/// Pause between two looks at other sessions' snapshots.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How long one attempt waits for old snapshots to go. Nobody waits for us meanwhile, but for their writes to be mirrored.
const SNAPSHOTS_WITHIN: Duration = Duration::from_secs(2);
/// Drains of one attempt. Each leaves only what came during the one before.
const MOST_DRAINS: u32 = 20;

/// One attempt of an exchange.
pub(super) struct Round<'a> {
    /// What is exchanged.
    pub(super) swap: &'a Swap<'a>,
    /// Which way.
    pub(super) way: Way,
    /// How it ends.
    pub(super) ending: Ending,
    /// Its number, from 1: the order of locks takes turns.
    pub(super) number: u32,
    /// How long the application may wait.
    pub(super) budget: Duration,
    /// Looks at other sessions.
    pub(super) watch: &'a Watch,
    /// When the application began to wait.
    pub(super) held: &'a Held,
}

/// How the follower stands from one attempt to the next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Somebody may have a snapshot in which it lacks something.
    Lagging,
    /// Whatever was not mirrored since is in the log.
    Kept,
}

impl Round<'_> {
    /// How long the application waited, and the new fingerprint.
    pub(super) async fn attempt(
        &self,
        session: &mut Session,
        drain: &mut dyn Drain,
        step: &mut Step,
    ) -> Result<(Duration, String)> {
        self.keep_step(drain, step).await?;
        let tx = session.begin().await?;
        match self.inside(&tx).await {
            Ok(fingerprint) => {
                match self.ending {
                    Ending::Commit => self.commit(tx).await?,
                    Ending::RollBack => tx.rollback().await?,
                }
                Ok((self.held.elapsed(), fingerprint))
            }
            Err(error) => Err(tx.undo(error).await),
        }
    }

    /// Replays what the log still holds, then waits until nobody can look with a snapshot from before that.
    async fn keep_step(&self, drain: &mut dyn Drain, step: &mut Step) -> Result<()> {
        for _ in 0..MOST_DRAINS {
            match (drain.drain().await?, *step) {
                (0, Step::Kept) => return Ok(()),
                _ => *step = Step::Lagging,
            }
            self.outlive_snapshots().await?;
            *step = Step::Kept;
        }
        Err(lost(self.swap.scheme, "a log that is never empty: statements too large to be mirrored go on"))
    }

    /// A snapshot from before the drain, first used on the other table after the exchange, would miss rows (TRAPS 46).
    async fn outlive_snapshots(&self) -> Result<()> {
        let began = Instant::now();
        let drained = self.watch.drained().await?;
        while let Some(who) = self.watch.older_snapshot(&drained, &[]).await? {
            if began.elapsed() > SNAPSHOTS_WITHIN {
                return Err(lost(self.swap.scheme, format!("a snapshot from before the drain: {who}")));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    async fn inside(&self, tx: &Tx<'_>) -> Result<String> {
        let scheme = self.swap.scheme;
        quiet(scheme, self.way).run(tx).await?;
        self.held.begins();
        let order = if self.number % 2 == 1 { Order::ReferencedFirst } else { Order::ReferencedLast };
        self.run(tx, &exclude(scheme, (self.way, order), self.budget)).await?;
        self.swap.fence.check(tx).await?;
        self.log_is_empty(tx).await?;
        self.keys_are_single(tx).await?;
        let script = self.script(tx).await?;
        self.run(tx, &script).await?;
        let fingerprint = self.swap.fence.fingerprint_now(tx).await?;
        journal::moved(tx, scheme.id, self.way.phase(), &fingerprint).await?;
        self.left().map(|_| fingerprint)
    }

    /// Runs a part of it within what is left of the budget.
    async fn run(&self, tx: &Tx<'_>, script: &Script) -> Result<()> {
        run_within(tx, self.left()?, script).await
    }

    /// What is left of the budget; nothing left is a lost attempt.
    fn left(&self) -> Result<Duration> {
        left(self.swap.scheme, self.held, self.budget)
    }

    /// Whatever was not mirrored since the drain is in the log.
    async fn log_is_empty(&self, tx: &Tx<'_>) -> Result<()> {
        let sql = count_log(self.swap.scheme);
        let rows: i64 = tx.query_one("count log", &sql, &[]).await?.get(0);
        if rows == 0 { Ok(()) } else { Err(lost(self.swap.scheme, format!("{rows} rows in the log"))) }
    }

    /// Replay passes over a key of the old table that two rows share: one of them would be lost to the application.
    async fn keys_are_single(&self, tx: &Tx<'_>) -> Result<()> {
        const SQL: &str =
            "SELECT count(*), coalesce(min(key), '') FROM quarterdeck.duplicate_key WHERE migration_id = $1";
        if self.way.is_forward() {
            return Ok(());
        }
        let row = tx.query_one("count shared keys", SQL, &[&self.swap.scheme.id]).await?;
        let (keys, first): (i64, String) = (row.get(0), row.get(1));
        if keys == 0 { Ok(()) } else { Err(shared_keys(self.swap.scheme, keys, &first)) }
    }

    async fn script(&self, tx: &Tx<'_>) -> Result<Script> {
        let Swap { scheme, leaves, .. } = self.swap;
        dependants::check(tx, scheme, self.way).await?;
        incoming::check(tx, scheme).await?;
        Ok(match self.way {
            Way::Swap => exchange::swap(scheme, leaves),
            Way::Rename => exchange::rename(scheme),
            Way::Reverse => exchange::reverse(scheme, leaves),
            Way::Undo => exchange::undo(scheme, leaves),
        })
    }

    /// A COMMIT without an answer may have happened or not.
    async fn commit(&self, tx: Tx<'_>) -> Result<()> {
        tx.commit(self.way.step()).await.map_err(|error| {
            if error.connection_lost() {
                Error::Unknown { table: self.swap.scheme.source().plain(), what: self.way.step() }
            } else {
                error
            }
        })
    }
}

/// Autovacuum yields, on every table that the exchange locks; nobody else notices.
fn quiet(scheme: &Scheme, way: Way) -> Script {
    let mut tables = touched(scheme, way);
    tables.extend(ids::locked(scheme));
    // Last: the one that most likely is vacuumed again soon.
    tables.push(scheme.source().clone());
    let mut script = Script::new();
    script.add("durable", "SET LOCAL synchronous_commit = on");
    script.append(lock::quiet(&[way.follower(scheme)], &tables));
    script
}

/// Tables that get, or lose, a foreign key to them within the exchange.
fn touched(scheme: &Scheme, way: Way) -> Vec<QualifiedName> {
    match way {
        Way::Swap | Way::Reverse => references::referenced_tables(scheme),
        Way::Rename | Way::Undo => Vec::new(),
    }
}

/// When the referenced tables are locked, to which foreign keys are added, and those that reference the table on the other
/// side of it. An application that writes them before the table in one transaction makes us lose one of the orders, one
/// that writes them after it the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Order {
    ReferencedFirst,
    ReferencedLast,
}

/// Views before the table: who reads one has locked it before any of its tables. The wait for each lock is at most half
/// of the budget: the exchange needs its part.
fn exclude(scheme: &Scheme, (way, order): (Way, Order), budget: Duration) -> Script {
    let within = budget / 2;
    let referenced = lock_within(Mode::ShareRowExclusive, &touched(scheme, way), within);
    let mut own = exchange::lock_views(scheme);
    own.append(lock_within(Mode::AccessExclusive, std::slice::from_ref(scheme.source()), within));
    let incoming = incoming::lock(scheme, within);
    let [mut first, second, third] = match order {
        Order::ReferencedFirst => [referenced, own, incoming],
        Order::ReferencedLast => [incoming, own, referenced],
    };
    first.append(second);
    first.append(third);
    first
}

fn count_log(scheme: &Scheme) -> String {
    format!("SELECT count(*) FROM {}", scheme.log())
}

/// What `plan --sql` shows of an attempt before the exchange itself.
pub(super) fn shown(scheme: &Scheme, way: Way, patience: Patience) -> Script {
    let mut script = Script::new();
    if way != Way::Rename {
        script.append(mirror::shown(scheme, way.carry()));
        script.add(
            "drain",
            "-- another session replays the rest of the log; sessions with older snapshots are waited for",
        );
    }
    script.append(quiet(scheme, way));
    script.append(budget(patience.budget));
    script.append(exclude(scheme, (way, Order::ReferencedFirst), patience.budget));
    script.add("count log", count_log(scheme));
    script
}
