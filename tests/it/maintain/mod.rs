//! `quarterdeck maintain`: what is due is done, nothing is lost or hidden, and what cannot be done is said.

mod changed;
mod confirmed;
mod expiry;
mod kills;
mod moves;
mod partman;
mod refusals;

use chrono::Utc;
use quarterdeck::model::{calendar::Calendar, period::Every};
use serde_json::Value;
use tokio_postgres::SimpleQueryMessage;

use crate::{
    commands::tool::Tool,
    support::{Db, on_each_server},
};

/// The tool's words where a machine busy with other tests must keep to the budget.
pub(crate) const PATIENT: [&str; 2] = ["--lock-budget", "800"];

/// What is found at the end of every table.
const WHOLE: &str = "SELECT count(*), sum(hashtextextended(m::text, 0)::numeric) FROM m";

/// The quarter `n` after the one of now: its two bounds as SQL, and its suffix.
pub(crate) fn quarter(n: i32) -> (String, String, String) {
    let calendar = Calendar::from(Every::Quarter);
    let mut period = calendar.period_of(Utc::now()).unwrap();
    for _ in 0..n.unsigned_abs() {
        period = if n > 0 {
            calendar.next(period).unwrap()
        } else {
            calendar.period_of(period.lower - chrono::TimeDelta::days(1)).unwrap()
        };
    }
    let bound = |time: chrono::DateTime<Utc>| format!("'{}'", time.format("%Y-%m-%d 00:00:00Z"));
    (bound(period.lower), bound(period.upper), calendar.suffix(period))
}

/// A table by quarters: two old ones, the last one, none for now; rows of it, of a year ago and of no time in DEFAULT.
pub(crate) async fn shop(db: &Db) {
    let part = |n: i32| {
        let (from, to, suffix) = quarter(n);
        format!(
            "CREATE TABLE m_{suffix} PARTITION OF m FOR VALUES FROM ({from}) TO ({to}) WITH (fillfactor = 70);"
        )
    };
    let (now, ..) = quarter(0);
    let (then, ..) = quarter(-4);
    db.sql(&format!(
        "CREATE TABLE author (id int PRIMARY KEY); INSERT INTO author SELECT generate_series(1, 10);
         CREATE TABLE m (id uuid NOT NULL, gone text, created_at timestamptz NOT NULL, body text, author int REFERENCES author,
             n int GENERATED ALWAYS AS IDENTITY, len int GENERATED ALWAYS AS (length(body)) STORED, PRIMARY KEY (id, created_at)) PARTITION BY RANGE (created_at);
         ALTER TABLE m DROP COLUMN gone;
         CREATE INDEX ON m (author, created_at);
         {}{}{}
         CREATE TABLE m_default PARTITION OF m DEFAULT;
         INSERT INTO m (id, created_at, body, author) SELECT gen_random_uuid(), {}::timestamptz + i * interval '1 minute', E'x\\ny' || i, 1 + i % 10 FROM generate_series(1, 1000) i;
         INSERT INTO m (id, created_at, body, author) SELECT gen_random_uuid(), {now}::timestamptz + i * interval '1 minute', 'now' || i, 1 + i % 10 FROM generate_series(1, 3000) i;
         INSERT INTO m (id, created_at, body, author) VALUES (gen_random_uuid(), {then}, 'lonely', 3), (gen_random_uuid(), 'infinity', NULL, 3);
         CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION '% of %', tg_op, tg_table_name; END $$;
         CREATE TRIGGER loud AFTER INSERT OR DELETE OR UPDATE ON m FOR EACH ROW EXECUTE FUNCTION loud()",
        part(-10),
        part(-9),
        part(-1),
        quarter(-10).0,
    ))
    .await;
}

pub(crate) async fn partitions(db: &Db) -> Vec<String> {
    db.rows("SELECT inhrelid::regclass FROM pg_inherits WHERE inhparent = 'm'::regclass ORDER BY 1::text")
        .await
}

async fn json(tool: &Tool, words: &[&str]) -> (i32, Value) {
    let said = tool.run(&[&["maintain", "m", "--json"], &PATIENT[..], words].concat()).await;
    (said.code, serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:?}")))
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_due_is_done_once() {
    on_each_server(async |server| {
        let db = server.database("maintain").await;
        shop(&db).await;
        let last = quarter(-1).2;
        db.sql(&format!("GRANT SELECT ON m_{last} TO PUBLIC; ALTER TABLE m_{last} ALTER COLUMN body SET STATISTICS 77;
                         ALTER TABLE m_{last} REPLICA IDENTITY USING INDEX m_{last}_pkey"))
        .await;
        let tool = Tool::on(&db);
        let before = db.value(WHOLE).await;
        let parts = partitions(&db).await;
        let said = tool.run(&["maintain", "m", "--dry-run"]).await;
        assert_eq!((said.code, said.err.as_str()), (7, ""), "{said:?}");
        let (then, now, next, after) = (quarter(-4).2, quarter(0).2, quarter(1).2, quarter(2).2);
        for wanted in [
            format!("would move out of DEFAULT 2 (1 row into m_{then}, 3,000 rows into m_{now})"),
            format!("would make 2 (m_{next}, m_{after})"),
            "; 1 row stays in DEFAULT, of no period".into(),
        ] {
            assert!(said.out.contains(&wanted), "{wanted}: {}", said.out);
        }
        assert_eq!((partitions(&db).await, db.value(WHOLE).await), (parts, before.clone()));
        let out = tool.done(&[&["maintain", "m"], &PATIENT[..]].concat()).await;
        assert_eq!(out.lines().count(), 1);
        assert!(out.contains(&format!("moved out of DEFAULT 2 (1 row into m_{then}, 3,000 rows into m_{now}), made 2")), "{out}");
        assert_eq!(db.value(WHOLE).await, before);
        assert_eq!(db.value("SELECT count(*) FROM m_default").await, "1");
        assert_eq!(db.value(&format!("SELECT count(*) FROM m_{now}")).await, "3000");
        // As the newest one was.
        let like = |part: &str| format!("SELECT reloptions, relreplident, relacl::text, (SELECT attstattarget FROM pg_attribute WHERE attrelid = c.oid AND attname = 'body'), \
             (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'loud'), (SELECT count(*) FROM pg_constraint WHERE conrelid = c.oid AND contype = 'f'), \
             (SELECT count(*) FROM pg_index i JOIN pg_inherits h ON h.inhrelid = i.indexrelid WHERE i.indrelid = c.oid) FROM pg_class c WHERE relname = 'm_{part}'");
        let model = db.rows(&like(&last)).await;
        assert!(model[0].starts_with("{fillfactor=70}|i|"), "{model:?}");
        for part in [&then, &now, &after] {
            assert_eq!(db.rows(&like(part)).await, model, "{part}");
        }
        assert_eq!(json(&tool, &[]).await.1["done"], serde_json::json!([]));
        assert_eq!(json(&tool, &["--dry-run"]).await.0, 0);
        // Rows that come go where they belong, and the application's triggers see them.
        let error = db.try_sql("INSERT INTO m (id, created_at) VALUES (gen_random_uuid(), now())").await.unwrap_err();
        assert!(error.as_db_error().unwrap().message().contains(&format!("INSERT of m_{now}")), "{error:?}");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_way_to_tell_the_time_is_kept() {
    on_each_server(async |server| {
        let db = server.database("maintain_clocks").await;
        let tool = Tool::on(&db);
        // In a zone of its own, whose summer time changes within the year.
        db.sql("SET TimeZone = 'Europe/Berlin'; CREATE TABLE z (at timestamptz) PARTITION BY RANGE (at);
                CREATE TABLE z1 PARTITION OF z FOR VALUES FROM ('2020-06-01') TO ('2020-07-01')").await;
        tool.run(&["maintain", "z"]).await.failed(3, "does not begin with a month");
        tool.done(&["maintain", "z", "--time-zone", "Europe/Berlin", "--premake", "11"]).await;
        let bounds = "SET TimeZone = 'Europe/Berlin'; SELECT count(*) FROM (SELECT regexp_matches(pg_get_expr(relpartbound, oid), '''([^'']+)''', 'g') AS b FROM pg_class WHERE relispartition AND relname LIKE 'z%') s \
                      WHERE b[1] !~ '^....-..-01 00:00:00'";
        let odd = db.client().await.simple_query(bounds).await.unwrap();
        let odd: Vec<_> = odd
            .iter()
            .filter_map(|answer| if let SimpleQueryMessage::Row(row) = answer { row.get(0) } else { None })
            .collect();
        assert_eq!(odd, ["0"]);
        assert_eq!(db.value("SELECT count(*) FROM pg_inherits WHERE inhparent = 'z'::regclass").await, "13");
        // A date, a wall's time, a UUID of version 7, milliseconds.
        db.sql("CREATE TABLE d (at date) PARTITION BY RANGE (at); CREATE TABLE d1 PARTITION OF d FOR VALUES FROM ('2020-01-01') TO ('2020-01-02');
                CREATE TABLE w (at timestamp(3)) PARTITION BY RANGE (at); CREATE TABLE w1 PARTITION OF w FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
                CREATE TABLE u (id uuid) PARTITION BY RANGE (id); CREATE TABLE u1 PARTITION OF u FOR VALUES FROM ('016f5e66-e800-0000-0000-000000000000') TO ('01704e98-8800-0000-0000-000000000000');
                CREATE TABLE b (at bigint) PARTITION BY RANGE (at); CREATE TABLE b1 PARTITION OF b FOR VALUES FROM (1577836800000) TO (1580515200000); CREATE TABLE b_default PARTITION OF b DEFAULT;
                INSERT INTO b SELECT (extract(epoch FROM now()) * 1000)::bigint FROM generate_series(1, 5)").await;
        for (table, words) in [("d", &[][..]), ("w", &[]), ("u", &["--every", "month"]), ("b", &["--clock", "epoch-ms"])] {
            if table == "b" {
                tool.run(&["maintain", "b"]).await.failed(3, "whose bounds are no times");
                tool.run(&["maintain", "b", "--clock", "uuidv7"]).await.failed(2, "at is bigint, which is not read by --clock uuidv7");
            }
            let out = tool.done(&[&["maintain", table], words, &PATIENT[..]].concat()).await;
            let made = db.value(&format!("SELECT count(*) FROM pg_inherits WHERE inhparent = '{table}'::regclass")).await;
            assert_eq!(made, if table == "b" { "5" } else { "4" }, "{out}");
        }
        db.sql("INSERT INTO d VALUES (now() AT TIME ZONE 'UTC'), ((now() AT TIME ZONE 'UTC')::date + 1); INSERT INTO w VALUES (now() AT TIME ZONE 'UTC'), (now() + interval '1 year')").await;
        assert_eq!(db.value("SELECT count(*) FROM b_default").await, "0");
        assert_eq!(db.value("SELECT count(*) FROM b").await, "5");
    })
    .await;
}
