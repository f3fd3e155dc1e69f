//! A figure over time: how fast it grows, and when it was what somebody else has reached by now.

use std::{collections::VecDeque, time::Duration};

/// Most readings kept; at one a second some ten minutes.
const MOST: usize = 600;

/// Readings, oldest first: seconds and figure.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trail(VecDeque<(f64, i64)>);

impl Trail {
    /// One more reading.
    pub fn push(&mut self, at_s: f64, value: i64) {
        if self.0.len() == MOST {
            self.0.pop_front();
        }
        self.0.push_back((at_s, value));
    }

    /// Forgets everything: what comes cannot be compared with what was.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// Growth within the last `span_s` seconds and how long that took; `None` before two readings.
    pub fn growth(&self, span_s: f64) -> Option<(i64, f64)> {
        let (now, value) = *self.0.back()?;
        let (then, before) = *self.0.iter().find(|(at, _)| *at >= now - span_s)?;
        (now > then).then(|| (value - before, now - then))
    }

    /// Growth a second within the last `span_s` seconds, 0 where it shrinks.
    pub fn rate(&self, span_s: f64) -> Option<u64> {
        let (growth, seconds) = self.growth(span_s)?;
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a rate; saturates"
        )]
        let rate = (growth.max(0) as f64 / seconds).round() as u64;
        Some(rate)
    }

    /// Time since the figure, which only grows, passed `reached`: how far behind somebody is who has come so far. Where
    /// that was before the first reading, at least the age of that one.
    pub fn behind(&self, reached: i64) -> Duration {
        let passed = self.0.iter().find(|(_, value)| *value > reached);
        let seconds = passed.zip(self.0.back()).map_or(0.0, |((then, _), (now, _))| now - then);
        Duration::try_from_secs_f64(seconds).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trail(readings: &[(f64, i64)]) -> Trail {
        let mut trail = Trail::default();
        for (at, value) in readings {
            trail.push(*at, *value);
        }
        trail
    }

    #[test]
    fn a_rate_is_of_the_last_seconds() {
        let trail = trail(&[(0.0, 0), (1.0, 10_000), (2.0, 10_100), (4.0, 10_300)]);
        assert_eq!(trail.rate(3.0), Some(100));
        assert_eq!(trail.rate(60.0), Some(2_575));
        assert_eq!(self::trail(&[(1.0, 5)]).rate(3.0), None);
        assert_eq!(self::trail(&[(1.0, 500), (2.0, 5)]).rate(3.0), Some(0), "it shrinks");
    }

    #[test]
    fn who_has_come_so_far_is_so_late() {
        let trail = trail(&[(0.0, 100), (1.0, 200), (2.0, 300), (10.0, 300)]);
        assert_eq!(trail.behind(300), Duration::ZERO, "it has everything");
        assert_eq!(trail.behind(250), Duration::from_secs(8), "what came at second 2 is missing");
        assert_eq!(trail.behind(50), Duration::from_secs(10), "at least since the first reading");
        assert_eq!(Trail::default().behind(0), Duration::ZERO);
    }

    #[test]
    fn it_does_not_grow_for_ever() {
        let mut trail = Trail::default();
        for n in 0..10_000 {
            trail.push(f64::from(n), i64::from(n));
        }
        assert_eq!(trail.0.len(), MOST);
    }
}
