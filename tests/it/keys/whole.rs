//! Conversions from plan to swap and back under traffic, for each clock: the oracle is equal, and a query by id prunes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use quarterdeck::{
    engine::{command::Command, context::Until, launch, plan::plan, worker::End},
    model::{period::Every, phase::Phase, plan::Request, throttle::Limits},
};
use tokio::{task::JoinHandle, time::MissedTickBehavior};
use uuid::Uuid;

use super::IDS;
use crate::{
    online::{difference, options, run},
    support::{self, Db},
};

/// A table `t` and an oracle of it, which one application writes.
struct Case {
    /// Columns of `t`; `body text` is behind them.
    columns: &'static str,
    /// Their values in a row of the moment `at`.
    values: &'static str,
    /// What else is done to some rows, and may move them to other leaves.
    moves: &'static str,
    /// The plan.
    request: fn() -> Request,
    /// The clock, as it is journalled.
    clock: &'static str,
    /// The primary key of the partitioned table.
    key: &'static str,
}

const IDS_STAY: &str = "SELECT";

fn by(column: &str) -> Request {
    Request { by: Some(column.into()), every: Every::Month, ..Request::of("t") }
}

const CASES: &[Case] = &[
    Case {
        columns: "id uuid PRIMARY KEY, at timestamp NOT NULL",
        values: "gen_random_uuid(), at AT TIME ZONE 'UTC'",
        moves: "UPDATE t SET at = now() AT TIME ZONE 'UTC' - random() * interval '100 days' WHERE id IN ({some}) RETURNING t.*",
        request: || Request { every: Every::Month, ..Request::of("t") },
        clock: "timestamp",
        key: "PRIMARY KEY (id, at)",
    },
    Case {
        columns: "id uuid PRIMARY KEY, day date NOT NULL",
        values: "gen_random_uuid(), (at AT TIME ZONE 'UTC')::date",
        moves: "UPDATE t SET day = current_date - (random() * 100)::int WHERE id IN ({some}) RETURNING t.*",
        request: || by("day"),
        clock: "date",
        key: "PRIMARY KEY (id, day)",
    },
    Case {
        columns: "id uuid PRIMARY KEY, at timestamptz NOT NULL",
        values: "gen_random_uuid(), at",
        moves: "UPDATE t SET at = now() - random() * interval '100 days' WHERE id IN ({some}) RETURNING t.*",
        request: || Request { zone: "America/Sao_Paulo".parse().unwrap(), ..by("at") },
        clock: "timestamptz",
        key: "PRIMARY KEY (id, at)",
    },
    Case {
        columns: "id uuid PRIMARY KEY, created_at timestamptz NOT NULL",
        values: "v7(at), at",
        moves: IDS_STAY,
        request: || by("id"),
        clock: "uuidv7",
        key: "PRIMARY KEY (id)",
    },
    Case {
        columns: "id bigint PRIMARY KEY",
        values: "twitter(at)",
        moves: IDS_STAY,
        request: || by("id"),
        clock: "twitter",
        key: "PRIMARY KEY (id)",
    },
    Case {
        columns: "ms bigint PRIMARY KEY, created_at timestamptz NOT NULL",
        values: "ms(at), at",
        moves: IDS_STAY,
        request: || Request { clock: Some("epoch-ms".parse().unwrap()), ..by("ms") },
        clock: "epoch-ms",
        key: "PRIMARY KEY (ms)",
    },
];

impl Case {
    /// The application's one kind of transaction, as one statement: each table is written what the other one is.
    fn transaction(&self) -> String {
        let key = self.columns.split(' ').next().unwrap();
        let some = format!("SELECT {key} FROM t ORDER BY {key} OFFSET (random() * 2000)::int LIMIT 2");
        let moved = if self.moves == IDS_STAY {
            format!("UPDATE t SET body = body || '!' WHERE {key} IN ({some}) RETURNING t.*")
        } else {
            self.moves.replace("{some}", &some)
        };
        format!(
            "BEGIN;
             WITH new AS (INSERT INTO t SELECT {values}, 'new' FROM (SELECT clock_timestamp() AS at) s
                          ON CONFLICT DO NOTHING RETURNING *)
             INSERT INTO oracle SELECT * FROM new;
             WITH changed AS (UPDATE t SET body = body || '.' WHERE {key} IN ({some}) RETURNING t.*),
                  gone AS (DELETE FROM oracle o USING changed c WHERE o.{key} = c.{key})
             INSERT INTO fresh SELECT * FROM changed;
             INSERT INTO oracle SELECT * FROM fresh; TRUNCATE fresh;
             WITH changed AS ({moved}), gone AS (DELETE FROM oracle o USING changed c WHERE o.{key} = c.{key})
             INSERT INTO fresh SELECT * FROM changed;
             INSERT INTO oracle SELECT * FROM fresh; TRUNCATE fresh;
             WITH gone AS (DELETE FROM t WHERE {key} = (SELECT {key} FROM t ORDER BY {key} OFFSET (random() * 1000)::int LIMIT 1) RETURNING {key})
             DELETE FROM oracle o USING gone g WHERE o.{key} = g.{key};
             COMMIT",
            values = self.values,
        )
    }

    async fn make(&self, db: &Db) {
        db.sql(IDS).await;
        db.sql(&format!(
            "CREATE TABLE t ({}, body text);
             INSERT INTO t SELECT {}, repeat('x', 100) FROM
                 (SELECT date_trunc('second', now()) - n * interval '1 hour' AS at FROM generate_series(1, 2500) n) s;
             CREATE TABLE oracle (LIKE t INCLUDING INDEXES); INSERT INTO oracle SELECT * FROM t; ANALYZE t",
            self.columns, self.values
        ))
        .await;
    }
}

/// Writes, fifty times a second, until it is told to stop; returns how many transactions there were.
async fn traffic(db: &Db, case: &Case, stop: Arc<AtomicBool>) -> JoinHandle<usize> {
    let client = db.client().await;
    client.batch_execute("CREATE TEMP TABLE fresh (LIKE t)").await.unwrap();
    let transaction = case.transaction();
    tokio::spawn(async move {
        let (mut done, mut pace) = (0, tokio::time::interval(Duration::from_millis(20)));
        pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while !stop.load(Ordering::Relaxed) {
            if let Err(error) = client.batch_execute(&transaction).await {
                panic!("the application failed: {error:?}");
            }
            done += 1;
            pace.tick().await;
        }
        done
    })
}

async fn journalled(db: &Db, case: &Case) -> Uuid {
    let scheme = plan(&db.session().await, &(case.request)()).await.unwrap_or_else(|e| panic!("{e}")).scheme;
    assert_eq!(scheme.clock.to_string(), case.clock);
    launch::journal(&db.target(), &scheme, 2, &Limits::default()).await.unwrap();
    scheme.id
}

/// A row that is known by its key is looked for in one leaf, or, where the key does not tell the leaf, with its time.
async fn prunes(db: &Db, case: &Case) {
    let key = case.columns.split(' ').next().unwrap();
    let id = db.value(&format!("SELECT {key} FROM t ORDER BY {key} DESC LIMIT 1")).await;
    let plan = db.rows(&format!("EXPLAIN (COSTS OFF) SELECT * FROM t WHERE {key} = '{id}'")).await;
    let scans = plan.iter().filter(|line| line.contains(" Scan ") || line.starts_with("Index Scan")).count();
    if case.key.contains(',') {
        assert!(scans > 4, "a key without its time is looked for everywhere: {plan:?}");
    } else {
        assert!(scans == 1 && plan.len() == 2, "{plan:?}");
    }
}

async fn converted(db: &Db, case: &Case) {
    case.make(db).await;
    let stop = Arc::new(AtomicBool::new(false));
    let traffic = traffic(db, case, Arc::clone(&stop)).await;
    let id = journalled(db, case).await;
    let end =
        run(db, id, options(Until::Swapped, None)).await.unwrap_or_else(|e| panic!("{}: {e}", case.clock));
    assert_eq!(end, End::Reached(Phase::ReverseWindow));
    let key = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 't'::regclass AND contype = 'p'";
    assert_eq!(db.value(key).await, case.key);
    prunes(db, case).await;
    let end = run(db, id, options(Until::Asked, Some(Command::Reverse { move_rows: false }))).await.unwrap();
    assert_eq!(end, End::Done);
    stop.store(true, Ordering::Relaxed);
    assert!(traffic.await.unwrap() > 0);
    // The next owner drains what was written last, and finds both sides equal.
    run(db, id, options(Until::Asked, Some(Command::Verify))).await.unwrap();
    assert_eq!(difference(db, "t", "oracle").await, "0", "{}", case.clock);
    assert_eq!(difference(db, "t", "t_twin").await, "0", "{}", case.clock);
    assert_eq!(db.value("SELECT count(*) FROM t_default").await, "0", "{}", case.clock);
    run(db, id, options(Until::Asked, Some(Command::Swap))).await.unwrap();
    assert_eq!(difference(db, "t", "oracle").await, "0", "{}", case.clock);
}

#[tokio::test(flavor = "multi_thread")]
async fn every_clock_is_converted_and_given_back_under_traffic() {
    support::on_each_server(async |server| {
        for case in CASES {
            let db = server.database("clock").await;
            converted(&db, case).await;
        }
    })
    .await;
}
