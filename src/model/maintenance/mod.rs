//! What is due on a partitioned table, by its facts and by what is to be kept: partitions to make, rows to move out of
//! DEFAULT, partitions whose time is over. Each task leaves the table whole; none remembers another, so what a run that
//! died has left undone is due again.

mod age;
mod manifest;
mod mark;
mod words;

use std::str::FromStr;

use serde::{Deserialize, Serialize};

pub use age::Age;
pub use manifest::{Content, Manifest};
pub use mark::{Fate, Mark};
pub use words::{bare, list, moved, rows};

use crate::model::{
    calendar::Calendar,
    clock::Clock,
    health::{Cover, Facts, Part, Strays},
    ident::QualifiedName,
    leaves::MAX_LEAVES,
    period::{Every, Period},
};

/// What is to be kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Whole periods kept ready after the one of now.
    pub premake: u32,
    /// Partitions that end before so long ago have had their time.
    pub retain: Option<Age>,
    /// What becomes of them.
    pub on_expiry: OnExpiry,
}

/// What becomes of a partition whose time is over.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OnExpiry {
    /// It stays as a table of its own.
    #[default]
    Detach,
    /// It is dropped.
    Drop,
    /// It is written into a file, which is read back, and dropped.
    Archive,
}

impl OnExpiry {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Detach, Self::Drop, Self::Archive];

    /// As it is typed.
    pub fn word(self) -> &'static str {
        match self {
            Self::Detach => "detach",
            Self::Drop => "drop",
            Self::Archive => "archive",
        }
    }

    /// What is done to a partition.
    pub fn order(self) -> &'static str {
        match self {
            Self::Detach => "detach",
            Self::Drop => "detach and drop",
            Self::Archive => "archive and drop",
        }
    }

    /// What became of a partition.
    pub fn past(self) -> &'static str {
        match self {
            Self::Detach => "detached",
            Self::Drop => "dropped",
            Self::Archive => "archived and dropped",
        }
    }
}

impl FromStr for OnExpiry {
    type Err = String;

    fn from_str(word: &str) -> Result<Self, String> {
        Self::ALL.into_iter().find(|one| one.word() == word).ok_or_else(|| format!("{word:?} is no fate"))
    }
}

/// How the table is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cut {
    /// How its column tells the time.
    pub clock: Clock,
    /// Its periods.
    pub calendar: Calendar,
}

/// A partition that is to be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewPart {
    /// Its name.
    pub name: QualifiedName,
    /// Its range.
    pub period: Period,
    /// The same as SQL: where it begins or ends with another partition, that one's own words.
    pub bounds: [String; 2],
}

/// One thing that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// A DETACH … CONCURRENTLY was interrupted.
    Finalize(QualifiedName),
    /// Rows lie in DEFAULT: so many go into each of these partitions.
    Move(Vec<(NewPart, i64)>),
    /// A partition is made ahead.
    Make(NewPart),
    /// A partition has had its time.
    Expire(QualifiedName),
    /// An expired partition was detached, and waits for what was to become of it.
    Settle(QualifiedName),
}

/// The table cannot be maintained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// Its ranges are no times.
    NoTimes,
    /// Its partitions have no common period.
    NoPeriod,
    /// Its newest partition does not begin with a period.
    OffCalendar(Calendar),
    /// There would be more than [`MAX_LEAVES`] partitions.
    TooMany,
    /// Every partition has had its time: rather the clock is another one.
    AllExpired,
}

/// What a table is cut by: what somebody says, else what its partitions show.
///
/// The newest partition that is a whole period tells where periods begin; where somebody says their length, one end of the
/// newest partition of all must be where one begins.
pub fn cut(facts: &Facts, said: Option<Calendar>) -> Result<Cut, Unfit> {
    let cover = Cover::of(facts);
    let clock = facts.table.clock.filter(|_| facts.table.strategy == "range").ok_or(Unfit::NoTimes)?;
    let calendar = said.or(cover.calendar).ok_or(Unfit::NoPeriod)?;
    let ends = cover.ranges.iter().rev().filter_map(|(_, range)| range.from.zip(range.to));
    let begins = |time| calendar.period_of(time).is_some_and(|period| period.lower == time);
    let told_by = ends.clone().find(|(from, to)| Every::like(*from, *to) == Some(calendar.every));
    match told_by.or(ends.clone().next()) {
        Some((from, to)) if !begins(from) && !begins(to) => Err(Unfit::OffCalendar(calendar)),
        _ => Ok(Cut { clock, calendar }),
    }
}

/// All that is due, in the order in which it is done. `settle` are expired partitions whose fate may come.
pub fn due(facts: &Facts, cut: Cut, keep: &Keep, settle: &[QualifiedName]) -> Result<Vec<Task>, Unfit> {
    let detaching = facts.parts.iter().filter(|part| part.own && part.detaching);
    let mut tasks: Vec<Task> = detaching.map(|part| Task::Finalize(part.name.clone())).collect();
    let moved: Vec<(NewPart, i64)> = strays(facts, cut);
    let ahead = ahead(facts, cut, keep.premake);
    let made = ahead.into_iter().filter(|part| !moved.iter().any(|(other, _)| other.period == part.period));
    let made: Vec<_> = made.map(Task::Make).collect();
    if facts.parts.len() + made.len() > MAX_LEAVES {
        return Err(Unfit::TooMany);
    }
    // Rows that move into what has had its time go with it.
    let before = keep.retain.and_then(|age| age.before(facts.table.now));
    let gone = moved.iter().filter(|(part, _)| before.is_some_and(|before| part.period.upper <= before));
    let gone: Vec<_> = gone.map(|(part, _)| Task::Expire(part.name.clone())).collect();
    if !moved.is_empty() {
        tasks.push(Task::Move(moved));
    }
    tasks.extend(made);
    let expired: Vec<_> = expired(facts, keep).collect();
    if !expired.is_empty() && expired.len() == Cover::of(facts).ranges.len() {
        return Err(Unfit::AllExpired);
    }
    tasks.extend(expired.iter().map(|part| Task::Expire(part.name.clone())));
    tasks.extend(gone);
    tasks.extend(settle.iter().cloned().map(Task::Settle));
    Ok(tasks)
}

/// Ranges without a partition from the period of now on.
fn ahead(facts: &Facts, cut: Cut, premake: u32) -> Vec<NewPart> {
    let now = cut.calendar.period_of(facts.table.now);
    let periods = std::iter::successors(now, |period| cut.calendar.next(*period));
    let wanted = periods.take(premake as usize + 1).filter(|period| cut.clock.reaches(*period));
    wanted.flat_map(|period| holes(facts, period)).map(|period| new_part(facts, cut, period)).collect()
}

/// What of a period belongs to no partition.
fn holes(facts: &Facts, period: Period) -> Vec<Period> {
    let mut holes = Vec::new();
    let mut from = period.lower;
    // In the order of their bounds; one without an end reaches beyond the period.
    for (_, range) in Cover::of(facts).ranges {
        let lower = range.from.unwrap_or(period.lower).clamp(period.lower, period.upper);
        let upper = range.to.unwrap_or(period.upper).clamp(period.lower, period.upper);
        if from < lower {
            holes.push(Period { lower: from, upper: lower });
        }
        from = from.max(upper);
    }
    if from < period.upper {
        holes.push(Period { lower: from, upper: period.upper });
    }
    holes
}

fn new_part(facts: &Facts, cut: Cut, period: Period) -> NewPart {
    let table = &facts.table.name;
    let usual = cut.calendar.leaf_name(&table.name, period);
    // A piece of a period is not taken for the whole.
    let is_whole = cut.calendar.period_of(period.lower) == Some(period);
    let name = if is_whole { usual } else { usual.with_suffix("_part") };
    let ranges = Cover::of(facts).ranges;
    let from =
        ranges.iter().find(|(_, range)| range.to == Some(period.lower)).map(|(_, range)| range.upper.clone());
    let to = ranges
        .iter()
        .find(|(_, range)| range.from == Some(period.upper))
        .map(|(_, range)| range.lower.clone());
    let bounds = [
        from.unwrap_or_else(|| cut.clock.bound(period.lower)),
        to.unwrap_or_else(|| cut.clock.bound(period.upper)),
    ];
    NewPart { name: table.sibling(name), period, bounds }
}

impl NewPart {
    /// That a column's value lies in it.
    pub fn within(&self, by: &str) -> String {
        let [from, to] = &self.bounds;
        format!("({by} >= {from} AND {by} < {to})")
    }
}

/// The rows of DEFAULT by the partition they go to; times that are in no period stay.
fn strays(facts: &Facts, cut: Cut) -> Vec<(NewPart, i64)> {
    let Strays::Counted(periods) = &facts.strays else { return Vec::new() };
    let counted = periods.iter().filter_map(|(time, rows)| Some((cut.calendar.period_of((*time)?)?, *rows)));
    let mut moves: Vec<(NewPart, i64)> = Vec::new();
    for (period, rows) in counted.filter(|(period, _)| cut.clock.reaches(*period)) {
        // Where the period is in several pieces, each takes what is its own; none is counted apart.
        for hole in holes(facts, period) {
            match moves.iter_mut().find(|(part, _)| part.period == hole) {
                Some((_, known)) => *known += rows,
                None => moves.push((new_part(facts, cut, hole), rows)),
            }
        }
    }
    moves
}

/// Partitions that have had their time, the oldest first.
fn expired<'a>(facts: &'a Facts, keep: &Keep) -> impl Iterator<Item = &'a Part> {
    let before = keep.retain.and_then(|age| age.before(facts.table.now));
    let ended = Cover::of(facts).ranges.into_iter();
    ended
        .filter(move |(_, range)| range.to.zip(before).is_some_and(|(to, before)| to <= before))
        .map(|(part, _)| part)
}

/// Rows that stay in DEFAULT, as their times are in no period.
pub fn of_no_period(facts: &Facts, cut: Cut) -> i64 {
    let Strays::Counted(periods) = &facts.strays else { return 0 };
    let stays = |time: Option<_>| time.and_then(|time| cut.calendar.period_of(time)).is_none();
    periods.iter().filter(|(time, _)| stays(*time)).map(|(_, rows)| rows).sum()
}
