//! Detaching while everybody goes on: two transactions of the server, of which the second waits for all who may still see
//! the partition (manual, ALTER TABLE). Ended between them, the partition is half detached, and is finished by FINALIZE.

use std::time::Duration;

use crate::{
    error::{Error, Kind, Result},
    model::ident::{QualifiedName, literal},
    pg::{Session, lock::Watch, session::LOCK_TIMEOUT},
};

/// How long it waits for those who may still see it; nobody waits for it meanwhile.
const WAITS: Duration = Duration::from_mins(1);

/// Which half is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// Both.
    Both,
    /// The second, after an interruption.
    Second,
}

/// What becomes of a partition that was detached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Then {
    /// It stays.
    Nothing,
    /// It is dropped.
    Drop,
    /// It says what is to become of it.
    Mark(String),
}

impl Then {
    /// The statement, if there is one.
    pub(super) fn sql(&self, part: &QualifiedName) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Drop => Some(drop_sql(part)),
            Self::Mark(text) => Some(mark_sql(part, text)),
        }
    }
}

fn drop_sql(part: &QualifiedName) -> String {
    format!("DROP TABLE {part}")
}

fn mark_sql(part: &QualifiedName, text: &str) -> String {
    format!("COMMENT ON TABLE {part} IS {}", literal(text))
}

/// Lets a partition say what is to become of it.
pub async fn mark(session: &Session, part: &QualifiedName, text: &str) -> Result<()> {
    session.batch("mark partition", &mark_sql(part, text)).await
}

/// Drops what was a partition.
pub async fn drop(session: &Session, part: &QualifiedName) -> Result<()> {
    session.batch("drop partition", &drop_sql(part)).await
}

/// Detaches a partition of `table`, which has no DEFAULT.
pub async fn concurrently(
    session: &Session,
    table: &QualifiedName,
    part: &QualifiedName,
    half: Half,
) -> Result<()> {
    let how = match half {
        Half::Both => "CONCURRENTLY",
        Half::Second => "FINALIZE",
    };
    let watch = Watch::beside(session, "lock watch").await?;
    let set = |timeout: Duration| format!("SET lock_timeout = {}", timeout.as_millis());
    session.batch("set lock_timeout", &set(WAITS)).await?;
    let sql = format!("ALTER TABLE {table} DETACH PARTITION {part} {how}");
    let (done, seen) = watch.during(session.batch("detach partition", &sql)).await;
    match done {
        Ok(()) => session.batch("set lock_timeout", &set(LOCK_TIMEOUT)).await,
        Err(error) if error.kind() == Kind::Retry => Err(Error::Busy {
            object: part.plain(),
            reason: format!(
                "it is detached for nobody before {} has ended",
                seen.unwrap_or_else(|| "who may still see it".into())
            ),
            remedy: "the next `quarterdeck maintain` goes on here".into(),
        }),
        Err(error) => Err(error),
    }
}
