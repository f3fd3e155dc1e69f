//! The list of what the console promises: each line is a claim and the tests that hold it, and every test is there.

use std::fs;

use crate::source::{self, root};

/// How many claims there are at least: a list that lost its lines would hold everything.
const LEAST: usize = 100;

/// What is wrong with the list.
pub(crate) fn broken() -> Vec<String> {
    let list = fs::read_to_string(root().join("tests/console.md")).expect("the list is there");
    let sources: Vec<_> = source::all().into_iter().map(|source| source.text).collect();
    in_list(&list, |name| sources.iter().any(|text| text.contains(&format!("fn {name}("))))
}

/// The same for a list and a word on which tests there are.
pub(crate) fn in_list(list: &str, is_test: impl Fn(&str) -> bool) -> Vec<String> {
    let claims: Vec<_> = list.lines().filter_map(|line| line.strip_prefix("- ")).collect();
    let mut broken = Vec::new();
    if claims.len() < LEAST {
        broken.push(format!("only {} claims", claims.len()));
    }
    for line in claims {
        // The claim's own words may have a colon: the last one counts.
        let (claim, tests) = line.rsplit_once(": ").unwrap_or((line, ""));
        let mut tests = tests.split_whitespace().peekable();
        if tests.peek().is_none() {
            broken.push(format!("{claim}: no test"));
        }
        broken.extend(tests.filter(|name| !is_test(name)).map(|name| format!("{claim}: there is no {name}")));
    }
    broken
}
