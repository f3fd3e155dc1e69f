//! Ids that are to tell the time: whether their clock can be told, and whether what was looked at goes by it.

use super::{Case, Check, Hit, refuse, warn};
use crate::model::{clock::Clock, sample::Sample, table::Column};

/// The number of ids that are not what their clock says, which the census finds too.
pub const UNBELIEVED: &str = "QD-038";
/// What to do about them.
pub const BELIEVE_NOT: &str = "partition by a column of times instead, with --by; or name the right clock with --clock; or correct those rows";

pub(super) const CHECKS: &[Check] = &[
    refuse(UNBELIEVED, BELIEVE_NOT, unbelieved),
    refuse(
        "QD-039",
        "name the clock of these ids with --clock, or partition by a column of times, with --by",
        untold,
    ),
    warn(
        "QD-049",
        "rows lie in the period that their id tells: look for ids that were made long before or after their rows",
        disagreeing,
    ),
];

impl<'a> Case<'a> {
    /// How a column tells the time: as its type says, as the operator says, or as its ids show; `Err` says why that cannot
    /// be told.
    pub fn clock(&self, by: &Column) -> Result<Clock, String> {
        if let Some(clock) = self.request.clock.or_else(|| Clock::of_time_type(&by.type_sql)) {
            return Ok(clock);
        }
        let sample = self.sample(by).ok_or("its rows could not be looked at")?;
        sample.recognise(self.around.now)
    }

    fn sample(&self, by: &Column) -> Option<&'a Sample> {
        self.around.sample.as_ref().filter(|sample| sample.column == by.name)
    }

    /// The ids of the partition column and their clock.
    fn ids(&self) -> Option<(&'a Sample, Clock)> {
        let by = self.by()?;
        let clock = self.clock(by).ok().filter(|clock| clock.is_id())?;
        Some((self.sample(by)?, clock))
    }

    fn about_by(&self, reason: Option<String>) -> Vec<Hit> {
        let object = self.by().map(|by| format!("{}.{}", self.name(), by.name.as_str()));
        object.zip(reason).into_iter().collect()
    }
}

fn unbelieved(case: &Case<'_>) -> Vec<Hit> {
    case.about_by(case.ids().and_then(|(sample, clock)| sample.against(clock, case.around.now)))
}

fn untold(case: &Case<'_>) -> Vec<Hit> {
    case.about_by(case.by().and_then(|by| case.clock(by).err()))
}

fn disagreeing(case: &Case<'_>) -> Vec<Hit> {
    let calendar = case.calendar();
    case.about_by(case.ids().and_then(|(sample, clock)| sample.disagreement(clock, calendar)))
}
