//! The primary dies, and a standby that heard of everything, of a part, or of nothing takes its place.

use std::process::Command;

use quarterdeck::{
    demo::{
        oracle,
        traffic::{self, Traffic},
    },
    engine::{context::Until, event::Body, worker::End},
    model::phase::Phase,
    pg::{Session, Target},
};

use super::Run;
use crate::{
    online::{Shop, launch},
    support::{server, standby::Standby},
};

/// What the standby never heard of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Lost {
    /// Nothing that was acknowledged with `synchronous_commit = on`.
    Nothing,
    /// Everything since the first chunk.
    Work,
    /// Everything since the migration was journalled: it does not know its owner.
    All,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_standby_that_heard_of_everything_is_gone_on_with() {
    failover(Lost::Nothing).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_promoted_standby_that_lost_the_last_transactions_is_gone_on_with() {
    failover(Lost::Work).await;
    failover(Lost::All).await;
}

async fn failover(lost: Lost) {
    let server = server::all()[0].another();
    let standby = Standby::of(server, "standby_b").await;
    let shop = Shop::open(server, 20_000, 100).await;
    let name = shop.db.name().to_owned();
    let id = launch(&shop.db, "chat_messages").await;
    caught_up(&shop, "SELECT pg_current_wal_lsn()").await;
    if lost == Lost::Nothing {
        shop.db.sql("ALTER SYSTEM SET synchronous_standby_names = '*'").await;
        shop.db.sql("SELECT pg_reload_conf()").await;
    }
    let receiver = receiver(&standby).await;
    if lost == Lost::All {
        deaf(&receiver, &shop).await;
    }
    let primary = server.cluster().await.port();
    let both = format!(
        "{} host=127.0.0.1,127.0.0.1 port={primary},{} target_session_attrs=read-write",
        shop.db.conninfo(),
        standby.port()
    );
    let mut run = Run::start(Target::parse(&both).unwrap(), id, Until::Swapped).await;
    run.until(|body| matches!(body, Body::LeafSealed { .. })).await;
    if lost == Lost::Work {
        deaf(&receiver, &shop).await;
        run.until(|body| matches!(body, Body::Phase { to: Phase::Verifying, .. })).await;
    }
    let died = shop.db.value("SELECT pg_current_wal_lsn()").await;
    let data = server.cluster().await.folder().join("data/postmaster.pid");
    let postmaster = std::fs::read_to_string(data).unwrap().lines().next().unwrap().to_owned();
    kill("-KILL", &postmaster);
    if lost != Lost::Nothing {
        // One that is awake has heard of the end, and may have ended with it.
        kill("-CONT", &receiver);
    }
    run.until(|body| matches!(body, Body::Reconnecting { .. })).await;
    standby.promote().await;
    let there = standby.client(&name).await;
    let behind = format!("SELECT pg_last_wal_receive_lsn() < '{died}'::pg_lsn");
    let behind: Option<bool> = there.query_one(&behind, &[]).await.unwrap().get(0);
    if lost != Lost::Nothing {
        assert_eq!(behind, Some(true), "the standby never heard of the last transactions");
    }
    // The application goes on, too, and may have lost what nobody promised it.
    drop(shop.traffic.stop().await);
    let app = format!("{} user=app_{name} password=secret", standby.conninfo(&name));
    let options = traffic::Options { tps: 100, workers: 4, seed: 9, transactions: None };
    let traffic = Traffic::start(&Target::parse(&app).unwrap(), &options).await.unwrap();
    assert_eq!(run.end().await.unwrap(), End::Reached(Phase::ReverseWindow));
    assert_eq!(traffic.stop().await.failed, Vec::<String>::new());
    let session = Session::open(&Target::parse(&standby.conninfo(&name)).unwrap(), "test").await.unwrap();
    assert_eq!(oracle::difference(&session).await.unwrap(), 0);
    let kind =
        there.query_one("SELECT relkind::text FROM pg_class WHERE oid = 'chat_messages'::regclass", &[]);
    assert_eq!(kind.await.unwrap().get::<_, String>(0), "p");
}

/// Waits until the standby has replayed what there is now.
async fn caught_up(shop: &Shop, position: &str) {
    let now = shop.db.value(position).await;
    let there = format!("SELECT coalesce(bool_and(replay_lsn >= '{now}'), false) FROM pg_stat_replication");
    while shop.db.value(&there).await != "t" {}
}

async fn receiver(standby: &Standby) -> String {
    let client = standby.client("postgres").await;
    let row = client.query_one("SELECT pid FROM pg_stat_wal_receiver", &[]).await.unwrap();
    row.get::<_, i32>(0).to_string()
}

/// The standby hears nothing from now on, and what is under way to it is full.
async fn deaf(receiver: &str, shop: &Shop) {
    kill("-STOP", receiver);
    let fill = "SELECT count(pg_logical_emit_message(false, 'test', repeat('x', 1024))) FROM generate_series(1, 60000)";
    shop.db.value(fill).await;
}

fn kill(signal: &str, pid: &str) {
    assert!(Command::new("kill").args([signal, pid]).status().unwrap().success());
}
