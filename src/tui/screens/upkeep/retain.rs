//! The page *retain*: which rows may go, how many these are, and what could be done instead.
//!
//! ```text
//! │ public.event_outbox                                                                looked 3 s ago  │
//! │ public.event_outbox: 170,928 rows of about 200,000 would go: processed_at before 2026-11-21 …      │
//! │ found by index event_outbox_processed_at_idx                                                       │
//! ```

use ratatui::layout::Rect;

use crate::tui::{
    app::{list::Load, model::Model},
    widgets::pen::Pen,
};

/// Draws the page.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    let sheet = &model.upkeep.retain;
    if let (Load::Nothing, Some(of)) = (&sheet.found, &model.upkeep.of) {
        let of = of.plain();
        let text = format!(
            "{of}\nretention by deletion, for an outbox: o says which rows may go, and how old they must be"
        );
        return super::super::empty(pen, area, &text);
    }
    let Some(doomed) = super::ready(pen, area, &sheet.found) else { return };
    let theme = *pen.theme;
    let looked = super::looked(sheet, model);
    let rule = &doomed.found.rule;
    let key = format!("where {}, older than {}", rule.condition, rule.older_than);
    super::head(pen, area, [&doomed.found.table.plain(), &key, &looked]);
    let lines: Vec<_> =
        doomed.found.due(&doomed.instead).into_iter().map(|line| (line, theme.text)).collect();
    super::sentences(pen, Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area }, &lines);
}
