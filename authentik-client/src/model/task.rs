use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Extra, open_enum};
use crate::id::TaskUuid;

open_enum! {
    /// Where a task stands.
    TaskState {
        /// Waiting for a worker, or for its next try.
        Queued = "queued",
        /// Taken by a worker.
        Consumed = "consumed",
        /// About to run.
        Preprocess = "preprocess",
        /// Running.
        Running = "running",
        /// About to end.
        Postprocess = "postprocess",
        /// Ran to its end: not the same as having succeeded.
        Done = "done",
        /// Given up after all its tries.
        Rejected = "rejected",
    }
}

impl TaskState {
    /// Whether nothing more happens by itself.
    pub fn is_final(&self) -> bool {
        matches!(self, Self::Done | Self::Rejected)
    }
}

open_enum! {
    /// How serious a log line is.
    LogLevel {
        /// Detail.
        Debug = "debug",
        /// Course of things.
        Info = "info",
        /// Something was not done.
        Warning = "warning",
        /// The task failed.
        Error = "error",
        /// authentik failed.
        Critical = "critical",
    }
}

impl LogLevel {
    /// Whether something was not done.
    pub fn is_complaint(&self) -> bool {
        match self {
            Self::Warning | Self::Error | Self::Critical => true,
            // The API's document has two more names (`LogLevelEnum`); none was ever recorded.
            Self::Other(name) => matches!(name.as_str(), "warn" | "exception"),
            Self::Debug | Self::Info => false,
        }
    }
}

/// One line of a task's log. Lines are not in order: sort by time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct LogLine {
    /// When, RFC 3339.
    pub timestamp: String,
    /// How serious.
    pub log_level: LogLevel,
    /// Who wrote it.
    #[serde(default)]
    pub logger: String,
    /// What happened. Empty for some failures of events.
    #[serde(default)]
    pub event: String,
    /// Facts beside the text.
    #[serde(default)]
    pub attributes: Extra,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

impl LogLine {
    /// When it was written; `None` if authentik wrote no date.
    pub fn at(&self) -> Option<Timestamp> {
        self.timestamp.parse().ok()
    }
}

/// A background task (`/tasks/tasks/`). Full syncs and their page tasks hang on the schedule, all
/// others on the provider.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Task {
    /// The id in URLs.
    pub message_id: TaskUuid,
    /// What runs: `authentik.providers.scim.tasks.scim_sync`, `….scim_sync_objects`.
    pub actor_name: String,
    /// Where it stands.
    pub state: TaskState,
    /// When it last changed, RFC 3339.
    pub mtime: String,
    /// How often it was tried again.
    #[serde(default)]
    pub retries: u32,
    /// When it is tried again, RFC 3339.
    #[serde(default)]
    pub eta: Option<String>,
    /// What it is about: `<actor>:<provider name>:user:1` for the first page of users.
    #[serde(default)]
    pub uid: Option<String>,
    /// The log of this try.
    #[serde(default)]
    pub logs: Vec<LogLine>,
    /// The logs of the tries before.
    #[serde(default)]
    pub previous_logs: Vec<LogLine>,
    /// The state, or from 2026.8.0 on for done tasks the worst level of the log.
    #[serde(default)]
    pub aggregated_status: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Task {
    /// When it was queued, by its own log.
    pub fn queued_at(&self) -> Option<Timestamp> {
        let lines = self.previous_logs.iter().chain(&self.logs);
        lines.filter(|line| line.event == "Task has been queued").filter_map(LogLine::at).min()
    }

    /// When it last changed; `None` if authentik wrote no date.
    pub fn changed_at(&self) -> Option<Timestamp> {
        self.mtime.parse().ok()
    }

    /// Every line of every try, oldest first.
    pub fn lines(&self) -> Vec<&LogLine> {
        let mut lines: Vec<&LogLine> = self.previous_logs.iter().chain(&self.logs).collect();
        lines.sort_by_key(|line| line.at());
        lines
    }

    /// Whether any try logged this event.
    pub fn says(&self, event: &str) -> bool {
        self.previous_logs.iter().chain(&self.logs).any(|line| line.event.contains(event))
    }
}
