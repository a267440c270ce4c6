//! Numbers in a program that has turned on serde_json's feature `arbitrary_precision`, which one crate does for all: they
//! come as an object with one member, whose name nobody else has.

use std::sync::LazyLock;

use serde::de::{self, MapAccess, Visitor};
use serde_json::Number;

const NAME: &str = "$serde_json::private::Number";

/// Only then are numbers kept that fit no type.
static IS_ON: LazyLock<bool> =
    LazyLock::new(|| "1e999".parse::<Number>().is_ok_and(|number| number.as_f64().is_none()));

/// Whether that is the name of the member that stands for a number.
#[inline]
pub(crate) fn is_number(name: &str) -> bool {
    name == NAME && *IS_ON
}

/// Refuses that name where an object belongs, which has others.
pub(crate) fn refuse_number<E: de::Error>(name: &str) -> Result<(), E> {
    if is_number(name) {
        return Err(E::invalid_type(de::Unexpected::Other("number"), &"an object"));
    }
    Ok(())
}

/// The number, after its name.
pub(crate) fn number<'de, A: MapAccess<'de>>(map: &mut A) -> Result<Number, A::Error> {
    map.next_value::<String>()?.parse().map_err(de::Error::custom)
}

/// An object where a simple value belongs: it is none, unless it stands for a number.
pub(crate) fn simple<'de, A: MapAccess<'de>, V: Visitor<'de>>(mut map: A, visitor: V) -> Result<V::Value, A::Error> {
    if !map.next_key::<String>()?.is_some_and(|name| is_number(&name)) {
        return Err(de::Error::invalid_type(de::Unexpected::Map, &visitor));
    }
    let number = number(&mut map)?;
    if let Some(count) = number.as_u64() {
        visitor.visit_u64(count)
    } else if let Some(whole) = number.as_i64() {
        visitor.visit_i64(whole)
    } else if let Some(whole) = number.as_i128() {
        visitor.visit_i128(whole)
    } else if let Some(float) = number.as_f64() {
        visitor.visit_f64(float)
    } else {
        Err(de::Error::invalid_value(de::Unexpected::Other("number out of range"), &visitor))
    }
}
