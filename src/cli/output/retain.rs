//! Retention by deletion: what would go, how far it is, what went.

use serde_json::json;

use crate::{
    engine::retain::{Done, Instead, Retention},
    model::{
        figures,
        retention::{Census, Progress},
    },
    tui::harmless::harmless,
};

/// What would go, by which index it is found, what is kept, and what could be done instead.
pub fn due(found: &Retention, instead: Instead) -> String {
    let Census { rows, doomed, oldest, index, markers, .. } = &found.census;
    let oldest = oldest.map(|oldest| format!(", the oldest of {}", oldest.format("%Y-%m-%d %H:%M UTC")));
    let mut lines = vec![format!(
        "{}: {} of about {} would go: {}{}",
        harmless(&found.table.plain()),
        rows_of(*doomed),
        figures::count(*rows),
        when(found),
        oldest.unwrap_or_default()
    )];
    lines.push(match index {
        Some(index) => format!("found by index {}", harmless(index)),
        None => "each batch reads the table from its beginning".into(),
    });
    lines.extend(markers.iter().map(|marker| format!("kept, whatever --where says: {}", harmless(marker))));
    let name = harmless(&found.table.plain()).into_owned();
    lines.push(match instead {
        Instead::ById(id) => format!(
            "instead: its ids tell their time. `quarterdeck plan {name} --by {} --clock uuidv7` shows how it is partitioned by them; \
             then `quarterdeck maintain {name} --retain` drops whole partitions, without a scan and without a dead row",
            harmless(&id)
        ),
        Instead::ByTime => format!(
            "instead: `quarterdeck plan {name}` shows how it is partitioned by time; then `quarterdeck maintain {name} --retain` drops whole \
             partitions, without a scan and without a dead row. With ids of version 7 (`quarterdeck ids install`) the key stays as it is"
        ),
        Instead::Maintain => format!("instead: it is partitioned; `quarterdeck maintain {name} --retain` drops whole partitions"),
    });
    lines.join("\n  ") + "\n"
}

fn when(found: &Retention) -> String {
    format!(
        "{} before {}",
        harmless(found.rule.by.as_str()),
        found.census.before.format("%Y-%m-%d %H:%M UTC")
    )
}

fn rows_of(n: i64) -> String {
    format!("{} row{}", figures::count(n), if n == 1 { "" } else { "s" })
}

/// One line while it works.
pub fn live(found: &Retention, progress: &Progress) -> String {
    let deleted = progress.deleted.cast_signed();
    let share = figures::share(deleted, found.census.doomed.max(1)).min(1.0);
    let waits = progress.waits_for.first().map(|why| format!(" · {}", harmless(why)));
    format!(
        "{} {} of {} ({}) · {} rows/s · batches of {}{}",
        harmless(&found.table.plain()),
        figures::count(deleted),
        figures::count(found.census.doomed),
        figures::percent(share),
        figures::short(progress.rate),
        progress.batch,
        waits.unwrap_or_default()
    )
}

/// What went, in one line.
pub fn done(found: &Retention, done: &Done) -> String {
    let progress = &done.progress;
    let mut parts = vec![format!("deleted {}, {}", rows_of(progress.deleted.cast_signed()), when(found))];
    parts.push(format!("{} batch{}", progress.batches, if progress.batches == 1 { "" } else { "es" }));
    if progress.vacuums > 0 {
        parts.push(format!(
            "vacuumed {} time{}",
            progress.vacuums,
            if progress.vacuums == 1 { "" } else { "s" }
        ));
    }
    let left = match (done.left, done.stopped) {
        (0, false) => String::new(),
        (left, true) => format!("; stopped, {} to go", rows_of(left)),
        (left, false) => format!("; {} stay: locked by somebody, or kept by a trigger", rows_of(left)),
    };
    format!("{}: {}{left}\n", harmless(&found.table.plain()), parts.join(", "))
}

/// What would go, as one object.
pub fn due_json(found: &Retention) -> String {
    json!({ "table": found.table.plain(), "by": found.rule.by.as_str(), "would": found.census }).to_string()
        + "\n"
}

/// What went, as one object.
pub fn done_json(found: &Retention, done: &Done) -> String {
    let object = json!({
        "table": found.table.plain(), "by": found.rule.by.as_str(), "before": found.census.before,
        "progress": done.progress, "left": done.left, "stopped": done.stopped,
    });
    object.to_string() + "\n"
}
