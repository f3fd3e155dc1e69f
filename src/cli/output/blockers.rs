//! Sessions that hold up the swap, as text and as JSON.

use std::fmt::Write as _;

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::json;

use crate::{
    model::{blocker::Blocker, figures},
    tui::harmless::harmless,
};

/// One after the other, the longest open first.
pub fn text(table: &str, blockers: &[Blocker], now: DateTime<Utc>) -> String {
    if blockers.is_empty() {
        return format!("nobody holds up {}\n", harmless(table));
    }
    let mut text = String::new();
    for one in blockers {
        let state = one.state.as_deref().unwrap_or("its state is not shown to this role");
        let open = one.since.map_or_else(String::new, |since| {
            format!(", open for {}", figures::span(figures::seconds_between(since, now)))
        });
        let _ = writeln!(text, "pid {}  {}  {state}{open}", one.pid, harmless(&one.who));
        let _ = writeln!(text, "  holds  {}", harmless(&one.holds));
        if !one.query.is_empty() {
            let _ = writeln!(text, "  query  {}", harmless(&one.query));
        }
    }
    text
}

/// An array of objects.
pub fn json(blockers: &[Blocker]) -> String {
    let one = |one: &Blocker| {
        json!({
            "pid": one.pid,
            "who": one.who,
            "state": one.state,
            "since": one.since.map(|since| since.to_rfc3339_opts(SecondsFormat::Millis, true)),
            "query": one.query,
            "holds": one.holds,
        })
    };
    serde_json::Value::Array(blockers.iter().map(one).collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_named_with_what_it_holds() {
        let now: DateTime<Utc> = "2026-11-27T03:04:05Z".parse().unwrap();
        assert_eq!(text("public.m", &[], now), "nobody holds up public.m\n");
        let mut one = Blocker {
            pid: 8841,
            who: "billing".into(),
            state: Some("idle in transaction".into()),
            since: Some("2026-11-27T03:00:05Z".parse().unwrap()),
            query: "SELECT 1".into(),
            holds: "AccessShareLock on m".into(),
        };
        let expected = "pid 8841  billing  idle in transaction, open for 4m00s\n  holds  AccessShareLock on m\n  \
                        query  SELECT 1\n";
        assert_eq!(text("public.m", std::slice::from_ref(&one), now), expected);
        assert!(one.is_idle());
        assert!(json(std::slice::from_ref(&one)).contains("\"since\":\"2026-11-27T03:00:05.000Z\""));
        (one.state, one.since, one.query) = (None, None, String::new());
        assert_eq!(
            text("public.m", &[one], now),
            "pid 8841  billing  its state is not shown to this role\n  holds  AccessShareLock on m\n"
        );
    }
}
