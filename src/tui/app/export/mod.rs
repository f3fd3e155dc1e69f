//! `e`: what the screen or the page in front shows, as a file of CSV, Markdown or JSON; and the record of the migration, where one is open.
//!
//! Only what is loaded is written, and of a list that is filtered only what passes: the file and its name say so. What has an object of its own in
//! the command line's `--json` has the same here. Writing is the runner's.

mod events;
mod health;
mod periods;
mod tables;
mod upkeep;

use chrono::{DateTime, Utc};
use serde::Serialize;

use crate::{
    error::Report,
    model::{phase::Phase, strategy::Strategy},
    tui::{
        app::{
            allowed::{Blocked, moot, yet},
            list::Load,
            model::{Model, Screen, Tone},
            msg::Effect,
            overlay::{Detail, Overlay},
            upkeep::Page,
        },
        export::{Table, csv::csv, json, markdown::markdown, report},
        harmless::{harmless, width},
    },
};

pub use periods::of_diffs;

/// Columns of the footer that no notice has.
const BESIDE: usize = 6;

/// What can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The list of tables.
    Tables,
    /// The periods of the migration.
    Periods,
    /// What the verifier says of each.
    Verdicts,
    /// Differing rows.
    Differences,
    /// What happened.
    Events,
    /// What wants doing.
    Findings,
    /// The partitions of the table that is looked at.
    Partitions,
    /// What is due on it.
    Due,
    /// Statements on it.
    Statements,
    /// Its ids.
    Ids,
    /// What kinds of ids cost.
    Lab,
    /// Which of its rows may go.
    Retention,
    /// The record of the migration.
    Report,
}

/// How it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For a spreadsheet.
    Csv,
    /// For a ticket.
    Markdown,
    /// For programs.
    Json,
}

/// A file that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Export {
    /// What.
    pub what: What,
    /// How.
    pub format: Format,
}

/// The files to choose from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// All of them, what is on screen first.
    pub all: Vec<Export>,
    /// The selected one.
    pub selected: usize,
}

impl What {
    /// What it is, in words.
    pub fn title(self) -> &'static str {
        match self {
            Self::Tables => "tables",
            Self::Periods => "periods",
            Self::Verdicts => "verdicts",
            Self::Differences => "differing rows",
            Self::Events => "events",
            Self::Findings => "findings",
            Self::Partitions => "partitions",
            Self::Due => "what is due",
            Self::Statements => "statements",
            Self::Ids => "ids",
            Self::Lab => "lab",
            Self::Retention => "retention",
            Self::Report => "report",
        }
    }

    /// Whether the filter of the screen narrows it.
    pub fn is_narrowed(self) -> bool {
        match self {
            Self::Tables
            | Self::Periods
            | Self::Verdicts
            | Self::Differences
            | Self::Events
            | Self::Findings
            | Self::Due
            | Self::Statements => true,
            Self::Partitions | Self::Ids | Self::Lab | Self::Retention | Self::Report => false,
        }
    }

    fn exports(self) -> impl Iterator<Item = Export> {
        let formats: &[Format] = match self {
            Self::Report => &[Format::Markdown, Format::Json],
            Self::Tables
            | Self::Periods
            | Self::Verdicts
            | Self::Differences
            | Self::Events
            | Self::Findings
            | Self::Partitions
            | Self::Due
            | Self::Statements
            | Self::Ids
            | Self::Lab
            | Self::Retention => &[Format::Csv, Format::Markdown, Format::Json],
        };
        formats.iter().map(move |format| Export { what: self, format: *format })
    }

    /// As a table; nothing of what is not loaded, and of what is none.
    fn table(self, model: &Model) -> Option<Table> {
        match self {
            Self::Tables => tables::table(model),
            Self::Periods => periods::table(model),
            Self::Verdicts => periods::verdicts(model),
            Self::Differences => periods::differences(model),
            Self::Events => events::table(model),
            Self::Findings => health::findings(model),
            Self::Partitions => health::partitions(model),
            Self::Due => upkeep::due(model),
            Self::Statements => upkeep::statements(model),
            Self::Ids => upkeep::ids(model),
            Self::Lab => upkeep::lab(model),
            Self::Retention => upkeep::retention(model),
            Self::Report => None,
        }
    }

    /// As JSON.
    fn json(self, model: &Model) -> Option<String> {
        match self {
            Self::Differences => periods::differences_json(model),
            Self::Events => events::json(model),
            Self::Findings => health::json(model),
            Self::Due => upkeep::due_json(model),
            Self::Statements => upkeep::statements_json(model),
            Self::Ids => upkeep::ids_json(model),
            Self::Lab => upkeep::lab_json(model),
            Self::Retention => upkeep::retention_json(model),
            Self::Report => model.status().map(|status| report::json(status, model.job.events.iter())),
            Self::Tables | Self::Periods | Self::Verdicts | Self::Partitions => {
                self.table(model).map(|table| json::pretty(&table))
            }
        }
    }
}

impl Format {
    /// Its name.
    pub fn title(self) -> &'static str {
        match self {
            Self::Csv => "CSV",
            Self::Markdown => "Markdown",
            Self::Json => "JSON",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Markdown => "md",
            Self::Json => "json",
        }
    }
}

impl Export {
    /// What it is.
    pub fn title(self) -> String {
        format!("{}, {}", self.what.title(), self.format.title())
    }

    fn contents(self, model: &Model) -> Option<String> {
        match self.format {
            Format::Json => self.what.json(model).map(|text| text + "\n"),
            Format::Csv => self.what.table(model).map(|table| csv(&table)),
            Format::Markdown if self.what == What::Report => {
                model.status().map(|status| report::markdown(status, model.job.events.iter()))
            }
            Format::Markdown => self.what.table(model).map(|table| markdown(&table)),
        }
    }

    /// The file's name: of which table, when, what of it.
    fn path(self, model: &Model) -> String {
        let name = match self.what {
            What::Tables => model.place.target.rsplit('/').next().map(str::to_owned),
            What::Findings
            | What::Partitions
            | What::Due
            | What::Statements
            | What::Ids
            | What::Lab
            | What::Retention => {
                let doomed = model.upkeep.retain.found.ready().filter(|_| self.what == What::Retention);
                let of = doomed.map(|doomed| &doomed.found.table).or(model.upkeep.of.as_ref());
                of.map(|table| table.name.as_str().to_owned())
            }
            What::Periods | What::Verdicts | What::Differences | What::Events | What::Report => {
                model.table_name().map(str::to_owned)
            }
        };
        let narrowed = self.what.is_narrowed() && !model.filter().is_empty();
        format!(
            "quarterdeck-{}-{}-{}{}.{}",
            in_a_path(&name.unwrap_or_default()),
            model.now.format("%Y%m%dT%H%M%SZ"),
            self.what.title().replace(' ', "-"),
            if narrowed { "-filtered" } else { "" },
            self.format.ending()
        )
    }
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

/// A table's name as part of a file's name: whatever could leave the directory or hide is replaced.
fn in_a_path(name: &str) -> String {
    let is_plain =
        |c: char| (c.is_alphanumeric() && harmless(c.encode_utf8(&mut [0; 4])).chars().eq([c])) || c == '_';
    name.chars().map(|c| if is_plain(c) { c } else { '-' }).collect()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_name_cannot_leave_the_directory() {
        assert_eq!(in_a_path("../etc/passwd\n\u{3164}größe_1"), "---etc-passwd--größe_1");
    }
}
