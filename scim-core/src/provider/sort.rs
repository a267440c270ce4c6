//! Order of resources by an attribute (RFC 7644 §3.4.2.3).

use std::cmp::Ordering;

use serde_json::Value;

use crate::date::DateTime;
use crate::path::AttributePath;
use crate::resource::{get_folded, is_unassigned};
use crate::schema::{Attribute, AttributeType, Home, ResourceSchemas};
use crate::text::fold;

/// The value that a resource is ordered by.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Key {
    Boolean(bool),
    Number(f64),
    Instant(DateTime),
    Text(String),
}

impl Key {
    /// `None` where the resource has no such value, or the attribute is one that answers never show.
    pub(super) fn of(resource: &Value, by: &AttributePath, schemas: &ResourceSchemas) -> Option<Self> {
        let located = schemas.locate(by)?;
        let attribute = located.attribute;
        let map = resource.as_object()?;
        let map = match located.home {
            Home::Core => map,
            Home::Extension(urn) => get_folded(map, urn)?.as_object()?,
        };
        let mut value = get_folded(map, attribute.name())?;
        if let Value::Array(list) = value {
            let primary = list.iter().find(|element| element.get("primary") == Some(&Value::Bool(true)));
            value = primary.or_else(|| list.first())?;
        }
        let attribute = match by.sub() {
            Some(sub) => attribute.sub_attribute(sub)?,
            None if attribute.is_complex() && attribute.is_multi_valued() => attribute.sub_attribute("value")?,
            None => attribute,
        };
        if let Value::Object(map) = value {
            value = get_folded(map, attribute.name())?;
        }
        let hidden = located.attribute.is_hidden() || attribute.is_hidden();
        if hidden || is_unassigned(value) { None } else { Self::value(value, attribute) }
    }

    fn value(value: &Value, attribute: &Attribute) -> Option<Self> {
        match value {
            Value::Bool(value) => Some(Self::Boolean(*value)),
            Value::Number(number) => number.as_f64().map(Self::Number),
            Value::String(text) if *attribute.attribute_type() == AttributeType::DateTime => {
                DateTime::read(text).map(Self::Instant)
            }
            Value::String(text) if attribute.is_case_exact() => Some(Self::Text(text.clone())),
            Value::String(text) => Some(Self::Text(fold(text).into_owned())),
            _ => None,
        }
    }

    /// One attribute gives keys of one type; a store that mixes them still gets an order.
    fn compare(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(a), Self::Boolean(b)) => a.cmp(b),
            (Self::Number(a), Self::Number(b)) => a.total_cmp(b),
            (Self::Instant(a), Self::Instant(b)) => a.cmp(b),
            (Self::Text(a), Self::Text(b)) => a.cmp(b),
            _ => self.rank().cmp(&other.rank()),
        }
    }

    fn rank(&self) -> u8 {
        match self {
            Self::Boolean(_) => 0,
            Self::Number(_) => 1,
            Self::Instant(_) => 2,
            Self::Text(_) => 3,
        }
    }
}

/// Missing values come last in ascending order and first in descending order.
pub(super) fn in_order(a: Option<&Key>, b: Option<&Key>, descending: bool) -> Ordering {
    let ascending = match (a, b) {
        (Some(a), Some(b)) => a.compare(b),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    };
    if descending { ascending.reverse() } else { ascending }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn key(resource: &Value, by: &str) -> Option<Key> {
        Key::of(resource, &AttributePath::parse(by).unwrap(), &ResourceSchemas::user())
    }

    #[test]
    fn keys_follow_the_schema() {
        let user = json!({
            "userName": "Ärger", "externalId": "AbC", "password": "x", "name": {"familyName": "F"},
            "emails": [{"value": "b@x"}, {"value": "A@x", "primary": true}],
            "meta": {"lastModified": "2020-01-01T00:00:00Z"},
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "D"},
        });
        let text = |text: &str| Some(Key::Text(text.to_owned()));
        assert_eq!(key(&user, "USERNAME"), text("ärger"));
        assert_eq!(key(&user, "externalId"), text("AbC"));
        assert_eq!(key(&user, "emails"), text("a@x"));
        assert_eq!(key(&user, "emails.value"), text("a@x"));
        assert_eq!(key(&user, "name.familyName"), text("f"));
        assert_eq!(key(&user, "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"), text("d"));
        assert!(matches!(key(&user, "meta.lastModified"), Some(Key::Instant(_))));
        for nothing in ["name", "password", "title", "nosuch"] {
            assert_eq!(key(&user, nothing), None, "{nothing}");
        }
    }

    #[test]
    fn missing_values_change_sides() {
        let a = Key::Text("a".to_owned());
        assert_eq!(in_order(Some(&a), None, false), Ordering::Less);
        assert_eq!(in_order(Some(&a), None, true), Ordering::Greater);
    }
}
