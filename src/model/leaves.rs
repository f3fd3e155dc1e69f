//! Which leaves a span of time needs: contiguous periods, and not too many.

use chrono::{DateTime, Utc};

use crate::model::{calendar::Calendar, clock::Clock, period::Period};

/// The most leaves of one table: planning time, locks and open files grow with each (manual, 5.12.6).
pub const MAX_LEAVES: usize = 1_000;

/// Why a span cannot be cut into leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Uncut {
    /// It would take more than [`MAX_LEAVES`].
    #[error("from {first} to {last} every {calendar} makes more than {MAX_LEAVES} partitions")]
    TooMany {
        /// The periods.
        calendar: Calendar,
        /// The lowest time.
        first: DateTime<Utc>,
        /// The highest time.
        last: DateTime<Utc>,
    },
    /// A time lies outside the calendar.
    #[error("{time} is in no {calendar} of the calendar")]
    OffCalendar {
        /// The periods.
        calendar: Calendar,
        /// Which.
        time: DateTime<Utc>,
    },
    /// The column has no value for a period.
    #[error("the clock {clock} has no value for the period from {}", period.lower)]
    OffClock {
        /// The column's clock.
        clock: Clock,
        /// The period.
        period: Period,
    },
}

impl Uncut {
    /// What to do about it.
    pub fn remedy(self) -> &'static str {
        match self {
            Self::TooMany { .. } => {
                "choose a longer period with --every, or correct the rows whose times lie far off the others"
            }
            Self::OffCalendar { .. } => "correct the rows whose times lie outside the calendar",
            Self::OffClock { .. } => "prepare fewer periods with --ahead",
        }
    }
}

/// Contiguous periods from that of `first` to that of `last` and `ahead` more.
pub fn leaves_for(
    calendar: impl Into<Calendar>,
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    ahead: u32,
) -> Result<Vec<Period>, Uncut> {
    let calendar = calendar.into();
    let off = |time| Uncut::OffCalendar { calendar, time };
    let end = calendar.period_of(last).ok_or_else(|| off(last))?;
    let mut period = calendar.period_of(first).ok_or_else(|| off(first))?;
    let mut periods = Vec::new();
    let mut left = ahead;
    loop {
        if periods.len() == MAX_LEAVES {
            return Err(Uncut::TooMany { calendar, first, last });
        }
        periods.push(period);
        if period.lower >= end.lower {
            if left == 0 {
                return Ok(periods);
            }
            left -= 1;
        }
        period = calendar.next(period).ok_or_else(|| off(period.upper))?;
    }
}

/// The same periods, where the clock's column has values for all of them.
pub fn reached(clock: Clock, periods: Vec<Period>) -> Result<Vec<Period>, Uncut> {
    match periods.iter().find(|period| !clock.reaches(**period)) {
        None => Ok(periods),
        Some(period) => Err(Uncut::OffClock { clock, period: *period }),
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;

    use super::*;
    use crate::model::period::Every;

    fn at(y: i32, m: u32, d: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(y, m, d, 13, 30, 0).unwrap()
    }

    #[test]
    fn periods_are_contiguous_and_reach_ahead() {
        for every in Every::ALL {
            let periods = leaves_for(every, at(2024, 2, 29), at(2024, 12, 31), 3).unwrap();
            assert!(periods.windows(2).all(|pair| pair[0].upper == pair[1].lower), "{every}");
            assert!(periods[0].contains(at(2024, 2, 29)));
            assert!(periods[periods.len() - 4].contains(at(2024, 12, 31)), "{every}");
        }
        let quarters = leaves_for(Every::Quarter, at(2024, 2, 1), at(2024, 12, 31), 2).unwrap();
        let names: Vec<_> = quarters.iter().map(|p| Calendar::from(Every::Quarter).suffix(*p)).collect();
        assert_eq!(names, ["2024_q1", "2024_q2", "2024_q3", "2024_q4", "2025_q1", "2025_q2"]);
        assert_eq!(leaves_for(Every::Year, at(2024, 2, 1), at(2024, 2, 1), 0).unwrap().len(), 1);
        assert_eq!(leaves_for(Every::Year, at(2024, 2, 1), at(2020, 2, 1), 0).unwrap().len(), 1);
    }

    #[test]
    fn a_thousand_is_the_limit() {
        let last = at(2024, 1, 1) + chrono::Days::new(MAX_LEAVES as u64 - 2);
        assert_eq!(leaves_for(Every::Day, at(2024, 1, 1), last, 1).unwrap().len(), MAX_LEAVES);
        let error = leaves_for(Every::Day, at(2024, 1, 1), last, 2).unwrap_err();
        assert!(error.to_string().contains("every day makes more than 1000 partitions"), "{error}");
        assert!(error.remedy().contains("--every"));
        assert!(leaves_for(Every::Day, at(1000, 1, 1), at(8999, 1, 1), 1).is_err(), "and it ends soon");
        let beyond = leaves_for(Every::Year, DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MAX_UTC, 0);
        assert!(matches!(beyond, Err(Uncut::OffCalendar { .. })));
    }
}
