//! The demo's application: live traffic on `chat_messages` and its neighbours, as an ordinary role.
//!
//! Every transaction makes the same change to the oracle (see [`super::oracle`]) and compares what it reads with it.
//! Workers have chats of their own, so no two ever touch the same row: nothing here can deadlock, and no failure is
//! retried or passed over.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use chrono::{DateTime, TimeZone, Utc};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::{
    demo::{
        changes::{self, APPLICATION, After, Chat, ORACLE, On, Scene, Step},
        dice::Dice,
        tally::Tally,
        wire::{Protocol, Wire},
    },
    error::{Error, Result},
    pg::Target,
};

/// A worker knows so many chats; it need not know all.
const CHATS_KNOWN: i64 = 2_000;
/// A worker's own users at one time.
const GUESTS: usize = 20;
/// One transaction in so many is REPEATABLE READ.
const ONE_REPEATABLE_IN: u32 = 8;

const CHATS: &str = "SELECT id || ' ' || user_id FROM chat_sessions \
    WHERE (hashtext(id::text) & 2147483647) % $1::text::integer = $2::text::integer \
    ORDER BY hashtext(id::text || $3::text), id LIMIT $4::text::integer";
const NAME: &str = "SELECT name FROM users WHERE id = $1::text::uuid";
const MESSAGES: &str =
    "SELECT id::text FROM {messages} WHERE session_id = $1::text::uuid ORDER BY id LIMIT 20";

/// How busy the application is.
#[derive(Clone, Debug)]
pub struct Options {
    /// Transactions a second, of all workers together.
    pub tps: u32,
    /// Connections.
    pub workers: u32,
    /// The same seed draws the same changes.
    pub seed: u32,
    /// Ends by itself after so many transactions.
    pub transactions: Option<u64>,
}

impl Default for Options {
    fn default() -> Self {
        Self { tps: 200, workers: 4, seed: 1, transactions: None }
    }
}

/// Running traffic; stops when dropped.
#[derive(Debug)]
pub struct Traffic {
    stop: CancellationToken,
    workers: JoinSet<()>,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    tally: Mutex<Tally>,
    /// Transactions that may still begin.
    left: AtomicU64,
}

impl Traffic {
    /// Connects all workers, then lets them begin. `target` logs in as the application's role.
    pub async fn start(target: &Target, options: &Options) -> Result<Self> {
        let stop = CancellationToken::new();
        let left = AtomicU64::new(options.transactions.unwrap_or(u64::MAX));
        let shared = Arc::new(Shared { tally: Mutex::default(), left });
        let mut ready = Vec::new();
        for number in 0..options.workers.max(1) {
            ready.push(Worker::connect(target, options, number, Arc::clone(&shared)).await?);
        }
        let mut workers = JoinSet::new();
        for worker in ready {
            workers.spawn(worker.run(stop.clone()));
        }
        Ok(Self { stop, workers, shared })
    }

    /// The account so far.
    pub fn tally(&self) -> Tally {
        self.shared.with(|tally| tally.clone())
    }

    /// Lets every worker finish its transaction, and gives the account.
    pub async fn stop(self) -> Tally {
        self.stop.cancel();
        self.ended().await
    }

    /// Waits until the transactions asked for are done, and gives the account.
    pub async fn ended(mut self) -> Tally {
        while let Some(ended) = self.workers.join_next().await {
            if let Err(error) = ended {
                self.shared.with(|tally| tally.failed(format!("a worker ended badly: {error}")));
            }
        }
        self.tally()
    }
}

impl Drop for Traffic {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl Shared {
    fn with<T>(&self, f: impl FnOnce(&mut Tally) -> T) -> T {
        f(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Whether one more transaction may begin.
    fn take(&self) -> bool {
        self.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

/// Why a transaction did not commit; already in the tally.
struct Failed;

struct Worker {
    wire: Wire,
    dice: Dice,
    chats: Vec<Chat>,
    guests: Vec<Chat>,
    pause: Duration,
    shared: Arc<Shared>,
}

impl Worker {
    async fn connect(target: &Target, options: &Options, number: u32, shared: Arc<Shared>) -> Result<Self> {
        let mut wire = Wire::new(target.open(&format!("chat-app {}", number + 1)).await?);
        let workers = options.workers.max(1);
        let values =
            [workers.to_string(), number.to_string(), options.seed.to_string(), CHATS_KNOWN.to_string()];
        let rows = wire.rows(Protocol::Simple, CHATS, &values.map(Some)).await;
        let chats = rows.map_err(Error::db("demo: chats of a worker"))?;
        Ok(Self {
            wire,
            dice: Dice::new(options.seed, number),
            chats: chats.iter().filter_map(|row| chat_in(row)).collect(),
            guests: Vec::new(),
            pause: Duration::from_secs(1) * workers / options.tps.max(1),
            shared,
        })
    }

    async fn run(mut self, stop: CancellationToken) {
        let mut ticks = tokio::time::interval(self.pause.max(Duration::from_micros(1)));
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.wire.is_closed() && !self.chats.is_empty() {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = ticks.tick() => {}
            }
            if !self.shared.take() {
                return;
            }
            if let Ok(after) = self.transaction().await {
                self.shared.with(|tally| tally.transactions += 1);
                self.remember(after);
            } else if !self.wire.is_closed() && self.run_sql(Protocol::Simple, "ROLLBACK", &[]).await.is_err()
            {
                return;
            }
        }
    }

    async fn transaction(&mut self) -> Result<After, Failed> {
        let Some(chat) = self.dice.one_of(&self.chats).copied() else { return Ok(After::Same) };
        let guest = if self.guests.len() < GUESTS { None } else { self.guests.first().copied() };
        let protocol = if self.dice.below(2) == 0 { Protocol::Prepared } else { Protocol::Simple };
        let repeatable = self.dice.below(ONE_REPEATABLE_IN) == 0;
        let begin = if repeatable { "BEGIN ISOLATION LEVEL REPEATABLE READ" } else { "BEGIN" };
        self.run_sql(Protocol::Simple, begin, &[]).await?;
        if self.dice.below(2) == 0 {
            // A table that the messages refer to, read and so locked before the messages are.
            self.rows(protocol, NAME, &[Some(chat.user.to_string())]).await?;
        }
        let messages = self.read(protocol, chat).await?;
        let scene = Scene { chat, messages: &messages, guest, history_s: history_s(Utc::now()) };
        let (steps, after) = changes::draw(&scene, &mut self.dice);
        for step in &steps {
            self.step(protocol, step).await?;
        }
        self.run_sql(Protocol::Simple, "COMMIT", &[]).await?;
        Ok(after)
    }

    /// Some of the chat's messages; the application must see what the oracle sees.
    async fn read(&mut self, protocol: Protocol, chat: Chat) -> Result<Vec<Uuid>, Failed> {
        let values = [Some(chat.session.to_string())];
        let seen = self.rows(protocol, &MESSAGES.replace("{messages}", APPLICATION), &values).await?;
        let expected = self.rows(protocol, &MESSAGES.replace("{messages}", ORACLE), &values).await?;
        if seen != expected {
            let words = format!(
                "read {} messages of a chat, the oracle has {}: {MESSAGES}",
                seen.len(),
                expected.len()
            );
            return Err(self.differs(words));
        }
        Ok(seen.iter().filter_map(|id| id.parse().ok()).collect())
    }

    async fn step(&mut self, protocol: Protocol, step: &Step) -> Result<(), Failed> {
        match step.on {
            On::Once => self.run_sql(protocol, &step.sql, &step.values).await.map(drop),
            On::Both => {
                let sql = step.sql.replace("{messages}", APPLICATION);
                let touched = self.run_sql(protocol, &sql, &step.values).await?;
                let expected =
                    self.run_sql(protocol, &step.sql.replace("{messages}", ORACLE), &step.values).await?;
                if touched == expected {
                    return Ok(());
                }
                Err(self.differs(format!("touched {touched} rows, the oracle {expected}: {sql}")))
            }
        }
    }

    async fn run_sql(
        &mut self,
        protocol: Protocol,
        sql: &str,
        values: &[Option<String>],
    ) -> Result<u64, Failed> {
        let began = Instant::now();
        let result = self.wire.execute(protocol, sql, values).await;
        self.account(sql, began, result)
    }

    async fn rows(
        &mut self,
        protocol: Protocol,
        sql: &str,
        values: &[Option<String>],
    ) -> Result<Vec<String>, Failed> {
        let began = Instant::now();
        let result = self.wire.rows(protocol, sql, values).await;
        self.account(sql, began, result)
    }

    fn account<T>(
        &mut self,
        sql: &str,
        began: Instant,
        result: std::result::Result<T, tokio_postgres::Error>,
    ) -> Result<T, Failed> {
        let took = began.elapsed();
        self.shared.with(|tally| tally.took(sql, took));
        result.map_err(|error| {
            let state = error.code().map_or("no SQLSTATE", tokio_postgres::error::SqlState::code);
            let message = error.as_db_error().map_or_else(|| error.to_string(), |e| e.message().to_owned());
            self.differs(format!("{state} {message}: {sql}"))
        })
    }

    fn differs(&self, words: String) -> Failed {
        self.shared.with(|tally| tally.failed(words));
        Failed
    }

    fn remember(&mut self, after: After) {
        match after {
            After::Same => {}
            After::Opened(chat) => self.chats.push(chat),
            After::Closed(chat) => self.chats.retain(|known| *known != chat),
            After::Arrived(guest) => self.guests.push(guest),
            After::Left(guest) => self.guests.retain(|known| *known != guest),
        }
    }
}

/// `session user`.
fn chat_in(row: &str) -> Option<Chat> {
    let (session, user) = row.split_once(' ')?;
    Some(Chat { session: session.parse().ok()?, user: user.parse().ok()? })
}

/// Seconds since the demo's first quarter began.
fn history_s(now: DateTime<Utc>) -> u32 {
    let first = Utc.with_ymd_and_hms(2024, 1, 1, 0, 0, 0).earliest();
    first.and_then(|first| u32::try_from((now - first).num_seconds()).ok()).unwrap_or(0)
}
