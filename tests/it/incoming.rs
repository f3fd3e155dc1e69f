//! Foreign keys of other tables that lead to the converted one: kept or dropped by the swap and given back by `reverse`,
//! beside an application that writes both tables and deletes what is referenced. None of its statements fails.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use tokio::task::JoinHandle;
use tokio_postgres::{Client, error::SqlState};

use crate::{
    commands::tool::Tool,
    support::{Db, on_each_server, schema::schema_dump},
};

const KIND: &str = "SELECT relkind FROM pg_class WHERE oid = 'public.posts'::regclass";
/// What is referenced by whom, and whether it is valid.
pub(crate) const KEYS: &str = "SELECT conname, confrelid::regclass, convalidated FROM pg_constraint \
    WHERE contype = 'f' AND conrelid = 'replies'::regclass AND conparentid = 0";
pub(crate) const ORPHANS: &str =
    "SELECT count(*) FROM replies r WHERE NOT EXISTS (SELECT FROM posts p WHERE p.id = r.post)";
/// A writer's ids begin so far behind those that there are, times its number.
const RANGE: i64 = 1_000_000;

/// Posts of a year with a reply each, whose foreign key is `reference`.
pub(crate) fn tables(key: &str, reference: &str) -> String {
    format!(
        "CREATE TABLE posts (id bigint NOT NULL, at timestamptz NOT NULL, body text, PRIMARY KEY {key});
         INSERT INTO posts SELECT i, '2025-01-01Z'::timestamptz + i * interval '3 hours', repeat('x', 100)
         FROM generate_series(1, 3000) i;
         CREATE TABLE replies (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, post bigint NOT NULL, post_at timestamptz);
         CREATE INDEX ON replies (post);
         INSERT INTO replies (post, post_at) SELECT id, at FROM posts;
         ALTER TABLE replies ADD CONSTRAINT to_post {reference};
         COMMENT ON CONSTRAINT to_post ON replies IS 'a reply''s post'; ANALYZE"
    )
}

/// An application: each writer posts, replies twice, and deletes every other post again.
pub(crate) struct App {
    stop: Arc<AtomicBool>,
    posts: Arc<AtomicU64>,
    writers: Vec<JoinHandle<Vec<String>>>,
}

impl App {
    /// `delete` takes the post `$1` away, and what may have to go before it.
    pub(crate) async fn start(db: &Db, delete: &'static [&'static str]) -> Self {
        let newest: i64 = db.value("SELECT max(id) FROM posts").await.parse().unwrap();
        let (stop, posts) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let mut writers = Vec::new();
        for number in 1..=3 {
            let (client, stop, posts) = (db.client().await, Arc::clone(&stop), Arc::clone(&posts));
            let first = newest + RANGE * number;
            writers.push(tokio::spawn(async move {
                let mut failed = Vec::new();
                for id in first.. {
                    if stop.load(Ordering::Relaxed) || client.is_closed() {
                        break;
                    }
                    if let Err(error) = post(&client, id, delete).await {
                        failed.push(format!("{id}: {error:?}"));
                        drop(client.batch_execute("ROLLBACK").await);
                    }
                    posts.fetch_add(1, Ordering::Relaxed);
                }
                failed
            }));
        }
        Self { stop, posts, writers }
    }

    /// Nothing failed, and something was done.
    pub(crate) async fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        for writer in self.writers {
            assert_eq!(writer.await.unwrap(), Vec::<String>::new());
        }
        assert!(self.posts.load(Ordering::Relaxed) > 100, "the application hardly wrote");
    }
}

async fn post(client: &Client, id: i64, delete: &[&str]) -> Result<(), tokio_postgres::Error> {
    client.batch_execute("BEGIN").await?;
    client.execute("INSERT INTO posts VALUES ($1, '2025-06-01Z', 'new')", &[&id]).await?;
    for _ in 0..2 {
        client.execute("INSERT INTO replies (post, post_at) VALUES ($1, '2025-06-01Z')", &[&id]).await?;
    }
    client.batch_execute("COMMIT").await?;
    if id % 2 == 0 {
        client.batch_execute("BEGIN").await?;
        for sql in delete {
            client.execute(*sql, &[&id]).await?;
        }
        client.batch_execute("COMMIT").await?;
    }
    Ok(())
}

async fn version(db: &Db) -> i32 {
    db.value("SHOW server_version_num").await.parse::<i32>().unwrap() / 10_000
}

/// A reply to a post that is not there is refused.
pub(crate) async fn refuses_orphans(db: &Db) {
    let error = db.try_sql("INSERT INTO replies (post, post_at) VALUES (-1, now())").await.unwrap_err();
    assert_eq!(error.code(), Some(&SqlState::FOREIGN_KEY_VIOLATION), "{error:?}");
}

pub(crate) async fn exchange(tool: &Tool, command: &str) {
    tool.done(&[command, "posts", "--yes", "posts", "--lock-budget", "400"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_stays_unique_keeps_what_leads_to_it() {
    on_each_server(async |server| {
        let db = server.database("kept").await;
        // Before PostgreSQL 15 a cascade would take a row that only moves for a deleted one.
        let cascades = version(&db).await >= 15;
        let action = if cascades { " ON DELETE CASCADE" } else { "" };
        db.sql(&tables(
            "(id, at)",
            &format!("FOREIGN KEY (post, post_at) REFERENCES posts (id, at){action}"),
        ))
        .await;
        let before = (schema_dump(&db, "public.posts").await, schema_dump(&db, "public.replies").await);
        let delete: &[&str] = if cascades {
            &["DELETE FROM posts WHERE id = $1"]
        } else {
            &["DELETE FROM replies WHERE post = $1", "DELETE FROM posts WHERE id = $1"]
        };
        let (tool, app) = (Tool::on(&db), App::start(&db, delete).await);
        tool.start(&["run", "posts", "--incoming", "keep"]).end().await.closed("ready", 0);
        refuses_orphans(&db).await;
        for (command, kind) in [("swap", "p"), ("reverse", "r")] {
            exchange(&tool, command).await;
            assert_eq!(db.value(KIND).await, kind);
            assert_eq!(db.rows(KEYS).await, ["to_post|posts|t"]);
            refuses_orphans(&db).await;
        }
        app.stop().await;
        assert_eq!(db.value(ORPHANS).await, "0");
        tool.done(&["abort", "posts", "--yes", "posts"]).await;
        let after = (schema_dump(&db, "public.posts").await, schema_dump(&db, "public.replies").await);
        assert_eq!(after, before);

        let app = App::start(&db, delete).await;
        let mut words = vec!["run", "posts", "--incoming", "keep", "--until", "swapped", "--yes", "posts"];
        words.extend(["--lock-budget", "400"]);
        tool.start(&words).end().await.closed("swapped", 0);
        tool.done(&["finish", "posts", "--yes", "posts", "--drop-source"]).await;
        app.stop().await;
        assert_eq!(db.rows(KEYS).await, ["to_post|posts|t"]);
        assert_eq!(db.value(ORPHANS).await, "0");
        refuses_orphans(&db).await;
    })
    .await;
}

pub(crate) const CASCADE: &str = "FOREIGN KEY (post) REFERENCES posts (id) ON DELETE CASCADE";
const DROP: [&str; 6] = ["run", "posts", "--incoming", "drop", "--yes-drop", "to_post"];

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_key_comes_back_with_the_old_table() {
    on_each_server(async |server| {
        let db = server.database("dropped").await;
        db.sql(&tables("(id)", CASCADE)).await;
        let before = (schema_dump(&db, "public.posts").await, schema_dump(&db, "public.replies").await);
        let tool = Tool::on(&db);
        tool.run(&["run", "posts"]).await.failed(3, "(QD-057)");
        tool.run(&["run", "posts", "--incoming", "keep"]).await.failed(3, "(QD-087)");
        tool.run(&["run", "posts", "--incoming", "drop"]).await.failed(2, "--yes-drop to_post");
        tool.run(&["run", "posts", "--incoming", "drop", "--yes-drop", "posts"]).await.failed(2, "to_post");
        assert_eq!(db.value("SELECT to_regnamespace('quarterdeck')").await, "-");
        let plan = tool.done(&["plan", "posts", "--incoming", "drop"]).await;
        assert!(plan.contains("(QD-088)") && plan.contains("ON DELETE CASCADE does nothing"), "{plan}");
        let locks = "ACCESS EXCLUSIVE on public.replies, within it, to drop their foreign keys";
        assert!(plan.contains(locks), "{plan}");
        let sql = tool.done(&["plan", "posts", "--incoming", "drop", "--sql"]).await;
        assert!(
            sql.contains("ALTER TABLE \"public\".\"replies\" DROP CONSTRAINT IF EXISTS \"to_post\""),
            "{sql}"
        );

        tool.start(&DROP).end().await.closed("ready", 0);
        tool.run(&["run", "posts", "--incoming", "keep"]).await.failed(3, "--incoming differs");
        exchange(&tool, "swap").await;
        assert_eq!(db.rows(KEYS).await, Vec::<String>::new());
        exchange(&tool, "reverse").await;
        assert_eq!(db.rows(KEYS).await, ["to_post|posts|t"]);
        tool.done(&["abort", "posts", "--yes", "posts"]).await;
        let after = (schema_dump(&db, "public.posts").await, schema_dump(&db, "public.replies").await);
        assert_eq!(after, before);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn deletes_of_what_was_referenced_never_fail_and_orphans_are_said() {
    on_each_server(async |server| {
        let db = server.database("orphans").await;
        db.sql(&tables("(id)", CASCADE)).await;
        let tool = Tool::on(&db);
        let app = App::start(&db, &["DELETE FROM posts WHERE id = $1"]).await;
        tool.start(&DROP).end().await.closed("ready", 0);
        exchange(&tool, "swap").await;
        // Nothing cascades now: the replies stay.
        db.sql("DELETE FROM posts WHERE id = 7").await;
        assert_eq!(db.value("SELECT count(*) FROM replies WHERE post = 7").await, "1");
        let said = tool.done(&["reverse", "posts", "--yes", "posts", "--lock-budget", "400"]).await;
        app.stop().await;
        assert!(said.contains("public.replies.to_post holds for new rows only"), "{said}");
        assert_eq!(db.rows(KEYS).await, ["to_post|posts|f"]);
        refuses_orphans(&db).await;
        db.sql("DELETE FROM posts WHERE id = 8").await;
        assert_eq!(db.value("SELECT count(*) FROM replies WHERE post = 8").await, "0", "it cascades again");
        db.sql("DELETE FROM replies r WHERE NOT EXISTS (SELECT FROM posts p WHERE p.id = r.post)").await;
        db.sql("ALTER TABLE replies VALIDATE CONSTRAINT to_post").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_came_later_is_not_left_behind() {
    on_each_server(async |server| {
        let db = server.database("later").await;
        db.sql(&tables("(id, at)", "FOREIGN KEY (post, post_at) REFERENCES posts (id, at)")).await;
        let tool = Tool::on(&db);
        tool.start(&["run", "posts", "--incoming", "keep"]).end().await.closed("ready", 0);
        let late = "CREATE TABLE likes (post bigint, at timestamptz, CONSTRAINT late FOREIGN KEY (post, at) REFERENCES posts)";
        db.sql(late).await;
        let said = tool.run(&["swap", "posts", "--yes", "posts"]).await;
        assert!(said.code == 1 && said.err.contains("late"), "{said:?}");
        db.sql("DROP TABLE likes").await;
        exchange(&tool, "swap").await;
        db.sql(late).await;
        let said = tool.run(&["reverse", "posts", "--yes", "posts"]).await;
        assert!(said.code == 1 && said.err.contains("public.likes.late references it"), "{said:?}");
        assert_eq!(db.value(KIND).await, "p");
        // The referencing table has another name now; its key goes with it.
        db.sql("DROP TABLE likes; ALTER TABLE replies RENAME TO answers").await;
        exchange(&tool, "reverse").await;
        let keys = KEYS.replace("'replies'", "'answers'");
        assert_eq!(db.rows(&keys).await, ["to_post|posts|t"]);
    })
    .await;
}
