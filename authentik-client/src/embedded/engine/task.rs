//! Tasks: what the worker has to do, and what the API says of it.

use jiff::Timestamp;
use serde_json::Value;

use super::super::json::{Json, object};
use super::super::state::{Kind, ObjectPk};

/// A task's `message_id`.
pub(crate) type TaskId = String;

/// The logger of the lines that every task has.
const MIDDLEWARE: &str = "authentik.tasks.middleware.TaskLogMiddleware";

/// What a task does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Job {
    /// `scim_sync`: the full sync of a provider.
    Full,
    /// The full sync of a provider's creation, which finds no application yet.
    Unattached,
    /// `scim_sync_objects`: one page of a full sync, from 1.
    Page(Kind, usize),
    /// `scim_sync_objects` of `sync/object`: one object by its id as given.
    Manual { kind: Kind, id: String, override_dry_run: bool },
    /// `scim_sync_direct`: an object was saved. `in_scope`: whether it was when the event was emitted;
    /// `None` looks when the task runs. `members`: those of a group that was saved before its new ones
    /// were stored.
    Direct { object: ObjectPk, in_scope: Option<bool>, members: Option<Vec<i64>> },
    /// `scim_sync_m2m`: users joined or left a group. `racing` ones were created in the same call.
    Members { group: String, add: bool, users: Vec<i64>, racing: bool },
    /// `scim_sync_delete`: an object that had this link was deleted.
    Delete { kind: Kind, pk: String, scim_id: String },
}

impl Job {
    fn actor(&self) -> &'static str {
        match self {
            Self::Full | Self::Unattached => "authentik.providers.scim.tasks.scim_sync",
            Self::Page(..) | Self::Manual { .. } => "authentik.providers.scim.tasks.scim_sync_objects",
            Self::Direct { .. } => "authentik.providers.scim.tasks.scim_sync_direct",
            Self::Members { .. } => "authentik.providers.scim.tasks.scim_sync_m2m",
            Self::Delete { .. } => "authentik.providers.scim.tasks.scim_sync_delete",
        }
    }

    fn description(&self) -> &'static str {
        match self {
            Self::Full | Self::Unattached => "Full sync for SCIM provider.",
            Self::Page(..) | Self::Manual { .. } => "Sync SCIM provider objects.",
            Self::Direct { .. } => "Sync a direct object (user, group) for SCIM provider.",
            Self::Members { .. } => "Sync a related object (memberships) for SCIM provider.",
            Self::Delete { .. } => "Delete an object (user, group) for SCIM provider.",
        }
    }

    fn uid(&self, provider: &str) -> String {
        let actor = self.actor();
        match self {
            Self::Full | Self::Unattached => format!("{actor}:{provider}"),
            Self::Page(kind, page) => format!("{actor}:{provider}:{}:{page}", kind_name(*kind)),
            Self::Manual { kind, id, .. } => format!("{actor}:{provider}:{}:{id}:manual", kind_name(*kind)),
            Self::Direct { object, .. } => {
                format!("{actor}:{provider}:{}:{object}:direct", kind_name(object.kind()))
            }
            Self::Members { group, .. } => format!("{actor}:{provider}:group:{group}:m2m"),
            Self::Delete { kind, pk, .. } => format!("{actor}:{provider}:{}:{pk}:delete", kind_name(*kind)),
        }
    }

    /// Full syncs and pages hang on the schedule, all others on the provider.
    fn on_schedule(&self) -> bool {
        matches!(self, Self::Full | Self::Unattached | Self::Page(..))
    }
}

pub(crate) fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::User => "user",
        Kind::Group => "group",
    }
}

/// A task's state in the queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TaskState {
    Queued,
    Running,
    Done,
    Rejected,
}

impl TaskState {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Running => "running",
            Self::Done => "done",
            Self::Rejected => "rejected",
        }
    }

    pub(crate) fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Rejected)
    }
}

/// One log line.
#[derive(Debug, Clone)]
pub(crate) struct Line {
    pub(crate) at: Timestamp,
    pub(crate) level: &'static str,
    pub(crate) logger: String,
    pub(crate) event: String,
    pub(crate) attributes: Json,
}

/// A task.
#[derive(Debug, Clone)]
pub(crate) struct Task {
    pub(crate) id: TaskId,
    pub(crate) provider: i64,
    pub(crate) job: Job,
    pub(crate) state: TaskState,
    pub(crate) mtime: Timestamp,
    pub(crate) retries: u32,
    pub(crate) eta: Option<Timestamp>,
    pub(crate) actor: &'static str,
    pub(crate) uid: String,
    pub(crate) description: &'static str,
    pub(crate) on_schedule: bool,
    pub(crate) logs: Vec<Line>,
    pub(crate) previous_logs: Vec<Line>,
    /// The error of the last try, for a full sync that waits for a page.
    pub(crate) error: Option<Failure>,
}

/// A failed try: what the middleware logs and what a waiting full sync reports.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    /// The exception's class: `SCIMRequestException`.
    pub(crate) class: String,
    /// Its text, the log line's event.
    pub(crate) text: String,
    /// Where it was raised: function and file.
    pub(crate) place: (&'static str, i64, &'static str),
}

impl Failure {
    /// The `exception` attribute of a log line.
    pub(crate) fn exception(&self) -> Json {
        Json::list([self.link(self.place.2, false)])
    }

    /// One exception of a chain, raised in `file`; `is_cause`: the one before was raised from it.
    pub(crate) fn link(&self, file: &str, is_cause: bool) -> Json {
        let (name, line, _) = self.place;
        object! {
            "frames" => vec![object! { "name" => name, "lineno" => line, "filename" => file }],
            "exc_type" => &self.class,
            "is_cause" => is_cause,
            "is_group" => false,
            "exc_notes" => Json::List(Vec::new()),
            "exc_value" => &self.text,
            "exceptions" => Json::List(Vec::new()),
            "syntax_error" => Json::NULL,
        }
    }
}

impl Task {
    pub(crate) fn new(id: TaskId, provider: i64, provider_name: &str, job: Job, now: Timestamp) -> Self {
        let mut task = Self {
            id,
            provider,
            state: TaskState::Queued,
            mtime: now,
            retries: 0,
            eta: None,
            actor: job.actor(),
            uid: job.uid(provider_name),
            description: job.description(),
            on_schedule: job.on_schedule(),
            logs: Vec::new(),
            previous_logs: Vec::new(),
            error: None,
            job,
        };
        task.middleware(now, "info", "Task has been queued", object! { "delay" => Json::NULL });
        task
    }

    pub(crate) fn begin(&mut self, now: Timestamp) {
        self.state = TaskState::Running;
        self.mtime = now;
        self.middleware(now, "info", "Task is being processed", Json::Object(Vec::new()));
    }

    pub(crate) fn finish(&mut self, now: Timestamp) {
        self.middleware(now, "info", "Task finished processing without errors", Json::Object(Vec::new()));
        self.state = TaskState::Done;
        self.mtime = now;
        self.eta = None;
        self.error = None;
    }

    fn fail(&mut self, now: Timestamp, failure: Failure) {
        let attributes = object! { "exception" => failure.exception() };
        self.middleware(now, "error", &failure.text, attributes);
        self.error = Some(failure);
    }

    /// The try failed and another one is due at `eta`.
    pub(crate) fn retry(&mut self, now: Timestamp, failure: Failure, eta: Timestamp, delay_ms: u64) {
        self.fail(now, failure);
        self.previous_logs.append(&mut self.logs);
        self.retries += 1;
        self.eta = Some(eta);
        self.state = TaskState::Queued;
        let delay = Json::Plain(Value::from(delay_ms));
        self.middleware(now, "info", "Task will be retried", object! { "delay" => delay });
    }

    /// The last try failed.
    pub(crate) fn reject(&mut self, now: Timestamp, failure: Failure) {
        self.fail(now, failure);
        self.state = TaskState::Rejected;
        self.eta = None;
        self.mtime = now;
    }

    /// A line of the task's own code.
    pub(crate) fn log(&mut self, now: Timestamp, level: &'static str, event: impl Into<String>, attributes: Json) {
        let logger = self.uid.clone();
        self.logs.push(Line { at: now, level, logger, event: event.into(), attributes });
    }

    fn middleware(&mut self, now: Timestamp, level: &'static str, event: &str, attributes: Json) {
        let line = Line { at: now, level, logger: MIDDLEWARE.to_owned(), event: event.to_owned(), attributes };
        self.logs.push(line);
    }

    /// `aggregated_status`: the state; from 2026.8 a done task's worst log line.
    pub(crate) fn aggregated_status(&self, from_logs: bool) -> &'static str {
        if self.state != TaskState::Done || !from_logs {
            return self.state.name();
        }
        let lines = || self.logs.iter().chain(&self.previous_logs);
        if lines().any(|line| line.level == "error") {
            "error"
        } else if lines().any(|line| line.level == "warning") {
            "warning"
        } else {
            "info"
        }
    }
}
