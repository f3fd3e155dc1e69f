//! The way back from a table that is still being filled: the old one takes its name, and what was made is removed.
//!
//! The exchange moves the phase to *aborting* in its own transaction; killed before it, the table goes on being filled,
//! killed after it, the removal goes on.

use crate::{
    engine::{
        context::Context,
        event::Body,
        steps::{step, swapping},
    },
    error::Result,
    model::phase::Phase,
    ops,
};

/// Filling → reversing → aborting.
pub async fn undo(ctx: &Context) -> Result<()> {
    swapping::after(ctx).await?;
    swapping::refuse_duplicates(ctx).await?;
    step(ctx, "compare", compare(ctx)).await?;
    step(ctx, "reverse", async {
        let mut session = ctx.session("reverse").await?;
        ctx.advance(&mut session, Phase::Reversing).await?;
        let result = swapping::exchange(ctx, &mut session, Phase::Aborting).await;
        let reversed = swapping::give_back(ctx, &mut session, Phase::Filling, result).await?;
        let held_ms = swapping::millis(&reversed);
        ctx.say(Body::Reversed { held_ms });
        let source = ctx.scheme.source().plain();
        Ok(format!("{source} is the old table again; the application waited {held_ms} ms"))
    })
    .await
}

/// Every row of the table with the name is in the old one.
async fn compare(ctx: &Context) -> Result<String> {
    let session = ctx.session("compare").await?;
    let (token, leaves) = (session.cancel_token(), ctx.board().leaf_list());
    let sides = ctx.sides(&leaves);
    let mut lacking = 0;
    for leaf in 0..leaves.len() {
        let work = ops::undo::lacking(&session, &sides, leaf);
        lacking += ctx.cancellable(token.clone(), &ctx.gate.over, work).await?;
    }
    if lacking > 0 {
        return Err(ops::undo::refusal(&ctx.scheme, lacking));
    }
    Ok(format!("every row of {} is in {}", ctx.scheme.source().plain(), ctx.scheme.old().plain()))
}
