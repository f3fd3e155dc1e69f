//! Finds out whether a transaction-mode pooler stands between us and the server, and refuses it (TRAPS 41).
//!
//! Must run before the first [`super::Session`]: pinning settings through such a pooler would leave them with
//! the application's connections. A session keeps its backend and its settings from one transaction to the
//! next; a pooler takes both away as soon as others want a server connection, so others are made to want it. The server
//! itself is known at once: it serves the connection by the process that it named at login.

use std::{collections::HashSet, pin::pin, time::Duration};

use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};
use tokio_postgres::{Client, NoTls, SimpleQueryMessage, SimpleQueryRow, error::SqlState};
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    pg::Target,
};

/// Connections that compete for the server's; more than a pool's usual idle connections in use at once.
const RIVALS: usize = 4;
/// How often it is tried; a pool that hands out its connections in turn needs more than one round.
const ROUNDS: usize = 3;
/// How long a connection may wait for others: a pool of one connection makes them wait for each other.
const PATIENCE: Duration = Duration::from_secs(2);
const NAME: &str = "quarterdeck pooler check";
const LABEL: &str = "pooler check";
const SETTING: &str = "quarterdeck.pooler_check";
/// The role's timeouts must not end a transaction that waits for the others. Local: nothing stays with a pooler.
const BEGIN: &str =
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// `Refused` (QD-018) if two transactions of one connection can run in different server sessions.
pub async fn refuse_transaction_pooler(target: &Target) -> Result<()> {
    let probe = target.open(NAME).await?;
    if let Some(promised) = promised(&probe).await
        && serving(&probe).await? == Some(promised)
    {
        return Ok(());
    }
    for _ in 0..ROUNDS {
        let evidence = match round(&probe, target).await {
            Err(error) if error.sqlstate() == Some(&SqlState::PROTOCOL_VIOLATION) => Some(error.to_string()),
            other => other?,
        };
        if let Some(evidence) = evidence {
            return Err(Error::Refused {
                id: "QD-018",
                object: target.place(),
                reason: format!("this is a pooler in transaction or statement mode: {evidence}"),
                remedy: "connect to the server itself, or to a pool in session mode".into(),
            });
        }
    }
    Ok(())
}

/// The process that was promised at login to serve this connection, for cancel requests. A server gives its own, before
/// anything is asked; a pooler has no server connection yet and makes a number up. The driver keeps it to itself: it is
/// read from a cancel request that goes nowhere. `None` where the driver insists on TLS even for that.
async fn promised(client: &Client) -> Option<i32> {
    let (mut request, to) = tokio::io::duplex(64);
    // The answer to a wish for TLS.
    request.write_all(b"N").await.ok()?;
    client.cancel_token().cancel_query_raw(to, NoTls).await.ok()?;
    // Length, code, process, key.
    let mut words = [0; 3];
    for word in &mut words {
        *word = request.read_i32().await.ok()?;
    }
    Some(words[2])
}

/// The process that serves this connection now.
async fn serving(client: &Client) -> Result<Option<i32>> {
    let row = row(client, "SELECT pg_catalog.pg_backend_pid()").await?;
    Ok(row.get(0).and_then(|pid| pid.parse().ok()))
}

/// What a transaction sees of the server session it runs in.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    /// Process id and start: no two sessions of a server share both.
    backend: String,
    /// The setting that the probe made.
    setting: String,
}

/// One round: the probe's transaction, the rivals' at once, the probe's again while the rivals hold theirs.
async fn round(probe: &Client, target: &Target) -> Result<Option<String>> {
    let mark = Uuid::new_v4().to_string();
    command(probe, BEGIN).await?;
    command(probe, &format!("SELECT pg_catalog.set_config('{SETTING}', '{mark}', false)")).await?;
    let first = look(probe).await?;
    command(probe, "COMMIT").await?;

    let held = join_all((0..RIVALS).map(|_| hold(target))).await;
    let held = held.into_iter().filter_map(Result::transpose).collect::<Result<Vec<_>>>()?;

    let mut again = pin!(begin_and_look(probe));
    let early = timeout(PATIENCE, &mut again).await;
    for (rival, _) in &held {
        command(rival, "COMMIT").await?;
    }
    let second = match early {
        Ok(second) => second?,
        Err(_) => again.await?,
    };
    command(probe, "COMMIT").await?;
    let held: Vec<Seen> = held.into_iter().map(|(_, seen)| seen).collect();
    Ok(judge(&first, &second, &held))
}

/// A rival in a transaction; `None` where it cannot get that far, which leaves the competition to the others.
async fn hold(target: &Target) -> Result<Option<(Client, Seen)>> {
    let rival = match target.open(NAME).await {
        Ok(rival) => rival,
        Err(error) => {
            tracing::info!(%error, "the pooler check goes on without a rival");
            return Ok(None);
        }
    };
    match timeout(PATIENCE, begin_and_look(&rival)).await {
        Ok(seen) => Ok(Some((rival, seen?))),
        // Dropped, so that it does not take a server connection later and keep it.
        Err(_) => Ok(None),
    }
}

/// What gives a pooler away, in words.
fn judge(first: &Seen, second: &Seen, held: &[Seen]) -> Option<String> {
    let backends: HashSet<_> = held.iter().map(|seen| &seen.backend).collect();
    if first.backend != second.backend {
        return Some(format!(
            "two transactions of one connection ran in the server sessions {} and {}",
            pid(first),
            pid(second)
        ));
    }
    if first.setting != second.setting {
        return Some("a setting did not last until the connection's next transaction".into());
    }
    if backends.contains(&first.backend) || backends.len() != held.len() {
        return Some(format!("the server session {} served two connections", pid(first)));
    }
    held.iter()
        .any(|seen| seen.setting == first.setting)
        .then(|| "a setting showed up in another connection".into())
}

fn pid(seen: &Seen) -> &str {
    seen.backend.split(' ').next().unwrap_or_default()
}

async fn begin_and_look(client: &Client) -> Result<Seen> {
    command(client, BEGIN).await?;
    look(client).await
}

async fn look(client: &Client) -> Result<Seen> {
    let sql = format!(
        "SELECT pid::text || ' ' || backend_start::text, coalesce(pg_catalog.current_setting('{SETTING}', true), '') \
         FROM pg_catalog.pg_stat_activity WHERE pid = pg_catalog.pg_backend_pid()"
    );
    let row = row(client, &sql).await?;
    let column = |n| row.get(n).unwrap_or_default().to_owned();
    Ok(Seen { backend: column(0), setting: column(1) })
}

async fn row(client: &Client, sql: &str) -> Result<SimpleQueryRow> {
    let messages = client.simple_query(sql).await.map_err(Error::db(LABEL))?;
    let rows = |message| if let SimpleQueryMessage::Row(row) = message { Some(row) } else { None };
    let row = messages.into_iter().find_map(rows);
    row.ok_or_else(|| Error::Bug(format!("{LABEL}: the session does not see itself")))
}

/// The simple protocol: poolers have trouble with prepared statements of their own.
async fn command(client: &Client, sql: &str) -> Result<()> {
    client.batch_execute(sql).await.map_err(Error::db(LABEL))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(backend: &str, setting: &str) -> Seen {
        Seen { backend: backend.into(), setting: setting.into() }
    }

    #[test]
    fn each_sign_gives_it_away() {
        let probe = || seen("1 monday", "mark");
        let others = [seen("2 monday", ""), seen("3 monday", "")];
        assert_eq!(judge(&probe(), &probe(), &others), None);
        assert_eq!(judge(&probe(), &probe(), &[seen("1 tuesday", "")]), None, "a number used again");
        for (second, rival, part) in [
            (seen("2 monday", "mark"), seen("3 monday", ""), "1 and 2"),
            (seen("1 monday", ""), seen("3 monday", ""), "did not last"),
            (probe(), seen("1 monday", "mark"), "session 1 served two"),
            (probe(), seen("3 monday", "mark"), "showed up"),
        ] {
            let words = judge(&probe(), &second, &[rival]).unwrap();
            assert!(words.contains(part), "{words}");
        }
    }
}
