use std::cmp::Ordering;

use serde_json::{Map, Value};

use super::projection::sort_value;
use crate::date::DateTime;
use crate::filter::Numeric;
use crate::message::{ScimError, ScimType, SortOrder};
use crate::path::AttributePath;
use crate::resource::{get_folded, is_unassigned};
use crate::schema::{Attribute, AttributeType, Home, ResourceSchemas};
use crate::text::fold;

/// Sorting of resources (RFC 7644 §3.4.2.3): by the primary value of a list, else the first; without case unless the
/// schema says otherwise; resources without a value last when ascending, first when descending.
///
/// ```
/// use scim_core::message::{Sort, SortOrder};
/// use scim_core::schema::ResourceSchemas;
/// use serde_json::json;
/// let mut users = vec![json!({"userName": "b"}), json!({}), json!({"userName": "A"})];
/// Sort::new("userName", &SortOrder::Ascending, &ResourceSchemas::user())?.sort(&mut users);
/// assert_eq!(users, [json!({"userName": "A"}), json!({"userName": "b"}), json!({})]);
/// # Ok::<(), scim_core::message::ScimError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Sort {
    extension: Option<String>,
    name: String,
    sub: Option<String>,
    kind: AttributeType,
    exact: bool,
    descending: bool,
}

#[derive(Debug, PartialEq)]
enum Key {
    Text(String),
    Date(DateTime),
    Number(Value),
    Boolean(bool),
}

impl Sort {
    /// By the attribute that the path names.
    ///
    /// # Errors
    /// No path, no such attribute, or a complex one without `value` and without sub-attribute: `invalidValue`.
    pub fn new(sort_by: &str, order: &SortOrder, schemas: &ResourceSchemas) -> Result<Self, ScimError> {
        let refuse = |why: &str| ScimError::of_type(ScimType::InvalidValue, format!("cannot sort: {why}"));
        let path = AttributePath::parse(sort_by).map_err(|error| refuse(&error.to_string()))?;
        let located = schemas.locate(&path).ok_or_else(|| refuse("no such attribute"))?;
        let attribute = located.attribute;
        let sub_name = path.sub().or(attribute.is_complex().then_some("value"));
        let compared = match sub_name {
            Some(sub) => {
                attribute.sub_attribute(sub).ok_or_else(|| refuse("a complex attribute needs a sub-attribute"))?
            }
            None => attribute,
        };
        if attribute.is_hidden() || compared.is_hidden() {
            return Err(refuse("no such attribute"));
        }
        Ok(Self {
            extension: match located.home {
                Home::Core => None,
                Home::Extension(uri) => Some(uri.to_owned()),
            },
            name: attribute.name().to_owned(),
            sub: sub_name.map(str::to_owned),
            kind: Attribute::attribute_type(compared).clone(),
            exact: compared.is_case_exact(),
            descending: *order == SortOrder::Descending,
        })
    }

    /// Sorts; equal resources keep their order.
    pub fn sort(&self, resources: &mut Vec<Value>) {
        let mut keyed: Vec<(Option<Key>, Value)> =
            std::mem::take(resources).into_iter().map(|r| (self.key(&r), r)).collect();
        keyed.sort_by(|(a, _), (b, _)| self.order(a.as_ref(), b.as_ref()));
        resources.extend(keyed.into_iter().map(|(_, resource)| resource));
    }

    /// How two resources stand to each other.
    pub fn compare(&self, a: &Value, b: &Value) -> Ordering {
        self.order(self.key(a).as_ref(), self.key(b).as_ref())
    }

    fn key(&self, resource: &Value) -> Option<Key> {
        let top = resource.as_object()?;
        let map: &Map<String, Value> = match &self.extension {
            Some(uri) => get_folded(top, uri)?.as_object()?,
            None => top,
        };
        let value =
            sort_value(get_folded(map, &self.name)?, self.sub.as_deref()).filter(|value| !is_unassigned(value))?;
        Some(match value {
            Value::Bool(value) => Key::Boolean(*value),
            number @ Value::Number(_) => Key::Number(number.clone()),
            Value::String(text) => match DateTime::read(text) {
                Some(date) if self.kind == AttributeType::DateTime => Key::Date(date),
                _ if self.exact => Key::Text(text.clone()),
                _ => Key::Text(fold(text).into_owned()),
            },
            _ => return None,
        })
    }

    fn order(&self, a: Option<&Key>, b: Option<&Key>) -> Ordering {
        let ascending = match (a, b) {
            (None, None) => Ordering::Equal,
            (None, Some(_)) => Ordering::Greater,
            (Some(_), None) => Ordering::Less,
            (Some(a), Some(b)) => match (a, b) {
                (Key::Text(a), Key::Text(b)) => a.cmp(b),
                (Key::Date(a), Key::Date(b)) => a.cmp(b),
                (Key::Boolean(a), Key::Boolean(b)) => a.cmp(b),
                (Key::Number(Value::Number(a)), Key::Number(Value::Number(b))) => {
                    Numeric::of_json(a).compare(Numeric::of_json(b)).unwrap_or(Ordering::Equal)
                }
                // Values of the wrong type, by kind, so that the order is total.
                (a, b) => rank(a).cmp(&rank(b)),
            },
        };
        if self.descending { ascending.reverse() } else { ascending }
    }
}

fn rank(key: &Key) -> u8 {
    match key {
        Key::Boolean(_) => 0,
        Key::Number(_) => 1,
        Key::Date(_) => 2,
        Key::Text(_) => 3,
    }
}
