//! A refused table is left untouched: odd tables, one per refusal that a real server can produce, before and after
//! `plan` and `run`; and each refusal names object, reason, remedy and id in text and in JSON.

use serde_json::Value;

use crate::{
    commands::tool::Tool,
    plan::{CHAT, REFUSED},
    support::{self, Db, schema},
};

/// What is done to the table, the check that refuses, and from which version on it can be done; beside [`REFUSED`].
const ALSO: &[(&str, &str, i32)] = &[
    ("ALTER TABLE chat_messages RENAME TO t; CREATE VIEW chat_messages AS SELECT * FROM t", "QD-020", 14),
    ("ALTER TABLE chat_messages SET UNLOGGED", "QD-022", 14),
    ("ALTER EXTENSION plpgsql ADD TABLE chat_messages", "QD-024", 14),
    ("CREATE TABLE child () INHERITS (chat_messages)", "QD-025", 14),
    (
        "CREATE UNIQUE INDEX u ON chat_messages (created_at); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'u'::regclass",
        "QD-041",
        14,
    ),
    (
        "ALTER TABLE chat_messages DROP CONSTRAINT chat_messages_pkey, ADD PRIMARY KEY (id) DEFERRABLE",
        "QD-042",
        14,
    ),
    ("CREATE INDEX whole ON chat_messages ((chat_messages IS NULL))", "QD-047", 14),
    ("ALTER TABLE chat_messages ADD CHECK (chat_messages IS NULL OR true)", "QD-054", 14),
    ("ALTER TABLE chat_messages ADD CONSTRAINT nn NOT NULL price NOT VALID", "QD-055", 18),
    (
        "ALTER TABLE chat_messages ADD CONSTRAINT ne FOREIGN KEY (id) REFERENCES users NOT ENFORCED",
        "QD-056",
        18,
    ),
    ("CREATE RULE r AS ON DELETE TO chat_messages DO INSTEAD NOTHING", "QD-063", 14),
    ("CREATE FUNCTION f(chat_messages) RETURNS int LANGUAGE sql AS 'SELECT 1'", "QD-068", 14),
    ("CREATE TABLE other (m chat_messages)", "QD-069", 14),
    ("CREATE VIEW only_view AS SELECT id FROM ONLY chat_messages", "QD-070", 14),
];

async fn dump(db: &Db) -> String {
    let table = schema::schema_dump(db, "public.chat_messages").await;
    let rows = db.value("SELECT count(*) FROM chat_messages").await;
    format!("{table}\n{}\n{rows}", schema::objects(db).await)
}

/// The refusal of this id, with a word for each of its parts.
fn named(error: &Value, id: &str) {
    let refusals = error["refusals"].as_array().unwrap_or_else(|| panic!("{id}: {error}"));
    let refusal = refusals.iter().find(|refusal| refusal["id"] == id);
    let refusal = refusal.unwrap_or_else(|| panic!("{id}: {error}"));
    for part in ["object", "reason", "remedy"] {
        assert!(!refusal[part].as_str().unwrap().is_empty(), "{id} {part}: {error}");
    }
}

async fn refuses(db: &Db, fault: &str, by: Option<&str>, id: &str) {
    db.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public").await;
    db.sql(CHAT).await;
    db.sql(fault).await;
    let exists = db.value("SELECT to_regclass('chat_messages') IS NOT NULL").await == "t";
    let before = if exists { dump(db).await } else { String::new() };
    let (tool, mut words) = (Tool::on(db), vec!["chat_messages"]);
    words.extend(by.iter().flat_map(|by| ["--by", by]));
    let with = |first: &'static [&'static str]| [&first[..1], &words, &first[1..]].concat();

    let text = tool.run(&with(&["plan"])).await;
    assert_eq!((text.code, text.out.as_str()), (3, ""), "{fault}: {text:?}");
    assert!(text.err.contains(&format!("({id})")) && text.err.contains("\nhint: "), "{fault}: {text:?}");
    let json = tool.run(&with(&["plan", "--json"])).await;
    assert_eq!(json.code, 3, "{json:?}");
    named(&serde_json::from_str::<Value>(&json.out).unwrap()["error"], id);
    let run = tool.start(&with(&["run"])).end().await;
    run.closed("refused", 3);
    named(&run.events.iter().find(|event| event["event"] == "failed").unwrap()["error"], id);

    assert_eq!(db.value("SELECT to_regnamespace('quarterdeck')").await, "-", "{fault}: a journal was made");
    if exists {
        assert_eq!(dump(db).await, before, "{fault}");
    }
    // A member goes with its extension only.
    if id == "QD-024" {
        db.sql("ALTER EXTENSION plpgsql DROP TABLE chat_messages").await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_table_is_left_untouched() {
    support::on_each_server(async |server| {
        let db = server.database("untouched").await;
        let version: i32 = db.value("SHOW server_version_num").await.parse().unwrap();
        for (fault, by, id) in REFUSED {
            refuses(&db, fault, *by, id).await;
        }
        for (fault, id, _) in ALSO.iter().filter(|(_, _, since)| version / 10_000 >= *since) {
            refuses(&db, fault, None, id).await;
        }
    })
    .await;
}
