//! The replayer: one task that follows the log for as long as an owner lives, in the direction of the moment.

use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::{
    engine::{context::Context, event::Body},
    error::{Error, Result},
    model::{phase::Phase, strategy::Strategy, throttle::Work},
    ops::replay::{self, Replayed, forward::Scope, reverse::Past},
    pg::{Session, measure},
};

/// How soon the log is looked at again after a batch, and at most, while it stays empty.
const IDLE: Duration = Duration::from_millis(100);
const LONGEST_IDLE: Duration = Duration::from_millis(400);
/// Passing failures in a row before the owner gives up.
const MAX_FAILURES: u32 = 50;

/// Runs until the stretch is over or the operator leaves.
pub async fn run(ctx: &Context) -> Result<()> {
    let mut idle = IDLE;
    loop {
        ctx.gate.pass_for(Work::Replay).await?;
        let replayed = {
            let mut session = ctx.replay.lock().await;
            match batch(ctx, &mut session).await {
                // Somebody holds what it would write for a long time: no failure, there is time.
                Err(error) if error.sqlstate() == Some(&SqlState::LOCK_NOT_AVAILABLE) => Replayed::default(),
                replayed => replayed?,
            }
        };
        idle = if replayed.log_rows == 0 { LONGEST_IDLE.min(idle * 2) } else { IDLE };
        if replayed.log_rows < replay::BATCH {
            tokio::select! {
                () = ctx.gate.over.cancelled() => return Ok(()),
                () = tokio::time::sleep(idle) => {}
            }
        }
    }
}

/// Replays until a batch takes all that could be seen. While others write, the log is never empty for long; while
/// they are locked out, it is empty then.
pub async fn drain(ctx: &Context, session: &mut Session) -> Result<i64> {
    let mut sum = 0;
    loop {
        let replayed = batch(ctx, session).await?;
        sum += replayed.log_rows;
        if replayed.log_rows < replay::BATCH {
            return Ok(sum);
        }
    }
}

/// What of the log could be replayed now, as conditions on `part`.
pub fn scope(ctx: &Context) -> Vec<String> {
    match way(ctx) {
        Way::Forward(scope) => scope,
        Way::Reverse => replay::all(),
        Way::None => Vec::new(),
    }
}

/// Which way the log is replayed.
enum Way {
    /// Into the twin's sealed leaves: the scope.
    Forward(Vec<String>),
    /// Into the old table.
    Reverse,
    /// Not at all, yet or any more.
    None,
}

fn way(ctx: &Context) -> Way {
    if ctx.scheme.strategy == Strategy::Adopt {
        // Nothing is captured.
        return Way::None;
    }
    match ctx.phase() {
        Phase::Copying => {
            let board = ctx.board();
            let sealed = board.sealed();
            if sealed.is_empty() {
                Way::None
            } else {
                Way::Forward(replay::scope(ctx.scheme.clock, &sealed, &board.leaf_list()))
            }
        }
        Phase::Replaying | Phase::Verifying | Phase::Ready | Phase::Swapping | Phase::Reversed => {
            Way::Forward(replay::all())
        }
        Phase::ReverseWindow | Phase::Reversing | Phase::Filling => Way::Reverse,
        Phase::Planned
        | Phase::Capturing
        | Phase::Census
        | Phase::Finished
        | Phase::Renaming
        | Phase::Widening
        | Phase::Adopting
        | Phase::Adopted
        | Phase::Releasing
        | Phase::Aborting
        | Phase::Aborted => Way::None,
    }
}

/// One batch; passing failures are tried again on a new snapshot.
async fn batch(ctx: &Context, session: &mut Session) -> Result<Replayed> {
    let way = way(ctx);
    let scope = match &way {
        Way::Forward(scope) => scope.clone(),
        Way::Reverse => replay::all(),
        Way::None => return Ok(Replayed::default()),
    };
    // A plain look first: a fenced transaction costs a transaction id.
    if !measure::log_has(session, &ctx.scheme, &scope).await? {
        return Ok(Replayed::default());
    }
    let past = past(ctx);
    let _alone = if past == Past::BeingCopied { Some(ctx.replay.alone().await) } else { None };
    let leaves = ctx.board().leaf_list();
    let (mut limit, mut failures) = (replay::BATCH, 0);
    loop {
        let fence = ctx.fence();
        let token = session.cancel_token();
        let result = match &way {
            Way::Forward(scope) => {
                let scope = Scope { ranges: scope, leaves: &leaves };
                let work = replay::forward::batch(session, &fence, &ctx.scheme, scope, limit);
                ctx.cancellable(token, &ctx.gate.over, work).await
            }
            Way::Reverse => {
                let work = replay::reverse::batch(session, &fence, &ctx.scheme, past, limit);
                ctx.cancellable(token, &ctx.gate.over, work).await
            }
            Way::None => return Ok(Replayed::default()),
        };
        match result {
            Ok(replayed) => {
                ctx.live().rows.replayed += replayed.log_rows;
                for key in &replayed.duplicates {
                    ctx.say(Body::DuplicateKey { key: key.clone() });
                }
                return Ok(replayed);
            }
            Err(error) if replay::is_clash(&error) && limit < replay::WHOLE_LOG => limit = replay::WHOLE_LOG,
            Err(error) if passing(&way, &error) && failures < MAX_FAILURES => {
                failures += 1;
                tracing::debug!(%error, failures, "replay is tried again");
                tokio::time::sleep(Duration::from_millis(u64::from(failures))).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// What of the old table may be overwritten.
fn past(ctx: &Context) -> Past {
    let full = ctx.scheme.strategy != Strategy::RenameFirst || {
        let board = ctx.board();
        board.is_counted() && board.is_copied()
    };
    if full { Past::Copied } else { Past::BeingCopied }
}

fn passing(way: &Way, error: &Error) -> bool {
    match way {
        Way::Forward(_) | Way::None => replay::is_passing(error),
        Way::Reverse => replay::reverse::is_passing(error),
    }
}
