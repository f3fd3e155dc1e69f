//! `kill -9` at random moments of one filling, beside an application that adds rows; and a COMMIT without an answer.

use crate::{
    commands::tool::{TABLE, Tool},
    online::difference,
    rename::{KIND, OLD, RENAME, appending::Appending, equal, shop},
    support::server,
};

const KILLS: u32 = 12;

/// Each life is a little longer than the last, counted in events: every step is killed somewhere.
#[tokio::test(flavor = "multi_thread")]
async fn killed_again_and_again_it_is_filled_in_the_end() {
    let db = shop(&server::all()[0], 30_000).await;
    let appending = Appending::start(&db).await;
    let tool = Tool::on(&db);
    let mut phases = Vec::new();
    for life in 0..KILLS {
        let mut run = tool.start(&RENAME);
        for _ in 0..=(life % 6) * 3 {
            let Some(event) = run.next().await else { break };
            eprintln!("{event}");
            if event["event"] == "closed" {
                break;
            }
        }
        run.kill().await;
        phases
            .push(db.value("SELECT phase FROM quarterdeck.migration ORDER BY created_at DESC LIMIT 1").await);
        // Whoever owns the name, there is one.
        assert_eq!(db.value("SELECT count(*) FROM pg_class WHERE relname = 'chat_messages'").await, "1");
    }
    eprintln!("{phases:?}");
    tool.start(&RENAME).end().await.closed("swapped", 0);
    appending.more(50).await;
    appending.stop().await;
    assert_eq!(db.value(KIND).await, "p");
    equal(&db).await;
    // A pass drains the log first, and finds both equal.
    tool.done(&["verify", TABLE]).await;
    tool.done(&["finish", TABLE, "--yes", TABLE]).await;
    assert_eq!(difference(&db, TABLE, OLD).await, "0");
}
