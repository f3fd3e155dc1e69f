//! Holes that an earlier form of the protocol had (TRAPS 47 to 55, 60), each as the smallest case that showed it. Those of
//! the swap are in [`crate::swap`] and [`crate::mirror`], those of the verifier in [`crate::verify`].

use quarterdeck::{
    Error,
    engine::{command::Command, context::Until, worker::End},
    model::phase::Phase,
    ops::swap::Drain,
};
use tokio_postgres::Client;
use uuid::Uuid;

use crate::{
    commands::tool::Tool,
    exchange::rig::{Rig, TABLE, TWIN, Way},
    online::{launch, options, run},
    support::{Db, on_each_server},
};

/// Waits until somebody waits for a lock.
async fn somebody_waits(look: &Client) {
    while look.query("SELECT FROM pg_locks WHERE NOT granted", &[]).await.unwrap().is_empty() {}
}

/// TRAPS 49, 60: a rewrite that was waiting behind nobody and ends while we wait for the table. With a snapshot from before
/// the lock the fingerprint would still look right, and the heap be empty.
#[tokio::test(flavor = "multi_thread")]
async fn a_rewrite_that_ends_while_we_wait_is_seen() {
    on_each_server(async |server| {
        let rig = Rig::ready(server.database("rewrite").await).await;
        rig.db.sql(&format!("UPDATE {TABLE} SET \"Body\" = 'x' WHERE id = 1")).await;
        let (rewriter, look) = (rig.db.client().await, rig.db.client().await);
        rewriter.batch_execute(&format!("BEGIN; CLUSTER {TABLE} USING \"Messages_pkey\"")).await.unwrap();
        let mut drain = rig.drain(Way::Forward).await;
        let replay = tokio::spawn(async move { drain.drain().await });
        somebody_waits(&look).await;
        rewriter.batch_execute("COMMIT").await.unwrap();
        let outcome = replay.await.unwrap();
        assert!(matches!(outcome, Err(Error::Changed { .. })), "{outcome:?}");
        assert_eq!(rig.value(&format!("SELECT count(*) FROM {TWIN}")).await, "20000");
        assert_eq!(rig.log().await.len(), 2, "nothing was dequeued");
    })
    .await;
}

/// More statements in one batch than a session keeps prepared: each leaf's delete still goes before its insert.
#[tokio::test(flavor = "multi_thread")]
async fn a_batch_over_hundreds_of_leaves_keeps_the_order_of_its_statements() {
    on_each_server(async |server| {
        let db = server.database("many_leaves").await;
        db.sql(
            "CREATE TABLE m (id bigint PRIMARY KEY, d date NOT NULL, body text);
             INSERT INTO m SELECT i, current_date - i % 400, 'old' FROM generate_series(1, 2000) i; ANALYZE m",
        )
        .await;
        let tool = Tool::on(&db);
        tool.done(&["run", "m", "--every", "day", "--ui", "plain"]).await;
        // Twice: the second time, too, no text of the first is prepared still.
        for body in ["new", "newer"] {
            db.sql(&format!(
                "UPDATE m SET body = '{body}' WHERE id <= 400; DELETE FROM m WHERE id BETWEEN 401 AND 500;
                 INSERT INTO m SELECT i, current_date - i % 400, '{body}' FROM generate_series(401, 500) i"
            ))
            .await;
            tool.done(&["verify", "m"]).await;
        }
        let differing = "SELECT count(*) FROM (SELECT * FROM m EXCEPT SELECT * FROM m_twin) AS a";
        assert_eq!(db.value(differing).await, "0");
        assert_eq!(db.value("SELECT count(*) FROM m_twin").await, "2000");
    })
    .await;
}

/// TRAPS 6, 7: what was logged early and is committed late has a lower number than what was replayed meanwhile.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_committed_late_is_replayed_late() {
    on_each_server(async |server| {
        let rig = Rig::ready(server.database("late_commit").await).await;
        let late = rig.db.client().await;
        late.batch_execute(&format!("BEGIN; UPDATE {TABLE} SET \"Body\" = 'late' WHERE id = 1"))
            .await
            .unwrap();
        rig.db.sql(&format!("UPDATE {TABLE} SET \"Body\" = 'early' WHERE id = 2")).await;
        let mut drain = rig.drain(Way::Forward).await;
        assert_eq!(drain.drain().await.unwrap(), 2, "old and new key of the one that is committed");
        let body = |id: i32| format!("SELECT \"Body\" FROM {TWIN} WHERE id = {id}");
        assert_eq!(rig.value(&body(2)).await, "early");
        assert_ne!(rig.value(&body(1)).await, "late");
        late.batch_execute("COMMIT").await.unwrap();
        assert_eq!(drain.drain().await.unwrap(), 2);
        assert_eq!(rig.value(&body(1)).await, "late");
        assert_eq!(drain.drain().await.unwrap(), 0);
    })
    .await;
}

/// TRAPS 56: transition tables spill to temporary files, and where those are limited the application would fail.
#[tokio::test(flavor = "multi_thread")]
async fn a_bulk_update_stays_within_the_temp_file_limit() {
    on_each_server(async |server| {
        let db = server.database("temp_limit").await;
        db.sql(&format!("ALTER DATABASE \"{0}\" SET temp_file_limit = '1MB'; ALTER DATABASE \"{0}\" SET work_mem = '64kB'", db.name())).await;
        let rig = Rig::ready(db).await;
        rig.db.sql(&format!("UPDATE {TABLE} SET \"Body\" = repeat('long', 40)")).await;
        let mut drain = rig.drain(Way::Forward).await;
        while drain.drain().await.unwrap() > 0 {}
        assert_eq!(rig.value(&format!("SELECT count(*) FROM {TWIN} WHERE \"Body\" LIKE 'longlong%'")).await, "20000");
    })
    .await;
}

/// TRAPS 47: a key that somebody holds is waited for, not passed over.
#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_held_is_not_passed_over() {
    on_each_server(async |server| {
        let rig = Rig::ready(server.database("held_key").await).await;
        rig.db.sql(&format!("UPDATE {TABLE} SET \"Body\" = 'held' WHERE id = 1")).await;
        let (holder, look) = (rig.db.client().await, rig.db.client().await);
        holder.batch_execute(&format!("BEGIN; SELECT FROM {} FOR UPDATE", rig.scheme.log())).await.unwrap();
        let mut drain = rig.drain(Way::Forward).await;
        let replay = tokio::spawn(async move { drain.drain().await });
        somebody_waits(&look).await;
        holder.batch_execute("COMMIT").await.unwrap();
        assert_eq!(replay.await.unwrap().unwrap(), 2);
        assert_eq!(rig.value(&format!("SELECT \"Body\" FROM {TWIN} WHERE id = 1")).await, "held");
    })
    .await;
}

/// TRAPS 55: the old table's own triggers have fired when the row was written; replay into it fires none.
#[tokio::test(flavor = "multi_thread")]
async fn replay_into_the_old_table_fires_no_trigger_of_the_application() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("old_triggers").await).await;
        rig.swap().await.unwrap();
        rig.settle().await;
        rig.db.sql("DELETE FROM \"My Shop\".seen").await;
        rig.db
            .sql(&format!(
                "INSERT INTO {TABLE} (room_id, user_id, \"Body\", created_at) VALUES (1, 1, 'noted', '2024-05-05 00:00+00')"
            ))
            .await;
        let seen = rig.value("SELECT count(*) FROM \"My Shop\".seen").await;
        assert_ne!(seen, "0");
        assert_eq!(rig.drain(Way::Back).await.drain().await.unwrap(), 1);
        assert_eq!(rig.value("SELECT count(*) FROM \"My Shop\".seen").await, seen);
    })
    .await;
}

/// A table of its own that is ready, and nobody runs it: the log grows.
async fn ready(db: &Db, sql: &str) -> Uuid {
    db.sql(sql).await;
    let id = launch(db, "t").await;
    assert_eq!(run(db, id, options(Until::Ready, None)).await.unwrap(), End::Reached(Phase::Ready));
    id
}

/// Drains the log and compares every row, bit by bit.
async fn verified(db: &Db, id: Uuid) {
    let end = run(db, id, options(Until::Asked, Some(Command::Verify))).await.unwrap();
    assert_eq!(end, End::Done);
}

/// TRAPS 50: unique values that change places, and keys that are equal and not the same.
#[tokio::test(flavor = "multi_thread")]
async fn values_that_change_places_and_loose_keys_arrive() {
    on_each_server(async |server| {
        let db = server.database("places").await;
        let id = ready(
            &db,
            "CREATE TABLE t (id numeric PRIMARY KEY, created_at timestamptz NOT NULL, slot int, UNIQUE (slot, created_at));
             INSERT INTO t SELECT n, '2024-02-02 00:00+00', n FROM generate_series(1, 100) n",
        )
        .await;
        db.sql(
            "BEGIN; UPDATE t SET slot = 1000 WHERE id = 1; UPDATE t SET slot = 1 WHERE id = 2; UPDATE t SET slot = 2 WHERE id = 1; COMMIT;
             UPDATE t SET id = 7.00 WHERE id = 7; DELETE FROM t WHERE id = 8; INSERT INTO t VALUES (8.0, '2024-02-02 00:00+00', 8)",
        )
        .await;
        verified(&db, id).await;
        let rows = |table: &str| format!("SELECT string_agg(id::text || ' ' || slot, ', ' ORDER BY id) FROM {table} WHERE id < 10");
        let expected = "1 2, 2 1, 3 3, 4 4, 5 5, 6 6, 7.00 7, 8.0 8, 9 9";
        assert_eq!(db.value(&rows("t")).await, expected);
        assert_eq!(db.value(&rows("t_twin")).await, expected);
    })
    .await;
}

/// TRAPS 51: rows of periods that no leaf was made for go to DEFAULT, and come back out of it.
#[tokio::test(flavor = "multi_thread")]
async fn keys_outside_every_leaf_are_not_lost() {
    on_each_server(async |server| {
        let db = server.database("outside").await;
        let id = ready(
            &db,
            "CREATE TABLE t (id bigint PRIMARY KEY, created_at timestamptz NOT NULL, n int);
             INSERT INTO t SELECT n, '2024-02-02 00:00+00', n FROM generate_series(1, 100) n",
        )
        .await;
        db.sql(
            "INSERT INTO t VALUES (1001, '1999-12-31 23:59:59.999999+00', 1), (1002, '2099-01-01 00:00+00', 2), (1003, 'infinity', 3);
             UPDATE t SET created_at = '2050-05-05 00:00+00' WHERE id = 1;
             INSERT INTO t VALUES (1004, '2070-01-01 00:00+00', 4); UPDATE t SET created_at = '2024-03-03 00:00+00' WHERE id = 1004",
        )
        .await;
        verified(&db, id).await;
        let ids = "SELECT string_agg(id::text, ', ' ORDER BY id) FROM t_default";
        assert_eq!(db.value(ids).await, "1, 1001, 1002, 1003");
        assert_eq!(db.value("SELECT count(*) FROM t_twin").await, "104");
    })
    .await;
}
