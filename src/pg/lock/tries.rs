//! The one place where a lost lock is tried again: full-jitter back-off, every attempt reported.

use std::{
    future::Future,
    sync::OnceLock,
    time::{Duration, Instant},
};

use tokio_postgres::error::SqlState;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    error::{BETWEEN_ATTEMPTS, Error, Kind, Result},
    pg::{Session, lock::Watch},
};

/// How long and how often.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// The longest that one attempt may make writers wait (`--lock-budget`).
    pub budget: Duration,
    /// Attempts until it gives up.
    pub attempts: u32,
}

impl Default for Patience {
    fn default() -> Self {
        Self { budget: Duration::from_millis(100), attempts: 200 }
    }
}

/// The pause after the first lost attempt lies between 0 and this; each later one may be twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// One attempt, for the operator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// What was tried: `capture`, `swap`, …
    pub step: &'static str,
    /// Its number, from 1.
    pub number: u32,
    /// How long writers were made to wait.
    pub held: Duration,
    /// Whether it won.
    pub won: bool,
    /// What it lost to.
    pub blocker: Option<String>,
}

impl Attempt {
    /// A sentence about an attempt that was lost.
    pub fn lost_to(&self) -> Option<String> {
        let blocker = self.blocker.as_ref()?;
        Some(format!("{}: attempt {} lost to {blocker}", self.step, self.number))
    }
}

/// Where attempts are reported to.
pub type Report<'a> = &'a mut (dyn FnMut(Attempt) + Send);

/// When writers began to wait.
#[derive(Debug, Default)]
pub struct Held(OnceLock<Instant>);

impl Held {
    /// From now on writers wait.
    pub fn begins(&self) {
        self.0.get_or_init(Instant::now);
    }

    /// How long they have waited.
    pub fn elapsed(&self) -> Duration {
        self.0.get().map_or(Duration::ZERO, Instant::elapsed)
    }
}

/// Attempts at one step.
pub struct Tries<'a> {
    watch: Option<&'a Watch>,
    step: &'static str,
    patience: Patience,
    report: Report<'a>,
    number: u32,
    stop: Option<CancellationToken>,
}

impl<'a> Tries<'a> {
    /// No attempt has been made. Without a watch nobody sees what an attempt is lost to.
    pub fn new(watch: Option<&'a Watch>, step: &'static str, patience: Patience, report: Report<'a>) -> Self {
        Self { watch, step, patience, report, number: 0, stop: None }
    }

    /// Ends with [`Error::Stopped`] where what stops this session says so.
    #[must_use]
    pub fn stopped_with(self, session: &Session) -> Self {
        Self { stop: session.stop(), ..self }
    }

    /// Attempts made so far.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// Makes one attempt. `None`: it was lost, and the pause after it is over. It is lost by a lock that was not had
    /// in time, and by [`Error::Busy`].
    pub async fn one<T>(&mut self, held: &Held, work: impl Future<Output = Result<T>>) -> Result<Option<T>> {
        if self.stop.as_ref().is_some_and(CancellationToken::is_cancelled) {
            return Err(self.stopped());
        }
        self.number += 1;
        let (outcome, seen) = match self.watch {
            Some(watch) => watch.during(work).await,
            None => (work.await, None),
        };
        let held = held.elapsed();
        let lost = match outcome {
            Ok(done) => {
                self.tell(held, None);
                return Ok(Some(done));
            }
            Err(Error::Busy { reason, .. }) => reason,
            Err(error) if is_passing(&error) => seen.unwrap_or_else(|| error.to_string()),
            Err(error) => return Err(error),
        };
        self.tell(held, Some(lost.clone()));
        if self.number >= self.patience.attempts {
            return Err(self.given_up(&lost));
        }
        let pause = tokio::time::sleep(pause_after(self.number));
        let Some(stop) = &self.stop else {
            pause.await;
            return Ok(None);
        };
        stop.run_until_cancelled(pause).await.map(|()| None).ok_or_else(|| self.stopped())
    }

    fn stopped(&self) -> Error {
        Error::Stopped { table: self.step.into(), how: BETWEEN_ATTEMPTS.into() }
    }

    fn tell(&mut self, held: Duration, blocker: Option<String>) {
        let won = blocker.is_none();
        tracing::debug!(step = self.step, number = self.number, ?held, won, blocker);
        if won && held.is_zero() {
            // Nobody was locked out: not worth a word to the operator.
            return;
        }
        (self.report)(Attempt { step: self.step, number: self.number, held, won, blocker });
    }

    fn given_up(&self, lost: &str) -> Error {
        Error::Busy {
            object: self.step.into(),
            reason: format!("{} attempts were lost, the last one to {lost}", self.number),
            remedy: "nothing was changed; try again at a quieter time, or end what it was lost to".into(),
        }
    }
}

/// A lock was not had in time, or the statement's share of the budget was spent.
fn is_passing(error: &Error) -> bool {
    error.kind() == Kind::Retry || error.sqlstate() == Some(&SqlState::QUERY_CANCELED)
}

/// Full jitter: anything between nothing and twice as long each time.
fn pause_after(attempt: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(LONGEST_PAUSE);
    longest.mul_f64(random_share())
}

/// A random number from 0 to 1; a version 4 UUID is 122 random bits.
fn random_share() -> f64 {
    let [.., a, b] = Uuid::new_v4().into_bytes();
    f64::from(u16::from_be_bytes([a, b])) / f64::from(u16::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_their_limit() {
        for (attempt, longest) in [(1, 100), (2, 200), (6, 3_200), (7, 5_000), (4_000_000_000, 5_000)] {
            let pauses: Vec<_> = (0..200).map(|_| pause_after(attempt)).collect();
            assert!(pauses.iter().all(|pause| *pause <= Duration::from_millis(longest)), "{attempt}");
            assert!(pauses.iter().any(|pause| *pause > Duration::from_millis(longest / 2)), "{attempt}");
            assert!(pauses.iter().any(|pause| *pause < Duration::from_millis(longest / 2)), "{attempt}");
        }
    }
}
