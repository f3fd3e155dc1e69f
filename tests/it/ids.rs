//! The table of ids: it keeps `id` unique across partitions, is what foreign keys to `id` lead to, and equals the keys of the
//! table with the name at every instant, beside an application that inserts, deletes and moves rows between periods.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::task::JoinHandle;
use tokio_postgres::error::SqlState;

use crate::{
    commands::tool::Tool,
    incoming::{App, CASCADE, ORPHANS, exchange, refuses_orphans, tables},
    support::{
        Db, on_each_server,
        schema::{objects, schema_dump},
    },
};

/// Rows of one and not of the other, in one snapshot.
const DIFFERENCE: &str = "SELECT count(*) FROM ((TABLE posts_ids EXCEPT SELECT id, at FROM posts) \
    UNION ALL (SELECT id, at FROM posts EXCEPT TABLE posts_ids)) AS d";
const KEYS: &str = "SELECT conname, confrelid::regclass, convalidated, confdeltype FROM pg_constraint \
    WHERE contype = 'f' AND conname IN ('to_post', 'likes_post') AND conparentid = 0 ORDER BY 1";
const DELETE: &[&str] =
    &["UPDATE posts SET at = at - interval '150 days' WHERE id = $1", "DELETE FROM posts WHERE id = $1"];
const RUN: [&str; 5] = ["run", "posts", "--ids-table", "--incoming", "keep"];
const SWAPPED: [&str; 11] = [
    "run",
    "posts",
    "--ids-table",
    "--incoming",
    "keep",
    "--until",
    "swapped",
    "--yes",
    "posts",
    "--lock-budget",
    "400",
];

/// The tables of [`tables`], and one whose foreign key refuses deletions.
async fn fill(db: &Db) {
    db.sql(&tables("(id)", CASCADE)).await;
    db.sql(&format!(
        "CREATE TABLE likes (post bigint CONSTRAINT likes_post REFERENCES posts); CREATE ROLE reader_{0};
         INSERT INTO likes SELECT id FROM posts WHERE id > 2900; GRANT SELECT ON posts TO reader_{0}",
        db.name()
    ))
    .await;
}

/// Moves rows that are referenced from period to period, and back: none that [`keeps_ids`] changes, as who waits for a row that
/// leaves its partition fails (PostgreSQL's manual, UPDATE, Notes).
struct Mover {
    stop: Arc<AtomicBool>,
    work: JoinHandle<u32>,
}

impl Mover {
    async fn start(db: &Db) -> Self {
        let (client, stop) = (db.client().await, Arc::new(AtomicBool::new(false)));
        let told = Arc::clone(&stop);
        let work = tokio::spawn(async move {
            const MOVE: &str = "UPDATE posts SET at = CASE WHEN at < '2025-07-01Z' THEN at + interval '200 days' \
                ELSE at - interval '200 days' END WHERE id BETWEEN $1 AND $1 + 3";
            let mut moves = 0;
            while !told.load(Ordering::Relaxed) {
                let first = i64::from(moves * 37 % 2900) + 11;
                client.execute(MOVE, &[&first]).await.unwrap_or_else(|e| panic!("{first}: {e:?}"));
                moves += 1;
            }
            moves
        });
        Self { stop, work }
    }

    async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        assert!(self.work.await.unwrap() > 100, "hardly anything moved");
    }
}

async fn refused(db: &Db, sql: &str, code: &SqlState) -> String {
    let error = db.try_sql(sql).await.unwrap_err();
    assert_eq!(error.code(), Some(code), "{error:?}\n{sql}");
    error.as_db_error().unwrap().constraint().unwrap_or_default().to_owned()
}

/// What holds while the partitioned table has the name.
async fn keeps_ids(db: &Db) {
    assert_eq!(db.rows(KEYS).await, ["likes_post|posts_ids|t|a", "to_post|posts_ids|t|c"]);
    assert_eq!(db.value(DIFFERENCE).await, "0");
    refuses_orphans(db).await;
    let other = "INSERT INTO posts SELECT id, at + interval '120 days', '' FROM posts WHERE id = 2950";
    assert_eq!(refused(db, other, &SqlState::UNIQUE_VIOLATION).await, "posts_ids_pkey");
    let key = "UPDATE posts SET id = 2950 WHERE id = 5";
    assert_eq!(refused(db, key, &SqlState::UNIQUE_VIOLATION).await, "posts_ids_pkey");
    refused(db, "DELETE FROM posts WHERE id = 2950", &SqlState::FOREIGN_KEY_VIOLATION).await;
    let both = "UPDATE posts SET id = -1, at = at + interval '1 day' WHERE id = 5";
    refused(db, both, &SqlState::FEATURE_NOT_SUPPORTED).await;
    db.sql(&format!("SET ROLE reader_{}; SELECT at FROM posts_ids WHERE id = 5; RESET ROLE", db.name()))
        .await;
    // A row of its own, so that nobody else moves it.
    db.sql(
        "INSERT INTO posts VALUES (-9, '2025-02-01Z', ''); INSERT INTO replies (post) VALUES (-9);
         UPDATE posts SET at = '2025-08-01Z' WHERE id = -9",
    )
    .await;
    assert_eq!(db.value("SELECT count(*) FROM replies WHERE post = -9").await, "1", "it only moved");
    let at = "SELECT at = '2025-08-01Z' FROM posts_ids WHERE id = -9";
    assert_eq!(db.value(at).await, "t");
    db.sql("DELETE FROM posts WHERE id = -9").await;
    assert_eq!(db.value("SELECT count(*) FROM replies WHERE post = -9").await, "0", "it cascades");
    assert_eq!(db.value("SELECT count(*) FROM posts_ids WHERE id = -9").await, "0");
    db.sql(
        "SET session_replication_role = replica; INSERT INTO posts VALUES (-7, '2025-02-01Z', '');
         RESET session_replication_role",
    )
    .await;
    assert_eq!(db.value("SELECT count(*) FROM posts_ids WHERE id = -7").await, "1");
    db.sql("DELETE FROM posts WHERE id = -7").await;
    db.sql(
        "INSERT INTO posts VALUES (-9, '2025-02-01Z', ''); UPDATE posts SET id = -8 WHERE id = -9;
         DELETE FROM posts_2025_q1 WHERE id = -8",
    )
    .await;
    assert_eq!(db.value(DIFFERENCE).await, "0");
    assert_eq!(db.value(ORPHANS).await, "0");
}

#[tokio::test(flavor = "multi_thread")]
async fn ids_stay_unique_and_referenced_there_and_back() {
    on_each_server(async |server| {
        let db = server.database("ids").await;
        fill(&db).await;
        let names = ["public.posts", "public.replies", "public.likes"];
        let mut before = vec![objects(&db).await];
        for name in names {
            before.push(schema_dump(&db, name).await);
        }
        let (tool, app, mover) = (Tool::on(&db), App::start(&db, DELETE).await, Mover::start(&db).await);
        let sql = tool.done(&["plan", "posts", "--ids-table", "--incoming", "keep", "--sql"]).await;
        for shown in [
            "CREATE TABLE \"public\".\"posts_ids\" AS SELECT \"id\", \"at\" FROM \"public\".\"posts\" WITH NO DATA",
            "ADD CONSTRAINT \"likes_post\" FOREIGN KEY (post) REFERENCES \"public\".\"posts_ids\"(id) NOT VALID",
            "GRANT SELECT ON TABLE \"public\".\"posts_ids\" TO reader",
        ] {
            assert!(sql.contains(shown), "{shown}\n{sql}");
        }
        tool.start(&RUN).end().await.closed("ready", 0);
        tool.run(&["run", "posts", "--incoming", "drop"]).await.failed(3, "--incoming differs");
        for _ in 0..2 {
            exchange(&tool, "swap").await;
            keeps_ids(&db).await;
            exchange(&tool, "reverse").await;
            assert_eq!(db.rows(KEYS).await, ["likes_post|posts|t|a", "to_post|posts|t|c"]);
            refuses_orphans(&db).await;
        }
        mover.stop().await;
        app.stop().await;
        assert_eq!(db.value(ORPHANS).await, "0");
        tool.done(&["abort", "posts", "--yes", "posts"]).await;
        let mut after = vec![objects(&db).await];
        for name in names {
            after.push(schema_dump(&db, name).await);
        }
        assert_eq!(after, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_stays_without_the_tool_and_kills_change_nothing() {
    on_each_server(async |server| {
        let db = server.database("ids_killed").await;
        fill(&db).await;
        let (tool, app, mover) = (Tool::on(&db), App::start(&db, DELETE).await, Mover::start(&db).await);
        let mut alive = 0;
        for (event, times) in
            [("step_started", 3), ("leaf_sealed", 2), ("leaf_sealed", 3), ("leaf_sealed", 2)]
        {
            let mut run = tool.start(&SWAPPED);
            for _ in 0..times {
                let fits = |said: &serde_json::Value| said["event"] == event || said["event"] == "closed";
                if run.until_that(fits).await["event"] == "closed" {
                    break;
                }
            }
            alive += u32::from(run.kill().await);
        }
        assert!(alive > 1, "it was killed {alive} times");
        tool.start(&SWAPPED).end().await.closed("swapped", 0);
        keeps_ids(&db).await;
        tool.done(&["finish", "posts", "--yes", "posts", "--drop-source"]).await;
        mover.stop().await;
        app.stop().await;
        db.sql("DROP SCHEMA quarterdeck CASCADE").await;
        keeps_ids(&db).await;
        refused(&db, "TRUNCATE posts", &SqlState::FEATURE_NOT_SUPPORTED).await;
        db.sql("DROP TABLE replies, likes; TRUNCATE posts").await;
        assert_eq!(db.value("SELECT count(*) FROM posts_ids").await, "0");
        db.sql("INSERT INTO posts VALUES (1, '2025-02-01Z', ''), (2, '2025-08-01Z', '')").await;
        assert_eq!(db.value("SELECT count(*) FROM posts_ids").await, "2");
        // Without foreign keys to it both may change at once.
        db.sql("UPDATE posts SET id = 3, at = '2025-02-01Z' WHERE id = 2").await;
        assert_eq!(db.value(DIFFERENCE).await, "0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_the_owner_is_enough() {
    on_each_server(async |server| {
        let db = server.database("ids_owner").await;
        fill(&db).await;
        let name = db.name();
        db.sql(&format!(
            "CREATE ROLE owner_{name}; CREATE ROLE member_{name} LOGIN PASSWORD 'secret' IN ROLE owner_{name};
             GRANT CREATE ON DATABASE \"{name}\" TO member_{name};
             GRANT USAGE, CREATE ON SCHEMA public TO owner_{name}, member_{name};
             ALTER TABLE posts OWNER TO owner_{name}; ALTER TABLE replies OWNER TO owner_{name};
             ALTER TABLE likes OWNER TO owner_{name}"
        ))
        .await;
        let tool = Tool::to(db.conninfo_as(&format!("member_{name}"), "secret"));
        tool.start(&RUN).end().await.closed("ready", 0);
        exchange(&tool, "swap").await;
        keeps_ids(&db).await;
        exchange(&tool, "reverse").await;
        tool.done(&["abort", "posts", "--yes", "posts"]).await;
        assert_eq!(db.value("SELECT to_regclass('posts_ids')").await, "-");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn keys_that_are_equal_and_not_the_same_follow() {
    on_each_server(async |server| {
        let db = server.database("ids_loose").await;
        db.sql(
            "CREATE TABLE posts (id numeric PRIMARY KEY, at timestamptz NOT NULL); CREATE TABLE replies (post numeric);
             INSERT INTO posts SELECT i, '2025-01-01Z'::timestamptz + i * interval '1 day' FROM generate_series(1, 300) i",
        )
        .await;
        let same = "SELECT string_agg(id::text, ',' ORDER BY id) FROM";
        let tool = Tool::on(&db);
        tool.start(&["run", "posts", "--ids-table"]).end().await.closed("ready", 0);
        db.sql("UPDATE posts SET id = 1.00, at = at + interval '150 days' WHERE id = 1; UPDATE posts SET id = 2.0 WHERE id = 2")
            .await;
        exchange(&tool, "swap").await;
        assert_eq!(db.value(&format!("{same} posts_ids")).await, db.value(&format!("{same} posts")).await);
        db.sql("UPDATE posts SET id = 3.00, at = at + interval '150 days' WHERE id = 3; UPDATE posts SET id = 4.0 WHERE id = 4")
            .await;
        assert_eq!(db.value(&format!("{same} posts_ids")).await, db.value(&format!("{same} posts")).await);
        assert_eq!(db.value(DIFFERENCE).await, "0");
    })
    .await;
}
