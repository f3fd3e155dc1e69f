//! What takes longer and changes something: one chore at a time, which can be stopped.
//!
//! Each is safe to stop and to begin again: it ends between two of its transactions, and the next one goes on.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::{
    engine::{ids::Install, maintain::Wish},
    error::Report,
    model::{ident::QualifiedName, lab::Cost, retention::Progress},
    tui::app::{
        model::{Model, Tone},
        msg::Effect,
        upkeep::{Doomed, Page},
    },
};

/// What can be done.
#[derive(Clone, Debug, PartialEq)]
pub enum Chore {
    /// What is due on a partitioned table.
    Maintain(Wish),
    /// Deleting rows.
    Retain(Arc<Doomed>),
    /// Measuring kinds of ids.
    Lab {
        /// Rows of each kind.
        rows: u32,
        /// Checkpoints while each is inserted.
        checkpoints: u32,
    },
    /// Making `uuidv7()`.
    Install(Install),
}

impl Chore {
    /// The page that it belongs to.
    pub fn page(&self) -> Page {
        match self {
            Self::Maintain(_) => Page::Maintain,
            Self::Retain(_) => Page::Retain,
            Self::Lab { .. } | Self::Install(_) => Page::Ids,
        }
    }
}

/// A chore that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct Work {
    /// Which.
    pub chore: Chore,
    /// Its name, and what it is done to.
    pub title: String,
    /// Since when.
    pub since: DateTime<Utc>,
    /// What it said last.
    pub told: Option<Told>,
    /// It is asked to stop.
    pub stopping: bool,
}

/// What a chore says while it runs.
#[derive(Clone, Debug, PartialEq)]
pub enum Told {
    /// A sentence.
    Line(String),
    /// How far deleting is.
    Deleted(Progress),
}

/// What came of a chore.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// In words, a paragraph each.
    Said(Vec<String>),
    /// What each kind of id cost, with so many rows.
    Measured(Vec<Cost>, u32),
}

/// How the last chore of a page ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// When.
    pub at: DateTime<Utc>,
    /// What came of it.
    pub outcome: Result<Outcome, Report>,
}

/// Begins a chore.
pub fn start(model: &mut Model, chore: Chore) -> Vec<Effect> {
    if model.upkeep.work.is_some() {
        return Vec::new();
    }
    let table = model.upkeep.of.as_ref().map(QualifiedName::plain).unwrap_or_default();
    let title = match &chore {
        Chore::Maintain(_) => format!("maintain {table}"),
        Chore::Retain(doomed) => format!("retain {}", doomed.found.table.plain()),
        Chore::Lab { .. } => "ids lab".into(),
        Chore::Install(_) => "ids install".into(),
    };
    let since = model.now;
    model.upkeep.work = Some(Work { chore: chore.clone(), title, since, told: None, stopping: false });
    vec![Effect::Work(chore)]
}

/// Stops what runs, after what it has in hand.
pub fn stop(model: &mut Model) -> Vec<Effect> {
    let Some(work) = model.upkeep.work.as_mut() else { return Vec::new() };
    work.stopping = true;
    let words = work.title.clone();
    model.say(Tone::Calm, format!("{words}: stops after what it has in hand"));
    vec![Effect::StopWork]
}

/// It said something.
pub fn told(model: &mut Model, told: Told) {
    if let Some(work) = model.upkeep.work.as_mut() {
        work.told = Some(told);
    }
}

/// It has ended. What the page is about is another thing now: it is asked anew.
pub fn ended(model: &mut Model, outcome: Result<Outcome, Report>) -> Vec<Effect> {
    let Some(work) = model.upkeep.work.take() else { return Vec::new() };
    let words = &work.title;
    match &outcome {
        Ok(_) => model.say(Tone::Calm, format!("{words}: done")),
        Err(report) => model.say(Tone::Danger, report.message.clone()),
    }
    let ended = Some(Ended { at: model.now, outcome });
    match work.chore.page() {
        Page::Maintain => model.upkeep.maintain.ended = ended,
        Page::Retain => model.upkeep.retain.ended = ended,
        Page::Ids => model.upkeep.ids.ended = ended,
        Page::Health | Page::Audit => {}
    }
    let is_in_front = model.upkeep.page == work.chore.page() && !matches!(work.chore, Chore::Lab { .. });
    if is_in_front { super::read(model) } else { Vec::new() }
}
