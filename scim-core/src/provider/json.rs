//! Reads a body as JSON and refuses two spellings of one name in one object: `serde_json` would let
//! the last one win, and which of `active: true` and `Active: false` a client means nobody can know
//! (RFC 7643 §2.1).

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::message::ScimError;
use crate::provider::refusal::{invalid_syntax, quote};

/// The value of `body`.
pub(super) fn read(body: &[u8]) -> Result<Value, ScimError> {
    if body.iter().all(u8::is_ascii_whitespace) {
        return Err(invalid_syntax("the request needs a JSON body and has none"));
    }
    let mut reader = serde_json::Deserializer::from_slice(body);
    let value = Strict.deserialize(&mut reader).and_then(|value| reader.end().map(|()| value));
    value.map_err(|error| invalid_syntax(format_args!("the body is not the JSON that it should be: {error}")))
}

struct Strict;

impl<'de> DeserializeSeed<'de> for Strict {
    type Value = Value;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Strict {
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
        while let Some(value) = seq.next_element_seed(Strict)? {
            list.push(value);
        }
        Ok(Value::Array(list))
    }
    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        let mut folded = std::collections::HashSet::new();
        while let Some(name) = access.next_key::<String>()? {
            if !folded.insert(name.to_ascii_lowercase()) {
                let name = quote(&name);
                return Err(de::Error::custom(format_args!(
                    "`{name}` is named twice (names are compared without case)"
                )));
            }
            map.insert(name, access.next_value_seed(Strict)?);
        }
        Ok(Value::Object(map))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_spellings_of_one_name_are_refused_at_any_depth() {
        assert!(read(br#"{"a":{"b":1},"c":[1.5,-2,"x",null,true]}"#).is_ok());
        for twice in
            [r#"{"active":true,"Active":false}"#, r#"{"active":true,"active":true}"#, r#"{"a":[{"b":{"c":1,"C":2}}]}"#]
        {
            let error = read(twice.as_bytes()).unwrap_err();
            assert!(error.detail.as_deref().unwrap_or_default().contains("named twice"), "{error:?}");
        }
        for broken in ["", " \n", "{", "{} {}", "\u{feff}", r#"{"a":"\ud800"}"#] {
            assert!(read(broken.as_bytes()).is_err(), "{broken:?}");
        }
        assert!(read(b"{\"a\":\"\xff\"}").is_err());
        assert!(read("[".repeat(100_000).as_bytes()).is_err());
    }
}
