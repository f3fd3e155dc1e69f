//! The console on a pseudo-terminal: taken over, drawn on, and given back however it ends.
//!
//! The test binary runs itself again as the console, on a made-up migration; [`child`] is that run.

use std::{
    io::{Read, Write},
    sync::{Arc, Condvar, Mutex},
    thread,
    time::Duration,
};

use portable_pty::{Child, CommandBuilder, ExitStatus, MasterPty, PtySize, native_pty_system};
use quarterdeck::{
    engine::command::{Asker, Command},
    error::Report,
    model::{
        listing::TableListing,
        plan::{Plan, Request},
    },
    tui::{
        app::model::Place,
        desk::{Desk, Opened},
        run::start::{Options, run},
    },
};
use uuid::Uuid;

use super::fixture::{
    Scene,
    desk::{Engine, Scripted, linked},
};

/// Long enough for a loaded machine; every wait ends as soon as what it waits for is there.
const PATIENCE: Duration = Duration::from_secs(30);
/// Names what the child shall do besides.
const TWIST: &str = "QUARTERDECK_TEST_CONSOLE";

/// A desk whose asker makes the console's own thread panic.
struct Faulty(Scripted);

impl Desk for Faulty {
    fn place(&self) -> Place {
        self.0.place()
    }

    fn asker(&self) -> Asker {
        panic!("a fault in the console")
    }

    async fn tables(&self) -> Result<Vec<TableListing>, Report> {
        self.0.tables().await
    }

    async fn plan(&self, request: Request) -> Result<Plan, Report> {
        self.0.plan(request).await
    }

    async fn start(&self, request: Request, plan: Arc<Plan>) -> Result<Opened, Report> {
        self.0.start(request, plan).await
    }

    async fn open(&self, id: Uuid) -> Result<Opened, Report> {
        self.0.open(id).await
    }
}

/// Obeys `stop`; a worker that is asked to pause panics.
async fn obey(mut engine: Engine) {
    while let Some(asked) = engine.commands.recv().await {
        if asked.command == Command::Stop {
            return;
        }
        if asked.command == Command::Pause {
            tokio::spawn(async { panic!("a fault in a worker") });
        }
    }
}

#[test]
#[ignore = "the other tests run it on a terminal"]
fn child() {
    let Ok(twist) = std::env::var(TWIST) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (opened, engine) = linked(Scene::Copying);
        tokio::spawn(obey(engine));
        let (desk, _engines) = Scripted::new(Scene::Copying);
        let ended = if twist == "faulty" {
            run(Faulty(desk), Options::default(), Some(opened)).await
        } else {
            run(desk, Options::default(), Some(opened)).await
        };
        assert!(ended.unwrap().status.is_some());
    });
}

/// What the terminal shows.
#[derive(Default)]
struct Seen {
    screen: Mutex<Option<vt100::Parser>>,
    news: Condvar,
}

struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    keys: Arc<Mutex<Box<dyn Write + Send>>>,
    seen: Arc<Seen>,
}

fn size(rows: u16, cols: u16) -> PtySize {
    PtySize { rows, cols, pixel_width: 0, pixel_height: 0 }
}

impl Terminal {
    /// Starts the console; `answer` is what the terminal says when it is asked for its background.
    fn start(twist: &str, variables: &[(&str, &str)], answer: &'static str) -> Self {
        let pair = native_pty_system().openpty(size(24, 80)).unwrap();
        let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
        command.args(["--exact", "tui::tests::pty::child", "--ignored", "--nocapture"]);
        for name in ["NO_COLOR", "COLORTERM"] {
            command.env_remove(name);
        }
        command.env("TERM", "xterm-256color");
        command.env(TWIST, twist);
        for (name, value) in variables {
            command.env(name, value);
        }
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let keys = Arc::new(Mutex::new(pair.master.take_writer().unwrap()));
        let seen =
            Arc::new(Seen { screen: Mutex::new(Some(vt100::Parser::new(24, 80, 0))), news: Condvar::new() });
        let reader = pair.master.try_clone_reader().unwrap();
        let (to, writer) = (Arc::clone(&seen), Arc::clone(&keys));
        thread::spawn(move || watch(reader, &to, &writer, answer));
        Self { child, master: pair.master, keys, seen }
    }

    fn press(&self, keys: &str) {
        self.keys.lock().unwrap().write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the screen is as wanted, and returns what `look` makes of it.
    fn until(&self, what: &str, wanted: impl Fn(&vt100::Screen) -> bool) {
        let mut screen = self.seen.screen.lock().unwrap();
        loop {
            let parser = screen.as_ref().unwrap();
            if wanted(parser.screen()) {
                return;
            }
            let (again, time) = self.seen.news.wait_timeout(screen, PATIENCE).unwrap();
            screen = again;
            assert!(!time.timed_out(), "never: {what}\n{}", screen.as_ref().unwrap().screen().contents());
        }
    }

    fn sees(&self, text: &str) {
        self.until(text, |screen| screen.contents().contains(text));
    }

    fn signal(&self, name: &str) {
        let pid = self.child.process_id().unwrap();
        let kill = std::process::Command::new("sh").args(["-c", &format!("kill -{name} {pid}")]).status();
        assert!(kill.unwrap().success());
    }

    fn resize(&self, rows: u16, cols: u16) {
        self.seen.screen.lock().unwrap().as_mut().unwrap().screen_mut().set_size(rows, cols);
        self.master.resize(size(rows, cols)).unwrap();
    }

    /// Waits for the end: the terminal must be as it was before.
    fn end(mut self) -> ExitStatus {
        self.until("given back", |screen| !screen.alternate_screen() && !screen.hide_cursor());
        assert!(!self.seen.screen.lock().unwrap().as_ref().unwrap().screen().bracketed_paste());
        self.child.wait().unwrap()
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
        seen.screen.lock().unwrap().as_mut().unwrap().process(&bytes[..read]);
        seen.news.notify_all();
    }
}

const DARK: &str = "\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\\x1b[?62;22c";
const LIGHT: &str = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22c";
const KNOWS_NOT: &str = "\x1b[?62;22c";

#[test]
fn it_starts_follows_the_window_and_leaves_in_order() {
    let terminal = Terminal::start("", &[], DARK);
    terminal.sees("COPYING ▶ running");
    terminal.until("taken over", |screen| screen.alternate_screen() && screen.bracketed_paste());
    terminal.resize(40, 120);
    terminal.sees("? help");
    terminal.resize(12, 40);
    terminal.sees("more needs 60×16");
    terminal.resize(24, 80);
    terminal.sees("3 Backfill");
    terminal.press("q");
    terminal.sees("The migration stays stopped");
    terminal.press("y");
    assert!(terminal.end().success());
}

#[test]
fn ctrl_c_and_signals_leave_in_order() {
    let terminal = Terminal::start("", &[], KNOWS_NOT);
    terminal.sees("COPYING ▶ running");
    terminal.press("\x03");
    assert!(terminal.end().success());
    for signal in ["TERM", "HUP", "INT"] {
        let terminal = Terminal::start("", &[], KNOWS_NOT);
        terminal.sees("COPYING ▶ running");
        terminal.signal(signal);
        assert!(terminal.end().success(), "{signal}");
    }
}

#[test]
fn a_worker_s_panic_is_a_screen_and_the_console_s_own_gives_the_terminal_back() {
    let terminal = Terminal::start("", &[], DARK);
    terminal.sees("COPYING ▶ running");
    terminal.press("p");
    terminal.sees("a part of Quarterdeck failed: a fault in a worker");
    terminal.sees("Resuming is safe");
    terminal.press("\x03");
    assert!(terminal.end().success());

    let terminal = Terminal::start("faulty", &[], DARK);
    terminal.sees("COPYING ▶ running");
    terminal.press("p");
    terminal.sees("a fault in the console");
    assert!(!terminal.end().success());
}

fn colours(screen: &vt100::Screen) -> Vec<vt100::Color> {
    let (rows, cols) = screen.size();
    let cells = (0..rows).flat_map(|row| (0..cols).filter_map(move |col| screen.cell(row, col)));
    cells.flat_map(|cell| [cell.fgcolor(), cell.bgcolor()]).filter(|c| *c != vt100::Color::Default).collect()
}

#[test]
fn colours_follow_the_terminal_and_no_color() {
    // The second shade of the accent is told apart by what the terminal says of its background.
    let accent = |answer| {
        let terminal = Terminal::start("", &[("COLORTERM", "truecolor")], answer);
        terminal.sees("COPYING ▶ running");
        let colours = colours(terminal.seen.screen.lock().unwrap().as_ref().unwrap().screen());
        terminal.press("\x03");
        terminal.end();
        colours
    };
    let (dark, light) = (vt100::Color::Rgb(0x7c, 0xc4, 0xff), vt100::Color::Rgb(0x0b, 0x5c, 0xad));
    assert!(accent(DARK).contains(&dark));
    assert!(accent(KNOWS_NOT).contains(&dark));
    assert!(accent(LIGHT).contains(&light));

    let terminal = Terminal::start("", &[("NO_COLOR", "1")], "");
    terminal.sees("COPYING ▶ running");
    terminal.until("no colour", |screen| colours(screen).is_empty());
    terminal.press("\x03");
    terminal.end();
}
