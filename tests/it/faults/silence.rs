//! Connections that nobody has closed and nobody answers on.

use std::time::Instant;

use quarterdeck::{
    engine::{context::Until, event::Body, worker::End},
    model::phase::Phase,
    pg::Target,
};

use super::Run;
use crate::{
    commands::tool::{TABLE, Tool, quiet_shop},
    online::{Shop, launch},
    support::{
        proxy::{Fault, Proxy},
        server,
    },
};

/// The server holds the old session, its lock and maybe a transaction for as long as it pleases.
#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_connection_is_found_out_and_what_it_held_is_taken_back() {
    let shop = Shop::open(&server::all()[0], 20_000, 50).await;
    let proxy = Proxy::of(&shop.db).await;
    let id = launch(&shop.db, "chat_messages").await;
    let target = Target::parse(&proxy.conninfo(&shop.db)).unwrap();
    let mut run = Run::start(target, id, Until::Swapped).await;
    run.until(|body| matches!(body, Body::StepStarted { step } if step == "copy")).await;
    proxy.fail(Fault::Silent);
    let began = Instant::now();
    let lost = run.until(|body| matches!(body, Body::Reconnecting { .. })).await;
    eprintln!("found out after {:?}", began.elapsed());
    let Body::Reconnecting { reason, attempt: 1, .. } = lost else { panic!("{lost:?}") };
    assert!(reason.contains("no answer within"), "{reason}");
    let again = run.until(|body| matches!(body, Body::Owned { .. })).await;
    assert!(matches!(again, Body::Owned { epoch: 2, .. }), "{again:?}");
    assert_eq!(run.end().await.unwrap(), End::Reached(Phase::ReverseWindow));
    shop.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cut_again_and_again_it_goes_on_where_it_was() {
    let shop = Shop::open(&server::all()[0], 20_000, 50).await;
    let proxy = Proxy::of(&shop.db).await;
    let id = launch(&shop.db, "chat_messages").await;
    let target = Target::parse(&proxy.conninfo(&shop.db)).unwrap();
    let mut run = Run::start(target, id, Until::Swapped).await;
    for step in ["census", "copy", "verify"] {
        run.until(|body| matches!(body, Body::StepStarted { step: begun } if begun == step)).await;
        proxy.fail(Fault::Cut);
        run.until(|body| matches!(body, Body::Reconnecting { .. })).await;
        run.until(|body| matches!(body, Body::Owned { .. })).await;
    }
    assert_eq!(run.end().await.unwrap(), End::Reached(Phase::ReverseWindow));
    shop.close().await;
}

/// The network acknowledges what nobody reads: to the server the owner is connected for as long as it pleases.
#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_died_behind_a_network_that_acknowledges_is_replaced() {
    let db = quiet_shop(&server::all()[0], 20_000).await;
    let proxy = Proxy::of(&db).await;
    let mut old = Tool::to(proxy.conninfo(&db)).start(&["run", TABLE]);
    old.until_that(|event| event["event"] == "step_started" && event["step"] == "copy").await;
    proxy.fail(Fault::Silent);
    assert!(old.kill().await);
    let lock = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objsubid = 1 \
                AND database = (SELECT oid FROM pg_database WHERE datname = current_database())";
    assert_eq!(db.value(lock).await, "1");
    let tool = Tool::on(&db);
    // It watches, and takes over when it hears nothing: nobody has to ask for it.
    let began = Instant::now();
    let ended = tool.start(&["run", TABLE]).end().await;
    ended.closed("ready", 0);
    eprintln!("gone on with after {:?}", began.elapsed());
    assert!(ended.events.iter().any(|event| event["event"] == "owned" && event["epoch"] == 2));
}
