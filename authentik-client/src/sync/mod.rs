//! Starts a provider's full sync and watches it to its end.
//!
//! "done" is not "succeeded" (facts/authentik.md §0.1): a sync is told by the tasks that hang on the
//! provider's schedule, and judged by their logs. The rules are those of §9 "Watch":
//!
//! - A sync of one's own is one that was not there before it was started. No clock is compared: the
//!   tasks' ids are.
//! - One that found the lock held did nothing. It counts as done only if the one that held the lock
//!   had not begun when it was queued (H10); else it is sent again when everything is quiet.
//! - A page that never said "Syncing page" wrote nothing (H60).
//! - What a failed try complained about is mended when a later try of the same task did not (H66).
//!
//! ```
//! use std::time::Duration;
//! use authentik_client::Authentik;
//! use authentik_client::id::ProviderPk;
//! use authentik_client::sync::{SyncOutcome, WatchOptions};
//!
//! async fn sync(authentik: &Authentik, provider: ProviderPk) -> Result<(), authentik_client::Error> {
//!     let watch = authentik.start_sync(provider, WatchOptions::default()).await?;
//!     let report = watch.finished(Duration::from_secs(600)).await?;
//!     if report.outcome != SyncOutcome::Succeeded {
//!         for complaint in &report.complaints {
//!             eprintln!("{complaint}");
//!         }
//!     }
//!     Ok(())
//! }
//! ```

mod judge;
mod object;
mod objects;
mod pace;
mod report;
mod watch;

use std::time::Duration;

use scim_core::transport::Operation;
use tokio::time::Instant;

pub(crate) use judge::{is_full, latest};
pub use object::{ObjectReport, SyncTarget};
pub use objects::{ObjectOutcome, ObjectResult};
pub(crate) use report::reason;
pub use report::{Complaint, PageOutcome, PageResult, SyncOutcome, SyncReport, SyncedObject};
pub use watch::SyncWatch;

use crate::api::Authentik;
use crate::error::{Error, ErrorKind};
use crate::id::ProviderPk;

/// How a sync is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Between two looks. Default 1 s; grows to five times as much while nothing moves.
    pub interval: Duration,
    /// Whether the links are read before and after, for [`SyncReport::objects`]. Default no: it costs three
    /// requests per hundred users and groups. Who is in scope without a link
    /// ([`ObjectOutcome::Skipped`], [`ObjectOutcome::NotReached`]) is told only to a token that may see
    /// users, groups, the application and its bindings.
    pub objects: bool,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), objects: false }
    }
}

impl WatchOptions {
    /// Looks this often instead. Less than a second makes sense only where time runs faster, on an
    /// embedded server.
    #[must_use]
    pub fn interval(mut self, interval: Duration) -> Self {
        self.interval = interval;
        self
    }

    /// Reads the links before and after, so that the report says of every user and group what became of
    /// it.
    #[must_use]
    pub fn objects(mut self, objects: bool) -> Self {
        self.objects = objects;
        self
    }
}

/// Where a sync stands.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum SyncState {
    /// No worker has taken it yet.
    Waiting,
    /// Another sync of the provider holds the lock; this one is sent again when that has ended.
    Held,
    /// It runs.
    Running {
        /// Page tasks that ended.
        pages_done: usize,
        /// Page tasks known so far.
        pages: usize,
    },
    /// It runs, and nothing of it is being worked on: its pages wait for a worker. For a moment that is
    /// normal; if it stays, all worker threads are held. A full sync holds one while it waits for its
    /// pages: two providers at once on authentik's two threads stand still for ever.
    PagesWaiting {
        /// Page tasks that ended.
        pages_done: usize,
        /// Page tasks known so far.
        pages: usize,
    },
    /// A task failed and waits for its next try, half a minute to minutes from now.
    Retrying {
        /// Which try comes next, from 1.
        retry: u32,
        /// What authentik logged: may be empty, as it is for some failures.
        error: String,
    },
    /// It is over: read the report.
    Ended(SyncReport),
}

impl SyncState {
    /// Whether it waits for another try because the look at what the SCIM server holds failed (discovery):
    /// one odd resource in the server's lists, a user without e-mails for instance, stops every sync of
    /// 2026.8.0-rc1 until it is put right there (H100, H104 to H106).
    pub fn discovery_fails(&self) -> bool {
        matches!(self, Self::Retrying { error, .. } if report::is_discovery(error))
    }
}

impl Authentik {
    /// Starts a full sync of a provider: sends its schedule or, where that is forbidden (it takes a
    /// superuser), saves the provider under its own name. Saving un-pauses a paused schedule (G34), so that
    /// it is paused again.
    ///
    /// # Errors
    /// See [`Error`]; kind [`ErrorKind::Missing`] when the provider has no schedule.
    pub async fn start_sync(&self, provider: ProviderPk, options: WatchOptions) -> Result<SyncWatch, Error> {
        let mut watch = self.watch_sync(provider, options).await?;
        watch.send().await?;
        Ok(watch)
    }

    /// Prepares to watch the sync that a change of the provider is about to start: call it, then make
    /// the change, then watch. Call [`sync_quiet`](Self::sync_quiet) before: a sync that begins between
    /// this call and the change cannot be told from the one that the change starts.
    ///
    /// # Errors
    /// See [`start_sync`](Self::start_sync).
    pub async fn watch_sync(&self, provider: ProviderPk, options: WatchOptions) -> Result<SyncWatch, Error> {
        SyncWatch::prepare(self, provider, options).await
    }

    /// Waits until no full sync of a provider is queued or running: the ones that a set-up has started are
    /// over then.
    ///
    /// # Errors
    /// See [`Error`]; kind [`ErrorKind::DeadlineExceeded`] when it is not quiet within `limit`.
    pub async fn sync_quiet(&self, provider: ProviderPk, options: &WatchOptions, limit: Duration) -> Result<(), Error> {
        let schedule = self.schedules().of_provider(provider).await?.id;
        let deadline = Instant::now() + limit;
        loop {
            let newest = self.tasks().of_schedule(&schedule).page(1).await?.results;
            if newest.iter().all(|task| task.state.is_final()) {
                return Ok(());
            }
            if Instant::now() + options.interval > deadline {
                let operation = Operation::new("wait for older syncs", format!("providers/scim/{provider}"));
                return Err(Error::new(operation, ErrorKind::DeadlineExceeded)
                    .of_read(true)
                    .with_detail(format!("an older sync is not over after {} s", limit.as_secs())));
            }
            tokio::time::sleep(options.interval).await;
        }
    }
}
