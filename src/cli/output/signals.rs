//! The signals that slow or hold the work, with their limits, as text and as JSON.

use std::fmt::Write as _;

use serde_json::json;

use crate::{
    model::throttle::{Limits, Setting, Signal, SignalState},
    tui::harmless::harmless,
};

/// A signal's limit, and how it was judged last; `None` where nobody measures it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// The limit.
    pub setting: Setting,
    /// The verdict.
    pub signal: Option<Signal>,
}

/// Every signal that has a limit, watched or not.
pub fn rows(limits: &Limits, signals: &[Signal]) -> Vec<Row> {
    let one = |setting: Setting| {
        let signal = signals.iter().find(|signal| signal.signal == setting.kind.word()).cloned();
        Row { setting, signal }
    };
    limits.settings().into_iter().map(one).collect()
}

/// The word for a verdict.
pub fn word(state: SignalState) -> &'static str {
    match state {
        SignalState::Ok => "ok",
        SignalState::Slow => "slow",
        SignalState::Stop => "stop",
        SignalState::Stale => "stale",
    }
}

impl Row {
    fn limit(&self) -> String {
        let text = self.setting.to_string();
        text.split_once('=').map(|(_, limit)| limit.to_owned()).unwrap_or_default()
    }

    fn verdict(&self) -> (&'static str, &str) {
        match &self.signal {
            Some(signal) => (word(signal.state), signal.detail.as_str()),
            None => ("", if self.setting.limit.is_some() { "not measured: nobody runs it" } else { "" }),
        }
    }
}

/// One line a signal.
pub fn text(rows: &[Row]) -> String {
    let limits: Vec<_> = rows.iter().map(|row| harmless(&row.limit()).into_owned()).collect();
    let width = limits.iter().map(|limit| limit.chars().count()).filter(|n| *n <= 24).max().unwrap_or(0);
    let mut text = String::new();
    for (row, limit) in rows.iter().zip(&limits) {
        let (state, detail) = row.verdict();
        let name = row.setting.kind.word();
        let line = format!("{name:<16} {limit:<width$}  {state:<5}  {}", harmless(detail));
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// An array of objects.
pub fn json(rows: &[Row]) -> String {
    let one = |row: &Row| {
        json!({
            "signal": row.setting.kind.word(),
            "limit": row.limit(),
            "state": row.signal.as_ref().map(|signal| word(signal.state)),
            "detail": row.signal.as_ref().map(|signal| signal.detail.as_str()),
        })
    };
    serde_json::Value::Array(rows.iter().map(one).collect()).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_limit_and_its_verdict() {
        let signal = Signal {
            signal: "standby-lag".into(),
            state: SignalState::Slow,
            detail: "standby b 4.1 s > 3.0 s".into(),
        };
        let rows = rows(&Limits::default(), &[signal]);
        let text = text(&rows);
        assert_eq!(text.lines().next(), Some("standby-lag      3s..1min    slow   standby b 4.1 s > 3.0 s"));
        assert!(
            text.contains("\ncommit-latency   500ms              not measured: nobody runs it\n"),
            "{text}"
        );
        assert!(text.ends_with("\nwindow           off\n"), "{text}");
        let json: serde_json::Value = serde_json::from_str(&json(&rows)).unwrap();
        assert_eq!(json[0]["state"], "slow");
        assert_eq!(json[11]["limit"], "off");
    }
}
