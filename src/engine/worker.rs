//! The worker: owns a migration and drives it through its phases, over as many connections as it takes.
//!
//! Whenever the connection is lost everything is read again from the journal: what was acknowledged under
//! asynchronous commit may be gone (TRAPS 48). It never moves the phase itself; the steps do.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    sync::{Mutex as AsyncMutex, Notify, mpsc, watch},
    task::JoinHandle,
};
use uuid::Uuid;

use crate::{
    engine::{
        board::Board,
        command::{Asked, Command},
        context::{Context, Options, Replay, Request, Requests, Standing, Until},
        event::Body,
        gate::{Gate, Will},
        housekeeping,
        link::{COMMANDS, EVENTS, Link, Past, Source},
        live::Live,
        orders::{self, Who},
        recorder::Recorder,
        replayer,
        status::Status,
        steps::{self, settled::Left},
        throttler,
    },
    error::{Error, Result},
    model::{diff::Diff, phase::Phase, strategy::Strategy, throttle::Governor},
    pg::{Target, journal, owner},
};

/// The longest pause between two attempts to reconnect.
const LONGEST_PAUSE: u64 = 30;
/// Attempts to reconnect before a headless owner gives up (some ten minutes); a console never does.
const ATTEMPTS: u32 = 24;

/// How a worker's work ended, where it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// The goal was reached in this phase.
    Reached(Phase),
    /// The command that was asked for is done.
    Done,
    /// The operator stopped it.
    Stopped,
    /// Everything of ours is removed.
    Aborted,
}

/// A running worker.
#[derive(Debug)]
pub struct Worker {
    /// The face's end of the channels; `status` closes when the work has ended.
    pub link: Link,
    /// The end of the work.
    pub end: JoinHandle<Result<End>>,
}

/// Starts working on a journalled migration.
pub fn start(target: Target, migration: Uuid, options: Options, first_picture: Status) -> Worker {
    let (status, status_out) = watch::channel(Arc::new(first_picture));
    let (events, events_out) = mpsc::channel(EVENTS);
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let recorder = Recorder::start(target.clone(), migration, events);
    let work = Work { target, migration, options, recorder, inbox, status, told: false };
    let (source, past) = (Source::Worker, Past::default());
    let link = Link { source, past, status: status_out, events: events_out, commands };
    Worker { link, end: tokio::spawn(work.run()) }
}

struct Work {
    target: Target,
    migration: Uuid,
    options: Options,
    recorder: Recorder,
    inbox: mpsc::Receiver<Asked>,
    status: watch::Sender<Arc<Status>>,
    /// What ended the last stretch has been said.
    told: bool,
}

impl Work {
    async fn run(mut self) -> Result<End> {
        let result = Box::pin(self.persevere()).await;
        let (end, exit_code) = match &result {
            Ok(end) => end.words(self.options.until),
            Err(error) => (word(error), error.exit_code()),
        };
        // Whoever goes on by itself prints it. A console would show the last picture, and no reason.
        if let Err(error) = &result
            && self.options.until == Until::Told
            && !self.told
        {
            self.recorder.say(Body::Failed { step: "ownership".into(), error: error.report() });
        }
        self.recorder.say(Body::Closed { end: end.into(), exit_code });
        self.recorder.flush().await;
        result
    }

    /// Stretch after stretch, until one ends for another reason than a lost connection.
    async fn persevere(&mut self) -> Result<End> {
        let mut attempt = 0;
        loop {
            let began = tokio::time::Instant::now();
            let error = match Box::pin(self.stretch()).await {
                Err(error) if error.connection_lost() || matches!(error, Error::Unknown { .. }) => error,
                result => return result,
            };
            if began.elapsed() > Duration::from_mins(1) {
                attempt = 0;
            }
            attempt += 1;
            if attempt > ATTEMPTS && self.options.until != Until::Told {
                return Err(error);
            }
            let in_s = (1_u64 << attempt.min(5)).min(LONGEST_PAUSE);
            self.recorder.say(Body::Reconnecting { attempt, in_s, reason: error.to_string() });
            if self.stopped_within(Duration::from_secs(in_s)).await {
                return if matches!(error, Error::Unknown { .. }) { Err(error) } else { Ok(End::Stopped) };
            }
        }
    }

    /// Waits; whether the operator stopped it meanwhile.
    async fn stopped_within(&mut self, pause: Duration) -> bool {
        let wait = tokio::time::sleep(pause);
        tokio::pin!(wait);
        loop {
            tokio::select! {
                () = &mut wait => return false,
                asked = self.inbox.recv() => match asked {
                    Some(Asked { command: Command::Stop, .. }) => return true,
                    Some(asked) => {
                        let reason = "the connection is gone; it is being tried again".into();
                        self.recorder.say(Body::Refused { asked, reason });
                    }
                    None => wait.as_mut().await,
                },
            }
        }
    }

    /// From taking ownership to the end of the work or of the connection.
    async fn stretch(&mut self) -> Result<End> {
        self.told = false;
        let owned = owner::claim(&self.target, self.migration, self.options.claim).await?;
        let Some(mut owned) = owned else { return Err(owned_elsewhere()) };
        self.options.claim = owner::Claim::Again(owned.term);
        self.recorder.epoch(owned.term.epoch);
        let ctx = self.context(&owned).await?;
        let me = format!("{}:{}", owner::host(), std::process::id());
        ctx.say(Body::Owned { owner: me, epoch: owned.term.epoch, instead_of: owned.before.clone() });
        if let Some(end) = self.first(&ctx, &mut owned.session).await? {
            return Ok(end);
        }
        let result = tokio::select! {
            end = phases(&ctx) => end,
            error = housekeeping::run(&ctx, &mut owned.session, &mut self.inbox, &self.status) => Err(error.err().unwrap_or_else(|| Error::Bug("housekeeping ended".into()))),
            error = replay(&ctx) => Err(error),
            () = throttler::run(&ctx) => Err(Error::Bug("the throttler ended".into())),
        };
        ctx.gate.over.cancel();
        if let Err(error) = &result {
            if error.connection_lost() {
                self.recorder.lost();
            }
            report(&ctx, error).await;
            self.told = true;
        }
        self.status.send_replace(Arc::new(housekeeping::picture(&ctx)));
        result
    }

    async fn context(&self, owned: &owner::Ownership) -> Result<Arc<Context>> {
        let row = journal::read::migration(&owned.session, self.migration).await?;
        let leaves = journal::read::leaves(&owned.session, self.migration).await?;
        let chunks = journal::read::chunks(&owned.session, self.migration).await?;
        let diffs = journal::read::diffs(&owned.session, self.migration).await?;
        let diffs: Vec<Diff> =
            diffs.into_iter().filter_map(|diff| serde_json::from_value(diff).ok()).collect();
        let table = row.scheme.source().plain();
        if let (Some(how), false) = (&row.paused, self.may_start_paused()) {
            return Err(Error::Stopped { table, how: how.clone() });
        }
        let workers = self
            .options
            .workers
            .unwrap_or_else(|| u16::try_from(row.workers).unwrap_or(crate::engine::launch::WORKERS));
        let governor = Governor::new(row.limits.clone(), throttler::now_s());
        let live = Live { workers, diffs: Arc::new(diffs), governor, ..Live::default() };
        let will = if row.paused.is_some() { Will::Pause } else { Will::Go };
        let (sender, receiver) = mpsc::channel(COMMANDS);
        let replay =
            crate::pg::Session::open(&self.target, &owner::purpose(self.migration, "replay")).await?;
        let mut board = Board::new(leaves, chunks);
        board.refresh_states();
        Ok(Arc::new(Context {
            target: self.target.clone(),
            options: self.options.clone(),
            standing: Mutex::new(Standing::from(&row)),
            scheme: row.scheme,
            term: owned.term,
            gate: Arc::new(Gate::new(table, will)),
            recorder: self.recorder.clone(),
            board: Mutex::new(board),
            live: Mutex::new(live),
            changed: Notify::new(),
            requests: Requests { sender, receiver: AsyncMutex::new(receiver) },
            replay: Replay::new(replay),
        }))
    }

    fn may_start_paused(&self) -> bool {
        self.options.until == Until::Told || self.options.first.is_some()
    }

    /// The command to begin with; the end, where that was all.
    async fn first(&mut self, ctx: &Context, session: &mut crate::pg::Session) -> Result<Option<End>> {
        let Some(command) = self.options.first.take() else { return Ok(None) };
        let who =
            orders::judge((ctx.scheme.strategy, ctx.phase()), &command).map_err(|reason| Error::Refused {
                id: "QD-091",
                object: ctx.scheme.source().plain(),
                reason,
                remedy: "see `quarterdeck status`".into(),
            })?;
        let asked = Asked { command, by: self.options.asker.clone() };
        match orders::take(ctx, session, Request { asked, row: None }).await? {
            Some(refused) => Err(refused),
            None => Ok((who == Who::Now).then_some(End::Done)),
        }
    }
}

/// Phase after phase.
async fn phases(ctx: &Arc<Context>) -> Result<End> {
    loop {
        let phase = ctx.phase();
        if ctx.aborting() && phase.may_abort() {
            return steps::abort::abort(ctx).await.map(|()| End::Aborted);
        }
        let left = match phase {
            Phase::Planned if ctx.scheme.strategy == Strategy::RenameFirst => {
                again(steps::renaming::renaming(ctx).await)
            }
            Phase::Planned | Phase::Widening if ctx.scheme.strategy == Strategy::Adopt => {
                again(steps::adopting::widening(ctx).await)
            }
            Phase::Planned | Phase::Capturing => again(steps::prepare::capture(ctx).await),
            Phase::Census => again(steps::prepare::census(ctx).await),
            Phase::Copying => again(steps::copying::copying(ctx).await),
            Phase::Replaying => again(steps::verifying::replaying(ctx).await),
            Phase::Verifying if !steps::verifying::differs(ctx) => {
                again(steps::verifying::verifying(ctx).await)
            }
            Phase::Verifying | Phase::Ready | Phase::Reversed | Phase::ReverseWindow | Phase::Adopted => {
                steps::settled::settled(ctx).await
            }
            Phase::Adopting | Phase::Releasing => again(steps::adopting::find_out(ctx).await),
            Phase::Swapping | Phase::Reversing => again(steps::swapping::find_out(ctx).await),
            Phase::Renaming => again(steps::renaming::renaming(ctx).await),
            Phase::Filling => Box::pin(steps::filling::filling(ctx)).await,
            Phase::Widening => Err(Error::Bug(format!("{phase} has no step"))),
            Phase::Aborting => return steps::abort::abort(ctx).await.map(|()| End::Aborted),
            Phase::Finished => return Ok(End::Reached(Phase::Finished)),
            Phase::Aborted => return Ok(End::Aborted),
        };
        match left {
            Ok(Left::Again) => {}
            Ok(Left::Goal) if ctx.options.until == Until::Asked => return Ok(End::Done),
            Ok(Left::Goal) => return Ok(End::Reached(ctx.phase())),
            // What the operator cut short is no failure.
            Err(error) => match ctx.gate.will() {
                Will::Abort if !error.connection_lost() => {}
                Will::Stop if !error.connection_lost() => return Ok(End::Stopped),
                Will::Go | Will::Pause | Will::Stop | Will::Abort => return Err(error),
            },
        }
    }
}

fn again(result: Result<()>) -> Result<Left> {
    result.map(|()| Left::Again)
}

/// The replayer's failure; its leaving on the operator's word is no end of the stretch.
async fn replay(ctx: &Context) -> Error {
    match replayer::run(ctx).await {
        Err(error) if ctx.gate.will() == Will::Go || error.connection_lost() => error,
        Ok(()) | Err(_) => std::future::pending().await,
    }
}

/// Journals what stopped it, if the connection still lives, and says so.
async fn report(ctx: &Context, error: &Error) {
    ctx.say(Body::Failed { step: ctx.phase().word().into(), error: error.report() });
    if error.connection_lost() {
        return;
    }
    ctx.standing().last_error = Some(error.to_string());
    if let Err(unwritten) = journal_error(ctx, &error.to_string()).await {
        tracing::warn!(%unwritten, %error, "the error could not be journalled");
    }
}

async fn journal_error(ctx: &Context, error: &str) -> Result<()> {
    let mut session = ctx.session("error").await?;
    let tx = session.begin().await?;
    ctx.fence().hold(&tx).await?;
    journal::write::last_error(&tx, ctx.scheme.id, Some(error)).await?;
    tx.commit("commit error").await
}

fn owned_elsewhere() -> Error {
    Error::Busy {
        object: "the migration".into(),
        reason: "another process owns it".into(),
        remedy: "watch it with `quarterdeck status`, or replace its owner with --takeover".into(),
    }
}

impl End {
    /// The word and the exit code of the `closed` event.
    pub fn words(self, until: Until) -> (&'static str, u8) {
        match self {
            Self::Reached(Phase::ReverseWindow | Phase::Adopted) => ("swapped", 0),
            Self::Reached(phase) => (phase.word(), 0),
            Self::Done => ("done", 0),
            Self::Stopped => ("stopped", 5),
            Self::Aborted => ("aborted", if until == Until::Asked { 0 } else { 5 }),
        }
    }
}

fn word(error: &Error) -> &'static str {
    match error {
        Error::Usage { .. } | Error::Refused { .. } | Error::Refusals(_) => "refused",
        Error::Differs { .. } => "differs",
        Error::Stopped { .. } => "paused",
        Error::Unknown { .. } => "unknown",
        Error::Connect { .. }
        | Error::Database { .. }
        | Error::Fenced { .. }
        | Error::Changed { .. }
        | Error::Busy { .. }
        | Error::Io { .. }
        | Error::Program { .. }
        | Error::Bug(_) => "failed",
    }
}
