//! A second session that looks at who holds up the first, while it waits.

use std::{
    convert::Infallible,
    future::Future,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use chrono::{DateTime, Utc};
use tokio_postgres::Row;
use uuid::Uuid;

use crate::{
    error::{Error, Result},
    model::table::Oid,
    pg::{Session, owner},
};

/// How often it looks: often enough to see what a wait of 20 ms was for.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Who holds it up for so long is told of.
const LONG: Duration = Duration::from_secs(1);

/// The session that looks, and the backend it looks after.
#[derive(Debug)]
pub struct Watch {
    session: Session,
    pid: i32,
}

/// A snapshot taken right after a drain was committed: every younger one sees what it wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drained {
    xmin: String,
    xmax: String,
    at: DateTime<Utc>,
}

impl Watch {
    /// Opens a session that looks after `of`, a migration's.
    pub async fn open(of: &Session, migration: Uuid) -> Result<Self> {
        Self::beside(of, &owner::purpose(migration, "lock watch")).await
    }

    /// Opens a session that looks after `of`.
    pub async fn beside(of: &Session, purpose: &str) -> Result<Self> {
        let pid = of.query_one("own pid", "SELECT pg_backend_pid()", &[]).await?.get(0);
        let session = Session::open(of.target(), purpose).await?;
        Ok(Self { session, pid })
    }

    /// Runs `work`; its outcome, and who was last seen holding it up.
    pub async fn during<T>(&self, work: impl Future<Output = T>) -> (T, Option<String>) {
        self.telling(work, &mut |_| {}).await
    }

    /// The same; who holds it up for longer than a second is told while that is so, each once.
    pub async fn telling<T>(
        &self,
        work: impl Future<Output = T>,
        tell: &mut (dyn FnMut(String) + Send),
    ) -> (T, Option<String>) {
        let seen = Mutex::new(None);
        let look = async {
            let mut first = None::<(i32, Instant)>;
            let mut told = None;
            loop {
                tokio::time::sleep(LOOK_EVERY).await;
                match self.blocker().await {
                    Ok(None) => first = None,
                    Ok(Some((pid, who))) => {
                        let (_, since) = *first.insert(
                            first.filter(|(one, _)| *one == pid).unwrap_or_else(|| (pid, Instant::now())),
                        );
                        if since.elapsed() > LONG && told != Some(pid) {
                            told = Some(pid);
                            tell(who.clone());
                        }
                        *seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(who);
                    }
                    Err(error) => {
                        tracing::warn!(%error, "who holds the lock cannot be seen");
                        return std::future::pending::<Infallible>().await;
                    }
                }
            }
        };
        let outcome = tokio::select! {
            outcome = work => outcome,
            never = look => match never {},
        };
        (outcome, seen.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Who holds up the backend now: its pid, and what is to be said of it.
    async fn blocker(&self) -> Result<Option<(i32, String)>> {
        const SQL: &str = include_str!("../../../assets/sql/blockers.sql");
        let row = self.session.query_opt("read blockers", SQL, &[&self.pid]).await?;
        Ok(row.map(|row| (row.get(0), describe(&row))))
    }

    /// What [`Self::older_snapshot`] asks about; to be called when the drain is committed.
    pub async fn drained(&self) -> Result<Drained> {
        const SQL: &str = "SELECT pg_snapshot_xmin(s)::text, pg_snapshot_xmax(s)::text, clock_timestamp() \
                           FROM pg_current_snapshot() AS s";
        let rows = self.session.query_again("read snapshot", SQL, &[]).await?;
        let row = rows.first().ok_or_else(|| Error::Bug("no snapshot".into()))?;
        Ok(Drained { xmin: row.get(0), xmax: row.get(1), at: row.get(2) })
    }

    /// A session that may still see the twin as it was before the drain, if there is one (TRAPS 46).
    /// Writers queued for a lock on one of `queues` do not count: their snapshots are taken anew.
    pub async fn older_snapshot(&self, drained: &Drained, queues: &[Oid]) -> Result<Option<String>> {
        const SQL: &str = include_str!("../../../assets/sql/older_snapshot.sql");
        let row = self
            .session
            .query_again(
                "read older snapshots",
                SQL,
                &[&self.pid, &drained.xmax, &drained.xmin, &drained.at, &queues],
            )
            .await?;
        Ok(row.first().map(describe))
    }
}

/// `pid 8841 (billing), idle in transaction for 240 s: UPDATE …`.
fn describe(row: &Row) -> String {
    let pid: i32 = row.get(0);
    if pid == 0 {
        return "a prepared transaction".into();
    }
    let who = format!("pid {pid} ({})", row.get::<_, String>(1));
    let state = row.get::<_, Option<String>>(2);
    let open = row.get::<_, Option<i64>>(3).map(|seconds| format!(" for {seconds} s"));
    let doing = match row.get::<_, Option<String>>(4) {
        Some(query) if !query.is_empty() => format!(": {query}"),
        _ => String::new(),
    };
    format!(
        "{}{}{doing}",
        state.map_or(who.clone(), |state| format!("{who}, {state}")),
        open.unwrap_or_default()
    )
}
