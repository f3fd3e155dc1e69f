//! The online conversion, driven through the engine as the command line drives it.

use std::time::Duration;

use quarterdeck::{
    demo::{
        data::{self, Login},
        oracle,
        traffic::{self, Traffic},
    },
    engine::{
        command::{Asker, Command},
        context::{Options, Until},
        event::Body,
        launch,
        plan::plan,
        worker::{self, End},
    },
    model::{phase::Phase, plan::Request, throttle::Limits},
    pg::{Target, owner::Claim},
};
use uuid::Uuid;

use crate::support::{self, Db, schema::schema_dump, server::Server};

pub(crate) fn options(until: Until, first: Option<Command>) -> Options {
    Options {
        until,
        first,
        asker: Asker { role: "postgres".into(), from: "test@here".into(), face: "test".into() },
        claim: Claim::IfFree,
        workers: None,
        // A budget that a machine busy with other tests keeps too.
        lock_budget: Duration::from_millis(400),
        verify_max_age: Duration::from_hours(1),
    }
}

/// Journals a migration of `table`.
pub(crate) async fn launch(db: &Db, table: &str) -> Uuid {
    let session = db.session().await;
    let scheme = plan(&session, &Request::of(table)).await.unwrap().scheme;
    launch::journal(&db.target(), &scheme, 2, &Limits::default()).await.unwrap();
    scheme.id
}

/// Runs a worker to its end; what it said is printed where it fails.
pub(crate) async fn run(db: &Db, migration: Uuid, options: Options) -> quarterdeck::Result<End> {
    let session = db.session().await;
    let picture = launch::first_picture(&session, migration).await.unwrap();
    let mut worker = worker::start(db.target(), migration, options, picture);
    while let Some(event) = worker.link.events.recv().await {
        eprintln!("{} {:?}", event.seq, event.body);
        if matches!(event.body, Body::Closed { .. }) {
            break;
        }
    }
    worker.end.await.unwrap()
}

/// A shop with rows, an oracle and traffic that is always on.
pub(crate) struct Shop {
    pub(crate) db: Db,
    pub(crate) traffic: Traffic,
}

impl Shop {
    pub(crate) async fn open(server: &'static Server, rows: u32, tps: u32) -> Self {
        let db = server.database("shop").await;
        let app = app(&db);
        let session = db.session().await;
        let now = chrono::Utc::now();
        data::make(&session, &data::Options { rows, seed: 7, now, app: app.clone() }, &|_| ()).await.unwrap();
        oracle::make(&session, &app).await.unwrap();
        let traffic = traffic(&db, tps, 3).await;
        Self { db, traffic }
    }

    /// Stops the traffic; nothing of the application failed, and the table that owns the name equals the oracle.
    pub(crate) async fn close(self) -> Db {
        let tally = self.traffic.stop().await;
        assert_eq!(tally.failed, Vec::<String>::new());
        assert!(tally.transactions > 0);
        eprintln!(
            "{} application transactions, p99 {:.1} ms, longest {:.1} ms",
            tally.transactions,
            tally.p99_ms(),
            tally.longest_ms()
        );
        assert_eq!(oracle::difference(&self.db.session().await).await.unwrap(), 0);
        self.db
    }
}

/// The role of a shop's application.
fn app(db: &Db) -> Login {
    Login { role: format!("app_{}", db.name()), password: "secret".into() }
}

async fn traffic(db: &Db, tps: u32, seed: u32) -> Traffic {
    let app = app(db);
    let target = Target::parse(&db.conninfo_as(&app.role, &app.password)).unwrap();
    let options = traffic::Options { tps, workers: 4, seed, transactions: None };
    Traffic::start(&target, &options).await.unwrap()
}

/// Rows that only one of two tables has; sound only while nobody writes.
pub(crate) async fn difference(db: &Db, one: &str, other: &str) -> String {
    db.value(&format!(
        "SELECT count(*) FROM ((SELECT m::text FROM {one} m EXCEPT ALL SELECT m::text FROM {other} m) \
         UNION ALL (SELECT m::text FROM {other} m EXCEPT ALL SELECT m::text FROM {one} m)) d"
    ))
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_table_becomes_ready_and_the_twin_follows_it() {
    support::on_each_server(async |server| {
        let shop = Shop::open(server, 20_000, 200).await;
        let id = launch(&shop.db, "chat_messages").await;
        let end = run(&shop.db, id, options(Until::Ready, None)).await.unwrap();
        assert_eq!(end, End::Reached(Phase::Ready));
        let db = shop.close().await;
        // Without an owner the log only grows; the next one drains it and finds both sides equal.
        let end = run(&db, id, options(Until::Asked, Some(Command::Verify))).await.unwrap();
        assert_eq!(end, End::Done);
        assert_eq!(db.value(&format!("SELECT count(*) FROM {}", log(id))).await, "0");
        assert_eq!(difference(&db, "chat_messages", "chat_messages_twin").await, "0");
    })
    .await;
}

/// The capture log of a migration.
pub(crate) fn log(id: Uuid) -> String {
    let hex = id.simple().to_string();
    format!("quarterdeck.log_{}", &hex[hex.len() - 12..])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_busy_table_is_swapped_reversed_swapped_again_and_finished() {
    support::on_each_server(async |server| {
        let shop = Shop::open(server, 10_000, 20).await;
        let id = launch(&shop.db, "chat_messages").await;
        let end = run(&shop.db, id, options(Until::Swapped, None)).await.unwrap();
        assert_eq!(end, End::Reached(Phase::ReverseWindow));
        assert_eq!(shop.db.value(KIND).await, "p");
        run(&shop.db, id, options(Until::Asked, Some(Command::Reverse { move_rows: false }))).await.unwrap();
        assert_eq!(shop.db.value(KIND).await, "r");
        run(&shop.db, id, options(Until::Asked, Some(Command::Swap))).await.unwrap();
        let end = run(&shop.db, id, options(Until::Finished, None)).await.unwrap();
        assert_eq!(end, End::Reached(Phase::Finished));
        let db = shop.close().await;
        let key = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = 'chat_messages'::regclass AND contype = 'p'";
        assert_eq!(db.value(key).await, "PRIMARY KEY (id, created_at)");
        assert_eq!(db.value("SELECT count(*) FROM chat_messages_default").await, "0");
        let unvalidated = "SELECT count(*) FROM pg_constraint WHERE conrelid = 'chat_messages'::regclass AND NOT convalidated";
        assert_eq!(db.value(unvalidated).await, "0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_in_any_phase_leaves_the_table_as_it_was() {
    support::on_each_server(async |server| {
        let shop = Shop::open(server, 5_000, 20).await;
        let before = schema_dump(&shop.db, "public.chat_messages").await;
        for until in [Until::Ready, Until::Swapped] {
            let id = launch(&shop.db, "chat_messages").await;
            run(&shop.db, id, options(until, None)).await.unwrap();
            if until == Until::Swapped {
                let refused = run(&shop.db, id, options(Until::Asked, Some(Command::Abort))).await;
                assert_eq!(refused.unwrap_err().exit_code(), 3, "after the swap: reverse first");
                run(&shop.db, id, options(Until::Asked, Some(Command::Reverse { move_rows: false })))
                    .await
                    .unwrap();
            }
            let end = run(&shop.db, id, options(Until::Asked, Some(Command::Abort))).await.unwrap();
            assert_eq!(end, End::Aborted);
            assert_eq!(schema_dump(&shop.db, "public.chat_messages").await, before);
        }
        shop.close().await;
    })
    .await;
}

const KIND: &str = "SELECT relkind FROM pg_class WHERE oid = 'public.chat_messages'::regclass";
