//! Replaying → verifying → ready: the backlog drained once, source and twin compared, the verdict journalled.
//!
//! A difference is sticky: it survives a restart, and only a clean pass ends it. Repair owes one.

use std::sync::Arc;

use chrono::Utc;
use tokio_postgres::error::SqlState;
use tokio_util::sync::CancellationToken;

use crate::{
    engine::{
        context::Context,
        event::Body,
        replayer,
        steps::{copying, step},
    },
    error::{Error, Result},
    model::{
        diff::MAX_DIFFS,
        figures::count,
        phase::{LeafState, Phase},
        scheme::Leaf,
        throttle::Work,
    },
    ops::{
        self,
        repair::Past,
        verify::{Limits, Pass, Progress},
    },
    pg::{Session, journal},
};

/// Replaying → verifying.
pub async fn replaying(ctx: &Context) -> Result<()> {
    step(ctx, "replay", async {
        let replayed = {
            let mut session = ctx.replay.lock().await;
            replayer::drain(ctx, &mut session).await?
        };
        ctx.gate.pass().await?;
        let mut session = ctx.session("phase").await?;
        ctx.advance(&mut session, Phase::Verifying).await?;
        Ok(format!("{replayed} log rows; the replayer goes on following the log"))
    })
    .await
}

/// Whether the last pass left differences that no clean pass has ended.
pub fn differs(ctx: &Context) -> bool {
    ctx.board().leaves.iter().any(|row| row.state == LeafState::Differs)
}

/// Verifying → ready where the pass is clean; stays, with the differences journalled, where it is not. The twin's
/// statistics are made meanwhile: without them it should not get the name.
pub async fn verifying(ctx: &Context) -> Result<()> {
    // A pass has one snapshot and is not held in the middle. One that is asked for minds no signal.
    ctx.gate.pass_for(Work::Read).await?;
    // Neither is dropped with a statement under way: both hear of a stop. A pass that fails waits for nothing.
    let halt = ctx.gate.over.child_token();
    let passing = async { pass(ctx).await.inspect_err(|_| halt.cancel()) };
    let (clean, analyzed) = tokio::join!(passing, analyze(ctx, &halt));
    let clean = clean?;
    analyzed?;
    if clean {
        let mut session = ctx.session("phase").await?;
        ctx.advance(&mut session, Phase::Ready).await?;
    }
    Ok(())
}

/// A pass on request, from any settled phase: before the swap the log is replayed first and *ready* follows.
pub async fn again(ctx: &Context) -> Result<()> {
    let phase = ctx.phase();
    if phase.may_swap() {
        let mut session = ctx.session("phase").await?;
        ctx.advance(&mut session, Phase::Replaying).await?;
        replaying(ctx).await?;
    }
    if !pass(ctx).await? {
        return Err(differing_now(ctx));
    }
    if phase == Phase::Filling {
        return full(ctx).await;
    }
    if !phase.is_swapped() {
        let mut session = ctx.session("phase").await?;
        ctx.advance(&mut session, Phase::Ready).await?;
    }
    Ok(())
}

/// Filling → reverse window: a pass was clean. Before the window the twin's statistics are made.
pub async fn full(ctx: &Context) -> Result<()> {
    analyze(ctx, &ctx.gate.over).await?;
    let mut session = ctx.session("phase").await?;
    ctx.advance(&mut session, Phase::ReverseWindow).await
}

/// One pass over all leaves; whether it was clean.
pub async fn pass(ctx: &Context) -> Result<bool> {
    ctx.gate.pass().await?;
    let mut clean = false;
    step(ctx, "verify", async {
        let leaves = ctx.board().leaf_list();
        let sides = ctx.sides(&leaves);
        let which: Vec<usize> = (0..leaves.len()).collect();
        let progress = Arc::new(Progress::new(ctx.gate.hurry.child_token()));
        ctx.live().verifying = Some(progress.clone());
        let result = ops::verify::pass(&ctx.target, &sides, &which, Limits::default(), &progress).await;
        ctx.live().verifying = None;
        let pass = result?;
        journal_pass(ctx, &pass).await?;
        clean = pass.is_clean();
        Ok(if clean {
            format!("{} rows equal, {} keys in the log left out", count(pass.rows()), count(pass.in_log))
        } else {
            format!("{} rows differ of {}", pass.diff_rows(), pass.rows())
        })
    })
    .await?;
    Ok(clean)
}

async fn analyze(ctx: &Context, halt: &CancellationToken) -> Result<()> {
    step(ctx, "analyze", async {
        let session = ctx.session("analyze").await?;
        let (token, twin) = (session.cancel_token(), ctx.names().1);
        loop {
            ctx.gate.pass().await?;
            let work = ops::seal::analyze(&session, &twin);
            match ctx.cancellable(token.clone(), halt, work).await {
                // Somebody holds a partition for a long time. That is no failure: it would cost the whole pass.
                Err(error) if error.sqlstate() == Some(&SqlState::LOCK_NOT_AVAILABLE) => {
                    ctx.live().waiting = Some(format!("{}: {error}", twin.plain()));
                }
                done => break done?,
            }
        }
        ctx.live().waiting = None;
        Ok(format!("statistics of {} and its partitions", twin.plain()))
    })
    .await
}

async fn journal_pass(ctx: &Context, pass: &Pass) -> Result<()> {
    let id = ctx.scheme.id;
    let leaves = ctx.board().leaf_list();
    let diffs: Vec<_> =
        pass.verdicts.iter().flat_map(|verdict| &verdict.diffs).take(MAX_DIFFS).cloned().collect();
    let json: Vec<_> = diffs.iter().filter_map(|diff| serde_json::to_value(diff).ok()).collect();
    let now = ctx.term.now();
    let mut session = ctx.session("journal").await?;
    let tx = session.begin().await?;
    ctx.fence().hold(&tx).await?;
    for verdict in &pass.verdicts {
        let found = (verdict.source_rows, verdict.twin_rows);
        journal::write::verdict(&tx, id, &leaves[verdict.leaf], found, verdict.diff_rows).await?;
    }
    journal::write::diffs(&tx, id, &json).await?;
    journal::write::verified(&tx, id, pass.is_clean().then_some(now)).await?;
    let error = (!pass.is_clean()).then(|| differing(ctx, pass).to_string());
    journal::write::last_error(&tx, id, error.as_deref()).await?;
    tx.commit("commit verdict").await?;
    remember(ctx, pass, error, now);
    ctx.live().diffs = Arc::new(diffs);
    for verdict in &pass.verdicts {
        let leaf = leaves[verdict.leaf].name.as_str().to_owned();
        ctx.say(Body::LeafVerified { leaf, rows: verdict.source_rows, diffs: verdict.diff_rows });
    }
    let took_ms = u64::try_from(pass.took.as_millis()).unwrap_or(u64::MAX);
    ctx.say(Body::Verified { rows: pass.rows(), in_log: pass.in_log, diffs: pass.diff_rows(), took_ms });
    Ok(())
}

fn remember(ctx: &Context, pass: &Pass, error: Option<String>, now: chrono::DateTime<Utc>) {
    {
        let mut standing = ctx.standing();
        standing.verified_at = pass.is_clean().then_some(now);
        standing.last_error = error;
    }
    let mut board = ctx.board();
    for verdict in &pass.verdicts {
        let row = &mut board.leaves[verdict.leaf];
        row.state = if verdict.diff_rows == 0 { LeafState::Verified } else { LeafState::Differs };
        row.found = Some((verdict.source_rows, verdict.twin_rows));
        row.diffs = Some(verdict.diff_rows);
        row.verified_at = Some(now);
    }
}

/// The error that stands while the last pass was not clean.
pub fn differing_now(ctx: &Context) -> Error {
    let rows = ctx.board().leaves.iter().filter_map(|row| row.diffs).sum::<i64>();
    Error::Differs { table: ctx.scheme.source().plain(), rows: u64::try_from(rows).unwrap_or(0) }
}

fn differing(ctx: &Context, pass: &Pass) -> Error {
    let rows = u64::try_from(pass.diff_rows() + pass.without_leaf).unwrap_or(0);
    Error::Differs { table: ctx.scheme.source().plain(), rows }
}

/// Puts the keys of all differing rows into the log, replays them, and owes a clean pass.
pub async fn repair(ctx: &Context) -> Result<()> {
    step(ctx, "repair", async {
        let leaves = ctx.board().leaf_list();
        let wrong: Vec<usize> = {
            let board = ctx.board();
            (0..leaves.len()).filter(|at| board.leaves[*at].state == LeafState::Differs).collect()
        };
        let mut session = ctx.session("repair").await?;
        let mut keys = 0;
        for leaf in wrong {
            ctx.gate.pass().await?;
            let fence = ctx.fence();
            if ctx.phase() == Phase::Filling {
                keys += lacking(ctx, &mut session, &leaves, leaf).await?;
            }
            let tx = session.begin().await?;
            fence.enter(&tx).await?;
            let past = if ctx.phase() == Phase::Filling { Past::BeingCopied } else { Past::Copied };
            keys += ops::repair::repair(&tx, &ctx.sides(&leaves), leaf, past).await?;
            tx.commit("commit repair").await?;
        }
        ctx.say(Body::Repaired { keys });
        let mut replay = ctx.replay.lock().await;
        replayer::drain(ctx, &mut replay).await?;
        Ok(format!("{keys} keys went through the log"))
    })
    .await
}

/// What the leaf lacks is copied again: by the log it would be taken for deleted.
async fn lacking(ctx: &Context, session: &mut Session, leaves: &[Leaf], leaf: usize) -> Result<i64> {
    loop {
        ctx.gate.pass().await?;
        match copy_lacking(ctx, session, leaves, leaf).await {
            Err(error) if ops::copy::waits(&ctx.scheme, &error) => {
                tokio::time::sleep(copying::PATIENCE).await;
            }
            copied => return copied,
        }
    }
}

async fn copy_lacking(ctx: &Context, session: &mut Session, leaves: &[Leaf], leaf: usize) -> Result<i64> {
    let _turn = ctx.replay.chunk().await;
    let tx = session.begin().await?;
    ctx.fence().enter_with(&tx, &ops::copy::settings(&ctx.scheme)).await?;
    let rows = ops::copy::lacking(&tx, &ctx.scheme, leaves, &leaves[leaf]).await?;
    tx.commit("commit lacking rows").await?;
    Ok(rows)
}
