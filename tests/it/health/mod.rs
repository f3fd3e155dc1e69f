//! The health of partitioned tables: what is planted is found, and what is found is mended by the SQL that is shown with it.

mod growth;
mod held_up;

use serde_json::Value;
use tokio_postgres::error::SqlState;

use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    support::{Db, on_each_server},
};

/// A table made by hand, with what goes wrong over the years.
const SICK: &str = "
    CREATE TABLE m (id uuid, created_at timestamptz NOT NULL, body text, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
    CREATE TABLE m_old PARTITION OF m FOR VALUES FROM ('2001-01-01Z') TO ('2001-04-01Z');
    CREATE TABLE m_then PARTITION OF m FOR VALUES FROM ('2001-07-01Z') TO ('2001-10-01Z');
    CREATE TABLE m_default PARTITION OF m DEFAULT;
    CREATE TABLE m_gone (LIKE m INCLUDING ALL);
    CREATE TABLE m_stranger (id uuid, created_at timestamptz);
    ALTER TABLE m_old SET (autovacuum_enabled = off); ALTER TABLE m_default SET (autovacuum_enabled = off);
    INSERT INTO m SELECT gen_random_uuid(), '2001-02-01Z', 'x' FROM generate_series(1, 30000);
    DELETE FROM m_old WHERE ctid IN (SELECT ctid FROM m_old LIMIT 12000);
    INSERT INTO m SELECT gen_random_uuid(), '2001-11-01Z', 'x' FROM generate_series(1, 7);
    INSERT INTO m VALUES (gen_random_uuid(), 'infinity', 'x');
    CREATE INDEX m_body ON ONLY m (body);
    CREATE INDEX m_old_body ON m_old (body); ALTER INDEX m_body ATTACH PARTITION m_old_body;
    GRANT SELECT ON m_then TO PUBLIC;
    INSERT INTO m_then SELECT gen_random_uuid(), '2001-08-01Z', 'same' FROM generate_series(1, 2)";

pub(crate) async fn look(tool: &Tool, table: &str) -> Value {
    let mut all: Vec<Value> = serde_json::from_str(&tool.done(&["health", table, "--json"]).await).unwrap();
    assert_eq!(all.len(), 1);
    all.remove(0)
}

/// `QD-140 severity object`, one a finding.
pub(crate) fn found(health: &Value) -> Vec<String> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let findings = health["findings"].as_array().unwrap();
    findings
        .iter()
        .map(|one| format!("{} {} {}", text(&one["id"]), text(&one["severity"]), text(&one["object"])))
        .collect()
}

/// Runs the SQL of each finding of an id, as it is shown.
pub(crate) async fn mend(db: &Db, health: &Value, id: &str) {
    let findings = health["findings"].as_array().unwrap();
    let client = db.client().await;
    for finding in findings.iter().filter(|one| one["id"] == id) {
        for sql in finding["sql"].as_array().unwrap() {
            client.batch_execute(sql.as_str().unwrap()).await.unwrap_or_else(|e| panic!("{sql}: {e:?}"));
        }
    }
}

/// Waits until the statistics have heard of what was done.
async fn counted(db: &Db, what: &str) {
    let heard = format!("SELECT {what} FROM pg_stat_all_tables WHERE relid = 'm_old'::regclass");
    while db.value(&heard).await != "t" {}
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_planted_is_found_and_mended_by_the_sql_that_is_shown() {
    on_each_server(async |server| {
        let db = server.database("health").await;
        db.sql(SICK).await;
        let client = db.client().await;
        // Two rows of one body: the index that is to be unique stays behind, invalid.
        let failed =
            client.batch_execute("CREATE UNIQUE INDEX CONCURRENTLY m_then_once ON m_then (body)").await;
        assert_eq!(failed.unwrap_err().code(), Some(&SqlState::UNIQUE_VIOLATION));
        counted(&db, "n_dead_tup >= 12000").await;
        let tool = Tool::on(&db);
        let first = look(&tool, "m").await;
        let text = tool.done(&["health", "m"]).await;
        assert!(text.contains("8 rows lie in DEFAULT: 7 of 2001 Q4"), "{text}");
        let all = found(&first);
        for wanted in [
            "QD-141 error public.m",
            "QD-142 warning public.m",
            "QD-140 warning public.m_default",
            "QD-143 warning public.m_body",
            "QD-143 warning public.m_then_once",
            "QD-145 warning public.m",
            "QD-145 warning public.m_old",
            "QD-144 info public.m_then",
            "QD-149 warning public.m_old",
            "QD-151 info public.m_gone",
        ] {
            assert!(all.iter().any(|one| one == wanted), "{wanted} is not among {all:#?}");
        }
        assert!(!all.iter().any(|one| one.contains("stranger")), "{all:#?}");
        assert!(text.contains("gives SELECT to PUBLIC, unlike its table"), "{text}");
        // What the remedies do, one kind after the other; a second row would be in the way of the unique index.
        db.sql("DELETE FROM m_then WHERE body = 'same'; DELETE FROM m WHERE created_at = 'infinity'").await;
        for id in ["QD-140", "QD-141", "QD-142", "QD-143", "QD-149", "QD-151", "QD-145"] {
            let now = look(&tool, "m").await;
            mend(&db, &now, id).await;
            if id == "QD-140" {
                assert_eq!(db.value("SELECT count(*) FROM m_2001_q4").await, "7");
            }
        }
        // One partition of the present is there now, and a gap of 25 years before it.
        mend(&db, &look(&tool, "m").await, "QD-142").await;
        mend(&db, &look(&tool, "m").await, "QD-141").await;
        db.sql("REVOKE SELECT ON m_then FROM PUBLIC; DROP INDEX m_then_once").await;
        // A snapshot that autovacuum's ANALYZE of another table has keeps dead rows from a VACUUM: it is found once more.
        loop {
            let now = look(&tool, "m").await;
            if !found(&now).iter().any(|one| one.starts_with("QD-149")) {
                break;
            }
            mend(&db, &now, "QD-149").await;
        }
        let last = look(&tool, "m").await;
        let rest: Vec<String> = found(&last).into_iter().filter(|one| !one.starts_with("QD-144")).collect();
        assert_eq!(rest, Vec::<String>::new(), "{last:#}");
        assert_eq!(db.value("SELECT count(*) FROM m").await, "18007");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_for_long_and_what_is_half_detached_is_said() {
    on_each_server(async |server| {
        let db = server.database("health_open").await;
        db.sql(
            "CREATE TABLE d (id int, at date) PARTITION BY RANGE (at); CREATE TABLE d1 PARTITION OF d FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
             CREATE TABLE d2 PARTITION OF d FOR VALUES FROM ('2021-01-01') TO (MAXVALUE)",
        )
        .await;
        let reader = db.client().await;
        reader.batch_execute("BEGIN; SELECT FROM d").await.unwrap();
        let detacher = db.client().await;
        detacher.batch_execute("SET lock_timeout = '200ms'").await.unwrap();
        detacher.batch_execute("ALTER TABLE d DETACH PARTITION d1 CONCURRENTLY").await.unwrap_err();
        reader.batch_execute("COMMIT").await.unwrap();
        let tool = Tool::on(&db);
        let health = look(&tool, "d").await;
        assert_eq!(found(&health), ["QD-147 error public.d1"]);
        mend(&db, &health, "QD-147").await;
        assert_eq!(found(&look(&tool, "d").await), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_partitioned_table_is_looked_at() {
    on_each_server(async |server| {
        let db = server.database("health_kinds").await;
        db.sql(
            "CREATE TABLE plain (id int); CREATE TABLE \"odd \"\"one\" (a text) PARTITION BY LIST (a);
             CREATE TABLE l1 PARTITION OF \"odd \"\"one\" FOR VALUES IN ('a', 'b'); CREATE TABLE h (a int) PARTITION BY HASH (a);
             CREATE TABLE h1 PARTITION OF h FOR VALUES WITH (MODULUS 1, REMAINDER 0);
             CREATE TABLE n (a bigint) PARTITION BY RANGE (a); CREATE TABLE n1 PARTITION OF n FOR VALUES FROM (MINVALUE) TO (100);
             CREATE TABLE n2 PARTITION OF n FOR VALUES FROM (200) TO (MAXVALUE); CREATE TABLE n3 PARTITION OF n FOR VALUES FROM (100) TO (150);
             CREATE TABLE two (a int, b int) PARTITION BY RANGE (a, b); CREATE TABLE e (a int) PARTITION BY RANGE (a);
             CREATE TABLE x (a int, at timestamp) PARTITION BY RANGE ((at + interval '1 day'));
             CREATE TABLE s (at date, b text) PARTITION BY RANGE (at); CREATE TABLE s1 PARTITION OF s FOR VALUES FROM (MINVALUE) TO ('infinity') PARTITION BY LIST (b);
             CREATE TABLE s1x PARTITION OF s1 FOR VALUES IN ('x')",
        )
        .await;
        let tool = Tool::on(&db);
        let all: Vec<Value> = serde_json::from_str(&tool.done(&["health", "--json"]).await).unwrap();
        let tables: Vec<_> = all.iter().map(|one| one["facts"]["table"]["name"]["name"].as_str().unwrap()).collect();
        assert_eq!(tables, ["e", "h", "n", "odd \"one", "s", "two", "x"]);
        let findings: Vec<String> = all.iter().flat_map(found).collect();
        let none = ["e", "two", "x"].map(|table| format!("QD-173 error public.{table}"));
        assert_eq!(findings, [&none[0], "QD-142 error public.n", &none[1], &none[2]]);
        assert!(tool.done(&["health", "n"]).await.contains("from 150 to 200: an INSERT there fails"));
        tool.run(&["health", "plain"]).await.failed(3, "it is not partitioned");
        tool.run(&["health", "none"]).await.failed(3, "there is no such table");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_was_converted_is_healthy() {
    on_each_server(async |server| {
        let db = quiet_shop(server, 5_000).await;
        let tool = Tool::on(&db);
        tool.start(&["run", TABLE, "--until", "swapped", "--yes", TABLE]).end().await.closed("swapped", 0);
        let health = look(&tool, TABLE).await;
        assert_eq!(found(&health), Vec::<String>::new(), "{health:#}");
        // A role that may see the table, and nothing of ours.
        let name = db.name();
        db.sql(&format!(
            "CREATE ROLE looker_{name} LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA public TO looker_{name}"
        ))
        .await;
        let looker = Tool::to(db.conninfo_as(&format!("looker_{name}"), "secret"));
        assert!(looker.done(&["health", TABLE]).await.contains("covered until"));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_without_a_partition_takes_no_row_and_is_an_error() {
    on_each_server(async |server| {
        let db = server.database("health_empty").await;
        db.sql("CREATE TABLE m (at timestamptz) PARTITION BY RANGE (at)").await;
        let tool = Tool::on(&db);
        let said = tool.done(&["health", "m"]).await;
        assert!(said.contains("QD-173") && said.contains("every INSERT fails"), "{said}");
        assert!(db.try_sql("INSERT INTO m VALUES (now())").await.is_err(), "as it says");
        // What it proposes ends it.
        tool.done(&["maintain", "m", "--every", "quarter"]).await;
        db.sql("INSERT INTO m VALUES (now())").await;
        assert!(!tool.done(&["health", "m"]).await.contains("QD-173"));
    })
    .await;
}
