//! A bar: `████████▌───────`, to an eighth of a column.

use ratatui::style::Style;

use crate::tui::{glyphs::WIDTHS, widgets::pen::Pen};

/// Draws a bar of `columns` filled to `share` (0 to 1). Only a whole share fills it whole.
pub fn bar(pen: &mut Pen<'_>, (x, y): (u16, u16), columns: u16, share: f64, style: Style) {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped, at most 8 × 300")]
    let eighths = (share.clamp(0.0, 1.0) * f64::from(columns) * 8.0).floor() as u16;
    let (whole, part) = (eighths / 8, usize::from(eighths % 8));
    for column in 0..columns {
        let at = (x + column, y);
        if column < whole {
            pen.sign(at, "█", style);
        } else if column == whole && part > 0 {
            pen.sign(at, WIDTHS[part - 1], style);
        } else {
            let track = pen.theme.border;
            pen.sign(at, "─", track);
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::{buffer::Buffer, layout::Rect};

    use super::*;
    use crate::tui::{
        glyphs::Glyphs,
        theme::{Depth, Palette, Theme},
    };

    fn drawn(share: f64) -> String {
        let mut buf = Buffer::empty(Rect::new(0, 0, 8, 1));
        let theme = Theme::new(Palette::Mono, Depth::Sixteen, Glyphs::Unicode);
        bar(&mut Pen { buf: &mut buf, theme: &theme, furthest: 0 }, (0, 0), 8, share, theme.text);
        buf.content.iter().map(ratatui::buffer::Cell::symbol).collect()
    }

    #[test]
    fn only_all_is_full() {
        assert_eq!(drawn(0.0), "────────");
        assert_eq!(drawn(0.5), "████────");
        assert_eq!(drawn(0.516), "████▏───");
        assert_eq!(drawn(0.9999), "███████▉");
        assert_eq!(drawn(1.0), "████████");
        assert_eq!(drawn(7.0), "████████");
    }
}
