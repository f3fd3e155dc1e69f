//! A swap that is rehearsed, and one that waits for its moment.

use chrono::{TimeDelta, Utc};
use serde_json::Value;

use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    support::{
        self,
        schema::{objects, schema_dump},
    },
};

fn has(line: &Value, part: &str) -> bool {
    line.as_str().is_some_and(|line| line.contains(part))
}

fn moment(after: TimeDelta) -> String {
    (Utc::now() + after).to_rfc3339()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_measures_and_changes_nothing() {
    support::on_each_server(async |server| {
        for strategy in ["online", "adopt"] {
            let db = quiet_shop(server, 2_000).await;
            let tool = Tool::on(&db);
            tool.run(&["swap", TABLE, "--yes", TABLE, "--rehearse"]).await.failed(3, "QD-093");
            tool.done(&["run", TABLE, "--strategy", strategy, "--ui", "plain"]).await;
            let before = (schema_dump(&db, "public.chat_messages").await, objects(&db).await);
            let said = tool.done(&["swap", TABLE, "--yes", TABLE, "--rehearse"]).await;
            assert!(said.contains("rolled back, nothing is changed"), "{said}");
            assert!(said.contains("attempts: 1"), "{said}");
            assert_eq!(schema_dump(&db, "public.chat_messages").await, before.0);
            assert_eq!(objects(&db).await, before.1);
            assert_eq!(tool.status().await["migration"]["phase"], "ready");
            db.sql(&format!("DELETE FROM {TABLE} WHERE id = (SELECT id FROM {TABLE} LIMIT 1)")).await;
            if strategy == "online" {
                assert_eq!(tool.status().await["rows"]["log_pending"], 1, "writers log again");
            }
            tool.done(&["swap", TABLE, "--yes", TABLE]).await;
            tool.run(&["swap", TABLE, "--yes", TABLE, "--rehearse"]).await.failed(3, "QD-091");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rehearsal_that_cannot_win_says_to_whom_it_lost() {
    let db = quiet_shop(&support::server::all()[0], 2_000).await;
    let tool = Tool::on(&db);
    tool.done(&["run", TABLE, "--ui", "plain"]).await;
    let reader = db.client().await;
    reader.batch_execute(&format!("BEGIN; SELECT FROM {TABLE} LIMIT 1")).await.unwrap();
    let mut rehearsal = tool.start_plain(&["swap", TABLE, "--yes", TABLE, "--rehearse"]);
    rehearsal.until_that(|line| has(line, "idle in transaction")).await;
    reader.batch_execute("COMMIT").await.unwrap();
    let ended = rehearsal.end().await;
    assert_eq!(ended.code, 0, "{}", ended.err);
    assert_eq!(tool.status().await["migration"]["phase"], "ready");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_swap_waits_for_its_moment_and_asks_what_must_hold() {
    let db = quiet_shop(&support::server::all()[0], 2_000).await;
    let tool = Tool::on(&db);
    let swap = |more: &[&str]| {
        let words = [&["swap", TABLE, "--yes", TABLE], more].concat();
        words.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let run = async |more: &[&str]| {
        let words = swap(more);
        tool.run(&words.iter().map(String::as_str).collect::<Vec<_>>()).await
    };
    run(&["--at", "2020-01-01T00:00Z"]).await.failed(2, "is past");
    run(&["--at", "tonight"]).await.failed(2, "2026-11-27T03:00Z");
    run(&["--between", "2-4"]).await.failed(2, "02:00-04:00");
    run(&["--at", &moment(TimeDelta::hours(1))]).await.failed(3, "QD-093");
    tool.done(&["run", TABLE, "--ui", "plain"]).await;

    // Not go: an old snapshot.
    let reader = db.client().await;
    reader.batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1").await.unwrap();
    tool.done(&["pause", TABLE]).await;
    let said = run(&["--at", &moment(TimeDelta::seconds(1))]).await;
    assert_eq!(said.code, 3, "{} {}", said.out, said.err);
    assert!(said.err.contains("QD-095"), "{}", said.err);
    assert!(said.out.contains("no go phase"), "{}", said.out);
    tool.done(&["resume", TABLE]).await;
    reader.batch_execute("COMMIT").await.unwrap();
    assert_eq!(tool.status().await["migration"]["phase"], "ready");

    // Called off while it waits.
    let later = moment(TimeDelta::hours(5));
    let mut waiting = tool.start_plain(&["swap", TABLE, "--yes", TABLE, "--at", &later]);
    waiting.until_that(|line| has(line, "ctrl-c calls it off")).await;
    waiting.signal("INT");
    let ended = waiting.end().await;
    assert_eq!(ended.code, 5, "{}", ended.err);
    assert!(ended.err.contains("called off"), "{}", ended.err);
    assert_eq!(tool.status().await["migration"]["phase"], "ready");

    // Go, in a window that is open now; it may pass midnight.
    let at = |after: TimeDelta| (Utc::now() + after).format("%H:%M").to_string();
    let window = format!("{}-{}", at(TimeDelta::minutes(-2)), at(TimeDelta::hours(2)));
    let said = run(&["--between", &window]).await;
    assert_eq!(said.code, 0, "{} {}", said.out, said.err);
    assert!(said.out.contains("go    verified"), "{}", said.out);
    assert_eq!(tool.status().await["migration"]["phase"], "reverse_window");
    run(&["--between", &window]).await.failed(3, "QD-095");
}
