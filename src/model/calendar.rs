//! Which instants a period begins and ends with: a length in a time zone.
//!
//! All is reckoned here, with the zone data of this program; the server never is asked for a calendar of its own, which
//! might be older or newer. Bounds are instants, written with their offset (TRAPS 17: session time zones and DST shift
//! bounds).
//!
//! Invariant: periods that follow each other have no gap and no overlap, whatever the zone's clocks did.

use std::{fmt, str::FromStr};

use chrono::{DateTime, NaiveDate, NaiveDateTime, Offset, TimeDelta, TimeZone, Utc};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

use crate::model::{
    figures,
    ident::Ident,
    period::{Every, Period},
};

/// A time zone of the IANA database, by its name; UTC unless something else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Zone(Tz);

impl Zone {
    /// UTC.
    pub const UTC: Self = Self(Tz::UTC);

    /// Its name: `Europe/Berlin`.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// The day that its calendar shows at `time`: `2026-10-01`, with the time of day where it is not midnight.
    pub fn day(self, time: DateTime<Utc>) -> String {
        figures::day(self.clock(time).unwrap_or(time.naive_utc()))
    }

    /// Names that contain `typed`, whatever their case; three at most.
    pub fn like(typed: &str) -> Vec<&'static str> {
        let typed = typed.to_lowercase();
        let names = chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        names.filter(|name| !typed.is_empty() && name.to_lowercase().contains(&typed)).take(3).collect()
    }

    /// What its clocks show at `time`.
    fn clock(self, time: DateTime<Utc>) -> Option<NaiveDateTime> {
        let utc = time.naive_utc();
        utc.checked_add_offset(self.0.offset_from_utc_datetime(&utc).fix())
    }

    /// The first instant at which its clocks show midnight of `day`, or a later time where they never show that.
    fn midnight(self, day: NaiveDate) -> Option<DateTime<Utc>> {
        let midnight = day.and_hms_opt(0, 0, 0)?;
        if let Some(time) = self.0.from_local_datetime(&midnight).earliest() {
            return Some(time.to_utc());
        }
        // The clocks were put forward over it. No zone is farther than this from UTC.
        let far = TimeDelta::hours(17);
        let mut before = midnight.and_utc().checked_sub_signed(far)?;
        let mut after = midnight.and_utc().checked_add_signed(far)?;
        while after - before > TimeDelta::seconds(1) {
            let middle = before + TimeDelta::seconds((after - before).num_seconds() / 2);
            *(if self.clock(middle)? < midnight { &mut before } else { &mut after }) = middle;
        }
        Some(after)
    }
}

impl Default for Zone {
    fn default() -> Self {
        Self::UTC
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let unknown = |_| format!("{text:?} is no time zone; write a name as Europe/Berlin, or UTC");
        text.parse().map(Self).map_err(unknown)
    }
}

/// Periods of one length in one zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Calendar {
    /// The length of a period.
    pub every: Every,
    /// Where it begins at midnight.
    pub zone: Zone,
}

impl From<Every> for Calendar {
    /// In UTC.
    fn from(every: Every) -> Self {
        Self { every, zone: Zone::UTC }
    }
}

impl fmt::Display for Calendar {
    /// `quarter`, or `day in Europe/Berlin`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.zone {
            Zone::UTC => write!(f, "{}", self.every),
            zone => write!(f, "{} in {zone}", self.every),
        }
    }
}

impl Calendar {
    /// The period that holds `time`; `None` outside the calendar that chrono and PostgreSQL share.
    pub fn period_of(self, time: DateTime<Utc>) -> Option<Period> {
        let mut first = self.every.first_day(self.zone.clock(time)?.date())?;
        let mut period = self.starting(first)?;
        // Where clocks were put back over midnight, they show the day before once more after a day has begun.
        while time >= period.upper {
            period = self.next(period)?;
        }
        while time < period.lower {
            first = self.every.first_day(first.pred_opt()?)?;
            period = self.starting(first)?;
        }
        Some(period)
    }

    /// The period right after `period`.
    pub fn next(self, period: Period) -> Option<Period> {
        self.starting(self.every.first_day(self.day(period.upper)?)?)
    }

    /// The end of a leaf's name: `2024_q1`, `2024_07`, `2024_h1`, `2024`, `2024_w31`, `2024_07_04`.
    pub fn suffix(self, period: Period) -> String {
        self.day(period.lower).map_or_else(String::new, |day| self.every.suffix(day))
    }

    /// What a person reads: `2024 Q1`, `2024-07`, …
    pub fn title(self, period: Period) -> String {
        self.day(period.lower).map_or_else(String::new, |day| self.every.title(day))
    }

    /// The leaf's name under a table's name.
    pub fn leaf_name(self, table: &Ident, period: Period) -> Ident {
        table.with_suffix(&format!("_{}", self.suffix(period)))
    }

    fn day(self, time: DateTime<Utc>) -> Option<NaiveDate> {
        self.zone.clock(time).map(|clock| clock.date())
    }

    fn starting(self, first: NaiveDate) -> Option<Period> {
        let upper = self.zone.midnight(self.every.next_first_day(first)?)?;
        Some(Period { lower: self.zone.midnight(first)?, upper })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn at(y: i32, m: u32, d: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(y, m, d, 0, 0, 0).unwrap()
    }

    fn calendar(every: Every, zone: &str) -> Calendar {
        Calendar { every, zone: zone.parse().unwrap() }
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
            let calendar = Calendar::from(every);
            let period = calendar.period_of(inside).unwrap();
            assert_eq!((period.lower, period.upper), (lower, upper), "{every}");
            assert_eq!(calendar.suffix(period), suffix);
            assert_eq!(calendar.next(period).unwrap().lower, upper);
            assert_eq!(every.word().parse::<Every>().unwrap(), every);
        }
    }

    #[test]
    fn days_have_the_hours_that_the_clocks_gave_them() {
        let hours = |zone, time: DateTime<Utc>| {
            let period = calendar(Every::Day, zone).period_of(time).unwrap();
            (period.lower.to_rfc3339(), (period.upper - period.lower).num_hours())
        };
        let noon = |y, m, d| Utc.with_ymd_and_hms(y, m, d, 12, 0, 0).unwrap();
        for (zone, day, lower, length) in [
            ("Europe/Berlin", noon(2024, 3, 31), "2024-03-30T23:00:00+00:00", 23),
            ("Europe/Berlin", noon(2024, 10, 27), "2024-10-26T22:00:00+00:00", 25),
            // Midnight does not exist: the day begins at one o'clock.
            ("America/Sao_Paulo", noon(2018, 11, 4), "2018-11-04T03:00:00+00:00", 23),
            ("Africa/Cairo", noon(2024, 4, 26), "2024-04-25T22:00:00+00:00", 23),
            // Midnight comes twice: the day begins with the first one.
            ("America/Havana", noon(2023, 11, 5), "2023-11-05T04:00:00+00:00", 25),
            ("Asia/Kathmandu", noon(2024, 1, 1), "2023-12-31T18:15:00+00:00", 24),
            // The 30th was left out altogether.
            ("Pacific/Apia", noon(2011, 12, 30), "2011-12-30T10:00:00+00:00", 24),
        ] {
            assert_eq!(hours(zone, day), (lower.to_owned(), length), "{zone}");
        }
        let apia = calendar(Every::Day, "Pacific/Apia");
        let last = apia.period_of(noon(2011, 12, 29)).unwrap();
        assert_eq!(apia.suffix(last), "2011_12_29");
        assert_eq!(apia.suffix(apia.next(last).unwrap()), "2011_12_31");
        assert_eq!(calendar(Every::Quarter, "Europe/Berlin").to_string(), "quarter in Europe/Berlin");
    }

    /// Zones with daylight saving in both hemispheres, changes at midnight and just after it, skipped days, odd offsets.
    const ZONES: [&str; 14] = [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "America/Sao_Paulo",
        "America/Havana",
        "America/St_Johns",
        "Africa/Cairo",
        "Africa/Monrovia",
        "Asia/Kathmandu",
        "Asia/Tehran",
        "Asia/Beirut",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "Pacific/Kiritimati",
    ];

    #[test]
    fn periods_are_contiguous_and_their_names_unique_in_every_zone() {
        for zone in ZONES {
            for every in Every::ALL {
                let calendar = calendar(every, zone);
                let mut names = HashSet::new();
                let mut period = calendar.period_of(at(1970, 1, 1)).unwrap();
                assert!(period.contains(at(1970, 1, 1)));
                while period.lower < at(2040, 1, 1) {
                    assert!(period.lower < period.upper, "{calendar} {period:?}");
                    assert!(names.insert(calendar.suffix(period)), "{calendar} {period:?}");
                    let last = period.upper - TimeDelta::microseconds(1);
                    for time in [period.lower, period.lower + (last - period.lower) / 2, last] {
                        assert_eq!(calendar.period_of(time), Some(period), "{calendar} {time}");
                    }
                    let next = calendar.next(period).unwrap();
                    assert_eq!(next.lower, period.upper, "{calendar}");
                    period = next;
                }
            }
        }
    }

    #[test]
    fn what_lies_outside_of_time_is_in_no_period() {
        for zone in ["Pacific/Apia", "America/New_York"] {
            for time in [DateTime::<Utc>::MAX_UTC, DateTime::<Utc>::MIN_UTC] {
                assert_eq!(calendar(Every::Year, zone).period_of(time), None);
            }
        }
        assert!("Europe/Atlantis".parse::<Zone>().is_err());
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        assert_eq!(serde_json::to_string(&berlin).unwrap(), "\"Europe/Berlin\"");
    }
}
