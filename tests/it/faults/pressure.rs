//! The locks under pressure: 500 transactions a second, one who writes and stays, one who reads and forgets to end, and an
//! autovacuum that is always there.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};

use tokio::task::JoinHandle;

use crate::{
    commands::tool::{TABLE, Tool},
    online::Shop,
    support::{Db, server},
};

const BUDGET_MS: u64 = 400;

const ATTEMPTS: &str = "SELECT count(*) FROM quarterdeck.event WHERE body->>'event' = 'lock_attempt'";

/// Attempts of a step that the journal has as lost.
async fn lost(db: &Db, step: &str) -> u32 {
    if db.value("SELECT to_regclass('quarterdeck.event')").await == "-" {
        return 0;
    }
    let lost = format!("{ATTEMPTS} AND body->>'step' = '{step}' AND body->>'won' = 'false'");
    db.value(&lost).await.parse().unwrap()
}

/// Looks, and what of that was found.
struct Others {
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
    /// Looks that found an autovacuum of the table.
    vacuums: Arc<AtomicU32>,
    /// Transactions that held the table longer than any attempt waits.
    held: Arc<AtomicU32>,
}

impl Others {
    async fn start(db: &Db) -> Self {
        let (stop, vacuums, held) = <(Arc<AtomicBool>, Arc<AtomicU32>, Arc<AtomicU32>)>::default();
        let (hog, look) = (db.client().await, db.client().await);
        hog.batch_execute("SET application_name = 'billing'").await.unwrap();
        let hogging = {
            let (stop, held) = (Arc::clone(&stop), Arc::clone(&held));
            tokio::spawn(async move {
                const WRITE: &str = "BEGIN; INSERT INTO chat_messages SELECT (jsonb_populate_record(m, \
                    jsonb_build_object('id', gen_random_uuid()))).* FROM chat_messages m LIMIT 1";
                while !stop.load(Ordering::Relaxed) {
                    hog.batch_execute(WRITE).await.unwrap();
                    hog.batch_execute("SELECT pg_sleep(0.7); ROLLBACK; SELECT pg_sleep(0.7)").await.unwrap();
                    held.fetch_add(1, Ordering::Relaxed);
                }
            })
        };
        let looking = {
            let (stop, vacuums) = (Arc::clone(&stop), Arc::clone(&vacuums));
            tokio::spawn(async move {
                const LOOK: &str = "SELECT count(*) FROM pg_stat_activity a JOIN pg_locks l USING (pid) \
                    WHERE a.backend_type = 'autovacuum worker' AND l.relation = 'chat_messages'::regclass AND l.granted";
                while !stop.load(Ordering::Relaxed) {
                    // Of the table that has the name, which during the exchange nobody sees.
                    let found: i64 = look.query_one(LOOK, &[]).await.unwrap().get(0);
                    vacuums.fetch_add(u32::from(found > 0), Ordering::Relaxed);
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            })
        };
        Self { stop, tasks: vec![hogging, looking], vacuums, held }
    }

    async fn stop(self) -> (u32, u32) {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        (self.vacuums.load(Ordering::Relaxed), self.held.load(Ordering::Relaxed))
    }
}

/// Issue 5's lock protocol: no statement of the application fails, and what is in the way is named by each attempt that it
/// cost. How long attempts made writers wait is printed: the machine's own pauses come on top of the budget.
#[tokio::test(flavor = "multi_thread")]
async fn locks_are_taken_under_pressure_and_nobody_fails() {
    let server = server::all()[0].another();
    let shop = Shop::open(server, 60_000, 500).await;
    shop.db.sql("ALTER SYSTEM SET autovacuum_naptime = 1").await;
    shop.db.sql("SELECT pg_reload_conf()").await;
    shop.db
        .sql(
            "ALTER TABLE chat_messages SET (autovacuum_vacuum_threshold = 1, autovacuum_vacuum_scale_factor = 0,
                 autovacuum_vacuum_cost_delay = 20, autovacuum_vacuum_cost_limit = 20)",
        )
        .await;
    let others = Others::start(&shop.db).await;
    let (tool, budget) = (Tool::on(&shop.db), BUDGET_MS.to_string());
    let reader = shop.db.client().await;
    reader.batch_execute("SET application_name = 'reporting'").await.unwrap();
    for way in ["swap", "reverse"] {
        reader.batch_execute("BEGIN; SELECT FROM chat_messages LIMIT 1").await.unwrap();
        let run: &[&str] = if way == "swap" { &["run", TABLE, "--until", "swapped"] } else { &[way, TABLE] };
        let run = tool.start_plain(&[run, &["--yes", TABLE, "--lock-budget", &budget]].concat());
        let blocked = async { while lost(&shop.db, way).await < 3 {} };
        tokio::time::timeout(Duration::from_mins(3), blocked).await.expect("three attempts are lost");
        reader.batch_execute("COMMIT").await.unwrap();
        let ended = run.end().await;
        assert_eq!(ended.code, 0, "{ended:#?}");
    }
    let (vacuums, held) = others.stop().await;
    assert!(vacuums > 0 && held > 3, "{vacuums} looks found a vacuum, {held} times held");
    for who in ["(reporting)", "(billing)"] {
        let named = format!("{ATTEMPTS} AND strpos(body->>'blocker', '{who}') > 0");
        assert_ne!(shop.db.value(&named).await, "0", "{who} was never named");
    }
    let longest =
        "SELECT max((body->>'held_ms')::int) FROM quarterdeck.event WHERE body->>'event' = 'lock_attempt'";
    let longest: u64 = shop.db.value(longest).await.parse().unwrap();
    let attempts = shop.db.value(ATTEMPTS).await;
    eprintln!("{attempts} attempts, the longest {longest} ms, {vacuums} looks found a vacuum");
    shop.close().await;
}
