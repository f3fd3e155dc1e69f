//! A short transaction under locks, tried within the lock budget until it is done.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;

use super::{Seen, seen::is_partition};
use crate::{
    error::{Error, Result},
    model::{ident::QualifiedName, table::Oid},
    pg::{
        Session, Tx,
        lock::{Held, Mode, Patience, Report, Tries, Watch, bounded},
        script::Script,
    },
};

/// So many attempts may run out of the budget with all locks in hand; then it is not the others who are slow.
const TOO_SLOW: u32 = 8;

/// What one transaction does.
#[derive(Debug)]
pub struct Change<'a> {
    /// Its name in reports.
    pub step: &'static str,
    /// What disturbs nobody.
    pub before: Script,
    /// The locks, in order, of each table alone.
    pub locks: Vec<(Mode, QualifiedName)>,
    /// What it was decided by.
    pub seen: &'a Seen,
    /// What comes then.
    pub script: Script,
    /// The partition that is none any more then.
    pub detaches: Option<Oid>,
}

/// How a change came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done.
    Done,
    /// It takes longer than this budget even with all locks in hand; nothing is changed.
    TooSlow(Duration),
}

/// What an attempt spends its time on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Waits {
    /// Others have what it needs.
    Blocked,
    /// It has all locks, and works.
    Working,
    /// Its work took so long that it goes no further.
    Spent,
}

impl Waits {
    /// What a lost attempt comes to: it failed, is tried again, or is too slow, as `slow` ones before it were.
    pub(super) fn outcome(
        self,
        error: Error,
        (step, budget): (&str, Duration),
        slow: &mut u32,
    ) -> Result<Outcome> {
        let ran_out = self == Self::Working && error.sqlstate() == Some(&SqlState::QUERY_CANCELED);
        if !ran_out && self != Self::Spent {
            return Err(error);
        }
        *slow += 1;
        if *slow < TOO_SLOW { Err(spent(step, budget)) } else { Ok(Outcome::TooSlow(budget)) }
    }
}

impl Change<'_> {
    /// Tries until it is done.
    pub async fn run(
        &self,
        session: &mut Session,
        patience: Patience,
        report: Report<'_>,
    ) -> Result<Outcome> {
        let patience = bounded(session, patience).await?;
        let watch = Watch::beside(session, "lock watch").await?;
        let mut tries = Tries::new(Some(&watch), self.step, patience, report).stopped_with(session);
        let mut slow = 0;
        loop {
            let held = Held::default();
            if let Some(outcome) =
                tries.one(&held, self.attempt(session, patience.budget, (&held, &mut slow))).await?
            {
                return Ok(outcome);
            }
        }
    }

    async fn attempt(
        &self,
        session: &mut Session,
        budget: Duration,
        (held, slow): (&Held, &mut u32),
    ) -> Result<Outcome> {
        let tx = session.begin().await?;
        let mut waits = Waits::Blocked;
        match self.inside(&tx, budget, held, &mut waits).await {
            Ok(()) => tx.commit(self.step).await.map(|()| Outcome::Done),
            Err(error) => {
                let error = tx.undo(error).await;
                waits.outcome(error, (self.step, budget), slow)
            }
        }
    }

    async fn inside(&self, tx: &Tx<'_>, budget: Duration, held: &Held, waits: &mut Waits) -> Result<()> {
        self.before.run(tx).await?;
        held.begins();
        let until = Instant::now() + budget;
        tx.batch("set budget", "SET LOCAL idle_in_transaction_session_timeout = '5s'").await?;
        tx.lock_timeout(budget / 2).await?;
        let locks = self.locks.iter().map(|(mode, table)| format!("LOCK TABLE ONLY {table} IN {mode} MODE"));
        for lock in locks {
            within(tx, until, "lock", &lock).await?;
        }
        *waits = Waits::Working;
        self.seen.is_still(tx).await?;
        for statement in self.script.statements() {
            within(tx, until, self.step, &statement.sql).await?;
        }
        match self.detaches {
            Some(part) if is_partition(tx, part).await? => Err(self.seen.changed()),
            _ => Ok(()),
        }
    }
}

/// The work itself took too long.
pub(super) fn spent(step: &str, budget: Duration) -> Error {
    Error::Busy {
        object: step.into(),
        reason: format!("its own work, which takes more than {} ms", budget.as_millis()),
        remedy: "give it more with --lock-budget".into(),
    }
}

/// Runs a statement for no longer than until then.
pub(super) async fn within(tx: &Tx<'_>, until: Instant, label: &'static str, sql: &str) -> Result<()> {
    tx.batch(label, &format!("SET LOCAL statement_timeout = {}; {sql}", left(until))).await
}

/// Milliseconds until then, one at least.
pub(super) fn left(until: Instant) -> u128 {
    until.saturating_duration_since(Instant::now()).as_millis().max(1)
}
