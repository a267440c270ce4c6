//! Names of members: errors that say where, and two spellings of one name.

use std::fmt;

use serde::Deserialize;
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::map::Entry;
use serde_json::{Map, Number, Value};

use super::number::{is_number, number, refuse_number};
use crate::text::same_name;

/// Adds the name of a member to an error from inside it: ``in `emails[2].value`: invalid type …``.
#[cold]
pub(crate) fn locate<E: de::Error>(error: &E, at: &str) -> E {
    let text = error.to_string();
    match text.strip_prefix("in `").and_then(|rest| rest.split_once("`: ")) {
        Some((inner, message)) if inner.starts_with('[') => E::custom(format_args!("in `{at}{inner}`: {message}")),
        Some((inner, message)) => E::custom(format_args!("in `{at}.{inner}`: {message}")),
        None => E::custom(format_args!("in `{at}`: {text}")),
    }
}

#[cold]
pub(crate) fn named_twice<E: de::Error>(name: &str) -> E {
    let name: String = name.chars().take(100).collect();
    E::custom(format_args!("attribute `{name}` is named twice (names are compared without case)"))
}

/// Takes an unknown member into `extra`.
pub(crate) fn keep<'de, A: MapAccess<'de>>(
    map: &mut A,
    extra: &mut Map<String, Value>,
    name: String,
) -> Result<(), A::Error> {
    refuse_number(&name)?;
    let value = map.next_value_seed(CheckedValue).map_err(|e| locate(&e, &name))?;
    if extra.contains_key(&name) {
        return Err(named_twice(&name));
    }
    extra.insert(name, value);
    Ok(())
}

/// Two spellings of one unknown name are an error as well.
pub(crate) fn check_spellings<E: de::Error>(members: &Map<String, Value>) -> Result<(), E> {
    const FEW: usize = 12;
    if members.len() <= FEW {
        let mut rest = members.keys();
        while let Some(name) = rest.next() {
            if rest.clone().any(|other| same_name(name, other)) {
                return Err(named_twice(name));
            }
        }
        return Ok(());
    }
    let mut names: Vec<String> = members.keys().map(|k| k.to_ascii_lowercase()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(named_twice(pair.first().map_or("", String::as_str))),
        None => Ok(()),
    }
}

/// The same at every depth, for a value that was not read by [`CheckedValue`] and is not [too deep](crate::limits::too_deep).
pub(crate) fn check_all_spellings<E: de::Error>(value: &Value) -> Result<(), E> {
    match value {
        Value::Object(map) => {
            check_spellings(map)?;
            map.values().try_for_each(check_all_spellings)
        }
        Value::Array(list) => list.iter().try_for_each(check_all_spellings),
        _ => Ok(()),
    }
}

/// Reads JSON and refuses two spellings of one name in one object, at every depth: `serde_json` would let the last one
/// win, and which of `active: true` and `Active: false` is meant nobody can know (RFC 7643 §2.1).
pub(crate) struct CheckedValue;

impl<'de> DeserializeSeed<'de> for CheckedValue {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

/// What [`CheckedValue`] reads, for readers that want a type.
pub(crate) struct Checked(pub(crate) Value);

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        CheckedValue.deserialize(deserializer).map(Self)
    }
}

impl<'de> Visitor<'de> for CheckedValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }
    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }
    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Bool(value))
    }
    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Number(value.into()))
    }
    fn visit_i128<E: de::Error>(self, value: i128) -> Result<Value, E> {
        Number::from_i128(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }
    fn visit_u128<E: de::Error>(self, value: u128) -> Result<Value, E> {
        Number::from_u128(value).map(Value::Number).ok_or_else(|| E::custom("number out of range"))
    }
    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Value, E> {
        Ok(Value::String(text.to_owned()))
    }
    fn visit_string<E: de::Error>(self, text: String) -> Result<Value, E> {
        Ok(Value::String(text))
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(value) = seq.next_element_seed(CheckedValue)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            if map.is_empty() && is_number(&name) {
                return number(&mut access).map(Value::Number);
            }
            let value = access.next_value_seed(CheckedValue)?;
            match map.entry(name) {
                Entry::Vacant(place) => place.insert(value),
                Entry::Occupied(place) => return Err(named_twice(place.key())),
            };
        }
        check_spellings(&map)?;
        Ok(Value::Object(map))
    }
}
