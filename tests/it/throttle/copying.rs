//! What the signals do to copying, counting, comparing and replaying; and how their limits are changed.

use std::collections::BTreeSet;

use quarterdeck::{
    engine::{
        command::Command,
        event::Body,
        launch as engine_launch,
        plan::plan,
        status::{
            ChunkState, Lane,
            SignalState::{Ok, Stop},
            Status,
        },
    },
    model::{
        phase::Phase,
        plan::Request,
        throttle::{Limits, Speed},
    },
};
use uuid::Uuid;

use super::{Owner, ready, table};
use crate::{
    commands::tool::Tool,
    support::{self, Db, server::Server},
};

const OPEN: &str = "CREATE TABLE load (state text); INSERT INTO load VALUES ('stop')";
const PROBE: &str = "probe=SELECT state FROM public.load";

/// A table whose conversion begins under a probe that says stop.
async fn held(server: &'static Server) -> (Db, Uuid, Owner) {
    let db = table(server, 100_000).await;
    db.sql(OPEN).await;
    let scheme = plan(&db.session().await, &Request::of("t")).await.unwrap().scheme;
    let limits = Limits::from_settings(&[PROBE.parse().unwrap()]);
    engine_launch::journal(&db.target(), &scheme, 2, &limits).await.unwrap();
    let owner = Owner::of(db.target(), scheme.id).await;
    (db, scheme.id, owner)
}

/// How many chunks are done.
fn done(status: &Status) -> usize {
    status
        .chunks
        .iter()
        .filter(|chunk| matches!(chunk.state, ChunkState::Copied | ChunkState::Retried))
        .count()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_held_does_nothing_and_goes_on_when_it_may() {
    support::on_each_server(async |server| {
        let (db, id, mut owner) = held(server).await;
        // Counting minds a probe: not a row is counted, and the catalogue has no twin.
        owner.until(|status| status.migration.phase == Phase::Census).await;
        owner.is("probe", Stop).await;
        let mut moments = BTreeSet::new();
        while moments.len() < 3 {
            let counted = "SELECT count(*) FROM quarterdeck.chunk WHERE counts IS NOT NULL";
            moments.insert(db.value("SELECT max(live_at) FROM quarterdeck.owner").await);
            assert_eq!(db.value(counted).await, "0");
        }
        // Slowly: every chunk rests three times as long as it took, and the lanes say why.
        db.sql("UPDATE load SET state = 'slow'").await;
        let status = owner
            .until(|status| {
                status
                    .lanes
                    .iter()
                    .any(|lane| lane.waiting.as_ref().is_some_and(|why| why == "slowed by probe: slow"))
            })
            .await;
        assert_eq!(status.migration.phase, Phase::Copying);
        // No chunk is claimed while the signal is measured anew.
        let claims = db.client().await;
        claims.batch_execute("BEGIN; LOCK TABLE quarterdeck.chunk IN SHARE MODE").await.unwrap();
        db.sql("UPDATE load SET state = 'stop'").await;
        owner.is("probe", Stop).await;
        claims.batch_execute("COMMIT").await.unwrap();
        let stuck = |status: &Status| {
            let held = |lane: &Lane| lane.waiting.as_ref().is_some_and(|why| why == "held by probe: stop");
            status.lanes.iter().all(held)
        };
        let status = owner.until(stuck).await;
        let copied = done(&status);
        assert!(
            copied < status.chunks.len(),
            "it was held in the middle: {copied} of {}",
            status.chunks.len()
        );
        moments.clear();
        while moments.len() < 3 {
            moments.insert(db.value("SELECT max(live_at) FROM quarterdeck.owner").await);
            let journalled = "SELECT count(*) FROM quarterdeck.chunk WHERE done";
            assert_eq!(db.value(journalled).await, copied.to_string());
        }
        assert!(owner.until(stuck).await.pace.slowed_s > 0.0);
        // A new owner obeys the same limits, from the first moment.
        owner.leave().await;
        let mut owner = Owner::of(db.target(), id).await;
        owner.until(stuck).await;
        while events(&db, id).await.iter().filter(|speed| **speed == Speed::Stop).count() < 2 {}
        owner.tune("probe=off").await;
        owner.until(|status| status.migration.phase == Phase::Ready).await;
        owner.leave().await;
        let throttled: Vec<Speed> = events(&db, id).await;
        assert_eq!(throttled.last(), Some(&Speed::Full), "{throttled:?}");
    })
    .await;
}

/// How fast it was said to go.
async fn events(db: &Db, id: Uuid) -> Vec<Speed> {
    let rows = db
        .rows(&format!("SELECT body FROM quarterdeck.event WHERE migration_id = '{id}' ORDER BY seq"))
        .await;
    let body = |row: &String| {
        if let Body::Throttled { speed, .. } = serde_json::from_str(row).unwrap() {
            Some(speed)
        } else {
            None
        }
    };
    rows.iter().filter_map(body).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_ends_what_is_held_and_a_pause_comes_before_it() {
    let (_db, _, mut owner) = held(&support::server::all()[0]).await;
    owner.is("probe", Stop).await;
    owner.order(Command::Pause).await;
    owner.until(|status| status.throttle[0].signal == "operator" && status.migration.waiting.is_some()).await;
    owner.order(Command::Resume).await;
    owner.until(|status| status.throttle[0].signal != "operator").await;
    owner.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_holds_replay_too_but_the_window_does_not() {
    support::on_each_server(async |server| {
        let (db, mut owner) = ready(server).await;
        db.sql(OPEN).await;
        owner.tune(PROBE).await;
        owner.is("probe", Stop).await;
        db.sql("UPDATE t SET body = 'z' WHERE id = 7").await;
        let mut moments = BTreeSet::new();
        while moments.len() < 3 {
            moments.insert(db.value("SELECT max(live_at) FROM quarterdeck.owner").await);
            assert_eq!(db.value("SELECT body FROM t_twin WHERE id = 7").await.len(), 200);
        }
        owner.tune("probe=off").await;
        // Closed for all but a minute of the day.
        let hour = (chrono::Utc::now() + chrono::TimeDelta::hours(12)).format("%H");
        owner.tune(&format!("window={hour}:00-{hour}:01")).await;
        owner.is("window", Stop).await;
        owner.until(|status| status.rows.log_pending == 0).await;
        assert_eq!(db.value("SELECT body FROM t_twin WHERE id = 7").await, "z");
        // A pass that is asked for minds no signal.
        let before = owner.until(|_| true).await.verification.verified_at;
        owner.order(Command::Verify).await;
        owner
            .until(|status| {
                status.verification.verified_at > before && status.migration.phase == Phase::Ready
            })
            .await;
        owner.leave().await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_byte_limit_stops_the_copy_and_a_higher_one_lets_it_go_on() {
    support::on_each_server(async |server| {
        let db = table(server, 20_000).await;
        let tool = Tool::on(&db);
        // Held until the log's bytes are counted.
        let limit = ["--limit", "bytes=..1kB", "--limit", "probe=SELECT 'stop'"];
        let run = [&["run", "t", "--ui", "json"], limit.as_slice()].concat();
        let mut running =
            tokio::process::Command::from(tool.command(&run)).kill_on_drop(true).spawn().unwrap();
        let shown = async || tool.done(&["tune", "t"]).await;
        while !tool
            .run(&["tune", "t"])
            .await
            .out
            .lines()
            .any(|line| line.starts_with("bytes            ..1kB          stop "))
        {
            assert!(running.try_wait().unwrap().is_none(), "it does not end");
        }
        // From another terminal, while it is held.
        tool.done(&["tune", "t", "--limit", "probe=off"]).await;
        let held = "SELECT max(live -> 'lanes' -> 0 ->> 'waiting') FROM quarterdeck.owner";
        while !db.value(held).await.starts_with("held by bytes: ") {
            assert!(running.try_wait().unwrap().is_none(), "it does not end");
        }
        assert_eq!(db.value("SELECT count(*) FROM t_twin").await, "0");
        tool.done(&["tune", "t", "--limit", "bytes=1GB", "--limit", "lock-waits=off", "--workers", "1"])
            .await;
        assert!(running.wait().await.unwrap().success());
        let text = shown().await;
        assert!(text.contains("\nbytes            1GB"), "{text}");
        assert!(text.contains("\nlock-waits       off"), "{text}");
        assert!(text.contains("not measured: nobody runs it"), "{text}");
        // Without an owner a change is journalled all the same.
        tool.done(&["tune", "t", "--limit", "bytes=default"]).await;
        assert!(shown().await.contains("\nbytes            off\n"));
        // The same run again has other limits than the journal by now, and says so.
        let said = tool.run(&run).await;
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.out.contains("QD-094") || said.err.contains("QD-094"), "{said:?}");
        let said = tool.run(&["tune", "t", "--limit", "standby=3s"]).await;
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("there is no signal standby; there are standby-lag"), "{said:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_journal_of_the_version_before_is_brought_up_to_date() {
    let (db, id, mut owner) = held(&support::server::all()[0]).await;
    owner.until(|status| status.migration.phase == Phase::Census).await;
    owner.leave().await;
    db.sql(
        "ALTER TABLE quarterdeck.migration DROP COLUMN limits; UPDATE quarterdeck.version SET version = 1",
    )
    .await;
    let tool = Tool::on(&db);
    let shown = tool.done(&["status", "t"]).await;
    assert!(shown.contains("census"), "{shown}");
    assert_eq!(db.value("SELECT version FROM quarterdeck.version").await, "1");
    let mut owner = Owner::of(db.target(), id).await;
    owner.until(|status| status.migration.phase == Phase::Ready).await;
    owner.leave().await;
    assert_eq!(db.value("SELECT version FROM quarterdeck.version").await, "2");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_hangs_while_it_measures_is_given_up_for_another() {
    support::on_each_server(async |server| {
        let (db, mut owner) = ready(server).await;
        owner.tune("lock-waits=5").await;
        owner.is("lock-waits", Ok).await;
        let measures = "SELECT coalesce(string_agg(pid::text, ' '), '') FROM pg_stat_activity WHERE datname = current_database() \
                        AND application_name LIKE 'quarterdeck % signals'";
        let pid = db.value(measures).await;
        // Stopped in its tracks: it answers nothing, and does not end either.
        let signal = |signal: &str| {
            assert!(std::process::Command::new("kill").args([signal, &pid]).status().unwrap().success());
        };
        signal("-STOP");
        while db.value(measures).await.split(' ').all(|other| other == pid) {}
        owner.is("lock-waits", Ok).await;
        signal("-CONT");
        owner.leave().await;
    })
    .await;
}
