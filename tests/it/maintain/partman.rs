//! Tables in pg_partman's care, with the real extension: they are looked at, and left alone.

use std::io::Write;

use super::partitions;
use crate::{
    commands::tool::Tool,
    health::{found, look, mend},
    support::{Db, on_each_server},
};

/// The version of pg_partman that the server could have; `None`, said aloud, on one without. A distribution's server has it
/// where `QUARTERDECK_TEST_PG` says what to test against, as CI does: there it is a failure.
async fn version(db: &Db) -> Option<u32> {
    let sql =
        "SELECT split_part(default_version, '.', 1) FROM pg_available_extensions WHERE name = 'pg_partman'";
    if let Some(major) = db.rows(sql).await.first() {
        return Some(major.parse().unwrap());
    }
    let server = db.server();
    let bin = server.programs().bin();
    let must = std::env::var_os("QUARTERDECK_TEST_PG").is_some() && bin.starts_with("/usr/lib/postgresql");
    assert!(!must, "install postgresql-{}-partman", server.major());
    // Not `eprintln!`, which the test harness captures.
    writeln!(std::io::stderr(), "not tested: pg_partman on PostgreSQL {}, which has none", server.version())
        .unwrap();
    None
}

/// Gives a table to pg_partman, by months.
async fn give(db: &Db, schema: &str, table: &str, major: u32) {
    // Version 5 knows native partitioning alone, and calls it by the kind of bounds.
    let kind = if major < 5 { "native" } else { "range" };
    db.sql(&format!(
        "CREATE TABLE \"{table}\" (id int, at timestamptz NOT NULL) PARTITION BY RANGE (at); CREATE INDEX ON \"{table}\" (at);
         SELECT {schema}.create_parent(p_parent_table := 'public.{table}', p_control := 'at', p_type := '{kind}', p_interval := '1 month', p_premake := 3)"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn tables_of_partman_are_looked_at_and_left_alone() {
    on_each_server(async |server| {
        for schema in ["partman", "public", "tools"] {
            let db = server.database("partman").await;
            let Some(major) = version(&db).await else { return };
            db.sql(&format!("CREATE SCHEMA IF NOT EXISTS {schema}; CREATE EXTENSION pg_partman SCHEMA {schema}")).await;
            let tables = if schema == "partman" { &["m", "Odd one"][..] } else { &["m"] };
            let tool = Tool::on(&db);
            for table in tables {
                give(&db, schema, table, major).await;
                db.sql(&format!("INSERT INTO \"{table}\" SELECT 1, now() FROM generate_series(1, 100); ANALYZE")).await;
                let typed = format!("\"{table}\"");
                let said = tool.run(&["maintain", &typed, "--premake", "9"]).await;
                said.failed(3, "pg_partman makes and drops its partitions: it is in");
                let out = tool.done(&["health", &typed]).await;
                assert!(out.contains("with DEFAULT · covered until") && out.contains(", 3 ahead; about 100 rows"), "{out}");
                assert!(out.contains("\n  0 errors, 0 warnings, 0 hints\n"), "{out}");
            }
            // As many as pg_partman made, and not nine ahead.
            let made = db.value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'm'::regclass").await;
            assert_eq!(partitions(&db).await.len().to_string(), made);
            let ahead = "SELECT count(*) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE inhparent = 'm'::regclass AND \
                         substring(pg_get_expr(relpartbound, c.oid) FROM 'FROM \\(''([^'']+)')::timestamptz > now()";
            assert_eq!(db.value(ahead).await, "3");
            // Another table of the same database is ours to maintain; one that is taken out of its care, too.
            db.sql("CREATE TABLE ours (at date) PARTITION BY RANGE (at); CREATE TABLE ours_1 PARTITION OF ours FOR VALUES FROM ('2020-01-01') TO ('2020-02-01')").await;
            tool.done(&["maintain", "ours"]).await;
            db.sql(&format!("DELETE FROM {schema}.part_config WHERE parent_table = 'public.m'")).await;
            tool.done(&["maintain", "m", "--premake", "4"]).await;
            assert_eq!(db.value(ahead).await, "4");
        }
    })
    .await;
}

/// The SQL of its findings is pg_partman's, and does what they say.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_found_is_mended_by_partman() {
    on_each_server(async |server| {
        let db = server.database("partman_mends").await;
        let Some(major) = version(&db).await else { return };
        db.sql("CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman").await;
        give(&db, "partman", "m", major).await;
        let tool = Tool::on(&db);
        let ahead = "SELECT quote_ident(relname) FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE inhparent = 'm'::regclass AND \
                     substring(pg_get_expr(relpartbound, c.oid) FROM 'FROM \\(''([^'']+)')::timestamptz > now() ORDER BY relname";
        for part in db.rows(ahead).await {
            db.sql(&format!("DROP TABLE {part}")).await;
        }
        let now = look(&tool, "m").await;
        assert_eq!(found(&now), ["QD-141 warning public.m"]);
        // It counts from the newest row.
        db.sql("INSERT INTO m VALUES (1, now()); ANALYZE").await;
        mend(&db, &now, "QD-141").await;
        assert_eq!(db.rows(ahead).await.len(), 3);
        db.sql("INSERT INTO m VALUES (1, now() + interval '10 years'); ANALYZE").await;
        let now = look(&tool, "m").await;
        assert_eq!(found(&now), ["QD-140 warning public.m_default"]);
        mend(&db, &now, "QD-140").await;
        assert_eq!(db.value("SELECT count(*) FROM m_default").await, "0");
        // Ten years lie between.
        db.sql("ANALYZE").await;
        let now = look(&tool, "m").await;
        assert_eq!(found(&now), ["QD-142 warning public.m"]);
        mend(&db, &now, "QD-142").await;
        db.sql("ANALYZE").await;
        assert_eq!(found(&look(&tool, "m").await), Vec::<String>::new());
    })
    .await;
}

/// Who may not read the configuration does not take the table for one of nobody's.
#[tokio::test(flavor = "multi_thread")]
async fn a_configuration_that_cannot_be_read_is_no_permission() {
    on_each_server(async |server| {
        let db = server.database("partman_rights").await;
        let Some(major) = version(&db).await else { return };
        let name = format!("keeper_{}", db.name());
        db.sql("CREATE SCHEMA partman; CREATE EXTENSION pg_partman SCHEMA partman").await;
        give(&db, "partman", "m", major).await;
        db.sql(&format!(
            "CREATE ROLE {name} LOGIN PASSWORD 'secret'; GRANT USAGE, CREATE ON SCHEMA public TO {name}; GRANT CREATE ON DATABASE {} TO {name};
             CREATE TABLE ours (at date) PARTITION BY RANGE (at); CREATE TABLE ours_1 PARTITION OF ours FOR VALUES FROM ('2020-01-01') TO ('2020-02-01');
             ALTER TABLE ours OWNER TO {name}; ALTER TABLE ours_1 OWNER TO {name}",
            db.name()
        ))
        .await;
        let keeper = Tool::to(db.conninfo_as(&name, "secret"));
        keeper.run(&["maintain", "ours"]).await.failed(3, "this role may not read partman.part_config");
        db.sql(&format!("GRANT SELECT ON partman.part_config TO {name}")).await;
        keeper.run(&["maintain", "ours"]).await.failed(3, "give the role USAGE on the schema");
        db.sql(&format!("GRANT USAGE ON SCHEMA partman TO {name}")).await;
        keeper.done(&["maintain", "ours"]).await;
        db.sql(&format!("DROP OWNED BY {name}; DROP ROLE {name}")).await;
    })
    .await;
}
