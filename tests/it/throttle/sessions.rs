//! What other sessions do to the table and to the server.

use quarterdeck::engine::status::SignalState::{Ok, Slow, Stale, Stop};

use super::ready;
use crate::support;

#[tokio::test(flavor = "multi_thread")]
async fn sessions_that_wait_for_the_table_slow_the_work() {
    support::on_each_server(async |server| {
        let (db, mut owner) = ready(server).await;
        owner.tune("lock-waits=0").await;
        owner.says("lock-waits", "0 of 0").await;
        let (holder, waiter) = (db.client().await, db.client().await);
        holder.batch_execute("BEGIN; LOCK TABLE t IN SHARE ROW EXCLUSIVE MODE").await.unwrap();
        let waits = async { waiter.batch_execute("UPDATE t SET body = 'y' WHERE id = 1").await.unwrap() };
        let frees = async {
            assert_eq!(owner.is("lock-waits", Slow).await, "1 > 0");
            holder.batch_execute("COMMIT").await.unwrap();
            owner.is("lock-waits", Ok).await;
        };
        tokio::join!(waits, frees);
        owner.leave().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn busy_sessions_and_old_transactions_slow_the_work() {
    support::on_each_server(async |server| {
        // Of its own: others' tests are busy sessions too.
        let (db, mut owner) = ready(server.another()).await;
        owner.tune("active-backends=1").await;
        owner.is("active-backends", Ok).await;
        let busy = [db.client().await, db.client().await];
        let works = busy.iter().map(|client| client.batch_execute("SELECT pg_sleep(600)"));
        let works = futures_util::future::join_all(works);
        let ends = async {
            assert_eq!(owner.is("active-backends", Slow).await, "2 > 1");
            db.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'",
            )
            .await;
            owner.is("active-backends", Ok).await;
        };
        tokio::join!(works, ends);

        // One level at a time: between two looks both may be passed.
        owner.tune("oldest-xmin=1s").await;
        owner.is("oldest-xmin", Ok).await;
        let old = db.client().await;
        old.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM t").await.unwrap();
        owner.is("oldest-xmin", Slow).await;
        owner.tune("oldest-xmin=1s..2s").await;
        let detail = owner.is("oldest-xmin", Stop).await;
        assert!(detail.starts_with("pid ") && detail.ends_with("s > 2.0 s"), "{detail}");
        old.batch_execute("COMMIT").await.unwrap();
        owner.is("oldest-xmin", Ok).await;
        owner.tune("oldest-xmin=1s").await;
        db.sql("BEGIN; DELETE FROM t WHERE id = 1; PREPARE TRANSACTION 'forgotten'").await;
        let detail = owner.is("oldest-xmin", Slow).await;
        assert!(detail.starts_with("prepared transaction forgotten"), "{detail}");
        db.sql("ROLLBACK PREPARED 'forgotten'").await;
        owner.is("oldest-xmin", Ok).await;
        owner.leave().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_log_that_grows_faster_than_it_is_replayed_slows_the_work() {
    support::on_each_server(async |server| {
        let (db, mut owner) = ready(server).await;
        owner.tune("log-growth=3").await;
        owner.is("log-growth", Ok).await;
        let holder = db.client().await;
        holder.batch_execute("BEGIN; SELECT FROM t_twin FOR UPDATE").await.unwrap();
        let writes = async {
            loop {
                db.sql("UPDATE t SET body = 'y'").await;
            }
        };
        tokio::select! {
            () = writes => {}
            _ = owner.is("log-growth", Slow) => {}
        }
        holder.batch_execute("COMMIT").await.unwrap();
        owner.is("log-growth", Ok).await;
        owner.leave().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_is_obeyed_and_one_that_fails_slows() {
    support::on_each_server(async |server| {
        let (db, mut owner) = ready(server).await;
        db.sql("CREATE TABLE load (state text); INSERT INTO load VALUES ('ok')").await;
        owner.tune("probe=SELECT state FROM public.load").await;
        owner.is("probe", Ok).await;
        for (state, verdict) in [("slow", Slow), ("stop", Stop), ("ok", Ok)] {
            db.sql(&format!("UPDATE load SET state = '{state}'")).await;
            owner.is("probe", verdict).await;
        }
        for (probe, says) in [
            ("SELECT 'high'", "answers \"high\" instead of ok, slow or stop"),
            ("SELECT 1", "did not answer text"),
            ("SELECT state FROM public.load WHERE false", "answered no row"),
            ("SELECT pg_sleep(600)::text", "statement timeout"),
            ("UPDATE public.load SET state = 'ok' RETURNING state", "read-only transaction"),
            ("SELECT 'ok'; SELECT 'ok'", "multiple commands"),
        ] {
            owner.tune(&format!("probe={probe}")).await;
            owner.says("probe", says).await;
            owner.is("probe", Stale).await;
        }
        owner.tune("probe=off").await;
        owner.until(|status| status.throttle.iter().all(|one| one.signal != "probe")).await;
        owner.leave().await;
    })
    .await;
}
