//! Text from the database, made harmless before it reaches the terminal, and cut by display width.
//!
//! Control characters, bidirectional overrides and invisible characters become visible escapes, so no
//! value can move the cursor, recolour the screen or make one name look like another.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// `text` with everything that does not simply print replaced by an escape such as `\n` or `\u{202e}`.
pub fn harmless(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut clean = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if is_harmful(c) {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    Cow::Owned(clean)
}

fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// How many terminal columns a character takes once it is harmless.
pub fn columns_of(c: char) -> usize {
    if is_harmful(c) { c.escape_default().count() } else { c.width().unwrap_or(0) }
}

/// How many terminal columns `text` takes.
pub fn width(text: &str) -> usize {
    text.width()
}

/// `text` cut to `columns`, with `…` at the end where something is missing.
pub fn fit(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let mut kept = take(text.chars(), columns - 1);
    kept.push('…');
    Cow::Owned(kept)
}

/// `text` cut to `columns` from the left, `…` first: for names whose end tells them apart.
pub fn keep_end(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    if columns == 0 {
        return Cow::Borrowed("");
    }
    let tail = take(text.chars().rev(), columns - 1);
    Cow::Owned(std::iter::once('…').chain(tail.chars().rev()).collect())
}

fn take(chars: impl Iterator<Item = char>, columns: usize) -> String {
    let mut used = 0;
    chars
        .take_while(|c| {
            used += c.width().unwrap_or(0);
            used <= columns
        })
        .collect()
}

/// `text` broken at spaces into lines of at most `columns`; a longer word is cut into pieces.
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    for paragraph in text.lines() {
        let mut line = String::new();
        for word in paragraph.split_inclusive(' ') {
            if width(&line) + width(word.trim_end()) > columns && !line.is_empty() {
                lines.push(std::mem::take(&mut line));
            }
            line.push_str(word);
            // No character takes more columns than bytes: what is short enough need not be measured.
            let mut rest = line.as_str();
            while rest.len() > columns {
                let piece = take(rest.chars(), columns);
                if piece.len() == rest.len() {
                    break;
                }
                let piece = if piece.is_empty() { rest.chars().take(1).collect() } else { piece };
                rest = rest[piece.len()..].trim_start();
                lines.push(piece);
            }
            let gone = line.len() - rest.len();
            line.drain(..gone);
        }
        lines.push(line);
    }
    for line in &mut lines {
        line.truncate(line.trim_end().len());
    }
    lines
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_that_moves_the_cursor_survives() {
        assert_eq!(harmless("a\x1b[31mb\u{202e}c\nd\u{9b}"), "a\\u{1b}[31mb\\u{202e}c\\nd\\u{9b}");
        assert_eq!(harmless("größe 表 é"), "größe 表 é");
        assert!(matches!(harmless("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn cuts_are_by_columns_not_by_bytes() {
        assert_eq!(fit("größe", 5), "größe");
        assert_eq!(fit("größer", 5), "größ…");
        assert_eq!(fit("表表表", 5), "表表…");
        assert_eq!(fit("表表表", 4), "表…");
        assert_eq!(fit("ab", 0), "");
        assert_eq!(keep_end("chat_messages_2024_q1", 8), "…2024_q1");
    }

    #[test]
    fn wrapping_keeps_the_words() {
        assert_eq!(wrap("one two three", 7), ["one two", "three"]);
        assert_eq!(wrap("abcdefgh ij", 3), ["abc", "def", "gh", "ij"]);
        assert_eq!(wrap("a\n\nb", 9), ["a", "", "b"]);
    }

    proptest! {
        #[test]
        fn every_text_fits(text in ".*", columns in 0_usize..40) {
            let clean = harmless(&text);
            prop_assert!(!clean.chars().any(char::is_control));
            prop_assert!(width(&fit(&clean, columns)) <= columns);
            prop_assert!(width(&keep_end(&clean, columns)) <= columns);
            prop_assert!(wrap(&clean, columns.max(2)).iter().all(|line| width(line) <= columns.max(2)));
        }
    }
}
