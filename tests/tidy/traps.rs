//! The list of traps: each has its line, and what a line names is there.

use std::{collections::BTreeSet, fs};

use crate::source::{self, root};

/// The last trap's number.
const LAST: u32 = 64;

/// What is wrong with the list.
pub(crate) fn broken() -> Vec<String> {
    let list = fs::read_to_string(root().join("tests/traps.md")).expect("the list is there");
    let sources: Vec<_> = source::all().into_iter().map(|source| source.text).collect();
    let is_test = |name: &str| sources.iter().any(|text| text.contains(&format!("fn {name}(")));
    let explained: Vec<_> = fs::read_dir(root().join("assets/explain"))
        .expect("the folder is there")
        .map(|file| fs::read_to_string(file.expect("a file").path()).expect("text"))
        .collect();
    let is_finding = |id: &str| explained.iter().any(|text| text.contains(&format!("## {id} ")));
    let lines = list.lines().filter_map(|line| {
        let (number, rest) = line.split_once(' ')?;
        Some((number.parse::<u32>().ok()?, rest))
    });
    let (mut seen, mut broken) = (BTreeSet::new(), Vec::new());
    for (number, rest) in lines {
        seen.insert(number);
        for word in rest.split_whitespace().filter(|word| *word != "later") {
            let there = if word.starts_with("QD-") { is_finding(word) } else { is_test(word) };
            if !there {
                broken.push(format!("trap {number}: there is no {word}"));
            }
        }
    }
    broken
        .extend((1..=LAST).filter(|number| !seen.contains(number)).map(|n| format!("trap {n} has no line")));
    broken
}
