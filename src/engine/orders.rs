//! Commands: what may be done when, and the doing of those that need no phase's help.
//!
//! [`decide`] is the one table of what is allowed; the console dims by it, the owner refuses by it.

use chrono::Utc;

use crate::{
    engine::{
        command::{Asked, Command},
        context::{Context, Request},
        event::Body,
        gate::Will,
    },
    error::{Error, Report, Result},
    model::{phase::Phase, strategy::Strategy, throttle::Setting},
    ops,
    pg::{Session, journal, journal::mail},
};

/// Who carries a command out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// The owner's housekeeping, at once.
    Now,
    /// The phase, when it is its turn.
    Phase,
}

/// Whether a command may be given in a phase of a strategy, and who carries it out; else why not.
pub fn decide((strategy, phase): (Strategy, Phase), command: &Command) -> Result<Who, String> {
    if strategy == Strategy::Adopt && matches!(command, Command::Verify | Command::Repair) {
        return Err("nothing is copied, so there is nothing to compare".into());
    }
    match command {
        Command::Pause
        | Command::Resume
        | Command::Stop
        | Command::EndBlocker { .. }
        | Command::Tune { .. }
        | Command::Workers { .. } => {
            if phase.is_over() {
                Err(over(phase))
            } else {
                Ok(Who::Now)
            }
        }
        Command::Abort if phase.may_abort() || phase == Phase::Filling => Ok(Who::Phase),
        Command::Abort if phase.is_over() => Err(over(phase)),
        Command::Abort => Err("the twin owns the name; `reverse` first, then abort".into()),
        Command::Verify => verify(phase),
        Command::Repair => repair(phase),
        Command::Swap | Command::Rehearse if phase.may_swap() => Ok(Who::Phase),
        // Said again after a death in it: what became of it is found out first.
        Command::Swap if matches!(phase, Phase::Swapping | Phase::Adopting) => Ok(Who::Phase),
        Command::Reverse { .. } if matches!(phase, Phase::Reversing | Phase::Releasing) => Ok(Who::Phase),
        // After `adopt` all of ours is removed in the course of it.
        Command::Reverse { .. } if strategy == Strategy::Adopt && phase == Phase::Aborting => Ok(Who::Phase),
        Command::Swap | Command::Rehearse => {
            Err(format!("{} needs phase ready, and it is {phase}", command.word()))
        }
        Command::Reverse { .. } if phase == Phase::Filling => Ok(Who::Phase),
        Command::Reverse { .. } | Command::Finish { .. }
            if matches!(phase, Phase::ReverseWindow | Phase::Adopted) =>
        {
            Ok(Who::Phase)
        }
        Command::Reverse { .. } | Command::Finish { .. } => {
            Err(format!("{} needs phase reverse_window, and it is {phase}", command.word()))
        }
        Command::CancelChunk { .. } | Command::RetryChunk { .. } | Command::Reorder { .. } => {
            if phase.copies() { Ok(Who::Now) } else { Err(format!("nothing is being copied; it is {phase}")) }
        }
    }
}

/// [`decide`], for a command that was given: what it wants may be so already, since it was given before and its process
/// died. Then the phase does what is left to be done afterwards, and says that it is done.
pub fn judge((strategy, phase): (Strategy, Phase), command: &Command) -> Result<Who, String> {
    decide((strategy, phase), command)
        .or_else(|reason| if is_so(phase, command) { Ok(Who::Phase) } else { Err(reason) })
}

/// Whether the name is already where the command wants it.
fn is_so(phase: Phase, command: &Command) -> bool {
    matches!(
        (command, phase),
        (Command::Swap, Phase::ReverseWindow | Phase::Adopted) | (Command::Reverse { .. }, Phase::Reversed)
    )
}

/// A pass on request.
fn verify(phase: Phase) -> Result<Who, String> {
    match phase {
        // Filling: only where a pass has found something; the phase knows.
        Phase::Ready | Phase::Reversed | Phase::Verifying | Phase::ReverseWindow | Phase::Filling => {
            Ok(Who::Phase)
        }
        Phase::Finished | Phase::Aborted | Phase::Aborting => Err(over(phase)),
        Phase::Widening | Phase::Adopting | Phase::Adopted | Phase::Releasing => {
            Err("nothing is copied, so there is nothing to compare".into())
        }
        Phase::Planned
        | Phase::Capturing
        | Phase::Census
        | Phase::Copying
        | Phase::Replaying
        | Phase::Swapping
        | Phase::Renaming
        | Phase::Reversing => Err(format!("verification follows by itself; now {phase}")),
    }
}

/// Only where a pass has found something.
fn repair(phase: Phase) -> Result<Who, String> {
    match phase {
        // After the swap a pass on request leaves the phase as it is: there the rows tell whether one found something.
        Phase::Verifying | Phase::Filling | Phase::ReverseWindow => Ok(Who::Phase),
        Phase::Finished | Phase::Aborted => Err(over(phase)),
        Phase::Planned
        | Phase::Capturing
        | Phase::Census
        | Phase::Copying
        | Phase::Replaying
        | Phase::Ready
        | Phase::Swapping
        | Phase::Reversing
        | Phase::Reversed
        | Phase::Renaming
        | Phase::Widening
        | Phase::Adopting
        | Phase::Adopted
        | Phase::Releasing
        | Phase::Aborting => Err(NOTHING_DIFFERS.into()),
    }
}

/// Why nothing is repaired.
pub const NOTHING_DIFFERS: &str = "no verification has found differences";

/// A command that a phase carries out would wait while the owner is paused, and nobody would say for what.
fn asleep(ctx: &Context, who: Who, command: &Command) -> Option<Error> {
    let waits = who == Who::Phase && *command != Command::Abort;
    let how = ctx.standing().paused.clone().filter(|_| waits)?;
    Some(Error::Stopped { table: ctx.scheme.source().plain(), how })
}

/// What a command that had to wait for its turn finds: it may go on, its goal was reached by another, or it does not fit.
pub fn in_turn(ctx: &Context, command: &Command) -> Result<Turn> {
    let phase = ctx.phase();
    match (decide((ctx.scheme.strategy, phase), command), command) {
        (Err(_), _) if is_so(phase, command) => Ok(Turn::Over),
        (
            Err(reason),
            Command::Swap | Command::Rehearse | Command::Reverse { .. } | Command::Finish { .. },
        ) => Err(unfit(ctx, reason)),
        (Ok(_) | Err(_), _) => Ok(Turn::Now),
    }
}

/// Whether a command is still to be carried out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It is.
    Now,
    /// What it wants is so already.
    Over,
}

fn over(phase: Phase) -> String {
    format!("the migration is {phase}")
}

/// Takes a request on: does it, hands it to the phase, or refuses it. The refusal is answered and returned.
pub async fn take(ctx: &Context, session: &mut Session, request: Request) -> Result<Option<Error>> {
    match judge((ctx.scheme.strategy, ctx.phase()), &request.asked.command) {
        Err(reason) => refuse(ctx, session, &request, unfit(ctx, reason)).await.map(Some),
        Ok(who) if let Some(error) = asleep(ctx, who, &request.asked.command) => {
            refuse(ctx, session, &request, error).await.map(Some)
        }
        Ok(Who::Phase) => {
            accept(ctx, session, &request).await?;
            // While it is filled, an abort gives the name back first, which the gate would not let pass.
            if request.asked.command == Command::Abort && ctx.phase() != Phase::Filling {
                ctx.gate.set(Will::Abort);
            }
            let full = |_| Error::Bug("more commands than the owner can hold".into());
            ctx.requests.sender.try_send(request).map_err(full)?;
            Ok(None)
        }
        Ok(Who::Now) => {
            accept(ctx, session, &request).await?;
            match at_once(ctx, session, &request.asked).await {
                Ok(()) => done(ctx, session, &request).await.map(|()| None),
                Err(Refusal::Answer(error)) => refuse(ctx, session, &request, error).await.map(Some),
                Err(Refusal::Error(error)) => Err(error),
            }
        }
    }
}

/// Says that a request has been carried out.
pub async fn done(ctx: &Context, session: &Session, request: &Request) -> Result<()> {
    ctx.say(Body::Done { asked: request.asked.clone() });
    match request.row {
        Some(row) => mail::finish(session, row, None).await,
        None => Ok(()),
    }
}

/// Says that a request failed, with the error as data.
pub async fn failed(ctx: &Context, session: &Session, request: &Request, error: &Report) -> Result<()> {
    let reason = match &error.hint {
        Some(hint) => format!("{}; {hint}", error.message),
        None => error.message.clone(),
    };
    ctx.say(Body::Refused { asked: request.asked.clone(), reason });
    let json = serde_json::to_value(error).map_err(|e| Error::Bug(e.to_string()))?;
    match request.row {
        Some(row) => mail::finish(session, row, Some(&json)).await,
        None => Ok(()),
    }
}

async fn refuse(ctx: &Context, session: &Session, request: &Request, error: Error) -> Result<Error> {
    failed(ctx, session, request, &error.report()).await.map(|()| error)
}

/// The command does not fit the moment.
pub(super) fn unfit(ctx: &Context, reason: String) -> Error {
    Error::Refused {
        id: "QD-091",
        object: ctx.scheme.source().plain(),
        reason,
        remedy: "see `quarterdeck status` for what it is doing".into(),
    }
}

async fn accept(ctx: &Context, session: &Session, request: &Request) -> Result<()> {
    ctx.say(Body::Accepted { asked: request.asked.clone() });
    match request.row {
        Some(row) => mail::accept(session, row).await,
        None => Ok(()),
    }
}

enum Refusal {
    /// The command's answer.
    Answer(Error),
    /// Not the command's: the owner's session failed.
    Error(Error),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Error(error)
    }
}

async fn at_once(ctx: &Context, session: &mut Session, asked: &Asked) -> Result<(), Refusal> {
    match &asked.command {
        Command::Pause => pause(ctx, session, asked).await?,
        Command::Resume => resume(ctx, session, asked).await?,
        // The second time, what is in hand is cancelled.
        Command::Stop if ctx.gate.will() == Will::Stop => ctx.gate.hurry.cancel(),
        Command::Stop => ctx.gate.set(Will::Stop),
        Command::Workers { workers } => {
            tune(ctx, session, &[], Some(*workers)).await?;
        }
        Command::Tune { settings, workers } => tune(ctx, session, settings, *workers).await?,
        Command::EndBlocker { pid } => end_blocker(ctx, session, *pid).await?,
        Command::CancelChunk { chunk } => match ctx.board().in_hand.get(chunk) {
            Some(hand) => hand.cancel.cancel(),
            None => return Err(Refusal::Answer(unfit(ctx, format!("chunk {chunk} is in no worker's hand")))),
        },
        Command::RetryChunk { chunk } => {
            if ctx.board().failed.remove(chunk).is_none() {
                return Err(Refusal::Answer(unfit(ctx, format!("chunk {chunk} does not wait for a retry"))));
            }
        }
        Command::Reorder { leaf, up } => reorder(ctx, session, leaf, if *up { 1 } else { -1 }).await?,
        Command::Abort
        | Command::Verify
        | Command::Repair
        | Command::Swap
        | Command::Rehearse
        | Command::Reverse { .. }
        | Command::Finish { .. } => {
            return Err(Error::Bug(format!("{} is a phase's to carry out", asked.command.word())).into());
        }
    }
    ctx.changed.notify_waiters();
    Ok(())
}

/// Durable first, then in force: a pause survives us.
async fn pause(ctx: &Context, session: &mut Session, asked: &Asked) -> Result<()> {
    let why = format!("paused by {} {}", asked.by.from, Utc::now().format("%H:%M:%S"));
    write(ctx, session, async |tx| journal::write::paused(tx, ctx.scheme.id, Some(&why)).await).await?;
    ctx.standing().paused = Some(why);
    ctx.gate.set(Will::Pause);
    Ok(())
}

async fn resume(ctx: &Context, session: &mut Session, asked: &Asked) -> Result<()> {
    write(ctx, session, async |tx| journal::write::paused(tx, ctx.scheme.id, None).await).await?;
    ctx.standing().paused = None;
    ctx.gate.set(Will::Go);
    ctx.say(Body::Resumed { by: asked.by.from.clone() });
    Ok(())
}

/// Durable first, then in force.
async fn tune(
    ctx: &Context,
    session: &mut Session,
    settings: &[Setting],
    workers: Option<u16>,
) -> Result<()> {
    let (limits, now) = {
        let live = ctx.live();
        (live.governor.limits.clone().with(settings), live.workers)
    };
    let workers = workers.unwrap_or(now).clamp(1, 16);
    write(ctx, session, async |tx| {
        journal::write::limits(tx, ctx.scheme.id, &limits).await?;
        journal::write::workers(tx, ctx.scheme.id, workers.into()).await
    })
    .await?;
    let mut live = ctx.live();
    (live.governor.limits, live.workers) = (limits, workers);
    Ok(())
}

async fn end_blocker(ctx: &Context, session: &Session, pid: i32) -> Result<(), Refusal> {
    let how = match ops::blockers::end(session, &ctx.scheme, pid).await {
        Err(error @ (Error::Refused { .. } | Error::Database { .. })) if !error.connection_lost() => {
            return Err(Refusal::Answer(error));
        }
        how => how?,
    };
    ctx.say(Body::Warning { message: format!("pid {pid}: {how}") });
    Ok(())
}

async fn reorder(ctx: &Context, session: &mut Session, leaf: &str, by: i32) -> Result<(), Refusal> {
    let found = {
        let mut board = ctx.board();
        let row = board.leaves.iter_mut().find(|row| row.leaf.name.as_str() == leaf);
        row.map(|row| {
            row.priority += by;
            (row.leaf.clone(), row.priority)
        })
    };
    let Some((leaf, priority)) = found else {
        return Err(Refusal::Answer(unfit(ctx, format!("there is no leaf {leaf}"))));
    };
    write(ctx, session, async |tx| journal::write::priority(tx, ctx.scheme.id, &leaf, priority).await)
        .await?;
    Ok(())
}

async fn write(
    ctx: &Context,
    session: &mut Session,
    what: impl AsyncFnOnce(&crate::pg::Tx<'_>) -> Result<()>,
) -> Result<()> {
    let tx = session.begin().await?;
    ctx.fence().hold(&tx).await?;
    what(&tx).await?;
    tx.commit("commit command").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_danger_has_its_phases() {
        for phase in Phase::ALL {
            let decide = |command: &Command| decide((Strategy::Online, phase), command);
            let gives_back = phase == Phase::Filling;
            let may_abort = phase.may_abort() || gives_back;
            assert_eq!(decide(&Command::Abort).is_ok(), may_abort, "{phase}");
            assert_eq!(decide(&Command::Rehearse).is_ok(), phase.may_swap(), "{phase}");
            let cut_short = matches!(phase, Phase::Swapping | Phase::Adopting);
            assert_eq!(decide(&Command::Swap).is_ok(), phase.may_swap() || cut_short, "{phase}");
            let cut_short = matches!(phase, Phase::Reversing | Phase::Releasing);
            let window = matches!(phase, Phase::ReverseWindow | Phase::Adopted) || gives_back || cut_short;
            assert_eq!(decide(&Command::Reverse { move_rows: false }).is_ok(), window, "{phase}");
            assert_eq!(decide(&Command::Pause).is_ok(), !phase.is_over(), "{phase}");
        }
    }

    #[test]
    fn nothing_is_compared_where_nothing_is_copied() {
        for phase in Phase::ALL {
            for command in [Command::Verify, Command::Repair] {
                assert!(decide((Strategy::Adopt, phase), &command).is_err(), "{phase}");
            }
        }
        assert!(decide((Strategy::Adopt, Phase::Ready), &Command::Swap).is_ok());
    }
}
