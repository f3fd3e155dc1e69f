//! A differing row read whole, as it is now: where each side has it, and every value in which they differ. Reads nothing.

use std::ops::Range;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::model::diff::alike;

/// The most bytes read of one value as text. A longer one is cut, and that is said.
pub const MOST_BYTES: i64 = 16 << 20;
/// The most bytes read of all values of a row together, of both sides.
pub const MOST_TOGETHER: i64 = 64 << 20;

/// A side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Side {
    /// The table that is converted.
    Source,
    /// The partitioned one.
    Twin,
}

impl Side {
    /// Both of them.
    pub const BOTH: [Self; 2] = [Self::Source, Self::Twin];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Twin => "twin",
        }
    }
}

/// A value as its type writes it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Value {
    /// What was read of it.
    pub text: String,
    /// Characters of the whole.
    pub characters: i64,
    /// There is more of it than was read.
    pub cut: bool,
}

/// What a side has in a column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Held {
    /// It does not have the row.
    NoRow,
    /// NULL.
    Null,
    /// This.
    Value(Value),
}

impl Held {
    /// What was read, where there is something.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Value(value) => Some(&value.text),
            Self::NoRow | Self::Null => None,
        }
    }
}

/// In what the two sides of a column differ.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Differs {
    /// One side alone has the row.
    OneSided,
    /// One of them is NULL.
    ByNull,
    /// From a character on.
    From {
        /// Bytes that are alike at the beginning.
        begin: usize,
        /// Bytes that are alike at the end.
        end: usize,
        /// The first character that differs, from 1.
        character: i64,
        /// Its line, from 1.
        line: i64,
    },
    /// Behind what was read: that far they are alike.
    Behind,
    /// In their binary form only, which is this, as far as it was read.
    Unwritten {
        /// The source's, in hexadecimal digits.
        source: String,
        /// The twin's.
        twin: String,
    },
}

/// A column in which the sides differ, or of a row that one of them alone has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WholeColumn {
    /// Its name.
    pub name: String,
    /// Its type, and that it is generated where it is.
    pub kind: String,
    /// What the source has.
    pub source: Held,
    /// What the twin has.
    pub twin: Held,
    /// In what they differ.
    pub differs: Differs,
}

impl WholeColumn {
    /// A column of which the sides hold something different.
    pub fn new((name, kind): (String, String), source: Held, twin: Held) -> Self {
        let differs = differs(&source, &twin);
        Self { name, kind, source, twin, differs }
    }

    /// What a side has.
    pub fn of(&self, side: Side) -> &Held {
        match side {
            Side::Source => &self.source,
            Side::Twin => &self.twin,
        }
    }

    /// The bytes of a side's value that differ from the other's.
    pub fn marked(&self, side: Side) -> Range<usize> {
        let len = self.of(side).text().map_or(0, str::len);
        match self.differs {
            Differs::From { begin, end, .. } => begin..len - end,
            Differs::ByNull => 0..len,
            Differs::OneSided | Differs::Behind | Differs::Unwritten { .. } => len..len,
        }
    }
}

fn differs(source: &Held, twin: &Held) -> Differs {
    let (a, b) = match (source, twin) {
        (Held::NoRow, _) | (_, Held::NoRow) => return Differs::OneSided,
        (Held::Null, _) | (_, Held::Null) => return Differs::ByNull,
        (Held::Value(a), Held::Value(b)) => (a, b),
    };
    let is_cut = a.cut || b.cut;
    let (begin, end) = alike(&a.text, &b.text);
    let runs_out = |value: &Value| value.cut && begin == value.text.len();
    if runs_out(a) || runs_out(b) {
        return Differs::Behind;
    }
    if a.text == b.text {
        return Differs::Unwritten { source: String::new(), twin: String::new() };
    }
    let before = &a.text[..begin];
    let count = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    Differs::From {
        begin,
        // What was cut ends anywhere.
        end: if is_cut { 0 } else { end },
        character: count(before.chars().count()) + 1,
        line: count(before.bytes().filter(|byte| *byte == b'\n').count()) + 1,
    }
}

/// Changes of a row that the log holds and nobody has replayed yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Pending {
    /// How many.
    pub changes: i64,
    /// When the oldest was made.
    pub oldest: Option<DateTime<Utc>>,
}

/// A row as both sides have it at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct WholeRow {
    /// When, by the server's clock.
    pub at: DateTime<Utc>,
    /// The table in which the source has it.
    pub source: Option<String>,
    /// The partitions in which the twin has its key, the one that was read first.
    pub twin: Vec<String>,
    /// The partition to which the source's row belongs by its time; `None` where there is none.
    pub home: Option<String>,
    /// Where it was looked for and could not be, and why.
    pub unsearched: Vec<String>,
    /// Columns that differ, or all of a row that one side alone has.
    pub columns: Vec<WholeColumn>,
    /// How many columns are alike.
    pub alike: usize,
    /// What of it is in the log; `None` where there is none, or where it may not be read.
    pub pending: Option<Pending>,
}

impl WholeRow {
    /// Nothing is wrong with it any more.
    pub fn is_right(&self) -> bool {
        let in_place = match (&self.source, self.twin.as_slice()) {
            (None, []) => true,
            (Some(_), [twin]) => self.home.as_ref() == Some(twin),
            (Some(_) | None, _) => false,
        };
        in_place && self.columns.is_empty() && self.unsearched.is_empty()
    }
}

/// The most bytes that each value may take, so that values of these sizes do not take more than [`MOST_TOGETHER`].
pub fn bound(mut sizes: Vec<i64>) -> i64 {
    sizes.sort_unstable();
    let (mut room, mut left) = (MOST_TOGETHER, i64::try_from(sizes.len()).unwrap_or(i64::MAX));
    for size in sizes {
        if size > room / left {
            return (room / left).min(MOST_BYTES);
        }
        (room, left) = (room - size, left - 1);
    }
    MOST_BYTES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Held {
        Held::Value(Value { text: text.into(), characters: 0, cut: false })
    }

    fn cut(text: &str) -> Held {
        Held::Value(Value { text: text.into(), characters: 99, cut: true })
    }

    fn column(source: Held, twin: Held) -> WholeColumn {
        WholeColumn::new(("body".into(), "text".into()), source, twin)
    }

    #[test]
    fn the_first_difference_has_a_character_and_a_line() {
        let one = column(value("grün\nblau\ngelb"), value("grün\nblass\ngelb"));
        assert_eq!(one.differs, Differs::From { begin: 9, end: 5, character: 9, line: 2 });
        assert_eq!((one.marked(Side::Source), one.marked(Side::Twin)), (9..10, 9..11));
        assert_eq!(column(value(""), Held::Null).differs, Differs::ByNull);
        assert_eq!(column(value("a"), Held::NoRow).differs, Differs::OneSided);
        assert!(matches!(column(value("NaN"), value("NaN")).differs, Differs::Unwritten { .. }));
    }

    #[test]
    fn what_was_cut_is_not_compared_by_its_end() {
        assert_eq!(column(cut("abc"), cut("abc")).differs, Differs::Behind);
        assert_eq!(column(cut("ab"), value("abc")).differs, Differs::Behind, "what follows is not known");
        assert_eq!(
            column(cut("abcz"), cut("abdz")).differs,
            Differs::From { begin: 2, end: 0, character: 3, line: 1 }
        );
        assert_eq!(
            column(cut("abc"), value("ab")).differs,
            Differs::From { begin: 2, end: 0, character: 3, line: 1 },
            "the shorter one is whole"
        );
    }

    #[test]
    fn values_together_have_a_bound() {
        assert_eq!(bound(vec![]), MOST_BYTES);
        assert_eq!(bound(vec![10; 3_000]), MOST_BYTES, "small ones leave room");
        assert_eq!(bound(vec![1 << 30; 2]), MOST_BYTES);
        assert_eq!(bound(vec![1 << 30; 64]), 1 << 20);
        for sizes in [vec![1 << 24; 7], vec![5, 1 << 23, 1 << 25, 1 << 26], vec![1 << 21; 40]] {
            let most = bound(sizes.clone());
            assert!(sizes.iter().map(|size| (*size).min(most)).sum::<i64>() <= MOST_TOGETHER, "{sizes:?}");
        }
    }
}
