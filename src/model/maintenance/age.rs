//! How long rows are kept.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Days, Months, Utc};
use serde::Serialize;

/// A length of time as a calendar has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Age {
    /// Days; a week has seven.
    Days(u32),
    /// Months; a quarter has three, a year twelve.
    Months(u32),
}

const UNITS: [(&str, Age); 6] = [
    ("d", Age::Days(1)),
    ("day", Age::Days(1)),
    ("week", Age::Days(7)),
    ("month", Age::Months(1)),
    ("quarter", Age::Months(3)),
    ("year", Age::Months(12)),
];

impl Age {
    /// The instant so long before `now`.
    pub fn before(self, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::Days(days) => now.checked_sub_days(Days::new(days.into())),
            Self::Months(months) => now.checked_sub_months(Months::new(months)),
        }
    }
}

impl FromStr for Age {
    type Err = String;

    /// `24 months`, `24months`, `2 years`, `90 days`, `13 weeks`, `8 quarters`.
    fn from_str(text: &str) -> Result<Self, String> {
        let unclear = || "write a whole number with its unit: \"24 months\", 90days, 2years".to_owned();
        let digits = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(unclear)?;
        let number: u32 = text[..digits].parse().map_err(|_| unclear())?;
        let unit = text[digits..].trim();
        let unit = unit.strip_suffix('s').unwrap_or(unit);
        let (_, one) = UNITS.into_iter().find(|(word, _)| *word == unit).ok_or_else(unclear)?;
        let times = |each: u32| number.checked_mul(each).filter(|all| *all > 0).ok_or_else(unclear);
        Ok(match one {
            Self::Days(each) => Self::Days(times(each)?),
            Self::Months(each) => Self::Months(times(each)?),
        })
    }
}

impl fmt::Display for Age {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (n, unit) = match self {
            Self::Days(days) => (days, "day"),
            Self::Months(months) => (months, "month"),
        };
        write!(f, "{n} {unit}{}", if *n == 1 { "" } else { "s" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_read_as_people_write_them() {
        for (text, age) in [
            ("24 months", Age::Months(24)),
            ("24months", Age::Months(24)),
            ("1 year", Age::Months(12)),
            ("8 quarters", Age::Months(24)),
            ("90days", Age::Days(90)),
            ("7d", Age::Days(7)),
            ("2  weeks", Age::Days(14)),
        ] {
            assert_eq!(text.parse(), Ok(age), "{text}");
            assert_eq!(age.to_string().parse(), Ok(age));
        }
        for text in
            ["", "24", "months", "0 days", "-1 days", "1.5 years", "4294967295 years", "3 fortnights", "7é"]
        {
            assert!(text.parse::<Age>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_month_ago_is_by_the_calendar() {
        let now: DateTime<Utc> = "2024-03-31T12:00:00Z".parse().unwrap();
        assert_eq!(Age::Months(1).before(now).unwrap().to_rfc3339(), "2024-02-29T12:00:00+00:00");
        assert_eq!(Age::Days(31).before(now).unwrap().to_rfc3339(), "2024-02-29T12:00:00+00:00");
        assert_eq!(Age::Months(u32::MAX).before(now), None);
    }
}
