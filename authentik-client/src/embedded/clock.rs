//! Time: tokio's clock gives the pace, so that a paused clock moves everything, and a fixed start
//! gives the date.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;

/// The clock of one embedded authentik.
#[derive(Debug, Clone)]
pub(crate) struct Clock {
    start: Timestamp,
    origin: Instant,
    scale: u32,
    /// The last microsecond given out: no two changes are of the same time, so that what is sorted by
    /// time is sorted.
    last: Arc<AtomicI64>,
}

impl Clock {
    pub(crate) fn new(start: Timestamp, scale: u32) -> Self {
        Self { start, origin: Instant::now(), scale: scale.max(1), last: Arc::new(AtomicI64::new(-1)) }
    }

    /// Now, to the microsecond, as Postgres stores it.
    pub(crate) fn now(&self) -> Timestamp {
        let micros = i64::try_from(self.origin.elapsed().as_micros()).unwrap_or(i64::MAX);
        let later = |last: i64| Some(micros.max(last.saturating_add(1)));
        let last = self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, later).unwrap_or(micros);
        let micros = micros.max(last.saturating_add(1));
        let now = self.start.checked_add(SignedDuration::from_micros(micros)).unwrap_or(Timestamp::MAX);
        Timestamp::from_microsecond(now.as_microsecond()).unwrap_or(now)
    }

    /// A timer's duration under the time scale.
    pub(crate) fn scaled(&self, timer: Duration) -> Duration {
        timer / self.scale
    }

    /// `now` plus a timer under the time scale.
    pub(crate) fn after(&self, timer: Duration) -> Timestamp {
        let timer = SignedDuration::try_from(self.scaled(timer)).unwrap_or(SignedDuration::MAX);
        self.now().checked_add(timer).unwrap_or(Timestamp::MAX)
    }
}

/// RFC 3339 as Django writes it: microseconds unless they are zero, `Z`.
pub(crate) fn text(at: Timestamp) -> String {
    if at.subsec_nanosecond() / 1000 == 0 {
        at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
    } else {
        at.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
    }
}

/// A `Date` header.
pub(crate) fn http_date(at: Timestamp) -> String {
    at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// `hours=1;minutes=30`, authentik's way to write a duration; `None` if it is not that.
pub(crate) fn parse_duration(text: &str) -> Option<Duration> {
    let mut total = 0.0_f64;
    for part in text.split(';') {
        let (unit, number) = part.split_once('=')?;
        let number: f64 = number.trim().parse().ok()?;
        let seconds = match unit.trim().to_ascii_lowercase().as_str() {
            "microseconds" => 0.000_001,
            "milliseconds" => 0.001,
            "seconds" => 1.0,
            "minutes" => 60.0,
            "hours" => 3600.0,
            "days" => 86_400.0,
            "weeks" => 604_800.0,
            _ => return None,
        };
        total += number * seconds;
    }
    Duration::try_from_secs_f64(total.max(0.0)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_recorded() {
        let at: Timestamp = "2026-11-24T09:09:19.102832Z".parse().unwrap();
        assert_eq!(text(at), "2026-11-24T09:09:19.102832Z");
        assert_eq!(text("2026-11-24T12:33:00Z".parse().unwrap()), "2026-11-24T12:33:00Z");
        assert_eq!(text("2026-11-24T09:14:57.998Z".parse().unwrap()), "2026-11-24T09:14:57.998000Z");
        assert_eq!(http_date(at), "Tue, 24 Nov 2026 09:09:19 GMT");
    }

    #[test]
    fn durations_are_read_as_authentik_writes_them() {
        assert_eq!(parse_duration("hours=1;minutes=30"), Some(Duration::from_secs(5400)));
        assert_eq!(parse_duration("minutes=0"), Some(Duration::ZERO));
        assert_eq!(parse_duration("soon"), None);
        assert_eq!(parse_duration("minutes=x"), None);
    }
}
