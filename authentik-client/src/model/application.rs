use serde::{Deserialize, Serialize};

use super::{Extra, open_enum};
use crate::id::{ApplicationPk, ApplicationSlug, ProviderPk};

open_enum! {
    /// How an application's bindings decide together.
    PolicyEngineMode {
        /// One that passes is enough.
        Any = "any",
        /// Every one has to pass.
        All = "all",
    }
}

/// An application (`/core/applications/`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Application {
    /// The id that bindings target.
    pub pk: ApplicationPk,
    /// The name.
    pub name: String,
    /// The id in URLs.
    pub slug: ApplicationSlug,
    /// The provider by which people sign in, if any.
    #[serde(default)]
    pub provider: Option<ProviderPk>,
    /// The providers that work in the background: SCIM ones.
    #[serde(default)]
    pub backchannel_providers: Vec<ProviderPk>,
    /// How the bindings decide together.
    #[serde(default = "any")]
    pub policy_engine_mode: PolicyEngineMode,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

fn any() -> PolicyEngineMode {
    PolicyEngineMode::Any
}

/// The body that creates an application.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewApplication {
    /// The name.
    pub name: String,
    /// The slug.
    pub slug: ApplicationSlug,
    /// The SCIM providers. A provider that another application has is silently taken from it (G14).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub backchannel_providers: Vec<ProviderPk>,
    /// How the bindings decide together. Default: one that passes is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub policy_engine_mode: Option<PolicyEngineMode>,
}

impl NewApplication {
    /// An application without a provider.
    pub fn new(name: impl Into<String>, slug: ApplicationSlug) -> Self {
        Self { name: name.into(), slug, backchannel_providers: Vec::new(), policy_engine_mode: None }
    }
}

/// A partial change of an application: what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ApplicationPatch {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The whole list of SCIM providers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backchannel_providers: Option<Vec<ProviderPk>>,
    /// How the bindings decide together.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub policy_engine_mode: Option<PolicyEngineMode>,
}

/// Whether somebody may open an application (`…/check_access/`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct CheckAccess {
    /// Whether the bindings let the user pass.
    pub passing: bool,
    /// What the policies said.
    #[serde(default)]
    pub messages: Vec<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}
