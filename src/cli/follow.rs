//! Follows a worker of this process or an owner elsewhere, and prints what happens, until the end.
//!
//! Standard output is never waited for by the migration: a slow reader delays this face alone. The last event of
//! a worker is handed back unprinted: only the caller knows whether it is the last word.

use std::{io::IsTerminal, time::Duration};

use chrono::Utc;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval_at};

use crate::{
    cli::{
        commands::Face,
        output::{json, plain},
        print,
        signals::Signals,
    },
    engine::{
        command::{Asked, Asker, Command},
        event::{Body, Event},
        link::Link,
        status::Status,
        worker::{End, Worker},
    },
    error::{Error, Result},
    model::phase::Phase,
};

/// Between two lines of progress, for people and for a script's log.
const PROGRESS: Duration = Duration::from_secs(2);
const PROGRESS_LOGGED: Duration = Duration::from_secs(10);
/// Signals that are obeyed in order; the next one ends the process at once.
const PATIENT_SIGNALS: u32 = 2;

/// Prints events and hears signals.
#[derive(Debug)]
pub(super) struct Follower {
    face: Face,
    signals: Signals,
    asker: Asker,
}

/// How following a worker ended.
#[derive(Debug)]
pub(super) enum Followed {
    /// The work has ended.
    Ended {
        /// How.
        result: Result<End>,
        /// Its last event.
        closed: Option<Box<Event>>,
        /// Whether it ever owned the migration.
        owned: bool,
    },
    /// The operator did not want to wait for the end.
    Left,
}

/// News of a link.
#[derive(Debug)]
pub(super) enum News {
    /// Something happened.
    Event(Event),
    /// The picture changed.
    Picture,
    /// A signal came.
    Signal,
    /// The other end is gone.
    Gone,
}

impl Follower {
    /// A follower that sends its commands in the name of `asker`.
    pub(super) fn new(face: Face, asker: Asker) -> Result<Self> {
        Ok(Self { face, signals: Signals::listen()?, asker })
    }

    /// Follows a worker to its end. The first signal asks it to finish its chunks and leave, the second to cancel
    /// them, the third waits for nothing.
    pub(super) async fn worker(&mut self, worker: Worker) -> Followed {
        let Worker { mut link, end } = worker;
        let mut ticks = ticks();
        let (mut closed, mut owned, mut signals) = (None, false, 0);
        while closed.is_none() {
            match self.news(&mut link, &mut ticks).await {
                News::Event(event) if matches!(event.body, Body::Closed { .. }) => {
                    closed = Some(Box::new(event));
                }
                News::Event(event) => {
                    owned |= matches!(event.body, Body::Owned { .. });
                    self.event(&event);
                }
                News::Picture => {}
                News::Signal => {
                    signals += 1;
                    if signals > PATIENT_SIGNALS {
                        return Followed::Left;
                    }
                    self.stop(&link);
                }
                News::Gone => break,
            }
        }
        let result = end.await.unwrap_or_else(|error| Err(Error::Bug(error.to_string())));
        Followed::Ended { result, closed, owned }
    }

    /// Waits for news; prints progress meanwhile.
    pub(super) async fn news(&mut self, link: &mut Link, ticks: &mut Interval) -> News {
        loop {
            let Link { status, events, .. } = link;
            tokio::select! {
                biased;
                () = self.signals.next() => return News::Signal,
                event = events.recv() => return event.map_or(News::Gone, News::Event),
                Ok(()) = status.changed() => {
                    status.mark_unchanged();
                    return News::Picture;
                }
                _ = ticks.tick() => self.progress(&status.borrow()),
            }
        }
    }

    fn stop(&self, link: &Link) {
        let by = Asker { face: "signal".into(), ..self.asker.clone() };
        if let Err(error) = link.commands.try_send(Asked { command: Command::Stop, by }) {
            tracing::warn!(%error, "the worker could not be asked to stop");
        }
    }

    fn progress(&self, status: &Status) {
        let moves = matches!(
            status.migration.phase,
            Phase::Census | Phase::Copying | Phase::Replaying | Phase::Verifying | Phase::Filling
        );
        if self.face != Face::Json && moves {
            print::line(&plain::progress(status));
        }
    }

    /// Prints an event.
    pub(super) fn event(&self, event: &Event) {
        print::line(&match self.face {
            Face::Json => json::line(event),
            Face::Console | Face::Plain => plain::line(event),
        });
    }

    /// Prints the last event of a stream that no worker ends; returns the exit code.
    pub(super) fn close(&self, end: &str, exit_code: u8) -> u8 {
        self.event(&Event { seq: 0, at: Utc::now(), body: Body::Closed { end: end.into(), exit_code } });
        exit_code
    }

    /// Says something to people.
    pub(super) fn say(&self, words: &str) {
        if self.face != Face::Json {
            print::line(&crate::tui::harmless::harmless(words));
        }
    }

    /// In whose name.
    pub(super) fn asker(&self) -> &Asker {
        &self.asker
    }
}

/// When progress is due.
pub(super) fn ticks() -> Interval {
    let every = if std::io::stdout().is_terminal() { PROGRESS } else { PROGRESS_LOGGED };
    let mut ticks = interval_at(Instant::now() + every, every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
