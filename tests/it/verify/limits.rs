//! What stops a pass, and what it refuses to call equal.

use std::time::Duration;

use quarterdeck::{
    error::{Error, Kind},
    ops::verify::{self, Limits, Progress},
    pg::Target,
};
use tokio_util::sync::CancellationToken;

use super::fixture::{DEFAULT, Fixture, Q1, Q2, Q4};
use crate::support;

const COLUMNS: &str = "id bigint, at timestamptz NOT NULL, body text";
const ALL: [usize; 4] = [Q1, Q2, Q4, DEFAULT];

/// Few rows whose hashing takes long: a tile of several seconds, to be cancelled in the middle of it. JSON has no hash
/// of its own and is compared in its binary form.
async fn slow() -> Fixture {
    let columns = "id bigint, at timestamptz NOT NULL, body json";
    let fixture = Fixture::new(&support::server::all()[0], "t", columns, &["id"]).await;
    fixture
        .fill("SELECT n, '2024-01-01 00:00+00', to_json(repeat('x', 10000000)) FROM generate_series(1, 60) n")
        .await;
    fixture
}

const READING: &str = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'quarterdeck verify%' AND state = 'active' AND datname = current_database()";

async fn wait_for_readers(fixture: &Fixture, readers: &str) {
    while fixture.db.value(READING).await != readers {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_pass_leaves_nothing_running() {
    let fixture = slow().await;
    let cancel = CancellationToken::new();
    let progress = Progress::new(cancel.clone());
    let stop = async {
        wait_for_readers(&fixture, "2").await;
        cancel.cancel();
    };
    let (end, ()) = tokio::join!(fixture.try_pass(&ALL, Limits::default(), &progress), stop);
    let error = end.expect_err("it was stopped");
    assert_eq!(error.kind(), Kind::Stopped, "{error}");
    assert_eq!(fixture.db.value(READING).await, "0");
    assert!(progress.snapshot_age().is_some());
    // A pass that is stopped before it begins reads nothing.
    let end = fixture.try_pass(&ALL, Limits::default(), &progress).await;
    assert_eq!(end.expect_err("it was stopped").kind(), Kind::Stopped);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_that_gets_too_old_is_given_up() {
    let fixture = slow().await;
    let limits = Limits { snapshot_max: Duration::from_millis(300), ..Limits::default() };
    let error = fixture.try_pass(&ALL, limits, &Progress::default()).await.expect_err("too old");
    assert!(matches!(error, Error::Busy { .. }), "{error}");
    assert!(error.to_string().contains("snapshot"), "{error}");
    assert_eq!(fixture.db.value(READING).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn progress_ends_at_all_rows() {
    let fixture = Fixture::new(&support::server::all()[0], "t", COLUMNS, &["id"]).await;
    fixture.fill("SELECT n, '2024-01-01 00:00+00', 'x' FROM generate_series(1, 3000) n").await;
    let progress = Progress::default();
    assert_eq!((progress.rows(), progress.snapshot_age()), ((0, 0), None));
    for readers in [1, 2, 5] {
        let limits = Limits { readers, ..Limits::default() };
        assert!(fixture.try_pass(&ALL, limits, &progress).await.unwrap().is_clean());
        assert_eq!(progress.rows(), (6_000, 6_000));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn partitions_that_are_not_the_leaves_are_an_error() {
    let fixture = Fixture::new(&support::server::all()[0], "t", COLUMNS, &["id"]).await;
    fixture
        .db
        .sql("CREATE TABLE strange PARTITION OF t_twin FOR VALUES FROM ('2030-01-01') TO ('2031-01-01')")
        .await;
    let changed = async || match fixture.try_pass(&ALL, Limits::default(), &Progress::default()).await {
        Err(error @ Error::Changed { .. }) => error.to_string(),
        other => panic!("{other:?}"),
    };
    assert!(changed().await.contains("strange"));
    fixture.db.sql("DROP TABLE strange; ALTER TABLE t_twin DETACH PARTITION t_2024_q2").await;
    assert!(changed().await.contains("t_2024_q2"));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_without_a_leaf_are_counted_where_there_is_no_default() {
    let mut fixture = Fixture::new(&support::server::all()[0], "t", COLUMNS, &["id"]).await;
    fixture.fill("SELECT n, '2024-01-01 00:00+00', 'x' FROM generate_series(1, 10) n").await;
    fixture.db.sql("DROP TABLE t_default; INSERT INTO t VALUES (11, '2024-08-01', 'x'), (12, 'infinity', 'x'), (13, '-infinity', 'x')").await;
    fixture.leaves.pop();
    let pass = fixture.pass_of(&[Q1, Q2, Q4]).await;
    assert_eq!((pass.without_leaf, pass.diff_rows(), pass.is_clean()), (3, 0, false));
}

/// Leaves are sealed while others are compared: a pass waits for none of them and holds up none.
#[tokio::test(flavor = "multi_thread")]
async fn a_leaf_that_is_not_compared_may_be_locked() {
    let fixture = Fixture::new(&support::server::all()[0], "t", COLUMNS, &["id"]).await;
    fixture.fill("SELECT n, '2024-01-01 00:00+00', 'x' FROM generate_series(1, 10) n").await;
    fixture
        .db
        .sql("DELETE FROM t_twin WHERE id = 4; INSERT INTO t_twin VALUES (40, '2024-01-01', 'x')")
        .await;
    fixture.db.sql("BEGIN; LOCK TABLE ONLY t_twin, t_2024_q4 IN ACCESS EXCLUSIVE MODE").await;
    assert_eq!(fixture.pass_of(&[Q1, Q2]).await.diff_rows(), 2);
    fixture.db.sql("COMMIT").await;
}

/// A policy that filters both sides alike would make them look equal (TRAPS 53).
#[tokio::test(flavor = "multi_thread")]
async fn row_security_is_an_error_and_not_an_equal_table() {
    let fixture = Fixture::new(&support::server::all()[0], "t", COLUMNS, &["id"]).await;
    fixture.fill("SELECT n, '2024-01-01 00:00+00', 'x' FROM generate_series(1, 10) n").await;
    let role = format!("plain_{}", fixture.db.name());
    fixture
        .db
        .sql(&format!(
            "DELETE FROM t_twin WHERE id = 3; CREATE ROLE {role} LOGIN PASSWORD 'secret'; \
             GRANT USAGE ON SCHEMA quarterdeck TO {role}; GRANT ALL ON ALL TABLES IN SCHEMA quarterdeck TO {role}; \
             ALTER TABLE t OWNER TO {role}; ALTER TABLE t_twin OWNER TO {role}; \
             GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}; \
             ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t FORCE ROW LEVEL SECURITY; \
             CREATE POLICY few ON t USING (id <> 3)"
        ))
        .await;
    let target = Target::parse(&fixture.db.conninfo_as(&role, "secret")).unwrap();
    let (sides, progress) = (fixture.sides(), Progress::default());
    let end = verify::pass(&target, &sides, &ALL, Limits::default(), &progress).await;
    let error = end.expect_err("rows are hidden");
    assert!(error.to_string().contains("row-level security"), "{error}");
    fixture.db.sql(&format!("DROP OWNED BY {role}; DROP ROLE {role}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_that_fails_stops_the_others() {
    let fixture = slow().await;
    let kill = async {
        wait_for_readers(&fixture, "2").await;
        fixture.db.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quarterdeck verify 2' AND datname = current_database()").await;
    };
    let progress = Progress::default();
    let (end, ()) = tokio::join!(fixture.try_pass(&ALL, Limits::default(), &progress), kill);
    let error = end.expect_err("a reader was killed");
    assert!(error.connection_lost(), "{error}");
    assert_eq!(fixture.db.value(READING).await, "0");
}
