//! The files that can be written, what is on screen first.
//!
//! ```text
//! ╭ export into the working directory ─────────╮
//! │▸ periods, CSV                              │
//! │  periods, Markdown                         │
//! │  report, JSON                              │
//! │  lists hold what passes the filter: 2024   │
//! ╰ enter write  esc back ─────────────────────╯
//! ```

use ratatui::layout::Rect;

use crate::tui::{
    app::{export::Choices, model::Model},
    frame::footer,
    glyphs,
    harmless::fit,
    widgets::{dialog, pen::Pen},
};

const WIDTH: u16 = 56;

/// The window.
pub(super) fn draw(pen: &mut Pen<'_>, screen: Rect, choices: &Choices, model: &Model) {
    let theme = *pen.theme;
    let narrowed = choices.all.iter().any(|export| export.what.is_narrowed()) && !model.filter().is_empty();
    let files = u16::try_from(choices.all.len()).unwrap_or(u16::MAX);
    let height = files.saturating_add(2 + u16::from(narrowed));
    let title = ("export into the working directory".to_owned(), theme.accent);
    let inner = dialog::open(pen, screen, (WIDTH, height), &title);
    let room = inner.width.saturating_sub(3);
    for (y, (at, export)) in (inner.y..inner.bottom()).zip(choices.all.iter().enumerate()) {
        pen.text((inner.x + 2, y), room, &export.title(), theme.text);
        if at == choices.selected {
            pen.tint(Rect { y, height: 1, ..inner }, theme.selected);
            pen.sign((inner.x, y), glyphs::SELECTED, theme.accent.patch(theme.selected));
        }
    }
    if narrowed {
        let text = format!("lists hold what passes the filter: {}", model.filter());
        pen.text(
            (inner.x + 2, inner.bottom().saturating_sub(1)),
            room,
            &fit(&text, usize::from(room)),
            theme.dim,
        );
    }
    footer::of_overlay(pen, inner, model);
}
