//! Signals that slow or hold the work: each is made to, on a real server, and lets go again.

mod copying;
mod server;
mod sessions;

use std::{sync::Arc, time::Duration};

use quarterdeck::{
    engine::{
        command::{Asked, Command},
        context::Until,
        launch as engine_launch,
        link::Link,
        plan::plan,
        status::{Signal, SignalState, Status},
        worker,
    },
    model::{phase::Phase, plan::Request, throttle::Limits},
    pg::Target,
};

use crate::{
    online::options,
    support::{Db, server::Server},
};

/// Longer than any signal takes to come or to go.
const PATIENCE: Duration = Duration::from_mins(3);

/// An owner that waits for words, and its ends of the channels.
struct Owner {
    link: Link,
    drained: tokio::task::JoinHandle<()>,
}

/// A small table, and an owner at *ready* that watches no signal.
async fn ready(server: &'static Server) -> (Db, Owner) {
    let db = table(server, 100).await;
    let id = launched(&db.target()).await;
    let mut owner = Owner::of(db.target(), id).await;
    owner.until(|status| status.migration.phase == Phase::Ready).await;
    (db, owner)
}

/// A table of so many rows of this year and the last.
async fn table(server: &'static Server, rows: u32) -> Db {
    let db = server.database("throttle").await;
    db.sql(&format!(
        "CREATE TABLE t (id int PRIMARY KEY, created_at timestamptz NOT NULL DEFAULT now(), body text);
         INSERT INTO t SELECT n, now() - n % 300 * interval '1 day', repeat('x', 200) FROM generate_series(1, {rows}) n"
    ))
    .await;
    db
}

/// Journals a migration of the table, as a role.
async fn launched(target: &Target) -> uuid::Uuid {
    let session = quarterdeck::pg::Session::open(target, "test").await.unwrap();
    let scheme = plan(&session, &Request::of("t")).await.unwrap().scheme;
    engine_launch::journal(target, &scheme, 2, &Limits::default()).await.unwrap();
    scheme.id
}

impl Owner {
    async fn of(target: Target, id: uuid::Uuid) -> Self {
        let session = quarterdeck::pg::Session::open(&target, "test").await.unwrap();
        let picture = engine_launch::first_picture(&session, id).await.unwrap();
        let worker = worker::start(target, id, options(Until::Told, None), picture);
        let Link { source, past, status, mut events, commands } = worker.link;
        let drained = tokio::spawn(async move { while events.recv().await.is_some() {} });
        let (_, none) = tokio::sync::mpsc::channel(1);
        Self { link: Link { source, past, status, events: none, commands }, drained }
    }

    /// Waits for a picture.
    async fn until(&mut self, holds: impl Fn(&Status) -> bool) -> Arc<Status> {
        let mut status = self.link.status.clone();
        let found = tokio::time::timeout(PATIENCE, status.wait_for(|status| holds(status))).await;
        let Ok(found) = found else {
            let Status { migration, throttle, lanes, rows, last_error, .. } = &**self.link.status.borrow();
            panic!(
                "it never came to it: {:?} {throttle:#?} {lanes:?} {rows:?} {last_error:?}",
                migration.phase
            )
        };
        found.expect("the owner lives").clone()
    }

    /// Changes a limit, and waits for nothing.
    async fn tune(&self, setting: &str) {
        self.order(Command::Tune { settings: vec![setting.parse().unwrap()], workers: None }).await;
    }

    async fn order(&self, command: Command) {
        let by = options(Until::Told, None).asker;
        self.link.commands.send(Asked { command, by }).await.unwrap();
    }

    /// Waits until a signal is so; what it says then.
    async fn is(&mut self, signal: &str, state: SignalState) -> String {
        let one = |status: &Status| -> Option<Signal> {
            status.throttle.iter().find(|one| one.signal == signal && one.state == state).cloned()
        };
        let status = self.until(|status| one(status).is_some()).await;
        one(&status).map(|one| one.detail).unwrap_or_default()
    }

    /// Waits until a signal says this.
    async fn says(&mut self, signal: &str, detail: &str) {
        self.until(|status| {
            status.throttle.iter().any(|one| one.signal == signal && one.detail.contains(detail))
        })
        .await;
    }

    async fn leave(self) {
        self.order(Command::Stop).await;
        self.drained.await.unwrap();
    }
}
