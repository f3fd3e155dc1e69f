//! A short transaction under locks, tried within the lock budget until it is done.

use std::time::{Duration, Instant};

use tokio_postgres::error::SqlState;

use crate::{
    error::{Error, Result},
    model::ident::QualifiedName,
    pg::{
        Session, Tx,
        lock::{Held, Mode, Patience, Report, Tries, Watch, bounded},
        script::Script,
    },
};

/// So many attempts may run out of the budget with all locks in hand; then it is not the others who are slow.
const TOO_SLOW: u32 = 3;

/// What one transaction does.
#[derive(Debug)]
pub struct Change {
    /// Its name in reports.
    pub step: &'static str,
    /// What disturbs nobody.
    pub before: Script,
    /// The locks, in order, of each table alone.
    pub locks: Vec<(Mode, QualifiedName)>,
    /// What detaches DEFAULT, and what moves its rows.
    pub moves: Option<[String; 2]>,
    /// What comes then.
    pub script: Script,
}

/// How a change came out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It is done, and moved so many rows.
    Done(u64),
    /// It takes longer than the budget even with all locks in hand; nothing is changed.
    TooSlow,
}

impl Change {
    /// Tries until it is done.
    pub async fn run(
        &self,
        session: &mut Session,
        patience: Patience,
        report: Report<'_>,
    ) -> Result<Outcome> {
        let patience = bounded(session, patience).await?;
        let watch = Watch::beside(session, "lock watch").await?;
        let mut tries = Tries::new(Some(&watch), self.step, patience, report);
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
        let mut is_locked = false;
        match self.inside(&tx, budget, held, &mut is_locked).await {
            Ok(rows) => tx.commit(self.step).await.map(|()| Outcome::Done(rows)),
            Err(error) => {
                tx.rollback().await?;
                if !is_locked || error.sqlstate() != Some(&SqlState::QUERY_CANCELED) {
                    return Err(error);
                }
                *slow += 1;
                if *slow < TOO_SLOW { Err(self.ran_out(budget)) } else { Ok(Outcome::TooSlow) }
            }
        }
    }

    fn ran_out(&self, budget: Duration) -> Error {
        Error::Busy {
            object: self.step.into(),
            reason: format!("its own work, which takes more than {} ms", budget.as_millis()),
            remedy: "give it more with --lock-budget".into(),
        }
    }

    async fn inside(&self, tx: &Tx<'_>, budget: Duration, held: &Held, is_locked: &mut bool) -> Result<u64> {
        self.before.run(tx).await?;
        held.begins();
        let until = Instant::now() + budget;
        tx.batch("set budget", "SET LOCAL idle_in_transaction_session_timeout = '5s'").await?;
        tx.lock_timeout(budget / 2).await?;
        let locks = self.locks.iter().map(|(mode, table)| format!("LOCK TABLE ONLY {table} IN {mode} MODE"));
        for lock in locks {
            within(tx, until, "lock", &lock).await?;
        }
        *is_locked = true;
        let mut rows = 0;
        if let Some([detach, moves]) = &self.moves {
            nobody_looks_back(tx).await?;
            within(tx, until, "detach default", detach).await?;
            rows = within(tx, until, "move rows", moves).await?;
        }
        for statement in self.script.statements() {
            within(tx, until, self.step, &statement.sql).await?;
        }
        Ok(rows)
    }
}

/// Runs a statement for no longer than until then.
async fn within(tx: &Tx<'_>, until: Instant, label: &'static str, sql: &str) -> Result<u64> {
    let left = until.saturating_duration_since(Instant::now()).as_millis().max(1);
    let touched = tx.touched(label, &format!("SET LOCAL statement_timeout = {left}; {sql}")).await?;
    Ok(touched.last().copied().unwrap_or(0))
}

/// A transaction that keeps a snapshot from before the move, and has not yet read the table, would look for the rows where
/// they are then, and find none that its snapshot shows.
async fn nobody_looks_back(tx: &Tx<'_>) -> Result<()> {
    const SQL: &str = "SELECT a.pid, coalesce(nullif(a.application_name, ''), a.usename, 'unknown') FROM pg_stat_activity a \
                       WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.backend_xmin IS NOT NULL \
                         AND a.state LIKE 'idle in transaction%' ORDER BY a.xact_start LIMIT 1";
    match tx.query_opt("look for kept snapshots", SQL, &[]).await? {
        None => Ok(()),
        Some(row) => Err(Error::Busy {
            object: "rows of DEFAULT".into(),
            reason: format!(
                "pid {} ({}) keeps a snapshot in which they are where they were",
                row.get::<_, i32>(0),
                row.get::<_, String>(1)
            ),
            remedy: "let it end".into(),
        }),
    }
}
