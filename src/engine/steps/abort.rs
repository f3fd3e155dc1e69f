//! Abort: triggers first, then everything else of ours; the source stays as it was.

use crate::{
    engine::{
        command::Command,
        context::Context,
        orders,
        steps::{adopting, lock_attempt, step, swapping},
    },
    error::{Error, Result},
    model::{phase::Phase, strategy::Strategy},
    ops,
};

/// Any phase before the swap → aborting → aborted. Repeatable wherever an earlier one was killed.
pub async fn abort(ctx: &Context) -> Result<()> {
    step(ctx, "abort", async {
        let mut session = ctx.session("abort").await?;
        if ctx.phase() == Phase::Swapping {
            swapping::find_out(ctx).await?;
            if ctx.phase().is_swapped() {
                return Err(Error::Bug("the names were exchanged; reverse first".into()));
            }
        }
        if ctx.phase() == Phase::Adopting {
            adopting::find_out(ctx).await?;
        }
        if ctx.phase() == Phase::Reversed {
            swapping::after(ctx).await?;
        }
        if ctx.phase() != Phase::Aborting {
            ctx.advance(&mut session, Phase::Aborting).await?;
        }
        // Nobody replays any more: what it would write is being removed.
        let replay = ctx.replay.lock().await;
        let mut report = |attempt| ctx.say(lock_attempt(attempt));
        let patience = ctx.options.patience();
        if ctx.scheme.strategy == Strategy::Adopt {
            adopting::remove(ctx, &mut session).await?;
        }
        ops::abort::abort(&mut session, &ctx.fence(), &ctx.scheme, patience, &mut report).await?;
        ctx.advance(&mut session, Phase::Aborted).await?;
        drop(replay);
        Ok(format!("{} is as it was", ctx.scheme.source().plain()))
    })
    .await?;
    answer(ctx).await
}

/// Answers who asked for the abort, and everybody else whose command it overtook.
async fn answer(ctx: &Context) -> Result<()> {
    let session = ctx.session("abort").await?;
    let mut requests = ctx.requests.receiver.lock().await;
    while let Ok(request) = requests.try_recv() {
        // With `adopt` a reverse ends so.
        let reverses = matches!(request.asked.command, Command::Reverse { .. });
        let adopts = ctx.scheme.strategy == Strategy::Adopt;
        if request.asked.command == Command::Abort || (adopts && reverses) {
            orders::done(ctx, &session, &request).await?;
        } else {
            let how = "the migration was aborted meanwhile".into();
            let error = Error::Stopped { table: ctx.scheme.source().plain(), how };
            orders::failed(ctx, &session, &request, &error.report()).await?;
        }
    }
    Ok(())
}
