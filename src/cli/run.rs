//! `quarterdeck run`: plans and journals where there is nothing, works where there is no owner, watches where there
//! is one. Two that are started at once: one works, the other watches.

use std::time::Duration;

use chrono::Utc;
use tokio::time::Instant;

use crate::{
    cli::{
        args::{self, Args, Run},
        asker,
        commands::{Face, connect},
        console::{self, Visit},
        follow::{Followed, Follower, News, ticks},
        manner::Manner,
        output::json,
        print,
    },
    engine::{
        command::Command,
        context::{Options, Until},
        event::{Body, Event},
        launch, plan, watcher, worker,
    },
    error::{Error, Result},
    model::{phase::Phase, strategy::Strategy, throttle::Limits},
    pg::{
        Session, Target, catalog,
        journal::{
            mail,
            read::{self, MigrationRow, OwnerRow},
        },
        owner::Claim,
    },
};

/// How long an owner may be gone, it may be reconnecting, before a watcher takes its place.
const GRACE: Duration = Duration::from_secs(5);
/// How often ownership is contested before it is an error.
const CONTESTS: u32 = 5;

/// Runs a migration as far as asked, or watches its owner do so. A JSON stream ends with `closed`, also where nothing
/// could be begun.
pub(super) async fn run(args: &Args, words: &Run) -> Result<u8> {
    let face = Face::of(words.ui);
    let result = begin(args, words, face).await;
    if let (Err(error), Face::Json) = (&result, face) {
        for line in json::closing("run", error, Utc::now()) {
            print::line(&line);
        }
    }
    result
}

/// Words that ask for what this version refuses are refused before anything connects.
async fn begin(args: &Args, words: &Run, face: Face) -> Result<u8> {
    words.plan.request(&words.table)?;
    let target = connect(args).await?;
    let subject = Subject { target: &target, words };
    let until = match words.until {
        args::Until::Ready => Until::Ready,
        args::Until::Swapped => Until::Swapped,
        args::Until::Finished => Until::Finished,
    };
    if face == Face::Console {
        return in_console(args, &subject, until).await;
    }
    let follower = Follower::new(face, asker::of(&target))?;
    Job { target: &target, words, subject, until, follower }.run().await
}

/// The console on the migration. It stays open at the goal, since what comes next is the operator's to say; leaving it
/// there is no stop.
async fn in_console(args: &Args, subject: &Subject<'_>, until: Until) -> Result<u8> {
    let words = subject.words;
    let session = Session::open(subject.target, "run").await?;
    let row = subject.found(&session).await?;
    let until = goal(&row, until);
    drop(session);
    if row.phase == Phase::Finished {
        print::line(&format!("{} is already finished", row.scheme.source().plain()));
        return Ok(0);
    }
    subject.check_plan(&row)?;
    let errand = match (until, row.phase) {
        // The names are exchanged by itself, first of all.
        (Until::Swapped | Until::Finished, _) if row.scheme.strategy == Strategy::RenameFirst => vec![],
        (Until::Swapped | Until::Finished, Phase::ReverseWindow | Phase::Adopted)
        | (Until::Ready | Until::Told | Until::Asked, _) => {
            vec![]
        }
        (Until::Swapped | Until::Finished, _) => vec![Command::Swap],
    };
    let finish = (until == Until::Finished).then_some(Command::Finish { drop_source: false });
    let visit = Visit {
        migration: Some(row.scheme.id),
        takeover: words.takeover,
        manner: Manner { workers: words.workers, limits: words.limits, reverse_window: words.reverse_window },
        errand: errand.into_iter().chain(finish).collect(),
    };
    let ended = console::show(args, subject.target, visit).await?;
    if ended.is_torn() {
        return Ok(ended.exit_code);
    }
    let there = ended.status.is_some_and(|status| reached(status.migration.phase, until));
    Ok(if there { 0 } else { ended.exit_code })
}

/// The migration that the words name.
#[derive(Clone, Copy)]
struct Subject<'a> {
    target: &'a Target,
    words: &'a Run,
}

impl Subject<'_> {
    /// The migration that is meant: a live one, or a finished one whose table is still the partitioned one.
    async fn find(&self, session: &Session) -> Result<Option<MigrationRow>> {
        let Some(row) = launch::find(session, &self.words.table).await? else { return Ok(None) };
        match row.phase {
            Phase::Aborted => Ok(None),
            Phase::Finished => {
                let table = catalog::load_table(session, &self.words.table).await?;
                // Asked for with another plan, it is to be partitioned otherwise.
                let same = self.words.plan.other_than(&row.scheme).is_none();
                Ok((table.is_partitioned() && same).then_some(row))
            }
            Phase::Planned
            | Phase::Capturing
            | Phase::Census
            | Phase::Copying
            | Phase::Replaying
            | Phase::Verifying
            | Phase::Ready
            | Phase::Swapping
            | Phase::ReverseWindow
            | Phase::Reversing
            | Phase::Reversed
            | Phase::Renaming
            | Phase::Filling
            | Phase::Widening
            | Phase::Adopting
            | Phase::Adopted
            | Phase::Releasing
            | Phase::Aborting => Ok(Some(row)),
        }
    }

    /// The migration, planned and journalled first where there is none.
    async fn found(&self, session: &Session) -> Result<MigrationRow> {
        if let Some(row) = self.find(session).await? {
            return Ok(row);
        }
        self.launch(session).await?;
        let gone = || Error::Bug("a migration that was just journalled is not there".into());
        self.find(session).await?.ok_or_else(gone)
    }

    /// Plans and journals. Another process that does the same at this moment wins nothing: its migration is ours.
    async fn launch(&self, session: &Session) -> Result<()> {
        let request = self.words.plan.request(&self.words.table)?;
        let result = async {
            let plan = plan::plan(session, &request).await?;
            self.words.confirms(&plan.scheme)?;
            for finding in &plan.warnings {
                print::warning(&format!("{}: {} ({})", finding.object, finding.reason, finding.id));
            }
            let workers = self.words.workers.unwrap_or(launch::WORKERS);
            launch::journal(self.target, &plan.scheme, workers, &Limits::default().with(&self.words.limit))
                .await
        };
        match result.await {
            Err(error) if self.find(session).await?.is_none() => Err(error),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Refuses another plan, and other limits, than the journal's.
    fn check_plan(&self, row: &MigrationRow) -> Result<()> {
        let table = row.scheme.source().plain();
        if row.limits.clone().with(&self.words.limit) != row.limits {
            return Err(Error::Refused {
                id: "QD-094",
                reason: "its migration is under way with other limits".into(),
                remedy: format!(
                    "leave --limit out, and change them with `quarterdeck tune {table} --limit …`"
                ),
                object: table,
            });
        }
        let Some(flag) = self.words.plan.other_than(&row.scheme) else { return Ok(()) };
        Err(Error::Refused {
            id: "QD-094",
            object: table,
            reason: format!("its migration is under way with another plan: {flag} differs"),
            remedy: format!("leave {flag} out, or abort the migration and start again"),
        })
    }

    /// Refuses another plan than the journal's, and what the operator has paused.
    fn check(&self, row: &MigrationRow) -> Result<()> {
        self.check_plan(row)?;
        match &row.paused {
            Some(how) => Err(Error::Stopped { table: row.scheme.source().plain(), how: how.clone() }),
            None => Ok(()),
        }
    }
}

struct Job<'a> {
    target: &'a Target,
    words: &'a Run,
    subject: Subject<'a>,
    until: Until,
    follower: Follower,
}

impl Job<'_> {
    /// Errors are those from before a worker, or from between two: a worker's own are told by itself.
    async fn run(&mut self) -> Result<u8> {
        let mut claim = if self.words.takeover { Claim::TakeOver } else { Claim::IfFree };
        for contest in 1.. {
            let session = Session::open(self.target, "run").await?;
            let Some(row) = self.subject.find(&session).await? else {
                self.subject.launch(&session).await?;
                continue;
            };
            if row.phase == Phase::Finished {
                self.follower.say(&format!("{} is already finished", row.scheme.source().plain()));
                return Ok(self.follower.close("finished", 0));
            }
            self.subject.check(&row)?;
            self.until = goal(&row, self.until);
            let owner = read::owner(&session, row.scheme.id).await?.filter(|owner| owner.alive);
            let code = match owner {
                Some(owner) if claim == Claim::IfFree => self.watch(session, &row, &owner).await?,
                Some(_) | None => self.work(session, &row, claim, contest).await?,
            };
            if let Some(code) = code {
                return Ok(code);
            }
            claim = Claim::IfFree;
        }
        Err(Error::Bug("the contest for ownership never ended".into()))
    }

    /// Works as the owner; `None` where somebody else was faster.
    async fn work(
        &mut self,
        session: Session,
        row: &MigrationRow,
        claim: Claim,
        contest: u32,
    ) -> Result<Option<u8>> {
        if reached(row.phase, self.until) {
            self.follower.say(&format!("{} is already {}", row.scheme.source().plain(), row.phase));
        }
        let id = row.scheme.id;
        let picture = launch::first_picture(&session, id).await?;
        drop(session);
        let options = Options {
            until: self.until,
            first: None,
            asker: self.follower.asker().clone(),
            claim,
            workers: self.words.workers,
            lock_budget: self.words.limits.lock_budget(),
            verify_max_age: self.words.limits.verify_max_age(),
        };
        let worker = worker::start(self.target.clone(), id, options, picture);
        let (result, closed) = match self.follower.worker(worker).await {
            Followed::Left => return Ok(Some(self.follower.close("stopped", 5))),
            Followed::Ended { result: Err(Error::Busy { .. }), owned: false, .. } if contest < CONTESTS => {
                return Ok(None);
            }
            Followed::Ended { result, closed, owned: _ } => (result, closed),
        };
        if let Some(event) = closed {
            self.follower.event(&event);
        }
        Ok(Some(match result {
            Ok(end) => end.words(self.until).1,
            Err(error) => print::failure(&error),
        }))
    }

    /// Watches the owner until the goal or its end; `None` where it left the goal to us.
    async fn watch(&mut self, session: Session, row: &MigrationRow, owner: &OwnerRow) -> Result<Option<u8>> {
        let table = row.scheme.source().plain();
        let words =
            format!("{table} is run by {} pid {}; watching (--takeover replaces it)", owner.host, owner.pid);
        self.follower.say(&words);
        let seen = mail::newest_event(&session, row.scheme.id).await?;
        drop(session);
        let mut link = watcher::watch(self.target, row.scheme.id, seen).await?;
        // The journal's phase may be ahead of its events: the end is said when both have come.
        let mut told = reached(link.status.borrow().migration.phase, self.until);
        let (mut ticks, mut gone, mut closed) = (ticks(), None, false);
        loop {
            match self.follower.news(&mut link, &mut ticks).await {
                News::Event(event) => match closing(&event) {
                    Some(0) => closed = true,
                    Some(code) => {
                        self.follower.event(&event);
                        return Ok(Some(code));
                    }
                    None => {
                        told |= matches!(&event.body, Body::Phase { to, .. } if reached(*to, self.until));
                        self.follower.event(&event);
                    }
                },
                News::Signal => return Ok(Some(self.follower.close("stopped", 5))),
                News::Gone => return Ok(None),
                News::Picture => {
                    let (phase, alive) = {
                        let status = link.status.borrow();
                        (status.migration.phase, status.owner.as_ref().is_some_and(|owner| owner.alive))
                    };
                    let over = told || closed || !alive;
                    if let Some(code) = over.then(|| self.at_goal(phase)).flatten() {
                        return Ok(Some(code));
                    }
                    let since = *gone.get_or_insert_with(Instant::now);
                    if alive {
                        gone = None;
                    } else if closed || since.elapsed() > GRACE {
                        return Ok(None);
                    }
                }
            }
        }
    }

    fn at_goal(&self, phase: Phase) -> Option<u8> {
        if phase == Phase::Aborted {
            return Some(self.follower.close("aborted", 5));
        }
        let end = worker::End::Reached(phase).words(self.until).0;
        reached(phase, self.until).then(|| self.follower.close(end, 0))
    }
}

/// The exit code of an owner's last event.
fn closing(event: &Event) -> Option<u8> {
    if let Body::Closed { exit_code, .. } = &event.body { Some(*exit_code) } else { None }
}

/// What *ready* means where the names are exchanged first: there is no such phase.
fn goal(row: &MigrationRow, until: Until) -> Until {
    match until {
        Until::Ready if row.scheme.strategy == Strategy::RenameFirst => Until::Swapped,
        Until::Ready | Until::Told | Until::Swapped | Until::Finished | Until::Asked => until,
    }
}

/// Whether a phase is as far as was asked for, or farther.
fn reached(phase: Phase, until: Until) -> bool {
    match until {
        Until::Ready => {
            matches!(phase, Phase::Ready | Phase::Reversed) || (phase.is_swapped() && phase != Phase::Filling)
        }
        Until::Swapped => matches!(phase, Phase::ReverseWindow | Phase::Adopted | Phase::Finished),
        Until::Finished => phase == Phase::Finished,
        Until::Told | Until::Asked => false,
    }
}
