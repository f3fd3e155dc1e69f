//! When a swap may be made: from a moment on, or in a window that opens every day. Pure; all times are UTC.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveTime, SubsecRound, TimeDelta, Utc};

/// A moment, or a daily window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Once, at this moment.
    At(DateTime<Utc>),
    /// Every day from the first time to the second, which may lie past midnight.
    Daily(NaiveTime, NaiveTime),
}

/// One stretch in which it is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// Its first moment, now or later.
    pub from: DateTime<Utc>,
    /// Its end; `None` for a moment.
    pub to: Option<DateTime<Utc>>,
}

impl Opening {
    /// A moment as RFC 3339 has it, the seconds may be left out.
    pub fn moment(text: &str) -> Result<Self, String> {
        DateTime::parse_from_rfc3339(text)
            .or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%dT%H:%M%#z"))
            .map(|at| Self::At(at.to_utc()))
            .map_err(|_| {
                "write a moment with its offset: 2026-11-27T03:00Z or 2026-11-27T04:00:00+01:00".into()
            })
    }

    /// The stretch that is open at `now`, or the next one; `None` where the moment is past.
    pub fn next(self, now: DateTime<Utc>) -> Option<Stretch> {
        match self {
            Self::At(at) => (at >= now).then_some(Stretch { from: at, to: None }),
            // One that opened yesterday may still be open.
            Self::Daily(from, to) => (-1..=1).find_map(|days| {
                let day = now.date_naive().checked_add_signed(TimeDelta::days(days))?;
                let ends = if to > from { day } else { day.succ_opt()? };
                let (from, to) = (day.and_time(from).and_utc(), ends.and_time(to).and_utc());
                (to > now).then_some(Stretch { from: from.max(now), to: Some(to) })
            }),
        }
    }
}

/// `02:00-04:00`.
impl FromStr for Opening {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let time = |text: &str| NaiveTime::parse_from_str(text, "%H:%M").ok();
        let times = text.split_once('-').and_then(|(from, to)| Some((time(from)?, time(to)?)));
        match times {
            Some((from, to)) if from != to => Ok(Self::Daily(from, to)),
            Some(_) | None => Err("write a window of the day in UTC: 02:00-04:00".into()),
        }
    }
}

impl fmt::Display for Opening {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(at) => write!(f, "{}", at.format("%Y-%m-%dT%H:%M:%SZ")),
            Self::Daily(from, to) => write!(f, "{}-{}", from.format("%H:%M"), to.format("%H:%M")),
        }
    }
}

impl fmt::Display for Stretch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.from.trunc_subsecs(0).format("%Y-%m-%d %H:%M:%S"))?;
        match self.to {
            Some(to) => write!(f, " to {} UTC", to.format("%H:%M")),
            None => f.write_str(" UTC"),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    #[test]
    fn a_moment_is_open_once() {
        let opening = Opening::moment("2026-11-27T04:00+01:00").unwrap();
        assert_eq!(opening, Opening::At(at("2026-11-27T03:00:00Z")));
        assert_eq!(Opening::moment("2026-11-27T03:00:00Z"), Ok(opening));
        assert_eq!(Opening::moment("2026-11-27T03:00Z"), Ok(opening));
        assert_eq!(opening.next(at("2026-11-27T03:00:01Z")), None);
        let stretch = opening.next(at("2026-11-26T03:00:00Z")).unwrap();
        assert_eq!(stretch.to_string(), "2026-11-27 03:00:00 UTC");
        for text in ["", "03:00", "2026-11-27", "2026-11-27T03:00", "tomorrow"] {
            assert!(Opening::moment(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_window_opens_every_day_and_may_pass_midnight() {
        let night: Opening = "23:00-01:30".parse().unwrap();
        let stretch = |now: &str| night.next(at(now)).unwrap().to_string();
        assert_eq!(stretch("2026-11-27T12:00:00Z"), "2026-11-27 23:00:00 to 01:30 UTC");
        assert_eq!(stretch("2026-11-27T00:10:00Z"), "2026-11-27 00:10:00 to 01:30 UTC");
        assert_eq!(stretch("2026-11-27T01:30:00Z"), "2026-11-27 23:00:00 to 01:30 UTC");
        for text in ["", "02:00", "02:00-02:00", "2-4", "25:00-26:00", "02:00-04:00-05:00"] {
            assert!(text.parse::<Opening>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_next_stretch_is_within_a_day(from in 0_u32..1440, to in 0_u32..1440, now in 0_i64..2_000_000_000) {
            prop_assume!(from != to);
            let time = |minutes: u32| NaiveTime::from_hms_opt(minutes / 60, minutes % 60, 0).unwrap();
            let now = DateTime::from_timestamp(now, 0).unwrap();
            let stretch = Opening::Daily(time(from), time(to)).next(now).unwrap();
            prop_assert!(stretch.from >= now && stretch.from - now < TimeDelta::days(1));
            prop_assert!(stretch.to.unwrap() > stretch.from);
            prop_assert_eq!(stretch.to.unwrap().time(), time(to));
        }
    }
}
