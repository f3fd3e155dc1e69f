//! A session that holds up a lock on a table, or that the swap would wait for.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Blocker {
    /// Its process.
    pub pid: i32,
    /// Application or role; of a table's health both, as far as they have names.
    pub who: String,
    /// As `pg_stat_activity` has it; `None` to a role that may not see it.
    pub state: Option<String>,
    /// When its transaction began; `None` to a role that may not see it.
    pub since: Option<DateTime<Utc>>,
    /// What it runs, or ran last, in one line; empty to a role that may not see it.
    pub query: String,
    /// What it holds: locks with their tables, or a snapshot.
    pub holds: String,
}

impl Blocker {
    /// It is between two statements: there is none to cancel, only the session can be ended.
    pub fn is_idle(&self) -> bool {
        self.state.as_deref().is_some_and(|state| state.starts_with("idle"))
    }

    /// What ending it does.
    pub fn remedy(&self) -> &'static str {
        if self.is_idle() { "its session is terminated" } else { "its statement is cancelled" }
    }
}
