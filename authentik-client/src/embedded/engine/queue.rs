//! The task queue: first in, first out, and delayed tasks that wait for silence.

use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

use super::super::clock::Clock;
use super::super::state::State;
use super::task::{Failure, Job, Task, TaskId, TaskState};

/// How long the queue must be silent before delayed tasks are looked at; also how far ahead of its
/// time a delayed task is then taken (recordings H65, H100).
pub(crate) const SILENCE: Duration = Duration::from_secs(30);

/// How often a failed task is tried again.
const RETRIES: u32 = 5;

/// Finished tasks that are kept.
const KEPT: usize = 20_000;

/// What waits and what runs.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    ready: VecDeque<TaskId>,
    /// Tasks that become ready at a time, whatever else happens.
    later: Vec<(Instant, TaskId)>,
    /// The worker is dead.
    pub(crate) down: bool,
    /// The worker takes nothing before this.
    pub(crate) held_until: Option<Instant>,
    /// Worker threads in use.
    pub(crate) running: usize,
    /// When a task was last queued, or delayed ones last looked at.
    pub(crate) last_activity: Option<Instant>,
}

impl State {
    /// Puts a job into the queue; nothing if the provider is gone.
    pub(crate) fn enqueue(&mut self, clock: &Clock, provider: i64, job: Job) -> Option<TaskId> {
        let id = self.new_task(clock, provider, job)?;
        self.queue.ready.push_back(id.clone());
        Some(id)
    }

    /// The same, but the worker does not see it before `delay` has passed.
    pub(crate) fn enqueue_later(&mut self, clock: &Clock, provider: i64, job: Job, delay: Duration) {
        if let Some(id) = self.new_task(clock, provider, job) {
            self.queue.later.push((Instant::now() + clock.scaled(delay), id));
        }
    }

    fn new_task(&mut self, clock: &Clock, provider: i64, job: Job) -> Option<TaskId> {
        let name = self.providers.get(&provider)?.name.clone();
        let id = self.ids.uuid();
        self.tasks.push(Task::new(id.clone(), provider, &name, job, clock.now()));
        self.queue.last_activity = Some(Instant::now());
        if self.tasks.len() > 2 * KEPT {
            let mut surplus = self.tasks.len() - KEPT;
            self.tasks.retain(|task| {
                let drop = surplus > 0 && task.state.is_final();
                surplus -= usize::from(drop);
                !drop
            });
        }
        Some(id)
    }

    /// Moves what has become ready; when the next of the others does.
    pub(crate) fn ripen(&mut self, now: Instant) -> Option<Instant> {
        let later = std::mem::take(&mut self.queue.later);
        for (at, id) in later {
            if at <= now {
                self.queue.ready.push_back(id);
            } else {
                self.queue.later.push((at, id));
            }
        }
        self.queue.later.iter().map(|(at, _)| *at).min()
    }

    /// The next task, if a thread is free for it.
    pub(crate) fn take_task(&mut self, clock: &Clock) -> Option<(TaskId, i64, Job, u32)> {
        if self.queue.down || self.queue.held_until.is_some_and(|until| until > Instant::now()) {
            return None;
        }
        let threads: usize = self.switches.value("threads").parse().unwrap_or(2);
        while self.queue.running < threads {
            let id = self.queue.ready.pop_front()?;
            // A task deleted with its provider is simply not there any more.
            let now = clock.now();
            if let Some(task) = self.task_mut(&id) {
                task.begin(now);
                let taken = (id, task.provider, task.job.clone(), task.retries);
                self.queue.running += 1;
                return Some(taken);
            }
        }
        None
    }

    /// After 30 s of silence: moves what is due (soon) to the ready queue.
    pub(crate) fn wake_delayed(&mut self, clock: &Clock) {
        let limit = clock.after(SILENCE);
        let due: Vec<TaskId> = self
            .tasks
            .iter()
            .filter(|task| task.state == TaskState::Queued && task.eta.is_some_and(|eta| eta <= limit))
            .map(|task| task.id.clone())
            .collect();
        for id in due {
            if !self.queue.ready.contains(&id) {
                self.queue.ready.push_back(id);
            }
        }
        self.queue.last_activity = Some(Instant::now());
    }

    /// A task was cut off with its worker: it waits at the head of the queue to begin anew, and the
    /// lock that died with it is free.
    pub(crate) fn put_back(&mut self, id: &TaskId) {
        self.queue.running = self.queue.running.saturating_sub(1);
        if let Some(task) = self.task_mut(id) {
            task.state = TaskState::Queued;
            self.queue.ready.push_front(id.clone());
        }
        for provider in self.providers.values_mut() {
            if provider.lock.as_ref() == Some(id) {
                provider.lock = None;
            }
        }
    }

    /// Records how a try ended.
    pub(crate) fn end_task(&mut self, clock: &Clock, id: &TaskId, outcome: Result<(), Failure>) {
        self.queue.running = self.queue.running.saturating_sub(1);
        let now = clock.now();
        let retries = self.task(id).map_or(0, |task| task.retries);
        // Uniform in [15, 30] · 2^n seconds; a Retry-After is not looked at.
        let factor = 2_u64.saturating_pow(retries);
        let delay_ms = self.ids.between(15_000 * factor, 30_000 * factor);
        let eta = clock.after(Duration::from_millis(delay_ms));
        let eta = jiff::Timestamp::from_millisecond(eta.as_millisecond()).unwrap_or(eta);
        let Some(task) = self.task_mut(id) else { return };
        match outcome {
            Ok(()) => task.finish(now),
            Err(failure) if retries >= RETRIES => task.reject(now, failure),
            Err(failure) => task.retry(now, failure, eta, delay_ms),
        }
    }

    /// Puts a rejected task back, as `POST /tasks/tasks/{id}/retry/` does.
    pub(crate) fn requeue(&mut self, clock: &Clock, id: &TaskId) -> bool {
        let now = clock.now();
        let Some(task) = self.task_mut(id) else { return false };
        if task.state != TaskState::Rejected {
            return false;
        }
        task.state = TaskState::Queued;
        task.retries = 0;
        task.mtime = now;
        let mut logs = std::mem::take(&mut task.logs);
        task.previous_logs.append(&mut logs);
        self.queue.ready.push_back(id.clone());
        self.queue.last_activity = Some(Instant::now());
        true
    }

    /// Whether any task of a provider is not finished.
    pub(crate) fn is_busy(&self, provider: i64) -> bool {
        self.tasks.iter().any(|task| task.provider == provider && task.state == TaskState::Running)
    }

    /// Whether nothing is queued (delayed tasks apart) or runs.
    pub(crate) fn is_idle(&self) -> bool {
        self.queue.ready.is_empty() && self.queue.later.is_empty() && self.queue.running == 0
    }
}
