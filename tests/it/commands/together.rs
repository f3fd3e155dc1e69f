//! Several processes and one migration: commands from elsewhere, watchers, take-overs, signals.
//!
//! What must still be under way when something else begins is held up by a lock of the test's, not by time: while
//! a writer of the table is in a transaction, capture cannot begin.

use tokio_postgres::Client;

use crate::{
    commands::tool::{Running, TABLE, Tool, quiet_shop},
    support::{
        Db,
        schema::{objects, schema_dump},
        server,
    },
};

const OURS: &str = "SELECT count(*) FROM pg_trigger WHERE tgname ~ '^quarterdeck_'";
const LOGS: &str =
    "SELECT count(*) FROM pg_class WHERE relname ~ '^log_' AND relnamespace = to_regnamespace('quarterdeck')";

/// A writer in a transaction: nobody switches capture on until it is dropped or committed.
async fn writer(db: &Db) -> Client {
    let client = db.client().await;
    client.batch_execute("BEGIN; LOCK TABLE chat_messages IN ROW EXCLUSIVE MODE").await.unwrap();
    client
}

/// A run that has begun and cannot get on.
async fn held(tool: &Tool) -> Running {
    let mut run = tool.start(&["run", TABLE]);
    run.until_that(|event| event["event"] == "lock_attempt" && event["won"] == false).await;
    run
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_is_paused_and_resumed_from_elsewhere() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let (tool, writer) = (Tool::on(&db), writer(&db).await);
    let mut run = held(&tool).await;
    tool.done(&["pause", TABLE]).await;
    run.until("paused").await;
    writer.batch_execute("COMMIT").await.unwrap();
    let status = tool.status().await;
    assert_eq!(status["migration"]["state"], "paused", "{status:#}");
    assert_eq!((&status["owner"]["alive"], &status["owner"]["pid"]), (&true.into(), &run.pid().into()));
    tool.run(&["run", TABLE]).await.failed(5, "paused by");
    let said = tool.run(&["swap", TABLE, "--yes", TABLE]).await;
    assert_eq!(said.code, 3, "{said:?}");
    assert!(said.err.contains("swap needs phase ready") && said.err.contains("\nhint: "), "{said:?}");
    tool.done(&["resume", TABLE]).await;
    run.until("resumed").await;
    run.end().await.closed("ready", 0);
}

/// Nobody who looks waits for who has locked a partition.
#[tokio::test(flavor = "multi_thread")]
async fn the_status_is_told_while_a_partition_is_locked() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let tool = Tool::on(&db);
    tool.done(&["run", TABLE]).await;
    let mut client = db.client().await;
    let tx = client.transaction().await.unwrap();
    tx.batch_execute("LOCK TABLE chat_messages_2024_q3 IN ACCESS EXCLUSIVE MODE").await.unwrap();
    assert_eq!(tool.status().await["migration"]["phase"], "ready");
    tool.done(&["pause", TABLE]).await;
    tx.rollback().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_abort_from_elsewhere_leaves_the_table_as_it_was() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let before = (schema_dump(&db, "public.chat_messages").await, objects(&db).await);
    let tool = Tool::on(&db);
    for paused in [false, true] {
        let writer = writer(&db).await;
        let mut run = held(&tool).await;
        if paused {
            tool.done(&["pause", TABLE]).await;
            run.until("paused").await;
            drop(writer);
        }
        tool.done(&["abort", TABLE, "--yes", TABLE]).await;
        run.end().await.closed("aborted", 5);
        assert_eq!((schema_dump(&db, "public.chat_messages").await, objects(&db).await), before);
        assert_eq!((db.value(OURS).await, db.value(LOGS).await), ("0".into(), "0".into()));
        assert_eq!(tool.status().await["migration"]["phase"], "aborted");
    }
    // The table can be converted all the same.
    tool.done(&["run", TABLE]).await;
    tool.done(&["abort", TABLE, "--yes", TABLE]).await;
    assert_eq!((schema_dump(&db, "public.chat_messages").await, objects(&db).await), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_watches_the_first_and_ends_like_it() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let (tool, writer) = (Tool::on(&db), writer(&db).await);
    let owner = held(&tool).await;
    let mut watcher = tool.start(&["run", TABLE]);
    // It sees what the owner goes through from now on.
    watcher.until("lock_attempt").await;
    drop(writer);
    let (owner, watcher) = tokio::join!(owner.end(), watcher.end());
    owner.closed("ready", 0);
    watcher.closed("ready", 0);
    assert!(!watcher.has("owned"), "{watcher:?}");
    for event in ["census_taken", "verified"] {
        assert!(owner.has(event) && watcher.has(event), "{event}: {watcher:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_takes_the_place_of_an_owner_that_was_killed() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let (tool, writer) = (Tool::on(&db), writer(&db).await);
    let owner = held(&tool).await;
    let mut watcher = tool.start(&["run", TABLE]);
    watcher.until("lock_attempt").await;
    let dead = owner.pid();
    assert!(owner.kill().await);
    let taken = watcher.until("owned").await;
    assert!(taken["instead_of"].as_str().unwrap().ends_with(&format!(":{dead}")), "{taken}");
    drop(writer);
    watcher.end().await.closed("ready", 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_runs_at_once_one_works_and_one_watches() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let (tool, writer) = (Tool::on(&db), writer(&db).await);
    let (mut one, mut other) = (tool.start(&["run", TABLE]), tool.start(&["run", TABLE]));
    tokio::join!(one.until("lock_attempt"), other.until("lock_attempt"));
    drop(writer);
    let (one, other) = tokio::join!(one.end(), other.end());
    one.closed("ready", 0);
    other.closed("ready", 0);
    let owners = "SELECT count(*) FROM quarterdeck.event WHERE body->>'event' = 'owned'";
    assert_eq!(db.value(owners).await, "1");
    assert_eq!(db.value("SELECT count(*) FROM quarterdeck.migration").await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_takeover_ends_the_old_owner_and_goes_on() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let (tool, writer) = (Tool::on(&db), writer(&db).await);
    let old = held(&tool).await;
    let old_owner = old.pid();
    let mut new = tool.start(&["run", TABLE, "--takeover"]);
    let taken = new.until("owned").await;
    assert!(taken["instead_of"].as_str().unwrap().ends_with(&format!(":{old_owner}")), "{taken}");
    let old = old.end().await;
    old.closed("failed", 1);
    assert!(old.err.contains("another process"), "{}", old.err);
    drop(writer);
    new.end().await.closed("ready", 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signal_stops_a_run_at_a_safe_point_and_the_next_one_goes_on() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let tool = Tool::on(&db);
    for signal in ["INT", "TERM", "HUP"] {
        let writer = writer(&db).await;
        let run = held(&tool).await;
        run.signal(signal);
        run.end().await.closed("stopped", 5);
        let status = tool.status().await;
        assert_eq!(status["migration"]["state"], "stopped", "stopped is not paused: {status:#}");
        assert_eq!(status["last_error"], serde_json::Value::Null);
        drop(writer);
    }
    // The same from the first step that moves rows.
    let mut run = tool.start(&["run", TABLE]);
    run.until_that(|event| event["event"] == "step_started" && event["step"] == "copy").await;
    run.signal("INT");
    run.end().await.closed("stopped", 5);
    tool.start(&["run", TABLE]).end().await.closed("ready", 0);
}

/// Attempts at an exchange end between two of them, and what follows one is left to the next process, in the end.
#[tokio::test(flavor = "multi_thread")]
async fn a_signal_ends_a_swap_that_cannot_win_and_what_follows_one() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let tool = Tool::on(&db);
    tool.start(&["run", TABLE]).end().await.closed("ready", 0);
    let mirrors =
        "SELECT count(*) FROM pg_proc WHERE pronamespace = 'quarterdeck'::regnamespace AND prosrc ~ 'exact'";
    for (held, step, phase, left) in
        [(TABLE, "swap", "ready", "0"), ("users", "drop foreign keys", "reverse_window", "2")]
    {
        let reader = db.client().await;
        reader.batch_execute(&format!("BEGIN; SELECT count(*) FROM {held}")).await.unwrap();
        let mut run = tool.start(&["run", TABLE, "--until", "swapped", "--yes", TABLE]);
        run.until_that(|event| event["step"] == step && event["won"] == false).await;
        run.signal("TERM");
        run.end().await.closed("stopped", 5);
        assert_eq!(tool.status().await["migration"]["phase"], phase);
        assert_eq!(db.value(mirrors).await, left);
    }
    tool.start(&["run", TABLE, "--until", "swapped", "--yes", TABLE]).end().await.closed("swapped", 0);
    assert_eq!(db.value(mirrors).await, "0");
}

/// An abort has to do what a reverse left first, however long it is held up: far more attempts than the word of an
/// operator who only wants to leave would wait for.
#[tokio::test(flavor = "multi_thread")]
async fn an_abort_right_after_a_reverse_ends() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let tool = Tool::on(&db);
    let keys = "SELECT count(*) FROM pg_constraint WHERE conrelid = 'chat_messages'::regclass AND contype = 'f' AND convalidated";
    let before = db.value(keys).await;
    tool.start(&["run", TABLE, "--until", "swapped", "--yes", TABLE]).end().await.closed("swapped", 0);
    let reader = db.client().await;
    reader.batch_execute("BEGIN; SELECT count(*) FROM users").await.unwrap();
    let lost = async || {
        let sql = "SELECT count(*) FROM quarterdeck.event WHERE body->>'event' = 'lock_attempt' AND body->>'won' = 'false'";
        db.value(sql).await.parse::<i64>().unwrap()
    };
    let start = |word| tool.command(&[word, TABLE, "--yes", TABLE]).spawn().unwrap();
    let mut reverse = start("reverse");
    while tool.status().await["migration"]["phase"] != "reversed" {}
    reverse.kill().unwrap();
    reverse.wait().unwrap();
    let (before_abort, mut abort) = (lost().await, start("abort"));
    while abort.try_wait().unwrap().is_none() && lost().await < before_abort + 10 {}
    reader.batch_execute("COMMIT").await.unwrap();
    assert!(abort.wait().unwrap().success());
    assert_eq!(db.value(OURS).await, "0");
    assert_eq!(db.value(keys).await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watcher_that_is_stopped_leaves_the_owner_alone() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let (tool, writer) = (Tool::on(&db), writer(&db).await);
    let owner = held(&tool).await;
    let mut watcher = tool.start(&["run", TABLE]);
    watcher.until("lock_attempt").await;
    watcher.signal("INT");
    watcher.end().await.closed("stopped", 5);
    drop(writer);
    owner.end().await.closed("ready", 0);
}
