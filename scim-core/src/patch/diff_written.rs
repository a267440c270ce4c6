//! What is left of a value once everything is out that a PATCH does not say.

use std::borrow::Cow;

use serde_json::{Map, Value};

use crate::patch::PatchError;
use crate::patch::diff::Differ;
use crate::resource::is_unassigned;
use crate::schema::Attribute;

impl Differ<'_> {
    /// A value as it is written: without what says nothing, what the client may not write, and, if asked for, what no
    /// schema knows. `None` if nothing is left: that is as good as no value.
    pub(super) fn written<'v>(&self, attribute: &Attribute, value: &'v Value) -> Option<Cow<'v, Value>> {
        let Some(map) = value.as_object().filter(|_| attribute.is_complex()) else {
            return (!is_unassigned(value)).then_some(Cow::Borrowed(value));
        };
        let part = |name: &String, value| match attribute.sub_attribute(name) {
            Some(sub) if sub.is_read_only() => None,
            Some(sub) => written_part(sub, value),
            None if self.options.only_known || is_unassigned(value) => None,
            None => Some(Cow::Borrowed(value)),
        };
        let parts: Vec<_> = map.iter().filter_map(|(name, value)| Some((name, part(name, value)?))).collect();
        if parts.is_empty() {
            None
        } else if parts.len() == map.len() && parts.iter().all(|(_, value)| matches!(value, Cow::Borrowed(_))) {
            Some(Cow::Borrowed(value))
        } else {
            let parts = parts.into_iter().map(|(name, value)| (name.clone(), value.into_owned()));
            Some(Cow::Owned(Value::Object(parts.collect::<Map<_, _>>())))
        }
    }

    /// Whether nothing is left of a value that says something. Where such a one is wanted instead of another, leaving it
    /// out would take the other away.
    pub(super) fn is_left_out(&self, attribute: &Attribute, value: &Value) -> bool {
        self.written(attribute, value).is_none() && attribute.is_misnamed(value)
    }

    /// The values of a list of which something is left.
    pub(super) fn written_each<'v>(&self, attribute: &Attribute, list: &'v [Value]) -> Vec<Cow<'v, Value>> {
        list.iter().filter_map(|value| self.written(attribute, value)).collect()
    }
}

pub(super) fn says_nothing_known() -> PatchError {
    PatchError::value("a value says nothing that its schema knows; without it others would go for nothing")
}

/// The value of a sub-attribute as it is written.
pub(super) fn written_part<'v>(sub: &Attribute, value: &'v Value) -> Option<Cow<'v, Value>> {
    match value {
        Value::Array(list) if sub.is_multi_valued() && list.iter().any(is_unassigned) => {
            let list: Vec<Value> = list.iter().filter(|value| !is_unassigned(value)).cloned().collect();
            (!list.is_empty()).then_some(Cow::Owned(Value::Array(list)))
        }
        value => (!is_unassigned(value)).then_some(Cow::Borrowed(value)),
    }
}
