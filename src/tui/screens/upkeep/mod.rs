//! Screen 5, *Health*: pages about one table, each named after the command that does the same.
//!
//! ```text
//! │  health   maintain   audit   ids   retain                               ← → turns  ▶ retain 42.0 % │
//! │ (the page)                                                                                         │
//! ├─ last run ─────────────────────────────────────────────────────────────────────────────────────────┤
//! ```

mod audit;
mod health;
mod ids;
mod maintain;
mod retain;
mod work;

use ratatui::{layout::Rect, style::Modifier};

use crate::{
    model::phase::State,
    tui::{
        app::{
            list::Load,
            model::Model,
            upkeep::{
                Page, Sheet,
                work::{Halting, Work},
            },
        },
        glyphs,
        harmless::{width, wrap},
        widgets::pen::{Pen, Piece},
    },
};

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    strip(pen, area, model);
    let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let page = work::draw(pen, below, model);
    match model.upkeep.page {
        Page::Health => health::draw(pen, page, model),
        Page::Maintain => maintain::draw(pen, page, model),
        Page::Audit => audit::draw(pen, page, model),
        Page::Ids => ids::draw(pen, page, model),
        Page::Retain => retain::draw(pen, page, model),
    }
}

/// The pages' names side by side, and what runs.
fn strip(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let theme = *pen.theme;
    let mut pieces: Vec<Piece> = Vec::new();
    for page in Page::ALL {
        let style = if page == model.upkeep.page {
            theme.accent.add_modifier(Modifier::REVERSED)
        } else {
            theme.text
        };
        pieces.push((format!(" {} ", page.title()), style));
        pieces.push((" ".into(), theme.text));
    }
    let end = pen.pieces((area.x + 1, area.y), area.width.saturating_sub(2), &pieces);
    let right = match &model.upkeep.work {
        Some(work) => (running(work), theme.copying),
        None => ("← → turn the page".to_owned(), theme.dim),
    };
    let room = area.right().saturating_sub(end + 2);
    if usize::from(room) >= width(&right.0) {
        pen.right((end + 1, area.y), room, &right.0, right.1);
    }
}

/// What runs, in few words.
fn running(work: &Work) -> String {
    let share = work::share(work).map(|share| format!(" {}", crate::model::figures::percent(share)));
    let page = work.chore.page().title();
    let stops = match work.halting {
        Halting::Not => "",
        Halting::Soon => ", stopping",
        Halting::Now => ", being cancelled",
    };
    format!("{} {page}{}{stops}", glyphs::state(State::Running), share.unwrap_or_default())
}

/// What a page is about, or why there is nothing.
fn ready<'a, T>(pen: &mut Pen<'_>, area: Rect, found: &'a Load<T>) -> Option<&'a T> {
    match found {
        Load::Ready(found) => return Some(found),
        Load::Failed(report) => {
            let hint = report.hint.as_deref().map_or_else(String::new, |hint| format!("\n→ {hint}"));
            super::empty(pen, area, &format!("{}{hint}", report.message));
        }
        Load::Loading => super::empty(pen, area, "looking …"),
        Load::Nothing => {
            super::empty(pen, area, "choose a table on screen 0, then 5: its health is shown here");
        }
    }
    None
}

/// The first row of a page: what it is about, how that is cut, and when it was looked at.
fn head(pen: &mut Pen<'_>, area: Rect, [name, key, looked]: [&str; 3]) {
    let (theme, room) = (*pen.theme, area.width.saturating_sub(2));
    let used = u16::try_from(width(looked)).unwrap_or(0).min(room);
    let pieces = [(name.to_owned(), theme.strong), (format!("  {key}"), theme.dim)];
    pen.pieces((area.x + 1, area.y), room.saturating_sub(used + 1), &pieces);
    pen.text((area.right().saturating_sub(used + 1), area.y), used, looked, theme.dim);
}

/// Sentences from a row on, each wrapped; the row behind the last. Where they do not fit, that is said.
fn sentences(pen: &mut Pen<'_>, area: Rect, lines: &[Piece]) -> u16 {
    let room = area.width.saturating_sub(2);
    let wrapped = |(text, style): &Piece| {
        // An empty one is a gap.
        let lines = if text.is_empty() { vec![String::new()] } else { wrap(text, usize::from(room)) };
        let style = *style;
        lines.into_iter().map(move |line| (line, style))
    };
    let mut rows: Vec<Piece> = lines.iter().flat_map(wrapped).collect();
    let height = usize::from(area.height);
    // A row or two are better used for the beginning.
    if rows.len() > height && height > 2 {
        let more = format!("… {} lines more", rows.len() - height + 1);
        rows.truncate(height - 1);
        rows.push((more, pen.theme.dim));
    }
    let mut y = area.y;
    for (line, style) in rows.iter().take(height) {
        pen.text((area.x + 1, y), room, line, *style);
        y += 1;
    }
    y
}

/// When a page was looked at.
fn looked<T>(sheet: &Sheet<T>, model: &Model) -> String {
    match sheet.at {
        _ if sheet.asked.is_some() => "looking …".into(),
        Some(at) => format!("looked {}", crate::model::figures::ago(at, model.now)),
        None => String::new(),
    }
}
