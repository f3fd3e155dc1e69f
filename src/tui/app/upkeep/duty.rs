//! The chores that are asked about first.

use crate::{
    engine::maintain::Wish,
    model::ident::QualifiedName,
    tui::{
        app::{
            deed::{self, Deed},
            model::Model,
            msg::Effect,
            upkeep::{
                maintain,
                work::{self, Chore},
            },
        },
        keymap::Action,
    },
};

/// A chore that is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Duty {
    /// Do what is due on a partitioned table, of which nothing is dropped.
    Maintain,
    /// The same where something may be dropped.
    MaintainDropping,
    /// Delete the rows that may go.
    Retain,
    /// Make `uuidv7()`.
    Install,
    /// Measure kinds of ids.
    Lab,
}

impl Duty {
    /// Something is lost: the table's name is typed.
    pub fn wants_name(self) -> bool {
        matches!(self, Self::MaintainDropping | Self::Retain)
    }

    /// The action it belongs to, whose conditions it must meet.
    pub fn action(self) -> Action {
        match self {
            Self::Maintain | Self::MaintainDropping => Action::Maintain,
            Self::Retain => Action::Retain,
            Self::Install => Action::Install,
            Self::Lab => Action::Lab,
        }
    }

    /// The table that it is done to.
    pub fn table(self, model: &Model) -> Option<&QualifiedName> {
        let upkeep = &model.upkeep;
        match self {
            Self::Maintain | Self::MaintainDropping => {
                upkeep.maintain.found.ready().map(|found| &found.facts.table.name)
            }
            Self::Retain => upkeep.retain.found.ready().map(|doomed| &doomed.found.table),
            Self::Install | Self::Lab => None,
        }
    }

    /// Begins it, after it was confirmed.
    pub fn begin(self, model: &mut Model) -> Vec<Effect> {
        let chore = match self {
            Self::Maintain | Self::MaintainDropping => confirmed(model).map(Chore::Maintain),
            Self::Retain => model.upkeep.retain.found.ready().cloned().map(Chore::Retain),
            Self::Install => model.upkeep.install.take().map(|(install, _)| Chore::Install(install)),
            Self::Lab => model.upkeep.lab.take(),
        };
        chore.map(|chore| work::start(model, chore)).unwrap_or_default()
    }
}

/// What was listed in the question, on the table that was looked at: nothing else is done.
fn confirmed(model: &Model) -> Option<Wish> {
    let (wish, found) = (maintain::wish(model).ok()?, model.upkeep.maintain.found.ready()?);
    Some(Wish { oid: Some(found.oid), only: Some(found.due.clone()), ..wish })
}

/// Asks whether what is due shall be done.
pub fn ask_to_maintain(model: &mut Model) -> Vec<Effect> {
    let duty = if maintain::drops(model) { Duty::MaintainDropping } else { Duty::Maintain };
    deed::ask(model, Deed::Upkeep(duty))
}
