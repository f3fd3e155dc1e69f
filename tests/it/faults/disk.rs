//! A disk that is full: the server's own error at the moment it extends a file.

use std::{fs, os::unix::fs::symlink, path::PathBuf};

use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    support::{Db, on_each_server},
};

/// The heap file of a relation.
async fn file(db: &Db, relation: &str) -> PathBuf {
    let path =
        format!("SELECT current_setting('data_directory') || '/' || pg_relation_filepath('{relation}')");
    db.value(&path).await.into()
}

/// The file of a partition into which nothing is copied yet is changed for a device that is always full.
#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_stops_the_run_and_loses_nothing() {
    on_each_server(async |server| {
        let db = quiet_shop(server, 20_000).await;
        let tool = Tool::on(&db);
        let mut run = tool.start(&["run", TABLE, "--workers", "1"]);
        run.until_that(|event| event["event"] == "step_started" && event["step"] == "copy").await;
        assert!(run.kill().await);
        // The newest period is copied first.
        let oldest = "SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid \
                      WHERE i.inhparent = 'chat_messages_twin'::regclass ORDER BY c.relname LIMIT 1";
        let leaf = db.value(oldest).await;
        assert_eq!(db.value(&format!("SELECT pg_relation_size('{leaf}')")).await, "0");
        let heap = file(&db, &leaf).await;
        let kept = heap.with_extension("kept");
        fs::rename(&heap, &kept).unwrap();
        symlink("/dev/full", &heap).unwrap();
        let failed = tool.start(&["run", TABLE]).end().await;
        fs::remove_file(&heap).unwrap();
        fs::rename(&kept, &heap).unwrap();
        assert_eq!(failed.code, 1, "{failed:#?}");
        for words in ["No space left on device", "[53100]", "free space on the server, then run it again"] {
            assert!(failed.err.contains(words), "{words}: {}", failed.err);
        }
        let said = tool.done(&["status", TABLE]).await;
        assert!(said.contains("No space left on device"), "{said}");
        tool.start(&["run", TABLE, "--until", "swapped", "--yes", TABLE]).end().await.closed("swapped", 0);
        assert_eq!(db.value("SELECT count(*) FROM chat_messages").await, "20000");
        assert_ne!(db.value(&format!("SELECT count(*) FROM {leaf}")).await, "0");
    })
    .await;
}
