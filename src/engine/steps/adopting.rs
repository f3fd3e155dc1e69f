//! The strategy `adopt`: the key is widened beside the application, then the old table is attached whole, or taken out
//! again.
//!
//! The CHECK that lets the old table be attached without a scan refuses rows of the time after the bound. So it is on
//! the table only while the exchange is being made, in phase *adopting*, and goes when that does not come about.

use std::{convert::Infallible, time::Duration};

use tokio_postgres::error::SqlState;
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{
        context::Context,
        event::Body,
        gate::Will,
        steps::{abort, lock_attempt, step, swapping},
    },
    error::{Error, Result},
    model::{
        history,
        ident::QualifiedName,
        phase::{LeafState, Phase},
        preflight::names,
        scheme::Leaf,
    },
    ops::{
        self,
        foreign_keys::Keys,
        swap::{Adoption, Holder, Later, Swapped},
        widen::{self, Key},
    },
    pg::{Session, catalog, journal, lock::Attempt},
};

/// How often an index build is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Planned → widening → ready.
pub async fn widening(ctx: &Context) -> Result<()> {
    let mut session = ctx.session("widen").await?;
    if ctx.phase() == Phase::Planned {
        ctx.advance(&mut session, Phase::Widening).await?;
    }
    step(ctx, "widen", async {
        match Key::wide(&ctx.scheme) {
            Some(key) => build(ctx, &key).await,
            None => Ok("the key holds the partition column already".into()),
        }
    })
    .await?;
    step(ctx, "create", create(ctx, &mut session)).await?;
    ctx.advance(&mut session, Phase::Ready).await
}

/// Builds an index beside the application; a stop cancels it, and it begins anew later.
async fn build(ctx: &Context, key: &Key) -> Result<String> {
    ctx.gate.pass().await?;
    let session = ctx.session("key").await?;
    // The one that the statement runs on: where it is dropped the server goes on until it notices.
    unattended(ctx, &session, key.build(&session)).await?;
    Ok(format!("{} is built", key.name().plain()))
}

/// Awaits a statement that lasts, shows what it waits for, and has it cancelled where the operator stops.
async fn unattended<T>(ctx: &Context, session: &Session, work: impl Future<Output = Result<T>>) -> Result<T> {
    let halt = ctx.gate.over.child_token();
    let eyes = ctx.session("look").await?;
    let done = tokio::select! {
        done = ctx.cancellable(session.cancel_token(), &halt, work) => done,
        never = look(ctx, &eyes, &halt) => match never {},
    };
    ctx.live().waiting = None;
    done
}

async fn look(ctx: &Context, eyes: &Session, halt: &CancellationToken) -> Infallible {
    loop {
        tokio::time::sleep(LOOK_EVERY).await;
        if ctx.gate.will() == Will::Stop {
            halt.cancel();
        }
        match widen::progress(eyes, &ctx.scheme).await {
            Ok(words) => {
                ctx.live().waiting = words;
                ctx.changed.notify_waiters();
            }
            Err(error) => tracing::debug!(%error, "the build cannot be looked at"),
        }
    }
}

/// The twin with the partitions that come after history, empty, and all they need. Repeatable.
async fn create(ctx: &Context, session: &mut Session) -> Result<String> {
    if !ctx.board().leaves.is_empty() && bound_is_good(ctx, session).await? {
        keys(ctx, session).await?;
        return Ok(format!("{} is made already", ctx.scheme.twin().plain()));
    }
    let scheme = &ctx.scheme;
    let mut report = |attempt| ctx.say(lock_attempt(attempt));
    // An earlier one, whose bound has come near.
    ops::abort::abort(session, &ctx.fence(), scheme, ctx.options.patience(), &mut report).await?;
    let leaves = planned_leaves(ctx, session).await?;
    let ahead: Vec<Leaf> = leaves.iter().filter(|leaf| !scheme.is_history(leaf)).cloned().collect();
    let tx = session.begin().await?;
    ctx.fence().hold(&tx).await?;
    let taken = catalog::taken_names(&tx, &scheme.table).await?;
    let ours = scheme.wide_index().map(|index| index.name);
    let taken: Vec<_> = taken.into_iter().filter(|name| Some(name) != ours.as_ref()).collect();
    if let Some(refused) = names::refusal(scheme, &leaves, &taken) {
        return Err(refused);
    }
    ops::twin::create_unfilled(&tx, scheme, &ahead).await?;
    journal::write::forget_leaves(&tx, scheme.id).await?;
    let rows: Vec<_> = leaves.iter().map(|leaf| (leaf.clone(), 0)).collect();
    journal::write::leaves(&tx, scheme.id, &rows).await?;
    for leaf in &leaves {
        journal::write::leaf_state(&tx, scheme.id, leaf, LeafState::Sealed).await?;
    }
    tx.commit("commit create").await?;
    ctx.board().leaves = journal::read::leaves(session, scheme.id).await?;
    keys(ctx, session).await?;
    Ok(format!("{} partitions of {} beside history", ahead.len(), scheme.twin().plain()))
}

/// Every partition has the foreign keys for itself, so that the exchange need not touch the referenced tables.
async fn keys(ctx: &Context, session: &mut Session) -> Result<()> {
    let leaves = others(ctx);
    let fence = ctx.fence();
    let keys = Keys { scheme: &ctx.scheme, leaves: &leaves, fence: &fence, patience: ctx.options.patience() };
    let mut report = |attempt| ctx.say(lock_attempt(attempt));
    keys.validate(session, &mut report, &mut |_| ()).await
}

async fn planned_leaves(ctx: &Context, session: &Session) -> Result<Vec<Leaf>> {
    let scheme = &ctx.scheme;
    let newest = widen::newest(session, scheme).await?;
    let uncut = |why| names::uncut(scheme, why);
    let bound = history::bound(scheme.calendar(), ctx.term.now(), newest).map_err(uncut)?;
    let ahead = history::periods_ahead(scheme.calendar(), bound, scheme.ahead).map_err(uncut)?;
    Ok(scheme.leaves_adopted(bound, &ahead))
}

/// Whether the bound of the twin that there is would still be chosen, or an earlier one.
async fn bound_is_good(ctx: &Context, session: &Session) -> Result<bool> {
    let newest = widen::newest(session, &ctx.scheme).await?;
    let wanted = history::bound(ctx.scheme.calendar(), ctx.term.now(), newest)
        .map_err(|why| names::uncut(&ctx.scheme, why))?;
    Ok(ctx.scheme.bound_of(&leaves(ctx)).is_some_and(|bound| wanted <= bound))
}

/// A session for the exchange; the twin is made anew first where history's bound has come near.
async fn with_good_bound(ctx: &Context) -> Result<Session> {
    let mut session = ctx.session("swap").await?;
    if !bound_is_good(ctx, &session).await? {
        step(ctx, "create", create(ctx, &mut session)).await?;
    }
    Ok(session)
}

/// Ready → adopting → adopted.
pub async fn adopt(ctx: &Context) -> Result<()> {
    let mut session = with_good_bound(ctx).await?;
    step(ctx, "swap", async {
        ctx.advance(&mut session, Phase::Adopting).await?;
        let result = attach(ctx, &mut session, Attach::Stay).await;
        let adopted = give_back(ctx, &mut session, Phase::Ready, result).await?;
        let held_ms = u64::try_from(adopted.held.as_millis()).unwrap_or(u64::MAX);
        ctx.say(Body::Swapped { held_ms });
        Ok(format!(
            "{} is partitioned, the old table is its partition {}; the application waited {held_ms} ms",
            ctx.scheme.source().plain(),
            ctx.scheme.history().plain()
        ))
    })
    .await?;
    after(ctx).await
}

/// Ready → adopting → ready: all of it but the COMMIT.
pub async fn rehearse(ctx: &Context) -> Result<()> {
    let mut session = with_good_bound(ctx).await?;
    step(ctx, "rehearse", async {
        ctx.advance(&mut session, Phase::Adopting).await?;
        let result = attach(ctx, &mut session, Attach::Rehearse).await;
        let rehearsed = give_back(ctx, &mut session, Phase::Ready, result).await?;
        undo(ctx, &mut session).await?;
        ctx.advance(&mut session, Phase::Ready).await?;
        Ok(swapping::rehearsal(&rehearsed))
    })
    .await
}

/// Whether the old table stays attached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Attach {
    Stay,
    Rehearse,
}

async fn attach(ctx: &Context, session: &mut Session, attach: Attach) -> Result<Swapped> {
    let (scheme, fence, leaves) = (&ctx.scheme, ctx.fence(), leaves(ctx));
    let lost = || Error::Bug("the twin has no leaf after history".into());
    let bound = scheme.bound_of(&leaves).ok_or_else(lost)?;
    let mut report = |attempt| ctx.say(lock_attempt(attempt));
    let patience = ctx.options.patience();
    widen::bound_on(session, &fence, scheme, bound, (patience, &mut report)).await?;
    let reader = ctx.session("bound").await?;
    let validated = unattended(ctx, &reader, widen::validate_bound(&reader, scheme)).await;
    validated.map_err(|error| beyond(ctx, error))?;
    let go = || still_wanted(ctx);
    let later = Later::Refuse;
    let adoption = Adoption { scheme, leaves: &leaves, fence: &fence, patience, go: &go, later };
    match attach {
        Attach::Stay => {
            let adopted = adoption.attach(session, &mut report).await?;
            moved(ctx, Phase::Adopted);
            Ok(adopted)
        }
        Attach::Rehearse => adoption.rehearse(session, &mut report).await,
    }
}

/// A row of the time after the bound came between the look and the CHECK.
fn beyond(ctx: &Context, error: Error) -> Error {
    if error.sqlstate() != Some(&SqlState::CHECK_VIOLATION) {
        return error;
    }
    Error::Refused {
        id: "QD-123",
        object: ctx.scheme.source().plain(),
        reason: "rows have come that are later than the bound of history".into(),
        remedy: "swap again: the bound is then that of the next period".into(),
    }
}

fn still_wanted(ctx: &Context) -> Result<()> {
    match ctx.gate.will() {
        Will::Go | Will::Pause => Ok(()),
        Will::Stop | Will::Abort => {
            Err(Error::Stopped { table: ctx.scheme.source().plain(), how: "stopped".into() })
        }
    }
}

/// What the exchange journalled is known here too.
fn moved(ctx: &Context, to: Phase) {
    ctx.standing().swapped_at = (to == Phase::Adopted).then(|| ctx.term.now());
    ctx.live().settled = None;
    ctx.moved(to);
}

/// After lost attempts the table is as before; after a lost answer nobody may touch it.
async fn give_back<T>(ctx: &Context, session: &mut Session, back: Phase, result: Result<T>) -> Result<T> {
    match result {
        Err(error)
            if !error.connection_lost() && !matches!(error, Error::Unknown { .. } | Error::Fenced { .. }) =>
        {
            undo(ctx, session).await?;
            ctx.advance(session, back).await?;
            Err(error)
        }
        result => result,
    }
}

/// What an exchange that did not come about has left: the CHECK, or the index of the narrow key.
async fn undo(ctx: &Context, session: &mut Session) -> Result<()> {
    let mut report = |attempt| ctx.say(lock_attempt(attempt));
    let manner = (ctx.options.patience(), &mut report as &mut (dyn FnMut(Attempt) + Send));
    widen::bound_off(session, &ctx.fence(), &ctx.scheme, manner).await?;
    if let Some(key) = Key::narrow(&ctx.scheme) {
        key.remove(&ctx.session("key").await?).await?;
    }
    Ok(())
}

/// Everything that [`widening`] put on the table, for an abort. Repeatable.
pub async fn remove(ctx: &Context, session: &mut Session) -> Result<()> {
    undo(ctx, session).await?;
    match Key::wide(&ctx.scheme) {
        Some(key) => key.remove(&ctx.session("key").await?).await,
        None => Ok(()),
    }
}

/// Adopted → releasing → aborting → aborted: the old table is what it was.
pub async fn release(ctx: &Context, later: Later) -> Result<()> {
    step(ctx, "reverse", async {
        let mut session = ctx.session("reverse").await?;
        ctx.advance(&mut session, Phase::Releasing).await?;
        let result = detach(ctx, &mut session, later).await;
        let released = give_back(ctx, &mut session, Phase::Adopted, result).await?;
        let held_ms = u64::try_from(released.held.as_millis()).unwrap_or(u64::MAX);
        ctx.say(Body::Reversed { held_ms });
        Ok(format!(
            "{} is the old table again; the application waited {held_ms} ms",
            ctx.scheme.source().plain()
        ))
    })
    .await?;
    abort::abort(ctx).await
}

async fn detach(ctx: &Context, session: &mut Session, later: Later) -> Result<Swapped> {
    let (scheme, fence, leaves) = (&ctx.scheme, ctx.fence(), leaves(ctx));
    let go = || still_wanted(ctx);
    let adoption =
        Adoption { scheme, leaves: &leaves, fence: &fence, patience: ctx.options.patience(), go: &go, later };
    adoption.may_release(session).await?;
    if let Some(key) = Key::narrow(scheme) {
        build(ctx, &key).await.map_err(|error| ops::swap::shared_in_history(scheme, error))?;
    }
    let mut report = |attempt| ctx.say(lock_attempt(attempt));
    let released = adoption.release(session, &mut report).await?;
    moved(ctx, Phase::Aborting);
    Ok(released)
}

/// Adopted → finished: nothing is left of ours but the journal.
pub async fn finish(ctx: &Context) -> Result<()> {
    step(ctx, "finish", async {
        let mut session = ctx.session("finish").await?;
        undo(ctx, &mut session).await?;
        ctx.advance(&mut session, Phase::Finished).await?;
        Ok(format!("{} stays a partition", ctx.scheme.history().plain()))
    })
    .await
}

/// An exchange was cut short: the catalogue says who owns the name. What was there for it goes.
pub async fn find_out(ctx: &Context) -> Result<()> {
    let mut session = ctx.session("find out").await?;
    let to = match (ctx.phase(), ops::swap::holder(&mut session, &ctx.scheme).await?) {
        (Phase::Releasing, Holder::Twin) => Phase::Adopted,
        (Phase::Adopting, Holder::Source) => Phase::Ready,
        (phase, holder) => {
            return Err(Error::Bug(format!("the journal says {phase}, yet {holder:?} owns the name")));
        }
    };
    undo(ctx, &mut session).await?;
    ctx.advance(&mut session, to).await
}

/// What is left to be done when the old table is attached; repeatable, and done once a stretch.
pub async fn after(ctx: &Context) -> Result<()> {
    let phase = ctx.phase();
    if phase != Phase::Adopted || ctx.live().settled == Some(phase) {
        return Ok(());
    }
    ctx.gate.pass().await?;
    let mut session = ctx.session("settle").await?;
    let (scheme, fence, patience) = (&ctx.scheme, ctx.fence(), ctx.options.patience());
    let all: Vec<QualifiedName> = leaves(ctx).iter().map(|leaf| scheme.leaf(leaf)).collect();
    let mut report = |attempt| ctx.say(lock_attempt(attempt));
    let mut done = |fk: &crate::model::table::Constraint| {
        ctx.say(Body::ForeignKeyValidated { constraint: fk.name.as_str().to_owned() });
    };
    let keys = Keys { scheme, leaves: &all, fence: &fence, patience };
    keys.validate(&mut session, &mut report, &mut done).await?;
    ops::swap::give_sequences(&mut session, &fence, scheme, (patience, &mut report)).await?;
    ops::seal::analyze(&session, scheme.source()).await?;
    ctx.live().settled = Some(phase);
    Ok(())
}

fn leaves(ctx: &Context) -> Vec<Leaf> {
    ctx.board().leaf_list()
}

fn others(ctx: &Context) -> Vec<QualifiedName> {
    let leaves = leaves(ctx);
    let others = leaves.iter().filter(|leaf| !ctx.scheme.is_history(leaf));
    others.map(|leaf| ctx.scheme.leaf(leaf)).collect()
}
