//! The ids of one table: of what kinds they are, what times they tell, whether they follow time, how full their indexes are.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{
    clock::{Clock, Id},
    figures,
    ident::{Ident, QualifiedName},
    sample::Sample,
};

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdReport {
    /// The table.
    pub table: QualifiedName,
    /// The column, and its type.
    pub column: (Ident, String),
    /// Rows looked at, those of the lowest and the highest id among them.
    pub rows: usize,
    /// How many of them are of which kind, the most first.
    pub kinds: Vec<(String, usize)>,
    /// The clock they go by, or why none can be told.
    pub clock: Result<Clock, String>,
    /// The first and the last time that they tell by it.
    pub span: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// The column of times beside them, and the share of rows, in the order of those times, whose id is above that of the row before:
    /// all where ids follow time, half where they are random.
    pub follows: Option<(Ident, f64)>,
    /// Indexes that begin with the column, the largest first.
    pub indexes: Vec<IdIndex>,
}

/// An index that begins with the column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct IdIndex {
    /// Its name, as SQL.
    pub name: String,
    /// Its bytes.
    pub bytes: i64,
    /// Share of its leaf pages that is filled.
    pub density: Option<f64>,
    /// Share of its leaf pages that lie out of order; only pgstatindex tells.
    pub fragmented: Option<f64>,
    /// By pgstatindex; else reckoned from the number and the size of its entries.
    pub measured: bool,
}

impl IdReport {
    /// Judges a sample.
    pub fn of(table: QualifiedName, type_sql: &str, sample: &Sample, now: DateTime<Utc>) -> Self {
        let clock = sample.recognise(now);
        let span = clock.as_ref().ok().and_then(|clock| sample.span(*clock));
        let mut kinds: Vec<(String, usize)> = Vec::new();
        for id in sample.ids() {
            let kind = kind(id, clock.as_ref().ok());
            match kinds.iter_mut().find(|(known, _)| *known == kind) {
                Some((_, rows)) => *rows += 1,
                None => kinds.push((kind, 1)),
            }
        }
        kinds.sort_by_key(|(_, rows)| std::cmp::Reverse(*rows));
        Self {
            table,
            column: (sample.column.clone(), type_sql.to_owned()),
            rows: sample.ids().count(),
            kinds,
            clock,
            span,
            follows: sample.beside.clone().zip(follows(&sample.rows)),
            indexes: Vec::new(),
        }
    }

    /// The column as one names it, and its type.
    pub fn title(&self) -> String {
        let (column, type_sql) = &self.column;
        format!("{}.{}  {type_sql}", self.table.plain(), column.as_str())
    }

    /// What the rows looked at say, a sentence a line.
    pub fn lines(&self) -> Vec<String> {
        if self.rows == 0 {
            return vec!["there is no row to look at".into()];
        }
        let rows = figures::length(self.rows);
        let share = |n: usize| figures::percent(figures::share(figures::length(n), rows));
        let kinds: Vec<_> = self.kinds.iter().map(|(kind, n)| format!("{} {kind}", share(*n))).collect();
        let mut lines = vec![format!("of {} rows looked at: {}", figures::count(rows), kinds.join(", "))];
        let time = |time: DateTime<Utc>| time.format("%Y-%m-%d %H:%M:%S").to_string();
        lines.push(match (&self.clock, self.span) {
            (Ok(clock), Some((first, last))) => {
                format!("they tell their time ({clock}): from {} to {} UTC", time(first), time(last))
            }
            (Ok(clock), None) => format!("they tell their time ({clock})"),
            (Err(why), _) => format!("they tell no time: {why}"),
        });
        if let Some((beside, share)) = &self.follows {
            let words = match share {
                share if *share > 0.95 => "they follow it",
                share if *share > 0.6 => "they follow it roughly",
                _ => "they are in no order",
            };
            lines.push(format!(
                "in the order of {}, {} of the ids are above the one before: {words}",
                beside.as_str(),
                figures::percent(*share)
            ));
        }
        lines
    }

    /// Its indexes, a line each.
    pub fn of_indexes(&self) -> Vec<String> {
        if self.rows == 0 {
            return Vec::new();
        }
        if self.indexes.is_empty() {
            return vec!["no index begins with the column".into()];
        }
        self.indexes.iter().map(IdIndex::line).collect()
    }
}

impl IdIndex {
    fn line(&self) -> String {
        let how = if self.measured { "measured" } else { "reckoned from its entries" };
        let density = self.density.map_or_else(
            || "how full its leaf pages are is not known".into(),
            |share| format!("leaf pages {} full, {how}", figures::percent(share.min(1.0))),
        );
        let apart = self
            .fragmented
            .map_or_else(String::new, |share| format!("; {} of them out of order", figures::percent(share)));
        format!("{}  {}  {density}{apart}", self.name, figures::bytes(self.bytes))
    }
}

fn kind(id: Id, clock: Option<&Clock>) -> String {
    match (id, clock) {
        (Id::Uuid(uuid), _) => format!("UUID v{}", uuid.get_version_num()),
        (Id::Number(_), Some(clock)) => format!("bigint, {clock}"),
        (Id::Number(_), None) => "bigint".into(),
    }
}

/// Of two rows of one time neither is the later one.
fn follows(rows: &[(Id, Option<DateTime<Utc>>)]) -> Option<f64> {
    let mut timed: Vec<_> = rows.iter().filter_map(|(id, time)| Some((((*time)?), *id))).collect();
    timed.sort_unstable();
    let steps = || timed.windows(2).filter(|pair| pair[0].0 < pair[1].0);
    let (all, up) = (steps().count(), steps().filter(|pair| pair[0].1 < pair[1].1).count());
    let whole = |n: usize| u32::try_from(n).map_or(f64::from(u32::MAX), f64::from);
    (all > 0).then(|| whole(up) / whole(all))
}

#[cfg(test)]
mod tests {
    use chrono::{TimeDelta, TimeZone};
    use uuid::Uuid;

    use super::*;

    #[test]
    fn random_ids_follow_time_in_half_of_the_rows_and_ordered_ones_in_all() {
        let first = Utc.with_ymd_and_hms(2026, 1, 1, 0, 0, 0).unwrap();
        let time = |n: i64| first + TimeDelta::seconds(n);
        let v7 = |n: i64| {
            let ms = u128::try_from(time(n).timestamp_millis()).unwrap();
            Id::Uuid(Uuid::from_u128(ms << 80 | 0x7 << 76 | 0x8 << 60 | u128::from(n.unsigned_abs())))
        };
        let sample = |id: &dyn Fn(i64) -> Id| Sample {
            column: Ident::new("id"),
            rows: (0..2_000).map(|n| (id(n), Some(time(n)))).collect(),
            ends: None,
            beside: Some(Ident::new("at")),
        };
        let of = |sample: &Sample| IdReport::of(QualifiedName::new("s", "t"), "uuid", sample, time(3_000));
        let ordered = of(&sample(&v7));
        assert_eq!(ordered.kinds, [("UUID v7".to_owned(), 2_000)]);
        assert_eq!((ordered.clock, ordered.span), (Ok(Clock::UuidV7), Some((time(0), time(1_999)))));
        assert_eq!(ordered.follows, Some((Ident::new("at"), 1.0)));
        let mut with_ends = sample(&|_| Id::Uuid(Uuid::new_v4()));
        with_ends.ends = Some((Id::Uuid(Uuid::nil()), Id::Uuid(Uuid::max())));
        let lines = of(&with_ends).lines();
        // One sample, and one number.
        assert!(lines[0].starts_with("of 2,002 rows looked at: 99.9 % UUID v4"), "{lines:?}");
        assert!(
            lines[1].contains("of 2,002 ids read by the clock uuidv7, 2,000 (99 %) are UUIDs"),
            "{lines:?}"
        );
        assert!(lines[1].ends_with("; none of them tells a time that can be believed"), "{lines:?}");
        let random = of(&sample(&|_| Id::Uuid(Uuid::new_v4())));
        assert_eq!((&random.kinds[0].0[..], random.span), ("UUID v4", None));
        let (_, share) = random.follows.unwrap();
        assert!(share > 0.4 && share < 0.6, "{share}");
        assert!(random.clock.unwrap_err().contains("version 4"));
    }
}
