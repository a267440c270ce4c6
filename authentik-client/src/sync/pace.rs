use std::time::Duration;

/// How many looks in a row without news make the pauses grow.
const PATIENCE: u32 = 5;
/// How many times the interval a pause grows to.
const LONGEST: u32 = 5;

/// How long to wait between two looks: the interval, and up to five times as much while nothing moves.
/// A look at a provider's status takes its lock for a moment, and every look costs authentik a query.
#[derive(Debug, Clone)]
pub(super) struct Pace {
    interval: Duration,
    quiet: u32,
}

impl Pace {
    pub(super) fn new(interval: Duration) -> Self {
        Self { interval, quiet: 0 }
    }

    pub(super) fn pause(&self) -> Duration {
        self.interval * (self.quiet / PATIENCE + 1).min(LONGEST)
    }

    pub(super) fn nothing_new(&mut self) {
        self.quiet = self.quiet.saturating_add(1);
    }

    pub(super) fn news(&mut self) {
        self.quiet = 0;
    }
}
