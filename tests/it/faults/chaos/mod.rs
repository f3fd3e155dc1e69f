//! Seeded chaos: random statements of an application against random faults of tool, network, sessions and people. Whatever
//! happens, nothing of the application fails, no pass finds a difference, and in the end the table equals its oracle: swapped,
//! given back, and with all of ours removed.
//!
//! The seed is printed; `QUARTERDECK_TEST_SEED` draws the same again. `QUARTERDECK_CHAOS_S` is how many seconds it lasts.

mod writer;

use std::{
    process::Stdio,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use tokio::process::Child;
use tokio_postgres::error::SqlState;

use self::writer::{SCHEMA, WRITERS, Writer};
use crate::{
    commands::{
        kills::{Dice, seed},
        tool::{Said, Tool},
    },
    support::{
        Db,
        proxy::{Fault, Proxy},
        server,
    },
};

/// Where nobody says how long.
const SECONDS: u64 = 30;
/// Nobody who locks a whole table waits for long: who inserts and holds it, who deletes what that references, and who
/// queues between them would be a deadlock, with no tool in it.
const SHORTLY: &str = "SET LOCAL lock_timeout = '300ms'";
/// What each life is asked for.
const SWAPPED: [&str; 8] = ["run", "t", "--until", "swapped", "--yes", "t", "--lock-budget", "400"];

#[tokio::test(flavor = "multi_thread")]
async fn whatever_happens_no_row_is_lost() {
    let seconds = std::env::var("QUARTERDECK_CHAOS_S").map_or(SECONDS, |text| text.parse().unwrap());
    let seed = seed();
    let db = server::all()[0].another().database("chaos").await;
    db.sql(SCHEMA).await;
    let (stop, done) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
    let mut writers = Vec::new();
    for n in 0..WRITERS {
        let (client, dice) = (db.client().await, Dice(seed.wrapping_add(n + 1)));
        let (done, stop) = (done.clone(), stop.clone());
        let major = db.server().major();
        writers.push(tokio::spawn(Writer { n, client, dice, major, done, stop, fresh: 0 }.run()));
    }
    let proxy = Proxy::of(&db).await;
    let mut world =
        World { straight: Tool::on(&db), far: Tool::to(proxy.conninfo(&db)), proxy, dice: Dice(seed), db };
    let end = Instant::now() + Duration::from_secs(seconds);
    let mut lives = 0;
    while Instant::now() < end && writers.iter().all(|writer| !writer.is_finished()) {
        world.life(end).await;
        lives += 1;
    }
    if writers.iter().all(|writer| !writer.is_finished()) {
        world.calm().await;
    }
    stop.store(true, Ordering::SeqCst);
    for writer in writers {
        writer.await.unwrap().unwrap();
    }
    eprintln!("{lives} lives, {} transactions", done.load(Ordering::SeqCst));
    world.account().await;
}

/// The database, and the ways to it.
struct World {
    db: Db,
    /// A tool with nothing between it and the server.
    straight: Tool,
    /// A tool behind a network that fails.
    far: Tool,
    proxy: Proxy,
    dice: Dice,
}

impl World {
    /// One process, from its start through some faults to its end; and what is done where it cannot go on.
    async fn life(&mut self, end: Instant) {
        let mut run = tokio::process::Command::from(self.far.command(&SWAPPED));
        let mut run = run.stdout(Stdio::null()).stderr(Stdio::piped()).kill_on_drop(true).spawn().unwrap();
        for _ in 0..=self.dice.below(4) {
            tokio::time::sleep(Duration::from_millis(200 + self.dice.below(1_500))).await;
            if run.try_wait().unwrap().is_some() || Instant::now() > end {
                break;
            }
            self.fault(&mut run).await;
        }
        if self.dice.below(2) == 0 {
            run.start_kill().unwrap();
        }
        let limit = Duration::from_secs(20);
        let Ok(output) = tokio::time::timeout(limit, run.wait_with_output()).await else { return };
        let said = Said::of(&output.unwrap());
        eprintln!(
            "ended with {}: {}",
            said.code,
            said.err.lines().find(|line| line.starts_with("error")).unwrap_or("")
        );
        assert_ne!(said.code, 4, "a difference: {said:?}");
        if said.code == 0 {
            self.go_back().await;
        } else if self.dice.below(3) == 0 {
            self.meddle().await;
        }
        self.mend(&said).await;
    }

    async fn fault(&mut self, run: &mut Child) {
        let kind = self.dice.below(20);
        eprintln!("fault {kind}");
        let ours = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'quarterdeck%' AND datname = current_database()";
        match kind {
            0..=3 => run.start_kill().unwrap(),
            4 | 5 => {
                let signal = async |word: &str| {
                    let pid = run.id().unwrap_or_default().to_string();
                    drop(tokio::process::Command::new("kill").args([word, &pid]).status().await);
                };
                signal("-STOP").await;
                tokio::time::sleep(Duration::from_millis(700)).await;
                signal("-CONT").await;
            }
            6 | 7 => self.proxy.fail(Fault::Cut),
            8 => self.proxy.fail(Fault::Silent),
            9..=13 => {
                let how = if kind < 11 { "pg_terminate_backend" } else { "pg_cancel_backend" };
                let at = self.dice.below(6);
                self.db
                    .rows(&format!("SELECT {how}(pid) FROM ({ours} ORDER BY pid OFFSET {at} LIMIT 1) s"))
                    .await;
            }
            14 | 15 => {
                let mode = match self.dice.below(3) {
                    0 => "ACCESS EXCLUSIVE",
                    1 => "SHARE ROW EXCLUSIVE",
                    _ => "ACCESS SHARE",
                };
                let hog = self.db.client().await;
                let locks = format!("LOCK TABLE t IN {mode} MODE; SELECT pg_sleep(0.4)");
                drop(hog.batch_execute(&format!("BEGIN; {SHORTLY}; {locks}; COMMIT")).await);
            }
            16 => self.db.sql("VACUUM ANALYZE t").await,
            17 => drop(self.straight.run(&["pause", "t"]).await),
            18 => {
                let mut other =
                    tokio::process::Command::from(self.straight.command(&["run", "t", "--takeover"]));
                let mut other =
                    other.stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true).spawn().unwrap();
                tokio::time::sleep(Duration::from_millis(900)).await;
                other.kill().await.unwrap();
            }
            // Refused where keys are captured; else both are empty.
            _ => {
                let truncated =
                    self.db.try_sql(&format!("BEGIN; {SHORTLY}; TRUNCATE t; TRUNCATE o; COMMIT")).await;
                if truncated.is_err() {
                    self.db.sql("ROLLBACK").await;
                }
            }
        }
    }

    /// People who do what they should not, while nobody runs it.
    async fn meddle(&mut self) {
        if self.db.value("SELECT relkind FROM pg_class WHERE oid = 't'::regclass").await != "r" {
            return;
        }
        eprintln!("meddled with");
        match self.dice.below(4) {
            0 => self.at_last("VACUUM FULL t").await,
            2 => {
                let there =
                    "SELECT count(*) FROM pg_attribute WHERE attrelid = 't'::regclass AND attname = 'more'";
                let change =
                    if self.db.value(there).await == "0" { "ADD more int DEFAULT 7" } else { "DROP more" };
                for table in ["t", "o"] {
                    self.at_last(&format!("ALTER TABLE {table} {change}")).await;
                }
            }
            1 => {
                // One after the other: each locks its table, as the application's statements do.
                self.at_last("CREATE INDEX ON t (body) WHERE id % 1000 = 7").await;
                self.at_last("CREATE INDEX ON o (body) WHERE id % 1000 = 7").await;
            }
            _ => self.at_last("ALTER TABLE t DISABLE TRIGGER ALL; ALTER TABLE t ENABLE TRIGGER ALL").await,
        }
    }

    /// Tries until the lock is had shortly.
    async fn at_last(&self, sql: &str) {
        let client = self.db.client().await;
        client.batch_execute("SET lock_timeout = '300ms'").await.unwrap();
        while let Err(error) = client.batch_execute(sql).await {
            assert_eq!(error.code(), Some(&SqlState::LOCK_NOT_AVAILABLE), "{sql}: {error:?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What was changed under it cannot be gone on with: all of ours is removed. What was paused goes on.
    async fn mend(&self, said: &Said) {
        if said.err.contains("paused by") {
            drop(self.straight.run(&["resume", "t"]).await);
        }
        if said.err.contains("changed while") || said.err.contains("QD-0") || said.err.contains("differs") {
            let aborted = self.straight.run(&["abort", "t", "--yes", "t"]).await;
            eprintln!("abort: {} {}", aborted.code, aborted.err);
        }
    }

    /// The way back, until it is gone.
    async fn go_back(&self) {
        for _ in 0..5 {
            let said = self.straight.run(&["reverse", "t", "--yes", "t", "--lock-budget", "400"]).await;
            assert_ne!(said.code, 4, "a difference: {said:?}");
            if said.code == 0 {
                return;
            }
            eprintln!("reverse: {} {}", said.code, said.err);
        }
    }

    /// Nobody does any harm any more: it comes to its end, while the application goes on.
    async fn calm(&self) {
        let mut all = Vec::new();
        for _ in 0..8 {
            let said = self.straight.run(&SWAPPED).await;
            assert_ne!(said.code, 4, "a difference: {said:?}");
            if said.code == 0 {
                return;
            }
            self.mend(&said).await;
            all.push(said);
        }
        panic!("it never came to its end: {all:#?}");
    }

    /// Every row is there: in the partitioned table, in the old one, and when all of ours is removed.
    async fn account(&self) {
        const DIFFERENCE: &str =
            "SELECT count(*) FROM ((TABLE t EXCEPT ALL TABLE o) UNION ALL (TABLE o EXCEPT ALL TABLE t)) d";
        const ORPHANS: &str = "SELECT count(*) FROM t WHERE NOT EXISTS (SELECT FROM p WHERE p.id = t.p)";
        let kind = "SELECT relkind FROM pg_class WHERE oid = 't'::regclass";
        assert_eq!(self.db.value(kind).await, "p");
        assert_eq!(self.db.value(DIFFERENCE).await, "0");
        self.straight.done(&["verify", "t"]).await;
        self.straight.done(&["reverse", "t", "--yes", "t", "--lock-budget", "400"]).await;
        assert_eq!(self.db.value(kind).await, "r");
        assert_eq!(self.db.value(DIFFERENCE).await, "0");
        self.straight.done(&["abort", "t", "--yes", "t"]).await;
        assert_eq!(self.db.value(DIFFERENCE).await, "0");
        assert_eq!(self.db.value(ORPHANS).await, "0");
        assert_eq!(self.db.value("SELECT count(*) FROM pg_trigger WHERE tgname ~ 'quarterdeck'").await, "0");
        assert_eq!(
            self.db.value("SELECT count(*) FROM pg_class WHERE relname ~ '^t_(old|twin|20|default)'").await,
            "0"
        );
    }
}
