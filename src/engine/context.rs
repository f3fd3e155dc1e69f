//! What every task of one owner shares. It decides nothing.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use chrono::{DateTime, Utc};
use tokio::sync::{
    Mutex as AsyncMutex, MutexGuard as AsyncMutexGuard, Notify, RwLock, RwLockReadGuard, RwLockWriteGuard,
    mpsc,
};
use tokio_postgres::CancelToken;
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{
        board::Board,
        command::{Asked, Asker, Command},
        event::Body,
        gate::{Gate, Will},
        live::Live,
        recorder::Recorder,
    },
    error::Result,
    model::{ident::QualifiedName, phase::Phase, scheme::Scheme},
    ops::verify::Sides,
    pg::{Fence, Session, Target, Tx, journal, journal::read::MigrationRow, lock::Patience, owner},
};

/// How far to go without being told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// Stay, and wait for commands.
    Told,
    /// Verified and ready for the swap.
    Ready,
    /// Swapped, foreign keys valid.
    Swapped,
    /// The reverse window closed, the old table kept.
    Finished,
    /// Until the first command given is done.
    Asked,
}

/// How an owner runs a migration.
#[derive(Clone, Debug)]
pub struct Options {
    /// How far to go.
    pub until: Until,
    /// A command to begin with.
    pub first: Option<Command>,
    /// Who asks.
    pub asker: Asker,
    /// Whether a live owner may be replaced.
    pub claim: owner::Claim,
    /// Copying workers; `None` takes the journal's number.
    pub workers: Option<u16>,
    /// The longest that writers may be made to wait at the swap.
    pub lock_budget: Duration,
    /// The oldest clean pass that a swap may rest on.
    pub verify_max_age: Duration,
}

impl Options {
    /// How long writers may wait in one attempt at a lock.
    pub fn patience(&self) -> Patience {
        Patience { budget: self.lock_budget, ..Patience::default() }
    }
}

/// The migration's row, as this owner last wrote or read it.
#[derive(Clone, Debug)]
pub struct Standing {
    /// The earliest unfinished step.
    pub phase: Phase,
    /// Of source, twin, leaves and triggers.
    pub fingerprint: String,
    /// Who paused it.
    pub paused: Option<String>,
    /// When the last clean pass ended.
    pub verified_at: Option<DateTime<Utc>>,
    /// When the names were exchanged.
    pub swapped_at: Option<DateTime<Utc>>,
    /// The error that is not mended.
    pub last_error: Option<String>,
    /// The step whose COMMIT got no answer.
    pub unknown: Option<String>,
}

impl From<&MigrationRow> for Standing {
    fn from(row: &MigrationRow) -> Self {
        Self {
            phase: row.phase,
            fingerprint: row.fingerprint.clone(),
            paused: row.paused.clone(),
            verified_at: row.verified_at,
            swapped_at: row.swapped_at,
            last_error: row.last_error.clone(),
            unknown: row.unknown.clone(),
        }
    }
}

/// A command with where its answer goes.
#[derive(Clone, Debug)]
pub struct Request {
    /// What and by whom.
    pub asked: Asked,
    /// Its row, where another process wrote one.
    pub row: Option<i64>,
}

/// Shared by the tasks of one owner, over one connected stretch.
///
/// Locks: `board` before `live`; `standing` alone. None is held across an await.
#[derive(Debug)]
pub struct Context {
    /// Where to connect.
    pub target: Target,
    /// How to run.
    pub options: Options,
    /// What is being built.
    pub scheme: Scheme,
    /// This owner's term.
    pub term: owner::Term,
    /// The operator's will.
    pub gate: Arc<Gate>,
    /// Where events go.
    pub recorder: Recorder,
    /// Leaves and chunks.
    pub board: Mutex<Board>,
    /// The journal's row.
    pub standing: Mutex<Standing>,
    /// Figures that are not in the journal.
    pub live: Mutex<Live>,
    /// Rings when board, standing or live changed.
    pub changed: Notify,
    /// Commands that a phase must carry out.
    pub requests: Requests,
    /// The session that replays.
    pub replay: Replay,
}

/// The session that replays, and whose turn it is to write what is replayed or copied.
#[derive(Debug)]
pub struct Replay {
    session: AsyncMutex<Session>,
    turn: RwLock<()>,
}

impl Replay {
    /// Replays on `session`.
    pub fn new(session: Session) -> Self {
        Self { session: AsyncMutex::new(session), turn: RwLock::new(()) }
    }

    /// Who holds it is the only one who replays.
    pub async fn lock(&self) -> AsyncMutexGuard<'_, Session> {
        self.session.lock().await
    }

    /// While a table in use is being filled: chunks are copied, and nothing is replayed.
    pub async fn chunk(&self) -> RwLockReadGuard<'_, ()> {
        self.turn.read().await
    }

    /// While a table in use is being filled: something is replayed, and no chunk is in hand. What the journal says is
    /// copied is copied then, and what it says is not, is not on its way either.
    pub async fn alone(&self) -> RwLockWriteGuard<'_, ()> {
        self.turn.write().await
    }
}

/// Commands on their way to the phase that carries them out.
#[derive(Debug)]
pub struct Requests {
    /// In.
    pub sender: mpsc::Sender<Request>,
    /// Out.
    pub receiver: AsyncMutex<mpsc::Receiver<Request>>,
}

impl Context {
    /// Opens a session that calls itself ours, so that a later owner can end it.
    pub async fn session(&self, what: &str) -> Result<Session> {
        Session::open(&self.target, &owner::purpose(self.scheme.id, what)).await
    }

    /// What every writing transaction must find unchanged.
    pub fn fence(&self) -> Fence {
        Fence::new(&self.scheme, self.term.epoch, self.standing().fingerprint.clone())
    }

    /// The board, locked.
    pub fn board(&self) -> MutexGuard<'_, Board> {
        self.board.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The standing, locked.
    pub fn standing(&self) -> MutexGuard<'_, Standing> {
        self.standing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The live figures, locked.
    pub fn live(&self) -> MutexGuard<'_, Live> {
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The present phase.
    pub fn phase(&self) -> Phase {
        self.standing().phase
    }

    /// Says that something happened.
    pub fn say(&self, body: Body) {
        self.recorder.say(body);
        self.changed.notify_waiters();
    }

    /// Moves the phase inside `tx`; call [`Self::moved`] after the commit.
    pub async fn move_to(&self, tx: &Tx<'_>, to: Phase) -> Result<()> {
        journal::write::phase(tx, self.scheme.id, self.phase(), to).await
    }

    /// Remembers a phase that has been committed, and says so.
    pub fn moved(&self, to: Phase) {
        let from = {
            let mut standing = self.standing();
            standing.last_error = None;
            standing.unknown = None;
            std::mem::replace(&mut standing.phase, to)
        };
        self.say(Body::Phase { from, to });
    }

    /// Moves the phase in a transaction of its own, fenced by the epoch.
    pub async fn advance(&self, session: &mut Session, to: Phase) -> Result<()> {
        let tx = session.begin().await?;
        self.fence().hold(&tx).await?;
        self.move_to(&tx, to).await?;
        tx.commit("commit phase").await?;
        self.moved(to);
        Ok(())
    }

    /// What source and twin are called now.
    pub fn names(&self) -> (QualifiedName, QualifiedName) {
        if self.phase().is_swapped() {
            (self.scheme.old(), self.scheme.source().clone())
        } else {
            (self.scheme.source().clone(), self.scheme.twin())
        }
    }

    /// The two sides for the verifier.
    pub fn sides<'a>(&'a self, leaves: &'a [crate::model::scheme::Leaf]) -> Sides<'a> {
        let (source, twin) = self.names();
        Sides { scheme: &self.scheme, source, twin, leaves }
    }

    /// Runs `work`; when `halt` or an abort comes, has the server cancel the session's statement until it ends.
    pub async fn cancellable<T>(
        &self,
        token: CancelToken,
        halt: &CancellationToken,
        work: impl Future<Output = Result<T>>,
    ) -> Result<T> {
        tokio::pin!(work);
        tokio::select! {
            result = &mut work => return result,
            () = halt.cancelled() => {}
            () = self.gate.hurry.cancelled() => {}
        }
        self.target.cancel_until_ended(&token, work).await
    }

    /// Whether an abort was asked for.
    pub fn aborting(&self) -> bool {
        self.gate.will() == Will::Abort
    }
}
