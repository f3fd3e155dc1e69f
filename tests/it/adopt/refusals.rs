//! What is refused, when, and that nothing is changed by it.

use quarterdeck::{
    Error,
    engine::{command::Command, context::Until, plan::plan},
    model::{history::History, phase::Phase},
    pg::journal,
};
use uuid::Uuid;

use super::{adopt, request};
use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    online::{options, run},
    support::{self, Db, schema::schema_dump, server},
};

async fn refused(db: &Db, id: Uuid, command: Command, wanted: &str) -> Error {
    let error = run(db, id, options(Until::Asked, Some(command))).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { id, .. } if *id == wanted), "{error}");
    assert!(error.hint().is_some());
    error
}

async fn phase(db: &Db, id: Uuid) -> Phase {
    journal::read::migration(&db.session().await, id).await.unwrap().phase
}

const CHAT: &str = "CREATE TABLE m (id bigint PRIMARY KEY, at timestamptz NOT NULL, body text);
    INSERT INTO m SELECT i, now() - i * interval '1 hour', 'x' FROM generate_series(1, 1000) i;";

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_share_an_old_key_stop_the_way_back() {
    support::on_each_server(async |server| {
        let db = server.database("adopt_shared").await;
        db.sql(CHAT).await;
        let id = adopt(&db, "m", History::Range).await;
        run(&db, id, options(Until::Swapped, None)).await.unwrap();
        for at in ["now() - interval '1 year'", "now() + interval '1 year'"] {
            db.sql(&format!("INSERT INTO m VALUES (7, {at}, 'shared')")).await;
            let error = refused(&db, id, Command::Reverse { move_rows: false }, "QD-092").await;
            assert!(error.to_string().contains("(7)"), "{error}");
            assert_eq!(phase(&db, id).await, Phase::Adopted);
            assert_eq!(db.value("SELECT count(*) FROM m WHERE id = 7").await, "2", "nothing is overwritten");
            let left = "SELECT count(*) FROM pg_class WHERE relname ~ 'narrow'";
            assert_eq!(db.value(left).await, "0");
            db.sql("DELETE FROM m WHERE body = 'shared'").await;
        }
        run(&db, id, options(Until::Asked, Some(Command::Reverse { move_rows: false }))).await.unwrap();
        assert_eq!(db.value("SELECT count(*) FROM ONLY m").await, "1000");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_older_snapshot_misses_no_row_after_the_way_back() {
    support::on_each_server(async |server| {
        let db = server.database("adopt_snapshot").await;
        db.sql(CHAT).await;
        let before = schema_dump(&db, "public.m").await;
        let id = adopt(&db, "m", History::Range).await;
        run(&db, id, options(Until::Swapped, None)).await.unwrap();
        let reverse = Command::Reverse { move_rows: false };
        db.sql("INSERT INTO m VALUES (0, now() + interval '4 months', 'later')").await;
        refused(&db, id, reverse.clone(), "QD-129").await;

        // The row goes, and a transaction that has not come to the table yet may still see it.
        let older = db.client().await;
        older
            .batch_execute("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT FROM pg_class LIMIT 1")
            .await
            .unwrap();
        db.sql("DELETE FROM m WHERE id = 0").await;
        refused(&db, id, reverse.clone(), "QD-129").await;
        assert_eq!(older.query_one("SELECT count(*) FROM m", &[]).await.unwrap().get::<_, i64>(0), 1001);
        older.batch_execute("COMMIT").await.unwrap();
        run(&db, id, options(Until::Asked, Some(reverse))).await.unwrap();
        assert_eq!(schema_dump(&db, "public.m").await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_later_rows_and_a_drop_are_refused() {
    support::on_each_server(async |server| {
        let db = server.database("adopt_many").await;
        db.sql(CHAT).await;
        let id = adopt(&db, "m", History::Range).await;
        run(&db, id, options(Until::Swapped, None)).await.unwrap();
        db.sql("INSERT INTO m SELECT 10000 + i, now() + interval '4 months', 'x' FROM generate_series(1, 10001) i").await;
        refused(&db, id, Command::Reverse { move_rows: false }, "QD-129").await;
        refused(&db, id, Command::Reverse { move_rows: true }, "QD-122").await;
        refused(&db, id, Command::Finish { drop_source: true }, "QD-124").await;
        refused(&db, id, Command::Verify, "QD-091").await;
        refused(&db, id, Command::Abort, "QD-091").await;
        assert_eq!(phase(&db, id).await, Phase::Adopted);
        run(&db, id, options(Until::Asked, Some(Command::Finish { drop_source: false }))).await.unwrap();
        assert_eq!(phase(&db, id).await, Phase::Finished);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_of_no_time_or_a_later_time_is_no_accident() {
    support::on_each_server(async |server| {
        let db = server.database("adopt_late").await;
        db.sql(CHAT).await;
        let before = schema_dump(&db, "public.m").await;
        let id = adopt(&db, "m", History::Range).await;
        db.sql("INSERT INTO m VALUES (0, 'infinity', 'never')").await;
        let error = run(&db, id, options(Until::Ready, None)).await.unwrap_err();
        assert!(matches!(&error, Error::Refused { id: "QD-060", .. }), "{error}");
        db.sql("DELETE FROM m WHERE id = 0").await;
        run(&db, id, options(Until::Ready, None)).await.unwrap();
        // The bound moves: the twin is made anew.
        db.sql("INSERT INTO m VALUES (0, now() + interval '2 years', 'far ahead')").await;
        run(&db, id, options(Until::Swapped, None)).await.unwrap();
        assert_eq!(db.value("SELECT tableoid::regclass FROM m WHERE id = 0").await, "m_history");
        run(&db, id, options(Until::Asked, Some(Command::Reverse { move_rows: false }))).await.unwrap();
        assert_eq!(schema_dump(&db, "public.m").await, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_added_since_the_plan_stops_the_swap_and_nothing_is_left_on_the_table() {
    support::on_each_server(async |server| {
        let db = server.database("adopt_changed").await;
        db.sql(CHAT).await;
        let id = adopt(&db, "m", History::Range).await;
        run(&db, id, options(Until::Ready, None)).await.unwrap();
        let before = schema_dump(&db, "public.m").await;
        db.sql("CREATE INDEX late ON m (body)").await;
        let error = run(&db, id, options(Until::Swapped, None)).await.unwrap_err();
        assert!(error.to_string().contains("index late was added"), "{error}");
        assert_eq!(phase(&db, id).await, Phase::Ready);
        db.sql("DROP INDEX late").await;
        assert_eq!(schema_dump(&db, "public.m").await, before, "the CHECK is gone");
        run(&db, id, options(Until::Swapped, None)).await.unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_a_partition_is_refused_before_anything_is_made() {
    let db = support::database("adopt_refused").await;
    db.sql(CHAT).await;
    db.sql("ALTER TABLE m ADD CONSTRAINT short CHECK (length(body) < 9) NOT VALID").await;
    let error = plan(&db.session().await, &request("m")).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { id: "QD-120", .. }), "{error}");
    db.sql("ALTER TABLE m VALIDATE CONSTRAINT short; CREATE TABLE m_history ()").await;
    let error = plan(&db.session().await, &request("m")).await.unwrap_err();
    assert!(matches!(&error, Error::Refused { id: "QD-080", .. }), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_strategies_are_compared_by_their_plans() {
    let db = quiet_shop(&server::all()[0], 20_000).await;
    let tool = Tool::on(&db);
    let text = tool.done(&["plan", TABLE, "--compare"]).await;
    for part in ["online", "rename-first", "adopt", "rows copied", "ACCESS EXCLUSIVE on public.chat_messages"]
    {
        assert!(text.contains(part), "{part}: {text}");
    }
    let all: serde_json::Value =
        serde_json::from_str(&tool.done(&["plan", TABLE, "--compare", "--json"]).await).unwrap();
    let of = |word: &str| all.as_array().unwrap().iter().find(|one| one["strategy"] == word).unwrap().clone();
    let (online, adopt) = (of("online"), of("adopt"));
    assert!(online["copied_bytes"].as_i64().unwrap() > 1_000_000, "{online}");
    assert_eq!(adopt["copied_bytes"], 0);
    assert!(adopt["cost"]["bytes"].as_i64() < online["cost"]["bytes"].as_i64(), "{adopt}");
    assert_eq!((&online["last_step"], &adopt["last_step"]), (&"finish".into(), &"finish".into()));
    db.sql("ALTER TABLE chat_messages ADD CONSTRAINT late CHECK (content <> 'x') NOT VALID").await;
    let all: serde_json::Value =
        serde_json::from_str(&tool.done(&["plan", TABLE, "--compare", "--json"]).await).unwrap();
    let adopt = all.as_array().unwrap().iter().find(|one| one["strategy"] == "adopt").unwrap();
    assert_eq!(adopt["refused"][0]["id"], "QD-120", "{adopt}");
    assert_eq!(db.value("SELECT to_regnamespace('quarterdeck')").await, "-", "nothing was made");
}
