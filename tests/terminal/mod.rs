//! A program on a pseudo-terminal, for tests: what it writes becomes a screen, and keys are pressed. It tests nothing.
//!
//! It waits for what is on the screen, never for time; its patience only ends a test that hangs.

use std::{
    io::{Read, Write},
    sync::{
        Arc, Condvar, Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};

/// Long enough for a loaded machine; every wait ends as soon as what it waits for is there.
const PATIENCE: Duration = Duration::from_mins(1);

/// Answers to the question for the background's colour.
pub(crate) const DARK: &str = "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?62;22c";

/// What the terminal shows.
#[derive(Default)]
struct Seen {
    screen: Mutex<Option<vt100::Parser>>,
    news: Condvar,
    /// Bytes written by the program.
    written: AtomicUsize,
    /// The same, as they came.
    bytes: Mutex<Vec<u8>>,
    /// Nobody reads any more.
    over: AtomicBool,
}

/// A terminal with a program on it.
pub(crate) struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    /// The line's modes before the program began.
    modes: String,
    keys: Arc<Mutex<Box<dyn Write + Send>>>,
    seen: Arc<Seen>,
    reader: Option<thread::JoinHandle<()>>,
}

fn modes(master: &(dyn MasterPty + Send)) -> String {
    format!("{:?}", master.get_termios())
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    /// Starts a program on a terminal of 24 rows and 80 columns; `answer` is what the terminal says when it is asked for
    /// its background.
    pub(crate) fn start(mut command: CommandBuilder, answer: &'static str) -> Self {
        command.env("TERM", "xterm-256color");
        let pair = native_pty_system().openpty(size(24, 80)).unwrap();
        let modes = modes(&*pair.master);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let keys = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let screen = Mutex::new(Some(vt100::Parser::new(24, 80, 0)));
        let seen = Arc::new(Seen { screen, ..Seen::default() });
        let reader = pair.master.try_clone_reader().unwrap();
        let (to, writer) = (Arc::clone(&seen), Arc::clone(&keys));
        let reader = thread::spawn(move || watch(reader, &to, &writer, answer));
        Self { child, master: pair.master, modes, keys, seen, reader: Some(reader) }
    }

    /// Presses keys.
    pub(crate) fn press(&self, keys: &str) {
        self.keys.lock().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Looks at the screen as it is now.
    pub(crate) fn look<T>(&self, look: impl Fn(&vt100::Screen) -> T) -> T {
        look(self.seen.screen.lock().unwrap().as_ref().unwrap().screen())
    }

    /// Waits until the screen is as wanted.
    pub(crate) fn until(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        // A console whose clock ticks always has news: the wait as a whole ends.
        let end = Instant::now() + PATIENCE;
        let mut screen = self.seen.screen.lock().unwrap();
        loop {
            let parser = screen.as_ref().unwrap();
            if wanted(parser.screen()) {
                return;
            }
            assert!(Instant::now() < end, "never: {what}\n{}", parser.screen().contents());
            screen = self.seen.news.wait_timeout(screen, Duration::from_secs(1)).unwrap().0;
        }
    }

    /// Waits until a text is on the screen.
    pub(crate) fn sees(&self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    /// Waits until the program has written nothing for so long; how much it had written by then.
    pub(crate) fn falls_silent(&self, time: Duration) -> usize {
        let end = Instant::now() + PATIENCE;
        let mut screen = self.seen.screen.lock().unwrap();
        loop {
            let (again, waited) = self.seen.news.wait_timeout(screen, time).unwrap();
            screen = again;
            if waited.timed_out() {
                return self.written();
            }
            assert!(Instant::now() < end, "never silent\n{}", screen.as_ref().unwrap().screen().contents());
        }
    }

    /// Bytes written so far.
    pub(crate) fn written(&self) -> usize {
        self.seen.written.load(Ordering::SeqCst)
    }

    /// The program's process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.process_id().unwrap()
    }

    /// Sends a signal by its name.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.pid();
        let kill = std::process::Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
        assert!(kill.unwrap().success());
    }

    /// Changes the window.
    pub(crate) fn resize(&self, rows: u16, cols: u16) {
        self.seen.screen.lock().unwrap().as_mut().unwrap().screen_mut().set_size(rows, cols);
        self.master.resize(size(rows, cols)).unwrap();
    }

    /// All that was written, control sequences and all; to be asked also when the terminal is gone.
    pub(crate) fn watched(&self) -> impl Fn() -> Vec<u8> + use<> {
        let seen = Arc::clone(&self.seen);
        move || seen.bytes.lock().unwrap().clone()
    }

    /// Closes the window under the program, which writes at once when `key` is pressed; waits for its end.
    pub(crate) fn hang_up(mut self, key: &str) -> ExitStatus {
        self.seen.over.store(true, Ordering::SeqCst);
        self.press(key);
        self.reader.take().unwrap().join().unwrap();
        // The last of the terminal's ends on this side.
        drop((self.master, self.keys));
        self.child.wait().unwrap()
    }

    /// Waits for the end: the terminal must be as it was before.
    pub(crate) fn end(mut self) -> (ExitStatus, String) {
        self.until("given back", |screen| !screen.alternate_screen() && !screen.hide_cursor());
        assert!(!self.seen.screen.lock().unwrap().as_ref().unwrap().screen().bracketed_paste());
        let status = self.child.wait().unwrap();
        assert_eq!(modes(&*self.master), self.modes, "the line's modes");
        // All that was written is on the screen when nobody can write any more.
        self.reader.take().unwrap().join().unwrap();
        let left = self.look(vt100::Screen::contents);
        (status, left)
    }
}

/// Feeds what the console writes to the screen, and answers for the terminal.
fn watch(mut reader: impl Read, seen: &Seen, keys: &Mutex<Box<dyn Write + Send>>, answer: &str) {
    let (mut bytes, mut all, mut answered) = ([0; 4_096], Vec::new(), false);
    while let Ok(read @ 1..) = reader.read(&mut bytes) {
        all.extend_from_slice(&bytes[..read]);
        if !answered && all.windows(4).any(|four| four == b"]11;") {
            answered = true;
            let _ = keys.lock().unwrap().write_all(answer.as_bytes());
        }
        seen.written.fetch_add(read, Ordering::SeqCst);
        seen.bytes.lock().unwrap().extend_from_slice(&bytes[..read]);
        seen.screen.lock().unwrap().as_mut().unwrap().process(&bytes[..read]);
        seen.news.notify_all();
        if seen.over.load(Ordering::SeqCst) {
            return;
        }
    }
}
