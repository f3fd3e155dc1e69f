//! From a key to what it does: the topmost overlay, else the entry line, else the screen.

use chrono::TimeDelta;
use crossterm::event::KeyCode;

use crate::tui::{
    app::{
        act::act,
        allowed::blocked,
        freeze,
        model::{Model, Tone},
        msg::Effect,
        overlay::Overlay,
    },
    keymap::{self, Action, Order, Stroke},
};

/// How soon after a refused question, and after one another, keys count as the answer typed ahead.
const AHEAD: TimeDelta = TimeDelta::milliseconds(300);

/// A key was pressed.
pub fn pressed(model: &mut Model, stroke: Stroke) -> Vec<Effect> {
    if typed_ahead(model, stroke) {
        return Vec::new();
    }
    let context = model.context();
    match keymap::lookup(context, stroke) {
        Some(action) if model.is_small() && !works_blind(action) => {
            model.say(Tone::Warn, "the window is too small for that");
            Vec::new()
        }
        Some(action) => attempt(model, action),
        None => {
            if context.takes_text() && !model.is_small() {
                edit(model, stroke);
            }
            Vec::new()
        }
    }
}

/// Who types `s` and at once the table's name, and is refused the question, must not have the name's letters pressed
/// as keys: `a` asks to abort, `q` leaves.
fn typed_ahead(model: &mut Model, stroke: Stroke) -> bool {
    let plain = stroke.typed().is_some() || matches!(stroke.code, KeyCode::Enter | KeyCode::Backspace);
    let ahead = plain && model.cursors.deaf_until.is_some_and(|until| model.now < until);
    model.cursors.deaf_until = (ahead && stroke.code != KeyCode::Enter).then(|| model.now + AHEAD);
    ahead
}

/// A question went away under who answers it: the rest of the answer presses no keys.
pub fn deafen(model: &mut Model) {
    model.cursors.deaf_until = Some(model.now + AHEAD);
}

/// Does it, or says why not.
pub fn attempt(model: &mut Model, action: Action) -> Vec<Effect> {
    // A file holds what stands on screen.
    let exports = action == Action::Enter && matches!(model.overlays.last(), Some(Overlay::Export(_)));
    if !freeze::reads(action) && !exports {
        freeze::thaw(model);
    }
    if let Some(blocked) = blocked(action, model) {
        let orders = [Order::Swap, Order::Reverse, Order::Finish, Order::Abort].map(Action::Order);
        let asks = orders.contains(&action) || matches!(action, Action::Maintain | Action::Retain);
        model.cursors.deaf_until = asks.then(|| model.now + AHEAD);
        model.say(Tone::Warn, blocked.reason);
        return Vec::new();
    }
    // What was said last was about the key before.
    model.notice = None;
    act(model, action)
}

/// Actions that are safe where neither list nor question can be seen.
fn works_blind(action: Action) -> bool {
    matches!(
        action,
        Action::Order(Order::Pause | Order::Resume)
            | Action::Back
            | Action::No
            | Action::Interrupt
            | Action::Suspend
            | Action::Redraw
    )
}

/// Text was pasted: into an entry line, or nowhere.
pub fn pasted(model: &mut Model, text: &str) {
    if model.is_small() {
        return;
    }
    let is_answer = matches!(model.overlays.last(), Some(Overlay::Ask(_)));
    if let Some(entry) = entry(model) {
        // An entry is one line. What is left out could be the half that narrows a condition: the lines are joined.
        let lines = text.split(['\n', '\r']).map(str::trim).filter(|line| !line.is_empty());
        // A name has one.
        let most = if is_answer { 1 } else { usize::MAX };
        entry.push_str(&lines.take(most).collect::<Vec<_>>().join(" "));
        edited(model);
    }
}

/// The line that is being typed into.
fn entry(model: &mut Model) -> Option<&mut String> {
    if !model.context().takes_text() {
        return None;
    }
    match model.overlays.last() {
        None => Some(&mut model.list().0.filter),
        Some(_) => match model.overlays.last_mut()? {
            Overlay::Palette { query, .. } => Some(query),
            Overlay::Ask(ask) => Some(&mut ask.typed),
            Overlay::Wizard(wizard) => Some(&mut wizard.options.zone),
            Overlay::Form(form) => form.entry(),
            Overlay::Help { .. }
            | Overlay::Detail(_)
            | Overlay::Row(_)
            | Overlay::Export(_)
            | Overlay::Panic(_) => None,
        },
    }
}

fn edit(model: &mut Model, stroke: Stroke) {
    if let (Some(Overlay::Form(form)), Some(' ')) = (model.overlays.last_mut(), stroke.typed())
        && form.chooses()
    {
        return form.change();
    }
    let Some(entry) = entry(model) else { return };
    match (stroke.code, stroke.typed()) {
        (_, Some(c)) => entry.push(c),
        (KeyCode::Backspace, _) => {
            entry.pop();
        }
        (KeyCode::Char('u' | 'w'), None) => entry.clear(),
        _ => return,
    }
    edited(model);
}

/// What was selected is gone or elsewhere: begin at the top.
fn edited(model: &mut Model) {
    match model.overlays.last_mut() {
        Some(Overlay::Palette { selected, .. }) => *selected = 0,
        Some(_) => {}
        None => model.list().0.selected = 0,
    }
}
