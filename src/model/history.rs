//! `adopt`: the old table becomes one partition, *history*: all that came before a bound.
//!
//! The bound is the end of a period. Until the old table is attached a CHECK holds every row before it, and refuses
//! later ones: so it is never near.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{
    calendar::Calendar,
    ident::{Ident, QualifiedName},
    leaves::{Uncut, leaves_for},
    period::{BEGINNING, Period},
    scheme::{Leaf, Scheme},
    table::Index,
};

/// Which partition the old table becomes. The words are those of `--history` and of the journal.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum History {
    /// That of all times before the bound.
    #[default]
    Range,
    /// DEFAULT: of all times that no other partition has.
    Default,
}

impl History {
    /// Both, the usual one first.
    pub const ALL: [Self; 2] = [Self::Range, Self::Default];

    /// The word of the command line and the journal.
    pub fn word(self) -> &'static str {
        match self {
            Self::Range => "range",
            Self::Default => "default",
        }
    }
}

impl fmt::Display for History {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for History {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|history| history.word() == text).ok_or_else(|| {
            format!("{text:?} is no kind of history; use one of {}", Self::ALL.map(Self::word).join(", "))
        })
    }
}

/// The constraint that holds every row before the bound. On the table only while it is being attached.
pub const BOUND: &str = "quarterdeck_bound";

/// A bound is at least this part of its period away.
const MARGIN: i32 = 10;

/// The end of the period of the newest row, or of now; where that is near, of the next one.
pub fn bound(
    calendar: Calendar,
    now: DateTime<Utc>,
    newest: Option<DateTime<Utc>>,
) -> Result<DateTime<Utc>, Uncut> {
    let last = newest.map_or(now, |newest| newest.max(now));
    let off = |time| Uncut::OffCalendar { calendar, time };
    let period = calendar.period_of(last).ok_or_else(|| off(last))?;
    if period.upper - last >= (period.upper - period.lower) / MARGIN {
        return Ok(period.upper);
    }
    calendar.next(period).map(|next| next.upper).ok_or_else(|| off(period.upper))
}

/// The periods from the bound on: those ahead, at least one.
pub fn periods_ahead(calendar: Calendar, bound: DateTime<Utc>, ahead: u32) -> Result<Vec<Period>, Uncut> {
    leaves_for(calendar, bound, bound, ahead.max(1) - 1)
}

impl Scheme {
    /// The old table's name as a partition.
    pub fn history(&self) -> QualifiedName {
        self.table.name.sibling(self.table.name.name.with_suffix("_history"))
    }

    /// The old table as a partition.
    pub fn leaf_history(&self, bound: DateTime<Utc>) -> Leaf {
        let period = match self.history {
            History::Range => Some(Period { lower: BEGINNING, upper: bound }),
            History::Default => None,
        };
        Leaf { name: self.history().name, period }
    }

    /// Whether a leaf is the old table.
    pub fn is_history(&self, leaf: &Leaf) -> bool {
        leaf.name == self.history().name
    }

    /// History, the periods ahead and, where there is one beside history, DEFAULT.
    pub fn leaves_adopted(&self, bound: DateTime<Utc>, ahead: &[Period]) -> Vec<Leaf> {
        let mut leaves = vec![self.leaf_history(bound)];
        leaves.extend(ahead.iter().map(|period| self.leaf_of(*period)));
        leaves.extend((self.default_leaf && self.history == History::Range).then(|| self.leaf_default()));
        leaves
    }

    /// The bound between history and the periods ahead, of the leaves of the journal.
    pub fn bound_of(&self, leaves: &[Leaf]) -> Option<DateTime<Utc>> {
        let ahead = leaves.iter().filter(|leaf| !self.is_history(leaf));
        ahead.filter_map(|leaf| leaf.period).map(|period| period.lower).min()
    }

    /// `("created_at" < '2026-10-01 …')`.
    pub fn before(&self, bound: DateTime<Utc>) -> String {
        format!("({} < {})", self.by, self.clock.bound(bound))
    }

    /// `FOR VALUES …` of history.
    pub fn history_bounds(&self, history: &Leaf) -> String {
        match history.period {
            Some(period) => {
                format!("FOR VALUES FROM (MINVALUE) TO ({})", self.clock.bound(period.upper))
            }
            None => "DEFAULT".into(),
        }
    }

    /// The primary key, where it has to be made wider: the partition column is not in it.
    pub fn narrow_key(&self) -> Option<&Index> {
        self.table.primary_key().filter(|key| !key.key.contains(&Some(self.by.clone())))
    }

    /// The index that becomes the wider primary key.
    pub fn wide_index(&self) -> Option<QualifiedName> {
        self.narrow_key().map(|key| self.table.name.sibling(key.name.with_suffix("_wide")))
    }

    /// The index that becomes the old primary key again, on the way back.
    pub fn narrow_index(&self) -> Option<QualifiedName> {
        self.narrow_key().map(|key| self.table.name.sibling(key.name.with_suffix("_narrow")))
    }

    /// The name of an index of history.
    pub fn history_index(&self, index: &Ident) -> QualifiedName {
        self.table.name.sibling(Self::leaf_index(&self.history().name, index))
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::model::period::Every;

    #[test]
    fn words_round_trip() {
        for history in History::ALL {
            assert_eq!(history.word().parse::<History>().unwrap(), history);
            assert_eq!(serde_json::to_value(history).unwrap(), history.word());
        }
        assert!("x".parse::<History>().unwrap_err().contains("range, default"));
    }

    #[test]
    fn the_bound_is_a_period_s_end_and_never_near() {
        let at = |month, day| Utc.with_ymd_and_hms(2026, month, day, 0, 0, 0).unwrap();
        let bound = |now, newest| bound(Every::Quarter.into(), now, newest).unwrap();
        assert_eq!(bound(at(7, 1), None), at(10, 1));
        assert_eq!(bound(at(9, 21), None), at(10, 1), "ten days are enough");
        assert_eq!(bound(at(9, 23), None), Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).unwrap());
        assert_eq!(bound(at(7, 1), Some(at(10, 2))), Utc.with_ymd_and_hms(2027, 1, 1, 0, 0, 0).unwrap());
        assert_eq!(bound(at(7, 1), Some(at(2, 2))), at(10, 1), "now counts");
        let ahead = periods_ahead(Every::Quarter.into(), at(10, 1), 0).unwrap();
        assert_eq!(ahead.len(), 1, "a row of the next period has a place");
        assert_eq!(ahead[0].lower, at(10, 1));
        assert_eq!(periods_ahead(Every::Quarter.into(), at(10, 1), 3).unwrap().len(), 3);
        assert_eq!(BEGINNING, Utc.with_ymd_and_hms(1, 1, 1, 0, 0, 0).unwrap());
    }
}
