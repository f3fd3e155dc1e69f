//! Connecting: each way it fails has its own remedy, and TLS means what `sslmode` says.

mod secure;

use std::{
    io::{Read, Write},
    net::TcpListener,
};

use quarterdeck::{error::Error, pg::Target};

use crate::support;

/// Connects, which must fail, and returns the message and the remedy.
async fn failure(conn: &str) -> (String, String) {
    let error = Target::parse(conn).unwrap().open("test").await.expect_err(conn);
    assert!(matches!(error, Error::Connect { .. }), "{error:?}");
    assert_eq!(error.exit_code(), 1);
    (error.to_string(), error.hint().unwrap())
}

async fn fails_with(conn: &str, message: &str, remedy: &str) {
    let (said, hint) = failure(conn).await;
    assert!(said.contains(message), "{conn}: {said}");
    assert!(hint.contains(remedy), "{conn}: {said}: {hint}");
}

#[tokio::test(flavor = "multi_thread")]
async fn each_failure_of_the_server_has_its_remedy() {
    support::on_each_server(async |server| {
        let db = server.database("failures").await;
        db.sql(&format!(
            "DROP ROLE IF EXISTS nobody_in, crowded;
             CREATE ROLE nobody_in LOGIN PASSWORD 'p';
             CREATE ROLE crowded LOGIN PASSWORD 'p' CONNECTION LIMIT 0;
             REVOKE CONNECT ON DATABASE \"{}\" FROM PUBLIC;
             GRANT CONNECT ON DATABASE \"{0}\" TO crowded",
            db.name()
        ))
        .await;
        let good = db.conninfo();
        fails_with(&db.conninfo_as("postgres", "wrong"), "[28P01]", "PGPASSWORD").await;
        fails_with(&db.conninfo_as("postgres", "''"), "password missing", "PGPASSWORD").await;
        fails_with(&db.conninfo_as("stranger", "p"), "[28P01]", "PGPASSWORD").await;
        fails_with(&format!("{good} dbname=no_such"), "[3D000]", "PGDATABASE").await;
        fails_with(&db.conninfo_as("nobody_in", "p"), "[42501]", "GRANT CONNECT").await;
        fails_with(&db.conninfo_as("crowded", "p"), "[53300]", "max_connections").await;
        fails_with(&format!("{good} sslmode=require"), "does not support TLS", "turn ssl on").await;
        fails_with(&format!("{good} host=/nonexistent"), "No such file", "no server socket").await;
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_starting_up_is_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    // No real server stays in this state for a test's sake: this one says the protocol's words.
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut buffer = [0; 1024];
        assert!(stream.read(&mut buffer).unwrap() > 0);
        let fields = b"SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0";
        let length = u32::try_from(fields.len() + 4).unwrap();
        stream.write_all(&[b"E".as_slice(), &length.to_be_bytes(), fields].concat()).unwrap();
    });
    let conn = format!("host=127.0.0.1 port={port} user=a sslmode=disable");
    fails_with(&conn, "starting up [57P03]", "wait until the server is up").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_server_of_a_list_is_tried() {
    let db = support::database("list").await;
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let live = db.target().port();
    let list = format!("{} host=127.0.0.1,127.0.0.1 port={dead},{live}", db.conninfo());
    Target::parse(&list).unwrap().open("test").await.unwrap();
    let both_dead = format!("{} host=127.0.0.1,127.0.0.1 port={dead}", db.conninfo());
    let (said, _) = failure(&both_dead).await;
    assert_eq!(said.matches("refused").count(), 2, "{said}");
    let wrong = format!("{list} port={live},{dead} password=wrong");
    let (said, _) = failure(&wrong).await;
    assert!(!said.contains("refused"), "a wrong password ends the search: {said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_users_application_name_stands_behind_ours() {
    let db = support::database("names").await;
    let target = Target::parse(&format!("{} application_name=nightly", db.conninfo())).unwrap();
    let client = target.open("quarterdeck copy 2").await.unwrap();
    let name: String = client.query_one("SHOW application_name", &[]).await.unwrap().get(0);
    assert_eq!(name, "quarterdeck copy 2 (nightly)");
}
