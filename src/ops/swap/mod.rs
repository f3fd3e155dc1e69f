//! The swap and the reverse: the exchange of the names under one short exclusive lock.
//!
//! [`approach`] takes the locks in order and drains what is left of the log; [`exchange`] has the statements;
//! [`dependants`] looks whether they still fit; [`settle`] does right afterwards what would have asked for
//! more locks; [`outcome`] finds out what became of a COMMIT without an answer.
//!
//! Invariants: exactly one table owns the name, for the names move in one transaction. Writers wait no longer
//! than the budget. A lost attempt changes nothing: capture and replay go on.

mod approach;
mod dependants;
mod exchange;
mod outcome;
mod settle;

use std::time::Duration;

use futures_util::future::BoxFuture;

pub use outcome::{Holder, holder};

use crate::{
    error::{Error, Result},
    model::{ident::QualifiedName, phase::Phase, plan::Statement, scheme::Scheme},
    pg::{
        Fence, Session,
        lock::{Held, Patience, Report, Tries, Watch, bounded},
    },
};

/// Replays the log on a session of its own. Called before and under the locks; dropped in mid-flight when the budget is
/// spent, which must roll back what it has in hand.
pub trait Drain: Send {
    /// Returns when a batch took all that could be seen, and is committed. A busy log is never empty for long; while
    /// writers wait, it is empty then.
    fn drain(&mut self) -> BoxFuture<'_, Result<()>>;
}

/// Which way the names go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Swap,
    Reverse,
}

impl Way {
    fn step(self) -> &'static str {
        match self {
            Self::Swap => "swap",
            Self::Reverse => "reverse",
        }
    }

    fn phase(self) -> Phase {
        match self {
            Self::Swap => Phase::ReverseWindow,
            Self::Reverse => Phase::Reversed,
        }
    }

    /// The table that does not own the name yet.
    fn follower(self, scheme: &Scheme) -> QualifiedName {
        match self {
            Self::Swap => scheme.twin(),
            Self::Reverse => scheme.old(),
        }
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
    /// How long writers were made to wait.
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
        self.exchange(Way::Swap, session, drain, report).await
    }

    /// The old table gets the name back.
    pub async fn reverse(
        &self,
        session: &mut Session,
        drain: &mut dyn Drain,
        report: Report<'_>,
    ) -> Result<Swapped> {
        self.exchange(Way::Reverse, session, drain, report).await
    }

    /// What an exchange leaves for right after it, each in a short transaction of its own: foreign keys of the table
    /// that lost the name, sequences that belong to the one that got it. Repeatable. Nothing may be replayed before.
    pub async fn settle(&self, session: &mut Session, report: Report<'_>) -> Result<()> {
        settle::settle(self, session, report).await
    }

    async fn exchange(
        &self,
        way: Way,
        session: &mut Session,
        drain: &mut dyn Drain,
        report: Report<'_>,
    ) -> Result<Swapped> {
        if way == Way::Swap {
            dependants::compare(session, self.scheme).await?;
        }
        settle::free_follower(self, session, way, report).await?;
        let patience = bounded(session, self.patience).await?;
        let watch = Watch::open(session, self.scheme.id).await?;
        let mut tries = Tries::new(Some(&watch), way.step(), patience, report);
        loop {
            let held = Held::default();
            let round =
                approach::Round { swap: self, way, budget: patience.budget, watch: &watch, held: &held };
            let attempt = round.attempt(session, drain);
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

/// Something stands in the way of this attempt.
fn lost(scheme: &Scheme, reason: impl Into<String>) -> Error {
    Error::Busy {
        object: scheme.source().plain(),
        reason: reason.into(),
        remedy: "nothing was changed; it is tried again".into(),
    }
}
