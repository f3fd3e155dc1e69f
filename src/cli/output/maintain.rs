//! What maintaining a table did, in one line; and what it would do.

use serde_json::{Value, json};

use crate::{
    engine::maintain::{Deed, Done, Found},
    error::Error,
    model::{
        figures,
        health::summary,
        maintenance::{Manifest, NewPart, Task, bare, list, moved, rows},
    },
    tui::harmless::harmless,
};

/// `public.m: 14 partitions, …: made 1 (m_2027_q2), moved out of DEFAULT 1 (120 rows into m_2026_q4)`.
pub fn done(done: &Done) -> String {
    let mut parts = grouped(done.deeds.iter().flat_map(did));
    let half: Vec<_> = done.found.due.iter().filter_map(half_detached).collect();
    if parts.is_empty() {
        let was_due = !done.failed.is_empty() || !half.is_empty();
        parts.push(if was_due { "nothing was done".into() } else { "nothing was due".into() });
    }
    if !half.is_empty() {
        parts.push(format!(
            "left half detached {}: no query sees the rows any more, and the next run goes on with it",
            list(&half)
        ));
    }
    if !done.failed.is_empty() {
        parts.push(format!("{} failed", done.failed.len()));
    }
    line(&done.found, &parts)
}

/// A partition that is neither a partition nor a table of its own.
fn half_detached(task: &Task) -> Option<String> {
    match task {
        Task::Finalize(name) => Some(harmless(&bare(name)).into_owned()),
        Task::Make(_) | Task::Move(_) | Task::Expire(_) | Task::Settle(_) => None,
    }
}

/// The same of what is due.
pub fn due(found: &Found) -> String {
    let mut parts = grouped(found.due.iter().flat_map(would));
    if parts.is_empty() {
        parts.push("nothing is due".into());
    }
    line(found, &parts)
}

/// A verb, and what it was done to.
type Said = (String, String);

fn did(deed: &Deed) -> Vec<Said> {
    let (verb, all) = match deed {
        Deed::Finalized(name) => ("finished detaching", vec![bare(name)]),
        Deed::Moved(moves) => {
            let into = |(part, rows): &(NewPart, u64)| moved(part, rows.cast_signed());
            ("moved out of DEFAULT", moves.iter().map(into).collect())
        }
        Deed::Made(part) => ("made", vec![bare(&part.name)]),
        Deed::Detached(name) => ("detached", vec![bare(name)]),
        Deed::Dropped(name) => ("dropped", vec![bare(name)]),
        Deed::Archived(manifest) => ("archived and dropped", vec![archived(manifest)]),
    };
    all.into_iter().map(|what| (verb.to_owned(), harmless(&what).into_owned())).collect()
}

fn would(task: &Task) -> Vec<Said> {
    task.said()
        .into_iter()
        .map(|(verb, what)| (format!("would {verb}"), harmless(&what).into_owned()))
        .collect()
}

/// What has the same verb together, in the order in which the verbs come.
fn grouped(all: impl Iterator<Item = Said>) -> Vec<String> {
    let mut groups: Vec<(String, Vec<String>)> = Vec::new();
    for (verb, what) in all {
        match groups.iter_mut().find(|(known, _)| *known == verb) {
            Some((_, names)) => names.push(what),
            None => groups.push((verb, vec![what])),
        }
    }
    groups.iter().map(|(verb, names)| format!("{verb} {}", list(names))).collect()
}

fn line(found: &Found, parts: &[String]) -> String {
    let mut parts = vec![parts.join(", ")];
    parts.extend(found.notes());
    let name = found.facts.table.name.plain();
    harmless(&format!("{name}: {}: {}", summary(&found.facts), parts.join("; "))).into_owned() + "\n"
}

fn archived(manifest: &Manifest) -> String {
    let size = figures::bytes(manifest.compressed_bytes.cast_signed());
    format!("{}, {size} in {}", rows(manifest.content.rows.cast_signed()), manifest.file)
}

/// What is due, as one object.
pub fn due_json(found: &Found) -> String {
    found.json().to_string() + "\n"
}

/// What was done, as one object.
pub fn done_json(done: &Done) -> String {
    let failed = done
        .failed
        .iter()
        .map(|(task, error)| json!({ "task": task, "error": error.to_string(), "remedy": hint(error) }));
    let mut object = done.found.json();
    object["done"] = done.deeds.iter().map(deed).collect();
    object["failed"] = failed.collect();
    object.to_string() + "\n"
}

fn hint(error: &Error) -> String {
    error.hint().unwrap_or_default()
}

fn deed(deed: &Deed) -> Value {
    match deed {
        Deed::Finalized(name) => json!({ "finalized": name.plain() }),
        Deed::Moved(moves) => {
            let each = |(part, rows): &(NewPart, u64)| json!({ "into": part.name.plain(), "rows": rows });
            json!({ "moved": moves.iter().map(each).collect::<Vec<_>>() })
        }
        Deed::Made(part) => json!({ "made": part.name.plain() }),
        Deed::Detached(name) => json!({ "detached": name.plain() }),
        Deed::Dropped(name) => json!({ "dropped": name.plain() }),
        Deed::Archived(manifest) => json!({ "archived": manifest }),
    }
}
