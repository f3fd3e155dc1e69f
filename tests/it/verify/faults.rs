//! Planted faults: each is found, is named rightly, and is the only one found.

use quarterdeck::model::diff::{DiffKind, MAX_DIFFS};

use super::fixture::{DEFAULT, Fixture, Q1, Q2, Q4, diffs};
use crate::support::{self, server::Server};

/// Every kind of value that hashes alike where it differs (TRAPS 20, 54), and some that only might.
const COLUMNS: &str = "id bigint, at timestamptz NOT NULL, body text, note text, price numeric, doc jsonb, \
    ratio float8, ids int[], span interval, mail citext, code char(5), pad bpchar, raw bytea, big bigint, seen timestamptz, \
    mood mood, tag uuid, area int4range, flag bool, day date, clock timetz, lax text COLLATE loose, slack name_of_loose, word word, short int2, \
    twice bigint GENERATED ALWAYS AS (big * 2) STORED";

/// 40 rows: 10 in each leaf, those of DEFAULT in the third quarter.
const ROWS: &str = "SELECT n, '2024-01-15'::timestamptz + make_interval(months => 3 * (n / 10), mins => n), 'body ' || n, \
    NULL, 1.0, '1', 0.0, '{1,2}', '1 mon', 'Ana@Example.org', 'ab', 'ab', '\\x00', 1, '2000-01-01 00:00:00.000005+00', \
    'low', '00000000-0000-0000-0000-000000000001', '[1,3)', true, '2024-01-01', '12:00+00', 'Ana', 'Ana', 'Ana', 7 FROM generate_series(0, 39) n";

async fn filled(server: &'static Server) -> Fixture {
    let fixture = Fixture::new(server, "t", COLUMNS, &["id"]).await;
    fixture.fill(ROWS).await;
    fixture
}

#[tokio::test(flavor = "multi_thread")]
async fn equal_sides_are_equal() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        let pass = fixture.pass().await;
        assert!(pass.is_clean());
        let rows: Vec<_> = pass.verdicts.iter().map(|v| (v.leaf, v.source_rows, v.twin_rows)).collect();
        assert_eq!(rows, [(Q1, 10, 10), (Q2, 10, 10), (Q4, 10, 10), (DEFAULT, 10, 10)]);
        assert_eq!((pass.in_log, pass.without_leaf, pass.rows()), (0, 0, 40));
    })
    .await;
}

/// Column, value in the source, value in the twin, and both as they are shown.
const CASES: &[(&str, &str, &str, &str, &str)] = &[
    ("body", "'body 7'", "'body 7 '", "body 7", "body 7 "),
    ("body", "'abcdefgh'", "'abcdefgi'", "abcdefgh", "abcdefgi"),
    ("note", "NULL", "''", "-", ""),
    ("note", "''", "NULL", "", "-"),
    ("price", "1.0", "1.00", "1.0", "1.00"),
    ("price", "'NaN'", "NULL", "NaN", "-"),
    ("doc", "'1'", "'1.0'", "1", "1.0"),
    ("doc", r#"'{"a": [1, 2]}'"#, r#"'{"a": [2, 1]}'"#, r#"{"a": [1, 2]}"#, r#"{"a": [2, 1]}"#),
    ("ratio", "0.0", "'-0.0'", "0", "-0"),
    ("ratio", "1.1", "1.1000000000000003", "1.1", "1.1000000000000003"),
    ("ids", "'{1,2}'", "'[2:3]={1,2}'", "{1,2}", "[2:3]={1,2}"),
    ("ids", "'{}'", "'{NULL}'", "{}", "{NULL}"),
    ("span", "'1 mon'", "'30 days'", "1 mon", "30 days"),
    ("span", "'1 day'", "'24 hours'", "1 day", "24:00:00"),
    ("mail", "'a@example.org'", "'A@example.org'", "a@example.org", "A@example.org"),
    ("code", "'ab'", "'aB'", "ab   ", "aB   "),
    ("pad", "'ab'", "'ab '", "ab", "ab "),
    ("raw", "'\\x0000'", "'\\x00'", "\\x0000", "\\x00"),
    (
        "seen",
        "'2000-01-01 00:00:00.000005+00'",
        "'2000-01-01 05:57:54.83648+00'",
        "2000-01-01 00:00:00.000005+00",
        "2000-01-01 05:57:54.83648+00",
    ),
    ("mood", "'low'", "'high'", "low", "high"),
    ("tag", "'00000000-0000-0000-0000-000000000001'", "NULL", "00000000-0000-0000-0000-000000000001", "-"),
    ("area", "'[1,3)'", "'empty'", "[1,3)", "empty"),
    ("flag", "true", "false", "t", "f"),
    ("day", "'infinity'", "'-infinity'", "infinity", "-infinity"),
    ("lax", "'ana'", "'ANA'", "ana", "ANA"),
    ("slack", "'ana'", "'ANA'", "ana", "ANA"),
    ("word", "'ana'", "'ANA'", "ana", "ANA"),
    ("word", "''", "NULL", "", "-"),
    ("short", "-1", "32767", "-1", "32767"),
    ("clock", "'12:00+00'", "'13:00+01'", "12:00:00+00", "13:00:00+01"),
];

#[tokio::test(flavor = "multi_thread")]
async fn one_value_that_differs_is_found_and_shown() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        for (column, source, twin, shown_source, shown_twin) in CASES {
            fixture.db.sql(&format!("UPDATE t SET {column} = {source} WHERE id = 17")).await;
            fixture.reset().await;
            fixture.db.sql(&format!("UPDATE t_twin SET {column} = {twin} WHERE id = 17")).await;
            let pass = fixture.pass().await;
            let [diff] = diffs(&pass)[..] else { panic!("{column} {source} {twin}: {:?}", diffs(&pass)) };
            assert_eq!((pass.diff_rows(), diff.kind), (1, DiffKind::Changed), "{column} {source} {twin}");
            assert_eq!(diff.leaf, "t_2024_q2");
            assert_eq!(diff.key, "id=17, at=2024-04-15 00:17:00+00");
            let shown = |text: &str| (text != "-").then(|| text.to_owned());
            assert_eq!(diff.columns, [((*column).to_owned(), shown(shown_source), shown(shown_twin))]);
        }
    })
    .await;
}

/// PostgreSQL's own hash of a bigint folds it to 32 bits: with that, 1 and 4294967296 were equal.
#[tokio::test(flavor = "multi_thread")]
async fn wide_integers_do_not_fold() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        fixture.db.sql("UPDATE t_twin SET big = 4294967296 WHERE id = 3").await;
        let pass = fixture.pass().await;
        let [diff] = diffs(&pass)[..] else { panic!("{:?}", diffs(&pass)) };
        let column = |name: &str, a: &str, b: &str| (name.into(), Some(a.into()), Some(b.into()));
        assert_eq!(diff.columns, [column("big", "1", "4294967296"), column("twice", "2", "8589934592")]);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn neighbours_that_exchange_values_are_found() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        fixture
            .db
            .sql("UPDATE t_twin SET body = 'body ' || CASE id WHEN 20 THEN 21 ELSE 20 END WHERE id IN (20, 21)")
            .await;
        let pass = fixture.pass().await;
        let found: Vec<_> = diffs(&pass).iter().map(|d| (d.kind, d.columns[0].1.clone())).collect();
        let changed = |body: &str| (DiffKind::Changed, Some(body.to_owned()));
        assert_eq!(pass.diff_rows(), 2);
        assert!(found.contains(&changed("body 20")) && found.contains(&changed("body 21")), "{found:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_and_extra_rows_are_found_first_and_last_too() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        let columns = fixture.scheme.column_list("");
        // The first and the last row of each heap, one in DEFAULT, and one that no source ever had.
        fixture.db.sql("DELETE FROM t_twin WHERE id IN (0, 25, 39)").await;
        fixture.db.sql("DELETE FROM t WHERE id = 9").await;
        fixture
            .db
            .sql(&format!(
                "INSERT INTO t_twin ({columns}) SELECT {} FROM t WHERE id = 38",
                columns.replacen("\"id\"", "-1", 1)
            ))
            .await;
        let pass = fixture.pass().await;
        let mut found: Vec<_> = diffs(&pass)
            .iter()
            .map(|d| (d.leaf.as_str(), d.key.split(',').next().unwrap(), d.kind))
            .collect();
        found.sort_by_key(|(leaf, key, _)| (*leaf, *key));
        let expected = [
            ("t_2024_q1", "id=0", DiffKind::Missing),
            ("t_2024_q1", "id=9", DiffKind::Extra),
            ("t_2024_q4", "id=-1", DiffKind::Extra),
            ("t_2024_q4", "id=39", DiffKind::Missing),
            ("t_default", "id=25", DiffKind::Missing),
        ];
        assert_eq!(found, expected);
        let rows: Vec<_> = pass.verdicts.iter().map(|v| v.diff_rows).collect();
        assert_eq!(rows, [2, 0, 2, 1]);
        // Where one quarter is asked for, the others' faults are not its own.
        assert!(fixture.pass_of(&[Q2]).await.is_clean());
        assert_eq!(fixture.pass_of(&[DEFAULT]).await.diff_rows(), 1);
        assert_eq!(fixture.pass_of(&[Q4, Q1]).await.diff_rows(), 4);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_under_another_time_is_in_the_wrong_leaf_or_changed() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        fixture.db.sql("UPDATE t_twin SET at = '2024-10-20' WHERE id = 5").await;
        fixture.db.sql("UPDATE t_twin SET at = at + interval '1 second' WHERE id = 15").await;
        let pass = fixture.pass().await;
        let rows: Vec<_> = pass.verdicts.iter().map(|v| v.diff_rows).collect();
        assert_eq!(rows, [1, 1, 1, 0], "the row in the wrong leaf counts in both leaves");
        let column = |name: &str, a: &str, b: &str| (name.to_owned(), Some(a.to_owned()), Some(b.to_owned()));
        for leaf in [Q1, Q4] {
            let [diff] = &pass.verdicts[leaf].diffs[..] else { panic!("{pass:?}") };
            assert_eq!(
                (diff.kind, diff.key.as_str()),
                (DiffKind::WrongLeaf, "id=5, at=2024-01-15 00:05:00+00")
            );
            let at = column("at", "2024-01-15 00:05:00+00", "2024-10-20 00:00:00+00");
            assert_eq!(diff.columns, [column("tableoid", "t_2024_q1", "t_2024_q4"), at]);
        }
        let changed = &pass.verdicts[Q2].diffs[0];
        assert_eq!((changed.kind, changed.columns[0].0.as_str()), (DiffKind::Changed, "at"));
        // A second, stale copy of a row that is in its right place is extra.
        fixture.reset().await;
        let columns = fixture.scheme.column_list("");
        let stale = columns.replacen("\"at\"", "'2024-10-20'", 1);
        fixture.db.sql(&format!("INSERT INTO t_twin ({columns}) SELECT {stale} FROM t WHERE id = 5")).await;
        let pass = fixture.pass().await;
        let [diff] = diffs(&pass)[..] else { panic!("{pass:?}") };
        assert_eq!((diff.kind, diff.leaf.as_str()), (DiffKind::Extra, "t_2024_q4"));
    })
    .await;
}

/// Partitions exchanged behind a constraint that lies: every row is there, some where no query looks for them.
#[tokio::test(flavor = "multi_thread")]
async fn a_row_outside_its_leafs_bounds_is_in_the_wrong_leaf() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        let columns = fixture.scheme.column_list("");
        fixture
            .db
            .sql(&format!(
                "ALTER TABLE t_twin DETACH PARTITION t_2024_q2;
                 DELETE FROM t_twin WHERE id = 4;
                 INSERT INTO t_2024_q2 ({columns}) SELECT {columns} FROM t WHERE id = 4;
                 ALTER TABLE t_2024_q2 ADD CONSTRAINT lie CHECK (at IS NOT NULL AND at >= '2024-04-01 00:00+00' AND at < '2024-07-01 00:00+00') NOT VALID;
                 UPDATE pg_constraint SET convalidated = true WHERE conname = 'lie';
                 ALTER TABLE t_twin ATTACH PARTITION t_2024_q2 FOR VALUES FROM ('2024-04-01 00:00+00') TO ('2024-07-01 00:00+00')"
            ))
            .await;
        let pass = fixture.pass().await;
        assert_eq!(pass.verdicts.iter().map(|v| v.diff_rows).collect::<Vec<_>>(), [1, 1, 0, 0]);
        for diff in diffs(&pass) {
            assert_eq!((diff.kind, diff.key.split(',').next().unwrap()), (DiffKind::WrongLeaf, "id=4"));
            let place = ("tableoid".to_owned(), Some("t_2024_q1".to_owned()), Some("t_2024_q2".to_owned()));
            assert_eq!(diff.columns, [place]);
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn long_values_are_cut_and_still_told_apart() {
    let db =
        Fixture::new(&support::server::all()[0], "t", "id int, at timestamptz NOT NULL, body text", &["id"])
            .await;
    db.fill("SELECT 1, '2024-01-01 00:00+00', repeat('é', 5000)").await;
    db.db.sql("UPDATE t_twin SET body = body || 'x'").await;
    let pass = db.pass().await;
    let (name, source, twin) = &diffs(&pass)[0].columns[0];
    let (source, twin) = (source.as_ref().unwrap(), twin.as_ref().unwrap());
    assert_eq!(name, "body");
    assert!(source.chars().count() <= 200 && source.starts_with("ééé"), "{source}");
    assert_ne!(source, twin);
}

/// Faults of all kinds in random places: as many are found as were planted, and by their keys.
#[tokio::test(flavor = "multi_thread")]
async fn exactly_the_planted_faults_are_found() {
    let columns = "id bigint, at timestamptz NOT NULL, body text, price numeric";
    let fixture = Fixture::new(&support::server::all()[0], "t", columns, &["id"]).await;
    fixture
        .fill("SELECT n, '2024-01-01 00:00+00'::timestamptz + n * interval '63 minutes', 'row ' || n, n FROM generate_series(1, 8000) n")
        .await;
    for seed in 1..=25_u64 {
        fixture.reset().await;
        let mut random = Random(seed);
        let mut expected = std::collections::BTreeSet::new();
        for _ in 0..random.below(40) {
            let id = random.below(8_000) + 1;
            if !expected.insert(id.to_string()) {
                continue;
            }
            let fault = match random.below(4) {
                0 => format!("DELETE FROM t_twin WHERE id = {id}"),
                1 => format!("UPDATE t_twin SET body = body || ' ' WHERE id = {id}"),
                2 => format!("UPDATE t_twin SET price = price + 0.0 WHERE id = {id}"),
                _ => format!(
                    "UPDATE t_twin SET id = -id WHERE id = {id}; INSERT INTO t_twin SELECT * FROM t WHERE id = {id}"
                ),
            };
            if fault.contains("-id") {
                expected.remove(&id.to_string());
                expected.insert((-i64::try_from(id).unwrap()).to_string());
            }
            fixture.db.sql(&fault).await;
        }
        let pass = fixture.pass().await;
        let found: Vec<String> = diffs(&pass)
            .iter()
            .map(|d| d.key.trim_start_matches("id=").split(',').next().unwrap().to_owned())
            .collect();
        assert_eq!(found.len(), expected.len(), "seed {seed}: {found:?} against {expected:?}");
        assert_eq!(found.into_iter().collect::<std::collections::BTreeSet<_>>(), expected, "seed {seed}");
        assert_eq!(pass.diff_rows(), i64::try_from(expected.len()).unwrap(), "seed {seed}");
    }
}

/// The count is exact and the list is short, however much differs.
#[tokio::test(flavor = "multi_thread")]
async fn more_differ_than_are_named() {
    let columns = "id bigint, at timestamptz NOT NULL, body text";
    let fixture = Fixture::new(&support::server::all()[0], "t", columns, &["id"]).await;
    fixture
        .fill("SELECT n, '2024-01-01 00:00+00'::timestamptz + n * interval '20 minutes', 'row ' || n FROM generate_series(1, 24000) n")
        .await;
    fixture
        .db
        .sql("UPDATE t_twin SET body = 'gone' WHERE id > 4000; DELETE FROM t_twin WHERE id <= 1500")
        .await;
    let pass = fixture.pass().await;
    assert_eq!(pass.diff_rows(), 20_000 + 1_500);
    assert!(diffs(&pass).len() <= MAX_DIFFS, "{}", diffs(&pass).len());
    for verdict in &pass.verdicts {
        let some = verdict.diffs.len();
        assert!(
            some == usize::try_from(verdict.diff_rows).unwrap() || some == MAX_DIFFS / 4,
            "{some} of {}",
            verdict.leaf
        );
    }
}

/// A small generator of numbers: what fails is repeated by its seed.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}
