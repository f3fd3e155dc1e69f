//! The tabs in the frame's top: `╭ 0 Tables  1 Layout  ▌3 Backfill▐  5 Health ─── ? help ╮`.
//!
//! Where they do not all fit, only the active one keeps its name.

use ratatui::{layout::Rect, style::Modifier};

use crate::tui::{
    app::{
        allowed::blocked,
        model::{Model, Screen},
    },
    keymap::Action,
    widgets::pen::{Pen, Piece, columns_of},
};

/// Draws the tabs into the frame's top row.
pub fn draw(pen: &mut Pen<'_>, frame: Rect, model: &Model) {
    let room = frame.width.saturating_sub(2);
    let help = [("?".to_owned(), pen.theme.accent), (" help".to_owned(), pen.theme.dim)];
    let tabs = [Names::All, Names::Active].map(|names| pieces(pen, model, names));
    let mut tabs = tabs.into_iter();
    let all = tabs.next().filter(|all| columns_of(all) <= room);
    let tabs = all.or_else(|| tabs.next()).unwrap_or_default();
    let end = pen.pieces((frame.x + 1, frame.y), room, &tabs);
    let inner = Rect { x: frame.x + 1, width: room, ..frame };
    let free = inner.right().saturating_sub(end);
    let shown = if free > columns_of(&help) + 3 { &help[..] } else { &help[..1] };
    if free >= columns_of(shown) + 3 {
        pen.corner(inner, frame.y, shown);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    All,
    Active,
}

fn pieces(pen: &Pen<'_>, model: &Model, names: Names) -> Vec<Piece> {
    let theme = pen.theme;
    let mut pieces = Vec::new();
    for (digit, screen) in Screen::ALL.into_iter().enumerate() {
        let title = screen.title();
        if screen == model.screen {
            let style = theme.accent.add_modifier(Modifier::REVERSED);
            pieces.push((format!(" {digit} {title} "), style));
            continue;
        }
        let possible = blocked(Action::Show(screen), model).is_none();
        let (key, word) = if possible { (theme.accent, theme.text) } else { (theme.dim, theme.dim) };
        pieces.push((format!(" {digit}"), key));
        if names == Names::All {
            pieces.push((format!(" {title}"), word));
        }
        pieces.push((" ".into(), theme.text));
    }
    pieces
}
