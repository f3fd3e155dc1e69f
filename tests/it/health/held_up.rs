//! Sessions that really wait for each other: who stands at the head of the queue is named, and ended by the SQL that is shown.

use serde_json::{Value, json};
use tokio::task::JoinHandle;
use tokio_postgres::{Client, Error};

use super::{found, look, mend};
use crate::{
    commands::tool::Tool,
    support::{Db, on_each_server},
};

const TABLE: &str = "
    CREATE TABLE m (id int, at date, PRIMARY KEY (id, at)) PARTITION BY RANGE (at); CREATE TABLE other (id int);
    CREATE TABLE m1 PARTITION OF m FOR VALUES FROM ('2020-01-01') TO (MAXVALUE); INSERT INTO m VALUES (1, '2020-01-01'); ANALYZE m";

/// A session of an application, and its process.
async fn session(db: &Db, application: &str) -> (Client, i32) {
    let client = db.client().await;
    client.batch_execute(&format!("SET application_name = '{application}'")).await.unwrap();
    let pid = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    (client, pid)
}

fn begins((client, pid): (Client, i32), sql: &'static str) -> (JoinHandle<Result<(), Error>>, i32) {
    (tokio::spawn(async move { client.batch_execute(sql).await }), pid)
}

/// Waits until a session has waited for more than a second.
async fn waits(db: &Db, pid: i32) {
    let sql = format!(
        "SELECT count(*) FROM pg_locks WHERE pid = {pid} AND waitstart < clock_timestamp() - interval '1 second'"
    );
    while db.value(&sql).await == "0" {}
}

fn held_up(health: &Value) -> Vec<Value> {
    health["findings"].as_array().unwrap().iter().filter(|one| one["id"] == "QD-172").cloned().collect()
}

/// The heads' processes, each with those behind it.
fn queues(health: &Value) -> Value {
    let queue = |one: &Value| {
        let waiting: Vec<_> =
            one["waiting"].as_array().unwrap().iter().map(|one| one["pid"].clone()).collect();
        json!([one["by"]["pid"], waiting])
    };
    health["facts"]["held_up"].as_array().unwrap().iter().map(queue).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_head_of_the_queue_is_named_and_ended() {
    on_each_server(async |server| {
        let db = server.database("held_up").await;
        db.sql(TABLE).await;
        let tool = Tool::on(&db);
        let (reader, head) = session(&db, "billing").await;
        reader.batch_execute("BEGIN; SELECT FROM m").await.unwrap();
        // Who waits for something else is none of this table's.
        reader.batch_execute("LOCK other").await.unwrap();
        let (elsewhere, stranger) = begins(session(&db, "stranger").await, "SELECT FROM other");
        let (alter, first) = begins(session(&db, "migrate").await, "ALTER TABLE m ADD COLUMN note text");
        waits(&db, first).await;
        let (select, second) = begins(session(&db, "web").await, "SELECT FROM m");
        waits(&db, second).await;
        waits(&db, stranger).await;
        let health = look(&tool, "m").await;
        assert_eq!(queues(&health), json!([[head, [first, second]]]), "{health:#}");
        let role = db.value("SELECT current_user").await;
        assert_eq!(found(&health), [format!("QD-172 warning pid {head} of {role}, billing")]);
        let finding = &held_up(&health)[0];
        let reason = finding["reason"].as_str().unwrap();
        assert!(reason.starts_with("idle in transaction, open for "), "{reason}");
        assert!(reason.contains("holds AccessShareLock on public.m and "), "{reason}");
        assert!(reason.contains(&format!(": pid {first} of {role}, migrate has waited ")), "{reason}");
        assert!(reason.ends_with("for AccessExclusiveLock on public.m, and 1 more behind it"), "{reason}");
        assert_eq!(
            (&finding["sql"][0], &finding["safe"]),
            (&format!("SELECT pg_terminate_backend({head})").into(), &false.into())
        );
        mend(&db, &health, "QD-172").await;
        for one in [alter, select, elsewhere] {
            one.await.unwrap().unwrap();
        }
        assert!(reader.batch_execute("SELECT 1").await.is_err(), "it is gone");
        assert_eq!(found(&look(&tool, "m").await), Vec::<String>::new());
    })
    .await;
}

/// Who has locked everybody out is named, also before anybody comes, and keeps nobody from looking at other tables.
#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_locked_is_said_to_be() {
    on_each_server(async |server| {
        let db = server.database("held_up_locked").await;
        db.sql(TABLE).await;
        db.sql("CREATE TABLE a (at date) PARTITION BY RANGE (at); CREATE TABLE z (at date) PARTITION BY RANGE (at)").await;
        let tool = Tool::on(&db);
        let (billing, head) = session(&db, "billing").await;
        billing.batch_execute("BEGIN; LOCK m").await.unwrap();
        let all: Vec<Value> = serde_json::from_str(&tool.done(&["health", "--json"]).await).unwrap();
        let locked: Vec<_> = all.iter().map(|one| &one["facts"]["locked"]).collect();
        assert_eq!(locked, [&json!(false), &json!(true), &json!(false)]);
        assert_eq!((queues(&all[1]), found(&all[1]).len()), (json!([[head, []]]), 1), "{:#}", all[1]);
        let out = tool.done(&["health", "m"]).await;
        assert!(out.starts_with("public.m\n  locked against everybody who only looks, too"), "{out}");
        assert!(out.contains("AccessExclusiveLock on public.m and 1 more: nobody else gets at the table meanwhile"), "{out}");
        // Who maintains does not go on with so little.
        let said = tool.run(&["maintain", "m", "--every", "month"]).await;
        assert_eq!(said.code, 1, "{said:?}");
        billing.batch_execute("ROLLBACK").await.unwrap();
        assert_eq!(found(&look(&tool, "m").await), Vec::<String>::new());
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_indexes_are_waited_for_too() {
    on_each_server(async |server| {
        let db = server.database("held_up_rows").await;
        db.sql(TABLE).await;
        let tool = Tool::on(&db);
        // One holds a row, one waits for it, one waits for that one's place.
        let (writer, head) = session(&db, "quarterdeck copy 2").await;
        writer.batch_execute("BEGIN; UPDATE m SET id = 1").await.unwrap();
        let (update, first) = begins(session(&db, "web").await, "UPDATE m SET id = 1");
        waits(&db, first).await;
        let (again, second) = begins(session(&db, "web").await, "UPDATE m SET id = 1");
        waits(&db, second).await;
        let health = look(&tool, "m").await;
        assert_eq!(queues(&health), json!([[head, [first, second]]]), "{health:#}");
        let reason = held_up(&health)[0]["reason"].as_str().unwrap().to_owned();
        assert!(
            reason.starts_with("a session of Quarterdeck's own, idle in transaction")
                && reason.contains("for a row of public.m1"),
            "{reason}"
        );
        writer.batch_execute("ROLLBACK").await.unwrap();
        update.await.unwrap().unwrap();
        again.await.unwrap().unwrap();
        // An index of a partition, by a statement that runs.
        let busy = session(&db, "rebuild").await;
        let (busy, head) = begins(busy, "BEGIN; REINDEX INDEX m1_pkey; SELECT pg_sleep(3600)");
        let has_it = format!(
            "SELECT count(*) FROM pg_locks WHERE pid = {head} AND granted AND relation = 'm1_pkey'::regclass"
        );
        while db.value(&has_it).await == "0" {}
        let (select, reader) = begins(session(&db, "web").await, "SELECT FROM m1 WHERE id = 1");
        waits(&db, reader).await;
        let health = look(&tool, "m").await;
        assert_eq!(queues(&health), json!([[head, [reader]]]), "{health:#}");
        let finding = &held_up(&health)[0];
        let reason = finding["reason"].as_str().unwrap();
        assert!(
            reason.starts_with("active, open for ")
                && reason.ends_with("for AccessShareLock on public.m1_pkey"),
            "{reason}"
        );
        assert_eq!(finding["sql"][0], format!("SELECT pg_cancel_backend({head})"));
        mend(&db, &health, "QD-172").await;
        assert_eq!(busy.await.unwrap().unwrap_err().code().unwrap().code(), "57014");
        select.await.unwrap().unwrap();
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_role_may_not_see_is_said() {
    on_each_server(async |server| {
        let db = server.database("held_up_rights").await;
        db.sql(TABLE).await;
        let (name, secret) = (format!("looker_{}", db.name()), "secret");
        db.sql(&format!("CREATE ROLE {name} LOGIN PASSWORD '{secret}'; GRANT USAGE ON SCHEMA public TO {name}; GRANT SELECT ON m TO {name}")).await;
        let (reader, head) = session(&db, "billing").await;
        reader.batch_execute("BEGIN; SELECT FROM m").await.unwrap();
        let (alter, first) = begins(session(&db, "migrate").await, "ALTER TABLE m ADD COLUMN note text");
        waits(&db, first).await;
        let looker = Tool::to(db.conninfo_as(&name, secret));
        let health = look(&looker, "m").await;
        assert_eq!(queues(&health), json!([[head, [first]]]), "{health:#}");
        let finding = &held_up(&health)[0];
        let reason = finding["reason"].as_str().unwrap();
        assert!(reason.starts_with("a session of another role, whose state this one may not see, holds AccessShareLock"), "{reason}");
        assert_eq!(finding["sql"], json!([]));
        reader.batch_execute("COMMIT").await.unwrap();
        alter.await.unwrap().unwrap();
        // A prepared transaction has no session at all.
        db.sql("BEGIN; SELECT FROM m; LOCK m1; PREPARE TRANSACTION 'forgotten'").await;
        let (select, second) = begins(session(&db, "web").await, "SELECT FROM m1");
        waits(&db, second).await;
        let health = look(&looker, "m").await;
        assert_eq!(queues(&health), json!([[0, [second]]]), "{health:#}");
        assert_eq!(found(&health), ["QD-172 warning prepared transaction forgotten"]);
        db.sql("ROLLBACK PREPARED 'forgotten'").await;
        select.await.unwrap().unwrap();
        db.sql(&format!("DROP OWNED BY {name}; DROP ROLE {name}")).await;
    })
    .await;
}
