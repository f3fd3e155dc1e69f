//! A display that stands still to be read, while everything goes on: it is no pause, and says so.
//!
//! What is shown stays as it was; what is new is taken on aside, and comes into sight when the display is thawed. Reading and
//! moving about is done in the frozen picture. Whatever acts thaws first, so that nothing is ordered by an old picture.

use chrono::{DateTime, Utc};

use crate::tui::{
    app::{
        list::Load,
        model::{Job, Model},
        upkeep::Upkeep,
    },
    keymap::Action,
};

/// What goes on behind a frozen display.
#[derive(Clone, Debug, PartialEq)]
pub struct Frozen {
    /// Since when.
    pub since: DateTime<Utc>,
    /// The migration as it is now.
    pub job: Job,
    tables: Load<Vec<crate::model::listing::TableListing>>,
    upkeep: Upkeep,
}

/// Freezes or thaws.
pub fn toggle(model: &mut Model) {
    if thaw(model) {
        return;
    }
    let (job, tables, upkeep) = (model.job.clone(), model.tables.clone(), model.upkeep.clone());
    model.cursors.frozen = Some(Box::new(Frozen { since: model.now, job, tables, upkeep }));
}

/// Thaws; says whether there was something to thaw.
pub fn thaw(model: &mut Model) -> bool {
    let Some(mut frozen) = model.cursors.frozen.take() else { return false };
    swap(model, &mut frozen);
    true
}

/// Lets news meet what is there now, and not the frozen picture.
pub fn behind<T>(model: &mut Model, news: impl FnOnce(&mut Model) -> T) -> T {
    let Some(mut frozen) = model.cursors.frozen.take() else { return news(model) };
    swap(model, &mut frozen);
    let answer = news(model);
    swap(model, &mut frozen);
    model.cursors.frozen = Some(frozen);
    answer
}

fn swap(model: &mut Model, frozen: &mut Frozen) {
    std::mem::swap(&mut model.job, &mut frozen.job);
    std::mem::swap(&mut model.tables, &mut frozen.tables);
    std::mem::swap(&mut model.upkeep, &mut frozen.upkeep);
}

/// What only reads and moves about, and so leaves the display frozen.
pub fn reads(action: Action) -> bool {
    match action {
        Action::Freeze
        | Action::Move(_)
        | Action::NextDifference
        | Action::PreviousDifference
        | Action::Filter
        | Action::Copy
        | Action::Export
        | Action::Help
        | Action::Back
        | Action::No
        | Action::Redraw => true,
        Action::Show(_)
        | Action::NextScreen
        | Action::PreviousScreen
        | Action::Order(_)
        | Action::Enter
        | Action::Reload
        | Action::Convert
        | Action::MoreAhead
        | Action::FewerAhead
        | Action::Toggle
        | Action::Mend
        | Action::NextPage
        | Action::PreviousPage
        | Action::Options
        | Action::Maintain
        | Action::Retain
        | Action::Lab
        | Action::Install
        | Action::Guide
        | Action::StopWork
        | Action::Palette
        | Action::Quit
        | Action::Yes
        | Action::Interrupt
        | Action::Suspend => false,
    }
}
