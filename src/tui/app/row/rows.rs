//! A text of any length as rows of a window's width: where each begins is found from the one before, and every so many are
//! remembered, so that a text of millions of rows costs little memory and any of them is there at once.

use std::ops::Range;

use crate::tui::harmless::Seen;

/// One row in so many is remembered.
const STRIDE: usize = 256;
/// The longest escape has ten columns.
const LEAST: usize = 12;

/// The rows of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Rows {
    columns: usize,
    /// Where each [`STRIDE`]th row begins.
    begins: Vec<usize>,
    len: usize,
}

impl Rows {
    /// Cuts a text into rows of at most `columns`; one that is empty has one.
    pub(super) fn of(text: &str, columns: usize) -> Self {
        let columns = columns.max(LEAST);
        let (mut begins, mut len, mut at) = (vec![0], 0, 0);
        while at < text.len() {
            if len > 0 && len % STRIDE == 0 {
                begins.push(at);
            }
            at = end(text, at, columns);
            len += 1;
        }
        Self { columns, begins, len: len.max(1) }
    }

    /// How many.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The bytes of a row.
    pub(super) fn get(&self, text: &str, row: usize) -> Range<usize> {
        let mut from = self.begins.get(row / STRIDE).copied().unwrap_or(text.len());
        for _ in 0..row % STRIDE {
            from = end(text, from, self.columns);
        }
        from..end(text, from, self.columns)
    }

    /// The row of a byte.
    pub(super) fn at(&self, text: &str, byte: usize) -> usize {
        let before = self.begins.partition_point(|begin| *begin <= byte).saturating_sub(1);
        let (mut row, mut from) = (before * STRIDE, self.begins[before]);
        loop {
            let to = end(text, from, self.columns);
            if to > byte || to >= text.len() {
                return row;
            }
            (row, from) = (row + 1, to);
        }
    }
}

/// Where the row ends that begins at `from`: behind a line's end, or where the next character has no room.
fn end(text: &str, from: usize, columns: usize) -> usize {
    let rest = &text.as_bytes()[from.min(text.len())..];
    let plain = rest.iter().take(columns).take_while(|byte| (b' '..=b'~').contains(byte)).count();
    // What follows may lie over the last character.
    if plain == columns && rest.get(columns).is_none_or(u8::is_ascii) {
        return from + columns;
    }
    let (mut used, mut seen) = (plain, Seen::default());
    if let Some(last) = rest[..plain].last() {
        seen.escapes(char::from(*last));
    }
    for (at, c) in text[from + plain..].char_indices() {
        let at = from + plain + at;
        let wide = seen.columns(c);
        if used + wide > columns {
            return if at > from { at } else { at + c.len_utf8() };
        }
        if c == '\n' {
            return at + 1;
        }
        used += wide;
    }
    text.len()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::tui::harmless::{harmless, width};

    fn all(text: &str, columns: usize) -> Vec<&str> {
        let rows = Rows::of(text, columns);
        (0..rows.len()).map(|row| &text[rows.get(text, row)]).collect()
    }

    #[test]
    fn lines_end_where_they_end_and_long_ones_are_cut() {
        assert_eq!(all("", 20), [""]);
        assert_eq!(all("one\ntwo\n", 20), ["one\n", "two\n"]);
        assert_eq!(all("\n\n", 20), ["\n", "\n"]);
        assert_eq!(all("0123456789abcdef", 12), ["0123456789ab", "cdef"]);
        assert_eq!(all("表表表表表表表", 12), ["表表表表表表", "表"]);
        assert_eq!(
            all("0123456789ae\u{301}x", 12),
            ["0123456789ae\u{301}", "x"],
            "an accent stays with its letter"
        );
        assert_eq!(all("0123456\u{202e}x", 12), ["0123456", "\u{202e}x"]);
    }

    #[test]
    fn ten_megabytes_are_cut_at_once_and_remembered_sparsely() {
        for text in ["x".repeat(10 << 20), "é".repeat(5 << 20), "\n".repeat(10 << 20)] {
            let rows = Rows::of(&text, 76);
            assert!(rows.begins.len() <= rows.len() / STRIDE + 1);
            let last = rows.get(&text, rows.len() - 1);
            assert_eq!(last.end, text.len());
            assert_eq!(rows.at(&text, last.start), rows.len() - 1);
        }
    }

    proptest! {
        #[test]
        fn rows_are_the_text_and_fit(text in "(\\PC|\n|\u{301}|表|\u{1b}|[a-z ]{0,40}){0,80}", columns in 12_usize..40) {
            let rows = Rows::of(&text, columns);
            let mut whole = String::new();
            for row in 0..rows.len() {
                let part = &text[rows.get(&text, row)];
                prop_assert!(width(&harmless(part)) <= columns, "{part:?}");
                for (at, _) in part.char_indices() {
                    prop_assert_eq!(rows.at(&text, whole.len() + at), row);
                }
                whole += part;
            }
            prop_assert_eq!(whole, text);
        }
    }
}
