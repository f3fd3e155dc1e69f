//! Where messages come from: the terminal's input, the engine's link, and work that was spawned.

use std::{io, sync::Arc, time::Duration};

use crossterm::event::{Event, KeyCode, KeyEventKind, KeyModifiers};
use futures_util::{Stream, StreamExt};
use tokio::sync::mpsc;

use crate::{
    engine::{link::Link, status::Status},
    error::Report,
    tui::{
        app::msg::{Msg, PanicReport, Signal},
        desk::Opened,
        keymap::Stroke,
    },
};

/// The terminal's events.
pub trait Input: Stream<Item = io::Result<Event>> + Unpin {}
impl<T: Stream<Item = io::Result<Event>> + Unpin> Input for T {}

/// Something from outside.
#[derive(Debug)]
pub enum Outside {
    /// For the reducer.
    Msg(Msg),
    /// A link, or why there is none.
    Opened(Result<Opened, Report>),
    /// The engine has left; its last picture.
    Ended(Arc<Status>),
}

/// The receiving ends that live as long as the runner.
#[derive(Debug)]
pub struct Inbox {
    outside: mpsc::UnboundedReceiver<Outside>,
    panics: mpsc::UnboundedReceiver<PanicReport>,
}

impl Inbox {
    /// An inbox with the ends to fill it.
    pub fn new() -> (Self, mpsc::UnboundedSender<Outside>, mpsc::UnboundedSender<PanicReport>) {
        let (outside_in, outside) = mpsc::unbounded_channel();
        let (panics_in, panics) = mpsc::unbounded_channel();
        (Self { outside, panics }, outside_in, panics_in)
    }

    /// Adds the terminal's input.
    pub(super) fn with<I: Input>(self, input: I) -> Source<I> {
        Source { inbox: self, input: Some(input), late: LateAnswer::default() }
    }
}

/// All sources together.
pub(super) struct Source<I> {
    inbox: Inbox,
    input: Option<I>,
    late: LateAnswer,
}

impl<I: Input> Source<I> {
    /// Nobody types any more. Who went on reading a terminal that is gone would be told so without end, and never rest.
    pub(super) fn close_input(&mut self) {
        self.input = None;
    }

    /// The next message; `None` when `wait` is over.
    pub(super) async fn next(&mut self, link: Option<&mut Link>, wait: Option<Duration>) -> Option<Outside> {
        let time = async {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            msg = typed(&mut self.input, &mut self.late) => Some(Outside::Msg(msg)),
            Some(outside) = self.inbox.outside.recv() => Some(outside),
            Some(report) = self.inbox.panics.recv() => Some(Outside::Msg(Msg::Panicked(report))),
            outside = linked(link) => Some(outside),
            () = time => None,
        }
    }
}

/// The next key, paste or resize. Input that ends means that the terminal is gone, like SIGHUP.
async fn typed<I: Input>(input: &mut Option<I>, late: &mut LateAnswer) -> Msg {
    loop {
        let Some(stream) = input else { return std::future::pending().await };
        let Some(Ok(event)) = stream.next().await else {
            *input = None;
            return Msg::Signal(Signal::Lost);
        };
        if late.swallows(&event) {
            continue;
        }
        if let Some(msg) = meant(event) {
            return msg;
        }
    }
}

/// The terminal's answer about its background, come too late: it reads like `alt-]`, letters of
/// `11;rgb:1e1e/…`, `alt-\`. Its letters must press no keys.
#[derive(Debug, Default)]
struct LateAnswer {
    /// Inside the answer.
    inside: bool,
}

impl LateAnswer {
    /// Whether the event belongs to the answer.
    fn swallows(&mut self, event: &Event) -> bool {
        let Event::Key(key) = event else { return false };
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        if alt && key.code == KeyCode::Char(']') {
            self.inside = true;
            return true;
        }
        let letter = matches!(key.code, KeyCode::Char('0'..='9' | 'a'..='g' | 'r' | ';' | ':' | '/'));
        let belongs = self.inside && letter && key.modifiers.is_empty();
        let ends = self.inside && alt && key.code == KeyCode::Char('\\');
        self.inside = belongs;
        belongs || ends
    }
}

fn meant(event: Event) -> Option<Msg> {
    match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => Stroke::of(key).map(Msg::Key),
        Event::Paste(text) => Some(Msg::Paste(text)),
        Event::Resize(columns, rows) => Some(Msg::Resize(columns, rows)),
        Event::Key(_) | Event::FocusGained | Event::FocusLost | Event::Mouse(_) => None,
    }
}

/// The next event or picture of the link; its last picture when the engine has left.
async fn linked(link: Option<&mut Link>) -> Outside {
    let Some(link) = link else { return std::future::pending().await };
    let Link { status, events, .. } = link;
    tokio::select! {
        biased;
        event = events.recv() => match event {
            Some(event) => Outside::Msg(Msg::Event(Box::new(event))),
            None => Outside::Ended(Arc::clone(&status.borrow())),
        },
        // A closed watch is no news of its own: the events end as well, and they say so.
        Ok(()) = status.changed() => Outside::Msg(Msg::Status(Arc::clone(&status.borrow_and_update()))),
    }
}

#[cfg(test)]
mod tests {
    use crossterm::event::KeyEvent;

    use super::*;

    #[test]
    fn a_late_answer_presses_no_keys() {
        let key = |c, modifiers| Event::Key(KeyEvent::new(KeyCode::Char(c), modifiers));
        let mut late = LateAnswer::default();
        let mut swallows = |c, modifiers| late.swallows(&key(c, modifiers));
        assert!(!swallows('r', KeyModifiers::NONE), "a key is a key");
        assert!(swallows(']', KeyModifiers::ALT));
        assert!("11;rgb:1e1e/2af0/ffff".chars().all(|c| swallows(c, KeyModifiers::NONE)));
        assert!(swallows('\\', KeyModifiers::ALT));
        assert!(!swallows('f', KeyModifiers::NONE), "the answer is over");
        assert!(swallows(']', KeyModifiers::ALT));
        assert!(!swallows('p', KeyModifiers::NONE), "nothing of an answer: a key");
        assert!(!swallows('1', KeyModifiers::NONE));
    }
}
