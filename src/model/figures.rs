//! Numbers as people read them: rows, bytes, rates, spans of time. All clock times are UTC, as in the journal.

use chrono::{DateTime, NaiveDateTime, Utc};

/// `22,104,551`.
pub fn count(n: i64) -> String {
    let digits = n.unsigned_abs().to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3 + 1);
    if n < 0 {
        text.push('-');
    }
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// How many there are of something that is held in memory.
pub fn length(n: usize) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A difference with its sign: `+12`, `-3`, `0`.
pub fn delta(n: i64) -> String {
    if n > 0 { format!("+{}", count(n)) } else { count(n) }
}

/// `812 MB`, in PostgreSQL's units (1 kB is 1,024 bytes).
pub fn bytes(n: i64) -> String {
    const UNITS: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];
    let mut value = float(n);
    let mut unit = 0;
    while value.abs() >= 1_000.0 && unit + 1 < UNITS.len() {
        value /= 1_024.0;
        unit += 1;
    }
    if unit == 0 || value.abs() >= 99.95 {
        format!("{value:.0} {}", UNITS[unit])
    } else {
        format!("{value:.1} {}", UNITS[unit])
    }
}

/// `184k`, `1.2M`, `950`: a rate's number.
pub fn short(value: f64) -> String {
    match value.abs() {
        v if v >= 999_500.0 => format!("{:.1}M", value / 1e6),
        v if v >= 9_950.0 => format!("{:.0}k", value / 1e3),
        v if v >= 999.5 => format!("{:.1}k", value / 1e3),
        _ => format!("{value:.0}"),
    }
}

/// A share of one as `51.3 %`, rounded down so that 100 % means all.
pub fn percent(share: f64) -> String {
    // A sum of nothing is -0.0.
    format!("{:.1} %", (share * 1_000.0).floor() / 10.0 + 0.0)
}

/// `0.41 s`, `20m11s`, `3h05m`, `2d04h`.
pub fn span(seconds: f64) -> String {
    if !seconds.is_finite() {
        return "?".into();
    }
    let seconds = seconds.max(0.0);
    if seconds < 1.0 {
        return format!("{seconds:.2} s");
    }
    if seconds < 9.95 {
        return format!("{seconds:.1} s");
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative; saturates")]
    let s = seconds.round() as u64;
    match s {
        0..60 => format!("{s} s"),
        60..3_600 => format!("{}m{:02}s", s / 60, s % 60),
        3_600..86_400 => format!("{}h{:02}m", s / 3_600, s % 3_600 / 60),
        _ => format!("{}d{:02}h", s / 86_400, s % 86_400 / 3_600),
    }
}

/// A range of seconds as `19–23 min`, `40–55 s`, `1.5–2.1 h`.
pub fn range((low, high): (f64, f64)) -> String {
    let (unit, name) = match high {
        h if h < 90.0 => (1.0, "s"),
        h if h < 5_400.0 => (60.0, "min"),
        h if h < 172_800.0 => (3_600.0, "h"),
        _ => (86_400.0, "d"),
    };
    let show = |seconds: f64| {
        let value = seconds.max(0.0) / unit;
        if unit >= 3_600.0 && value < 9.95 { format!("{value:.1}") } else { format!("{value:.0}") }
    };
    let (low, high) = (show(low), show(high));
    if low == high { format!("{high} {name}") } else { format!("{low}–{high} {name}") }
}

/// Seconds from `then` to `now`, not negative.
pub fn seconds_between(then: DateTime<Utc>, now: DateTime<Utc>) -> f64 {
    float((now - then).num_milliseconds().max(0)) / 1_000.0
}

/// `12 s ago`.
pub fn ago(then: DateTime<Utc>, now: DateTime<Utc>) -> String {
    let seconds = seconds_between(then, now);
    if seconds < 1.0 { "just now".into() } else { format!("{} ago", span(seconds.floor())) }
}

/// `14:24`.
pub fn clock(at: DateTime<Utc>) -> String {
    at.format("%H:%M").to_string()
}

/// `14:24:05`.
pub fn clock_seconds(at: DateTime<Utc>) -> String {
    at.format("%H:%M:%S").to_string()
}

/// `2024-07-04`, with the time of day where it is not midnight.
pub fn day(at: NaiveDateTime) -> String {
    let time = at.format("%H:%M").to_string();
    if time == "00:00" { at.format("%Y-%m-%d").to_string() } else { at.format("%Y-%m-%d %H:%M").to_string() }
}

/// `a / b` as a share, 0 where there is nothing.
pub fn share(a: i64, b: i64) -> f64 {
    if b <= 0 { 0.0 } else { (float(a) / float(b)).clamp(0.0, 1.0) }
}

/// A count as a float, for shares and bars.
#[expect(clippy::cast_precision_loss, reason = "for shares and bars; counts stay exact elsewhere")]
pub fn float(n: i64) -> f64 {
    n as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [count(0), count(999), count(1_000), count(-43_102_940)],
            ["0", "999", "1,000", "-43,102,940"]
        );
        assert_eq!(
            [bytes(0), bytes(1_023), bytes(852_000_000), bytes(1_300_000_000)],
            ["0 B", "1.0 kB", "813 MB", "1.2 GB"]
        );
        assert_eq!(
            [short(12.0), short(1_234.0), short(184_400.0), short(1_250_000.0)],
            ["12", "1.2k", "184k", "1.2M"]
        );
        assert_eq!([percent(0.513), percent(0.999_99), percent(1.0)], ["51.3 %", "99.9 %", "100.0 %"]);
        assert_eq!([delta(2), delta(-2), delta(0)], ["+2", "-2", "0"]);
    }

    #[test]
    fn spans_read_well() {
        let spans = [0.41, 4.1, 41.0, 1_211.0, 11_100.0, 200_000.0];
        assert_eq!(spans.map(span), ["0.41 s", "4.1 s", "41 s", "20m11s", "3h05m", "2d07h"]);
        assert_eq!(range((1_140.0, 1_380.0)), "19–23 min");
        assert_eq!(range((40.0, 40.2)), "40 s");
        assert_eq!(range((5_400.0, 7_560.0)), "1.5–2.1 h");
        assert_eq!(span(f64::NAN), "?");
    }
}
