//! Speed and time left, from rows and seconds that somebody else measured. Pure: time comes in as a number.
//!
//! Only seconds in which copying was allowed count, so a pause makes no estimate worse. Slowed seconds count: it may stay so.

use std::collections::VecDeque;

/// Seconds of history kept, one bar of the sparkline each.
pub const HISTORY: usize = 60;
/// Chunks of this run before an estimate is shown.
pub const CHUNKS_BEFORE_ETA: u32 = 3;

/// Active seconds without a row after which nothing moves; more of them where a chunk usually takes long.
const STALLED_AFTER: f64 = 20.0;
/// So many times as long as a chunk takes.
const CHUNKS_MISSED: f64 = 3.0;

/// What a second was spent on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spent {
    /// Copying.
    Active,
    /// Paused by the operator.
    Paused,
    /// Copying a part of the time, as a signal wants it.
    Slowed,
    /// Waiting for a signal.
    Held,
}

/// Counts rows and seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Pace {
    history: VecDeque<u64>,
    rows_now: u64,
    /// Active seconds since the last bar.
    now_s: f64,
    rows_total: u64,
    chunks: u32,
    /// Seconds in which something was copied.
    copying_s: f64,
    active_s: f64,
    paused_s: f64,
    slowed_s: f64,
}

impl Pace {
    /// A chunk of `rows` is done.
    pub fn chunk(&mut self, rows: i64) {
        let rows = u64::try_from(rows).unwrap_or(0);
        self.rows_now += rows;
        self.rows_total += rows;
        self.chunks += 1;
    }

    /// `seconds` have passed, spent on `spent`.
    pub fn tick(&mut self, seconds: f64, spent: Spent) {
        match spent {
            Spent::Active => self.active_s += seconds,
            Spent::Paused => self.paused_s += seconds,
            Spent::Slowed | Spent::Held => self.slowed_s += seconds,
        }
        if matches!(spent, Spent::Active | Spent::Slowed) {
            self.copying_s += seconds;
            self.now_s += seconds;
            if self.now_s >= 1.0 {
                self.bar();
            }
        }
    }

    /// A second is full. Where a tick came late it was longer, and the bar is lower for it.
    fn bar(&mut self) {
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "rows of a second, for people"
        )]
        let rows = (self.rows_now as f64 / self.now_s).round() as u64;
        (self.rows_now, self.now_s) = (0, 0.0);
        self.history.push_back(rows);
        if self.history.len() > HISTORY {
            self.history.pop_front();
        }
    }

    /// Rows per second of the time in which something was copied, over the whole run and over the last minute.
    fn rates(&self) -> Option<(f64, f64)> {
        if self.chunks < CHUNKS_BEFORE_ETA || self.copying_s < 1.0 {
            return None;
        }
        let recent = self.history.iter().sum::<u64>();
        #[expect(clippy::cast_precision_loss, reason = "a rate for people")]
        let rates =
            (self.rows_total as f64 / self.copying_s, recent as f64 / self.history.len().max(1) as f64);
        Some(rates)
    }

    /// Rows per second, a slow average.
    pub fn rows_per_s(&self) -> Option<f64> {
        self.rates().map(|(run, recent)| f64::midpoint(run, recent))
    }

    /// Nothing has come for so long that an estimate would only grow.
    fn is_stalled(&self) -> bool {
        let quiet = self.history.iter().rev().take_while(|rows| **rows == 0).count();
        let usual = CHUNKS_MISSED * self.copying_s / f64::from(self.chunks.max(1));
        let limit = usual.clamp(STALLED_AFTER, f64::from(u32::try_from(HISTORY).unwrap_or(u32::MAX)));
        self.rows_now == 0 && f64::from(u32::try_from(quiet).unwrap_or(u32::MAX)) >= limit
    }

    /// Seconds left for `rows`, as a range; `None` while there is nothing to go by, and while nothing moves.
    pub fn eta_s(&self, rows: i64) -> Option<(f64, f64)> {
        let (run, recent) = self.rates().filter(|_| !self.is_stalled())?;
        let (slow, fast) = (run.min(recent), run.max(recent));
        #[expect(clippy::cast_precision_loss, reason = "an estimate for people")]
        let rows = rows.max(0) as f64;
        (slow > 0.0).then(|| (rows / fast, rows / slow))
    }

    /// Rows per second of the last minute of active time, oldest first; the second that is not full is not among them.
    pub fn history(&self) -> Vec<u64> {
        self.history.iter().copied().collect()
    }

    /// Seconds active, paused, slowed or held.
    pub fn spent_s(&self) -> (f64, f64, f64) {
        (self.active_s, self.paused_s, self.slowed_s)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_estimate_before_three_chunks_and_none_worse_for_a_pause() {
        let mut pace = Pace::default();
        pace.chunk(100);
        pace.tick(1.0, Spent::Active);
        assert_eq!(pace.eta_s(1_000), None);
        pace.chunk(100);
        pace.tick(1.0, Spent::Active);
        pace.chunk(100);
        pace.tick(1.0, Spent::Active);
        let before = pace.eta_s(1_000);
        assert_eq!(before, Some((10.0, 10.0)));
        pace.tick(500.0, Spent::Paused);
        assert_eq!(pace.eta_s(1_000), before);
        pace.tick(500.0, Spent::Held);
        assert_eq!(pace.eta_s(1_000), before);
        assert_eq!(pace.spent_s(), (3.0, 500.0, 500.0));
        pace.tick(1.0, Spent::Slowed);
        assert!(pace.eta_s(1_000) > before, "a slower second makes it later");
    }

    #[test]
    fn an_estimate_does_not_grow_for_ever_it_ends() {
        let mut pace = Pace::default();
        for _ in 0..60 {
            pace.chunk(100);
            pace.tick(1.0, Spent::Active);
        }
        let mut widest = 0.0_f64;
        for _ in 0..19 {
            pace.tick(1.0, Spent::Active);
            widest = widest.max(pace.eta_s(1_000).unwrap().1);
        }
        assert!(widest < 16.0, "{widest}");
        pace.tick(1.0, Spent::Active);
        assert_eq!(pace.eta_s(1_000), None, "stalled");
        assert!(pace.rows_per_s().is_some(), "which is told apart from a run that has only begun");
        pace.chunk(100);
        assert!(pace.eta_s(1_000).is_some(), "it goes on");
        // Chunks that take long are no stalled ones.
        let mut pace = Pace::default();
        for _ in 0..3 {
            pace.tick(14.0, Spent::Active);
            pace.chunk(1_400);
        }
        (0..30).for_each(|_| pace.tick(1.0, Spent::Active));
        assert!(pace.eta_s(1_000).is_some());
        (0..40).for_each(|_| pace.tick(1.0, Spent::Active));
        assert_eq!(pace.eta_s(1_000), None);
    }

    /// As the worker ticks: four times a second.
    #[test]
    fn a_bar_is_a_second_however_often_it_ticks() {
        let mut pace = Pace::default();
        for _ in 0..4 * 8 {
            pace.chunk(25);
            pace.tick(0.25, Spent::Active);
        }
        assert_eq!(pace.history(), [100; 8]);
        assert_eq!(pace.rows_per_s(), Some(100.0));
        assert_eq!(pace.eta_s(1_000), Some((10.0, 10.0)));
        pace.chunk(500);
        assert_eq!(pace.history(), [100; 8], "its second is not over");
        pace.tick(2.5, Spent::Active);
        assert_eq!(pace.history().last(), Some(&200), "a late tick is a long second");
    }
}
