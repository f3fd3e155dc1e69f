//! A partitioned table gets other periods while the application writes it: months for quarters, and back.

use quarterdeck::{
    engine::{command::Command, context::Until, launch, plan::plan, worker::End},
    model::{period::Every, phase::Phase, plan::Request, strategy::Strategy, throttle::Limits},
};
use uuid::Uuid;

use crate::{
    online::{Shop, options, run},
    support::{self, Db, schema::schema_dump},
};

const TABLE: &str = "chat_messages";

fn request(strategy: Strategy, every: Every) -> Request {
    Request { strategy, every, ..Request::of(TABLE) }
}

async fn start(db: &Db, strategy: Strategy, every: Every) -> Uuid {
    let session = db.session().await;
    let scheme = plan(&session, &request(strategy, every)).await.unwrap().scheme;
    launch::journal(&db.target(), &scheme, 2, &Limits::default()).await.unwrap();
    scheme.id
}

async fn told(db: &Db, migration: Uuid, command: Command) -> End {
    run(db, migration, options(Until::Asked, Some(command))).await.unwrap()
}

/// The partitions with their bounds, oldest first.
async fn bounds(db: &Db) -> Vec<String> {
    db.rows(
        "SELECT c.relname, pg_get_expr(c.relpartbound, c.oid) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
         WHERE i.inhparent = 'public.chat_messages'::regclass ORDER BY c.relname",
    )
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn months_become_quarters_and_months_again_under_traffic() {
    support::on_each_server(async |server| {
        let shop = Shop::open(server, 10_000, 50).await;
        let db = &shop.db;
        let id = start(db, Strategy::Online, Every::Month).await;
        assert_eq!(
            run(db, id, options(Until::Swapped, None)).await.unwrap(),
            End::Reached(Phase::ReverseWindow)
        );
        told(db, id, Command::Finish { drop_source: true }).await;
        let (months, before) = (bounds(db).await, schema_dump(db, "public.chat_messages").await);

        let id = start(db, Strategy::Repartition, Every::Quarter).await;
        assert_eq!(
            run(db, id, options(Until::Swapped, None)).await.unwrap(),
            End::Reached(Phase::ReverseWindow)
        );
        let quarters = bounds(db).await;
        assert!(quarters.len() * 2 < months.len(), "{months:#?} {quarters:#?}");
        assert!(quarters.iter().any(|line| line.starts_with("chat_messages_default_r|DEFAULT")));
        // The old partitions refuse writes, each of them.
        let part = months[0].split('|').next().unwrap();
        let refused = db.try_sql(&format!("DELETE FROM public.{part}")).await.unwrap_err();
        assert!(
            refused.as_db_error().unwrap().message().contains("has put a partitioned table in its place")
        );

        told(db, id, Command::Reverse { move_rows: false }).await;
        assert_eq!(bounds(db).await, months);
        told(db, id, Command::Verify).await;
        assert_eq!(told(db, id, Command::Abort).await, End::Aborted);
        assert_eq!(schema_dump(db, "public.chat_messages").await, before, "as it was");

        let id = start(db, Strategy::Repartition, Every::Quarter).await;
        run(db, id, options(Until::Swapped, None)).await.unwrap();
        told(db, id, Command::Finish { drop_source: true }).await;
        assert_eq!(bounds(db).await, quarters);
        let id = start(db, Strategy::Repartition, Every::Month).await;
        run(db, id, options(Until::Swapped, None)).await.unwrap();
        told(db, id, Command::Finish { drop_source: true }).await;
        let again: Vec<_> =
            bounds(db).await.iter().map(|line| line.replace("_default_r", "_default")).collect();
        assert_eq!(again, months);
        shop.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_an_adopted_table_is_split_into_quarters_under_traffic() {
    support::on_each_server(async |server| {
        let shop = Shop::open(server, 5_000, 20).await;
        let db = &shop.db;
        let id = start(db, Strategy::Adopt, Every::Quarter).await;
        assert_eq!(run(db, id, options(Until::Swapped, None)).await.unwrap(), End::Reached(Phase::Adopted));
        told(db, id, Command::Finish { drop_source: false }).await;
        assert!(bounds(db).await.iter().any(|line| line.starts_with("chat_messages_history|")));
        let id = start(db, Strategy::Repartition, Every::Quarter).await;
        run(db, id, options(Until::Swapped, None)).await.unwrap();
        told(db, id, Command::Finish { drop_source: true }).await;
        let quarters = bounds(db).await;
        assert!(quarters.len() > 4 && quarters.iter().all(|line| !line.contains("history")), "{quarters:#?}");
        shop.close().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn planted_differences_are_found_in_every_part_and_repaired() {
    support::on_each_server(async |server| {
        let db = server.database("parts").await;
        db.sql(
            "CREATE TABLE chat_messages (id int, created_at timestamptz NOT NULL, words text, PRIMARY KEY (id, created_at)) \
             PARTITION BY RANGE (created_at); \
             CREATE TABLE m1 PARTITION OF chat_messages FOR VALUES FROM ('2024-01-01 00:00+00') TO ('2024-02-01 00:00+00'); \
             CREATE TABLE m2 PARTITION OF chat_messages FOR VALUES FROM ('2024-02-01 00:00+00') TO ('2024-03-01 00:00+00'); \
             CREATE TABLE chat_messages_default PARTITION OF chat_messages DEFAULT; \
             INSERT INTO chat_messages SELECT n, timestamptz '2024-01-01 00:00+00' + n * interval '20 minutes', 'word ' || n \
             FROM generate_series(0, 7000) n",
        )
        .await;
        let id = start(&db, Strategy::Repartition, Every::Quarter).await;
        run(&db, id, options(Until::Ready, None)).await.unwrap();
        // One in each of three parts: changed, missing, extra. The twin is written behind everybody's back.
        db.sql(
            "UPDATE chat_messages_twin SET words = 'other' WHERE id = 10; \
             DELETE FROM chat_messages_twin WHERE id = 3000; \
             INSERT INTO chat_messages_twin VALUES (9999, '2024-03-20 00:00+00', 'extra'); \
             UPDATE chat_messages_twin SET created_at = created_at + interval '1 year' WHERE id = 6500",
        )
        .await;
        let differs = run(&db, id, options(Until::Asked, Some(Command::Verify))).await.unwrap_err();
        assert_eq!(differs.exit_code(), 4, "{differs}");
        let found = db
            .rows("SELECT body ->> 'kind', body ->> 'key' FROM quarterdeck.diff ORDER BY 1, 2")
            .await;
        let kinds: Vec<_> = found.iter().map(|line| line.split('|').next().unwrap()).collect();
        assert_eq!(kinds, ["changed", "extra", "extra", "missing", "missing"], "{found:#?}");
        told(&db, id, Command::Repair).await;
        let end = run(&db, id, options(Until::Swapped, None)).await.unwrap();
        assert_eq!(end, End::Reached(Phase::ReverseWindow));
        assert_eq!(db.value("SELECT count(*), sum(id) FROM chat_messages").await, "7001|24503500");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_partition_has_alone_is_refused_by_name() {
    support::on_each_server(async |server| {
        let db = server.database("strays").await;
        db.sql(
            "CREATE TABLE chat_messages (id int, created_at timestamptz NOT NULL, PRIMARY KEY (id, created_at)) \
             PARTITION BY LIST (id); \
             CREATE TABLE one PARTITION OF chat_messages FOR VALUES IN (1); \
             CREATE TABLE two PARTITION OF chat_messages FOR VALUES IN (2); \
             CREATE TABLE three PARTITION OF chat_messages FOR VALUES IN (3) PARTITION BY RANGE (created_at)",
        )
        .await;
        let before = schema_dump(&db, "public.chat_messages").await;
        let session = db.session().await;
        let asked = request(Strategy::Repartition, Every::Quarter);
        let why = async || plan(&session, &asked).await.unwrap_err().to_string();
        assert!(why().await.contains("public.three is partitioned itself"), "{}", why().await);
        for (own, undo, word) in [
            ("CREATE INDEX stray ON two (created_at)", "DROP INDEX stray", "public.two has an index of its own, stray"),
            ("GRANT SELECT ON two TO PUBLIC", "REVOKE ALL ON two FROM PUBLIC", "public.two gives SELECT to PUBLIC"),
            (
                "ALTER TABLE two ADD CONSTRAINT c CHECK (id > 0)",
                "ALTER TABLE two DROP CONSTRAINT c",
                "public.two has a constraint of its own, c",
            ),
            ("ALTER TABLE two SET (fillfactor = 50)", "ALTER TABLE two RESET (fillfactor)", "other storage settings"),
            ("CREATE VIEW v AS SELECT id FROM one", "DROP VIEW v", "public.one is read by public.v"),
        ] {
            db.sql("DROP TABLE IF EXISTS three").await;
            db.sql(own).await;
            let error = why().await;
            assert!(error.contains(word), "{own}: {error}");
            db.sql(undo).await;
        }
        plan(&session, &asked).await.unwrap();
        let plain = plan(&session, &request(Strategy::Online, Every::Quarter)).await.unwrap_err();
        assert!(plain.hint().unwrap().contains("--strategy repartition"), "{plain}");
        let after = schema_dump(&db, "public.chat_messages").await;
        assert_eq!(after, before.lines().filter(|line| !line.contains("three")).collect::<Vec<_>>().join("\n"));
    })
    .await;
}
