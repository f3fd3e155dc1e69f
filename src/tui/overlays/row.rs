//! The window about one differing row, as wide as the screen lets it.
//!
//! ```text
//! ╭ changed in chat_messages_2024_q2 ─────────────────────────────────────╮
//! │ id=1b9d…, created_at=2024-05-02 10:11:12+00                           │
//! │ read at 14:02:30, verified 13:58:01                                   │
//! │ source public.chat_messages, twin …_2024_q2: 1 of 9 columns differ    │
//! │                                                                       │
//! │ body  text                                                            │
//! │ they differ from character 50,000, line 3 on; source …, twin …        │
//! │ source  …see you at\nnoon                                             │
//! │ twin    …see you at noon                                              ┃
//! ╰─ n next difference  esc back ─────────────────────────────────────────╯
//! ```

use ratatui::{
    layout::Rect,
    style::{Modifier, Style},
};

use crate::tui::{
    app::{
        model::Model,
        row::{Ink, RowView},
    },
    frame::footer,
    harmless::{fit, harmless},
    theme::Theme,
    widgets::{
        dialog,
        grid::scrollbar,
        pen::{Pen, Piece},
    },
};

/// Draws it.
pub(super) fn draw(pen: &mut Pen<'_>, screen: Rect, view: &RowView, model: &Model) {
    let len = view.page.len();
    let wanted = u16::try_from(len).unwrap_or(u16::MAX).saturating_add(2);
    let height = wanted.clamp(3, screen.height.saturating_sub(2).max(3));
    let title = (view.title(), pen.theme.accent);
    let inner = dialog::open(pen, screen, (screen.width.saturating_sub(4), height), &title);
    let rows = usize::from(inner.height);
    pen.furthest = len.saturating_sub(rows);
    let first = view.scroll.min(pen.furthest);
    let whole = view.found.ready().map(|row| &**row);
    for (y, row) in (inner.y..inner.bottom()).zip(first..len) {
        let line = view.page.row(row, whole).into_iter();
        let line: Vec<Piece> = line.map(|(text, ink)| (text, style(ink, pen.theme))).collect();
        pen.pieces((inner.x + 1, y), inner.width.saturating_sub(2), &line);
    }
    if let Some(what) = view.page.within(first) {
        let name = fit(&harmless(what), usize::from(inner.width / 3)).into_owned();
        pen.corner(inner, inner.y.saturating_sub(1), &[(name, pen.theme.accent)]);
    }
    scrollbar(pen, inner, first, len);
    footer::of_overlay(pen, inner, model);
}

fn style(ink: Ink, theme: &Theme) -> Style {
    match ink {
        Ink::Plain => theme.text,
        Ink::Dim => theme.dim,
        Ink::Strong => theme.strong,
        Ink::Accent => theme.accent,
        Ink::Warn => theme.warn,
        Ink::Danger => theme.danger,
        Ink::Differs => theme.danger.add_modifier(Modifier::UNDERLINED),
    }
}
