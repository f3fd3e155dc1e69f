//! A table with everything that hangs on one: what the application knows is the partitioned table's afterwards, and the
//! old table's again on the way back.

use quarterdeck::{
    engine::{command::Command, context::Until},
    model::history::History,
};

use super::adopt;
use crate::{
    exchange::{
        rig::TABLE,
        traffic::{Traffic, differences},
    },
    online::{options, run},
    support::{self, Db, schema::objects, schema::schema_dump},
};

/// The shop of the exchange's tests, without what preflight refuses.
async fn shop(db: &Db) {
    db.sql(include_str!("../exchange/shop.sql")).await;
    db.sql(&format!(
        r#"ALTER TABLE {TABLE} VALIDATE CONSTRAINT body_is_not_empty;
           ALTER SEQUENCE "My Shop"."Messages_id_seq" OWNED BY NONE;
           CREATE UNIQUE INDEX messages_unique ON {TABLE} (room_id, created_at, id) INCLUDE (user_id);
           CREATE INDEX messages_words ON {TABLE} USING gin (to_tsvector('simple', "Body"));
           COMMENT ON CONSTRAINT "Messages_pkey" ON {TABLE} IS 'the key'"#
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_odd_table_is_adopted_and_let_go_and_nothing_is_lost() {
    support::on_each_server(async |server| {
        let db = server.database("adopt_odd").await;
        shop(&db).await;
        let before = (schema_dump(&db, TABLE).await, objects(&db).await);
        let questions = [
            format!("SELECT string_agg(c.relname, ', ' ORDER BY c.relname) FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = '{TABLE}'::regclass AND i.indisvalid"),
            format!("SELECT string_agg(tgname || ' ' || tgenabled::text, ', ' ORDER BY tgname) FROM pg_trigger WHERE tgrelid = '{TABLE}'::regclass AND NOT tgisinternal"),
            format!("SELECT relacl::text || (SELECT string_agg(attacl::text, '') FROM pg_attribute WHERE attrelid = c.oid) FROM pg_class c WHERE oid = '{TABLE}'::regclass"),
            format!("SELECT string_agg(conname || ' ' || convalidated::text, ', ' ORDER BY conname) FROM pg_constraint WHERE conrelid = '{TABLE}'::regclass AND contype IN ('c', 'f', 'p')"),
        ];
        let mut known = Vec::new();
        for question in &questions {
            known.push(db.value(question).await);
        }
        let id = adopt(&db, TABLE, History::Range).await;
        run(&db, id, options(Until::Swapped, None)).await.unwrap();
        for (question, answer) in questions.iter().zip(&known) {
            assert_eq!(&db.value(question).await, answer, "{question}");
        }
        let direct = "SELECT count(*) FROM pg_class, aclexplode(relacl) a WHERE relname = 'Messages_history' AND a.grantee <> relowner";
        assert_eq!(db.value(direct).await, "0", "nobody writes past the partitioned table");

        // Each trigger fires once, in history and beyond it; the views look there.
        for at in ["2024-05-05 00:00+00", "2099-05-05 00:00+00"] {
            db.sql("TRUNCATE \"My Shop\".seen").await;
            db.sql(&format!("INSERT INTO {TABLE} (room_id, user_id, \"Body\", created_at) VALUES (1, 1, 'noted', '{at}')")).await;
            assert_eq!(db.rows("SELECT how FROM \"My Shop\".seen ORDER BY how").await, ["always", "plain"], "{at}");
        }
        assert_eq!(db.value("SELECT count(*) FROM \"My Shop\".recent WHERE body = 'noted'").await, "2");
        let error = db.try_sql(&format!("INSERT INTO {TABLE} (room_id, \"Body\", created_at) VALUES (9999, 'x', '2099-05-05 00:00+00')")).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "23503", "foreign keys hold beyond history: {error:?}");

        db.sql("TRUNCATE \"My Shop\".seen").await;
        run(&db, id, options(Until::Asked, Some(Command::Reverse { move_rows: true }))).await.unwrap();
        assert_eq!(db.value("SELECT count(*) FROM \"My Shop\".seen").await, "0", "no trigger fires for rows that move back");
        assert_eq!(db.value(&format!("SELECT count(*) FROM ONLY {TABLE} WHERE \"Body\" = 'noted'")).await, "2");
        assert_eq!(schema_dump(&db, TABLE).await, before.0);
        assert_eq!(objects(&db).await, before.1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_of_an_odd_table_notices_nothing() {
    support::on_each_server(async |server| {
        let db = server.database("adopt_odd_live").await;
        shop(&db).await;
        let traffic = Traffic::start(&db).await;
        for _ in 0..2 {
            let id = adopt(&db, TABLE, History::Range).await;
            run(&db, id, options(Until::Swapped, None)).await.unwrap();
            traffic.transactions(200).await;
            run(&db, id, options(Until::Asked, Some(Command::Reverse { move_rows: false }))).await.unwrap();
            traffic.transactions(100).await;
        }
        let id = adopt(&db, TABLE, History::Range).await;
        run(&db, id, options(Until::Swapped, None)).await.unwrap();
        traffic.transactions(100).await;
        let report = traffic.stop().await;
        eprintln!("{} transactions, slowest {:?}", report.done, report.slowest);
        assert_eq!(report.errors, [""; 0]);
        assert_eq!(differences(&db, TABLE).await, "0");
    })
    .await;
}
