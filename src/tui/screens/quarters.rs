//! Screen 2, *Quarters*: source and target side by side, and whether the figures are exact.
//!
//! ```text
//! ├─ quarter ──────── source ────── target ─────── delta ─── share ─ filled ─────────────── state ───┤
//! │ 2024 Q1        5,201,113     5,201,113             0    12.0 %  ████████████████████  ✓ verified │
//! │ total         43,102,940    22,104,551   −20,998,389   100.0 %  ██████████──────────             │
//! ├─ source: counted exactly by the census · target: rows copied so far ────────────────────────────────┤
//! ```

use ratatui::layout::Rect;

use crate::{
    engine::status::{PeriodStatus, Status},
    model::{figures, phase::LeafState},
    tui::{
        app::{list::first_shown, model::Model},
        screens::{leaf_state, nothing_copied, nothing_open},
        widgets::{
            bar::bar,
            grid::{Column, Grid, scrollbar},
            pen::Pen,
        },
    },
};

const COLUMNS: [Column; 7] = [
    Column::words("period", 10, 0),
    Column::numbers("source", 13, 0),
    Column::numbers("target", 13, 0),
    Column::numbers("delta", 13, 2),
    Column::numbers("share", 7, 3),
    Column::filling("filled", 6),
    Column::words("state", 10, 1),
];

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    if nothing_open(pen, area, model) || nothing_copied(pen, area, model) {
        return;
    }
    let Some(status) = model.status() else { return };
    let grid = Grid::new(area, &COLUMNS);
    grid.head(pen, area.y);
    let shown = model.shown_periods();
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(4), ..area };
    match model.cursors.periods.at(shown.len()) {
        None => super::empty(pen, body, "no period to show: they appear with the census"),
        Some(selected) => {
            let first = first_shown(selected, shown.len(), usize::from(body.height));
            for (y, (at, (_, period))) in (body.y..body.bottom()).zip(shown.iter().enumerate().skip(first)) {
                row(pen, y, &grid, (period, status));
                if at == selected {
                    grid.select(pen, y);
                }
            }
            scrollbar(pen, body, first, shown.len());
        }
    }
    foot(pen, area, &grid, status);
}

fn row(pen: &mut Pen<'_>, y: u16, grid: &Grid, (period, status): (&PeriodStatus, &Status)) {
    let theme = *pen.theme;
    grid.cell(pen, ("period", y), &period.title, theme.text);
    let about = if status.rows.exact { "" } else { "≈ " };
    grid.cell(pen, ("source", y), &format!("{about}{}", figures::count(period.source_rows)), theme.text);
    grid.cell(pen, ("target", y), &figures::count(period.target_rows), theme.text);
    let delta = period.target_rows - period.source_rows;
    grid.cell(pen, ("delta", y), &figures::delta(delta), if delta == 0 { theme.dim } else { theme.text });
    let all: i64 = status.periods.iter().map(|period| period.source_rows).sum();
    let share = figures::share(period.source_rows, all);
    grid.cell(pen, ("share", y), &figures::percent(share), theme.dim);
    if let Some((x, width)) = grid.place("filled").filter(|_| period.source_rows > 0) {
        let style = if period.state == LeafState::Verified { theme.verified } else { theme.copied };
        bar(pen, (x, y), width, figures::share(period.target_rows, period.source_rows), style);
    }
    let (word, style) = leaf_state(period.state, &theme);
    grid.cell(pen, ("state", y), &word, style);
}

/// The sum of all periods, and what the figures are.
fn foot(pen: &mut Pen<'_>, area: Rect, grid: &Grid, status: &Status) {
    let theme = *pen.theme;
    if area.height < 5 {
        return;
    }
    let y = area.bottom() - 2;
    pen.divider(area, y - 1);
    let source: i64 = status.periods.iter().map(|period| period.source_rows).sum();
    let target: i64 = status.periods.iter().map(|period| period.target_rows).sum();
    grid.cell(pen, ("period", y), "all", theme.strong);
    grid.cell(pen, ("source", y), &figures::count(source), theme.strong);
    grid.cell(pen, ("target", y), &figures::count(target), theme.strong);
    grid.cell(pen, ("delta", y), &figures::delta(target - source), theme.strong);
    if let Some((x, width)) = grid.place("filled") {
        bar(pen, (x, y), width, figures::share(target, source), theme.copied);
    }
    pen.text((area.x + 1, y + 1), area.width.saturating_sub(2), figures_are(status), theme.dim);
}

/// Counted, estimated or compared. One verified period does not make the others' figures exact.
fn figures_are(status: &Status) -> &'static str {
    let compared = |period: &&PeriodStatus| period.verified_at.is_some();
    let with_rows =
        || status.periods.iter().filter(|period| period.source_rows > 0 || period.target_rows > 0);
    if with_rows().next().is_some() && with_rows().all(|period| compared(&period)) {
        "both sides: exact when last verified, log keys apart"
    } else if !status.rows.exact {
        "source: estimated, before the census · target: rows copied so far"
    } else if with_rows().any(|period| compared(&period)) {
        "source: counted exactly by the census · target: copied so far; verified ones: exact when last compared"
    } else {
        "source: counted exactly by the census · target: rows copied so far"
    }
}
