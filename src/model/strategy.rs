//! In which order a conversion is done (ARCHITECTURE.md, *The protocol*).

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The order of a conversion. The words are those of `--strategy` and of the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Strategy {
    /// Copy beside the live table, verify, then exchange the names.
    #[default]
    Online,
    /// Exchange the names first, fill the partitioned table afterwards: readers miss rows until it is full.
    RenameFirst,
    /// Attach the old table whole as one partition: nothing is copied.
    Adopt,
    /// Give a table that is partitioned already other periods: as [`Strategy::Online`] does, from all its partitions.
    Repartition,
}

impl Strategy {
    /// All of them, the usual one first.
    pub const ALL: [Self; 4] = [Self::Online, Self::RenameFirst, Self::Adopt, Self::Repartition];

    /// The word of the command line and the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Online => "online",
            Self::RenameFirst => "rename-first",
            Self::Adopt => "adopt",
            Self::Repartition => "repartition",
        }
    }

    /// What it is for, in a few words.
    pub fn purpose(self) -> &'static str {
        match self {
            Self::Online => "copies while the application writes; a short lock",
            Self::RenameFirst => "for a quiet window, append-only data; filled later",
            Self::Repartition => "gives a partitioned table other periods",
            Self::Adopt => "attaches the old table whole; nothing is copied",
        }
    }

    /// What readers of the table miss while it is being converted.
    pub fn readers_miss(self) -> &'static str {
        match self {
            Self::Online | Self::Adopt | Self::Repartition => "nothing",
            Self::RenameFirst => "rows not yet copied",
        }
    }
}

impl fmt::Display for Strategy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Strategy {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|strategy| strategy.word() == text).ok_or_else(|| {
            format!("{text:?} is not a strategy; use one of {}", Self::ALL.map(Self::word).join(", "))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for strategy in Strategy::ALL {
            assert_eq!(strategy.word().parse::<Strategy>().unwrap(), strategy);
            assert_eq!(serde_json::to_value(strategy).unwrap(), strategy.word());
        }
    }
}
