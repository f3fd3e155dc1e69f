//! Whether the terminal's background is light: asked for with OSC 11, before anybody else reads its input.
//!
//! The question is followed by one that every terminal answers (DA1), so a terminal that does not know
//! OSC 11 costs no waiting. Where neither is answered, waiting ends after [`PATIENCE`].

use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Write},
    time::{Duration, Instant},
};

use rustix::termios::{OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};

use crate::tui::theme::is_light;

const QUESTION: &[u8] = b"\x1b]11;?\x1b\\\x1b[c";
/// How long to wait for an answer in all; a slow ssh line takes a tenth of it.
const PATIENCE: Duration = Duration::from_secs(1);
/// Tenths of a second that one read waits.
const READ_WAIT: u8 = 1;

/// Asks; `None` where the terminal does not say. The terminal must be in raw mode.
pub fn ask() -> Option<bool> {
    let mut tty = OpenOptions::new().read(true).write(true).open("/dev/tty").ok()?;
    let before = tcgetattr(&tty).ok()?;
    let answer = answer(&mut tty, before.clone());
    // Best effort: the same settings are made again when the terminal is given back.
    let _ = tcsetattr(&tty, OptionalActions::Now, &before);
    is_light(&answer.ok()?)
}

fn answer(tty: &mut File, mut settings: Termios) -> io::Result<String> {
    settings.special_codes[SpecialCodeIndex::VMIN] = 0;
    settings.special_codes[SpecialCodeIndex::VTIME] = READ_WAIT;
    tcsetattr(&*tty, OptionalActions::Now, &settings)?;
    tty.write_all(QUESTION)?;
    tty.flush()?;
    let end = Instant::now() + PATIENCE;
    let mut text = String::new();
    let mut piece = [0; 64];
    while Instant::now() < end && !is_whole(&text) {
        let read = tty.read(&mut piece)?;
        text.push_str(&String::from_utf8_lossy(&piece[..read]));
    }
    Ok(text)
}

/// The answer to DA1, `ESC [ ? … c`, has come: it is the last.
fn is_whole(text: &str) -> bool {
    text.rsplit_once("\x1b[?").is_some_and(|(_, last)| last.ends_with('c'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_answer_ends_with_the_second_question_s() {
        assert!(is_whole("\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?62;22c"));
        assert!(is_whole("\x1b[?1;2c"));
        assert!(!is_whole("\x1b]11;rgb:1e1e/1e1e/2e2c"));
        assert!(!is_whole(""));
    }
}
