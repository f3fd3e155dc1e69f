//! Filling: the partitioned table owns the name, and the old one's rows are copied into it, newest period first; then
//! both are compared. Readers miss a row until its chunk is done.
//!
//! Writers mirror meanwhile, so the old table has every row at any time and the way back is open: a command for it ends
//! the work in hand. A difference keeps the phase until a pass is clean.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use crate::{
    engine::{
        command::Command,
        context::{Context, Request, Until},
        orders,
        steps::{
            copying, prepare,
            settled::{self, Left},
            step, swapping, verifying,
        },
    },
    error::{Error, Result},
    model::figures::count,
    pg::journal,
};

/// Filling → reverse window, or aborting on the operator's word.
pub async fn filling(ctx: &Arc<Context>) -> Result<Left> {
    swapping::after(ctx).await?;
    if verifying::differs(ctx) {
        return settled::settled(ctx).await;
    }
    let halt = ctx.gate.over.child_token();
    let work = fill(ctx, &halt);
    tokio::pin!(work);
    let request = tokio::select! {
        // A command that was given first is heard first: a process that was started for it copies nothing.
        biased;
        request = word(ctx) => request?,
        done = &mut work => return done.map(|()| Left::Again),
    };
    halt.cancel();
    // What is in hand ends by itself; that it was cancelled is no failure.
    match work.await {
        Err(error) if error.connection_lost() => return Err(error),
        Ok(()) | Err(_) => ctx.live().verifying = None,
    }
    let mut session = ctx.session("command").await?;
    settled::carry_out(ctx, &mut session, request).await
}

/// Waits for a command that ends the filling; others are refused.
async fn word(ctx: &Context) -> Result<Request> {
    let mut requests = ctx.requests.receiver.lock().await;
    loop {
        let Some(request) = requests.recv().await else { std::future::pending().await };
        if matches!(request.asked.command, Command::Reverse { .. } | Command::Abort) {
            return Ok(request);
        }
        let error = Error::Refused {
            id: "QD-091",
            object: ctx.scheme.source().plain(),
            reason: "verification follows by itself; the table is still being filled".into(),
            remedy: "see `quarterdeck status` for how far it is".into(),
        };
        let session = ctx.session("command").await?;
        orders::failed(ctx, &session, &request, &error.report()).await?;
        if ctx.options.until == Until::Asked && request.row.is_none() {
            return Err(error);
        }
    }
}

/// Counts, copies, compares, as far as it is not done yet.
async fn fill(ctx: &Arc<Context>, halt: &CancellationToken) -> Result<()> {
    if !ctx.board().is_counted() {
        let mut session = ctx.session("census").await?;
        step(ctx, "census", async {
            let message = prepare::count(ctx, &mut session, halt).await?;
            counted(ctx).await?;
            Ok(message)
        })
        .await?;
    }
    if halt.is_cancelled() {
        return Ok(());
    }
    if !ctx.board().is_sealed() {
        step(ctx, "fill", async {
            copying::crew(ctx, halt).await?;
            if halt.is_cancelled() {
                return Ok("cut short".into());
            }
            let (counted, copied) = ctx.board().rows();
            Ok(format!("{} of {} rows copied, the others were there", count(copied), count(counted)))
        })
        .await?;
    }
    let clean = tokio::select! {
        biased;
        () = halt.cancelled() => return Ok(()),
        clean = verifying::pass(ctx) => clean?,
    };
    if clean { verifying::full(ctx).await } else { Ok(()) }
}

/// The leaves' rows, which the census has counted now.
async fn counted(ctx: &Context) -> Result<()> {
    let leaves = ctx.board().leaf_list();
    let rows = ctx.board().counted_by_leaf();
    let counted: Vec<_> = leaves.iter().zip(rows.iter().copied()).collect();
    let mut session = ctx.session("journal").await?;
    let tx = session.begin().await?;
    ctx.fence().hold(&tx).await?;
    journal::write::leaves_counted(&tx, ctx.scheme.id, &counted).await?;
    tx.commit("commit counts").await?;
    let mut board = ctx.board();
    for (row, counted) in board.leaves.iter_mut().zip(rows) {
        row.counted = counted;
    }
    board.refresh_states();
    Ok(())
}
