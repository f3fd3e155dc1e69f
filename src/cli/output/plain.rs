//! Plain lines, for scripts' logs and for terminals without a console: one line an event, UTC.
//!
//! ```text
//! 14:02:31Z   census     2,000,000 rows in 256 chunks and 9 periods
//! 14:02:40Z ✓ verify     2,000,000 rows equal, 12 left out because they are in the log (3100 ms)
//! ```

use chrono::{DateTime, Utc};

use crate::{
    engine::{
        event::Event,
        sentence::{Tone, sentence, tone, word},
        status::{SignalState, Status},
    },
    model::figures::{clock_seconds, count, percent, range, short},
    tui::harmless::harmless,
};

/// An event.
pub fn line(event: &Event) -> String {
    let mark = match tone(&event.body) {
        Tone::Calm => ' ',
        Tone::Good => '✓',
        Tone::Warn => '!',
        Tone::Danger => '✗',
    };
    compose(event.at, mark, word(&event.body), &sentence(&event.body))
}

/// Where it stands, for a line now and then while nothing else happens.
pub fn progress(status: &Status) -> String {
    let rows = &status.rows;
    let share = status.share().filter(|_| status.rows.exact);
    let share = share.map(|share| format!(" ({})", percent(share))).unwrap_or_default();
    let about = if rows.exact { "" } else { "about " };
    let mut parts =
        vec![format!("{} of {about}{} rows{}{share}", count(rows.copied), count(rows.source), status.rest())];
    parts.extend(status.missing_words());
    parts.extend(status.pace.rows_per_s.map(|rate| format!("{} rows/s", short(rate))));
    parts.extend(status.pace.eta_s.map(|eta| format!("{} left", range(eta))));
    parts.push(format!("log {} rows", count(rows.log_pending)));
    for signal in status.throttle.iter().filter(|signal| signal.state != SignalState::Ok) {
        parts.push(format!("{} by {}: {}", held(signal.state), signal.signal, signal.detail));
    }
    parts.extend(status.migration.waiting.clone());
    compose(status.at, ' ', status.migration.phase.word(), &parts.join(", "))
}

fn held(state: SignalState) -> &'static str {
    match state {
        SignalState::Ok => "not held",
        SignalState::Slow => "slowed",
        SignalState::Stop => "stopped",
        SignalState::Stale => "slowed (stale)",
    }
}

fn compose(at: DateTime<Utc>, mark: char, word: &str, words: &str) -> String {
    format!("{}Z {mark} {word:<14} {}", clock_seconds(at), harmless(words))
}
