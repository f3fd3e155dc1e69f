//! The latest events below the workers, where there is room: the end of screen 6.

use ratatui::layout::Rect;

use crate::tui::{app::model::Model, screens::log, widgets::pen::Pen};

/// Draws as many of the latest events as fit under a heading.
pub(super) fn draw(pen: &mut Pen<'_>, area: Rect, model: &Model) {
    if area.height < 2 {
        return;
    }
    pen.titled(area, area.y, "lately");
    let body = Rect { y: area.y + 1, height: area.height - 1, ..area };
    let events = &model.job.events;
    let first = events.len().saturating_sub(usize::from(body.height));
    let grid = log::grid(body);
    for (y, event) in (body.y..body.bottom()).zip(events.iter().skip(first)) {
        log::row(pen, y, &grid, event);
    }
}
