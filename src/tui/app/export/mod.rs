//! `e`: what the screen or the page in front shows, as a file of CSV, Markdown or JSON; and the record of the migration, where one is open.
//!
//! Only what is loaded is written, and of a list that is filtered only what passes: the file and its name say so. What has an object of its own in
//! the command line's `--json` has the same here. Writing is the runner's.

mod events;
mod health;
mod periods;
mod tables;
mod upkeep;
mod what;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    engine::row::WholeRow,
    error::Report,
    model::{diff::Diff, phase::Phase, strategy::Strategy},
    tui::{
        app::{
            allowed::{Blocked, moot, yet},
            list::Load,
            model::{Model, Screen, Tone},
            msg::Effect,
            overlay::{Detail, Overlay},
            row,
            upkeep::Page,
        },
        export::json,
        harmless::{harmless, width},
    },
};

pub use periods::of_diffs;
pub use what::{Export, Format, What};

/// Columns of the footer that no notice has.
const BESIDE: usize = 6;

/// The files to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// All of them, what is on screen first.
    pub all: Vec<Export>,
    /// The selected one.
    pub selected: usize,
}

/// The files that the screen in front offers, or why there are none.
pub fn choices(model: &Model) -> Result<Vec<Export>, Blocked> {
    let mut all = shown(model)?;
    if model.status().is_some() {
        all.push(What::Report);
    }
    if all.is_empty() {
        return moot("no migration is open");
    }
    Ok(all.into_iter().flat_map(What::exports).collect())
}

/// What the screen in front shows.
fn shown(model: &Model) -> Result<Vec<What>, Blocked> {
    let status = model.status();
    let is_there =
        status.is_some_and(|status| !status.periods.is_empty() && status.migration.phase != Phase::Aborted);
    let is_copied = is_there && status.is_some_and(|status| status.migration.strategy() != Strategy::Adopt);
    let has_diffs = status.is_some_and(|status| !status.verification.diffs.is_empty());
    let all: &[What] = match model.screen {
        Screen::Tables => loaded(&model.tables, "the list of tables").map(|()| &[What::Tables][..])?,
        Screen::Layout if is_there => &[What::Periods],
        Screen::Quarters | Screen::Backfill if is_copied => &[What::Periods],
        Screen::Validation if is_copied && model.cursors.drilled.is_some() => &[What::Differences],
        Screen::Validation if is_copied && has_diffs => &[What::Verdicts, What::Differences],
        Screen::Validation if is_copied => &[What::Verdicts],
        Screen::Layout | Screen::Quarters | Screen::Backfill | Screen::Validation => &[],
        Screen::Log if model.job.events.is_empty() => &[],
        Screen::Log => &[What::Events],
        Screen::Health => of_page(model)?,
    };
    Ok(all.to_vec())
}

/// What the page in front of the health screen shows.
fn of_page(model: &Model) -> Result<&'static [What], Blocked> {
    let upkeep = &model.upkeep;
    if upkeep.of.is_none() {
        return moot("no table is chosen");
    }
    match upkeep.page {
        Page::Health => {
            loaded(&upkeep.health.found, "its health").map(|()| &[What::Findings, What::Partitions][..])
        }
        Page::Maintain => loaded(&upkeep.maintain.found, "what is due").map(|()| &[What::Due][..]),
        Page::Audit => loaded(&upkeep.audit.found, "the audit").map(|()| &[What::Statements][..]),
        Page::Ids => {
            let ids = loaded(&upkeep.ids.found, "its ids");
            match (ids, upkeep::measured(model)) {
                (Ok(()), Some(_)) => Ok(&[What::Ids, What::Lab]),
                (Ok(()), None) => Ok(&[What::Ids]),
                (Err(_), Some(_)) => Ok(&[What::Lab]),
                (Err(blocked), None) => Err(blocked),
            }
        }
        Page::Retain if matches!(upkeep.retain.found, Load::Nothing) => yet("say which rows may go: o"),
        Page::Retain => loaded(&upkeep.retain.found, "which rows may go").map(|()| &[What::Retention][..]),
    }
}

fn loaded<T>(found: &Load<T>, what: &str) -> Result<(), Blocked> {
    match found {
        Load::Ready(_) => Ok(()),
        Load::Nothing | Load::Loading => yet(format!("{what}: not read yet")),
        Load::Failed(_) => yet(format!("{what}: could not be read")),
    }
}

/// Opens the window.
pub fn open(model: &mut Model) {
    let Ok(all) = choices(model) else { return };
    // Differing rows are why one is there, and of a migration at work the record is asked for most.
    let wanted = match model.screen {
        Screen::Validation => What::Differences,
        Screen::Backfill => What::Report,
        Screen::Tables | Screen::Layout | Screen::Quarters | Screen::Health | Screen::Log => all[0].what,
    };
    let selected = all.iter().position(|export| export.what == wanted).unwrap_or(0);
    model.overlays.push(Overlay::Export(Choices { all, selected }));
}

/// Writes the selected file.
pub fn write(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Export(Choices { all, selected })) = model.overlays.pop() else { return Vec::new() };
    let Some(export) = all.get(selected.min(all.len().saturating_sub(1))) else { return Vec::new() };
    let Some(contents) = export.contents(model) else {
        model.say(Tone::Warn, format!("{}: not there any more; look again", export.what.title()));
        return Vec::new();
    };
    vec![Effect::Export { path: export.path(model), contents }]
}

/// Writes the row that is read in the window in front: its values as they are, whatever the terminal shows of them.
pub fn row(model: &Model) -> Vec<Effect> {
    #[derive(Serialize)]
    struct Written<'a> {
        diff: &'a Diff,
        row: &'a WholeRow,
    }
    let Some((view, row)) = row::read(model) else { return Vec::new() };
    let contents = json::pretty(&Written { diff: &view.wanted.diff, row }) + "\n";
    vec![Effect::Export {
        path: what::path(model, model.table_name().unwrap_or_default(), "row.json"),
        contents,
    }]
}

/// The whole path, where there is room to say it, else the name. Why there is no file is read in a window, unless something else is asked there.
pub fn written(model: &mut Model, written: Result<String, Report>) {
    match written {
        Ok(path) => {
            let text = format!("written: {path}");
            // A filter stands in the same row.
            let filter = model.filter();
            let beside = if filter.is_empty() { BESIDE } else { BESIDE + 1 + width(&harmless(filter)) };
            let room = usize::from(model.size.0).saturating_sub(beside);
            let name = path.rsplit('/').next().unwrap_or(&path);
            let fits = width(&harmless(&text)) <= room;
            model.say(Tone::Calm, if fits { text } else { format!("written: {name}") });
        }
        Err(report) if model.overlays.is_empty() && !model.cursors.filtering && !model.is_small() => {
            model.overlays.push(Overlay::Detail(Detail::of_error("not written", &report)));
        }
        Err(report) => model.say(Tone::Danger, report.message),
    }
}

/// The filter of the screen in front, where there is one.
fn filter(model: &Model) -> Option<String> {
    Some(model.filter().to_owned()).filter(|filter| !filter.is_empty())
}

/// An object of the command line's, with what a file says besides.
#[derive(Serialize)]
struct Said<'a, T> {
    #[serde(flatten)]
    of: T,
    /// Entries that do not contain this are left out.
    #[serde(skip_serializing_if = "Option::is_none")]
    filter: Option<String>,
    /// How the last chore ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_run: Option<LastRun<'a>>,
}

#[derive(Serialize)]
struct LastRun<'a> {
    title: &'a str,
    at: DateTime<Utc>,
    said: Vec<String>,
}
