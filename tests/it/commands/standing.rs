//! `status --json` and a pause, as the other commands leave them behind.

use serde_json::{Value, json};

use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    online::launch,
    support::server,
};

/// An object's keys, sorted, which must be exactly these.
fn keys(value: &Value, expected: &str) {
    let mut found: Vec<_> = value.as_object().unwrap().keys().map(String::as_str).collect();
    found.sort_unstable();
    assert_eq!(found.join(" "), expected);
}

/// Every key of the contract, and no other; every type of it.
fn conforms(status: &Value) {
    keys(status, "eta_s last_error migration owner periods rate_rows_per_s rows throttle verified_at");
    keys(&status["migration"], "every id key phase state strategy table");
    keys(&status["rows"], "copied log_bytes log_oldest_s log_pending source");
    if !status["owner"].is_null() {
        keys(&status["owner"], "alive host pid since");
        assert!(status["owner"]["since"].as_str().unwrap().ends_with('Z'), "{status:#}");
    }
    for period in status["periods"].as_array().unwrap() {
        keys(period, "diffs lower name partition source_rows state target_rows upper");
        let words = ["pending", "copying", "copied", "sealed", "verified", "differs"];
        assert!(words.contains(&period["state"].as_str().unwrap()), "{period}");
        assert!(period["source_rows"].is_i64() && period["target_rows"].is_i64(), "{period}");
    }
    for signal in status["throttle"].as_array().unwrap() {
        keys(signal, "detail signal state");
    }
    for number in ["source", "copied", "log_pending", "log_bytes"] {
        assert!(status["rows"][number].is_i64(), "{status:#}");
    }
    assert_eq!(status["migration"]["table"], "public.chat_messages");
    assert_eq!(status["migration"]["strategy"], "online");
    assert_eq!(status["migration"]["every"], "quarter");
}

#[tokio::test(flavor = "multi_thread")]
async fn status_has_the_keys_of_the_contract_in_every_phase_that_lasts() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let tool = Tool::on(&db);
    launch(&db, TABLE).await;
    let status = async |phase: &str| {
        let status = tool.status().await;
        conforms(&status);
        assert_eq!(status["migration"]["phase"], phase);
        assert_eq!(status["migration"]["state"], "stopped", "nobody owns it: {status:#}");
        assert_eq!(status["last_error"], Value::Null);
        status
    };
    let planned = status("planned").await;
    assert_eq!((&planned["owner"], &planned["periods"]), (&Value::Null, &json!([])));
    assert_eq!(planned["verified_at"], Value::Null);

    tool.done(&["run", TABLE]).await;
    let ready = status("ready").await;
    assert_eq!(ready["owner"]["alive"], false);
    assert_eq!(ready["rows"]["source"], ready["rows"]["copied"]);
    assert!(ready["rows"]["source"].as_i64().unwrap() > 1_000, "{ready:#}");
    assert!(ready["verified_at"].as_str().unwrap().ends_with('Z'), "{ready:#}");
    let periods = ready["periods"].as_array().unwrap();
    assert!(periods.iter().all(|period| period["state"] == "verified" && period["diffs"] == 0), "{ready:#}");
    let default = periods.last().unwrap();
    assert_eq!((&default["partition"], &default["lower"]), (&"chat_messages_default".into(), &Value::Null));
    assert_eq!(periods[0]["lower"], "2024-01-01T00:00:00Z");

    tool.done(&["swap", TABLE, "--yes", TABLE]).await;
    status("reverse_window").await;
    tool.done(&["reverse", TABLE, "--yes", TABLE]).await;
    status("reversed").await;
    tool.done(&["abort", TABLE, "--yes", TABLE]).await;
    let aborted = tool.status().await;
    conforms(&aborted);
    assert_eq!(aborted["migration"]["phase"], "aborted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paused_migration_stays_paused_until_resume() {
    let db = quiet_shop(&server::all()[0], 1_000).await;
    let tool = Tool::on(&db);
    launch(&db, TABLE).await;
    tool.done(&["pause", TABLE]).await;
    tool.done(&["pause", TABLE]).await;
    let status = tool.status().await;
    conforms(&status);
    assert_eq!(
        (&status["migration"]["phase"], &status["migration"]["state"]),
        (&"planned".into(), &"paused".into())
    );
    for words in [&["run", TABLE][..], &["run", TABLE, "--until", "swapped", "--yes", TABLE]] {
        tool.run(words).await.failed(5, "paused by");
        tool.start(words).end().await.closed("paused", 5);
    }
    tool.run(&["verify", TABLE]).await.failed(3, "verification follows by itself");
    tool.done(&["resume", TABLE]).await;
    tool.start(&["run", TABLE]).end().await.closed("ready", 0);
    // Paused at rest: what would move it says so, too.
    tool.done(&["pause", TABLE]).await;
    for words in [&["verify", TABLE][..], &["swap", TABLE, "--yes", TABLE]] {
        tool.run(words).await.failed(5, "paused by");
    }
    tool.done(&["resume", TABLE]).await;
    tool.done(&["verify", TABLE]).await;
}
