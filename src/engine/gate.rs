//! The operator's will, which every task asks before it takes up the next piece of work.

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};

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
}
