//! The schedule of the periodic full sync, and crontab texts.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::super::clock::Clock;
use super::super::ids;
use super::super::state::{Schedule, State};
use super::task::{Job, TaskState};

/// The scheduler looks this often.
pub(crate) const TICK: Duration = Duration::from_secs(60);

/// Creates the schedule of a new provider (first run: now) or un-pauses an old one.
pub(crate) fn update(state: &mut State, clock: &Clock, provider: i64, id: String) {
    match state.schedules.iter_mut().find(|schedule| schedule.provider == provider) {
        Some(schedule) => schedule.paused = false,
        None => state.schedules.push(Schedule {
            id,
            provider,
            crontab: format!("{} */4 * * *", ids::minute(provider)),
            paused: false,
            next_run: clock.now(),
        }),
    }
}

/// One tick: sends what is due and has no unfinished task.
pub(crate) fn tick(state: &mut State, clock: &Clock) {
    let now = clock.now();
    let due: Vec<(String, i64, String)> = state
        .schedules
        .iter()
        .filter(|schedule| !schedule.paused && schedule.next_run <= now)
        .map(|schedule| (schedule.id.clone(), schedule.provider, schedule.crontab.clone()))
        .collect();
    for (id, provider, crontab) in due {
        let busy = state.tasks.iter().any(|task| {
            task.provider == provider
                && task.on_schedule
                && !matches!(task.state, TaskState::Done | TaskState::Rejected)
        });
        if busy {
            continue;
        }
        let next = Crontab::parse(&crontab).and_then(|crontab| crontab.next(now)).unwrap_or(Timestamp::MAX);
        if let Some(schedule) = state.schedules.iter_mut().find(|schedule| schedule.id == id) {
            schedule.next_run = next;
        }
        state.enqueue(clock, provider, Job::Full);
    }
}

/// A five-field crontab.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Crontab {
    minutes: u64,
    hours: u64,
    days: u64,
    months: u64,
    weekdays: u64,
    any_day: bool,
    any_weekday: bool,
}

impl Crontab {
    /// `None` if the text is no crontab.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split_whitespace().collect();
        let [minutes, hours, days, months, weekdays] = fields.as_slice() else { return None };
        let weekday_bits = field(weekdays, 0, 7)?;
        Some(Self {
            minutes: field(minutes, 0, 59)?,
            hours: field(hours, 0, 23)?,
            days: field(days, 1, 31)?,
            months: field(months, 1, 12)?,
            weekdays: if weekday_bits & (1 << 7) == 0 { weekday_bits } else { weekday_bits | 1 },
            any_day: *days == "*",
            any_weekday: *weekdays == "*",
        })
    }

    /// The first minute after `now` that matches, within four years.
    pub(crate) fn next(&self, now: Timestamp) -> Option<Timestamp> {
        let minute = now.as_second().div_euclid(60) * 60 + 60;
        let mut at = Timestamp::from_second(minute).ok()?;
        for _ in 0..4 * 366 * 24 * 60 {
            let local = TimeZone::UTC.to_datetime(at);
            let has = |bits: u64, value: i8| bits & (1 << u32::from(value.unsigned_abs())) != 0;
            let day = has(self.days, local.day());
            let weekday = has(self.weekdays, local.weekday().to_sunday_zero_offset());
            // As cron has it: where both are restricted, either will do.
            let date = if self.any_day || self.any_weekday { day && weekday } else { day || weekday };
            if !(has(self.months, local.month()) && date) {
                let rest = 24 * 60 - i64::from(local.hour()) * 60 - i64::from(local.minute());
                at = at.checked_add(SignedDuration::from_mins(rest)).ok()?;
            } else if has(self.hours, local.hour()) && has(self.minutes, local.minute()) {
                return Some(at);
            } else {
                at = at.checked_add(SignedDuration::from_mins(1)).ok()?;
            }
        }
        None
    }
}

fn field(text: &str, low: u32, high: u32) -> Option<u64> {
    let mut bits = 0;
    for part in text.split(',') {
        let (range, step) = match part.split_once('/') {
            Some((range, step)) => (range, step.parse().ok().filter(|step| *step > 0)?),
            None => (part, 1),
        };
        let (from, to) = match range.split_once('-') {
            _ if range == "*" => (low, high),
            Some((from, to)) => (from.parse().ok()?, to.parse().ok()?),
            None => {
                let only: u32 = range.parse().ok()?;
                (only, if part.contains('/') { high } else { only })
            }
        };
        if from < low || to > high || from > to {
            return None;
        }
        let mut value = from;
        while value <= to {
            bits |= 1_u64 << value;
            value = value.checked_add(step)?;
        }
    }
    Some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn next(crontab: &str, now: &str) -> String {
        Crontab::parse(crontab).unwrap().next(now.parse().unwrap()).unwrap().to_string()
    }

    #[test]
    fn every_four_hours_at_the_providers_minute() {
        assert_eq!(next("33 */4 * * *", "2026-11-24T09:10:33Z"), "2026-11-24T12:33:00Z");
        assert_eq!(next("33 */4 * * *", "2026-11-24T12:33:00Z"), "2026-11-24T16:33:00Z");
        assert_eq!(next("0 0 1 1 *", "2026-11-24T12:33:00Z"), "2027-01-01T00:00:00Z");
        assert_eq!(next("0 6 * * 1-5", "2026-11-27T12:00:00Z"), "2026-11-30T06:00:00Z");
    }

    #[test]
    fn what_is_no_crontab_is_refused() {
        for text in ["not a cron", "* * * *", "60 * * * *", "*/0 * * * *", "5-1 * * * *", ""] {
            assert_eq!(Crontab::parse(text), None, "{text:?}");
        }
    }
}
