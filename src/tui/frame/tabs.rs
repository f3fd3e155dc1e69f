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
    theme::Theme,
    widgets::pen::{Pen, Piece, columns_of},
};

/// Draws the tabs into the frame's top row.
pub fn draw(pen: &mut Pen<'_>, frame: Rect, model: &Model) {
    let room = frame.width.saturating_sub(2);
    let tabs = fitting(pen.theme, room, model);
    let end = pen.pieces((frame.x + 1, frame.y), room, &tabs);
    let inner = Rect { x: frame.x + 1, width: room, ..frame };
    let help = help(pen.theme);
    if inner.right().saturating_sub(end) > columns_of(&help) + 3 {
        pen.corner(inner, frame.y, &help);
    }
}

/// The corner has no room for `? help`: the footer shows it.
pub fn hides_help(theme: &Theme, width: u16, model: &Model) -> bool {
    let room = width.saturating_sub(2);
    room.saturating_sub(columns_of(&fitting(theme, room, model))) <= columns_of(&help(theme)) + 3
}

fn help(theme: &Theme) -> [Piece; 2] {
    [("?".to_owned(), theme.accent), (" help".to_owned(), theme.dim)]
}

/// All names where they fit, else only the active screen's.
fn fitting(theme: &Theme, room: u16, model: &Model) -> Vec<Piece> {
    let all = pieces(theme, model, Names::All);
    if columns_of(&all) <= room { all } else { pieces(theme, model, Names::Active) }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    All,
    Active,
}

fn pieces(theme: &Theme, model: &Model, names: Names) -> Vec<Piece> {
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
