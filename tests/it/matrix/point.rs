//! A moment of a command, and what happens then.

use std::{collections::BTreeMap, fmt};

/// What dies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// The process of the tool.
    Tool,
    /// The server, which recovers.
    Server,
    /// The connection, when the server has committed.
    Answer,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tool => "tool killed",
            Self::Server => "server killed",
            Self::Answer => "COMMIT unanswered",
        })
    }
}

/// Right before or after a statement, told by its label and how often it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Point {
    /// The command, by its place in the course.
    pub(super) command: usize,
    moment: &'static str,
    number: usize,
    label: String,
}

impl fmt::Display for Point {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.moment, self.number, self.label)
    }
}

/// The points that a command's list of statements has for a fault.
pub(super) fn of(command: usize, list: &str, fault: Fault) -> Vec<Point> {
    let moments: &[&str] = match fault {
        Fault::Tool | Fault::Server => &["before", "after"],
        Fault::Answer => &["unanswered"],
    };
    let mut all: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (kind, label) in list.lines().filter_map(|line| line.split_once(' ')) {
        all.entry(label).or_default().push(kind);
    }
    let mut points = Vec::new();
    for (label, kinds) in all {
        let count = kinds.len();
        for number in 1..=count {
            let chosen = number == 1 || number == count;
            if !chosen || (fault == Fault::Answer && kinds[number - 1] != "commit") {
                continue;
            }
            let point = |moment| Point { command, moment, number, label: label.to_owned() };
            points.extend(moments.iter().map(|moment| point(*moment)));
        }
    }
    points
}
