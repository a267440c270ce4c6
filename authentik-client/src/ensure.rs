//! Makes things be as they should: find by key, compare, create or change only what differs.
//!
//! Running the same call twice writes once.

use std::collections::BTreeSet;

use secrecy::ExposeSecret;
use serde_json::Value;

use crate::api::Authentik;
use crate::error::Error;
use crate::id::{ApplicationPk, GroupUuid, MappingUuid, ProviderPk, UserPk};
use crate::model::{
    Application, ApplicationPatch, Group, NewApplication, NewGroup, NewPolicyBinding, NewScimMapping, NewScimProvider,
    NewUser, PolicyBinding, ScimMapping, ScimMappingPatch, ScimProvider, ScimProviderPatch, User, UserPatch,
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

    /// A membership, compared with `group` as it was read.
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
            Some(application) => {
                let mut patch = ApplicationPatch::default();
                if application.name != wanted.name {
                    patch.name = Some(wanted.name.clone());
                }
                if wanted.policy_engine_mode.as_ref().is_some_and(|mode| *mode != application.policy_engine_mode) {
                    patch.policy_engine_mode.clone_from(&wanted.policy_engine_mode);
                }
                if patch == ApplicationPatch::default() {
                    return Ok(Ensured::new(Change::Unchanged, application));
                }
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
        self.policy_bindings().create(&binding).await?;
        Ok(Change::Created)
    }

    /// A binding, found by target and subject. What `wanted` leaves open is as authentik's default
    /// has it; two equal ones count as one.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ensure_binding(&self, wanted: &NewPolicyBinding) -> Result<Ensured<PolicyBinding>, Error> {
        let existing = self.policy_bindings().of(&wanted.target).all().await?;
        let same = |binding: &PolicyBinding| binding.subject().as_ref() == Some(&wanted.subject);
        let as_wanted = |binding: &PolicyBinding| {
            binding.enabled == wanted.enabled.unwrap_or(true) && binding.negate == wanted.negate.unwrap_or(false)
        };
        let mut alike: Vec<PolicyBinding> = existing.into_iter().filter(same).collect();
        if let Some(index) = alike.iter().position(as_wanted) {
            return Ok(Ensured::new(Change::Unchanged, alike.swap_remove(index)));
        }
        let Some(binding) = alike.first() else {
            return Ok(Ensured::new(Change::Created, self.policy_bindings().create(wanted).await?));
        };
        let whole = NewPolicyBinding {
            order: binding.order,
            enabled: Some(wanted.enabled.unwrap_or(true)),
            negate: Some(wanted.negate.unwrap_or(false)),
            ..wanted.clone()
        };
        Ok(Ensured::new(Change::Updated, self.policy_bindings().update(&binding.pk, &whole).await?))
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

    /// A provider, found by name. Whether it is in dry run is left alone when it is there already, and so are
    /// its mappings where `wanted` names none; an empty `group_filters` is a wish: every group is sent.
    ///
    /// From 2026.2.7, 2026.5.7 and 2026.8.2 on authentik does not show the token
    /// ([`Profile::echoes_token`](crate::profile::Profile::echoes_token)): another one is then not noticed
    /// and reads [`Change::Unchanged`]. To rotate a token there, write it:
    /// [`ScimProviderPatch::token`].
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

    /// The provider writes for real. Leaving dry run starts a full sync: look before what it would adopt
    /// and delete ([`Survey::first_sync`](crate::survey::Survey::first_sync)).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn leave_dry_run(&self, provider: ProviderPk) -> Result<Ensured<ScimProvider>, Error> {
        let there = self.scim_providers().get(&provider).await?;
        if !there.dry_run {
            return Ok(Ensured::new(Change::Unchanged, there));
        }
        let patch = ScimProviderPatch { dry_run: Some(false), ..ScimProviderPatch::default() };
        Ok(Ensured::new(Change::Updated, self.scim_providers().update(&provider, &patch).await?))
    }

    /// The provider is a backchannel provider of the application, besides those that it has. A provider that
    /// another application has is taken from that one, which authentik does without a word (G14).
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn ensure_attached(&self, application: &Application, provider: ProviderPk) -> Result<Change, Error> {
        if application.backchannel_providers.contains(&provider) {
            return Ok(Change::Unchanged);
        }
        // The list is written whole: one that was attached since `application` was read must not go.
        let mut providers = self.applications().get(&application.slug).await?.backchannel_providers;
        if providers.contains(&provider) {
            return Ok(Change::Unchanged);
        }
        providers.push(provider);
        let patch = ApplicationPatch { backchannel_providers: Some(providers), ..ApplicationPatch::default() };
        self.applications().update(&application.slug, &patch).await?;
        Ok(Change::Updated)
    }
}

/// What has to change for a user to be as wanted; `None` for nothing. Attributes that `wanted` does not
/// name, and the path where it names none, stay as they are.
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
    if wanted.path.is_some() && user.extra.get("path").and_then(Value::as_str) != wanted.path.as_deref() {
        patch.path.clone_from(&wanted.path);
        differs = true;
    }
    // Attributes that others have set stay: a PATCH replaces the whole of them.
    let has = user.extra.get("attributes").and_then(Value::as_object);
    if wanted.attributes.iter().any(|(name, value)| has.and_then(|has| has.get(name)) != Some(value)) {
        let mut all = has.cloned().unwrap_or_default();
        all.extend(wanted.attributes.clone());
        patch.attributes = Some(all);
        differs = true;
    }
    differs.then_some(patch)
}

/// What has to change for a provider to be as wanted, dry run aside. Mappings of which `wanted` names none are
/// left alone. A token that authentik does not
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
    // The order is authentik's own: mappings run by name. No list of none is wished for: it stops the sync (H590).
    let other = |has: &[MappingUuid], wants: &[MappingUuid]| !wants.is_empty() && set(has) != set(wants);
    if other(&provider.property_mappings, &wanted.property_mappings) {
        patch.property_mappings = Some(wanted.property_mappings.clone());
    }
    if other(&provider.property_mappings_group, &wanted.property_mappings_group) {
        patch.property_mappings_group = Some(wanted.property_mappings_group.clone());
    }
    // Before 2026.2 there are no group filters: setting them would differ for ever.
    if let Some(filters) = &provider.group_filters
        && set(filters) != set(&wanted.group_filters)
    {
        patch.group_filters = Some(wanted.group_filters.clone());
    }
    if provider.exclude_users_service_account != wanted.exclude_users_service_account {
        patch.exclude_users_service_account = Some(wanted.exclude_users_service_account);
    }
    if wanted.compatibility_mode.as_ref().is_some_and(|mode| *mode != provider.compatibility_mode) {
        patch.compatibility_mode.clone_from(&wanted.compatibility_mode);
    }
    if wanted.verify_certificates.is_some_and(|verify| verify != provider.verify_certificates) {
        patch.verify_certificates = wanted.verify_certificates;
    }
    // What a provider does not show, its version does not know: setting it would differ for ever.
    if provider.sync_page_timeout.is_some()
        && wanted.sync_page_timeout.is_some()
        && wanted.sync_page_timeout != provider.sync_page_timeout
    {
        patch.sync_page_timeout.clone_from(&wanted.sync_page_timeout);
    }
    if wanted.auth_mode.is_some() && provider.auth_mode.is_some() && wanted.auth_mode != provider.auth_mode {
        patch.auth_mode.clone_from(&wanted.auth_mode);
    }
    if let (Some(has), Some(wants)) = (provider.extra.get("auth_oauth"), &wanted.auth_oauth)
        && has.as_str() != Some(wants)
    {
        patch.auth_oauth = Some(wants.clone());
    }
    if let (Some(has), Some(wants)) = (provider.extra.get("auth_oauth_params"), &wanted.auth_oauth_params)
        && has.as_object() != Some(wants)
    {
        patch.auth_oauth_params = Some(wants.clone());
    }
    if provider.sync_page_size.is_some()
        && wanted.sync_page_size.is_some_and(|_| wanted.sync_page_size != provider.sync_page_size)
    {
        patch.sync_page_size = wanted.sync_page_size;
    }
    let cache = &wanted.service_provider_config_cache_timeout;
    if provider.service_provider_config_cache_timeout.is_some()
        && cache.is_some()
        && *cache != provider.service_provider_config_cache_timeout
    {
        patch.service_provider_config_cache_timeout.clone_from(cache);
    }
    if provider.discovery_enabled.is_some()
        && wanted.discovery_enabled.is_some_and(|_| wanted.discovery_enabled != provider.discovery_enabled)
    {
        patch.discovery_enabled = wanted.discovery_enabled;
    }
    if let Some(wants) = &wanted.filter_group
        && provider.extra.contains_key("filter_group")
        && provider.filter_group().as_ref() != Some(wants)
    {
        patch.filter_group = Some(wants.clone());
    }
    // A changed URL under an unknown token would send that token elsewhere: set it again.
    if patch.url.is_some() && provider.token.is_none() {
        patch.token.clone_from(&wanted.token);
    }
    patch
}
