//! Below 60×16: what it is, where it stands, how far it is. Pausing still works; nothing else that matters does.

use ratatui::layout::Rect;

use crate::{
    model::figures::percent,
    tui::{
        app::{
            allowed::blocked,
            model::{MIN_SIZE, Model},
        },
        frame::why,
        glyphs,
        keymap::{Action, Order},
        widgets::{
            bar::bar,
            pen::{Pen, Piece},
        },
    },
};

/// Draws it.
pub fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let theme = *pen.theme;
    let mut lines: Vec<Vec<Piece>> = Vec::new();
    let watching = model.place.watching.then(|| [super::title::watch(&theme), (" ".into(), theme.text)]);
    let head = |pieces: Vec<Piece>| watching.clone().into_iter().flatten().chain(pieces).collect();
    if let Some(status) = model.status() {
        let migration = &status.migration;
        let share = status.share().map_or("not counted".into(), percent);
        let sign = glyphs::state(migration.state);
        let state = if migration.pausing { "pausing" } else { migration.state.word() };
        let style = super::title::state_style(migration.state, &theme);
        lines.push(head(vec![(format!("{sign} {state} "), style), (share, theme.strong)]));
        lines.push(Vec::new());
        lines.push(vec![(migration.phase.word().replace('_', " "), theme.text)]);
        lines.push(vec![(migration.table.name.as_str().into(), theme.strong)]);
        lines.extend(why::reasons(model, &theme).into_iter().take(1).map(|reason| vec![reason]));
    } else {
        lines.push(head(vec![("quarterdeck".into(), theme.accent)]));
    }
    lines.push(keys(model, pen));
    lines.extend(model.notice.as_ref().map(|notice| vec![(notice.text.clone(), theme.warn)]));
    let (columns, rows) = MIN_SIZE;
    lines.push(vec![(format!("more needs {columns}×{rows}"), theme.dim)]);
    for (y, line) in (area.y..area.bottom()).zip(&lines) {
        pen.pieces((area.x, y), area.width, line);
    }
    if let Some(share) = model.status().and_then(crate::engine::status::Status::share)
        && area.height > 1
    {
        bar(pen, (area.x, area.y + 1), area.width, share, theme.copied);
    }
}

fn keys(model: &Model, pen: &Pen<'_>) -> Vec<Piece> {
    let theme = pen.theme;
    let possible = |order| blocked(Action::Order(order), model).is_none();
    let mut line = Vec::new();
    if possible(Order::Pause) {
        line.extend([("p".into(), theme.accent), (" pause  ".into(), theme.text)]);
    }
    if possible(Order::Resume) {
        line.extend([("r".into(), theme.accent), (" resume  ".into(), theme.text)]);
    }
    line.extend([("ctrl-c".into(), theme.accent), (" leave".into(), theme.text)]);
    line
}
