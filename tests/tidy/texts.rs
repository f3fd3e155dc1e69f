//! Rules for texts of any kind: no invisible characters, and documents that name only what exists.

use std::path::PathBuf;

use super::{
    rules::{Finding, Rule},
    source::{root, walk},
};

/// What is wrong with the characters of sources, SQL and documents.
pub(crate) fn all() -> Vec<Finding> {
    let mut files = Vec::new();
    for folder in ["src", "tests", "assets", "benches"] {
        files.extend(files_under(folder, &["rs", "sql", "sh", "md"]));
    }
    files.extend(["README.md", "ARCHITECTURE.md", "CHANGELOG.md"].map(|name| root().join(name)));
    files
        .iter()
        .flat_map(|file| {
            let path = file.strip_prefix(root()).expect("below the root").to_string_lossy().into_owned();
            check(&path, &std::fs::read_to_string(file).unwrap_or_default())
        })
        .collect()
}

/// Control characters other than the line feed, and characters that hide or turn round what one reads.
pub(crate) fn check(path: &str, text: &str) -> Vec<Finding> {
    let hidden = |c: char| {
        (c.is_control() && c != '\n')
            || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
    };
    let lines = text.split('\n').enumerate();
    lines
        .filter_map(|(i, line)| Some((i, line.chars().find(|c| hidden(*c))?)))
        .map(|(i, c)| Finding {
            rule: Rule::Control,
            path: path.to_owned(),
            line: i + 1,
            item: "text".into(),
            words: format!("U+{:04X} cannot be seen: write it as an escape", c as u32),
        })
        .collect()
}

/// The files of these endings below a folder of the repository.
pub(crate) fn files_under(folder: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut files = Vec::new();
    walk(&root().join(folder), &mut files);
    files.retain(|file| file.extension().is_some_and(|e| endings.iter().any(|ending| e == *ending)));
    files.sort();
    files
}

/// Paths in backticks (`src/…`, `tests/…`, `assets/…`) that are not there.
pub(crate) fn missing_paths(text: &str) -> Vec<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    let paths = quoted.filter(|q| ["src/", "tests/", "assets/", "benches/"].iter().any(|p| q.starts_with(p)));
    let plain = paths.filter(|q| !q.contains(['*', '{', ' ', '<', '…']));
    plain.filter(|q| !root().join(q).exists()).map(str::to_owned).collect()
}
