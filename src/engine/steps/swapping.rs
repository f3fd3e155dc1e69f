//! Swap, reverse, finish: the steps that change who owns the name, and what follows each of them.
//!
//! The journal says *swapping* or *reversing* while attempts are made, so that a death among them is found out by
//! [`find_out`]; the exchange itself moves the phase in its own transaction.

use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio::sync::MutexGuard;

use crate::{
    engine::{
        context::Context,
        event::Body,
        gate::Will,
        readiness::{self, Known},
        replayer,
        status::Condition,
        steps::{adopting, lock_attempt, step, verifying},
    },
    error::{Error, Result},
    model::{ident::QualifiedName, phase::Phase, strategy::Strategy},
    ops::{
        self,
        finish::{End, Old},
        foreign_keys::Keys,
        swap::{Drain, Holder, Swap, Swapped},
    },
    pg::{Session, lock::Attempt},
};

/// How long the operator's word waits for what an exchange left to be done.
const SETTLE_WITHIN: Duration = Duration::from_secs(5);

/// Ready → swapping → reverse window.
pub async fn swap(ctx: &Context) -> Result<()> {
    let from = ctx.phase();
    if is_stale(ctx) {
        verifying::again(ctx).await?;
    }
    step(ctx, "swap", async {
        let mut session = ctx.session("swap").await?;
        ctx.advance(&mut session, Phase::Swapping).await?;
        let result = exchange(ctx, &mut session, Phase::ReverseWindow).await;
        let back = if from == Phase::Reversed { Phase::Reversed } else { Phase::Ready };
        let swapped = give_back(ctx, &mut session, back, result).await?;
        let held_ms = millis(&swapped);
        ctx.say(Body::Swapped { held_ms });
        Ok(format!("{} is partitioned; the application waited {held_ms} ms", ctx.scheme.source().plain()))
    })
    .await?;
    after(ctx).await
}

/// Ready → swapping → ready: all of the swap but its COMMIT. Dead in it, the catalogue says that nothing was swapped.
pub async fn rehearse(ctx: &Context) -> Result<()> {
    let from = ctx.phase();
    step(ctx, "rehearse", async {
        let mut session = ctx.session("swap").await?;
        ctx.advance(&mut session, Phase::Swapping).await?;
        let result = rehearsed(ctx, &mut session).await;
        let back = if from == Phase::Reversed { Phase::Reversed } else { Phase::Ready };
        let rehearsed = give_back(ctx, &mut session, back, result).await?;
        log_again(ctx, &mut session).await?;
        ctx.advance(&mut session, back).await?;
        Ok(rehearsal(&rehearsed))
    })
    .await
}

async fn rehearsed(ctx: &Context, session: &mut Session) -> Result<Swapped> {
    let (leaves, fence) = (leaf_names(ctx), ctx.fence());
    let exchange =
        Swap { scheme: &ctx.scheme, leaves: &leaves, fence: &fence, patience: ctx.options.patience() };
    let mut drain = Drainer { ctx, session: ctx.replay.lock().await };
    exchange.rehearse(session, &mut drain, &mut |attempt| ctx.say(lock_attempt(attempt))).await
}

/// What a rehearsal found.
pub(super) fn rehearsal(done: &Swapped) -> String {
    format!(
        "the application waited {} ms, attempts: {}; rolled back, nothing is changed",
        millis(done),
        done.attempts
    )
}

/// Reverse window → reversing → reversed.
pub async fn reverse(ctx: &Context) -> Result<()> {
    refuse_duplicates(ctx).await?;
    if is_stale(ctx) || unverified_since_swap(ctx) {
        let clean = verifying::pass(ctx).await?;
        if !clean {
            return Err(verifying::differing_now(ctx));
        }
    }
    step(ctx, "reverse", async {
        let mut session = ctx.session("reverse").await?;
        ctx.advance(&mut session, Phase::Reversing).await?;
        let result = exchange(ctx, &mut session, Phase::Reversed).await;
        let reversed = give_back(ctx, &mut session, Phase::ReverseWindow, result).await?;
        let held_ms = millis(&reversed);
        ctx.say(Body::Reversed { held_ms });
        Ok(format!(
            "{} is the old table again; the application waited {held_ms} ms",
            ctx.scheme.source().plain()
        ))
    })
    .await?;
    after(ctx).await
}

/// Reverse window → finished.
pub async fn finish(ctx: &Context, old: Old) -> Result<()> {
    step(ctx, "finish", async {
        let mut session = ctx.session("finish").await?;
        let replay = ctx.replay.lock().await;
        let leaves = leaf_names(ctx);
        let end = End { scheme: &ctx.scheme, leaves: &leaves, old };
        let mut report = |attempt| ctx.say(lock_attempt(attempt));
        ops::finish::finish(&mut session, &ctx.fence(), &end, ctx.options.patience(), &mut report).await?;
        ctx.moved(Phase::Finished);
        drop(replay);
        let name = ctx.scheme.old().plain();
        Ok(match old {
            Old::Drop => format!("{name} is dropped"),
            Old::Keep => format!("{name} is kept, out of step from now on"),
        })
    })
    .await
}

/// An exchange was cut short: the catalogue says who owns the name.
pub async fn find_out(ctx: &Context) -> Result<()> {
    let mut session = ctx.session("find out").await?;
    let holder = ops::swap::holder(&mut session, &ctx.scheme).await?;
    let to = match (ctx.phase(), holder) {
        (Phase::Reversing, Holder::Twin) if !was_filled(ctx) => {
            return ctx.advance(&mut session, Phase::Filling).await;
        }
        (Phase::Reversing, Holder::Twin) => Phase::ReverseWindow,
        (Phase::Swapping, Holder::Source) => Phase::Ready,
        (phase, holder) => {
            return Err(Error::Bug(format!("the journal says {phase}, yet {holder:?} owns the name")));
        }
    };
    log_again(ctx, &mut session).await?;
    ctx.advance(&mut session, to).await
}

/// Whether all rows are in the partitioned table that owns the name: with `rename-first` not before a clean pass.
fn was_filled(ctx: &Context) -> bool {
    ctx.scheme.strategy != Strategy::RenameFirst || ctx.standing().verified_at.is_some()
}

/// Writers mirror no longer.
async fn log_again(ctx: &Context, session: &mut Session) -> Result<()> {
    let (leaves, fence) = (leaf_names(ctx), ctx.fence());
    let patience = ctx.options.patience();
    Swap { scheme: &ctx.scheme, leaves: &leaves, fence: &fence, patience }.give_up(session).await
}

/// What an exchange left for afterwards; repeatable, and done once a stretch.
pub async fn after(ctx: &Context) -> Result<()> {
    if ctx.scheme.strategy == Strategy::Adopt {
        return adopting::after(ctx).await;
    }
    let phase = ctx.phase();
    if ctx.live().settled == Some(phase) {
        return Ok(());
    }
    let mut session = ctx.session("settle").await?;
    let (leaves, fence) = (leaf_names(ctx), ctx.fence());
    let patience = ctx.options.patience();
    let exchange = Swap { scheme: &ctx.scheme, leaves: &leaves, fence: &fence, patience };
    // An abort that has begun does not end this: it is what the abort has to do first.
    let word = if ctx.gate.will() == Will::Abort { Will::Abort } else { Will::Go };
    loop {
        let mut report = |attempt| ctx.say(lock_attempt(attempt));
        tokio::select! {
            done = settle(ctx, &exchange, &mut session, &mut report) => {
                done?;
                break;
            }
            () = told(ctx, word) => {}
        }
        // The attempt that was dropped is over when its session answers.
        session.begin().await?.rollback().await?;
        ctx.gate.pass().await?;
    }
    ctx.live().settled = Some(phase);
    Ok(())
}

/// After the operator's word, another than `word`, there is still a while for what is in hand: writers mirror until it
/// is done.
async fn told(ctx: &Context, word: Will) {
    ctx.gate.changed(word).await;
    tokio::time::sleep(SETTLE_WITHIN).await;
}

async fn settle(
    ctx: &Context,
    exchange: &Swap<'_>,
    session: &mut Session,
    report: &mut (dyn FnMut(Attempt) + Send),
) -> Result<()> {
    let Swap { scheme, leaves, fence, patience } = *exchange;
    let keys = Keys { scheme, leaves, fence, patience };
    match ctx.phase() {
        Phase::ReverseWindow => {
            exchange.settle(session, report).await?;
            let mut done = |fk: &crate::model::table::Constraint| {
                ctx.say(Body::ForeignKeyValidated { constraint: fk.name.as_str().to_owned() });
            };
            keys.validate(session, report, &mut done).await?;
            validate_incoming(ctx, &keys, session, report).await?;
            ops::seal::analyze(session, scheme.source()).await
        }
        Phase::Reversed => {
            exchange.settle(session, report).await?;
            keys.restore(session, report).await?;
            validate_incoming(ctx, &keys, session, report).await
        }
        Phase::Filling => exchange.accompany(session, report).await,
        Phase::Planned
        | Phase::Capturing
        | Phase::Census
        | Phase::Copying
        | Phase::Replaying
        | Phase::Verifying
        | Phase::Ready
        | Phase::Swapping
        | Phase::Reversing
        | Phase::Finished
        | Phase::Aborting
        | Phase::Aborted
        | Phase::Renaming
        | Phase::Widening
        | Phase::Adopting
        | Phase::Adopted
        | Phase::Releasing => Ok(()),
    }
}

/// Orphans came to be while nothing checked: that is the application's to mend, and stops nothing.
async fn validate_incoming(
    ctx: &Context,
    keys: &Keys<'_>,
    session: &mut Session,
    report: &mut (dyn FnMut(Attempt) + Send),
) -> Result<()> {
    for key in keys.validate_incoming(session, report).await? {
        let message =
            format!("{key} holds for new rows only: rows reference none; mend them, then VALIDATE it");
        ctx.say(Body::Warning { message });
    }
    Ok(())
}

/// What must hold, with figures: for the swap dialog and the status.
pub async fn conditions(ctx: &Context, session: &mut Session) -> Result<Vec<Condition>> {
    let known = {
        let standing = ctx.standing().clone();
        let (compared, leaves) = {
            let board = ctx.board();
            (readiness::compared(&board.leaves), board.leaf_list())
        };
        Known {
            phase: ctx.phase(),
            verified_at: standing.verified_at,
            fingerprint: standing.fingerprint.clone(),
            compared,
            leaves,
            max_age: ctx.options.verify_max_age,
            duplicate_keys: ctx.live().duplicate_keys.len(),
        }
    };
    readiness::conditions(session, &ctx.scheme, &known).await
}

/// The names change hands; the phase in memory follows while the replayer is held.
pub(super) async fn exchange(ctx: &Context, session: &mut Session, to: Phase) -> Result<Swapped> {
    let (leaves, fence) = (leaf_names(ctx), ctx.fence());
    let exchange =
        Swap { scheme: &ctx.scheme, leaves: &leaves, fence: &fence, patience: ctx.options.patience() };
    let mut drain = Drainer { ctx, session: ctx.replay.lock().await };
    let mut report = |attempt| ctx.say(lock_attempt(attempt));
    let swapped = if to == Phase::ReverseWindow {
        exchange.swap(session, &mut drain, &mut report).await?
    } else if to == Phase::Filling {
        exchange.rename(session, &mut drain, &mut report).await?
    } else if to == Phase::Aborting {
        exchange.undo(session, &mut drain, &mut report).await?
    } else {
        exchange.reverse(session, &mut drain, &mut report).await?
    };
    {
        let mut standing = ctx.standing();
        standing.fingerprint.clone_from(&swapped.fingerprint);
        standing.swapped_at = to.is_swapped().then(|| ctx.term.now());
    }
    ctx.live().settled = None;
    ctx.moved(to);
    Ok(swapped)
}

/// After lost attempts the phase goes back to where it was; after a lost answer nobody may touch it.
pub(super) async fn give_back(
    ctx: &Context,
    session: &mut Session,
    back: Phase,
    result: Result<Swapped>,
) -> Result<Swapped> {
    match result {
        Err(error)
            if !error.connection_lost() && !matches!(error, Error::Unknown { .. } | Error::Fenced { .. }) =>
        {
            // While the table is filled writers go on mirroring.
            if back != Phase::Filling {
                log_again(ctx, session).await?;
            }
            ctx.advance(session, back).await?;
            Err(error)
        }
        result => result,
    }
}

struct Drainer<'a> {
    ctx: &'a Context,
    session: MutexGuard<'a, Session>,
}

impl Drain for Drainer<'_> {
    fn drain(&mut self) -> BoxFuture<'_, Result<i64>> {
        Box::pin(async {
            // Between two attempts: nothing is locked.
            if matches!(self.ctx.gate.will(), Will::Stop | Will::Abort) {
                self.ctx.gate.pass().await?;
            }
            replayer::drain(self.ctx, &mut self.session).await
        })
    }
}

/// Two rows that share an old key cannot both go back.
pub(super) async fn refuse_duplicates(ctx: &Context) -> Result<()> {
    {
        let mut session = ctx.replay.lock().await;
        replayer::drain(ctx, &mut session).await?;
    }
    let session = ctx.session("reverse").await?;
    let keys = crate::pg::journal::read::duplicate_keys(&session, ctx.scheme.id).await?;
    match keys.first() {
        None => Ok(()),
        Some(first) => {
            let count = i64::try_from(keys.len()).unwrap_or(i64::MAX);
            Err(ops::swap::shared_keys(&ctx.scheme, count, first))
        }
    }
}

fn is_stale(ctx: &Context) -> bool {
    let max = chrono::Duration::from_std(ctx.options.verify_max_age).unwrap_or(chrono::Duration::MAX);
    ctx.standing().verified_at.is_none_or(|at| ctx.term.now() - at > max)
}

fn unverified_since_swap(ctx: &Context) -> bool {
    let standing = ctx.standing();
    standing.verified_at < standing.swapped_at
}

pub(super) fn leaf_names(ctx: &Context) -> Vec<QualifiedName> {
    ctx.board().leaf_list().iter().map(|leaf| ctx.scheme.leaf(leaf)).collect()
}

pub(super) fn millis(swapped: &Swapped) -> u64 {
    u64::try_from(swapped.held.as_millis()).unwrap_or(u64::MAX)
}
