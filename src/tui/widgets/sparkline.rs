//! A sparkline: the last values, one column each, the newest at the right: `▃▅▆▇▇▆▅▂▁▅▇█`.

use ratatui::style::Style;

use crate::tui::{glyphs::HEIGHTS, widgets::pen::Pen};

/// Draws the newest values that fit into `columns`, scaled to the highest of them, at the right.
pub fn sparkline(pen: &mut Pen<'_>, (x, y): (u16, u16), columns: u16, values: &[u64], style: Style) {
    let shown = &values[values.len().saturating_sub(usize::from(columns))..];
    let most = shown.iter().copied().max().unwrap_or(0);
    let first = x + columns - u16::try_from(shown.len()).unwrap_or(columns);
    for (column, value) in (first..).zip(shown) {
        // Nothing stays visibly nothing; the least of something is the lowest block.
        let sign = match (value * 8).div_ceil(most.max(1)) {
            0 => "·",
            n => HEIGHTS[usize::try_from(n).unwrap_or(8).min(8) - 1],
        };
        let style = if *value == 0 { pen.theme.dim } else { style };
        pen.sign((column, y), sign, style);
    }
}
