//! Capture: every way to write leaves its keys in the log, and switching it on makes nobody wait for long.

use std::time::{Duration, Instant};

use quarterdeck::{
    ops::capture,
    pg::{Session, lock::Attempt},
};
use tokio::sync::mpsc;

use crate::{
    exchange::rig::{PATIENCE, Rig, TABLE},
    support::{database, on_each_server, schema::objects, schema::schema_dump},
};

/// Statements, and the keys they leave in the log.
const WRITES: [(&str, &[&str]); 9] = [
    (
        "INSERT INTO {} (id, room_id, \"Body\", created_at) VALUES (900001, 1, 'a', '2024-05-05 00:00+00')",
        &["900001|2024-05-05 00:00:00"],
    ),
    ("UPDATE {} SET \"Body\" = 'b' WHERE id = 1", &["1|2024-01-01 00:20:00", "1|2024-01-01 00:20:00"]),
    ("UPDATE {} SET id = 900002 WHERE id = 2", &["2|2024-01-01 00:40:00", "900002|2024-01-01 00:40:00"]),
    (
        "UPDATE {} SET created_at = '2024-09-09 00:00+00' WHERE id = 3",
        &["3|2024-01-01 01:00:00", "3|2024-09-09 00:00:00"],
    ),
    ("DELETE FROM {} WHERE id = 4", &["4|2024-01-01 01:20:00"]),
    (
        "INSERT INTO {} (id, room_id, \"Body\", created_at) VALUES (5, 1, 'c', now()) ON CONFLICT (id) DO UPDATE SET \"Body\" = 'd'",
        &["5|2024-01-01 01:40:00", "5|2024-01-01 01:40:00"],
    ),
    ("DELETE FROM \"My Shop\".rooms WHERE id = 1; ROLLBACK", &[]),
    ("SET LOCAL session_replication_role = replica; DELETE FROM {} WHERE id = 6", &["6|2024-01-01 02:00:00"]),
    (
        "SAVEPOINT s; DELETE FROM {} WHERE id = 7; ROLLBACK TO s; DELETE FROM {} WHERE id = 8",
        &["8|2024-01-01 02:40:00"],
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_write_leaves_its_keys() {
    on_each_server(async |server| {
        for by_row in [false, true] {
            let mut rig = Rig::planned(server.database("capture").await).await;
            rig.scheme.table.facts.row_level_capture = by_row;
            rig.begin_capture().await.unwrap();
            let mut writes = WRITES.to_vec();
            if server.major() >= 15 {
                let merge = "MERGE INTO {} m USING (VALUES (9), (900009)) v(id) ON m.id = v.id \
                             WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT (id, room_id, \"Body\", created_at) VALUES (v.id, 1, 'm', '2024-05-05 00:00+00')";
                writes.push((merge, &["900009|2024-05-05 00:00:00", "9|2024-01-01 03:00:00"]));
            }
            for (sql, keys) in writes {
                rig.db.sql(&format!("DELETE FROM {}", rig.scheme.log())).await;
                rig.db.sql(&format!("BEGIN; {}; COMMIT", sql.replace("{}", TABLE))).await;
                let mut log = rig.log().await;
                log.sort();
                assert_eq!(log, keys, "{sql}, row by row: {by_row}");
            }
            rig.db.sql(&format!("DELETE FROM {}", rig.scheme.log())).await;
            rig.db.sql("DELETE FROM \"My Shop\".rooms WHERE id = 100").await;
            assert_eq!(rig.log().await.len(), 100, "what a foreign key deletes");
            rig.db.sql(&format!("COPY {TABLE} (room_id, \"Body\") FROM PROGRAM 'seq 1 3 | sed s/.*/1,x/' CSV")).await;
            assert_eq!(rig.log().await.len(), 103);
            let error = rig.db.try_sql(&format!("TRUNCATE {TABLE}")).await.unwrap_err();
            assert!(error.as_db_error().unwrap().message().contains(&rig.scheme.id.to_string()), "{error:?}");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_can_be_begun_again_and_taken_away() {
    on_each_server(async |server| {
        let mut rig = Rig::planned(server.database("capture_again").await).await;
        let before = (schema_dump(&rig.db, TABLE).await, objects(&rig.db).await);
        assert!(!capture::is_on(&rig.session, &rig.scheme).await.unwrap());
        rig.begin_capture().await.unwrap();
        let on = schema_dump(&rig.db, TABLE).await;
        assert!(capture::is_on(&rig.session, &rig.scheme).await.unwrap());
        rig.begin_capture().await.unwrap();
        assert_eq!(schema_dump(&rig.db, TABLE).await, on);
        rig.take_over().await;
        assert!(rig.fence.fingerprint.contains("quarterdeck_capture_insert on Messages A"), "{}", rig.fence.fingerprint);

        // TRAPS 52: it leaves 'O'.
        rig.db.sql(&format!("ALTER TABLE {TABLE} DISABLE TRIGGER ALL; ALTER TABLE {TABLE} ENABLE TRIGGER ALL")).await;
        assert!(!capture::is_on(&rig.session, &rig.scheme).await.unwrap());
        rig.db.sql(&format!("ALTER TABLE {TABLE} ENABLE ALWAYS TRIGGER note_always; ALTER TABLE {TABLE} ENABLE REPLICA TRIGGER note_replica; ALTER TABLE {TABLE} DISABLE TRIGGER note_never")).await;

        rig.abort().await;
        assert_eq!(schema_dump(&rig.db, TABLE).await, before.0);
        assert_eq!(objects(&rig.db).await, before.1);
        rig.abort().await;
        rig.begin_capture().await.unwrap();
        assert_eq!(schema_dump(&rig.db, TABLE).await, on);
    })
    .await;
}

/// What runs is what is shown: the shown statements, run by hand, leave the same behind.
#[tokio::test(flavor = "multi_thread")]
async fn the_plan_shows_every_statement() {
    let rig = Rig::planned(database("capture_shown").await).await;
    let tx = rig.db.session().await;
    tx.batch("begin", "BEGIN").await.unwrap();
    for statement in capture::statements(&rig.scheme) {
        tx.batch("shown", &statement.sql).await.unwrap_or_else(|e| panic!("{e}\n{}", statement.sql));
    }
    tx.batch("commit", "COMMIT").await.unwrap();
    assert!(capture::is_on(&rig.session, &rig.scheme).await.unwrap());
    rig.db.sql(&format!("DELETE FROM {TABLE} WHERE id = 1")).await;
    assert_eq!(rig.log().await, ["1|2024-01-01 00:20:00"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_writer_in_the_way_is_named_and_nobody_waits_for_long() {
    on_each_server(async |server| {
        let mut rig = Rig::planned(server.database("capture_busy").await).await;
        let writer = rig.db.client().await;
        writer
            .batch_execute(&format!(
                "SET application_name = 'billing'; BEGIN; DELETE FROM {TABLE} WHERE id = 1"
            ))
            .await
            .unwrap();
        let (tell, mut attempts) = mpsc::unbounded_channel::<Attempt>();
        let mut report = |attempt: Attempt| tell.send(attempt).unwrap();
        let capture = capture::begin(&mut rig.session, &rig.fence, &rig.scheme, PATIENCE, &mut report);
        let other = rig.db.client().await;
        let application = async {
            for number in 1..=3 {
                let attempt = attempts.recv().await.unwrap();
                assert!(attempt.number == number && !attempt.won && attempt.step == "capture", "{attempt:?}");
                let blocker = attempt.blocker.unwrap();
                assert!(blocker.contains("(billing), idle in transaction"), "{blocker}");
                let began = Instant::now();
                other
                    .batch_execute(&format!("UPDATE {TABLE} SET \"Body\" = 'y' WHERE id = 2"))
                    .await
                    .unwrap();
                assert!(began.elapsed() < Duration::from_secs(1), "a writer waited {:?}", began.elapsed());
            }
            writer.batch_execute("COMMIT").await.unwrap();
            loop {
                let attempt = attempts.recv().await.unwrap();
                if attempt.won {
                    return;
                }
            }
        };
        let (outcome, ()) = tokio::join!(capture, application);
        outcome.unwrap();
        assert!(capture::is_on(&rig.session, &rig.scheme).await.unwrap());
    })
    .await;
}

/// TRAPS 30: any name.
#[tokio::test(flavor = "multi_thread")]
async fn names_are_quoted_and_collations_kept() {
    let db = database("capture_names").await;
    db.sql(
        r#"CREATE SCHEMA "{log}"; CREATE TABLE "{log}"."$quarterdeck$; DROP" ("{each}" text COLLATE "C", "$quarterdeck$" numeric, "é '""" timestamptz NOT NULL,
           PRIMARY KEY ("{each}", "$quarterdeck$"))"#,
    )
    .await;
    let mut session: Session = db.session().await;
    let table =
        quarterdeck::pg::catalog::load_table(&session, r#""{log}"."$quarterdeck$; DROP""#).await.unwrap();
    let rig = Rig::of(db, &mut session, table, "é '\"").await;
    let fence = &rig.fence;
    capture::begin(&mut session, fence, &rig.scheme, PATIENCE, &mut |_| ()).await.unwrap();
    rig.db
        .sql(r#"INSERT INTO "{log}"."$quarterdeck$; DROP" VALUES ('a', 1.00, '2024-01-01 00:00+00')"#)
        .await;
    let log = rig.scheme.log();
    assert_eq!(
        rig.db.rows(&format!("SELECT k1, k2, part AT TIME ZONE 'UTC' FROM {log}")).await,
        ["a|1.00|2024-01-01 00:00:00"]
    );
    let sql = format!(
        "SELECT count(*) FROM {log} l JOIN {} s ON {}",
        rig.scheme.source(),
        rig.scheme.log_match("l", "s")
    );
    assert_eq!(rig.value(&sql).await, "1");
}
