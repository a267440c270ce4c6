use http::Method;

use super::list::List;
use super::objects::{Objects, handle};
use crate::error::Error;
use crate::id::{ApplicationPk, ApplicationSlug, BindingUuid, UserPk};
use crate::model::{Application, ApplicationPatch, CheckAccess, NewApplication, NewPolicyBinding, PolicyBinding};

handle! {
    /// Applications (`/core/applications/`). Deleting one takes its SCIM providers along (G36).
    Applications, Application, ApplicationSlug, [get, delete]
}
handle! {
    /// Policy bindings (`/policies/bindings/`).
    PolicyBindings, PolicyBinding, BindingUuid, [get, delete]
}

impl Applications {
    /// All of them, for superusers. [`list`](Self::list) shows only those that the caller may open; for
    /// everybody but superusers this one does too.
    pub fn list_all(&self) -> List<Application> {
        self.list().filter("superuser_full_list", true)
    }

    /// Creates one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create(&self, application: &NewApplication) -> Result<Application, Error> {
        self.0.create(application).await
    }

    /// Changes one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, slug: &ApplicationSlug, patch: &ApplicationPatch) -> Result<Application, Error> {
        self.0.update(slug, patch).await
    }

    /// Whether a user passes the application's bindings. authentik ignores `user` unless the caller is a
    /// superuser, and answers about the caller (G11).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn check_access(&self, slug: &ApplicationSlug, user: UserPk) -> Result<CheckAccess, Error> {
        let more = [slug.to_string(), "check_access".to_owned()];
        let query = [("for_user".to_owned(), user.to_string())];
        self.0.core.read(self.0.call("check access", Method::GET, &more).query(&query)).await
    }
}

impl PolicyBindings {
    /// The bindings of one application.
    pub fn of(&self, application: &ApplicationPk) -> List<PolicyBinding> {
        self.list().filter("target", application)
    }

    /// Creates one. Two equal ones are accepted: look before.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn create(&self, binding: &NewPolicyBinding) -> Result<PolicyBinding, Error> {
        self.0.create(binding).await
    }

    /// Writes a whole binding. authentik's PATCH answers an empty 405 unless target and subject are in
    /// it (G21), so there is no partial one here.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn update(&self, id: &BindingUuid, binding: &NewPolicyBinding) -> Result<PolicyBinding, Error> {
        self.0.update(id, binding).await
    }
}
