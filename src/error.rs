//! The one error of the library: what failed, why, and what to do about it.
//!
//! Messages are lowercase fragments without a full stop. The remedy is in [`Error::hint`], the reaction in
//! [`Error::kind`], the process's exit code in [`Error::exit_code`]. Across channels an error travels as
//! the plain data of [`Report`].

use std::fmt;

use serde::{Deserialize, Serialize};
use tokio_postgres::error::SqlState;

/// The library's result.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// How attempts at a lock were stopped.
pub const BETWEEN_ATTEMPTS: &str = "stopped by the operator between two attempts at a lock";

/// What a caller should do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Passing: the same statement may succeed if tried again.
    Retry,
    /// The tool will not do this; nothing was changed.
    Refused,
    /// It failed; the state is safe and the migration resumable.
    Failed,
    /// Verification found differences.
    Differs,
    /// Whether it happened cannot be told now.
    Unknown,
    /// The operator stopped or paused it.
    Stopped,
    /// A mistake in Quarterdeck itself.
    Bug,
}

/// Everything that can go wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The words of a command are off.
    #[error("{reason}")]
    Usage {
        /// What is wrong.
        reason: String,
        /// What to type instead.
        remedy: String,
    },
    /// A check says no; nothing was touched.
    #[error("{object}: {reason} ({id})")]
    Refused {
        /// The stable id of the check, such as `QD-024`.
        id: &'static str,
        /// The table, column or role the refusal is about.
        object: String,
        /// Why.
        reason: String,
        /// What would make it acceptable.
        remedy: String,
    },
    /// Several checks say no; nothing was touched.
    #[error("{}", one_of(.0))]
    Refusals(Vec<Refusal>),
    /// No session could be had.
    #[error("cannot connect to {target}: {reason}")]
    Connect {
        /// `host:port/database`, without the password.
        target: String,
        /// The server's or the network's words.
        reason: String,
        /// What to try.
        remedy: String,
    },
    /// A statement failed.
    #[error("{label}: {}", describe(.source))]
    Database {
        /// The statement's label, the same as in the plan and the log.
        label: &'static str,
        /// The driver's error.
        source: tokio_postgres::Error,
    },
    /// Another process owns the migration now; this one committed nothing.
    #[error("{table}: another process has taken over (epoch {epoch} is over)")]
    Fenced {
        /// The source table.
        table: String,
        /// The epoch this process held.
        epoch: i64,
    },
    /// The table or its twin is not what it was when the migration began.
    #[error("{table}: changed while the migration was running: {what}")]
    Changed {
        /// The table.
        table: String,
        /// What differs.
        what: String,
    },
    /// Verification found differences.
    #[error("{table}: {rows} rows differ between source and twin")]
    Differs {
        /// The table.
        table: String,
        /// How many rows.
        rows: u64,
    },
    /// The operator paused, stopped or aborted.
    #[error("{table}: {how}")]
    Stopped {
        /// The table.
        table: String,
        /// "paused by …", "stopped", …
        how: String,
    },
    /// The outcome of a COMMIT is not known.
    #[error("{table}: the outcome of {what} is unknown")]
    Unknown {
        /// The table.
        table: String,
        /// The step whose COMMIT got no answer.
        what: &'static str,
    },
    /// A live owner elsewhere did not answer, or a lock could not be had.
    #[error("{object}: {reason}")]
    Busy {
        /// What is held.
        object: String,
        /// By whom, for how long.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A program of PostgreSQL's server could not be found or did not do its work (demo only).
    #[error("{program}: {reason}")]
    Program {
        /// `initdb`, `pg_ctl`, … or the folder looked at.
        program: String,
        /// Its own words, or what is missing.
        reason: String,
        /// What to do.
        remedy: String,
    },
    /// A file or the terminal.
    #[error("{path}: {source}")]
    Io {
        /// The file.
        path: String,
        /// The operating system's error.
        source: std::io::Error,
    },
    /// A mistake in Quarterdeck.
    #[error("internal error: {0}")]
    Bug(String),
}

impl Error {
    /// Wraps a driver error with the label of its statement: `.map_err(Error::db("copy chunk"))`.
    pub fn db(label: &'static str) -> impl FnOnce(tokio_postgres::Error) -> Self {
        move |source| Self::Database { label, source }
    }

    /// Wraps an IO error with its path.
    pub fn io(path: impl Into<String>) -> impl FnOnce(std::io::Error) -> Self {
        move |source| Self::Io { path: path.into(), source }
    }

    /// The server's SQLSTATE, if the server spoke.
    pub fn sqlstate(&self) -> Option<&SqlState> {
        match self {
            Self::Database { source, .. } => source.code(),
            Self::Usage { .. }
            | Self::Refused { .. }
            | Self::Refusals(_)
            | Self::Connect { .. }
            | Self::Fenced { .. }
            | Self::Changed { .. }
            | Self::Differs { .. }
            | Self::Stopped { .. }
            | Self::Unknown { .. }
            | Self::Busy { .. }
            | Self::Program { .. }
            | Self::Io { .. }
            | Self::Bug(_) => None,
        }
    }

    /// Whether the connection itself is gone (then a COMMIT's outcome may be unknown).
    pub fn connection_lost(&self) -> bool {
        match self {
            Self::Connect { .. } => true,
            Self::Database { source, .. } => {
                source.is_closed()
                    || std::error::Error::source(source)
                        .is_some_and(<dyn std::error::Error>::is::<std::io::Error>)
                    || matches!(
                        source.code(),
                        Some(
                            &SqlState::ADMIN_SHUTDOWN
                                | &SqlState::IDLE_SESSION_TIMEOUT
                                | &SqlState::IDLE_IN_TRANSACTION_SESSION_TIMEOUT
                                | &SqlState::CRASH_SHUTDOWN
                                | &SqlState::CANNOT_CONNECT_NOW
                                | &SqlState::CONNECTION_FAILURE
                                | &SqlState::CONNECTION_EXCEPTION
                        )
                    )
            }
            Self::Usage { .. }
            | Self::Refused { .. }
            | Self::Refusals(_)
            | Self::Fenced { .. }
            | Self::Changed { .. }
            | Self::Differs { .. }
            | Self::Stopped { .. }
            | Self::Unknown { .. }
            | Self::Busy { .. }
            | Self::Program { .. }
            | Self::Io { .. }
            | Self::Bug(_) => false,
        }
    }

    /// What to do about it.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Usage { .. } | Self::Refused { .. } | Self::Refusals(_) => Kind::Refused,
            Self::Database { source, .. } => match source.code() {
                Some(
                    &SqlState::LOCK_NOT_AVAILABLE
                    | &SqlState::T_R_DEADLOCK_DETECTED
                    | &SqlState::T_R_SERIALIZATION_FAILURE,
                ) => Kind::Retry,
                _ => Kind::Failed,
            },
            Self::Unknown { .. } => Kind::Unknown,
            Self::Differs { .. } => Kind::Differs,
            Self::Stopped { .. } => Kind::Stopped,
            Self::Connect { .. }
            | Self::Fenced { .. }
            | Self::Changed { .. }
            | Self::Busy { .. }
            | Self::Program { .. }
            | Self::Io { .. } => Kind::Failed,
            Self::Bug(_) => Kind::Bug,
        }
    }

    /// The remedy, a sentence without a full stop; `None` where the message says it all.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { remedy, .. }
            | Self::Refused { remedy, .. }
            | Self::Connect { remedy, .. }
            | Self::Busy { remedy, .. }
            | Self::Program { remedy, .. } => Some(remedy.clone()),
            Self::Refusals(all) => all.first().map(|first| first.remedy.clone()),
            Self::Database { label, source } => {
                let said = source.as_db_error().and_then(|e| e.hint());
                remedy_of(label, source).or(said).map(str::to_owned)
            }
            Self::Fenced { .. } => Some("watch it with `quarterdeck status`; nothing was lost".into()),
            Self::Changed { .. } => Some(
                "abort and start again, or undo the change and run it again; the source is untouched".into(),
            ),
            Self::Differs { .. } => Some(
                "look at them on the Validation screen or in `quarterdeck report`, then `quarterdeck repair`"
                    .into(),
            ),
            Self::Stopped { how, .. } if how == BETWEEN_ATTEMPTS => {
                Some("nothing was changed by this step; begin it again at any time".into())
            }
            Self::Stopped { table, .. } => {
                Some(format!("go on with `quarterdeck resume {table}` or `run {table}`"))
            }
            Self::Unknown { .. } => {
                Some("wait until the server answers, then run `quarterdeck status`: the journal tells".into())
            }
            Self::Io { .. } => None,
            Self::Bug(_) => Some("the migration is resumable; please report this with the log file".into()),
        }
    }

    /// The exit code of the contract (README, *Exit codes*).
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Usage { .. } => 2,
            Self::Refused { .. } | Self::Refusals(_) => 3,
            Self::Differs { .. } => 4,
            Self::Stopped { .. } => 5,
            Self::Unknown { .. } => 6,
            Self::Connect { .. }
            | Self::Database { .. }
            | Self::Fenced { .. }
            | Self::Changed { .. }
            | Self::Busy { .. }
            | Self::Program { .. }
            | Self::Io { .. }
            | Self::Bug(_) => 1,
        }
    }

    /// What the checks say that refuse; empty for other errors.
    pub fn refusals(&self) -> Vec<Refusal> {
        match self {
            Self::Refusals(all) => all.clone(),
            Self::Refused { id, object, reason, remedy } => vec![Refusal {
                id: (*id).to_owned(),
                object: object.clone(),
                reason: reason.clone(),
                remedy: remedy.clone(),
            }],
            Self::Usage { .. }
            | Self::Connect { .. }
            | Self::Database { .. }
            | Self::Fenced { .. }
            | Self::Changed { .. }
            | Self::Differs { .. }
            | Self::Stopped { .. }
            | Self::Unknown { .. }
            | Self::Busy { .. }
            | Self::Program { .. }
            | Self::Io { .. }
            | Self::Bug(_) => Vec::new(),
        }
    }

    /// The error as data, for channels, the journal and JSON.
    pub fn report(&self) -> Report {
        let refusals = self.refusals();
        Report {
            kind: self.kind(),
            id: refusals.first().map(|first| first.id.clone()),
            message: self.to_string(),
            hint: self.hint(),
            sqlstate: self.sqlstate().map(|s| s.code().to_owned()),
            refusals,
        }
    }
}

impl Kind {
    /// The exit code of what another process reports; a usage error never travels.
    pub fn exit_code(self) -> u8 {
        match self {
            Self::Refused => 3,
            Self::Differs => 4,
            Self::Stopped => 5,
            Self::Unknown => 6,
            Self::Retry | Self::Failed | Self::Bug => 1,
        }
    }
}

/// An [`Error`] as plain data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The reaction it asks for.
    pub kind: Kind,
    /// The id of the check that refused, if one did.
    pub id: Option<String>,
    /// What failed and why.
    pub message: String,
    /// The remedy.
    pub hint: Option<String>,
    /// The server's SQLSTATE.
    pub sqlstate: Option<String>,
    /// What each check says that refused, the first one first; empty for other errors.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refusals: Vec<Refusal>,
}

/// What one check says that refuses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// `QD-024`.
    pub id: String,
    /// What it is about.
    pub object: String,
    /// Why.
    pub reason: String,
    /// What would make it acceptable.
    pub remedy: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} ({})", self.object, self.reason, self.id)
    }
}

/// The first refusal, and the objects and ids of the others.
fn one_of(refusals: &[Refusal]) -> String {
    let mut named = refusals.iter().map(|refusal| format!("{} {}", refusal.id, refusal.object));
    let first = refusals.first().map(ToString::to_string).unwrap_or_default();
    named.next();
    let others: Vec<_> = named.collect();
    if others.is_empty() {
        first
    } else {
        format!("{first}; and {} more: {}", others.len(), others.join(", "))
    }
}

/// The server's words with detail and SQLSTATE, or the driver's with their cause.
pub(crate) fn describe(source: &tokio_postgres::Error) -> String {
    match source.as_db_error() {
        Some(db) => {
            let detail = db.detail().map(|d| format!(" ({d})")).unwrap_or_default();
            format!("{}{detail} [{}]", db.message(), db.code().code())
        }
        None => match std::error::Error::source(source) {
            Some(cause) => format!("{source}: {cause}"),
            None => source.to_string(),
        },
    }
}

const JOURNAL_RIGHTS: &str = "schema quarterdeck belongs to another role: connect as a member of it, or have it GRANT USAGE, CREATE on the \
     schema and SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN it";

fn remedy_of(label: &str, source: &tokio_postgres::Error) -> Option<&'static str> {
    Some(match *source.code()? {
        SqlState::INSUFFICIENT_PRIVILEGE if label.contains("journal") => JOURNAL_RIGHTS,
        SqlState::INSUFFICIENT_PRIVILEGE => "connect as the table's owner, or a member of its role",
        SqlState::DISK_FULL => "free space on the server, then run it again; nothing was lost",
        SqlState::TOO_MANY_CONNECTIONS => "raise max_connections or lower --workers",
        SqlState::LOCK_NOT_AVAILABLE => "another session holds the lock; see who with `quarterdeck status`",
        _ => return None,
    })
}
