//! What was confirmed is what is done, and to the table that was looked at.

use quarterdeck::{
    engine::{
        ids,
        maintain::{self, Deed, Done, Wish},
    },
    error::{Error, Result},
    model::{
        ident::Ident,
        maintenance::{Age, Keep, OnExpiry, Task},
        period::Every,
    },
    pg::{Session, lock::Patience},
};

use tokio_util::sync::CancellationToken;

use crate::support::{Db, on_each_server};

/// Three old partitions, and one of a hundred years, of a table of this name.
async fn table(db: &Db, name: &str) {
    let part = |suffix: &str, from: u32, to: u32| {
        format!(
            "CREATE TABLE {name}_{suffix} PARTITION OF {name} FOR VALUES FROM ('{from}-01-01') TO ('{to}-01-01');"
        )
    };
    let parts = [("1", 2001, 2002), ("2", 2002, 2003), ("3", 2003, 2004), ("now", 2004, 2100)];
    let parts: String = parts.map(|(suffix, from, to)| part(suffix, from, to)).concat();
    db.sql(&format!(
        "CREATE TABLE {name} (id int, at date NOT NULL) PARTITION BY RANGE (at); {parts}
         INSERT INTO {name} SELECT i, date '2001-05-05' + i % 3 * 365 FROM generate_series(1, 30) i"
    ))
    .await;
}

fn wish(years: u32) -> Wish {
    let keep = Keep { premake: 0, retain: Some(Age::Months(12 * years)), on_expiry: OnExpiry::Drop };
    let patience = Patience { budget: std::time::Duration::from_millis(800), ..Patience::default() };
    Wish { every: Some(Every::Year), patience, ..Wish::of("m".into(), keep) }
}

async fn maintain(session: &mut Session, wish: &Wish) -> Result<Done> {
    Box::pin(maintain::maintain(session, wish, &|| false, &mut |_| {})).await
}

const COUNTS: &str = "SELECT (SELECT count(*) FROM m), (SELECT count(*) FROM other)";
const SWAP: &str =
    "BEGIN; ALTER TABLE m RENAME TO c; ALTER TABLE other RENAME TO m; ALTER TABLE c RENAME TO other; COMMIT";

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_means_another_table_is_refused() {
    on_each_server(async |server| {
        let db = server.database("confirmed_names").await;
        table(&db, "m").await;
        table(&db, "other").await;
        let mut session = Session::open(&db.target(), "test").await.unwrap();
        let mut wish = wish(5);
        wish.oid = Some(Box::pin(maintain::look(&mut session, &wish)).await.unwrap().oid);
        db.sql(SWAP).await;
        let error = maintain(&mut session, &wish).await.unwrap_err();
        assert!(error.to_string().contains("QD-166"), "{error}");
        assert!(Box::pin(maintain::look(&mut session, &wish)).await.is_err());
        assert_eq!(db.value(COUNTS).await, "30|30");
        // While it runs, whatever was said.
        wish.oid = None;
        let swaps = std::sync::atomic::AtomicU32::new(0);
        let (target, here) = (db.target(), tokio::runtime::Handle::current());
        let stop = || {
            if swaps.fetch_add(1, std::sync::atomic::Ordering::Relaxed) == 1 {
                let swap = async {
                    Session::open(&target, "somebody")
                        .await
                        .unwrap()
                        .batch("swap", &public(SWAP))
                        .await
                        .unwrap();
                };
                tokio::task::block_in_place(|| here.block_on(swap));
            }
            false
        };
        let error = Box::pin(maintain::maintain(&mut session, &wish, &stop, &mut |_| {})).await.unwrap_err();
        assert!(error.to_string().contains("QD-166"), "{error}");
        // One of the one is gone, or half gone; of the other nothing.
        assert_eq!(db.value("SELECT count(*) FROM m").await, "30");
        assert_eq!(db.value("SELECT count(*) FROM other").await, "20");
    })
    .await;
}

/// For a session that looks nowhere.
fn public(sql: &str) -> String {
    format!("SET search_path = public; {sql}")
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_was_confirmed_goes() {
    on_each_server(async |server| {
        let db = server.database("confirmed_only").await;
        table(&db, "m").await;
        let mut session = Session::open(&db.target(), "test").await.unwrap();
        let found = Box::pin(maintain::look(&mut session, &wish(5))).await.unwrap();
        let expire: Vec<_> =
            found.due.iter().filter(|task| matches!(task, Task::Expire(_))).cloned().collect();
        assert_eq!(expire.len(), 3);
        let confirmed = Wish { only: Some(expire[..1].to_vec()), ..wish(5) };
        let done = maintain(&mut session, &confirmed).await.unwrap();
        // Detached, and dropped; the others are due still.
        assert!(done.failed.is_empty(), "{:?}", done.failed);
        assert!(matches!(done.deeds[..], [Deed::Detached(_), Deed::Dropped(_)]), "{:?}", done.deeds);
        assert_eq!(done.found.due, expire[1..]);
        assert_eq!(db.value("SELECT count(*) FROM m").await, "20");
        assert_eq!(
            db.value("SELECT to_regclass('m_1'), to_regclass('m_2'), to_regclass('m_3')").await,
            "-|m_2|m_3"
        );
        // One that came later is not done either.
        db.sql("CREATE TABLE m_0 PARTITION OF m FOR VALUES FROM ('2000-01-01') TO ('2001-01-01')").await;
        let confirmed = Wish { only: Some(done.found.due), ..wish(5) };
        let done = maintain(&mut session, &confirmed).await.unwrap();
        assert!(matches!(&done.found.due[..], [Task::Expire(part)] if part.name.as_str() == "m_0"));
        assert_eq!(db.value("SELECT count(*) FROM m").await, "0");
        assert!(
            maintain(&mut session, &Wish { only: Some(Vec::new()), ..wish(5) })
                .await
                .unwrap()
                .deeds
                .is_empty()
        );
    })
    .await;
}

/// Who is stopped does not go on trying until its attempts are spent.
#[tokio::test(flavor = "multi_thread")]
async fn it_is_stopped_between_two_attempts_at_a_lock() {
    on_each_server(async |server| {
        let db = server.database("confirmed_stopped").await;
        db.sql("CREATE TABLE m (id uuid NOT NULL, at date NOT NULL) PARTITION BY RANGE (at);
                CREATE TABLE m_1 PARTITION OF m FOR VALUES FROM ('2001-01-01') TO ('2002-01-01'); CREATE TABLE m_d PARTITION OF m DEFAULT").await;
        let somebody = db.client().await;
        somebody.batch_execute("BEGIN; LOCK TABLE m IN SHARE MODE").await.unwrap();
        let stop = CancellationToken::new();
        let mut session = Session::open(&db.target(), "test").await.unwrap();
        session.stop_with(stop.clone());
        let mut attempts = 0;
        let mut heard = |_| {
            attempts += 1;
            stop.cancel();
        };
        let wish = Wish { keep: Keep { premake: 3, retain: None, on_expiry: OnExpiry::Detach }, ..wish(5) };
        let said = Box::pin(maintain::maintain(&mut session, &wish, &|| false, &mut heard)).await.unwrap();
        assert!(said.deeds.is_empty() && said.failed.is_empty() && !said.found.due.is_empty(), "{said:?}");
        assert_eq!(attempts, 1);
        let stop = CancellationToken::new();
        session.stop_with(stop.clone());
        let mut heard = |_| stop.cancel();
        let install = ids::Install { schema: Ident::new("public"), default_of: Some(("m".into(), Some("id".into()))) };
        let error = Box::pin(ids::install(&mut session, &install, wish.patience, &mut heard)).await.unwrap_err();
        assert!(matches!(error, Error::Stopped { .. }), "{error}");
        // Who has another token goes on.
        somebody.batch_execute("COMMIT").await.unwrap();
        session.stop_with(CancellationToken::new());
        let done = maintain(&mut session, &wish).await.unwrap();
        assert_eq!((done.deeds.len(), done.found.due.len()), (4, 0), "{done:?}");
    })
    .await;
}
