//! How fast a table grows: figures of partitions that are there, on a real server.

use super::{found, look};
use crate::{commands::tool::Tool, maintain::quarter, support::on_each_server};

/// A partition of `m` for the quarter `n` after the one of now, with so many rows.
fn part(n: i32, rows: usize) -> String {
    let (from, to, suffix) = quarter(n);
    format!(
        "CREATE TABLE m_{suffix} PARTITION OF m FOR VALUES FROM ({from}) TO ({to}) WITH (autovacuum_enabled = off);
         INSERT INTO m SELECT {from}, repeat('x', 100) FROM generate_series(1, {rows});"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mean_of_whole_periods_is_that_of_their_rows() {
    on_each_server(async |server| {
        let db = server.database("health_growth").await;
        db.sql("CREATE TABLE m (at timestamptz NOT NULL, body text) PARTITION BY RANGE (at); CREATE INDEX ON m (at); CREATE TABLE m_default PARTITION OF m DEFAULT").await;
        let tool = Tool::on(&db);
        db.sql(&[part(0, 500), part(1, 0)].concat()).await;
        db.sql("ANALYZE m").await;
        assert!(look(&tool, "m").await["growth"].is_null(), "no whole period is over");
        assert!(!tool.done(&["health", "m"]).await.contains("grows by"));
        // One that is too old, and four that count.
        db.sql(&[part(-5, 50_000), part(-4, 1_000), part(-3, 2_000), part(-2, 3_000), part(-1, 6_000), part(2, 0)].concat()).await;
        let unknown = look(&tool, "m").await;
        let growth = &unknown["growth"];
        assert_eq!((&growth["rows"], &growth["uncounted"]), (&serde_json::Value::Null, &4.into()), "{growth:#}");
        assert!(tool.done(&["health", "m"]).await.contains("(mean of the last 4; never analyzed, so rows are not known)"));
        db.sql("ANALYZE m").await;
        let growth = &look(&tool, "m").await["growth"];
        assert_eq!(
            (&growth["every"], &growth["periods"], &growth["rows"], &growth["uncounted"], &growth["ahead"]),
            (&"quarter".into(), &4.into(), &3_000.into(), &0.into(), &2.into()),
            "{growth:#}"
        );
        let names = [-4, -3, -2, -1].map(|n| format!("'m_{}'", quarter(n).2)).join(", ");
        let bytes = db.value(&format!("SELECT sum(pg_total_relation_size(oid)) / 4 FROM pg_class WHERE relname IN ({names})")).await;
        // The sum's quarter is a numeric.
        assert_eq!(growth["bytes"].to_string(), bytes.split('.').next().unwrap(), "{growth:#}");
        assert_eq!(growth["now"]["rows"], 500);
        let out = tool.done(&["health", "m"]).await;
        assert!(out.contains("grows by ≈ 3.0k rows, ") && out.contains("; the one of now has ≈ 500 rows after "), "{out}");
        // Without autovacuum they are unlike the table; nothing else is found.
        let all = found(&look(&tool, "m").await);
        assert!(all.iter().all(|one| one.starts_with("QD-144 ")), "{all:?}");
        // What comes after the count is in the estimate.
        db.sql(&format!("INSERT INTO m SELECT {}, repeat('x', 100) FROM generate_series(1, 9500)", quarter(0).0)).await;
        let rows = look(&tool, "m").await["growth"]["now"]["rows"].as_i64().unwrap();
        assert!((9_000..=11_000).contains(&rows), "{rows}");
    })
    .await;
}
