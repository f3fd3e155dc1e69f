//! The demo's rows: as many as asked, the same for the same seed, over all the time they should span.

use chrono::{DateTime, Utc};
use quarterdeck::demo::{
    data::{self, Login, Options},
    oracle,
};

use crate::support::{self, Db, schema};

fn now() -> DateTime<Utc> {
    "2026-02-14T09:30:00Z".parse().unwrap()
}

fn options(db: &Db, rows: u32, seed: u32) -> Options {
    // Roles are the server's, databases the test's: each test has an application role of its own.
    let app = Login { role: format!("app_{}", db.name()), password: "secret".into() };
    Options { rows, seed, now: now(), app }
}

async fn fingerprint(db: &Db) -> String {
    db.value("SELECT count(*), sum(hashtextextended(m::text, 0)) FROM chat_messages m").await
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_are_as_many_as_asked_in_rough_order_and_spread_over_all_quarters() {
    support::on_each_server(async |server| {
        let db = server.database("rows").await;
        let options = options(&db, 20_000, 7);
        let told = std::sync::Mutex::new(Vec::new());
        data::make(&db.session().await, &options, &|rows| told.lock().unwrap().push(rows)).await.unwrap();

        assert_eq!(*told.lock().unwrap(), [20_000]);
        assert_eq!(db.value("SELECT count(*) FROM chat_messages").await, "20000");
        let quarters = "SELECT count(DISTINCT date_trunc('quarter', created_at, 'UTC')) FROM chat_messages";
        assert_eq!(db.value(quarters).await, "9", "2024 Q1 to 2026 Q1");
        let bounds = "SELECT min(created_at) >= '2024-01-01+00', max(created_at) <= '2026-02-14 09:30+00',
                             max(greatest(updated_at, deleted_at)) <= '2026-02-14 09:30+00' FROM chat_messages";
        assert_eq!(db.value(bounds).await, "t|t|t");
        let correlation = "SELECT correlation > 0.95 FROM pg_stats WHERE tablename = 'chat_messages' AND attname = 'created_at'";
        assert_eq!(db.value(correlation).await, "t", "analysed, and in rough order of time");
        let uuids = "SELECT bool_and(id::text ~ '^.{14}4.{4}[89ab]') FROM chat_messages";
        assert_eq!(db.value(uuids).await, "t", "version 4");
        let kinds = "SELECT count(*) FILTER (WHERE content = '') > 0, count(*) FILTER (WHERE price IS NULL) > 0,
                            count(DISTINCT scale(price)) > 3, count(DISTINCT role) FROM chat_messages";
        assert_eq!(db.value(kinds).await, "t|t|t|4");
        let dump = schema::schema_dump(&db, "public.chat_messages").await;
        for part in ["ON DELETE CASCADE", "WHERE (deleted_at IS NOT NULL)", "view public.live_messages", "comment on table"] {
            assert!(dump.contains(part), "{part}\n{dump}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_makes_the_same_rows_on_every_version_and_another_seed_others() {
    let mut seen = Vec::new();
    for server in support::server::all() {
        let db = server.database("seed").await;
        data::make(&db.session().await, &options(&db, 3_000, 1), &|_| ()).await.unwrap();
        seen.push(fingerprint(&db).await);
    }
    seen.dedup();
    assert_eq!(seen.len(), 1, "{seen:?}");
    let db = support::database("seed").await;
    data::make(&db.session().await, &options(&db, 3_000, 2), &|_| ()).await.unwrap();
    assert_ne!(fingerprint(&db).await, seen[0]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_role_reads_and_writes_and_owns_nothing() {
    let db = support::database("role").await;
    let options = options(&db, 100, 1);
    data::make(&db.session().await, &options, &|_| ()).await.unwrap();
    let conninfo = db.conninfo_as(&options.app.role, &options.app.password);
    let (client, connection) = tokio_postgres::connect(&conninfo, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    assert_eq!(client.execute("UPDATE chat_messages SET content = 'x'", &[]).await.unwrap(), 100);
    assert!(client.batch_execute("ALTER TABLE chat_messages ADD x int").await.is_err());
    assert!(client.batch_execute("CREATE SCHEMA mine").await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_oracle_tells_every_planted_difference() {
    support::on_each_server(async |server| {
        let db = server.database("oracle").await;
        let options = options(&db, 500, 3);
        let session = db.session().await;
        data::make(&session, &options, &|_| ()).await.unwrap();
        oracle::make(&session, &options.app).await.unwrap();
        assert_eq!(oracle::difference(&session).await.unwrap(), 0);
        db.sql("UPDATE chat_messages SET price = 1.0, actions = '{\"n\": 1.0}' WHERE id = (SELECT min(id::text)::uuid FROM chat_messages);
                UPDATE demo_oracle.chat_messages_oracle o SET price = c.price, actions = c.actions FROM chat_messages c WHERE c.id = o.id")
            .await;
        assert_eq!(oracle::difference(&session).await.unwrap(), 0);
        let first = "WHERE id = (SELECT min(id::text)::uuid FROM chat_messages)";
        for (fault, rows) in [
            (format!("UPDATE chat_messages SET price = 1.00 {first}"), 2),
            (format!("UPDATE chat_messages SET actions = '{{\"n\": 1.00}}' {first}"), 2),
            (format!("UPDATE chat_messages SET content = content || ' ' {first}"), 2),
            (format!("UPDATE chat_messages SET created_at = created_at + interval '1 microsecond' {first}"), 2),
            (format!("DELETE FROM chat_messages {first}"), 1),
            (format!("DELETE FROM demo_oracle.chat_messages_oracle {first}"), 1),
            (
                format!("ALTER TABLE chat_messages DROP CONSTRAINT chat_messages_pkey;
                         INSERT INTO chat_messages SELECT * FROM chat_messages {first}"),
                1,
            ),
        ] {
            let mut session = db.session().await;
            let tx = session.begin().await.unwrap();
            tx.batch("plant", &format!("SET LOCAL search_path = public; {fault}")).await.unwrap();
            let sql = include_str!("../../../assets/demo/difference.sql");
            let found: i64 = tx.query_one("compare", sql, &[]).await.unwrap().get(0);
            assert_eq!(found, rows, "{fault}");
        }
        assert_eq!(oracle::difference(&session).await.unwrap(), 0);
    })
    .await;
}
