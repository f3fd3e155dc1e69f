//! The page *health*: what of a partitioned table wants doing, the gravest first, and its partitions.
//!
//! ```text
//! │ public.chat_messages  RANGE (created_at)                                       looked 3 s ago      │
//! │ 14 partitions, with DEFAULT · covered until 2027-07-01, 2 ahead; about 60,022 rows, …              │
//! ├─ finding ──── object ────────────── what ──────────────────────────────────────────────────────────┤
//! │▸! QD-140      chat_messages_default  3 rows lie in DEFAULT: 3 of 2031 Q1; …                        │
//! ├─ partition ───────── bounds ───────────────── ≈ rows ──── table ── indexes ─── dead ── vacuumed ───┤
//! │ chat_messages_2027_q2  2027-04-01 – 2027-07-01       0     0 B     16.0 kB        0       never    │
//! ```

use ratatui::{layout::Rect, style::Style};

use crate::{
    model::{
        figures,
        health::{Finding, Health, Part, Severity, bounds, summary},
    },
    tui::{
        app::{model::Model, upkeep::health},
        glyphs, harmless,
        theme::Theme,
        widgets::{
            grid::{Column, Grid},
            pen::Pen,
        },
    },
};

const FINDINGS: [Column; 3] =
    [Column::words("finding", 10, 0), Column::words("object", 26, 1), Column::filling("what", 30)];
const PARTS: [Column; 7] = [
    Column::filling("partition", 24),
    Column::filling("bounds", 23),
    Column::numbers("≈ rows", 11, 0),
    Column::numbers("table", 8, 1),
    Column::numbers("indexes", 8, 2),
    Column::numbers("dead", 9, 3),
    Column::numbers("vacuumed", 12, 4),
];

/// From so many rows on there is room for the growth.
const ROOMY: u16 = 18;
/// Rows for the selected finding in whole sentences.
const WHOLE: u16 = 3;

/// Draws the page.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let Some(health) = super::ready(pen, area, &model.upkeep.health.found) else { return };
    head(pen, Rect { height: 2, ..area }, (model, health));
    // On a small screen the findings need the row.
    let growth = health.growth.as_ref().filter(|_| area.height >= ROOMY);
    let heads = 2 + u16::from(growth.is_some());
    if let Some(growth) = growth {
        let style = pen.theme.dim;
        pen.text((area.x + 1, area.y + 2), area.width.saturating_sub(2), &growth.words(), style);
    }
    let shown = health::shown(model);
    let rest = Rect { y: area.y + heads, height: area.height.saturating_sub(heads), ..area };
    // Findings take what they need, up to more than half of it.
    let wanted = u16::try_from(shown.len().max(1)).unwrap_or(u16::MAX).saturating_add(1);
    let height = wanted.min(rest.height / 2).max(2).min(rest.height);
    findings(pen, Rect { height, ..rest }, model, &shown);
    let below = Rect { y: rest.y + height, height: rest.height - height, ..rest };
    let strip = if shown.is_empty() { 0 } else { WHOLE.min(below.height.saturating_sub(4)) };
    whole(pen, Rect { height: strip, ..below }, model);
    parts(pen, Rect { y: below.y + strip, height: below.height - strip, ..below }, health);
}

fn head(pen: &mut Pen<'_>, area: Rect, (model, health): (&Model, &Health)) {
    let table = &health.facts.table;
    let looked = format!("looked {}", figures::ago(table.now.min(model.now), model.now));
    super::head(pen, area, [&table.name.plain(), &table.key, &looked]);
    let (theme, width) = (*pen.theme, area.width.saturating_sub(2));
    pen.text((area.x + 1, area.y + 1), width, &summary(&health.facts), theme.text);
}

/// The selected finding in whole sentences, as its row has no room for them.
fn whole(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let Some(finding) = health::selected(model) else { return };
    let (theme, width) = (*pen.theme, area.width.saturating_sub(4));
    let text = format!("{} → {}", finding.reason, finding.remedy);
    let lines = harmless::wrap(&text, usize::from(width));
    for (y, line) in (area.y..area.bottom()).zip(&lines) {
        pen.text((area.x + 2, y), width, line, theme.dim);
    }
}

fn findings(pen: &mut Pen<'_>, area: Rect, model: &Model, shown: &[&Finding]) {
    let theme = *pen.theme;
    let grid = Grid::new(area, &FINDINGS);
    grid.head(pen, area.y);
    let body = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    let Some(selected) = model.cursors.health.at(shown.len()) else {
        let filtered = !model.cursors.health.filter.is_empty();
        let text = if filtered {
            "no finding passes the filter".to_owned()
        } else {
            format!("{} nothing wants doing", glyphs::HOLDS)
        };
        let style = if filtered { theme.dim } else { theme.text };
        pen.text((body.x + 1, body.y), body.width.saturating_sub(2), &text, style);
        return;
    };
    grid.list(pen, body, (selected, shown.len()), |pen, y, at| {
        let finding = shown[at];
        let (sign, style) = severity(finding.severity, &theme);
        grid.cell(pen, ("finding", y), &format!("{sign} {}", finding.id), style);
        let object = finding.object.rsplit('.').next().unwrap_or(&finding.object);
        grid.cell(pen, ("object", y), object, theme.text);
        grid.cell(pen, ("what", y), &finding.reason, theme.text);
    });
}

/// A sign and a style: colour alone means nothing.
fn severity(severity: Severity, theme: &Theme) -> (&'static str, Style) {
    match severity {
        Severity::Error => (glyphs::BROKEN, theme.danger),
        Severity::Warning => (glyphs::WARNING, theme.warn),
        Severity::Info => ("·", theme.dim),
    }
}

/// The partitions, the newest first: what runs out and fills is at that end.
fn parts(pen: &mut Pen<'_>, area: Rect, health: &Health) {
    if area.height < 2 {
        return;
    }
    let mut columns = PARTS;
    let parts = &health.facts.parts;
    columns[0] = columns[0].fitting(parts.iter().map(|part| harmless::width(part.name.name.as_str())));
    columns[1] = columns[1].fitting(parts.iter().map(|part| harmless::width(&bounds(part))));
    let grid = Grid::new(area, &columns);
    grid.head(pen, area.y);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let all: Vec<&Part> = health.facts.parts.iter().rev().collect();
    let room = usize::from(body.height);
    let fit = if all.len() > room { room - 1 } else { all.len() };
    for (y, part) in (body.y..).zip(&all[..fit]) {
        row(pen, y, &grid, part);
    }
    if all.len() > fit {
        let (theme, text) =
            (*pen.theme, format!("… {} older; `quarterdeck health` lists all", all.len() - fit));
        pen.text((body.x + 1, body.bottom() - 1), body.width.saturating_sub(2), &text, theme.dim);
    }
}

fn row(pen: &mut Pen<'_>, y: u16, grid: &Grid, part: &Part) {
    let (theme, figures_) = (*pen.theme, part.figures);
    grid.cell(pen, ("partition", y), part.name.name.as_str(), theme.text);
    grid.cell(pen, ("bounds", y), &bounds(part), theme.dim);
    if part.partitioned {
        return grid.cell(pen, ("≈ rows", y), "partitioned", theme.dim);
    }
    grid.cell(pen, ("≈ rows", y), &figures::count(part.rows()), theme.text);
    grid.cell(pen, ("table", y), &figures::bytes(figures_.table_bytes), theme.text);
    grid.cell(pen, ("indexes", y), &figures::bytes(figures_.index_bytes), theme.text);
    grid.cell(pen, ("dead", y), &figures::count(figures_.dead), theme.text);
    let vacuumed = figures_
        .vacuumed_s
        .map_or_else(|| "never".into(), |s| format!("{} ago", figures::span(figures::float(s))));
    grid.cell(pen, ("vacuumed", y), &vacuumed, theme.dim);
}
