//! The screens, one a file. Each draws into the frame's inside and shares nothing with another.

pub mod backfill;
pub mod layout;
pub mod log;
pub mod quarters;
pub mod tables;
pub mod upkeep;
pub mod validation;

use ratatui::style::Style;

use crate::{
    engine::status::Status,
    model::{
        phase::{LeafState, Phase},
        strategy::Strategy,
    },
    tui::{app::model::Model, glyphs, theme::Theme, widgets::pen::Pen},
};
use ratatui::layout::Rect;

/// A leaf's state with its sign, `✓ verified`, and its style. Green is for verified alone.
pub fn leaf_state(state: LeafState, theme: &Theme) -> (String, Style) {
    let style = match state {
        LeafState::Pending => theme.dim,
        LeafState::Copying => theme.copying,
        LeafState::Copied | LeafState::Sealed => theme.text,
        LeafState::Verified => theme.verified,
        LeafState::Differs => theme.danger,
    };
    (format!("{} {}", glyphs::leaf(state), state.word()), style)
}

/// Text in the middle of an area: why a screen is empty.
fn empty(pen: &mut Pen<'_>, area: Rect, text: &str) {
    let lines = crate::tui::harmless::wrap(text, usize::from(area.width.saturating_sub(4)));
    let rows = u16::try_from(lines.len()).unwrap_or(0);
    let top = area.y + area.height.saturating_sub(rows) / 2;
    for (y, line) in (top..area.bottom()).zip(&lines) {
        let used = u16::try_from(crate::tui::harmless::width(line)).unwrap_or(area.width).min(area.width);
        let x = area.x + (area.width - used) / 2;
        let style = pen.theme.dim;
        pen.text((x, y), used, line, style);
    }
}

/// Draws how it stands where the old table is adopted, and no rows are copied that could be counted or compared; says
/// whether it did.
fn nothing_copied(pen: &mut Pen<'_>, area: Rect, model: &Model) -> bool {
    let adopts = |status: &&Status| status.migration.strategy() == Strategy::Adopt;
    let Some(status) = model.status().filter(adopts) else { return false };
    let waits = match status.migration.phase {
        Phase::Ready => "ready: the swap attaches it",
        Phase::Adopted => "it is a partition now; u takes it out again, f finishes",
        Phase::Finished => "it is a partition for good",
        Phase::Planned
        | Phase::Widening
        | Phase::Adopting
        | Phase::Releasing
        | Phase::Capturing
        | Phase::Census
        | Phase::Copying
        | Phase::Replaying
        | Phase::Verifying
        | Phase::Swapping
        | Phase::ReverseWindow
        | Phase::Reversing
        | Phase::Reversed
        | Phase::Renaming
        | Phase::Filling
        | Phase::Aborting
        | Phase::Aborted => status.migration.phase.word(),
    };
    let waits = status.migration.waiting.as_deref().unwrap_or(waits);
    empty(pen, area, &format!("nothing is copied: the old table is attached whole\n{waits}"));
    true
}

/// Draws why there is nothing to see, where no migration is open; says whether it did.
fn nothing_open(pen: &mut Pen<'_>, area: Rect, model: &Model) -> bool {
    use crate::tui::app::model::Connection;
    match model.status() {
        Some(status) if status.migration.phase == Phase::Aborted => {
            let table = status.migration.table.plain();
            let text =
                format!("aborted: everything of ours is gone, {table} is as it was\n6 shows what happened");
            empty(pen, area, &text);
            return true;
        }
        Some(_) => return false,
        None => {}
    }
    let text = match model.connection {
        Connection::Opening => "opening the migration …",
        Connection::Open => "waiting for the first picture …",
        Connection::None | Connection::Reconnecting { .. } | Connection::Closed { .. } => {
            "no migration is open: choose a table on screen 0"
        }
    };
    empty(pen, area, text);
    true
}
