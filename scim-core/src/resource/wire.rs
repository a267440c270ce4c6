//! Reading and writing of typed resources: one macro instead of `derive`, because SCIM folds the
//! case of names, treats absent, `null` and `[]` alike, refuses two spellings of one attribute, keeps
//! what it does not know, and because `#[serde(flatten)]` would buffer every value for that.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::Text;

/// A value that a member of a typed resource can hold. `None` is the unassigned state.
pub(crate) trait Wire: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;

    /// The value as filters see it.
    fn node(&self) -> Node<'_>;

    /// Number of the sub-attribute of that name.
    fn index(_name: &str) -> Option<u8> {
        None
    }
}

/// A member of a typed resource.
pub(crate) trait Field: Sized {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
    /// Whether the member is left out when the resource is written.
    fn unassigned(&self) -> bool;

    /// The member as filters see it.
    fn node(&self) -> Node<'_>;

    /// Number of the sub-attribute of that name.
    fn index(name: &str) -> Option<u8>;
}

/// Carries a [`Field`] or [`Wire`] reader into serde's seed interface.
pub(crate) struct FieldSeed<T>(pub(crate) PhantomData<T>);

impl<'de, T: Field> DeserializeSeed<'de> for FieldSeed<T> {
    type Value = T;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
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
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer)
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

impl Wire for Text {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        struct Characters;
        impl Visitor<'_> for Characters {
            type Value = Option<Text>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Some(text.into()))
            }
            fn visit_string<E: de::Error>(self, text: String) -> Result<Self::Value, E> {
                Ok(Some(text.into()))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Some(value.to_string().into()))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Some(value.to_string().into()))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Some(value.to_string().into()))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Some(value.to_string().into()))
            }
        }
        deserializer.deserialize_any(Characters)
    }
    #[inline]
    fn node(&self) -> Node<'_> {
        Node::Text(self)
    }
}

impl Wire for bool {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        struct Truth;
        impl Visitor<'_> for Truth {
            type Value = Option<bool>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a boolean")
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Some(value))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                match text {
                    t if t.eq_ignore_ascii_case("true") => Ok(Some(true)),
                    t if t.eq_ignore_ascii_case("false") => Ok(Some(false)),
                    other => Err(E::invalid_value(de::Unexpected::Str(other), &self)),
                }
            }
        }
        deserializer.deserialize_any(Truth)
    }
    fn node(&self) -> Node<'_> {
        Node::Boolean(*self)
    }
}

impl Wire for u64 {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        struct Count;
        impl Visitor<'_> for Count {
            type Value = Option<u64>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a count")
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Some(value))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
                u64::try_from(value).map(Some).map_err(|_| E::invalid_value(de::Unexpected::Signed(value), &self))
            }
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be a small whole number"
            )]
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
                if value.fract() == 0.0 && (0.0..9e15).contains(&value) {
                    return Ok(Some(value as u64));
                }
                Err(E::invalid_value(de::Unexpected::Float(value), &self))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                text.trim().parse().map(Some).map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_any(Count)
    }
    fn node(&self) -> Node<'_> {
        Node::Number(*self)
    }
}

impl Wire for Value {
    fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        let value = <Value as serde::Deserialize>::deserialize(deserializer)?;
        Ok(if value.is_null() { None } else { Some(value) })
    }
    fn node(&self) -> Node<'_> {
        Node::Json(self)
    }
}

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
    let value = map.next_value::<Value>().map_err(|e| locate(&e, &name))?;
    if extra.contains_key(&name) {
        return Err(named_twice(&name));
    }
    extra.insert(name, value);
    Ok(())
}

/// Two spellings of one unknown name are an error as well.
pub(crate) fn check_spellings<E: de::Error>(extra: &Map<String, Value>) -> Result<(), E> {
    if extra.len() < 2 {
        return Ok(());
    }
    let mut names: Vec<String> = extra.keys().map(|k| k.to_ascii_lowercase()).collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(named_twice(pair.first().map_or("", String::as_str))),
        None => Ok(()),
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

/// Declares a wire type: the struct, reading and writing. `[plain]` after the name: the value may
/// also be plain text, which is then the member `value`.
macro_rules! wire_struct {
    (
        $(#[$meta:meta])*
        pub struct $name:ident $([$plain:ident])? {
            $( $(#[$fmeta:meta])* $field:ident : $ty:ty = $wire:literal, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$fmeta])* pub $field: $ty, )*
            /// Members that this type does not know, as they came.
            pub extra: serde_json::Map<String, serde_json::Value>,
            $( $plain: $crate::resource::wire::Plain, )?
        }

        const _: () = {
            use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, Visitor};
            use serde::ser::{SerializeMap, Serializer};
            use $crate::resource::wire::{
                Attributes, Field, FieldSeed, Node, Wire, check_spellings, keep, locate, named_twice,
            };

            #[allow(non_camel_case_types)]
            #[derive(Clone, Copy)]
            enum MemberName { $($field,)* }

            impl MemberName {
                #[inline]
                fn of(name: &str) -> Option<MemberName> {
                    match name {
                        $($wire => Some(MemberName::$field),)*
                        other => Self::folded(other),
                    }
                }
                fn folded(name: &str) -> Option<MemberName> {
                    $( if name.eq_ignore_ascii_case($wire) { return Some(MemberName::$field); } )*
                    None
                }
            }

            enum MemberKey { Known(MemberName), Unknown(String) }
            struct KeySeed;
            impl<'de> DeserializeSeed<'de> for KeySeed {
                type Value = MemberKey;
                #[inline]
                fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<MemberKey, D::Error> {
                    deserializer.deserialize_identifier(self)
                }
            }
            impl Visitor<'_> for KeySeed {
                type Value = MemberKey;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an attribute name")
                }
                #[inline]
                fn visit_str<E: de::Error>(self, name: &str) -> Result<MemberKey, E> {
                    Ok(MemberName::of(name).map_or_else(|| MemberKey::Unknown(name.to_owned()), MemberKey::Known))
                }
            }

            struct ObjectVisitor;
            impl<'de> Visitor<'de> for ObjectVisitor {
                type Value = Option<$name>;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                    Ok(None)
                }
                $(
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                        let mut out = $name::default();
                        out.$plain = $crate::resource::wire::Plain(true);
                        out.value = Wire::read(de::value::StrDeserializer::new(text))?;
                        Ok(Some(out))
                    }
                )?
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                    let mut out = $name::default();
                    let mut seen = 0_u64;
                    while let Some(key) = map.next_key_seed(KeySeed)? {
                        match key {
                            MemberKey::Known(member) => {
                                let bit = 1_u64 << member as u32;
                                match member {
                                    $( MemberName::$field => {
                                        if seen & bit != 0 {
                                            return Err(named_twice($wire));
                                        }
                                        out.$field = map
                                            .next_value_seed(FieldSeed::<$ty>(std::marker::PhantomData))
                                            .map_err(|e| locate(&e, $wire))?;
                                    } )*
                                }
                                seen |= bit;
                            }
                            MemberKey::Unknown(name) => keep(&mut map, &mut out.extra, name)?,
                        }
                    }
                    check_spellings(&out.extra)?;
                    Ok(Some(out))
                }
            }

            impl Wire for $name {
                fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                    deserializer.deserialize_any(ObjectVisitor)
                }
                #[inline]
                fn node(&self) -> Node<'_> {
                    Node::Object(self)
                }
                fn index(name: &str) -> Option<u8> {
                    MemberName::of(name).map(|member| member as u8)
                }
            }

            impl $name {
                /// Number of a sub-attribute of a member, for filters.
                #[allow(dead_code)]
                pub(crate) fn sub_index(member: u8, name: &str) -> Option<u8> {
                    $( if member == MemberName::$field as u8 { return <$ty as Field>::index(name); } )*
                    None
                }
            }

            impl Attributes for $name {
                #[inline]
                fn member(&self, index: u8) -> Node<'_> {
                    $( if index == MemberName::$field as u8 { return Field::node(&self.$field); } )*
                    Node::Absent
                }
                fn extra(&self) -> &serde_json::Map<String, serde_json::Value> {
                    &self.extra
                }
                fn is_present(&self) -> bool {
                    $( if $crate::filter::typed::is_present(Field::node(&self.$field)) { return true; } )*
                    self.extra.values().any($crate::filter::is_present)
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    deserializer
                        .deserialize_any(ObjectVisitor)?
                        .ok_or_else(|| de::Error::invalid_type(de::Unexpected::Unit, &"an object"))
                }
            }

            impl serde::Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    $(
                        if self.$plain.0 && let Some(value) = &self.value {
                            return serde::Serialize::serialize(value, serializer);
                        }
                    )?
                    let mut map = serializer.serialize_map(None)?;
                    $(
                        if !Field::unassigned(&self.$field) {
                            map.serialize_entry($wire, &self.$field)?;
                        }
                    )*
                    for (name, value) in &self.extra {
                        map.serialize_entry(name, value)?;
                    }
                    map.end()
                }
            }
        };
    };
}

/// Declares a wire enumeration that keeps words that it does not know.
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident { $( $(#[$vmeta:meta])* $variant:ident = $wire:literal, )* }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$vmeta])* $variant, )*
            /// A word that the RFCs do not print, as it came.
            Other($crate::Text),
        }

        impl $name {
            /// The word on the wire.
            pub fn as_str(&self) -> &str {
                match self {
                    $( Self::$variant => $wire, )*
                    Self::Other(text) => text,
                }
            }
        }

        impl From<&str> for $name {
            /// Reads the word without case; an unknown word is kept.
            fn from(text: &str) -> Self {
                $( if text.eq_ignore_ascii_case($wire) { return Self::$variant; } )*
                Self::Other(text.into())
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                <std::borrow::Cow<'de, str> as serde::Deserialize>::deserialize(deserializer).map(|t| Self::from(t.as_ref()))
            }
        }

        impl $crate::resource::wire::Wire for $name {
            fn read<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                let text = <$crate::Text as $crate::resource::wire::Wire>::read(deserializer)?;
                Ok(text.map(|t| Self::from(t.as_str())))
            }
            fn node(&self) -> $crate::resource::wire::Node<'_> {
                $crate::resource::wire::Node::Text(self.as_str())
            }
        }
    };
}
pub(crate) use {wire_enum, wire_struct};
