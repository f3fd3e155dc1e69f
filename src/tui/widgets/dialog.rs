//! A window over a screen, and text that scrolls in it.

use ratatui::layout::Rect;

use crate::tui::{
    harmless::{harmless, wrap},
    widgets::{
        grid::scrollbar,
        pen::{Pen, Piece},
    },
};

/// Opens a window of at most `columns` × `rows` in the middle of `screen`; returns its inside.
pub fn open(pen: &mut Pen<'_>, screen: Rect, (columns, rows): (u16, u16), title: &Piece) -> Rect {
    let (width, height) = (columns.min(screen.width), rows.min(screen.height));
    let area = Rect {
        x: screen.x + (screen.width - width) / 2,
        y: screen.y + (screen.height - height) / 2,
        width,
        height,
    };
    pen.clear(area);
    let border = pen.theme.accent.remove_modifier(ratatui::style::Modifier::BOLD);
    pen.frame(area, border);
    pen.text((area.x + 2, area.y), width.saturating_sub(4), &format!(" {} ", title.0), title.1);
    Rect { x: area.x + 1, y: area.y + 1, width: width.saturating_sub(2), height: height.saturating_sub(2) }
}

/// A paragraph of pieces; wrapped where it is a single one.
pub type Paragraph = Vec<Piece>;

/// Draws paragraphs from line `scroll` on, one blank column at each side; marks what is out of sight, and says in the pen how
/// far it could be scrolled.
pub fn text(pen: &mut Pen<'_>, area: Rect, paragraphs: &[Paragraph], scroll: usize) {
    let columns = usize::from(area.width.saturating_sub(2));
    let lines: Vec<Paragraph> = paragraphs.iter().flat_map(|paragraph| wrapped(paragraph, columns)).collect();
    let height = usize::from(area.height);
    pen.furthest = lines.len().saturating_sub(height);
    let first = scroll.min(pen.furthest);
    for (y, line) in (area.y..area.bottom()).zip(&lines[first..]) {
        pen.pieces((area.x + 1, y), area.width.saturating_sub(2), line);
    }
    scrollbar(pen, area, first, lines.len());
}

/// Lines that paragraphs need in `columns`.
pub fn lines(paragraphs: &[Paragraph], columns: u16) -> u16 {
    let columns = usize::from(columns.saturating_sub(2));
    let lines = paragraphs.iter().map(|paragraph| wrapped(paragraph, columns).len()).sum::<usize>();
    u16::try_from(lines).unwrap_or(u16::MAX)
}

/// The last piece is wrapped under itself; those before it are its label.
fn wrapped(paragraph: &Paragraph, columns: usize) -> Vec<Paragraph> {
    let Some(((last, style), label)) = paragraph.split_last() else { return vec![Vec::new()] };
    let used = usize::from(super::pen::columns_of(label)).min(columns.saturating_sub(8));
    let indent = (" ".repeat(used), *style);
    // SQL keeps its lines and their indentation; words are broken at spaces.
    let pieces = last.split('\n').flat_map(|line| {
        let clean = harmless(line.trim_end());
        let depth = clean.len() - clean.trim_start().len();
        let hang = " ".repeat(depth.min((columns - used) / 2));
        let lines = wrap(clean.trim_start(), columns - used - hang.len());
        lines.into_iter().map(move |line| format!("{hang}{line}")).collect::<Vec<_>>()
    });
    let mut lines = Vec::new();
    for piece in pieces {
        let mut line = if lines.is_empty() { label.to_vec() } else { vec![indent.clone()] };
        line.push((piece, *style));
        lines.push(line);
    }
    if lines.is_empty() {
        lines.push(label.to_vec());
    }
    lines
}
