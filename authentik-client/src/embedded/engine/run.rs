//! What each kind of task does (facts §5; recordings named there).

use std::sync::Arc;

use super::super::inner::Inner;
use super::super::json::{Json, object};
use super::super::scope;
use super::super::state::{Kind, ObjectPk, State};
use super::session::{Session, SyncError};
use super::task::{Failure, Job, TaskId, TaskState};
use super::{group, mapped};

/// What a full sync says of a provider that no application names.
const NO_PROVIDER: &str = "No provider found. Is it assigned to an application?";
const TASKS: &str = "authentik/lib/sync/outgoing/tasks.py";

/// One try of one task.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) inner: Arc<Inner>,
    pub(crate) id: TaskId,
    pub(crate) provider: i64,
    pub(crate) retries: u32,
}

impl Run {
    pub(crate) async fn job(&self, job: Job) -> Result<(), Failure> {
        match job {
            Job::Full => self.full().await,
            Job::Unattached => {
                self.log("warning", NO_PROVIDER, Json::Object(Vec::new()));
                Ok(())
            }
            Job::Page(kind, page) => self.page(kind, page).await,
            Job::Manual { kind, id, override_dry_run } => self.manual(kind, &id, override_dry_run).await,
            Job::Direct { object, in_scope, members } => self.direct(&object, in_scope, members).await,
            Job::Members { group, add, users, racing } => self.members(&group, add, &users, racing).await,
            Job::Delete { kind, scim_id, .. } => self.delete(kind, &scim_id).await,
        }
    }

    fn log(&self, level: &'static str, event: impl Into<String>, attributes: Json) {
        let now = self.inner.clock.now();
        self.inner.with(|state| {
            if let Some(task) = state.task_mut(&self.id) {
                task.log(now, level, event, attributes);
            }
        });
    }

    async fn full(&self) -> Result<(), Failure> {
        let nothing = || Json::Object(Vec::new());
        let (usable, running) = self.inner.with(|state| match state.providers.get(&self.provider) {
            Some(provider) => (state.application_of(provider).is_some(), provider.lock.is_some()),
            None => (false, false),
        });
        if !usable {
            self.log("warning", NO_PROVIDER, nothing());
            return Ok(());
        }
        self.log("info", "Starting full provider sync", nothing());
        if running {
            self.log("info", "Synchronization is already running. Skipping.", nothing());
            return Ok(());
        }
        self.lock(Some(self.id.clone()));
        let outcome = self.locked().await;
        self.lock(None);
        outcome
    }

    fn lock(&self, owner: Option<TaskId>) {
        self.inner.with(|state| {
            if let Some(provider) = state.providers.get_mut(&self.provider) {
                provider.lock = owner;
            }
        });
    }

    async fn locked(&self) -> Result<(), Failure> {
        let once = self.inner.with(|state| state.switches.value("discovery") == "once");
        if once && let Ok(Some(session)) = Session::open(&self.inner, self.provider, false).await {
            for kind in [Kind::User, Kind::Group] {
                session.discover(kind).await.map_err(SyncError::into_failure)?;
            }
        }
        for kind in [Kind::User, Kind::Group] {
            self.pages(kind).await?;
        }
        for kind in [Kind::User, Kind::Group] {
            self.clean_up(kind).await?;
        }
        Ok(())
    }

    /// Queues the page tasks of a kind and waits for them, in this worker thread.
    async fn pages(&self, kind: Kind) -> Result<(), Failure> {
        let (pages, timeout) = self.inner.with(|state| {
            let Some(provider) = state.providers.get(&self.provider) else {
                return (Vec::new(), std::time::Duration::ZERO);
            };
            let size = usize::try_from(provider.page_size).unwrap_or(100).max(1);
            let count = scope::all(state, provider, kind).len().div_ceil(size).max(1);
            let timeout = provider.page_timeout().saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
            let jobs =
                (1..=count).filter_map(|page| state.enqueue(&self.inner.clock, self.provider, Job::Page(kind, page)));
            (jobs.collect::<Vec<_>>(), timeout)
        });
        self.inner.changed();
        let waited = tokio::time::timeout(timeout, self.wait(&pages)).await;
        waited.unwrap_or_else(|_| {
            let place = ("get_result", 120, "site-packages/dramatiq/results/backend.py");
            Err(Failure { class: "ResultTimeout".to_owned(), text: "the page tasks took too long".to_owned(), place })
        })
    }

    async fn wait(&self, pages: &[TaskId]) -> Result<(), Failure> {
        let mut changes = self.inner.changes.subscribe();
        loop {
            let seen = self.inner.with(|state| {
                for id in pages {
                    match state.task(id) {
                        Some(task) if task.state == TaskState::Rejected => {
                            let (class, text) = task
                                .error
                                .as_ref()
                                .map_or(("Exception", ""), |error| (error.class.as_str(), error.text.as_str()));
                            return Some(Err(Failure {
                                class: "ResultFailure".to_owned(),
                                text: format!("actor raised {class}: {text}"),
                                place: ("unwrap_result", 48, "site-packages/dramatiq/results/result.py"),
                            }));
                        }
                        Some(task) if task.state == TaskState::Done => {}
                        // Deleted with its provider: its result never comes.
                        None if !state.switches.on("deleted_provider_blocks") => {}
                        Some(_) | None => return None,
                    }
                }
                Some(Ok(()))
            });
            if let Some(outcome) = seen {
                return outcome;
            }
            if changes.changed().await.is_err() {
                return Ok(());
            }
        }
    }

    async fn page(&self, kind: Kind, page: usize) -> Result<(), Failure> {
        // A server that is too busy for its ServiceProviderConfig ends the page without a word.
        let Ok(Some(session)) = Session::open(&self.inner, self.provider, false).await else { return Ok(()) };
        self.discover(&session, kind).await?;
        let objects = self.objects(kind, page);
        self.write_page(&session, kind, page, objects).await
    }

    async fn manual(&self, kind: Kind, id: &str, override_dry_run: bool) -> Result<(), Failure> {
        let object = match kind {
            Kind::User => id.parse().map(ObjectPk::User).map_err(|_| Failure {
                class: "ValueError".to_owned(),
                text: format!("Field 'id' expected a number but got '{id}'."),
                place: ("get_prep_value", 2135, "site-packages/django/db/models/fields/__init__.py"),
            })?,
            Kind::Group if super::super::ids::is_uuid(id) => ObjectPk::Group(super::super::ids::canonical_uuid(id)),
            Kind::Group => {
                return Err(Failure {
                    class: "ValidationError".to_owned(),
                    text: format!("['“{id}” is not a valid UUID.']"),
                    place: ("to_python", 2745, "site-packages/django/db/models/fields/__init__.py"),
                });
            }
        };
        let opened = Session::open(&self.inner, self.provider, override_dry_run).await;
        let Ok(Some(session)) = opened else { return Ok(()) };
        self.discover(&session, kind).await?;
        let objects = if self.in_scope(&object) { vec![object] } else { Vec::new() };
        self.write_page(&session, kind, 1, objects).await
    }

    async fn discover(&self, session: &Session, kind: Kind) -> Result<(), Failure> {
        if self.inner.with(|state| state.switches.value("discovery") != "page") {
            return Ok(());
        }
        session.discover(kind).await.map_err(SyncError::into_failure)
    }

    /// The objects of a page.
    fn objects(&self, kind: Kind, page: usize) -> Vec<ObjectPk> {
        self.inner.with(|state| match state.providers.get(&self.provider) {
            Some(provider) => {
                let size = usize::try_from(provider.page_size).unwrap_or(100);
                scope::objects(state, provider, kind, (page - 1) * size, size)
            }
            None => Vec::new(),
        })
    }

    fn in_scope(&self, object: &ObjectPk) -> bool {
        self.inner.with(|state| {
            state.providers.get(&self.provider).is_some_and(|provider| scope::contains(state, provider, object))
        })
    }

    async fn write_page(
        &self,
        session: &Session,
        kind: Kind,
        page: usize,
        objects: Vec<ObjectPk>,
    ) -> Result<(), Failure> {
        let plural = match kind {
            Kind::User => "Users",
            Kind::Group => "Groups",
        };
        self.log("info", format!("Syncing page {page} or {plural}"), Json::Object(Vec::new()));
        for object in objects {
            let (who, described) =
                self.inner.with(|state| (mapped::display(state, &object), mapped::described(state, &object)));
            match session.write(&object).await {
                Ok(()) | Err(SyncError::Skip) => {}
                Err(SyncError::DryRun { method, url, body }) => {
                    let attributes = object! { "obj" => described, "url" => url, "body" => Json::jsonb(&body.to_value()), "method" => method };
                    self.log("info", "Dropping mutating request due to dry run", attributes);
                }
                Err(SyncError::Transient(failure) | SyncError::Request(failure)) => {
                    let event = format!("Failed to sync {who} due to transient error: {}", failure.text);
                    let attributes = object! { "obj" => described, "exception" => failure.exception() };
                    self.log("warning", event, attributes);
                }
                Err(SyncError::Stop(text)) => {
                    let event = format!("Stopping sync due to error: {text}");
                    self.log("warning", event, object! { "obj" => described });
                    return Ok(());
                }
                // A 409 without a match, a 404 on POST, a crash: the task fails as a whole.
                Err(error) => return Err(error.into_failure()),
            }
        }
        Ok(())
    }

    /// Deletes what is linked and out of scope.
    async fn clean_up(&self, kind: Kind) -> Result<(), Failure> {
        let Ok(Some(session)) = Session::open(&self.inner, self.provider, false).await else { return Ok(()) };
        let strays: Vec<String> = self.inner.with(|state| {
            let Some(provider) = state.providers.get(&self.provider) else { return Vec::new() };
            let wanted: std::collections::HashSet<_> = scope::all(state, provider, kind).into_iter().collect();
            let links = state.links.of_provider(self.provider, kind);
            links.filter(|link| !wanted.contains(&link.object)).map(|link| link.scim_id.clone()).collect()
        });
        for scim_id in strays {
            match session.delete(kind, &scim_id).await {
                Ok(()) => {
                    let event = match kind {
                        Kind::User => "Deleted out-of-scope User",
                        Kind::Group => "Deleted out-of-scope Group",
                    };
                    self.log("info", event, object! { "scim_id" => scim_id });
                }
                Err(SyncError::NotFound(_) | SyncError::DryRun { .. }) => {}
                Err(_) => return Err(retry(("_sync_cleanup", 140, TASKS))),
            }
        }
        Ok(())
    }

    async fn direct(
        &self,
        object: &ObjectPk,
        in_scope: Option<bool>,
        members: Option<Vec<i64>>,
    ) -> Result<(), Failure> {
        let opened = Session::open(&self.inner, self.provider, false).await;
        let Some(mut session) = opened.map_err(SyncError::into_failure)? else { return Ok(()) };
        // Tried again, it sees what is stored by then.
        let first = self.retries == 0;
        session.members = members.filter(|_| first);
        if !in_scope.filter(|_| first).unwrap_or_else(|| self.in_scope(object)) {
            return Ok(());
        }
        event_outcome(session.write(object).await, ("sync_signal_direct", 269, TASKS))
    }

    async fn members(&self, group: &str, add: bool, users: &[i64], racing: bool) -> Result<(), Failure> {
        let opened = Session::open(&self.inner, self.provider, false).await;
        let Some(session) = opened.map_err(SyncError::into_failure)? else { return Ok(()) };
        let lost = racing && self.inner.with(|state| state.switches.on("membership_races"));
        if racing && !lost {
            self.until_written(users).await;
        }
        if lost || !self.in_scope(&ObjectPk::Group(group.to_owned())) {
            return Ok(());
        }
        let outcome = group::members_changed(&session, group, add, users).await;
        event_outcome(outcome, ("sync_signal_m2m", 330, TASKS))
    }

    /// The race that is won: the first tries of the users' own events come before.
    async fn until_written(&self, users: &[i64]) {
        let mut changes = self.inner.changes.subscribe();
        let first_try_of =
            |job: &Job| matches!(job, Job::Direct { object: ObjectPk::User(pk), .. } if users.contains(pk));
        let open = |state: &State| {
            let tasks = state.tasks.iter().filter(|task| task.provider == self.provider && task.retries == 0);
            tasks.filter(|task| !task.state.is_final()).any(|task| first_try_of(&task.job))
        };
        while self.inner.with(|state| open(state)) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }

    async fn delete(&self, kind: Kind, scim_id: &str) -> Result<(), Failure> {
        let opened = Session::open(&self.inner, self.provider, false).await;
        let Some(session) = opened.map_err(SyncError::into_failure)? else { return Ok(()) };
        event_outcome(session.delete(kind, scim_id).await, ("sync_signal_delete", 300, TASKS))
    }
}

/// An event is tried again after every error but 404 and 409; a stop is silent.
fn event_outcome(outcome: Result<(), SyncError>, place: (&'static str, i64, &'static str)) -> Result<(), Failure> {
    match outcome {
        Err(SyncError::Transient(_) | SyncError::Request(_)) => Err(retry(place)),
        Err(SyncError::Crash(failure)) => Err(failure),
        Ok(())
        | Err(
            SyncError::NotFound(_)
            | SyncError::Exists(_)
            | SyncError::Stop(_)
            | SyncError::Skip
            | SyncError::DryRun { .. },
        ) => Ok(()),
    }
}

/// dramatiq's `Retry` without a text: its log line reads `''`.
fn retry(place: (&'static str, i64, &'static str)) -> Failure {
    Failure { class: "Retry".to_owned(), text: "''".to_owned(), place }
}
