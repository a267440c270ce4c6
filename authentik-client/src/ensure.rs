//! Makes things be as they should: find by key, compare, create or change only what differs.
//!
//! Running the same call twice writes once.

use std::collections::BTreeSet;

use secrecy::ExposeSecret;

use crate::api::Authentik;
use crate::error::Error;
use crate::id::{ApplicationPk, GroupUuid, ProviderPk, UserPk};
use crate::model::{
    Application, ApplicationPatch, BindingSubject, Group, NewApplication, NewGroup, NewPolicyBinding, NewScimMapping,
    NewScimProvider, NewUser, PolicyBinding, ScimMapping, ScimMappingPatch, ScimProvider, ScimProviderPatch, User,
    UserPatch,
};

/// What a call did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Change {
    /// It was not there.
    Created,
    /// It differed.
    Updated,
    /// It was as it should be; nothing was written.
    Unchanged,
}

/// An object that is as it should be now, and what that took.
#[derive(Debug, Clone)]
pub struct Ensured<T> {
    /// What the call did.
    pub change: Change,
    /// The object as it is now.
    pub value: T,
}

impl<T> Ensured<T> {
    fn new(change: Change, value: T) -> Self {
        Self { change, value }
    }
}

impl Authentik {
    /// A user, found by username.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ensure_user(&self, wanted: &NewUser) -> Result<Ensured<User>, Error> {
        match self.users().find(&wanted.username).await? {
            None => Ok(Ensured::new(Change::Created, self.users().create(wanted).await?)),
            Some(user) => match user_patch(&user, wanted) {
                None => Ok(Ensured::new(Change::Unchanged, user)),
                Some(patch) => Ok(Ensured::new(Change::Updated, self.users().update(&user.pk, &patch).await?)),
            },
        }
    }

    /// A group, found by name. Its members are left alone.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ensure_group(&self, name: &str) -> Result<Ensured<Group>, Error> {
        match self.groups().find(name).await? {
            None => Ok(Ensured::new(Change::Created, self.groups().create(&NewGroup::new(name)).await?)),
            Some(group) => Ok(Ensured::new(Change::Unchanged, group)),
        }
    }

    /// A membership.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ensure_member(&self, group: &Group, user: UserPk) -> Result<Change, Error> {
        if group.users.contains(&user) {
            return Ok(Change::Unchanged);
        }
        self.groups().add_user(&group.pk, user).await?;
        Ok(Change::Created)
    }

    /// An application, found by slug. Its providers are left alone: see
    /// [`ensure_attached`](Self::ensure_attached).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ensure_application(&self, wanted: &NewApplication) -> Result<Ensured<Application>, Error> {
        match self.applications().get_opt(&wanted.slug).await? {
            None => Ok(Ensured::new(Change::Created, self.applications().create(wanted).await?)),
            Some(application) if application.name == wanted.name => Ok(Ensured::new(Change::Unchanged, application)),
            Some(_) => {
                let patch = ApplicationPatch { name: Some(wanted.name.clone()), ..ApplicationPatch::default() };
                Ok(Ensured::new(Change::Updated, self.applications().update(&wanted.slug, &patch).await?))
            }
        }
    }

    /// An enabled binding that lets the members of a group pass an application. `existing` are the
    /// application's bindings. A disabled or negated one of the same group is left alone and does not
    /// count.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ensure_group_binding(
        &self,
        existing: &[PolicyBinding],
        application: &ApplicationPk,
        group: &GroupUuid,
    ) -> Result<Change, Error> {
        let there =
            existing.iter().any(|binding| binding.group.as_ref() == Some(group) && binding.enabled && !binding.negate);
        if there {
            return Ok(Change::Unchanged);
        }
        let binding = NewPolicyBinding {
            order: i64::try_from(existing.len()).unwrap_or(0),
            ..NewPolicyBinding::group(application.clone(), group.clone())
        };
        debug_assert!(matches!(binding.subject, BindingSubject::Group(_)));
        self.policy_bindings().create(&binding).await?;
        Ok(Change::Created)
    }

    /// A mapping, found by name.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ensure_mapping(&self, wanted: &NewScimMapping) -> Result<Ensured<ScimMapping>, Error> {
        match self.scim_mappings().find(&wanted.name).await? {
            None => Ok(Ensured::new(Change::Created, self.scim_mappings().create(wanted).await?)),
            Some(mapping) if mapping.expression.trim() == wanted.expression.trim() => {
                Ok(Ensured::new(Change::Unchanged, mapping))
            }
            Some(mapping) => {
                let patch =
                    ScimMappingPatch { expression: Some(wanted.expression.clone()), ..ScimMappingPatch::default() };
                Ok(Ensured::new(Change::Updated, self.scim_mappings().update(&mapping.pk, &patch).await?))
            }
        }
    }

    /// A provider, found by name. Whether it is in dry run is left alone when it is there already.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ensure_scim_provider(&self, wanted: &NewScimProvider) -> Result<Ensured<ScimProvider>, Error> {
        match self.scim_providers().find(&wanted.name).await? {
            None => Ok(Ensured::new(Change::Created, self.scim_providers().create(wanted).await?)),
            Some(provider) => {
                let patch = provider_patch(&provider, wanted);
                if patch.is_empty() {
                    return Ok(Ensured::new(Change::Unchanged, provider));
                }
                Ok(Ensured::new(Change::Updated, self.scim_providers().update(&provider.pk, &patch).await?))
            }
        }
    }

    /// The provider is a backchannel provider of the application, besides those that it has.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ensure_attached(&self, application: &Application, provider: ProviderPk) -> Result<Change, Error> {
        if application.backchannel_providers.contains(&provider) {
            return Ok(Change::Unchanged);
        }
        let mut providers = application.backchannel_providers.clone();
        providers.push(provider);
        let patch = ApplicationPatch { backchannel_providers: Some(providers), ..ApplicationPatch::default() };
        self.applications().update(&application.slug, &patch).await?;
        Ok(Change::Updated)
    }
}

/// What has to change for a user to be as wanted; `None` for nothing.
pub fn user_patch(user: &User, wanted: &NewUser) -> Option<UserPatch> {
    let mut patch = UserPatch::default();
    let mut differs = false;
    if user.name != wanted.name {
        patch.name = Some(wanted.name.clone());
        differs = true;
    }
    if user.email != wanted.email {
        patch.email = Some(wanted.email.clone());
        differs = true;
    }
    if user.is_active != wanted.is_active {
        patch.is_active = Some(wanted.is_active);
        differs = true;
    }
    if user.user_type != wanted.user_type {
        patch.user_type = Some(wanted.user_type.clone());
        differs = true;
    }
    differs.then_some(patch)
}

/// What has to change for a provider to be as wanted, dry run aside. A token that authentik does not
/// echo cannot be compared and is left alone.
pub fn provider_patch(provider: &ScimProvider, wanted: &NewScimProvider) -> ScimProviderPatch {
    fn set<T: Ord + Clone>(items: &[T]) -> BTreeSet<T> {
        items.iter().cloned().collect()
    }
    let mut patch = ScimProviderPatch::default();
    if provider.url.trim_end_matches('/') != wanted.url.trim_end_matches('/') {
        patch.url = Some(wanted.url.clone());
    }
    if let (Some(has), Some(wants)) = (&provider.token, &wanted.token)
        && has.expose_secret() != wants.expose_secret()
    {
        patch.token = Some(wants.clone());
    }
    // The order is authentik's own: mappings run by name.
    if set(&provider.property_mappings) != set(&wanted.property_mappings) {
        patch.property_mappings = Some(wanted.property_mappings.clone());
    }
    if set(&provider.property_mappings_group) != set(&wanted.property_mappings_group) {
        patch.property_mappings_group = Some(wanted.property_mappings_group.clone());
    }
    if set(provider.group_filters.as_deref().unwrap_or_default()) != set(&wanted.group_filters) {
        patch.group_filters = Some(wanted.group_filters.clone());
    }
    if provider.exclude_users_service_account != wanted.exclude_users_service_account {
        patch.exclude_users_service_account = Some(wanted.exclude_users_service_account);
    }
    // A changed URL under an unknown token would send that token elsewhere: set it again.
    if patch.url.is_some() && provider.token.is_none() {
        patch.token.clone_from(&wanted.token);
    }
    patch
}
