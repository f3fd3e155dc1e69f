//! Phases in which nothing moves by itself: differences found, ready, reversed, reverse window. Here commands
//! are carried out, or the goal is reached.

use std::time::Duration;

use crate::{
    engine::{
        command::Command,
        context::{Context, Request, Until},
        gate::Will,
        orders::{self, Turn},
        steps::{adopting, swapping, undo, verifying},
    },
    error::{Error, Result},
    model::{phase::Phase, strategy::Strategy},
    ops::{finish::Old, swap::Later},
    pg::Session,
};

/// How often the conditions of the swap are looked at.
const CONDITIONS_EVERY: Duration = Duration::from_secs(2);

/// Why a settled phase was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Left {
    /// Something was done: look at the phase again.
    Again,
    /// The goal is reached, or the command that was asked for is done.
    Goal,
}

/// Goes for the goal, or waits for a command and carries it out.
pub async fn settled(ctx: &Context) -> Result<Left> {
    swapping::after(ctx).await?;
    let mut session = ctx.session("settled").await?;
    let next = { ctx.requests.receiver.lock().await.try_recv().ok() };
    if let Some(request) = next {
        return carry_out(ctx, &mut session, request).await;
    }
    if let Some(left) = toward_goal(ctx).await? {
        return Ok(left);
    }
    let request = wait(ctx, &mut session).await?;
    carry_out(ctx, &mut session, request).await
}

/// What the goal asks for without being told; `None` where it asks for patience.
async fn toward_goal(ctx: &Context) -> Result<Option<Left>> {
    let phase = ctx.phase();
    if matches!(phase, Phase::Verifying | Phase::Filling) {
        let rows = ctx.board().leaves.iter().filter_map(|row| row.diffs).sum::<i64>();
        let differs =
            Error::Differs { table: ctx.scheme.source().plain(), rows: u64::try_from(rows).unwrap_or(0) };
        return if ctx.options.until == Until::Told { Ok(None) } else { Err(differs) };
    }
    match (ctx.options.until, phase) {
        (Until::Ready, _) | (Until::Swapped, Phase::ReverseWindow | Phase::Adopted) => Ok(Some(Left::Goal)),
        (Until::Swapped | Until::Finished, Phase::Ready | Phase::Reversed) => {
            swap(ctx).await?;
            Ok(Some(Left::Again))
        }
        (Until::Finished, Phase::ReverseWindow | Phase::Adopted) => {
            finish(ctx, Old::Keep).await?;
            Ok(Some(Left::Again))
        }
        // The command went with the connection: nobody would ever end the wait for it.
        (Until::Asked, _) if ctx.options.first.is_none() => Err(Error::Busy {
            object: ctx.scheme.source().plain(),
            reason: format!(
                "the connection was lost before the command was done; the phase is now {}",
                phase.word()
            ),
            remedy: "see `quarterdeck status`, then give the command again".into(),
        }),
        (Until::Told | Until::Asked | Until::Swapped | Until::Finished, _) => Ok(None),
    }
}

/// Waits for a command while the conditions are kept fresh.
async fn wait(ctx: &Context, session: &mut Session) -> Result<Request> {
    let mut receiver = ctx.requests.receiver.lock().await;
    let mut will = ctx.gate.will();
    // Said while something else was in hand: it will not change again.
    if matches!(will, Will::Stop | Will::Abort) {
        ctx.gate.pass().await?;
    }
    let mut tick = tokio::time::interval(CONDITIONS_EVERY);
    loop {
        tokio::select! {
            Some(request) = receiver.recv() => return Ok(request),
            _ = tick.tick() => {
                let conditions = swapping::conditions(ctx, session).await?;
                ctx.live().readiness.conditions = conditions;
            }
            () = ctx.gate.changed(will) => {
                will = ctx.gate.will();
                if matches!(will, Will::Stop | Will::Abort) {
                    ctx.gate.pass().await?;
                }
            }
        }
    }
}

/// Carries a command out; its failure answers the command and, unless the connection is gone, leaves the phase.
pub(super) async fn carry_out(ctx: &Context, session: &mut Session, request: Request) -> Result<Left> {
    let result = match orders::in_turn(ctx, &request.asked.command) {
        Ok(Turn::Now) => match obey(ctx, &request).await {
            Some(result) => result,
            None => return ctx.gate.pass().await.map(|()| Left::Again),
        },
        Ok(Turn::Over) => Ok(()),
        Err(error) => Err(error),
    };
    let asked_here = ctx.options.until == Until::Asked && request.row.is_none();
    match result {
        Ok(()) => {
            orders::done(ctx, session, &request).await?;
            // What was given back before it was full is removed yet.
            let goes_on = ctx.phase() == Phase::Aborting;
            Ok(if asked_here && !goes_on { Left::Goal } else { Left::Again })
        }
        Err(error) if error.connection_lost() => Err(error),
        Err(error) => {
            orders::failed(ctx, session, &request, &error.report()).await?;
            // Refusals and lost lock contests change nothing: the phase waits for the next command.
            let passes = matches!(error, Error::Refused { .. } | Error::Busy { .. } | Error::Differs { .. });
            if passes && !asked_here { Ok(Left::Again) } else { Err(error) }
        }
    }
}

/// Does what was asked; `None` where the driver of the phases does it, which sees the gate.
async fn obey(ctx: &Context, request: &Request) -> Option<Result<()>> {
    Some(match &request.asked.command {
        Command::Verify => verifying::again(ctx).await,
        Command::Repair => repair(ctx).await,
        Command::Swap => swap(ctx).await,
        Command::Rehearse => rehearse(ctx).await,
        Command::Reverse { .. } | Command::Abort if ctx.phase() == Phase::Filling => undo::undo(ctx).await,
        Command::Reverse { move_rows } => {
            reverse(ctx, if *move_rows { Later::Move } else { Later::Refuse }).await
        }
        Command::Finish { drop_source: true } => finish(ctx, Old::Drop).await,
        Command::Finish { drop_source: false } => finish(ctx, Old::Keep).await,
        // The driver of the phases sees the gate and removes everything; it answers the command.
        Command::Abort if !ctx.aborting() => Err(Error::Refused {
            id: "QD-091",
            object: ctx.scheme.source().plain(),
            reason: "the partitioned table has become full and keeps the name".into(),
            remedy: "`quarterdeck reverse` first, then abort".into(),
        }),
        Command::Abort => return None,
        Command::Pause
        | Command::Resume
        | Command::Stop
        | Command::Workers { .. }
        | Command::Tune { .. }
        | Command::EndBlocker { .. }
        | Command::CancelChunk { .. }
        | Command::RetryChunk { .. }
        | Command::Reorder { .. } => {
            Err(Error::Bug(format!("{} needs no phase", request.asked.command.word())))
        }
    })
}

async fn swap(ctx: &Context) -> Result<()> {
    match ctx.scheme.strategy {
        Strategy::Online | Strategy::RenameFirst | Strategy::Repartition => swapping::swap(ctx).await,
        Strategy::Adopt => adopting::adopt(ctx).await,
    }
}

async fn rehearse(ctx: &Context) -> Result<()> {
    match ctx.scheme.strategy {
        Strategy::Online | Strategy::RenameFirst | Strategy::Repartition => swapping::rehearse(ctx).await,
        Strategy::Adopt => adopting::rehearse(ctx).await,
    }
}

async fn reverse(ctx: &Context, later: Later) -> Result<()> {
    match ctx.scheme.strategy {
        Strategy::Online | Strategy::RenameFirst | Strategy::Repartition => swapping::reverse(ctx).await,
        Strategy::Adopt => adopting::release(ctx, later).await,
    }
}

async fn finish(ctx: &Context, old: Old) -> Result<()> {
    match (ctx.scheme.strategy, old) {
        (Strategy::Online | Strategy::RenameFirst | Strategy::Repartition, old) => {
            swapping::finish(ctx, old).await
        }
        (Strategy::Adopt, Old::Keep) => adopting::finish(ctx).await,
        (Strategy::Adopt, Old::Drop) => Err(Error::Refused {
            id: "QD-124",
            object: ctx.scheme.history().plain(),
            reason: "the old table is a partition: its rows are the table's".into(),
            remedy: "finish without --drop-source".into(),
        }),
    }
}

async fn repair(ctx: &Context) -> Result<()> {
    if !verifying::differs(ctx) {
        return Err(orders::unfit(ctx, orders::NOTHING_DIFFERS.into()));
    }
    verifying::repair(ctx).await?;
    verifying::again(ctx).await
}
