//! What is not maintained, and why.

use super::{PATIENT, quarter, shop};
use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    support::{database, server},
};

#[tokio::test(flavor = "multi_thread")]
async fn words_that_mean_nothing_are_refused_before_anything_connects() {
    let tool = Tool::to("host=/nowhere".into());
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path().to_str().unwrap();
    for (words, part) in [
        (&["--retain", "24"][..], "is no length of time"),
        (&["--retain", "two", "years"], "is no length of time"),
        (&["--retain", "2", "years", "--on-expiry", "archive"], "nobody says where archives go"),
        (&["--retain", "2", "years", "--archive-dir", folder], "there are none"),
        (
            &["--retain", "2", "years", "--on-expiry", "archive", "--archive-dir", "/no/such"],
            "/no/such is no folder",
        ),
        (&["--on-expiry", "drop"], "--retain"),
    ] {
        tool.run(&[&["maintain", "m"], words].concat()).await.failed(2, part);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_other_kinds_are_refused() {
    let db = database("maintain_kinds").await;
    db.sql("CREATE TABLE plain (id int); CREATE TABLE l (a text) PARTITION BY LIST (a); CREATE TABLE two (a date, b int) PARTITION BY RANGE (a, b);
            CREATE TABLE e (at date) PARTITION BY RANGE (at); CREATE TABLE x (at date) PARTITION BY RANGE (at); CREATE TABLE x1 PARTITION OF x FOR VALUES FROM ('2020-01-01') TO ('2020-01-11');
            CREATE TABLE open (at date) PARTITION BY RANGE (at); CREATE TABLE open1 PARTITION OF open FOR VALUES FROM (MINVALUE) TO (MAXVALUE)").await;
    let tool = Tool::on(&db);
    for (table, part) in [
        ("plain", "it is not partitioned"),
        ("l", "whose bounds are no times"),
        ("two", "whose bounds are no times"),
        ("x", "is no day, week, month"),
        ("e", "is no day, week, month"),
        ("no_such", "there is no such table"),
    ] {
        tool.run(&["maintain", table]).await.failed(3, part);
    }
    // Somebody who says how long a period is begins an empty one; what is covered for ever needs nothing.
    tool.done(&["maintain", "e", "--every", "month", "--premake", "3"]).await;
    assert_eq!(db.value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'e'::regclass").await, "4");
    assert!(tool.done(&["maintain", "open", "--every", "month"]).await.contains("nothing was due"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_being_converted_is_left_to_that() {
    let db = quiet_shop(&server::all()[0], 1_000).await;
    let tool = Tool::on(&db);
    tool.start(&["run", TABLE, "--until", "swapped", "--yes", TABLE]).end().await.closed("swapped", 0);
    tool.run(&["maintain", TABLE]).await.failed(3, "a migration of it is under way (reverse_window)");
    tool.done(&["finish", TABLE, "--yes", TABLE]).await;
    let out = tool.done(&["maintain", TABLE, "--premake", "4", "--lock-budget", "400"]).await;
    assert!(out.contains("made 2") && out.contains("4 ahead"), "{out}");
}

/// Rows are not moved where somebody would take that for a deletion; what else is due is done.
#[tokio::test(flavor = "multi_thread")]
async fn what_would_be_noticed_is_not_moved() {
    let db = database("maintain_noticed").await;
    shop(&db).await;
    let tool = Tool::on(&db);
    let (then, _, suffix) = quarter(-4);
    for (make, drop, part) in [
        (
            format!(
                "CREATE TABLE answer (id uuid, at timestamptz, FOREIGN KEY (id, at) REFERENCES m); INSERT INTO answer SELECT id, created_at FROM m WHERE created_at = {then}"
            ),
            "DROP TABLE answer",
            "the foreign key answer_id_at_fkey of public.answer leads to the table",
        ),
        (
            "CREATE TRIGGER own BEFORE DELETE ON m_default FOR EACH ROW EXECUTE FUNCTION loud()".into(),
            "DROP TRIGGER own ON m_default",
            "DEFAULT has a trigger of its own, own",
        ),
        (
            "CREATE RULE own AS ON DELETE TO m_default DO INSTEAD NOTHING".into(),
            "DROP RULE own ON m_default",
            "DEFAULT has a rule, own",
        ),
        (
            "CREATE PUBLICATION p FOR TABLE m".into(),
            "DROP PUBLICATION p",
            "the publication p would send other partitions",
        ),
        (
            "CREATE PUBLICATION p FOR ALL TABLES WITH (publish_via_partition_root)".into(),
            "DROP PUBLICATION p",
            "the publication p would send other partitions",
        ),
    ] {
        db.sql(&make).await;
        let said = tool.run(&[&["maintain", "m"], &PATIENT[..]].concat()).await;
        assert_eq!(said.code, 3, "{said:?}");
        assert!(said.err.contains(part) && said.out.contains("1 failed"), "{said:?}");
        db.sql(drop).await;
    }
    assert_eq!(db.value("SELECT count(*) FROM m_default").await, "3002");
    // A publication that names the table and sends all under its name sends nothing of it.
    db.sql("CREATE PUBLICATION p FOR TABLE m WITH (publish_via_partition_root)").await;
    // A table of the partition's name is there.
    db.sql(&format!("CREATE TABLE m_{suffix} (id int)")).await;
    let out = tool.done(&[&["maintain", "m"], &PATIENT[..]].concat()).await;
    assert!(out.contains(&format!("m_{suffix}_2")), "{out}");
    assert_eq!(db.value("SELECT count(*) FROM m_default").await, "1");
}

/// A partition whose rows are referenced is not expired.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_referenced_does_not_expire() {
    let db = database("maintain_referenced").await;
    shop(&db).await;
    db.sql("CREATE TABLE answer (id uuid, at timestamptz, FOREIGN KEY (id, at) REFERENCES m); INSERT INTO answer SELECT id, created_at FROM m WHERE author = 3 AND created_at < now() - interval '2 years'").await;
    let tool = Tool::on(&db);
    let said = tool
        .run(&[&["maintain", "m", "--retain", "24 months", "--on-expiry", "drop"], &PATIENT[..]].concat())
        .await;
    assert_ne!(said.code, 0, "{said:?}");
    let oldest = quarter(-10).2;
    assert!(said.err.contains("violates foreign key constraint") || said.out.contains("failed"), "{said:?}");
    assert_eq!(db.value(&format!("SELECT count(*) FROM m_{oldest}")).await, "1000");
    // Nothing of it is left half done.
    assert_eq!(db.value("SELECT count(*) FROM pg_inherits WHERE inhdetachpending").await, "0");
}

/// Two at once: the second is told so.
#[tokio::test(flavor = "multi_thread")]
async fn one_at_a_time() {
    let db = database("maintain_two").await;
    shop(&db).await;
    let hog = db.client().await;
    hog.batch_execute("BEGIN; LOCK TABLE m_default IN ACCESS SHARE MODE").await.unwrap();
    let tool = Tool::on(&db);
    let first = tool.start_plain(&[&["maintain", "m"], &PATIENT[..]].concat());
    let waits = "SELECT count(*) FROM pg_locks WHERE NOT granted AND relation = 'm_default'::regclass";
    while db.value(waits).await == "0" {}
    tool.run(&[&["maintain", "m"], &PATIENT[..]].concat()).await.failed(1, "another process works on it");
    hog.batch_execute("COMMIT").await.unwrap();
    let said = first.end().await;
    assert_eq!(said.code, 0, "{said:?}");
}
