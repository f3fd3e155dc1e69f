//! The long form of every finding, written down in `assets/explain/*.md`, one section an id.
//!
//! A section reads `## QD-024 title`, then `refuses · where it is raised` (or `warns`, or `retired`), then paragraphs
//! that begin with `Means:`, `Matters:` and `Do:`, then perhaps SQL, indented. `tests/cli/explain.rs` holds that every
//! id of the sources has one, and none is left over that is not marked as retired.
//!
//! Invariant: an id never changes its meaning, and is never used again; what it meant stays here.

use std::sync::LazyLock;

use serde::Serialize;

const TEXTS: [&str; 7] = [
    include_str!("../../assets/explain/server.md"),
    include_str!("../../assets/explain/kind.md"),
    include_str!("../../assets/explain/key.md"),
    include_str!("../../assets/explain/hanging.md"),
    include_str!("../../assets/explain/running.md"),
    include_str!("../../assets/explain/first.md"),
    include_str!("../../assets/explain/health.md"),
];

/// What a finding of this id does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Nothing is done.
    Refuses,
    /// It is said, and gone on.
    Warns,
    /// It was raised by earlier versions.
    Retired,
}

impl Standing {
    const ALL: [Self; 3] = [Self::Refuses, Self::Warns, Self::Retired];

    /// As it is written.
    pub fn word(self) -> &'static str {
        match self {
            Self::Refuses => "refuses",
            Self::Warns => "warns",
            Self::Retired => "retired",
        }
    }
}

/// One id explained.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// `QD-024`.
    pub id: &'static str,
    /// One line.
    pub title: &'static str,
    /// What it does.
    pub standing: Standing,
    /// Where, and when, it is raised; of a retired one, since when it is not.
    pub raised: &'static str,
    /// What it means.
    pub means: &'static str,
    /// Why it matters.
    pub matters: &'static str,
    /// What to do.
    #[serde(rename = "do")]
    pub remedy: &'static str,
    /// An example in SQL, where there is one.
    pub sql: Vec<&'static str>,
}

/// All of them, by id. A section that cannot be read is left out, which the test notices.
pub static EXPLANATIONS: LazyLock<Vec<Explanation>> = LazyLock::new(|| {
    let sections = TEXTS.iter().flat_map(|text| text.split("\n## ").skip(1));
    let mut all: Vec<_> = sections.filter_map(read).collect();
    all.sort_by_key(|explanation| explanation.id);
    all
});

fn read(section: &'static str) -> Option<Explanation> {
    let mut lines = section.lines();
    let (id, title) = lines.next()?.split_once(' ')?;
    let (word, raised) = lines.next()?.split_once(" · ")?;
    let standing = Standing::ALL.into_iter().find(|standing| standing.word() == word)?;
    let paragraph = |label: &str| section.lines().find_map(|line| line.strip_prefix(label)).map(str::trim);
    Some(Explanation {
        id,
        title,
        standing,
        raised,
        means: paragraph("Means:")?,
        matters: paragraph("Matters:")?,
        remedy: paragraph("Do:")?,
        sql: section.lines().filter_map(|line| line.strip_prefix("    ")).collect(),
    })
}

/// The explanation of an id as people type it: `QD-024`, `qd-24`, `24`.
pub fn find(typed: &str) -> Option<&'static Explanation> {
    let number = number(typed)?;
    EXPLANATIONS.iter().find(|explanation| self::number(explanation.id) == Some(number))
}

/// The ids nearest to a typed one; those of its number, or the first.
pub fn nearest(typed: &str) -> Vec<&'static str> {
    let wanted = number(typed).unwrap_or(0);
    let mut ids: Vec<_> = EXPLANATIONS.iter().map(|explanation| explanation.id).collect();
    ids.sort_by_key(|id| number(id).unwrap_or(0).abs_diff(wanted));
    ids.truncate(3);
    ids
}

fn number(id: &str) -> Option<u32> {
    let id = id.trim().to_ascii_uppercase();
    let digits = id.strip_prefix("QD-").or_else(|| id.strip_prefix("QD")).unwrap_or(&id);
    if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    digits.parse().ok()
}
