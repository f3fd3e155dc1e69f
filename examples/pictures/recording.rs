//! What a console heard in one real run of the demo: lines of JSON, compressed. Keys are not in it; they are the film's.
//!
//! A picture of the migration after the first is written as what changed in it, since one picture is like the next.
//! Nothing is made up here.

use std::{
    io::{BufRead, BufReader},
    path::Path,
    sync::Arc,
};

use chrono::{DateTime, Utc};
use flate2::read::GzDecoder;
use quarterdeck::{
    engine::{
        command::Asked,
        event::Event,
        maintain::{Found, Wish},
        plan::compare::Weighed,
        status::Status,
    },
    model::{
        audit::Audit,
        health::Health,
        id_report::IdReport,
        listing::TableListing,
        maintenance::{Keep, OnExpiry},
        plan::{Plan, Request},
    },
};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Where the recording is, from the repository's root.
pub(crate) const PATH: &str = "assets/pictures/demo.jsonl.gz";

/// What can go wrong with a recording or with a film of it.
pub(crate) type Trouble = Box<dyn std::error::Error>;

/// What the console wants of a table where nobody has said anything else.
pub(crate) fn usual(table: &str) -> Wish {
    Wish::of(table.to_owned(), Keep { premake: 2, retain: None, on_expiry: OnExpiry::Detach })
}

/// Something heard, and when.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// When the console heard it.
    pub(crate) at: DateTime<Utc>,
    /// What.
    pub(crate) heard: Heard,
}

/// What a console hears.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Heard {
    /// Where it is.
    Place(Stage),
    /// The tables of the database.
    Tables(Vec<TableListing>),
    /// What each strategy would make of the table.
    Weighed(Request, Arc<Weighed>),
    /// The plan.
    Plan(Request, Arc<Plan>),
    /// The migration is linked.
    Linked(Option<Arc<Plan>>),
    /// The latest picture.
    Status(Arc<Status>),
    /// What happened.
    Event(Box<Event>),
    /// What was ordered; the answer comes as an event.
    Ordered(Asked),
    /// The health of the table.
    Health(Arc<Health>),
    /// What is due on it.
    Due(Arc<Found>),
    /// What its statements reach.
    Audit(Arc<Audit>),
    /// What its ids are like.
    Ids(Arc<IdReport>),
}

/// Where the run took place.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Stage {
    /// `127.0.0.1:5432/shop`.
    pub(crate) target: String,
    /// The role.
    pub(crate) role: String,
    /// The server's version.
    pub(crate) server: String,
    /// The application's transactions a second.
    pub(crate) tps: u32,
}

/// A line of the file.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Line {
    /// Anything but a later picture.
    Heard(Heard),
    /// Places in the picture before (RFC 6901) and what stands there now.
    Changed(Vec<(String, Value)>),
}

/// A line with its time.
#[derive(Serialize, Deserialize)]
pub(crate) struct Timed {
    /// When.
    pub(crate) at: DateTime<Utc>,
    /// What.
    pub(crate) line: Line,
}

/// Reads a recording.
pub(crate) fn read(path: &Path) -> Result<Vec<Entry>, Trouble> {
    let file = std::fs::File::open(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut picture = Value::Null;
    let mut entries = Vec::new();
    for line in BufReader::new(GzDecoder::new(file)).lines() {
        let Timed { at, line } = serde_json::from_str(&line?)?;
        let heard = match line {
            Line::Heard(heard) => {
                if let Heard::Status(status) = &heard {
                    picture = serde_json::to_value(status)?;
                }
                heard
            }
            Line::Changed(changes) => {
                apply(&mut picture, changes)?;
                Heard::Status(serde_json::from_value(picture.clone())?)
            }
        };
        entries.push(Entry { at, heard });
    }
    Ok(entries)
}

/// Where `now` differs from `before`, as far inside as their shapes agree: the places, and what is there now.
pub(crate) fn changes(before: &Value, now: &Value) -> Vec<(String, Value)> {
    let mut changes = Vec::new();
    compare((before, now), "", &mut changes);
    changes
}

/// Makes of a picture the next one.
pub(crate) fn apply(picture: &mut Value, changes: Vec<(String, Value)>) -> Result<(), Trouble> {
    for (place, value) in changes {
        *picture.pointer_mut(&place).ok_or_else(|| format!("there is no {place}"))? = value;
    }
    Ok(())
}

fn compare((before, now): (&Value, &Value), at: &str, changes: &mut Vec<(String, Value)>) {
    match (before, now) {
        _ if before == now => {}
        (Value::Object(before), Value::Object(now)) if before.keys().eq(now.keys()) => {
            for (key, value) in now {
                let place = key.replace('~', "~0").replace('/', "~1");
                compare((&before[key], value), &format!("{at}/{place}"), changes);
            }
        }
        (Value::Array(before), Value::Array(now)) if before.len() == now.len() => {
            for (index, pair) in before.iter().zip(now).enumerate() {
                compare(pair, &format!("{at}/{index}"), changes);
            }
        }
        _ => changes.push((at.to_owned(), now.clone())),
    }
}
