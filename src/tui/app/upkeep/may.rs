//! Whether a key of the health screen can act now, and if not, why.

use crate::tui::app::{
    allowed::{Verdict, moot, yet},
    list::Load,
    model::{Model, Screen},
    upkeep::{Page as Sheet, health, maintain, work::Halting},
};

/// A page of the health screen is in front, and is about a table.
pub fn on(model: &Model, page: Sheet) -> Verdict {
    if model.screen != Screen::Health || model.upkeep.page != page {
        moot(format!("it is on screen 5, page {}", page.title()))
    } else if model.upkeep.of.is_none() {
        moot("no table is chosen")
    } else {
        Ok(())
    }
}

/// A chore can begin.
pub fn begin(model: &Model) -> Verdict {
    match &model.upkeep.work {
        Some(work) => yet(format!("{} runs: X stops it", work.title)),
        None if model.place.standby => yet("a standby takes no writes"),
        None => Ok(()),
    }
}

/// What is due can be done.
pub fn due(model: &Model) -> Verdict {
    let found = match &model.upkeep.maintain.found {
        Load::Ready(found) => found,
        Load::Loading => return yet("it is being looked what is due"),
        Load::Nothing | Load::Failed(_) => return moot("there is nothing to do"),
    };
    match () {
        () if maintain::wish(model).is_err() => yet("the options are not clear: o"),
        () if model.upkeep.maintain.asked.is_some() => yet("it is being looked what is due"),
        () if found.due.is_empty() => yet("nothing is due"),
        () => begin(model),
    }
}

/// Rows that may go can be deleted.
pub fn doomed(model: &Model) -> Verdict {
    if model.upkeep.retain.asked.is_some() {
        return yet("rows are being counted");
    }
    match &model.upkeep.retain.found {
        Load::Ready(doomed) if doomed.found.census.doomed == 0 => yet("no row may go"),
        Load::Ready(_) => begin(model),
        Load::Loading => yet("rows are being counted"),
        Load::Nothing | Load::Failed(_) => yet("say which rows may go: o"),
    }
}

/// What runs can be stopped.
pub fn stop(model: &Model) -> Verdict {
    match &model.upkeep.work {
        None => moot("no upkeep runs"),
        Some(work) if work.halting == Halting::Now => moot("it is being cancelled"),
        Some(_) => Ok(()),
    }
}

/// What locks nobody out and loses nothing is run from here; the rest is copied, and run by who knows what it does.
pub fn mend(model: &Model) -> Verdict {
    let Some(finding) = health::selected(model) else { return moot("nothing is selected") };
    match () {
        () if finding.sql.is_empty() => moot("there is no SQL for it"),
        () if !finding.safe => yet("its SQL locks or removes: y copies it"),
        () => begin(model),
    }
}
