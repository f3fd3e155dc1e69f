//! An application that goes on all the time, writes everything twice, and remembers every error.
//!
//! Each writer keeps to its own rooms and people, so that writers never wait for one another: whatever waits or
//! fails, does so because of us.

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::task::JoinSet;
use tokio_postgres::{Client, Error, Statement, Transaction};

use super::rig::TABLE;
use crate::support::Db;

const WRITERS: i64 = 4;

/// Makes the second table, with the rows that the first one has.
const ORACLE: &str = r#"SET search_path = "My Shop";
    CREATE TABLE oracle AS SELECT id, room_id, user_id, "Body", created_at FROM "Messages";
    ALTER TABLE oracle ADD PRIMARY KEY (id); CREATE INDEX ON oracle (room_id);"#;

/// What differs between a table and the oracle, in either direction.
pub(crate) async fn differences(db: &Db, table: &str) -> String {
    let columns = r#"id, room_id, user_id, "Body", created_at"#;
    db.value(&format!(
        r#"SELECT count(*) FROM (
            (SELECT {columns} FROM {table} EXCEPT ALL SELECT {columns} FROM "My Shop".oracle)
            UNION ALL (SELECT {columns} FROM "My Shop".oracle EXCEPT ALL SELECT {columns} FROM {table})) d"#
    ))
    .await
}

#[derive(Default)]
struct Seen {
    stop: AtomicBool,
    done: AtomicU64,
    errors: Mutex<Vec<String>>,
    slowest: Mutex<Duration>,
}

/// The running application.
pub(crate) struct Traffic {
    seen: Arc<Seen>,
    tasks: JoinSet<()>,
}

/// What it saw.
#[derive(Debug)]
pub(crate) struct Report {
    /// Transactions that were committed.
    pub(crate) done: u64,
    /// Everything that failed.
    pub(crate) errors: Vec<String>,
    /// The slowest transaction.
    pub(crate) slowest: Duration,
}

impl Traffic {
    /// Starts writers and readers; returns when each has been through once.
    pub(crate) async fn start(db: &Db) -> Self {
        db.sql(ORACLE).await;
        let seen = Arc::new(Seen::default());
        let mut tasks = JoinSet::new();
        for writer in 0..WRITERS {
            let client = db.client().await;
            tasks.spawn(write(client, writer, Arc::clone(&seen)));
        }
        for reader in 0..2 {
            let client = db.client().await;
            tasks.spawn(read(client, reader, Arc::clone(&seen)));
        }
        let traffic = Self { seen, tasks };
        traffic.transactions(100).await;
        traffic
    }

    /// Waits for so many more transactions.
    pub(crate) async fn transactions(&self, more: u64) {
        let until = self.seen.done.load(Ordering::Relaxed) + more;
        let began = Instant::now();
        while self.seen.done.load(Ordering::Relaxed) < until {
            assert!(began.elapsed() < Duration::from_mins(2), "traffic stands still: {:?}", self.seen.errors);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it.
    pub(crate) async fn stop(mut self) -> Report {
        self.seen.stop.store(true, Ordering::Relaxed);
        while let Some(task) = self.tasks.join_next().await {
            task.unwrap();
        }
        Report {
            done: self.seen.done.load(Ordering::Relaxed),
            errors: self.seen.errors.lock().unwrap().clone(),
            slowest: *self.seen.slowest.lock().unwrap(),
        }
    }
}

impl Seen {
    fn note(&self, what: &str, began: Instant, outcome: Result<(), Error>) {
        let took = began.elapsed();
        match outcome {
            Ok(()) => {
                self.done.fetch_add(1, Ordering::Relaxed);
                let mut slowest = self.slowest.lock().unwrap();
                *slowest = took.max(*slowest);
            }
            Err(error) => self.errors.lock().unwrap().push(format!("{what}: {error:?}")),
        }
    }
}

struct Writer {
    client: Client,
    insert: Statement,
    change: Statement,
    number: i64,
    turn: i64,
}

async fn write(client: Client, number: i64, seen: Arc<Seen>) {
    client.batch_execute("SET search_path = \"My Shop\"").await.unwrap();
    let insert = client
        .prepare(r#"INSERT INTO "Messages" (room_id, user_id, "Body", created_at) VALUES ($1, $2, $3, $4::text::timestamptz) RETURNING id"#)
        .await
        .unwrap();
    let change = client
        .prepare(
            r#"UPDATE "Messages" SET "Body" = $2 WHERE id = $1 RETURNING room_id, user_id, created_at::text"#,
        )
        .await
        .unwrap();
    let mut writer = Writer { client, insert, change, number, turn: 0 };
    while !seen.stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let (what, outcome) = writer.turn().await;
        seen.note(what, began, outcome);
        writer.turn += 1;
    }
}

impl Writer {
    async fn turn(&mut self) -> (&'static str, Result<(), Error>) {
        match self.turn % 8 {
            0 | 4 => ("insert", self.insert().await),
            1 => ("update", self.update().await),
            2 => ("move", self.on_own_rows(MOVE).await),
            3 => ("delete", self.on_own_rows(DELETE).await),
            5 => ("delete person", self.person().await),
            6 => ("delete room", self.room().await),
            _ => ("repeatable read", self.repeatable_read().await),
        }
    }

    /// A room of this writer.
    fn room_id(&self) -> i64 {
        1 + self.number + WRITERS * ((self.turn * 7) % (200 / WRITERS))
    }

    fn time(&self) -> String {
        format!("2024-{:02}-11 12:00:00.{:06}+00", 1 + self.turn % 12, self.turn)
    }

    /// Reads a referenced table first, as applications do.
    async fn insert(&mut self) -> Result<(), Error> {
        let (room, time, turn) = (self.room_id(), self.time(), self.turn);
        let body = format!("writer {} turn {turn}", self.number);
        let insert = self.insert.clone();
        let tx = self.client.transaction().await?;
        let room: i64 = match tx.query_opt("SELECT id FROM rooms WHERE id = $1", &[&room]).await? {
            Some(row) => row.get(0),
            None => return tx.rollback().await,
        };
        let user = 1 + turn % 50;
        let row = tx.query_one(&insert, &[&room, &user, &body, &time]).await?;
        let sql = "INSERT INTO oracle VALUES ($1, $2, $3, $4, $5::text::timestamptz)";
        assert_eq!(tx.execute(sql, &[&row.get::<_, i64>(0), &room, &user, &body, &time]).await?, 1);
        tx.commit().await
    }

    async fn update(&mut self) -> Result<(), Error> {
        let (room, body) = (self.room_id(), format!("changed {}", self.turn));
        let change = self.change.clone();
        let tx = self.client.transaction().await?;
        if let Some(id) = any_of(&tx, room).await? {
            assert_eq!(tx.query(&change, &[&id, &body]).await?.len(), 1, "message {id} was not found");
            assert_eq!(tx.execute(r#"UPDATE oracle SET "Body" = $2 WHERE id = $1"#, &[&id, &body]).await?, 1);
        }
        tx.commit().await
    }

    /// Twice the same, with the same parameters; one row each.
    async fn on_own_rows(&mut self, sql: &str) -> Result<(), Error> {
        let (room, time) = (self.room_id(), self.time());
        let tx = self.client.transaction().await?;
        if let Some(id) = any_of(&tx, room).await? {
            for table in ["\"Messages\"", "oracle"] {
                let touched = tx.execute(&sql.replace("{}", table), &[&id, &time]).await?;
                assert_eq!(touched, 1, "message {id} was not found in {table}");
            }
        }
        tx.commit().await
    }

    /// Somebody comes, says something, and is gone with all that was said, in three transactions: a lagging follower
    /// with a foreign key would refuse.
    async fn person(&mut self) -> Result<(), Error> {
        let (person, room, time) = (1_000 + self.number, self.room_id(), self.time());
        if self.client.query_opt("SELECT FROM rooms WHERE id = $1", &[&room]).await?.is_none() {
            return Ok(());
        }
        self.client.execute("INSERT INTO users VALUES ($1, 'guest')", &[&person]).await?;
        self.client.query_one(&self.insert, &[&room, &person, &"hello", &time]).await?;
        let gone = self.client.execute(r#"DELETE FROM "Messages" WHERE user_id = $1"#, &[&person]).await?;
        assert_eq!(gone, 1, "the guest's message was not found");
        self.client.execute("DELETE FROM users WHERE id = $1", &[&person]).await.map(drop)
    }

    /// Deletes a room with its messages, and makes it again.
    async fn room(&mut self) -> Result<(), Error> {
        let room = self.room_id();
        let tx = self.client.transaction().await?;
        tx.execute("DELETE FROM rooms WHERE id = $1", &[&room]).await?;
        tx.execute("DELETE FROM oracle WHERE room_id = $1", &[&room]).await?;
        tx.execute("INSERT INTO rooms VALUES ($1, 1)", &[&room]).await?;
        tx.commit().await
    }

    /// The snapshot is taken first, the message read and changed after it.
    async fn repeatable_read(&mut self) -> Result<(), Error> {
        let (room, body) = (self.room_id(), format!("repeatable {}", self.turn));
        let builder = self.client.build_transaction();
        let tx = builder.isolation_level(tokio_postgres::IsolationLevel::RepeatableRead).start().await?;
        if let Some(id) = any_of(&tx, room).await? {
            let sql = r#"UPDATE "Messages" SET "Body" = $2 WHERE id = $1"#;
            assert_eq!(tx.execute(sql, &[&id, &body]).await?, 1, "message {id} was lost from a snapshot");
            assert_eq!(tx.execute(r#"UPDATE oracle SET "Body" = $2 WHERE id = $1"#, &[&id, &body]).await?, 1);
        }
        tx.commit().await
    }
}

const MOVE: &str = "UPDATE {} SET created_at = $2::text::timestamptz WHERE id = $1";
const DELETE: &str = "DELETE FROM {} WHERE id = $1 AND $2::text IS NOT NULL";

/// The newest message of a room, by the oracle: what the other table must have too.
async fn any_of(tx: &Transaction<'_>, room: i64) -> Result<Option<i64>, Error> {
    let sql = "SELECT max(id) FROM oracle WHERE room_id = $1";
    Ok(tx.query_one(sql, &[&room]).await?.get(0))
}

/// Reads with prepared statements, by the table and by a view, and asks who owns the name.
async fn read(client: Client, number: u64, seen: Arc<Seen>) {
    let point = client.prepare(&format!("SELECT count(*) FROM {TABLE} WHERE id = $1")).await.unwrap();
    let view = client.prepare(r#"SELECT count(*) FROM "My Shop".recent WHERE id = $1"#).await.unwrap();
    let owners = r#"SELECT count(*) FROM pg_class WHERE relname = 'Messages' AND relnamespace = '"My Shop"'::regnamespace"#;
    let mut turn = number;
    while !seen.stop.load(Ordering::Relaxed) {
        let began = Instant::now();
        let outcome = async {
            let id = i64::try_from(1 + turn * 31 % 20_000).unwrap();
            client.query_one(&point, &[&id]).await?;
            client.query_one(&view, &[&id]).await?;
            let owners: i64 = client.query_one(owners, &[]).await?.get(0);
            assert_eq!(owners, 1, "tables that own the name");
            Ok(())
        };
        let outcome = outcome.await;
        seen.note("read", began, outcome);
        turn += 1;
    }
}
