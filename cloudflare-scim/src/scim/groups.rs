use http::Method;
use scim_core::client::Endpoint;
use scim_core::filter::attr;
use scim_core::patch::PatchOp;
use scim_core::path::PatchPath;
use scim_core::resource::{Group, Member, ResourceId};
use scim_core::transport::Operation;
use serde_json::json;

use super::{GroupKey, Scim, ScimList, UserKey};
use crate::{Error, UserGroupId, UserTag};

/// Members in one PATCH. Cloudflare documents no limit; a body stays below 10 KiB so.
const BATCH: usize = 100;

/// A group to be made. A dashboard group of that name is taken over, and its name and members are
/// then locked for everybody but the identity provider.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewGroup {
    /// The name: not empty, and not beginning with `CF`.
    pub display_name: String,
    /// The id in the system that provisions.
    pub external_id: Option<String>,
}

impl NewGroup {
    /// A group of this name. Members are added afterwards: Cloudflare documents none in the body.
    pub fn new(display_name: impl Into<String>) -> Self {
        Self { display_name: display_name.into(), external_id: None }
    }

    /// With the id in the system that provisions.
    #[must_use]
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// The SCIM resource that says so.
    pub fn to_resource(&self) -> Group {
        let mut group = Group::new(&self.display_name);
        group.external_id = self.external_id.as_deref().map(Into::into);
        group
    }
}

/// What is to change about a custom group, its members aside.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "a patch does nothing until it is sent"]
pub struct GroupPatch(PatchOp);

impl GroupPatch {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Another name.
    pub fn display_name(self, name: impl Into<String>) -> Self {
        Self(self.0.replace(attr("displayName"), name.into()))
    }

    /// Another id in the system that provisions.
    pub fn external_id(self, id: impl Into<String>) -> Self {
        Self(self.0.replace(attr("externalId"), id.into()))
    }
}

/// The groups of the account: `…/scim/v2/Groups`.
#[derive(Debug, Clone)]
pub struct ScimGroups {
    scim: Scim,
    endpoint: Endpoint<Group>,
}

impl ScimGroups {
    pub(super) fn new(scim: Scim) -> Self {
        let endpoint = scim.client().groups();
        Self { scim, endpoint }
    }

    fn id(group: &impl GroupKey) -> Result<ResourceId, Error> {
        let operation = || Operation::new("name a group", "scim/v2/Groups");
        group.resource_id().map_err(|error| Error::request(&operation(), error.to_string()))
    }

    /// Every group, system groups included, without members: read a group by itself for those.
    pub fn list(&self) -> ScimList<Group> {
        ScimList::new(&self.scim, self.endpoint.list())
    }

    /// The group of exactly this name, without members.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn find(&self, display_name: &str) -> Result<Option<Group>, Error> {
        let request = self.endpoint.list().filter(attr("displayName").eq(display_name));
        let found = ScimList::new(&self.scim, request).all().await?;
        Ok(found.into_iter().find(|group| group.display_name.as_deref() == Some(display_name)))
    }

    /// One group; a custom one with its members.
    ///
    /// # Errors
    /// If the call fails; `NotFound` if there is none of that id.
    pub async fn get(&self, group: &impl GroupKey) -> Result<Group, Error> {
        self.scim.read(self.endpoint.get(&Self::id(group)?).await)
    }

    /// One group, if there is one.
    ///
    /// # Errors
    /// If the call fails for another reason.
    pub async fn get_opt(&self, group: &impl GroupKey) -> Result<Option<Group>, Error> {
        self.scim.read(self.endpoint.get_opt(&Self::id(group)?).await)
    }

    /// Makes a group.
    ///
    /// # Errors
    /// If the call fails; `Conflict` if a SCIM group has the name. Where the outcome is open (500, no
    /// answer) the group is looked up, and is the answer if it is what was sent.
    pub async fn create(&self, group: &NewGroup) -> Result<Group, Error> {
        self.scim.written(self.endpoint.create(&group.to_resource()).await)
    }

    /// Replaces name, external id and members of a custom group in one go (PUT, since 2026-08-21).
    ///
    /// # Errors
    /// If the call fails.
    pub async fn replace(&self, group: &UserGroupId, with: &NewGroup, members: &[UserTag]) -> Result<Group, Error> {
        let mut resource = with.to_resource();
        let mut list = Vec::with_capacity(members.len());
        for tag in members {
            list.push(Member::new(Self::member(tag)?));
        }
        resource.members = Some(list);
        self.scim.shown(self.endpoint.replace(&Self::id(group)?, &resource).await, "replace a group")
    }

    fn member(tag: &UserTag) -> Result<ResourceId, Error> {
        let operation = || Operation::new("name a member", "scim/v2/Groups");
        UserKey::resource_id(tag).map_err(|error| Error::request(&operation(), error.to_string()))
    }

    /// Changes name or external id of a custom group.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn update(&self, group: &UserGroupId, patch: &GroupPatch) -> Result<(), Error> {
        self.scim.written(self.endpoint.patch(&Self::id(group)?, &patch.0).await).map(drop)
    }

    /// Adds members, 100 a request; who is one already stays one. They must be members of the account.
    ///
    /// # Errors
    /// If a call fails: batches before it are added.
    pub async fn add_members(&self, group: &impl GroupKey, members: &[UserTag]) -> Result<(), Error> {
        let id = Self::id(group)?;
        for batch in members.chunks(BATCH) {
            let value: Vec<_> = batch.iter().map(|tag| json!({ "value": tag })).collect();
            let patch = PatchOp::new().add(attr("members"), value);
            self.scim.written(self.endpoint.patch(&id, &patch).await)?;
        }
        Ok(())
    }

    /// Removes members, 100 a request; who is none stays none. The membership of the account stays.
    ///
    /// # Errors
    /// If a call fails: batches before it are removed.
    pub async fn remove_members(&self, group: &impl GroupKey, members: &[UserTag]) -> Result<(), Error> {
        let id = Self::id(group)?;
        for batch in members.chunks(BATCH) {
            let patch = batch.iter().fold(PatchOp::new(), |patch, tag| {
                patch.remove(PatchPath::select(attr("members"), attr("value").eq(tag.as_str())))
            });
            self.scim.written(self.endpoint.patch(&id, &patch).await)?;
        }
        Ok(())
    }

    /// Removes a custom group, and the rights it gave.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn delete(&self, group: &UserGroupId) -> Result<(), Error> {
        let outcome = self.endpoint.delete(&Self::id(group)?).await;
        outcome.map_err(|error| self.scim.error(error, &Method::DELETE))
    }
}
