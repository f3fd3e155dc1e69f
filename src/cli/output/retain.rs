//! Retention by deletion: what would go, how far it is, what went.

use serde_json::json;

use crate::{
    engine::retain::{Done, Instead, Retention},
    model::{figures, maintenance::rows, retention::Progress},
    tui::harmless::harmless,
};

/// What would go, by which index it is found, what is kept, and what could be done instead.
pub fn due(found: &Retention, instead: &Instead) -> String {
    harmless_lines(&found.due(instead))
}

/// Each after the first belongs to it.
fn harmless_lines(lines: &[String]) -> String {
    lines.iter().map(|line| harmless(line)).collect::<Vec<_>>().join("\n  ") + "\n"
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
    let mut parts = vec![format!("deleted {}, {}", rows(progress.deleted.cast_signed()), found.when())];
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
        (left, true) => format!("; stopped, {} to go", rows(left)),
        (left, false) => {
            let stay = if left == 1 { "stays" } else { "stay" };
            format!("; {} {stay}: locked by somebody, or kept by a trigger", rows(left))
        }
    };
    harmless(&format!("{}: {}{left}", found.table.plain(), parts.join(", "))).into_owned() + "\n"
}

/// What would go, as one object.
pub fn due_json(found: &Retention) -> String {
    found.json().to_string() + "\n"
}

/// What went, as one object.
pub fn done_json(found: &Retention, done: &Done) -> String {
    let object = json!({
        "table": found.table.plain(), "by": found.rule.by.as_str(), "before": found.census.before,
        "progress": done.progress, "left": done.left, "stopped": done.stopped,
    });
    object.to_string() + "\n"
}
