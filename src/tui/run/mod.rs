//! The runner: takes messages from terminal, engine and desk, lets the reducer judge them, acts, draws.
//!
//! It draws only after something changed, at most thirty times a second, keys at once. It never waits for
//! the engine: status is a watch, and a full command channel is said, not waited for.

mod file;
pub mod inbox;
mod parting;
pub mod start;

use std::{collections::VecDeque, io, path::PathBuf, sync::Arc, time::Duration};

use chrono::{TimeDelta, Utc};
use tokio::{sync::mpsc, time::Instant};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{command::Asked, link::Link, status::Status},
    error::{Error, Report},
    tui::{
        app::{
            leaving,
            model::{Connection, Model},
            msg::{Effect, Msg, Signal, Tie},
            row,
            update::{heartbeat, update},
            upkeep::{
                Question,
                work::{self, Chore},
            },
        },
        desk::{Desk, Halt, Opened},
        run::{
            inbox::{Inbox, Input, Outside},
            parting::Parting,
        },
        terminal::{Drawn, Progress, Stage, announcement},
        theme::Theme,
    },
};

/// The shortest time between two pictures: thirty a second.
const FRAME: Duration = Duration::from_millis(33);

/// How often a standby that is watched is asked whether it still is one.
const STANDBY_EVERY: Duration = Duration::from_secs(10);

/// How the console ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The last picture of the migration, for a summary.
    pub status: Option<Arc<Status>>,
    /// The exit code that the engine gave; 0 where no migration of this process ended; 128 and the signal's number where
    /// nobody waited for it.
    pub exit_code: u8,
    /// What chores of this visit came to, a paragraph each.
    pub said: Vec<String>,
}

impl Ended {
    /// The third request to leave was obeyed: nobody waited for what was at work.
    pub fn is_torn(&self) -> bool {
        self.exit_code > parting::SIGNALLED
    }
}

/// The runner.
pub struct Runner<D, S> {
    desk: Arc<D>,
    /// `None` when the terminal is gone; the migration is still left in order.
    stage: Option<S>,
    theme: Theme,
    model: Model,
    link: Option<Link>,
    outside: mpsc::UnboundedSender<Outside>,
    /// Stops the chore that was begun last.
    halt: Halt,
    /// Gives up the reading of a row that was asked for last.
    reading: CancellationToken,
    picture: OnScreen,
    /// Where files are written.
    folder: PathBuf,
    parting: Parting,
    /// When it was asked last whether the server is still a standby.
    standby_asked: Option<Instant>,
}

/// The picture on screen.
struct OnScreen {
    drawn: Option<Instant>,
    changed: Changed,
    /// The window's title, and the progress beside it.
    announced: (String, Progress),
}

/// What the picture on screen lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Changed {
    /// Nothing.
    No,
    /// Something; it may wait for the frame's time.
    Yes,
    /// The answer to a key: drawn at once.
    Now,
}

impl<D: Desk, S: Stage> Runner<D, S> {
    /// A runner on a stage, with the channel over which spawned work answers.
    pub fn new(desk: D, stage: S, theme: Theme, outside: mpsc::UnboundedSender<Outside>) -> Self {
        let model = Model::new(desk.place(), stage.size(), Utc::now());
        Self {
            desk: Arc::new(desk),
            stage: Some(stage),
            theme,
            model,
            link: None,
            outside,
            halt: Halt::default(),
            reading: CancellationToken::new(),
            picture: OnScreen {
                drawn: None,
                changed: Changed::Now,
                announced: (String::new(), Progress::None),
            },
            folder: PathBuf::new(),
            parting: Parting::default(),
            standby_asked: None,
        }
    }

    /// Reminds of `finish` when the reverse window is this old.
    #[must_use]
    pub fn reminding(mut self, after: Option<TimeDelta>) -> Self {
        self.model.place.reverse_window = after;
        self
    }

    /// Writes files there instead of into the working directory.
    #[must_use]
    pub fn writing_into(mut self, folder: impl Into<PathBuf>) -> Self {
        self.folder = folder.into();
        self
    }

    /// Runs until the operator leaves. `opened` is a migration that is linked already.
    pub async fn run(mut self, input: impl Input, inbox: Inbox, opened: Option<Opened>) -> Ended {
        let mut source = inbox.with(input);
        let mut queue = VecDeque::new();
        match opened {
            Some(opened) => queue.push_back(self.adopt(Ok(opened))),
            None => self.act(Effect::ListTables),
        }
        loop {
            self.draw();
            if self.stage.is_none() {
                source.close_input();
            }
            let msg = if let Some(msg) = queue.pop_front() {
                msg
            } else {
                let wait = self.wait();
                match source.next(self.link.as_mut(), wait).await {
                    Some(Outside::Msg(msg)) => msg,
                    Some(Outside::Opened(opened)) => self.adopt(opened),
                    Some(Outside::Ended(last)) => {
                        self.link = None;
                        queue.push_back(Msg::Closed);
                        Msg::Status(last)
                    }
                    None if self.picture.changed == Changed::Yes => continue,
                    None => Msg::Tick,
                }
            };
            if self.link.is_some() && self.is_standby_for_long() {
                self.ask_for_standby();
            }
            if self.take(msg) {
                return self.ended();
            }
        }
    }

    /// Lets the reducer judge a message and acts on it; says whether the operator has left.
    fn take(&mut self, msg: Msg) -> bool {
        if !self.parting.counts(&msg) {
            return false;
        }
        self.picture.changed = match (self.picture.changed, self.change(&msg)) {
            (Changed::Now, _) | (_, Changed::Now) => Changed::Now,
            (Changed::Yes, _) | (_, Changed::Yes) => Changed::Yes,
            (Changed::No, Changed::No) => Changed::No,
        };
        for effect in update(&mut self.model, msg, Utc::now()) {
            if effect == Effect::Quit {
                return true;
            }
            self.act(effect);
        }
        // Whatever closed the window: nobody waits for the row.
        if !row::is_awaited(&self.model) {
            self.reading.cancel();
        }
        false
    }

    /// What a message changes on screen.
    fn change(&self, msg: &Msg) -> Changed {
        match msg {
            Msg::Key(_) | Msg::Paste(_) | Msg::Resize(..) | Msg::Continued => Changed::Now,
            // Pictures come all the time, also where nothing moves.
            Msg::Status(status) if self.knows(status) => Changed::No,
            Msg::Standby(standby) if *standby == self.model.place.standby => Changed::No,
            Msg::Drawn(_) => Changed::No,
            Msg::Tick
            | Msg::Status(_)
            | Msg::Event(_)
            | Msg::Tables(_)
            | Msg::Health(..)
            | Msg::Answered(..)
            | Msg::Told(_)
            | Msg::Worked(_)
            | Msg::Plan(..)
            | Msg::Linked(_)
            | Msg::Closed
            | Msg::Exported(_)
            | Msg::Unsent(_)
            | Msg::Panicked(_)
            | Msg::Standby(_)
            | Msg::Signal(_) => Changed::Yes,
        }
    }

    /// A picture says nothing that is not on screen already.
    fn knows(&self, status: &Status) -> bool {
        self.model.connection == Connection::Open
            && self.model.status().is_some_and(|known| known.says_the_same_as(status))
    }

    /// How long nothing needs to be done: until the next frame is due, or time alone changes the picture. Counted from
    /// the last picture: messages that change nothing must not put it off.
    fn wait(&self) -> Option<Duration> {
        let every = match self.picture.changed {
            Changed::No => heartbeat(&self.model)?,
            Changed::Yes | Changed::Now => FRAME,
        };
        Some(every.saturating_sub(self.picture.drawn.map_or(Duration::ZERO, |drawn| drawn.elapsed())))
    }

    fn draw(&mut self) {
        let due = self.picture.drawn.is_none_or(|drawn| drawn.elapsed() >= FRAME);
        if self.picture.changed == Changed::No || (self.picture.changed == Changed::Yes && !due) {
            return;
        }
        // Also where the terminal is gone: what waits for it would wait for ever.
        self.picture.drawn = Some(Instant::now());
        self.picture.changed = Changed::No;
        if let Some(stage) = &mut self.stage {
            let mut drawn = stage.draw(&self.model, &self.theme);
            let announcement = announcement(&self.model);
            if announcement != self.picture.announced {
                drawn =
                    drawn.and_then(|drawn| stage.announce(&announcement.0, announcement.1).map(|()| drawn));
                self.picture.announced = announcement;
            }
            match drawn {
                Ok(drawn) => self.answered_to(drawn),
                Err(_) => self.lost(),
            }
        }
    }

    /// Keys are judged by the picture that they answer: its size may be on screen before the terminal's message, and only
    /// drawing tells how long a text is.
    fn answered_to(&mut self, drawn: Drawn) {
        let (columns, rows) = drawn.size;
        if self.model.size != drawn.size {
            self.take(Msg::Resize(columns, rows));
        }
        if self.model.cursors.furthest != Some(drawn.furthest) {
            self.take(Msg::Drawn(drawn.furthest));
        }
    }

    /// A terminal that cannot be written to is gone: as with SIGHUP, the migration is left in order.
    fn lost(&mut self) {
        if self.stage.take().is_some() {
            self.tell(Msg::Signal(Signal::Lost));
        }
    }

    fn on_stage(&mut self, act: impl FnOnce(&mut S) -> io::Result<()>) {
        if let Some(Err(_)) = self.stage.as_mut().map(act) {
            self.lost();
        }
    }

    /// Takes a link on, or the reason why there is none.
    fn adopt(&mut self, opened: Result<Opened, Report>) -> Msg {
        Msg::Linked(opened.map(|opened| {
            let mut link = opened.link;
            // The picture that is there already is news to this console.
            link.status.mark_changed();
            let past = std::mem::take(&mut link.past);
            let tie = Tie { source: link.source, plan: opened.plan, past };
            self.link = Some(link);
            tie
        }))
    }

    fn act(&mut self, effect: Effect) {
        match effect {
            Effect::Send(command) => {
                let asked = Asked { command, by: self.desk.asker() };
                let sent = self.link.as_ref().map(|link| link.commands.try_send(asked));
                let reason = match sent {
                    Some(Ok(())) => return,
                    Some(Err(mpsc::error::TrySendError::Full(_))) => "the engine is busy: try again",
                    Some(Err(mpsc::error::TrySendError::Closed(_))) | None => "the engine has left",
                };
                self.tell(Msg::Unsent(reason.into()));
            }
            Effect::ListTables => {
                self.ask(|desk| async move { Outside::Msg(Msg::Tables(desk.tables().await)) });
                self.ask_for_standby();
            }
            Effect::Look(table) => self.ask(|desk| async move {
                let found = desk.health(table.clone()).await.map(Arc::new);
                Outside::Msg(Msg::Health(table, found))
            }),
            Effect::Ask(question) => {
                let unwanted = self.unwanted(&question);
                self.ask(|desk| async move {
                    let answer = desk.answer(question.clone(), unwanted).await;
                    Outside::Msg(Msg::Answered(question, answer))
                });
            }
            Effect::Work(chore) => self.work(chore),
            Effect::StopWork => self.halt.soon.cancel(),
            Effect::CancelWork => {
                self.halt.soon.cancel();
                self.halt.now.cancel();
            }
            Effect::MakePlan(request) => self.ask(|desk| async move {
                let plan = desk.plan(request.clone()).await.map(Arc::new);
                Outside::Msg(Msg::Plan(request, plan))
            }),
            Effect::Start(request, plan) => {
                self.link = None;
                self.ask(|desk| async move { Outside::Opened(desk.start(request, plan).await) });
            }
            Effect::Open(id) => {
                // What the migration that is left still says is not about the one that is opened.
                self.link = None;
                self.ask(|desk| async move { Outside::Opened(desk.open(id).await) });
            }
            Effect::Copy(text) => self.on_stage(|stage| stage.copy(&text)),
            Effect::Export { path, contents } => self.export(&path, contents),
            Effect::Redraw => {
                self.on_stage(Stage::forget);
                self.picture.changed = Changed::Now;
            }
            Effect::Suspend => {
                self.on_stage(Stage::suspend);
                self.tell(Msg::Continued);
            }
            // `take` ends the runner before it comes here.
            Effect::Quit => {}
        }
    }

    /// What tells the desk that an answer is not wanted any more: of rows, the one that was asked for last is.
    fn unwanted(&mut self, question: &Question) -> CancellationToken {
        let unwanted = CancellationToken::new();
        if let Question::Row(_) = question {
            std::mem::replace(&mut self.reading, unwanted.clone()).cancel();
        }
        unwanted
    }

    /// Asks the desk without waiting for it.
    fn ask<F>(&self, question: impl FnOnce(Arc<D>) -> F)
    where
        F: Future<Output = Outside> + Send + 'static,
    {
        let (answer, outside) = (question(Arc::clone(&self.desk)), self.outside.clone());
        tokio::spawn(async move {
            // The console may have left meanwhile: then nobody wants to know.
            let _ = outside.send(answer.await);
        });
    }

    /// A standby may have been promoted: asked whenever tables are listed, and now and then while a migration is watched.
    fn ask_for_standby(&mut self) {
        self.standby_asked = Some(Instant::now());
        let (desk, outside) = (Arc::clone(&self.desk), self.outside.clone());
        tokio::spawn(async move {
            // Who cannot ask keeps what was known.
            if let Ok(standby) = desk.is_standby().await {
                let _ = outside.send(Outside::Msg(Msg::Standby(standby)));
            }
        });
    }

    /// It was a standby when that was asked last, some time ago.
    fn is_standby_for_long(&self) -> bool {
        self.model.place.standby && self.standby_asked.is_none_or(|at| at.elapsed() >= STANDBY_EVERY)
    }

    /// Begins a chore; whatever comes of it, also of a panic, is said.
    fn work(&mut self, chore: Chore) {
        let (desk, halt) = (Arc::clone(&self.desk), Halt::default());
        self.halt = halt.clone();
        let (says, outside) = (self.outside.clone(), self.outside.clone());
        // The console may have left meanwhile: then nobody wants to know.
        let said = move |told| drop(says.send(Outside::Msg(Msg::Told(told))));
        let work = tokio::spawn(async move { desk.work(chore, Box::new(said), halt).await });
        tokio::spawn(async move {
            let outcome = match work.await {
                Ok(outcome) => outcome,
                Err(panic) => Err(Error::Bug(format!("a chore ended badly: {panic}")).report()),
            };
            let _ = outside.send(Outside::Msg(Msg::Worked(outcome)));
        });
    }

    fn tell(&self, msg: Msg) {
        // The receiver lives as long as the runner.
        let _ = self.outside.send(Outside::Msg(msg));
    }

    fn export(&self, name: &str, contents: String) {
        let (outside, path) = (self.outside.clone(), self.folder.join(name));
        tokio::task::spawn_blocking(move || {
            let _ = outside.send(Outside::Msg(file::write_new(&path, &contents)));
        });
    }

    fn ended(self) -> Ended {
        // Nothing but the third request leaves what is at work behind.
        let exit_code = if leaving::is_busy(&self.model) {
            self.parting.exit_code()
        } else if let Connection::Closed { exit_code, .. } = self.model.connection {
            exit_code
        } else {
            0
        };
        let said = self.model.upkeep.ended.iter().flat_map(work::Ended::lines).collect();
        Ended { status: self.model.live().cloned().map(Arc::new), exit_code, said }
    }
}
