//! One leaf: its indexes built, marked as sealed, vacuumed.

use tokio_util::sync::CancellationToken;

use crate::{
    engine::{context::Context, event::Body, live::Hold},
    error::Result,
    model::{plan::Statement, scheme::Leaf, strategy::Strategy},
    ops,
    pg::Session,
};

/// Seals a leaf; after a failure it is free again.
pub(super) async fn seal(
    ctx: &Context,
    session: &mut Session,
    n: usize,
    leaf: &Leaf,
    halt: &CancellationToken,
) -> Result<()> {
    ctx.live().lane(n, Hold::Leaf(leaf.name.as_str().to_owned()));
    let result = build(ctx, session, leaf, halt).await;
    if result.is_err() {
        ctx.board().put_leaf(leaf);
    }
    ctx.live().lane(n, Hold::Nothing);
    ctx.changed.notify_waiters();
    result
}

async fn build(ctx: &Context, session: &mut Session, leaf: &Leaf, halt: &CancellationToken) -> Result<()> {
    let began = std::time::Instant::now();
    let build = statements(ctx, leaf);
    let fence = ctx.fence();
    let token = session.cancel_token();
    let work = ops::seal::seal(session, &fence, &ctx.scheme, leaf, &build);
    ctx.cancellable(token.clone(), halt, work).await?;
    let rows = ctx.board().seal(leaf);
    let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
    ctx.say(Body::LeafSealed { leaf: leaf.name.as_str().to_owned(), rows, took_ms });
    ctx.cancellable(token, halt, ops::seal::vacuum(session, &ctx.scheme, leaf)).await
}

/// What builds the leaf's indexes; with `rename-first` it has had them from the start.
fn statements(ctx: &Context, leaf: &Leaf) -> Vec<Statement> {
    if ctx.scheme.strategy == Strategy::RenameFirst {
        return Vec::new();
    }
    let mut build = ops::twin::seal_statements(&ctx.scheme, leaf);
    if ctx.board().is_shared() {
        build.insert(0, ops::seal::one_process());
    }
    build
}
