//! What the README says about removing everything with SQL.

use crate::{
    commands::tool::Tool,
    support::{self, Db, schema::schema_dump},
};

/// The README's SQL blocks, in order: before a swap, before that of `adopt` instead of the triggers, after a swap.
fn blocks() -> Vec<&'static str> {
    include_str!("../../../README.md")
        .split("```sql\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .collect()
}

async fn table(db: &Db) {
    db.sql(
        "CREATE TABLE t (id bigint PRIMARY KEY, created_at timestamptz NOT NULL);
         INSERT INTO t SELECT n, '2024-01-01 00:00+00'::timestamptz + n * interval '1 hour' FROM generate_series(1, 5000) n",
    )
    .await;
}

const OURS: &str = "SELECT (SELECT count(*) FROM pg_trigger WHERE tgname ~ '^quarterdeck_') \
    + (SELECT count(*) FROM pg_namespace WHERE nspname = 'quarterdeck') \
    + (SELECT count(*) FROM pg_class WHERE relname ~ '^t_(twin|old)')";

#[tokio::test(flavor = "multi_thread")]
async fn everything_can_be_removed_with_the_readmes_sql() {
    support::on_each_server(async |server| {
        let blocks = blocks();
        assert_eq!(blocks.len(), 3);
        for (until, sql, kind) in [("ready", blocks[0], "r"), ("swapped", blocks[2], "p")] {
            let db = server.database("by_hand").await;
            table(&db).await;
            Tool::on(&db).done(&["run", "t", "--until", until, "--yes", "t"]).await;
            assert_ne!(db.value(OURS).await, "0");
            db.sql(sql).await;
            assert_eq!(db.value(OURS).await, "0", "{until}");
            db.sql("INSERT INTO t VALUES (0, '2024-02-03 00:00+00'); DELETE FROM t WHERE id = 1").await;
            assert_eq!(db.value("SELECT count(*) FROM t").await, "5000");
            assert_eq!(db.value("SELECT relkind FROM pg_class WHERE oid = 'public.t'::regclass").await, kind);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_adopt_made_can_be_removed_with_the_readmes_sql() {
    support::on_each_server(async |server| {
        let db = server.database("by_hand").await;
        table(&db).await;
        let before = schema_dump(&db, "public.t").await;
        Tool::on(&db).done(&["run", "t", "--strategy", "adopt"]).await;
        assert_ne!(schema_dump(&db, "public.t").await, before, "the wider key is there");
        let blocks = blocks();
        // An index that is dropped CONCURRENTLY wants a statement of its own.
        for statement in blocks[1].split_inclusive(";\n") {
            db.sql(statement).await;
        }
        db.sql(blocks[0].split_once("COMMIT;").unwrap().1).await;
        assert_eq!(db.value(OURS).await, "0");
        assert_eq!(schema_dump(&db, "public.t").await, before);
    })
    .await;
}
