//! The demo's tables and rows: users, chat sessions, chat messages, an outbox.
//!
//! Rows are made by the server from their number and the seed, so a run can be repeated; the clock is a value passed in.

use chrono::{DateTime, Utc};

use crate::{error::Result, pg::Session};

const TABLES: &str = include_str!("../../assets/demo/tables.sql");
const USERS: &str = include_str!("../../assets/demo/users.sql");
const SESSIONS: &str = include_str!("../../assets/demo/sessions.sql");
const MESSAGES: &str = include_str!("../../assets/demo/messages.sql");
const OUTBOX: &str = include_str!("../../assets/demo/outbox.sql");
const KEYS: &str = include_str!("../../assets/demo/keys.sql");
const ROLE: &str = include_str!("../../assets/demo/role.sql");
/// Neighbouring seeds must not share numbers: each seed has this many of its own (see the `$2 + 1` … in the SQL).
const SALTS: i64 = 64;
/// Messages made by one statement: a few seconds, so that progress is seen and a stop is heard.
const SLICE: i64 = 100_000;
/// Messages per chat session, on average.
const PER_SESSION: i64 = 25;
/// Chat sessions per user, on average.
const PER_USER: i64 = 20;
/// One event in the outbox for so many messages.
const PER_EVENT: i64 = 10;

/// How many rows, and which.
#[derive(Clone, Debug)]
pub struct Options {
    /// Rows of `chat_messages`, at least 1.
    pub rows: u32,
    /// The same seed makes the same rows.
    pub seed: u32,
    /// The newest row is not younger.
    pub now: DateTime<Utc>,
    /// The application's role and its password.
    pub app: Login,
}

/// A role that can log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Login {
    /// Its name.
    pub role: String,
    /// Its password.
    pub password: String,
}

/// Makes tables, rows, keys and rights in schema `public`, and leaves them vacuumed and analysed.
/// `made` is told the number of messages as they grow.
pub async fn make(session: &Session, options: &Options, made: &(dyn Fn(u32) + Send + Sync)) -> Result<()> {
    let rows = i64::from(options.rows.max(1));
    let (sessions, seed, now) = (rows / PER_SESSION + 1, i64::from(options.seed) * SALTS, options.now);
    let users = sessions / PER_USER + 1;
    session.batch("demo: tables", TABLES).await?;
    session.execute("demo: users", USERS, &[&users, &seed, &now]).await?;
    session.execute("demo: chat sessions", SESSIONS, &[&sessions, &seed, &now, &users]).await?;
    session.batch("demo: analyse", "ANALYZE public.chat_sessions").await?;
    for first in (1..=rows).step_by(usize::try_from(SLICE).unwrap_or(usize::MAX)) {
        let last = (first + SLICE - 1).min(rows);
        session
            .execute("demo: chat messages", MESSAGES, &[&first, &last, &rows, &sessions, &seed, &now])
            .await?;
        made(u32::try_from(last).unwrap_or(u32::MAX));
    }
    session.execute("demo: outbox", OUTBOX, &[&(rows / PER_EVENT + 1), &seed, &now]).await?;
    session.batch("demo: keys", KEYS).await?;
    name_the_role(session, &options.app).await?;
    session.batch("demo: role", ROLE).await?;
    session.batch("demo: vacuum", "VACUUM (ANALYZE)").await
}

/// Tells the session's later statements who the application is, without writing the password into SQL that is logged.
pub(super) async fn name_the_role(session: &Session, app: &Login) -> Result<()> {
    let sql = "SELECT set_config('demo.role', $1, false), set_config('demo.password', $2, false)";
    session.query_one("demo: name the role", sql, &[&app.role, &app.password]).await.map(drop)
}
