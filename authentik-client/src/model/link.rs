use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Extra;
use crate::id::{GroupUuid, LinkUuid, ProviderPk, UserPk};

/// The link between a user and the SCIM resource it became (`/providers/scim_users/`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScimUserLink {
    /// The link's id.
    pub id: LinkUuid,
    /// The id that the SCIM server gave.
    pub scim_id: String,
    /// The user.
    pub user: UserPk,
    /// The provider.
    pub provider: ProviderPk,
    /// The server's last answer, as authentik stored it: what the next write is compared with.
    #[serde(default)]
    pub attributes: Value,
    /// Everything else (`user_obj`).
    #[serde(flatten)]
    pub extra: Extra,
}

/// The link between a group and the SCIM resource it became (`/providers/scim_groups/`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScimGroupLink {
    /// The link's id.
    pub id: LinkUuid,
    /// The id that the SCIM server gave.
    pub scim_id: String,
    /// The group.
    pub group: GroupUuid,
    /// The provider.
    pub provider: ProviderPk,
    /// The server's last answer, as authentik stored it.
    #[serde(default)]
    pub attributes: Value,
    /// Everything else (`group_obj`).
    #[serde(flatten)]
    pub extra: Extra,
}

/// The body that links a user. The new link's `attributes` are empty: everything is written anew.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewScimUserLink {
    /// The provider.
    pub provider: ProviderPk,
    /// The user.
    pub user: UserPk,
    /// The id that the SCIM server gave.
    pub scim_id: String,
}

/// The body that links a group.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct NewScimGroupLink {
    /// The provider.
    pub provider: ProviderPk,
    /// The group.
    pub group: GroupUuid,
    /// The id that the SCIM server gave.
    pub scim_id: String,
}
