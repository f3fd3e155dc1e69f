//! A recording, played to the console's own reducer: what was heard comes when it came, keys are pressed in between.
//!
//! The time on screen is the recording's. While keys are pressed it stands still; the film's own time goes on, and is what
//! the cast is played by. What the reducer asks for is answered from the recording, or the film ends with an error.

use std::{collections::VecDeque, sync::Arc};

use quarterdeck::{
    engine::command::Command,
    tui::{
        app::{
            model::{Model, Place, Screen},
            msg::{Effect, Msg, Tie},
            update::update,
            upkeep::{Answer, Question},
        },
        keymap::Stroke,
    },
};
use ratatui::crossterm::event::KeyCode;

use super::recording::{self, Entry, Heard, Trouble};

/// Columns and rows of everything that is drawn.
pub(crate) const SIZE: (u16, u16) = (100, 28);
/// Milliseconds between two frames at least.
const FRAME_MS: i64 = 100;
/// Milliseconds a gap in the recording lasts at most.
const GAP_MS: i64 = 1_000;
/// Milliseconds between two letters that are typed.
const LETTER_MS: i64 = 90;

/// What the console shows from a moment on.
pub(crate) struct Frame {
    /// Milliseconds from the film's beginning.
    pub(crate) at_ms: i64,
    /// What is shown.
    pub(crate) model: Model,
}

/// A film that is being made.
pub(crate) struct Film {
    entries: VecDeque<Entry>,
    /// All that is answered from.
    all: Vec<Entry>,
    /// What is on screen.
    pub(crate) model: Model,
    at_ms: i64,
    /// What the operator has ordered, which must be what was ordered in the run.
    ordered: Option<Command>,
    /// All frames so far.
    pub(crate) frames: Vec<Frame>,
    /// Pictures that were kept, by their names.
    pub(crate) stills: Vec<(&'static str, Model)>,
}

impl Film {
    /// A console that was just opened.
    pub(crate) fn new(entries: Vec<Entry>) -> Result<Self, Trouble> {
        let first = entries.first().ok_or("the recording is empty")?;
        let Heard::Place(stage) = &first.heard else { return Err("the recording begins nowhere".into()) };
        let place = Place { target: stage.target.clone(), role: stage.role.clone(), ..Place::default() };
        let model = Model::new(place, SIZE, first.at);
        let (all, entries) = (entries.clone(), entries.into());
        let (frames, stills) = (Vec::new(), Vec::new());
        let mut film = Self { entries, all, model, at_ms: 0, ordered: None, frames, stills };
        film.act(&Effect::ListTables)?;
        Ok(film)
    }

    /// Plays until something like this was heard; it takes so many seconds at most.
    pub(crate) fn play_to(&mut self, seconds: i64, until: impl Fn(&Heard) -> bool) -> Result<(), Trouble> {
        let len = self.next(until)? + 1;
        self.play_on(seconds, len)
    }

    /// Plays until the run's next order is to come.
    pub(crate) fn play_to_order(&mut self, seconds: i64) -> Result<(), Trouble> {
        let len = self.next(|heard| matches!(heard, Heard::Ordered(_)))?;
        self.play_on(seconds, len)
    }

    /// After how many entries something like this is heard.
    fn next(&self, wanted: impl Fn(&Heard) -> bool) -> Result<usize, Trouble> {
        let at = self.entries.iter().position(|entry| wanted(&entry.heard));
        let after = self.model.now.format("%H:%M:%S");
        at.ok_or_else(|| format!("what the film waits for was not heard after {after}").into())
    }

    /// Plays so many entries, each after as long as in the run; all of them in so many seconds at most.
    fn play_on(&mut self, seconds: i64, len: usize) -> Result<(), Trouble> {
        let scene: Vec<Entry> = self.entries.drain(..len).collect();
        let mut last = self.model.now;
        let mut gaps = Vec::new();
        for entry in &scene {
            gaps.push((entry.at - last).num_milliseconds().clamp(0, GAP_MS));
            last = entry.at;
        }
        let (all, most) = (gaps.iter().sum::<i64>().max(1), seconds * 1_000);
        for (entry, gap) in scene.into_iter().zip(gaps) {
            self.at_ms += gap * all.min(most) / all;
            self.hear(entry)?;
            self.show();
        }
        Ok(())
    }

    fn hear(&mut self, Entry { at, heard }: Entry) -> Result<(), Trouble> {
        let msg = match heard {
            Heard::Status(status) => Msg::Status(status),
            Heard::Event(event) => Msg::Event(event),
            Heard::Ordered(asked) if self.ordered.take().as_ref() == Some(&asked.command) => return Ok(()),
            Heard::Ordered(asked) => return Err(format!("the run ordered {:?}", asked.command).into()),
            // Answers are given when they are asked for.
            Heard::Place(_)
            | Heard::Tables(_)
            | Heard::Weighed(..)
            | Heard::Plan(..)
            | Heard::Linked(_)
            | Heard::Health(_)
            | Heard::Due(_)
            | Heard::Audit(_)
            | Heard::Ids(_) => {
                self.model.now = at;
                return Ok(());
            }
        };
        self.model.now = at;
        self.take(msg)
    }

    fn take(&mut self, msg: Msg) -> Result<(), Trouble> {
        let now = self.model.now;
        update(&mut self.model, msg, now).iter().try_for_each(|effect| self.act(effect))
    }

    /// Answers what the console asks for.
    fn act(&mut self, effect: &Effect) -> Result<(), Trouble> {
        let answer = match effect {
            Effect::Send(command) => {
                self.ordered = Some(command.clone());
                return Ok(());
            }
            Effect::ListTables => self.answer(|heard| {
                let Heard::Tables(tables) = heard else { return None };
                Some(Msg::Tables(Ok(tables.clone())))
            }),
            Effect::Look(table) => self.answer(|heard| {
                let Heard::Health(found) = heard else { return None };
                Some(Msg::Health(table.clone(), Ok(Arc::clone(found))))
            }),
            Effect::MakePlan(request) => self.answer(|heard| {
                let Heard::Plan(of, plan) = heard else { return None };
                (of == request).then(|| Msg::Plan(of.clone(), Ok(Arc::clone(plan))))
            }),
            Effect::Ask(question) => self.answer(|heard| {
                let answer = answered(heard, question)?;
                Some(Msg::Answered(question.clone(), Ok(answer)))
            }),
            Effect::Start(..) => self.answer(|heard| {
                let Heard::Linked(plan) = heard else { return None };
                Some(Msg::Linked(Ok(Tie { plan: plan.clone(), ..Tie::default() })))
            }),
            Effect::CancelWork
            | Effect::Work(_)
            | Effect::StopWork
            | Effect::Open(_)
            | Effect::Copy(_)
            | Effect::Export { .. }
            | Effect::Redraw
            | Effect::Suspend
            | Effect::Quit => None,
        };
        let msg = answer.ok_or_else(|| format!("the recording has no answer to {effect:?}: record anew"))?;
        self.take(msg)
    }

    fn answer(&self, pick: impl Fn(&Heard) -> Option<Msg>) -> Option<Msg> {
        self.all.iter().find_map(|entry| pick(&entry.heard))
    }

    /// Presses a key, and gives so many milliseconds to look at what comes of it.
    pub(crate) fn press(&mut self, code: KeyCode, look_ms: i64) -> Result<(), Trouble> {
        self.take(Msg::Key(Stroke { code, ctrl: false }))?;
        self.show();
        self.hold(look_ms);
        Ok(())
    }

    /// Types a text.
    pub(crate) fn type_in(&mut self, text: &str) -> Result<(), Trouble> {
        text.chars().try_for_each(|letter| self.press(KeyCode::Char(letter), LETTER_MS))
    }

    /// Lets what is on screen stand.
    pub(crate) fn hold(&mut self, ms: i64) {
        self.at_ms += ms;
    }

    /// Keeps what is on screen as a picture.
    pub(crate) fn still(&mut self, name: &'static str) {
        self.stills.push((name, self.model.clone()));
    }

    /// Goes to a screen.
    pub(crate) fn go_to(&mut self, screen: Screen, look_ms: i64) -> Result<(), Trouble> {
        let at = Screen::ALL.iter().position(|other| *other == screen).unwrap_or(0);
        let key = char::from_digit(u32::try_from(at)?, 10).unwrap_or('0');
        self.press(KeyCode::Char(key), look_ms)
    }

    /// What is on screen is a frame from now on; one that came a moment ago gives way.
    pub(crate) fn show(&mut self) {
        let model = self.model.clone();
        match self.frames.last_mut() {
            Some(last) if self.at_ms - last.at_ms < FRAME_MS => last.model = model,
            _ => self.frames.push(Frame { at_ms: self.at_ms, model }),
        }
    }

    /// Milliseconds so far.
    pub(crate) fn length_ms(&self) -> i64 {
        self.at_ms
    }
}

/// The recorded answer to a question.
fn answered(heard: &Heard, question: &Question) -> Option<Answer> {
    match (question, heard) {
        (Question::Weigh(request), Heard::Weighed(of, weighed)) if of == request => {
            Some(Answer::Weighed(Arc::clone(weighed)))
        }
        (Question::Due(wish), Heard::Due(found)) if *wish == recording::usual(&wish.table) => {
            Some(Answer::Due(Arc::clone(found)))
        }
        (Question::Audit(_), Heard::Audit(audit)) => Some(Answer::Audit(Arc::clone(audit))),
        (Question::Ids(_), Heard::Ids(report)) => Some(Answer::Ids(Arc::clone(report))),
        _ => None,
    }
}
