//! Values to be filled in: a row each, and what the selected one means.
//!
//! ```text
//! ╭ what is kept ─────────────────────────────────────────────────────────╮
//! │▸periods ahead             2▏                                          │
//! │ keep partitions for       (empty)                                     │
//! ├─ whole periods that are ready after the one of now ───────────────────┤
//! ╰ enter go on  esc back ────────────────────────────────────────────────╯
//! ```

use ratatui::layout::Rect;

use crate::tui::{
    app::{
        form::{About, Field, Form, Value},
        model::Model,
    },
    frame::footer,
    glyphs,
    harmless::{keep_end, width},
    widgets::{dialog, pen::Pen},
};

/// Columns of the window where the screen has them.
const WIDTH: u16 = 92;
/// Columns of the names.
const NAMES: u16 = 28;

/// Draws it.
pub(super) fn draw(pen: &mut Pen<'_>, screen: Rect, form: &Form, model: &Model) {
    let rows = u16::try_from(form.fields.len()).unwrap_or(u16::MAX);
    let columns = WIDTH.min(screen.width.saturating_sub(4));
    let title = (title(form.about).to_owned(), pen.theme.accent);
    let inner = dialog::open(pen, screen, (columns, rows.saturating_add(5)), &title);
    for (y, (at, field)) in (inner.y..inner.bottom()).zip(form.fields.iter().enumerate()) {
        row(pen, Rect { y, height: 1, ..inner }, form, (at, field));
    }
    let below = Rect { y: inner.y + rows, height: inner.height.saturating_sub(rows), ..inner };
    if let (Some(field), true) = (form.fields.get(form.selected), below.height > 1) {
        pen.divider(inner, below.y);
        let text = vec![vec![(field.hint.to_owned(), pen.theme.text)]];
        dialog::text(pen, Rect { y: below.y + 1, height: below.height - 1, ..below }, &text, 0);
    }
    footer::of_overlay(pen, inner, model);
}

fn row(pen: &mut Pen<'_>, line: Rect, form: &Form, (at, field): (usize, &Field)) {
    let is_selected = at == form.selected;
    let theme = *pen.theme;
    pen.text((line.x + 1, line.y), NAMES.min(line.width), field.name, theme.text);
    let (x, room) = (line.x + 1 + NAMES, line.width.saturating_sub(NAMES + 3));
    if is_selected {
        pen.tint(line, theme.selected);
        pen.sign((line.x, line.y), glyphs::SELECTED, theme.accent.patch(theme.selected));
    }
    let style = |style: ratatui::style::Style| if is_selected { style.patch(theme.selected) } else { style };
    match &field.value {
        Value::Choice { at, of } => {
            pen.text((x, line.y), room, of[*at], style(theme.strong));
        }
        Value::Text(text) if text.is_empty() && !is_selected => {
            pen.text((x, line.y), room, "–", theme.dim);
        }
        Value::Text(text) => {
            // The end is where it is typed.
            let shown = keep_end(text, usize::from(room));
            let used = u16::try_from(width(&shown)).unwrap_or(room).min(room);
            pen.text((x, line.y), room, &shown, style(theme.strong));
            if is_selected {
                pen.text((x + used, line.y), 1, glyphs::CURSOR, style(theme.accent));
            }
        }
    }
}

fn title(about: About) -> &'static str {
    match about {
        About::Maintain => "maintain: what is kept",
        About::Retain => "retain: which rows may go",
        About::Lab => "ids lab: kinds of ids compared",
        About::Install => "ids install: a uuidv7()",
    }
}
