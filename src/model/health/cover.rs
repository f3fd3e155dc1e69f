//! How far ahead partitions are there, and which are missing between them.

use chrono::{DateTime, TimeDelta, Utc};

use crate::model::{
    calendar::{Calendar, Zone},
    health::{Facts, Part, Range},
    ident::Ident,
    period::{Every, Period},
};

/// The partitions of one column's ranges, in their order.
#[derive(Debug)]
pub struct Cover<'a> {
    /// Each with its range.
    pub ranges: Vec<(&'a Part, &'a Range)>,
    /// The periods, by the length of the newest partition that has two ends.
    pub calendar: Option<Calendar>,
    /// The key is a time, or a UUID that tells one.
    pub is_timed: bool,
}

impl<'a> Cover<'a> {
    /// Of a table whose key is one column.
    pub fn of(facts: &'a Facts) -> Self {
        let own = facts.parts.iter().filter(|part| part.own && !part.detaching);
        let ranges: Vec<_> = own.filter_map(|part| Some((part, part.range.as_ref()?))).collect();
        let every = ranges.iter().rev().find_map(|(_, range)| Every::like(range.from?, range.to?));
        let calendar = every.map(|every| Calendar { every, zone: facts.table.zone });
        let is_timed = facts.table.clock.is_some() && !ranges.is_empty();
        Self { ranges, calendar, is_timed }
    }

    /// Ranges between two partitions that belong to none.
    pub fn gaps(&self) -> impl Iterator<Item = (&'a Range, &'a Range)> {
        let pairs = self.ranges.windows(2).map(|pair| (pair[0].1, pair[1].1));
        pairs.filter(|(before, after)| before.upper != after.lower).collect::<Vec<_>>().into_iter()
    }

    /// The time up to which every row finds a partition, from `now` on; `None` where not even `now` does, or where the
    /// ranges are no times.
    pub fn until(&self, now: DateTime<Utc>) -> Option<End> {
        if !self.is_timed {
            return None;
        }
        let holds =
            |range: &Range| range.from.is_none_or(|from| from <= now) && range.to.is_none_or(|to| now < to);
        let first = self.ranges.iter().position(|(_, range)| holds(range))?;
        let (mut end, mut ahead) = (self.ranges[first].1, 0);
        for (_, range) in &self.ranges[first + 1..] {
            if range.lower != end.upper {
                break;
            }
            (end, ahead) = (range, ahead + 1);
        }
        Some(End { upper: end.to, word: end.upper.clone(), ahead })
    }

    /// The period after `from`: the calendar's, where the partitions keep to it, else as long as the last one.
    pub fn next(&self, from: DateTime<Utc>) -> Option<Period> {
        let last = self.ranges.iter().rev().find_map(|(_, range)| Some(range.to? - range.from?));
        let upper = match self.calendar.map(|calendar| calendar.period_of(from)) {
            Some(Some(period)) if period.lower == from => period.upper,
            _ => from.checked_add_signed(last?)?,
        };
        Some(Period { lower: from, upper })
    }

    /// What a partition of a period would be called: after its calendar, or after its first day.
    pub fn name(&self, table: &Ident, period: Period) -> Ident {
        let whole = self.calendar.filter(|calendar| calendar.period_of(period.lower) == Some(period));
        let zone = self.calendar.map_or(Zone::UTC, |calendar| calendar.zone);
        whole.unwrap_or(Calendar { every: Every::Day, zone }).leaf_name(table, period)
    }
}

/// Where the cover ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The time; `None`: never.
    pub upper: Option<DateTime<Utc>>,
    /// The bound as PostgreSQL writes it.
    pub word: String,
    /// Whole partitions after the one that holds now.
    pub ahead: usize,
}

impl Every {
    /// The period whose length is nearest to that of a range.
    pub fn like(from: DateTime<Utc>, to: DateTime<Utc>) -> Option<Self> {
        let days = (to - from + TimeDelta::hours(12)).num_days();
        Some(match days {
            1 => Self::Day,
            7 => Self::Week,
            28..=31 => Self::Month,
            90..=92 => Self::Quarter,
            181..=184 => Self::HalfYear,
            365..=366 => Self::Year,
            _ => return None,
        })
    }
}

/// The unit by which stray rows are counted, as `date_trunc` knows it: no period of the calendar is shorter.
pub fn strays_by(calendar: Option<Calendar>) -> &'static str {
    match calendar.map(|calendar| calendar.every) {
        Some(Every::Day) => "day",
        Some(Every::Week) => "week",
        Some(Every::Month) => "month",
        Some(Every::Quarter | Every::HalfYear) => "quarter",
        Some(Every::Year) | None => "year",
    }
}
