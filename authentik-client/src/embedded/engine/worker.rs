//! The worker and the scheduler: two loops that end with the last handle.

use std::sync::{Arc, Weak};

use tokio::sync::watch;
use tokio::time::Instant;

use super::super::inner::Inner;
use super::queue::SILENCE;
use super::run::Run;
use super::schedule::{self, TICK};

/// Takes tasks while threads are free, wakes delayed ones after silence, ticks the scheduler.
pub(crate) async fn work(inner: Weak<Inner>, mut stop: watch::Receiver<bool>) {
    let Some(mut wake) = inner.upgrade().map(|inner| inner.changes.subscribe()) else { return };
    let mut next_tick = match inner.upgrade() {
        Some(inner) => Instant::now() + inner.clock.scaled(TICK),
        None => return,
    };
    loop {
        let Some(strong) = inner.upgrade() else { return };
        if *stop.borrow() {
            return;
        }
        let now = Instant::now();
        if now >= next_tick {
            strong.with(|state| schedule::tick(state, &strong.clock));
            next_tick = now + strong.clock.scaled(TICK);
        }
        let silence = strong.clock.scaled(SILENCE);
        let next_look = strong.with(|state| {
            let last = *state.queue.last_activity.get_or_insert(now);
            if now >= last + silence {
                state.wake_delayed(&strong.clock);
                return now + silence;
            }
            last + silence
        });
        let ripe = strong.with(|state| state.ripen(now));
        let held = strong.with(|state| state.queue.held_until.filter(|until| *until > now));
        while let Some((id, provider, job, retries)) = strong.with(|state| state.take_task(&strong.clock)) {
            let run = Run { inner: Arc::clone(&strong), id, provider, retries };
            let mut stop = stop.clone();
            let mut kills = strong.kills.subscribe();
            tokio::spawn(async move {
                let outcome = tokio::select! {
                    outcome = run.job(job) => Some(outcome),
                    _ = kills.changed() => None,
                    _ = stop.changed() => return,
                };
                run.inner.with(|state| match outcome {
                    Some(outcome) => state.end_task(&run.inner.clock, &run.id, outcome),
                    None => state.put_back(&run.id),
                });
                run.inner.changed();
            });
        }
        drop(strong);
        tokio::select! {
            woken = wake.changed() => if woken.is_err() { return },
            _ = stop.changed() => return,
            () = tokio::time::sleep_until([Some(next_look), ripe, held].into_iter().flatten().fold(next_tick, Instant::min)) => {}
        }
    }
}
