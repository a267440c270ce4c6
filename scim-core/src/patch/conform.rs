//! Values against their definitions: types, names, and what senders do to them.

use serde_json::{Map, Value};

use crate::date::DateTime;
use crate::filter::is_json_number;
use crate::patch::PatchError;
use crate::quirk::{Quirk, Quirks};
use crate::resource::{get_folded, is_unassigned};
use crate::schema::{Attribute, AttributeType, boolean_in, is_base64, is_integer, is_primary};
use crate::text::same_name;

/// Reads values for one PATCH; collects the tolerances that were used.
pub(super) struct Conform {
    pub(super) tolerated: Quirks,
    pub(super) fired: Quirks,
    /// Whether sub-attributes that no schema knows are kept.
    pub(super) keeps_unknown: bool,
    /// How many more of them, and of names that are paths, one PATCH may bring: each is looked for in its object, or works
    /// as an operation does.
    pub(super) names_left: usize,
}

fn wrong_type(attribute: &Attribute, wanted: &str) -> PatchError {
    PatchError::value(format!("`{}` must be {wanted}", attribute.name()))
}

impl Conform {
    pub(super) fn allows(&mut self, quirk: Quirk) -> bool {
        let allowed = self.tolerated.contains(quirk);
        if allowed {
            self.fired = self.fired.with(quirk);
        }
        allowed
    }

    pub(super) fn count_name(&mut self) -> Result<(), PatchError> {
        self.names_left = self.names_left.checked_sub(1).ok_or_else(|| {
            PatchError::value("more unknown attributes, and paths for names, than one PATCH may have operations")
        })?;
        Ok(())
    }

    pub(super) fn is_lenient(&self) -> bool {
        !self.tolerated.is_empty()
    }

    /// The values of a multi-valued attribute; one value counts as a list of one, null as none.
    pub(super) fn list(&mut self, attribute: &Attribute, value: &Value) -> Result<Vec<Value>, PatchError> {
        let list = match value {
            Value::Array(list) => list.as_slice(),
            nothing if nothing.is_null() || (is_unassigned(nothing) && !attribute.is_complex()) => &[],
            single => std::slice::from_ref(single),
        };
        if let [Value::Object(only)] = list
            && self.tolerated.contains(Quirk::EmptyValueClears)
            && only.len() == 1
            && only.iter().all(|(name, v)| same_name(name, "value") && v.as_str() == Some(""))
        {
            self.fired = self.fired.with(Quirk::EmptyValueClears);
            return Ok(Vec::new());
        }
        let mut out = Vec::with_capacity(list.len());
        let mut primaries = 0;
        for element in list {
            if element.is_null() {
                continue;
            }
            if let Some(element) = self.listed(attribute, element)? {
                primaries += usize::from(is_primary(&element));
                out.push(element);
            }
        }
        if primaries > 1 {
            return Err(PatchError::value(format!("`{}` can have one primary value only", attribute.name())));
        }
        Ok(out)
    }

    /// One value of a list, `None` if it says nothing. One of which nothing is left because the schema does not know its
    /// names, or no client may write them, is refused: the list would be emptied by a message that meant something else.
    pub(super) fn listed(&mut self, attribute: &Attribute, given: &Value) -> Result<Option<Value>, PatchError> {
        let element = self.element(attribute, given)?;
        if !is_unassigned(&element) {
            return Ok(Some(element));
        }
        if attribute.says_nothing_written(given) {
            return Err(PatchError::value(format!(
                "a value of `{}` says nothing that its schema knows and a client may write",
                attribute.name()
            )));
        }
        Ok(None)
    }

    /// One value that says which elements are to go, `None` if it says nothing. What is left out of it, because the
    /// schema does not know the name or no client may write it, would make it mean more elements than it says: it then
    /// has to name the one by its `value`.
    pub(super) fn selecting(&mut self, attribute: &Attribute, given: &Value) -> Result<Option<Value>, PatchError> {
        let element = self.element(attribute, given)?;
        let left_out = |(name, value): (&String, &Value)| {
            !is_unassigned(value) && attribute.sub_attribute(name).map_or(!self.keeps_unknown, Attribute::is_read_only)
        };
        let has_key = match &element {
            Value::Object(members) => get_folded(members, "value").is_some_and(|value| !is_unassigned(value)),
            _ => true,
        };
        if !has_key && given.as_object().is_some_and(|members| members.iter().any(left_out)) {
            return Err(PatchError::value(format!(
                "a value of `{}` to remove says what cannot be compared; name it by its `value`",
                attribute.name()
            )));
        }
        Ok((!is_unassigned(&element)).then_some(element))
    }

    /// Whether an empty string for this complex attribute means that it is to be unassigned. One among many is not: a
    /// whole list would go.
    fn clears(&mut self, attribute: &Attribute) -> bool {
        attribute.is_complex()
            && !attribute.is_multi_valued()
            && self.tolerated.contains(Quirk::EmptyStringClears)
            && self.allows(Quirk::ComplexAsString)
            && self.allows(Quirk::EmptyStringClears)
    }

    /// One value as it is to be stored: without null members.
    pub(super) fn element(&mut self, attribute: &Attribute, value: &Value) -> Result<Value, PatchError> {
        match self.single(attribute, value)? {
            Value::Object(mut map) if attribute.is_complex() => {
                map.retain(|_, v| !v.is_null());
                Ok(Value::Object(map))
            }
            other => Ok(other),
        }
    }

    /// One value; a complex one keeps its null members, which unassign when it is merged.
    pub(super) fn single(&mut self, attribute: &Attribute, value: &Value) -> Result<Value, PatchError> {
        if attribute.is_complex() {
            return match value {
                Value::Object(map) => self.complex(attribute, map).map(Value::Object),
                Value::String(text) if text.is_empty() && self.clears(attribute) => Ok(Value::Null),
                Value::String(text) if text.is_empty() && attribute.is_multi_valued() => {
                    Err(wrong_type(attribute, "an object"))
                }
                Value::String(_) => match attribute.sub_attribute("value") {
                    Some(sub) if self.allows(Quirk::ComplexAsString) => {
                        let value = self.single(sub, value)?;
                        Ok(Value::Object(Map::from_iter([(sub.name().to_owned(), value)])))
                    }
                    _ => Err(wrong_type(attribute, "an object")),
                },
                // Entra sends the manager as a list of one.
                Value::Array(list) if self.is_lenient() && !attribute.is_multi_valued() => match list.as_slice() {
                    [one @ Value::Object(_)] => self.single(attribute, one),
                    _ => Err(wrong_type(attribute, "one object")),
                },
                _ => Err(wrong_type(attribute, "an object")),
            };
        }
        // What no schema has a type for is what it comes as.
        if let Some(inner) = wrapped(value)
            && !matches!(attribute.attribute_type(), AttributeType::Other(_))
            && self.tolerated.contains(Quirk::WrappedScalar)
        {
            let inner = self.scalar(attribute, inner)?;
            self.fired = self.fired.with(Quirk::WrappedScalar);
            return Ok(inner);
        }
        self.scalar(attribute, value)
    }

    fn scalar(&mut self, attribute: &Attribute, value: &Value) -> Result<Value, PatchError> {
        match (attribute.attribute_type(), value) {
            (AttributeType::String | AttributeType::Reference, Value::String(text)) => {
                if text.starts_with(['{', '['])
                    && self.is_lenient()
                    && serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok()
                {
                    self.allows(Quirk::JsonInString);
                }
                Ok(value.clone())
            }
            (AttributeType::String | AttributeType::Reference, _) => Err(wrong_type(attribute, "a string")),
            (AttributeType::Binary, Value::String(text)) if is_base64(text) => Ok(value.clone()),
            (AttributeType::Binary, _) => Err(wrong_type(attribute, "base64")),
            (AttributeType::DateTime, Value::String(text)) if DateTime::read(text).is_some() => Ok(value.clone()),
            (AttributeType::DateTime, _) => Err(wrong_type(attribute, "a date-time")),
            (AttributeType::Boolean, Value::Bool(_))
            | (AttributeType::Decimal, Value::Number(_))
            | (AttributeType::Complex | AttributeType::Other(_), _) => Ok(value.clone()),
            (AttributeType::Boolean, Value::String(text)) => {
                let boolean = boolean_in(text).filter(|_| self.allows(Quirk::BoolString));
                boolean.map(Value::Bool).ok_or_else(|| wrong_type(attribute, "true or false"))
            }
            (AttributeType::Boolean, _) => Err(wrong_type(attribute, "true or false")),
            (AttributeType::Integer, Value::Number(number)) if is_integer(number) => Ok(value.clone()),
            (kind @ (AttributeType::Integer | AttributeType::Decimal), Value::String(text)) => {
                let whole = *kind == AttributeType::Integer;
                match serde_json::from_str::<serde_json::Number>(text) {
                    Ok(number)
                        if is_json_number(text.as_bytes())
                            && (!whole || is_integer(&number))
                            && self.allows(Quirk::NumberString) =>
                    {
                        Ok(Value::Number(number))
                    }
                    _ => Err(wrong_type(attribute, "a number")),
                }
            }
            (AttributeType::Integer, _) => Err(wrong_type(attribute, "a whole number")),
            (AttributeType::Decimal, _) => Err(wrong_type(attribute, "a number")),
        }
    }

    /// The members of a complex value, in the schema's spelling, without readOnly ones.
    fn complex(&mut self, attribute: &Attribute, map: &Map<String, Value>) -> Result<Map<String, Value>, PatchError> {
        let mut out = Map::new();
        for (name, value) in map {
            let Some(sub) = attribute.sub_attribute(name) else {
                if self.keeps_unknown {
                    self.count_name()?;
                    if crate::resource::spelling(&out, name).is_some() {
                        return Err(PatchError::syntax(format!(
                            "`{}` is named twice",
                            crate::patch::apply::short(name)
                        )));
                    }
                    out.insert(name.clone(), value.clone());
                    continue;
                }
                if self.allows(Quirk::UnknownSubattr) {
                    continue;
                }
                let name: String = name.chars().take(100).collect();
                return Err(PatchError::value(format!("`{}` has no sub-attribute `{name}`", attribute.name())));
            };
            if sub.is_read_only() {
                continue;
            }
            let value = if value.is_null() {
                self.allows(Quirk::NullSubattr);
                Value::Null
            } else if is_unassigned(value) && !(sub.is_multi_valued() || sub.is_complex()) {
                Value::Null
            } else if sub.is_multi_valued() {
                Value::Array(self.list(sub, value)?)
            } else {
                self.single(sub, value)?
            };
            if out.insert(sub.name().to_owned(), value).is_some() {
                return Err(PatchError::syntax(format!("`{}.{}` is named twice", attribute.name(), sub.name())));
            }
        }
        Ok(out)
    }
}

/// The value of `{"value": x}` or of a list of one such object, whose other members are null.
fn wrapped(value: &Value) -> Option<&Value> {
    let map = match value {
        Value::Object(map) => map,
        Value::Array(list) => match list.as_slice() {
            [Value::Object(map)] => map,
            _ => return None,
        },
        _ => return None,
    };
    let mut inner = None;
    for (name, value) in map {
        if same_name(name, "value") {
            inner = Some(value);
        } else if !value.is_null() {
            return None;
        }
    }
    inner.filter(|value| !value.is_object() && !value.is_array() && !value.is_null())
}
