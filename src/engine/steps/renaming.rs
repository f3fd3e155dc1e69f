//! Rename first: an empty partitioned table is made beside the table, and gets its name in one short transaction.
//!
//! Until that transaction is committed nothing has changed for the application, and whatever was made is made or found
//! again. It moves the phase itself.

use crate::{
    engine::{
        context::Context,
        event::Body,
        steps::{lock_attempt, step, swapping},
    },
    error::Result,
    model::{
        leaves::{leaves_for, reached},
        phase::Phase,
        preflight::names,
        scheme::Leaf,
    },
    ops::{self, swap::Swap},
    pg::{Session, journal},
};

/// Planned → renaming → filling.
pub async fn renaming(ctx: &Context) -> Result<()> {
    ctx.gate.pass().await?;
    step(ctx, "create", prepare(ctx)).await?;
    step(ctx, "rename", async {
        let mut session = ctx.session("rename").await?;
        let renamed = swapping::exchange(ctx, &mut session, Phase::Filling).await?;
        let held_ms = swapping::millis(&renamed);
        ctx.say(Body::Swapped { held_ms });
        let (source, old) = (ctx.scheme.source().plain(), ctx.scheme.old().plain());
        Ok(format!("{source} is partitioned; readers miss the rows of {old} until they are copied"))
    })
    .await
}

/// The log, the functions, the twin with its leaves and indexes. Nobody waits for them.
async fn prepare(ctx: &Context) -> Result<String> {
    let mut session = ctx.session("create").await?;
    if ctx.phase() == Phase::Planned {
        ctx.advance(&mut session, Phase::Renaming).await?;
    }
    ops::capture::make_log(&mut session, &ctx.fence(), &ctx.scheme).await?;
    if ctx.board().leaves.is_empty() {
        create(ctx, &mut session).await?;
    }
    let leaves = swapping::leaf_names(ctx);
    let exchange =
        Swap { scheme: &ctx.scheme, leaves: &leaves, fence: &ctx.fence(), patience: ctx.options.patience() };
    exchange.ready(&mut session, &mut |attempt| ctx.say(lock_attempt(attempt))).await?;
    // A table that was rewritten before it gets its new name is as good as it was: nothing of it has been read yet.
    let mut fence = ctx.fence();
    fence.fingerprint.clear();
    let tx = session.begin().await?;
    fence.enter(&tx).await?;
    let fingerprint = fence.fingerprint_now(&tx).await?;
    journal::fingerprint(&tx, ctx.scheme.id, &fingerprint).await?;
    tx.commit("commit fingerprint").await?;
    ctx.standing().fingerprint = fingerprint;
    Ok(format!("{} empty partitions of {}", ctx.board().leaves.len(), ctx.scheme.twin().plain()))
}

async fn create(ctx: &Context, session: &mut Session) -> Result<()> {
    let token = session.cancel_token();
    let work = ops::census::span(session, &ctx.scheme);
    let span = ctx.cancellable(token, &ctx.gate.over, work).await?;
    let now = ctx.term.now();
    let (first, last) = span.map_or((now, now), |(first, last)| (first, last.max(now)));
    let periods = leaves_for(ctx.scheme.calendar(), first, last, ctx.scheme.ahead)
        .and_then(|periods| reached(ctx.scheme.clock, periods))
        .map_err(|why| names::uncut(&ctx.scheme, why))?;
    let leaves = periods.into_iter().map(|period| ctx.scheme.leaf_of(period));
    let leaves: Vec<Leaf> =
        leaves.chain(ctx.scheme.default_leaf.then(|| ctx.scheme.leaf_default())).collect();
    let mut fence = ctx.fence();
    fence.fingerprint.clear();
    let tx = session.begin().await?;
    fence.enter(&tx).await?;
    ops::twin::create_whole(&tx, &ctx.scheme, &leaves).await?;
    let uncounted: Vec<_> = leaves.into_iter().map(|leaf| (leaf, 0)).collect();
    journal::write::leaves(&tx, ctx.scheme.id, &uncounted).await?;
    tx.commit("commit create").await?;
    let rows = journal::read::leaves(session, ctx.scheme.id).await?;
    ctx.board().leaves = rows;
    Ok(())
}
