//! The swap and the reverse: the exchange of the names under one short exclusive lock.
//!
//! [`mirror`] has writers write both tables around it; [`approach`] waits until both are in step, and takes the locks;
//! [`exchange`] has the statements; [`dependants`] looks whether they still fit; [`settle`] does right afterwards what
//! would have asked for more locks; [`outcome`] finds out what became of a COMMIT without an answer. [`adoption`] is the exchange of the strategy `adopt`, with
//! the statements of [`history`].
//!
//! Invariants: exactly one table owns the name, for the names move in one transaction. The application waits no longer
//! than the budget. A lost attempt changes nothing.

mod adoption;
mod approach;
mod attached;
mod dependants;
mod exchange;
mod history;
mod incoming;
mod mirror;
mod outcome;
mod settle;

use std::time::Duration;

use futures_util::future::BoxFuture;

pub use adoption::{
    Adoption, Later, MOST_MOVED, attach_statements, give_sequences, release_statements, shared_in_history,
};
pub use outcome::{Holder, holder};

use crate::{
    error::{Error, Result},
    model::{carry::Carry, ident::QualifiedName, phase::Phase, plan::Statement, scheme::Scheme},
    pg::{
        Fence, Session, Tx,
        lock::{Held, Patience, Report, Tries, Watch, bounded, budget},
        script::Script,
    },
};

/// Replays the log on a session of its own.
pub trait Drain: Send {
    /// Returns when a batch took all that could be seen, and is committed: the rows of the log that were taken. A busy
    /// log is never empty for long; while writers mirror, it is.
    fn drain(&mut self) -> BoxFuture<'_, Result<i64>>;
}

/// Which way the names go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Swap,
    Reverse,
    /// The twin gets the name while it is empty (`rename-first`).
    Rename,
    /// The old table gets the name back before the other one was full. It still has its foreign keys.
    Undo,
}

/// How an attempt ends that has won.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ending {
    Commit,
    /// A rehearsal: everything is done under the locks, and taken back.
    RollBack,
}

impl Ending {
    /// What the attempts are called.
    fn step(self, way: Way) -> &'static str {
        match self {
            Self::Commit => way.step(),
            Self::RollBack => "rehearse",
        }
    }
}

impl Way {
    fn step(self) -> &'static str {
        match self {
            Self::Swap => "swap",
            Self::Rename => "rename",
            Self::Reverse | Self::Undo => "reverse",
        }
    }

    fn phase(self) -> Phase {
        match self {
            Self::Swap => Phase::ReverseWindow,
            Self::Reverse => Phase::Reversed,
            Self::Rename => Phase::Filling,
            Self::Undo => Phase::Aborting,
        }
    }

    /// The partitioned table gets the name.
    fn is_forward(self) -> bool {
        matches!(self, Self::Swap | Self::Rename)
    }

    /// How a change reaches that table until then.
    fn carry(self) -> Carry {
        match self {
            Self::Swap | Self::Rename => Carry::MirrorToTwin,
            Self::Reverse | Self::Undo => Carry::MirrorToOld,
        }
    }

    /// The table that does not own the name yet.
    fn follower(self, scheme: &Scheme) -> QualifiedName {
        if self.is_forward() { scheme.twin() } else { scheme.old() }
    }
}

/// A migration whose names are to be exchanged.
#[derive(Clone, Copy, Debug)]
pub struct Swap<'a> {
    /// Its plan.
    pub scheme: &'a Scheme,
    /// Every leaf, DEFAULT and those made since the census included.
    pub leaves: &'a [QualifiedName],
    /// The owner's epoch and the fingerprint.
    pub fence: &'a Fence,
    /// The lock budget and the number of attempts.
    pub patience: Patience,
}

/// A swap or reverse that is committed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swapped {
    /// How long the application was made to wait.
    pub held: Duration,
    /// Attempts it took.
    pub attempts: u32,
    /// The fingerprint from now on; the journal has it too.
    pub fingerprint: String,
}

impl Swap<'_> {
    /// The twin gets the name.
    pub async fn swap(
        &self,
        session: &mut Session,
        drain: &mut dyn Drain,
        report: Report<'_>,
    ) -> Result<Swapped> {
        self.exchange((Way::Swap, Ending::Commit), session, drain, report).await
    }

    /// All of [`Self::swap`] but its COMMIT: how long the application would wait, and how many attempts it takes. Writers
    /// mirror until [`Self::give_up`].
    pub async fn rehearse(
        &self,
        session: &mut Session,
        drain: &mut dyn Drain,
        report: Report<'_>,
    ) -> Result<Swapped> {
        self.exchange((Way::Swap, Ending::RollBack), session, drain, report).await
    }

    /// The old table gets the name back.
    pub async fn reverse(
        &self,
        session: &mut Session,
        drain: &mut dyn Drain,
        report: Report<'_>,
    ) -> Result<Swapped> {
        self.exchange((Way::Reverse, Ending::Commit), session, drain, report).await
    }

    /// What an empty twin may have before it gets the name: less is to be done under the lock then. Repeatable.
    pub async fn ready(&self, session: &mut Session, report: Report<'_>) -> Result<()> {
        settle::ready(self, session, report).await
    }

    /// The twin gets the name while it is empty. There is nothing to be carried over, and no log; `pause` is asked before
    /// each attempt, when nothing is locked.
    pub async fn rename(
        &self,
        session: &mut Session,
        pause: &mut dyn Drain,
        report: Report<'_>,
    ) -> Result<Swapped> {
        self.exchange((Way::Rename, Ending::Commit), session, pause, report).await
    }

    /// The old table gets the name back from one that is not full; the phase is *aborting* then.
    pub async fn undo(
        &self,
        session: &mut Session,
        drain: &mut dyn Drain,
        report: Report<'_>,
    ) -> Result<Swapped> {
        self.exchange((Way::Undo, Ending::Commit), session, drain, report).await
    }

    /// What holds while the table that owns the name is filled, repeatable: writers mirror to the old table, whose foreign
    /// keys stay in force for the rows that are still only there; sequences belong to the one that owns the name.
    pub async fn accompany(&self, session: &mut Session, report: Report<'_>) -> Result<()> {
        mirror::on(session, self.fence, self.scheme, Way::Undo).await?;
        settle::sequences(self.scheme, session, self.fence, (self.patience, report)).await
    }

    /// What an exchange leaves for right after it, each in a short transaction of its own: foreign keys of the table
    /// that lost the name, the mirror, sequences that belong to the one that got it. Repeatable.
    pub async fn settle(&self, session: &mut Session, report: Report<'_>) -> Result<()> {
        settle::settle(self, session, report).await
    }

    /// After attempts that were all lost, or a death among them: writers log again. Repeatable.
    pub async fn give_up(&self, session: &mut Session) -> Result<()> {
        mirror::off(session, self.fence, self.scheme).await
    }

    async fn exchange(
        &self,
        (way, ending): (Way, Ending),
        session: &mut Session,
        drain: &mut dyn Drain,
        report: Report<'_>,
    ) -> Result<Swapped> {
        if way.is_forward() {
            dependants::compare(session, self.scheme).await?;
        }
        let scheme = incoming::current(session, self.scheme, way).await?;
        let swap = &Swap { scheme: &scheme, ..*self };
        match way {
            Way::Swap | Way::Reverse => settle::free_follower(self, session, way, report).await?,
            Way::Rename | Way::Undo => {}
        }
        let patience = bounded(session, self.patience).await?;
        let watch = Watch::open(session, self.scheme.id).await?;
        let mut step = approach::Step::Kept;
        if way != Way::Rename {
            mirror::on(session, self.fence, self.scheme, way).await?;
            step = approach::Step::Lagging;
        }
        let mut tries = Tries::new(Some(&watch), ending.step(way), patience, report).stopped_with(session);
        loop {
            let held = Held::default();
            let (number, budget) = (tries.number() + 1, patience.budget);
            let round = approach::Round { swap, way, ending, number, budget, watch: &watch, held: &held };
            let attempt = round.attempt(session, drain, &mut step);
            if let Some((held, fingerprint)) = tries.one(&held, attempt).await? {
                return Ok(Swapped { held, attempts: tries.number(), fingerprint });
            }
        }
    }
}

/// What `plan --sql` shows for the swap.
pub fn statements(scheme: &Scheme, leaves: &[QualifiedName], patience: Patience) -> Vec<Statement> {
    let mut shown = approach::shown(scheme, Way::Swap, patience);
    shown.append(exchange::swap(scheme, leaves));
    let mut shown = shown.statements();
    shown.extend(settle::statements(scheme, leaves, Way::Swap));
    shown
}

/// What `plan --sql` shows for the reverse.
pub fn reverse_statements(scheme: &Scheme, leaves: &[QualifiedName], patience: Patience) -> Vec<Statement> {
    let mut shown = approach::shown(scheme, Way::Reverse, patience);
    shown.append(exchange::reverse(scheme, leaves));
    let mut shown = shown.statements();
    shown.extend(settle::statements(scheme, leaves, Way::Reverse));
    shown
}

/// What `plan --sql` shows for the exchange that comes first (`rename-first`).
pub fn rename_statements(scheme: &Scheme, leaves: &[QualifiedName], patience: Patience) -> Vec<Statement> {
    let mut shown: Vec<_> = settle::ready_statements(scheme, leaves);
    let mut rename = approach::shown(scheme, Way::Rename, patience);
    rename.append(exchange::rename(scheme));
    shown.extend(rename.statements());
    shown.extend(settle::sequence_statements(scheme));
    shown
}

/// What `plan --sql` shows for the way back before the table is full.
pub fn undo_statements(scheme: &Scheme, leaves: &[QualifiedName], patience: Patience) -> Vec<Statement> {
    let mut shown = approach::shown(scheme, Way::Undo, patience);
    shown.append(exchange::undo(scheme, leaves));
    shown.statements()
}

/// Keys of the old table that two rows of the partitioned one share: both cannot go back.
pub fn shared_keys(scheme: &Scheme, keys: i64, first: &str) -> Error {
    Error::Refused {
        id: "QD-092",
        object: scheme.source().plain(),
        reason: format!("{keys} keys of the old table are shared by two rows, the first is {first}"),
        remedy: "delete or change one row of each, then reverse".into(),
    }
}

/// Runs a part of an attempt within what is left of its budget.
async fn run_within(tx: &Tx<'_>, left: Duration, script: &Script) -> Result<()> {
    let mut bounded = budget(left);
    bounded.append(script.clone());
    bounded.run(tx).await
}

/// What is left of an attempt's budget; nothing left is a lost attempt.
fn left(scheme: &Scheme, held: &Held, budget: Duration) -> Result<Duration> {
    let spent = held.elapsed();
    let over = || {
        let (spent, budget) = (spent.as_millis(), budget.as_millis());
        lost(scheme, format!("{spent} ms of locks, which is more than the budget of {budget} ms"))
    };
    budget.checked_sub(spent).filter(|left| !left.is_zero()).ok_or_else(over)
}

/// Something stands in the way of this attempt.
fn lost(scheme: &Scheme, reason: impl Into<String>) -> Error {
    Error::Busy {
        object: scheme.source().plain(),
        reason: reason.into(),
        remedy: "nothing was changed; it is tried again".into(),
    }
}
