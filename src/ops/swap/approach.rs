//! One attempt: locks in order, drain, old snapshots, exclusive lock, checks, exchange, COMMIT.
//!
//! No transaction id is assigned before the old snapshots are gone (LOCK TABLE below ACCESS EXCLUSIVE assigns
//! none): ours would keep every new snapshot's xmin behind the drain.

use std::time::Duration;

use crate::{
    error::{Error, Result},
    model::{references, scheme::Scheme},
    ops::swap::{Drain, Swap, Way, dependants, exchange, lost},
    pg::{
        Session, Tx, journal,
        lock::{Held, Mode, Patience, Watch, budget, lock},
        script::Script,
    },
};

/// Pause between two looks at other sessions' snapshots.
const LOOK_AGAIN: Duration = Duration::from_millis(2);

/// One attempt of an exchange.
pub(super) struct Round<'a> {
    /// What is exchanged.
    pub(super) swap: &'a Swap<'a>,
    /// Which way.
    pub(super) way: Way,
    /// How long writers may wait.
    pub(super) budget: Duration,
    /// Looks at other sessions.
    pub(super) watch: &'a Watch,
    /// When writers began to wait.
    pub(super) held: &'a Held,
}

impl Round<'_> {
    /// How long writers waited, and the new fingerprint.
    pub(super) async fn attempt(
        &self,
        session: &mut Session,
        drain: &mut dyn Drain,
    ) -> Result<(Duration, String)> {
        drain.drain().await?;
        let tx = session.begin().await?;
        match self.inside(&tx, drain).await {
            Ok(fingerprint) => {
                self.commit(tx).await?;
                Ok((self.held.elapsed(), fingerprint))
            }
            Err(error) => tx.rollback().await.and(Err(error)),
        }
    }

    async fn inside(&self, tx: &Tx<'_>, drain: &mut dyn Drain) -> Result<String> {
        let scheme = self.swap.scheme;
        quiet(scheme, self.way).run(tx).await?;
        self.watch.calm(std::slice::from_ref(scheme.source())).await?;
        self.held.begins();
        self.run(tx, &hold_writers(scheme)).await?;
        self.drain(drain).await?;
        self.outlive_snapshots().await?;
        self.run(tx, &exclude(scheme)).await?;
        self.swap.fence.check(tx).await?;
        self.log_is_empty(tx).await?;
        let script = self.script(tx).await?;
        self.run(tx, &script).await?;
        let fingerprint = self.swap.fence.fingerprint_now(tx).await?;
        journal::moved(tx, scheme.id, self.way.phase(), &fingerprint).await?;
        self.left().map(|_| fingerprint)
    }

    /// Runs a part of it within what is left of the budget.
    async fn run(&self, tx: &Tx<'_>, script: &Script) -> Result<()> {
        let mut bounded = budget(self.left()?);
        bounded.append(script.clone());
        bounded.run(tx).await
    }

    /// What is left of the budget; nothing left is a lost attempt.
    fn left(&self) -> Result<Duration> {
        let spent = self.held.elapsed();
        match self.budget.checked_sub(spent) {
            Some(left) if !left.is_zero() => Ok(left),
            _ => {
                let (spent, budget) = (spent.as_millis(), self.budget.as_millis());
                Err(lost(
                    self.swap.scheme,
                    format!("{spent} ms of locks, which is more than the budget of {budget} ms"),
                ))
            }
        }
    }

    async fn drain(&self, drain: &mut dyn Drain) -> Result<()> {
        let left = self.left()?;
        let late = || lost(self.swap.scheme, format!("a log that is not drained in {} ms", left.as_millis()));
        tokio::time::timeout(left, drain.drain()).await.unwrap_or_else(|_| Err(late()))
    }

    /// A snapshot from before the drain, first used on the other table after the exchange, would miss rows (TRAPS 46).
    /// Part of the budget is kept for what follows.
    async fn outlive_snapshots(&self) -> Result<()> {
        let drained = self.watch.drained().await?;
        while let Some(who) = self.watch.older_snapshot(&drained).await? {
            if self.held.elapsed() > self.budget / 2 {
                return Err(lost(self.swap.scheme, format!("a snapshot from before the drain: {who}")));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(())
    }

    async fn log_is_empty(&self, tx: &Tx<'_>) -> Result<()> {
        let sql = count_log(self.swap.scheme);
        let rows: i64 = tx.query_one("count log", &sql, &[]).await?.get(0);
        if rows == 0 { Ok(()) } else { Err(lost(self.swap.scheme, format!("{rows} rows in the log"))) }
    }

    async fn script(&self, tx: &Tx<'_>) -> Result<Script> {
        let Swap { scheme, leaves, .. } = self.swap;
        dependants::check(tx, scheme, self.way).await?;
        Ok(match self.way {
            Way::Swap => exchange::swap(scheme, leaves),
            Way::Reverse => exchange::reverse(scheme, leaves),
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
    let mut tables = references::referenced_tables(scheme);
    tables.push(scheme.source().clone());
    tables.push(way.follower(scheme));
    let mut script = Script::new();
    script.add("durable", "SET LOCAL synchronous_commit = on");
    script.append(lock(Mode::ShareUpdateExclusive, &tables));
    script
}

/// Writers wait; readers and foreign key checks go on. Referenced tables first, in OID order.
fn hold_writers(scheme: &Scheme) -> Script {
    let mut tables = references::referenced_tables(scheme);
    tables.push(scheme.source().clone());
    lock(Mode::ShareRowExclusive, &tables)
}

/// Everybody waits. Views first: who reads one has locked it before any of its tables.
fn exclude(scheme: &Scheme) -> Script {
    let mut script = exchange::lock_views(scheme);
    script.append(lock(Mode::AccessExclusive, std::slice::from_ref(scheme.source())));
    script
}

fn count_log(scheme: &Scheme) -> String {
    format!("SELECT count(*) FROM {}", scheme.log())
}

/// What `plan --sql` shows of an attempt before the exchange itself.
pub(super) fn shown(scheme: &Scheme, way: Way, patience: Patience) -> Script {
    let mut script = quiet(scheme, way);
    script.append(budget(patience.budget));
    script.append(hold_writers(scheme));
    script.add("drain", "-- another session replays the rest of the log and commits; sessions with older snapshots are waited for");
    script.append(exclude(scheme));
    script.add("count log", count_log(scheme));
    script
}
