//! Moving about: rows, pages, chunks, scrolled text.

use crate::{
    engine::status::{ChunkState, ChunkStatus},
    tui::{
        app::{
            model::{Model, Screen},
            overlay::Overlay,
            palette, wizard,
        },
        keymap::Move,
    },
};

/// More lines than any text has that nobody has drawn yet.
const UNKNOWN: usize = 1_000_000;

/// Moves whatever has the keys.
pub fn moved(model: &mut Model, step: Move) {
    let (page, furthest) = (page(model), model.cursors.furthest);
    let Some(overlay) = model.overlays.last_mut() else { return on_screen(model, step, page) };
    match overlay {
        Overlay::Palette { query, selected } => {
            let len = palette::rows(query).len();
            *selected = stepped(*selected, step, page, len);
        }
        Overlay::Export(choices) => {
            choices.selected = stepped(choices.selected, step, page, choices.all.len());
        }
        Overlay::Form(form) => form.selected = stepped(form.selected, step, page, form.fields.len()),
        Overlay::Wizard(wizard) => wizard::moved(wizard, step, page, furthest.unwrap_or(UNKNOWN)),
        Overlay::Help { .. } | Overlay::Ask(_) | Overlay::Detail(_) | Overlay::Row(_) | Overlay::Panic(_) => {
            if let Some(scroll) = overlay.scroll() {
                // Before it is drawn nobody knows how long the text is: the view clamps.
                let furthest = furthest.unwrap_or(UNKNOWN);
                *scroll = stepped((*scroll).min(furthest), step, page, furthest.saturating_add(1));
            }
        }
    }
}

/// Rows of a page: what the screen shows, less frame, header and one row of context.
fn page(model: &Model) -> usize {
    usize::from(model.size.1).saturating_sub(10).max(1)
}

/// A position moved inside `len` rows.
pub fn stepped(at: usize, step: Move, page: usize, len: usize) -> usize {
    let last = len.saturating_sub(1);
    let moved = match step {
        Move::Up => at.saturating_sub(1),
        Move::Down => at + 1,
        Move::PageUp => at.saturating_sub(page),
        Move::PageDown => at + page,
        Move::Top => 0,
        Move::Bottom => last,
        Move::Left | Move::Right | Move::NextChunk => at,
    };
    moved.min(last)
}

fn on_screen(model: &mut Model, step: Move, page: usize) {
    match step {
        Move::Left | Move::Right | Move::NextChunk => return to_chunk(model, step),
        Move::Up | Move::Down | Move::PageUp | Move::PageDown | Move::Top | Move::Bottom => {}
    }
    let before = model.selected_period().map(|(index, _)| index);
    let following = model.screen == Screen::Log && !model.cursors.log_held;
    let (list, len) = model.list();
    // A log that is followed has its cursor at the end, wherever it was left.
    let at = if following { len.saturating_sub(1) } else { list.at(len).unwrap_or(0) };
    list.selected = stepped(at, step, page, len);
    let at_end = list.selected + 1 >= len;
    if model.screen == Screen::Log {
        model.cursors.log_held = !at_end;
    }
    if model.selected_period().map(|(index, _)| index) != before {
        model.cursors.chunk = None;
    }
}

/// Selects a chunk among those that hold rows of the selected period.
fn to_chunk(model: &mut Model, step: Move) {
    let Some(status) = model.job.status.clone() else { return };
    let Some((period, _)) = model.selected_period() else { return };
    let selected = model.cursors.chunk;
    if step == Move::NextChunk {
        return of_note(model, &status.chunks);
    }
    let here: Vec<_> =
        status.chunks.iter().filter(|chunk| holds(chunk, period)).map(|chunk| chunk.id).collect();
    let at = selected.and_then(|id| here.iter().position(|other| *other == id));
    let next = match (at, step) {
        (None, _) => 0,
        (Some(at), Move::Left) => at.saturating_sub(1),
        (Some(at), _) => (at + 1).min(here.len().saturating_sub(1)),
    };
    model.cursors.chunk = here.get(next).copied();
}

fn holds(chunk: &ChunkStatus, period: usize) -> bool {
    chunk.rows.iter().any(|(index, rows)| *index == period && *rows > 0)
}

/// Selects the next chunk that failed or is in hand, and a period that it holds rows of.
fn of_note(model: &mut Model, chunks: &[ChunkStatus]) {
    let of_note = |c: &&ChunkStatus| matches!(c.state, ChunkState::Copying | ChunkState::Failed);
    let after = model.cursors.chunk.unwrap_or(-1);
    let next = chunks.iter().filter(of_note).find(|c| c.id > after).or_else(|| chunks.iter().find(of_note));
    let Some(chunk) = next else { return };
    model.cursors.chunk = Some(chunk.id);
    let shown: Vec<_> = model.shown_periods().iter().map(|(index, _)| *index).collect();
    if let Some(row) = shown.iter().position(|index| holds(chunk, *index)) {
        model.cursors.periods.selected = row;
    }
}
