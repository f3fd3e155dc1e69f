//! The record of a migration as text, the same from the console and from `quarterdeck report`.

use super::json;
use crate::{
    engine::{self, contract::Record, report::Happened, status::Status},
    tui::harmless::harmless,
};

/// For a ticket or a wiki.
pub fn markdown(status: &Status, happened: &Happened<'_>) -> String {
    let text = engine::report::markdown(status, happened);
    text.lines().flat_map(|line| [harmless(line), "\n".into()]).collect()
}

/// For programs.
pub fn json<'a>(status: &'a Status, happened: Happened<'a>) -> String {
    json::pretty(&Record::of(status, happened))
}
