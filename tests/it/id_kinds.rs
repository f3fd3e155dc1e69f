//! `quarterdeck ids`: what a table's ids are like, what kinds of them cost, and `uuidv7()` by RFC 9562.

use serde_json::Value;

use crate::{
    commands::tool::Tool,
    support::{Db, database, on_each_server},
};

async fn look(tool: &Tool, words: &[&str]) -> Value {
    serde_json::from_str(&tool.done(&[&["ids"], words, &["--json"]].concat()).await).unwrap()
}

/// The function that was installed, as SQL.
fn function(db: &Db) -> &'static str {
    if db.server().major() >= 18 { "pg_catalog.uuidv7()" } else { "public.uuidv7()" }
}

#[tokio::test(flavor = "multi_thread")]
async fn uuidv7_keeps_the_rfc_and_the_order() {
    on_each_server(async |server| {
        let db = server.database("uuidv7").await;
        let tool = Tool::on(&db);
        let sql = tool.done(&["ids", "install", "--sql"]).await;
        assert_eq!(sql.contains("CREATE OR REPLACE FUNCTION"), db.server().major() < 18, "{sql}");
        assert_eq!(db.value("SELECT count(*) FROM pg_proc WHERE proname = 'uuidv7' AND pronamespace = 'public'::regnamespace").await, "0");
        for _ in 0..2 {
            tool.done(&["ids", "install"]).await;
        }
        let f = function(&db);
        // Version 7, variant 10, the milliseconds of now (RFC 9562, 5.7).
        let told = "to_timestamp(('x' || translate(left(u::text, 13), '-', ''))::bit(48)::bigint / 1000.0)";
        let right = format!(
            "SELECT bool_and(substr(u::text, 15, 1) = '7' AND substr(u::text, 20, 1) IN ('8', '9', 'a', 'b')
                 AND {told} BETWEEN now() - interval '2 ms' AND clock_timestamp()), count(DISTINCT u), count(DISTINCT right(u::text, 12))
             FROM (SELECT {f} AS u FROM generate_series(1, 20000)) s"
        );
        assert_eq!(db.rows(&right).await, ["t|20000|20000"]);
        // Each above the one before, far more than one a millisecond.
        let order = format!(
            "SELECT count(*) FILTER (WHERE before >= u), max(same) FROM (
                 SELECT u, lag(u) OVER (ORDER BY n) AS before, count(*) OVER (PARTITION BY left(u::text, 13)) AS same
                 FROM (SELECT n, {f} AS u FROM generate_series(1, 20000) n) s) t"
        );
        let seen = db.rows(&order).await.remove(0);
        let (below, same) = seen.split_once('|').unwrap();
        assert_eq!(below, "0");
        assert!(same.parse::<u32>().unwrap() > 1, "{same} in one millisecond");
        if db.server().major() < 18 {
            // The clock was put back by a minute: the ids go on.
            let ahead = "SELECT set_config('quarterdeck.uuidv7', (((extract(epoch FROM now()) + 60) * 4096000)::bigint)::text, false)";
            db.sql(ahead).await;
            let later = format!("SELECT {told} > now() + interval '59 s' FROM (SELECT {f} AS u) s");
            assert_eq!(db.value(&later).await, "t");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_becomes_the_default_of_rows_to_come() {
    on_each_server(async |server| {
        let db = server.database("uuidv7_default").await;
        db.sql(
            "CREATE TABLE t (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), created_at timestamptz NOT NULL DEFAULT now());
             INSERT INTO t (created_at) SELECT timestamptz '2026-01-01Z' + n * interval '1 day' FROM generate_series(1, 300) n;
             CREATE TABLE n (id bigint PRIMARY KEY, at date)",
        )
        .await;
        let tool = Tool::on(&db);
        let quoted = ["health", "\"public\".\"t\""];
        tool.run(&quoted).await.failed(3, "`quarterdeck plan public.t` shows how it would be");
        tool.start(&["run", "t", "--until", "ready"]).end().await.closed("ready", 0);
        tool.run(&quoted).await.failed(3, "public.t: it is being converted (ready)");
        tool.start(&["run", "t", "--until", "swapped", "--yes", "t"]).end().await.closed("swapped", 0);
        tool.run(&["ids", "install", "--default-of", "t"]).await.failed(3, "QD-155");
        tool.run(&["ids", "install", "--default-of", "n"]).await.failed(3, "QD-156");
        tool.done(&["finish", "t", "--yes", "t", "--drop-source"]).await;
        let old = "SELECT count(*), md5(string_agg(id::text, '' ORDER BY created_at)) FROM t WHERE created_at < '2026-11-01Z'";
        let before = db.rows(old).await;
        let said = tool.done(&["ids", "install", "--default-of", "t"]).await;
        assert!(said.contains("SET DEFAULT gen_random_uuid()"), "{said}");
        db.sql("INSERT INTO t SELECT FROM generate_series(1, 50)").await;
        let versions = "SELECT string_agg(DISTINCT substr(id::text, 15, 1), '') FROM t WHERE created_at > now() - interval '1 hour'";
        assert_eq!(db.value(versions).await, "7");
        assert_eq!(db.rows(old).await, before);
        // The way back is what was printed.
        let back = said.split("the way back: ").nth(1).unwrap().trim();
        db.sql(back).await;
        db.sql("INSERT INTO t DEFAULT VALUES").await;
        assert_eq!(db.value(versions).await, "47");
        if db.server().major() < 18 {
            db.sql("CREATE SCHEMA other; CREATE FUNCTION other.uuidv7() RETURNS uuid LANGUAGE sql AS 'SELECT gen_random_uuid()'").await;
            tool.run(&["ids", "install", "--schema", "other"]).await.failed(3, "QD-154");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tables_ids_are_told_apart() {
    on_each_server(async |server| {
        let db = server.database("id_kinds").await;
        db.sql(
            "CREATE TABLE random (id uuid PRIMARY KEY, at timestamptz NOT NULL);
             INSERT INTO random SELECT gen_random_uuid(), timestamptz '2026-01-01Z' + n * interval '1 min' FROM generate_series(1, 5000) n;
             CREATE TABLE ordered (id uuid PRIMARY KEY, at timestamptz NOT NULL);
             INSERT INTO ordered SELECT (lpad(to_hex((extract(epoch FROM at) * 1000)::bigint), 12, '0') || '7' || right(replace(gen_random_uuid()::text, '-', ''), 19))::uuid, at
                 FROM (SELECT timestamptz '2026-01-01Z' + n * interval '1 min' AS at FROM generate_series(1, 5000) n) s;
             CREATE TABLE counted (id bigint PRIMARY KEY, at timestamptz NOT NULL); INSERT INTO counted SELECT n, now() FROM generate_series(1, 100) n;
             CREATE TABLE empty (id uuid PRIMARY KEY); CREATE TABLE keyless (id text); ANALYZE",
        )
        .await;
        let tool = Tool::on(&db);
        let random = look(&tool, &["random"]).await;
        assert_eq!(random["kinds"][0][0], "UUID v4");
        let share = random["follows"][1].as_f64().unwrap();
        assert!(share > 0.4 && share < 0.6, "{share}");
        let reckoned = random["indexes"][0]["density"].as_f64().unwrap();
        assert_eq!(random["indexes"][0]["measured"], false);
        let ordered = look(&tool, &["ordered"]).await;
        assert_eq!((&ordered["kinds"][0][0], &ordered["follows"][1]), (&"UUID v7".into(), &1.0.into()));
        let text = tool.done(&["ids", "ordered"]).await;
        assert!(text.contains("from 2026-01-01 00:01:00 to 2026-01-04 11:20:00 UTC"), "{text}");
        assert!(tool.done(&["ids", "counted"]).await.contains("they tell no time"), "a plain sequence");
        assert!(tool.done(&["ids", "empty"]).await.contains("no row"));
        tool.run(&["ids", "keyless"]).await.failed(2, "no primary key");
        tool.run(&["ids", "keyless", "--column", "id"]).await.failed(3, "QD-156");
        db.sql("CREATE EXTENSION pgstattuple").await;
        let measured = look(&tool, &["random"]).await;
        assert_eq!(measured["indexes"][0]["measured"], true);
        let share = measured["indexes"][0]["density"].as_f64().unwrap();
        assert!((share - reckoned).abs() < 0.05, "measured {share}, reckoned {reckoned}");
        assert!(measured["indexes"][0]["fragmented"].as_f64().unwrap() > 0.1);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_lab_measures_and_leaves_nothing() {
    let db = database("ids_lab").await;
    let tool = Tool::on(&db);
    let left = "SELECT count(*) FROM pg_namespace WHERE nspname = 'quarterdeck_lab'";
    let lab: Value = serde_json::from_str(
        &tool.done(&["ids", "lab", "--rows", "20000", "--checkpoints", "2", "--json"]).await,
    )
    .unwrap();
    let figure = |kind: usize, name: &str| lab["kinds"][kind][name].as_f64().unwrap();
    assert_eq!(lab["kinds"].as_array().unwrap().len(), 4);
    assert!(figure(2, "index_bytes") > figure(3, "index_bytes"), "v4's pages split in the middle: {lab}");
    assert!(figure(2, "newest_pages") > 10.0 * figure(3, "newest_pages"), "{lab}");
    assert_eq!(db.value(left).await, "0");
    let text = tool.done(&["ids", "lab", "--rows", "10000"]).await;
    assert!(text.contains("UUID v7") && text.contains('█'), "{text}");
    // Killed, it leaves scratch, which the next one removes; stopped, it removes it itself.
    let filling = async || {
        let active = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%CREATE UNLOGGED TABLE quarterdeck_lab%' \
                      AND state = 'active' AND datname = current_database() AND pid <> pg_backend_pid()";
        while db.value(active).await == "0" {}
    };
    let mut killed = tool.command(&["ids", "lab", "--rows", "3000000"]).spawn().unwrap();
    filling().await;
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert_eq!(db.value(left).await, "1");
    // Its last statement goes on without it.
    tool.run(&["ids", "lab", "--rows", "10000"]).await.failed(1, "another process works on it");
    let ended = "SELECT count(pg_terminate_backend(pid, 10000)) FROM pg_stat_activity \
                 WHERE application_name = 'quarterdeck ids lab' AND datname = current_database()";
    db.value(ended).await;
    let mut stopped = tool.command(&["ids", "lab", "--rows", "3000000"]).spawn().unwrap();
    filling().await;
    assert!(
        std::process::Command::new("kill")
            .args(["-INT", &stopped.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(stopped.wait().unwrap().code(), Some(5));
    assert_eq!(db.value(left).await, "0");
    db.sql("CREATE SCHEMA quarterdeck_lab; CREATE TABLE quarterdeck_lab.mine ()").await;
    tool.run(&["ids", "lab", "--rows", "10000"]).await.failed(3, "QD-153");
    assert_eq!(db.value("SELECT count(*) FROM pg_class WHERE relname = 'mine'").await, "1");
}
