//! Capture on, heap counted, twin created: everything before the first row is copied.

use std::sync::Mutex;

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{
        context::Context,
        event::Body,
        gate::Will,
        steps::{lock_attempt, step},
    },
    error::{Error, Result},
    model::{
        chunk::{self, ChunkId},
        figures,
        leaves::{leaves_for, reached},
        phase::Phase,
        preflight::names,
        scheme::Leaf,
        throttle::Work,
    },
    ops,
    pg::{Session, journal},
};

/// Sessions that count at once. More gained nothing where it was measured (ARCHITECTURE.md).
const COUNTERS: usize = 2;

/// Chunks that are counted in one transaction, each with its blocks.
type Run = Vec<(ChunkId, (i64, i64))>;

/// Planned → capturing → census.
pub async fn capture(ctx: &Context) -> Result<()> {
    step(ctx, "capture", async {
        let mut session = ctx.session("capture").await?;
        if ctx.phase() == Phase::Planned {
            ctx.advance(&mut session, Phase::Capturing).await?;
        }
        switch_on(ctx, &mut session).await?;
        let fingerprint = record(ctx, &mut session).await?;
        ctx.standing().fingerprint = fingerprint;
        ctx.moved(Phase::Census);
        Ok("every change from now on leaves its key in the log".into())
    })
    .await
}

/// Tries until capture is on. What the operator wants meanwhile comes first: nothing is locked while paused.
async fn switch_on(ctx: &Context, session: &mut Session) -> Result<()> {
    let (fence, patience) = (ctx.fence(), ctx.options.patience());
    loop {
        ctx.gate.pass().await?;
        let mut report = |attempt| ctx.say(lock_attempt(attempt));
        tokio::select! {
            result = ops::capture::begin(session, &fence, &ctx.scheme, patience, &mut report) => return result,
            () = ctx.gate.changed(Will::Go) => {}
        }
        // The attempt that was dropped is over when its session answers; if it won, the next one finds capture on.
        session.begin().await?.rollback().await?;
    }
}

/// Records what must not change from now on.
async fn record(ctx: &Context, session: &mut Session) -> Result<String> {
    let fence = ctx.fence();
    let tx = session.begin().await?;
    fence.enter(&tx).await?;
    let fingerprint = fence.fingerprint_now(&tx).await?;
    journal::fingerprint(&tx, ctx.scheme.id, &fingerprint).await?;
    ctx.move_to(&tx, Phase::Census).await?;
    tx.commit("commit capture").await?;
    Ok(fingerprint)
}

/// Census → copying: counts, then creates the twin with its leaves.
pub async fn census(ctx: &Context) -> Result<()> {
    let mut session = ctx.session("census").await?;
    step(ctx, "census", count(ctx, &mut session, &ctx.gate.over)).await?;
    step(ctx, "create", create(ctx, &mut session)).await
}

/// Counts what is not counted yet, until `halt`.
pub(super) async fn count(ctx: &Context, session: &mut Session, halt: &CancellationToken) -> Result<String> {
    if ctx.board().chunks.is_empty() {
        ops::census::cut(session, &ctx.fence(), &ctx.scheme).await?;
        let chunks = journal::read::chunks(session, ctx.scheme.id).await?;
        ctx.board().chunks = chunks;
    }
    let open: Vec<(ChunkId, (i64, i64))> = {
        let board = ctx.board();
        let open = board.chunks.iter().filter(|row| row.counts.is_none());
        open.map(|row| (row.id, (row.first_block, row.end_block))).collect()
    };
    let open = Mutex::new(chunk::runs(&open).into_iter().rev().collect());
    let counters: Vec<_> = (0..COUNTERS).map(|n| counter(ctx, n, &open, halt)).collect();
    futures_util::future::try_join_all(counters).await?;
    let chunks = journal::read::chunks(session, ctx.scheme.id).await?;
    let periods: std::collections::BTreeSet<_> =
        chunks.iter().flat_map(|row| row.counts.iter().flatten()).map(|(lower, _)| *lower).collect();
    let (counted, cut) = {
        let mut board = ctx.board();
        board.chunks = chunks;
        (board.rows().0, board.chunks.len())
    };
    let number = |n: usize| i64::try_from(n).unwrap_or(i64::MAX);
    let (chunks, periods) = (number(cut), number(periods.len()));
    ctx.say(Body::CensusTaken { rows: counted, chunks, periods });
    Ok(format!("{} rows in {chunks} chunks and {periods} periods", figures::count(counted)))
}

async fn counter(ctx: &Context, n: usize, open: &Mutex<Vec<Run>>, halt: &CancellationToken) -> Result<()> {
    let mut session = ctx.session(&format!("census {}", n + 1)).await?;
    let token = session.cancel_token();
    loop {
        tokio::select! {
            passed = ctx.gate.pass_for(Work::Read) => passed?,
            () = halt.cancelled() => return Err(halted(ctx)),
        }
        let began = std::time::Instant::now();
        let next = open.lock().unwrap_or_else(std::sync::PoisonError::into_inner).pop();
        let Some(run) = next else { return Ok(()) };
        let fence = ctx.fence();
        let work = ops::census::count(&mut session, &fence, &ctx.scheme, &run);
        let counted = ctx.cancellable(token.clone(), halt, work).await?;
        {
            let mut board = ctx.board();
            for ((id, _), counts) in run.iter().zip(counted) {
                board.counted(*id, counts);
            }
        }
        tokio::select! {
            () = ctx.gate.rest_after(Work::Read, began.elapsed()) => {}
            () = halt.cancelled() => {}
        }
    }
}

fn halted(ctx: &Context) -> Error {
    Error::Stopped { table: ctx.scheme.source().plain(), how: "being given back".into() }
}

async fn create(ctx: &Context, session: &mut Session) -> Result<String> {
    let leaves = planned_leaves(ctx)?;
    let fence = ctx.fence();
    let tx = session.begin().await?;
    fence.enter(&tx).await?;
    let list: Vec<Leaf> = leaves.iter().map(|(leaf, _)| leaf.clone()).collect();
    ops::twin::create(&tx, &ctx.scheme, &list).await?;
    journal::write::leaves(&tx, ctx.scheme.id, &leaves).await?;
    let fingerprint = fence.fingerprint_now(&tx).await?;
    journal::fingerprint(&tx, ctx.scheme.id, &fingerprint).await?;
    ctx.move_to(&tx, Phase::Copying).await?;
    tx.commit("commit create").await?;
    ctx.standing().fingerprint = fingerprint;
    let rows = journal::read::leaves(session, ctx.scheme.id).await?;
    {
        let mut board = ctx.board();
        board.leaves = rows;
        board.refresh_states();
    }
    ctx.moved(Phase::Copying);
    Ok(format!("{} partitions of {}", leaves.len(), ctx.scheme.twin().plain()))
}

/// A leaf for every period from the oldest row's to the newest's or today's, some ahead, and DEFAULT.
fn planned_leaves(ctx: &Context) -> Result<Vec<(Leaf, i64)>> {
    let board = ctx.board();
    let counts = || board.chunks.iter().flat_map(|row| row.counts.iter().flatten());
    let now = ctx.term.now();
    let first: DateTime<Utc> = counts().map(|(lower, _)| *lower).min().unwrap_or(now);
    let last = counts().map(|(lower, _)| *lower).max().unwrap_or(now).max(now);
    let periods = leaves_for(ctx.scheme.calendar(), first, last, ctx.scheme.ahead)
        .and_then(|periods| reached(ctx.scheme.clock, periods))
        .map_err(|why| names::uncut(&ctx.scheme, why))?;
    let rows = |lower| counts().filter(|(other, _)| *other == lower).map(|(_, rows)| rows).sum();
    let mut leaves: Vec<_> =
        periods.into_iter().map(|period| (ctx.scheme.leaf_of(period), rows(period.lower))).collect();
    if ctx.scheme.default_leaf {
        leaves.push((ctx.scheme.leaf_default(), 0));
    }
    Ok(leaves)
}
