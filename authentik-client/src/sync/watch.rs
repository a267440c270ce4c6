use std::collections::BTreeSet;
use std::time::Duration;

use futures_core::stream::BoxStream;
use futures_util::{StreamExt, stream};
use jiff::Timestamp;
use scim_core::transport::Operation;
use tokio::time::Instant;

use super::judge::{FULL, Verdict, is_full, judge};
use super::objects::{self, Links};
use super::pace::Pace;
use super::report::is_discovery;
use super::{SyncReport, SyncState, WatchOptions};
use crate::api::Authentik;
use crate::error::{Error, ErrorKind};
use crate::id::{ProviderPk, ScheduleUuid, TaskUuid};
use crate::model::Task;

/// What authentik's exception does not say.
const DISCOVERY: &str = " (its look at what the SCIM server holds fails: one odd resource in the server's lists stops \
                         every sync)";
/// How often a sync that found another one running is sent again.
const MAX_RESENDS: u32 = 5;
/// No sync has more tasks than fit on so many pages of a hundred.
const MAX_PAGES: u64 = 1000;

/// A sync that was started and is being watched.
#[derive(Debug)]
pub struct SyncWatch {
    authentik: Authentik,
    provider: ProviderPk,
    schedule: ScheduleUuid,
    /// Whether the schedule was paused: starting a sync leaves it so.
    paused: bool,
    /// The full syncs that were there before: over or not.
    before: BTreeSet<TaskUuid>,
    /// Those of them that were not over.
    holders: BTreeSet<TaskUuid>,
    /// When the newest full sync that was over by then ended: what ended earlier is of no interest.
    floor: Option<Timestamp>,
    options: WatchOptions,
    resends: u32,
    /// What was linked before, where the report shall say object by object what happened.
    links: Option<Links>,
}

impl SyncWatch {
    pub(super) async fn prepare(
        authentik: &Authentik,
        provider: ProviderPk,
        options: WatchOptions,
    ) -> Result<Self, Error> {
        let schedule = authentik.schedules().of_provider(provider).await?;
        let (schedule, paused) = (schedule.id, schedule.paused);
        let tasks = authentik.tasks().of_schedule(&schedule).actor(FULL).page(1).await?.results;
        let full = || tasks.iter().filter(|task| is_full(task));
        let ids = |over: Option<bool>| {
            full()
                .filter(|task| over.is_none_or(|over| over == task.state.is_final()))
                .map(|task| task.message_id.clone())
                .collect()
        };
        Ok(Self {
            authentik: authentik.clone(),
            provider,
            schedule,
            paused,
            before: ids(None),
            holders: ids(Some(false)),
            floor: full().filter(|task| task.state.is_final()).filter_map(Task::changed_at).max(),
            links: if options.objects { Some(Links::read(authentik, provider).await?) } else { None },
            options,
            resends: 0,
        })
    }

    /// Looks once, and sends again what did nothing because another sync was running.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn poll(&mut self) -> Result<SyncState, Error> {
        let tasks = self.tasks().await?;
        self.holders.retain(|id| tasks.iter().any(|task| task.message_id == *id && !task.state.is_final()));
        match judge(&tasks, &self.before) {
            Verdict::State(SyncState::Ended(mut report)) => {
                if let Some(before) = &self.links {
                    match self.authentik.survey(self.provider).await {
                        Ok(survey) => {
                            before.compare(&Links::of(&survey), &mut report.objects);
                            objects::add_unlinked(&survey, &mut report);
                        }
                        // Links are all that this token may see.
                        Err(error) if error.is_forbidden() => {
                            let after = Links::read(&self.authentik, self.provider).await?;
                            before.compare(&after, &mut report.objects);
                        }
                        Err(error) => return Err(error),
                    }
                }
                Ok(SyncState::Ended(report))
            }
            Verdict::State(state) => Ok(state),
            Verdict::SendAgain => {
                if self.resends >= MAX_RESENDS {
                    return Err(Error::new(self.operation(), ErrorKind::DeadlineExceeded).with_detail(format!(
                        "another sync of the provider was running {MAX_RESENDS} times in a row"
                    )));
                }
                self.resends += 1;
                self.before.extend(tasks.iter().filter(|task| is_full(task)).map(|task| task.message_id.clone()));
                self.send().await?;
                Ok(SyncState::Held)
            }
        }
    }

    /// Every change of state until the end, which is the last item. A stream that ends early does so
    /// with an error.
    pub fn states(self) -> BoxStream<'static, Result<SyncState, Error>> {
        struct Walk {
            watch: SyncWatch,
            last: Option<SyncState>,
            pace: Pace,
            over: bool,
        }
        let pace = Pace::new(self.options.interval);
        let walk = Walk { watch: self, last: None, pace, over: false };
        stream::unfold(walk, |mut walk| async move {
            if walk.over {
                return None;
            }
            loop {
                if walk.last.is_some() {
                    tokio::time::sleep(walk.pace.pause()).await;
                }
                let state = match walk.watch.poll().await {
                    Ok(state) => state,
                    Err(error) => {
                        walk.over = true;
                        return Some((Err(error), walk));
                    }
                };
                if walk.last.as_ref() == Some(&state) {
                    walk.pace.nothing_new();
                    continue;
                }
                walk.pace.news();
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
                    let stands = match last {
                        SyncState::Waiting => "no worker has taken it".to_owned(),
                        SyncState::PagesWaiting { pages_done, pages } => {
                            format!("{pages_done} of {pages} pages are done and no worker takes the others")
                        }
                        SyncState::Held => "another sync of the provider holds the lock".to_owned(),
                        SyncState::Running { pages_done, pages } => format!("{pages_done} of {pages} pages are done"),
                        SyncState::Retrying { retry, error } => {
                            let why = if is_discovery(&error) { DISCOVERY } else { "" };
                            format!("a task failed and waits for its try number {}: {error}{why}", retry + 1)
                        }
                        SyncState::Ended(_) => String::new(),
                    };
                    let detail = format!("not over after {} s: {stands}", limit.as_secs());
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

    pub(super) async fn send(&mut self) -> Result<(), Error> {
        match self.authentik.schedules().send(&self.schedule).await {
            Ok(_) => Ok(()),
            // Only superusers may send (facts/authentik.md §9); saving starts the sync as well.
            Err(error) if error.is_forbidden() => {
                self.authentik.scim_providers().save(&self.provider).await?;
                if self.paused {
                    // Saving has un-paused it (G34), and nobody asked for that.
                    self.authentik.schedules().pause(&self.schedule).await.map_err(|error| {
                        error.with_detail(
                            "the sync was started by saving the provider, which un-paused its schedule, and the \
                             schedule could not be paused again",
                        )
                    })?;
                }
                Ok(())
            }
            Err(error) => Err(error),
        }
    }

    /// The tasks since the watch was prepared, newest first, and the older syncs that are not over.
    async fn tasks(&self) -> Result<Vec<Task>, Error> {
        let list = self.authentik.tasks().of_schedule(&self.schedule);
        // A list that moves while it is read shows a task twice.
        let mut seen = BTreeSet::new();
        let mut found = Vec::new();
        for number in 1..=MAX_PAGES {
            let page = list.page(number).await?;
            let came = page.results.len();
            let is_old = |task: &Task| {
                task.state.is_final() && self.floor.is_some_and(|floor| task.changed_at().is_some_and(|at| at <= floor))
            };
            let news = page.results.into_iter().filter(|task| !is_old(task) && seen.insert(task.message_id.clone()));
            let before = found.len();
            found.extend(news);
            // Newest first: a page with old ones on it is the last of interest.
            if came == 0 || found.len() - before < came || page.pagination.next != number + 1 {
                break;
            }
        }
        // A sync that has been waiting for its pages for long stands behind them all.
        for id in self.holders.iter().filter(|id| !seen.contains(*id)) {
            if let Some(task) = self.authentik.tasks().get_opt(id).await? {
                found.push(task);
            }
        }
        Ok(found)
    }
}
