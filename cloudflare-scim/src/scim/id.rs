use std::fmt;

use scim_core::resource::{Group, ResourceId, User};

use crate::{InvalidId, PermissionGroupId, UserGroupId, UserTag};

/// What the ids of system groups begin with.
const SYSTEM: &str = "cloudflare-v1-";

/// A SCIM group: one of Cloudflare's own, or a custom one.
///
/// ```
/// use cloudflare_scim::GroupId;
///
/// let system: GroupId = "cloudflare-v1-33666b9c79b9a5273fc7344ff42f953d".parse()?;
/// assert!(matches!(system, GroupId::System(_)));
/// let custom: GroupId = "7ed7a6e1cb5047a8b6c1e0f6dc8c2a0e".parse()?;
/// assert_eq!(custom.to_string(), "7ed7a6e1cb5047a8b6c1e0f6dc8c2a0e");
/// # Ok::<(), cloudflare_scim::InvalidId>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum GroupId {
    /// Stands for a permission group: its members can change, nothing else.
    System(PermissionGroupId),
    /// A user group, the same in v4.
    Custom(UserGroupId),
}

impl GroupId {
    /// The id of a group that the endpoint has shown.
    ///
    /// # Errors
    /// If the group has no id, or none that Cloudflare gives.
    pub fn of(group: &Group) -> Result<Self, InvalidId> {
        group.id.as_ref().map_or("", ResourceId::as_str).parse()
    }

    /// The user group, unless it is a system group.
    pub fn custom(&self) -> Option<&UserGroupId> {
        match self {
            Self::Custom(id) => Some(id),
            Self::System(_) => None,
        }
    }

    /// Whether it is one of Cloudflare's own.
    pub fn is_system(&self) -> bool {
        matches!(self, Self::System(_))
    }
}

impl std::str::FromStr for GroupId {
    type Err = InvalidId;

    fn from_str(text: &str) -> Result<Self, InvalidId> {
        match text.strip_prefix(SYSTEM) {
            Some(permission_group) => permission_group.parse().map(Self::System),
            None => text.parse().map(Self::Custom),
        }
    }
}

impl fmt::Display for GroupId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(id) => write!(f, "{SYSTEM}{id}"),
            Self::Custom(id) => write!(f, "{id}"),
        }
    }
}

impl UserTag {
    /// The tag of a user that the endpoint has shown.
    ///
    /// # Errors
    /// If the user has no id, or none that Cloudflare gives.
    pub fn of(user: &User) -> Result<Self, InvalidId> {
        user.id.as_ref().map_or("", ResourceId::as_str).parse()
    }
}

/// What names a user to the SCIM endpoint: a [`UserTag`], or the `id` of a user that it has shown. Not
/// a membership id.
pub trait UserKey: sealed::Sealed {
    /// The id as SCIM's client takes it.
    #[doc(hidden)]
    fn resource_id(&self) -> Result<ResourceId, InvalidId>;
}

/// What names a group to the SCIM endpoint: a [`GroupId`], a [`UserGroupId`], or the `id` of a group
/// that it has shown.
pub trait GroupKey: sealed::Sealed {
    /// The id as SCIM's client takes it.
    #[doc(hidden)]
    fn resource_id(&self) -> Result<ResourceId, InvalidId>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for scim_core::resource::ResourceId {}
    impl Sealed for crate::UserTag {}
    impl Sealed for crate::UserGroupId {}
    impl Sealed for super::GroupId {}
}

fn resource_id(text: &str) -> Result<ResourceId, InvalidId> {
    text.parse().map_err(|_| InvalidId::empty("a SCIM id"))
}

impl UserKey for UserTag {
    fn resource_id(&self) -> Result<ResourceId, InvalidId> {
        resource_id(self.as_str())
    }
}

impl UserKey for ResourceId {
    fn resource_id(&self) -> Result<ResourceId, InvalidId> {
        Ok(self.clone())
    }
}

impl GroupKey for ResourceId {
    fn resource_id(&self) -> Result<ResourceId, InvalidId> {
        Ok(self.clone())
    }
}

impl GroupKey for UserGroupId {
    fn resource_id(&self) -> Result<ResourceId, InvalidId> {
        resource_id(self.as_str())
    }
}

impl GroupKey for GroupId {
    fn resource_id(&self) -> Result<ResourceId, InvalidId> {
        resource_id(&self.to_string())
    }
}
