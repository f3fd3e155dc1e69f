//! The console on a pseudo-terminal: taken over, drawn on, and given back however it ends.
//!
//! The test binary runs itself again as the console, on a made-up migration; [`child`] is that run.

use std::{sync::Arc, time::Duration};

use portable_pty::CommandBuilder;
use quarterdeck::{
    engine::command::{Asker, Command},
    error::Report,
    model::{
        health::Health,
        listing::TableListing,
        plan::{Plan, Request},
    },
    tui::{
        app::{
            model::Place,
            upkeep::{
                Answer, Question,
                work::{Chore, Outcome},
            },
        },
        desk::{Desk, Halt, Opened, Said},
        glyphs::Glyphs,
        run::start::{Options, run},
    },
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::{
    fixture::{
        Scene,
        desk::{Engine, Scripted, linked},
    },
    terminal::{DARK, Terminal},
};

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

    async fn is_standby(&self) -> Result<bool, Report> {
        self.0.is_standby().await
    }

    async fn tables(&self) -> Result<Vec<TableListing>, Report> {
        self.0.tables().await
    }

    async fn health(&self, table: String) -> Result<Health, Report> {
        self.0.health(table).await
    }

    async fn answer(&self, question: Question, unwanted: CancellationToken) -> Result<Answer, Report> {
        self.0.answer(question, unwanted).await
    }

    async fn work(&self, chore: Chore, said: Said, halt: Halt) -> Result<Outcome, Report> {
        self.0.work(chore, said, halt).await
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

/// Writes what it is asked into a file, and lets go a while after it was asked to stop: whoever asks for more meanwhile is
/// seen. `deaf` never lets go.
async fn note(mut engine: Engine, path: String, deaf: Deaf) {
    let mut asked = Vec::new();
    let mut going = None;
    loop {
        let wait = going.map_or(Duration::from_mins(5), |()| Duration::from_millis(500));
        match tokio::time::timeout(wait, engine.commands.recv()).await {
            Ok(Some(heard)) => {
                asked.push(heard.command.word());
                std::fs::write(&path, asked.join(" ")).unwrap();
                going = (deaf == Deaf::No && heard.command == Command::Stop).then_some(()).or(going);
            }
            Ok(None) | Err(_) => return,
        }
    }
}

/// Whether an engine lets go when it is asked to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Deaf {
    Yes,
    No,
}

/// Where the engine of the child notes what it is asked.
const NOTES: &str = "QUARTERDECK_TEST_NOTES";

#[test]
#[ignore = "the other tests run it on a terminal"]
fn child() {
    let Ok(twist) = std::env::var(TWIST) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let code = runtime.block_on(async {
        let (opened, engine) = linked(Scene::Copying);
        let deaf = if twist == "deaf" { Deaf::Yes } else { Deaf::No };
        let _engine = match std::env::var(NOTES) {
            Ok(path) => tokio::spawn(note(engine, path, deaf)),
            Err(_) => tokio::spawn(obey(engine)),
        };
        let opened = (twist != "tables").then_some(opened);
        let (desk, _engines) = Scripted::new(Scene::Copying);
        let glyphs = if twist == "ascii" { Glyphs::Ascii } else { Glyphs::Unicode };
        let options = Options { glyphs, ..Options::default() };
        let ended = if twist == "faulty" {
            run(Faulty(desk), options, opened).await
        } else {
            run(desk, options, opened).await
        };
        let ended = ended.unwrap();
        assert_eq!(ended.status.is_some(), twist != "tables");
        ended.exit_code
    });
    if twist == "deaf" || twist == "late" {
        std::process::exit(code.into());
    }
}

/// Starts the console on a terminal that answers so.
fn start(twist: &str, variables: &[(&str, &str)], answer: &'static str) -> Terminal {
    let mut command = CommandBuilder::new(std::env::current_exe().unwrap());
    command.args(["--exact", "tui::tests::pty::child", "--ignored", "--nocapture"]);
    for name in ["NO_COLOR", "COLORTERM"] {
        command.env_remove(name);
    }
    command.env(TWIST, twist);
    for (name, value) in variables {
        command.env(name, value);
    }
    Terminal::start(command, answer)
}

const LIGHT: &str = "\x1b]11;rgb:ffff/ffff/ffff\x1b\\\x1b[?62;22c";
const KNOWS_NOT: &str = "\x1b[?62;22c";

#[test]
fn it_starts_follows_the_window_and_leaves_in_order() {
    let terminal = start("", &[], DARK);
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
    assert!(terminal.end().0.success());
}

#[test]
fn where_nothing_happens_nothing_is_written() {
    let terminal = start("tables", &[], DARK);
    terminal.sees("chat_sessions");
    // Longer than the slowest heartbeat.
    let written = terminal.falls_silent(Duration::from_millis(1_200));
    terminal.press("\x1b[B");
    terminal.until("the cursor moves", |_| terminal.written() > written);
    terminal.press("q");
    assert!(terminal.end().0.success());
}

#[test]
fn ctrl_c_and_signals_leave_in_order() {
    let terminal = start("", &[], KNOWS_NOT);
    terminal.sees("COPYING ▶ running");
    terminal.press("\x03");
    assert!(terminal.end().0.success());
    for signal in ["TERM", "HUP", "INT"] {
        let terminal = start("", &[], KNOWS_NOT);
        terminal.sees("COPYING ▶ running");
        terminal.signal(signal);
        assert!(terminal.end().0.success(), "{signal}");
    }
}

#[test]
fn a_worker_s_panic_is_a_screen_and_the_console_s_own_gives_the_terminal_back() {
    let terminal = start("", &[], DARK);
    terminal.sees("COPYING ▶ running");
    terminal.press("p");
    terminal.sees("a part of Quarterdeck failed: a fault in a worker");
    terminal.sees("Resuming is safe");
    terminal.press("\x03");
    assert!(terminal.end().0.success());

    let terminal = start("faulty", &[], DARK);
    terminal.sees("COPYING ▶ running");
    terminal.press("p");
    terminal.sees("a fault in the console");
    assert!(!terminal.end().0.success());
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
        let terminal = start("", &[("COLORTERM", "truecolor")], answer);
        terminal.sees("COPYING ▶ running");
        let colours = terminal.look(colours);
        terminal.press("\x03");
        terminal.end();
        colours
    };
    let (dark, light) = (vt100::Color::Rgb(0x7c, 0xc4, 0xff), vt100::Color::Rgb(0x0b, 0x5c, 0xad));
    assert!(accent(DARK).contains(&dark));
    assert!(accent(KNOWS_NOT).contains(&dark));
    assert!(accent(LIGHT).contains(&light));

    let terminal = start("", &[("NO_COLOR", "1")], "");
    terminal.sees("COPYING ▶ running");
    terminal.until("no colour", |screen| colours(screen).is_empty());
    terminal.press("\x03");
    terminal.end();
}

/// Where one text stands in what was written.
fn find(bytes: &[u8], text: &str) -> Option<usize> {
    bytes.windows(text.len()).position(|window| window == text.as_bytes())
}

fn count(bytes: &[u8], text: &str) -> usize {
    bytes.windows(text.len()).filter(|window| *window == text.as_bytes()).count()
}

#[test]
fn frames_are_whole_the_mouse_is_left_alone_and_all_is_given_back() {
    const BEGIN: &str = "\x1b[?2026h";
    const END: &str = "\x1b[?2026l";
    let terminal = start("", &[], DARK);
    terminal.sees("COPYING ▶ running");
    terminal.press("y");
    terminal.until("copied", |_| find(&terminal.watched()(), "\x1b]52;c;").is_some());
    terminal.press("1");
    terminal.sees("partition");
    // What the window and the taskbar show.
    terminal.until("announced", |_| find(&terminal.watched()(), "\x1b]9;4;1;50").is_some());
    assert!(find(&terminal.watched()(), "\x1b]0;quarterdeck public.chat_messages: copying 50 %").is_some());
    terminal.press("\x03");
    let seen = terminal.watched();
    assert!(terminal.end().0.success());
    let bytes = seen();
    let first = find(&bytes, BEGIN).unwrap();
    assert!(
        find(&bytes, "\x1b]11;?").unwrap() < first,
        "the background is asked for before anything is drawn"
    );
    // One begins where the last has ended, and nothing is drawn between them: the cursor moves in frames alone.
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let mut frames = 0;
    for piece in text.split(BEGIN).skip(1) {
        let (_, between) = piece.split_once(END).expect("a frame that ends");
        assert!(
            !between.contains("COPYING") && !between.contains('│'),
            "drawn outside of a frame: {between:?}"
        );
        frames += 1;
    }
    assert!(frames >= 2, "{frames}");
    for mouse in ["?9h", "?1000h", "?1002h", "?1003h", "?1005h", "?1006h", "?1015h", "?1016h"] {
        assert_eq!(count(&bytes, mouse), 0, "the mouse is the terminal's: {mouse}");
    }
    // The title that was there is kept and given back, the taskbar is emptied, and both come last.
    let left = find(&bytes, "\x1b[?1049l").unwrap();
    assert_eq!((count(&bytes, "\x1b[22;0t"), count(&bytes, "\x1b[23;0t")), (1, 1));
    assert!(find(&bytes, "\x1b[23;0t").unwrap() > left);
    let last = text.rsplit("\x1b]9;4;").next().unwrap();
    assert!(last.starts_with("0;0"), "{last:?}");
}

#[test]
fn ascii_writes_nothing_else() {
    let terminal = start("ascii", &[], DARK);
    terminal.sees("COPYING > running");
    for (key, then) in [("?", "help"), ("q", "COPYING"), (":", "palette")] {
        terminal.press(key);
        terminal.sees(then);
    }
    let bytes = terminal.watched()();
    let first = find(&bytes, "\x1b[?2026h").unwrap();
    let odd = bytes[first..].iter().position(|byte| !byte.is_ascii());
    assert_eq!(odd, None, "{:?}", odd.map(|at| String::from_utf8_lossy(&bytes[first + at..first + at + 8])));
    terminal.press("\x03");
    assert!(terminal.end().0.success());
}

/// A console whose engine notes what it is asked, and the notes.
fn noting(twist: &str) -> (Terminal, tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let notes = folder.path().join("notes");
    let terminal = start(twist, &[(NOTES, notes.to_str().unwrap())], KNOWS_NOT);
    terminal.sees("COPYING ▶ running");
    (terminal, folder, notes)
}

#[test]
fn the_third_request_to_leave_is_a_failure_with_the_signal_s_code() {
    const ASKED: &str = "stop cancel chunk cancel chunk";
    for (requests, code) in
        [(["^C", "^C", "^C"], 130), (["TERM", "TERM", "TERM"], 143), (["HUP", "INT", "TERM"], 143)]
    {
        let (terminal, _folder, notes) = noting("deaf");
        let ask = |request| if request == "^C" { terminal.press("\x03") } else { terminal.signal(request) };
        ask(requests[0]);
        terminal.sees("finishing the chunks in hand");
        ask(requests[1]);
        terminal.sees("cancelling what is in hand");
        // First the chunk, then its statement.
        terminal.until(ASKED, |_| std::fs::read_to_string(&notes).is_ok_and(|asked| asked == ASKED));
        ask(requests[2]);
        assert_eq!(terminal.end().0.exit_code(), code, "{requests:?}");
    }
}

#[test]
fn a_window_that_is_closed_lets_the_chunks_in_hand_be_finished() {
    let (terminal, _folder, notes) = noting("late");
    let status = terminal.hang_up("1");
    let asked = std::fs::read_to_string(notes).unwrap_or_else(|error| panic!("{error}: {status:?}"));
    assert_eq!(asked, "stop", "SIGHUP, the end of the input and a drawing that fails are one request");
    assert_ne!(status.exit_code(), 129, "nothing was torn");
}
