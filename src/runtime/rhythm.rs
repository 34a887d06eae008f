//! How long a call of compiled code lasts, and how long a run goes on without a checkpoint: neither changes a bit.

use std::time::Duration;

/// When the host looks up from computing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rhythm {
    /// How long one call of compiled code is meant to last; zero: each call is one step.
    pub call: Duration,
    /// How long the run goes on without a checkpoint; zero: there is one after each call.
    pub checkpoint: Duration,
}

impl Default for Rhythm {
    fn default() -> Rhythm {
        Rhythm { call: Duration::from_millis(50), checkpoint: Duration::from_secs(1) }
    }
}

/// How many steps a call gets, learnt from how long the calls before it took. Each program has a pace of its own.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    call: Duration,
    steps: u64,
}

impl Pace {
    /// Begins with a single step.
    pub(super) fn new(rhythm: Rhythm) -> Pace {
        Pace { call: rhythm.call, steps: 1 }
    }

    /// The steps of the next call, of those that are left.
    pub(super) fn next(&self, left: u64) -> u64 {
        self.steps.min(left)
    }

    /// So many steps took so long.
    pub(super) fn took(&mut self, steps: u64, time: Duration) {
        let fit = self.call.as_secs_f64() / (time.as_secs_f64() / steps.max(1) as f64).max(1e-9);
        self.steps = (fit as u64).clamp(1, self.steps.saturating_mul(16).max(16));
    }
}
