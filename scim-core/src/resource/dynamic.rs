use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::limits::{MAX_DEPTH, too_deep};
use crate::resource::ResourceId;
use crate::resource::folded::{get_folded, spelling};
use crate::resource::secret::show_members;
use crate::resource::wire::{CheckedValue, check_all_spellings};

/// A resource of any schema: a JSON object whose member names fold case.
///
/// ```
/// use scim_core::resource::Resource;
/// let mut device: Resource = serde_json::from_str(r#"{"DisplayName":"Lamp","id":"d1"}"#)?;
/// assert_eq!(device.get("displayName").unwrap(), "Lamp");
/// device.set("displayname", "Lantern");
/// assert_eq!(serde_json::to_string(&device)?, r#"{"DisplayName":"Lantern","id":"d1"}"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, PartialEq, Default, Serialize)]
#[serde(transparent)]
pub struct Resource(Map<String, Value>);

/// Absent, `null` and `[]` are one state; an object without any value holds nothing either (RFC 7643 §2.5).
pub(crate) fn is_unassigned(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => holds_nothing(map),
        _ => false,
    }
}

/// Whether no member of an object has a value.
pub(crate) fn holds_nothing(members: &Map<String, Value>) -> bool {
    members.values().all(|value| match value {
        Value::Null => true,
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    })
}

impl Resource {
    /// From a value whose names were checked already.
    fn of_checked(value: Value) -> Result<Self, NotAResource> {
        match value {
            Value::Object(map) => Ok(Self(map)),
            _ => Err(NotAResource("the JSON is no object".to_owned())),
        }
    }

    /// A resource without attributes, with that schema URI.
    pub fn new(schema: &str) -> Self {
        let mut map = Map::new();
        map.insert("schemas".to_owned(), Value::from(vec![schema]));
        Self(map)
    }

    /// The value of an attribute or extension by its name in any case. `null`, `[]` and `{}` count as absent.
    pub fn get(&self, name: &str) -> Option<&Value> {
        get_folded(&self.0, name).filter(|value| !is_unassigned(value))
    }

    /// Sets an attribute; a spelling that is there stays. Returns what stood there.
    pub fn set(&mut self, name: &str, value: impl Into<Value>) -> Option<Value> {
        let key = spelling(&self.0, name).unwrap_or(name).to_owned();
        self.0.insert(key, value.into())
    }

    /// Takes an attribute away and returns it.
    pub fn remove(&mut self, name: &str) -> Option<Value> {
        let key = spelling(&self.0, name)?.to_owned();
        self.0.remove(&key)
    }

    /// Id given by the service provider.
    pub fn id(&self) -> Option<ResourceId> {
        match self.get("id")? {
            Value::String(text) => text.parse().ok(),
            Value::Number(number) => number.to_string().parse().ok(),
            _ => None,
        }
    }

    /// Schema URIs of the resource.
    pub fn schemas(&self) -> impl Iterator<Item = &str> {
        self.get("schemas").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str)
    }

    /// `meta.version`, for `If-Match`.
    pub fn version(&self) -> Option<&str> {
        get_folded(self.get("meta")?.as_object()?, "version")?.as_str()
    }

    /// The members as they are.
    pub fn as_map(&self) -> &Map<String, Value> {
        &self.0
    }

    /// The members, to be changed. Two spellings of one name are the caller's own doing.
    pub fn as_map_mut(&mut self) -> &mut Map<String, Value> {
        &mut self.0
    }

    /// The JSON object.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }
}

/// What was given is no JSON object, names an attribute twice, or nests deeper than 256 levels.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a resource: {0}")]
pub struct NotAResource(String);

impl TryFrom<Value> for Resource {
    type Error = NotAResource;

    fn try_from(value: Value) -> Result<Self, NotAResource> {
        if too_deep(&value, MAX_DEPTH) {
            return Err(NotAResource("it is nested too deeply".to_owned()));
        }
        check_all_spellings::<serde_json::Error>(&value).map_err(|e| NotAResource(e.to_string()))?;
        Self::of_checked(value)
    }
}

impl From<Resource> for Value {
    fn from(resource: Resource) -> Value {
        resource.into_value()
    }
}

impl<'de> Deserialize<'de> for Resource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::of_checked(CheckedValue.deserialize(deserializer)?).map_err(de::Error::custom)
    }
}

impl fmt::Debug for Resource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_members(&self.0, f)
    }
}
