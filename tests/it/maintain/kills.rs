//! Killed right before and right after each statement that changes something, and once more with each COMMIT's answer
//! lost: the next run ends where an undisturbed one does, and no row is ever anywhere but in the table or in an archive.

use std::{collections::BTreeMap, io::Read, path::Path};

use flate2::read::GzDecoder;

use super::{PATIENT, partitions, shop};
use crate::{
    commands::tool::Tool,
    support::{Db, server},
};

/// Everything is due: rows in DEFAULT, partitions ahead, two that expire.
async fn words(db: &Db, tool: &Tool, folder: &Path, set: &[(&str, &str)]) -> i32 {
    let words = [
        "maintain",
        "m",
        "--retain",
        "24 months",
        "--on-expiry",
        "archive",
        "--archive-dir",
        folder.to_str().unwrap(),
    ];
    let mut command = tokio::process::Command::from(tool.command(&[&words[..], &PATIENT[..]].concat()));
    let code = command.envs(set.iter().copied()).kill_on_drop(true).output().await.unwrap().status.code();
    // A session that died last may hold the table for a moment; its last statement ends as any does.
    let gone = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'quarterdeck%' AND datname = current_database()";
    while db.value(gone).await != "0" {}
    code.unwrap_or(-1)
}

/// Lines of all archives, and their rows.
fn archived(folder: &Path) -> BTreeMap<String, usize> {
    let mut all = BTreeMap::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let manifest = path.with_file_name(name.replace(".copy.gz", ".json"));
        if name.ends_with(".copy.gz") && manifest.exists() {
            let mut text = String::new();
            GzDecoder::new(std::fs::File::open(&path).unwrap()).read_to_string(&mut text).unwrap();
            // Without the database's name, which each copy has another of.
            let name = name.split_once('.').unwrap().1.to_owned();
            all.insert(name, text.lines().count());
        }
    }
    all
}

/// Rows of the table, and of tables that were its partitions.
async fn rows(db: &Db) -> i64 {
    let tables = db.rows("SELECT oid::regclass FROM pg_class WHERE relkind = 'r' AND relname ~ '^m_'").await;
    let mut all = 0;
    for table in tables {
        all += db.value(&format!("SELECT count(*) FROM ONLY {table}")).await.parse::<i64>().unwrap();
    }
    all
}

/// The partitions' bounds.
async fn bounds(db: &Db) -> BTreeMap<String, String> {
    let sql =
        "SELECT relname, pg_get_expr(relpartbound, oid) FROM pg_class WHERE relispartition AND relkind = 'r'";
    let rows = db.rows(sql).await;
    let pairs = rows.iter().filter_map(|row| row.split_once('|'));
    pairs.map(|(name, of)| (name.to_owned(), of.to_owned())).collect()
}

/// Tables that were partitions and say nothing, with the bounds that they had.
async fn orphans(db: &Db, bounds: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let silent = "SELECT relname FROM pg_class WHERE relkind = 'r' AND relname ~ '^m_' AND NOT relispartition AND obj_description(oid, 'pg_class') IS NULL";
    let names = db.rows(silent).await;
    names.into_iter().filter_map(|name| Some((name.clone(), bounds.get(&name)?.clone()))).collect()
}

async fn end(db: &Db) -> Vec<String> {
    let mut end = partitions(db).await;
    end.push(db.value(super::WHOLE).await);
    end.extend(db.rows("SELECT relname, obj_description(oid, 'pg_class') FROM pg_class WHERE relkind IN ('r', 'p') AND relnamespace = 'public'::regnamespace ORDER BY 1").await);
    end
}

/// Before and after each statement's and each COMMIT's first and last time; a COMMIT also without its answer.
fn moments(list: &str) -> Vec<String> {
    let mut came = BTreeMap::<&str, u32>::new();
    let mut times = BTreeMap::<(&str, &str), Vec<u32>>::new();
    for (what, label) in list.lines().filter_map(|line| line.split_once(' ')) {
        let number = came.entry(label).or_default();
        *number += 1;
        times.entry((label, what)).or_default().push(*number);
    }
    let mut moments = Vec::new();
    for ((label, what), all) in times {
        let faults =
            if what == "commit" { &["before", "after", "unanswered"][..] } else { &["before", "after"] };
        let mut numbers = vec![all[0], all[all.len() - 1]];
        numbers.dedup();
        moments.extend(
            numbers.iter().flat_map(|n| faults.iter().map(move |fault| format!("{fault} {n} {label}"))),
        );
    }
    moments
}

async fn kills(beforehand: &str) {
    let server = &server::all()[0];
    let beginning = server.database("maintain_kills").await;
    shop(&beginning).await;
    beginning.sql(beforehand).await;
    let all = rows(&beginning).await;
    let bounds = bounds(&beginning).await;
    let db = server.copy(&beginning).await;
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("list");
    let (tool, archives) = (Tool::on(&db), tempfile::tempdir().unwrap());
    assert_eq!(
        words(&db, &tool, archives.path(), &[("QUARTERDECK_FAILPOINT_LIST", list.to_str().unwrap())]).await,
        0
    );
    let (wanted, files) = (end(&db).await, archived(archives.path()));
    assert_eq!(files.len(), 2);
    let moments = moments(&std::fs::read_to_string(&list).unwrap());
    assert!(moments.iter().any(|moment| moment.starts_with("unanswered")), "{moments:?}");
    for moment in moments {
        let db = server.copy(&beginning).await;
        let (tool, archives) = (Tool::on(&db), tempfile::tempdir().unwrap());
        let run = if moment.starts_with("unanswered") { "true" } else { "kill -9 $PPID" };
        let first = words(
            &db,
            &tool,
            archives.path(),
            &[("QUARTERDECK_FAILPOINT", &moment), ("QUARTERDECK_FAILPOINT_RUN", run)],
        )
        .await;
        let kept: usize = archived(archives.path()).values().sum();
        let there = rows(&db).await;
        assert!(
            there + i64::try_from(kept).unwrap() >= all,
            "{moment}: {there} rows and {kept} archived, of {all}"
        );
        let mut again = words(&db, &tool, archives.path(), &[]).await;
        if again != 0 {
            again = words(&db, &tool, archives.path(), &[]).await;
        }
        // The server may go on with a DETACH of a tool that is dead: nobody says then what was to become of the partition. It is
        // whole, and is named each time; somebody attaches it again, or drops it.
        for (orphan, bounds) in orphans(&db, &bounds).await {
            let line = tool.done(&[&["maintain", "m"], &PATIENT[..]].concat()).await;
            assert!(
                line.contains(&format!("looks like a partition, and is none: 1 ({orphan})")),
                "{moment}: {line}"
            );
            db.sql(&format!("ALTER TABLE m ATTACH PARTITION {orphan} {bounds}")).await;
            again = words(&db, &tool, archives.path(), &[]).await;
        }
        assert_eq!(
            (again, end(&db).await, archived(archives.path())),
            (0, wanted.clone(), files.clone()),
            "{moment} (ended with {first})"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn with_default_every_death_is_gone_on_from() {
    kills("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_default_every_death_is_gone_on_from() {
    kills("ALTER TABLE m DETACH PARTITION m_default; DROP TABLE m_default").await;
}
