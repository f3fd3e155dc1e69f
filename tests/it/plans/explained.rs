//! The plans by which the server ran statements, as auto_explain wrote them into its log. It judges nothing.

use std::{
    cell::Cell,
    fmt::Write,
    fs::File,
    io::{Read, Seek, SeekFrom},
    path::PathBuf,
};

use serde_json::Value;

use crate::support::Db;

/// Every statement of the tool's sessions; with the rows that each node really gave.
const SETTINGS: [(&str, &str); 6] = [
    ("session_preload_libraries", "auto_explain"),
    ("auto_explain.log_min_duration", "0"),
    ("auto_explain.log_format", "json"),
    ("auto_explain.log_analyze", "on"),
    ("auto_explain.log_timing", "off"),
    ("auto_explain.log_buffers", "on"),
];

/// What the server wrote of the sessions that are opened from now on.
pub(super) struct Explained {
    log: PathBuf,
    /// How a line of this database and of a session of the tool begins.
    ours: String,
    read: Cell<u64>,
}

impl Explained {
    pub(super) async fn of(db: &Db) -> Self {
        for (name, value) in SETTINGS {
            db.sql(&format!("ALTER DATABASE {} SET {name} = '{value}'", db.name())).await;
        }
        let log = db.server().cluster().await.folder().join("log");
        let read = Cell::new(log.metadata().expect("the server's log").len());
        Self { log, ours: format!("{}|quarterdeck ", db.name()), read }
    }

    /// The plans written since the last call. The server writes one before it answers.
    pub(super) fn take(&self) -> Vec<Plan> {
        let mut text = String::new();
        let mut file = File::open(&self.log).expect("the server's log");
        file.seek(SeekFrom::Start(self.read.get())).expect("a place in it");
        let bytes = file.read_to_string(&mut text).expect("text") as u64;
        self.read.set(self.read.get() + bytes);
        let mut plans = Vec::new();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            if !(line.starts_with(&self.ours) && line.ends_with("plan:")) {
                continue;
            }
            let mut json = String::new();
            while let Some(more) = lines.next_if(|line| line.starts_with('\t')) {
                json.push_str(more);
            }
            let json: Value = serde_json::from_str(&json).unwrap_or_else(|e| panic!("{e}\n{json}"));
            plans.push(Plan {
                sql: json["Query Text"].as_str().unwrap().to_owned(),
                root: json["Plan"].clone(),
            });
        }
        plans
    }
}

/// One statement as it ran.
pub(super) struct Plan {
    pub(super) sql: String,
    root: Value,
}

impl Plan {
    pub(super) fn nodes(&self) -> Vec<Node<'_>> {
        Node { plan: &self.root }.all()
    }

    /// The nodes that read a relation.
    pub(super) fn scans(&self, relation: &str) -> Vec<Node<'_>> {
        let reads = |node: &Node<'_>| node.word("Relation Name") == relation && node.kind().ends_with("Scan");
        self.nodes().into_iter().filter(reads).collect()
    }

    /// The relations that it writes, by the names that it says.
    pub(super) fn writes(&self) -> Vec<&str> {
        let writing = self.nodes().into_iter().filter(|node| node.kind() == "ModifyTable");
        writing.map(|node| node.word("Relation Name")).collect()
    }

    /// Whether the inner side of a nested loop, which runs once a row, reads the relation.
    pub(super) fn probes(&self, relation: &str) -> bool {
        let loops = self.nodes().into_iter().filter(|node| node.kind() == "Nested Loop");
        loops
            .filter_map(|node| node.below().pop())
            .any(|inner| inner.all().iter().any(|node| node.word("Relation Name") == relation))
    }

    /// Pages that it looked at, of heaps and indexes.
    pub(super) fn pages(&self) -> f64 {
        let pages = |name: &str| self.root[name].as_f64().unwrap_or_default();
        pages("Shared Hit Blocks") + pages("Shared Read Blocks")
    }

    /// For a failed test: what it did, and how.
    pub(super) fn shown(&self) -> String {
        let mut text: String = self.sql.chars().take(600).collect();
        Node { plan: &self.root }.show(1, &mut text);
        text
    }
}

/// A node of a plan.
#[derive(Clone, Copy)]
pub(super) struct Node<'a> {
    plan: &'a Value,
}

impl<'a> Node<'a> {
    pub(super) fn kind(self) -> &'a str {
        self.word("Node Type")
    }

    /// A property that is a word; empty where it has none.
    pub(super) fn word(self, name: &str) -> &'a str {
        self.plan[name].as_str().unwrap_or_default()
    }

    /// Rows that it looked at, all loops together.
    pub(super) fn rows(self) -> f64 {
        (self.number("Actual Rows") + self.removed()) * self.number("Actual Loops")
    }

    /// Those of a loop that it looked at in vain.
    pub(super) fn removed(self) -> f64 {
        self.number("Rows Removed by Filter") + self.number("Rows Removed by Index Recheck")
    }

    fn number(self, name: &str) -> f64 {
        self.plan[name].as_f64().unwrap_or_default()
    }

    /// The index that it goes by, if it does.
    pub(super) fn index(self) -> &'a str {
        let own = self.word("Index Name");
        if own.is_empty() { self.below().first().map_or("", |below| below.word("Index Name")) } else { own }
    }

    fn show(self, depth: usize, text: &mut String) {
        let conditions = ["Relation Name", "Index Name", "TID Cond", "Index Cond", "Filter", "Join Type"];
        let words: Vec<_> =
            conditions.map(|name| self.word(name)).into_iter().filter(|word| !word.is_empty()).collect();
        let (kind, rows, loops) = (self.kind(), self.rows(), &self.plan["Actual Loops"]);
        let (words, indent) = (words.join(", "), "  ".repeat(depth));
        write!(text, "\n{indent}{kind} {words} ({rows} rows, {loops} times)").expect("room");
        self.below().into_iter().for_each(|below| below.show(depth + 1, text));
    }

    fn below(self) -> Vec<Self> {
        self.plan["Plans"].as_array().into_iter().flatten().map(|plan| Self { plan }).collect()
    }

    /// It and all below it.
    fn all(self) -> Vec<Self> {
        let below = self.below().into_iter().flat_map(Node::all);
        std::iter::once(self).chain(below).collect()
    }
}
