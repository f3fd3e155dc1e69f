//! Text from the database, made harmless before it reaches the terminal, and cut by display width.
//!
//! Control characters, bidirectional overrides and invisible characters become visible escapes, so no
//! value can move the cursor, recolour the screen or make one name look like another.

use std::{borrow::Cow, ops::Range};

use unicode_width::UnicodeWidthChar;

/// `text` with everything that does not simply print replaced by an escape such as `\n` or `\u{202e}`.
pub fn harmless(text: &str) -> Cow<'_, str> {
    let mut seen = Seen::default();
    let Some((from, _)) = text.char_indices().find(|(_, c)| seen.escapes(*c)) else {
        return Cow::Borrowed(text);
    };
    let mut clean = String::with_capacity(text.len() + 8);
    clean.push_str(&text[..from]);
    let mut seen = Seen::default();
    let rest = text.char_indices().map(|(at, c)| (at, c, seen.escapes(c)));
    for (_, c, escapes) in rest.skip_while(|(at, ..)| *at < from) {
        if escapes {
            clean.extend(c.escape_default());
        } else {
            clean.push(c);
        }
    }
    Cow::Owned(clean)
}

/// Marks that may sit on one letter; terminals drop more.
const MOST_MARKS: usize = 16;

/// What a text's characters were so far: whether one is written as an escape depends on what it would sit on.
#[derive(Debug, Default)]
pub struct Seen {
    /// The last one, where it prints.
    last: Option<char>,
    /// How many marks sit on the last letter.
    marks: usize,
}

impl Seen {
    /// Whether the next character, which is this one, is written as an escape.
    pub fn escapes(&mut self, c: char) -> bool {
        if (' '..'\u{7f}').contains(&c) {
            *self = Self { last: Some(c), marks: 0 };
            return false;
        }
        let sits = c.width() == Some(0);
        self.marks = if sits { self.marks + 1 } else { 0 };
        let escapes = is_harmful(c) || sits && (self.marks > MOST_MARKS || !self.carries(c));
        self.last = (!escapes).then_some(c);
        escapes
    }

    /// How many terminal columns the next character takes once it is harmless.
    pub fn columns(&mut self, c: char) -> usize {
        if self.escapes(c) { c.escape_default().count() } else { c.width().unwrap_or(0) }
    }

    /// Whether a mark has something to sit on. The later letters of a Korean syllable join those before them, and nothing else.
    fn carries(&self, mark: char) -> bool {
        let Some(last) = self.last else { return false };
        let syllable = matches!(last, '\u{ac00}'..='\u{d7a3}');
        let is_open = syllable && (u32::from(last) - 0xac00).is_multiple_of(28);
        match mark {
            '\u{1161}'..='\u{11a7}' | '\u{d7b0}'..='\u{d7c6}' => {
                is_open
                    || matches!(last, '\u{1100}'..='\u{11a7}' | '\u{a960}'..='\u{a97c}' | '\u{d7b0}'..='\u{d7c6}')
            }
            '\u{11a8}'..='\u{11ff}' | '\u{d7cb}'..='\u{d7fb}' => {
                syllable
                    || matches!(last, '\u{1161}'..='\u{11ff}' | '\u{d7b0}'..='\u{d7c6}' | '\u{d7cb}'..='\u{d7fb}')
            }
            _ => true,
        }
    }
}

/// What moves the cursor, is invisible, or is measured in one way by terminals, which add the widths of characters, and in another by
/// ratatui, which measures clusters of them: flags, tones of skin, what joins.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{17d2}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ff9e}'..='\u{ffa0}'
            | '\u{fff0}'..='\u{fffb}' | '\u{13430}'..='\u{1343f}' | '\u{16d67}' | '\u{16d68}' | '\u{1d173}'..='\u{1d17a}' | '\u{1f1e6}'..='\u{1f1ff}'
            | '\u{1f3fb}'..='\u{1f3ff}' | '\u{e0000}'..='\u{e0fff}')
        || has_no_letter(c)
}

/// What has no width and sits on no letter before it: it would not be drawn. Some lead what follows, some are newer than the
/// clusters that ratatui knows.
fn has_no_letter(c: char) -> bool {
    matches!(c,
        '\u{5c8}' | '\u{5c9}' | '\u{605}' | '\u{70f}' | '\u{890}' | '\u{891}' | '\u{8e2}' | '\u{b53}' | '\u{b54}' | '\u{d4e}'
        | '\u{1ade}' | '\u{1adf}' | '\u{1aec}'..='\u{1af0}' | '\u{a8fa}' | '\u{10ecb}'..='\u{10ecf}'
        | '\u{10ef0}'..='\u{10ef9}' | '\u{111c2}' | '\u{111c3}' | '\u{113d1}' | '\u{1193f}' | '\u{11941}'
        | '\u{11a84}'..='\u{11a89}' | '\u{11d46}' | '\u{11df0}' | '\u{11f02}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d127}' | '\u{1d128}' | '\u{1d250}'..='\u{1d252}' | '\u{1d25b}' | '\u{1d25c}' | '\u{1d25f}'
        | '\u{1d280}' | '\u{1d281}')
}

/// The same bytes of a text, and more where they begin or end between a letter and a mark on it: a mark is not drawn without its letter.
pub fn whole_letters(text: &str, range: Range<usize>) -> Range<usize> {
    let sits = |c: char| c.width() == Some(0) && !is_harmful(c);
    let (before, rest) = text.split_at(range.start);
    let letter = || before.char_indices().rev().take(MOST_MARKS + 1).find(|(_, c)| !sits(*c));
    let start = match (rest.chars().next().filter(|c| sits(*c)), letter()) {
        (Some(_), Some((at, c))) if !is_harmful(c) => at,
        (Some(_) | None, Some(_) | None) => range.start,
    };
    let marks = text[range.end..].chars().take(MOST_MARKS).take_while(|c| sits(*c));
    start..range.end + marks.map(char::len_utf8).sum::<usize>()
}

/// How many terminal columns `text` takes, which is harmless.
pub fn width(text: &str) -> usize {
    // Not that of the text as a whole: letters that may flow into one are drawn in cells of their own.
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
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
    let tail = tail.chars().rev().skip_while(|c| c.width() == Some(0));
    Cow::Owned(std::iter::once('…').chain(tail).collect())
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
    use ratatui::{
        buffer::{Buffer, Cell},
        layout::Rect,
        style::Style,
    };

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

    /// Columns that ratatui gives to a text, and whether it leaves nothing of it out.
    fn drawn(clean: &str) -> (usize, bool) {
        let columns = u16::try_from(clean.len() + 1).unwrap();
        let mut buffer = Buffer::empty(Rect::new(0, 0, columns, 1));
        let (end, _) = buffer.set_stringn(0, 0, clean, columns.into(), Style::new());
        // Behind a wide sign the next cell is empty, and drawn as a blank.
        let drawn: String = buffer.content[..usize::from(end)].iter().map(Cell::symbol).collect();
        let solid = |text: &str| text.replace(' ', "");
        (usize::from(end), solid(&drawn) == solid(clean))
    }

    fn is_agreed(text: &str) {
        let clean = harmless(text).into_owned();
        let sum: usize = clean.chars().map(|c| c.width().unwrap_or(0)).sum();
        assert_eq!(drawn(&clean), (sum, true), "{text:?} {clean:?}");
        assert_eq!(width(&clean), sum, "{text:?}");
        assert_eq!(harmless(&clean), clean, "{text:?}");
    }

    /// A terminal adds the widths of characters; ratatui measures clusters. Where they disagree, letters of before stay on the screen.
    #[test]
    fn a_terminal_and_ratatui_agree_on_every_width() {
        assert_eq!(harmless("\u{1f1e9}\u{1f1ea}"), "\\u{1f1e9}\\u{1f1ea}");
        assert_eq!(harmless("\u{1f44d}\u{1f3fd}!"), "\u{1f44d}\\u{1f3fd}!");
        assert_eq!(harmless("1\u{20e3} \u{2764}\u{fe0f}"), "1\u{20e3} \u{2764}\\u{fe0f}");
        let bases = [
            "",
            "a",
            " ",
            "1",
            "#",
            "\u{8868}",
            "\u{1f44d}",
            "\u{261d}",
            "\u{a9}",
            "\u{1780}",
            "\u{1112}",
            "\u{d55c}",
            "\u{d558}",
            "\u{1161}",
            "\u{915}\u{94d}",
            "\u{ff76}",
            "\u{644}",
            "\u{5d0}",
            "\u{2d31}",
            "\u{2d31}\u{2d7f}",
            "\u{2018}",
            "\u{1a15}\u{1a17}",
            "\u{a4f8}",
            "\u{16d63}",
            "\u{202e}",
            "\n",
            "\u{600}",
        ];
        let others =
            ["a", "\u{301}", "\u{200d}\u{1f467}", "\u{fe0f}", "\u{fe0e}", "\u{627}", "\u{1780}", "\u{1161}"];
        for c in '\0'..='\u{e01ff}' {
            // What is drawn by itself, so many thousand times over, says nothing new.
            if matches!(c, '\u{3400}'..='\u{a000}' | '\u{ac10}'..='\u{d7a0}' | '\u{e000}'..='\u{f8ff}' | '\u{17000}'..='\u{18cff}' | '\u{20000}'..='\u{dffff}')
            {
                continue;
            }
            is_agreed(&c.to_string());
            if c.width() == Some(0) || !c.is_alphabetic() {
                is_agreed(&bases.map(|base| format!("{base}{c}")).concat());
            }
            is_agreed(&others.map(|other| format!("{c}{other}")).concat());
        }
        for base in bases {
            for other in bases.iter().chain(&others) {
                for last in others {
                    is_agreed(&format!("{base}{other}{last}"));
                }
            }
        }
    }

    #[test]
    fn a_mark_without_a_letter_is_written() {
        assert_eq!(harmless("\u{301}\u{302}e\u{301}"), "\\u{301}\\u{302}e\u{301}");
        assert_eq!(harmless("\n\u{301}"), "\\n\\u{301}");
        assert_eq!(harmless("\u{1112}\u{1161}\u{11ab}"), "\u{1112}\u{1161}\u{11ab}");
        assert_eq!(harmless("a\u{1161}"), "a\\u{1161}");
        let many = format!("e{}", "\u{301}".repeat(20));
        assert_eq!(harmless(&many), format!("e{}{}", "\u{301}".repeat(16), "\\u{301}".repeat(4)));
    }

    proptest! {
        #[test]
        fn what_is_harmless_stays_so(text in "(\\PC|[\u{300}-\u{310}\u{1100}-\u{11ff}\u{ac00}\u{1780}\u{17d2}e\u{1f3fd}\u{1f1e6}\u{200d}\u{fe0f}]){0,40}") {
            is_agreed(&text);
        }

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
