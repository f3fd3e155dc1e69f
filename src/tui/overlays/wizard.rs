//! The plan wizard: choices on four pages, then the plan with its SQL, locks and cost.
//!
//! ```text
//! ╭ convert public.chat_messages ─────────────────────────────────────────╮
//! │ table › key › period › strategy › options › preview                   │
//! ├────────────────────────────────────────────────────────────────────────┤
//! │▸quarter        4 partitions a year                                     │
//! ╰ enter next  + more ahead  esc back ────────────────────────────────────╯
//! ```

use ratatui::layout::Rect;

use crate::{
    model::{clock::Clock, figures, listing::KeyColumn},
    tui::{
        app::{
            list::Load,
            model::Model,
            overlay::Overlay,
            wizard::{Page, Wizard},
        },
        frame::footer,
        glyphs,
        widgets::{dialog, pen::Pen},
    },
};

mod options;
mod periods;
mod preview;
mod strategies;

/// Draws it.
pub fn draw(pen: &mut Pen<'_>, screen: Rect, wizard: &Wizard, model: &Model) {
    let size = (screen.width.saturating_sub(2).min(120), screen.height.saturating_sub(2).min(44));
    let size = if wizard.page == Page::Preview { size } else { (size.0.min(84), size.1.min(20)) };
    let title = (format!("convert {}", wizard.table.name.plain()), pen.theme.accent);
    let inner = dialog::open(pen, screen, size, &title);
    crumbs(pen, inner, wizard.page);
    pen.divider(inner, inner.y + 1);
    let body = Rect { y: inner.y + 2, height: inner.height.saturating_sub(2), ..inner };
    match wizard.page {
        Page::Key => keys(pen, body, wizard),
        Page::Every => periods::draw(pen, body, wizard),
        Page::Strategy => strategies::draw(pen, body, wizard),
        Page::Options => options::draw(pen, body, wizard),
        Page::Preview => match &wizard.plan {
            Load::Ready(plan) => preview::draw(pen, body, wizard, plan),
            Load::Failed(report) => preview::refused(pen, body, report, wizard.scroll),
            Load::Nothing | Load::Loading => {
                pen.text((body.x + 1, body.y + 1), body.width, "making the plan …", pen.theme.dim);
            }
        },
    }
    if matches!(model.overlays.last(), Some(Overlay::Wizard(_))) {
        footer::of_overlay(pen, inner, model);
    }
}

fn crumbs(pen: &mut Pen<'_>, inner: Rect, page: Page) {
    let theme = *pen.theme;
    let pages = [
        (None, "table"),
        (Some(Page::Key), "key"),
        (Some(Page::Every), "period"),
        (Some(Page::Strategy), "strategy"),
        (Some(Page::Options), "options"),
        (Some(Page::Preview), "preview"),
    ];
    let mut pieces = Vec::new();
    for (at, name) in pages {
        if !pieces.is_empty() {
            pieces.push((" › ".into(), theme.dim));
        }
        if at == Some(page) {
            pieces.push((format!(" {name} "), theme.accent.add_modifier(ratatui::style::Modifier::REVERSED)));
        } else {
            pieces.push((name.to_owned(), theme.dim));
        }
    }
    pen.pieces((inner.x + 1, inner.y), inner.width.saturating_sub(2), &pieces);
}

/// A list to choose from: a word, what it means, and below it a remark.
fn choices(pen: &mut Pen<'_>, area: Rect, rows: &[(String, String)], selected: usize) {
    let theme = *pen.theme;
    for (y, (at, (word, about))) in (area.y..area.bottom()).zip(rows.iter().enumerate()) {
        pen.text((area.x + 2, y), 22, word, theme.text);
        pen.text((area.x + 26, y), area.width.saturating_sub(28), about, theme.dim);
        if at == selected {
            pen.tint(Rect { y, height: 1, ..area }, theme.selected);
            pen.sign((area.x, y), glyphs::SELECTED, theme.accent.patch(theme.selected));
        }
    }
}

/// What is to be said of the choice, at the bottom, wrapped.
fn remark(pen: &mut Pen<'_>, area: Rect, lines: &[String]) {
    let style = pen.theme.text;
    let text: Vec<dialog::Paragraph> = lines.iter().map(|line| vec![(line.clone(), style)]).collect();
    let area = Rect { x: area.x + 1, width: area.width.saturating_sub(2), ..area };
    let rows = dialog::lines(&text, area.width).min(area.height);
    dialog::text(pen, Rect { y: area.bottom() - rows, height: rows, ..area }, &text, 0);
}

fn keys(pen: &mut Pen<'_>, area: Rect, wizard: &Wizard) {
    let table = &wizard.table;
    let about = |key: &KeyColumn| match Clock::of_time_type(&key.type_sql) {
        Some(clock) => format!("{}, NOT NULL", clock.type_name()),
        None => format!("{}: an id, if its values tell their time", key.type_sql),
    };
    let rows: Vec<_> = table.keys().map(|key| (key.name.as_str().to_owned(), about(key))).collect();
    choices(pen, area, &rows, wizard.key);
    let joins = if wizard.key < table.time_keys.len() {
        "It joins the primary key."
    } else {
        "The primary key stays as it is."
    };
    remark(
        pen,
        area,
        &[
            format!(
                "{} rows (estimated), {}",
                figures::count(table.rows_estimate.max(0)),
                figures::bytes(table.bytes)
            ),
            "The column that says to which period a row belongs.".into(),
            joins.into(),
        ],
    );
}
