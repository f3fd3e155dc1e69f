//! What the traffic counts: transactions, failures, and how long its statements took.

use std::time::Duration;

/// So many failures are kept in words; all are counted.
const KEPT: usize = 50;
/// Buckets of the histogram per doubling of time: a quantile is right to 9 %.
const PER_DOUBLING: u32 = 8;
/// Doublings from one microsecond: the last bucket holds all above an hour.
const DOUBLINGS: u32 = 32;

/// The traffic's own account.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Committed.
    pub transactions: u64,
    /// Run, in committed and in failed transactions.
    pub statements: u64,
    /// Statements that failed, or that found other rows than the oracle.
    pub failures: u64,
    /// The first failures: SQLSTATE, message, statement.
    pub failed: Vec<String>,
    longest: Duration,
    longest_words: String,
    histogram: Vec<u64>,
}

impl Default for Tally {
    fn default() -> Self {
        Self {
            transactions: 0,
            statements: 0,
            failures: 0,
            failed: Vec::new(),
            longest: Duration::ZERO,
            longest_words: String::new(),
            histogram: vec![0; (DOUBLINGS * PER_DOUBLING) as usize],
        }
    }
}

impl Tally {
    /// A statement took so long.
    pub(super) fn took(&mut self, sql: &str, time: Duration) {
        self.statements += 1;
        if time > self.longest {
            self.longest = time;
            self.longest_words.clear();
            self.longest_words.push_str(sql);
        }
        let bucket = bucket_of(time).min(self.histogram.len() - 1);
        self.histogram[bucket] += 1;
    }

    /// Something went wrong.
    pub(super) fn failed(&mut self, words: String) {
        self.failures += 1;
        if self.failed.len() < KEPT {
            self.failed.push(words);
        }
    }

    /// The longest statement, in milliseconds.
    pub fn longest_ms(&self) -> f64 {
        self.longest.as_secs_f64() * 1e3
    }

    /// Which statement that was.
    pub fn longest_statement(&self) -> &str {
        &self.longest_words
    }

    /// 99 of 100 statements took no longer, in milliseconds; 0 before the first.
    pub fn p99_ms(&self) -> f64 {
        let total: u64 = self.histogram.iter().sum();
        let mut above = total / 100;
        for (bucket, count) in self.histogram.iter().enumerate().rev() {
            if *count > above {
                return upper_ms(bucket).min(self.longest_ms());
            }
            above -= count;
        }
        0.0
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "a logarithm of at least 1 µs, below 2^32"
)]
fn bucket_of(time: Duration) -> usize {
    let micros = (time.as_secs_f64() * 1e6).max(1.0);
    (micros.log2() * f64::from(PER_DOUBLING)) as usize
}

#[expect(clippy::cast_precision_loss, reason = "a bucket's number is small")]
fn upper_ms(bucket: usize) -> f64 {
    ((bucket + 1) as f64 / f64::from(PER_DOUBLING)).exp2() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_and_the_99th_are_told_apart() {
        let mut tally = Tally::default();
        assert!(tally.p99_ms().abs() < f64::EPSILON);
        for i in 0..1000 {
            tally.took("usual", Duration::from_micros(900 + i % 100));
        }
        for _ in 0..5 {
            tally.took("slow", Duration::from_millis(80));
        }
        tally.took("slowest", Duration::from_millis(90));
        assert!((0.9..1.2).contains(&tally.p99_ms()), "{}", tally.p99_ms());
        assert!((tally.longest_ms() - 90.0).abs() < 0.001);
        assert_eq!((tally.longest_statement(), tally.statements), ("slowest", 1006));
        for _ in 0..20 {
            tally.took("slow", Duration::from_millis(80));
        }
        assert!((79.0..91.0).contains(&tally.p99_ms()), "{}", tally.p99_ms());
    }

    #[test]
    fn failures_are_all_counted_and_some_kept() {
        let mut tally = Tally::default();
        for i in 0..200 {
            tally.failed(format!("failure {i}"));
        }
        assert_eq!((tally.failures, tally.failed.len()), (200, KEPT));
        tally.took("for ever", Duration::from_secs(1_000_000));
        tally.took("at once", Duration::ZERO);
    }
}
