//! Screen 6, *Log*: what happened, oldest first; it follows the newest unless the cursor is held higher up.
//!
//! ```text
//! ├─ time ───── kind ─────── event ──────────────────────────────────────────────────── following ───┤
//! │ 14:02:11  seal        chat_messages_2024_q1: sealed, 5,201,113 rows (2,140 ms)                    │
//! │▸14:02:12  chunk       chunk 211: attempt 1 failed: copy chunk: canceling statement … [57014]      │
//! ```

use ratatui::{layout::Rect, style::Style};

use crate::{
    engine::{
        event::Event,
        sentence::{Tone, sentence, tone, word},
    },
    model::figures,
    tui::{
        app::model::Model,
        theme::Theme,
        widgets::{
            grid::{Column, Grid},
            pen::{Pen, Piece},
        },
    },
};

const COLUMNS: [Column; 3] =
    [Column::words("time", 8, 0), Column::words("kind", 10, 1), Column::filling("event", 30)];

/// From this width on there is room for two words beside the headings.
const WIDE: u16 = 96;

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let theme = *pen.theme;
    let grid = grid(area);
    grid.head(pen, area.y);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let events = model.shown_events();
    if events.is_empty() {
        let text = if model.cursors.log.filter.is_empty() {
            "nothing has happened yet"
        } else {
            "no event passes the filter"
        };
        return super::empty(pen, body, text);
    }
    let held = model.cursors.log_held.then(|| model.cursors.log.at(events.len())).flatten();
    // Of those that pass a filter nobody can say how many older ones would.
    let is_cut = model.job.kept().is_some() && model.cursors.log.filter.is_empty();
    let of = if is_cut && area.width < WIDE { "of the newest" } else { "of" };
    let (word_, style) = match held {
        None => ("following".to_owned(), theme.accent),
        Some(at) => (
            format!("{} {of} {}, G follows", figures::count(int(at + 1)), figures::count(int(events.len()))),
            theme.warn,
        ),
    };
    pen.corner(area, area.y, &corner(model, area.width, (word_, style), theme.dim));
    let selected = held.unwrap_or(events.len() - 1);
    grid.list(pen, body, (selected, events.len()), |pen, y, at| row(pen, y, &grid, events[at]));
}

/// Where the log stands, and of how many events it has the newest; beside each other only where the headings stay in sight.
fn corner(model: &Model, width: u16, stands: Piece, dim: Style) -> Vec<Piece> {
    let Some((kept, of)) = model.job.kept() else { return vec![stands] };
    let newest = format!("the newest {} of {}", figures::count(kept), figures::count(of));
    if width >= WIDE {
        vec![(format!("{newest} · "), dim), stands]
    } else if model.cursors.log_held {
        vec![stands]
    } else {
        vec![(newest, dim)]
    }
}

/// The columns of the log.
pub(super) fn grid(area: Rect) -> Grid {
    Grid::new(area, &COLUMNS)
}

/// One event.
pub(super) fn row(pen: &mut Pen<'_>, y: u16, grid: &Grid, event: &Event) {
    let theme = *pen.theme;
    let style = style_of(tone(&event.body), &theme);
    grid.cell(pen, ("time", y), &figures::clock_seconds(event.at), theme.dim);
    grid.cell(pen, ("kind", y), word(&event.body), style);
    let text = if style == theme.dim { theme.text } else { style };
    grid.cell(pen, ("event", y), &sentence(&event.body), text);
}

fn style_of(tone: Tone, theme: &Theme) -> Style {
    match tone {
        Tone::Calm => theme.dim,
        Tone::Good => theme.verified,
        Tone::Warn => theme.warn,
        Tone::Danger => theme.danger,
    }
}

fn int(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}
