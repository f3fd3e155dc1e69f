//! The sentences about a differing row. They tell what is so now, and what may explain it.

use chrono::{DateTime, Utc};

use crate::{
    engine::row::{Differs, Held, Side, WholeColumn, WholeRow},
    model::figures::{clock_seconds, count, length},
    tui::harmless::harmless,
};

/// How a piece is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ink {
    /// Ordinary.
    Plain,
    /// May be overlooked.
    Dim,
    /// Must be found at once.
    Strong,
    /// A heading.
    Accent,
    /// Is not as one would think.
    Warn,
    /// It failed.
    Danger,
    /// What differs.
    Differs,
}

/// Pieces of one row.
pub type Line = Vec<(String, Ink)>;

/// What is known of a row besides its values, sentence by sentence.
pub(super) fn of_row(key: &str, row: &WholeRow, verified: Option<DateTime<Utc>>) -> Vec<(String, Ink)> {
    let read = clock_seconds(row.at);
    let when = match verified {
        Some(at) if at.date_naive() == row.at.date_naive() => {
            format!("read at {read}, verified {}", clock_seconds(at))
        }
        Some(at) => format!("read at {read}, verified {}", at.format("%Y-%m-%d %H:%M:%S")),
        None => format!("read at {read}"),
    };
    let mut all = vec![(key.to_owned(), Ink::Strong), (when, Ink::Dim), standing(row)];
    all.extend(row.unsearched.iter().map(|why| (format!("! not looked for everywhere: {why}"), Ink::Warn)));
    all.extend(pending(row));
    all
}

/// Where it is, and whether that is right.
fn standing(row: &WholeRow) -> (String, Ink) {
    let home = row.home.as_deref().unwrap_or("no partition");
    match (row.source.as_deref(), row.twin.as_slice()) {
        (None, []) if row.unsearched.is_empty() => {
            ("neither side has the row any more: it was deleted after it was verified".into(), Ink::Strong)
        }
        (None, []) => ("the source does not have the row any more".into(), Ink::Strong),
        (Some(source), []) => (
            format!("the source alone has the row, in {source}; by its time it belongs to {home}"),
            Ink::Warn,
        ),
        (None, [twin]) => (format!("the twin alone has the row, in {twin}"), Ink::Warn),
        (None, twins) => (format!("the twin alone has the key, in {}", listed(twins)), Ink::Warn),
        (Some(source), [twin]) if row.home.as_ref() != Some(twin) => {
            (format!("the row of {source} is in {twin}; by its time it belongs to {home}"), Ink::Warn)
        }
        (Some(_), [twin]) if row.is_right() => (
            format!(
                "both sides are equal now, in {twin}: it was changed or repaired after it was verified; verify again"
            ),
            Ink::Strong,
        ),
        (Some(source), [twin]) => {
            let all = length(row.columns.len() + row.alike);
            let differ = count(length(row.columns.len()));
            (format!("source {source}, twin {twin}: {differ} of {} columns differ", count(all)), Ink::Plain)
        }
        (Some(source), twins) => (
            format!(
                "the row of {source} belongs to {home} by its time; the twin has its key in {}",
                listed(twins)
            ),
            Ink::Warn,
        ),
    }
}

/// The first one is the one whose values are shown.
fn listed(twins: &[String]) -> String {
    let (first, others) =
        twins.split_first().map_or(("", &[][..]), |(first, others)| (first.as_str(), others));
    format!("{first}, which is shown here, and in {}", others.join(", "))
}

fn pending(row: &WholeRow) -> Option<(String, Ink)> {
    Some(match &row.pending {
        None if row.is_right() => return None,
        None => {
            let why = "whether the log holds a change of this key is not known: there is no log, or this role may not read it";
            (why.into(), Ink::Dim)
        }
        Some(pending) if pending.changes == 0 && row.is_right() => return None,
        Some(pending) if pending.changes == 0 => ("the log holds no change of this key".into(), Ink::Dim),
        Some(pending) => {
            let since =
                pending.oldest.map(|at| format!(", the oldest of {}", clock_seconds(at))).unwrap_or_default();
            let (changes, explains) =
                (count(pending.changes), if row.is_right() { "" } else { ": that may be all that differs" });
            let s = if pending.changes == 1 { "" } else { "s" };
            (
                format!("! the log holds {changes} change{s} of this key{since}, not replayed yet{explains}"),
                Ink::Warn,
            )
        }
    })
}

/// In what the sides of a column differ.
pub(super) fn of_column(column: &WholeColumn) -> String {
    let lengths = match (&column.source, &column.twin) {
        (Held::Value(a), Held::Value(b)) if (a.characters == 1) == (b.characters == 1) => {
            format!("source {}, twin {}", count(a.characters), characters(b.characters))
        }
        (source, twin) => {
            let sides = Side::BOTH.iter().zip([source, twin]);
            let known = sides.filter_map(|(side, held)| Some(format!("{} {}", side.word(), long(held)?)));
            known.collect::<Vec<_>>().join(", ")
        }
    };
    match &column.differs {
        Differs::OneSided => lengths,
        Differs::ByNull => format!("one of them is NULL; {lengths}"),
        Differs::From { character, line, .. } => {
            format!("they differ from character {}, line {} on; {lengths}", count(*character), count(*line))
        }
        Differs::Behind => format!("alike as far as they were read: they differ behind that; {lengths}"),
        Differs::Unwritten { .. } => format!("written alike: they differ in their binary form; {lengths}"),
    }
}

fn long(held: &Held) -> Option<String> {
    match held {
        Held::NoRow => None,
        Held::Null => Some("NULL".into()),
        Held::Value(value) => Some(characters(value.characters)),
    }
}

/// So many of them.
pub(super) fn characters(n: i64) -> String {
    format!("{} character{}", count(n), if n == 1 { "" } else { "s" })
}

/// That a value was not read to its end.
pub(super) fn of_cut(column: &WholeColumn, side: Side) -> Option<String> {
    let Held::Value(value) = column.of(side) else { return None };
    if !value.cut {
        return None;
    }
    let read = count(length(value.text.chars().count()));
    Some(format!("! {}: the first {read} of {} characters were read", side.word(), count(value.characters)))
}

/// All of it as one text, for the clipboard.
pub(super) fn as_text(key: &str, row: &WholeRow, verified: Option<DateTime<Utc>>) -> String {
    let mut lines: Vec<String> =
        of_row(key, row, verified).into_iter().map(|(text, _)| harmless(&text).into_owned()).collect();
    for column in &row.columns {
        lines.push(String::new());
        lines.push(
            harmless(&format!("{} ({}): {}", column.name, column.kind, of_column(column))).into_owned(),
        );
        lines.extend(Side::BOTH.iter().filter_map(|side| of_cut(column, *side)));
        for side in Side::BOTH {
            match column.of(side) {
                Held::NoRow => {}
                Held::Null => lines.push(format!("  {:<6} NULL", side.word())),
                Held::Value(value) => lines.push(format!("  {:<6} '{}'", side.word(), harmless(&value.text))),
            }
        }
        if let Differs::Unwritten { source, twin } = &column.differs {
            lines.push(format!("  binary {source} against {twin}"));
        }
    }
    lines.join("\n")
}
