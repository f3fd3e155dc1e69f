//! The mirror: what is written to the table with the name is in the other one when the writer commits, or in the log.

use quarterdeck::{
    model::carry::{self, Carry},
    ops::swap::Drain,
};
use tokio_postgres::Client;

use crate::{
    exchange::rig::{OLD, Rig, TABLE, TWIN, Way},
    support::{Db, on_each_server},
};

/// Right after an exchange writers still mirror: by row after a swap, by statement after a reverse.
async fn mirroring(rig: &mut Rig, way: Way) -> &'static str {
    rig.exchange(way, crate::exchange::rig::PATIENCE).await.unwrap();
    match way {
        Way::Forward => OLD,
        Way::Back => TWIN,
    }
}

/// Rows that only one of them has.
async fn differences(db: &Db, follower: &str) -> String {
    let columns = "id, room_id, user_id, \"Body\", created_at";
    let rows = |table: &str| format!("SELECT {columns} FROM {table}");
    let (a, b) = (rows(TABLE), rows(follower));
    db.value(&format!("SELECT count(*) FROM (({a} EXCEPT ALL {b}) UNION ALL ({b} EXCEPT ALL {a})) d")).await
}

const CHANGES: [&str; 12] = [
    "INSERT INTO {} (id, room_id, \"Body\", created_at) SELECT 800000 + n, 1, 'many', '2024-03-31 23:59+00'::timestamptz + n * interval '1 minute' FROM generate_series(1, 9) n",
    "UPDATE {} SET \"Body\" = 'edited' WHERE id BETWEEN 100 AND 120",
    "UPDATE {} SET created_at = created_at + interval '4 months' WHERE id BETWEEN 200 AND 220",
    "UPDATE {} SET id = id + 900000 WHERE id BETWEEN 300 AND 320",
    "DELETE FROM {} WHERE id BETWEEN 400 AND 420",
    "INSERT INTO {} (id, room_id, \"Body\", created_at) SELECT id, room_id, 'again', created_at FROM {} WHERE id = 500 ON CONFLICT DO NOTHING",
    "BEGIN; UPDATE {} SET \"Body\" = 'once' WHERE id = 600; UPDATE {} SET \"Body\" = 'twice', created_at = created_at + interval '1 year' WHERE id = 600; COMMIT",
    "BEGIN; SAVEPOINT a; DELETE FROM {} WHERE id < 50; ROLLBACK TO a; DELETE FROM {} WHERE id = 51; COMMIT",
    "BEGIN; DELETE FROM {} WHERE id < 50; ROLLBACK",
    "DELETE FROM \"My Shop\".rooms WHERE id = 11",
    "SET session_replication_role = replica; UPDATE {} SET \"Body\" = 'as a replica' WHERE id = 700; RESET session_replication_role",
    "BEGIN ISOLATION LEVEL SERIALIZABLE; UPDATE {} SET \"Body\" = 'serial' WHERE id = 701; INSERT INTO {} (id, room_id, \"Body\") VALUES (810001, 1, 'now'); COMMIT",
];

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_change_is_in_both_tables_at_once() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("mirror").await).await;
        for (way, room) in [(Way::Forward, "11"), (Way::Back, "12")] {
            let follower = mirroring(&mut rig, way).await;
            let merge = "MERGE INTO {} m USING (VALUES (750), (820000)) v(id) ON m.id = v.id \
                         WHEN MATCHED THEN UPDATE SET created_at = '2024-12-01 00:00+00' \
                         WHEN NOT MATCHED THEN INSERT (id, room_id, \"Body\", created_at) VALUES (v.id, 1, 'merged', '2024-05-05 00:00+00')";
            let merge = (server.major() >= 15).then_some(merge);
            for sql in CHANGES.iter().copied().chain(merge) {
                let sql = sql.replace("{}", TABLE).replace("rooms WHERE id = 11", &format!("rooms WHERE id = {room}"));
                rig.db.sql(&sql).await;
                if sql.contains("rooms") {
                    // Its own foreign key may have deleted the follower's rows first: logged, though nothing is lacking.
                    rig.db.sql(&format!("DELETE FROM {}", rig.scheme.log())).await;
                }
                assert_eq!(rig.log().await, [""; 0], "{way:?}: {sql}");
                assert_eq!(differences(&rig.db, follower).await, "0", "{way:?}: {sql}");
            }
            // The same once more the other way round.
            rig.db.sql(&format!("DELETE FROM {TABLE} WHERE id >= 800000; UPDATE {TABLE} SET created_at = created_at - interval '1 year' WHERE id = 600")).await;
            rig.settle().await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_mirrored_is_logged_and_fails_nobody() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("not_mirrored").await).await;
        for way in [Way::Forward, Way::Back] {
            let follower = mirroring(&mut rig, way).await;
            let pass = format!("SET quarterdeck.pass = '{}'", rig.scheme.id);

            // The follower lacks the row.
            rig.db.sql(&format!("{pass}; DELETE FROM {follower} WHERE id = 1000")).await;
            let before = rig.log().await.len();
            rig.db.sql(&format!("UPDATE {TABLE} SET \"Body\" = 'lacking' WHERE id = 1000")).await;
            assert_eq!(rig.log().await.len(), before + 2, "{way:?}: both keys");

            // Somebody holds its row: nobody waits for him.
            let holder = rig.db.client().await;
            holder.batch_execute(&format!("BEGIN; {pass}; SELECT FROM {follower} WHERE id = 1001 FOR UPDATE")).await.unwrap();
            rig.db.sql(&format!("UPDATE {TABLE} SET \"Body\" = 'held' WHERE id = 1001")).await;
            holder.batch_execute("ROLLBACK").await.unwrap();
            assert_eq!(rig.log().await.len(), before + 4, "{way:?}: both keys");

            // The writer's snapshot does not see the follower's row.
            let old = rig.db.client().await;
            old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
            let columns = rig.scheme.column_list("");
            rig.db.sql(&format!("{pass}; WITH gone AS (DELETE FROM {follower} WHERE id = 1002 RETURNING {columns}) SELECT 1 INTO TEMP done FROM gone; INSERT INTO {follower} ({columns}) SELECT {columns} FROM {TABLE} WHERE id = 1002; DROP TABLE done")).await;
            old.batch_execute(&format!("UPDATE {TABLE} SET \"Body\" = 'old snapshot' WHERE id = 1002; COMMIT")).await.unwrap();
            assert_eq!(rig.log().await.len(), before + 6, "{way:?}: both keys");

            // Too many rows for one statement; by row they are not counted, nor right after an exchange.
            if way == Way::Back {
                rig.db.sql(&carry::functions(&rig.scheme, Carry::MirrorToTwin)).await;
            }
            rig.db.sql(&format!("UPDATE {TABLE} SET \"Body\" = 'large' WHERE id BETWEEN 2001 AND 3200")).await;
            if way == Way::Back {
                assert_ne!(rig.log().await.len(), before + 6);
            }

            let mut drain = rig.drain(if way == Way::Forward { Way::Back } else { Way::Forward }).await;
            drain.drain().await.unwrap();
            assert_eq!(differences(&rig.db, follower).await, "0", "{way:?}");
            rig.settle().await;
        }
    })
    .await;
}

/// Until the twin's foreign keys are dropped it must not lag, however large a statement is.
#[tokio::test(flavor = "multi_thread")]
async fn a_large_statement_is_mirrored_where_foreign_keys_would_be_felt() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("large").await).await;
        for way in [Way::Forward, Way::Back] {
            let follower = mirroring(&mut rig, way).await;
            rig.db
                .sql(&format!(
                    "INSERT INTO \"My Shop\".users VALUES (300, 'x'); \
                     UPDATE {TABLE} SET user_id = 300 WHERE id BETWEEN 1 AND 1500; \
                     UPDATE {TABLE} SET user_id = NULL WHERE user_id = 300; \
                     DELETE FROM \"My Shop\".users WHERE id = 300"
                ))
                .await;
            assert_eq!(rig.log().await, [""; 0], "{way:?}");
            assert_eq!(differences(&rig.db, follower).await, "0", "{way:?}");
            rig.settle().await;
        }
    })
    .await;
}

/// Replay waits for the one and holds what the other wants to write.
#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_waits_for_a_writer_holds_no_other_up() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("held_up").await).await;
        let (idle, busy) = (rig.db.client().await, rig.db.client().await);
        for way in [Way::Forward, Way::Back] {
            let follower = mirroring(&mut rig, way).await;
            let log = rig.scheme.log();
            rig.db
                .sql(&format!(
                    "INSERT INTO {log} (k1, part) SELECT id, created_at FROM {TABLE} WHERE id IN (10, 20)"
                ))
                .await;
            idle.batch_execute(&format!("BEGIN; UPDATE {TABLE} SET \"Body\" = 'idle' WHERE id = 20"))
                .await
                .unwrap();
            let mut drain = rig.drain(if way == Way::Forward { Way::Back } else { Way::Forward }).await;
            let replay = tokio::spawn(async move { drain.drain().await });
            while rig.value("SELECT count(*) FROM pg_locks WHERE NOT granted").await == "0" {}
            // Far longer than it takes, and far less than the ten seconds that our sessions wait for a lock elsewhere.
            let update =
                format!("SET statement_timeout = '5s'; UPDATE {TABLE} SET \"Body\" = 'busy' WHERE id = 10");
            busy.batch_execute(&update).await.unwrap();
            idle.batch_execute("COMMIT").await.unwrap();
            replay.await.unwrap().unwrap();
            assert_eq!(differences(&rig.db, follower).await, "0", "{way:?}");
            rig.settle().await;
        }
    })
    .await;
}

/// A row that the follower lacks, since its key is still in the log, is inserted by a writer while replay does the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_writer_and_replay_that_insert_the_same_row_both_succeed() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("same_row").await).await;
        let writer = rig.db.client().await;
        for way in [Way::Forward, Way::Back] {
            let follower = mirroring(&mut rig, way).await;
            let (log, pass) = (rig.scheme.log(), format!("SET quarterdeck.pass = '{}'", rig.scheme.id));
            rig.db
                .sql(&format!(
                    "{pass}; DELETE FROM {follower} WHERE id = 10; RESET quarterdeck.pass; \
                     INSERT INTO {log} (k1, part) SELECT id, created_at FROM {TABLE} WHERE id = 10"
                ))
                .await;
            writer
                .batch_execute(&format!(
                    "BEGIN; DELETE FROM {TABLE} WHERE id = 10; \
                     INSERT INTO {TABLE} (id, room_id, \"Body\", created_at) VALUES (10, 1, '{way:?}', '2024-01-01 03:20+00')"
                ))
                .await
                .unwrap();
            let mut drain = rig.drain(if way == Way::Forward { Way::Back } else { Way::Forward }).await;
            let replay = tokio::spawn(async move {
                let done = drain.drain().await;
                (drain, done)
            });
            while rig.value("SELECT count(*) FROM pg_locks WHERE NOT granted").await == "0" {}
            writer.batch_execute("COMMIT").await.unwrap();
            let (mut drain, done) = replay.await.unwrap();
            done.unwrap();
            drain.drain().await.unwrap();
            assert_eq!(differences(&rig.db, follower).await, "0", "{way:?}");
            rig.settle().await;
        }
    })
    .await;
}

/// The delete takes the referenced row, then rows of the one table, then of the other; a writer takes its row of the table with
/// the name, then the follower's. Where they waited for each other, the server would fail one of them.
#[tokio::test(flavor = "multi_thread")]
async fn a_delete_that_cascades_may_wait_for_a_writer_and_no_writer_for_the_delete() {
    on_each_server(async |server| {
        let mut rig = Rig::ready(server.database("cascade").await).await;
        let holder = rig.db.client().await;
        let until = async |rig: &Rig, sessions: &str| {
            let waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted";
            while rig.value(waiting).await != sessions {}
        };
        // Each with two rows of a room.
        for (way, room, [first, last]) in [(Way::Forward, 12, [11, 211]), (Way::Back, 13, [12, 212])] {
            let follower = mirroring(&mut rig, way).await;
            holder.batch_execute("SELECT pg_advisory_lock(1)").await.unwrap();
            // It has written the first row and mirrored nothing when the delete comes.
            let update = format!(
                "UPDATE {TABLE} SET \"Body\" = 'edited' WHERE id IN ({first}, {last}) \
                 AND (id = {first} OR pg_advisory_xact_lock(1) IS NOT NULL)"
            );
            let delete = format!("DELETE FROM \"My Shop\".rooms WHERE id = {room}");
            let spawn =
                |client: Client, sql: String| tokio::spawn(async move { client.batch_execute(&sql).await });
            let writing = spawn(rig.db.client().await, update);
            until(&rig, "1").await;
            let delete = spawn(rig.db.client().await, delete);
            until(&rig, "2").await;
            holder.batch_execute("SELECT pg_advisory_unlock(1)").await.unwrap();
            writing.await.unwrap().unwrap();
            delete.await.unwrap().unwrap();
            let mut drain = rig.drain(if way == Way::Forward { Way::Back } else { Way::Forward }).await;
            drain.drain().await.unwrap();
            assert_eq!(differences(&rig.db, follower).await, "0", "{way:?}");
            assert_eq!(rig.value(&format!("SELECT count(*) FROM {TABLE} WHERE room_id = {room}")).await, "0");
            rig.settle().await;
        }
    })
    .await;
}
