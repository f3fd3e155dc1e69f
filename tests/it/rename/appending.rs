//! An application that adds rows all the time, and changes what it can see of its table.
//!
//! What a statement touches in the table it changes in the oracle too; what it does not find, it does not. So the oracle
//! is what the table must hold when it is full.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;
use tokio_postgres::{Client, Error, Transaction};
use uuid::Uuid;

use crate::support::Db;

const WRITERS: u64 = 3;
const ORACLE: &str = "demo_oracle.chat_messages_oracle";

const EDIT: &str = "UPDATE {} SET content = content || '!' WHERE id = $1";
const MOVE: &str = "UPDATE {} SET created_at = created_at - interval '100 days' WHERE id = $1";
const DELETE: &str = "DELETE FROM {} WHERE id = $1";
const PRICE: &str = "UPDATE {} SET price = 1.50 WHERE id = $1";

#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    done: AtomicU64,
}

/// The running application.
pub(super) struct Appending {
    seen: Arc<Seen>,
    tasks: JoinSet<Result<(), Error>>,
}

impl Appending {
    /// Starts the writers; returns when they have written.
    pub(super) async fn start(db: &Db) -> Self {
        let seen = Arc::new(Seen::default());
        let mut tasks = JoinSet::new();
        for writer in 0..WRITERS {
            tasks.spawn(write(db.client().await, writer, Arc::clone(&seen)));
        }
        let appending = Self { seen, tasks };
        appending.more(60).await;
        appending
    }

    /// Waits for so many more transactions.
    pub(super) async fn more(&self, more: u64) {
        let until = self.seen.done.load(Ordering::Relaxed) + more;
        let began = Instant::now();
        while self.seen.done.load(Ordering::Relaxed) < until {
            assert!(began.elapsed() < Duration::from_mins(1), "the application stands still");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it; nothing of it failed.
    pub(super) async fn stop(mut self) {
        self.seen.stop.store(true, Ordering::Relaxed);
        while let Some(task) = self.tasks.join_next().await {
            task.unwrap().unwrap_or_else(|error| panic!("{error:?}"));
        }
    }
}

async fn write(mut client: Client, writer: u64, seen: Arc<Seen>) -> Result<(), Error> {
    client.batch_execute("SET statement_timeout = '30s'").await?;
    let mut own: Vec<Uuid> = Vec::new();
    for turn in writer.. {
        if seen.stop.load(Ordering::Relaxed) {
            return Ok(());
        }
        let tx = client.transaction().await?;
        match turn % 8 {
            0 => change(&tx, EDIT, &own).await?,
            1 => change(&tx, MOVE, &own).await?,
            2 => change(&tx, DELETE, &own).await?,
            3 if turn % 32 == 3 => chat_ends(&tx, writer).await?,
            4 => both(&tx, PRICE, history(&tx, turn).await?).await?,
            _ => own.extend(say(&tx, turn).await?),
        }
        tx.commit().await?;
        seen.done.fetch_add(1, Ordering::Relaxed);
    }
    Ok(())
}

/// A new message, of today or of an earlier quarter.
async fn say(tx: &Transaction<'_>, turn: u64) -> Result<Option<Uuid>, Error> {
    let id = Uuid::new_v4();
    let days = i32::try_from(turn % 5 * 60).unwrap_or(0);
    let chat = "SELECT id, user_id FROM chat_sessions ORDER BY md5(id::text || $1::text) LIMIT 1 FOR KEY SHARE SKIP LOCKED";
    let Some(chat) = tx.query_opt(chat, &[&turn.to_string()]).await? else { return Ok(None) };
    let (session, user): (Uuid, Uuid) = (chat.get(0), chat.get(1));
    let now: chrono::DateTime<chrono::Utc> = chrono::Utc::now();
    for table in ["chat_messages", ORACLE] {
        let sql = format!(
            "INSERT INTO {table} (id, session_id, user_id, content, created_at, updated_at) \
             VALUES ($1, $2, $3, 'said', $4::timestamptz - make_interval(days => $5), $4)"
        );
        tx.execute(&sql, &[&id, &session, &user, &now, &days]).await?;
    }
    Ok(Some(id))
}

/// Changes a message of its own.
async fn change(tx: &Transaction<'_>, sql: &str, own: &[Uuid]) -> Result<(), Error> {
    match own.get(own.len().wrapping_mul(7) % own.len().max(1)) {
        Some(id) => both(tx, sql, *id).await,
        None => Ok(()),
    }
}

/// Any message that there was before.
async fn history(tx: &Transaction<'_>, turn: u64) -> Result<Uuid, Error> {
    let sql = "SELECT id FROM demo_oracle.chat_messages_oracle WHERE id >= $1 ORDER BY id LIMIT 1";
    let from = Uuid::from_u128(u128::from(turn.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 1) << 64);
    Ok(tx.query_opt(sql, &[&from]).await?.map_or(from, |row| row.get(0)))
}

/// The oracle follows what the table showed.
async fn both(tx: &Transaction<'_>, sql: &str, id: Uuid) -> Result<(), Error> {
    if tx.execute(&sql.replace("{}", "chat_messages"), &[&id]).await? == 1 {
        assert_eq!(
            tx.execute(&sql.replace("{}", ORACLE), &[&id]).await?,
            1,
            "{id} is not in the oracle: {sql}"
        );
    }
    Ok(())
}

/// A chat goes with all its messages, whether they are copied or not.
async fn chat_ends(tx: &Transaction<'_>, writer: u64) -> Result<(), Error> {
    let sql = "DELETE FROM chat_sessions WHERE id = (SELECT id FROM chat_sessions \
               WHERE (hashtext(id::text) & 1023) % 3 = $1 ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING id";
    let writer = i32::try_from(writer).unwrap_or(0);
    if let Some(row) = tx.query_opt(sql, &[&writer]).await? {
        let session: Uuid = row.get(0);
        tx.execute(&format!("DELETE FROM {ORACLE} WHERE session_id = $1"), &[&session]).await?;
    }
    Ok(())
}
