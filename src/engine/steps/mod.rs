//! The steps, one file each: what a phase does until the journal moves on. Each may be entered again after a
//! death at any instant, and ends right.

pub mod abort;
pub mod adopting;
pub mod copying;
pub mod filling;
pub mod prepare;
pub mod renaming;
pub mod settled;
pub mod swapping;
pub mod undo;
pub mod verifying;

use std::time::Instant;

use futures_util::future::BoxFuture;

use crate::{
    engine::{context::Context, event::Body},
    error::Result,
    pg::lock::Attempt,
};

/// Runs a step between its two events.
fn step<'a>(
    ctx: &'a Context,
    name: &'static str,
    work: impl Future<Output = Result<String>> + Send + 'a,
) -> BoxFuture<'a, Result<()>> {
    Box::pin(async move {
        ctx.say(Body::StepStarted { step: name.into() });
        let began = Instant::now();
        let message = work.await?;
        let took_ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
        ctx.say(Body::StepFinished { step: name.into(), took_ms, message });
        Ok(())
    })
}

/// An attempt at a lock, as an event.
fn lock_attempt(attempt: Attempt) -> Body {
    Body::LockAttempt {
        step: attempt.step.into(),
        attempt: attempt.number,
        held_ms: u64::try_from(attempt.held.as_millis()).unwrap_or(u64::MAX),
        won: attempt.won,
        blocker: attempt.blocker,
    }
}
