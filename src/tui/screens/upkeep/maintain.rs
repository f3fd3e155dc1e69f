//! The page *maintain*: what is due on a partitioned table, in the order in which it is done, and what is kept.
//!
//! ```text
//! │ public.chat_messages  RANGE (created_at)                                           looked 3 s ago  │
//! │ 14 partitions, with DEFAULT; covered until …                                                       │
//! │ 2 periods ahead; partitions are kept for 24 months, then detached                                  │
//! ├─ due ──────────────── partition ──────────────────── what ─────────────────────────────────────────┤
//! │▸make                  chat_messages_2027_q3          2027-07-01 – 2027-10-01                       │
//! ```

use ratatui::layout::Rect;

use crate::{
    engine::maintain::Found,
    model::health::summary,
    tui::{
        app::{
            model::Model,
            upkeep::{self, maintain},
        },
        glyphs, harmless,
        widgets::{
            grid::{Column, Grid},
            pen::Pen,
        },
    },
};

const DUE: [Column; 3] =
    [Column::words("due", 19, 0), Column::filling("partition", 24), Column::filling("what", 26)];

/// Draws the page.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let sheet = &model.upkeep.maintain;
    let Some(found) = super::ready(pen, area, &sheet.found) else { return };
    let (theme, table) = (*pen.theme, &found.facts.table);
    let looked = super::looked(sheet, model);
    super::head(pen, area, [&table.name.plain(), &table.key, &looked]);
    let mut lines = vec![(summary(&found.facts), theme.text), (maintain::kept(model), theme.accent)];
    lines.extend(found.notes().into_iter().map(|note| (note, theme.warn)));
    let room = Rect { y: area.y + 1, height: (area.height / 2).saturating_sub(1), ..area };
    let y = super::sentences(pen, room, &lines);
    let rest = Rect { y, height: area.bottom().saturating_sub(y), ..area };
    due(pen, rest, model, found);
}

fn due(pen: &mut Pen<'_>, area: Rect, model: &Model, found: &Found) {
    if area.height < 2 {
        return;
    }
    let theme = *pen.theme;
    let (shown, fate) = (upkeep::shown_due(model), maintain::fate(model));
    let mut columns = DUE;
    columns[1] = columns[1].fitting(shown.iter().map(|task| harmless::width(&found.words(task, fate)[1])));
    let grid = Grid::new(area, &columns);
    grid.head(pen, area.y);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let Some(selected) = model.cursors.health.at(shown.len()) else {
        let (text, style) = if model.cursors.health.filter.is_empty() {
            (format!("{} nothing is due", glyphs::HOLDS), theme.text)
        } else {
            ("no task passes the filter".to_owned(), theme.dim)
        };
        pen.text((body.x + 1, body.y), body.width.saturating_sub(2), &text, style);
        return;
    };
    grid.list(pen, body, (selected, shown.len()), |pen, y, at| {
        let [verb, part, what] = found.words(shown[at], fate);
        grid.cell(pen, ("due", y), &verb, theme.text);
        grid.cell(pen, ("partition", y), &part, theme.text);
        grid.cell(pen, ("what", y), &what, theme.dim);
    });
}
