//! A short transaction of its own under locks: the locks, the epoch, the statements, COMMIT; tried again when lost.

use crate::{
    error::Result,
    model::{ident::QualifiedName, phase::Phase, plan::Statement},
    pg::{
        Fence, Session, Tx, journal,
        lock::{Held, Mode, Patience, Report, Tries, Watch, bounded, budget, lock},
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
    /// The locks, in order; SHARE ROW EXCLUSIVE comes before ACCESS EXCLUSIVE on any of them.
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
    /// What `plan --sql` shows.
    pub fn statements(&self) -> Vec<Statement> {
        let mut shown = self.quieting();
        shown.append(self.locking());
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
        let mut tries = Tries::new(watch.as_ref(), self.step, patience, report);
        loop {
            let held = Held::default();
            let attempt = self.attempt(session, fence, patience, &held);
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
        held: &Held,
    ) -> Result<()> {
        let tx = session.begin().await?;
        match self.inside(&tx, fence, patience, held).await {
            Ok(()) => tx.commit(self.step).await,
            Err(error) => tx.rollback().await.and(Err(error)),
        }
    }

    async fn inside(&self, tx: &Tx<'_>, fence: &Fence, patience: Patience, held: &Held) -> Result<()> {
        self.quieting().run(tx).await?;
        if !self.locks.is_empty() {
            held.begins();
            budget(patience.budget).run(tx).await?;
            self.locking().run(tx).await?;
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
        lock(Mode::ShareUpdateExclusive, &self.quiet)
    }

    /// Writers first, on every table, then readers: a writer's transaction lasts longer than a reader's statement, and
    /// readers are held up only for the last and shortest wait.
    fn locking(&self) -> Script {
        let mut script = Script::new();
        for (_, table) in &self.locks {
            script.append(lock(Mode::ShareRowExclusive, std::slice::from_ref(table)));
        }
        for (mode, table) in &self.locks {
            if *mode == Mode::AccessExclusive {
                script.append(lock(*mode, std::slice::from_ref(table)));
            }
        }
        script
    }
}
