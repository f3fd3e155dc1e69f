//! `kill -9` on the way there and back, taken up again each time; and a build that waits for an old transaction.

use std::time::Duration;

use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    online::Shop,
    support::{schema::objects, schema::schema_dump, server},
};

const SWAPPED: [&str; 8] = ["run", TABLE, "--strategy", "adopt", "--until", "swapped", "--yes", TABLE];
const REVERSE: [&str; 4] = ["reverse", TABLE, "--yes", TABLE];

async fn phase(tool: &Tool) -> String {
    tool.status().await["migration"]["phase"].as_str().unwrap().to_owned()
}

/// On the first server only: what differs between versions is tested step by step elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn wherever_it_is_killed_it_goes_on_and_the_way_back_is_whole() {
    let shop = Shop::open(&server::all()[0], 5_000, 100).await;
    let before = (schema_dump(&shop.db, "public.chat_messages").await, objects(&shop.db).await);
    let tool = Tool::on(&shop.db);
    // After so many events of a life; each life sees other ones.
    for words in [&SWAPPED[..], &REVERSE] {
        for events in 1..=8 {
            if words == REVERSE && phase(&tool).await == "releasing" {
                // A run finds out what became of it.
                tool.start(&SWAPPED).end().await.closed("swapped", 0);
            }
            let mut run = if words == SWAPPED { tool.start(words) } else { tool.start_plain(words) };
            for _ in 0..events {
                if run.next().await.is_none() {
                    break;
                }
            }
            tokio::time::sleep(Duration::from_millis(7 * events)).await;
            if !run.kill().await && words == REVERSE {
                break;
            }
        }
        if words == SWAPPED {
            tool.start(words).end().await.closed("swapped", 0);
            assert_eq!(
                shop.db.value("SELECT count(*) FROM pg_constraint WHERE conname = 'quarterdeck_bound'").await,
                "0"
            );
        } else {
            if phase(&tool).await == "releasing" {
                tool.start(&SWAPPED).end().await.closed("swapped", 0);
            }
            match phase(&tool).await.as_str() {
                "aborted" => {}
                // Killed while it was being removed: an abort goes on with that.
                "aborting" => drop(tool.done(&["abort", TABLE, "--yes", TABLE]).await),
                _ => drop(tool.done(&REVERSE).await),
            }
        }
    }
    assert_eq!(schema_dump(&shop.db, "public.chat_messages").await, before.0);
    assert_eq!(objects(&shop.db).await, before.1);
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_build_says_whom_it_waits_for_and_is_begun_anew_after_a_death() {
    let db = quiet_shop(&server::all()[0], 2_000).await;
    let tool = Tool::on(&db);
    let old = db.client().await;
    old.batch_execute("BEGIN; UPDATE chat_messages SET content = content WHERE false; SELECT txid_current()")
        .await
        .unwrap();
    let pid: i32 = old.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    let mut run = tool.start(&SWAPPED);
    run.until("step_started").await;
    loop {
        let waiting = tool.done(&["status", TABLE]).await;
        if waiting.contains(&format!("it waits for pid {pid}")) {
            break;
        }
    }
    assert!(run.kill().await);
    let mut again = tool.start(&SWAPPED);
    again.until("step_started").await;
    old.batch_execute("COMMIT").await.unwrap();
    again.end().await.closed("swapped", 0);
    let invalid = "SELECT count(*) FROM pg_index WHERE NOT indisvalid";
    assert_eq!(db.value(invalid).await, "0");
}
