//! How fast a table that is cut by time grows, by what its partitions hold. Nothing is remembered: the last whole periods
//! are compared with each other and with the one of now. All is estimated, as the statistics are.

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use crate::model::{
    figures,
    health::{Cover, Facts, Figures, Part, Range},
    ident::QualifiedName,
    period::Every,
};

/// So many whole periods are looked at, the last ones.
const PERIODS: usize = 4;
/// When so much of the period of now is over, it is said where it will end: before, a busy morning would be a wild number.
const TOLD_FROM: f64 = 0.1;

/// How fast a table grows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Growth {
    /// The period; none where they are as long as none of the calendar.
    pub every: Option<Every>,
    /// How many whole periods the means are of.
    pub periods: usize,
    /// How many of them nobody has counted: their rows are not in the mean.
    pub uncounted: usize,
    /// Mean rows of a period; none where nobody has counted any.
    pub rows: Option<i64>,
    /// Mean bytes of a period, indexes included.
    pub bytes: i64,
    /// Bytes of the largest of them.
    pub most_bytes: i64,
    /// Periods of that length that are there for times to come.
    pub ahead: usize,
    /// The one of now.
    pub now: Option<Filling>,
}

/// How the partition of now fills.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Filling {
    /// The partition.
    pub part: QualifiedName,
    /// Its rows so far; none where nobody has counted them.
    pub rows: Option<i64>,
    /// Its bytes so far, indexes included.
    pub bytes: i64,
    /// Seconds since it began.
    pub age_s: i64,
    /// The share of its period that is over.
    pub share: f64,
    /// The rows that it will have at its end, if it goes on so; none while that cannot be told.
    pub rows_at_end: Option<i64>,
    /// The bytes that it will have then.
    pub bytes_at_end: Option<i64>,
}

/// One that has two ends.
struct Whole<'a> {
    part: &'a Part,
    range: &'a Range,
    from: DateTime<Utc>,
    to: DateTime<Utc>,
}

/// What is alike for periods of one kind: a month is one, however many days it has.
#[derive(PartialEq)]
enum Length {
    Every(Every),
    Other(TimeDelta),
}

impl Growth {
    /// `None` where no whole period is over, or none that something would follow from: not by times, cut anew since, long ago.
    pub fn of(facts: &Facts) -> Option<Self> {
        let cover = Cover::of(facts);
        if !cover.is_timed {
            return None;
        }
        let all: Vec<Whole<'_>> = cover.ranges.into_iter().filter_map(Whole::of).collect();
        let now = facts.table.now;
        let last = last_ones(&all, now);
        let newest = last.first()?;
        let length = newest.length();
        let counted: Vec<i64> = last.iter().filter_map(|one| one.part.counted_rows()).collect();
        let bytes: Vec<i64> = last.iter().map(|one| one.part.figures.bytes()).collect();
        let alike = |one: &&Whole<'_>| one.length() == length;
        let filling = all.iter().filter(alike).find(|one| one.from <= now && now < one.to);
        Some(Self {
            every: Every::like(newest.from, newest.to),
            periods: last.len(),
            uncounted: last.len() - counted.len(),
            rows: mean(&counted),
            bytes: mean(&bytes)?,
            most_bytes: bytes.into_iter().max()?,
            ahead: all.iter().filter(alike).filter(|one| now < one.from).count(),
            now: filling.filter(|one| one.part.is_plain()).map(|one| Filling::of(one, now)),
        })
    }

    /// `grows by ≈ 1.2M rows, 1.4 GB a quarter (mean of the last 4)`, what that means for those ahead, and how the one of now fills.
    pub fn words(&self) -> String {
        let period = self.every.map_or("period", Every::word);
        let rows = self.rows.map_or_else(String::new, |rows| format!("{} rows, ", short(rows)));
        let of = if self.periods == 1 {
            "as the last one".into()
        } else {
            format!("mean of the last {}", self.periods)
        };
        let uncounted = match (self.uncounted, self.rows) {
            (0, _) => String::new(),
            (_, None) => "; never analyzed, so rows are not known".into(),
            (n, Some(_)) => format!("; {n} never analyzed, not counted in rows"),
        };
        let ahead = match self.ahead {
            0 => String::new(),
            1 => format!("; the one ahead will take ≈ {}", figures::bytes(self.bytes)),
            n => {
                let all = self.bytes.saturating_mul(i64::try_from(n).unwrap_or(i64::MAX));
                format!("; the {n} ahead will take ≈ {}", figures::bytes(all))
            }
        };
        let now = self.now.as_ref().map_or_else(String::new, |now| format!("; {}", now.words()));
        format!("grows by ≈ {rows}{} a {period} ({of}{uncounted}){ahead}{now}", figures::bytes(self.bytes))
    }
}

impl Filling {
    fn of(one: &Whole<'_>, now: DateTime<Utc>) -> Self {
        let (age_s, whole_s) = ((now - one.from).num_seconds(), (one.to - one.from).num_seconds());
        let share = figures::share(age_s, whole_s);
        let at_end = |so_far: i64| (share >= TOLD_FROM).then(|| whole(figures::float(so_far) / share));
        let (rows, bytes) = (one.part.counted_rows(), one.part.figures.bytes());
        Self {
            part: one.part.name.clone(),
            rows,
            bytes,
            age_s,
            share,
            rows_at_end: rows.and_then(at_end),
            bytes_at_end: at_end(bytes),
        }
    }

    /// `the one of now has ≈ 300k rows after 27 days, on course for ≈ 1.1M`; bytes, where nobody has counted rows.
    pub fn words(&self) -> String {
        let (so_far, at_end) = match self.rows {
            Some(rows) => (format!("{} rows", short(rows)), self.rows_at_end.map(short)),
            None => (
                format!("{} (never analyzed)", figures::bytes(self.bytes)),
                self.bytes_at_end.map(figures::bytes),
            ),
        };
        let course = at_end.map_or_else(String::new, |at_end| format!(", on course for ≈ {at_end}"));
        format!("the one of now has ≈ {so_far} after {}{course}", age(self.age_s))
    }
}

impl<'a> Whole<'a> {
    fn of((part, range): (&'a Part, &'a Range)) -> Option<Self> {
        Some(Self { part, range, from: range.from?, to: range.to? })
    }

    fn length(&self) -> Length {
        Every::like(self.from, self.to).map_or_else(|| Length::Other(self.to - self.from), Length::Every)
    }
}

impl Part {
    /// It holds rows itself, on this server.
    fn is_plain(&self) -> bool {
        !self.partitioned && !self.foreign
    }

    /// Its rows as the planner estimates them: as many a page as when they were counted. The statistics' own number counts
    /// twice what a session inserts right before it analyzes; it is for those that were empty then.
    fn counted_rows(&self) -> Option<i64> {
        let Figures { rows, live, heap_bytes, counted_bytes, vacuumed_s, analyzed_s, .. } = self.figures;
        match rows? {
            _ if heap_bytes == 0 => Some(0),
            rows if rows > 0 && counted_bytes > 0 => Some(whole(
                figures::float(rows) * (figures::float(heap_bytes) / figures::float(counted_bytes)),
            )),
            0 => vacuumed_s.or(analyzed_s).map(|_| live),
            _ => None,
        }
    }
}

impl Figures {
    /// Of table and indexes.
    fn bytes(&self) -> i64 {
        self.table_bytes + self.index_bytes
    }
}

/// The last whole periods that are over, newest first: of one length, none missing between them, and none from before the
/// table's first row.
fn last_ones<'a>(all: &'a [Whole<'a>], now: DateTime<Utc>) -> Vec<&'a Whole<'a>> {
    let over: Vec<_> = all.iter().filter(|one| one.to <= now).collect();
    // What ended long ago tells nothing of today. A month may be longer than the one before.
    let Some(newest) = over.last().filter(|one| now - one.to < (one.to - one.from) * 3 / 2) else {
        return Vec::new();
    };
    let mut last: Vec<&Whole<'_>> = Vec::new();
    for one in over.iter().rev().take(PERIODS) {
        let follows = last.last().is_none_or(|next| next.range.lower == one.range.upper);
        if !follows || one.length() != newest.length() || !one.part.is_plain() {
            break;
        }
        last.push(one);
    }
    while last.last().is_some_and(|one| one.part.figures.heap_bytes == 0) {
        last.pop();
    }
    last
}

fn mean(of: &[i64]) -> Option<i64> {
    let count = i64::try_from(of.len()).ok().filter(|count| *count > 0)?;
    Some(of.iter().sum::<i64>() / count)
}

fn short(rows: i64) -> String {
    figures::short(figures::float(rows))
}

/// Days, where it is some.
fn age(seconds: i64) -> String {
    match seconds / 86_400 {
        0 | 1 => figures::span(figures::float(seconds)),
        days => format!("{days} days"),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "an estimate; saturates")]
fn whole(value: f64) -> i64 {
    value.round() as i64
}

#[cfg(test)]
pub(super) mod tests {
    use chrono::{Months, TimeZone};

    use super::*;
    use crate::model::{calendar::Zone, clock::Clock, health::Table, ident::Ident};

    fn at(y: i32, m: u32, d: u32) -> DateTime<Utc> {
        Utc.with_ymd_and_hms(y, m, d, 0, 0, 0).unwrap()
    }

    fn part(from: DateTime<Utc>, to: DateTime<Utc>, rows: i64) -> Part {
        let bound = |time: DateTime<Utc>| format!("'{}'", time.to_rfc3339());
        let range = Range { lower: bound(from), upper: bound(to), from: Some(from), to: Some(to) };
        let figures = Figures {
            rows: Some(rows),
            table_bytes: rows.max(1) * 1_000,
            index_bytes: 24,
            heap_bytes: rows.abs(),
            counted_bytes: rows,
            ..Figures::default()
        };
        Part {
            name: QualifiedName::new("public", format!("m_{}", from.format("%Y_%m"))),
            bounds: format!("FOR VALUES FROM ({}) TO ({})", range.lower, range.upper),
            own: true,
            oid: 0,
            partitioned: false,
            foreign: false,
            detaching: false,
            range: Some(range),
            figures,
        }
    }

    /// Months from October 2025 on, each with so many rows; now the sixth of March 2026 is over.
    pub(in crate::model::health) fn months(rows: &[i64]) -> Facts {
        let first = at(2025, 10, 1);
        let month = |(n, rows): (u32, &i64)| part(first + Months::new(n), first + Months::new(n + 1), *rows);
        let table = Table {
            name: QualifiedName::new("public", "m"),
            key: "RANGE (at)".into(),
            strategy: "range".into(),
            column: Some((Ident::new("at"), "timestamp with time zone".into())),
            clock: Some(Clock::Timestamptz),
            zone: Zone::UTC,
            analyzed: true,
            freeze_max_age: 200_000_000,
            now: at(2026, 3, 7),
            counted_s: None,
        };
        Facts::of(table, (0..).zip(rows).map(month).collect())
    }

    fn words(facts: &Facts) -> String {
        Growth::of(facts).map_or_else(String::new, |growth| growth.words())
    }

    #[test]
    fn the_last_whole_periods_and_the_one_of_now_are_told() {
        // The first of five past months is too old; one is ahead.
        let facts = months(&[9_000_000, 1_000_000, 1_200_000, 1_400_000, 1_600_000, 300_000, 0, 0]);
        assert_eq!(
            words(&facts),
            "grows by ≈ 1.3M rows, 1.2 GB a month (mean of the last 4); the 2 ahead will take ≈ 2.4 GB; \
             the one of now has ≈ 300k rows after 6 days, on course for ≈ 1.6M"
        );
        let growth = Growth::of(&facts).unwrap();
        assert_eq!((growth.periods, growth.rows, growth.uncounted), (4, Some(1_300_000), 0));
        assert_eq!(growth.bytes, 1_300_000_024);
        let now = growth.now.unwrap();
        assert_eq!((now.age_s, now.rows_at_end), (6 * 86_400, Some(1_550_000)));
    }

    #[test]
    fn rows_that_nobody_has_counted_are_no_rows_at_all_in_the_mean() {
        let facts = months(&[0, 100, 200, -1, 300, -1]);
        let growth = Growth::of(&facts).unwrap();
        assert_eq!((growth.periods, growth.rows, growth.uncounted), (4, Some(200), 1));
        assert_eq!(
            growth.words(),
            "grows by ≈ 200 rows, 147 kB a month (mean of the last 4; 1 never analyzed, not counted in rows); \
             the one of now has ≈ 1.0 kB (never analyzed) after 6 days, on course for ≈ 5.2 kB"
        );
        let none = Growth::of(&months(&[0, -1, -1])).map(|growth| (growth.rows, growth.uncounted));
        assert_eq!(none, None, "January has no partition: what ended long ago tells nothing");
        let mut none = months(&[0, 0, 0, 0, -1, 0]);
        assert!(words(&none).starts_with(
            "grows by ≈ 1.0 kB a month (as the last one; never analyzed, so rows are not known)"
        ));
        // Counted when it was half as large; counted when it was empty.
        let figures = &mut none.parts[4].figures;
        (figures.rows, figures.heap_bytes, figures.counted_bytes, figures.live) =
            (Some(35), 16_384, 8_192, 7);
        assert_eq!(Growth::of(&none).unwrap().rows, Some(70));
        let figures = &mut none.parts[4].figures;
        (figures.rows, figures.counted_bytes) = (Some(0), 0);
        assert_eq!(Growth::of(&none).unwrap().rows, None);
        none.parts[4].figures.analyzed_s = Some(60);
        assert_eq!(Growth::of(&none).unwrap().rows, Some(7));
    }

    #[test]
    fn what_nothing_follows_from_is_not_told() {
        let whole = [100, 100, 100, 100, 100, 10];
        let mut cases = Vec::new();
        let mut case = |what: &'static str, change: &dyn Fn(&mut Facts)| {
            let mut facts = months(&whole);
            change(&mut facts);
            cases.push((what, Growth::of(&facts).map_or(0, |growth| growth.periods)));
        };
        case("as it is", &|_| {});
        case("no times", &|facts| facts.table.clock = None);
        case("all ended long ago", &|facts| facts.table.now = at(2027, 1, 1));
        case("none is over", &|facts| facts.table.now = at(2025, 10, 31));
        case("one is over", &|facts| facts.table.now = at(2025, 11, 1));
        case("one is missing between", &|facts| drop(facts.parts.remove(2)));
        case("one is partitioned", &|facts| facts.parts[2].partitioned = true);
        case("one is elsewhere", &|facts| facts.parts[4].foreign = true);
        case("one is being detached", &|facts| facts.parts[3].detaching = true);
        case("the table began later", &|facts| {
            facts.parts[0].figures.heap_bytes = 0;
            facts.parts[1].figures.heap_bytes = 0;
            facts.parts[2].figures.heap_bytes = 0;
        });
        case("a quarter before", &|facts| {
            facts.parts.drain(..2);
            facts.parts[0] = part(at(2025, 10, 1), at(2026, 1, 1), 900);
        });
        case("history before", &|facts| {
            facts.parts.drain(..2);
            facts.parts[0].range.as_mut().unwrap().from = None;
        });
        let expected = [
            ("as it is", 4),
            ("no times", 0),
            ("all ended long ago", 0),
            ("none is over", 0),
            ("one is over", 1),
            ("one is missing between", 2),
            ("one is partitioned", 2),
            ("one is elsewhere", 0),
            ("one is being detached", 1),
            ("the table began later", 2),
            ("a quarter before", 2),
            ("history before", 2),
        ];
        assert_eq!(cases, expected);
    }

    #[test]
    fn a_few_hours_of_a_period_tell_nothing_of_its_end() {
        let mut facts = months(&[100, 100, 100, 100, 100, 10]);
        facts.table.now = at(2026, 3, 2);
        let now = Growth::of(&facts).unwrap().now.unwrap();
        assert_eq!((now.rows, now.rows_at_end, now.bytes_at_end), (Some(10), None, None));
        assert_eq!(now.words(), "the one of now has ≈ 10 rows after 1d00h");
        // February is shorter than what of March is over.
        facts.table.now = at(2026, 3, 31);
        assert_eq!(Growth::of(&facts).unwrap().periods, 4);
    }

    #[test]
    fn a_partition_that_outgrows_the_others_is_found() {
        let million = 1_000_000;
        let found = |rows: &[i64], now: DateTime<Utc>| {
            let mut facts = months(rows);
            facts.table.now = now;
            let all = crate::model::health::judge(&facts);
            all.into_iter().find(|one| one.id == "QD-171").map(|one| one.reason)
        };
        let (early, later) = (at(2026, 3, 7), at(2026, 3, 11));
        let usual = [million, million, million, million, million];
        let with = |now: i64| [&usual[..], &[now]].concat();
        assert_eq!(
            found(&with(million), later).as_deref(),
            Some("on course for ≈ 2.9 GB, where the last 4 have 954 MB on average and 954 MB at most")
        );
        assert_eq!(found(&with(million), early), None, "too early to tell");
        assert_eq!(found(&with(600_000), later), None, "less than twice as large");
        assert_eq!(found(&[0, 0, 0, 0, million, million], later), None, "of one nothing follows");
        assert_eq!(
            found(&[1, million, million, 9 * million, million, 2 * million], later),
            None,
            "one was larger"
        );
        assert_eq!(found(&[9, 9, 9, 9, 9, 9_000], later), None, "small");
    }

    #[test]
    fn periods_of_no_calendar_are_periods() {
        let mut facts = months(&[]);
        let first = at(2026, 1, 27);
        facts.parts = (0..5i64)
            .map(|n| part(first + TimeDelta::days(10 * n), first + TimeDelta::days(10 * n + 10), 40))
            .collect();
        assert!(
            words(&facts).starts_with("grows by ≈ 40 rows, 39.1 kB a period (mean of the last 3)"),
            "{}",
            words(&facts)
        );
    }
}
