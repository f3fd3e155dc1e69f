//! A table that is written while it is verified, and repair.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use quarterdeck::model::diff::DiffKind;
use tokio_postgres::{Client, error::SqlState};

use super::fixture::{Fixture, Q1, Q2, diffs};
use crate::support::{self, server::Server};

const COLUMNS: &str = "id bigint, at timestamptz NOT NULL, body text, price numeric";
const ROWS: &str = "SELECT n, '2024-01-01 00:00+00'::timestamptz + n * interval '26 minutes', 'row ' || n, n FROM generate_series(1, 20000) n";

/// The capture of DESIGN 4, step 2, over key `id` and time `at`.
async fn capture(fixture: &Fixture) {
    let log = fixture.scheme.log();
    fixture
        .db
        .sql(&format!(
            "CREATE FUNCTION quarterdeck.capture() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
             BEGIN
               IF tg_op <> 'INSERT' THEN INSERT INTO {log} (k1, part) SELECT id, at FROM old_rows; END IF;
               IF tg_op <> 'DELETE' THEN INSERT INTO {log} (k1, part) SELECT id, at FROM new_rows; END IF;
               RETURN NULL;
             END $$"
        ))
        .await;
    for (event, tables) in [
        ("insert", "NEW TABLE AS new_rows"),
        ("delete", "OLD TABLE AS old_rows"),
        ("update", "OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    ] {
        fixture
            .db
            .sql(&format!(
                "CREATE TRIGGER quarterdeck_{event} AFTER {event} ON t REFERENCING {tables} FOR EACH STATEMENT \
                 EXECUTE FUNCTION quarterdeck.capture(); ALTER TABLE t ENABLE ALWAYS TRIGGER quarterdeck_{event}"
            ))
            .await;
    }
}

/// Inserts, updates, deletes and moves between quarters until told to stop.
async fn write(client: Client, stop: &AtomicBool, written: &AtomicU64) {
    while !stop.load(Ordering::Relaxed) {
        client
            .batch_execute(
                "BEGIN;
                 INSERT INTO t SELECT 100000 + (random() * 1e12)::bigint, '2024-01-01 00:00+00'::timestamptz + random() * interval '360 days', 'new', random() ON CONFLICT DO NOTHING;
                 UPDATE t SET body = body || '!' WHERE id BETWEEN 1 AND 9 OR id = (random() * 20000)::bigint;
                 UPDATE t SET at = at + interval '100 days' WHERE id = (random() * 20000)::bigint AND at < '2024-09-01';
                 DELETE FROM t WHERE id = (random() * 20000)::bigint;
                 COMMIT",
            )
            .await
            .expect("the application's transaction");
        written.fetch_add(1, Ordering::Relaxed);
    }
}

/// Replays until told to stop, and then until the log is empty.
async fn replay(client: Client, sql: String, log: String, stop: &AtomicBool) {
    loop {
        let stopping = stop.load(Ordering::Relaxed);
        match client.batch_execute(&sql).await {
            Ok(()) => (),
            Err(error) if error.code() == Some(&SqlState::T_R_SERIALIZATION_FAILURE) => {
                client.batch_execute("ROLLBACK").await.expect("a rollback");
                continue;
            }
            Err(error) => panic!("{error:?}"),
        }
        let left =
            client.query_one(&format!("SELECT EXISTS (SELECT FROM {log})"), &[]).await.expect("the log");
        if stopping && !left.get::<_, bool>(0) {
            return;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_hot_correct_table_shows_no_difference_and_a_fault_in_it_shows() {
    support::on_each_server(async |server| Box::pin(hot(server, 40)).await).await;
}

/// Four leaves each.
#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_looks_at_a_leaf_of_a_hot_correct_table_report_nothing() {
    Box::pin(hot(&support::server::all()[0], 250)).await;
}

/// Passes while the table is written, at least so many.
async fn hot(server: &'static Server, least: u32) {
    let fixture = Fixture::new(server, "t", COLUMNS, &["id"]).await;
    fixture.fill(ROWS).await;
    capture(&fixture).await;
    let (stop_writing, stop_replay, written) =
        (AtomicBool::new(false), AtomicBool::new(false), AtomicU64::new(0));
    let sql = fixture.replay_sql();
    let passes = async {
        let (mut passes, mut in_log) = (0, 0);
        while passes < least || (in_log == 0 && passes < 400) {
            let pass = fixture.pass().await;
            assert!(pass.is_clean(), "pass {passes}: {pass:?}");
            in_log += pass.in_log;
            passes += 1;
        }
        assert!(in_log > 0, "the log was never seen with a key in it");
        // A row that no writer touches.
        fixture.db.sql("INSERT INTO t_twin VALUES (-7, '2024-05-01', 'nobody wrote this', 1)").await;
        let pass = fixture.pass().await;
        assert_eq!(pass.diff_rows(), 1, "{pass:?}");
        assert_eq!((pass.verdicts[Q2].diffs[0].kind, pass.verdicts[Q2].diff_rows), (DiffKind::Extra, 1));
        fixture.db.sql("DELETE FROM t_twin WHERE id = -7").await;
        stop_writing.store(true, Ordering::Relaxed);
    };
    let (writer, replayer) = (fixture.db.client().await, fixture.db.client().await);
    let log = fixture.scheme.log().to_string();
    let writing = async {
        tokio::join!(passes, write(writer, &stop_writing, &written));
        stop_replay.store(true, Ordering::Relaxed);
    };
    tokio::join!(writing, replay(replayer, sql, log, &stop_replay));
    assert!(written.load(Ordering::Relaxed) > 40);
    let pass = fixture.pass().await;
    assert!(pass.is_clean() && pass.in_log == 0, "{pass:?}");
    let unequal = "SELECT count(*) FROM (TABLE t EXCEPT ALL TABLE t_twin UNION ALL (TABLE t_twin EXCEPT ALL TABLE t)) d";
    assert_eq!(fixture.db.value(unequal).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn repair_logs_the_keys_of_both_sides_and_replay_mends_them() {
    support::on_each_server(async |server| {
        let fixture = Fixture::new(server, "t", COLUMNS, &["id"]).await;
        fixture.fill(ROWS).await;
        // First quarter: one of each kind, one that is in the log already. Second quarter: one more.
        fixture
            .db
            .sql(&format!(
                "DELETE FROM t_twin WHERE id = 1; UPDATE t_twin SET price = price + 0.0 WHERE id = 2;
                 UPDATE t_twin SET at = at + interval '1 second' WHERE id = 3;
                 INSERT INTO t_twin VALUES (-4, '2024-02-01 00:00+00', 'extra', 1);
                 UPDATE t_twin SET body = 'logged' WHERE id = 5;
                 INSERT INTO {} (k1, part) SELECT id, at FROM t WHERE id = 5;
                 UPDATE t_twin SET body = 'other leaf' WHERE id = 6000",
                fixture.scheme.log()
            ))
            .await;
        let pass = fixture.pass().await;
        assert_eq!((pass.verdicts[Q1].diff_rows, pass.verdicts[Q2].diff_rows, pass.in_log), (4, 1, 1));
        // Two keys for the row whose time differs.
        assert_eq!(fixture.repair(Q1).await, 5);
        assert_eq!(fixture.repair(Q1).await, 0, "what is in the log is not logged again");
        let pass = fixture.pass().await;
        assert_eq!((pass.verdicts[Q1].diff_rows, pass.verdicts[Q2].diff_rows, pass.in_log), (0, 1, 6));
        assert_eq!(fixture.repair(Q2).await, 1);
        fixture.db.sql(&fixture.replay_sql()).await;
        let pass = fixture.pass().await;
        assert!(pass.is_clean() && pass.in_log == 0, "{pass:?}");
        assert!(diffs(&pass).is_empty());
    })
    .await;
}
