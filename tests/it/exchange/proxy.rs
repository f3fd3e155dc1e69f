//! A server that does not answer a COMMIT: a proxy that cuts the connection when it sees that of an exchange.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
    task::JoinHandle,
};

use crate::support::Db;

/// What becomes of the COMMIT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// It never arrives.
    Before,
    /// It arrives; its answer does not.
    After,
}

/// A connection string through a proxy that cuts every connection at the first COMMIT after a RENAME.
pub(crate) async fn conninfo(db: &Db, cut: Cut) -> String {
    let port = db.value("SHOW port").await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let own = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let server = TcpStream::connect(format!("127.0.0.1:{port}")).await.unwrap();
            let (from_client, to_client) = client.into_split();
            let (from_server, to_server) = server.into_split();
            let silent = Arc::new(AtomicBool::new(false));
            let mut answers = tokio::spawn(forward(from_server, to_client, silent.clone()));
            tokio::spawn(async move {
                // Nothing is closed before the COMMIT was answered, if it was sent.
                if until_commit(from_client, to_server, (cut, &silent), &mut answers).await == Cut::Before {
                    answers.abort();
                }
            });
        }
    });
    // Later words of a connection string win over earlier ones.
    format!("{} host=127.0.0.1 port={own}", db.conninfo())
}

/// Forwards answers until the first one that comes in silence.
async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, silent: Arc<AtomicBool>) {
    let mut bytes = vec![0; 8_192];
    // Either side may go at any time: that is the point.
    while let Ok(length @ 1..) = from.read(&mut bytes).await {
        if silent.load(Ordering::SeqCst) || to.write_all(&bytes[..length]).await.is_err() {
            return;
        }
    }
}

/// Forwards what the client says until it has gone, or until the COMMIT; whether that was sent and answered.
async fn until_commit(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    (cut, silent): (Cut, &AtomicBool),
    answers: &mut JoinHandle<()>,
) -> Cut {
    let mut bytes = vec![0; 8_192];
    // What was read lately: a word may come in two parts.
    let mut lately = Vec::new();
    let mut renamed = false;
    while let Ok(length) = from.read(&mut bytes).await {
        lately.extend_from_slice(&bytes[..length]);
        let commit = renamed && holds(&lately, b"COMMIT\0");
        renamed |= holds(&lately, b"RENAME TO");
        lately.drain(..lately.len().saturating_sub(b"RENAME TO".len() - 1));
        silent.store(commit, Ordering::SeqCst);
        if length == 0 || (commit && cut == Cut::Before) || to.write_all(&bytes[..length]).await.is_err() {
            return Cut::Before;
        }
        if commit {
            answers.await.unwrap();
            return Cut::After;
        }
    }
    Cut::Before
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}
