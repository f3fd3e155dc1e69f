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
    /// Running the SQL of a finding.
    Mend {
        /// What the finding is about.
        object: String,
        /// Statement by statement.
        sql: Vec<String>,
    },
}

impl Chore {
    /// The page that it belongs to.
    pub fn page(&self) -> Page {
        match self {
            Self::Maintain(_) => Page::Maintain,
            Self::Retain(_) => Page::Retain,
            Self::Lab { .. } | Self::Install(_) => Page::Ids,
            Self::Mend { .. } => Page::Health,
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
    pub halting: Halting,
}

/// Whether a chore is to end before it is through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Halting {
    /// It is not.
    #[default]
    Not,
    /// After what it has in hand.
    Soon,
    /// What it has in hand is cancelled.
    Now,
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
    /// In words, a paragraph each; and whether all was done that was to be.
    Said(Vec<String>, Whole),
    /// What each kind of id cost, with so many rows.
    Measured(Vec<Cost>, u32),
}

/// Whether a chore is through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whole {
    /// All was done.
    Done,
    /// It was stopped before.
    Stopped,
    /// Some of it could not be done.
    Failed,
}

/// How a chore ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// The page it belongs to.
    pub page: Page,
    /// Its name, and what it was done to.
    pub title: String,
    /// When.
    pub at: DateTime<Utc>,
    /// What came of it.
    pub outcome: Result<Outcome, Report>,
}

impl Ended {
    /// In words, a paragraph each; of the lab, whose figures are a table, that it has measured.
    pub fn lines(&self) -> Vec<String> {
        match &self.outcome {
            Ok(Outcome::Said(lines, _)) => lines.clone(),
            Ok(Outcome::Measured(_, rows)) => {
                vec![format!("{}: measured with {rows} rows of each kind", self.title)]
            }
            Err(report) => vec![format!("{}: {}", self.title, report.message)],
        }
    }
}

/// So many are remembered.
const MOST: usize = 50;

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
        Chore::Mend { object, .. } => format!("mend {object}"),
    };
    let since = model.now;
    model.upkeep.work = Some(Work { chore: chore.clone(), title, since, told: None, halting: Halting::Not });
    vec![Effect::Work(chore)]
}

/// Stops what runs, after what it has in hand; asked a second time, cancels that as well.
pub fn stop(model: &mut Model) -> Vec<Effect> {
    let Some(work) = model.upkeep.work.as_mut() else { return Vec::new() };
    let words = work.title.clone();
    // A single statement has nothing behind it to stop at.
    let is_one = matches!(work.chore, Chore::Mend { .. } | Chore::Lab { .. });
    if work.halting == Halting::Not && !is_one {
        work.halting = Halting::Soon;
        model.say(Tone::Calm, format!("{words}: stops after what it has in hand; X again cancels that"));
        return vec![Effect::StopWork];
    }
    cancel(model)
}

/// Cancels what runs.
pub fn cancel(model: &mut Model) -> Vec<Effect> {
    let Some(work) = model.upkeep.work.as_mut() else { return Vec::new() };
    work.halting = Halting::Now;
    let words = work.title.clone();
    model.say(Tone::Warn, format!("{words}: what it has in hand is cancelled"));
    vec![Effect::CancelWork]
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
    let (tone, how) = match &outcome {
        Ok(Outcome::Said(_, Whole::Done) | Outcome::Measured(..)) => (Tone::Calm, "done".to_owned()),
        Ok(Outcome::Said(_, Whole::Stopped)) => (Tone::Warn, "stopped before it was through".into()),
        Ok(Outcome::Said(_, Whole::Failed)) => (Tone::Danger, "not all could be done".into()),
        Err(report) => (Tone::Danger, report.message.clone()),
    };
    model.say(tone, format!("{}: {how}", work.title));
    let page = work.chore.page();
    if model.upkeep.ended.len() == MOST {
        model.upkeep.ended.remove(0);
    }
    model.upkeep.ended.push(Ended { page, title: work.title, at: model.now, outcome });
    let is_in_front = model.upkeep.page == page && !matches!(work.chore, Chore::Lab { .. });
    if is_in_front { super::read(model) } else { Vec::new() }
}

/// How the last chore of a page ended.
pub fn last(model: &Model, page: Page) -> Option<&Ended> {
    model.upkeep.ended.iter().rev().find(|ended| ended.page == page)
}
