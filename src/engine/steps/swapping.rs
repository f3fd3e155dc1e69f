//! Swap, reverse, finish: the steps that change who owns the name, and what follows them.
#![expect(clippy::unused_async, reason = "the operations are on their way")]

use crate::{
    engine::{context::Context, status::Condition},
    error::{Error, Result},
    pg::Session,
};

/// Ready → reverse window.
pub async fn swap(_ctx: &Context) -> Result<()> {
    Err(Error::Bug("not yet".into()))
}
/// x
pub async fn reverse(_ctx: &Context) -> Result<()> {
    Err(Error::Bug("not yet".into()))
}
/// x
pub async fn finish(_ctx: &Context, _drop_source: bool) -> Result<()> {
    Err(Error::Bug("not yet".into()))
}
/// x
pub async fn find_out(_ctx: &Context) -> Result<()> {
    Err(Error::Bug("not yet".into()))
}
/// x
pub async fn conditions(_ctx: &Context, _session: &mut Session) -> Result<Vec<Condition>> {
    Ok(Vec::new())
}
