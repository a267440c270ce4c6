use std::fmt;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};

use super::{Extra, open_enum};
use crate::id::{ApplicationSlug, GroupUuid, MappingUuid, ProviderPk};

open_enum! {
    /// Which SCIM server a provider adapts to.
    CompatibilityMode {
        /// By the RFC.
        Default = "default",
        /// AWS IAM Identity Center: treated as without PATCH.
        Aws = "aws",
        /// Slack.
        Slack = "slack",
        /// Salesforce.
        Salesforce = "sfdc",
        /// Webex.
        Webex = "webex",
        /// vCenter.
        Vcenter = "vcenter",
        /// GitLab: nothing supported.
        Gitlab = "gitlab",
    }
}

open_enum! {
    /// How a provider signs in to the SCIM server; since 2025.10.
    AuthMode {
        /// With the token.
        Token = "token",
        /// With OAuth: takes an enterprise licence.
        OAuth = "oauth",
        /// With OAuth and a person's consent: takes an enterprise licence; since 2026.5.
        OAuthInteractive = "oauth_interactive",
    }
}

/// A SCIM provider (`/providers/scim/`). Saving one starts a full sync.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScimProvider {
    /// The id in URLs.
    pub pk: ProviderPk,
    /// The name; the job finds a provider by it.
    pub name: String,
    /// Where it sends to. One trailing slash is cut when it is used.
    pub url: String,
    /// The bearer token that it sends. Older versions echo it, newer ones (2026.2.7, 2026.5.7,
    /// 2026.8.2) leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub token: Option<SecretString>,
    /// How it signs in; since 2025.10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_mode: Option<AuthMode>,
    /// The mappings of users. Empty is an error at sync time, not "the default" (H590).
    #[serde(default)]
    pub property_mappings: Vec<MappingUuid>,
    /// The mappings of groups.
    #[serde(default)]
    pub property_mappings_group: Vec<MappingUuid>,
    /// Which groups are sent; empty means all. Users are not limited by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group_filters: Option<Vec<GroupUuid>>,
    /// Whether service accounts stay out.
    #[serde(default)]
    pub exclude_users_service_account: bool,
    /// Which SCIM server it adapts to.
    #[serde(default = "by_the_rfc")]
    pub compatibility_mode: CompatibilityMode,
    /// Whether writes are logged instead of sent. Shows nothing of deletions (H10).
    #[serde(default)]
    pub dry_run: bool,
    /// Whether the server's certificate must be trusted.
    #[serde(default = "yes")]
    pub verify_certificates: bool,
    /// How many users one page task handles; since 2025.12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_page_size: Option<u32>,
    /// How long one page task may take (`minutes=30`); since 2025.12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_page_timeout: Option<String>,
    /// How long the server's `ServiceProviderConfig` is believed (`hours=1`); since 2025.12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_provider_config_cache_timeout: Option<String>,
    /// Whether remote users and groups are adopted by name; since 2026.8.0.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery_enabled: Option<bool>,
    /// The application that has it as backchannel provider. Without one nothing is ever sent.
    #[serde(default)]
    pub assigned_backchannel_application_slug: Option<ApplicationSlug>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

impl ScimProvider {
    /// The group whose members are sent; before 2026.2, where `group_filters` does not exist.
    pub fn filter_group(&self) -> Option<GroupUuid> {
        self.extra.get("filter_group")?.as_str()?.parse().ok()
    }

    /// The OAuth source that it signs in with, a uuid; since 2025.10.
    pub fn auth_oauth(&self) -> Option<&str> {
        self.extra.get("auth_oauth")?.as_str()
    }

    /// What it adds to the OAuth requests; since 2025.10.
    pub fn auth_oauth_params(&self) -> Option<&Extra> {
        self.extra.get("auth_oauth_params")?.as_object()
    }

    /// When the OAuth token that it holds ends, RFC 3339.
    pub fn auth_oauth_token_expires(&self) -> Option<&str> {
        self.extra.get("auth_oauth_token_expires")?.as_str()
    }
}

fn yes() -> bool {
    true
}

fn by_the_rfc() -> CompatibilityMode {
    CompatibilityMode::Default
}

// The signature is serde's.
#[allow(clippy::ref_option)]
fn exposed<S: Serializer>(token: &Option<SecretString>, serializer: S) -> Result<S::Ok, S::Error> {
    match token {
        Some(token) => serializer.serialize_str(token.expose_secret()),
        None => serializer.serialize_none(),
    }
}

impl fmt::Debug for ScimProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimProvider")
            .field("pk", &self.pk)
            .field("name", &self.name)
            .field("url", &self.url)
            .field("dry_run", &self.dry_run)
            .field("assigned_backchannel_application_slug", &self.assigned_backchannel_application_slug)
            .finish_non_exhaustive()
    }
}

/// The body that creates a provider. Creating starts a full sync at once, and a second one follows
/// within a minute: create it in [`dry_run`](Self::dry_run) and without an application.
#[derive(Clone, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewScimProvider {
    /// The name.
    pub name: String,
    /// Where it sends to.
    pub url: String,
    /// The bearer token that it sends.
    #[serde(default, serialize_with = "exposed")]
    pub token: Option<SecretString>,
    /// How it signs in to the SCIM server; since 2025.10. Default: with the token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_mode: Option<AuthMode>,
    /// The OAuth source that it signs in with, a uuid; since 2025.10. Takes an enterprise licence.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_oauth: Option<String>,
    /// What it adds to the OAuth requests; since 2025.10.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_oauth_params: Option<Extra>,
    /// The mappings of users: at least one.
    pub property_mappings: Vec<MappingUuid>,
    /// The mappings of groups: at least one.
    pub property_mappings_group: Vec<MappingUuid>,
    /// Which groups are sent; empty means all.
    pub group_filters: Vec<GroupUuid>,
    /// Whether service accounts stay out.
    pub exclude_users_service_account: bool,
    /// Whether writes are logged instead of sent.
    pub dry_run: bool,
    /// Which SCIM server it adapts to. Default: by the RFC.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compatibility_mode: Option<CompatibilityMode>,
    /// Whether the server's certificate must be trusted. Default yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verify_certificates: Option<bool>,
    /// How many users one page task handles; since 2025.12. Default 100.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_page_size: Option<u32>,
    /// How long one page task may take, as authentik writes durations (`minutes=30`); since 2025.12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sync_page_timeout: Option<String>,
    /// How long the server's `ServiceProviderConfig` is believed, as authentik writes durations
    /// (`hours=1`; `minutes=0` for not at all); since 2025.12.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service_provider_config_cache_timeout: Option<String>,
    /// Whether remote users and groups are adopted; since 2026.8.0. Default yes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub discovery_enabled: Option<bool>,
    /// The group whose members are sent; before 2026.2, where `group_filters` does not exist.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter_group: Option<GroupUuid>,
}

impl NewScimProvider {
    /// A provider in dry run that leaves service accounts out. As it stands it has no mappings, which is an
    /// error at sync time (H590), and its empty `group_filters` mean **every** group: set both mapping lists
    /// and the filters.
    pub fn new(name: impl Into<String>, url: impl Into<String>, token: SecretString) -> Self {
        Self {
            name: name.into(),
            url: url.into(),
            token: Some(token),
            auth_mode: None,
            auth_oauth: None,
            auth_oauth_params: None,
            property_mappings: Vec::new(),
            property_mappings_group: Vec::new(),
            group_filters: Vec::new(),
            exclude_users_service_account: true,
            dry_run: true,
            compatibility_mode: None,
            verify_certificates: None,
            sync_page_size: None,
            sync_page_timeout: None,
            service_provider_config_cache_timeout: None,
            discovery_enabled: None,
            filter_group: None,
        }
    }
}

impl fmt::Debug for NewScimProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NewScimProvider").field("name", &self.name).field("url", &self.url).finish_non_exhaustive()
    }
}

/// A partial change of a provider: what is `None` stays. Any change starts a full sync.
#[derive(Clone, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScimProviderPatch {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Where it sends to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The bearer token that it sends.
    #[serde(default, skip_serializing_if = "Option::is_none", serialize_with = "exposed")]
    pub token: Option<SecretString>,
    /// How it signs in to the SCIM server; since 2025.10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_mode: Option<AuthMode>,
    /// The OAuth source that it signs in with, a uuid; since 2025.10. Takes an enterprise licence.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_oauth: Option<String>,
    /// What it adds to the OAuth requests; since 2025.10.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub auth_oauth_params: Option<Extra>,
    /// The mappings of users.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property_mappings: Option<Vec<MappingUuid>>,
    /// The mappings of groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub property_mappings_group: Option<Vec<MappingUuid>>,
    /// Which groups are sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_filters: Option<Vec<GroupUuid>>,
    /// Whether service accounts stay out.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exclude_users_service_account: Option<bool>,
    /// Whether writes are logged instead of sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dry_run: Option<bool>,
    /// Which SCIM server it adapts to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compatibility_mode: Option<CompatibilityMode>,
    /// Whether the server's certificate must be trusted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub verify_certificates: Option<bool>,
    /// How many users one page task handles; since 2025.12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_page_size: Option<u32>,
    /// How long one page task may take, as authentik writes durations (`minutes=30`); since 2025.12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sync_page_timeout: Option<String>,
    /// How long the server's `ServiceProviderConfig` is believed; since 2025.12.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_provider_config_cache_timeout: Option<String>,
    /// Whether remote users and groups are adopted; since 2026.8.0.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub discovery_enabled: Option<bool>,
    /// The group whose members are sent; before 2026.2.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub filter_group: Option<GroupUuid>,
}

impl ScimProviderPatch {
    /// The names of the members that it changes.
    pub fn members(&self) -> Vec<&'static str> {
        let mut names = Vec::new();
        let mut add = |some: bool, name| {
            if some {
                names.push(name);
            }
        };
        add(self.name.is_some(), "name");
        add(self.url.is_some(), "url");
        add(self.token.is_some(), "token");
        add(self.auth_mode.is_some(), "auth_mode");
        add(self.auth_oauth.is_some(), "auth_oauth");
        add(self.auth_oauth_params.is_some(), "auth_oauth_params");
        add(self.property_mappings.is_some(), "property_mappings");
        add(self.property_mappings_group.is_some(), "property_mappings_group");
        add(self.group_filters.is_some(), "group_filters");
        add(self.exclude_users_service_account.is_some(), "exclude_users_service_account");
        add(self.dry_run.is_some(), "dry_run");
        add(self.compatibility_mode.is_some(), "compatibility_mode");
        add(self.verify_certificates.is_some(), "verify_certificates");
        add(self.sync_page_size.is_some(), "sync_page_size");
        add(self.sync_page_timeout.is_some(), "sync_page_timeout");
        add(self.service_provider_config_cache_timeout.is_some(), "service_provider_config_cache_timeout");
        add(self.discovery_enabled.is_some(), "discovery_enabled");
        add(self.filter_group.is_some(), "filter_group");
        names
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.members().is_empty()
    }
}

impl fmt::Debug for ScimProviderPatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScimProviderPatch").field("members", &self.members()).finish_non_exhaustive()
    }
}

/// A provider's sync status (`…/sync/status/`). "done" says that a task ran, not that it succeeded.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct SyncStatus {
    /// Whether the provider's lock is held.
    pub is_running: bool,
    /// When the newest task without complaint ended; moves while a sync is still running. Absent
    /// before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_successful_sync: Option<String>,
    /// The state of the newest ended task. Absent before the first one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_sync_status: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}
