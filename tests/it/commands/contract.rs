//! What scripts rely on where nothing can be done: exit codes, one line of error with its remedy, the last line of
//! an event stream. None of it touches the table.

use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    online::launch,
    support::{self, schema::schema_dump, server},
};

#[tokio::test(flavor = "multi_thread")]
async fn a_table_that_is_not_there_is_refused_with_its_remedy() {
    let db = support::database("commands").await;
    let tool = Tool::on(&db);
    for words in [&["run", "no_such_table"][..], &["plan", "no_such_table"]] {
        tool.run(words).await.failed(3, "no_such_table");
    }
    for command in ["pause", "resume", "verify", "repair", "report"] {
        tool.run(&[command, "no_such_table"]).await.failed(3, "there is no migration of it");
    }
    for command in ["swap", "reverse", "abort", "finish"] {
        let words = [command, "no_such_table", "--yes", "no_such_table"];
        tool.run(&words).await.failed(3, "there is no migration of it");
    }
    let ended = tool.start(&["run", "no_such_table"]).end().await;
    ended.closed("refused", 3);
    assert!(ended.has("failed"), "{ended:?}");
    assert_eq!(tool.done(&["status", "--json"]).await.trim(), "[]");
    assert_eq!(db.value("SELECT to_regnamespace('quarterdeck')").await, "-", "nothing was made");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_is_not_repeated_is_a_usage_error() {
    let db = quiet_shop(&server::all()[0], 1_000).await;
    let (tool, before) = (Tool::on(&db), schema_dump(&db, "public.chat_messages").await);
    launch(&db, TABLE).await;
    for command in ["swap", "reverse", "abort", "finish"] {
        tool.run(&[command, TABLE]).await.failed(2, "--yes");
        tool.run(&[command, TABLE, "--yes", "chat_sessions"]).await.failed(2, "chat_sessions");
    }
    for until in ["swapped", "finished"] {
        tool.run(&["run", TABLE, "--until", until]).await.failed(2, "past the swap");
        let words = ["run", TABLE, "--until", until, "--yes", "chat_sessions"];
        tool.run(&words).await.failed(2, "chat_sessions");
    }
    assert_eq!(tool.status().await["migration"]["phase"], "planned");
    assert_eq!(schema_dump(&db, "public.chat_messages").await, before);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_cannot_be_reached_ends_with_one_and_says_what_to_try() {
    let db = support::database("commands").await;
    let wrong = db.conninfo_as("postgres", "wrong-secret");
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let gone = format!("host=127.0.0.1 port={port} user=postgres dbname=shop");
    for (conn, part) in [(&wrong, "password"), (&gone, "cannot connect to 127.0.0.1")] {
        for words in [&["run", TABLE][..], &["status"], &["verify", TABLE], &["plan", TABLE]] {
            let said = Tool::new().run(&[words, &["--conn", conn]].concat()).await;
            said.failed(1, part);
            assert!(!said.err.contains("wrong-secret"), "{}", said.err);
        }
        let ended = Tool::new().start(&["run", TABLE, "--conn", conn]).end().await;
        ended.closed("failed", 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn another_plan_than_the_journals_is_refused() {
    let db = quiet_shop(&server::all()[0], 1_000).await;
    let tool = Tool::on(&db);
    launch(&db, TABLE).await;
    for (words, flag) in [
        (["--every", "month"], "--every differs"),
        (["--ahead", "5"], "--ahead differs"),
        (["--by", "edited_at"], "--by differs"),
    ] {
        let said = tool.run(&[&["run", TABLE][..], &words].concat()).await;
        said.failed(3, flag);
    }
    tool.start(&["run", TABLE, "--every", "month"]).end().await.closed("refused", 3);
    assert_eq!(tool.status().await["migration"]["phase"], "planned");
    tool.start(&["run", TABLE, "--every", "quarter", "--ahead", "2"]).end().await.closed("ready", 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_newer_programs_journal_is_left_alone() {
    let db = quiet_shop(&server::all()[0], 1_000).await;
    let tool = Tool::on(&db);
    launch(&db, TABLE).await;
    db.sql("INSERT INTO quarterdeck.version VALUES (99)").await;
    let words: [&[&str]; 6] = [
        &["run", TABLE],
        &["status", "--json"],
        &["pause", TABLE],
        &["abort", TABLE, "--yes", TABLE],
        &["report", TABLE],
        &["run", "users"],
    ];
    for words in words {
        tool.run(words).await.failed(3, "of version 99");
    }
    tool.start(&["run", TABLE]).end().await.closed("refused", 3);
}
