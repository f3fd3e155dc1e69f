//! The palette: any action by its name; those that cannot act now are dim, with the reason.

use ratatui::layout::Rect;

use crate::tui::{
    app::{allowed::blocked, list::first_shown, model::Model, palette::rows},
    frame::footer,
    glyphs,
    widgets::{dialog, grid::scrollbar, pen::Pen},
};

/// Rows for what is said of the selected action.
const ABOUT: u16 = 2;

/// Draws it.
pub fn draw(pen: &mut Pen<'_>, screen: Rect, (query, selected): (&str, usize), model: &Model) {
    let theme = *pen.theme;
    let size = (72.min(screen.width.saturating_sub(4)), 18.min(screen.height.saturating_sub(2)));
    let inner = dialog::open(pen, screen, size, &("palette".into(), theme.accent));
    let end = pen.text((inner.x + 1, inner.y), 2, ": ", theme.accent);
    let end = pen.text((end, inner.y), inner.width.saturating_sub(5), query, theme.strong);
    pen.text((end, inner.y), 1, glyphs::CURSOR, theme.accent);
    pen.divider(inner, inner.y + 1);
    // What the selected row says, whole: beside its word it may be cut.
    let about = Rect { y: inner.bottom().saturating_sub(ABOUT), height: ABOUT, ..inner };
    pen.divider(inner, about.y.saturating_sub(1));
    let body = Rect { y: inner.y + 2, height: inner.height.saturating_sub(3 + ABOUT), ..inner };
    let rows = rows(query);
    let selected = selected.min(rows.len().saturating_sub(1));
    let first = first_shown(selected, rows.len(), usize::from(body.height));
    let mut below = model.clone();
    below.overlays.clear();
    for (y, (at, row)) in (body.y..body.bottom()).zip(rows.iter().enumerate().skip(first)) {
        let blocked = blocked(row.action, &below);
        let (key, word) = if blocked.is_some() { (theme.dim, theme.dim) } else { (theme.accent, theme.text) };
        pen.right((body.x + 1, y), 7, &row.stroke().to_string(), key);
        let room = body.width.saturating_sub(11);
        let end = pen.pieces((body.x + 10, y), room, &[(row.word.to_owned(), word)]);
        let (beside, whole) = match blocked {
            Some(blocked) => {
                (format!("  ({})", blocked.reason), format!("cannot act now: {}", blocked.reason))
            }
            None => (format!("  {}", row.help), row.help.to_owned()),
        };
        pen.text((end, y), (body.right().saturating_sub(1)).saturating_sub(end), &beside, theme.dim);
        if at == selected {
            pen.tint(Rect { y, height: 1, ..body }, theme.selected);
            pen.sign((body.x, y), glyphs::SELECTED, theme.accent.patch(theme.selected));
            dialog::text(pen, about, &[vec![(whole, theme.dim)]], 0);
        }
    }
    scrollbar(pen, body, first, rows.len());
    footer::of_overlay(pen, inner, model);
}
