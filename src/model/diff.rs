//! Differing rows as the verifier names them. Finds none itself.

use serde::{Deserialize, Serialize};

/// Diffs kept for reading; repair is not capped.
pub const MAX_DIFFS: usize = 1_000;

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
