//! A watcher: the same link as a worker's, fed from the journal. Its commands become rows that the owner reads.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use tokio::sync::{mpsc, watch};
use uuid::Uuid;

use crate::{
    engine::{
        board::Board,
        command::Asked,
        context::Standing,
        event::Event,
        link::{COMMANDS, EVENTS, Link, Past, Source},
        live::Broadcast,
        picture,
        status::{Owner, Rows, Status},
    },
    error::{Error, Result},
    model::diff::Diff,
    pg::{Session, Target, journal, journal::mail, measure},
};

/// How often the journal is read.
const EVERY: Duration = Duration::from_millis(500);

/// The picture of a migration as the journal and the server have it now.
pub async fn picture(session: &Session, migration: Uuid) -> Result<Status> {
    paint(session, migration, &mut Board::default()).await
}

/// The picture, on a board that may be known from the last one: chunks that are all done do not change any more.
async fn paint(session: &Session, migration: Uuid, board: &mut Board) -> Result<Status> {
    let row = journal::read::migration(session, migration).await?;
    board.leaves = journal::read::leaves(session, migration).await?;
    if board.chunks.is_empty() || !board.is_copied() {
        board.chunks = journal::read::chunks(session, migration).await?;
    }
    board.refresh_states();
    let owner = journal::read::owner(session, migration).await?;
    let live = owner
        .as_ref()
        .and_then(|owner| owner.live.clone())
        .filter(|_| owner.as_ref().is_some_and(|o| o.alive));
    let live: Broadcast = live.and_then(|live| serde_json::from_value(live).ok()).unwrap_or_default();
    let log = measure::log(session, &row.scheme, &[]).await?;
    let sizes = measure::leaves(session, &row.scheme, &board.leaf_list()).await?;
    let diffs: Vec<Diff> = journal::read::diffs(session, migration)
        .await?
        .into_iter()
        .filter_map(|d| serde_json::from_value(d).ok())
        .collect();
    Ok(picture::compose(picture::Parts {
        now: Utc::now(),
        scheme: &row.scheme,
        standing: &Standing::from(&row),
        board,
        owner: owner.map(|owner| Owner {
            ours: owner.alive
                && owner.pid == i64::from(std::process::id())
                && owner.host == crate::pg::owner::host(),
            host: owner.host,
            pid: owner.pid,
            since: owner.since,
            alive: owner.alive,
        }),
        live: &live,
        log: Rows {
            log_pending: log.rows,
            log_bytes: log.bytes,
            log_oldest_s: log.oldest_s,
            ..Rows::default()
        },
        diffs: Arc::new(diffs),
        duplicate_keys: journal::read::duplicate_keys(session, migration).await?,
        sizes: &sizes,
    }))
}

/// Follows a migration that another process owns, or none, until the face goes away: with what happens after the event of
/// number `after`.
pub async fn watch(target: &Target, migration: Uuid, after: i64) -> Result<Link> {
    let session = Session::open(target, "watch").await?;
    let mut board = Board::default();
    let first = paint(&session, migration, &mut board).await?;
    let (status, status_out) = watch::channel(Arc::new(first));
    let (events, events_out) = mpsc::channel(EVENTS);
    let (commands, inbox) = mpsc::channel(COMMANDS);
    let watcher = Watcher { target: target.clone(), migration, session, board, after, status, events };
    tokio::spawn(watcher.run(inbox));
    let (source, past) = (Source::Journal, Past::default());
    Ok(Link { source, past, status: status_out, events: events_out, commands })
}

struct Watcher {
    target: Target,
    migration: Uuid,
    session: Session,
    board: Board,
    after: i64,
    status: watch::Sender<Arc<Status>>,
    events: mpsc::Sender<Event>,
}

impl Watcher {
    async fn run(mut self, mut inbox: mpsc::Receiver<Asked>) {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while !self.status.is_closed() {
            let result = tokio::select! {
                _ = tick.tick() => self.look().await,
                asked = inbox.recv() => match asked {
                    Some(asked) => self.send(&asked).await,
                    None => return,
                },
            };
            if let Err(error) = result {
                tracing::warn!(%error, "watcher");
                self.reconnect(&error).await;
            }
        }
    }

    async fn look(&mut self) -> Result<()> {
        let room = i64::try_from(self.events.capacity()).unwrap_or(i64::MAX);
        for (seq, at, body) in mail::events(&self.session, self.migration, self.after, room).await? {
            if let Ok(body) = serde_json::from_value(body)
                && self.events.try_send(Event { seq, at, body }).is_err()
            {
                break;
            }
            self.after = seq;
        }
        let picture = paint(&self.session, self.migration, &mut self.board).await?;
        self.status.send_replace(Arc::new(picture));
        Ok(())
    }

    async fn send(&self, asked: &Asked) -> Result<()> {
        let json = serde_json::to_value(asked).map_err(|e| Error::Bug(e.to_string()))?;
        mail::send(&self.session, self.migration, &json).await.map(drop)
    }

    /// Tries again until it works; the face shows the last picture and why it is old.
    async fn reconnect(&mut self, error: &Error) {
        let mut stale = Status::clone(&self.status.borrow());
        stale.migration.waiting = Some(format!("the connection is gone and is being tried again: {error}"));
        self.status.send_replace(Arc::new(stale));
        // A server that has crashed may have forgotten the last chunks.
        self.board = Board::default();
        tokio::time::sleep(Duration::from_secs(2)).await;
        match Session::open(&self.target, "watch").await {
            Ok(session) => self.session = session,
            Err(error) => tracing::warn!(%error, "watcher cannot reconnect yet"),
        }
    }
}
