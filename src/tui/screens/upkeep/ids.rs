//! The page *ids*: what the ids of the table are like, and what kinds of ids cost on this server.
//!
//! ```text
//! │ public.chat_messages.id  uuid                                                      looked 3 s ago  │
//! │ of 2,000 rows looked at: 100.0 % UUID v4                                                           │
//! ├─ lab: 200,000 rows of each kind ─ insert ───── WAL ─── index ─ full ─ lookups ─ newest 1 % ────────┤
//! │ UUID v7            ██████████████▌────                                                             │
//! ```

use ratatui::layout::Rect;

use crate::{
    model::{figures, lab::Cost},
    tui::{
        app::{model::Model, upkeep::work::Outcome},
        widgets::{
            bar::bar,
            grid::{Column, Grid},
            pen::Pen,
        },
    },
};

const COSTS: [Column; 9] = [
    Column::words("kind", 18, 0),
    Column::numbers("insert", 10, 0),
    Column::numbers("WAL", 8, 1),
    Column::numbers("index", 8, 2),
    Column::numbers("full", 7, 3),
    Column::numbers("1,000 lookups", 13, 4),
    Column::numbers("newest 1 %", 10, 5),
    Column::numbers("whole pages", 11, 6),
    Column::filling("compared", 12),
];

/// Draws the page.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let sheet = &model.upkeep.ids;
    let measured = model.upkeep.ended.iter().rev().find_map(|ended| match &ended.outcome {
        Ok(Outcome::Measured(costs, rows)) => Some((costs, *rows)),
        Ok(Outcome::Said(..)) | Err(_) => None,
    });
    let wanted = measured.map_or(0, |(costs, _)| u16::try_from(costs.len()).unwrap_or(0) + 2);
    let height = wanted.min(area.height / 2);
    let top = Rect { height: area.height - height, ..area };
    if let Some((costs, rows)) = measured
        && height > 2
    {
        lab(pen, Rect { y: top.bottom(), height, ..area }, costs, rows);
    }
    let Some(report) = super::ready(pen, top, &sheet.found) else { return };
    let theme = *pen.theme;
    let title = report.title();
    let (name, type_sql) = title.split_once("  ").unwrap_or((&title, ""));
    super::head(pen, top, [name, type_sql, &super::looked(sheet, model)]);
    let mut lines: Vec<_> = report.lines().into_iter().map(|line| (line, theme.text)).collect();
    lines.push((String::new(), theme.text));
    lines.extend(report.of_indexes().into_iter().map(|line| (line, theme.text)));
    super::sentences(pen, Rect { y: top.y + 1, height: top.height.saturating_sub(1), ..top }, &lines);
}

fn lab(pen: &mut Pen<'_>, area: Rect, costs: &[Cost], rows: u32) {
    let (theme, grid) = (*pen.theme, Grid::new(area, &COSTS));
    pen.titled(
        area,
        area.y,
        &format!("lab: {} rows of each kind, everything in memory", figures::count(rows.into())),
    );
    grid.head(pen, area.y + 1);
    let most = costs.iter().map(|cost| cost.insert_ms).fold(f64::MIN_POSITIVE, f64::max);
    for (y, cost) in (area.y + 2..area.bottom()).zip(costs) {
        grid.cell(pen, ("kind", y), cost.kind.title(), theme.text);
        grid.cell(pen, ("insert", y), &format!("{:.1} ms", cost.insert_ms), theme.text);
        grid.cell(pen, ("WAL", y), &figures::bytes(cost.wal_bytes), theme.text);
        grid.cell(pen, ("index", y), &figures::bytes(cost.index_bytes), theme.text);
        grid.cell(pen, ("full", y), &figures::percent(cost.density.min(1.0)), theme.text);
        grid.cell(pen, ("1,000 lookups", y), &format!("{:.1} ms", cost.lookup_ms), theme.text);
        grid.cell(pen, ("newest 1 %", y), &format!("{:.1} ms", cost.newest_ms), theme.text);
        grid.cell(pen, ("whole pages", y), &figures::count(cost.full_pages), theme.text);
        if let Some((x, columns)) = grid.place("compared") {
            bar(pen, (x, y), columns, cost.insert_ms / most, theme.copied);
        }
    }
}
