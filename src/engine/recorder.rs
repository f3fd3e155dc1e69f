//! Events: written to the journal, then passed to the face. A slow face never holds the migration up:
//! what does not fit its channel is refilled from the journal.

use std::{sync::Arc, time::Duration};

use chrono::Utc;
use tokio::sync::{Notify, mpsc, oneshot};
use uuid::Uuid;

use crate::{
    engine::event::{Body, Event},
    pg::{Session, Target, journal::mail, owner},
};

/// How often a face that fell behind is refilled.
const REFILL: Duration = Duration::from_millis(200);
/// How long a session for events may take to come.
const OPENING: Duration = Duration::from_secs(5);

enum Note {
    Event(Body),
    Epoch(i64),
    Flush(oneshot::Sender<()>),
}

/// The sending end; cheap to clone.
#[derive(Clone, Debug)]
pub struct Recorder {
    notes: mpsc::UnboundedSender<Note>,
    lost: Arc<Notify>,
}

impl std::fmt::Debug for Note {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Event(body) => body.fmt(f),
            Self::Epoch(epoch) => write!(f, "epoch {epoch}"),
            Self::Flush(_) => f.write_str("flush"),
        }
    }
}

impl Recorder {
    /// Starts the task that writes; it ends when the last sender is dropped.
    pub fn start(target: Target, migration: Uuid, face: mpsc::Sender<Event>) -> Self {
        let (notes, inbox) = mpsc::unbounded_channel();
        let lost = Arc::new(Notify::new());
        let writer = Writer {
            target,
            migration,
            epoch: 0,
            session: None,
            face,
            delivered: None,
            behind: false,
            lost: lost.clone(),
        };
        tokio::spawn(writer.run(inbox));
        Self { notes, lost }
    }

    /// Connections are lost: an event that waits for the journal goes to the face without it.
    pub fn lost(&self) {
        self.lost.notify_one();
    }

    /// Says that something happened.
    pub fn say(&self, body: Body) {
        tracing::info!(event = ?body);
        self.send(Note::Event(body));
    }

    /// From now on events are written under this epoch.
    pub fn epoch(&self, epoch: i64) {
        self.send(Note::Epoch(epoch));
    }

    /// Waits until everything said so far has been written and passed on.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        self.send(Note::Flush(done));
        // An error means that the writer has ended, and with it everything it could still pass on.
        drop(wait.await);
    }

    fn send(&self, note: Note) {
        if self.notes.send(note).is_err() {
            tracing::error!("the recorder has ended; an event goes to this log only");
        }
    }
}

struct Writer {
    target: Target,
    migration: Uuid,
    epoch: i64,
    session: Option<Arc<Session>>,
    face: mpsc::Sender<Event>,
    /// The number of the last event the face has, once one was written.
    delivered: Option<i64>,
    behind: bool,
    lost: Arc<Notify>,
}

impl Writer {
    async fn run(mut self, mut inbox: mpsc::UnboundedReceiver<Note>) {
        loop {
            let wait = if self.behind { REFILL } else { Duration::from_hours(1) };
            match tokio::time::timeout(wait, inbox.recv()).await {
                Ok(Some(Note::Event(body))) => self.write(body).await,
                Ok(Some(Note::Epoch(epoch))) => self.epoch = epoch,
                Ok(Some(Note::Flush(done))) => {
                    self.refill().await;
                    // Nobody waits any more where this fails.
                    let _gone = done.send(());
                }
                Ok(None) => return,
                Err(_) => self.refill().await,
            }
        }
    }

    async fn write(&mut self, body: Body) {
        let at = Utc::now();
        let seq = self.journal(at, &body).await.unwrap_or(0);
        if self.behind && seq > 0 {
            return;
        }
        match self.face.try_send(Event { seq, at, body }) {
            Ok(()) if seq > 0 => self.delivered = Some(seq),
            Ok(()) | Err(mpsc::error::TrySendError::Closed(_)) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                self.delivered.get_or_insert(seq - 1);
                self.behind = true;
            }
        }
    }

    /// The event's number; `None` where the journal cannot be written, which the log file then says.
    async fn journal(&mut self, at: chrono::DateTime<Utc>, body: &Body) -> Option<i64> {
        let json = serde_json::to_value(body).ok()?;
        let session = self.session().await?;
        let recorded = tokio::select! {
            recorded = mail::record(&session, self.migration, self.epoch, at, &json) => Some(recorded),
            () = self.lost.notified() => None,
        };
        match recorded {
            Some(Ok(seq)) => return seq,
            Some(Err(error)) => tracing::warn!(%error, "event not journalled"),
            None => tracing::warn!("event not journalled: the connection is lost"),
        }
        self.session = None;
        None
    }

    async fn refill(&mut self) {
        let (true, Some(after)) = (self.behind, self.delivered) else { return };
        let room = i64::try_from(self.face.capacity()).unwrap_or(i64::MAX);
        let Some(session) = self.session().await else { return };
        let Ok(rows) = mail::events(&session, self.migration, after, room).await else { return };
        self.behind = i64::try_from(rows.len()).unwrap_or(0) == room;
        for (seq, at, body) in rows {
            if let Ok(body) = serde_json::from_value(body)
                && self.face.try_send(Event { seq, at, body }).is_err()
            {
                self.behind = true;
                return;
            }
            self.delivered = Some(seq);
        }
    }

    async fn session(&mut self) -> Option<Arc<Session>> {
        if self.session.as_ref().is_none_or(|session| session.is_closed()) {
            let purpose = owner::purpose(self.migration, "recorder");
            let opened = tokio::time::timeout(OPENING, Session::open(&self.target, &purpose)).await.ok()?;
            self.session = opened.map(Arc::new).inspect_err(|error| tracing::warn!(%error, "recorder")).ok();
        }
        self.session.clone()
    }
}
