//! One differing row, read whole from both sides: as it is now, wherever it is, and by index only.

use quarterdeck::{
    error::{Error, Kind},
    model::{
        diff::{Diff, DiffKind},
        ident::QualifiedName,
        whole::{Differs, Held, MOST_BYTES, Side, Value, WholeColumn, WholeRow},
    },
    ops::row,
    pg::{Session, Target, catalog},
};

use super::fixture::{Fixture, diffs};
use crate::support::{self, server::Server};

const COLUMNS: &str = "id bigint, at timestamptz NOT NULL, body text, note text, price numeric, doc jsonb, ids int[], \
    raw bytea, plain json, code char(5), big bigint, twice bigint GENERATED ALWAYS AS (big * 2) STORED, same text";
const ROWS: &str = "SELECT n, '2024-01-15'::timestamptz + make_interval(months => 3 * (n / 10), mins => n), 'body ' || n, \
    NULL, 1.0, '{\"a\": 1}', '{1,2}', '\\x00ff', '{\"a\":1}', 'ab', 1, 'same' FROM generate_series(0, 39) n";

async fn filled(server: &'static Server) -> Fixture {
    let fixture = Fixture::new(server, "t", COLUMNS, &["id"]).await;
    fixture.fill(ROWS).await;
    fixture
}

/// The only differing row of a pass.
async fn only(fixture: &Fixture) -> Diff {
    let pass = fixture.pass().await;
    let [diff] = diffs(&pass)[..] else { panic!("{:?}", diffs(&pass)) };
    diff.clone()
}

async fn whole(fixture: &Fixture, diff: &Diff) -> WholeRow {
    let mut session = fixture.db.session().await;
    row::read(&mut session, &fixture.scheme, &fixture.leaves, diff).await.expect("a row")
}

async fn refused(fixture: &Fixture, diff: &Diff) -> Error {
    let mut session = fixture.db.session().await;
    row::read(&mut session, &fixture.scheme, &fixture.leaves, diff).await.expect_err("no row")
}

fn column<'a>(row: &'a WholeRow, name: &str) -> &'a WholeColumn {
    row.columns.iter().find(|column| column.name == name).unwrap_or_else(|| panic!("{name}: {row:?}"))
}

fn texts(column: &WholeColumn) -> (Option<&str>, Option<&str>) {
    (column.source.text(), column.twin.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_differing_value_is_read_whole() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        let db = &fixture.db;
        // Lines of 100 characters; the difference is far behind what the verifier keeps.
        let long = "left(repeat(repeat('é', 99) || E'\\n', 600), 49999)";
        db.sql(&format!("UPDATE t SET body = {long} || 'x tail', note = NULL WHERE id = 17")).await;
        fixture.reset().await;
        db.sql(&format!(
            "UPDATE t_twin SET body = {long} || 'y tail', note = '', price = 1.00, doc = '{{\"a\": 1.0}}', ids = '[2:3]={{1,2}}', \
             raw = '\\x00fe', plain = '{{\"a\": 1}}', code = 'aB', big = 4294967297 WHERE id = 17"
        ))
        .await;
        let diff = only(&fixture).await;
        assert_eq!(diff.key_values, ["17", "2024-04-15 00:17:00+00"]);
        let row = whole(&fixture, &diff).await;
        assert_eq!((row.source.as_deref(), row.twin.as_slice()), (Some("public.t"), &["t_2024_q2".to_owned()][..]));
        assert_eq!((row.home.as_deref(), row.alike, row.is_right()), (Some("t_2024_q2"), 3, false));
        let body = column(&row, "body");
        let Differs::From { character: 50_000, line: 500, begin, end } = body.differs else { panic!("{:?}", body.differs) };
        let source = body.source.text().unwrap();
        assert_eq!((source.chars().count(), &source[begin..source.len() - end]), (50_005, "x"));
        assert_eq!(body.marked(Side::Twin).len(), 1);
        assert_eq!(texts(column(&row, "note")), (None, Some("")));
        assert_eq!(column(&row, "note").source, Held::Null);
        assert_eq!(texts(column(&row, "price")), (Some("1.0"), Some("1.00")));
        assert_eq!(texts(column(&row, "doc")), (Some("{\"a\": 1}"), Some("{\"a\": 1.0}")));
        assert_eq!(texts(column(&row, "ids")), (Some("{1,2}"), Some("[2:3]={1,2}")));
        assert_eq!(texts(column(&row, "raw")), (Some("\\x00ff"), Some("\\x00fe")));
        assert_eq!(texts(column(&row, "plain")), (Some("{\"a\":1}"), Some("{\"a\": 1}")), "it has no equality");
        assert_eq!(texts(column(&row, "code")), (Some("ab   "), Some("aB   ")), "padded as it is");
        assert_eq!(column(&row, "twice").kind, "bigint, generated");
        assert_eq!(row.columns.len(), 10);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_is_told_wherever_it_is() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        let db = &fixture.db;
        db.sql("DELETE FROM t_twin WHERE id = 0").await;
        let diff = only(&fixture).await;
        let row = whole(&fixture, &diff).await;
        assert_eq!(
            (diff.kind, row.source.is_some(), row.twin.len(), row.columns.len()),
            (DiffKind::Missing, true, 0, 13)
        );
        assert_eq!(column(&row, "body").twin, Held::NoRow);
        assert_eq!(column(&row, "body").source.text(), Some("body 0"));

        fixture.reset().await;
        db.sql("DELETE FROM t WHERE id = 39").await;
        let diff = only(&fixture).await;
        let row = whole(&fixture, &diff).await;
        assert_eq!((diff.kind, row.source, row.home), (DiffKind::Extra, None, None));
        assert_eq!(
            (row.twin.as_slice(), row.columns[2].twin.text()),
            (&["t_2024_q4".to_owned()][..], Some("body 39"))
        );

        // Under another time: it is named in both leaves, and either way both are told.
        fixture.reset().await;
        db.sql("UPDATE t_twin SET at = '2024-10-20' WHERE id = 5").await;
        let pass = fixture.pass().await;
        assert!(!diffs(&pass).is_empty());
        for diff in diffs(&pass) {
            let row = whole(&fixture, diff).await;
            let places = (row.home.as_deref(), row.twin.as_slice(), row.is_right());
            assert_eq!(places, (Some("t_2024_q1"), &["t_2024_q4".to_owned()][..], false), "{diff:?}");
            assert_eq!(texts(column(&row, "at")).1, Some("2024-10-20 00:00:00+00"));
        }

        // In its place and once more: the one that the verifier named is read, and both are told.
        fixture.reset().await;
        db.sql("INSERT INTO t_twin (id, at, body, big) VALUES (6, '2024-10-20', 'again', 1)").await;
        let diff = only(&fixture).await;
        let row = whole(&fixture, &diff).await;
        assert_eq!((diff.leaf.as_str(), diff.kind), ("t_2024_q4", DiffKind::Extra));
        assert_eq!(row.twin, ["t_2024_q4", "t_2024_q1"], "{row:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_has_been_put_right_meanwhile_is_said_and_what_waits_in_the_log() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        let (db, log) = (&fixture.db, fixture.scheme.log());
        db.sql("UPDATE t_twin SET body = 'wrong' WHERE id = 25").await;
        let diff = only(&fixture).await;
        let row = whole(&fixture, &diff).await;
        assert_eq!(row.pending.as_ref().map(|pending| pending.changes), Some(0));

        db.sql(&format!("INSERT INTO {log} (k1, part) SELECT id, at FROM t WHERE id IN (24, 25, 25)")).await;
        db.sql(&format!("INSERT INTO {log} (k1, part) SELECT id, at FROM t WHERE id = 25")).await;
        let row = whole(&fixture, &diff).await;
        let pending = row.pending.clone().unwrap();
        assert!(pending.changes == 2 && pending.oldest.is_some(), "{pending:?}");

        db.sql(&fixture.replay_sql()).await;
        let row = whole(&fixture, &diff).await;
        assert!(row.is_right() && row.alike == 13, "{row:?}");
        assert_eq!(row.pending.unwrap().changes, 0);

        db.sql("DELETE FROM t WHERE id = 25; DELETE FROM t_twin WHERE id = 25").await;
        let row = whole(&fixture, &diff).await;
        assert!(row.is_right() && row.source.is_none() && row.twin.is_empty(), "gone on both sides: {row:?}");

        // The source's row has moved to a period that the verifier did not name.
        db.sql("UPDATE t_twin SET body = 'wrong' WHERE id = 3").await;
        let diff = only(&fixture).await;
        for table in ["t", "t_twin"] {
            db.sql(&format!("UPDATE {table} SET at = '2024-04-20' WHERE id = 3")).await;
        }
        let row = whole(&fixture, &diff).await;
        assert_eq!(
            (row.home.as_deref(), row.twin.as_slice()),
            (Some("t_2024_q2"), &["t_2024_q2".to_owned()][..])
        );
        db.sql(&format!("DROP TABLE {log}")).await;
        assert_eq!(whole(&fixture, &diff).await.pending, None);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn odd_names_and_keys_with_quotes() {
    support::on_each_server(async |server| {
        let columns = r#""Tenant ""A""" text, "it's" varchar(40), "when, then" timestamptz NOT NULL, "{h}" text"#;
        let key = ["Tenant \"A\"", "it's"];
        let fixture = Fixture::by(server, "Weird \"T\" é", columns, (&key, "when, then")).await;
        fixture
            .fill("SELECT E'a\\'b\"c,{}\\\\' || n, E'x=1, \\n' || n, '2024-01-01 00:00+00'::timestamptz + n * interval '1 day', 'x' FROM generate_series(1, 30) n")
            .await;
        let twin = fixture.scheme.twin();
        fixture.db.sql(&format!("UPDATE {twin} SET \"{{h}}\" = 'y' WHERE \"it's\" = E'x=1, \\n7'")).await;
        let diff = only(&fixture).await;
        assert_eq!(diff.key_values[..2], ["a'b\"c,{}\\7".to_owned(), "x=1, \n7".to_owned()]);
        let row = whole(&fixture, &diff).await;
        assert_eq!(row.columns.len(), 1);
        assert_eq!(texts(&row.columns[0]), (Some("x"), Some("y")));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_names_may_have_changed_hands_meanwhile() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        fixture.db.sql("UPDATE t_twin SET body = 'twin' WHERE id = 1").await;
        let diff = only(&fixture).await;
        fixture.db.sql("ALTER TABLE t RENAME TO t_old; ALTER TABLE t_twin RENAME TO t").await;
        let row = whole(&fixture, &diff).await;
        assert_eq!(row.source.as_deref(), Some("public.t_old"));
        assert_eq!(texts(column(&row, "body")), (Some("body 1"), Some("twin")), "each on its side still");
        fixture.db.sql("DROP TABLE t_old").await;
        let error = refused(&fixture, &diff).await;
        assert_eq!(error.kind(), Kind::Refused);
        assert!(error.to_string().contains("public.t_old: the old table is not there any more"), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_source_may_be_partitioned_itself() {
    support::on_each_server(async |server| {
        let columns = "id int, at timestamptz NOT NULL, body text";
        let mut fixture = Fixture::new(server, "t", columns, &["id", "at"]).await;
        let db = &fixture.db;
        db.sql(&format!(
            "DROP TABLE t; CREATE TABLE t ({columns}, PRIMARY KEY (id, at)) PARTITION BY RANGE (at);
             CREATE TABLE t_early PARTITION OF t FOR VALUES FROM (MINVALUE) TO ('2024-02-01 00:00+00');
             CREATE TABLE t_late PARTITION OF t FOR VALUES FROM ('2024-02-01 00:00+00') TO (MAXVALUE)"
        ))
        .await;
        fixture.scheme.table = catalog::load_table(&db.session().await, "public.t").await.unwrap();
        fixture.fill("SELECT n, '2024-01-01 00:00+00'::timestamptz + n * interval '1 day', 'row ' || n FROM generate_series(1, 80) n").await;
        fixture.db.sql("UPDATE t_twin SET body = 'wrong' WHERE id = 40").await;
        let diff = only(&fixture).await;
        let row = whole(&fixture, &diff).await;
        assert_eq!((row.source.as_deref(), row.home.as_deref()), (Some("public.t_late"), Some("t_2024_q1")));
        assert_eq!(texts(&row.columns[0]), (Some("row 40"), Some("wrong")));
        // The same id on another day is another row.
        fixture.db.sql("DELETE FROM t WHERE id = 40; INSERT INTO t VALUES (40, '2024-01-02', 'another')").await;
        let row = whole(&fixture, &diff).await;
        assert_eq!((row.source, row.twin.len()), (None, 1));
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_is_read_from_end_to_end() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        let db = &fixture.db;
        db.sql("UPDATE t_twin SET body = 'wrong' WHERE id IN (1, 2)").await;
        let pass = fixture.pass().await;
        let diff = diffs(&pass)[0];
        let scans = "SELECT coalesce(sum(seq_scan), 0) FROM pg_stat_user_tables WHERE schemaname IN ('public', 'quarterdeck')";
        // What others have read is told late: it has settled when it stands still.
        let settled = async || {
            let mut before = String::new();
            loop {
                tokio::time::sleep(std::time::Duration::from_millis(1_200)).await;
                db.sql("SELECT pg_stat_clear_snapshot()").await;
                let now = db.value(scans).await;
                if now == before {
                    return now;
                }
                before = now;
            }
        };
        let before = settled().await;
        whole(&fixture, diff).await;
        assert_eq!(settled().await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_there_is_no_index_it_is_said() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        let db = &fixture.db;
        db.sql("UPDATE t_twin SET body = 'wrong' WHERE id = 1").await;
        let diff = only(&fixture).await;
        // A partition that is still being copied has none.
        db.sql("ALTER TABLE t_twin DROP CONSTRAINT t_twin_pkey").await;
        let row = whole(&fixture, &diff).await;
        assert_eq!(
            (row.unsearched.as_slice(), row.twin.len()),
            (&["t_2024_q1 has no index on the key yet".to_owned()][..], 0)
        );
        assert!(!row.is_right());
        db.sql("DROP TABLE t_2024_q1").await;
        assert_eq!(whole(&fixture, &diff).await.unsearched, ["t_2024_q1 is not there any more"]);
        db.sql("ALTER TABLE t DROP CONSTRAINT t_pkey").await;
        let error = refused(&fixture, &diff).await;
        assert!(error.to_string().contains("public.t: it has no valid index on its key"), "{error}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_may_not_read_or_does_not_get_the_lock_is_told() {
    support::on_each_server(async |server| {
        let fixture = filled(server).await;
        let db = &fixture.db;
        db.sql("UPDATE t_twin SET body = 'wrong' WHERE id = 1").await;
        let diff = only(&fixture).await;
        let role = format!("looker_{}", db.name());
        db.sql(&format!(
            "CREATE ROLE \"{role}\" LOGIN PASSWORD 'secret'; GRANT USAGE ON SCHEMA quarterdeck TO \"{role}\""
        ))
        .await;
        let target = Target::parse(&db.conninfo_as(&role, "secret")).unwrap().read_only();
        let mut session = Session::open(&target, "test").await.unwrap();
        let error = row::read(&mut session, &fixture.scheme, &fixture.leaves, &diff).await.unwrap_err();
        assert!(error.to_string().contains("permission denied for table t"), "{error}");
        assert!(error.hint().unwrap().contains("table's owner"));
        // Who may read the tables and not the log is shown the row, and nothing is said of the log.
        db.sql(&format!("GRANT SELECT ON t, t_2024_q1 TO \"{role}\"")).await;
        let row = row::read(&mut session, &fixture.scheme, &fixture.leaves, &diff).await.unwrap();
        assert_eq!((row.pending, row.columns.len()), (None, 1));

        let mut blocker = db.session().await;
        let tx = blocker.begin().await.unwrap();
        tx.batch("lock", "LOCK TABLE public.t_2024_q1 IN ACCESS EXCLUSIVE MODE").await.unwrap();
        let error = row::read(&mut session, &fixture.scheme, &fixture.leaves, &diff).await.unwrap_err();
        assert!(
            error.to_string().contains("public.t: another session holds the table or a partition"),
            "{error}"
        );
        tx.rollback().await.unwrap();
        row::read(&mut session, &fixture.scheme, &fixture.leaves, &diff).await.expect("it can go on");
        drop(session);
        db.sql(&format!("DROP OWNED BY \"{role}\"; DROP ROLE \"{role}\"")).await;
    })
    .await;
}

/// A type without equality, whose text says nothing: what differs is in its binary form alone.
const BLIND: &str = "CREATE TYPE blind; \
    CREATE FUNCTION blind_in(cstring) RETURNS blind LANGUAGE internal IMMUTABLE STRICT AS 'textin'; \
    CREATE FUNCTION blind_out(blind) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'void_out'; \
    CREATE FUNCTION blind_recv(internal) RETURNS blind LANGUAGE internal IMMUTABLE STRICT AS 'textrecv'; \
    CREATE FUNCTION blind_send(blind) RETURNS bytea LANGUAGE internal IMMUTABLE STRICT AS 'textsend'; \
    CREATE TYPE blind (INPUT = blind_in, OUTPUT = blind_out, RECEIVE = blind_recv, SEND = blind_send, STORAGE = extended)";

#[tokio::test(flavor = "multi_thread")]
async fn values_without_bound_and_values_without_text() {
    let fixture = Fixture::new(
        &support::server::all()[0],
        "t",
        "id int, at timestamptz NOT NULL, body text, raw bytea",
        &["id"],
    )
    .await;
    let db = &fixture.db;
    db.sql(&format!("{BLIND}; ALTER TABLE t ADD COLUMN odd blind")).await;
    db.sql("ALTER TABLE t_twin ADD COLUMN odd blind").await;
    let mut fixture = fixture;
    let again = catalog::load_table(&fixture.db.session().await, "public.t").await.unwrap();
    fixture.scheme.table = again;
    let db = &fixture.db;
    fixture.fill("SELECT 1, '2024-01-01 00:00+00', '', '', 'a'").await;
    // 20 MiB, and 12 MiB that are twice as long as text.
    db.sql("UPDATE t_twin SET odd = 'b', body = repeat('0123456789abcdef', 5 << 18), raw = decode(repeat('00', 12 << 20), 'hex')").await;
    let diff = only(&fixture).await;
    let row = whole(&fixture, &diff).await;
    let Held::Value(Value { text, characters, cut: true }) = &column(&row, "body").twin else {
        panic!("not cut")
    };
    assert_eq!((*characters, i64::try_from(text.len()).unwrap()), (20 << 20, MOST_BYTES / 4));
    let Held::Value(Value { characters, cut: true, .. }) = &column(&row, "raw").twin else {
        panic!("not cut")
    };
    assert_eq!(*characters, (24 << 20) + 2);
    assert_eq!(column(&row, "odd").differs, Differs::Unwritten { source: "61".into(), twin: "62".into() });

    db.sql(
        "UPDATE t SET body = repeat('x', 10 << 20); UPDATE t_twin SET body = repeat('x', 10 << 20) || 'y'",
    )
    .await;
    let began = std::time::Instant::now();
    let row = whole(&fixture, &diff).await;
    let body = column(&row, "body");
    assert!(
        matches!(body.differs, Differs::From { character: 10_485_761, line: 1, .. }),
        "10 MiB are read whole"
    );
    eprintln!("two values of 10 MiB: {:?}", began.elapsed());
    assert_eq!(fixture.scheme.source(), &QualifiedName::new("public", "t"));
}
