//! The table changes while the tool waits for its lock; a mark is not what it was; bounds and clocks are odd.

use super::PATIENT;
use crate::{
    commands::tool::Tool,
    support::{Db, database, on_each_server},
};

/// An old partition and one of a hundred years, with rows.
async fn two(db: &Db, default: &str) {
    db.sql(&format!(
        "CREATE TABLE m (id int, at date NOT NULL) PARTITION BY RANGE (at);
         CREATE TABLE m_old PARTITION OF m FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
         CREATE TABLE m_now PARTITION OF m FOR VALUES FROM ('2002-01-01') TO ('2100-01-01'); {default};
         INSERT INTO m SELECT i, '2001-05-05' FROM generate_series(1, 10) i; INSERT INTO m SELECT i, now() FROM generate_series(1, 1000) i"
    ))
    .await;
}

const DEFAULT: &str = "CREATE TABLE m_default PARTITION OF m DEFAULT";
const EXPIRE: [&str; 8] = ["maintain", "m", "--every", "year", "--retain", "5 years", "--on-expiry", "drop"];

/// Runs the tool while somebody has a lock in its way, and changes something before he lets go.
async fn meanwhile(db: &Db, words: &[&str], lock: &str, change: &str) -> (i32, String) {
    let somebody = db.client().await;
    somebody.batch_execute(&format!("BEGIN; {lock}")).await.unwrap();
    let run = Tool::on(db).start_plain(&[words, &PATIENT[..]].concat());
    let waits = "SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.application_name LIKE 'quarterdeck%' AND a.datname = current_database()";
    while db.value(waits).await == "0" {}
    somebody.batch_execute(&format!("{change}; COMMIT")).await.unwrap();
    let said = run.end().await;
    (said.code, said.err)
}

#[tokio::test(flavor = "multi_thread")]
async fn another_partition_of_the_name_is_not_the_one() {
    on_each_server(async |server| {
        for (default, lock) in [
            (DEFAULT, "LOCK TABLE m_old IN ACCESS SHARE MODE"),
            ("", "LOCK TABLE m IN SHARE UPDATE EXCLUSIVE MODE"),
        ] {
            let db = server.database("changed_names").await;
            two(&db, default).await;
            let (code, err) = meanwhile(
                &db,
                &EXPIRE,
                lock,
                "ALTER TABLE m_old RENAME TO m_older; ALTER TABLE m_now RENAME TO m_old",
            )
            .await;
            assert_eq!(
                db.value("SELECT count(*) FROM m WHERE at > '2002-01-01'").await,
                "1000",
                "{code}: {err}"
            );
            Tool::on(&db).done(&[&EXPIRE[..], &PATIENT[..]].concat()).await;
            assert_eq!(db.value("SELECT count(*), min(at) > '2002-01-01' FROM m").await, "1000|t");
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_column_that_comes_meanwhile_is_moved_too() {
    on_each_server(async |server| {
        let db = server.database("changed_column").await;
        db.sql("CREATE TABLE m (id int, at date NOT NULL) PARTITION BY RANGE (at); CREATE TABLE m_then PARTITION OF m FOR VALUES FROM ('2001-01-01') TO ('2002-01-01');
                CREATE TABLE m_default PARTITION OF m DEFAULT; INSERT INTO m SELECT i, now() FROM generate_series(1, 10) i").await;
        let words = ["maintain", "m"];
        let (code, err) = meanwhile(&db, &words, "INSERT INTO m VALUES (0, now())", "ALTER TABLE m ADD COLUMN precious text; UPDATE m SET precious = 'gold'").await;
        assert!(code != 0 && err.contains("QD-166"), "{code}: {err}");
        Tool::on(&db).done(&[&words[..], &PATIENT[..]].concat()).await;
        assert_eq!(db.value("SELECT count(*), count(precious), count(*) FILTER (WHERE tableoid = 'm_default'::regclass) FROM m").await, "11|11|0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_archived_is_what_is_there_under_the_lock() {
    on_each_server(async |server| {
        let db = server.database("changed_archive").await;
        two(&db, DEFAULT).await;
        let folder = tempfile::tempdir().unwrap();
        let words = [
            "maintain",
            "m",
            "--every",
            "year",
            "--retain",
            "5 years",
            "--on-expiry",
            "archive",
            "--archive-dir",
        ];
        // The first one detaches, and cannot write.
        let said = Tool::on(&db).run(&[&words[..], &["/proc"], &PATIENT[..]].concat()).await;
        assert_eq!(said.code, 1, "{said:?}");
        let path = [folder.path().to_str().unwrap()];
        meanwhile(
            &db,
            &[&words[..], &path].concat(),
            "LOCK TABLE m_old IN ACCESS SHARE MODE",
            "COMMENT ON TABLE m_old IS 'legal hold'",
        )
        .await;
        assert_eq!(db.value("SELECT count(*) FROM m_old").await, "10");
        // It says no longer that it is ours, and is left alone.
        Tool::on(&db).done(&[&words[..], &path, &PATIENT[..]].concat()).await;
        assert_eq!(db.value("SELECT count(*) FROM m_old").await, "10");
    })
    .await;
}

/// A mark is a word of ours only as we write it, and brings nothing about that this run's `--retain` would not.
#[tokio::test(flavor = "multi_thread")]
async fn marks_are_not_trusted_alone() {
    let db = database("changed_marks").await;
    two(&db, "").await;
    db.sql("ALTER TABLE m ADD PRIMARY KEY (id, at); CREATE TABLE r (id int, at date, FOREIGN KEY (id, at) REFERENCES m); INSERT INTO r VALUES (1, '2001-05-05'); COMMENT ON TABLE m_old IS 'mine'").await;
    let tool = Tool::on(&db);
    let said = tool.run(&[&EXPIRE[..], &PATIENT[..]].concat()).await;
    assert_eq!(said.code, 1, "{said:?}");
    assert_eq!(db.value("SELECT obj_description('m_old'::regclass)").await, "mine");
    // Marked as one run would, and kept by another one.
    db.sql("DROP TABLE r; ALTER TABLE m DETACH PARTITION m_old").await;
    mark(&db, "m_old", MARK).await;
    let kept = ["maintain", "m", "--every", "year", "--retain", "900 years", "--on-expiry", "drop"];
    let out = tool.done(&[&kept[..], &PATIENT[..]].concat()).await;
    assert!(out.contains("expired and waiting for --on-expiry drop or archive: 1 (m_old)"), "{out}");
    // Words that are none of ours, and another table that has the name now.
    db.sql("CREATE SCHEMA x; CREATE TABLE x.mine (id int); CREATE TABLE x.other (id int)").await;
    mark(&db, "x.mine", "ended 2002-01-01T00:00:00.000000Z, to be dropped; it was DEFAULT; drop table m")
        .await;
    db.sql(&format!(
        "COMMENT ON TABLE x.other IS 'Quarterdeck: expired partition of \"public\".\"m\" (OID 1), {}'",
        MARK.replace('\'', "''")
    ))
    .await;
    assert!(tool.done(&[&EXPIRE[..], &PATIENT[..]].concat()).await.contains("dropped 1 (m_old)"));
    assert_eq!(
        db.value("SELECT to_regclass('x.mine') IS NOT NULL AND to_regclass('x.other') IS NOT NULL").await,
        "t"
    );
    // What is a partition again is no expired one, and has its own comment back.
    db.sql("CREATE TABLE m_old PARTITION OF m FOR VALUES FROM ('2001-01-01') TO ('2002-01-01')").await;
    mark(&db, "m_old", &format!("{MARK}\nfinance: keep")).await;
    tool.done(&[&["maintain", "m", "--every", "year"], &PATIENT[..]].concat()).await;
    assert_eq!(db.value("SELECT obj_description('m_old'::regclass)").await, "finance: keep");
    // Somebody's own table does not hold anybody up, whatever it says.
    let role = format!("guest_{}", db.name());
    db.sql(&format!("CREATE ROLE {role}; GRANT CREATE ON SCHEMA public TO {role}; SET ROLE {role}; CREATE TABLE evil (x int);
                     COMMENT ON TABLE evil IS 'Quarterdeck: unfinished partition of \"public\".\"m\"'; CREATE VIEW evil_view AS SELECT * FROM evil")).await;
    tool.done(&[&["maintain", "m", "--every", "year"], &PATIENT[..]].concat()).await;
    assert_eq!(db.value("SELECT to_regclass('evil') IS NOT NULL").await, "t");
}

const MARK: &str = "ended 2002-01-01T00:00:00.000000Z, to be dropped; it was FOR VALUES FROM ('2001-01-01') TO ('2002-01-01')";

/// Has a table say that it is an expired partition of `m`.
async fn mark(db: &Db, table: &str, rest: &str) {
    let rest = rest.replace('\'', "''");
    db.sql(&format!(
        "DO $do$ BEGIN EXECUTE format('COMMENT ON TABLE {table} IS %L', format('Quarterdeck: expired partition of \"public\".\"m\" (OID %s), ', 'm'::regclass::oid) || '{rest}'); END $do$"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_bounds_and_clocks() {
    on_each_server(async |server| {
        let db = server.database("changed_odd").await;
        let tool = Tool::on(&db);
        // Rows near midnight of another zone are counted by that zone.
        db.sql("CREATE TABLE z (at timestamptz) PARTITION BY RANGE (at); CREATE TABLE z1 PARTITION OF z FOR VALUES FROM ('2001-10-01 00:00+02') TO ('2001-11-01 00:00+01');
                CREATE TABLE zd PARTITION OF z DEFAULT; INSERT INTO z VALUES ('2001-11-01 00:30+01')").await;
        tool.done(&[&["maintain", "z", "--time-zone", "Europe/Berlin"], &PATIENT[..]].concat()).await;
        assert_eq!(db.value("SELECT count(*) FROM zd").await, "0");
        // From the beginning of time to before it.
        db.sql("CREATE TABLE i (at timestamptz) PARTITION BY RANGE (at); CREATE TABLE i0 PARTITION OF i FOR VALUES FROM (MINVALUE) TO ('-infinity');
                CREATE TABLE i1 PARTITION OF i FOR VALUES FROM ('2001-10-01Z') TO ('2001-11-01Z')").await;
        tool.done(&["maintain", "i"]).await;
        // A UUID that is not the first one of its millisecond.
        db.sql("CREATE TABLE u (id uuid) PARTITION BY RANGE (id); CREATE TABLE u1 PARTITION OF u FOR VALUES FROM ('016f5e66-e800-7000-8000-000000000000') TO ('01704e98-8800-7000-8000-000000000000');
                CREATE TABLE ud PARTITION OF u DEFAULT; INSERT INTO u VALUES ('01704e98-8800-7000-8000-000000000001')").await;
        tool.done(&[&["maintain", "u", "--every", "month"], &PATIENT[..]].concat()).await;
        assert_eq!(db.value("SELECT count(*) FROM ud").await, "0");
        // A clock that would have everything expire is another one.
        db.sql("CREATE TABLE n (id bigint) PARTITION BY RANGE (id); CREATE TABLE n1 PARTITION OF n FOR VALUES FROM (0) TO (10000000); INSERT INTO n SELECT generate_series(1, 9)").await;
        tool.run(&["maintain", "n", "--clock", "epoch-ms", "--every", "month", "--retain", "1 year", "--on-expiry", "drop"]).await.failed(3, "every partition would expire");
        assert_eq!(db.value("SELECT count(*) FROM n").await, "9");
        // Half a month was made by hand: the rest of it is a piece, and the next run knows.
        db.sql("CREATE TABLE h (at date) PARTITION BY RANGE (at); DO $$ DECLARE m date := date_trunc('month', now() AT TIME ZONE 'UTC'); BEGIN
                EXECUTE format('CREATE TABLE h1 PARTITION OF h FOR VALUES FROM (%L) TO (%L)', m, m + interval '1 month');
                EXECUTE format('CREATE TABLE h2 PARTITION OF h FOR VALUES FROM (%L) TO (%L)', m + interval '1 month', m + interval '1 month 14 days'); END $$").await;
        assert!(tool.done(&["maintain", "h", "--premake", "1"]).await.contains("_part)"));
        assert!(tool.done(&["maintain", "h", "--premake", "1"]).await.contains("nothing was due"));
        // Rows on both sides of a piece of one month.
        db.sql("CREATE TABLE q (at date) PARTITION BY RANGE (at); CREATE TABLE q0 PARTITION OF q FOR VALUES FROM ('2001-01-01') TO ('2001-02-01');
                CREATE TABLE q1 PARTITION OF q FOR VALUES FROM ('2001-03-10') TO ('2001-03-20'); CREATE TABLE qd PARTITION OF q DEFAULT;
                INSERT INTO q VALUES ('2001-03-05'), ('2001-03-15'), ('2001-03-25')").await;
        tool.done(&[&["maintain", "q", "--every", "month"], &PATIENT[..]].concat()).await;
        assert_eq!(db.rows("SELECT tableoid::regclass, at FROM q ORDER BY at").await, ["q_2001_03_part|2001-03-05", "q1|2001-03-15", "q_2001_03_part_2|2001-03-25"]);
        // More periods in DEFAULT than a table may have partitions: what is ahead is made.
        db.sql("CREATE TABLE g (at date) PARTITION BY RANGE (at); CREATE TABLE g1 PARTITION OF g FOR VALUES FROM ('2001-10-01') TO ('2001-10-02'); CREATE TABLE gd PARTITION OF g DEFAULT;
                INSERT INTO g SELECT date '1970-01-01' + i FROM generate_series(1, 2000) i").await;
        let said = tool.run(&[&["maintain", "g"], &PATIENT[..]].concat()).await;
        assert!(said.code == 3 && said.out.contains("made 3") && said.err.contains("more than 1000 partitions"), "{said:?}");
    })
    .await;
}

/// What a move would have go on is said before.
#[tokio::test(flavor = "multi_thread")]
async fn a_dry_run_says_what_goes() {
    let db = database("changed_dry").await;
    two(&db, DEFAULT).await;
    db.sql("INSERT INTO m VALUES (1, '1999-05-05')").await;
    let words = [&EXPIRE[..], &["--dry-run"]].concat();
    let said = Tool::on(&db).run(&words).await;
    assert!(said.code == 7 && said.out.contains("would expire 2 (m_old, m_1999)"), "{said:?}");
}
