//! Where a migration stands, and what may follow what.
//!
//! [`follow`] is the one place that lists legal transitions; the journal writes nothing that it refuses.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The earliest unfinished step. The words are a contract (`status --json`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// The plan is in the journal; nothing else exists.
    Planned,
    /// Capture is being switched on.
    Capturing,
    /// Rows are being counted per chunk and period.
    Census,
    /// Chunks are copied, leaves sealed, changes replayed.
    Copying,
    /// Every leaf is sealed; the rest of the log is being replayed.
    Replaying,
    /// Source and twin are being compared.
    Verifying,
    /// Verified and kept in step, or (`adopt`) wide enough; the swap may come.
    Ready,
    /// The names are being exchanged.
    Swapping,
    /// The twin owns the name; the old table is kept in step.
    ReverseWindow,
    /// The names are being given back.
    Reversing,
    /// Over; the partitioned table stays.
    Finished,
    /// Given back; behaves like [`Phase::Ready`].
    Reversed,
    /// Everything of ours is being removed.
    Aborting,
    /// Everything of ours is gone.
    Aborted,
    /// `rename-first`: the partitioned table is being made, and given the name.
    Renaming,
    /// `rename-first`: the partitioned table owns the name, and the rows of the old one are copied into it.
    Filling,
    /// `adopt`: the key is being widened, the partitioned table made.
    Widening,
    /// `adopt`: the bound of history is being validated, the old table attached as a partition.
    Adopting,
    /// `adopt`: the old table is a partition of the one that owns the name.
    Adopted,
    /// `adopt`: the old table is being taken out again.
    Releasing,
}

impl Phase {
    /// All of them.
    pub const ALL: [Self; 20] = [
        Self::Planned,
        Self::Capturing,
        Self::Census,
        Self::Copying,
        Self::Replaying,
        Self::Verifying,
        Self::Ready,
        Self::Swapping,
        Self::ReverseWindow,
        Self::Reversing,
        Self::Finished,
        Self::Reversed,
        Self::Aborting,
        Self::Aborted,
        Self::Renaming,
        Self::Filling,
        Self::Widening,
        Self::Adopting,
        Self::Adopted,
        Self::Releasing,
    ];

    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Planned => "planned",
            Self::Capturing => "capturing",
            Self::Census => "census",
            Self::Copying => "copying",
            Self::Replaying => "replaying",
            Self::Verifying => "verifying",
            Self::Ready => "ready",
            Self::Swapping => "swapping",
            Self::ReverseWindow => "reverse_window",
            Self::Reversing => "reversing",
            Self::Finished => "finished",
            Self::Reversed => "reversed",
            Self::Aborting => "aborting",
            Self::Aborted => "aborted",
            Self::Renaming => "renaming",
            Self::Filling => "filling",
            Self::Widening => "widening",
            Self::Adopting => "adopting",
            Self::Adopted => "adopted",
            Self::Releasing => "releasing",
        }
    }

    /// Nothing is left to do; the journal only remembers.
    pub fn is_over(self) -> bool {
        matches!(self, Self::Finished | Self::Aborted)
    }

    /// Rows are copied.
    pub fn copies(self) -> bool {
        matches!(self, Self::Copying | Self::Filling)
    }

    /// The partitioned table owns the name.
    pub fn is_swapped(self) -> bool {
        matches!(
            self,
            Self::ReverseWindow
                | Self::Reversing
                | Self::Finished
                | Self::Filling
                | Self::Adopted
                | Self::Releasing
        )
    }

    /// A swap may be asked for.
    pub fn may_swap(self) -> bool {
        matches!(self, Self::Ready | Self::Reversed)
    }

    /// An abort may be asked for (after the swap: `reverse` first).
    pub fn may_abort(self) -> bool {
        !self.is_over() && !self.is_swapped()
    }
}

/// Whether the journal may move from `from` to `to`.
pub fn follow(from: Phase, to: Phase) -> bool {
    use Phase as P;
    match from {
        P::Planned => matches!(to, P::Capturing | P::Renaming | P::Widening | P::Aborting),
        P::Capturing => matches!(to, P::Census | P::Aborting),
        P::Census => matches!(to, P::Copying | P::Aborting),
        P::Copying => matches!(to, P::Replaying | P::Aborting),
        P::Replaying => matches!(to, P::Verifying | P::Aborting),
        P::Verifying => matches!(to, P::Ready | P::Replaying | P::Aborting),
        P::Ready => matches!(to, P::Replaying | P::Swapping | P::Adopting | P::Aborting),
        P::Reversed => matches!(to, P::Replaying | P::Swapping | P::Aborting),
        P::Swapping => matches!(to, P::ReverseWindow | P::Ready | P::Reversed | P::Replaying),
        P::ReverseWindow => matches!(to, P::Reversing | P::Finished),
        P::Reversing => matches!(to, P::Reversed | P::ReverseWindow | P::Filling | P::Aborting),
        P::Renaming => matches!(to, P::Filling | P::Planned | P::Aborting),
        P::Filling => matches!(to, P::ReverseWindow | P::Reversing),
        P::Widening => matches!(to, P::Ready | P::Aborting),
        P::Adopting => matches!(to, P::Adopted | P::Ready | P::Aborting),
        P::Adopted => matches!(to, P::Releasing | P::Finished),
        P::Releasing => matches!(to, P::Adopted | P::Aborting),
        P::Aborting => to == P::Aborted,
        P::Finished | P::Aborted => false,
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Phase {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|p| p.word() == text).ok_or_else(|| format!("{text:?} is not a phase"))
    }
}

/// Whether it moves. The words are a contract (`status --json`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// An owner is at work, or waits for a command.
    Running,
    /// The operator paused it; durable.
    Paused,
    /// No owner.
    Stopped,
    /// The last step failed; resumable.
    Failed,
    /// A COMMIT got no answer.
    Unknown,
}

impl State {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// A period's state. The words are a contract (`status --json`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LeafState {
    /// No chunk of it has been copied.
    Pending,
    /// Some chunks have been copied.
    Copying,
    /// All chunks have been copied; no index yet.
    Copied,
    /// It has its indexes and is replayed.
    Sealed,
    /// Found equal to the source.
    Verified,
    /// Found different from the source.
    Differs,
}

impl LeafState {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Copying, Self::Copied, Self::Sealed, Self::Verified, Self::Differs];

    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Copying => "copying",
            Self::Copied => "copied",
            Self::Sealed => "sealed",
            Self::Verified => "verified",
            Self::Differs => "differs",
        }
    }

    /// It has its indexes; replay touches it and copiers do not.
    pub fn is_sealed(self) -> bool {
        matches!(self, Self::Sealed | Self::Verified | Self::Differs)
    }
}

impl FromStr for LeafState {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|s| s.word() == text)
            .ok_or_else(|| format!("{text:?} is not a leaf state"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip_and_nothing_follows_the_end() {
        for phase in Phase::ALL {
            assert_eq!(phase.word().parse::<Phase>().unwrap(), phase);
            assert_eq!(serde_json::to_value(phase).unwrap(), phase.word());
            assert_eq!(phase.is_over(), !Phase::ALL.into_iter().any(|to| follow(phase, to)), "{phase}");
            // Given back, or let go: what is left is removed.
            let gives_back = matches!(phase, Phase::Reversing | Phase::Releasing);
            let removes = follow(phase, Phase::Aborting) && !gives_back;
            let waits = phase == Phase::Swapping || phase == Phase::Aborting;
            assert_eq!(phase.may_abort(), removes || waits, "{phase}");
        }
    }
}
