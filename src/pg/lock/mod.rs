//! Locks on tables that an application is using: taken in order, given up soon, tried again.
//!
//! A pending lock queues everybody behind it (TRAPS 32), so none is waited for longer than its budget allows.
//! SHARE UPDATE EXCLUSIVE comes first and may wait longer than `deadlock_timeout`: it blocks no reader and no
//! writer, and autovacuum yields to it (TRAPS 35). The retry is in [`tries`], reachable only through it.

mod brief;
mod tries;
mod watch;

use std::{fmt, time::Duration};

pub use brief::{Brief, Record};
pub use tries::{Attempt, Held, Patience, Report, Tries};
pub use watch::{Drained, Watch};

use crate::{
    error::Result,
    model::ident::QualifiedName,
    pg::{Session, script::Script},
};

/// A table lock's mode (manual, 13.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Autovacuum yields to it; readers and writers go on.
    ShareUpdateExclusive,
    /// Writers wait.
    ShareRowExclusive,
    /// Everybody waits.
    AccessExclusive,
}

/// Autovacuum gives way to somebody who has waited for `deadlock_timeout`.
const AUTOVACUUM_YIELDS: &str = "SELECT set_config('lock_timeout', (2 * setting::int + 500)::text, true) \
                                 FROM pg_settings WHERE name = 'deadlock_timeout'";

impl fmt::Display for Mode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ShareUpdateExclusive => "SHARE UPDATE EXCLUSIVE",
            Self::ShareRowExclusive => "SHARE ROW EXCLUSIVE",
            Self::AccessExclusive => "ACCESS EXCLUSIVE",
        })
    }
}

/// Locks `tables` in this order, each wait at most `within`. A partitioned table's leaves are locked with it.
pub fn lock_within(mode: Mode, tables: &[QualifiedName], within: Duration) -> Script {
    let mut script = Script::new();
    if !tables.is_empty() {
        script.add("lock", format!("SET LOCAL lock_timeout = {}", within.as_millis().max(1)));
        script.add("lock", lock_sql(mode, tables));
    }
    script
}

fn lock_sql(mode: Mode, tables: &[QualifiedName]) -> String {
    let names: Vec<_> = tables.iter().map(QualifiedName::to_string).collect();
    format!("LOCK TABLE {} IN {mode} MODE", names.join(", "))
}

/// Holds `ours` and `tables` in SHARE UPDATE EXCLUSIVE mode, after autovacuum has yielded on each. That may take longer
/// than `deadlock_timeout`, so of `tables` nothing is held meanwhile: somebody who locks several of them himself, in
/// another order, would be the one to be told off. Nobody else locks `ours`, whose name no application knows: they are
/// held from the start, as a partitioned table's many leaves would be vacuumed again while the last one is waited for.
pub fn quiet(ours: &[QualifiedName], tables: &[QualifiedName]) -> Script {
    let mut script = Script::new();
    if ours.is_empty() && tables.is_empty() {
        return script;
    }
    script.add("lock", AUTOVACUUM_YIELDS);
    if !ours.is_empty() {
        script.add("lock", lock_sql(Mode::ShareUpdateExclusive, ours));
    }
    for table in tables {
        script.add("lock", "SAVEPOINT yield");
        script.add("lock", lock_sql(Mode::ShareUpdateExclusive, std::slice::from_ref(table)));
        script.add("lock", "ROLLBACK TO SAVEPOINT yield");
    }
    // What follows may wait as long: far less than deadlock_timeout.
    script.append(lock_within(Mode::ShareUpdateExclusive, tables, Duration::from_millis(50)));
    script
}

/// No statement may take longer than what is left of the budget.
pub fn budget(left: Duration) -> Script {
    let mut script = Script::new();
    // Who falls asleep with the lock in hand loses it.
    let asleep = "SET LOCAL idle_in_transaction_session_timeout = '5s'";
    script.add("set budget", format!("SET LOCAL statement_timeout = {}; {asleep}", left.as_millis().max(1)));
    script
}

/// The longest that writers may wait, which must end before the server looks for deadlocks: otherwise the application
/// would be the one to be told off.
pub async fn bounded(session: &Session, patience: Patience) -> Result<Patience> {
    const SQL: &str = "SELECT setting::bigint FROM pg_settings WHERE name = 'deadlock_timeout'";
    let millis: i64 = session.query_one("read deadlock_timeout", SQL, &[]).await?.get(0);
    let limit = Duration::from_millis(millis.unsigned_abs() * 4 / 5);
    Ok(Patience { budget: patience.budget.min(limit), ..patience })
}
