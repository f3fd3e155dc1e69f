//! Differing rows as the verifier names them. Finds none itself.

use serde::{Deserialize, Serialize};

/// Diffs kept for reading; repair is not capped.
pub const MAX_DIFFS: usize = 1_000;

/// What stands behind a value that was cut, before the hash of all of it.
pub const CUT_MARK: &str = "… #";

/// What is wrong with a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DiffKind {
    /// In the source only.
    Missing,
    /// In the twin only.
    Extra,
    /// In both, not equal.
    Changed,
    /// In the twin under another period.
    WrongLeaf,
}

impl DiffKind {
    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Changed => "changed",
            Self::WrongLeaf => "wrong leaf",
        }
    }
}

/// Where two values differ: so many bytes at their beginnings are the same, and so many at their ends; none is counted twice,
/// and no character is cut.
pub fn alike(a: &str, b: &str) -> (usize, usize) {
    let begin: usize = a.chars().zip(b.chars()).take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum();
    let (a, b) = (&a[begin..], &b[begin..]);
    let ends = a.chars().rev().zip(b.chars().rev());
    (begin, ends.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum())
}

/// One differing row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The leaf.
    pub leaf: String,
    /// The twin's key as text, `id=…, created_at=…`.
    pub key: String,
    /// What is wrong.
    pub kind: DiffKind,
    /// `(column, source, twin)` for columns that differ, each value cut at 200 characters.
    pub columns: Vec<(String, Option<String>, Option<String>)>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_alike_is_counted_once_and_cuts_no_character() {
        for (a, b, wanted) in [
            ("see you at\nnoon", "see you at noon", (10, 4)),
            ("aa", "aaa", (2, 0)),
            ("", "x", (0, 0)),
            ("grün", "grüße", ("grü".len(), 0)),
            ("日本", "日本語", ("日本".len(), 0)),
            ("ab", "cd", (0, 0)),
            ("same", "same", (4, 0)),
        ] {
            assert_eq!(alike(a, b), wanted, "{a:?} {b:?}");
            let (begin, end) = alike(a, b);
            assert!(a.is_char_boundary(begin) && b.is_char_boundary(b.len() - end));
        }
    }
}
