use std::borrow::Cow;

use http::Method;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::{Map, Value};

use crate::call::{Call, Needs};
use crate::page::{Entry, List, Paging};
use crate::{Cloudflare, Error, RoleId};

/// A role. Deprecated by Cloudflare (2026-07-21, no end date): permission groups take their place.
///
/// Read from an object, and from a bare id (Cloudflare's troubleshooting page).
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Role {
    /// The id.
    pub id: RoleId,
    /// The name: `Super Administrator - All Privileges`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What it allows, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// What it allows, as it stands on the wire: `{"dns": {"read": true, "write": false}}`, in older
    /// answers with `edit` for `write`.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub permissions: Map<String, Value>,
    /// Members that this crate does not know.
    #[serde(flatten)]
    pub extra: Map<String, Value>,
}

impl<'de> Deserialize<'de> for Role {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Full {
            id: RoleId,
            #[serde(default)]
            name: Option<String>,
            #[serde(default)]
            description: Option<String>,
            #[serde(default)]
            permissions: Option<Map<String, Value>>,
            #[serde(flatten)]
            extra: Map<String, Value>,
        }
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Shape {
            Id(RoleId),
            Full(Full),
        }
        Ok(match Shape::deserialize(deserializer)? {
            Shape::Id(id) => Self { id, name: None, description: None, permissions: Map::new(), extra: Map::new() },
            Shape::Full(full) => Self {
                id: full.id,
                name: full.name,
                description: full.description,
                permissions: full.permissions.unwrap_or_default(),
                extra: full.extra,
            },
        })
    }
}

impl Entry for Role {
    fn key(&self) -> Option<Cow<'_, str>> {
        Some(self.id.as_str().into())
    }
}

/// The roles of the account, to be read: `…/roles`.
#[derive(Debug, Clone)]
pub struct Roles(Cloudflare);

impl Cloudflare {
    /// The roles of the account (deprecated by Cloudflare; read only).
    pub fn roles(&self) -> Roles {
        Roles(self.clone())
    }
}

impl Roles {
    /// All of them. 50 a page, which is the most there is.
    pub fn list(&self) -> List<Role> {
        let call = Call::new(Method::GET, "list roles", Needs::Read, &["accounts", self.0.account(), "roles"]);
        List::new(&self.0, call, Paging::Numbers { per_page: 50 })
    }

    /// One of them.
    ///
    /// # Errors
    /// If the call fails; `NotFound` if there is none of that id.
    pub async fn get(&self, id: &RoleId) -> Result<Role, Error> {
        let segments = ["accounts", self.0.account(), "roles", id.as_str()];
        self.0.one(&Call::new(Method::GET, "get role", Needs::Read, &segments), id.as_str()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_is_read_from_an_id_and_from_an_object() {
        let roles: Vec<Role> = serde_json::from_str(
            r#"["abc",{"id":"def","name":"X","permissions":{"dns":{"read":true,"edit":false}},"new":1}]"#,
        )
        .unwrap();
        assert_eq!(roles[0].id.as_str(), "abc");
        assert_eq!(roles[1].permissions["dns"]["edit"], false);
        assert_eq!(roles[1].extra["new"], 1);
    }
}
