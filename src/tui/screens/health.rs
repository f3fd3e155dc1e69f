//! Screen 5, *Health*: in a later version. Its key is dim and says so; this only keeps the tab honest.

use ratatui::layout::Rect;

use crate::tui::{app::model::Model, widgets::pen::Pen};

/// Says so.
pub fn draw(pen: &mut Pen<'_>, area: Rect, _: &Model) {
    super::empty(pen, area, "the health of live partitioned tables comes in a later version");
}
