//! The real runner on a test backend: scripted keys, a scripted desk, nothing else replaced.

use std::{
    io,
    sync::{Arc, atomic::Ordering},
    time::Duration,
};

use quarterdeck::{
    engine::{
        command::Command,
        event::{Body, Event},
        link::{Past, Source},
    },
    tui::{
        app::model::Model,
        desk::Opened,
        glyphs::Glyphs,
        keymap::Stroke,
        run::{Ended, Runner, inbox::Inbox},
        terminal::{Drawn, Progress, Stage},
        theme::{Depth, Palette, Theme},
        view::measured,
    },
};
use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{Event as Input, KeyEvent, KeyModifiers},
};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
};

use super::{
    fixture::{
        Scene,
        desk::{Engine, GIVEN_UP, Scripted, linked},
        now, scene,
    },
    reducer::strokes,
};

/// Long enough for a loaded machine; every wait ends as soon as what it waits for is there.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the stage shows, for the test to look at.
#[derive(Default)]
struct Shown {
    picture: String,
    drawings: usize,
    title: String,
    copied: Vec<String>,
    suspended: usize,
    broken: bool,
    /// The window has another size, and the terminal has not said so yet.
    resized: Option<(u16, u16)>,
}

struct TestStage {
    terminal: Terminal<TestBackend>,
    shown: watch::Sender<Shown>,
}

impl Stage for TestStage {
    fn size(&self) -> (u16, u16) {
        (100, 30)
    }

    fn draw(&mut self, model: &Model, theme: &Theme) -> io::Result<Drawn> {
        if let Some((columns, rows)) = self.shown.borrow().resized {
            self.terminal.backend_mut().resize(columns, rows);
        }
        let mut furthest = 0;
        let Ok(drawn) = self.terminal.draw(|frame| furthest = measured(model, theme, frame));
        let size = (drawn.area.width, drawn.area.height);
        let picture = self.terminal.backend().to_string();
        let drew = self.shown.send_if_modified(|shown| {
            if !shown.broken {
                shown.drawings += 1;
                shown.picture = picture;
            }
            !shown.broken
        });
        if drew { Ok(Drawn { size, furthest }) } else { Err(io::ErrorKind::BrokenPipe.into()) }
    }

    fn announce(&mut self, title: &str, _: Progress) -> io::Result<()> {
        self.shown.send_modify(|shown| title.clone_into(&mut shown.title));
        Ok(())
    }

    fn copy(&mut self, text: &str) -> io::Result<()> {
        self.shown.send_modify(|shown| shown.copied.push(text.to_owned()));
        Ok(())
    }

    fn forget(&mut self) -> io::Result<()> {
        let Ok(()) = self.terminal.clear();
        Ok(())
    }

    fn suspend(&mut self) -> io::Result<()> {
        self.shown.send_modify(|shown| shown.suspended += 1);
        Ok(())
    }
}

/// A console at work.
struct Console {
    keys: mpsc::UnboundedSender<io::Result<Input>>,
    engines: mpsc::UnboundedReceiver<Engine>,
    shown: watch::Sender<Shown>,
    ended: JoinHandle<Ended>,
}

impl Console {
    fn start(scene: Scene, opened: Option<Opened>) -> Self {
        Self::start_in(std::path::Path::new("/nowhere"), scene, opened)
    }

    /// Files are written into a folder.
    fn start_in(folder: &std::path::Path, scene: Scene, opened: Option<Opened>) -> Self {
        Self::with(folder, Scripted::new(scene), opened)
    }

    fn at(scripted: (Scripted, mpsc::UnboundedReceiver<Engine>), opened: Option<Opened>) -> Self {
        Self::with(std::path::Path::new("/nowhere"), scripted, opened)
    }

    fn with(
        folder: &std::path::Path,
        (desk, engines): (Scripted, mpsc::UnboundedReceiver<Engine>),
        opened: Option<Opened>,
    ) -> Self {
        let shown = watch::Sender::new(Shown::default());
        let stage =
            TestStage { terminal: Terminal::new(TestBackend::new(100, 30)).unwrap(), shown: shown.clone() };
        let (inbox, outside, _panics) = Inbox::new();
        let theme = Theme::new(Palette::Mono, Depth::Sixteen, Glyphs::Unicode);
        let runner = Runner::new(desk, stage, theme, outside).writing_into(folder);
        let (keys, mut typed) = mpsc::unbounded_channel();
        let input = futures_util::stream::poll_fn(move |context| typed.poll_recv(context));
        let ended = tokio::spawn(runner.run(input, inbox, opened));
        Self { keys, engines, shown, ended }
    }

    fn press(&self, keys: &str) {
        for Stroke { code, ctrl } in strokes(keys) {
            let modifiers = if ctrl { KeyModifiers::CONTROL } else { KeyModifiers::NONE };
            self.keys.send(Ok(Input::Key(KeyEvent::new(code, modifiers)))).unwrap();
        }
    }

    /// Waits until the stage satisfies `wanted`.
    async fn until(&self, what: &str, wanted: impl Fn(&Shown) -> bool) {
        let mut news = self.shown.subscribe();
        let reached = tokio::time::timeout(PATIENCE, news.wait_for(wanted)).await.is_ok();
        assert!(reached, "never: {what}\n{}", self.shown.borrow().picture);
    }

    async fn sees(&self, text: &str) {
        self.until(text, |shown| shown.picture.contains(text)).await;
    }

    async fn engine(&mut self) -> Engine {
        tokio::time::timeout(PATIENCE, self.engines.recv()).await.unwrap().unwrap()
    }

    async fn end(self) -> Ended {
        tokio::time::timeout(PATIENCE, self.ended).await.expect("it ends").unwrap()
    }
}

async fn say(engine: &Engine, seq: i64, body: Body) {
    engine.say(Event { seq, at: now(), body }).await;
}

async fn asked(engine: &mut Engine) -> Command {
    tokio::time::timeout(PATIENCE, engine.commands.recv()).await.unwrap().unwrap().command
}

#[tokio::test]
async fn from_the_list_of_tables_to_a_swap_and_out() {
    let mut console = Console::start(Scene::Ready, None);
    console.sees("chat_sessions").await;
    console.press("<down><enter>");
    let mut engine = console.engine().await;
    console.sees("READY ▶ running").await;
    console.until("the title", |shown| shown.title.contains("public.chat_messages: ready 100 %")).await;
    console.press("schat_messages");
    console.sees("type chat_messages to confirm").await;
    console.press("<enter>");
    assert_eq!(asked(&mut engine).await, Command::Swap);
    say(&engine, 90, Body::Swapped { held_ms: 12 }).await;
    engine.status.send_replace(Arc::new(scene::status(Scene::ReverseWindow)));
    console.sees("REVERSE WINDOW ▶ running").await;
    console.press("6");
    console.sees("the partitioned table owns the name").await;
    console.press("qy");
    assert_eq!(asked(&mut engine).await, Command::Stop);
    say(&engine, 91, Body::Closed { end: "stopped".into(), exit_code: 5 }).await;
    let ended = console.end().await;
    assert_eq!(ended.exit_code, 5);
    assert!(ended.status.is_some());
}

#[tokio::test]
async fn the_wizard_shows_a_refusal_and_starts_what_it_shows() {
    let mut console = Console::start(Scene::Census, None);
    console.sees("chat_sessions").await;
    console.press("/invoice<enter><enter><enter><enter><enter><enter>");
    console.sees("billing.invoice lines: a rule rewrites its inserts (QD-063)").await;
    for part in [
        "drop the rule",
        "publication events: subscribers",
        "(QD-064)",
        "take the table out",
        "explain QD-063",
    ] {
        console.sees(part).await;
    }
    console.press("<esc><esc><esc><esc><esc><esc>");
    console.sees("chat_sessions").await;
    console.press("/sessions<enter><enter><enter><enter><enter><enter>");
    console.sees("three triggers write touched keys").await;
    console.press("<enter>");
    console.sees("start the conversion").await;
    console.press("y");
    let engine = console.engine().await;
    console.sees("CENSUS ▶ running").await;
    drop(engine);
    console.sees("engine gone").await;
    console.press("q");
    assert_eq!(console.end().await.exit_code, 1);
}

#[tokio::test]
async fn a_key_answers_the_picture_on_screen_also_before_the_terminal_tells_its_size() {
    let (opened, engine) = linked(Scene::Ready);
    let console = Console::start(Scene::Ready, Some(opened));
    console.sees("READY ▶ running").await;
    console.shown.send_modify(|shown| shown.resized = Some((40, 12)));
    console.keys.send(Ok(Input::Resize(40, 12))).unwrap();
    console.sees("more needs 60×16").await;
    console.shown.send_modify(|shown| shown.resized = Some((100, 30)));
    let mut status = scene::status(Scene::Ready);
    status.rows.log_pending = 987_654;
    engine.status.send_replace(Arc::new(status));
    console.sees("READY ▶ running").await;
    console.press("s");
    console.sees("type chat_messages to confirm").await;
    console.press("<c-c><c-c><c-c>");
    console.end().await;
}

#[tokio::test]
async fn the_end_of_a_text_is_where_the_next_key_goes_on() {
    let console = Console::start(Scene::Census, None);
    console.sees("chat_sessions").await;
    console.press("?");
    console.sees("heat map  · pending").await;
    console.press("G");
    console.sees("leave; resuming is safe").await;
    let end = console.shown.borrow().picture.clone();
    console.press("k");
    console.until("one line up", |shown| shown.picture != end).await;
}

#[tokio::test]
async fn an_idle_console_draws_nothing() {
    let console = Console::start(Scene::Ready, None);
    console.sees("users").await;
    let drawings = console.shown.borrow().drawings;
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(console.shown.borrow().drawings, drawings);
    console.press("<down>");
    console.until("an answer to a key", |shown| shown.drawings > drawings).await;
    console.press("q");
    console.end().await;
}

#[tokio::test]
async fn pictures_that_say_the_same_are_not_drawn_and_do_not_hold_time_up() {
    let (opened, engine) = linked(Scene::Ready);
    let console = Console::start(Scene::Ready, Some(opened));
    console.sees("READY ▶ running").await;
    let (before, began) = (console.shown.borrow().drawings, std::time::Instant::now());
    let mut status = scene::status(Scene::Ready);
    let mut tick = tokio::time::interval(Duration::from_millis(40));
    // Two heartbeats, and what may still follow the first picture.
    while console.shown.borrow().drawings < before + 3 {
        tick.tick().await;
        status.at += chrono::TimeDelta::milliseconds(40);
        engine.status.send_replace(Arc::new(status.clone()));
        assert!(began.elapsed() < PATIENCE, "time alone changes the picture");
    }
    assert!(began.elapsed() > Duration::from_millis(1_500), "a heartbeat is a second, not a picture");
    status.rows.log_pending = 987_654;
    engine.status.send_replace(Arc::new(status));
    console.press("3");
    console.sees("987,654").await;
    console.press("<c-c><c-c><c-c>");
    console.end().await;
}

#[tokio::test]
async fn a_flood_of_news_is_drawn_at_most_thirty_times_a_second() {
    let (opened, engine) = linked(Scene::Copying);
    let console = Console::start(Scene::Copying, Some(opened));
    console.sees("COPYING").await;
    let (before, began) = (console.shown.borrow().drawings, std::time::Instant::now());
    let mut status = scene::status(Scene::Copying);
    for seq in 1_000..3_000 {
        say(&engine, seq, Body::Resumed { by: format!("number {seq}") }).await;
        status.rows.copied += 1;
        engine.status.send_replace(Arc::new(status.clone()));
    }
    console.press("6");
    console.sees("resumed by number 2999").await;
    let drawn = console.shown.borrow().drawings - before;
    let frames = began.elapsed().as_millis() / 33 + 3;
    assert!(u128::try_from(drawn).unwrap() <= frames, "{drawn} pictures in {frames} frames");
    console.press("<c-c>");
    console.press("<c-c><c-c>");
    assert_eq!(console.end().await.exit_code, 130, "the third time it is torn away");
}

#[tokio::test]
async fn a_terminal_that_is_gone_leaves_in_order() {
    let (opened, mut engine) = linked(Scene::Copying);
    let console = Console::start(Scene::Copying, Some(opened));
    console.sees("COPYING").await;
    console.shown.send_modify(|shown| shown.broken = true);
    console.press("1");
    assert_eq!(asked(&mut engine).await, Command::Stop);
    // It is not even listened to any more: a terminal that is gone always has something to say.
    tokio::time::timeout(PATIENCE, console.keys.closed()).await.expect("the input is let go");
    say(&engine, 91, Body::Closed { end: "stopped".into(), exit_code: 5 }).await;
    assert_eq!(console.end().await.exit_code, 5);
}

#[tokio::test]
async fn ctrl_z_suspends_when_the_worker_has_let_go() {
    let (opened, mut engine) = linked(Scene::Copying);
    let console = Console::start(Scene::Copying, Some(opened));
    console.sees("COPYING").await;
    console.press("<c-z>");
    assert_eq!(asked(&mut engine).await, Command::Pause);
    assert_eq!(console.shown.borrow().suspended, 0);
    engine.status.send_replace(Arc::new(scene::status(Scene::Paused)));
    console.until("suspended", |shown| shown.suspended == 1).await;
    console.press("y1");
    console.until("copied", |shown| shown.copied == ["chat_messages_2024_q1"]).await;
    console.press("<c-c><c-c><c-c>");
    console.end().await;
}

#[tokio::test]
async fn a_row_that_nobody_waits_for_any_more_is_given_up() {
    let (opened, _engine) = linked(Scene::Differs);
    let console = Console::start(Scene::Differs, Some(opened));
    console.until("it is open", |shown| shown.picture.contains("VERIFYING")).await;
    console.press("4<down><enter>");
    console.until("the rows are there", |shown| shown.picture.contains("missing")).await;
    console.press("<enter>");
    console.until("it is being read", |shown| shown.picture.contains("reading …")).await;
    assert_eq!(GIVEN_UP.load(Ordering::Relaxed), 0);
    console.press("<esc>");
    let given_up = async {
        while GIVEN_UP.load(Ordering::Relaxed) < 1 {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, given_up).await.expect("its window is closed");
    // The next one comes at once, and is not taken for the one that was given up.
    console.press("<down><enter>");
    console.until("it is read", |shown| shown.picture.contains("read at 14:02:29")).await;
}

#[tokio::test]
async fn a_file_is_written_or_it_is_said_why_not() {
    let folder = tempfile::tempdir().unwrap();
    let (opened, _engine) = linked(Scene::Ready);
    let console = Console::start_in(folder.path(), Scene::Ready, Some(opened));
    console.sees("READY ▶ running").await;
    console.press("1e");
    console.sees("export into the working directory").await;
    console.press("<enter>");
    console.sees("written: ").await;
    let files = || std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().path());
    let first = files().next().unwrap();
    let written = std::fs::read_to_string(&first).unwrap();
    assert!(written.starts_with("name,partition,lower,upper,source_rows,"), "{written}");
    console.press("q<c-c><c-c><c-c>");
    console.end().await;
    let console = Console::start(Scene::Ready, None);
    console.sees("chat_sessions").await;
    console.press("e<enter>");
    console.sees("not written").await;
    console.sees("begin the console in another folder").await;
    console.press("q<c-c><c-c><c-c>");
    console.end().await;
}

#[tokio::test]
async fn a_standby_that_was_promoted_is_called_so() {
    let (desk, engines) = Scripted::new(Scene::Ready);
    let standby = Arc::clone(&desk.standby);
    standby.store(true, Ordering::SeqCst);
    let console = Console::at((desk, engines), None);
    console.sees("· standby").await;
    console.press("<down><down>c");
    console.sees("a standby cannot be written to").await;
    standby.store(false, Ordering::SeqCst);
    console.press("R");
    console.sees("· PRIMARY").await;
    console.press("c");
    console.sees("The column that says").await;
    console.press("<c-c>");
    console.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_standby_that_is_watched_is_asked_now_and_then() {
    let (opened, engine) = linked(Scene::Watched);
    let (desk, engines) = Scripted::new(Scene::Watched);
    let standby = Arc::clone(&desk.standby);
    standby.store(true, Ordering::SeqCst);
    let console = Console::at((desk, engines), Some(opened));
    console.sees("· standby").await;
    standby.store(false, Ordering::SeqCst);
    console.sees("· PRIMARY").await;
    drop(engine);
    console.press("<c-c>");
    console.end().await;
}

#[tokio::test]
async fn who_watched_an_owner_leave_leaves_with_no_code_of_its() {
    let (mut opened, engine) = linked(Scene::Watched);
    opened.link.source = Source::Journal;
    let before = Event { seq: 60, at: now(), body: Body::Closed { end: "aborted".into(), exit_code: 5 } };
    opened.link.past = Past { events: vec![before], of: 1 };
    let console = Console::start(Scene::Watched, Some(opened));
    console.sees("▶ running · watching").await;
    say(&engine, 91, Body::Closed { end: "stopped".into(), exit_code: 5 }).await;
    console.sees("■ stopped").await;
    say(&engine, 92, Body::Owned { owner: "b:7".into(), epoch: 9, instead_of: None }).await;
    console.sees("▶ running · watching").await;
    say(&engine, 93, Body::Closed { end: "stopped".into(), exit_code: 5 }).await;
    console.sees("■ stopped").await;
    console.press("q");
    assert_eq!(console.end().await.exit_code, 0);
}
