//! From readings and limits to a verdict for each signal, and from verdicts to how fast the work may go.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use crate::model::{
    figures,
    throttle::{Kind, Levels, Limit, Limits, Signal, SignalState, Speeds, Unit},
};

/// Seconds after which a reading is stale: a few rounds of measuring.
pub const STALE_S: f64 = 5.0;

/// What was measured.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// When, in seconds of the caller's clock.
    pub at_s: f64,
    /// What it is about, where that is more than the server: `standby b`.
    pub of: String,
    /// The value.
    pub value: Value,
}

/// A reading's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// In the signal's [`Unit`].
    Number(u64),
    /// A probe's own verdict.
    Verdict(SignalState),
    /// It could not be read, and why.
    Unread(String),
}

/// Limits and the newest readings.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Governor {
    /// What is watched.
    pub limits: Limits,
    readings: BTreeMap<Kind, Reading>,
    /// Since when it is asked.
    since_s: f64,
    /// A signal waits for its first reading.
    begins: bool,
    /// Every signal that is watched, as it was judged last.
    pub signals: Vec<Signal>,
}

impl Governor {
    /// With these limits, and nothing read yet.
    pub fn new(limits: Limits, now_s: f64) -> Self {
        Self { limits, since_s: now_s, ..Self::default() }
    }

    /// The newest reading of a signal.
    pub fn read(&mut self, kind: Kind, reading: Reading) {
        self.readings.insert(kind, reading);
    }

    /// Judges every signal anew: how fast the work may go.
    pub fn judge(&mut self, now_s: f64, now: DateTime<Utc>) -> Speeds {
        let mut speeds = Speeds::default();
        let mut signals = Vec::new();
        self.begins = false;
        for kind in Kind::ALL {
            let Some(limit) = self.limits.of(kind) else { continue };
            let (state, detail) = match limit {
                Limit::Window(opening) => window(*opening, now),
                Limit::Probe(_) => self.fresh(kind, now_s).map_or_else(stale, probed),
                Limit::Levels(levels) => {
                    self.fresh(kind, now_s).map_or_else(stale, |reading| measured(kind, *levels, reading))
                }
            };
            let first = now_s - self.since_s < STALE_S && !self.is_known(kind);
            self.begins |= first;
            speeds = speeds.and(if first { Speeds::unknown(kind) } else { Speeds::under(kind, state) });
            signals.push(Signal { signal: kind.word().into(), state, detail });
        }
        self.signals = signals;
        speeds
    }

    /// Why the work is slowed or held, `standby-lag: standby b 4.1 s > 3.0 s`, the worst first; empty where it is not.
    pub fn reasons(&self) -> Vec<String> {
        let mut bad: Vec<_> = self.signals.iter().filter(|one| one.state != SignalState::Ok).collect();
        bad.sort_by_key(|one| one.state != SignalState::Stop);
        bad.iter().map(|one| format!("{}: {}", one.signal, one.detail)).collect()
    }

    /// Whether a signal waits for its first reading: a moment after a start, and nothing to speak of.
    pub fn begins(&self) -> bool {
        self.begins
    }

    /// Whether it was measured, or need not be.
    fn is_known(&self, kind: Kind) -> bool {
        kind == Kind::Window || self.readings.contains_key(&kind)
    }

    /// A reading that still holds; else why there is none.
    fn fresh(&self, kind: Kind, now_s: f64) -> Result<&Reading, String> {
        let Some(reading) = self.readings.get(&kind) else { return Err("not measured yet".into()) };
        if let Value::Unread(why) = &reading.value {
            return Err(why.clone());
        }
        let age = now_s - reading.at_s;
        if age > STALE_S { Err(format!("not measured for {}", figures::span(age))) } else { Ok(reading) }
    }
}

fn stale(why: String) -> (SignalState, String) {
    (SignalState::Stale, why)
}

fn probed(reading: &Reading) -> (SignalState, String) {
    match &reading.value {
        Value::Verdict(state) => (*state, reading.of.clone()),
        Value::Number(_) | Value::Unread(_) => stale("it has no verdict".into()),
    }
}

fn window(opening: crate::model::opening::Opening, now: DateTime<Utc>) -> (SignalState, String) {
    match opening.next(now) {
        Some(stretch) if stretch.from <= now => (SignalState::Ok, format!("open, {opening} UTC")),
        Some(stretch) => {
            let wait = figures::span(figures::seconds_between(now, stretch.from));
            (SignalState::Stop, format!("closed until {} UTC, for {wait}", figures::clock(stretch.from)))
        }
        None => (SignalState::Stop, "over".into()),
    }
}

fn measured(kind: Kind, levels: Levels, reading: &Reading) -> (SignalState, String) {
    let Value::Number(value) = reading.value else { return stale("it is no number".into()) };
    let say = |value| shown(value, kind.unit());
    let over = |level: Option<u64>| level.filter(|level| value > *level);
    let (state, detail) = match (over(levels.stop), over(levels.slow)) {
        (Some(stop), _) => (SignalState::Stop, format!("{} > {}", say(value), say(stop))),
        (None, Some(slow)) => (SignalState::Slow, format!("{} > {}", say(value), say(slow))),
        (None, None) => {
            let limit = levels.slow.or(levels.stop).map(say).unwrap_or_default();
            (SignalState::Ok, format!("{} of {limit}", say(value)))
        }
    };
    (state, if reading.of.is_empty() { detail } else { format!("{} {detail}", reading.of) })
}

/// A value for people.
fn shown(value: u64, unit: Unit) -> String {
    let number = i64::try_from(value).unwrap_or(i64::MAX);
    match unit {
        Unit::Time if value < 1_000 => format!("{value} ms"),
        Unit::Time => figures::span(figures::float(number) / 1_000.0),
        Unit::Bytes => figures::bytes(number),
        Unit::BytesPerSecond => format!("{}/s", figures::bytes(number)),
        Unit::Count | Unit::Words => figures::count(number),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::throttle::{Speed, Work};

    fn noon() -> DateTime<Utc> {
        "2026-11-27T12:00:00Z".parse().unwrap()
    }

    fn only(setting: &str) -> Governor {
        let mut governor = Governor::default();
        for kind in Kind::ALL {
            governor.limits.set(format!("{}=off", kind.word()).parse().unwrap());
        }
        governor.limits.set(setting.parse().unwrap());
        governor
    }

    fn number(at_s: f64, value: u64) -> Reading {
        Reading { at_s, of: String::new(), value: Value::Number(value) }
    }

    fn speeds(governor: &mut Governor, now_s: f64) -> [Speed; 3] {
        let speeds = governor.judge(now_s, noon());
        [Work::Copy, Work::Read, Work::Replay].map(|work| speeds.of(work))
    }

    #[test]
    fn a_signal_is_as_its_value_and_its_age_are() {
        let mut governor = only("standby-lag=3s..1min");
        let one = |governor: &mut Governor, now_s| {
            governor.judge(now_s, noon());
            governor.signals[0].clone()
        };
        assert_eq!(one(&mut governor, 0.0).state, SignalState::Stale);
        assert_eq!(one(&mut governor, 0.0).detail, "not measured yet");
        assert_eq!(
            speeds(&mut governor, 0.0),
            [Speed::Stop, Speed::Full, Speed::Full],
            "nothing before the first look"
        );
        assert_eq!(speeds(&mut governor, 6.0), [Speed::Slow, Speed::Full, Speed::Full], "but not for ever");
        governor.read(Kind::StandbyLag, Reading { of: "standby b".into(), ..number(1.0, 4_100) });
        assert_eq!(one(&mut governor, 1.0).state, SignalState::Slow);
        assert_eq!(one(&mut governor, 1.0).detail, "standby b 4.1 s > 3.0 s");
        assert_eq!(speeds(&mut governor, 1.0), [Speed::Slow, Speed::Full, Speed::Full]);
        governor.read(Kind::StandbyLag, number(2.0, 61_000));
        assert_eq!(speeds(&mut governor, 2.0), [Speed::Stop, Speed::Full, Speed::Stop]);
        governor.read(Kind::StandbyLag, number(3.0, 3_000));
        assert_eq!(speeds(&mut governor, 3.0), [Speed::Full; 3]);
        assert_eq!(one(&mut governor, 9.0).detail, "not measured for 6.0 s");
        assert_eq!(speeds(&mut governor, 9.0), [Speed::Slow, Speed::Full, Speed::Full], "stale is slow");
        let unread = Value::Unread("no right".into());
        governor.read(Kind::StandbyLag, Reading { value: unread, ..number(9.0, 0) });
        assert_eq!(one(&mut governor, 9.0).state, SignalState::Stale);
    }

    #[test]
    fn outside_the_window_nothing_is_copied_but_the_log_is_replayed() {
        let mut governor = only("window=22:00-06:00");
        assert_eq!(speeds(&mut governor, 0.0), [Speed::Stop, Speed::Stop, Speed::Full]);
        assert_eq!(governor.signals[0].detail, "closed until 22:00 UTC, for 10h00m");
        assert_eq!(speeds(&mut only("window=11:00-13:00"), 0.0), [Speed::Full; 3]);
    }

    #[test]
    fn a_probe_speaks_for_itself() {
        let mut governor = only("probe=SELECT 'stop'");
        let verdict = Value::Verdict(SignalState::Stop);
        governor.read(Kind::Probe, Reading { at_s: 0.0, of: "stop".into(), value: verdict });
        assert_eq!(speeds(&mut governor, 0.0), [Speed::Stop; 3]);
    }

    #[test]
    fn nothing_is_watched_where_all_is_off() {
        let mut governor = only("wal-rate=off");
        assert_eq!(speeds(&mut governor, 0.0), [Speed::Full; 3]);
        assert!(governor.signals.is_empty() && governor.reasons().is_empty());
    }

    proptest! {
        /// Whatever the signals say: who copies minds the most, replay is never slowed, and one bad signal is enough.
        #[test]
        fn copying_is_never_faster_than_the_rest(values in prop::collection::vec(0_u64..200_000, 10)) {
            let mut governor = Governor::default();
            for (kind, value) in Kind::ALL.into_iter().zip(&values) {
                governor.read(kind, number(0.0, *value));
            }
            let speeds = governor.judge(0.0, noon());
            prop_assert!(speeds.copy >= speeds.read && speeds.copy >= speeds.replay);
            prop_assert!(speeds.replay != Speed::Slow);
            prop_assert_eq!(!governor.reasons().is_empty(), speeds.copy != Speed::Full);
        }
    }
}
