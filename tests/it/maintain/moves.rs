//! Rows leave DEFAULT while the application works, and nobody misses one.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use super::{PATIENT, quarter, shop};
use crate::{
    commands::tool::Tool,
    support::{Db, on_each_server, server},
};

/// Counts known rows again and again, as READ COMMITTED statements and in transactions of their own snapshot.
async fn reader(db: &Db, sql: &str, done: Arc<AtomicBool>) -> u32 {
    let mut client = db.client().await;
    let mut looks = 0;
    while !done.load(Ordering::Relaxed) {
        let rows: i64 = client.query_one(sql, &[]).await.unwrap().get(0);
        assert_eq!(rows, 3000, "a reader missed rows");
        let tx = client
            .build_transaction()
            .isolation_level(tokio_postgres::IsolationLevel::RepeatableRead)
            .start()
            .await
            .unwrap();
        let (first, again): (i64, i64) =
            (tx.query_one(sql, &[]).await.unwrap().get(0), tx.query_one(sql, &[]).await.unwrap().get(0));
        assert_eq!((first, again), (3000, 3000), "a reader in a snapshot missed rows");
        tx.commit().await.unwrap();
        looks += 1;
    }
    looks
}

/// Writes rows of now, which go to DEFAULT until there is a partition for them; how many.
async fn writer(db: &Db, done: Arc<AtomicBool>) -> u64 {
    let client = db.client().await;
    let mut rows = 0;
    while !done.load(Ordering::Relaxed) {
        rows += client.execute("INSERT INTO m (id, created_at, body, author) VALUES (gen_random_uuid(), now(), 'written', 2)", &[]).await.unwrap();
        client.execute("UPDATE m SET author = 5 WHERE body = 'lonely'", &[]).await.unwrap();
    }
    rows
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_misses_a_row_that_moves() {
    on_each_server(async |server| {
        let db = server.database("moves").await;
        shop(&db).await;
        db.sql("DROP TRIGGER loud ON m; CREATE TABLE gone (n int); CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO gone VALUES (1); RETURN NULL; END $$;
                CREATE TRIGGER note AFTER DELETE ON m FOR EACH ROW EXECUTE FUNCTION note()").await;
        let done = Arc::new(AtomicBool::new(false));
        let (now, to, suffix) = quarter(0);
        let sql = format!("SELECT count(*) FROM m WHERE created_at >= {now} AND created_at < {to} AND body LIKE 'now%'");
        let tool = Tool::on(&db);
        let work = async {
            let out = tool.done(&[&["maintain", "m"], &PATIENT[..]].concat()).await;
            done.store(true, Ordering::Relaxed);
            out
        };
        let (out, written, a, b) = tokio::join!(work, writer(&db, done.clone()), reader(&db, &sql, done.clone()), reader(&db, &sql, done.clone()));
        assert!(out.contains("moved out of DEFAULT 2"), "{out}");
        assert!(a > 0 && b > 0 && written > 0);
        assert_eq!(db.value("SELECT count(*) FROM m").await, (4002 + written).to_string());
        assert_eq!(db.value(&format!("SELECT count(*) FROM m_{suffix}")).await, (3000 + written).to_string());
        assert_eq!(db.value("SELECT count(*) FROM gone").await, "0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_snapshot_is_waited_for() {
    let db = server::database("moves_snapshot").await;
    shop(&db).await;
    let reader = db.client().await;
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM author").await.unwrap();
    let tool = Tool::on(&db);
    let run = tool.start_plain(&[&["maintain", "m"], &PATIENT[..]].concat());
    // It tries, and gives way each time.
    let tried = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'quarterdeck lock watch%' AND datname = current_database()";
    while db.value(tried).await != "1" {}
    let (now, to, _) = quarter(0);
    let rows = reader
        .query_one(&format!("SELECT count(*) FROM m WHERE created_at >= {now} AND created_at < {to}"), &[])
        .await
        .unwrap();
    assert_eq!(rows.get::<_, i64>(0), 3000);
    reader.batch_execute("COMMIT").await.unwrap();
    let said = run.end().await;
    assert_eq!(said.code, 0, "{said:?}");
    assert_eq!(db.value("SELECT count(*) FROM m_default").await, "1");
}

/// More than the lock budget allows: nothing is changed, everything else is done, and it is said what helps.
#[tokio::test(flavor = "multi_thread")]
async fn what_takes_too_long_is_left_alone() {
    let db = server::database("moves_slow").await;
    shop(&db).await;
    // As slow as millions of rows: each one that is moved takes a while.
    db.sql("CREATE FUNCTION slow(text) RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.001); RETURN $1; END $$; CREATE INDEX ON m (slow(body))").await;
    let tool = Tool::on(&db);
    let said = tool.run(&["maintain", "m", "--lock-budget", "100"]).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err.contains("is too large to be worked on within 100 ms of lock")
            && said.err.contains("--strategy repartition"),
        "{said:?}"
    );
    let (now, next) = (quarter(0).2, quarter(1).2);
    assert!(said.out.contains("made 2") && said.out.contains("1 failed"), "{said:?}");
    let there = format!("SELECT to_regclass('m_{now}') IS NULL AND to_regclass('m_{next}') IS NOT NULL");
    assert_eq!(db.value(&there).await, "t");
    assert_eq!(db.value("SELECT count(*) FROM m_default").await, "3002");
}
