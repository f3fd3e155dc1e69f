//! The console's desk in the real world: tables and plans from the database, migrations from the engine.
//!
//! It keeps every worker it started, so that leaving the console leaves each of them in order. It draws nothing.

mod errand;
mod upkeep;

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::TimeDelta;
use tokio::{
    sync::{RwLock, mpsc, watch},
    task::JoinHandle,
};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    cli::{
        args::Args,
        commands::connect,
        everywhere::Theme,
        manner::Manner,
        output::{self, plain},
        print,
    },
    demo::Demo,
    engine::{
        audit,
        command::{Asked, Asker, Command},
        context::{Options, Until},
        health::{self, Statements},
        launch, plan,
        status::Status,
        watcher,
        worker::{self, End},
    },
    error::{Error, Report, Result},
    model::{
        audit::Gist,
        health::Health,
        listing::TableListing,
        phase::State,
        plan::{Plan, Request},
        throttle::Limits as SignalLimits,
    },
    pg::{Session, Target, catalog, lock::Patience, owner, owner::Claim},
    tui::{
        app::{
            model::{MAX_EVENTS, Place},
            upkeep::{
                Answer, Question,
                work::{Chore, Outcome},
            },
        },
        badge::Label,
        desk::{Desk, Halt, Opened, Said},
        glyphs::Glyphs,
        run::{
            Ended,
            start::{self, run},
        },
    },
};

/// How long workers may take to leave after the console has.
const LEAVE_WITHIN: Duration = Duration::from_secs(10);
/// How long what was cancelled may take to end.
const CANCELLED_WITHIN: Duration = Duration::from_secs(3);
/// How long the first picture waits for a worker to take its migration on.
const SETTLE_WITHIN: Duration = Duration::from_secs(2);

/// What the console is opened for.
#[derive(Debug, Default)]
pub(super) struct Visit {
    /// The migration to open; the list of tables without one.
    pub(super) migration: Option<Uuid>,
    /// Take that migration from a live owner.
    pub(super) takeover: bool,
    /// How this process works on what it owns.
    pub(super) manner: Manner,
    /// What is ordered in the operator's name as soon as the migration lets it.
    pub(super) errand: Vec<Command>,
}

/// `quarterdeck [CONN]`: the console; the exit code.
pub(super) async fn open(args: &Args) -> Result<u8> {
    let target = connect(args).await?;
    Ok(show(args, &target, Visit::default()).await?.exit_code)
}

/// The console on the demo's database, with what its application met at the end.
pub(super) async fn of_demo(args: &Args, demo: &mut Demo) -> Result<u8> {
    let code = show(args, demo.target(), Visit::default()).await?.exit_code;
    let tally = demo.stop_traffic().await;
    print::line(&format!(
        "the application: {} transactions, {} failures, longest wait {:.1} ms; {} rows differ from its own account",
        tally.transactions,
        tally.failures,
        tally.longest_ms(),
        demo.difference().await?
    ));
    Ok(code)
}

/// The console on a server, on the list of tables or on one migration; how it ended.
pub(super) async fn show(args: &Args, target: &Target, visit: Visit) -> Result<Ended> {
    let target = if args.watch { &target.read_only() } else { target };
    let manner = visit.manner.or(&args.config);
    let desk = RealDesk::at(target, args.label(target), manner).await?;
    let opened = match visit.migration {
        Some(migration) => {
            let claim = if visit.takeover { Claim::TakeOver } else { Claim::IfFree };
            let opened = desk.opened(migration, claim).await?;
            errand::send(&opened.link, desk.asker(), visit.errand);
            Some(opened)
        }
        None => None,
    };
    let flags = &args.everywhere;
    let options = start::Options {
        palette: flags.theme.and_then(Theme::palette),
        glyphs: if flags.ascii == Some(true) { Glyphs::Ascii } else { Glyphs::Unicode },
        reverse_window: TimeDelta::from_std(manner.reverse_window()).ok(),
    };
    let crews = Arc::clone(&desk.crews);
    let by = desk.asker();
    let (gone, busy) = (desk.gone.clone(), Arc::clone(&desk.busy));
    let ended = run(desk, options, opened).await;
    gone.cancel();
    // The third request waits for nothing: the migration goes on from the journal, as after a death.
    if !ended.as_ref().is_ok_and(Ended::is_torn) {
        leave(&crews, &by).await;
        part(&busy).await;
    }
    let ended = ended?;
    for line in &ended.said {
        print::line(&crate::tui::harmless::harmless(line));
    }
    if let Some(status) = &ended.status {
        print::line(&plain::progress(status));
        print::text(&output::status::text(std::slice::from_ref(&**status)));
    }
    Ok(ended)
}

/// Waits a moment for the end of whoever works for the console, and was cancelled.
async fn part(busy: &RwLock<()>) {
    if tokio::time::timeout(CANCELLED_WITHIN, busy.write()).await.is_err() {
        print::warning("something that was cancelled has not ended yet: the server ends it");
    }
}

/// In whose name this process asks.
pub(super) fn asker(target: &Target, face: &str) -> Asker {
    let user = whoami::username().unwrap_or_else(|_| "unknown".into());
    Asker { role: target.user().into(), from: format!("{user}@{}", owner::host()), face: face.into() }
}

/// A worker of this process.
#[derive(Debug)]
struct Crew {
    commands: mpsc::Sender<Asked>,
    end: JoinHandle<Result<End>>,
}

type Crews = Arc<Mutex<Vec<Crew>>>;

/// The desk.
#[derive(Debug)]
struct RealDesk {
    target: Target,
    place: Place,
    /// A standby may be promoted while the console looks on.
    standby: AtomicBool,
    manner: Manner,
    crews: Crews,
    audited: Mutex<Option<Audited>>,
    /// The console has left: what is being looked at interests nobody.
    gone: CancellationToken,
    /// Read by whoever works for the console, so that leaving can wait for them.
    busy: Arc<RwLock<()>>,
}

/// What the statements of a table were found to reach, and when.
#[derive(Debug)]
struct Audited {
    table: String,
    at: Instant,
    gist: Option<Gist>,
}

/// The screen looks again every few seconds; statements are planned anew only so often.
const AUDIT_EVERY: Duration = Duration::from_mins(1);

impl RealDesk {
    async fn at(target: &Target, label: Option<Label>, manner: Manner) -> Result<Self> {
        let session = Session::open(target, "console").await?;
        let facts = catalog::server_facts(&session).await?;
        let place = Place {
            target: target.place(),
            role: facts.role.as_str().into(),
            standby: facts.in_recovery,
            label,
            reverse_window: None,
            watching: target.is_read_only(),
        };
        Ok(Self {
            target: target.clone(),
            standby: AtomicBool::new(place.standby),
            place,
            manner,
            crews: Crews::default(),
            audited: Mutex::default(),
            gone: CancellationToken::new(),
            busy: Arc::default(),
        })
    }

    /// Nothing can be changed, or nothing may.
    fn stands_by(&self) -> bool {
        self.standby.load(Ordering::SeqCst) || self.place.watching
    }

    /// The console does not ask for what changes something; should it, this is the second wall, and its sessions, which
    /// only read, are the third.
    fn may_change(&self) -> Result<()> {
        if !self.place.watching {
            return Ok(());
        }
        let (reason, remedy) = ("this console only watches".into(), "open it without --watch".into());
        Err(Error::Usage { reason, remedy })
    }

    async fn session(&self) -> Result<Session> {
        Session::open(&self.target, "console").await
    }

    /// What the statements of a table reach, if that was found out a moment ago.
    fn known(&self, table: &str) -> Statements {
        let audited = self.audited.lock().unwrap_or_else(PoisonError::into_inner);
        let fresh = audited.as_ref().filter(|one| one.table == table && one.at.elapsed() < AUDIT_EVERY);
        fresh.map_or(Statements::Audit, |one| Statements::Known(one.gist.clone()))
    }

    async fn journalled(&self, request: &Request, plan: Arc<Plan>) -> Result<Opened> {
        self.may_change()?;
        let session = self.session().await?;
        // The plan may be old: what preflight refuses now is refused.
        crate::engine::plan::plan(&session, request).await?;
        let workers = self.manner.workers.unwrap_or(launch::WORKERS);
        launch::journal(&self.target, &plan.scheme, workers, &SignalLimits::default()).await?;
        let mut opened = self.work(&session, plan.scheme.id, Claim::IfFree).await?;
        opened.plan = Some(plan);
        Ok(opened)
    }

    /// Watches the owner that lives, or the end of a migration that is over; else becomes the owner, but where this
    /// console only watches.
    async fn opened(&self, migration: Uuid, claim: Claim) -> Result<Opened> {
        let session = self.session().await?;
        let picture = watcher::picture(&session, migration).await?;
        let owned = picture.owner.as_ref().is_some_and(|owner| owner.alive);
        if (owned && claim == Claim::IfFree) || picture.migration.phase.is_over() || self.stands_by() {
            let past = launch::past(&session, migration, MAX_EVENTS).await?;
            let mut link = watcher::watch(&self.target, migration, past.newest()).await?;
            link.past = past;
            let plan = plan::again(&session, migration).await.ok().map(Arc::new);
            return Ok(Opened { link, plan });
        }
        self.work(&session, migration, claim).await
    }

    async fn work(&self, session: &Session, migration: Uuid, claim: Claim) -> Result<Opened> {
        self.may_change()?;
        let options = Options {
            until: Until::Told,
            first: None,
            asker: self.asker(),
            claim,
            workers: self.manner.workers,
            lock_budget: self.manner.limits.lock_budget(),
            verify_max_age: self.manner.limits.verify_max_age(),
        };
        let picture = launch::first_picture(session, migration).await?;
        let plan = plan::again(session, migration).await.ok().map(Arc::new);
        // Read before the worker says anything: what it says is news.
        let past = launch::past(session, migration, MAX_EVENTS).await?;
        let mut started = worker::start(self.target.clone(), migration, options, picture);
        started.link.past = past;
        settled(&mut started.link.status).await;
        let crew = Crew { commands: started.link.commands.clone(), end: started.end };
        self.crews.lock().unwrap_or_else(PoisonError::into_inner).push(crew);
        Ok(Opened { link: started.link, plan })
    }
}

impl Desk for RealDesk {
    fn place(&self) -> Place {
        self.place.clone()
    }

    fn asker(&self) -> Asker {
        asker(&self.target, "console")
    }

    async fn is_standby(&self) -> Result<bool, Report> {
        let facts = async { catalog::server_facts(&self.session().await?).await };
        let standby = facts.await.map_err(|error| error.report())?.in_recovery;
        self.standby.store(standby, Ordering::SeqCst);
        Ok(standby)
    }

    async fn tables(&self) -> Result<Vec<TableListing>, Report> {
        let tables = async { catalog::list_tables(&self.session().await?).await };
        tables.await.map_err(|error| error.report())
    }

    async fn health(&self, table: String) -> Result<Health, Report> {
        let known = self.known(&table);
        let is_known = matches!(known, Statements::Known(_));
        let look = async { health::look(&mut self.session().await?, &table, known).await };
        let health = look.await.map_err(|error| error.report())?;
        if !is_known {
            let one = Audited { table, at: Instant::now(), gist: health.facts.audit.clone() };
            *self.audited.lock().unwrap_or_else(PoisonError::into_inner) = Some(one);
        }
        Ok(health)
    }

    async fn answer(&self, question: Question, unwanted: CancellationToken) -> Result<Answer, Report> {
        let _busy = self.busy.read().await;
        let given_up = async {
            tokio::select! {
                () = unwanted.cancelled() => {}
                () = self.gone.cancelled() => {}
            }
        };
        Box::pin(upkeep::answer(&self.target, question, given_up)).await.map_err(|error| error.report())
    }

    async fn work(&self, chore: Chore, said: Said, halt: Halt) -> Result<Outcome, Report> {
        self.may_change().map_err(|error| error.report())?;
        let patience = Patience { budget: self.manner.limits.lock_budget(), ..Patience::default() };
        let _busy = self.busy.read().await;
        let gone = self.gone.clone();
        let cancelled = async {
            tokio::select! {
                () = halt.now.cancelled() => {}
                () = gone.cancelled() => {}
            }
        };
        Box::pin(upkeep::work(&self.target, (chore, said), (halt.soon.clone(), patience), cancelled)).await
    }

    async fn plan(&self, request: Request) -> Result<Plan, Report> {
        let plan = async { audit::plan(&mut self.session().await?, &request).await };
        plan.await.map_err(|error| error.report())
    }

    async fn start(&self, request: Request, plan: Arc<Plan>) -> Result<Opened, Report> {
        self.journalled(&request, plan).await.map_err(|error| error.report())
    }

    async fn open(&self, migration: Uuid) -> Result<Opened, Report> {
        self.opened(migration, Claim::IfFree).await.map_err(|error| error.report())
    }
}

/// Waits until the worker has taken the migration on, so that the first picture is not one of a migration that nobody
/// runs; a worker that has to wait for something is shown waiting.
async fn settled(status: &mut watch::Receiver<Arc<Status>>) {
    let taken = status.wait_for(|status| status.migration.state != State::Stopped);
    // Whatever came of it, the console shows it.
    drop(tokio::time::timeout(SETTLE_WITHIN, taken).await);
}

/// Stops the workers that are still at work and waits for them; whoever does not leave in time is left to the
/// journal, from where the migration goes on.
async fn leave(crews: &Crews, by: &Asker) {
    let crews = std::mem::take(&mut *crews.lock().unwrap_or_else(PoisonError::into_inner));
    let deadline = tokio::time::Instant::now() + LEAVE_WITHIN;
    for Crew { commands, end } in crews {
        // A worker that has ended needs no word.
        let _ended = commands.try_send(Asked { command: Command::Stop, by: by.clone() });
        match tokio::time::timeout_at(deadline, end).await {
            Ok(Ok(Ok(_))) => {}
            Ok(Ok(Err(error))) => print::warning(&error.to_string()),
            Ok(Err(panic)) => print::warning(&format!("a worker ended badly: {panic}")),
            Err(_) => {
                print::warning("a worker does not leave in time; the migration goes on from the journal");
            }
        }
    }
}
