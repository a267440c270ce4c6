use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};
use serde_json::Value;

use super::ERROR;
use crate::resource::wire::{Wire, check_spellings, keep, locate, named_twice, wire_enum};
use crate::resource::{Extra, get_folded};

wire_enum! {
    /// The detail error keywords of RFC 7644 Table 9 and RFC 9865 §3.
    pub enum ScimType {
        /// The filter is malformed or its comparison is not supported.
        InvalidFilter = "invalidFilter",
        /// The answer would be too large.
        TooMany = "tooMany",
        /// A value is taken; status 409.
        Uniqueness = "uniqueness",
        /// The change goes against readOnly, immutable or required.
        Mutability = "mutability",
        /// The body is malformed.
        InvalidSyntax = "invalidSyntax",
        /// The PATCH path is malformed or names nothing that is known.
        InvalidPath = "invalidPath",
        /// The PATCH path matches nothing.
        NoTarget = "noTarget",
        /// A value is missing or of the wrong type.
        InvalidValue = "invalidValue",
        /// The protocol version is not supported.
        InvalidVers = "invalidVers",
        /// Personal data in a URI; status 403.
        Sensitive = "sensitive",
        /// The cursor is none (RFC 9865).
        InvalidCursor = "invalidCursor",
        /// The cursor is too old (RFC 9865).
        ExpiredCursor = "expiredCursor",
        /// `count` is out of bounds or changed between pages (RFC 9865).
        InvalidCount = "invalidCount",
    }
}

impl ScimType {
    /// The HTTP status that goes with the keyword; 400 for words that the RFCs do not print.
    pub fn status(&self) -> u16 {
        match self {
            Self::Uniqueness => 409,
            Self::Sensitive => 403,
            _ => 400,
        }
    }
}

/// An error body (RFC 7644 §3.12): written by the letter, read whether `status` is text or number.
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub struct ScimError {
    /// HTTP status; 0 if the body had none.
    pub status: u16,
    /// Keyword.
    pub scim_type: Option<ScimType>,
    /// Sentence for a person.
    pub detail: Option<String>,
    /// Members that this type does not know, as they came.
    pub extra: Extra,
}

impl ScimError {
    /// An error with that status and sentence.
    pub fn new(status: u16, detail: impl Into<String>) -> Self {
        Self { status, detail: Some(detail.into()), ..Self::default() }
    }

    /// An error with the status that belongs to the keyword.
    pub fn of_type(scim_type: ScimType, detail: impl Into<String>) -> Self {
        Self::new(scim_type.status(), detail).with_type(scim_type)
    }

    /// Sets the keyword; the status stays.
    pub fn with_type(mut self, scim_type: ScimType) -> Self {
        self.scim_type = Some(scim_type);
        self
    }

    /// Whether a JSON body is a SCIM error at all: it has the schema URI, or a `status` with `detail` or `scimType`.
    /// Servers and proxies send other errors too.
    pub fn recognise(body: &Value) -> Option<Self> {
        let map = body.as_object()?;
        let has = |name: &str| map.keys().any(|key| key.eq_ignore_ascii_case(name));
        let has_status = || get_folded(map, "status").is_some_and(|status| status_of(status).is_some());
        let by_uri = match get_folded(map, "schemas") {
            Some(Value::String(uri)) => uri.eq_ignore_ascii_case(ERROR),
            Some(Value::Array(uris)) => {
                uris.iter().filter_map(Value::as_str).any(|uri| uri.eq_ignore_ascii_case(ERROR))
            }
            _ => false,
        };
        if by_uri || (has_status() && (has("detail") || has("scimType"))) {
            return Self::deserialize(body).ok();
        }
        None
    }
}

/// One line: status, keyword, detail.
impl fmt::Display for ScimError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        if let Some(scim_type) = &self.scim_type {
            write!(f, " {scim_type}")?;
        }
        match &self.detail {
            Some(detail) => {
                f.write_str(": ")?;
                // A server's text goes into logs: one line, no control characters.
                detail
                    .chars()
                    .take(500)
                    .try_for_each(|c| fmt::Write::write_char(f, if c.is_control() { ' ' } else { c }))
            }
            None => Ok(()),
        }
    }
}

impl std::error::Error for ScimError {}

impl Serialize for ScimError {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schemas", &[ERROR])?;
        if let Some(scim_type) = &self.scim_type {
            map.serialize_entry("scimType", scim_type)?;
        }
        if let Some(detail) = &self.detail {
            map.serialize_entry("detail", detail)?;
        }
        if self.status > 0 {
            map.serialize_entry("status", &self.status.to_string())?;
        }
        // What a program has set takes the place of what could not be read.
        let set = [self.status > 0, self.scim_type.is_some(), self.detail.is_some()];
        let is_replaced = |name: &str| {
            ["status", "scimType", "detail"].iter().zip(set).any(|(known, set)| set && known.eq_ignore_ascii_case(name))
        };
        for (name, value) in self.extra.iter().filter(|(name, _)| !is_replaced(name)) {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

/// A status as text, as number, or as the object that one figure of RFC 7644 §3.7.3 prints.
pub(super) fn status_of(value: &Value) -> Option<u16> {
    match value {
        Value::Number(_) => u16::try_from(u64::read(value).ok()??).ok().filter(|status| *status < 1000),
        // `404 Not Found`, `HTTP/1.1 404 Not Found` and `404.0` are said too.
        Value::String(text) => {
            let text = text.trim();
            let text = match text.split_once(' ') {
                Some((version, rest)) if version.to_ascii_uppercase().starts_with("HTTP/") => rest.trim_start(),
                _ => text,
            };
            let (code, rest) = text.split_at_checked(3)?;
            let is_whole = !rest.starts_with(|c: char| c.is_ascii_alphanumeric());
            (is_whole && code.bytes().all(|byte| byte.is_ascii_digit())).then(|| code.parse().ok()).flatten()
        }
        Value::Object(map) => match get_folded(map, "code") {
            Some(code @ (Value::Number(_) | Value::String(_))) => status_of(code),
            _ => None,
        },
        _ => None,
    }
}

impl<'de> Deserialize<'de> for ScimError {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ErrorVisitor;
        impl<'de> Visitor<'de> for ErrorVisitor {
            type Value = ScimError;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a SCIM error object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ScimError, A::Error> {
                let mut error = ScimError::default();
                let mut seen = [false; 4];
                while let Some(name) = map.next_key::<String>()? {
                    let known = ["schemas", "status", "scimType", "detail"];
                    let Some(at) = known.iter().position(|known| known.eq_ignore_ascii_case(&name)) else {
                        keep(&mut map, &mut error.extra, name)?;
                        continue;
                    };
                    if let Some(seen) = seen.get_mut(at)
                        && std::mem::replace(seen, true)
                    {
                        return Err(named_twice(&name));
                    }
                    let value: Value = map.next_value().map_err(|e| locate(&e, &name))?;
                    match (at, value) {
                        (0, _) | (_, Value::Null) => {}
                        // A status that says nothing is no reason to lose the detail.
                        (1, value) => match status_of(&value) {
                            Some(status) => error.status = status,
                            None => drop(error.extra.insert(name, value)),
                        },
                        (2, Value::String(text)) => error.scim_type = Some(ScimType::from(text.as_str())),
                        (_, Value::String(text)) => error.detail = Some(text),
                        (_, other) => drop(error.extra.insert(name, other)),
                    }
                }
                check_spellings(&error.extra)?;
                Ok(error)
            }
        }
        deserializer.deserialize_map(ErrorVisitor)
    }
}
