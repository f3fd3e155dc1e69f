//! How the server runs the reading statements: by TID range, and never row by row through the log.
//!
//! The statements are those that `plan --sql` shows, under the settings that it shows, with and without
//! statistics, beside an empty log and beside one with more keys than the table has rows.

use quarterdeck::{
    model::plan::Statement,
    ops::{copy, repair, verify},
};
use serde_json::Value;
use tokio_postgres::Client;

use super::fixture::{DEFAULT, Fixture};
use crate::support::{self, server::Server};

const COLUMNS: &str = "id uuid, at timestamptz NOT NULL, body text";
/// All in DEFAULT, which `plan --sql` takes as the example of a leaf: some 700 blocks.
const ROWS: &str = "SELECT gen_random_uuid(), '2025-01-01 00:00+00'::timestamptz + n * interval '1 second', \
                    repeat('x', 200) FROM generate_series(1, 20000) n";
const READING: [&str; 4] = ["tally tile", "join differing", "repair leaf", "copy chunk"];

/// What the server knows of the tables.
#[derive(Clone, Copy, Debug)]
enum Statistics {
    None,
    Fresh,
    /// Taken while the log was empty.
    BeforeTheLogGrew,
}

#[tokio::test(flavor = "multi_thread")]
async fn the_log_is_never_probed_row_by_row() {
    support::on_each_server(async |server| {
        for statistics in [Statistics::None, Statistics::BeforeTheLogGrew, Statistics::Fresh] {
            let fixture = made(server, statistics).await;
            for log in ["empty", "big"] {
                if log == "big" {
                    fill_log(&fixture, statistics).await;
                }
                for statement in statements(&fixture) {
                    let at =
                        format!("{} beside a log that is {log}, statistics {statistics:?}", statement.label);
                    let plan = explain(&fixture, &statement).await;
                    let log_name = fixture.scheme.log().name.as_str().to_owned();
                    assert!(mentions(&plan, &log_name), "{at}: where is the log?\n{plan:#}");
                    assert!(!probed(&plan, &log_name), "{at}\n{plan:#}");
                    if statement.sql.contains("ctid >=") {
                        let heap = scan_of_the_tile(&plan).unwrap_or_else(|| panic!("{at}\n{plan:#}"));
                        assert!(["t", "t_default"].contains(&heap.as_str()), "{at}: {heap}");
                    }
                }
            }
        }
    })
    .await;
}

/// Rows to be shown are read by their TIDs and sought by their keys' indexes, whatever the tables' size.
#[tokio::test(flavor = "multi_thread")]
async fn shown_rows_are_read_by_tid_and_by_index() {
    support::on_each_server(async |server| {
        for statistics in [Statistics::None, Statistics::Fresh] {
            let fixture = made(server, statistics).await;
            for statement in verify::statements(&fixture.scheme) {
                if !["seek in twin", "seek in source", "read differing"].contains(&statement.label.as_str()) {
                    continue;
                }
                let sql = statement.sql.replace("':tids'", "'{\"(0,1)\",\"(1,1)\"}'");
                let client = settled(&fixture, &["SET enable_nestloop = on".into()]).await;
                let plan = plan_of(&client, &sql).await;
                let at = format!("{}, statistics {statistics:?}\n{plan:#}", statement.label);
                assert!(nodes(&plan).iter().any(|n| n["Node Type"] == "Tid Scan"), "{at}");
                // Catalogues and empty leaves may be read whole.
                let whole = |n: &&Value| {
                    n["Node Type"] == "Seq Scan"
                        && (n["Relation Name"] == "t" || n["Relation Name"] == "t_default")
                };
                assert!(!nodes(&plan).iter().any(whole), "{at}");
            }
        }
    })
    .await;
}

async fn made(server: &'static Server, statistics: Statistics) -> Fixture {
    let fixture = Fixture::new(server, "t", COLUMNS, &["id"]).await;
    fixture
        .db
        .sql(&format!(
            "ALTER TABLE t SET (autovacuum_enabled = off); ALTER TABLE t_default SET (autovacuum_enabled = off); \
             ALTER TABLE {} SET (autovacuum_enabled = off)",
            fixture.scheme.log()
        ))
        .await;
    fixture.fill_only(ROWS).await;
    match statistics {
        Statistics::None => (),
        Statistics::Fresh | Statistics::BeforeTheLogGrew => fixture.db.sql("ANALYZE").await,
    }
    fixture
}

async fn fill_log(fixture: &Fixture, statistics: Statistics) {
    let fill = format!(
        "INSERT INTO {} (k1, part) SELECT id, at FROM t, generate_series(1, 2)",
        fixture.scheme.log()
    );
    fixture.db.sql(&fill).await;
    match statistics {
        Statistics::None | Statistics::BeforeTheLogGrew => (),
        Statistics::Fresh => fixture.db.sql("ANALYZE").await,
    }
}

/// The statements that read the log beside a table, made to run.
fn statements(fixture: &Fixture) -> Vec<Statement> {
    let mut statements = verify::statements(&fixture.scheme);
    statements.extend(repair::statements(&fixture.scheme));
    statements.extend(copy::statements(&fixture.scheme));
    statements.retain(|statement| READING.contains(&statement.label.as_str()));
    assert_eq!(statements.len(), 7, "two tallies, one of buckets, the join, repair and two of copy");
    let leaf = fixture.scheme.leaf(&fixture.leaves[DEFAULT]).to_string();
    for statement in &mut statements {
        let sql = statement.sql.replace(":first", "64").replace(":end", "128");
        let sql = sql.replace("<a period that the census lists for this chunk>", "at >= '2025-01-01'");
        let sql = sql.replace("<its periods>", "at >= '2025-01-01'").replace(":leaf", &leaf);
        let sql = sql.replace("$1", "'{1,2,3,4,5,6,7,8,9,10}'").replace("$2", "'{0}'").replace("$3", "10");
        statement.sql = sql;
    }
    statements
}

async fn explain(fixture: &Fixture, statement: &Statement) -> Value {
    let label = statement.label.as_str();
    let all = match label {
        "copy chunk" => copy::statements(&fixture.scheme),
        "repair leaf" => repair::statements(&fixture.scheme),
        _ => verify::statements(&fixture.scheme),
    };
    let settings: Vec<_> = all.into_iter().filter(|s| s.label.ends_with("settings")).map(|s| s.sql).collect();
    assert_eq!(settings.len(), 1);
    plan_of(&settled(fixture, &settings).await, &statement.sql).await
}

/// A connection with these settings, in a transaction.
async fn settled(fixture: &Fixture, settings: &[String]) -> Client {
    let client = fixture.db.client().await;
    client.batch_execute("BEGIN").await.unwrap();
    for setting in settings {
        client.batch_execute(setting).await.unwrap();
    }
    client
}

async fn plan_of(client: &Client, sql: &str) -> Value {
    let rows = client.query(&format!("EXPLAIN (FORMAT JSON, VERBOSE)\n{sql}"), &[]).await;
    let rows = rows.unwrap_or_else(|e| panic!("{e:?}\n{sql}"));
    rows[0].get::<_, Value>(0)[0]["Plan"].clone()
}

/// A node and all below it.
fn nodes(plan: &Value) -> Vec<&Value> {
    let below = plan["Plans"].as_array().into_iter().flatten().flat_map(nodes);
    std::iter::once(plan).chain(below).collect()
}

fn mentions(plan: &Value, relation: &str) -> bool {
    nodes(plan).iter().any(|node| node["Relation Name"] == relation)
}

/// Whether the inner side of a nested loop, which runs once a row, reads the relation.
fn probed(plan: &Value, relation: &str) -> bool {
    let loops = nodes(plan).into_iter().filter(|node| node["Node Type"] == "Nested Loop");
    loops.filter_map(|node| node["Plans"].as_array()).any(|sides| mentions(&sides[1], relation))
}

/// The relation whose blocks 64 to 127 are read, and no others.
fn scan_of_the_tile(plan: &Value) -> Option<String> {
    let scan = nodes(plan).into_iter().find(|node| node["Node Type"] == "Tid Range Scan")?;
    let bounds = scan["TID Cond"].as_str()?;
    assert!(bounds.contains("(64,0)") && bounds.contains("(128,0)"), "{bounds}");
    Some(scan["Relation Name"].as_str()?.to_owned())
}
