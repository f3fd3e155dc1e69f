//! Screen 4, *Validation*: the verdict on each period and its age; inside a period, every differing row.
//!
//! ```text
//! │ ✓ verified 14:02:11 UTC, 12 s ago: every row equal                                                │
//! ├─ period ───────── source ────── target ── verdict ──────── checked ───────────────────────────────┤
//! │ 2024 Q1        5,201,113     5,201,113  ✓ equal         12 s ago                                  │
//! │▸2024 Q2        5,410,022     5,410,020  ✗ 2 rows differ  12 s ago                                  │
//! ```

use ratatui::layout::Rect;

use crate::{
    engine::status::{PeriodStatus, Status},
    model::{figures, phase::LeafState},
    tui::{
        app::model::Model,
        glyphs,
        screens::{nothing_copied, nothing_open},
        widgets::{
            bar::bar,
            grid::{Column, Grid},
            pen::{Pen, Piece},
        },
    },
};

mod rows;

const COLUMNS: [Column; 5] = [
    Column::words("period", 10, 0),
    Column::numbers("source", 13, 1),
    Column::numbers("target", 13, 2),
    Column::filling("verdict", 18).up_to(34),
    Column::words("checked", 18, 0),
];

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    if nothing_open(pen, area, model) || nothing_copied(pen, area, model) {
        return;
    }
    let Some(status) = model.status() else { return };
    let head = verdict(pen, model, status);
    pen.pieces((area.x + 1, area.y), area.width.saturating_sub(2), &head);
    running(pen, area, status);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    match &model.cursors.drilled {
        Some(leaf) => rows::draw(pen, body, model, leaf),
        None => periods(pen, body, model),
    }
}

/// The verdict on the whole.
fn verdict(pen: &Pen<'_>, model: &Model, status: &Status) -> Vec<Piece> {
    let (theme, verification) = (pen.theme, &status.verification);
    let differing: i64 = status.periods.iter().filter_map(|period| period.diffs).sum();
    if let Some(key) = verification.duplicate_keys.first() {
        let more = verification.duplicate_keys.len() - 1;
        let text = format!("two rows share the old table's key {key} (and {more} more): reverse is blocked");
        return vec![(format!("{} {text}", glyphs::BROKEN), theme.danger)];
    }
    if differing > 0 {
        let rows = figures::count(differing);
        let words = if differing == 1 { "row differs" } else { "rows differ" };
        return vec![
            (format!("{} {rows} {words}", glyphs::BROKEN), theme.danger),
            (": f repairs, then a clean pass is owed".into(), theme.text),
        ];
    }
    match verification.verified_at {
        Some(at) => vec![
            (format!("{} verified", glyphs::HOLDS), theme.verified),
            (
                format!(
                    " {} UTC, {}: every row equal",
                    figures::clock_seconds(at),
                    figures::ago(at, model.now)
                ),
                theme.text,
            ),
        ],
        None => vec![("no whole pass without a difference yet".into(), theme.dim)],
    }
}

/// A pass in hand, at the right.
fn running(pen: &mut Pen<'_>, area: Rect, status: &Status) {
    let Some((read, of)) = status.verification.running else { return };
    let theme = *pen.theme;
    let share = figures::share(read, of);
    let age = status.verification.snapshot_s.map(|age| format!(", snapshot {}", figures::span(age)));
    let text = format!("comparing {}{}", figures::percent(share), age.unwrap_or_default());
    let columns = u16::try_from(text.chars().count()).unwrap_or(0);
    let x = area.right().saturating_sub(columns + 14);
    pen.clear(Rect { x: x.saturating_sub(1), y: area.y, width: columns + 14, height: 1 });
    bar(pen, (x, area.y), 10, share, theme.copying);
    pen.text((x + 12, area.y), columns, &text, theme.accent);
}

fn periods(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let grid = Grid::new(area, &COLUMNS);
    grid.head(pen, area.y);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let shown = model.shown_periods();
    let Some(selected) = model.cursors.periods.at(shown.len()) else {
        return super::empty(pen, body, "no period to show: they appear with the census");
    };
    grid.list(pen, body, (selected, shown.len()), |pen, y, at| row(pen, y, &grid, (shown[at].1, model)));
}

fn row(pen: &mut Pen<'_>, y: u16, grid: &Grid, (period, model): (&PeriodStatus, &Model)) {
    let theme = *pen.theme;
    grid.cell(pen, ("period", y), &period.title, theme.text);
    grid.cell(pen, ("source", y), &figures::count(period.source_rows), theme.text);
    grid.cell(pen, ("target", y), &figures::count(period.target_rows), theme.text);
    let verdict = period.verdict();
    let (text, style) = match (period.state, period.diffs) {
        (_, Some(1..)) | (LeafState::Differs, _) => (format!("{} {verdict}", glyphs::BROKEN), theme.danger),
        (LeafState::Verified, _) => (format!("{} {verdict}", glyphs::HOLDS), theme.verified),
        (LeafState::Sealed, _) => (verdict, theme.text),
        (LeafState::Pending | LeafState::Copying | LeafState::Copied, _) => (verdict, theme.dim),
    };
    grid.cell(pen, ("verdict", y), &text, style);
    let age = period.verified_at.map_or_else(String::new, |at| figures::ago(at, model.now));
    grid.cell(pen, ("checked", y), &age, theme.dim);
}
