//! What all handles of one embedded authentik share.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use scim_core::transport::Transport;
use tokio::sync::watch;

use super::clock::Clock;
use super::engine::worker;
use super::log::RequestLog;
use super::mapping::Closures;
use super::state::State;

/// The shared part. The state is locked for the time of one step, never across an await.
#[derive(Debug)]
pub(crate) struct Inner {
    state: Mutex<State>,
    pub(crate) clock: Clock,
    pub(crate) transport: Arc<dyn Transport>,
    pub(crate) closures: Closures,
    pub(crate) log: RequestLog,
    /// Counts changes of the queue; who waits for one subscribes.
    pub(crate) changes: watch::Sender<u64>,
    started: AtomicBool,
    stop: watch::Sender<bool>,
    /// Counts the deaths of the worker; running tasks end with the next one.
    pub(crate) kills: watch::Sender<u64>,
}

impl Inner {
    pub(crate) fn new(state: State, clock: Clock, transport: Arc<dyn Transport>, closures: Closures) -> Self {
        Self {
            state: Mutex::new(state),
            clock,
            transport,
            closures,
            log: RequestLog::default(),
            changes: watch::Sender::new(0),
            started: AtomicBool::new(false),
            stop: watch::Sender::new(false),
            kills: watch::Sender::new(0),
        }
    }

    /// One step on the state.
    pub(crate) fn with<T>(&self, step: impl FnOnce(&mut State) -> T) -> T {
        // A panic in a step would be a bug of ours; the state is still worth answering from.
        step(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Tells who waits that something changed.
    pub(crate) fn changed(&self) {
        self.changes.send_modify(|count| *count = count.wrapping_add(1));
    }

    /// Starts worker and scheduler at the first use inside a runtime.
    pub(crate) fn start(self: &Arc<Self>) {
        if !self.started.swap(true, Ordering::Relaxed) {
            tokio::spawn(worker::work(Arc::downgrade(self), self.stop.subscribe()));
        }
    }

    /// Cuts off the tasks under way.
    pub(crate) fn kill(&self) {
        self.kills.send_modify(|count| *count = count.wrapping_add(1));
        self.changed();
    }

    /// Ends worker, scheduler and running tasks.
    pub(crate) fn stop(&self) {
        self.stop.send_replace(true);
        self.changed();
    }
}
