use http::Method;
use scim_core::client::Endpoint;
use scim_core::filter::attr;
use scim_core::patch::PatchOp;
use scim_core::resource::{Email, Name, ResourceId, User};
use scim_core::transport::Operation;

use super::{Scim, ScimList, UserKey};
use crate::Error;

/// Somebody to be made a member of the account, with the role "Minimal Account Access".
///
/// Cloudflare demands that userName is the e-mail address, the one primary address is the same, and
/// `active` is true; that is what this writes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct NewUser {
    /// The e-mail address, which is the userName too.
    pub email: String,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// The name to show; without it Cloudflare shows the whole name, or the address.
    pub display_name: Option<String>,
    /// The id in the system that provisions. Stored, not interpreted.
    pub external_id: Option<String>,
}

impl NewUser {
    /// Somebody of whom the address alone is known.
    pub fn new(email: impl Into<String>) -> Self {
        Self { email: email.into(), given_name: None, family_name: None, display_name: None, external_id: None }
    }

    /// With a name.
    #[must_use]
    pub fn name(mut self, given: impl Into<String>, family: impl Into<String>) -> Self {
        self.given_name = Some(given.into());
        self.family_name = Some(family.into());
        self
    }

    /// With a name to show.
    #[must_use]
    pub fn display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = Some(name.into());
        self
    }

    /// With the id in the system that provisions.
    #[must_use]
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// The SCIM resource that says so.
    pub fn to_resource(&self) -> User {
        let mut user = User::new(&self.email);
        user.emails.push(Email::new(&self.email).with_type("work").primary());
        user.active = Some(true);
        user.display_name = self.display_name.as_deref().map(Into::into);
        user.external_id = self.external_id.as_deref().map(Into::into);
        if self.given_name.is_some() || self.family_name.is_some() {
            let mut name = Name::default();
            name.given_name = self.given_name.as_deref().map(Into::into);
            name.family_name = self.family_name.as_deref().map(Into::into);
            user.name = Some(name);
        }
        user
    }
}

/// What is to change in a user. Documents disagree on whether a change of names takes effect: read
/// the user back.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use = "a patch does nothing until it is sent"]
pub struct UserPatch(PatchOp);

impl UserPatch {
    /// Changes nothing yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// `false` ends the membership of the account.
    pub fn active(self, active: bool) -> Self {
        Self(self.0.replace(attr("active"), active))
    }

    /// Another userName, and e-mail address with it.
    pub fn user_name(self, email: impl Into<String>) -> Self {
        Self(self.0.replace(attr("userName"), email.into()))
    }

    /// Another given name.
    pub fn given_name(self, name: impl Into<String>) -> Self {
        Self(self.0.replace(attr("name.givenName"), name.into()))
    }

    /// Another family name.
    pub fn family_name(self, name: impl Into<String>) -> Self {
        Self(self.0.replace(attr("name.familyName"), name.into()))
    }
}

/// The people of the account: `…/scim/v2/Users`.
#[derive(Debug, Clone)]
pub struct ScimUsers {
    scim: Scim,
    endpoint: Endpoint<User>,
}

impl ScimUsers {
    pub(super) fn new(scim: Scim) -> Self {
        let endpoint = scim.client().users();
        Self { scim, endpoint }
    }

    fn id(user: &impl UserKey) -> Result<ResourceId, Error> {
        user.resource_id()
            .map_err(|error| Error::request(&Operation::new("name a user", "scim/v2/Users"), error.to_string()))
    }

    /// Every member of the account.
    pub fn list(&self) -> ScimList<User> {
        ScimList::new(&self.scim, self.endpoint.list())
    }

    /// The member of this userName, compared without case.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn find(&self, user_name: &str) -> Result<Option<User>, Error> {
        let request = self.endpoint.list().filter(attr("userName").eq(user_name));
        let found = ScimList::new(&self.scim, request).all().await?;
        // A server that ignores the filter must not make somebody else the answer.
        let same =
            |user: &User| user.user_name.as_deref().is_some_and(|it| it.to_lowercase() == user_name.to_lowercase());
        Ok(found.into_iter().find(same))
    }

    /// One member.
    ///
    /// # Errors
    /// If the call fails; `NotFound` if there is none of that id.
    pub async fn get(&self, user: &impl UserKey) -> Result<User, Error> {
        self.scim.read(self.endpoint.get(&Self::id(user)?).await)
    }

    /// One member, if there is one.
    ///
    /// # Errors
    /// If the call fails for another reason.
    pub async fn get_opt(&self, user: &impl UserKey) -> Result<Option<User>, Error> {
        self.scim.read(self.endpoint.get_opt(&Self::id(user)?).await)
    }

    /// Makes somebody a member. Needs an Enterprise account.
    ///
    /// # Errors
    /// If the call fails; `Conflict` if there is a member of this userName. Where the outcome is open (500,
    /// no answer) the member is looked up, and is the answer if it is what was sent.
    pub async fn create(&self, user: &NewUser) -> Result<User, Error> {
        self.scim.written(self.endpoint.create(&user.to_resource()).await)
    }

    /// Replaces what can change about a member. Without `active` the membership stays as it is; with
    /// `false` it ends.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn replace(&self, user: &impl UserKey, with: &User) -> Result<User, Error> {
        self.scim.shown(self.endpoint.replace(&Self::id(user)?, with).await, "replace a user")
    }

    /// Changes a member.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn update(&self, user: &impl UserKey, patch: &UserPatch) -> Result<User, Error> {
        self.scim.shown(self.endpoint.patch(&Self::id(user)?, &patch.0).await, "update a user")
    }

    /// Ends somebody's membership by `active: false`, which Cloudflare documents (unlike
    /// [`delete`](Self::delete)).
    ///
    /// # Errors
    /// If the call fails; the last Super Administrator is refused.
    pub async fn deactivate(&self, user: &impl UserKey) -> Result<(), Error> {
        let patch = UserPatch::new().active(false);
        self.scim.written(self.endpoint.patch(&Self::id(user)?, &patch.0).await).map(drop)
    }

    /// Ends somebody's membership by DELETE: in no document of Cloudflare's, but what authentik sends.
    ///
    /// # Errors
    /// If the call fails; the last Super Administrator is refused, and 405 if there is no such method.
    pub async fn delete(&self, user: &impl UserKey) -> Result<(), Error> {
        let outcome = self.endpoint.delete(&Self::id(user)?).await;
        outcome.map_err(|error| self.scim.error(error, &Method::DELETE))
    }
}
