//! The one way to put text on the screen: everything passes through `harmless`, nothing leaves its place.

use ratatui::{buffer::Buffer, layout::Rect, style::Style};

use crate::tui::{
    harmless::{fit, harmless, width},
    theme::Theme,
};

/// A buffer with the theme to draw in.
#[derive(Debug)]
pub struct Pen<'a> {
    /// Where to.
    pub buf: &'a mut Buffer,
    /// How.
    pub theme: &'a Theme,
    /// How many lines the text in front can be scrolled, as it was drawn last.
    pub furthest: usize,
}

/// A piece of a line: text and its style.
pub type Piece = (String, Style);

impl Pen<'_> {
    /// Writes `text` at `(x, y)` into at most `columns`; returns the column after it.
    pub fn text(&mut self, (x, y): (u16, u16), columns: u16, text: &str, style: Style) -> u16 {
        let area = self.buf.area;
        if y < area.top() || y >= area.bottom() || x < area.left() || x >= area.right() {
            return x;
        }
        let columns = columns.min(area.right() - x);
        let clean = harmless(text);
        let cut = fit(&clean, usize::from(columns));
        let used = u16::try_from(width(&cut)).unwrap_or(columns);
        // What was there before, a frame for example, must not shine through.
        self.buf.set_style(Rect { x, y, width: used, height: 1 }, Style::reset());
        self.buf.set_stringn(x, y, cut, usize::from(columns), style).0
    }

    /// Writes `text` so that it ends at the end of `columns`.
    pub fn right(&mut self, (x, y): (u16, u16), columns: u16, text: &str, style: Style) {
        let clean = harmless(text);
        let used = u16::try_from(width(&clean)).unwrap_or(columns).min(columns);
        self.text((x + columns - used, y), used, &clean, style);
    }

    /// Writes pieces one after the other; returns the column after the last.
    pub fn pieces(&mut self, (x, y): (u16, u16), columns: u16, pieces: &[Piece]) -> u16 {
        let end = x.saturating_add(columns);
        pieces.iter().fold(x, |x, (text, style)| self.text((x, y), end.saturating_sub(x), text, *style))
    }

    /// Writes one sign; for bars and heat maps, cell by cell.
    pub fn sign(&mut self, (x, y): (u16, u16), sign: &str, style: Style) {
        if let Some(cell) = self.buf.cell_mut((x, y)) {
            cell.set_symbol(sign).set_style(Style::reset().patch(style));
        }
    }

    /// Lays a style over an area, leaving what is written there.
    pub fn tint(&mut self, area: Rect, style: Style) {
        self.buf.set_style(area.intersection(self.buf.area), style);
    }

    /// Empties an area.
    pub fn clear(&mut self, area: Rect) {
        for position in area.intersection(self.buf.area).positions() {
            if let Some(cell) = self.buf.cell_mut(position) {
                cell.reset();
            }
        }
    }

    /// A frame around `area`, `╭─╮` by `╰─╯`.
    pub fn frame(&mut self, area: Rect, style: Style) {
        if area.width < 2 || area.height < 2 {
            return;
        }
        let (right, bottom) = (area.right() - 1, area.bottom() - 1);
        for x in area.left()..=right {
            self.sign((x, area.top()), "─", style);
            self.sign((x, bottom), "─", style);
        }
        for y in area.top()..=bottom {
            self.sign((area.left(), y), "│", style);
            self.sign((right, y), "│", style);
        }
        self.sign((area.left(), area.top()), "╭", style);
        self.sign((right, area.top()), "╮", style);
        self.sign((area.left(), bottom), "╰", style);
        self.sign((right, bottom), "╯", style);
    }

    /// A divider from frame to frame around the inner `area` at row `y`: `├───┤`.
    pub fn divider(&mut self, area: Rect, y: u16) {
        let style = self.theme.border;
        for x in area.left()..area.right() {
            self.sign((x, y), "─", style);
        }
        self.sign((area.left().saturating_sub(1), y), "├", style);
        self.sign((area.right(), y), "┤", style);
    }

    /// A divider with a title at its left: `├─ title ───┤`.
    pub fn titled(&mut self, area: Rect, y: u16, title: &str) {
        self.divider(area, y);
        let style = self.theme.dim;
        self.text((area.x + 1, y), area.width.saturating_sub(2), &format!(" {title} "), style);
    }

    /// Text at the right end of a divider or frame: `─── text ─`.
    pub fn corner(&mut self, area: Rect, y: u16, pieces: &[Piece]) {
        let columns = columns_of(pieces) + 2;
        if columns + 1 > area.width {
            return;
        }
        let x = area.right() - columns - 1;
        self.text((x, y), 1, " ", self.theme.text);
        let end = self.pieces((x + 1, y), columns, pieces);
        self.text((end, y), 1, " ", self.theme.text);
    }
}

/// Columns that pieces take.
pub fn columns_of(pieces: &[Piece]) -> u16 {
    let columns: usize = pieces.iter().map(|(text, _)| width(&harmless(text))).sum();
    u16::try_from(columns).unwrap_or(u16::MAX)
}
