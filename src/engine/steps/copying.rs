//! Copying ⇄ sealing, while the replayer follows: workers take chunks and full leaves off the board, until all
//! leaves are sealed and the parent has adopted their indexes.

mod chunk;
mod seal;

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{board::Job, context::Context, gate::Will, live::Hold, steps::step},
    error::{Error, Result},
    model::{
        figures::count,
        phase::Phase,
        throttle::{Speed, Work},
    },
    ops,
    pg::{Session, journal},
};

/// How long a worker waits after a failed attempt, times the attempt's number.
pub(super) const PATIENCE: Duration = Duration::from_millis(100);

/// Copying → replaying.
pub async fn copying(ctx: &Arc<Context>) -> Result<()> {
    step(ctx, "copy", async {
        crew(ctx, &ctx.gate.over.child_token()).await?;
        let mut session = ctx.session("adopt").await?;
        adopt(ctx, &mut session).await?;
        let (counted, copied) = ctx.board().rows();
        let rest = if copied < counted { ", the rest is in the log" } else { "" };
        Ok(format!("{} of {} rows copied{rest}", count(copied), count(counted)))
    })
    .await
}

/// The workers; the first error ends all of them, and `halt` does.
pub(super) async fn crew(ctx: &Arc<Context>, halt: &CancellationToken) -> Result<()> {
    let mut crew = JoinSet::new();
    let mut hired = 0;
    let result = loop {
        while hired < usize::from(ctx.live().workers) && !ctx.board().is_sealed() && !halt.is_cancelled() {
            crew.spawn(worker(ctx.clone(), hired, halt.clone()));
            hired += 1;
        }
        tokio::select! {
            left = crew.join_next() => match left {
                Some(Ok(Ok(()))) => {}
                Some(Ok(Err(error))) => break Err(error),
                Some(Err(panic)) => break Err(Error::Bug(format!("a copying task: {panic}"))),
                None => break Ok(()),
            },
            () = ctx.changed.notified() => {}
        }
        hired = hired.min(usize::from(ctx.live().workers).max(1));
    };
    // After a stop, what is in hand is finished; after a failure or an abort it is cancelled.
    if !matches!(result, Err(Error::Stopped { .. })) || ctx.aborting() {
        halt.cancel();
    }
    while crew.join_next().await.is_some() {}
    result
}

async fn worker(ctx: Arc<Context>, n: usize, halt: CancellationToken) -> Result<()> {
    let mut session = ctx.session(&format!("copy {}", n + 1)).await?;
    loop {
        if n >= usize::from(ctx.live().workers) || halt.is_cancelled() {
            ctx.live().lane(n, Hold::Nothing);
            return Ok(());
        }
        if ctx.gate.will() == Will::Pause {
            ctx.live().lane(n, Hold::Waits(ctx.standing().paused.clone().unwrap_or_default()));
        } else if ctx.gate.speed(Work::Copy) == Speed::Stop {
            waits(&ctx, n, "held");
        }
        tokio::select! {
            passed = ctx.gate.pass_for(Work::Copy) => passed?,
            () = halt.cancelled() => continue,
        }
        let began = std::time::Instant::now();
        let job = ctx.board().take(n, Utc::now());
        let took_one = job.is_some();
        match job {
            Some(Job::Copy(id)) => chunk::copy(&ctx, &mut session, n, id, &halt).await?,
            Some(Job::Seal(leaf)) => seal::seal(&ctx, &mut session, n, &leaf, &halt).await?,
            None if ctx.board().is_sealed() => {
                ctx.live().lane(n, Hold::Nothing);
                return Ok(());
            }
            None => idle(&ctx, n, &halt).await?,
        }
        if took_one && ctx.gate.speed(Work::Copy) == Speed::Slow {
            waits(&ctx, n, "slowed");
            tokio::select! {
                () = ctx.gate.rest_after(Work::Copy, began.elapsed()) => {}
                () = halt.cancelled() => {}
            }
        }
    }
}

/// A lane's words while signals slow or hold it.
fn waits(ctx: &Context, n: usize, how: &str) {
    let mut live = ctx.live();
    let reasons = live.governor.reasons().join("; ");
    live.lane(n, Hold::Waits(format!("{how} by {reasons}")));
}

/// Nothing to take: others hold the last chunks, or what is left waits for the operator.
async fn idle(ctx: &Context, n: usize, halt: &CancellationToken) -> Result<()> {
    let stuck = {
        let board = ctx.board();
        let stuck = board.is_idle() && !board.failed.is_empty();
        stuck.then(|| board.failed.iter().next().map(|(id, why)| (*id, why.clone()))).flatten()
    };
    if let Some((id, why)) = stuck {
        ctx.live().lane(n, Hold::Waits(format!("chunk {id} failed and waits for a retry: {why}")));
        if ctx.options.until != crate::engine::context::Until::Told {
            return Err(Error::Bug(format!(
                "chunk {id} failed {} times: {why}",
                crate::engine::board::MAX_ATTEMPTS
            )));
        }
    } else {
        ctx.live().lane(n, Hold::Waits("nothing left to take".into()));
    }
    tokio::select! {
        () = halt.cancelled() => {}
        () = ctx.changed.notified() => {}
        () = tokio::time::sleep(PATIENCE) => {}
    }
    Ok(())
}

/// The table of ids is filled where there is to be one, the parent adopts the leaves' indexes, and the phase moves.
async fn adopt(ctx: &Context, session: &mut Session) -> Result<()> {
    let leaves = ctx.board().leaf_list();
    let fence = ctx.fence();
    // Attaching locks every leaf's index, replay some of the leaves: one after the other, or they deadlock.
    let _replay = ctx.replay.lock().await;
    let token = session.cancel_token();
    let tx = session.begin().await?;
    fence.enter(&tx).await?;
    if ctx.scheme.ids_table {
        let fill = ops::twin::fill_ids(&tx, &ctx.scheme, &leaves);
        ctx.cancellable(token, &ctx.gate.over, fill).await?;
    }
    ops::twin::adopt(&tx, &ctx.scheme, &leaves).await?;
    let fingerprint = fence.fingerprint_now(&tx).await?;
    journal::fingerprint(&tx, ctx.scheme.id, &fingerprint).await?;
    ctx.move_to(&tx, Phase::Replaying).await?;
    tx.commit("commit adopt").await?;
    ctx.standing().fingerprint = fingerprint;
    ctx.moved(Phase::Replaying);
    Ok(())
}
