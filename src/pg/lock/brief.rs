//! A short transaction of its own under locks: the locks, the epoch, the statements, COMMIT; tried again when lost.

use std::time::Duration;

use crate::{
    error::Result,
    model::{ident::QualifiedName, phase::Phase, plan::Statement},
    pg::{
        Fence, Session, Tx, journal,
        lock::{Held, Mode, Patience, Report, Tries, Watch, bounded, budget, lock_within, quiet},
        script::Script,
    },
};

/// What a short transaction locks, runs and records.
#[derive(Clone, Debug)]
pub struct Brief {
    /// Its name in reports.
    pub step: &'static str,
    /// Tables on which autovacuum has to yield first.
    pub quiet: Vec<QualifiedName>,
    /// The locks, in order.
    pub locks: Vec<(Mode, QualifiedName)>,
    /// The statements.
    pub script: Script,
    /// What the journal is told.
    pub record: Record,
}

/// What a short transaction tells the journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Record {
    /// Nothing.
    Nothing,
    /// The fingerprint, which the statements changed.
    Fingerprint,
    /// The phase moved.
    Phase(Phase, Phase),
}

impl Brief {
    /// One that locks nobody out and tells the journal nothing.
    pub fn unlocked(step: &'static str, script: Script) -> Self {
        Self { step, quiet: Vec::new(), locks: Vec::new(), script, record: Record::Nothing }
    }

    /// What `plan --sql` shows.
    pub fn statements(&self) -> Vec<Statement> {
        let mut shown = self.quieting();
        shown.append(self.locking(Patience::default().budget, 1));
        shown.append(self.script.clone());
        shown.statements()
    }

    /// Runs it, under the epoch of `fence`, until it wins.
    pub async fn run(
        &self,
        session: &mut Session,
        fence: &Fence,
        patience: Patience,
        report: Report<'_>,
    ) -> Result<()> {
        let patience = bounded(session, patience).await?;
        // Where nobody else is locked out, a session to watch is not worth opening: validation comes leaf by leaf.
        let watch =
            if self.locks.is_empty() { None } else { Some(Watch::open(session, fence.migration).await?) };
        let mut tries = Tries::new(watch.as_ref(), self.step, patience, report).stopped_with(session);
        loop {
            let held = Held::default();
            let attempt = self.attempt(session, fence, patience, (&held, tries.number() + 1));
            if tries.one(&held, attempt).await?.is_some() {
                return Ok(());
            }
        }
    }

    async fn attempt(
        &self,
        session: &mut Session,
        fence: &Fence,
        patience: Patience,
        turn: (&Held, u32),
    ) -> Result<()> {
        let tx = session.begin().await?;
        match self.inside(&tx, fence, patience, turn).await {
            Ok(()) => tx.commit(self.step).await,
            Err(error) => Err(tx.undo(error).await),
        }
    }

    async fn inside(
        &self,
        tx: &Tx<'_>,
        fence: &Fence,
        patience: Patience,
        (held, number): (&Held, u32),
    ) -> Result<()> {
        self.quieting().run(tx).await?;
        if !self.locks.is_empty() {
            held.begins();
            budget(patience.budget).run(tx).await?;
            self.locking(patience.budget, number).run(tx).await?;
        }
        fence.hold(tx).await?;
        self.script.run(tx).await?;
        match self.record {
            Record::Nothing => Ok(()),
            Record::Fingerprint => {
                journal::fingerprint(tx, fence.migration, &fence.fingerprint_now(tx).await?).await
            }
            Record::Phase(from, to) => journal::write::phase(tx, fence.migration, from, to).await,
        }
    }

    fn quieting(&self) -> Script {
        quiet(&[], &self.quiet)
    }

    /// Each wait at most half of the budget. Every other attempt takes the locks in reverse order: an application that
    /// writes the same tables in one order makes us lose the other.
    fn locking(&self, budget: Duration, number: u32) -> Script {
        let mut script = Script::new();
        let mut each = |(mode, table): &(Mode, QualifiedName)| {
            script.append(lock_within(*mode, std::slice::from_ref(table), budget / 2));
        };
        if number % 2 == 1 {
            self.locks.iter().for_each(&mut each);
        } else {
            self.locks.iter().rev().for_each(&mut each);
        }
        script
    }
}
