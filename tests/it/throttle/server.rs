//! What is written, and who receives it: on servers of the tests' own.

use quarterdeck::engine::status::SignalState::{Ok, Slow, Stale, Stop};

use super::{Owner, launched, ready, table};
use crate::support::{self, standby::Standby};

#[tokio::test(flavor = "multi_thread")]
async fn a_standby_that_replays_nothing_slows_then_holds_the_work() {
    support::on_each_server(async |server| {
        let server = server.another();
        let standby = Standby::of(server, "standby_b").await;
        let (db, mut owner) = ready(server).await;
        owner.tune("standby-lag=1s..3s").await;
        owner.is("standby-lag", Ok).await;
        let there = standby.client("postgres").await;
        there.batch_execute("SELECT pg_wal_replay_pause()").await.unwrap();
        db.sql("UPDATE t SET body = 'y'").await;
        let detail = owner.is("standby-lag", Slow).await;
        assert!(detail.starts_with("standby_b ") && detail.ends_with("s > 1.0 s"), "{detail}");
        owner.is("standby-lag", Stop).await;
        there.batch_execute("SELECT pg_wal_replay_resume()").await.unwrap();
        owner.is("standby-lag", Ok).await;
        owner.leave().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn wal_checkpoints_slots_and_slow_commits_slow_the_work() {
    support::on_each_server(async |server| {
        let (db, mut owner) = ready(server.another()).await;
        let write = |kb: u32| format!("SELECT pg_logical_emit_message(false, 'test', repeat('x', 1024)) FROM generate_series(1, {kb})");
        owner.tune("wal-rate=1MB..100GB").await;
        owner.is("wal-rate", Ok).await;
        db.sql(&write(30_000)).await;
        let detail = owner.is("wal-rate", Slow).await;
        assert!(detail.ends_with("MB/s > 1.0 MB/s"), "{detail}");
        owner.is("wal-rate", Ok).await;

        owner.tune("slot-wal=10MB..60MB").await;
        owner.is("slot-wal", Ok).await;
        db.sql("SELECT pg_create_physical_replication_slot('forgotten', true)").await;
        db.sql(&write(20_000)).await;
        let detail = owner.is("slot-wal", Slow).await;
        assert!(detail.starts_with("forgotten "), "{detail}");
        db.sql(&write(60_000)).await;
        owner.is("slot-wal", Stop).await;
        db.sql("SELECT pg_drop_replication_slot('forgotten')").await;
        owner.is("slot-wal", Ok).await;

        owner.tune("commit-latency=60ms").await;
        owner.is("commit-latency", Ok).await;
        // Half a tenth of a second each: the server waits for others that might commit, too.
        db.sql("ALTER SYSTEM SET fsync = on").await;
        db.sql("ALTER SYSTEM SET commit_siblings = 0").await;
        db.sql("ALTER SYSTEM SET commit_delay = 100000").await;
        db.sql("SELECT pg_reload_conf()").await;
        owner.is("commit-latency", Slow).await;
        db.sql("ALTER SYSTEM RESET commit_delay").await;
        db.sql("SELECT pg_reload_conf()").await;
        owner.is("commit-latency", Ok).await;

        owner.tune("checkpoints=1").await;
        owner.is("checkpoints", Ok).await;
        db.sql("CHECKPOINT").await;
        db.sql("CHECKPOINT").await;
        assert_eq!(owner.is("checkpoints", Slow).await, "2 > 1");
        owner.is("checkpoints", Ok).await;
        owner.leave().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_see_others_is_told_so_and_slowed() {
    support::on_each_server(async |server| {
        let server = server.another();
        let _standby = Standby::of(server, "standby_b").await;
        let db = table(server, 10).await;
        let name = db.name();
        db.sql(&format!(
            "CREATE ROLE plain LOGIN PASSWORD 'secret';
             GRANT CREATE ON DATABASE \"{name}\" TO plain; GRANT ALL ON SCHEMA public TO plain;
             ALTER TABLE t OWNER TO plain"
        ))
        .await;
        let plain = quarterdeck::pg::Target::parse(&db.conninfo_as("plain", "secret")).unwrap();
        let id = launched(&plain).await;
        let mut owner = Owner::of(plain, id).await;
        owner.tune("active-backends=100").await;
        owner.tune("oldest-xmin=1h").await;
        for signal in ["standby-lag", "active-backends", "oldest-xmin"] {
            owner.is(signal, Stale).await;
            owner.says(signal, "GRANT pg_monitor").await;
        }
        // Without a word it is right at once, once the right is there.
        db.sql("GRANT pg_monitor TO plain").await;
        for signal in ["standby-lag", "active-backends", "oldest-xmin"] {
            owner.is(signal, Ok).await;
        }
        // What was measured before does not count for ever.
        db.sql("REVOKE EXECUTE ON FUNCTION pg_current_wal_lsn() FROM PUBLIC").await;
        let detail = owner.is("standby-lag", Stale).await;
        assert!(detail.starts_with("not measured for "), "{detail}");
        db.sql("GRANT EXECUTE ON FUNCTION pg_current_wal_lsn() TO PUBLIC").await;
        owner.is("standby-lag", Ok).await;
        owner.leave().await;
    })
    .await;
}
