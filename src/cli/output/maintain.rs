//! What maintaining a table did, in one line; and what it would do.

use serde_json::{Value, json};

use crate::{
    engine::maintain::{Deed, Done, Found},
    error::Error,
    model::{
        figures,
        health::summary,
        ident::QualifiedName,
        maintenance::{NewPart, Task, left_in_default},
    },
    tui::harmless::harmless,
};

/// The most names of one kind in a line.
const NAMES: usize = 6;

/// `public.m: 14 partitions, …: made 1 (m_2027_q2), moved 120 rows out of DEFAULT …`.
pub fn done(done: &Done) -> String {
    let mut parts = Vec::new();
    let mut say = |verb: &str, names: Vec<String>| {
        if !names.is_empty() {
            parts.push(format!("{verb} {}", list(&names)));
        }
    };
    let of = |pick: fn(&Deed) -> Option<String>| done.deeds.iter().filter_map(pick).collect::<Vec<_>>();
    say(
        "finished detaching",
        of(|deed| if let Deed::Finalized(name) = deed { Some(bare(name)) } else { None }),
    );
    say(
        "moved out of DEFAULT",
        of(|deed| if let Deed::Moved(part, rows) = deed { Some(moved(part, *rows)) } else { None }),
    );
    say("made", of(|deed| if let Deed::Made(part) = deed { Some(bare(&part.name)) } else { None }));
    say("detached", of(|deed| if let Deed::Detached(name) = deed { Some(bare(name)) } else { None }));
    say("archived and dropped", of(archived));
    say("dropped", of(|deed| if let Deed::Dropped(name) = deed { Some(bare(name)) } else { None }));
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
    let mut parts = Vec::new();
    let mut say = |verb: &str, names: Vec<String>| {
        if !names.is_empty() {
            parts.push(format!("{verb} {}", list(&names)));
        }
    };
    let of = |pick: fn(&Task) -> Option<String>| found.due.iter().filter_map(pick).collect::<Vec<_>>();
    say(
        "would finish detaching",
        of(|task| if let Task::Finalize(name) = task { Some(bare(name)) } else { None }),
    );
    say(
        "would move out of DEFAULT",
        of(
            |task| {
                if let Task::Move(part, rows) = task { Some(moved(part, rows.unsigned_abs())) } else { None }
            },
        ),
    );
    say("would make", of(|task| if let Task::Make(part) = task { Some(bare(&part.name)) } else { None }));
    say("would expire", of(|task| if let Task::Expire(name) = task { Some(bare(name)) } else { None }));
    say("would settle", of(|task| if let Task::Settle(name) = task { Some(bare(name)) } else { None }));
    if parts.is_empty() {
        parts.push("nothing is due".into());
    }
    line(found, &parts)
}

fn line(found: &Found, parts: &[String]) -> String {
    let mut rest = String::new();
    let left = left_in_default(&found.facts, found.cut);
    if left > 0 {
        rest = format!("; {} rows stay in DEFAULT, of no period", figures::count(left));
    }
    if !found.waiting.is_empty() {
        let names: Vec<_> = found.waiting.iter().map(bare).collect();
        rest = format!("{rest}; expired and waiting for --on-expiry drop or archive: {}", list(&names));
    }
    format!(
        "{}: {}: {}{rest}\n",
        harmless(&found.facts.table.name.plain()),
        summary(&found.facts),
        parts.join(", "),
    )
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
    format!("{} rows into {}", figures::count(rows.cast_signed()), bare(&part.name))
}

fn archived(deed: &Deed) -> Option<String> {
    let Deed::Archived(manifest) = deed else { return None };
    Some(format!(
        "{}: {} rows, {} in {}",
        harmless(&manifest.partition),
        figures::count(manifest.rows.cast_signed()),
        figures::bytes(manifest.compressed_bytes.cast_signed()),
        manifest.file
    ))
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
    object["rows_of_no_period"] = json!(left_in_default(&found.facts, found.cut));
    object["waiting"] = json!(found.waiting.iter().map(QualifiedName::plain).collect::<Vec<_>>());
}

fn deed(deed: &Deed) -> Value {
    match deed {
        Deed::Finalized(name) => json!({ "finalized": name.plain() }),
        Deed::Moved(part, rows) => json!({ "moved": part.name.plain(), "rows": rows }),
        Deed::Made(part) => json!({ "made": part.name.plain() }),
        Deed::Detached(name) => json!({ "detached": name.plain() }),
        Deed::Dropped(name) => json!({ "dropped": name.plain() }),
        Deed::Archived(manifest) => json!({ "archived": manifest }),
    }
}
