//! The console's desk in the real world: tables and plans from the database, migrations from the engine.
//!
//! It keeps every worker it started, so that leaving the console leaves each of them in order. It draws nothing.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::{sync::mpsc, task::JoinHandle};
use uuid::Uuid;

use crate::{
    cli::{
        args::Args,
        commands::connect,
        output::{self, plain},
        print,
    },
    demo::Demo,
    engine::{
        command::{Asked, Asker, Command},
        context::{Options, Until},
        launch, plan, watcher,
        worker::{self, End},
    },
    error::{Report, Result},
    model::{
        listing::TableListing,
        plan::{Plan, Request},
    },
    pg::{Session, Target, catalog, owner, owner::Claim},
    tui::{
        app::model::Place,
        desk::{Desk, Opened},
        glyphs::Glyphs,
        run::start::{self, run},
    },
};

/// Copying sessions of a migration that the console starts.
const WORKERS: u16 = 2;
/// How long workers may take to leave after the console has.
const LEAVE_WITHIN: Duration = Duration::from_secs(10);

/// `quarterdeck [CONN]`: the console; the exit code.
pub(super) async fn open(args: &Args) -> Result<u8> {
    let target = connect(args).await?;
    show(args, &target, None).await
}

/// The console on the demo's database, with what its application met at the end.
pub(super) async fn of_demo(args: &Args, demo: &mut Demo) -> Result<u8> {
    let code = show(args, demo.target(), None).await?;
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

/// The console on a server, on the list of tables or on one migration; the exit code.
pub(super) async fn show(args: &Args, target: &Target, migration: Option<Uuid>) -> Result<u8> {
    let desk = RealDesk::at(target, args.everywhere.label.clone()).await?;
    let opened = match migration {
        Some(migration) => Some(desk.opened(migration).await?),
        None => None,
    };
    let glyphs = if args.everywhere.ascii { Glyphs::Ascii } else { Glyphs::Unicode };
    let options = start::Options { glyphs, ..start::Options::default() };
    let crews = Arc::clone(&desk.crews);
    let by = desk.asker();
    let ended = run(desk, options, opened).await;
    leave(&crews, &by).await;
    let ended = ended?;
    if let Some(status) = &ended.status {
        print::line(&plain::progress(status));
        print::text(&output::status::text(std::slice::from_ref(&**status)));
    }
    Ok(ended.exit_code)
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
    crews: Crews,
}

impl RealDesk {
    async fn at(target: &Target, label: Option<String>) -> Result<Self> {
        let session = Session::open(target, "console").await?;
        let facts = catalog::server_facts(&session).await?;
        let place = Place {
            target: target.place(),
            role: facts.role.as_str().into(),
            standby: facts.in_recovery,
            label,
        };
        Ok(Self { target: target.clone(), place, crews: Crews::default() })
    }

    async fn session(&self) -> Result<Session> {
        Session::open(&self.target, "console").await
    }

    async fn journalled(&self, request: &Request, plan: Arc<Plan>) -> Result<Opened> {
        let session = self.session().await?;
        // The plan may be old: what preflight refuses now is refused.
        crate::engine::plan::plan(&session, request).await?;
        launch::journal(&self.target, &plan.scheme, WORKERS).await?;
        let mut opened = self.work(&session, plan.scheme.id).await?;
        opened.plan = Some(plan);
        Ok(opened)
    }

    /// Watches the owner that lives, or the end of a migration that is over; else becomes the owner.
    async fn opened(&self, migration: Uuid) -> Result<Opened> {
        let session = self.session().await?;
        let picture = watcher::picture(&session, migration).await?;
        let owned = picture.owner.as_ref().is_some_and(|owner| owner.alive);
        if owned || picture.migration.phase.is_over() || self.place.standby {
            let link = watcher::watch(&self.target, migration).await?;
            let plan = plan::again(&session, migration).await.ok().map(Arc::new);
            return Ok(Opened { link, plan });
        }
        self.work(&session, migration).await
    }

    async fn work(&self, session: &Session, migration: Uuid) -> Result<Opened> {
        let options = Options {
            until: Until::Told,
            first: None,
            asker: self.asker(),
            claim: Claim::IfFree,
            workers: None,
            lock_budget: Duration::from_millis(100),
            verify_max_age: Duration::from_hours(1),
        };
        let picture = launch::first_picture(session, migration).await?;
        let plan = plan::again(session, migration).await.ok().map(Arc::new);
        let started = worker::start(self.target.clone(), migration, options, picture);
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

    async fn tables(&self) -> Result<Vec<TableListing>, Report> {
        let tables = async { catalog::list_tables(&self.session().await?).await };
        tables.await.map_err(|error| error.report())
    }

    async fn plan(&self, request: Request) -> Result<Plan, Report> {
        let plan = async { plan::plan(&self.session().await?, &request).await };
        plan.await.map_err(|error| error.report())
    }

    async fn start(&self, request: Request, plan: Arc<Plan>) -> Result<Opened, Report> {
        self.journalled(&request, plan).await.map_err(|error| error.report())
    }

    async fn open(&self, migration: Uuid) -> Result<Opened, Report> {
        self.opened(migration).await.map_err(|error| error.report())
    }
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
