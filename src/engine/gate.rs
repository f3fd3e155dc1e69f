//! The operator's will and the signals' speeds, which every task asks before it takes up the next piece of work.

use std::time::Duration;

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    error::{Error, Result},
    model::throttle::{Speed, Speeds, Work},
};

/// Slowed work rests so many times as long as its last piece took: it works a quarter of the time.
const RESTS: u32 = 3;
/// The shortest and the longest rest at once.
const REST: (Duration, Duration) = (Duration::from_millis(100), Duration::from_mins(1));

/// What the operator wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Will {
    /// Go on.
    Go,
    /// Finish what is in hand, then wait.
    Pause,
    /// Finish what is in hand, then leave.
    Stop,
    /// Cancel what is in hand and remove everything.
    Abort,
}

/// Where tasks wait.
#[derive(Debug)]
pub struct Gate {
    table: String,
    will: watch::Sender<Will>,
    speeds: watch::Sender<Speeds>,
    /// Cancelled when statements in hand must end now (abort, or a second signal).
    pub hurry: CancellationToken,
    /// Cancelled when this stretch of work ends, for whatever reason.
    pub over: CancellationToken,
}

impl Gate {
    /// A gate that starts at `will`.
    pub fn new(table: String, will: Will) -> Self {
        Self {
            table,
            will: watch::Sender::new(will),
            speeds: watch::Sender::default(),
            hurry: CancellationToken::new(),
            over: CancellationToken::new(),
        }
    }

    /// The present will.
    pub fn will(&self) -> Will {
        *self.will.borrow()
    }

    /// Changes it. An abort is never taken back.
    pub fn set(&self, will: Will) {
        self.will.send_if_modified(|now| {
            let changes = *now != Will::Abort && *now != will;
            if changes {
                *now = will;
            }
            changes
        });
        if self.will() == Will::Abort {
            self.hurry.cancel();
        }
    }

    /// Waits while paused; an error when the task should leave.
    pub async fn pass(&self) -> Result<()> {
        let mut will = self.will.subscribe();
        let now = will.wait_for(|will| *will != Will::Pause).await.map_or(Will::Stop, |will| *will);
        match now {
            Will::Go | Will::Pause => Ok(()),
            Will::Stop => Err(self.leave("stopped")),
            Will::Abort => Err(self.leave("being aborted")),
        }
    }

    /// Waits while paused or while the signals hold this kind of work; an error when the task should leave.
    pub async fn pass_for(&self, work: Work) -> Result<()> {
        loop {
            self.pass().await?;
            let mut speeds = self.speeds.subscribe();
            tokio::select! {
                _ = speeds.wait_for(|speeds| speeds.of(work) != Speed::Stop) => {}
                () = self.changed(Will::Go) => {}
            }
            if self.speed(work) != Speed::Stop && self.will() == Will::Go {
                return Ok(());
            }
        }
    }

    /// After a piece of work that took so long: rests while the signals slow this kind of work, at most as long as makes
    /// it work a quarter of the time.
    pub async fn rest_after(&self, work: Work, took: Duration) {
        let mut speeds = self.speeds.subscribe();
        let rest = tokio::time::sleep((took * RESTS).clamp(REST.0, REST.1));
        tokio::select! {
            () = rest => {}
            _ = speeds.wait_for(|speeds| speeds.of(work) != Speed::Slow) => {}
            () = self.changed(Will::Go) => {}
        }
    }

    /// How fast this kind of work may go.
    pub fn speed(&self, work: Work) -> Speed {
        self.speeds.borrow().of(work)
    }

    /// Changes how fast work may go; whether that is news.
    pub fn set_speeds(&self, speeds: Speeds) -> bool {
        self.speeds.send_if_modified(|now| std::mem::replace(now, speeds) != speeds)
    }

    /// Waits until the will is another than `from`.
    pub async fn changed(&self, from: Will) {
        let mut will = self.will.subscribe();
        // An error means that the gate is gone, and with it the task that waits.
        drop(will.wait_for(|will| *will != from).await);
    }

    fn leave(&self, how: &str) -> Error {
        Error::Stopped { table: self.table.clone(), how: how.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_pause_holds_a_stop_ends_and_an_abort_stays() {
        let gate = Gate::new("t".into(), Will::Pause);
        tokio::select! {
            biased;
            _ = gate.pass() => panic!("passed a closed gate"),
            () = std::future::ready(()) => {}
        }
        gate.set(Will::Go);
        gate.pass().await.unwrap();
        gate.set(Will::Abort);
        gate.set(Will::Go);
        assert!(gate.hurry.is_cancelled());
        assert!(gate.pass().await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn held_work_goes_on_when_the_signals_let_it_and_leaves_when_the_operator_says_so() {
        let gate = Gate::new("t".into(), Will::Go);
        let held = Speeds { copy: Speed::Stop, ..Speeds::default() };
        assert!(gate.set_speeds(held) && !gate.set_speeds(held));
        gate.pass_for(Work::Replay).await.unwrap();
        let long = Duration::from_hours(1);
        assert!(tokio::time::timeout(long, gate.pass_for(Work::Copy)).await.is_err(), "passed while held");
        tokio::join!(async { gate.pass_for(Work::Copy).await.unwrap() }, async {
            gate.set_speeds(Speeds::default());
        });
        gate.set_speeds(held);
        let (left, ()) = tokio::join!(gate.pass_for(Work::Copy), async { gate.set(Will::Stop) });
        assert!(left.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn slowed_work_rests_three_quarters_of_the_time() {
        let gate = Gate::new("t".into(), Will::Go);
        let (began, took) = (tokio::time::Instant::now(), Duration::from_secs(2));
        gate.rest_after(Work::Copy, took).await;
        assert_eq!(began.elapsed(), Duration::ZERO);
        gate.set_speeds(Speeds { copy: Speed::Slow, ..Speeds::default() });
        gate.rest_after(Work::Copy, took).await;
        assert_eq!(began.elapsed().as_secs(), 6);
        tokio::join!(gate.rest_after(Work::Copy, took), async { gate.set(Will::Stop) });
        assert_eq!(began.elapsed().as_secs(), 6, "a stop ends the rest");
    }
}
