//! The two streams. A reader that has gone away (`| head`) is no error, and never stops a migration.

use std::io::{self, Write};

use crate::{
    cli::output,
    error::{Error, Report},
    tui::harmless::harmless,
};

/// Text that was asked for, as it is.
pub fn text(text: &str) {
    to(&mut io::stdout().lock(), text);
}

/// A line that was asked for.
pub fn line(line: &str) {
    to(&mut io::stdout().lock(), &format!("{line}\n"));
}

/// Words beside what was asked for, on standard error.
pub fn note(words: &str) {
    to(&mut io::stderr().lock(), &format!("{}\n", harmless(words)));
}

/// One line on standard error, in place of the last one; nothing takes it away.
pub fn live(words: &str) {
    to(&mut io::stderr().lock(), &format!("\r\x1b[K{words}"));
}

/// A warning, on standard error.
pub fn warning(words: &str) {
    to(&mut io::stderr().lock(), &format!("warning: {}\n", harmless(words)));
}

/// An error with its remedy, on standard error; returns the process's exit code.
pub fn failure(error: &Error) -> u8 {
    tracing::error!(%error, "closing");
    to(&mut io::stderr().lock(), &format!("{}\n", output::failure(error)));
    error.exit_code()
}

/// What another process reports, as an error of our own; returns the process's exit code.
pub fn report(report: &Report) -> u8 {
    tracing::error!(report.message, "closing");
    to(&mut io::stderr().lock(), &format!("{}\n", output::reported(report)));
    report.kind.exit_code()
}

fn to(stream: &mut impl Write, text: &str) {
    if let Err(error) = stream.write_all(text.as_bytes()).and_then(|()| stream.flush()) {
        tracing::warn!(%error, "nobody reads the output");
    }
}
