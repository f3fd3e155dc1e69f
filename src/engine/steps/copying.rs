//! Copying ⇄ sealing, while the replayer follows: workers take chunks off the board, the sealer takes leaves.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{context::Context, event::Body, gate::Will, status::Lane, steps::step},
    error::{Error, Kind, Result},
    model::{
        chunk::ChunkId,
        figures::count,
        phase::{LeafState, Phase},
        scheme::Leaf,
    },
    ops::{self, copy::Copied},
    pg::{Session, journal},
};

/// How long a worker waits after a failed attempt, times the attempt's number.
const PATIENCE: Duration = Duration::from_millis(100);

/// Copying → replaying.
pub async fn copying(ctx: &Arc<Context>) -> Result<()> {
    step(ctx, "copy", async {
        crew(ctx).await?;
        let mut session = ctx.session("adopt").await?;
        adopt(ctx, &mut session).await?;
        let (counted, copied) = ctx.board().rows();
        let rest = if copied < counted { ", the rest is in the log" } else { "" };
        Ok(format!("{} of {} rows copied{rest}", count(copied), count(counted)))
    })
    .await
}

/// Workers and the sealer; the first error ends all of them.
async fn crew(ctx: &Arc<Context>) -> Result<()> {
    let halt = ctx.gate.over.child_token();
    let mut crew = JoinSet::new();
    crew.spawn(sealer(ctx.clone(), halt.clone()));
    let mut hired = 0;
    let result = loop {
        while hired < usize::from(ctx.live().workers) && !ctx.board().is_copied() {
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
            lane(&ctx, n, None, None);
            return Ok(());
        }
        if ctx.gate.will() == Will::Pause {
            lane(&ctx, n, None, ctx.standing().paused.clone());
        }
        ctx.gate.pass().await?;
        let taken = ctx.board().take(n, Utc::now());
        match taken {
            Some(id) => chunk(&ctx, &mut session, n, id, &halt).await?,
            None if ctx.board().is_copied() => {
                lane(&ctx, n, None, None);
                return Ok(());
            }
            None => idle(&ctx, n, &halt).await?,
        }
    }
}

/// Nothing to take: others hold the last chunks, or what is left waits for the operator.
async fn idle(ctx: &Context, n: usize, halt: &CancellationToken) -> Result<()> {
    let stuck = {
        let board = ctx.board();
        let stuck = board.in_hand.is_empty() && !board.failed.is_empty();
        stuck.then(|| board.failed.iter().next().map(|(id, why)| (*id, why.clone()))).flatten()
    };
    if let Some((id, why)) = stuck {
        lane(ctx, n, None, Some(format!("chunk {id} failed and waits for a retry: {why}")));
        if ctx.options.until != crate::engine::context::Until::Told {
            return Err(Error::Bug(format!(
                "chunk {id} failed {} times: {why}",
                crate::engine::board::MAX_ATTEMPTS
            )));
        }
    } else {
        lane(ctx, n, None, Some("no chunk left to take".into()));
    }
    tokio::select! {
        () = halt.cancelled() => {}
        () = ctx.changed.notified() => {}
        () = tokio::time::sleep(PATIENCE) => {}
    }
    Ok(())
}

/// Copies one chunk; a passing failure puts it back.
async fn chunk(
    ctx: &Context,
    session: &mut Session,
    n: usize,
    id: ChunkId,
    halt: &CancellationToken,
) -> Result<()> {
    lane(ctx, n, Some(id), None);
    let (chunk, leaves, cancel) = {
        let board = ctx.board();
        let cancel = board.in_hand.get(&id).map(|hand| hand.cancel.clone()).unwrap_or_default();
        (board.chunk(id), board.leaf_list(), cancel)
    };
    let chunk = chunk.ok_or_else(|| Error::Bug(format!("chunk {id} is not on the board")))?;
    let either = halt.child_token();
    let link = either.clone();
    let watch = tokio::spawn(async move {
        cancel.cancelled().await;
        link.cancel();
    });
    let token = session.cancel_token();
    let fence = ctx.fence();
    let work = ops::copy::chunk(session, &fence, &ctx.scheme, &leaves, &chunk);
    let result = ctx.cancellable(token, &either, work).await;
    watch.abort();
    let result = settle(ctx, session, id, result).await;
    lane(ctx, n, None, None);
    ctx.changed.notify_waiters();
    result
}

/// Puts a chunk back on the board, done or not.
async fn settle(ctx: &Context, session: &mut Session, id: ChunkId, result: Result<Copied>) -> Result<()> {
    match result {
        Ok(Copied::Rows(rows, took_ms)) => {
            ctx.live().pace.chunk(rows.iter().sum());
            ctx.board().put(id, Some((rows, took_ms)));
            Ok(())
        }
        Ok(Copied::Already) => {
            let rows = journal::read::chunks(session, ctx.scheme.id).await?;
            let row = rows.into_iter().find(|row| row.id == id);
            let row = row.ok_or_else(|| Error::Bug(format!("chunk {id} is not in the journal")))?;
            ctx.board().put(id, Some((row.copied, row.took_ms.unwrap_or(0))));
            Ok(())
        }
        Err(error) => fail(ctx, session, id, error).await,
    }
}

async fn fail(ctx: &Context, session: &mut Session, id: ChunkId, error: Error) -> Result<()> {
    let cancelled = error.sqlstate() == Some(&tokio_postgres::error::SqlState::QUERY_CANCELED);
    ctx.board().put(id, None);
    if ctx.gate.hurry.is_cancelled() || error.connection_lost() || (error.kind() != Kind::Retry && !cancelled)
    {
        return Err(error);
    }
    let tx = session.begin().await?;
    ctx.fence().hold(&tx).await?;
    journal::write::attempted(&tx, ctx.scheme.id, id).await?;
    tx.commit("commit attempt").await?;
    let attempts = {
        let mut board = ctx.board();
        let attempts =
            usize::try_from(id).ok().and_then(|at| board.chunks.get(at)).map_or(0, |row| row.attempts);
        if attempts >= crate::engine::board::MAX_ATTEMPTS && !cancelled {
            board.failed.insert(id, error.to_string());
        }
        attempts
    };
    let attempt = u32::try_from(attempts).unwrap_or(1);
    ctx.say(Body::ChunkFailed { chunk: id, attempt, error: error.report() });
    tokio::time::sleep(PATIENCE * attempt).await;
    Ok(())
}

fn lane(ctx: &Context, n: usize, chunk: Option<ChunkId>, waiting: Option<String>) {
    let mut live = ctx.live();
    while live.lanes.len() <= n {
        let worker = live.lanes.len() + 1;
        live.lanes.push(Lane { worker, chunk: None, waiting: None, last_ms: None });
    }
    let lane = &mut live.lanes[n];
    let now = Utc::now();
    if let (Some((_, since)), None) = (lane.chunk, chunk) {
        lane.last_ms = Some((now - since).num_milliseconds());
    }
    lane.chunk = chunk.map(|id| (id, now));
    lane.waiting = waiting;
}

/// Seals leaf after leaf as they fill, until all are sealed.
async fn sealer(ctx: Arc<Context>, halt: CancellationToken) -> Result<()> {
    let mut session = ctx.session("seal").await?;
    loop {
        if ctx.board().is_sealed() || halt.is_cancelled() {
            return Ok(());
        }
        ctx.gate.pass().await?;
        let next = ctx.board().sealable();
        if let Some(leaf) = next {
            seal(&ctx, &mut session, &leaf, &halt).await?;
            continue;
        }
        tokio::select! {
            () = halt.cancelled() => {}
            () = ctx.changed.notified() => {}
            () = tokio::time::sleep(PATIENCE) => {}
        }
    }
}

async fn seal(ctx: &Context, session: &mut Session, leaf: &Leaf, halt: &CancellationToken) -> Result<()> {
    let began = std::time::Instant::now();
    let build = ops::twin::seal_statements(&ctx.scheme, leaf);
    let fence = ctx.fence();
    let token = session.cancel_token();
    let work = async {
        ops::seal::seal(session, &fence, &ctx.scheme, leaf, &build).await?;
        Ok(&*session)
    };
    let session = ctx.cancellable(token.clone(), halt, work).await?;
    let rows = {
        let mut board = ctx.board();
        board.mark(leaf, LeafState::Sealed);
        let at = board.leaves.iter().position(|row| row.leaf.name == leaf.name);
        at.map_or(0, |at| board.copied_by_leaf()[at])
    };
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    ctx.say(Body::LeafSealed { leaf: leaf.name.as_str().to_owned(), rows, took_ms });
    ctx.cancellable(token, halt, ops::seal::vacuum(session, &ctx.scheme, leaf)).await
}

/// The parent adopts the leaves' indexes, and the phase moves.
async fn adopt(ctx: &Context, session: &mut Session) -> Result<()> {
    let leaves = ctx.board().leaf_list();
    let fence = ctx.fence();
    // Attaching locks every leaf's index, replay some of the leaves: one after the other, or they deadlock.
    let _replay = ctx.replay.lock().await;
    let tx = session.begin().await?;
    fence.enter(&tx).await?;
    ops::twin::adopt(&tx, &ctx.scheme, &leaves).await?;
    let fingerprint = fence.fingerprint_now(&tx).await?;
    journal::fingerprint(&tx, ctx.scheme.id, &fingerprint).await?;
    ctx.move_to(&tx, Phase::Replaying).await?;
    tx.commit("commit adopt").await?;
    ctx.standing().fingerprint = fingerprint;
    ctx.moved(Phase::Replaying);
    ops::seal::analyze(session, &ctx.scheme.twin()).await
}
