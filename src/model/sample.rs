//! Ids looked at: what clock they go by, and what speaks against one. Pure; rows are read by `pg::catalog`.
//!
//! A sample is evidence for the plan. The census, which sees every row, gives the proof.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{
    calendar::Calendar,
    clock::{Clock, Id},
    figures::{self, count},
    ident::Ident,
    period::Period,
};

/// Ids of one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sample {
    /// The column.
    pub column: Ident,
    /// Ids of rows at the beginning of the heap, at its end and between, each with its row's time in `beside`.
    pub rows: Vec<(Id, Option<DateTime<Utc>>)>,
    /// The lowest and the highest id, where an index tells.
    pub ends: Option<(Id, Id)>,
    /// A column of times beside the ids.
    pub beside: Option<Ident>,
}

/// What was found of the ids of a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// All.
    pub rows: i64,
    /// Those that are believed.
    pub believed: i64,
    /// UUIDs of version 4.
    pub version_4: i64,
    /// Other UUIDs that are not of version 7.
    pub other_version: i64,
    /// Those whose time is too early to be believed.
    pub early: i64,
    /// Those whose time lies in the future.
    pub late: i64,
    /// The first and the last time that is believed.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
}

impl Tally {
    /// What speaks against the clock, in one sentence; `None` where nothing does.
    pub fn against(&self, clock: Clock, now: DateTime<Utc>) -> Option<String> {
        if self.believed == self.rows {
            return None;
        }
        let Period { lower, upper } = clock.plausible(now);
        let sequence = if clock == Clock::UuidV7 { "" } else { ", as those of a plain sequence do" };
        let kinds = [
            (self.version_4, "are UUIDs of version 4, which are random".to_owned()),
            (self.other_version, "are no UUIDs of version 7".to_owned()),
            (self.early, format!("tell a time before {}{sequence}", figure(lower))),
            (self.late, format!("tell a time after {}", figure(upper))),
        ];
        let found: Vec<_> = kinds
            .into_iter()
            .filter(|(rows, _)| *rows > 0)
            .map(|(rows, words)| format!("{} {words}", self.share(rows)))
            .collect();
        let others = self.span.map(|(first, last)| {
            format!("; the other {} go from {} to {}", self.share(self.believed), figure(first), figure(last))
        });
        Some(format!(
            "of {} ids read by the clock {clock}, {}{}",
            count(self.rows),
            found.join(", "),
            others.unwrap_or_else(|| "; none of them tells a time that can be believed".into())
        ))
    }

    /// `1,200 (60 %)`.
    fn share(&self, rows: i64) -> String {
        let percent = rows.saturating_mul(100) / self.rows.max(1);
        let percent = if percent == 0 { "< 1".to_owned() } else { percent.to_string() };
        format!("{} ({percent} %)", count(rows))
    }

    fn add(&mut self, id: Id, clock: Clock, believable: Period) {
        self.rows += 1;
        match clock.time_of(id) {
            Some(time) if time < believable.lower => self.early += 1,
            Some(time) if time >= believable.upper => self.late += 1,
            Some(time) => {
                self.believed += 1;
                let (first, last) = self.span.unwrap_or((time, time));
                self.span = Some((first.min(time), last.max(time)));
            }
            None => match id {
                Id::Uuid(uuid) if uuid.get_version_num() == 4 => self.version_4 += 1,
                Id::Uuid(_) => self.other_version += 1,
                // A number that no calendar holds.
                Id::Number(number) if number < 0 => self.early += 1,
                Id::Number(_) => self.late += 1,
            },
        }
    }
}

/// A time for people, to the second.
fn figure(time: DateTime<Utc>) -> String {
    time.format("%Y-%m-%d %H:%M:%S").to_string()
}

impl Sample {
    /// Which clock the ids go by, where that is beyond doubt; else why it is not.
    pub fn recognise(&self, now: DateTime<Utc>) -> Result<Clock, String> {
        match self.ids().next() {
            None => Err("there is no row to tell by".into()),
            Some(Id::Uuid(_)) => {
                self.tally(Clock::UuidV7, now).against(Clock::UuidV7, now).map_or(Ok(Clock::UuidV7), Err)
            }
            Some(Id::Number(_)) => self.of_numbers(now),
        }
    }

    /// What speaks against a clock.
    pub fn against(&self, clock: Clock, now: DateTime<Utc>) -> Option<String> {
        self.tally(clock, now).against(clock, now)
    }

    /// How far the ids' times lie from the times beside them, where that is more than a period for some.
    pub fn disagreement(&self, clock: Clock, calendar: Calendar) -> Option<String> {
        let beside = self.beside.as_ref()?;
        let off: Vec<_> = self
            .pairs(clock)
            .filter(|(told, time)| {
                let period = calendar.period_of(*told);
                period.is_some_and(|period| (*told - *time).abs() > period.upper - period.lower)
            })
            .collect();
        let (told, time) = off.iter().max_by_key(|(told, time)| (*told - *time).abs())?;
        Some(format!(
            "of {} rows looked at, {} have an id more than a {} away from their {}; the farthest tells {} where that is {}",
            count(figures::length(self.pairs(clock).count())),
            count(figures::length(off.len())),
            calendar.every,
            beside.as_str(),
            figure(*told),
            figure(*time),
        ))
    }

    /// The first and the last time that an id tells.
    pub fn span(&self, clock: Clock) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        let times = || self.ids().filter_map(|id| clock.time_of(id));
        times().min().zip(times().max())
    }

    /// Each id once: the ends may be among the rows.
    pub fn ids(&self) -> impl Iterator<Item = Id> {
        let ends = self.ends.into_iter().flat_map(|(lowest, highest)| [lowest, highest]);
        let unseen = ends.filter(|end| self.rows.iter().all(|(id, _)| id != end));
        self.rows.iter().map(|(id, _)| *id).chain(unseen)
    }

    fn tally(&self, clock: Clock, now: DateTime<Utc>) -> Tally {
        let mut tally = Tally::default();
        for id in self.ids() {
            tally.add(id, clock, clock.plausible(now));
        }
        tally
    }

    /// Times told by ids, each with the time beside it.
    fn pairs(&self, clock: Clock) -> impl Iterator<Item = (DateTime<Utc>, DateTime<Utc>)> {
        self.rows.iter().filter_map(move |(id, time)| clock.time_of(*id).zip(*time))
    }

    /// The only clock that all ids go by and that the times beside them bear out; without such times, the only one by
    /// which the newest row came within a week.
    fn of_numbers(&self, now: DateTime<Utc>) -> Result<Clock, String> {
        let possible: Vec<_> =
            Clock::OF_NUMBERS.into_iter().filter(|clock| self.against(*clock, now).is_none()).collect();
        let borne_out = |clock: &Clock| match self.beside {
            Some(_) => self.agrees(*clock),
            None => self.span(*clock).is_some_and(|(_, last)| now - last <= RECENT),
        };
        let fit: Vec<_> = possible.iter().copied().filter(borne_out).collect();
        match fit[..] {
            [clock] => Ok(clock),
            _ => Err(self.undecided(&possible, &fit)),
        }
    }

    /// Whether of ten ids nine lie near the times beside them, and follow each other as those do.
    fn agrees(&self, clock: Clock) -> bool {
        let mut pairs: Vec<_> = self.pairs(clock).collect();
        let near = pairs.iter().filter(|(told, time)| (*told - *time).abs() <= NEAR).count();
        pairs.sort_unstable_by_key(|(_, time)| *time);
        let far_back = |pair: &&[(DateTime<Utc>, DateTime<Utc>)]| pair[1].0 < pair[0].0 - NEAR;
        let astray = pairs.windows(2).filter(far_back).count();
        !pairs.is_empty() && near * 10 >= pairs.len() * 9 && astray * 10 <= pairs.len()
    }

    fn undecided(&self, possible: &[Clock], fit: &[Clock]) -> String {
        let numbers = || {
            self.ids().filter_map(|id| match id {
                Id::Number(number) => Some(number),
                Id::Uuid(_) => None,
            })
        };
        let (low, high) = (numbers().min().unwrap_or_default(), numbers().max().unwrap_or_default());
        let range = format!("its values go from {low} to {high}");
        if possible.is_empty() {
            return format!("{range}, which tell no time by any known clock: a plain sequence does not");
        }
        let words = |clocks: &[Clock]| {
            let each = |clock: &Clock| {
                let newest = self.span(*clock).map(|(_, last)| format!(" (newest {})", figure(last)));
                format!("{clock}{}", newest.unwrap_or_default())
            };
            clocks.iter().map(each).collect::<Vec<_>>().join(" or ")
        };
        let doubt = match (&self.beside, fit.is_empty()) {
            (_, false) => "more than one fits".to_owned(),
            (Some(beside), true) => format!("{} bears out none", beside.as_str()),
            (None, true) => "by none is the newest row of this week".to_owned(),
        };
        format!("{range}, which could be {}: {doubt}", words(if fit.is_empty() { possible } else { fit }))
    }
}

/// An id and its row's time are made at nearly one moment.
const NEAR: TimeDelta = TimeDelta::days(1);
/// A table in use has a row as new as this.
const RECENT: TimeDelta = TimeDelta::days(7);

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use uuid::Uuid;

    use super::*;
    use crate::model::period::Every;

    fn now() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 7, 1, 12, 0, 0).unwrap()
    }

    fn day(n: i64) -> DateTime<Utc> {
        now() - TimeDelta::days(n)
    }

    fn sample(rows: Vec<(Id, Option<DateTime<Utc>>)>) -> Sample {
        let beside = rows.iter().any(|(_, time)| time.is_some()).then(|| Ident::new("created_at"));
        Sample { column: Ident::new("id"), rows, ends: None, beside }
    }

    /// An id that `clock` gives out at a time.
    fn id(clock: Clock, time: DateTime<Utc>) -> Id {
        clock.value(time).parse().unwrap()
    }

    /// 200 days, the newest of them so many days ago.
    fn ids(clock: Clock, newest: i64) -> Vec<(Id, Option<DateTime<Utc>>)> {
        (0..200).map(|n| (id(clock, day(n + newest)), None)).collect()
    }

    fn with_times(clock: Clock, newest: i64) -> Vec<(Id, Option<DateTime<Utc>>)> {
        (0..200).map(|n| (id(clock, day(n + newest)), Some(day(n + newest)))).collect()
    }

    #[test]
    fn each_clock_is_recognised_by_its_newest_row() {
        for clock in Clock::OF_NUMBERS {
            assert_eq!(sample(ids(clock, 0)).recognise(now()), Ok(clock));
            assert_eq!(sample(with_times(clock, 2_000)).recognise(now()), Ok(clock), "old, with times");
        }
    }

    #[test]
    fn what_is_in_doubt_is_said() {
        let old = sample(ids(Clock::OF_NUMBERS[3], 1_000)).recognise(now()).unwrap_err();
        assert!(old.contains("could be twitter (newest 2023-"), "{old}");
        assert!(old.ends_with("by none is the newest row of this week"), "{old}");
        let sequence: Vec<_> = (1..=500).map(|n| (Id::Number(n), Some(day(500 - n)))).collect();
        let sequence = sample(sequence).recognise(now()).unwrap_err();
        assert!(sequence.starts_with("its values go from 1 to 500, which tell no time"), "{sequence}");
        let random: Vec<_> =
            (0..200).map(|n| (id(Clock::OF_NUMBERS[0], day(n)), Some(day(n * 37 % 200)))).collect();
        let random = sample(random).recognise(now()).unwrap_err();
        assert!(random.ends_with("created_at bears out none"), "{random}");
        assert_eq!(sample(vec![]).recognise(now()), Err("there is no row to tell by".into()));
    }

    #[test]
    fn random_uuids_are_counted_against() {
        let v7 = |n| {
            let Id::Uuid(uuid) = id(Clock::UuidV7, day(n)) else { panic!() };
            (Id::Uuid(Uuid::from_u128(uuid.as_u128() | 0x7000_8000_0000_0000_0000)), Some(day(n)))
        };
        let mut rows: Vec<_> = (0..150).map(v7).collect();
        assert_eq!(sample(rows.clone()).recognise(now()), Ok(Clock::UuidV7));
        rows.extend((0..50).map(|n| (Id::Uuid(Uuid::new_v4()), Some(day(n)))));
        let why = sample(rows).recognise(now()).unwrap_err();
        assert!(
            why.contains("of 200 ids read by the clock uuidv7, 50 (25 %) are UUIDs of version 4"),
            "{why}"
        );
        assert!(
            why.contains("the other 150 (75 %) go from 2026-02-02 12:00:00 to 2026-07-01 12:00:00"),
            "{why}"
        );
    }

    #[test]
    fn an_id_outside_of_belief_speaks_against_its_clock_wherever_it_stands() {
        let clock: Clock = "twitter".parse().unwrap();
        let mut sample = sample(ids(clock, 0));
        assert_eq!(sample.against(clock, now()), None);
        sample.ends = Some((sample.rows[9].0, sample.rows[0].0));
        assert_eq!(sample.ids().count(), 200, "each id once");
        sample.ends = Some((Id::Number(7), id(clock, day(-400))));
        let why = sample.against(clock, now()).unwrap();
        assert!(why.contains("1 (< 1 %) tell a time before 2010-11-04 02:42:54"), "{why}");
        assert!(why.contains("1 (< 1 %) tell a time after 2026-07-02 12:00:00"), "{why}");
    }

    #[test]
    fn times_beside_the_ids_are_compared_by_the_period() {
        let clock: Clock = "epoch-ms".parse().unwrap();
        let rows: Vec<_> = (0..200).map(|n| (id(clock, day(n)), Some(day(n + 2)))).collect();
        let sample = sample(rows);
        assert_eq!(sample.disagreement(clock, Every::Month.into()), None);
        let why = sample.disagreement(clock, Every::Day.into()).unwrap();
        assert!(
            why.contains("of 200 rows looked at, 200 have an id more than a day away from their created_at"),
            "{why}"
        );
    }
}
