//! What is printed: pure renderers from status, events, plans and errors to text. Nothing here prints.
//!
//! Text for people passes through [`crate::tui::harmless`], so that no name or value from the database can move
//! the cursor or recolour a terminal. JSON escapes by itself.

pub mod audit;
pub mod blockers;
pub mod compare;
pub mod config;
pub mod explain;
pub mod guide;
pub mod health;
pub mod ids;
pub mod json;
pub mod maintain;
pub mod plain;
pub mod plan;
pub mod report;
pub mod retain;
pub mod signals;
pub mod status;
#[cfg(test)]
#[path = "../../../tests/cli/mod.rs"]
mod tests;

#[cfg(test)]
pub(crate) use tests::samples::snapshot;

use crate::{
    error::{Error, Refusal, Report},
    tui::harmless::harmless,
};

/// Columns within which a remedy also names where more is said.
const LINE: usize = 120;

/// An error in two lines, `error: …` and `hint: …`, without a line feed at the end.
pub fn failure(error: &Error) -> String {
    let mut report = error.report();
    if let (None, Error::Database { .. }) = (&report.hint, error) {
        let remedy = if error.connection_lost() {
            "the server ended the connection or went away: see its log, then run it again"
        } else {
            "nothing was left half done: mend the cause, then run it again"
        };
        report.hint = Some(remedy.into());
    }
    reported(&report)
}

/// The same for an error that came as data; two lines for each check that refuses.
pub fn reported(report: &Report) -> String {
    if !report.refusals.is_empty() {
        return report.refusals.iter().map(refused).collect::<Vec<_>>().join("\n");
    }
    let line = format!("error: {}", harmless(&report.message));
    match &report.hint {
        Some(hint) => format!("{line}\nhint: {}", harmless(hint)),
        None => line,
    }
}

/// One check's refusal, and where more is said about it if that still fits on the line.
fn refused(refusal: &Refusal) -> String {
    let mut hint = refusal.remedy.clone();
    let more = format!("; see `quarterdeck explain {}`", refusal.id);
    if format!("hint: {hint}{more}").chars().count() <= LINE {
        hint.push_str(&more);
    }
    format!("error: {}\nhint: {}", harmless(&refusal.to_string()), harmless(&hint))
}

/// The last word of an event stream that ends with this error (`closed`).
pub fn end_of(error: &Error) -> &'static str {
    match error {
        Error::Usage { .. } | Error::Refused { .. } | Error::Refusals(_) => "refused",
        Error::Differs { .. } => "differs",
        Error::Unknown { .. } => "unknown",
        Error::Stopped { how, .. } if how.starts_with("paused") => "paused",
        Error::Stopped { .. } => "stopped",
        Error::Connect { .. }
        | Error::Database { .. }
        | Error::Fenced { .. }
        | Error::Changed { .. }
        | Error::Busy { .. }
        | Error::Program { .. }
        | Error::Io { .. }
        | Error::Bug(_) => "failed",
    }
}

/// Lines of cells under each other, the first `words` columns set left and the others, which are figures, right.
fn columns<const N: usize>(lines: &[[String; N]], words: usize) -> Vec<String> {
    let width = |n: usize| lines.iter().map(|line| crate::tui::harmless::width(&line[n])).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let set = |(n, cell): (usize, &String)| {
        if n < words {
            return pad(cell, widths[n]);
        }
        let missing = widths[n] - crate::tui::harmless::width(cell);
        format!("{}{cell}", " ".repeat(missing))
    };
    let line = |line: &[String; N]| line.iter().enumerate().map(set).collect::<Vec<_>>().join("  ");
    lines.iter().map(|cells| line(cells).trim_end().to_owned()).collect()
}

/// Pads `text` with blanks to `columns` as the terminal counts them.
fn pad(text: &str, columns: usize) -> String {
    let missing = columns.saturating_sub(crate::tui::harmless::width(text));
    format!("{text}{}", " ".repeat(missing))
}
