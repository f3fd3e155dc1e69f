//! The online conversion, driven through the engine as the command line drives it.

use std::time::Duration;

use quarterdeck::{
    engine::{
        command::{Asker, Command},
        context::{Options, Until},
        event::Body,
        launch,
        worker::{self, End},
    },
    model::{period::Every, plan::Request},
    pg::owner::Claim,
};
use uuid::Uuid;

use crate::support::{self, Db};

pub(crate) fn request(table: &str) -> Request {
    Request { table: table.into(), by: None, every: Every::Quarter, ahead: 2, default_leaf: true }
}

pub(crate) fn options(until: Until, first: Option<Command>) -> Options {
    Options {
        until,
        first,
        asker: Asker { role: "postgres".into(), from: "test@here".into(), face: "test".into() },
        claim: Claim::IfFree,
        workers: None,
        lock_budget: Duration::from_millis(100),
        verify_max_age: Duration::from_hours(1),
    }
}

/// Journals a migration of `table`.
pub(crate) async fn launch(db: &Db, table: &str) -> Uuid {
    let session = db.session().await;
    let (scheme, _warnings) = launch::examine(&session, &request(table)).await.unwrap();
    launch::journal(&db.target(), &scheme, 2).await.unwrap();
    scheme.id
}

/// Runs a worker to its end; what it said is printed where it fails.
pub(crate) async fn run(db: &Db, migration: Uuid, options: Options) -> quarterdeck::Result<End> {
    let session = db.session().await;
    let picture = launch::first_picture(&session, migration).await.unwrap();
    let mut worker = worker::start(db.target(), migration, options, picture);
    while let Some(event) = worker.link.events.recv().await {
        eprintln!("{} {:?}", event.seq, event.body);
        if matches!(event.body, Body::Closed { .. }) {
            break;
        }
    }
    worker.end.await.unwrap()
}

const TABLE: &str = "
CREATE TABLE chat_messages (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), session_id uuid NOT NULL, content text,
                            price numeric(10,4), created_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX chat_messages_session ON chat_messages (session_id, created_at);
INSERT INTO chat_messages (session_id, content, price, created_at)
SELECT gen_random_uuid(), repeat('x', n % 90), n / 7.0, '2024-01-01'::timestamptz + n * interval '20 minutes'
FROM generate_series(1, 30000) n;
ANALYZE chat_messages;";

#[tokio::test(flavor = "multi_thread")]
async fn a_quiet_table_becomes_ready() {
    support::on_each_server(async |server| {
        let db = server.database("quiet").await;
        db.sql(TABLE).await;
        let id = launch(&db, "chat_messages").await;
        let end = run(&db, id, options(Until::Ready, None)).await.unwrap();
        assert_eq!(end, End::Reached(quarterdeck::model::phase::Phase::Ready));
        let difference = "SELECT count(*) FROM ((TABLE chat_messages EXCEPT TABLE chat_messages_twin) \
                          UNION ALL (TABLE chat_messages_twin EXCEPT TABLE chat_messages)) d";
        assert_eq!(db.value(difference).await, "0");
    })
    .await;
}
