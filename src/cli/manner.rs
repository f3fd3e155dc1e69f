//! How this process works on the migrations that it owns: what `run` takes as flags, and the console from the settings.

use std::time::Duration;

use clap::Args as Flags;

use crate::cli::{config::Config, values};

/// Milliseconds of `--lock-budget` where nothing is said.
pub const LOCK_BUDGET: u64 = 100;
/// `--verify-max-age` where nothing is said.
pub const VERIFY_MAX_AGE: Duration = Duration::from_hours(1);
/// `--reverse-window` where nothing is said.
pub const REVERSE_WINDOW: Duration = Duration::from_hours(72);

/// How long things may take.
#[derive(Clone, Copy, Debug, Default, Flags)]
pub struct Limits {
    /// Milliseconds that one attempt at the swap may make writers wait [default: 100]
    #[arg(long, value_name = "MS", value_parser = clap::value_parser!(u64).range(values::LOCK_BUDGET_BOUNDS))]
    lock_budget: Option<u64>,
    /// Verify again before the swap if the last clean pass is older [default: 1h]
    #[arg(long, value_name = "TIME", value_parser = values::duration)]
    verify_max_age: Option<Duration>,
}

impl Limits {
    /// How long one attempt at the swap may make writers wait.
    pub fn lock_budget(&self) -> Duration {
        Duration::from_millis(self.lock_budget.unwrap_or(LOCK_BUDGET))
    }

    /// How old the last clean pass may be at the swap.
    pub fn verify_max_age(&self) -> Duration {
        self.verify_max_age.unwrap_or(VERIFY_MAX_AGE)
    }

    /// What no flag says, the file may say.
    pub(super) fn or(self, config: &Config) -> Self {
        Self {
            lock_budget: self.lock_budget.or(config.lock_budget),
            verify_max_age: self.verify_max_age.or(config.verify_max_age),
        }
    }
}

/// How this process works on the migrations that it owns.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Manner {
    /// Copying sessions, where asked for.
    pub(super) workers: Option<u16>,
    /// How long things may take.
    pub(super) limits: Limits,
    /// How long after a swap to remind of `finish`, where asked for.
    pub(super) reverse_window: Option<Duration>,
}

impl Manner {
    /// What no flag says, the file may say.
    pub(super) fn or(self, config: &Config) -> Self {
        Self {
            workers: self.workers.or(config.workers),
            limits: self.limits.or(config),
            reverse_window: self.reverse_window.or(config.reverse_window),
        }
    }

    /// How long after a swap to remind of `finish`.
    pub(super) fn reverse_window(&self) -> Duration {
        self.reverse_window.unwrap_or(REVERSE_WINDOW)
    }
}
