//! `quarterdeck audit`: how far statements reach, before and after the conversion, and how to write them instead.

use serde_json::Value;

use crate::{
    commands::tool::Tool,
    support::{Db, database, on_each_server},
};

/// The seed's table, by quarters of two years, with an index for each way it is looked into.
const SHOP: &str = "
    CREATE TABLE sessions (id uuid PRIMARY KEY, name text);
    CREATE TABLE chat_messages (id uuid PRIMARY KEY, session_id uuid NOT NULL REFERENCES sessions, created_at timestamptz NOT NULL DEFAULT now(), body text, meta jsonb);
    CREATE INDEX ON chat_messages (session_id, created_at); CREATE INDEX ON chat_messages (created_at);
    INSERT INTO sessions SELECT gen_random_uuid(), 'n' FROM generate_series(1, 10);
    INSERT INTO chat_messages SELECT gen_random_uuid(), (SELECT id FROM sessions LIMIT 1), now() - i * interval '1 day', 'b' FROM generate_series(1, 700) i;
    ANALYZE";

/// What is asked, and how far it reaches; where the partition is not all, of how many.
const QUERIES: [(&str, Expected); 17] = [
    ("SELECT * FROM chat_messages WHERE id = $1", Expected::All("id")),
    (
        "SELECT * FROM public.chat_messages m WHERE session_id = $1 ORDER BY created_at DESC LIMIT $2",
        Expected::All("session_id"),
    ),
    ("SELECT * FROM chat_messages WHERE id = $1 AND created_at = $2", Expected::Some(1)),
    (
        "SELECT * FROM chat_messages WHERE session_id = $1 AND created_at >= $2 AND created_at < $3",
        Expected::Some(1),
    ),
    ("SELECT * FROM chat_messages WHERE created_at BETWEEN $1 AND $2", Expected::Some(1)),
    ("-- $1 = '2001-01-01'\nSELECT * FROM chat_messages WHERE created_at = $1", Expected::Some(1)),
    (
        "INSERT INTO chat_messages (id, session_id, created_at, body) VALUES ($1, $2, $3, $4)",
        Expected::Inserts,
    ),
    (
        "INSERT INTO chat_messages (id, session_id, created_at) VALUES ($1, $2, $3) ON CONFLICT (id) DO NOTHING",
        Expected::Fails,
    ),
    ("UPDATE chat_messages SET created_at = $1 WHERE id = $2", Expected::All("id")),
    ("UPDATE public.chat_messages SET body = $1 WHERE id = $2 AND created_at = $3", Expected::Some(1)),
    (
        "SELECT count(*) FROM sessions s JOIN chat_messages m ON m.session_id = s.id WHERE s.id = $1",
        Expected::All("session_id"),
    ),
    ("SELECT * FROM chat_messages WHERE created_at::date = $1", Expected::All("")),
    ("SELECT * FROM chat_messages WHERE id = ANY ($1)", Expected::All("id")),
    (
        "WITH x AS (SELECT id FROM sessions WHERE id = $1) DELETE FROM chat_messages WHERE session_id IN (SELECT id FROM x) OR meta IS NULL",
        Expected::All(""),
    ),
    ("SELECT now() - interval $1 FROM chat_messages WHERE created_at > now() - interval $2", Expected::Fewer),
    ("SELECT nonsense($1) FROM chat_messages", Expected::Unplanned),
    ("DROP TABLE chat_messages", Expected::Unplanned),
];

#[derive(Clone, Copy, Debug)]
enum Expected {
    All(&'static str),
    Some(u64),
    Fewer,
    Inserts,
    Fails,
    Unplanned,
}

async fn audit(tool: &Tool, words: &[&str]) -> Value {
    serde_json::from_str(&tool.done(&[&["audit"], words, &["--json"]].concat()).await).unwrap()
}

fn queries(folder: &tempfile::TempDir) -> String {
    let path = folder.path().join("queries.sql");
    let text: Vec<_> = QUERIES.iter().map(|(sql, _)| format!("{sql};\n")).collect();
    // What has nothing to do with the table is not shown.
    std::fs::write(&path, text.concat() + "SELECT * FROM sessions; SELECT 'chat_messages'").unwrap();
    path.to_str().unwrap().to_owned()
}

/// Each statement reaches what it should, and what is proposed instead reaches one partition.
fn examine(all: &Value, leaves: u64) {
    let statements = all["statements"].as_array().unwrap();
    assert_eq!(statements.len(), QUERIES.len(), "{all:#}");
    assert_eq!(all["leaves"], leaves);
    for (at, (sql, expected)) in QUERIES.iter().enumerate() {
        let one = statements.iter().find(|one| one["source"]["id"] == at + 1).unwrap();
        let touched = one["verdict"]["reaches"]["touched"].as_u64();
        let is_right = match expected {
            Expected::All(column) => {
                touched == Some(leaves) && (column.is_empty() || one["looks_for"][0] == *column)
            }
            Expected::Some(n) => touched == Some(*n),
            Expected::Fewer => touched.is_some_and(|n| n < leaves),
            Expected::Inserts => one["verdict"] == "inserts",
            Expected::Fails => {
                one["verdict"]["fails"].as_str().is_some_and(|why| why.contains("ON CONFLICT"))
            }
            Expected::Unplanned => one["verdict"]["unplanned"].is_string(),
        };
        assert!(is_right, "{sql}: {expected:?}: {one:#}");
        assert_eq!(one["moves_rows"], sql.contains("SET created_at"), "{sql}");
        assert_eq!(one["is_blind"], sql.contains("::date"), "{sql}");
        match expected {
            Expected::All(_) => assert_eq!(one["rewrite"]["reach"]["touched"], 1, "{one:#}"),
            Expected::Fails => assert!(
                one["rewrite"]["sql"].as_str().unwrap().contains("ON CONFLICT (\"id\", created_at)"),
                "{one:#}"
            ),
            Expected::Some(_) | Expected::Fewer | Expected::Inserts | Expected::Unplanned => {
                assert!(one["rewrite"].is_null(), "{one:#}");
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_is_said_before_and_after() {
    on_each_server(async |server| {
        let db = server.database("audit").await;
        db.sql(SHOP).await;
        let folder = tempfile::tempdir().unwrap();
        let (tool, file) = (Tool::on(&db), queries(&folder));
        let before = audit(&tool, &["chat_messages", "--queries", &file]).await;
        let leaves = before["leaves"].as_u64().unwrap();
        assert!(leaves > 8 && before["against"].as_str().unwrap().starts_with("an empty copy"), "{before:#}");
        examine(&before, leaves);
        assert_eq!(
            db.value(
                "SELECT count(*) FROM pg_class WHERE relname ~ '^chat_messages' AND relkind IN ('r', 'p')"
            )
            .await,
            "1"
        );
        assert_eq!(db.value("SELECT count(*) FROM chat_messages").await, "700");
        let words = ["run", "chat_messages", "--until", "swapped", "--yes", "chat_messages"];
        tool.start(&words).end().await.closed("swapped", 0);
        let after = audit(&tool, &["chat_messages", "--queries", &file]).await;
        assert_eq!(after["against"], "its partitions");
        examine(&after, leaves);
        assert_eq!(db.value("SELECT count(*) FROM chat_messages").await, "700");
    })
    .await;
}

/// The statements that an application has run.
async fn used(db: &Db) {
    db.sql(&format!("CREATE EXTENSION pg_stat_statements; {SHOP}")).await;
    let app = db.client().await;
    for _ in 0..5 {
        app.query("SELECT * FROM chat_messages WHERE id = $1", &[&uuid::Uuid::nil()]).await.unwrap();
    }
    app.query("SELECT * FROM chat_messages WHERE created_at > now() - interval '1 day'", &[]).await.unwrap();
    app.batch_execute("SELECT count(*) FROM sessions; INSERT INTO chat_messages SELECT gen_random_uuid(), id FROM sessions LIMIT 1 ON CONFLICT (id) DO NOTHING").await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_server_has_seen_is_ranked_and_warned_of() {
    on_each_server(async |server| {
        let db = server.database("audit_server").await;
        used(&db).await;
        let tool = Tool::on(&db);
        let all = audit(&tool, &["chat_messages"]).await;
        let statements = all["statements"].as_array().unwrap();
        let find = |part: &str| {
            statements
                .iter()
                .find(|one| one["source"]["sql"].as_str().unwrap().contains(part))
                .unwrap_or_else(|| panic!("{part}: {all:#}"))
        };
        let by_id = find("WHERE id = $1");
        assert_eq!(by_id["source"]["calls"], 5);
        assert!(
            by_id["verdict"]["reaches"]["touched"] == all["leaves"]
                && by_id["source"]["total_ms"].as_f64().unwrap() > 0.0,
            "{by_id:#}"
        );
        assert!(find("interval $1")["verdict"]["reaches"]["touched"].as_u64() < all["leaves"].as_u64());
        assert!(find("ON CONFLICT")["verdict"]["fails"].is_string());
        assert!(
            !statements.iter().any(|one| one["source"]["sql"].as_str().unwrap().contains("FROM sessions;"))
        );
        // Those that want to be changed first, and the dearest of them before the others.
        let wants: Vec<bool> = statements.iter().map(|one| !one["rewrite"].is_null()).collect();
        assert!(wants[0] && wants.is_sorted_by_key(|wants| !wants), "{all:#}");
        let text = tool.done(&["audit", "chat_messages", "--top", "1"]).await;
        assert!(text.contains("reach every partition") && text.contains("more: --top"), "{text}");
        // The same in short, in plan and in health.
        let plan = tool.done(&["plan", "chat_messages"]).await;
        assert!(plan.contains("QD-162") && plan.contains("1 fail"), "{plan}");
        let steps = tool.done(&["plan", "chat_messages", "--json"]).await;
        let steps: serde_json::Value = serde_json::from_str(&steps).unwrap();
        let warned = format!("none refuses, {} warn", steps["warnings"].as_array().unwrap().len());
        assert!(steps["steps"][0]["summary"].as_str().unwrap().ends_with(&warned), "{warned}: {steps:#}");
        tool.start(&["run", "chat_messages", "--until", "swapped", "--yes", "chat_messages"])
            .end()
            .await
            .closed("swapped", 0);
        let health = tool.done(&["health", "chat_messages"]).await;
        assert!(health.contains("QD-162") && health.contains("reach every partition"), "{health}");
        // Before PostgreSQL 18 the same text has another number for the table that has the name now; it is one statement all the same.
        let by_id = "SELECT * FROM chat_messages WHERE id = $1";
        db.client().await.query(by_id, &[&uuid::Uuid::nil()]).await.unwrap();
        let all = audit(&tool, &["chat_messages"]).await;
        let same = all["statements"].as_array().unwrap().iter().filter(|one| one["source"]["sql"] == by_id);
        assert_eq!(same.map(|one| one["source"]["calls"].clone()).collect::<Vec<_>>(), [6], "{all:#}");
        // What keeps the other table in step is the tool's own: a superuser's is not even counted.
        db.sql("UPDATE chat_messages SET body = 'c'").await;
        tool.done(&["reverse", "chat_messages", "--yes", "chat_messages"]).await;
        let replayed =
            "SELECT count(*) FROM pg_stat_statements WHERE query LIKE '%AS b(k1%\"chat_messages\"%' \
             AND dbid = (SELECT oid FROM pg_database WHERE datname = current_database())";
        assert_eq!(db.value(replayed).await, "0");
        let all = audit(&tool, &["chat_messages"]).await;
        assert!(!all.to_string().contains("AS b(k1"), "{all:#}");
    })
    .await;
}

/// Planning calls functions of whoever gave the statement: as that role, not as the one who audits.
#[tokio::test(flavor = "multi_thread")]
async fn a_statement_is_planned_as_its_role() {
    let db = database("audit_role").await;
    let role = format!("app_{}", db.name());
    db.sql(&format!(
        "CREATE EXTENSION pg_stat_statements; {SHOP}; CREATE ROLE {role} LOGIN PASSWORD 'secret'; GRANT ALL ON chat_messages TO {role};
         CREATE FUNCTION who() RETURNS text IMMUTABLE LANGUAGE plpgsql AS $$ BEGIN
             IF current_setting('application_name') LIKE 'quarterdeck%' THEN RAISE EXCEPTION 'planned as %', current_user; END IF; RETURN 'x'; END $$"
    ))
    .await;
    let (app, connection) =
        tokio_postgres::connect(&db.conninfo_as(&role, "secret"), tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    app.query("SELECT * FROM chat_messages WHERE body = who()", &[]).await.unwrap();
    let all = audit(&Tool::on(&db), &["chat_messages"]).await;
    let one = all["statements"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["source"]["sql"].as_str().unwrap().contains("who()"));
    assert!(
        one.unwrap()["verdict"]["unplanned"].as_str().unwrap().contains(&format!("planned as {role}")),
        "{all:#}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_audited_is_said() {
    let db = database("audit_not").await;
    db.sql("CREATE TABLE l (a text) PARTITION BY LIST (a); CREATE TABLE plain (a text PRIMARY KEY)").await;
    let tool = Tool::on(&db);
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let (empty, two) = (path("empty", " ; -- nothing\n"), path("two", "SELECT * FROM l"));
    tool.run(&["audit", "l", "--queries", "/no/such"]).await.failed(2, "/no/such");
    tool.run(&["audit", "l", "--queries", &empty]).await.failed(2, "there is no statement");
    tool.run(&["audit", "l", "--queries", &two]).await.failed(3, "not by ranges of one time");
    tool.run(&["audit", "plain", "--queries", &two]).await.failed(3, "QD-");
    db.sql(SHOP).await;
    tool.run(&["audit", "chat_messages"]).await.failed(3, "QD-163");
    // Without it plan and health say nothing of it.
    assert!(!tool.done(&["plan", "chat_messages"]).await.contains("QD-162"));
}

/// Nothing is executed, nothing is kept, and what cannot be told is not proposed.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_asked_changes_nothing() {
    on_each_server(async |server| {
        let db = server.database("audit_nothing").await;
        db.sql(SHOP).await;
        db.sql("CREATE SEQUENCE sq; CREATE FUNCTION sly(int) RETURNS uuid IMMUTABLE LANGUAGE sql AS $$ SELECT CASE WHEN nextval('sq') > 0 THEN gen_random_uuid() END $$;
                CREATE VIEW seen AS SELECT * FROM chat_messages; CREATE SCHEMA other; CREATE TABLE other.chat_messages (id uuid PRIMARY KEY);
                ALTER TABLE chat_messages ENABLE ROW LEVEL SECURITY").await;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("q.sql");
        let text = "-- $1 = setval('sq', 5000)\nSELECT * FROM chat_messages WHERE id = $1 -- by id\n;
            SELECT * FROM chat_messages WHERE id = public.sly(1);
            SELECT * FROM sessions s LEFT JOIN chat_messages m ON m.session_id = s.id WHERE s.id = $1;
            SELECT * FROM chat_messages WHERE created_at >= (SELECT max(created_at) FROM chat_messages);
            SELECT * FROM other.chat_messages WHERE id = $1;
            SELECT * FROM public.seen WHERE id = $1;
            SELECT * FROM chat_messages WHERE created_at > '2030-01-01' AND created_at < '2029-01-01'";
        std::fs::write(&path, text).unwrap();
        let all = audit(&Tool::on(&db), &["chat_messages", "--queries", path.to_str().unwrap()]).await;
        let one = |id: u64| all["statements"].as_array().unwrap().iter().find(|one| one["source"]["id"] == id).cloned().unwrap_or_default();
        assert!(one(1)["rewrite"]["sql"].as_str().unwrap().contains("WHERE id = $1 AND chat_messages.created_at = $2"), "{all:#}");
        assert!(one(2)["verdict"]["unplanned"].as_str().unwrap().contains("read-only"), "{all:#}");
        assert!(one(3)["rewrite"].is_null() && one(3)["verdict"]["reaches"]["touched"] == all["leaves"], "{all:#}");
        assert!(one(4)["verdict"]["reaches"]["at_most"] == true && one(4)["is_blind"] == false, "{all:#}");
        assert!(one(5).is_null(), "{all:#}");
        assert!(one(6)["verdict"]["unplanned"].as_str().unwrap().contains("through a view"), "{all:#}");
        assert_eq!(one(7)["verdict"]["reaches"]["touched"], 0, "{all:#}");
        assert_eq!(db.value("SELECT is_called FROM sq").await, "f");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn guides_are_of_this_table() {
    let db = database("audit_guide").await;
    db.sql(SHOP).await;
    let tool = Tool::on(&db);
    let python = tool.done(&["audit", "chat_messages", "--guide", "sqlalchemy"]).await;
    for part in [
        "class ChatMessages(Base):",
        "    id: Mapped[uuid.UUID] = mapped_column(Uuid, primary_key=True)",
        "    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), primary_key=True)",
        "    meta: Mapped[dict | None] = mapped_column(JSONB)",
        "`(id, created_at)`",
    ] {
        assert!(python.contains(part), "{part}: {python}");
    }
    let go = tool.done(&["audit", "chat_messages", "--guide", "go"]).await;
    for part in [
        "type ChatMessages struct {",
        "    CreatedAt time.Time `db:\"created_at\"`",
        "    Body *string `db:\"body\"`",
        "WHERE id = $1 AND created_at = $2",
    ] {
        assert!(go.contains(part), "{part}: {go}");
    }
    assert!(
        ![python, go]
            .iter()
            .any(|text| text.contains("{table}") || text.contains("{by}") || text.contains("{columns}"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_tool_asks_itself_is_not_the_application_s() {
    on_each_server(async |server| {
        let db = server.database("audit_own").await;
        db.sql(SHOP).await;
        db.sql("CREATE EXTENSION pg_stat_statements; SELECT pg_stat_statements_reset(0, oid, 0) FROM pg_database WHERE datname = current_database()").await;
        db.sql("SELECT body FROM chat_messages WHERE session_id = gen_random_uuid()").await;
        let tool = Tool::on(&db);
        for words in [&["ids", "chat_messages"][..], &["audit", "chat_messages"], &["plan", "chat_messages"]] {
            tool.done(words).await;
        }
        // What this test asks is counted, and begins otherwise.
        let counted = "SELECT string_agg(query, ' | ') FROM pg_stat_statements s JOIN pg_database d ON d.oid = s.dbid \
                       WHERE datname = current_database() AND query LIKE '%chat_messages%' AND query NOT LIKE '%string_agg%'";
        assert_eq!(
            db.value(counted).await,
            "SELECT body FROM chat_messages WHERE session_id = gen_random_uuid()"
        );
    })
    .await;
}
