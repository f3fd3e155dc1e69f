//! The network, the machine and the server fail: what was lost is found out, what was decided elsewhere is not undone, and
//! every row is there in the end.

mod asleep;
mod chaos;
mod disk;
mod failover;
mod pressure;
mod silence;

use quarterdeck::{
    engine::{
        context::{Options, Until},
        event::Body,
        launch,
        link::Link,
        worker::{self, End},
    },
    pg::{Session, Target},
};
use tokio::task::JoinHandle;
use uuid::Uuid;

use crate::online::options;

/// A worker, with what it says.
struct Run {
    link: Link,
    end: JoinHandle<quarterdeck::Result<End>>,
}

impl Run {
    async fn start(target: Target, id: Uuid, until: Until) -> Self {
        let session = Session::open(&target, "test").await.unwrap();
        let picture = launch::first_picture(&session, id).await.unwrap();
        let options = Options { asker: options(until, None).asker, ..options(until, None) };
        let worker = worker::start(target, id, options, picture);
        Self { link: worker.link, end: worker.end }
    }

    /// The next event that is like this.
    async fn until(&mut self, like: impl Fn(&Body) -> bool) -> Body {
        while let Some(event) = self.link.events.recv().await {
            eprintln!("{} {:?}", event.seq, event.body);
            if like(&event.body) {
                return event.body;
            }
        }
        panic!("it ended without it");
    }

    /// How it ended.
    async fn end(mut self) -> quarterdeck::Result<End> {
        while let Some(event) = self.link.events.recv().await {
            eprintln!("{} {:?}", event.seq, event.body);
        }
        self.end.await.unwrap()
    }
}
