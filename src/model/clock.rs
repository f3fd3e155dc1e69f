//! Clocks: how a partition column tells the time, and how a time is written as a value of it.
//!
//! A leaf's bounds are times everywhere in the tool and in the journal. Only here do they become values of the column:
//! a time is itself, an id is the lowest one that can be given out at that time. What a clock says of a value is a
//! claim until the census has seen every row.

use std::{fmt, str::FromStr};

use chrono::{DateTime, Days, SecondsFormat, TimeDelta, TimeZone, Utc};
use serde::{Deserialize, Serialize};
use uuid::{Uuid, Variant};

use crate::model::{
    ident::{Ident, literal},
    period::Period,
};

/// How a column tells the time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "String", try_from = "String")]
pub enum Clock {
    /// `timestamp with time zone`: an instant.
    #[default]
    Timestamptz,
    /// `timestamp without time zone`: a wall clock, taken as it is.
    Timestamp,
    /// `date`: likewise.
    Date,
    /// `uuid` of version 7: milliseconds since 1970 in its first 48 bits.
    UuidV7,
    /// `bigint`: milliseconds since an epoch of its own above `shift` bits of something else.
    Snowflake {
        /// The epoch, in milliseconds since 1970.
        epoch_ms: i64,
        /// Bits below the time.
        shift: u32,
    },
    /// `bigint`: time since 1970.
    Epoch(Unit),
}

/// What an epoch counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Second,
    /// Milliseconds.
    Milli,
    /// Microseconds.
    Micro,
}

impl Unit {
    fn per_second(self) -> i64 {
        match self {
            Self::Second => 1,
            Self::Milli => 1_000,
            Self::Micro => 1_000_000,
        }
    }
}

/// An id as the column holds it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Id {
    /// A `bigint`.
    Number(i64),
    /// A `uuid`.
    Uuid(Uuid),
}

impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number = text.parse().map(Self::Number).ok();
        number.or_else(|| text.parse().map(Self::Uuid).ok()).ok_or_else(|| format!("{text:?} is no id"))
    }
}

/// The clocks that have a word of their own.
const WORDS: [(&str, Clock); 11] = [
    ("timestamptz", Clock::Timestamptz),
    ("timestamp", Clock::Timestamp),
    ("date", Clock::Date),
    ("uuidv7", Clock::UuidV7),
    ("epoch-s", Clock::Epoch(Unit::Second)),
    ("epoch-ms", Clock::Epoch(Unit::Milli)),
    ("epoch-us", Clock::Epoch(Unit::Micro)),
    ("twitter", Clock::Snowflake { epoch_ms: 1_288_834_974_657, shift: 22 }),
    ("discord", Clock::Snowflake { epoch_ms: 1_420_070_400_000, shift: 22 }),
    ("mastodon", Clock::Snowflake { epoch_ms: 0, shift: 16 }),
    ("instagram", Clock::Snowflake { epoch_ms: 1_314_220_021_721, shift: 23 }),
];

/// The most bits below a snowflake's time: with more, it would have no room for half a century.
const MAX_SHIFT: u32 = 32;
/// The first and the last instant that any clock may tell: what chrono and PostgreSQL have in common, with room.
const FIRST_YEAR: i32 = 1_000;
const END_YEAR: i32 = 9_000;
/// No id that tells its time is older. A random one is, or lies in the future, but for one in three hundred.
const FIRST_ID_YEAR: i32 = 2_000;

impl Clock {
    /// Those that may be told from a sample of a `bigint` column.
    pub const OF_NUMBERS: [Self; 7] =
        [WORDS[4].1, WORDS[5].1, WORDS[6].1, WORDS[7].1, WORDS[8].1, WORDS[9].1, WORDS[10].1];

    /// The clock of a column whose type is a time, as `format_type` prints it.
    pub fn of_time_type(type_sql: &str) -> Option<Self> {
        let times = [
            (Self::Timestamptz, "timestamp", " with time zone"),
            (Self::Timestamp, "timestamp", " without time zone"),
            (Self::Date, "date", ""),
        ];
        times.into_iter().find_map(|(clock, head, tail)| {
            let precision = type_sql.strip_prefix(head)?.strip_suffix(tail)?;
            let digit = precision.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
            (precision.is_empty() || digit.is_some_and(|d| d.parse::<u8>().is_ok())).then_some(clock)
        })
    }

    /// Whether a column of this type can be read by it.
    pub fn fits(self, type_sql: &str) -> bool {
        match self {
            Self::Timestamptz | Self::Timestamp | Self::Date => Self::of_time_type(type_sql) == Some(self),
            Self::UuidV7 | Self::Snowflake { .. } | Self::Epoch(_) => self.type_name() == type_sql,
        }
    }

    /// Whether a type may hold ids that tell their time.
    pub fn may_be_id(type_sql: &str) -> bool {
        type_sql == Self::UuidV7.type_name() || type_sql == Self::Epoch(Unit::Second).type_name()
    }

    /// The column's type, as a cast has it.
    pub fn type_name(self) -> &'static str {
        match self {
            Self::Timestamptz => "timestamptz",
            Self::Timestamp => "timestamp",
            Self::Date => "date",
            Self::UuidV7 => "uuid",
            Self::Snowflake { .. } | Self::Epoch(_) => "bigint",
        }
    }

    /// Whether its values are ids, whose claim to tell the time needs a proof.
    pub fn is_id(self) -> bool {
        match self {
            Self::Timestamptz | Self::Timestamp | Self::Date => false,
            Self::UuidV7 | Self::Snowflake { .. } | Self::Epoch(_) => true,
        }
    }

    /// Whether it shows a wall's time, which is in no zone.
    pub fn is_wall(self) -> bool {
        matches!(self, Self::Timestamp | Self::Date)
    }

    /// The lowest value of the column at `time` as a literal, which SQL reads alike whatever the session's settings.
    pub fn bound(self, time: DateTime<Utc>) -> String {
        literal(&self.value(time))
    }

    /// The same as bare text; an end of the type's range where it cannot reach the time.
    pub fn value(self, time: DateTime<Utc>) -> String {
        match self {
            Self::Timestamptz => time.to_rfc3339_opts(SecondsFormat::Micros, false).replace('T', " "),
            Self::Timestamp => time.format("%Y-%m-%d %H:%M:%S%.6f").to_string(),
            Self::Date => time.format("%Y-%m-%d").to_string(),
            Self::UuidV7 => {
                let ms = u64::try_from(time.timestamp_millis()).unwrap_or(0).min(MAX_UUID_MS);
                Uuid::from_u128(u128::from(ms) << 80).to_string()
            }
            Self::Snowflake { .. } | Self::Epoch(_) => self.number(time).clamp(MIN, MAX).to_string(),
        }
    }

    /// Bounds as one SQL array.
    pub fn bounds(self, times: impl IntoIterator<Item = DateTime<Utc>>) -> String {
        let times: Vec<_> = times.into_iter().map(|time| self.bound(time)).collect();
        format!("ARRAY[{}]::{}[]", times.join(", "), self.type_name())
    }

    /// Whether the column has a value for every time in `period`.
    pub fn reaches(self, period: Period) -> bool {
        match self {
            Self::Timestamptz | Self::Timestamp | Self::Date | Self::UuidV7 => true,
            Self::Snowflake { .. } | Self::Epoch(_) => {
                (MIN..=MAX).contains(&self.number(period.lower)) && self.number(period.upper) <= MAX
            }
        }
    }

    /// The number that a `bigint` column holds at `time`.
    fn number(self, time: DateTime<Utc>) -> i128 {
        match self {
            Self::Snowflake { epoch_ms, shift } => {
                (i128::from(time.timestamp_millis()) - i128::from(epoch_ms)) << shift
            }
            Self::Epoch(unit) => {
                let micros =
                    i128::from(time.timestamp()) * 1_000_000 + i128::from(time.timestamp_subsec_micros());
                micros.div_euclid(1_000_000 / i128::from(unit.per_second()))
            }
            Self::Timestamptz | Self::Timestamp | Self::Date | Self::UuidV7 => 0,
        }
    }

    /// The time of an id; `None` where this clock cannot have given it out.
    pub fn time_of(self, id: Id) -> Option<DateTime<Utc>> {
        match (self, id) {
            (Self::UuidV7, Id::Uuid(uuid)) => {
                let is_v7 = uuid.get_version_num() == 7 && uuid.get_variant() == Variant::RFC4122;
                let ms = i64::try_from(uuid.as_u128() >> 80).ok()?;
                DateTime::from_timestamp_millis(ms).filter(|_| is_v7)
            }
            (Self::Snowflake { epoch_ms, shift }, Id::Number(id)) => {
                DateTime::from_timestamp_millis((id >> shift).checked_add(epoch_ms)?)
            }
            (Self::Epoch(unit), Id::Number(id)) => match unit {
                Unit::Second => DateTime::from_timestamp(id, 0),
                Unit::Milli => DateTime::from_timestamp_millis(id),
                Unit::Micro => DateTime::from_timestamp_micros(id),
            },
            (
                Self::Timestamptz
                | Self::Timestamp
                | Self::Date
                | Self::UuidV7
                | Self::Snowflake { .. }
                | Self::Epoch(_),
                Id::Uuid(_) | Id::Number(_),
            ) => None,
        }
    }

    /// The times that are believed: a calendar's for times; for ids none before 2000, before an hour after their own epoch
    /// (where the ids of a plain sequence lie) or more than a day after `now`.
    pub fn plausible(self, now: DateTime<Utc>) -> Period {
        let year = |year| Utc.with_ymd_and_hms(year, 1, 1, 0, 0, 0).single().unwrap_or_default();
        if !self.is_id() {
            return Period { lower: year(FIRST_YEAR), upper: year(END_YEAR) };
        }
        let epoch = match self {
            Self::Snowflake { epoch_ms, .. } => DateTime::from_timestamp_millis(epoch_ms),
            Self::Timestamptz | Self::Timestamp | Self::Date | Self::UuidV7 | Self::Epoch(_) => None,
        };
        let begun = epoch.and_then(|epoch| epoch.checked_add_signed(TimeDelta::hours(1)));
        let upper = now.checked_add_days(Days::new(1)).unwrap_or(now);
        Period { lower: begun.unwrap_or_default().max(year(FIRST_ID_YEAR)), upper }
    }

    /// The time of a column or an expression, as a `timestamptz`.
    pub fn time_sql(self, value: &str) -> String {
        match self {
            Self::Timestamptz => value.to_owned(),
            Self::Timestamp => format!("({value} AT TIME ZONE 'UTC')"),
            Self::Date => format!("({value}::timestamp AT TIME ZONE 'UTC')"),
            Self::UuidV7 => {
                format!(
                    "to_timestamp(('x' || translate(left({value}::text, 13), '-', ''))::bit(48)::bigint / 1000.0)"
                )
            }
            Self::Snowflake { epoch_ms, shift } => {
                format!("to_timestamp((({value} >> {shift}) + {epoch_ms}) / 1000.0)")
            }
            Self::Epoch(unit) => format!("to_timestamp({value} / {}.0)", unit.per_second()),
        }
    }

    /// The lowest (`min`) or highest (`max`) value that fulfils `condition`: uuid has neither aggregate.
    pub fn extreme_sql(self, aggregate: &str, value: &str, condition: &str) -> String {
        match self {
            Self::UuidV7 => {
                format!("(({aggregate}({value}::text COLLATE \"C\") FILTER (WHERE {condition}))::uuid)")
            }
            Self::Timestamptz | Self::Timestamp | Self::Date | Self::Snowflake { .. } | Self::Epoch(_) => {
                format!("({aggregate}({value}) FILTER (WHERE {condition}))")
            }
        }
    }

    /// That a column's value lies in `period`.
    pub fn within(self, value: &str, period: Period) -> String {
        format!("({value} >= {} AND {value} < {})", self.bound(period.lower), self.bound(period.upper))
    }

    /// That a value is one that this clock can have given out up to `now`.
    pub fn believed_sql(self, by: &Ident, now: DateTime<Utc>) -> String {
        let within = self.within(&by.to_string(), self.plausible(now));
        match self {
            Self::UuidV7 => format!("({} = 7 AND {within})", version_sql(by)),
            Self::Timestamptz | Self::Timestamp | Self::Date | Self::Snowflake { .. } | Self::Epoch(_) => {
                within
            }
        }
    }
}

/// The version of a uuid of the usual variant, −1 of any other.
pub fn version_sql(by: &Ident) -> String {
    format!(
        "(CASE get_byte(uuid_send({by}), 8) >> 6 WHEN 2 THEN get_byte(uuid_send({by}), 6) >> 4 ELSE -1 END)"
    )
}

const MAX_UUID_MS: u64 = (1 << 48) - 1;
const MIN: i128 = i64::MIN as i128;
const MAX: i128 = i64::MAX as i128;

impl fmt::Display for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some((word, _)) = WORDS.into_iter().find(|(_, clock)| clock == self) {
            return f.write_str(word);
        }
        match self {
            Self::Snowflake { epoch_ms, shift } => write!(f, "snowflake:{epoch_ms}:{shift}"),
            Self::Timestamptz | Self::Timestamp | Self::Date | Self::UuidV7 | Self::Epoch(_) => Ok(()),
        }
    }
}

impl From<Clock> for String {
    fn from(clock: Clock) -> Self {
        clock.to_string()
    }
}

impl TryFrom<String> for Clock {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl FromStr for Clock {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some((_, clock)) = WORDS.into_iter().find(|(word, _)| *word == text) {
            return Ok(clock);
        }
        let snowflake = || {
            let (epoch, shift) = text.strip_prefix("snowflake:")?.split_once(':')?;
            let (epoch_ms, shift) = (epoch.parse().ok()?, shift.parse().ok()?);
            let of_our_time = Self::Epoch(Unit::Milli).time_of(Id::Number(epoch_ms)).is_some_and(|epoch| {
                let time = Self::Timestamptz.plausible(epoch);
                time.contains(epoch)
            });
            (of_our_time && shift <= MAX_SHIFT).then_some(Self::Snowflake { epoch_ms, shift })
        };
        snowflake().ok_or_else(|| {
            let words: Vec<_> = WORDS.into_iter().map(|(word, _)| word).collect();
            format!(
                "{text:?} is no clock; use one of {}, or snowflake:EPOCH_MS:SHIFT with a shift of at most {MAX_SHIFT}",
                words.join(", ")
            )
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(y: i32, m: u32, d: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(y, m, d, 0, 0, 0).unwrap()
    }

    fn clock(word: &str) -> Clock {
        word.parse().unwrap()
    }

    #[test]
    fn bounds_are_values_of_the_column() {
        for (word, bound) in [
            ("timestamptz", "'2024-01-01 00:00:00.000000+00:00'"),
            ("timestamp", "'2024-01-01 00:00:00.000000'"),
            ("date", "'2024-01-01'"),
            ("uuidv7", "'018cc251-f400-0000-0000-000000000000'"),
            ("epoch-s", "'1704067200'"),
            ("epoch-ms", "'1704067200000'"),
            ("epoch-us", "'1704067200000000'"),
            ("twitter", "'1741610183685046272'"),
            ("discord", "'1191168914227200000'"),
            ("mastodon", "'111677748019200000'"),
            ("snowflake:1704067199000:10", "'1024000'"),
        ] {
            assert_eq!(clock(word).bound(at(2024, 1, 1)), bound, "{word}");
        }
        assert_eq!(clock("epoch-s").bounds([at(1970, 1, 1)]), "ARRAY['0']::bigint[]");
        assert_eq!(clock("twitter").bound(at(1970, 1, 1)), "'-5405765689543753728'");
    }

    #[test]
    fn words_are_read_and_written() {
        for (word, clock) in WORDS {
            assert_eq!((word.parse(), clock.to_string().as_str()), (Ok(clock), word));
        }
        assert_eq!(clock("snowflake:1288834974657:22"), clock("twitter"));
        assert_eq!(clock("snowflake:5:22").to_string(), "snowflake:5:22");
        assert_eq!(serde_json::to_string(&clock("discord")).unwrap(), "\"discord\"");
        for word in [
            "",
            "v7",
            "snowflake",
            "snowflake:1",
            "snowflake:1:33",
            "snowflake:x:1",
            "snowflake:9223372036854775807:1",
        ] {
            let error = word.parse::<Clock>().unwrap_err();
            assert!(error.contains("mastodon"), "{error}");
        }
    }

    #[test]
    fn types_are_told_apart() {
        let of = Clock::of_time_type;
        assert_eq!(of("timestamp with time zone"), Some(Clock::Timestamptz));
        assert_eq!(of("timestamp(3) with time zone"), Some(Clock::Timestamptz));
        assert_eq!(of("timestamp(0) without time zone"), Some(Clock::Timestamp));
        assert_eq!(of("date"), Some(Clock::Date));
        for other in
            ["time without time zone", "date[]", "timestamp(3) with time zone[]", "uuid", "public.date"]
        {
            assert_eq!(of(other), None, "{other}");
        }
        assert!(clock("uuidv7").fits("uuid") && clock("twitter").fits("bigint"));
        assert!(!clock("uuidv7").fits("bigint") && !clock("epoch-s").fits("integer"));
    }

    #[test]
    fn only_what_a_clock_can_have_given_out_has_a_time() {
        let v7 = Id::Uuid("018cc251-f400-7abc-8def-000000000001".parse().unwrap());
        let v4 = Id::Uuid("018cc251-f400-4abc-8def-000000000001".parse().unwrap());
        let odd = Id::Uuid("018cc251-f400-7abc-cdef-000000000001".parse().unwrap());
        assert_eq!(clock("uuidv7").time_of(v7), Some(at(2024, 1, 1)));
        assert_eq!((clock("uuidv7").time_of(v4), clock("uuidv7").time_of(odd)), (None, None));
        assert_eq!(clock("twitter").time_of(v7), None);
        assert_eq!("-5".parse(), Ok(Id::Number(-5)));
        assert!("x".parse::<Id>().is_err());
        // A plain sequence lies before every clock's time.
        let now = at(2026, 1, 1);
        for clock in Clock::OF_NUMBERS {
            let time = clock.time_of(Id::Number(100_000_000)).unwrap();
            assert!(!clock.plausible(now).contains(time), "{clock}: {time}");
        }
        assert_eq!(clock("date").plausible(now), Period { lower: at(1000, 1, 1), upper: at(9000, 1, 1) });
    }

    #[test]
    fn a_clock_ends_with_its_type() {
        let year = |year| Period { lower: at(year, 1, 1), upper: at(year + 1, 1, 1) };
        assert!(clock("instagram").reaches(year(2044)) && !clock("instagram").reaches(year(2046)));
        assert!(clock("epoch-us").reaches(year(8999)) && clock("uuidv7").reaches(year(8999)));
    }

    proptest! {
        /// A period holds exactly the ids whose time it holds.
        #[test]
        fn an_id_lies_where_its_time_does(ms in 946_684_800_000_i64..2_000_000_000_000, low in 0_u32..u32::MAX) {
            let time = DateTime::from_timestamp_millis(ms).unwrap();
            let period = crate::model::period::Every::Month.period_of(time).unwrap();
            for clock in Clock::OF_NUMBERS {
                let value = |time| clock.value(time).parse::<i64>().unwrap();
                let (lower, upper) = (value(period.lower), value(period.upper));
                let id = value(time);
                let id = match clock {
                    Clock::Snowflake { shift, .. } => id | i64::from(low & ((1 << shift) - 1)),
                    Clock::Timestamptz | Clock::Timestamp | Clock::Date | Clock::UuidV7 | Clock::Epoch(_) => id,
                };
                prop_assert!(lower <= id && id < upper);
                let told = clock.time_of(Id::Number(id)).unwrap();
                prop_assert_eq!(told.timestamp(), time.timestamp());
                prop_assert!(period.contains(told));
                prop_assert!(!period.contains(clock.time_of(Id::Number(lower - 1)).unwrap()));
                prop_assert!(!period.contains(clock.time_of(Id::Number(upper)).unwrap()));
            }
        }
    }
}
