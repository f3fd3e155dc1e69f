//! Differing rows as the verifier names them. Finds none itself.

use serde::{Deserialize, Serialize};

/// Diffs kept for reading; repair is not capped.
pub const MAX_DIFFS: usize = 1_000;

/// What stands behind a value that was cut, before the hash of all of it.
pub const CUT_MARK: &str = "… #";

/// Stands for a column in a row of another period: the partition in which it belongs by its time, against the one in which it lies. No
/// column of a table can have this name.
pub const PLACE: &str = "tableoid";

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
    // Byte by byte: what is the same has the same characters, but for one that is begun and not ended.
    let same = a.bytes().zip(b.bytes()).take_while(|(a, b)| a == b).count();
    let begin = (0..=same).rev().find(|at| a.is_char_boundary(*at) && b.is_char_boundary(*at)).unwrap_or(0);
    let (a, b) = (&a[begin..], &b[begin..]);
    let same = a.bytes().rev().zip(b.bytes().rev()).take_while(|(a, b)| a == b).count();
    let whole = |end: &usize| a.is_char_boundary(a.len() - end) && b.is_char_boundary(b.len() - end);
    (begin, (0..=same).rev().find(whole).unwrap_or(0))
}

/// One differing row.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diff {
    /// The leaf.
    pub leaf: String,
    /// The twin's key as text, `id=…, created_at=…`.
    pub key: String,
    /// The same value by value, as the types write them; none in journals of before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub key_values: Vec<String>,
    /// What is wrong.
    pub kind: DiffKind,
    /// `(column, source, twin)` for columns that differ, each value cut at 200 characters.
    pub columns: Vec<(String, Option<String>, Option<String>)>,
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_journal_of_before_is_read() {
        let before = r#"{"leaf": "t_2024_q1", "key": "id=1", "kind": "changed", "columns": []}"#;
        let diff: Diff = serde_json::from_str(before).unwrap();
        assert!(diff.key_values.is_empty());
        assert!(!serde_json::to_string(&diff).unwrap().contains("key_values"));
    }

    proptest! {
        #[test]
        fn it_is_alike_character_by_character(a in "[aé日è🙂]{0,9}", b in "[aé日è🙂]{0,9}") {
            let (begin, end) = alike(&a, &b);
            let same = |(a, b): &(char, char)| a == b;
            let begins: usize = a.chars().zip(b.chars()).take_while(same).map(|(c, _)| c.len_utf8()).sum();
            let rest = (a[begins..].chars().rev()).zip(b[begins..].chars().rev());
            let ends: usize = rest.take_while(same).map(|(c, _)| c.len_utf8()).sum();
            prop_assert_eq!((begin, end), (begins, ends));
        }
    }

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
