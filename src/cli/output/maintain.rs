//! What maintaining a table did, in one line; and what it would do.

use serde_json::{Value, json};

use crate::{
    engine::maintain::{Deed, Done, Found},
    error::Error,
    model::{
        figures,
        health::{Strays, summary},
        ident::QualifiedName,
        maintenance::{Manifest, NewPart, Task, of_no_period},
    },
    tui::harmless::harmless,
};

/// The most names of one kind in a line.
const NAMES: usize = 6;

/// `public.m: 14 partitions, …: made 1 (m_2027_q2), moved out of DEFAULT 1 (120 rows into m_2026_q4)`.
pub fn done(done: &Done) -> String {
    let mut parts = grouped(done.deeds.iter().flat_map(did));
    if parts.is_empty() {
        parts.push(if done.failed.is_empty() { "nothing was due".into() } else { "nothing was done".into() });
    }
    if !done.failed.is_empty() {
        parts.push(format!("{} failed", done.failed.len()));
    }
    line(&done.found, &parts)
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
type Said = (&'static str, String);

fn did(deed: &Deed) -> Vec<Said> {
    match deed {
        Deed::Finalized(name) => vec![("finished detaching", bare(name))],
        Deed::Moved(moves) => {
            moves.iter().map(|(part, rows)| ("moved out of DEFAULT", moved(part, *rows))).collect()
        }
        Deed::Made(part) => vec![("made", bare(&part.name))],
        Deed::Detached(name) => vec![("detached", bare(name))],
        Deed::Dropped(name) => vec![("dropped", bare(name))],
        Deed::Archived(manifest) => vec![("archived and dropped", archived(manifest))],
    }
}

fn would(task: &Task) -> Vec<Said> {
    match task {
        Task::Finalize(name) => vec![("would finish detaching", bare(name))],
        Task::Move(moves) => {
            let rows = |rows: &i64| rows.unsigned_abs();
            moves.iter().map(|(part, n)| ("would move out of DEFAULT", moved(part, rows(n)))).collect()
        }
        Task::Make(part) => vec![("would make", bare(&part.name))],
        Task::Expire(name) => vec![("would expire", bare(name))],
        Task::Settle(name) => vec![("would settle", bare(name))],
    }
}

/// What has the same verb together, in the order in which the verbs come.
fn grouped(all: impl Iterator<Item = Said>) -> Vec<String> {
    let mut groups: Vec<(&str, Vec<String>)> = Vec::new();
    for (verb, what) in all {
        match groups.iter_mut().find(|(known, _)| *known == verb) {
            Some((_, names)) => names.push(what),
            None => groups.push((verb, vec![what])),
        }
    }
    groups.iter().map(|(verb, names)| format!("{verb} {}", list(names))).collect()
}

fn line(found: &Found, parts: &[String]) -> String {
    let mut rest = String::new();
    if let Strays::Estimated(n) = found.facts.strays
        && n > 0
    {
        rest = format!("; DEFAULT has about {}, which were not counted", rows(n));
    }
    let left = of_no_period(&found.facts, found.cut);
    if left > 0 {
        rest =
            format!("; {} {} in DEFAULT, of no period", rows(left), if left == 1 { "stays" } else { "stay" });
    }
    if !found.waiting.is_empty() {
        let names: Vec<_> = found.waiting.iter().map(bare).collect();
        rest = format!("{rest}; expired and waiting for --on-expiry drop or archive: {}", list(&names));
    }
    let detached: Vec<_> = found.facts.leftovers.iter().map(|one| &one.name).collect();
    let nobodys = detached.into_iter().filter(|name| !found.waiting.contains(name) && !is_due(found, name));
    let nobodys: Vec<_> = nobodys.map(bare).collect();
    if !nobodys.is_empty() {
        rest = format!("{rest}; looks like a partition, and is none: {}", list(&nobodys));
    }
    format!(
        "{}: {}: {}{rest}\n",
        harmless(&found.facts.table.name.plain()),
        summary(&found.facts),
        parts.join(", "),
    )
}

fn is_due(found: &Found, name: &QualifiedName) -> bool {
    found.due.iter().any(|task| *task == Task::Settle(name.clone()))
}

fn list(names: &[String]) -> String {
    let more =
        if names.len() > NAMES { format!(", and {} more", names.len() - NAMES) } else { String::new() };
    format!("{} ({}{more})", names.len(), names[..names.len().min(NAMES)].join(", "))
}

fn bare(name: &QualifiedName) -> String {
    harmless(name.name.as_str()).into_owned()
}

fn moved(part: &NewPart, rows: u64) -> String {
    format!("{} into {}", self::rows(rows.cast_signed()), bare(&part.name))
}

fn rows(n: i64) -> String {
    format!("{} row{}", figures::count(n), if n == 1 { "" } else { "s" })
}

fn archived(manifest: &Manifest) -> String {
    let size = figures::bytes(manifest.compressed_bytes.cast_signed());
    format!("{}, {size} in {}", rows(manifest.content.rows.cast_signed()), manifest.file)
}

/// What is due, as one object.
pub fn due_json(found: &Found) -> String {
    let mut object = json!({ "due": found.due });
    head(&mut object, found);
    object.to_string() + "\n"
}

/// What was done, as one object.
pub fn done_json(done: &Done) -> String {
    let failed = done
        .failed
        .iter()
        .map(|(task, error)| json!({ "task": task, "error": error.to_string(), "remedy": hint(error) }));
    let mut object = json!({
        "done": done.deeds.iter().map(deed).collect::<Vec<_>>(),
        "failed": failed.collect::<Vec<_>>(),
        "due": done.found.due,
    });
    head(&mut object, &done.found);
    object.to_string() + "\n"
}

fn hint(error: &Error) -> String {
    error.hint().unwrap_or_default()
}

fn head(object: &mut Value, found: &Found) {
    object["table"] = json!(found.facts.table.name.plain());
    object["partitions"] = json!(found.facts.leaves().count());
    object["rows_of_no_period"] = json!(of_no_period(&found.facts, found.cut));
    object["waiting"] = json!(found.waiting.iter().map(QualifiedName::plain).collect::<Vec<_>>());
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
