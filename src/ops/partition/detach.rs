//! Detaching while everybody goes on: two transactions of the server, of which the second waits for all who may still see
//! the partition (manual, ALTER TABLE). Ended between them, the partition is half detached, and is finished by FINALIZE.

use std::{
    pin::Pin,
    time::{Duration, Instant},
};

use tokio_postgres::error::SqlState;

use super::Site;
use crate::{
    error::{Error, Kind, Result},
    model::{
        ident::{QualifiedName, literal},
        maintenance::Mark,
        table::Oid,
    },
    pg::{Session, Tx, lock::Watch, session::LOCK_TIMEOUT},
};

/// How long it waits for those who may still see it; nobody waits for it meanwhile.
const WAITS: Duration = Duration::from_mins(1);
/// How long the first half may wait for its lock, which only changes of the table itself keep from it.
const BEGINS: Duration = Duration::from_secs(1);
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// What becomes of a partition that was detached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays.
    Nothing,
    /// It is dropped.
    Drop,
    /// It says what is to become of it.
    Mark(Mark),
}

impl Then {
    /// The statement, if there is one.
    pub(super) fn sql(&self, table: (&QualifiedName, Oid), part: &QualifiedName) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Drop => Some(format!("DROP TABLE {part}")),
            Self::Mark(mark) => Some(mark_sql(table, part, mark)),
        }
    }
}

fn mark_sql((table, oid): (&QualifiedName, Oid), part: &QualifiedName, mark: &Mark) -> String {
    format!("COMMENT ON TABLE {part} IS {}", literal(&mark.comment(table, oid)))
}

/// Lets a half detached partition say what is to become of it.
pub async fn mark(
    session: &Session,
    table: (&QualifiedName, Oid),
    part: &QualifiedName,
    mark: &Mark,
) -> Result<()> {
    session.batch("mark partition", &mark_sql(table, part, mark)).await
}

/// Who hears for whom it waits.
pub(super) type Tell<'a> = &'a mut (dyn FnMut(String) + Send);

/// Does the second half, after an interruption.
pub async fn finalize(
    session: &Session,
    table: &QualifiedName,
    part: &QualifiedName,
    tell: Tell<'_>,
) -> Result<()> {
    let watch = Watch::beside(session, "lock watch").await?;
    let sql = format!("ALTER TABLE {table} DETACH PARTITION {part} FINALIZE");
    let work = watch.telling(session.batch("detach partition", &sql), tell);
    patiently(session, second_half(session, part, std::pin::pin!(work))).await
}

/// Waits for it, until what stops this session says so; then it is ended as it is, half detached.
async fn second_half(
    session: &Session,
    part: &QualifiedName,
    mut work: Pin<&mut impl Future<Output = (Result<()>, Option<String>)>>,
) -> Result<()> {
    let stop = session.stop().unwrap_or_default();
    tokio::select! {
        (done, seen) = &mut work => return done.map_err(|error| waits(part, error, seen)),
        () = stop.cancelled() => {}
    }
    let (done, _) = session.target().cancel_until_ended(&session.cancel_token(), work).await;
    done.map_err(|error| if was_ended(&error) { stopped(part) } else { error })
}

fn stopped(part: &QualifiedName) -> Error {
    Error::Stopped { table: part.plain(), how: "stopped before it was detached".into() }
}

/// Detaches a partition of a table that has no DEFAULT, which says what is to become of it as soon as it is none. From when it is looked at
/// until the first half is done its name is held, so that no other one is detached.
pub async fn concurrently(
    session: &Session,
    site: &Site,
    (part, oid): (&QualifiedName, Oid),
    then: &Then,
    tell: Tell<'_>,
) -> Result<()> {
    let watch = Watch::beside(session, "lock watch").await?;
    let mut guard = Session::open(session.target(), "maintain guard").await?;
    let tx = guard.begin().await?;
    tx.lock_timeout(BEGINS).await?;
    tx.batch("hold name", &format!("LOCK TABLE ONLY {part} IN ACCESS SHARE MODE")).await?;
    site.seen.is_still(&tx).await?;
    let sql = format!("ALTER TABLE {} DETACH PARTITION {part} CONCURRENTLY", site.table.name);
    let marks = then.sql((&site.table.name, site.table.oid), part).filter(|_| matches!(then, Then::Mark(_)));
    let work = watch.telling(session.batch("detach partition", &sql), tell);
    patiently(session, halves(session, tx, (part, oid), marks, std::pin::pin!(work))).await
}

/// Both halves; `tx` holds the name until the first one is done.
async fn halves(
    session: &Session,
    tx: Tx<'_>,
    (part, oid): (&QualifiedName, Oid),
    marks: Option<String>,
    mut work: Pin<&mut impl Future<Output = (Result<()>, Option<String>)>>,
) -> Result<()> {
    let (token, stop) = (session.cancel_token(), session.stop().unwrap_or_default());
    let begun = Instant::now();
    while !is_half_done(&tx, oid).await? {
        tokio::select! {
            // It ends before it is half done only where it fails.
            (done, seen) = &mut work => return done.map_err(|error| {
                if stop.is_cancelled() && was_ended(&error) { stopped(part) } else { waits(part, error, seen) }
            }),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        if begun.elapsed() > BEGINS || stop.is_cancelled() {
            let canceled = session.target().cancel(&token).await;
            tracing::debug!(?canceled, "the first half waits for too long");
        }
    }
    // It is no partition any more, and still has the lock of its name: nobody takes it for something else.
    if let Some(sql) = marks {
        tx.batch("mark partition", &sql).await?;
    }
    tx.commit("mark partition").await?;
    second_half(session, part, work).await
}

async fn is_half_done(tx: &Tx<'_>, part: Oid) -> Result<bool> {
    const SQL: &str = "SELECT EXISTS (SELECT FROM pg_inherits WHERE inhrelid = $1 AND inhdetachpending)";
    Ok(tx.query_one("look whether it is half done", SQL, &[&part]).await?.get(0))
}

/// Runs `work` with a longer `lock_timeout`.
async fn patiently(session: &Session, work: impl Future<Output = Result<()>>) -> Result<()> {
    let set = |timeout: Duration| format!("SET lock_timeout = {}", timeout.as_millis());
    session.batch("set lock_timeout", &set(WAITS)).await?;
    let done = work.await;
    session.batch("set lock_timeout", &set(LOCK_TIMEOUT)).await?;
    done
}

/// It was cancelled, by us or by somebody else.
fn was_ended(error: &Error) -> bool {
    error.sqlstate() == Some(&SqlState::QUERY_CANCELED)
}

fn waits(part: &QualifiedName, error: Error, seen: Option<String>) -> Error {
    if error.kind() != Kind::Retry && !was_ended(&error) {
        return error;
    }
    Error::Busy {
        object: part.plain(),
        reason: format!(
            "it is not detached before {} has ended",
            seen.unwrap_or_else(|| "who may still see it".into())
        ),
        remedy: "the next `quarterdeck maintain` goes on here".into(),
    }
}
