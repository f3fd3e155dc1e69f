//! Screen 1, *Layout*: the partition tree, with gaps, DEFAULT, and the periods prepared ahead.
//!
//! ```text
//! │ public.chat_messages_twin  RANGE (created_at), key (id, created_at), every quarter               │
//! ├─ partition ──────────────── from ────────── to ──────────── rows ────── heap ─── indexes ─ state ┤
//! │ ├ chat_messages_2024_q1     2024-01-01      2024-04-01   5,201,113    812 MB    301 MB  ✓ verified│
//! │ ╎ no partition              2024-04-01      2024-07-01   rows of this time go to DEFAULT          │
//! │ ├ chat_messages_2026_q3     2026-07-01      2026-10-01           0       0 B     24 kB  ahead     │
//! │ └ chat_messages_default     everything else                      0       0 B     24 kB  ◆ sealed  │
//! ```

use chrono::{DateTime, Utc};
use ratatui::layout::Rect;

use crate::{
    engine::status::{PeriodStatus, Status},
    model::{figures, phase::LeafState},
    tui::{
        app::model::Model,
        harmless::{self, keep_end},
        screens::{leaf_state, nothing_open},
        widgets::{
            grid::{Column, Grid},
            pen::Pen,
        },
    },
};

const COLUMNS: [Column; 7] = [
    Column::filling("partition", 22),
    Column::words("from", 10, 1),
    Column::words("to", 10, 4),
    Column::numbers("rows", 11, 0),
    Column::numbers("heap", 8, 2),
    Column::numbers("indexes", 8, 3),
    Column::words("state", 10, 0),
];

/// A row of the tree.
#[derive(Clone, Copy)]
enum Row<'a> {
    Leaf(&'a PeriodStatus),
    Gap(DateTime<Utc>, DateTime<Utc>),
}

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    if nothing_open(pen, area, model) {
        return;
    }
    let Some(status) = model.status() else { return };
    parent(pen, area, status);
    let mut columns = COLUMNS;
    columns[0] = columns[0].fitting(status.periods.iter().map(|period| harmless::width(&period.leaf) + 2));
    let grid = Grid::new(area, &columns);
    grid.head(pen, area.y + 1);
    let body = Rect { y: area.y + 2, height: area.height.saturating_sub(2), ..area };
    let shown = model.shown_periods();
    let Some(selected) = model.cursors.periods.at(shown.len()) else {
        return super::empty(pen, body, "no partition to show: they appear with the census");
    };
    let leaves: Vec<_> = shown.iter().map(|(_, period)| *period).collect();
    let rows = with_gaps(&leaves);
    let at = rows.iter().position(|row| matches!(row, Row::Leaf(p) if p.leaf == leaves[selected].leaf));
    grid.list(pen, body, (at.unwrap_or(0), rows.len()), |pen, y, index| {
        let branch = if index + 1 == rows.len() { "└" } else { "├" };
        match rows[index] {
            Row::Leaf(period) => leaf(pen, (y, branch), &grid, (period, status)),
            Row::Gap(from, to) => {
                let zone = status.migration.zone;
                gap(pen, y, &grid, (zone.day(from), zone.day(to)));
            }
        }
    });
}

fn parent(pen: &mut Pen<'_>, area: Rect, status: &Status) {
    let (theme, migration) = (*pen.theme, &status.migration);
    let twin = migration.table.sibling(migration.table.name.with_suffix("_twin"));
    let name = if migration.phase.is_swapped() { migration.table.plain() } else { twin.plain() };
    let rule =
        format!("  RANGE ({}), key {}, every {}", migration.by, migration.key, migration.every_words());
    let leaves = status.periods.len();
    let pieces = [(name, theme.strong), (rule, theme.dim), (format!(", {leaves} partitions"), theme.dim)];
    pen.pieces((area.x + 1, area.y), area.width.saturating_sub(2), &pieces);
}

/// Leaves in order with the gaps between their bounds.
fn with_gaps<'a>(leaves: &[&'a PeriodStatus]) -> Vec<Row<'a>> {
    let mut rows = Vec::new();
    let mut end = None;
    for leaf in leaves {
        if let (Some(end), Some(period)) = (end, leaf.period)
            && end < period.lower
        {
            rows.push(Row::Gap(end, period.lower));
        }
        end = leaf.period.map(|period| period.upper).or(end);
        rows.push(Row::Leaf(leaf));
    }
    rows
}

fn leaf(
    pen: &mut Pen<'_>,
    (y, branch): (u16, &str),
    grid: &Grid,
    (period, status): (&PeriodStatus, &Status),
) {
    let theme = *pen.theme;
    if let Some((x, width)) = grid.place("partition") {
        pen.text((x, y), 2, branch, theme.border);
        let room = width.saturating_sub(2);
        pen.text((x + 2, y), room, &keep_end(&period.leaf, usize::from(room)), theme.text);
    }
    match period.period {
        Some(bounds) => {
            let zone = status.migration.zone;
            let from = if bounds.is_open() { "open".into() } else { zone.day(bounds.lower) };
            grid.cell(pen, ("from", y), &from, theme.text);
            grid.cell(pen, ("to", y), &zone.day(bounds.upper), theme.text);
        }
        None => grid.cell(pen, ("from", y), "DEFAULT", theme.dim),
    }
    let rows = if period.target_rows == 0 { theme.dim } else { theme.text };
    grid.cell(pen, ("rows", y), &figures::count(period.target_rows), rows);
    grid.cell(pen, ("heap", y), &figures::bytes(period.bytes.0), theme.dim);
    grid.cell(pen, ("indexes", y), &figures::bytes(period.bytes.1), theme.dim);
    let newest = period.period.is_some_and(|bounds| bounds.lower > status.at);
    let stray = period.period.is_none() && period.target_rows > 0;
    let (word, style) = if stray {
        ("! stray rows".into(), theme.warn)
    } else if newest && period.source_rows == 0 && period.state == LeafState::Sealed {
        ("ahead".into(), theme.dim)
    } else {
        leaf_state(period.state, &theme)
    };
    grid.cell(pen, ("state", y), &word, style);
}

fn gap(pen: &mut Pen<'_>, y: u16, grid: &Grid, (from, to): (String, String)) {
    let theme = *pen.theme;
    grid.cell(pen, ("partition", y), "╎ gap: no partition", theme.warn);
    grid.cell(pen, ("from", y), &from, theme.warn);
    grid.cell(pen, ("to", y), &to, theme.warn);
}
