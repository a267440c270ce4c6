//! Starts a provider's full sync and watches it to its end.
//!
//! "done" is not "succeeded" (facts/authentik.md §0.1): a sync is told by the tasks that hang on the
//! provider's schedule, and judged by their logs. The rules are those of §9 "Watch".

use std::collections::BTreeSet;
use std::time::Duration;

use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use scim_core::transport::Operation;
use tokio::time::Instant;

use crate::api::Authentik;
use crate::error::{Error, ErrorKind};
use crate::id::{ProviderPk, ScheduleUuid, TaskUuid};
use crate::model::{LogLine, ScimProviderPatch, Task, TaskState};

const FULL: &str = ".scim_sync";
const PAGE: &str = ".scim_sync_objects";
const SKIPPED: &str = "already running";
const NOT_ASSIGNED: &str = "Is it assigned to an application";
const STARTED: &str = "Starting full provider sync";
const SYNCING: &str = "Syncing page";
/// How often a sync that found another one running is sent again.
const MAX_RESENDS: u32 = 5;
/// How many polls in a row without news make the pauses grow.
const PATIENCE: u32 = 5;

/// How a sync is watched.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct WatchOptions {
    /// Between two looks. Default 1 s; grows to five times as much while nothing moves.
    pub interval: Duration,
    /// How old a task may be to count as this sync's, beyond what the clocks tell. Default none.
    pub slack: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self { interval: Duration::from_secs(1), slack: Duration::ZERO }
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

/// How a sync ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SyncOutcome {
    /// Every page ran and nothing was complained about.
    Succeeded,
    /// Every page ran; single objects were not written: see [`SyncReport::complaints`].
    SucceededInPart,
    /// The provider is no application's backchannel provider: nothing was sent.
    NotAssigned,
    /// It says done, but no page ran: the SCIM server answered 429 or 503 at once (H60), or there was
    /// nothing to do.
    NothingDone,
    /// A task was given up after all its tries.
    Rejected,
}

/// What authentik logged against one object or page.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Complaint {
    /// The page: `user:1`, `group:1`; empty for the sync as a whole.
    pub page: String,
    /// The text as authentik logged it. May hold names and what the SCIM server answered.
    pub text: String,
}

/// What came of a sync, from its tasks' logs.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SyncReport {
    /// How it ended.
    pub outcome: SyncOutcome,
    /// How many page tasks ran.
    pub pages: usize,
    /// What was not written, and why.
    pub complaints: Vec<Complaint>,
    /// The SCIM ids that the clean-up deleted.
    pub deleted: Vec<String>,
    /// How many writes a dry run dropped.
    pub dropped: usize,
    /// How many tries failed and were repeated.
    pub retries: u32,
}

/// A sync that was started and is being watched.
#[derive(Debug)]
pub struct SyncWatch {
    authentik: Authentik,
    provider: ProviderPk,
    schedule: ScheduleUuid,
    since: Option<Timestamp>,
    known: BTreeSet<TaskUuid>,
    options: WatchOptions,
    resends: u32,
}

impl Authentik {
    /// Starts a full sync of a provider: sends its schedule or, where that is forbidden (it takes a
    /// superuser), saves the provider under its own name.
    ///
    /// # Errors
    /// See [`Error`]; kind [`ErrorKind::Missing`] when the provider has no schedule.
    pub async fn start_sync(&self, provider: ProviderPk, options: WatchOptions) -> Result<SyncWatch, Error> {
        let mut watch = self.watch_sync(provider, options).await?;
        watch.send().await?;
        Ok(watch)
    }

    /// Prepares to watch the sync that a change of the provider is about to start: call it, then make
    /// the change, then watch.
    ///
    /// # Errors
    /// See [`start_sync`](Self::start_sync).
    pub async fn watch_sync(&self, provider: ProviderPk, options: WatchOptions) -> Result<SyncWatch, Error> {
        let schedule = self.schedules().of_provider(provider).await?.id;
        // Tasks that are over belong to the past, whatever the clocks say; one that is still queued or
        // running may yet be the sync that is watched.
        let known = self.tasks().of_schedule(&schedule).page(1).await?.results;
        let known = known.into_iter().filter(|task| task.state.is_final()).map(|task| task.message_id).collect();
        Ok(SyncWatch { authentik: self.clone(), provider, schedule, since: None, known, options, resends: 0 })
    }
}

impl Authentik {
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
                    .with_detail(format!("an older sync is not over after {} s", limit.as_secs())));
            }
            tokio::time::sleep(options.interval).await;
        }
    }
}

impl SyncWatch {
    /// Looks once.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn poll(&mut self) -> Result<SyncState, Error> {
        let tasks = self.tasks().await?;
        let full: Vec<&Task> = tasks.iter().filter(|task| task.actor_name.ends_with(FULL)).collect();
        let pages: Vec<&Task> = tasks.iter().filter(|task| task.actor_name.ends_with(PAGE)).collect();
        if full.iter().any(|task| task.says(NOT_ASSIGNED) && task.state.is_final()) {
            return Ok(SyncState::Ended(report(SyncOutcome::NotAssigned, &full, &pages)));
        }
        let open: Vec<&&Task> = full.iter().chain(&pages).filter(|task| !task.state.is_final()).collect();
        if !open.is_empty() {
            if let Some(task) = open.iter().find(|task| task.state == TaskState::Queued && task.retries > 0) {
                let error =
                    task.previous_logs.iter().filter(|line| line.log_level.is_complaint()).max_by_key(|l| l.at());
                let error = error.map(text).unwrap_or_default();
                return Ok(SyncState::Retrying { retry: task.retries, error });
            }
            let done = pages.iter().filter(|task| task.state.is_final()).count();
            let waiting = full.iter().all(|task| task.state == TaskState::Queued) && pages.is_empty();
            return Ok(if waiting {
                SyncState::Waiting
            } else {
                SyncState::Running { pages_done: done, pages: pages.len() }
            });
        }
        let worked = full.iter().any(|task| task.says(STARTED) || !task.says(SKIPPED));
        match (full.is_empty(), worked) {
            (true, _) => Ok(SyncState::Waiting),
            (false, false) => {
                if self.resends >= MAX_RESENDS {
                    return Err(Error::new(self.operation(), ErrorKind::DeadlineExceeded).with_detail(format!(
                        "another sync of the provider was running {MAX_RESENDS} times in a row"
                    )));
                }
                self.resends += 1;
                self.known.extend(full.iter().map(|task| task.message_id.clone()));
                self.send().await?;
                Ok(SyncState::Held)
            }
            (false, true) => {
                let rejected = full.iter().chain(&pages).any(|task| task.state == TaskState::Rejected);
                let worked_pages = pages.iter().filter(|task| task.says(SYNCING)).count();
                let complained =
                    full.iter().chain(&pages).any(|task| task.logs.iter().any(|l| l.log_level.is_complaint()));
                let outcome = match (rejected, worked_pages, complained) {
                    (true, _, _) => SyncOutcome::Rejected,
                    (_, 0, _) => SyncOutcome::NothingDone,
                    (_, _, true) => SyncOutcome::SucceededInPart,
                    _ => SyncOutcome::Succeeded,
                };
                Ok(SyncState::Ended(report(outcome, &full, &pages)))
            }
        }
    }

    /// Every change of state until the end, which is the last item. A stream that ends early does so
    /// with an error.
    pub fn states(self) -> BoxStream<'static, Result<SyncState, Error>> {
        struct Walk {
            watch: SyncWatch,
            last: Option<SyncState>,
            quiet: u32,
            over: bool,
        }
        let walk = Walk { watch: self, last: None, quiet: 0, over: false };
        stream::unfold(walk, |mut walk| async move {
            if walk.over {
                return None;
            }
            loop {
                if walk.last.is_some() {
                    let factor = (walk.quiet / PATIENCE + 1).min(5);
                    tokio::time::sleep(walk.watch.options.interval * factor).await;
                }
                let state = match walk.watch.poll().await {
                    Ok(state) => state,
                    Err(error) => {
                        walk.over = true;
                        return Some((Err(error), walk));
                    }
                };
                if walk.last.as_ref() == Some(&state) {
                    walk.quiet += 1;
                    continue;
                }
                walk.quiet = 0;
                walk.over = matches!(state, SyncState::Ended(_));
                walk.last = Some(state.clone());
                return Some((Ok(state), walk));
            }
        })
        .boxed()
    }

    /// Waits for the end.
    ///
    /// # Errors
    /// See [`Error`]; kind [`ErrorKind::DeadlineExceeded`] when it has not ended within `limit`.
    pub async fn finished(self, limit: Duration) -> Result<SyncReport, Error> {
        let operation = self.operation();
        let deadline = Instant::now() + limit;
        let mut states = self.states();
        let mut last = SyncState::Waiting;
        loop {
            match tokio::time::timeout_at(deadline, states.next()).await {
                Ok(Some(Ok(SyncState::Ended(report)))) => return Ok(report),
                Ok(Some(Ok(state))) => last = state,
                Ok(Some(Err(error))) => return Err(error),
                Ok(None) | Err(_) => {
                    let detail = format!("not over after {} s; it stands at {last:?}", limit.as_secs());
                    return Err(Error::new(operation, ErrorKind::DeadlineExceeded).with_detail(detail));
                }
            }
        }
    }

    /// The schedule that the sync's tasks hang on.
    pub fn schedule(&self) -> &ScheduleUuid {
        &self.schedule
    }

    fn operation(&self) -> Operation {
        Operation::new("watch the sync", format!("providers/scim/{}", self.provider))
    }

    async fn send(&mut self) -> Result<(), Error> {
        match self.authentik.schedules().send(&self.schedule).await {
            Ok(at) => {
                self.since = self.since.or(at);
                Ok(())
            }
            // Only superusers may send (facts/authentik.md §9); saving starts the sync as well.
            Err(error) if error.is_forbidden() => {
                let provider = self.authentik.scim_providers().get(&self.provider).await?;
                let patch = ScimProviderPatch { name: Some(provider.name), ..ScimProviderPatch::default() };
                self.authentik.scim_providers().update(&self.provider, &patch).await.map(drop)
            }
            Err(error) => Err(error),
        }
    }

    /// The tasks of this sync, newest first.
    async fn tasks(&self) -> Result<Vec<Task>, Error> {
        let list = self.authentik.tasks().of_schedule(&self.schedule);
        let mut found = Vec::new();
        let mut number = 1;
        loop {
            let page = list.page(number).await?;
            let fresh = |task: &Task| {
                let old = match (task.queued_at(), self.since) {
                    (Some(queued), Some(since)) => {
                        let slack = jiff::SignedDuration::try_from(self.options.slack).unwrap_or_default();
                        queued < since.checked_sub(slack).unwrap_or(since)
                    }
                    _ => false,
                };
                !self.known.contains(&task.message_id) && !(old && task.state.is_final())
            };
            let came = page.results.len();
            let news: Vec<Task> = page.results.into_iter().filter(fresh).collect();
            let whole = news.len() == came;
            found.extend(news);
            // Newest first: a page with old ones on it is the last of interest.
            if !whole || page.pagination.next != number + 1 || came == 0 {
                return Ok(found);
            }
            number += 1;
        }
    }
}

fn text(line: &LogLine) -> String {
    line.event.clone()
}

fn report(outcome: SyncOutcome, full: &[&Task], pages: &[&Task]) -> SyncReport {
    let mut complaints = BTreeSet::new();
    let mut deleted = Vec::new();
    let mut dropped = 0;
    for task in full.iter().chain(pages) {
        // `…scim_sync_objects:<provider name>:user:1`
        let uid = task.uid.as_deref().unwrap_or_default();
        let mut parts = uid.rsplitn(3, ':');
        let page = match (parts.next(), parts.next()) {
            (Some(number), Some(kind @ ("user" | "group"))) => format!("{kind}:{number}"),
            _ => String::new(),
        };
        for line in &task.logs {
            if line.event.starts_with("Deleted out-of-scope") {
                let id = line.attributes.get("scim_id").and_then(|id| id.as_str());
                deleted.extend(id.map(str::to_owned));
            } else if line.event.contains("Dropping mutating request") {
                dropped += 1;
            } else if line.log_level.is_complaint() && !line.event.contains(SKIPPED) {
                complaints.insert(Complaint { page: page.clone(), text: text(line) });
            }
        }
    }
    SyncReport {
        outcome,
        pages: pages.len(),
        complaints: complaints.into_iter().collect(),
        deleted,
        dropped,
        retries: full.iter().chain(pages).map(|task| task.retries).sum(),
    }
}
