//! SIGINT, SIGTERM and SIGHUP as one stream. What they mean is decided by who reads it.

use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use crate::error::{Error, Result};

/// Signals that ask the process to leave, in order.
#[derive(Debug)]
pub(super) struct Signals {
    inbox: mpsc::UnboundedReceiver<()>,
}

impl Signals {
    /// From now on they no longer end the process by themselves.
    pub(super) fn listen() -> Result<Self> {
        let (sender, inbox) = mpsc::unbounded_channel();
        for kind in [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()] {
            let (mut signals, sender) = (signal(kind).map_err(Error::io("signals"))?, sender.clone());
            tokio::spawn(async move { while signals.recv().await.is_some() && sender.send(()).is_ok() {} });
        }
        Ok(Self { inbox })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        if self.inbox.recv().await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}
