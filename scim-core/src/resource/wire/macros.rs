//! The macros that declare wire types.

/// Declares a wire type: the struct, reading and writing. `[plain]` after the name: the value may
/// also be plain text, which is then the member `value`. `as URI with [names]`: a message, which is never written
/// without its schema URI and those members, whatever they hold. `shown as Type` after a member: what `Debug` shows of it.
macro_rules! wire_struct {
    (@shown $value:expr) => { Show(&$value) };
    (@shown $value:expr, $shown:ident) => { $shown(&$value) };
    (
        $(#[$meta:meta])*
        pub struct $name:ident $([$plain:ident])? $(as $message:ident with [$($always:literal),*])? {
            $( $(#[$fmeta:meta])* $field:ident : $ty:ty = $wire:literal $(shown as $shown:ident)?, )*
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Default, PartialEq)]
        #[non_exhaustive]
        pub struct $name {
            $( $(#[$fmeta])* pub $field: $ty, )*
            /// Members that this type does not know, as they came.
            pub extra: $crate::resource::Extra,
            $( $plain: $crate::resource::wire::Plain, )?
        }

        const _: () = {
            use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
            use serde::ser::{SerializeMap, Serializer};
            use $crate::resource::wire::{
                Attributes, Field, FieldSeed, LeavingSeed, Node, Show, Wire, check_spellings, keep, locate, named_twice, no_value,
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

            /// Fills the object where it stands; says whether there was one. A visitor that returned it would have it
            /// copied at every step of the way.
            struct Fill<'a>(&'a mut $name);
            impl<'de> Visitor<'de> for Fill<'_> {
                type Value = bool;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_unit<E: de::Error>(self) -> Result<bool, E> {
                    Ok(false)
                }
                fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<bool, A::Error> {
                    no_value(seq, &self).map(|()| false)
                }
                $(
                    fn visit_str<E: de::Error>(self, text: &str) -> Result<bool, E> {
                        self.0.$plain = $crate::resource::wire::Plain(true);
                        self.0.value = Wire::read(de::value::StrDeserializer::new(text))?;
                        // Only an id takes no empty text.
                        if self.0.value.is_none() {
                            self.0.extra.members().insert("value".to_owned(), text.into());
                        }
                        Ok(true)
                    }
                )?
                fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
                    let out = self.0;
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
                                        if <$ty as Field>::LEAVES {
                                            let mut left = None;
                                            out.$field = map
                                                .next_value_seed(LeavingSeed(&mut left, std::marker::PhantomData))
                                                .map_err(|e| locate(&e, $wire))?;
                                            if let Some(left) = left {
                                                out.extra.members().insert($wire.to_owned(), left);
                                            }
                                        } else {
                                            out.$field = map
                                                .next_value_seed(FieldSeed::<$ty>(std::marker::PhantomData))
                                                .map_err(|e| locate(&e, $wire))?;
                                        }
                                    } )*
                                }
                                seen |= bit;
                            }
                            MemberKey::Unknown(name) => keep(&mut map, out.extra.members(), name)?,
                        }
                    }
                    if let Some(extra) = out.extra.held() {
                        check_spellings(extra)?;
                    }
                    Ok(true)
                }
            }

            impl Wire for $name {
                fn read<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
                    let mut out = $name::default();
                    let there = deserializer.deserialize_any(Fill(&mut out))?;
                    Ok(if there { Some(out) } else { None })
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
                #[allow(dead_code, reason = "made for every type; filters ask users and groups alone")]
                pub(crate) fn sub_index(member: u8, name: &str) -> Option<u8> {
                    $( if member == MemberName::$field as u8 { return <$ty as Field>::index(name); } )*
                    None
                }
            }

            impl Attributes for $name {
                #[inline]
                fn member(&self, index: u8) -> Node<'_> {
                    $(
                        if index == MemberName::$field as u8 {
                            return match Field::node(&self.$field) {
                                Node::Absent if <$ty as Field>::LEAVES => {
                                    self.extra.get($wire).map_or(Node::Absent, Node::Json)
                                }
                                node => node,
                            };
                        }
                    )*
                    Node::Absent
                }
                fn extra(&self) -> &serde_json::Map<String, serde_json::Value> {
                    &self.extra
                }
                fn is_assigned(&self) -> bool {
                    $( if !Field::unassigned(&self.$field) { return true; } )*
                    !$crate::resource::holds_nothing(&self.extra)
                }
                fn is_present(&self) -> bool {
                    $( if $crate::filter::typed::is_present(Field::node(&self.$field)) { return true; } )*
                    self.extra.values().any($crate::filter::is_present)
                }
            }

            // As derived, but for the secrets in what is plain JSON.
            impl std::fmt::Debug for $name {
                fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.debug_struct(stringify!($name))
                        $( .field(
                            stringify!($field).trim_start_matches("r#"),
                            &$crate::resource::wire::wire_struct!(@shown self.$field $(, $shown)?),
                        ) )*
                        .field("extra", &self.extra)
                        $( .field(stringify!($plain), &self.$plain) )?
                        .finish()
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    let mut out = $name::default();
                    if deserializer.deserialize_any(Fill(&mut out))? {
                        return Ok(out);
                    }
                    Err(de::Error::invalid_type(de::Unexpected::Unit, &"an object"))
                }
            }

            impl serde::Serialize for $name {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    // A value that a program has given takes the place of what was left.
                    let is_replaced = |name: &str| -> bool {
                        $( (<$ty as Field>::LEAVES && name == $wire && !Field::unassigned(&self.$field)) || )* false
                    };
                    let extra = || self.extra.iter().filter(|(name, _)| !is_replaced(name));
                    let must_be: &[&str] = &[$($($always),*)?];
                    let is_written = |name: &str, unassigned: bool| !unassigned || must_be.contains(&name);
                    let members = extra().count() $( + usize::from(is_written($wire, Field::unassigned(&self.$field))) )*;
                    $( let members = members + usize::from(self.schemas.is_empty() && !super::$message.is_empty()); )?
                    $(
                        // What came as plain text is written so, unless a program has added to it.
                        if self.$plain.0 && members == 1 {
                            if let Some(value) = &self.value {
                                return serde::Serialize::serialize(value, serializer);
                            }
                            if let Some(value) = self.extra.get("value") {
                                return serde::Serialize::serialize(value, serializer);
                            }
                        }
                    )?
                    let mut map = serializer.serialize_map(Some(members))?;
                    $(
                        if self.schemas.is_empty() {
                            map.serialize_entry("schemas", &[super::$message])?;
                        }
                    )?
                    $(
                        if is_written($wire, Field::unassigned(&self.$field)) {
                            map.serialize_entry($wire, &self.$field)?;
                        }
                    )*
                    for (name, value) in extra() {
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
