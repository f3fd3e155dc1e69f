//! What slows or holds the work, so that the application comes first: named signals with limits (DESIGN 5). Pure: readings
//! and seconds come in as numbers.
//!
//! [`limits`] is what the operator sets, [`trail`] what past readings tell, [`governor`] the verdict.

pub mod governor;
pub mod limits;
pub mod trail;

use serde::{Deserialize, Serialize};

pub use governor::{Governor, Reading};
pub use limits::{Levels, Limit, Limits, Setting};

/// What is watched. The operator's pause is a signal too, but has no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// How far the slowest standby's replay is behind, in time.
    StandbyLag,
    /// Bytes of WAL a second, whoever writes them.
    WalRate,
    /// Checkpoints in the last minute that were asked for by something else than the clock.
    Checkpoints,
    /// Sessions of others that run a statement now.
    ActiveBackends,
    /// Sessions of others that wait for a lock on the table, its twin or a row of them.
    LockWaits,
    /// How long a small commit of ours takes until it is durable.
    CommitLatency,
    /// Age of the oldest transaction that holds back VACUUM.
    OldestXmin,
    /// WAL that a replication slot keeps on disk.
    SlotWal,
    /// Keys a second by which what could be replayed grows nonetheless.
    LogGrowth,
    /// Bytes that the twin and the log take on disk.
    Bytes,
    /// A statement of the operator's that answers ok, slow or stop.
    Probe,
    /// The time of the day in which the work may go on.
    Window,
}

/// In what a limit is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Milliseconds.
    Time,
    /// Bytes.
    Bytes,
    /// Bytes a second.
    BytesPerSecond,
    /// A number.
    Count,
    /// Not by levels.
    Words,
}

impl Kind {
    /// All, in the order in which they are shown.
    pub const ALL: [Self; 12] = [
        Self::StandbyLag,
        Self::CommitLatency,
        Self::LockWaits,
        Self::LogGrowth,
        Self::SlotWal,
        Self::WalRate,
        Self::Checkpoints,
        Self::ActiveBackends,
        Self::OldestXmin,
        Self::Bytes,
        Self::Probe,
        Self::Window,
    ];

    /// Its name in `--limit`, in the journal and on screen.
    pub fn word(self) -> &'static str {
        match self {
            Self::StandbyLag => "standby-lag",
            Self::WalRate => "wal-rate",
            Self::Checkpoints => "checkpoints",
            Self::ActiveBackends => "active-backends",
            Self::LockWaits => "lock-waits",
            Self::CommitLatency => "commit-latency",
            Self::OldestXmin => "oldest-xmin",
            Self::SlotWal => "slot-wal",
            Self::LogGrowth => "log-growth",
            Self::Bytes => "bytes",
            Self::Probe => "probe",
            Self::Window => "window",
        }
    }

    /// In what its limit is counted.
    pub fn unit(self) -> Unit {
        match self {
            Self::StandbyLag | Self::CommitLatency | Self::OldestXmin => Unit::Time,
            Self::SlotWal | Self::Bytes => Unit::Bytes,
            Self::WalRate => Unit::BytesPerSecond,
            Self::Checkpoints | Self::ActiveBackends | Self::LockWaits | Self::LogGrowth => Unit::Count,
            Self::Probe | Self::Window => Unit::Words,
        }
    }

    /// Whether it is about what is written: who only reads need not mind it.
    fn is_about_writing(self) -> bool {
        match self {
            Self::StandbyLag
            | Self::WalRate
            | Self::Checkpoints
            | Self::SlotWal
            | Self::LogGrowth
            | Self::Bytes => true,
            Self::ActiveBackends
            | Self::LockWaits
            | Self::CommitLatency
            | Self::OldestXmin
            | Self::Probe
            | Self::Window => false,
        }
    }

    /// Whether replay stops for it. It is the way to a shorter log, and outside the window a log that nobody replays
    /// grows all day.
    fn stops_replay(self) -> bool {
        !matches!(self, Self::Window | Self::LogGrowth)
    }
}

/// A signal's verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignalState {
    /// No reason to slow.
    Ok,
    /// Go slowly.
    Slow,
    /// Do not go.
    Stop,
    /// Not measured lately; counts as slow.
    Stale,
}

/// A signal that is watched.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Signal {
    /// [`Kind::word`], or `operator`.
    pub signal: String,
    /// Its verdict.
    pub state: SignalState,
    /// `standby b 4.1 s > 3 s`.
    pub detail: String,
}

/// Kinds of work, by what they must mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    /// Copies and builds indexes: minds everything.
    Copy,
    /// Counts and compares: does not mind what is about writing.
    Read,
    /// Shortens the log: is held, but never slowed, since a log that grows faster than it is replayed never ends.
    Replay,
}

/// How fast work may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Speed {
    /// As fast as it can.
    #[default]
    Full,
    /// A quarter of the time.
    Slow,
    /// Not at all.
    Stop,
}

/// How fast each kind of work may go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Speeds {
    /// [`Work::Copy`].
    pub copy: Speed,
    /// [`Work::Read`].
    pub read: Speed,
    /// [`Work::Replay`].
    pub replay: Speed,
}

impl Speeds {
    /// That of one kind of work.
    pub fn of(self, work: Work) -> Speed {
        match work {
            Work::Copy => self.copy,
            Work::Read => self.read,
            Work::Replay => self.replay,
        }
    }

    /// What one signal's verdict allows.
    fn under(kind: Kind, state: SignalState) -> Self {
        let speed = match state {
            SignalState::Ok => Speed::Full,
            SignalState::Slow | SignalState::Stale => Speed::Slow,
            SignalState::Stop => Speed::Stop,
        };
        Self {
            copy: speed,
            read: if kind.is_about_writing() { Speed::Full } else { speed },
            replay: if speed == Speed::Stop && kind.stops_replay() { Speed::Stop } else { Speed::Full },
        }
    }

    /// Before a signal was measured for the first time: nothing is begun that minds it.
    fn unknown(kind: Kind) -> Self {
        Self { replay: Speed::Full, ..Self::under(kind, SignalState::Stop) }
    }

    /// The slower of both, for each kind of work.
    fn and(self, other: Self) -> Self {
        Self {
            copy: self.copy.max(other.copy),
            read: self.read.max(other.read),
            replay: self.replay.max(other.replay),
        }
    }
}
