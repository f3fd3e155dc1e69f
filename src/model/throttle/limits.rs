//! The limits of signals, as the operator writes them: `standby-lag=3s..1min`, `bytes=..200GB`, `window=22:00-06:00`,
//! `probe=SELECT …`, `wal-rate=off`, `slot-wal=default`. The same words stand in the journal.

use std::{collections::BTreeMap, fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::model::{
    opening::Opening,
    throttle::{Kind, Unit},
};

/// The value above which the work is slowed, and that above which it stops, in the signal's [`Unit`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Levels {
    /// Above it, slow.
    pub slow: Option<u64>,
    /// Above it, stop.
    pub stop: Option<u64>,
}

/// What is asked of one signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Measured against levels.
    Levels(Levels),
    /// Asked with this statement.
    Probe(String),
    /// Open at this time of the day.
    Window(Opening),
}

/// A change: this signal's limit, `None` to watch it no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Setting {
    /// Of which signal.
    pub kind: Kind,
    /// To what.
    pub limit: Option<Limit>,
}

/// What is set: every signal that is watched, with its limit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits(BTreeMap<Kind, Limit>);

/// Longest statement of a probe, in bytes.
const LONGEST_PROBE: usize = 10_000;

impl Default for Limits {
    fn default() -> Self {
        let limits = Kind::ALL.into_iter().filter_map(|kind| Some((kind, usual(kind)?)));
        Self(limits.collect())
    }
}

/// What is watched where nobody says otherwise: what is the application's loss on any server. The others depend on it.
fn usual(kind: Kind) -> Option<Limit> {
    const GB: u64 = 1 << 30;
    let (slow, stop) = match kind {
        Kind::StandbyLag => (3_000, Some(60_000)),
        Kind::CommitLatency => (500, None),
        Kind::LockWaits => (5, None),
        Kind::LogGrowth => (1_000, None),
        Kind::SlotWal => (10 * GB, Some(50 * GB)),
        Kind::WalRate
        | Kind::Checkpoints
        | Kind::ActiveBackends
        | Kind::OldestXmin
        | Kind::Bytes
        | Kind::Probe
        | Kind::Window => return None,
    };
    Some(Limit::Levels(Levels { slow: Some(slow), stop }))
}

impl Limits {
    /// The limit of a signal; `None` where it is not watched.
    pub fn of(&self, kind: Kind) -> Option<&Limit> {
        self.0.get(&kind)
    }

    /// The operator's probe, where there is one.
    pub fn probe(&self) -> Option<&str> {
        match self.of(Kind::Probe)? {
            Limit::Probe(sql) => Some(sql),
            Limit::Levels(_) | Limit::Window(_) => None,
        }
    }

    /// Takes a change over.
    pub fn set(&mut self, setting: Setting) {
        match setting.limit {
            Some(limit) => self.0.insert(setting.kind, limit),
            None => self.0.remove(&setting.kind),
        };
    }

    /// With these changes.
    #[must_use]
    pub fn with(mut self, settings: &[Setting]) -> Self {
        settings.iter().cloned().for_each(|setting| self.set(setting));
        self
    }

    /// One setting a signal, for the journal and for people.
    pub fn settings(&self) -> Vec<Setting> {
        Kind::ALL.map(|kind| Setting { kind, limit: self.of(kind).cloned() }).into()
    }

    /// From the journal's settings; what is not among them is as usual.
    pub fn from_settings(settings: &[Setting]) -> Self {
        Self::default().with(settings)
    }
}

impl FromStr for Setting {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) =
            text.split_once('=').ok_or("write NAME=LIMIT: standby-lag=3s..1min, wal-rate=off")?;
        let (name, value) = (name.trim(), value.trim());
        let kind = Kind::ALL.into_iter().find(|kind| kind.word() == name).ok_or_else(|| {
            let all = Kind::ALL.map(Kind::word).join(", ");
            format!("there is no signal {name}; there are {all}")
        })?;
        let limit = match (value, kind) {
            ("off", _) => None,
            ("default", _) => usual(kind),
            (_, Kind::Window) => Some(Limit::Window(value.parse()?)),
            (_, Kind::Probe) => Some(Limit::Probe(probe(value)?)),
            (_, _) => Some(Limit::Levels(levels(value, kind)?)),
        };
        Ok(Self { kind, limit })
    }
}

fn probe(sql: &str) -> Result<String, String> {
    if sql.is_empty() || sql.len() > LONGEST_PROBE || sql.contains('\0') {
        return Err("write a statement that answers ok, slow or stop: probe=SELECT 'ok'".into());
    }
    Ok(sql.to_owned())
}

/// `A`, `A..B`, `..B`.
fn levels(text: &str, kind: Kind) -> Result<Levels, String> {
    let level = |text: &str| match text.trim() {
        "" => Ok(None),
        text => number(text, kind.unit()).map(Some),
    };
    let levels = match text.split_once("..") {
        Some((slow, stop)) => Levels { slow: level(slow)?, stop: level(stop)? },
        None => Levels { slow: level(text)?, stop: None },
    };
    match levels {
        Levels { slow: None, stop: None } => Err(format!("{} needs a limit, or off", kind.word())),
        Levels { slow: Some(slow), stop: Some(stop) } if stop < slow => {
            Err("the second limit, where the work stops, is the higher one".into())
        }
        Levels { stop: Some(_), .. } if kind == Kind::LogGrowth => {
            Err("log-growth can only slow: a log that nobody replays grows on".into())
        }
        levels => Ok(levels),
    }
}

/// The units of each [`Unit`], the largest first; the first word is the one that is written.
fn units(unit: Unit) -> &'static [(&'static [&'static str], u64)] {
    const TIME: &[(&[&str], u64)] =
        &[(&["d"], 86_400_000), (&["h"], 3_600_000), (&["min", "m"], 60_000), (&["s"], 1_000), (&["ms"], 1)];
    const BYTES: &[(&[&str], u64)] =
        &[(&["TB"], 1 << 40), (&["GB"], 1 << 30), (&["MB"], 1 << 20), (&["kB", "KB"], 1 << 10), (&["B"], 1)];
    match unit {
        Unit::Time => TIME,
        Unit::Bytes | Unit::BytesPerSecond => BYTES,
        Unit::Count | Unit::Words => &[(&[""], 1)],
    }
}

fn number(text: &str, unit: Unit) -> Result<u64, String> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, word) = (&text[..digits], text[digits..].trim_start());
    let word = if unit == Unit::BytesPerSecond { word.trim_end_matches("/s") } else { word };
    let factor = units(unit).iter().find(|(words, _)| words.contains(&word)).map(|(_, factor)| *factor);
    let example = match unit {
        Unit::Time => "a whole number with its unit: 300ms, 3s, 5min, 1h",
        Unit::Bytes | Unit::BytesPerSecond => "a whole number with its unit: 50MB, 200GB",
        Unit::Count | Unit::Words => "a whole number",
    };
    factor
        .and_then(|factor| number.parse::<u64>().ok()?.checked_mul(factor))
        .filter(|value| i64::try_from(*value).is_ok())
        .ok_or_else(|| format!("{text} is not {example}"))
}

/// In the largest unit that says it exactly.
fn written(value: u64, unit: Unit) -> String {
    let exact = units(unit).iter().find(|(_, factor)| value != 0 && value.is_multiple_of(*factor));
    let (words, factor) = exact.or(units(unit).last()).copied().unwrap_or((&[""], 1));
    format!("{}{}", value / factor, words[0])
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.kind.word())?;
        let level = |level: Option<u64>| level.map(|value| written(value, self.kind.unit()));
        match &self.limit {
            None => f.write_str("off"),
            Some(Limit::Probe(sql)) => f.write_str(sql),
            Some(Limit::Window(opening)) => write!(f, "{opening}"),
            Some(Limit::Levels(levels)) => {
                f.write_str(&level(levels.slow).unwrap_or_default())?;
                level(levels.stop).map_or(Ok(()), |stop| write!(f, "..{stop}"))
            }
        }
    }
}

impl TryFrom<String> for Setting {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        text.parse()
    }
}

impl From<Setting> for String {
    fn from(setting: Setting) -> Self {
        setting.to_string()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_written_is_read_as_it_was() {
        for text in [
            "standby-lag=3s..1min",
            "bytes=..200GB",
            "wal-rate=50MB",
            "lock-waits=5",
            "commit-latency=0ms",
            "window=22:00-06:00",
            "probe=SELECT 'a=b'",
            "oldest-xmin=off",
        ] {
            assert_eq!(text.parse::<Setting>().unwrap().to_string(), text);
        }
        assert_eq!("standby-lag=default".parse::<Setting>().unwrap().to_string(), "standby-lag=3s..1min");
        assert_eq!("wal-rate = 50 MB/s".parse::<Setting>().unwrap().to_string(), "wal-rate=50MB");
        assert_eq!("probe=default".parse::<Setting>().unwrap().limit, None);
    }

    #[test]
    fn what_makes_no_sense_is_refused_with_an_example() {
        for (text, says) in [
            ("", "NAME=LIMIT"),
            ("lag=3s", "there is no signal lag; there are standby-lag"),
            ("standby-lag=3", "3 is not a whole number with its unit: 300ms"),
            ("standby-lag=3GB", "not a whole number with its unit"),
            ("bytes=99999999999TB", "not a whole number"),
            ("standby-lag=", "needs a limit, or off"),
            ("standby-lag=..", "needs a limit, or off"),
            ("standby-lag=1min..3s", "the higher one"),
            ("log-growth=..5", "can only slow"),
            ("window=3s", "02:00-04:00"),
            ("probe=", "ok, slow or stop"),
            ("lock-waits=-1", "not a whole number"),
        ] {
            let error = text.parse::<Setting>().unwrap_err();
            assert!(error.contains(says), "{text}: {error}");
        }
    }

    #[test]
    fn the_journal_keeps_all_of_them() {
        let mut limits = Limits::default();
        limits.set("standby-lag=off".parse().unwrap());
        limits.set("window=22:00-06:00".parse().unwrap());
        let json = serde_json::to_string(&limits.settings()).unwrap();
        assert_eq!(Limits::from_settings(&serde_json::from_str::<Vec<Setting>>(&json).unwrap()), limits);
        assert_eq!(limits.of(Kind::StandbyLag), None);
    }

    proptest! {
        #[test]
        fn any_text_is_read_or_refused(text in "(standby-lag|bytes|window|probe|x)?=?.{0,20}") {
            if let Ok(setting) = text.parse::<Setting>() {
                prop_assert_eq!(setting.to_string().parse::<Setting>(), Ok(setting));
            }
        }

        #[test]
        fn any_level_comes_back(slow in 0..i64::MAX as u64, more in 0_u64..1_000_000, which in 0..Kind::ALL.len()) {
            let kind = Kind::ALL[which];
            prop_assume!(!matches!(kind, Kind::Probe | Kind::Window | Kind::LogGrowth));
            let stop = slow.checked_add(more).filter(|stop| i64::try_from(*stop).is_ok());
            let setting = Setting { kind, limit: Some(Limit::Levels(Levels { slow: Some(slow), stop })) };
            prop_assert_eq!(setting.to_string().parse::<Setting>(), Ok(setting));
        }
    }
}
