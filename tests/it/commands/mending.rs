//! Differences that somebody planted in the twin: found, named, mended, and nothing is swapped meanwhile.

use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    online::difference,
    support::on_each_server,
};

/// One row missing, one byte more in another.
const PLANT: &str = "\
    DELETE FROM chat_messages_2024_q2 WHERE id = (SELECT min(id::text)::uuid FROM chat_messages_2024_q2); \
    UPDATE chat_messages_2024_q3 SET content = content || ' ' \
    WHERE id = (SELECT max(id::text)::uuid FROM chat_messages_2024_q3)";

#[tokio::test(flavor = "multi_thread")]
async fn planted_differences_are_found_block_the_swap_and_are_repaired() {
    on_each_server(async |server| {
        let db = quiet_shop(server, 2_000).await;
        let tool = Tool::on(&db);
        tool.done(&["run", TABLE]).await;
        tool.run(&["repair", TABLE]).await.failed(3, "no verification has found differences");
        db.sql(PLANT).await;

        let said = tool.run(&["verify", TABLE]).await;
        assert_eq!(said.code, 4, "{said:?}");
        assert!(said.err.contains("2 rows differ") && said.err.contains("`quarterdeck repair`"), "{said:?}");
        let status = tool.status().await;
        assert_eq!(status["migration"]["phase"], "verifying", "{status:#}");
        assert!(status["last_error"].as_str().unwrap().contains("2 rows differ"), "{status:#}");
        assert_eq!(status["verified_at"], serde_json::Value::Null);
        let differing: Vec<_> =
            status["periods"].as_array().unwrap().iter().filter(|p| p["state"] == "differs").collect();
        assert_eq!(differing.len(), 2, "{status:#}");
        assert!(differing.iter().all(|period| period["diffs"] == 1), "{status:#}");

        // It survives the process: whoever comes next is told, and nothing is swapped.
        tool.start(&["run", TABLE]).end().await.closed("differs", 4);
        tool.start(&["run", TABLE, "--until", "swapped", "--yes", TABLE]).end().await.closed("differs", 4);
        tool.run(&["swap", TABLE, "--yes", TABLE]).await.failed(3, "swap needs phase ready");
        assert_eq!(difference(&db, TABLE, "chat_messages_twin").await, "3");

        tool.done(&["repair", TABLE]).await;
        tool.done(&["verify", TABLE]).await;
        assert_eq!(difference(&db, TABLE, "chat_messages_twin").await, "0");
        let status = tool.status().await;
        assert_eq!(
            (&status["migration"]["phase"], &status["last_error"]),
            (&"ready".into(), &serde_json::Value::Null)
        );
    })
    .await;
}

/// Behind the guard of the old table: a row changed, one missing, one too many.
const PLANT_OLD: &str = "\
    ALTER TABLE chat_messages_old DISABLE TRIGGER quarterdeck_guard; \
    UPDATE chat_messages_old SET content = content || ' ' WHERE id = (SELECT max(id::text)::uuid FROM chat_messages_2024_q3); \
    DELETE FROM chat_messages_old WHERE id = (SELECT min(id::text)::uuid FROM chat_messages_2024_q2); \
    INSERT INTO chat_messages_old SELECT (jsonb_populate_record(o, '{\"id\": \"00000000-0000-4000-8000-00000000abcd\"}')).* \
    FROM chat_messages_old o LIMIT 1; \
    ALTER TABLE chat_messages_old ENABLE ALWAYS TRIGGER quarterdeck_guard";

#[tokio::test(flavor = "multi_thread")]
async fn after_the_swap_the_old_table_is_repaired_from_the_one_with_the_name() {
    on_each_server(async |server| {
        for strategy in ["online", "rename-first"] {
            let db = quiet_shop(server, 2_000).await;
            let tool = Tool::on(&db);
            let words = ["--strategy", strategy, "--append-only", "--until", "swapped", "--yes", TABLE];
            let words =
                [&["run", TABLE][..], if strategy == "online" { &words[3..] } else { &words[..] }].concat();
            tool.start(&words).end().await.closed("swapped", 0);
            tool.run(&["repair", TABLE]).await.failed(3, "no verification has found differences");
            db.sql(PLANT_OLD).await;
            let said = tool.run(&["verify", TABLE]).await;
            assert_eq!(said.code, 4, "{said:?}");
            assert!(said.err.contains("3 rows differ"), "{strategy}: {said:?}");
            assert_eq!(tool.status().await["migration"]["phase"], "reverse_window");
            let said = tool.run(&["reverse", TABLE, "--yes", TABLE]).await;
            assert!(said.code == 4 && said.err.contains("3 rows differ"), "{said:?}");

            tool.done(&["repair", TABLE]).await;
            assert_eq!(difference(&db, "chat_messages_old", TABLE).await, "0", "{strategy}");
            let status = tool.status().await;
            assert_eq!(status["migration"]["phase"], "reverse_window", "{status:#}");
            assert!(status["verified_at"].is_string(), "{status:#}");
            tool.done(&["reverse", TABLE, "--yes", TABLE]).await;
        }
    })
    .await;
}
