//! The verifier's proof: k faults of every kind, in every type that it compares, in random places; exactly k are found, each
//! under its kind, its key and its leaf. proptest shrinks what fails to the fewest faults that still do.

use std::collections::BTreeMap;

use proptest::{prelude::*, test_runner::TestRunner};
use quarterdeck::model::diff::DiffKind;

use super::fixture::{DEFAULT, Fixture, Q1, Q2, Q4, diffs};
use crate::support;

/// How many sets of faults are planted.
const SETS: u32 = 60;
/// Ten in each leaf; those of DEFAULT are of the third quarter.
const ROWS: i64 = 40;

/// A type, two values of it that differ, and that are hard to tell apart where there are such.
const TYPES: &[(&str, &str, &str)] = &[
    ("text", "'ana'", "'ana '"),
    ("text COLLATE loose", "'ana'", "'ANA'"),
    ("name_of_loose", "'ana'", "'ANA'"),
    ("word", "'ana'", "NULL"),
    ("citext", "'a@example.org'", "'A@example.org'"),
    ("char(5)", "'ab'", "'aB'"),
    ("bpchar", "'ab'", "'ab '"),
    ("name", "'ana'", "'anna'"),
    ("\"char\"", "'a'", "'b'"),
    ("bool", "true", "false"),
    ("smallint", "-1", "32767"),
    ("integer", "1", "-2147483648"),
    ("bigint", "1", "4294967296"),
    ("oid", "1", "4294967295"),
    ("numeric", "1.0", "1.00"),
    ("money", "1", "1.01"),
    ("real", "0", "'-0'"),
    ("float8", "1.1", "1.1000000000000003"),
    ("bytea", "'\\x00'", "'\\x0000'"),
    ("uuid", "'00000000-0000-0000-0000-000000000001'", "NULL"),
    ("date", "'infinity'", "'-infinity'"),
    ("time", "'12:00'", "'12:00:00.000001'"),
    ("timetz", "'12:00+00'", "'13:00+01'"),
    ("timestamp", "'2000-01-01 00:00:00.000005'", "'2000-01-01 05:57:54.83648'"),
    ("timestamptz", "'2000-01-01 00:00:00.000005+00'", "'2000-01-01 05:57:54.83648+00'"),
    ("interval", "'1 mon'", "'30 days'"),
    ("mood", "'low'", "'high'"),
    ("json", "'{\"a\":1}'", "'{\"a\": 1}'"),
    ("jsonb", "'1'", "'1.0'"),
    ("xml", "'<a/>'", "'<a></a>'"),
    ("jsonpath", "'$.a'", "'$.b'"),
    ("tsvector", "'a:1'", "'a:2'"),
    ("tsquery", "'a & b'", "'b & a'"),
    ("inet", "'10.0.0.1'", "'10.0.0.1/24'"),
    ("cidr", "'10.0.0.0/8'", "'10.0.0.0/9'"),
    ("macaddr", "'08:00:2b:01:02:03'", "'08:00:2b:01:02:04'"),
    ("macaddr8", "'08:00:2b:01:02:03:04:05'", "NULL"),
    ("bit(8)", "B'00000001'", "B'10000000'"),
    ("varbit", "B'0'", "B'00'"),
    ("point", "'(0,0)'", "'(0,-0)'"),
    ("box", "'(1,1),(0,0)'", "'(1,1),(0,-0)'"),
    ("int[]", "'{1,2}'", "'[2:3]={1,2}'"),
    ("text[]", "'{}'", "'{NULL}'"),
    ("numeric[]", "'{1.0}'", "'{1.00}'"),
    ("int4range", "'[1,3)'", "'empty'"),
    ("nummultirange", "'{[1,2)}'", "'{[1,2.0)}'"),
    ("pair", "'(1,a)'", "'(1,\"a \")'"),
    ("pg_lsn", "'0/1'", "'1/0'"),
    ("xid8", "'1'", "'4294967297'"),
];

/// One fault, in a row of its own.
#[derive(Clone, Copy, Debug)]
enum Fault {
    /// The twin lacks the row.
    Missing,
    /// The twin has one more, beside it.
    Extra,
    /// A value differs: the column.
    Changed(usize),
    /// It is there a second later.
    Later,
    /// It is in another leaf, under a time of that leaf.
    Elsewhere,
    /// An old copy is in another leaf.
    Stale,
}

fn fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::Missing),
        Just(Fault::Extra),
        (0..TYPES.len()).prop_map(Fault::Changed),
        (0..TYPES.len()).prop_map(Fault::Changed),
        Just(Fault::Later),
        Just(Fault::Elsewhere),
        Just(Fault::Stale),
    ]
}

fn column(n: usize) -> String {
    format!("c{n}")
}

fn leaf(id: i64) -> usize {
    [Q1, Q2, DEFAULT, Q4][usize::try_from(id / 10).unwrap()]
}

/// Another leaf than that of `id`, and a time in it.
fn elsewhere(id: i64) -> (usize, &'static str) {
    if leaf(id) == Q4 { (Q1, "2024-02-20 12:00+00") } else { (Q4, "2024-11-20 12:00+00") }
}

/// What plants a fault.
fn plant(columns: &str, id: i64, fault: Fault) -> String {
    let copy = |column: &str, value: &str| {
        let quoted = format!("\"{column}\"");
        let values = columns.replacen(&quoted, value, 1);
        format!("INSERT INTO t_twin ({columns}) SELECT {values} FROM t WHERE id = {id}")
    };
    match fault {
        Fault::Missing => format!("DELETE FROM t_twin WHERE id = {id}"),
        Fault::Extra => copy("id", &format!("{}", -1 - id)),
        Fault::Changed(n) => {
            format!("UPDATE t_twin SET {} = {} WHERE id = {id}", column(n), TYPES[n].2)
        }
        Fault::Later => format!("UPDATE t_twin SET at = at + interval '1 second' WHERE id = {id}"),
        Fault::Elsewhere => format!("UPDATE t_twin SET at = '{}' WHERE id = {id}", elsewhere(id).1),
        Fault::Stale => copy("at", &format!("'{}'", elsewhere(id).1)),
    }
}

/// Leaf, id and kind of what is to be found.
fn expected(id: i64, fault: Fault) -> Vec<(usize, i64, &'static str)> {
    let (leaf, other) = (leaf(id), elsewhere(id).0);
    match fault {
        Fault::Missing => vec![(leaf, id, "missing")],
        Fault::Extra => vec![(leaf, -1 - id, "extra")],
        Fault::Changed(_) | Fault::Later => vec![(leaf, id, "changed")],
        // It counts in both.
        Fault::Elsewhere => vec![(leaf, id, "wrong_leaf"), (other, id, "wrong_leaf")],
        Fault::Stale => vec![(other, id, "extra")],
    }
}

fn word(kind: DiffKind) -> &'static str {
    match kind {
        DiffKind::Missing => "missing",
        DiffKind::Extra => "extra",
        DiffKind::Changed => "changed",
        DiffKind::WrongLeaf => "wrong_leaf",
    }
}

async fn filled() -> Fixture {
    let columns: Vec<_> =
        TYPES.iter().enumerate().map(|(n, (of, _, _))| format!("{} {of}", column(n))).collect();
    let columns = format!("id bigint, at timestamptz NOT NULL, {}", columns.join(", "));
    let fixture = Fixture::new(&support::server::all()[0], "t", &columns, &["id"]).await;
    let values: Vec<_> = TYPES.iter().map(|(of, value, _)| format!("{value}::{of}")).collect();
    fixture
        .fill(&format!(
            "SELECT n, '2024-01-15'::timestamptz + make_interval(months => (3 * (n / 10))::int, mins => n::int), {} \
             FROM generate_series(0, {}) n",
            values.join(", "),
            ROWS - 1
        ))
        .await;
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn exactly_what_was_planted_is_found_in_every_type() {
    let fixture = filled().await;
    assert!(fixture.pass().await.is_clean());
    // Each type once, alone: a fault that no set happens to have is no proof.
    for n in 0..TYPES.len() {
        found(&fixture, &BTreeMap::from([(i64::try_from(n).unwrap() % ROWS, Fault::Changed(n))]))
            .await
            .unwrap();
    }
    let runtime = tokio::runtime::Handle::current();
    let sets = move || {
        let config = ProptestConfig { cases: SETS, failure_persistence: None, ..ProptestConfig::default() };
        let faults = proptest::collection::btree_map(0..ROWS, fault(), 0..25);
        TestRunner::new(config)
            .run(&faults, |faults| runtime.block_on(found(&fixture, &faults)).map_err(TestCaseError::fail))
    };
    tokio::task::spawn_blocking(sets).await.unwrap().unwrap();
}

/// Plants the faults, and compares what a pass finds with them.
async fn found(fixture: &Fixture, faults: &BTreeMap<i64, Fault>) -> Result<(), String> {
    fixture.reset().await;
    let columns = fixture.scheme.column_list("");
    let sql: Vec<_> = faults.iter().map(|(id, fault)| plant(&columns, *id, *fault)).collect();
    fixture.db.sql(&sql.join("; ")).await;
    let pass = fixture.pass().await;
    let mut wanted: Vec<_> = faults.iter().flat_map(|(id, fault)| expected(*id, *fault)).collect();
    let place = |name: &str| fixture.leaves.iter().position(|leaf| leaf.name.as_str() == name).unwrap();
    let id = |key: &str| key.trim_start_matches("id=").split(',').next().unwrap().parse::<i64>().unwrap();
    let mut found: Vec<_> =
        diffs(&pass).iter().map(|diff| (place(&diff.leaf), id(&diff.key), word(diff.kind))).collect();
    wanted.sort_unstable();
    found.sort_unstable();
    if found == wanted && pass.diff_rows() == i64::try_from(wanted.len()).unwrap() {
        return Ok(());
    }
    Err(format!("{faults:?}: found {found:?}, planted {wanted:?}, counted {}", pass.diff_rows()))
}
