//! What the server holds, and who is in the middle of what.

/// Two ids, each with its place in a chunk of its own.
pub(crate) const IDS: usize = 2;
/// Two leaves; the partition column says which.
pub(crate) const LEAVES: usize = 2;

/// A row: the leaf that its time belongs to, and a version that tells it from what it was before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Row {
    pub(crate) leaf: usize,
    pub(crate) version: u8,
}

/// A key in the log. Numbers are drawn when it is written, which is not the order of COMMITs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Logged {
    pub(crate) seq: u8,
    pub(crate) id: usize,
    pub(crate) leaf: usize,
}

/// The versions in the twin, by leaf and id.
pub(crate) type Twin = [[Option<u8>; IDS]; LEAVES];
/// The source's rows by id.
pub(crate) type Source = [Option<Row>; IDS];

/// The application's transaction: its row after it, and what it writes besides.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Write {
    pub(crate) id: usize,
    pub(crate) row: Option<Row>,
    pub(crate) log: Vec<Logged>,
    /// Mirrored: leaf and version.
    pub(crate) twin: Vec<(usize, Option<u8>)>,
}

/// A transaction of the tool's, with the epoch that it found.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Work<T> {
    pub(crate) epoch: u8,
    pub(crate) what: T,
}

/// A chunk's rows as the copying statement saw them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Copied {
    pub(crate) chunk: usize,
    pub(crate) row: Option<Row>,
}

/// A batch: the log's rows that it took, and the source as its snapshot shows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Batch {
    pub(crate) source: Source,
    pub(crate) taken: Vec<Logged>,
    /// The twin as its snapshot shows it: what another wrote since makes it fail.
    pub(crate) twin: Twin,
}

/// What the census saw in a chunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Counted {
    /// It was not there yet.
    NotYet,
    /// No row.
    Empty,
    /// A row of this leaf.
    Row(usize),
}

/// How writers write.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stage {
    /// They log.
    Built,
    /// They mirror.
    Mirrored,
    /// The twin has the name.
    Swapped,
}

/// Who owns the migration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Owner {
    /// The one that may die.
    First,
    /// It is dead, and the next one has not raised the epoch.
    Nobody,
    /// The next one.
    Second,
}

pub(crate) const FENCED: &str = "6: a fenced owner commits nothing";
pub(crate) const DOUBLED: &str = "5: no row is copied twice";

/// The application.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Application {
    /// Its open transactions.
    pub(crate) writes: Vec<Write>,
    /// Those that it may still begin.
    pub(crate) left: u8,
    /// The log's next number.
    pub(crate) seq: u8,
    /// The next row's version.
    pub(crate) version: u8,
}

/// What the tool knows after a death.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Journal {
    pub(crate) counted: [Counted; IDS],
    /// The chunk is copied.
    pub(crate) done: [bool; IDS],
    pub(crate) sealed: [bool; LEAVES],
}

/// All of it. What is committed, but for what is inside of transactions.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct State {
    pub(crate) source: Source,
    pub(crate) twin: Twin,
    pub(crate) log: Vec<Logged>,
    pub(crate) app: Application,
    pub(crate) journal: Journal,
    pub(crate) copies: Vec<Work<Copied>>,
    /// Owner's and, after its death, what it left open.
    pub(crate) batches: Vec<Work<Batch>>,
    pub(crate) stage: Stage,
    /// The drain has ended; what it passed over, which is nothing but in a mutant.
    pub(crate) drained: Option<Vec<Logged>>,
    pub(crate) epoch: u8,
    pub(crate) owner: Owner,
    /// What a step did that it must not.
    pub(crate) wrong: Option<&'static str>,
}

impl State {
    /// Capture is on, nothing is counted. The first row is in the first leaf, the second in either or not there.
    pub(crate) fn beginnings(transactions: u8) -> Vec<Self> {
        let second = [None, Some(0), Some(1)];
        let begin = |second: Option<usize>| Self {
            source: [Some(Row { leaf: 0, version: 0 }), second.map(|leaf| Row { leaf, version: 1 })],
            twin: [[None; IDS]; LEAVES],
            log: Vec::new(),
            app: Application { writes: Vec::new(), left: transactions, seq: 0, version: 2 },
            journal: Journal { counted: [Counted::NotYet; IDS], done: [false; IDS], sealed: [false; LEAVES] },
            copies: Vec::new(),
            batches: Vec::new(),
            stage: Stage::Built,
            drained: None,
            epoch: 0,
            owner: Owner::First,
            wrong: None,
        };
        second.map(begin).into()
    }

    /// The invariant that does not hold.
    pub(crate) fn broken(&self) -> Option<&'static str> {
        if self.wrong.is_some() {
            return self.wrong;
        }
        let equal = |id: usize| {
            (0..LEAVES).all(|leaf| {
                let wanted = self.source[id].filter(|row| row.leaf == leaf).map(|row| row.version);
                self.twin[leaf][id] == wanted
            })
        };
        if self.stage == Stage::Swapped && !(0..IDS).all(equal) {
            return Some("2: the table with the name has what the application wrote");
        }
        let settled = |id: &usize| self.journal.done[*id] && !self.log.iter().any(|logged| logged.id == *id);
        if !(0..IDS).filter(settled).all(equal) {
            return Some("1: copied and not in the log is equal");
        }
        None
    }
}
