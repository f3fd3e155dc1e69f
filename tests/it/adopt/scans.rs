//! Under its lock the exchange reads no table and builds no index.

use quarterdeck::{
    engine::context::Until,
    model::{history::History, phase::Phase},
    ops::{
        swap::{Adoption, Later},
        widen,
    },
    pg::{Fence, journal, lock::Patience},
};

use super::{adopt, files};
use crate::{
    commands::tool::quiet_shop,
    online::{options, run},
    support::{self, Db},
};

/// Scans of a table so far. A session hands its counters in when it ends, so all of ours have to be gone, and the
/// server may take a moment to add them up.
async fn scans(db: &Db, table: &str) -> String {
    let ours = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'quarterdeck%' AND datname = current_database()";
    while db.value(ours).await != "0" {}
    let mut last = String::new();
    loop {
        let read = format!(
            "SELECT pg_sleep(0.6), seq_scan, seq_tup_read FROM pg_stat_all_tables WHERE relname = '{table}'"
        );
        let client = db.client().await;
        let now = client.simple_query(&read).await.unwrap();
        let now = format!("{now:?}");
        if now == last {
            return now;
        }
        last = now;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_scanned_and_nothing_built_under_the_lock() {
    support::on_each_server(async |server| {
        let db = quiet_shop(server, 50_000).await;
        let id = adopt(&db, "chat_messages", History::Range).await;
        run(&db, id, options(Until::Ready, None)).await.unwrap();
        let mut session = db.session().await;
        let scheme = journal::read::migration(&session, id).await.unwrap().scheme;
        let epoch = db.value("SELECT epoch FROM quarterdeck.fence").await.parse().unwrap();
        let fence = Fence::new(&scheme, epoch, String::new());
        let rows = journal::read::leaves(&session, id).await.unwrap();
        let leaves: Vec<_> = rows.into_iter().map(|row| row.leaf).collect();
        let bound = scheme.bound_of(&leaves).unwrap();
        let patience = Patience::default();
        let mut report = |_| ();
        widen::bound_on(&mut session, &fence, &scheme, bound, (patience, &mut report)).await.unwrap();
        widen::validate_bound(&session, &scheme).await.unwrap();
        db.sql(&format!("UPDATE quarterdeck.migration SET phase = '{}'", Phase::Adopting)).await;
        drop(session);
        // The index of the wider key becomes the primary key's; the old one goes.
        let wide = "SELECT pg_relation_filenode('public.chat_messages_pkey_wide'::regclass)";
        let wide = db.value(wide).await;
        let (before, mut filed) = (scans(&db, "chat_messages").await, files(&db, "chat_messages").await);
        filed.retain(|file| *file != wide);
        let mut session = db.session().await;
        let go = || Ok(());
        let adoption = Adoption { scheme: &scheme, leaves: &leaves, fence: &fence, patience, go: &go, later: Later::Refuse };
        let done = adoption.attach(&mut session, &mut report).await.unwrap();
        eprintln!("50,000 rows: held for {:?}", done.held);
        drop(session);
        assert_eq!(scans(&db, "chat_messages_history").await, before);
        assert_eq!(files(&db, "chat_messages_history").await, filed);
        let key = "SELECT pg_relation_filenode(indexrelid) FROM pg_index WHERE indrelid = 'chat_messages_history'::regclass AND indisprimary";
        assert_eq!(db.value(key).await, wide);
    })
    .await;
}
