//! The journal: schema `quarterdeck` in the migrated database. What it says has happened, has happened.
//!
//! [`write`] is called inside a transaction that has entered the fence; [`read`] from anywhere;
//! [`mail`] carries commands and events between processes. The journal decides nothing: it refuses only
//! what [`crate::model::phase::follow`] refuses.

pub mod mail;
pub mod read;
pub mod write;

pub use write::{fingerprint, moved};

use crate::{
    error::{Error, Result},
    model::{
        ident::literal,
        template::{dollar_quote, fill},
    },
    pg::Session,
};

/// The journal's version this program writes.
pub const VERSION: i32 = 2;

const SCHEMA: &str = include_str!("../../../assets/sql/journal.sql");
/// From each older version to the one after it, the oldest first.
const STEPS: [&str; 1] = [include_str!("../../../assets/sql/journal_2.sql")];

/// The journal's version in this database; `None` where there is no journal.
pub async fn version(session: &Session) -> Result<Option<i32>> {
    const EXISTS: &str = "SELECT to_regclass('quarterdeck.version') IS NOT NULL";
    if !session.query_one("find journal", EXISTS, &[]).await?.get::<_, bool>(0) {
        return Ok(None);
    }
    let row = session
        .query_one("read journal version", "SELECT max(version) FROM quarterdeck.version", &[])
        .await?;
    Ok(row.get(0))
}

/// Refuses a journal that a newer program wrote.
pub async fn check(session: &Session) -> Result<Option<i32>> {
    let found = version(session).await?;
    match found {
        Some(newer) if newer > VERSION => Err(Error::Refused {
            id: "QD-090",
            object: "schema quarterdeck".into(),
            reason: format!("the journal is of version {newer}, this program knows {VERSION}"),
            remedy: "use the newer quarterdeck that wrote it".into(),
        }),
        Some(_) | None => Ok(found),
    }
}

/// Takes rights that default privileges gave away on what was made in the journal's schema under a name with `part` in it.
pub fn close(part: &str) -> String {
    const SQL: &str = include_str!("../../../assets/sql/close_journal.sql");
    let part = literal(part);
    fill(SQL.trim_end(), &[("part", &part), ("quote", &dollar_quote(&part))])
}

/// Makes the journal where there is none, and brings an older one up to date. Two consoles that try at once: one waits for the other.
pub async fn install(session: &mut Session) -> Result<()> {
    // The rows of the catalogue, not `to_regclass`: that one asks a cache, which may not have heard of what was made while
    // this transaction waited.
    const THERE: &str = "SELECT EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
                         WHERE n.nspname = 'quarterdeck' AND c.relname = 'version')";
    if check(session).await? == Some(VERSION) {
        return Ok(());
    }
    let tx = session.begin().await?;
    // An advisory lock of the transaction: CREATE SCHEMA IF NOT EXISTS alone may fail in a race.
    tx.batch("lock journal", "SELECT pg_advisory_xact_lock(8241150193)").await?;
    let there = tx.query_one("find journal", THERE, &[]).await?;
    if !there.get::<_, bool>(0) {
        tx.batch("create journal", SCHEMA).await?;
        tx.batch("close journal", &close("")).await?;
    }
    let row =
        tx.query_one("read journal version", "SELECT max(version) FROM quarterdeck.version", &[]).await?;
    let older = usize::try_from(row.get::<_, i32>(0)).unwrap_or(0);
    for (_, sql) in (1..).zip(STEPS).skip_while(|(version, _)| *version < older) {
        tx.batch("update journal", sql).await?;
    }
    tx.commit("create journal").await
}
