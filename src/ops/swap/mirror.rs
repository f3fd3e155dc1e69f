//! The mirror: around an exchange, what is written to the table with the name is written to the follower in the same
//! transaction. So both are equal in every snapshot, and whoever comes out of the queue behind the exclusive lock finds
//! on the other table what it would have found on this one, however old its snapshot is (TRAPS 46).
//!
//! [`on`] and [`off`] lock no table: the body of the capture function is replaced, and either is right at any time
//! ([`crate::model::carry`]). The writers pay for it with their time, so it is on for no longer than it has to be.

use crate::{
    error::Result,
    model::{
        carry::{self, Carry},
        scheme::Scheme,
    },
    ops::swap::Way,
    pg::{Fence, Session, script::Script},
};

/// From now on writers mirror.
pub(super) async fn on(session: &mut Session, fence: &Fence, scheme: &Scheme, way: Way) -> Result<()> {
    set(session, fence, scheme, way.carry()).await
}

/// From now on writers log.
pub(super) async fn off(session: &mut Session, fence: &Fence, scheme: &Scheme) -> Result<()> {
    set(session, fence, scheme, Carry::Log).await
}

async fn set(session: &mut Session, fence: &Fence, scheme: &Scheme, carry: Carry) -> Result<()> {
    let tx = session.begin().await?;
    fence.hold(&tx).await?;
    shown(scheme, carry).run(&tx).await?;
    tx.commit("commit capture functions").await
}

/// The statements.
pub(super) fn shown(scheme: &Scheme, carry: Carry) -> Script {
    let label = match carry {
        Carry::Log => "mirror off",
        Carry::MirrorToTwin | Carry::MirrorAllToTwin | Carry::MirrorToOld => "mirror on",
    };
    let mut script = Script::new();
    script.add(label, carry::functions(scheme, carry));
    script
}
