//! The terminal: taken over, drawn on, and given back whatever happens.
//!
//! [`Stage`] is what the runner draws on; [`Tty`] is the real one. Its `Drop`, and the panic hook, give the
//! terminal back; signals do it by ending the runner (`super::run`).

pub mod background;
pub mod panic;

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Stdout, stdout},
    mem::ManuallyDrop,
    sync::atomic::{AtomicBool, Ordering},
};

use crossterm::{
    clipboard::CopyToClipboard,
    cursor::Show,
    event::{DisableBracketedPaste, EnableBracketedPaste},
    execute, queue,
    style::Print,
    terminal::{
        BeginSynchronizedUpdate, EndSynchronizedUpdate, EnterAlternateScreen, LeaveAlternateScreen, SetTitle,
        disable_raw_mode, enable_raw_mode,
    },
};
use ratatui::{Terminal, backend::CrosstermBackend};
use rustix::process::{Signal, kill_current_process_group};

use crate::tui::{app::model::Model, harmless::harmless, theme::Theme, view::measured};

/// The window's title is kept on the terminal's own stack (XTWINOPS 22 and 23).
const PUSH_TITLE: &str = "\x1b[22;0t";
const POP_TITLE: &str = "\x1b[23;0t";

/// The terminal is taken over now.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// What the taskbar shows (OSC 9;4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// Nothing.
    None,
    /// Per cent done.
    Running(u8),
    /// Per cent done, standing still.
    Paused(u8),
    /// Something failed.
    Failed(u8),
}

impl Progress {
    fn sequence(self) -> String {
        let (state, percent) = match self {
            Self::None => (0, 0),
            Self::Running(percent) => (1, percent),
            Self::Failed(percent) => (2, percent),
            Self::Paused(percent) => (4, percent),
        };
        format!("\x1b]9;4;{state};{percent}\x1b\\")
    }
}

/// What the runner draws on.
pub trait Stage {
    /// Columns and rows.
    fn size(&self) -> (u16, u16);

    /// Draws the model.
    fn draw(&mut self, model: &Model, theme: &Theme) -> io::Result<Drawn>;

    /// Tells window and taskbar.
    fn announce(&mut self, title: &str, progress: Progress) -> io::Result<()>;

    /// Puts text on the clipboard.
    fn copy(&mut self, text: &str) -> io::Result<()>;

    /// Forgets what is on screen, so that the next drawing draws all of it.
    fn forget(&mut self) -> io::Result<()>;

    /// Gives the terminal back, stops the process, and takes the terminal again when it goes on.
    fn suspend(&mut self) -> io::Result<()>;
}

/// What was drawn: it is what the operator sees and answers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// Its columns and rows, also where the message that the terminal has another size is still on its way.
    pub size: (u16, u16),
    /// How many lines the text in front can be scrolled.
    pub furthest: usize,
}

/// The real terminal.
#[derive(Debug)]
pub struct Tty {
    /// Never dropped: where the cursor cannot be shown again, as in a window that was closed, dropping it prints to standard
    /// error, which is gone as well, and that panics. [`give_back`] shows the cursor.
    terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
}

impl Tty {
    /// Takes the terminal over: raw mode, alternate screen, bracketed paste.
    pub fn take() -> io::Result<Self> {
        // Keys could be read from the process's own terminal all the same, and the pictures would go into a file or a pipe.
        if !stdout().is_terminal() {
            return Err(io::Error::other("standard output is none"));
        }
        take_over()?;
        // Cleared by ourselves: a program that was killed may have left the alternate screen on, and its picture in it.
        let terminal = Terminal::new(CrosstermBackend::new(stdout()));
        let terminal = terminal.and_then(|mut terminal| clear(&mut terminal).map(|()| terminal));
        Ok(Self { terminal: ManuallyDrop::new(terminal.inspect_err(|_| give_back())?) })
    }
}

/// Clears the screen and forgets what was on it. [`Terminal::clear`] would ask the terminal where its cursor is, and the
/// answer goes to whoever reads the keys: it would wait for it in vain, and take the terminal for gone.
fn clear(terminal: &mut Terminal<CrosstermBackend<Stdout>>) -> io::Result<()> {
    let size = terminal.size()?;
    terminal.resize(size.into())
}

impl Drop for Tty {
    fn drop(&mut self) {
        give_back();
    }
}

fn take_over() -> io::Result<()> {
    enable_raw_mode()?;
    TAKEN.store(true, Ordering::SeqCst);
    let taken = execute!(stdout(), Print(PUSH_TITLE), EnterAlternateScreen, EnableBracketedPaste);
    taken.inspect_err(|_| give_back())
}

/// Gives the terminal back; does nothing where it was given back already. Errors have nowhere to go here:
/// a terminal that cannot be written to needs no restoring.
pub fn give_back() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let _ = execute!(
        stdout(),
        EndSynchronizedUpdate,
        Print(Progress::None.sequence()),
        DisableBracketedPaste,
        LeaveAlternateScreen,
        Show,
        Print(POP_TITLE)
    );
    let _ = disable_raw_mode();
}

impl Stage for Tty {
    fn size(&self) -> (u16, u16) {
        self.terminal.size().map_or((80, 24), |size| (size.width, size.height))
    }

    fn draw(&mut self, model: &Model, theme: &Theme) -> io::Result<Drawn> {
        let mut furthest = 0;
        queue!(self.terminal.backend_mut(), BeginSynchronizedUpdate)?;
        let drawn = self.terminal.draw(|frame| furthest = measured(model, theme, frame))?.area;
        execute!(self.terminal.backend_mut(), EndSynchronizedUpdate)?;
        Ok(Drawn { size: (drawn.width, drawn.height), furthest })
    }

    fn announce(&mut self, title: &str, progress: Progress) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), SetTitle(harmless(title)), Print(progress.sequence()))
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        execute!(self.terminal.backend_mut(), CopyToClipboard::to_clipboard_from(text))
    }

    fn forget(&mut self) -> io::Result<()> {
        clear(&mut self.terminal)
    }

    fn suspend(&mut self) -> io::Result<()> {
        give_back();
        // The whole group, as the terminal itself does it: a script or `sudo` around us must stop too, or the shell waits.
        kill_current_process_group(Signal::TSTP)?;
        // Here the shell has brought the process back to the foreground.
        take_over()?;
        clear(&mut self.terminal)
    }
}

/// Window title and progress of a model.
pub fn announcement(model: &Model) -> (String, Progress) {
    use crate::model::phase::State;
    let Some(status) = model.status() else { return ("quarterdeck".into(), Progress::None) };
    let migration = &status.migration;
    let mut title = String::from("quarterdeck ");
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 100")]
    let percent = status.share().map_or(0, |share| (share * 100.0) as u8);
    let _ = write!(title, "{}: {} {percent} %", migration.table.plain(), migration.phase.word());
    let progress = match migration.state {
        _ if migration.phase.is_over() => Progress::None,
        State::Running => Progress::Running(percent),
        State::Paused | State::Stopped => Progress::Paused(percent),
        State::Failed | State::Unknown => Progress::Failed(percent),
    };
    (title, progress)
}
