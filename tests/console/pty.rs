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
        run::start::{Options, run},
    },
};
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

    async fn answer(&self, question: Question) -> Result<Answer, Report> {
        self.0.answer(question).await
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

#[test]
#[ignore = "the other tests run it on a terminal"]
fn child() {
    let Ok(twist) = std::env::var(TWIST) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(async {
        let (opened, engine) = linked(Scene::Copying);
        tokio::spawn(obey(engine));
        let opened = (twist != "tables").then_some(opened);
        let (desk, _engines) = Scripted::new(Scene::Copying);
        let ended = if twist == "faulty" {
            run(Faulty(desk), Options::default(), opened).await
        } else {
            run(desk, Options::default(), opened).await
        };
        assert_eq!(ended.unwrap().status.is_some(), twist != "tables");
    });
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
