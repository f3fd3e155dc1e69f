//! A film as an asciicast (version 2): what the console's own terminal writer would have written, and when.

use std::{cell::RefCell, fmt::Write as _, io::Write, rc::Rc};

use quarterdeck::tui::{
    glyphs::Glyphs,
    theme::{Depth, Palette, Theme},
    view::view,
};
use ratatui::{
    Terminal, TerminalOptions, Viewport, backend::CrosstermBackend, crossterm::style::force_color_output,
    layout::Rect,
};
use serde_json::json;

use super::{
    film::{Film, Frame, SIZE},
    recording::Trouble,
};

/// How the cast begins: an empty screen without a cursor.
const BEGIN: &str = "\x1b[?25l\x1b[2J\x1b[H";
/// Milliseconds that the last frame stands.
const LAST_MS: i64 = 1_000;

/// What was written since it was last taken.
#[derive(Clone, Default)]
struct Sink(Rc<RefCell<Vec<u8>>>);

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.borrow_mut().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// The cast, as lines of JSON.
pub(crate) fn cast(film: &Film, title: &str) -> Result<String, Trouble> {
    // Colours are the film's, whatever the environment says.
    force_color_output(true);
    let theme = Theme::new(Palette::Dark, Depth::True, Glyphs::Unicode);
    let sink = Sink::default();
    let viewport = Viewport::Fixed(Rect::new(0, 0, SIZE.0, SIZE.1));
    let mut terminal =
        Terminal::with_options(CrosstermBackend::new(sink.clone()), TerminalOptions { viewport })?;
    let timestamp = film.frames.first().map(|frame| frame.model.now.timestamp());
    let header = json!({
        "version": 2, "width": SIZE.0, "height": SIZE.1, "timestamp": timestamp, "title": title,
        "env": { "TERM": "xterm-256color" }
    });
    let mut text = format!("{header}\n");
    let mut line = |at_ms: i64, written: &str| {
        let seconds = format!("{}.{:03}", at_ms / 1_000, at_ms % 1_000);
        let _ = writeln!(text, "[{seconds}, \"o\", {}]", json!(written));
    };
    let mut drawn = |frame: &Frame| -> Result<String, Trouble> {
        terminal.draw(|area| view(&frame.model, &theme, area))?;
        Ok(String::from_utf8(std::mem::take(&mut *sink.0.borrow_mut()))?)
    };
    let first = film.frames.first().ok_or("the film is empty")?;
    line(0, &format!("{BEGIN}{}", drawn(first)?));
    // What is written where nothing has changed.
    let nothing = drawn(first)?;
    for frame in &film.frames[1..] {
        let written = drawn(frame)?;
        if written != nothing {
            line(frame.at_ms, &written);
        }
    }
    line(film.length_ms() + LAST_MS, "");
    Ok(text)
}
