use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Extra;
use crate::id::{EventUuid, UserPk};

/// Which authentik this is (`/admin/version/`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Version {
    /// The running version: `2026.8.0-rc1`.
    pub version_current: String,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

/// Whose token it is (`/core/users/me/`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Me {
    /// The caller.
    pub user: Whoami,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The owner of the token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Whoami {
    /// The user's pk.
    pub pk: UserPk,
    /// The username.
    pub username: String,
    /// Whether a group makes the user a superuser: only then a schedule can be sent.
    #[serde(default)]
    pub is_superuser: bool,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

/// An event (`/events/events/`): mapping failures show only here.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// The event's id.
    pub pk: EventUuid,
    /// What happened: `configuration_error`.
    pub action: String,
    /// The facts.
    #[serde(default)]
    pub context: Value,
    /// When, RFC 3339.
    #[serde(default)]
    pub created: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}
