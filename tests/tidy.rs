//! Rules about the sources themselves: budgets of size, floors, forbidden names and words. One test per question.
//!
//! It reads files and runs nothing of the crate. What it knows is in `tidy/rules.rs` and `tidy/floors.rs`; each rule
//! is shown to be able to fail in `tidy/planted.rs`; exceptions are in `tidy/exceptions.rs`, with their reasons.

#[path = "tidy/claims.rs"]
mod claims;
#[path = "tidy/exceptions.rs"]
mod exceptions;
#[path = "tidy/floors.rs"]
mod floors;
#[cfg(test)]
#[path = "tidy/planted.rs"]
mod planted;
#[path = "tidy/rules.rs"]
mod rules;
#[path = "tidy/source.rs"]
mod source;
#[path = "tidy/texts.rs"]
mod texts;
#[path = "tidy/traps.rs"]
mod traps;

use exceptions::EXCEPTIONS;
use rules::{Finding, check};
use source::{Source, root};

/// The documents that a reader of the repository is promised.
const DOCUMENTS: [&str; 3] = ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"];

fn findings() -> Vec<Finding> {
    let mut found: Vec<Finding> = source::all().iter().flat_map(check).collect();
    found.extend(texts::all());
    found
}

#[test]
fn every_trap_is_held_by_something_that_is_there() {
    let broken = traps::broken();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn every_claim_of_the_console_is_held_by_a_test_that_is_there() {
    let broken = claims::broken();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn the_sources_keep_the_rules() {
    let broken: Vec<String> = findings()
        .iter()
        .filter(|finding| !EXCEPTIONS.iter().any(|e| e.covers(finding)))
        .map(Finding::to_string)
        .collect();
    assert!(broken.is_empty(), "\n{}\n", broken.join("\n"));
}

#[test]
fn every_exception_has_a_reason_and_is_still_needed() {
    let found = findings();
    for exception in EXCEPTIONS {
        assert!(exception.reason.len() > 20, "{exception:?}: say why");
        assert!(found.iter().any(|f| exception.covers(f)), "{exception:?}: no longer needed");
    }
}

#[test]
fn the_documents_exist_and_name_files_that_exist() {
    for name in DOCUMENTS {
        let text = std::fs::read_to_string(root().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"));
        assert!(text.len() > 100, "{name} says nothing");
        let missing = texts::missing_paths(&text);
        assert!(missing.is_empty(), "{name} names files that do not exist: {missing:?}");
    }
}

#[test]
fn every_file_of_sql_is_used() {
    let sources: String = source::all().iter().map(|s: &Source| s.text.as_str()).collect();
    for file in texts::files_under("assets", &["sql", "sh"]) {
        let name = file.file_name().expect("a file").to_string_lossy().into_owned();
        assert!(sources.contains(&name), "{} is not included by any source", file.display());
    }
}
