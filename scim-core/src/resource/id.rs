use std::fmt;
use std::str::FromStr;

use serde::de::{self, Deserializer, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Text;
use crate::resource::wire::{Node, Wire, no_value};

/// The service provider's `id` of a resource: opaque, compared with case, never empty, never chosen
/// by the client (RFC 7643 §3.1).
///
/// Some servers send numbers; they are read as their text. A resource whose id is empty text has none; the text itself
/// stays in `extra`, under the name of the member, and is written back until the member has a value.
///
/// ```
/// use scim_core::resource::ResourceId;
/// let id: ResourceId = "2819c223".parse()?;
/// assert_eq!(id.as_str(), "2819c223");
/// assert!("".parse::<ResourceId>().is_err());
/// assert_eq!(serde_json::from_str::<ResourceId>("42")?.as_str(), "42");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct ResourceId(Text);

impl ResourceId {
    /// The id as text. It goes into a URL only percent-encoded.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Gives the text away.
    pub fn into_string(self) -> String {
        self.0.into()
    }
}

/// A resource id has at least one character.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a resource id must not be empty")]
pub struct EmptyId;

impl TryFrom<Text> for ResourceId {
    type Error = EmptyId;

    fn try_from(text: Text) -> Result<Self, EmptyId> {
        if text.is_empty() { Err(EmptyId) } else { Ok(Self(text)) }
    }
}

impl TryFrom<String> for ResourceId {
    type Error = EmptyId;

    fn try_from(text: String) -> Result<Self, EmptyId> {
        Text::from(text).try_into()
    }
}

impl From<ResourceId> for Text {
    fn from(id: ResourceId) -> Self {
        id.0
    }
}

impl FromStr for ResourceId {
    type Err = EmptyId;

    fn from_str(text: &str) -> Result<Self, EmptyId> {
        Text::from(text).try_into()
    }
}

impl AsRef<str> for ResourceId {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ResourceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ResourceId({:?})", self.as_str())
    }
}

impl<'de> Deserialize<'de> for ResourceId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Text::read(deserializer)?.unwrap_or_default().try_into().map_err(de::Error::custom)
    }
}

/// Inside a resource an empty id is no id.
impl Wire for ResourceId {
    const LEAVES: bool = true;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        Self::read_or_leave(deserializer, &mut None)
    }
    fn read_or_leave<'de, D: Deserializer<'de>>(
        deserializer: D,
        left: &mut Option<Value>,
    ) -> Result<Option<Self>, D::Error> {
        let text = Text::read(deserializer)?;
        if text.as_deref() == Some("") {
            *left = Some("".into());
        }
        Ok(text.and_then(|text| text.try_into().ok()))
    }
    fn node(&self) -> Node<'_> {
        Node::Text(&self.0)
    }
}

/// A password on its way to a service provider: written to the wire, never to a log.
///
/// `Debug` prints stars. Servers never return one (RFC 7643 §4.1.1, `returned: never`).
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Password(String);

impl Password {
    /// Takes the clear text.
    pub fn new(clear_text: impl Into<String>) -> Self {
        Self(clear_text.into())
    }

    /// The clear text.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Password {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Password(***)")
    }
}

impl Wire for Password {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        // Not by way of `String`: an error must not print what stood there.
        struct Secret;
        impl<'de> Visitor<'de> for Secret {
            type Value = Option<Password>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Some(Password(text.to_owned())))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                no_value(seq, &self).map(|()| None)
            }
        }
        deserializer.deserialize_any(Secret).map_err(|_| de::Error::custom("a password must be a string"))
    }
    fn node(&self) -> Node<'_> {
        Node::Text(&self.0)
    }
}
