//! The top row: who, where, how.
//!
//! ```text
//!  quarterdeck  public.chat_messages     127.0.0.1:5432/shop as dba · PRIMARY     COPYING ▶ running
//! ```
//!
//! Narrow terminals lose `quarterdeck` first, then the role; the state at the right never goes, nor do WATCH and the label
//! at the left.

use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};

use crate::{
    engine::status::Status,
    model::{
        figures::seconds_between,
        phase::{LeafState, Phase, State},
    },
    tui::{
        app::model::{Connection, Intent, Model},
        glyphs,
        theme::Theme,
        widgets::pen::{Pen, Piece, columns_of},
    },
};

/// Draws the title into one row.
pub fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let state = state(model, pen.theme);
    let right = columns_of(&state).min(area.width.saturating_sub(2));
    let room = area.width.saturating_sub(right + 4);
    let (left, middle) = (0..4)
        .map(|level| (name(model, pen.theme, level), place(model, pen.theme, level)))
        .find(|(left, middle)| columns_of(left) + columns_of(middle) + 2 <= room)
        .unwrap_or_else(|| (name(model, pen.theme, 3), Vec::new()));
    let end = pen.pieces((area.x + 1, area.y), room, &left);
    let used = columns_of(&middle);
    let free = (area.right().saturating_sub(right + 1)).saturating_sub(end + used);
    pen.pieces((end + (free / 2).max(2), area.y), used, &middle);
    pen.pieces((area.right().saturating_sub(right + 1), area.y), right, &state);
}

fn name(model: &Model, theme: &Theme, level: u8) -> Vec<Piece> {
    let mut pieces = Vec::new();
    if model.place.watching {
        pieces.extend([watch(theme), (" ".into(), theme.text)]);
    }
    if let Some(label) = &model.place.label {
        pieces.push((format!(" {} ", label.word), label.tint.style(theme)));
        pieces.push((" ".into(), theme.text));
    }
    let table = model.status().map(|status| status.migration.table.plain());
    if level == 0 {
        pieces.push(("quarterdeck  ".into(), theme.accent));
    }
    pieces.extend(table.map(|table| (table, theme.strong)));
    pieces
}

/// That nothing can be changed from here: `--watch`.
pub fn watch(theme: &Theme) -> Piece {
    (" WATCH ".into(), theme.accent.add_modifier(Modifier::REVERSED))
}

fn place(model: &Model, theme: &Theme, level: u8) -> Vec<Piece> {
    let place = &model.place;
    let mut pieces = vec![(place.target.clone(), theme.text)];
    if level < 2 {
        pieces.push((format!(" as {}", place.role), theme.dim));
    }
    if level < 3 {
        let (word, style) = if place.standby { ("standby", theme.warn) } else { ("PRIMARY", theme.strong) };
        pieces.push((" · ".into(), theme.dim));
        pieces.push((word.into(), style));
    }
    pieces
}

fn state(model: &Model, theme: &Theme) -> Vec<Piece> {
    let Some(status) = model.live() else {
        let word = if model.connection == Connection::Opening { "opening" } else { "" };
        return vec![(word.into(), theme.dim)];
    };
    let migration = &status.migration;
    let phase = migration.phase.word().replace('_', " ").to_uppercase();
    let mut pieces = vec![(phase, phase_style(status, theme)), (" ".into(), theme.text)];
    pieces.push(match &model.connection {
        Connection::Reconnecting { attempt, due, .. } => {
            let wait = seconds_between(model.now, *due).ceil();
            (format!("~ reconnecting in {wait:.0} s ({attempt})"), theme.warn)
        }
        Connection::Closed { end, .. } => {
            let word = end.as_deref().unwrap_or("engine gone");
            (format!("{} {word}", glyphs::state(State::Stopped)), theme.warn)
        }
        Connection::None | Connection::Opening | Connection::Open => moving(model, theme),
    });
    if status.owner.as_ref().is_some_and(|owner| owner.alive && !owner.ours) {
        pieces.push((" · watching".into(), theme.accent));
    }
    pieces
}

/// Whether it moves: its own word, or what it is being brought to.
fn moving(model: &Model, theme: &Theme) -> Piece {
    let Some(migration) = model.live().map(|status| &status.migration) else {
        return (String::new(), theme.dim);
    };
    let state = migration.state;
    let sign = glyphs::state(state);
    if model.intent == Intent::Leave || model.intent == Intent::LeaveNow {
        return (format!("{sign} stopping"), theme.warn);
    }
    if migration.phase.is_over() {
        return (String::new(), theme.dim);
    }
    if migration.pausing && state == State::Running {
        return (format!("{sign} pausing"), theme.warn);
    }
    let differs = state == State::Failed && status_differs(model);
    let word = if differs { LeafState::Differs.word() } else { state.word() };
    (format!("{sign} {word}"), state_style(state, theme))
}

fn status_differs(model: &Model) -> bool {
    model.live().is_some_and(|status| status.periods.iter().any(|p| p.state == LeafState::Differs))
}

/// The style of a state's word.
pub fn state_style(state: State, theme: &Theme) -> Style {
    match state {
        State::Running => theme.accent,
        State::Paused | State::Stopped => theme.warn,
        State::Failed | State::Unknown => theme.danger,
    }
}

fn phase_style(status: &Status, theme: &Theme) -> Style {
    match status.migration.phase {
        // An old table that is adopted whole is ready without any comparison.
        Phase::Ready if status.verification.verified_at.is_some() => {
            theme.verified.add_modifier(Modifier::BOLD)
        }
        Phase::Aborting | Phase::Aborted => theme.danger,
        Phase::Planned
        | Phase::Capturing
        | Phase::Ready
        | Phase::Census
        | Phase::Copying
        | Phase::Replaying
        | Phase::Verifying
        | Phase::Swapping
        | Phase::ReverseWindow
        | Phase::Reversing
        | Phase::Finished
        | Phase::Renaming
        | Phase::Filling
        | Phase::Widening
        | Phase::Adopting
        | Phase::Adopted
        | Phase::Releasing
        | Phase::Reversed => theme.strong,
    }
}
