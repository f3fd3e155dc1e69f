//! Names and keys of every kind.

use quarterdeck::ops::verify::{self, Limits, Progress, Sides};

use super::fixture::{DEFAULT, Fixture, Q1, diffs};
use crate::support;

#[tokio::test(flavor = "multi_thread")]
async fn names_are_quoted_and_keys_may_have_many_columns() {
    support::on_each_server(async |server| {
        let columns = r#""Tenant ""A""" numeric, "select" citext, "when, then" timestamptz NOT NULL, "{h}" text, "r" int"#;
        let key = ["Tenant \"A\"", "select"];
        let fixture = Fixture::by(server, "Weird \"T\" é", columns, (&key, "when, then")).await;
        fixture
            .fill("SELECT n, 'k' || n, '2024-01-01 00:00+00'::timestamptz + n * interval '1 day', 'x', n FROM generate_series(1, 300) n")
            .await;
        assert!(fixture.pass().await.is_clean());
        let (twin, log) = (fixture.scheme.twin(), fixture.scheme.log());
        fixture.db.sql(&format!("UPDATE {twin} SET \"{{h}}\" = 'y' WHERE r = 1; DELETE FROM {twin} WHERE r = 200")).await;
        let pass = fixture.pass().await;
        assert_eq!((pass.verdicts[Q1].diff_rows, pass.verdicts[DEFAULT].diff_rows, pass.diff_rows()), (1, 1, 2));
        let diff = diffs(&pass)[0];
        assert_eq!(diff.key, "Tenant \"A\"=1, select=k1, when, then=2024-01-02 00:00:00+00");
        assert_eq!(diff.columns, [("{h}".to_owned(), Some("x".to_owned()), Some("y".to_owned()))]);
        // A loosely equal key is the same row with another key.
        fixture.reset().await;
        fixture.db.sql(&format!("UPDATE {twin} SET \"Tenant \"\"A\"\"\" = 7.00 WHERE r = 7")).await;
        let pass = fixture.pass().await;
        let [diff] = diffs(&pass)[..] else { panic!("{pass:?}") };
        assert_eq!(diff.columns, [(key[0].to_owned(), Some("7".to_owned()), Some("7.00".to_owned()))]);
        assert_eq!(fixture.repair(Q1).await, 1, "the log has keys by the key's own equality");
        assert_eq!(fixture.db.value(&format!("SELECT count(*) FROM {log}")).await, "1");
        assert!(fixture.pass().await.is_clean());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_partition_column_may_be_in_the_key() {
    support::on_each_server(async |server| {
        let columns = "device int, at timestamptz, value float8, big bigint";
        let fixture = Fixture::new(server, "t", columns, &["at", "device"]).await;
        fixture
            .fill("SELECT n % 7, '2024-01-01 00:00+00'::timestamptz + n * interval '1 hour', n, n FROM generate_series(1, 5000) n")
            .await;
        assert!(fixture.pass().await.is_clean());
        fixture.db.sql("UPDATE t_twin SET value = '-0' WHERE big = 100; DELETE FROM t_twin WHERE big = 4999").await;
        let pass = fixture.pass().await;
        assert_eq!((pass.diff_rows(), pass.verdicts[Q1].diff_rows, pass.verdicts[DEFAULT].diff_rows), (2, 1, 1));
        assert_eq!(fixture.repair(Q1).await + fixture.repair(DEFAULT).await, 2);
        fixture.db.sql(&fixture.replay_sql()).await;
        assert!(fixture.pass().await.is_clean());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sides_after_the_swap_are_compared_alike() {
    support::on_each_server(async |server| {
        let fixture = Fixture::new(server, "t", "id int, at timestamptz NOT NULL, body text", &["id"]).await;
        fixture.fill("SELECT n, '2024-01-01 00:00+00', 'x' FROM generate_series(1, 50) n").await;
        fixture.db.sql("ALTER TABLE t RENAME TO t_old; ALTER TABLE t_twin RENAME TO t; DELETE FROM t_old WHERE id = 50").await;
        let sides = Sides::after_swap(&fixture.scheme, &fixture.leaves);
        let (target, progress) = (fixture.db.target(), Progress::default());
        let pass = verify::pass(&target, &sides, &[Q1], Limits::default(), &progress).await.unwrap();
        assert_eq!(pass.diff_rows(), 1);
        assert_eq!(diffs(&pass)[0].key, "id=50, at=2024-01-01 00:00:00+00");
    })
    .await;
}
