//! Partitions whose time is over: detached, dropped, archived; and brought back.

use std::{io::Read, path::Path};

use flate2::read::GzDecoder;
use futures_util::SinkExt;
use serde_json::Value;
use tokio_util::bytes::Bytes;

use super::{PATIENT, partitions, quarter, shop};
use crate::{
    commands::tool::Tool,
    support::{Db, on_each_server},
};

const TWO_YEARS: [&str; 3] = ["--retain", "24", "months"];

async fn maintain(tool: &Tool, words: &[&str]) -> String {
    tool.done(&[&["maintain", "m"], words, &PATIENT[..]].concat()).await
}

#[tokio::test(flavor = "multi_thread")]
async fn with_default_it_is_detached_or_dropped_at_once() {
    on_each_server(async |server| {
        let db = server.database("expire").await;
        shop(&db).await;
        let tool = Tool::on(&db);
        let (oldest, older) = (quarter(-10).2, quarter(-9).2);
        let out = maintain(&tool, &["--retain", "27 months"]).await;
        // It ended some two years and three months ago, to the month.
        assert!(out.contains(&format!("detached 1 (m_{oldest})")), "{out}");
        assert_eq!(db.value(&format!("SELECT count(*) FROM m_{oldest}")).await, "1000");
        let out = maintain(&tool, &[&TWO_YEARS[..], &["--on-expiry", "drop"]].concat()).await;
        assert!(out.contains(&format!("dropped 1 (m_{older})")), "{out}");
        assert_eq!(db.value(&format!("SELECT to_regclass('m_{older}') IS NULL")).await, "t");
        // What was detached, and by nobody's word to be dropped, is there.
        assert_eq!(db.value(&format!("SELECT count(*) FROM m_{oldest}")).await, "1000");
        assert!(!partitions(&db).await.contains(&format!("m_{oldest}")));
        assert_eq!(db.value("SELECT count(*) FROM m").await, "3002");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_default_everybody_goes_on() {
    on_each_server(async |server| {
        let db = server.database("expire_concurrently").await;
        shop(&db).await;
        db.sql("ALTER TABLE m DETACH PARTITION m_default").await;
        let tool = Tool::on(&db);
        maintain(&tool, &[]).await;
        // A reader that has read the table and stays: whoever reads and writes goes on, and the tool waits for it.
        let reader = db.client().await;
        reader.batch_execute("BEGIN; SELECT count(*) FROM m").await.unwrap();
        let words = [&["maintain", "m"], &TWO_YEARS[..], &["--on-expiry", "drop"]].concat();
        let run = tool.start_plain(&words);
        let half = "SELECT count(*) FROM pg_inherits WHERE inhdetachpending";
        while db.value(half).await != "1" {}
        let (oldest, older) = (quarter(-10).2, quarter(-9).2);
        db.sql("SET statement_timeout = '5s'; SELECT count(*) FROM m; DELETE FROM m WHERE false").await;
        run.kill().await;
        let gone = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'quarterdeck maintain' AND datname = current_database()";
        db.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'quarterdeck maintain' AND datname = current_database()").await;
        while db.value(gone).await != "0" {}
        reader.batch_execute("COMMIT").await.unwrap();
        // The next one goes on where that one was.
        let out = maintain(&tool, &[&TWO_YEARS[..], &["--on-expiry", "drop"]].concat()).await;
        assert!(out.contains(&format!("finished detaching 1 (m_{oldest}), detached 1 (m_{older}), dropped 2")), "{out}");
        assert_eq!(db.value("SELECT count(*) FROM pg_class WHERE relname ~ '^m_' AND relkind = 'r' AND NOT relispartition").await, "1", "only what was DEFAULT");
    })
    .await;
}

/// Brings an archive back by its own words.
async fn restore(db: &Db, folder: &Path, name: &str) -> Value {
    let manifest: Value =
        serde_json::from_slice(&std::fs::read(folder.join(format!("{name}.json"))).unwrap()).unwrap();
    let mut text = Vec::new();
    let file = std::fs::File::open(folder.join(manifest["file"].as_str().unwrap())).unwrap();
    GzDecoder::new(file).read_to_end(&mut text).unwrap();
    let client = db.client().await;
    for sql in manifest["restore"].as_array().unwrap() {
        let sql = sql.as_str().unwrap();
        if sql == "\\set ON_ERROR_STOP on" {
            continue;
        }
        let Some(copy) = sql.strip_prefix("\\copy ") else {
            client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{sql}: {error:?}"));
            continue;
        };
        let (what, program) = copy.split_once(" FROM PROGRAM ").unwrap();
        assert_eq!(program, format!("'gunzip -c {}' (ENCODING 'UTF8')", manifest["file"].as_str().unwrap()));
        let sink = client.copy_in(&format!("COPY {what} FROM STDIN (ENCODING 'UTF8')")).await.unwrap();
        let mut sink = std::pin::pin!(sink);
        sink.send(Bytes::from(text.clone())).await.unwrap();
        assert_eq!(sink.finish().await.unwrap(), manifest["content"]["rows"].as_u64().unwrap());
    }
    manifest
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_archived_can_be_brought_back_to_the_last_bit() {
    on_each_server(async |server| {
        for has_default in [true, false] {
            let db = server.database("archive").await;
            shop(&db).await;
            if !has_default {
                db.sql("ALTER TABLE m DETACH PARTITION m_default").await;
            }
            db.sql("SET session_replication_role = replica; UPDATE m SET body = E'\\\\N\\ttab\\r\\\\.\\n' || body WHERE author = 3; UPDATE m SET body = NULL WHERE author = 4").await;
            let tool = Tool::on(&db);
            let whole = "SELECT count(*), sum(hashtextextended(m::text, 0)::numeric) FROM m";
            let before = db.value(whole).await;
            let folder = tempfile::tempdir().unwrap();
            let words = [&TWO_YEARS[..], &["--on-expiry", "archive", "--archive-dir", folder.path().to_str().unwrap()]].concat();
            let out = maintain(&tool, &words).await;
            assert!(out.contains("archived and dropped 2"), "{out}");
            let oldest = quarter(-10).2;
            assert_eq!(db.value(&format!("SELECT to_regclass('m_{oldest}') IS NULL")).await, "t");
            let of = |suffix: &str| format!("{}.public.m_{suffix}", db.name());
            let names = [of(&oldest), of(&quarter(-9).2)];
            let mut left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
            left.sort();
            let mut wanted: Vec<_> = names.iter().flat_map(|name| [format!("{name}.copy.gz"), format!("{name}.json")]).collect();
            wanted.sort();
            assert_eq!(left, wanted);
            let rows: u64 = restore(&db, folder.path(), &names[0]).await["content"]["rows"].as_u64().unwrap();
            assert_eq!(rows, 1000);
            restore(&db, folder.path(), &names[1]).await;
            assert_eq!(db.value(whole).await, before);
            // Other rows of the same name are not written over those.
            db.sql(&format!("SET session_replication_role = replica; DELETE FROM m_{oldest} WHERE author = 5")).await;
            let said = tool.run(&[&["maintain", "m"], &words[..], &PATIENT[..]].concat()).await;
            assert_eq!(said.code, 3, "{said:?}");
            assert!(said.err.contains("QD-160") && said.out.contains("1 failed"), "{said:?}");
            assert_eq!(db.value(&format!("SELECT count(*) FROM m_{oldest}")).await, "900");
            // A run that is not asked for it leaves it alone, and says so.
            let out = maintain(&tool, &[]).await;
            assert!(out.contains(&format!("expired and waiting for --on-expiry drop or archive: 1 (m_{oldest})")), "{out}");
            let elsewhere = tempfile::tempdir().unwrap();
            let words = [&TWO_YEARS[..], &["--on-expiry", "archive", "--archive-dir", elsewhere.path().to_str().unwrap()]].concat();
            assert!(maintain(&tool, &words).await.contains("900 rows"));
        }
    })
    .await;
}
