//! A server that does not answer a COMMIT: a proxy that cuts the connection when it sees that of an exchange.

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp::OwnedReadHalf, tcp::OwnedWriteHalf},
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
            let answers = tokio::spawn(forward(from_server, to_client));
            tokio::spawn(async move {
                until_commit(from_client, to_server, cut).await;
                answers.abort();
            });
        }
    });
    // Later words of a connection string win over earlier ones.
    format!("{} host=127.0.0.1 port={own}", db.conninfo())
}

async fn forward(mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    // Either side may go at any time: that is the point.
    let _ = tokio::io::copy(&mut from, &mut to).await;
}

async fn until_commit(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, cut: Cut) {
    let mut bytes = vec![0; 8_192];
    // What was read lately: a word may come in two parts.
    let mut lately = Vec::new();
    let mut renamed = false;
    while let Ok(length) = from.read(&mut bytes).await {
        lately.extend_from_slice(&bytes[..length]);
        let commit = renamed && holds(&lately, b"COMMIT\0");
        renamed |= holds(&lately, b"RENAME TO");
        lately.drain(..lately.len().saturating_sub(b"RENAME TO".len() - 1));
        if length == 0 || (commit && cut == Cut::Before) {
            return;
        }
        if to.write_all(&bytes[..length]).await.is_err() || commit {
            return;
        }
    }
}

fn holds(bytes: &[u8], word: &[u8]) -> bool {
    bytes.windows(word.len()).any(|window| window == word)
}
