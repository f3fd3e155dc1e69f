//! The demo's account: what the application met while its table was converted.

use serde::Serialize;

use crate::{
    cli::{commands::Face, output::json, print},
    demo::tally::Tally,
    engine::event::{Body, Event},
    model::figures::{bytes, count},
};

/// What was seen on the way.
#[derive(Clone, Debug, Default)]
pub(super) struct Account {
    /// Rows of the table when it was counted.
    pub(super) rows: i64,
    /// The application's own account.
    pub(super) tally: Tally,
    /// Rows that differ from the oracle in the end.
    pub(super) difference: i64,
    /// Milliseconds that writers were made to wait, exchange by exchange.
    held_ms: Vec<u64>,
    /// Attempts at a lock that were lost and tried again.
    lost: u32,
}

/// The same as a line of JSON, before `closed`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    event: &'static str,
    rows: i64,
    transactions: u64,
    statements: u64,
    failures: u64,
    failed: &'a [String],
    p99_ms: f64,
    longest_ms: f64,
    swap_held_ms: &'a [u64],
    lock_attempts_lost: u32,
    difference: i64,
    memory_bytes: Option<i64>,
}

impl Account {
    /// Notes what an event says about the exchanges.
    pub(super) fn take(&mut self, body: &Body) {
        if let Body::Swapped { held_ms } | Body::Reversed { held_ms } = body {
            self.held_ms.push(*held_ms);
        }
        if let Body::LockAttempt { won: false, .. } = body {
            self.lost += 1;
        }
    }

    /// How it ended, and the exit code: the table must equal the oracle, and nothing of the application may have
    /// failed.
    pub(super) fn verdict(&self) -> (&'static str, u8) {
        match (self.difference, self.tally.failures) {
            (0, 0) => ("finished", 0),
            (0, _) => ("failed", 1),
            (_, _) => ("differs", 4),
        }
    }

    /// Prints it.
    pub(super) fn tell(&self, face: Face) {
        match face {
            Face::Json => print::line(&json::one_line(&self.line())),
            Face::Plain | Face::Console => print::text(
                &(self.lines().join(
                    "
",
                ) + "
"),
            ),
        }
    }

    fn line(&self) -> Line<'_> {
        Line {
            event: "demo",
            rows: self.rows,
            transactions: self.tally.transactions,
            statements: self.tally.statements,
            failures: self.tally.failures,
            failed: &self.tally.failed,
            p99_ms: self.tally.p99_ms(),
            longest_ms: self.tally.longest_ms(),
            swap_held_ms: &self.held_ms,
            lock_attempts_lost: self.lost,
            difference: self.difference,
            memory_bytes: memory(),
        }
    }

    /// For people.
    fn lines(&self) -> Vec<String> {
        let tally = &self.tally;
        let held: Vec<String> = self.held_ms.iter().map(u64::to_string).collect();
        let held = if held.is_empty() { "no exchange".into() } else { format!("{} ms", held.join(", ")) };
        let memory = memory().map_or_else(|| "unknown".into(), bytes);
        let transactions = i64::try_from(tally.transactions).unwrap_or(i64::MAX);
        let mut lines = vec![
            String::new(),
            format!("rows             {} converted", count(self.rows)),
            format!("transactions     {} of the application", count(transactions)),
            format!("failures         {}", tally.failures),
            format!("statements       p99 {:.1} ms, longest {:.1} ms", tally.p99_ms(), tally.longest_ms()),
            format!("writers waited   {held} (attempts lost: {})", self.lost),
            format!("differing rows   {}", self.difference),
            format!("peak memory      {memory}"),
        ];
        lines.extend(tally.failed.iter().take(5).map(|words| format!("failed: {words}")));
        lines
    }
}

/// The last line of a stream of events.
pub(super) fn closed(end: &str, exit_code: u8) -> String {
    json::line(&Event { seq: 0, at: chrono::Utc::now(), body: Body::Closed { end: end.into(), exit_code } })
}

/// The most memory this process has used, where the system tells.
fn memory() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: i64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kilobytes * 1024)
}
