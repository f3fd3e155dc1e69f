//! What can be written and how: the files' titles, names and contents.

use super::{events, health, periods, tables, upkeep};
use crate::{
    engine::report::Happened,
    tui::{
        app::model::Model,
        export::{Table, csv::csv, json, markdown::markdown, report},
        harmless::harmless,
    },
};

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

    pub(super) fn exports(self) -> impl Iterator<Item = Export> {
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
            Self::Report => model.status().map(|status| report::json(status, happened(model))),
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

    pub(super) fn contents(self, model: &Model) -> Option<String> {
        match self.format {
            Format::Json => self.what.json(model).map(|text| text + "\n"),
            Format::Csv => self.what.table(model).map(|table| csv(&table)),
            Format::Markdown if self.what == What::Report => {
                model.status().map(|status| report::markdown(status, &happened(model)))
            }
            Format::Markdown => self.what.table(model).map(|table| markdown(&table)),
        }
    }

    /// The file's name: of which table, when, what of it.
    pub(super) fn path(self, model: &Model) -> String {
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
        let what = self.what.title().replace(' ', "-");
        let ending = format!("{what}{}.{}", if narrowed { "-filtered" } else { "" }, self.format.ending());
        path(model, &name.unwrap_or_default(), &ending)
    }
}

fn happened(model: &Model) -> Happened<'_> {
    Happened { events: model.job.events.iter().collect(), older: model.job.older }
}

/// A new file's name in the working directory: of which table, when, what of it.
pub(super) fn path(model: &Model, table: &str, ending: &str) -> String {
    format!("quarterdeck-{}-{}-{ending}", in_a_path(table), model.now.format("%Y%m%dT%H%M%SZ"))
}

/// A table's name as part of a file's name: whatever could leave the directory or hide is replaced.
fn in_a_path(name: &str) -> String {
    let is_plain =
        |c: char| (c.is_alphanumeric() && harmless(c.encode_utf8(&mut [0; 4])).chars().eq([c])) || c == '_';
    name.chars().map(|c| if is_plain(c) { c } else { '-' }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_name_cannot_leave_the_directory() {
        assert_eq!(in_a_path("../etc/passwd\n\u{3164}größe_1"), "---etc-passwd--größe_1");
    }
}
