//! What the README says about removing everything with SQL.

use crate::{
    commands::tool::Tool,
    support::{self, Db},
};

/// The README's SQL blocks, in order: before a swap, after it.
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
        assert_eq!(blocks.len(), 2);
        for (until, sql, kind) in [("ready", blocks[0], "r"), ("swapped", blocks[1], "p")] {
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
