use serde::{Deserialize, Serialize};

use super::Extra;
use crate::id::MappingUuid;

/// A SCIM property mapping (`/propertymappings/provider/scim/`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScimMapping {
    /// The id in URLs and in a provider's lists.
    pub pk: MappingUuid,
    /// The name. Mappings of one provider run in name order and merge deeply.
    pub name: String,
    /// The Python expression.
    pub expression: String,
    /// The name by which authentik's blueprints manage it: the two defaults are
    /// [`MANAGED_USER`](crate::mapping::MANAGED_USER) and [`MANAGED_GROUP`](crate::mapping::MANAGED_GROUP).
    #[serde(default)]
    pub managed: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}

/// The body that creates a mapping. A syntax error in the expression is a 400.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct NewScimMapping {
    /// The name.
    pub name: String,
    /// The Python expression.
    pub expression: String,
}

impl NewScimMapping {
    /// A mapping.
    pub fn new(name: impl Into<String>, expression: impl Into<String>) -> Self {
        Self { name: name.into(), expression: expression.into() }
    }
}

/// A partial change of a mapping: what is `None` stays.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScimMappingPatch {
    /// The name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The Python expression.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// The answer of a mapping's test (H592). `provider` and `connection` are undefined there, and
/// `SkipObject` counts as a failure.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct MappingTest {
    /// A JSON text, or a traceback.
    pub result: String,
    /// Whether the expression ran to its end.
    pub successful: bool,
    /// Everything else.
    #[serde(flatten)]
    pub extra: Extra,
}
