//! Findings about places for rows: how far ahead partitions are there, what lies between them, and what lies in DEFAULT.

use super::{Cover, Facts, Finding, Range, Severity, Strays, cover::End, judge::finding};
use crate::model::{figures, period::Period};

/// Nothing can be put into it.
pub(super) fn without_partition(facts: &Facts) -> Option<Finding> {
    let words = || {
        let name = facts.table.name.plain();
        let remedy = format!(
            "make its first one: `quarterdeck maintain {name} --every quarter`, or CREATE TABLE … PARTITION OF"
        );
        (name, "it has no partition: every INSERT fails".to_owned(), remedy)
    };
    (facts.parts.is_empty() && !facts.locked).then(|| finding("QD-173", Severity::Error, words()))
}

/// How far ahead partitions are there.
pub(super) fn ends(facts: &Facts, cover: &Cover<'_>) -> Option<Finding> {
    let now = facts.table.now;
    let (severity, reason, period) = match cover.until(now) {
        Some(End { upper: Some(upper), ahead: 0, .. }) => {
            let reason = format!("no partition is there for rows from {} on", day(upper));
            (Severity::Warning, reason, cover.next(upper))
        }
        Some(_) => return None,
        None => {
            // Where now lies between two partitions, that is said of the gap.
            let last = cover.ranges.last().and_then(|(_, range)| range.to).filter(|upper| *upper <= now)?;
            let of_now = cover
                .calendar
                .and_then(|calendar| calendar.period_of(now))
                .filter(|period| period.lower >= last);
            (
                Severity::Error,
                "no partition is there for rows of now".to_owned(),
                of_now.or_else(|| cover.next(last)),
            )
        }
    };
    let what = if facts.default_part().is_some() { "they go to DEFAULT" } else { "their INSERT fails" };
    let sql = period.and_then(|period| create(facts, cover, period));
    let words = (
        facts.table.name.plain(),
        format!("{reason}: {what}"),
        make(facts, "make the next partition before rows come, as `quarterdeck maintain` does"),
    );
    Some(Finding { sql: sql.into_iter().collect(), ..finding("QD-141", severity, words) })
}

/// What to do about a partition that is not there: not while DEFAULT has its rows.
fn make(facts: &Facts, how: &str) -> String {
    let has_strays = match &facts.strays {
        Strays::NoDefault => false,
        Strays::Counted(periods) => !periods.is_empty(),
        Strays::Estimated(rows) => *rows > 0,
    };
    if has_strays {
        format!("{how}; rows of it that lie in DEFAULT must be moved first (QD-140)")
    } else {
        how.into()
    }
}

fn create(facts: &Facts, cover: &Cover<'_>, period: Period) -> Option<String> {
    let clock = facts.table.clock?;
    let name = facts.table.name.sibling(cover.name(&facts.table.name.name, period));
    let (lower, upper) = (clock.bound(period.lower), clock.bound(period.upper));
    Some(format!(
        "CREATE TABLE {name} PARTITION OF {} FOR VALUES FROM ({lower}) TO ({upper})",
        facts.table.name
    ))
}

/// What lies between two partitions.
pub(super) fn gaps(facts: &Facts, cover: &Cover<'_>) -> Vec<Finding> {
    cover.gaps().map(|(before, after)| gap(facts, cover, (before, after))).collect()
}

fn gap(facts: &Facts, cover: &Cover<'_>, (before, after): (&Range, &Range)) -> Finding {
    let table = &facts.table.name;
    let between = before.to.zip(after.from);
    let name = match between {
        Some((lower, upper)) => cover.name(&table.name, Period { lower, upper }),
        None => table.name.with_suffix("_gap"),
    };
    let sql = format!(
        "CREATE TABLE {} PARTITION OF {table} FOR VALUES FROM ({}) TO ({})",
        table.sibling(name),
        before.upper,
        after.lower
    );
    let now = between.is_some_and(|(lower, upper)| lower <= facts.table.now && facts.table.now < upper);
    let default = facts.default_part().is_some();
    let severity = if now || !default { Severity::Error } else { Severity::Warning };
    let shown = |time: Option<_>, word: &str| time.map_or_else(|| word.trim_matches('\'').to_owned(), day);
    let words = (
        table.plain(),
        format!(
            "no partition holds what lies from {} to {}{}: {}",
            shown(before.to, &before.upper),
            shown(after.from, &after.lower),
            if now { ", now among it" } else { "" },
            if default { "rows there go to DEFAULT" } else { "an INSERT there fails" }
        ),
        make(facts, "make one, unless that is meant"),
    );
    Finding { sql: vec![sql], ..finding("QD-142", severity, words) }
}

/// What lies in DEFAULT.
pub(super) fn strays(facts: &Facts, cover: &Cover<'_>) -> Option<Finding> {
    let default = facts.default_part()?;
    let title = |time| {
        let period = cover.calendar.and_then(|calendar| Some((calendar, calendar.period_of(time)?)));
        period.map_or_else(|| day(time), |(calendar, period)| calendar.title(period))
    };
    let reason = match &facts.strays {
        Strays::Counted(periods) if periods.is_empty() => return None,
        Strays::NoDefault | Strays::Estimated(0) => return None,
        Strays::Estimated(rows) => format!("about {} rows lie in DEFAULT", figures::count(*rows)),
        Strays::Counted(periods) => {
            let all: i64 = periods.iter().map(|(_, rows)| rows).sum();
            let each = periods
                .iter()
                .filter_map(|(time, rows)| Some(format!("{} of {}", figures::count(*rows), title((*time)?))));
            let each: Vec<_> = each.collect();
            let (shown, more) = (each.len().min(4), if each.len() > 4 { ", …" } else { "" });
            let list =
                if each.is_empty() { String::new() } else { format!(": {}{more}", each[..shown].join(", ")) };
            format!("{} rows lie in DEFAULT{list}", figures::count(all))
        }
    };
    let words = (
        default.name.plain(),
        format!(
            "{reason}; no partition can be made for them while they are there, and each new one scans them"
        ),
        "move them into a partition of their own: `quarterdeck maintain` does it unseen; the SQL by a lock, for as long as they are few".into(),
    );
    Some(Finding { sql: move_out(facts, cover), ..finding("QD-140", Severity::Warning, words) })
}

/// One transaction that moves the rows of the oldest period that has some into a partition of its own.
fn move_out(facts: &Facts, cover: &Cover<'_>) -> Vec<String> {
    let parts = (facts.default_part(), facts.table.clock, facts.table.column.as_ref());
    let (Some(default), Some(clock), Some((column, _))) = parts else { return Vec::new() };
    let Strays::Counted(periods) = &facts.strays else { return Vec::new() };
    let first = periods.iter().find_map(|(time, _)| *time);
    let period = first.zip(cover.calendar).and_then(|(time, calendar)| calendar.period_of(time));
    let Some((period, made)) = period.and_then(|period| Some((period, create(facts, cover, period)?))) else {
        return Vec::new();
    };
    let (table, rows) = (&facts.table.name, clock.within(&column.to_string(), period));
    let moved = format!(
        "WITH moved AS (DELETE FROM {} WHERE {rows} RETURNING *) INSERT INTO {table} SELECT * FROM moved",
        default.name
    );
    vec![
        "BEGIN".into(),
        format!("ALTER TABLE {table} DETACH PARTITION {}", default.name),
        made,
        moved,
        format!("ALTER TABLE {table} ATTACH PARTITION {} DEFAULT", default.name),
        "COMMIT".into(),
    ]
}

fn day(time: chrono::DateTime<chrono::Utc>) -> String {
    crate::model::calendar::Zone::UTC.day(time)
}
