//! An owner that sleeps, for an hour or a weekend, while the world goes on.

use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    support::server,
};

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_slept_through_a_takeover_commits_nothing() {
    let db = quiet_shop(&server::all()[0], 20_000).await;
    let tool = Tool::on(&db);
    let mut old = tool.start(&["run", TABLE, "--until", "swapped", "--yes", TABLE]);
    old.until_that(|event| event["event"] == "step_started" && event["step"] == "copy").await;
    old.signal("STOP");
    // The new one does not even need to live any more when the old one wakes.
    tool.start(&["run", TABLE, "--takeover"]).end().await.closed("ready", 0);
    let journal = "SELECT m.phase, f.epoch, (SELECT count(*) FROM quarterdeck.event WHERE body->>'event' = 'owned') \
                   FROM quarterdeck.migration m JOIN quarterdeck.fence f ON f.migration_id = m.id";
    assert_eq!(db.value(journal).await, "ready|2|2");
    old.signal("CONT");
    let old = old.end().await;
    old.closed("failed", 1);
    assert!(old.err.contains("another process has taken over (epoch 1 is over)"), "{}", old.err);
    assert_eq!(db.value(journal).await, "ready|2|2", "it was told to swap, and did not");
    // Woken after the other one has removed everything, it makes nothing anew.
    let mut old = tool.start(&["run", TABLE, "--until", "swapped", "--yes", TABLE]);
    old.until_that(|event| event["event"] == "owned").await;
    old.signal("STOP");
    tool.start(&["run", TABLE, "--takeover"]).end().await.closed("ready", 0);
    tool.done(&["abort", TABLE, "--yes", TABLE]).await;
    old.signal("CONT");
    let old = old.end().await;
    assert_ne!(old.code, 0, "{old:?}");
    assert_eq!(
        db.value("SELECT count(*) FROM pg_class WHERE relname LIKE 'chat_messages\\_%twin%'").await,
        "0"
    );
    assert_eq!(db.value("SELECT relkind FROM pg_class WHERE oid = 'chat_messages'::regclass").await, "r");
}
