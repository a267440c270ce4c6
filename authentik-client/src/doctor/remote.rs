use std::collections::BTreeMap;

use scim_core::resource::{Group, User};

use crate::scope::{RemoteGroup, RemoteUser};

/// What the SCIM server holds, as the caller has read it: all users, inactive ones too, and all groups
/// with their members.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct RemoteView {
    /// Every user.
    pub users: Vec<User>,
    /// Every group.
    pub groups: Vec<Group>,
    /// How many users a page of the server's list has, where that is known: what discovery costs.
    pub page_size: Option<usize>,
}

impl RemoteView {
    /// What the server holds.
    pub fn new(users: Vec<User>, groups: Vec<Group>) -> Self {
        Self { users, groups, page_size: None }
    }

    /// Says how many users a page of the server's list has.
    #[must_use]
    pub fn page_size(mut self, users: usize) -> Self {
        self.page_size = Some(users);
        self
    }

    pub(super) fn users_by_id(&self) -> BTreeMap<&str, &User> {
        self.users.iter().filter_map(|user| Some((user.id.as_ref()?.as_str(), user))).collect()
    }

    pub(super) fn groups_by_id(&self) -> BTreeMap<&str, &Group> {
        self.groups.iter().filter_map(|group| Some((group.id.as_ref()?.as_str(), group))).collect()
    }
}

impl From<&User> for RemoteUser {
    fn from(user: &User) -> Self {
        Self {
            id: user.id.as_ref().map(ToString::to_string).unwrap_or_default(),
            user_name: user.user_name.as_deref().unwrap_or_default().to_owned(),
            emails: user.emails.iter().filter_map(|email| email.value.as_deref().map(str::to_owned)).collect(),
        }
    }
}

impl From<&Group> for RemoteGroup {
    fn from(group: &Group) -> Self {
        Self {
            id: group.id.as_ref().map(ToString::to_string).unwrap_or_default(),
            display_name: group.display_name.as_deref().unwrap_or_default().to_owned(),
        }
    }
}
