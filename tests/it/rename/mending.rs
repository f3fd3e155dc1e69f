//! What may go wrong while a table is filled: rows that meet, rows that are lost, deletes that must not succeed.

use quarterdeck::engine::{command::Command, context::Until};

use crate::{
    commands::tool::TABLE,
    online::{difference, options, run},
    rename::{OLD, asked, renamed_and_dead, shop},
    support::{self, Db},
};

async fn migration(db: &Db) -> uuid::Uuid {
    db.value("SELECT id FROM quarterdeck.migration").await.parse().unwrap()
}

/// The oldest rows are copied last: they are in the old table alone yet.
async fn oldest(db: &Db, offset: u32) -> (String, String) {
    let from = format!(
        "FROM ONLY {OLD} o WHERE NOT EXISTS (SELECT FROM {TABLE} m WHERE m.id = o.id) ORDER BY created_at OFFSET {offset} LIMIT 1"
    );
    (db.value(&format!("SELECT id {from}")).await, db.value(&format!("SELECT created_at {from}")).await)
}

async fn say(db: &Db, id: &str, at: &str) {
    db.sql(&format!(
        "INSERT INTO {TABLE} (id, session_id, user_id, content, created_at) \
         SELECT '{id}', id, user_id, 'again', {at} FROM chat_sessions ORDER BY id LIMIT 1"
    ))
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_application_has_the_last_word_on_its_keys_and_history_is_never_overwritten() {
    support::on_each_server(async |server| {
        let db = shop(server, 20_000).await;
        renamed_and_dead(&db).await;
        let id = migration(&db).await;
        // The same key again: its row is the application's. And gone again: it stays gone.
        let (same, at) = oldest(&db, 0).await;
        say(&db, &same, &format!("'{at}'")).await;
        let (gone, at) = oldest(&db, 1).await;
        say(&db, &gone, &format!("'{at}'")).await;
        db.sql(&format!("DELETE FROM {TABLE} WHERE id = '{gone}'")).await;
        // Another time, so another key; but the old table's key is the same.
        let (twice, at) = oldest(&db, 2).await;
        say(&db, &twice, &format!("'{at}'::timestamptz + interval '1 hour'")).await;
        let (once, at) = oldest(&db, 3).await;
        say(&db, &once, &format!("'{at}'::timestamptz + interval '1 hour'")).await;
        db.sql(&format!("DELETE FROM {TABLE} WHERE id = '{once}'")).await;

        let refused = run(&db, id, asked(Command::Reverse { move_rows: false })).await.unwrap_err();
        assert!(refused.to_string().contains(&twice) && refused.exit_code() == 3, "{refused}");
        let differs = run(&db, id, options(Until::Swapped, None)).await.unwrap_err();
        assert_eq!(differs.exit_code(), 4, "{differs}");
        let count =
            async |id: &str| db.value(&format!("SELECT count(*) FROM {TABLE} WHERE id = '{id}'")).await;
        assert_eq!((count(&same).await, count(&gone).await), ("1".into(), "0".into()));
        assert_eq!((count(&twice).await, count(&once).await), ("2".into(), "1".into()));
        assert_eq!(db.value(&format!("SELECT content FROM {TABLE} WHERE id = '{same}'")).await, "again");
        assert_ne!(db.value(&format!("SELECT content FROM {TABLE} WHERE id = '{once}'")).await, "again");

        db.sql(&format!("DELETE FROM {TABLE} WHERE id = '{twice}' AND content = 'again'")).await;
        run(&db, id, asked(Command::Verify)).await.unwrap();
        run(&db, id, options(Until::Swapped, None)).await.unwrap();
        assert_eq!(count(&twice).await, "1");
        assert_eq!(difference(&db, TABLE, OLD).await, "0");
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_was_lost_is_copied_again() {
    let db = shop(&support::server::all()[0], 20_000).await;
    renamed_and_dead(&db).await;
    let id = migration(&db).await;
    // A row of the application's, lost behind capture's back; and one that is another than in the old table.
    let (new, other) = ("00000000-0000-4000-8000-000000000001", "00000000-0000-4000-8000-000000000002");
    say(&db, new, "now()").await;
    say(&db, other, "now()").await;
    db.sql(&format!(
        "BEGIN; SET LOCAL quarterdeck.pass = '{id}'; DELETE FROM {TABLE} WHERE id = '{new}'; \
         UPDATE {TABLE} SET content = 'other' WHERE id = '{other}'; COMMIT"
    ))
    .await;
    let refused = run(&db, id, asked(Command::Reverse { move_rows: false })).await.unwrap_err();
    assert!(refused.to_string().contains("1 of its rows"), "{refused}");
    // What is lost before its chunk is copied comes with the chunk, and this one's was cut before it came.
    let differs = run(&db, id, options(Until::Swapped, None)).await.unwrap_err();
    assert_eq!(differs.exit_code(), 4, "{differs}");
    let differs = run(&db, id, options(Until::Swapped, None)).await.unwrap_err();
    assert_eq!(differs.exit_code(), 4, "a difference stays: {differs}");
    run(&db, id, asked(Command::Repair)).await.unwrap();
    run(&db, id, options(Until::Swapped, None)).await.unwrap();
    assert_eq!(db.value("SELECT phase FROM quarterdeck.migration").await, "reverse_window");
    assert_eq!(difference(&db, TABLE, OLD).await, "0");
    assert_eq!(db.value(&format!("SELECT content FROM {OLD} WHERE id = '{other}'")).await, "other");
    assert_eq!(db.value(&format!("SELECT count(*) FROM {TABLE} WHERE id = '{new}'")).await, "1");
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_are_only_in_the_old_table_still_count() {
    support::on_each_server(async |server| {
        let db = shop(server, 20_000).await;
        renamed_and_dead(&db).await;
        let (message, _) = oldest(&db, 0).await;
        let user = db.value(&format!("SELECT user_id FROM {OLD} WHERE id = '{message}'")).await;
        let session = db.value(&format!("SELECT session_id FROM {OLD} WHERE id = '{message}'")).await;
        db.sql(&format!("DELETE FROM {TABLE} WHERE user_id = '{user}'")).await;
        let refused = db.try_sql(&format!("DELETE FROM users WHERE id = '{user}'")).await.unwrap_err();
        assert_eq!(refused.code(), Some(&tokio_postgres::error::SqlState::FOREIGN_KEY_VIOLATION));
        db.sql(&format!("DELETE FROM chat_sessions WHERE id = '{session}'")).await;
        let written = db.try_sql(&format!("DELETE FROM {OLD} WHERE user_id = '{user}'")).await.unwrap_err();
        assert!(
            written.as_db_error().unwrap().message().contains("has put a partitioned table in its place")
        );
        run(&db, migration(&db).await, options(Until::Swapped, None)).await.unwrap();
        assert_eq!(
            db.value(&format!("SELECT count(*) FROM {TABLE} WHERE session_id = '{session}'")).await,
            "0"
        );
        assert_eq!(difference(&db, TABLE, OLD).await, "0");
    })
    .await;
}

/// A chunk locks the rows that its own reference, one after the other; somebody who deletes several of them has another order.
#[tokio::test(flavor = "multi_thread")]
async fn who_deletes_what_a_chunk_references_never_waits_for_one_that_waits_for_him() {
    support::on_each_server(async |server| {
        let db = shop(server, 20_000).await;
        // Three sessions whose messages lie beside each other, and are copied last.
        let chats = [1, 2, 3].map(|n| format!("00000000-0000-4000-8000-00000000000{n}"));
        for chat in &chats {
            db.sql(&format!(
                "INSERT INTO chat_sessions (id, user_id) SELECT '{chat}', user_id FROM chat_sessions LIMIT 1"
            ))
            .await;
        }
        let messages = format!(
            "INSERT INTO {TABLE} (session_id, user_id, content, created_at) \
             SELECT s.id, s.user_id, 'beside', (SELECT min(created_at) FROM {TABLE}) FROM chat_sessions s WHERE s.id IN ('{}') ORDER BY s.id",
            chats.join("', '")
        );
        db.sql(&messages).await;
        renamed_and_dead(&db).await;
        let id = migration(&db).await;
        let delete = |n: usize| format!("DELETE FROM chat_sessions WHERE id = '{}'", chats[n]);
        let (deleter, other) = (db.client().await, db.client().await);
        deleter.batch_execute(&format!("BEGIN; {}", delete(2))).await.unwrap();
        other.batch_execute(&format!("BEGIN; {}", delete(1))).await.unwrap();
        let waiting = "SELECT count(DISTINCT pid) FROM pg_locks WHERE NOT granted";
        let first = delete(0);
        let (filled, gone) = tokio::join!(run(&db, id, options(Until::Swapped, None)), async {
            // The chunk has locked the first, and asks for the second.
            while db.value(waiting).await == "0" {}
            let deleting = tokio::spawn(async move {
                deleter.batch_execute(&first).await?;
                deleter.batch_execute("COMMIT").await
            });
            while !deleting.is_finished() && db.value(waiting).await != "2" {}
            other.batch_execute("ROLLBACK").await.unwrap();
            deleting.await.unwrap()
        });
        gone.unwrap();
        filled.unwrap();
        assert_eq!(difference(&db, TABLE, OLD).await, "0");
        let left = format!("SELECT count(*) FROM {TABLE} WHERE content = 'beside'");
        assert_eq!(db.value(&left).await, "1");
    })
    .await;
}
