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
    model::{
        figures,
        health::summary,
        ident::QualifiedName,
        maintenance::{NewPart, Task, rows},
    },
    tui::{
        app::{
            list::first_shown,
            model::Model,
            upkeep::{self, maintain},
        },
        glyphs,
        widgets::{
            grid::{Column, Grid, scrollbar},
            pen::Pen,
        },
    },
};

const DUE: [Column; 3] =
    [Column::words("due", 19, 0), Column::filling("partition", 24), Column::words("what", 26, 1)];

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
    let (theme, grid) = (*pen.theme, Grid::new(area, &DUE));
    grid.head(pen, area.y);
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let shown = upkeep::shown_due(model);
    let Some(selected) = model.cursors.health.at(shown.len()) else {
        let (text, style) = if model.cursors.health.filter.is_empty() {
            (format!("{} nothing is due", glyphs::HOLDS), theme.verified)
        } else {
            ("no task passes the filter".to_owned(), theme.dim)
        };
        pen.text((body.x + 1, body.y), body.width.saturating_sub(2), &text, style);
        return;
    };
    let first = first_shown(selected, shown.len(), usize::from(body.height));
    for (y, (at, task)) in (body.y..body.bottom()).zip(shown.iter().enumerate().skip(first)) {
        let (verb, part, what) = words(task, found);
        grid.cell(pen, ("due", y), verb, theme.text);
        grid.cell(pen, ("partition", y), &part, theme.text);
        grid.cell(pen, ("what", y), &what, theme.dim);
        if at == selected {
            grid.select(pen, y);
        }
    }
    scrollbar(pen, body, first, shown.len());
}

fn words(task: &Task, found: &Found) -> (&'static str, String, String) {
    let bare = |name: &QualifiedName| name.name.as_str().to_owned();
    match task {
        Task::Finalize(name) => ("finish detaching", bare(name), "a DETACH was interrupted".into()),
        Task::Make(part) => ("make", bare(&part.name), range(part, found)),
        Task::Move(moves) => {
            let names: Vec<_> = moves.iter().map(|(part, _)| bare(&part.name)).collect();
            let all = rows(moves.iter().map(|(_, rows)| rows).sum());
            ("move out of DEFAULT", names.join(", "), all)
        }
        Task::Expire(name) => ("expire", bare(name), size(name, found)),
        Task::Settle(name) => ("settle", bare(name), "detached, and waits for its fate".into()),
    }
}

fn range(part: &NewPart, found: &Found) -> String {
    let zone = found.facts.table.zone;
    format!("{} – {}", zone.day(part.period.lower), zone.day(part.period.upper))
}

fn size(name: &QualifiedName, found: &Found) -> String {
    let part = found.facts.parts.iter().find(|part| part.name == *name);
    part.map_or_else(String::new, |part| {
        let all = part.figures.table_bytes + part.figures.index_bytes;
        format!("≈ {}, {}", rows(part.rows()), figures::bytes(all))
    })
}
