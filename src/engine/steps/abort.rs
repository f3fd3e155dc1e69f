//! Abort: triggers first, then everything else of ours; the source stays as it was.
#![expect(clippy::unused_async, reason = "the operation is on its way")]

use crate::{
    engine::context::Context,
    error::{Error, Result},
};

/// Any phase before the swap → aborting → aborted.
pub async fn abort(_ctx: &Context) -> Result<()> {
    Err(Error::Bug("not yet".into()))
}
