//! Reading and writing of typed resources: one macro instead of `derive`, because SCIM folds the
//! case of names, treats absent, `null` and `[]` alike, refuses two spellings of one attribute, keeps
//! what it does not know, and because `#[serde(flatten)]` would buffer every value for that.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

mod macros;
mod names;
mod number;
mod scalar;

pub(crate) use macros::{wire_enum, wire_struct};
pub(crate) use names::{Checked, CheckedValue, check_all_spellings, check_spellings, keep, locate, named_twice};
pub(crate) use number::{refuse_number, simple};

/// A value that a member of a typed resource can hold. `None` is the unassigned state.
pub(crate) trait Wire: Sized + fmt::Debug {
    /// Whether what it cannot hold stays in `extra`, under the name of the member: empty text in place of an id.
    const LEAVES: bool = false;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;

    /// Reads it, or leaves what it cannot hold.
    fn read_or_leave<'de, D: Deserializer<'de>>(
        deserializer: D,
        _left: &mut Option<Value>,
    ) -> Result<Option<Self>, D::Error> {
        Self::read(deserializer)
    }

    /// The value as filters see it.
    fn node(&self) -> Node<'_>;

    /// Number of the sub-attribute of that name.
    fn index(_name: &str) -> Option<u8> {
        None
    }

    /// `Debug` without secrets.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fmt(f)
    }
}

/// A member of a typed resource.
pub(crate) trait Field: Sized {
    /// As [`Wire::LEAVES`].
    const LEAVES: bool = false;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
    /// As [`Wire::read_or_leave`].
    fn read_or_leave<'de, D: Deserializer<'de>>(deserializer: D, _left: &mut Option<Value>) -> Result<Self, D::Error> {
        Self::read(deserializer)
    }
    /// Whether the member is left out when the resource is written.
    fn unassigned(&self) -> bool;

    /// The member as filters see it.
    fn node(&self) -> Node<'_>;

    /// Number of the sub-attribute of that name.
    fn index(name: &str) -> Option<u8>;

    /// `Debug` without secrets.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// Shows a [`Field`].
pub(crate) struct Show<'a, T>(pub(crate) &'a T);

impl<T: Field> fmt::Debug for Show<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

/// Shows a [`Wire`].
struct ShowOne<'a, T>(&'a T);

impl<T: Wire> fmt::Debug for ShowOne<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

/// Carries a [`Field`] or [`Wire`] reader into serde's seed interface.
pub(crate) struct FieldSeed<T>(pub(crate) PhantomData<T>);

impl<'de, T: Field> DeserializeSeed<'de> for FieldSeed<T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

/// Carries a reader that leaves something, and that.
pub(crate) struct LeavingSeed<'a, T>(pub(crate) &'a mut Option<Value>, pub(crate) PhantomData<T>);

impl<'de, T: Field> DeserializeSeed<'de> for LeavingSeed<'_, T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read_or_leave(deserializer, self.0)
    }
}

struct WireSeed<T>(PhantomData<T>);

impl<'de, T: Wire> DeserializeSeed<'de> for WireSeed<T> {
    type Value = Option<T>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::read(deserializer)
    }
}

impl<T: Wire> Field for Option<T> {
    const LEAVES: bool = T::LEAVES;

    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer)
    }
    fn read_or_leave<'de, D: Deserializer<'de>>(deserializer: D, left: &mut Option<Value>) -> Result<Self, D::Error> {
        T::read_or_leave(deserializer, left)
    }
    fn unassigned(&self) -> bool {
        self.is_none()
    }
    #[inline]
    fn node(&self) -> Node<'_> {
        self.as_ref().map_or(Node::Absent, T::node)
    }
    fn index(name: &str) -> Option<u8> {
        T::index(name)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref().map(ShowOne), f)
    }
}

impl<T: Wire> Field for Vec<T> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(deserializer.deserialize_any(ListVisitor(PhantomData))?.unwrap_or_default())
    }
    fn unassigned(&self) -> bool {
        self.is_empty()
    }
    #[inline]
    fn node(&self) -> Node<'_> {
        if self.is_empty() { Node::Absent } else { Node::List(self) }
    }
    fn index(name: &str) -> Option<u8> {
        T::index(name)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(ShowOne)).finish()
    }
}

/// A list whose absence means "not said": `None` is absent, `null` and `[]` are an empty list.
impl<T: Wire> Field for Option<Vec<T>> {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Some(deserializer.deserialize_any(ListVisitor(PhantomData))?.unwrap_or_default()))
    }
    fn unassigned(&self) -> bool {
        self.is_none()
    }
    fn node(&self) -> Node<'_> {
        self.as_ref().map_or(Node::Absent, Field::node)
    }
    fn index(name: &str) -> Option<u8> {
        T::index(name)
    }
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.as_ref().map(Show), f)
    }
}

/// A typed value as filters see it.
#[derive(Clone, Copy)]
pub(crate) enum Node<'a> {
    Absent,
    Text(&'a str),
    Boolean(bool),
    Number(u64),
    Json(&'a Value),
    Object(&'a dyn Attributes),
    List(&'a dyn Elements),
}

/// A typed object whose members are numbered.
pub(crate) trait Attributes {
    fn member(&self, index: u8) -> Node<'_>;
    fn extra(&self) -> &Map<String, Value>;
    /// Whether any member is assigned, be it an empty text.
    fn is_assigned(&self) -> bool;
    /// Whether any member has a value.
    fn is_present(&self) -> bool;
}

/// A typed list.
pub(crate) trait Elements {
    /// Whether any element meets the condition.
    fn any(&self, condition: &mut dyn FnMut(Node<'_>) -> bool) -> bool;
}

impl<T: Wire> Elements for Vec<T> {
    fn any(&self, condition: &mut dyn FnMut(Node<'_>) -> bool) -> bool {
        self.iter().any(|element| condition(element.node()))
    }
}

/// A list where one value belongs: nothing, if nothing is in it (RFC 7643 §2.5).
pub(crate) fn no_value<'de, A: SeqAccess<'de>, V: Visitor<'de>>(mut seq: A, visitor: &V) -> Result<(), A::Error> {
    match seq.next_element::<de::IgnoredAny>()? {
        None => Ok(()),
        Some(_) => Err(de::Error::invalid_type(de::Unexpected::Seq, visitor)),
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Wire> Visitor<'de> for ListVisitor<T> {
    type Value = Option<Vec<T>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
        Ok(None)
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::with_capacity(seq.size_hint().unwrap_or(0).min(1024));
        let mut index = 0;
        while let Some(element) =
            seq.next_element_seed(WireSeed::<T>(PhantomData)).map_err(|e| locate(&e, &format!("[{index}]")))?
        {
            // Lists of a user have one or two elements as a rule.
            if list.capacity() == 0 {
                list.reserve_exact(2);
            }
            list.extend(element);
            index += 1;
        }
        Ok(Some(list))
    }
    // One value where a list belongs: several servers unwrap lists of one.
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Ok(Some(T::read(de::value::MapAccessDeserializer::new(map))?.into_iter().collect()))
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Some(T::read(de::value::StrDeserializer::new(text))?.into_iter().collect()))
    }
}

/// Whether the value was plain text on the wire where the RFC has an object; kept for a lossless
/// round trip and of no weight in comparisons.
#[derive(Clone, Copy, Default)]
pub(crate) struct Plain(pub(crate) bool);

impl PartialEq for Plain {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl fmt::Debug for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0 { "text" } else { "object" })
    }
}
