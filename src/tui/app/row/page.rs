//! What the window about a differing row says, laid out for a width: what is known of the row, then column by column in what
//! the sides differ, with a glimpse of the place, and the whole values where a glimpse is not all of them.

use chrono::{DateTime, Utc};

use super::{
    rows::Rows,
    words::{self, Ink, Line},
};
use crate::{
    engine::row::{Differs, Held, Side, WholeColumn, WholeRow},
    tui::harmless::{Seen, harmless, keep_end, whole_letters, width, wrap},
};

/// Columns left free before a whole value.
const INDENT: usize = 2;
/// Columns of the word before a glimpse.
const LABEL: usize = 8;

/// Rows to be drawn.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Page {
    columns: usize,
    blocks: Vec<Block>,
    /// Rows at which differences begin, with what they are of.
    pub stops: Vec<(usize, String)>,
}

/// A part of it.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Block {
    /// Words.
    Said(Vec<Line>),
    /// The value of a column, by its place among those that differ.
    Whole { column: usize, side: Side, what: String, rows: Rows },
}

impl Block {
    fn len(&self) -> usize {
        match self {
            Self::Said(lines) => lines.len(),
            Self::Whole { rows, .. } => rows.len(),
        }
    }
}

impl Page {
    /// Sentences, wrapped.
    pub(super) fn of_words(columns: usize, text: &[(String, Ink)]) -> Self {
        let mut page = Self { columns, ..Self::default() };
        for (words, ink) in text {
            page.say(words, *ink);
        }
        page
    }

    /// A row that was read.
    pub(super) fn of_row(columns: usize, key: &str, row: &WholeRow, verified: Option<DateTime<Utc>>) -> Self {
        let mut page = Self::of_words(columns, &words::of_row(key, row, verified));
        for (at, column) in row.columns.iter().enumerate() {
            page.line(Line::new());
            page.column(at, column);
        }
        page
    }

    /// How many rows it has.
    pub fn len(&self) -> usize {
        self.blocks.iter().map(Block::len).sum()
    }

    /// Nothing is said.
    pub fn is_empty(&self) -> bool {
        self.blocks.is_empty()
    }

    /// A row of it, which is about `whole` where that was read.
    pub fn row(&self, mut row: usize, whole: Option<&WholeRow>) -> Line {
        for block in &self.blocks {
            let len = block.len();
            if row >= len {
                row -= len;
                continue;
            }
            return match block {
                Block::Said(lines) => lines[row].clone(),
                Block::Whole { column, side, rows, .. } => {
                    let column = whole.and_then(|whole| whole.columns.get(*column));
                    column.map(|column| of_value(column, *side, rows, row)).unwrap_or_default()
                }
            };
        }
        Line::new()
    }

    /// The whole value in which a row lies, `body, source`: who has scrolled into it sees its name nowhere else.
    pub fn within(&self, mut row: usize) -> Option<&str> {
        for block in &self.blocks {
            if row < block.len() {
                return match block {
                    Block::Said(_) => None,
                    Block::Whole { what, .. } => Some(what),
                };
            }
            row -= block.len();
        }
        None
    }

    fn line(&mut self, line: Line) {
        if let Some(Block::Said(lines)) = self.blocks.last_mut() {
            lines.push(line);
        } else {
            self.blocks.push(Block::Said(vec![line]));
        }
    }

    fn say(&mut self, text: &str, ink: Ink) {
        if text.is_empty() {
            return self.line(Line::new());
        }
        for line in wrap(&harmless(text), self.columns) {
            self.line(vec![(line, ink)]);
        }
    }

    fn column(&mut self, at: usize, column: &WholeColumn) {
        let head = self.len();
        self.line(vec![(column.name.clone(), Ink::Strong), (format!("  {}", column.kind), Ink::Dim)]);
        self.say(&words::of_column(column), Ink::Plain);
        for side in Side::BOTH {
            if let Some(cut) = words::of_cut(column, side) {
                self.say(&cut, Ink::Warn);
            }
        }
        let room = self.columns.saturating_sub(LABEL);
        for side in Side::BOTH.into_iter().filter(|side| *column.of(*side) != Held::NoRow) {
            let mut line = vec![(format!("{:<LABEL$}", side.word()), Ink::Dim)];
            line.extend(glimpse(column, side, room));
            self.line(line);
            if let Differs::Unwritten { source, twin } = &column.differs {
                let form = match side {
                    Side::Source => source,
                    Side::Twin => twin,
                };
                self.line(vec![
                    (format!("{:<LABEL$}", ""), Ink::Dim),
                    (format!("binary {form}"), Ink::Differs),
                ]);
            }
        }
        let is_long = |side: &Side| column.of(*side).text().is_some_and(|text| !fits(text, room));
        if !Side::BOTH.iter().any(is_long) {
            return self.stops.push((head, column.name.clone()));
        }
        for side in Side::BOTH {
            let Held::Value(value) = column.of(side) else { continue };
            let what = format!("{}, {}", column.name, side.word());
            let long = format!(", {}", words::characters(value.characters));
            self.line(vec![(what.clone(), Ink::Accent), (long, Ink::Dim)]);
            let rows = Rows::of(&value.text, self.columns.saturating_sub(INDENT));
            let begin = if column.differs == Differs::OneSided { 0 } else { column.marked(side).start };
            self.stops.push((self.len() + rows.at(&value.text, begin), what.clone()));
            self.blocks.push(Block::Whole { column: at, side, what, rows });
        }
    }
}

/// Whether a text is seen whole in `room` columns.
fn fits(text: &str, room: usize) -> bool {
    // No text of more bytes than that has so few columns, but for marks that have none.
    text.len() <= room * 8 && width(&harmless(text)) <= room
}

/// The place of the difference, or the whole where there is room.
fn glimpse(column: &WholeColumn, side: Side, room: usize) -> Line {
    let by_null = if column.differs == Differs::ByNull { Ink::Differs } else { Ink::Plain };
    let value = match column.of(side) {
        Held::NoRow => return Line::new(),
        Held::Null => return vec![("NULL".into(), if by_null == Ink::Plain { Ink::Dim } else { by_null })],
        Held::Value(value) if value.text.is_empty() => return vec![("''".into(), by_null)],
        Held::Value(value) => value,
    };
    let text = value.text.as_str();
    let marked = whole_letters(text, column.marked(side));
    // Where nothing is marked, what is seen is the beginning.
    let marked = if marked.start == text.len() && !matches!(column.differs, Differs::From { .. }) {
        0..0
    } else {
        marked
    };
    let some = |text: &str| text.chars().take(room).collect::<String>();
    let before: String = text[..marked.start].chars().rev().take(room).collect();
    let before: String = before.chars().rev().collect();
    let before = if fits(text, room) { harmless(&before) } else { keep_end_of(&before, room / 2) };
    vec![
        (before.into_owned(), Ink::Plain),
        (some(&text[marked.clone()]), Ink::Differs),
        (some(&text[marked.end..]), Ink::Plain),
    ]
}

fn keep_end_of(text: &str, columns: usize) -> std::borrow::Cow<'static, str> {
    keep_end(&harmless(text), columns).into_owned().into()
}

/// A row of a value: what differs is marked, and what is written as an escape is told from what says the same.
fn of_value(column: &WholeColumn, side: Side, rows: &Rows, row: usize) -> Line {
    let text = column.of(side).text().unwrap_or_default();
    let (range, marked) = (rows.get(text, row), whole_letters(text, column.marked(side)));
    let mut seen = Seen::default();
    let mut line: Line = vec![(" ".repeat(INDENT), Ink::Plain)];
    for (at, c) in text[range.clone()].char_indices() {
        let is_escape = seen.escapes(c);
        let ink = match (marked.contains(&(range.start + at)), is_escape) {
            (true, _) => Ink::Differs,
            (false, true) => Ink::Dim,
            (false, false) => Ink::Plain,
        };
        if line.last().is_none_or(|(_, last)| *last != ink) {
            line.push((String::new(), ink));
        }
        let Some((piece, _)) = line.last_mut() else { continue };
        // At once: the indentation before it is nothing to sit on.
        if is_escape {
            piece.extend(c.escape_default());
        } else {
            piece.push(c);
        }
    }
    line
}
