use std::borrow::Cow;

use http::Method;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::GroupMeta;
use crate::call::{Call, Needs};
use crate::client::settled;
use crate::page::{Entry, List, Paging};
use crate::{Cloudflare, Error, ResourceGroupId, lenient};

/// A group of resources that a policy applies to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ResourceGroup {
    /// The id. Some of the documents' answers leave it out.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<ResourceGroupId>,
    /// The name; for the whole account `com.cloudflare.api.account.<account id>`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// Facts about it: `editable` is the text `"false"` on Cloudflare's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meta: Option<GroupMeta>,
    /// Which resources.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scope: Option<Scopes>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// The `scope` of a resource group: a list by Cloudflare's OpenAPI, one object in its documents.
/// Written again as it was read.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Scopes {
    /// A list.
    Many(Vec<Scope>),
    /// One object.
    One(Scope),
}

/// Resources of one kind below one resource.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Scope {
    /// The resource that holds them: `com.cloudflare.api.account.<account id>`.
    pub key: String,
    /// Which of them; `*` is all.
    #[serde(default, deserialize_with = "lenient::null_default")]
    pub objects: Vec<ScopeObject>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

/// One resource of a [`Scope`].
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ScopeObject {
    /// `*`, or `com.cloudflare.api.account.zone.<zone id>`.
    pub key: String,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl Scopes {
    /// Whichever shape, the scopes.
    pub fn as_slice(&self) -> &[Scope] {
        match self {
            Self::Many(scopes) => scopes,
            Self::One(scope) => std::slice::from_ref(scope),
        }
    }
}

impl Scope {
    /// `objects` below `key`.
    pub fn new(key: impl Into<String>, objects: impl IntoIterator<Item = impl Into<String>>) -> Self {
        let objects = objects.into_iter().map(|key| ScopeObject { key: key.into(), extra: Map::new() }).collect();
        Self { key: key.into(), objects, extra: Map::new() }
    }
}

impl ResourceGroup {
    /// The scopes, in whichever shape they came.
    pub fn scopes(&self) -> &[Scope] {
        self.scope.as_ref().map_or(&[], Scopes::as_slice)
    }

    /// Whether it stands for the whole account.
    pub fn is_account_wide(&self, account: &crate::AccountId) -> bool {
        let key = format!("com.cloudflare.api.account.{account}");
        self.scopes().iter().any(|scope| scope.key == key && scope.objects.iter().any(|object| object.key == "*"))
    }

    /// The id, or that of the group of the same name or scope among `known`.
    pub(super) fn identify<'a>(&'a self, known: &'a [ResourceGroup]) -> Option<&'a ResourceGroupId> {
        if self.id.is_some() {
            return self.id.as_ref();
        }
        let same = |other: &&ResourceGroup| {
            (self.name.is_some() && self.name == other.name)
                || (!self.scopes().is_empty() && self.scopes() == other.scopes())
        };
        known.iter().find(same)?.id.as_ref()
    }
}

impl Entry for ResourceGroup {
    fn key(&self) -> Option<Cow<'_, str>> {
        self.id.as_ref().map(|id| id.as_str().into())
    }
}

/// The resource groups of the account: `…/iam/resource_groups`.
#[derive(Debug, Clone)]
pub struct ResourceGroups(Cloudflare);

impl Cloudflare {
    /// The resource groups of the account: what policies apply to.
    pub fn resource_groups(&self) -> ResourceGroups {
        ResourceGroups(self.clone())
    }
}

impl ResourceGroups {
    fn call(&self, method: Method, name: &'static str, needs: Needs, id: Option<&ResourceGroupId>) -> Call {
        let mut segments = vec!["accounts", self.0.account(), "iam", "resource_groups"];
        segments.extend(id.map(ResourceGroupId::as_str));
        Call::new(method, name, needs, &segments)
    }

    /// All of them. The API does not cut this list into pages and ignores being asked to.
    pub fn list(&self) -> List<ResourceGroup> {
        let call = self.call(Method::GET, "list resource groups", Needs::Read, None);
        List::new(&self.0, call, Paging::Single)
    }

    /// One of them.
    ///
    /// # Errors
    /// If the call fails; `NotFound` if there is none of that id.
    pub async fn get(&self, id: &ResourceGroupId) -> Result<ResourceGroup, Error> {
        self.0.one(&self.call(Method::GET, "get resource group", Needs::Read, Some(id)), id.as_str()).await
    }

    /// Makes one.
    ///
    /// # Errors
    /// If the call fails. Where the outcome is open (500, no answer) the group is looked up by its name, and
    /// is the answer if it has this scope.
    pub async fn create(&self, name: &str, scope: &Scope) -> Result<ResourceGroup, Error> {
        let body = serde_json::json!({ "name": name, "scope": scope });
        let call = self.call(Method::POST, "create resource group", Needs::Write, None).json(&body);
        settled(self.0.result(&call).await, async || {
            let found = self.list().name(name).all().await?;
            Ok(found.into_iter().find(|it| it.name.as_deref() == Some(name) && it.scopes() == [scope.clone()]))
        })
        .await
    }

    /// Changes name or scope of one.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn update(
        &self,
        id: &ResourceGroupId,
        name: Option<&str>,
        scope: Option<&Scope>,
    ) -> Result<ResourceGroup, Error> {
        let mut body = Map::new();
        if let Some(name) = name {
            body.insert("name".into(), name.into());
        }
        if let Some(scope) = scope {
            body.insert("scope".into(), serde_json::json!(scope));
        }
        self.0
            .one(&self.call(Method::PUT, "update resource group", Needs::Write, Some(id)).json(&body), id.as_str())
            .await
    }

    /// Removes one.
    ///
    /// # Errors
    /// If the call fails.
    pub async fn delete(&self, id: &ResourceGroupId) -> Result<(), Error> {
        self.0.done(&self.call(Method::DELETE, "delete resource group", Needs::Write, Some(id))).await
    }

    /// The one that stands for the whole account: named `com.cloudflare.api.account.<account id>`,
    /// with `*` below that key.
    ///
    /// # Errors
    /// If the call fails; `NotFound`-like `Incomplete` if the account shows none.
    pub async fn account_wide(&self) -> Result<ResourceGroup, Error> {
        let groups = self.list().all().await?;
        let account = self.0.account_id();
        groups.into_iter().find(|group| group.id.is_some() && group.is_account_wide(account)).ok_or_else(|| {
            let operation = self.call(Method::GET, "find the account-wide resource group", Needs::Read, None).operation;
            Error::incomplete(&operation, "no resource group stands for the whole account")
        })
    }
}

impl List<ResourceGroup> {
    /// Only those of this name.
    pub fn name(self, name: impl Into<String>) -> Self {
        self.filter("name", name)
    }
}
