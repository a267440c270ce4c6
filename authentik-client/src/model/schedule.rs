use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Extra;
use crate::crontab::Crontab;
use crate::id::ScheduleUuid;

/// A schedule (`/tasks/schedules/`): the periodic full sync of a provider. authentik makes it with the
/// provider; it can be paused and timed, not created or deleted.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Schedule {
    /// The id in URLs.
    pub id: ScheduleUuid,
    /// What runs: `authentik.providers.scim.tasks.scim_sync`.
    pub actor_name: String,
    /// `<actor>:<provider name>`.
    #[serde(default)]
    pub uid: Option<String>,
    /// The pk of the provider, as text.
    #[serde(default)]
    pub rel_obj_id: Option<String>,
    /// When it runs: five fields, UTC. A fresh one reads `M */4 * * *`.
    pub crontab: String,
    /// Whether it is paused. Saving the provider un-pauses it in some versions (G34).
    #[serde(default)]
    pub paused: bool,
    /// When it runs next; 1970 after a pause.
    pub next_run: String,
    /// The state of its newest task.
    #[serde(default)]
    pub last_task_status: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

impl Schedule {
    /// When it runs, in words: `every 4 hours, at minute 33 (UTC)`, `paused: it would run ...`. A
    /// crontab that this crate does not read is quoted.
    pub fn describe(&self) -> String {
        let when = match Crontab::parse(&self.crontab) {
            Some(crontab) => crontab.to_string(),
            None => format!("by the crontab {:?} (UTC)", self.crontab),
        };
        if self.paused { format!("paused: it would run {when}") } else { when }
    }

    /// When it runs next after `now`, by its crontab; `None` while it is paused, and for a crontab that
    /// this crate does not read or that has no date within four years.
    ///
    /// authentik looks once a minute and starts what is due when the sync before it is over.
    pub fn next_after(&self, now: Timestamp) -> Option<Timestamp> {
        if self.paused {
            return None;
        }
        Crontab::parse(&self.crontab)?.next(now)
    }

    /// What authentik says about the next run; `None` while it is paused (authentik then says 1970) and
    /// where that is no date.
    pub fn next_run_at(&self) -> Option<Timestamp> {
        if self.paused { None } else { self.next_run.parse().ok() }
    }
}

/// A partial change of a schedule: what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SchedulePatch {
    /// When it runs: five crontab fields.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crontab: Option<String>,
    /// Whether it is paused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub paused: Option<bool>,
}
