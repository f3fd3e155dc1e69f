//! What can be taken away: text for the clipboard, files with differences, events or a report.

use std::fmt::Write;

use crate::{
    engine::{
        event::Event,
        report,
        row::WholeRow,
        sentence::{sentence, word},
        status::{Diff, Status},
    },
    model::figures,
    tui::app::{
        allowed::selected_table,
        list::Load,
        model::{Model, Screen, Tone},
        msg::Effect,
        overlay::Overlay,
        row, upkeep,
        wizard::Wizard,
    },
};

/// A file that can be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Export {
    /// The migration as Markdown.
    Report,
    /// Differing rows.
    DiffsCsv,
    /// Differing rows.
    DiffsJson,
    /// Events.
    EventsCsv,
    /// Events.
    EventsJson,
}

impl Export {
    /// All of them, as listed.
    pub const ALL: [Self; 5] =
        [Self::Report, Self::DiffsCsv, Self::DiffsJson, Self::EventsCsv, Self::EventsJson];

    /// What it is.
    pub fn title(self) -> &'static str {
        match self {
            Self::Report => "report, Markdown",
            Self::DiffsCsv => "differing rows, CSV",
            Self::DiffsJson => "differing rows, JSON",
            Self::EventsCsv => "events, CSV",
            Self::EventsJson => "events, JSON",
        }
    }

    fn ending(self) -> &'static str {
        match self {
            Self::Report => "report.md",
            Self::DiffsCsv => "diffs.csv",
            Self::DiffsJson => "diffs.json",
            Self::EventsCsv => "events.csv",
            Self::EventsJson => "events.json",
        }
    }

    fn contents(self, status: &Status, model: &Model) -> String {
        let events = model.job.events.iter();
        match self {
            Self::Report => report::markdown(status, events),
            Self::DiffsCsv => diffs_csv(&status.verification.diffs),
            Self::DiffsJson => json(&*status.verification.diffs),
            Self::EventsCsv => events_csv(events),
            Self::EventsJson => json(&events.collect::<Vec<_>>()),
        }
    }
}

/// The row that `e` begins on.
pub fn first_export(screen: Screen) -> usize {
    match screen {
        Screen::Validation => 1,
        Screen::Log => 3,
        Screen::Tables | Screen::Layout | Screen::Quarters | Screen::Backfill | Screen::Health => 0,
    }
}

/// Writes the selected file.
pub fn export(model: &mut Model) -> Vec<Effect> {
    let Some(Overlay::Export { selected }) = model.overlays.pop() else { return Vec::new() };
    let export = Export::ALL[selected.min(Export::ALL.len() - 1)];
    let Some(status) = model.status() else { return Vec::new() };
    let contents = export.contents(status, model);
    vec![Effect::Export { path: path(model, export.ending()), contents }]
}

/// Writes the row that is read in the window in front: its values as they are, whatever the terminal shows of them.
pub fn row(model: &Model) -> Vec<Effect> {
    #[derive(serde::Serialize)]
    struct Written<'a> {
        diff: &'a Diff,
        row: &'a WholeRow,
    }
    let Some((view, row)) = row::read(model) else { return Vec::new() };
    let written = Written { diff: &view.wanted.diff, row };
    vec![Effect::Export { path: path(model, "row.json"), contents: json(&written) }]
}

/// A new file's name in the working directory.
fn path(model: &Model, ending: &str) -> String {
    let at = model.now.format("%Y%m%dT%H%M%SZ");
    let table = model.table_name().unwrap_or_default();
    format!("quarterdeck-{}-{at}-{ending}", in_a_path(table))
}

/// A table's name as part of a file's name: whatever could leave the directory or hide is replaced.
fn in_a_path(name: &str) -> String {
    name.chars().map(|c| if c.is_alphanumeric() || c == '_' { c } else { '-' }).collect()
}

fn json<T: serde::Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string_pretty(value).map_or_else(|error| error.to_string(), |text| text + "\n")
}

fn events_csv<'a>(events: impl Iterator<Item = &'a Event>) -> String {
    let mut text = String::from("seq,at,kind,event\n");
    for event in events {
        let row =
            [event.seq.to_string(), event.at.to_rfc3339(), word(&event.body).into(), sentence(&event.body)];
        push_row(&mut text, &row);
    }
    text
}

fn diffs_csv(diffs: &[Diff]) -> String {
    let mut text = String::from("leaf,key,kind,column,source,twin\n");
    for diff in diffs {
        let head = [diff.leaf.clone(), diff.key.clone(), diff.kind.word().into()];
        let rest = |column: &str, a: &str, b: &str| [column.into(), a.into(), b.into()];
        if diff.columns.is_empty() {
            push_row(&mut text, &[&head[..], &rest("", "", "")].concat());
        }
        for (column, source, twin) in &diff.columns {
            let value = |side: &Option<String>| side.clone().unwrap_or_else(|| "NULL".into());
            push_row(&mut text, &[&head[..], &rest(column, &value(source), &value(twin))].concat());
        }
    }
    text
}

/// RFC 4180. A leading sign that a spreadsheet would take for a formula is kept behind a quote mark.
fn push_row(text: &mut String, cells: &[String]) {
    for (i, cell) in cells.iter().enumerate() {
        let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
        let comma = if i == 0 { "" } else { "," };
        if guard.is_empty() && !cell.contains([',', '"', '\n', '\r']) {
            let _ = write!(text, "{comma}{cell}");
        } else {
            let _ = write!(text, "{comma}\"{guard}{}\"", cell.replace('"', "\"\""));
        }
    }
    text.push('\n');
}

/// Copies what is selected.
pub fn copy(model: &mut Model) -> Vec<Effect> {
    let text = match model.overlays.last() {
        Some(Overlay::Wizard(wizard)) => step_sql(wizard),
        Some(Overlay::Detail(detail)) => Some(detail.text.join("\n")),
        Some(Overlay::Row(view)) => match row::copied(view) {
            Ok(text) => Some(text),
            Err(why) => {
                model.say(Tone::Warn, why);
                return Vec::new();
            }
        },
        Some(_) => None,
        None => selected(model),
    };
    let Some(text) = text.filter(|text| !text.is_empty()) else {
        model.say(Tone::Warn, "nothing to copy here");
        return Vec::new();
    };
    let lines = text.lines().count();
    model.say(Tone::Calm, if lines == 1 { "copied".into() } else { format!("copied {lines} lines") });
    vec![Effect::Copy(text)]
}

fn step_sql(wizard: &Wizard) -> Option<String> {
    let Load::Ready(plan) = &wizard.plan else { return None };
    let step = plan.steps.get(wizard.step)?;
    let statements =
        step.statements.iter().map(|s| format!("-- {}\n{};", s.label, s.sql.trim_end_matches(';')));
    Some(statements.collect::<Vec<_>>().join("\n\n"))
}

fn selected(model: &Model) -> Option<String> {
    match model.screen {
        Screen::Tables => selected_table(model).map(|table| table.name.plain()),
        Screen::Health => upkeep::copied(model),
        Screen::Layout | Screen::Quarters | Screen::Backfill => {
            model.selected_period().map(|(_, period)| period.leaf.clone())
        }
        Screen::Validation => match model.cursors.drilled {
            Some(_) => {
                let diffs = model.shown_diffs();
                let at = model.cursors.diffs.at(diffs.len())?;
                Some(diffs_csv(std::slice::from_ref(diffs[at])))
            }
            None => model.selected_period().map(|(_, period)| period.leaf.clone()),
        },
        Screen::Log => selected_event(model)
            .map(|event| format!("{} {}", figures::clock_seconds(event.at), sentence(&event.body))),
    }
}

/// The event under the cursor: the last one while the log is followed.
pub fn selected_event(model: &Model) -> Option<&Event> {
    let shown = model.shown_events();
    let at = if model.cursors.log_held {
        model.cursors.log.at(shown.len())?
    } else {
        shown.len().checked_sub(1)?
    };
    Some(shown[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn csv_survives_commas_quotes_lines_and_formulas() {
        let mut text = String::new();
        push_row(&mut text, &["a".into(), "b,c".into(), "d\"e".into(), "=1+1".into(), "f\ng".into()]);
        assert_eq!(text, "a,\"b,c\",\"d\"\"e\",\"'=1+1\",\"f\ng\"\n");
    }

    #[test]
    fn a_table_name_cannot_leave_the_directory() {
        assert_eq!(in_a_path("../etc/passwd\n"), "---etc-passwd-");
    }
}
