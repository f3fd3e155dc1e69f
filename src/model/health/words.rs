//! A partitioned table's facts in words, for one line each.

use crate::model::{
    calendar::Zone,
    figures,
    health::{Cover, End, Facts, Part},
};

/// Partitions, rows, bytes, and how far ahead.
pub fn summary(facts: &Facts) -> String {
    if facts.locked {
        return "locked against everybody who only looks, too: nothing of it can be read while that lasts"
            .into();
    }
    let (mut rows, mut tables, mut indexes, mut count) = (0, 0, 0, 0);
    for part in facts.leaves() {
        rows += part.rows();
        tables += part.figures.table_bytes;
        indexes += part.figures.index_bytes;
        count += 1;
    }
    let default = if facts.default_part().is_some() { "with DEFAULT" } else { "no DEFAULT" };
    format!(
        "{}, {default} · {}; about {} rows, {} + {} of indexes",
        partitions(count),
        cover(facts),
        figures::count(rows),
        figures::bytes(tables),
        figures::bytes(indexes),
    )
}

fn partitions(count: usize) -> String {
    format!("{count} partition{}", if count == 1 { "" } else { "s" })
}

/// How far ahead partitions are there.
fn cover(facts: &Facts) -> String {
    let cover = Cover::of(facts);
    if facts.parts.is_empty() {
        return "no row has a place".into();
    }
    if !cover.is_timed {
        return format!("{} bounds are no times", facts.table.strategy);
    }
    match cover.until(facts.table.now) {
        None => "no partition for now".into(),
        Some(End { upper: None, .. }) => "covered for ever".into(),
        Some(End { upper: Some(upper), ahead, .. }) => {
            format!("covered until {}, {ahead} ahead", Zone::UTC.day(upper))
        }
    }
}

/// A partition's bounds: times as days, everything else as PostgreSQL writes it.
pub fn bounds(part: &Part) -> String {
    let day = |time: Option<_>, word: &str| {
        time.map_or_else(|| word.trim_matches('\'').to_owned(), |time| Zone::UTC.day(time))
    };
    match &part.range {
        Some(range) => format!("{} – {}", day(range.from, &range.lower), day(range.to, &range.upper)),
        None => part.bounds.trim_start_matches("FOR VALUES ").to_owned(),
    }
}

impl Part {
    /// Its rows: as last counted, else as the statistics saw them come and go.
    pub fn rows(&self) -> i64 {
        self.figures.rows.filter(|rows| *rows >= 0).unwrap_or(self.figures.live)
    }
}
