//! One chunk: copied, put back on the board, tried again.

use tokio_util::sync::CancellationToken;

use super::PATIENCE;
use crate::{
    engine::{board::MAX_ATTEMPTS, context::Context, event::Body, live::Hold},
    error::{Error, Result},
    model::chunk::ChunkId,
    ops::{self, copy::Copied},
    pg::{Session, journal},
};

/// Copies one chunk; a passing failure puts it back.
pub(super) async fn copy(
    ctx: &Context,
    session: &mut Session,
    n: usize,
    id: ChunkId,
    halt: &CancellationToken,
) -> Result<()> {
    let turn = ctx.replay.chunk().await;
    ctx.live().lane(n, Hold::Chunk(id));
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
    drop(turn);
    watch.abort();
    let result = settle(ctx, session, n, id, result).await;
    ctx.live().lane(n, Hold::Nothing);
    ctx.changed.notify_waiters();
    result
}

/// Puts a chunk back on the board, done or not.
async fn settle(
    ctx: &Context,
    session: &mut Session,
    n: usize,
    id: ChunkId,
    result: Result<Copied>,
) -> Result<()> {
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
        Err(error) if ops::copy::waits(&ctx.scheme, &error) && !ctx.gate.hurry.is_cancelled() => {
            ctx.board().put(id, None);
            let reason = format!("chunk {id} waits for a referenced row that another transaction holds");
            ctx.live().lane(n, Hold::Waits(reason));
            tokio::time::sleep(PATIENCE).await;
            Ok(())
        }
        Err(error) => fail(ctx, session, id, error).await,
    }
}

async fn fail(ctx: &Context, session: &mut Session, id: ChunkId, error: Error) -> Result<()> {
    let cancelled = error.sqlstate() == Some(&tokio_postgres::error::SqlState::QUERY_CANCELED);
    ctx.board().put(id, None);
    if ctx.gate.hurry.is_cancelled()
        || error.connection_lost()
        || (!ops::copy::is_passing(&ctx.scheme, &error) && !cancelled)
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
        if attempts >= MAX_ATTEMPTS && !cancelled {
            board.failed.insert(id, error.to_string());
        }
        attempts
    };
    let attempt = u32::try_from(attempts).unwrap_or(1);
    ctx.say(Body::ChunkFailed { chunk: id, attempt, error: error.report() });
    tokio::time::sleep(PATIENCE * attempt).await;
    Ok(())
}
