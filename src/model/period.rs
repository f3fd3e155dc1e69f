//! Periods: how long one is, and the range of time that it holds. Which instants they begin with is the calendar's.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, Utc};
use serde::{Deserialize, Serialize};

use crate::model::calendar::Calendar;

/// How long a leaf's period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Every {
    /// One day.
    Day,
    /// An ISO week, from Monday.
    Week,
    /// A calendar month.
    Month,
    /// A quarter of a year.
    Quarter,
    /// Half a year.
    HalfYear,
    /// A calendar year.
    Year,
}

impl Every {
    /// All of them, shortest first.
    pub const ALL: [Self; 6] =
        [Self::Day, Self::Week, Self::Month, Self::Quarter, Self::HalfYear, Self::Year];

    /// The word the command line and the journal use.
    pub fn word(self) -> &'static str {
        match self {
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::Quarter => "quarter",
            Self::HalfYear => "half-year",
            Self::Year => "year",
        }
    }

    /// The period that holds `time`, in UTC.
    pub fn period_of(self, time: DateTime<Utc>) -> Option<Period> {
        Calendar::from(self).period_of(time)
    }

    /// The period right after `period`, in UTC.
    pub fn next(self, period: Period) -> Option<Period> {
        Calendar::from(self).next(period)
    }

    /// The first day of the period that holds `day`; `None` outside the calendar that chrono and PostgreSQL share.
    pub(super) fn first_day(self, day: NaiveDate) -> Option<NaiveDate> {
        let first = |month| NaiveDate::from_ymd_opt(day.year(), month, 1);
        match self {
            Self::Day => Some(day),
            Self::Week => day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into())),
            Self::Month => first(day.month()),
            Self::Quarter => first((day.month0() / 3) * 3 + 1),
            Self::HalfYear => first((day.month0() / 6) * 6 + 1),
            Self::Year => first(1),
        }
    }

    /// The first day of the period after the one that begins on `first`.
    pub(super) fn next_first_day(self, first: NaiveDate) -> Option<NaiveDate> {
        match self {
            Self::Day => first.checked_add_days(Days::new(1)),
            Self::Week => first.checked_add_days(Days::new(7)),
            Self::Month => first.checked_add_months(Months::new(1)),
            Self::Quarter => first.checked_add_months(Months::new(3)),
            Self::HalfYear => first.checked_add_months(Months::new(6)),
            Self::Year => first.checked_add_months(Months::new(12)),
        }
    }

    /// The end of a leaf's name, of any day in its period: `2024_q1`, `2024_07`, `2024_h1`, `2024`, `2024_w31`,
    /// `2024_07_04`.
    pub(super) fn suffix(self, day: NaiveDate) -> String {
        let year = day.year();
        match self {
            Self::Day => format!("{year:04}_{:02}_{:02}", day.month(), day.day()),
            Self::Week => format!("{:04}_w{:02}", day.iso_week().year(), day.iso_week().week()),
            Self::Month => format!("{year:04}_{:02}", day.month()),
            Self::Quarter => format!("{year:04}_q{}", day.month0() / 3 + 1),
            Self::HalfYear => format!("{year:04}_h{}", day.month0() / 6 + 1),
            Self::Year => format!("{year:04}"),
        }
    }

    /// What a person reads: `2024 Q1`, `2024-07`, …
    pub(super) fn title(self, day: NaiveDate) -> String {
        match self {
            Self::Quarter => format!("{} Q{}", day.year(), day.month0() / 3 + 1),
            Self::HalfYear => format!("{} H{}", day.year(), day.month0() / 6 + 1),
            Self::Week => format!("{} W{:02}", day.iso_week().year(), day.iso_week().week()),
            Self::Day | Self::Month | Self::Year => self.suffix(day).replace('_', "-"),
        }
    }
}

impl fmt::Display for Every {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

impl FromStr for Every {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|every| every.word() == text).ok_or_else(|| {
            format!("{text:?} is not a period; use one of {}", Self::ALL.map(Self::word).join(", "))
        })
    }
}

/// A half-open range of time, `lower <= t < upper`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Period {
    /// The first instant in it.
    pub lower: DateTime<Utc>,
    /// The first instant after it.
    pub upper: DateTime<Utc>,
}

/// Before every time that a table can have: where a period begins that is open to the past.
pub const BEGINNING: DateTime<Utc> = match DateTime::from_timestamp(-62_135_596_800, 0) {
    Some(time) => time,
    None => DateTime::UNIX_EPOCH,
};

impl Period {
    /// It has no beginning.
    pub fn is_open(self) -> bool {
        self.lower == BEGINNING
    }

    /// Whether `time` lies in it.
    pub fn contains(self, time: DateTime<Utc>) -> bool {
        self.lower <= time && time < self.upper
    }
}

/// The same times in as few ranges as there are: periods that follow each other are joined.
pub fn joined(mut periods: Vec<Period>) -> Vec<Period> {
    periods.sort_unstable_by_key(|period| period.lower);
    let mut ranges: Vec<Period> = Vec::new();
    for period in periods {
        match ranges.last_mut().filter(|last| last.upper == period.lower) {
            Some(last) => last.upper = period.upper,
            None => ranges.push(period),
        }
    }
    ranges
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;

    #[test]
    fn periods_that_follow_each_other_are_one_range() {
        let quarter = |month| {
            let time = Utc.with_ymd_and_hms(2024, month, 1, 0, 0, 0).unwrap();
            Every::Quarter.period_of(time).unwrap()
        };
        let ranges = joined(vec![quarter(7), quarter(1), quarter(4)]);
        assert_eq!(ranges, [Period { lower: quarter(1).lower, upper: quarter(7).upper }]);
        assert_eq!(joined(vec![quarter(10), quarter(1)]), [quarter(1), quarter(10)]);
        assert_eq!(joined(vec![]), []);
    }
}
