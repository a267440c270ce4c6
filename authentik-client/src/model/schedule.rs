use serde::{Deserialize, Serialize};

use super::Extra;
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
