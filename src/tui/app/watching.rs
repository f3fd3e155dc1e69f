//! `--watch`: a console that only looks. What may be done in it is an allow-list, so that an action which is added later
//! is blocked until somebody has listed it here.

use crate::tui::{
    app::{
        allowed::{Blocked, openable, selected_table},
        form::About,
        model::{Model, Screen},
        overlay::Overlay,
    },
    keymap::{Action, Order},
};

/// Why nothing may be changed from here.
pub fn refusal(model: &Model) -> Option<Blocked> {
    let blocked = || Blocked { reason: "watching only: --watch".into(), moot: false };
    model.place.watching.then(blocked)
}

/// What is known to read and no more.
pub fn only_looks(action: Action, model: &Model) -> bool {
    matches!(
        action,
        Action::Show(_)
            | Action::NextScreen
            | Action::PreviousScreen
            | Action::Move(_)
            | Action::Back
            | Action::Filter
            | Action::Reload
            | Action::Copy
            | Action::Export
            | Action::Help
            | Action::Palette
            | Action::Quit
            | Action::No
            | Action::Interrupt
            | Action::Suspend
            | Action::Redraw
            | Action::NextPage
            | Action::PreviousPage
            | Action::Options
            | Action::Guide
            | Action::Freeze
            | Action::NextDifference
            | Action::PreviousDifference
            // Their dialogs show who and what; the answer is refused.
            | Action::Order(Order::Blockers | Order::Tune)
    ) || (matches!(action, Action::Enter | Action::Toggle) && enters_to_look(model))
}

/// Enter (and the key that changes a choice) answers no question, and neither plans a conversion nor goes on with one.
fn enters_to_look(model: &Model) -> bool {
    match model.overlays.last() {
        Some(Overlay::Ask(_) | Overlay::Wizard(_)) => false,
        // What is kept, and which rows may go, is looked at only.
        Some(Overlay::Form(form)) => matches!(form.about, About::Maintain | About::Retain),
        Some(
            Overlay::Help { .. }
            | Overlay::Palette { .. }
            | Overlay::Detail(_)
            | Overlay::Row(_)
            | Overlay::Export(_)
            | Overlay::Panic(_),
        ) => true,
        None if model.cursors.filtering || model.screen != Screen::Tables => true,
        None => selected_table(model).and_then(openable).is_some(),
    }
}
