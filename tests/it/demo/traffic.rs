//! The demo's traffic: no statement of it fails on a table that is let alone, the oracle stays equal, and what goes
//! wrong with the table is counted.

use std::time::Duration;

use quarterdeck::{
    demo::{
        data::{self, Login},
        oracle,
        traffic::{Options, Traffic},
    },
    pg::{Session, Target},
};

use crate::support::{self, Db, server::Server};

/// A database with rows and an oracle; its application's target; a session.
async fn shop(server: &'static Server, rows: u32) -> (Db, Target, Session) {
    let db = server.database("shop").await;
    let app = Login { role: format!("app_{}", db.name()), password: "secret".into() };
    let session = db.session().await;
    let now = chrono::Utc::now();
    data::make(&session, &data::Options { rows, seed: 5, now, app: app.clone() }, &|_| ()).await.unwrap();
    oracle::make(&session, &app).await.unwrap();
    let target = Target::parse(&db.conninfo_as(&app.role, &app.password)).unwrap();
    (db, target, session)
}

fn bounded(transactions: u64) -> Options {
    Options { tps: 100_000, workers: 4, seed: 11, transactions: Some(transactions) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_let_alone_stays_equal_to_the_oracle_and_nothing_fails() {
    support::on_each_server(async |server| {
        let (db, target, session) = shop(server, 5_000).await;
        let traffic = Traffic::start(&target, &bounded(1_500)).await.unwrap();
        let beside = oracle::difference(&session).await.unwrap();
        let tally = traffic.ended().await;
        assert_eq!(tally.failed, Vec::<String>::new());
        assert_eq!((tally.transactions, beside), (1_500, 0));
        assert_eq!(oracle::difference(&session).await.unwrap(), 0);
        assert!(tally.statements > 1_500 * 4 && tally.p99_ms() > 0.0 && tally.longest_ms() >= tally.p99_ms());
        let events = "SELECT count(*) FILTER (WHERE kind = 'message.created') > 400, count(*) FILTER (WHERE kind = 'session.opened') > 0,
                             count(*) FILTER (WHERE kind = 'message.erased') > 0 FROM event_outbox WHERE id > 501";
        assert_eq!(db.value(events).await, "t|t|t");
        assert_eq!(
            db.value(
                "SELECT min(created_at) >= '2024-01-01+00', max(created_at) <= now() FROM chat_messages"
            )
            .await,
            "t|t"
        );
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_ends_every_connection_between_transactions() {
    let (db, target, session) = shop(&support::server::all()[0], 1_000).await;
    let traffic = Traffic::start(&target, &Options { tps: 400, ..Options::default() }).await.unwrap();
    let apps = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'chat-app%' AND datname = current_database()";
    assert_eq!(db.value(apps).await, "4");
    while traffic.tally().transactions < 50 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let tally = traffic.stop().await;
    assert_eq!(tally.failed, Vec::<String>::new());
    assert_eq!(oracle::difference(&session).await.unwrap(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_rows_and_failing_statements_are_counted_and_named() {
    let (db, target, session) = shop(&support::server::all()[0], 1_000).await;
    db.sql("DELETE FROM chat_messages WHERE ctid IN (SELECT ctid FROM chat_messages LIMIT 300)").await;
    let tally = Traffic::start(&target, &bounded(300)).await.unwrap().ended().await;
    assert!(tally.failed.iter().any(|f| f.contains("the oracle has")), "{:?}", tally.failed);
    assert!(oracle::difference(&session).await.unwrap() > 0);

    db.sql("ALTER TABLE chat_messages RENAME TO gone").await;
    let tally = Traffic::start(&target, &bounded(20)).await.unwrap().ended().await;
    assert_eq!((tally.transactions, tally.failures), (0, 20));
    assert!(
        tally.failed[0].starts_with("42P01 relation \"chat_messages\" does not exist"),
        "{:?}",
        tally.failed
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wait_for_a_lock_shows_as_the_longest_statement() {
    let (db, target, _session) = shop(&support::server::all()[0], 1_000).await;
    let traffic = Traffic::start(&target, &Options { tps: 400, ..Options::default() }).await.unwrap();
    db.sql("BEGIN; LOCK TABLE chat_messages IN ACCESS EXCLUSIVE MODE; SELECT pg_sleep(0.3); COMMIT").await;
    let tally = traffic.stop().await;
    assert_eq!(tally.failed, Vec::<String>::new());
    assert!(tally.longest_ms() > 200.0, "{} {}", tally.longest_ms(), tally.longest_statement());
    assert!(tally.longest_statement().contains("chat_messages"));
}
