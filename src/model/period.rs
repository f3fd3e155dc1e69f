//! Periods and their bounds, always in UTC (TRAPS 17: session time zones and DST shift bounds).

use std::{fmt, str::FromStr};

use chrono::{DateTime, Datelike, Days, Months, NaiveDate, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};

use crate::model::ident::Ident;

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

    /// The period that holds `time`; `None` outside the calendar that chrono and PostgreSQL share.
    pub fn period_of(self, time: DateTime<Utc>) -> Option<Period> {
        let day = time.date_naive();
        let first = |month| NaiveDate::from_ymd_opt(day.year(), month, 1);
        let lower = match self {
            Self::Day => day,
            Self::Week => day.checked_sub_days(Days::new(day.weekday().num_days_from_monday().into()))?,
            Self::Month => first(day.month())?,
            Self::Quarter => first((day.month0() / 3) * 3 + 1)?,
            Self::HalfYear => first((day.month0() / 6) * 6 + 1)?,
            Self::Year => first(1)?,
        };
        self.starting(lower)
    }

    /// The period right after `period`.
    pub fn next(self, period: Period) -> Option<Period> {
        self.starting(period.upper.date_naive())
    }

    fn starting(self, lower: NaiveDate) -> Option<Period> {
        let upper = match self {
            Self::Day => lower.checked_add_days(Days::new(1))?,
            Self::Week => lower.checked_add_days(Days::new(7))?,
            Self::Month => lower.checked_add_months(Months::new(1))?,
            Self::Quarter => lower.checked_add_months(Months::new(3))?,
            Self::HalfYear => lower.checked_add_months(Months::new(6))?,
            Self::Year => lower.checked_add_months(Months::new(12))?,
        };
        let midnight = |day: NaiveDate| Some(day.and_hms_opt(0, 0, 0)?.and_utc());
        Some(Period { lower: midnight(lower)?, upper: midnight(upper)? })
    }

    /// The end of a leaf's name: `2024_q1`, `2024_07`, `2024_h1`, `2024`, `2024_w31`, `2024_07_04`.
    pub fn suffix(self, period: Period) -> String {
        let day = period.lower.date_naive();
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
    pub fn title(self, period: Period) -> String {
        let day = period.lower.date_naive();
        match self {
            Self::Quarter => format!("{} Q{}", day.year(), day.month0() / 3 + 1),
            Self::HalfYear => format!("{} H{}", day.year(), day.month0() / 6 + 1),
            Self::Week => format!("{} W{:02}", day.iso_week().year(), day.iso_week().week()),
            Self::Day | Self::Month | Self::Year => self.suffix(period).replace('_', "-"),
        }
    }

    /// The leaf's name under a table's name.
    pub fn leaf_name(self, table: &Ident, period: Period) -> Ident {
        table.with_suffix(&format!("_{}", self.suffix(period)))
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

impl Period {
    /// Whether `time` lies in it.
    pub fn contains(self, time: DateTime<Utc>) -> bool {
        self.lower <= time && time < self.upper
    }
}

/// A bound as PostgreSQL reads it whatever the session's settings: `2024-01-01 00:00:00+00`.
pub fn bound(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::Micros, false).replace('T', " ")
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

    fn at(y: i32, m: u32, d: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(y, m, d, 0, 0, 0).unwrap()
    }

    #[test]
    fn every_period_is_named_and_bounded() {
        let cases = [
            (Every::Day, at(2024, 7, 4), at(2024, 7, 5), "2024_07_04"),
            (Every::Week, at(2024, 7, 29), at(2024, 8, 5), "2024_w31"),
            (Every::Month, at(2024, 7, 1), at(2024, 8, 1), "2024_07"),
            (Every::Quarter, at(2024, 7, 1), at(2024, 10, 1), "2024_q3"),
            (Every::HalfYear, at(2024, 7, 1), at(2025, 1, 1), "2024_h2"),
            (Every::Year, at(2024, 1, 1), at(2025, 1, 1), "2024"),
        ];
        for (every, lower, upper, suffix) in cases {
            let inside = if every == Every::Week { at(2024, 7, 31) } else { at(2024, 7, 4) };
            let period = every.period_of(inside).unwrap();
            assert_eq!((period.lower, period.upper), (lower, upper), "{every}");
            assert_eq!(every.suffix(period), suffix);
            assert_eq!(every.next(period).unwrap().lower, upper);
            assert_eq!(every.word().parse::<Every>().unwrap(), every);
        }
    }

    #[test]
    fn bounds_name_their_offset() {
        assert_eq!(bound(at(2024, 1, 1)), "2024-01-01 00:00:00.000000+00:00");
    }

    #[test]
    fn periods_that_follow_each_other_are_one_range() {
        let quarter =
            |month| Every::Quarter.period_of(Utc.with_ymd_and_hms(2024, month, 1, 0, 0, 0).unwrap()).unwrap();
        let ranges = joined(vec![quarter(7), quarter(1), quarter(4)]);
        assert_eq!(ranges, [Period { lower: quarter(1).lower, upper: quarter(7).upper }]);
        assert_eq!(joined(vec![quarter(10), quarter(1)]), [quarter(1), quarter(10)]);
        assert_eq!(joined(vec![]), []);
    }
}
