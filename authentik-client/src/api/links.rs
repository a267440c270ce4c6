use super::list::List;
use super::objects::{Objects, handle};
use crate::error::Error;
use crate::id::{GroupUuid, LinkUuid, ProviderPk, UserPk};
use crate::model::{NewScimGroupLink, NewScimUserLink, ScimGroupLink, ScimUserLink};

handle! {
    /// Links between users and SCIM resources (`/providers/scim_users/`). Deleting one changes nothing
    /// on the SCIM server.
    ScimUserLinks, ScimUserLink, LinkUuid, [get, delete]
}
handle! {
    /// Links between groups and SCIM resources (`/providers/scim_groups/`).
    ScimGroupLinks, ScimGroupLink, LinkUuid, [get, delete]
}

impl ScimUserLinks {
    /// The links of a provider.
    pub fn of(&self, provider: ProviderPk) -> List<ScimUserLink> {
        self.list().filter("provider__id", provider)
    }

    /// Links a user to a SCIM resource. One user can have two links: look before (G14).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create(&self, link: &NewScimUserLink) -> Result<ScimUserLink, Error> {
        self.0.create(link).await
    }
}

impl ScimGroupLinks {
    /// The links of a provider.
    pub fn of(&self, provider: ProviderPk) -> List<ScimGroupLink> {
        self.list().filter("provider__id", provider)
    }

    /// Links a group to a SCIM resource.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create(&self, link: &NewScimGroupLink) -> Result<ScimGroupLink, Error> {
        self.0.create(link).await
    }
}

impl List<ScimUserLink> {
    /// The links of one user; there may be two for one provider.
    pub fn of_user(self, user: UserPk) -> Self {
        self.filter("user__id", user)
    }
}

impl List<ScimGroupLink> {
    /// The links of one group.
    pub fn of_group(self, group: &GroupUuid) -> Self {
        self.filter("group__group_uuid", group)
    }
}
