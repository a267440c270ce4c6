use std::borrow::Cow;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::call::{Call, Needs};
use crate::page::{Entry, List, Paging};
use crate::{Cloudflare, Error, PermissionGroupId};

/// A named group of permissions. In policies often shown as its id alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PermissionGroup {
    /// The id.
    pub id: PermissionGroupId,
    /// The name for people: `DNS`, `Administrator Read Only`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Facts about it: see [`label`](Self::label).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<GroupMeta>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The `meta` of permission and resource groups: names and texts. Cloudflare's OpenAPI says one
/// `{key, value}`; what the API sends is `{label, scopes, description, editable}` with texts
/// throughout (`"false"`). Both are read.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct GroupMeta(Map<String, Value>);

impl GroupMeta {
    /// The text under `name`, in either shape.
    pub fn get(&self, name: &str) -> Option<&str> {
        if let Some(value) = self.0.get(name) {
            return value.as_str();
        }
        match (self.0.get("key"), self.0.get("value")) {
            (Some(Value::String(key)), Some(Value::String(value))) if key == name => Some(value),
            _ => None,
        }
    }

    /// All of it as it stands on the wire.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }
}

impl FromIterator<(String, String)> for GroupMeta {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name, Value::String(value))).collect())
    }
}

impl PermissionGroup {
    /// The label by which programs know it: `load_balancer_admin`.
    pub fn label(&self) -> Option<&str> {
        self.meta.as_ref()?.get("label")
    }

    /// Which kind of resource it is about: `com.cloudflare.api.account`.
    pub fn scopes(&self) -> Option<&str> {
        self.meta.as_ref()?.get("scopes")
    }
}

impl Entry for PermissionGroup {
    fn key(&self) -> Option<Cow<'_, str>> {
        Some(self.id.as_str().into())
    }
}

/// The permission groups that policies may grant: `…/iam/permission_groups`.
#[derive(Debug, Clone)]
pub struct PermissionGroups(Cloudflare);

impl Cloudflare {
    /// The permission groups that policies may grant.
    pub fn permission_groups(&self) -> PermissionGroups {
        PermissionGroups(self.clone())
    }
}

impl PermissionGroups {
    /// All of them, in no particular order. 50 a page, which is the most there is.
    pub fn list(&self) -> List<PermissionGroup> {
        let segments = ["accounts", self.0.account(), "iam", "permission_groups"];
        let call = Call::new(Method::GET, "list permission groups", Needs::Read, &segments);
        List::new(&self.0, call, Paging::Numbers { per_page: 50 })
    }

    /// One of them.
    ///
    /// # Errors
    /// If the call fails; `NotFound` if there is none of that id.
    pub async fn get(&self, id: &PermissionGroupId) -> Result<PermissionGroup, Error> {
        let segments = ["accounts", self.0.account(), "iam", "permission_groups", id.as_str()];
        self.0.one(&Call::new(Method::GET, "get permission group", Needs::Read, &segments), id.as_str()).await
    }

    /// The one with this label.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn by_label(&self, label: &str) -> Result<Option<PermissionGroup>, Error> {
        let found = self.list().label(label).all().await?;
        Ok(found.into_iter().find(|group| group.label() == Some(label)))
    }
}

impl List<PermissionGroup> {
    /// Only the one with this label.
    pub fn label(self, label: impl Into<String>) -> Self {
        self.filter("label", label)
    }

    /// Only those of this name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.filter("name", name)
    }

    /// Only the one with this id.
    pub fn id(self, id: &PermissionGroupId) -> Self {
        self.filter("id", id.as_str())
    }

    /// Entries a page, 5 to 50.
    pub fn per_page(self, entries: u32) -> Self {
        self.with_per_page(entries.clamp(5, 50))
    }
}
