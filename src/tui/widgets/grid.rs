//! Columns that fit themselves to the width: the least important go first; those that may be wider take what is left, in
//! their order.

use crate::tui::{app::list::first_shown, widgets::pen::Pen};
use ratatui::{layout::Rect, style::Style};

/// Blank columns between two columns.
const GAP: u16 = 2;

/// On which side its text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Left: words.
    Left,
    /// Right: numbers.
    Right,
}

/// One column.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Its heading.
    pub title: &'static str,
    /// How wide it is; where more is left, how narrow it may become.
    pub width: u16,
    /// How wide it may become where width is left.
    pub most: u16,
    /// Where its text stands.
    pub side: Side,
    /// The higher, the sooner it is left out; 0 stays.
    pub rank: u8,
}

impl Column {
    /// A column of words.
    pub const fn words(title: &'static str, width: u16, rank: u8) -> Self {
        Self { title, width, most: width, side: Side::Left, rank }
    }

    /// A column of numbers.
    pub const fn numbers(title: &'static str, width: u16, rank: u8) -> Self {
        Self { title, width, most: width, side: Side::Right, rank }
    }

    /// The column that takes what is left.
    pub const fn filling(title: &'static str, width: u16) -> Self {
        Self { title, width, most: u16::MAX, side: Side::Left, rank: 0 }
    }

    /// The same, but no wider than `most`: in a wide window the figures stay beside their names, and what is left stays blank.
    #[must_use]
    pub const fn up_to(self, most: u16) -> Self {
        Self { most, ..self }
    }

    /// The same, but no wider than the longest of its texts (terminal columns).
    #[must_use]
    pub fn fitting(self, texts: impl Iterator<Item = usize>) -> Self {
        let longest = texts.max().map_or(0, |columns| u16::try_from(columns).unwrap_or(u16::MAX));
        self.up_to(longest.max(self.width))
    }
}

/// Columns laid out in an area.
#[derive(Debug)]
pub struct Grid {
    area: Rect,
    columns: Vec<(Column, Option<(u16, u16)>)>,
}

impl Grid {
    /// Lays `columns` out inside `area`, one blank column at each side.
    pub fn new(area: Rect, columns: &[Column]) -> Self {
        let room = area.width.saturating_sub(2);
        let mut shown: Vec<bool> = vec![true; columns.len()];
        while needed(columns, &shown) > room {
            let ranks =
                columns.iter().zip(&shown).enumerate().filter(|(_, (c, shown))| **shown && c.rank > 0);
            // The last of the highest rank.
            let Some((least, _)) = ranks.max_by_key(|(at, (column, _))| (column.rank, *at)) else { break };
            shown[least] = false;
        }
        let mut spare = room.saturating_sub(needed(columns, &shown));
        let mut x = area.x + 1;
        let end = area.right().saturating_sub(1);
        let mut laid = Vec::with_capacity(columns.len());
        for (column, shown) in columns.iter().zip(shown) {
            let more = spare.min(column.most - column.width);
            spare -= more;
            let width = column.width + more;
            let width = width.min(end.saturating_sub(x));
            let place = (shown && width > 0).then_some((x, width));
            if place.is_some() {
                x = (x + width + GAP).min(end);
            }
            laid.push((*column, place));
        }
        Self { area, columns: laid }
    }

    /// Where a column is: its first terminal column and its width.
    pub fn place(&self, title: &str) -> Option<(u16, u16)> {
        self.columns.iter().find(|(column, _)| column.title == title).and_then(|(_, place)| *place)
    }

    /// Draws the headings into a divider at row `y`.
    pub fn head(&self, pen: &mut Pen<'_>, y: u16) {
        pen.divider(self.area, y);
        for (column, place) in &self.columns {
            let Some((x, width)) = *place else { continue };
            let title = column.title;
            let used = u16::try_from(title.chars().count()).unwrap_or(0).min(width);
            let x = if column.side == Side::Right { x + width - used } else { x };
            if used > 0 {
                let style = pen.theme.dim;
                pen.text((x - 1, y), used + 2, &format!(" {title} "), style);
            }
        }
    }

    /// Writes a cell.
    pub fn cell(&self, pen: &mut Pen<'_>, (title, y): (&str, u16), text: &str, style: Style) {
        let Some((column, Some((x, width)))) = self.columns.iter().find(|(column, _)| column.title == title)
        else {
            return;
        };
        match column.side {
            Side::Left => {
                pen.text((*x, y), *width, text, style);
            }
            Side::Right => pen.right((*x, y), *width, text, style),
        }
    }

    /// Draws those of `len` rows that fit, so that the selected one is in sight and marked, and says which part of the list is
    /// seen. `row` draws the row of an index at a height.
    pub fn list(
        &self,
        pen: &mut Pen<'_>,
        area: Rect,
        (selected, len): (usize, usize),
        mut row: impl FnMut(&mut Pen<'_>, u16, usize),
    ) {
        let first = first_shown(selected, len, usize::from(area.height));
        for (y, at) in (area.y..area.bottom()).zip(first..len) {
            row(pen, y, at);
            if at == selected {
                self.select(pen, y);
            }
        }
        scrollbar(pen, area, first, len);
    }

    /// Marks row `y` as selected: a sign, and the theme's tint.
    pub fn select(&self, pen: &mut Pen<'_>, y: u16) {
        let row = Rect { y, height: 1, ..self.area };
        pen.tint(row, pen.theme.selected);
        let style = pen.theme.accent.patch(pen.theme.selected);
        pen.sign((self.area.x, y), crate::tui::glyphs::SELECTED, style);
    }
}

fn needed(columns: &[Column], shown: &[bool]) -> u16 {
    let shown = columns.iter().zip(shown).filter(|(_, shown)| **shown);
    let (count, width) = shown.fold((0, 0), |(n, sum), (column, _)| (n + 1, sum + column.width));
    width + GAP * u16::saturating_sub(count, 1)
}

/// A mark on the frame's right side that shows which part of a list is seen.
pub fn scrollbar(pen: &mut Pen<'_>, area: Rect, first: usize, len: usize) {
    let height = usize::from(area.height);
    if len <= height || height == 0 {
        return;
    }
    let thumb = (height * height / len).clamp(1, height);
    let top = first * (height - thumb) / (len - height).max(1);
    for row in top..top + thumb {
        let y = area.y + u16::try_from(row).unwrap_or(0);
        let style = pen.theme.dim;
        pen.sign((area.right(), y), "┃", style);
    }
}
