//! Screen 3, *Backfill*: the heat map, what is done, how fast, how long, and what slows it.
//!
//! ```text
//! │ copied 22,104,551 / 43,102,940  ████████████████████▌──────────  51.3 %   184k rows/s           │
//! │ ETA 19–23 min (≈ 14:24 UTC)   active 20m11s   paused 2m00s         rate ▃▅▆▇▇▆▅▂▁▅▇█            │
//! │ slowed: standby-lag: standby b 4.1 s > 3 s                                       (only if so)    │
//! ├─ quarter ─ heap ─────────────────────────────────────── source ────── target ── state ──────────┤
//! │ 2024 Q1   ██████████████████████████████████████     5,201,113   5,201,113   ✓ verified         │
//! │▸2024 Q3   ███████████▒▒▒························     5,604,870   1,902,400   ▶ copying          │
//! ├─ workers ────────────────── · pending ▒ copying █ copied ▓ retried X failed ────────────────────┤
//! │ 1 chunk 211  1,024 blocks  0.41 s    2 chunk 212  0.38 s       log 318 (+12/s)  oldest 0.8 s    │
//! │ chunk 211: blocks 216,064–217,087, 25,110 rows, copying, attempt 1            (if one is chosen) │
//! ```

use ratatui::{
    layout::{Constraint, Layout, Rect},
    style::Style,
};

use crate::{
    engine::status::{PeriodStatus, Status},
    model::{figures, phase::LeafState},
    tui::{
        app::{list::first_shown, model::Model},
        frame::why,
        glyphs,
        screens::{leaf_state, nothing_copied, nothing_open},
        widgets::{
            grid::{Column, Grid, scrollbar},
            heatmap, lanes,
            pen::{Pen, columns_of},
        },
    },
};

mod afterwards;
mod header;
mod lately;
mod work;

/// The most rows for workers, and for reasons.
const MOST: u16 = 4;

fn columns(model: &Model) -> [Column; 5] {
    let every = model.status().map_or("period", |status| status.migration.every.word());
    [
        Column::words(every, 10, 0),
        Column::filling("heap", 16),
        Column::numbers("source", 11, 2),
        Column::numbers("target", 11, 1),
        Column::words("state", 11, 0),
    ]
}

/// Draws the screen.
pub fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    if nothing_open(pen, area, model) || nothing_copied(pen, area, model) {
        return;
    }
    let Some(status) = model.status() else { return };
    let reasons = why::reasons(model, pen.theme);
    let most = (area.height / 5).clamp(1, MOST);
    let chunk = work::chunk_line(pen, model, status);
    let backlog = work::backlog(pen, status);
    let side = columns_of(&backlog) + 4;
    let lanes_width = area.width.saturating_sub(2 + side);
    let after = afterwards::lines(pen, model, status);
    let heights = Heights {
        said: why::height(reasons.len(), most),
        work: match &after {
            Some((_, lines)) => u16::try_from(lines.len()).unwrap_or(most).min(most),
            None => lanes::height(status.lanes.len(), lanes_width, most),
        },
        chunk: u16::from(chunk.is_some()),
    };
    let [head, said, divider, map, tail, lanes, detail, lately] = heights.split(area, status.periods.len());
    header::draw(pen, head, status, model.now);
    why::draw(pen, said, &reasons);
    let grid = Grid::new(area, &columns(model));
    grid.head(pen, divider.y);
    heat(pen, map, &grid, model);
    pen.titled(area, tail.y, after.as_ref().map_or("workers", |(title, _)| title));
    work::legend(pen, area, tail.y);
    match &after {
        Some((_, sentences)) => afterwards::draw(pen, lanes, sentences),
        None => work::workers(pen, Rect { width: lanes_width + 2, ..lanes }, status, model),
    }
    let is_free = after.as_ref().is_none_or(|(_, lines)| afterwards::leaves(lines, lanes.width, side));
    if is_free {
        pen.pieces((area.right().saturating_sub(side - 3), lanes.y), side, &backlog);
    }
    if let Some(chunk) = chunk {
        pen.pieces((detail.x + 1, detail.y), detail.width.saturating_sub(2), &chunk);
    }
    lately::draw(pen, lately, model);
}

/// Rows of the parts whose height depends on what there is to say.
struct Heights {
    said: u16,
    work: u16,
    chunk: u16,
}

impl Heights {
    /// Header, reasons, divider, heat map, divider, workers, chosen chunk, latest events.
    fn split(&self, area: Rect, periods: usize) -> [Rect; 8] {
        let fixed = 2 + self.said + 1 + 1 + self.work + self.chunk;
        let wanted = u16::try_from(periods.max(6)).unwrap_or(u16::MAX);
        let spare = area.height.saturating_sub(fixed).saturating_sub(wanted);
        // Room that the heat map does not need shows what happened lately, if it is worth a heading.
        let lately = if spare >= 5 { spare } else { 0 };
        Layout::vertical([
            Constraint::Length(2),
            Constraint::Length(self.said),
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(1),
            Constraint::Length(self.work),
            Constraint::Length(self.chunk),
            Constraint::Length(lately),
        ])
        .areas(area)
    }
}

fn heat(pen: &mut Pen<'_>, area: Rect, grid: &Grid, model: &Model) {
    let Some(status) = model.status() else { return };
    let shown = model.shown_periods();
    let Some(selected) = model.cursors.periods.at(shown.len()) else {
        let text = if status.periods.is_empty() {
            "the rows have not been counted yet: periods appear with the census"
        } else {
            "no period passes the filter"
        };
        return super::empty(pen, area, text);
    };
    let first = first_shown(selected, shown.len(), usize::from(area.height));
    for (y, (at, (index, period))) in (area.y..area.bottom()).zip(shown.iter().enumerate().skip(first)) {
        row(pen, (status.migration.every.word(), y), grid, period);
        // In a theme without tints the heat map's own signs must not be turned round.
        let tinted = pen.theme.selected.bg.is_some();
        if at == selected && !tinted {
            grid.select(pen, y);
        }
        cells(pen, y, grid, status, *index);
        if at == selected && tinted {
            grid.select(pen, y);
        }
        if at == selected
            && let Some(chunk) = model.cursors.chunk
        {
            mark(pen, (y, *index), grid, status, chunk);
        }
    }
    scrollbar(pen, area, first, shown.len());
}

fn row(pen: &mut Pen<'_>, (every, y): (&str, u16), grid: &Grid, period: &PeriodStatus) {
    let theme = *pen.theme;
    let earlier = if period.priority > 0 { " ↑" } else { "" };
    grid.cell(pen, (every, y), &format!("{}{earlier}", period.title), theme.text);
    grid.cell(pen, ("source", y), &figures::count(period.source_rows), theme.text);
    let lags = period.target_rows < period.source_rows;
    let target = if lags { theme.text } else { theme.dim };
    grid.cell(pen, ("target", y), &figures::count(period.target_rows), target);
    let (word, style) = match period.diffs {
        Some(1) => (format!("{} 1 diff", glyphs::BROKEN), theme.danger),
        Some(n) if n > 0 => (format!("{} {} diffs", glyphs::BROKEN, figures::count(n)), theme.danger),
        Some(_) | None => leaf_state(period.state, &theme),
    };
    grid.cell(pen, ("state", y), &word, style);
}

fn cells(pen: &mut Pen<'_>, y: u16, grid: &Grid, status: &Status, period: usize) {
    let Some((x, width)) = grid.place("heap") else { return };
    let cells = heatmap::fold(&status.chunks, period, width);
    if cells.is_empty() {
        let theme = *pen.theme;
        let (text, style) = match status.periods.get(period) {
            // No chunk of the copy held rows for it: what it has came by the log, or after the swap.
            Some(PeriodStatus { period: None, target_rows: 1.., .. }) => ("rows of no period", theme.warn),
            Some(PeriodStatus { target_rows: 1.., .. }) => ("all its rows came later", theme.dim),
            Some(PeriodStatus { period: Some(_), .. }) => ("prepared, no rows yet", theme.dim),
            Some(_) | None => ("empty, as it should be", theme.dim),
        };
        pen.text((x, y), width, text, style);
        return;
    }
    let done = done_style(pen, status, period);
    heatmap::draw(pen, (x, y), &cells, done);
}

/// Copied is not verified: only a verified period is green.
fn done_style(pen: &Pen<'_>, status: &Status, period: usize) -> Style {
    match status.periods.get(period).map(|period| period.state) {
        Some(LeafState::Verified) => pen.theme.verified,
        Some(
            LeafState::Pending
            | LeafState::Copying
            | LeafState::Copied
            | LeafState::Sealed
            | LeafState::Differs,
        )
        | None => pen.theme.copied,
    }
}

/// Underlines the selected chunk's cells.
fn mark(pen: &mut Pen<'_>, (y, period): (u16, usize), grid: &Grid, status: &Status, chunk: i32) {
    let Some((x, width)) = grid.place("heap") else { return };
    if let Some((from, to)) = heatmap::span_of(&status.chunks, period, width, chunk) {
        let area = Rect { x: x + from, y, width: to - from + 1, height: 1 };
        pen.tint(area, Style::new().add_modifier(ratatui::style::Modifier::REVERSED));
    }
}
