//! Values of flags, from text: connection strings, periods, spans of time. Pure.

use std::{ops::RangeInclusive, time::Duration};

use clap::builder::{PossibleValuesParser, TypedValueParser};

use crate::{
    cli::everywhere::Theme,
    model::{history::History, incoming::Choice, maintenance::OnExpiry, period::Every, strategy::Strategy},
    pg::Target,
};

/// How many may copy: `--workers`.
pub(super) const WORKERS_BOUNDS: RangeInclusive<i64> = 1..=16;
/// Milliseconds: `--lock-budget` of a swap.
pub(super) const LOCK_BUDGET_BOUNDS: RangeInclusive<u64> = 10..=10_000;
/// Whole periods ahead: `--premake`.
pub(super) const PREMAKE_BOUNDS: RangeInclusive<i64> = 0..=120;

/// A word that can only be a connection string.
pub(super) fn connection_string(word: &str) -> Result<String, String> {
    if Target::is_connection_string(word) {
        Ok(word.to_owned())
    } else {
        Err("it is no command, and a connection string contains :// or =".into())
    }
}

/// The words of `--theme`.
pub(super) fn theme() -> impl TypedValueParser<Value = Theme> {
    let theme = |word: String| Theme::ALL.into_iter().find(|theme| theme.word() == word);
    PossibleValuesParser::new(Theme::ALL.map(Theme::word)).try_map(move |word| theme(word).ok_or("no theme"))
}

/// The words of `--every`.
pub(super) fn every() -> impl TypedValueParser<Value = Every> {
    PossibleValuesParser::new(Every::ALL.map(Every::word)).try_map(|word| word.parse::<Every>())
}

/// The words of `--strategy`.
pub(super) fn strategy() -> impl TypedValueParser<Value = Strategy> {
    PossibleValuesParser::new(Strategy::ALL.map(Strategy::word)).try_map(|word| word.parse::<Strategy>())
}

/// The words of `--incoming`.
pub(super) fn incoming() -> impl TypedValueParser<Value = Choice> {
    PossibleValuesParser::new(Choice::ALL.map(Choice::word)).try_map(|word| word.parse::<Choice>())
}

/// The words of `--history`.
pub(super) fn history() -> impl TypedValueParser<Value = History> {
    PossibleValuesParser::new(History::ALL.map(History::word)).try_map(|word| word.parse::<History>())
}

/// The words of `--on-expiry`.
pub(super) fn on_expiry() -> impl TypedValueParser<Value = OnExpiry> {
    PossibleValuesParser::new(OnExpiry::ALL.map(OnExpiry::word)).try_map(|word| word.parse::<OnExpiry>())
}

/// `90s`, `30m`, `72h`, `3d`: a whole number and its unit.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    const UNITS: [(char, u64); 4] = [('s', 1), ('m', 60), ('h', 3_600), ('d', 86_400)];
    let parts = UNITS.iter().find_map(|(unit, seconds)| Some((text.strip_suffix(*unit)?, seconds)));
    parts
        .and_then(|(number, seconds)| number.parse::<u64>().ok()?.checked_mul(*seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| "write a whole number with its unit: 90s, 30m, 72h or 3d".into())
}

/// As [`duration`] reads it.
pub(super) fn span(span: Duration) -> String {
    match span.as_secs() {
        seconds if seconds % 3_600 == 0 => format!("{}h", seconds / 3_600),
        seconds if seconds % 60 == 0 => format!("{}m", seconds / 60),
        seconds => format!("{seconds}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_written_as_they_are_read() {
        for text in ["72h", "90s", "30m", "0h", "1s"] {
            assert_eq!(duration(text).map(span).as_deref(), Ok(text));
        }
    }

    #[test]
    fn spans_need_their_unit() {
        let seconds = |text| duration(text).map(|d| d.as_secs());
        assert_eq!(
            [seconds("90s"), seconds("30m"), seconds("72h"), seconds("3d")],
            [Ok(90), Ok(1_800), Ok(259_200), Ok(259_200)]
        );
        for text in ["", "1", "h", "-1h", "1.5h", "1w", "99999999999999999999d", "1é", "300000000000000000d"]
        {
            assert!(duration(text).is_err(), "{text}");
        }
    }
}
