//! Findings about sessions: those that hold others up, and those that are open for long. Of one session one thing is said.

use super::{
    Facts, Finding, HeldUp, LongSession, Severity,
    judge::{HELD_UP_S, LONG_S, Words, finding},
};
use crate::model::{blocker::Blocker, figures, ident::literal};

/// What a session's application is called where it is one of ours, followed by what it is for.
const OURS: &str = "quarterdeck ";

/// Transactions that are open for long, but for those of which something graver is said, and those that are only since they
/// are held up.
pub(super) fn open_for_long(facts: &Facts) -> impl Iterator<Item = Finding> {
    let is_head = |session: &&LongSession| facts.held_up.iter().any(|held| Some(held.by.pid) == session.pid);
    let is_held_up = |session: &&LongSession| {
        let mut waiting = facts.held_up.iter().flat_map(|held| &held.waiting);
        waiting.any(|one| Some(one.pid) == session.pid && session.age_s - one.for_s < LONG_S)
    };
    let left = facts.sessions.iter().filter(move |session| !is_head(session) && !is_held_up(session));
    left.map(long_session)
}

fn long_session(session: &LongSession) -> Finding {
    let sql = match (&session.gid, session.pid) {
        (Some(gid), _) => vec![format!("ROLLBACK PREPARED {}", literal(gid))],
        (None, Some(pid)) => vec![format!("SELECT pg_terminate_backend({pid})")],
        (None, None) => Vec::new(),
    };
    let since = figures::span(figures::float(session.age_s));
    let words = (
        session.who.clone(),
        format!(
            "open for {since} ({}): no row that died since then is removed, and a lock it holds stays",
            session.state
        ),
        "let it end, or end it".into(),
    );
    Finding { sql, ..finding("QD-148", Severity::Warning, words) }
}

/// Somebody who holds others up.
pub(super) fn held_up(facts: &Facts, held: &HeldUp) -> Finding {
    let by = &held.by;
    let open_s = by.since.map(|since| (facts.table.now - since).num_seconds());
    let longest = held.waiting.iter().map(|one| one.for_s).max().unwrap_or(0);
    let severity = if longest > HELD_UP_S { Severity::Error } else { Severity::Warning };
    let dead = match open_s {
        Some(seconds) if seconds >= LONG_S => "; no row that died since it began is removed",
        Some(_) | None => "",
    };
    let holds = if by.holds.is_empty() { String::new() } else { format!(", holds {}", by.holds) };
    let reason = format!("{}{holds}: {}{dead}", state(by, open_s), behind(held));
    let (remedy, sql) = remedy(by);
    let words: Words = (who(by), reason, remedy);
    Finding { sql: sql.into_iter().collect(), ..finding("QD-172", severity, words) }
}

fn who(by: &Blocker) -> String {
    match (by.pid, by.who.as_str()) {
        (0, "") => "a prepared transaction".into(),
        (0, gid) => format!("prepared transaction {gid}"),
        (pid, "") => format!("pid {pid}, a session of another role"),
        (pid, who) => format!("pid {pid} of {who}"),
    }
}

/// `idle in transaction, open for 4m00s, last: SELECT …`.
fn state(by: &Blocker, open_s: Option<i64>) -> String {
    if by.pid == 0 {
        return "neither committed nor rolled back".into();
    }
    let ours = if is_ours(by) { "a session of Quarterdeck's own, " } else { "" };
    let Some(state) = &by.state else {
        return format!("{ours}a session of another role, whose state this one may not see");
    };
    let open =
        open_s.map_or_else(String::new, |s| format!(", open for {}", figures::span(figures::float(s))));
    let query: String = by.query.chars().take(80).collect();
    let query = match (query.is_empty(), by.is_idle()) {
        (true, _) => String::new(),
        (false, true) => format!(", last: {query}"),
        (false, false) => format!(", runs: {query}"),
    };
    format!("{ours}{state}{open}{query}")
}

/// `3 sessions wait for it: pid 77 of app, migrate for 2m10s, for AccessExclusiveLock on public.m, and 2 more`.
fn behind(held: &HeldUp) -> String {
    let Some(first) = held.waiting.first() else { return "nobody else gets at the table meanwhile".into() };
    let of = if first.who.is_empty() { String::new() } else { format!(" of {}", first.who) };
    let since = figures::span(figures::float(first.for_s));
    let one = format!("pid {}{of} has waited {since} for {}", first.pid, first.wants);
    match held.waiting.len() {
        1 => one,
        n => format!("{one}, and {} more behind it", n - 1),
    }
}

/// In words, and as SQL where this role could do it.
fn remedy(by: &Blocker) -> (String, Option<String>) {
    if by.pid == 0 {
        let sql = "SELECT gid, owner, prepared FROM pg_prepared_xacts ORDER BY prepared";
        return ("COMMIT PREPARED it, or ROLLBACK PREPARED".into(), Some(sql.into()));
    }
    let again =
        if is_ours(by) { "; what Quarterdeck did there is taken up again by the same command" } else { "" };
    match &by.state {
        None => ("look as a member of that role, or of pg_monitor".into(), None),
        Some(_) if by.is_idle() => (
            format!("commit or roll back there; or end the session, which rolls back{again}"),
            Some(format!("SELECT pg_terminate_backend({})", by.pid)),
        ),
        Some(_) => (
            format!("let it finish; or cancel its statement{again}"),
            Some(format!("SELECT pg_cancel_backend({})", by.pid)),
        ),
    }
}

fn is_ours(by: &Blocker) -> bool {
    by.who.split(", ").any(|name| name.starts_with(OURS))
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::model::health::{Waiting, growth::tests::months, judge};

    fn head(facts: &Facts, state: Option<&str>, open_s: i64) -> Blocker {
        Blocker {
            pid: 88,
            who: "app, billing".into(),
            state: state.map(Into::into),
            since: state.map(|_| facts.table.now - TimeDelta::seconds(open_s)),
            query: state.map_or_else(String::new, |_| "SELECT 1".into()),
            holds: "AccessShareLock on public.m and 2 more".into(),
        }
    }

    fn waiting(pid: i32, for_s: i64) -> Waiting {
        Waiting { pid, who: "app, web".into(), wants: "AccessExclusiveLock on public.m".into(), for_s }
    }

    fn long(pid: Option<i32>, age_s: i64) -> LongSession {
        LongSession { who: "somebody".into(), pid, gid: None, age_s, state: "active".into() }
    }

    #[test]
    fn who_holds_up_whom_is_told_and_how_it_ends() {
        let facts = months(&[]);
        let told = |by: Blocker, waiting: Vec<Waiting>| held_up(&facts, &HeldUp { by, waiting });
        let idle = told(head(&facts, Some("idle in transaction"), 240), vec![waiting(7, 60), waiting(9, 2)]);
        assert_eq!((idle.id.as_str(), idle.severity, idle.safe), ("QD-172", Severity::Warning, false));
        assert_eq!(idle.object, "pid 88 of app, billing");
        assert_eq!(
            idle.reason,
            "idle in transaction, open for 4m00s, last: SELECT 1, holds AccessShareLock on public.m and 2 more: \
             pid 7 of app, web has waited 1m00s for AccessExclusiveLock on public.m, and 1 more behind it"
        );
        assert_eq!(idle.sql, ["SELECT pg_terminate_backend(88)"]);
        let active = told(head(&facts, Some("active"), 300), vec![waiting(7, 61)]);
        assert_eq!((active.severity, active.safe), (Severity::Error, false));
        assert!(
            active.reason.ends_with("on public.m; no row that died since it began is removed"),
            "{}",
            active.reason
        );
        assert_eq!(active.sql, ["SELECT pg_cancel_backend(88)"]);
        assert_eq!(active.remedy, "let it finish; or cancel its statement");
    }

    #[test]
    fn what_may_not_be_seen_is_said_and_ours_is_called_ours() {
        let facts = months(&[]);
        let told = |by: Blocker| held_up(&facts, &HeldUp { by, waiting: vec![waiting(7, 5)] });
        let hidden = told(head(&facts, None, 0));
        assert!(
            hidden.reason.starts_with("a session of another role, whose state this one may not see, holds")
        );
        assert_eq!(hidden.sql, Vec::<String>::new());
        let unnamed = told(Blocker { who: String::new(), ..head(&facts, None, 0) });
        assert_eq!(unnamed.object, "pid 88, a session of another role");
        let ours =
            told(Blocker { who: "app, quarterdeck maintain".into(), ..head(&facts, Some("active"), 2) });
        assert!(
            ours.reason.starts_with("a session of Quarterdeck's own, active, open for 2.0 s"),
            "{}",
            ours.reason
        );
        assert!(ours.remedy.ends_with("taken up again by the same command"), "{}", ours.remedy);
        let prepared =
            told(Blocker { pid: 0, who: "g1".into(), holds: String::new(), ..head(&facts, None, 0) });
        assert_eq!(prepared.object, "prepared transaction g1");
        assert!(
            prepared.reason.starts_with("neither committed nor rolled back: pid 7"),
            "{}",
            prepared.reason
        );
    }

    /// The head of a queue is no news as a long transaction, and who waits behind it is only open for that.
    #[test]
    fn of_one_session_one_thing_is_said() {
        let mut facts = months(&[]);
        let by = head(&facts, Some("idle in transaction"), 900);
        facts.held_up = vec![HeldUp { by, waiting: vec![waiting(7, 500), waiting(9, 20)] }];
        facts.sessions = vec![
            long(Some(88), 900),
            long(Some(7), 501),
            long(Some(9), 901),
            long(Some(5), 301),
            long(None, 400),
        ];
        let all = judge(&facts);
        let long: Vec<_> = all.iter().filter(|one| one.id == "QD-148").flat_map(|one| &one.sql).collect();
        assert_eq!(long, ["SELECT pg_terminate_backend(9)", "SELECT pg_terminate_backend(5)"]);
        assert_eq!(all.iter().filter(|one| one.id == "QD-172").count(), 1);
    }
}
