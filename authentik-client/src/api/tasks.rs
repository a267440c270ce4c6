use http::Method;
use jiff::Timestamp;
use scim_core::transport::Operation;

use super::list::List;
use super::objects::{Objects, handle};
use crate::call::date;
use crate::error::{Error, ErrorKind};
use crate::id::{EventUuid, ProviderPk, ScheduleUuid, TaskUuid};
use crate::model::{Event, Schedule, SchedulePatch, Task, TaskState};

handle! {
    /// Schedules (`/tasks/schedules/`).
    Schedules, Schedule, ScheduleUuid, [get]
}
handle! {
    /// Tasks (`/tasks/tasks/`).
    Tasks, Task, TaskUuid, [get]
}
handle! {
    /// Events (`/events/events/`).
    Events, Event, EventUuid, [get]
}

impl Schedules {
    /// The schedule of a provider's periodic full sync.
    ///
    /// # Errors
    /// See [`Error`]; kind [`ErrorKind::Missing`] when authentik has made none.
    pub async fn of_provider(&self, provider: ProviderPk) -> Result<Schedule, Error> {
        let list = self
            .list()
            .filter("rel_obj_content_type__app_label", "authentik_providers_scim")
            .filter("rel_obj_content_type__model", "scimprovider")
            .filter("rel_obj_id", provider);
        let pk = provider.to_string();
        list.only(|schedule| schedule.rel_obj_id.as_deref() == Some(pk.as_str())).await?.ok_or_else(|| {
            Error::new(Operation::new("find the schedule of a provider", self.0.path.join("/")), ErrorKind::Missing)
                .with_detail(format!("authentik has no schedule for the SCIM provider {provider}"))
        })
    }

    /// Changes when it runs.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, id: &ScheduleUuid, patch: &SchedulePatch) -> Result<Schedule, Error> {
        self.0.update(id, patch).await
    }

    /// Stops the periodic sync. Saving the provider starts it again in some versions (G34); `send` works
    /// all the while.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn pause(&self, id: &ScheduleUuid) -> Result<Schedule, Error> {
        self.update(id, &SchedulePatch { paused: Some(true), ..SchedulePatch::default() }).await
    }

    /// Starts the periodic sync again. A pause has set its next run to 1970: a sync follows within a
    /// minute.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn resume(&self, id: &ScheduleUuid) -> Result<Schedule, Error> {
        self.update(id, &SchedulePatch { paused: Some(false), ..SchedulePatch::default() }).await
    }

    /// Changes when the periodic sync runs: five crontab fields, UTC.
    ///
    /// # Errors
    /// See [`Error`]; a field error of `crontab` where it is none.
    pub async fn set_crontab(&self, id: &ScheduleUuid, crontab: &str) -> Result<Schedule, Error> {
        self.update(id, &SchedulePatch { crontab: Some(crontab.to_owned()), ..SchedulePatch::default() }).await
    }

    /// Queues its task now. Answers the time of authentik's clock, if it sent one: what the task can be
    /// told from older ones by.
    ///
    /// # Errors
    /// See [`Error`]; [`Error::is_forbidden`] for everybody but superusers (facts/authentik.md §9).
    pub async fn send(&self, id: &ScheduleUuid) -> Result<Option<Timestamp>, Error> {
        let call = self.0.call("start the sync", Method::POST, &[id.to_string(), "send".to_owned()]);
        let answer = self.0.core.send(call).await?;
        Ok(date(&answer.headers))
    }
}

impl Tasks {
    /// The tasks that hang on a schedule, newest first: full syncs and their pages.
    pub fn of_schedule(&self, schedule: &ScheduleUuid) -> List<Task> {
        self.list()
            .filter("rel_obj_content_type__app_label", "authentik_tasks_schedules")
            .filter("rel_obj_content_type__model", "schedule")
            .filter("rel_obj_id", schedule)
            .ordering("-mtime")
    }

    /// The tasks that hang on a provider, newest first: single changes.
    pub fn of_provider(&self, provider: ProviderPk) -> List<Task> {
        self.list()
            .filter("rel_obj_content_type__app_label", "authentik_providers_scim")
            .filter("rel_obj_content_type__model", "scimprovider")
            .filter("rel_obj_id", provider)
            .ordering("-mtime")
    }

    /// Runs a rejected task again; an empty 400 for any other state (G35).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn retry(&self, id: &TaskUuid) -> Result<(), Error> {
        self.0.core.send(self.0.call("retry", Method::POST, &[id.to_string(), "retry".to_owned()])).await.map(drop)
    }
}

impl List<Task> {
    /// Tasks of one background program: `authentik.providers.scim.tasks.scim_sync`.
    pub fn actor(self, name: &str) -> Self {
        self.filter("actor_name", name)
    }

    /// Tasks in this state.
    pub fn state(self, state: &TaskState) -> Self {
        self.filter("state", state.as_str())
    }
}

impl Events {
    /// What is configured wrongly, newest first: mappings that fail tell why here and nowhere else
    /// (H591). SCIM servers that refuse make no event.
    pub fn configuration_errors(&self) -> List<Event> {
        self.list().filter("action", "configuration_error").ordering("-created")
    }
}
