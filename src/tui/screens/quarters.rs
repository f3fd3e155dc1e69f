//! Screen 2, *Quarters*: source and target side by side, and whether the figures are exact. A bar is as long as the period has
//! rows, compared with the largest one, and filled as far as they are in the target.
//!
//! ```text
//! ├─ quarter ──────── source ────── target ─────── delta ─── share ─ rows ───────────────── state ───┤
//! │ 2024 Q1        5,201,113     5,201,113             0    12.0 %  ██████████            ✓ verified │
//! │ 2024 Q2       10,410,022     7,805,100    −2,604,922    24.1 %  ███████████████─────  ▶ copying  │
//! │ total         43,102,940    22,104,551   −20,998,389   100.0 %  ██████████──────────             │
//! ├─ source: counted exactly by the census · target: rows copied so far ────────────────────────────────┤
//! ```

use ratatui::layout::Rect;

use crate::{
    engine::status::{PeriodStatus, Status},
    model::{figures, phase::LeafState},
    tui::{
        app::model::Model,
        screens::{leaf_state, nothing_copied, nothing_open},
        widgets::{
            bar::bar,
            grid::{Column, Grid},
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
    Column::filling("rows", 6),
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
            let rows = (selected, shown.len());
            grid.list(pen, body, rows, |pen, y, at| row(pen, y, &grid, (shown[at].1, status)));
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
    if let Some((x, width)) = grid.place("rows").filter(|_| period.source_rows > 0) {
        let style = if period.state == LeafState::Verified { theme.verified } else { theme.copied };
        let columns = reach(period.source_rows, largest(status), width);
        bar(pen, (x, y), columns, figures::share(period.target_rows, period.source_rows), style);
    }
    let (word, style) = leaf_state(period.state, &theme);
    grid.cell(pen, ("state", y), &word, style);
}

/// Rows of the largest period: its bar takes the whole width.
fn largest(status: &Status) -> i64 {
    status.periods.iter().map(|period| period.source_rows).max().unwrap_or(0)
}

/// Terminal columns of a period's bar, so that the bars compare the periods; none is too small to be seen.
fn reach(rows: i64, largest: i64, width: u16) -> u16 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a share of a width")]
    let columns = (figures::share(rows, largest) * f64::from(width)).round() as u16;
    columns.clamp(1.min(width), width)
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
    if let Some((x, width)) = grid.place("rows") {
        bar(pen, (x, y), width, figures::share(target, source), theme.copied);
    }
    pen.text((area.x + 1, y + 1), area.width.saturating_sub(2), status.counted(), theme.dim);
}
