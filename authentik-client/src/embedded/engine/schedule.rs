//! The schedule of the periodic full sync.

use std::time::Duration;

use jiff::Timestamp;

use super::super::clock::Clock;
use super::super::ids;
use super::super::state::{Schedule, State};
use super::task::{Job, TaskState};
pub(crate) use crate::crontab::Crontab;

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
