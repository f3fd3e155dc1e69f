//! JSON events, one a line, the last one `closed`: a contract that scripts rely on.

use chrono::{DateTime, Utc};

pub(in crate::cli) use crate::tui::export::json::{one_line, pretty};
use crate::{
    cli::output::end_of,
    engine::event::{Body, Event},
    error::Error,
};

/// An event on one line.
pub fn line(event: &Event) -> String {
    one_line(event)
}

/// An error as what was asked for: an object with nothing but `error`.
pub fn failure(error: &Error) -> String {
    pretty(&serde_json::json!({ "error": error.report() }))
}

/// A stream's last lines where it ends with an error: what failed, and `closed`.
pub fn closing(step: &str, error: &Error, at: DateTime<Utc>) -> [String; 2] {
    let failed = Body::Failed { step: step.to_owned(), error: error.report() };
    let closed = Body::Closed { end: end_of(error).to_owned(), exit_code: error.exit_code() };
    [failed, closed].map(|body| line(&Event { seq: 0, at, body }))
}
