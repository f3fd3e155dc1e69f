//! Which requests to leave count, and the exit code where the last of them was not to be waited for.
//!
//! A terminal that goes away says so up to three times: SIGHUP, the end of its input, a drawing that fails. That is one
//! request, or the chunks in hand would be torn out by a window that is closed.

use crate::tui::app::msg::{Msg, Signal};

/// The exit code of a process that a signal ends is this and the signal's number.
pub(super) const SIGNALLED: u8 = 128;

/// The requests so far.
#[derive(Debug)]
pub(super) struct Parting {
    last: Signal,
    hangups: u32,
    /// Hangups that counted, a lost terminal among them.
    counted: u32,
}

impl Default for Parting {
    fn default() -> Self {
        Self { last: Signal::Interrupt, hangups: 0, counted: 0 }
    }
}

impl Parting {
    /// Whether a message is to be taken on; whatever asks to leave is remembered.
    pub(super) fn counts(&mut self, msg: &Msg) -> bool {
        match msg {
            Msg::Signal(signal) => {
                let counts = self.is_another(*signal);
                self.last = if counts { *signal } else { self.last };
                counts
            }
            // In raw mode ctrl-C is a key.
            Msg::Key(_) => {
                self.last = Signal::Interrupt;
                true
            }
            Msg::Paste(_)
            | Msg::Resize(..)
            | Msg::Drawn(_)
            | Msg::Tick
            | Msg::Status(_)
            | Msg::Event(_)
            | Msg::Tables(_)
            | Msg::Health(..)
            | Msg::Answered(..)
            | Msg::Told(_)
            | Msg::Worked(_)
            | Msg::Plan(..)
            | Msg::Linked(_)
            | Msg::Closed
            | Msg::Exported(_)
            | Msg::Unsent(_)
            | Msg::Panicked(_)
            | Msg::Standby(_)
            | Msg::Continued => true,
        }
    }

    fn is_another(&mut self, signal: Signal) -> bool {
        let hangups = match signal {
            Signal::Interrupt | Signal::Terminate => return true,
            Signal::Hangup => {
                self.hangups += 1;
                self.hangups
            }
            Signal::Lost => 1,
        };
        let counts = hangups > self.counted;
        self.counted = self.counted.max(hangups);
        counts
    }

    /// As a shell has it for a process that the signal ended.
    pub(super) fn exit_code(&self) -> u8 {
        let number = match self.last {
            Signal::Hangup | Signal::Lost => 1,
            Signal::Interrupt => 2,
            Signal::Terminate => 15,
        };
        SIGNALLED + number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counted(signals: &[Signal]) -> Vec<bool> {
        let mut parting = Parting::default();
        signals.iter().map(|signal| parting.counts(&Msg::Signal(*signal))).collect()
    }

    #[test]
    fn a_terminal_that_goes_away_asks_once_however_often_it_says_so() {
        use Signal::{Hangup, Interrupt, Lost, Terminate};
        assert_eq!(counted(&[Hangup, Lost, Lost]), [true, false, false]);
        assert_eq!(counted(&[Lost, Hangup, Lost]), [true, false, false]);
        assert_eq!(counted(&[Lost, Lost, Hangup]), [true, false, false]);
        assert_eq!(counted(&[Hangup, Hangup, Hangup]), [true; 3], "who sends it again means it");
        assert_eq!(counted(&[Lost, Hangup, Hangup]), [true, false, true]);
        assert_eq!(counted(&[Terminate, Interrupt, Terminate]), [true; 3]);
    }

    #[test]
    fn the_code_is_that_of_the_last_request() {
        let code = |signals: &[Signal]| {
            let mut parting = Parting::default();
            assert!(signals.iter().all(|signal| parting.counts(&Msg::Signal(*signal))));
            parting.exit_code()
        };
        assert_eq!(code(&[]), 130, "ctrl-C is a key");
        assert_eq!(code(&[Signal::Interrupt]), 130);
        assert_eq!(code(&[Signal::Interrupt, Signal::Terminate]), 143);
        assert_eq!(code(&[Signal::Terminate, Signal::Hangup]), 129);
    }
}
