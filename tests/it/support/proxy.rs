//! A network that fails: a TCP proxy in front of a test's server, whose connections fall silent without being closed, or
//! are cut.

use std::sync::Arc;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

use super::Db;

/// What becomes of the connections that are open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Nothing that either side says arrives any more; both still hold the connection.
    Silent,
    /// Both sides are told that it is over.
    Cut,
}

/// A proxy.
pub(crate) struct Proxy {
    port: u16,
    faults: Arc<watch::Sender<Option<Fault>>>,
}

impl Proxy {
    /// In front of the server of a database.
    pub(crate) async fn of(db: &Db) -> Self {
        let server: u16 = db.value("SHOW port").await.parse().unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let faults = Arc::new(watch::Sender::new(None));
        let theirs = faults.clone();
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                // Only what comes later is this connection's.
                let mut faults = theirs.subscribe();
                tokio::spawn(async move {
                    let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                    let ((from_client, to_client), (from_server, to_server)) =
                        (client.into_split(), server.into_split());
                    // Both halves of both stay until the fault is over, which may be never.
                    let (mut asks, mut answers) = (Way(from_client, to_server), Way(from_server, to_client));
                    let fault = tokio::select! {
                        () = asks.forward() => Fault::Cut,
                        () = answers.forward() => Fault::Cut,
                        changed = faults.changed() => {
                            changed.ok();
                            (*faults.borrow()).unwrap_or(Fault::Cut)
                        }
                    };
                    if fault == Fault::Silent {
                        std::future::pending::<()>().await;
                    }
                });
            }
        });
        Self { port, faults }
    }

    /// A connection string of the superuser for a database, through it.
    pub(crate) fn conninfo(&self, db: &Db) -> String {
        // Later words of a connection string win over earlier ones.
        format!("{} host=127.0.0.1 port={}", db.conninfo(), self.port)
    }

    /// What is open now fails; what is opened later does not.
    pub(crate) fn fail(&self, fault: Fault) {
        self.faults.send_replace(Some(fault));
    }
}

/// From one side to the other.
struct Way<R, W>(R, W);

impl<R: AsyncRead + Unpin, W: AsyncWrite + Unpin> Way<R, W> {
    /// Until either side is gone.
    async fn forward(&mut self) {
        let mut bytes = vec![0; 8_192];
        while let Ok(length @ 1..) = self.0.read(&mut bytes).await {
            if self.1.write_all(&bytes[..length]).await.is_err() {
                return;
            }
        }
    }
}
