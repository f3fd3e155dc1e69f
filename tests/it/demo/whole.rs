//! The demo as a whole, up to where a conversion can begin, and its end.

use std::sync::Mutex;

use quarterdeck::{
    demo::{Afterwards, Demo, Options, programs},
    pg::Session,
};

fn options(afterwards: Afterwards) -> Options {
    let pg_bin = Some(programs::find(None).unwrap().bin().to_owned());
    Options { rows: 3_000, tps: 300, seed: 2, pg_bin, afterwards }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_demo_is_busy_and_right_and_gone_after_it() {
    let said = Mutex::new(Vec::new());
    let progress = |line: &str| said.lock().unwrap().push(line.to_owned());
    let mut demo = Demo::start(&options(Afterwards::Remove), &progress).await.unwrap();
    let said = said.lock().unwrap().join("\n");
    for word in ["starting PostgreSQL", "3000 of 3000", "at work: 300 transactions"] {
        assert!(said.contains(word), "{word}: {said}");
    }
    let session = Session::open(demo.target(), "test").await.unwrap();
    let rows = "SELECT count(*) FROM ".to_owned() + &Demo::table().to_string();
    assert!(session.query_one("count", &rows, &[]).await.unwrap().get::<_, i64>(0) > 2_000);
    while demo.tally().transactions < 100 {
        assert_eq!(demo.difference().await.unwrap(), 0, "beside the traffic");
    }
    let tally = demo.stop_traffic().await;
    assert_eq!(tally.failed, Vec::<String>::new());
    assert_eq!(demo.difference().await.unwrap(), 0);
    assert_eq!(demo.tally().transactions, tally.transactions, "the account stays");
    assert_eq!(demo.finish().await.unwrap(), None);
    assert_eq!(demo.finish().await.unwrap(), None, "a second time does nothing");
    assert!(demo.difference().await.is_err(), "the server is gone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_demo_says_how_to_reach_and_to_stop_it() {
    let mut demo = Demo::start(&options(Afterwards::Keep), &|_| ()).await.unwrap();
    let kept = demo.finish().await.unwrap().unwrap();
    assert_eq!(demo.finish().await.unwrap(), None);
    drop(demo);
    let (client, connection) = tokio_postgres::connect(&kept.conninfo, tokio_postgres::NoTls).await.unwrap();
    let connection = tokio::spawn(connection);
    let apps = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'chat-app%'";
    // The server may need a moment to see that they have closed their connections.
    let gone = async { while client.query_one(apps, &[]).await.unwrap().get::<_, i64>(0) > 0 {} };
    tokio::time::timeout(std::time::Duration::from_secs(30), gone).await.expect("only the server stays");
    let stop = std::process::Command::new("sh").args(["-c", &kept.how_to_stop]).status().unwrap();
    assert!(stop.success());
    drop(connection.await);
    assert!(client.is_closed());
}
