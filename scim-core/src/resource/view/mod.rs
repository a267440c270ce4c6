//! Views of resources that borrow from the body: for long lists that are read and not kept.
//!
//! Reading is as lenient as for the owned types; members that a view does not know are skipped, text without escapes
//! is not copied, and the elements of a multi-valued attribute are read when they are asked for ([`LazyList`]): who
//! wants the names of ten thousand groups does not pay for their members. A view is read from JSON text, not from a
//! [`Value`](serde_json::Value). Together with [`ListResponse`](crate::message::ListResponse) (RFC 7644 §3.4.2):
//!
//! ```
//! use scim_core::message::ListResponse;
//! use scim_core::resource::view::UserView;
//! let body = r#"{"totalResults":1,"Resources":[
//!     {"id":"1","userName":"bj\u00e9","active":"True","emails":[{"value":"b@example.com"}]}]}"#;
//! let page: ListResponse<UserView<'_>> = serde_json::from_str(body)?;
//! assert_eq!(page.resources[0].user_name.as_deref(), Some("bjé"));
//! assert_eq!(page.resources[0].active, Some(true));
//! assert_eq!(page.resources[0].emails.read()?[0].value.as_deref(), Some("b@example.com"));
//! # Ok::<(), serde_json::Error>(())
//! ```

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

mod lazy;
mod resources;

use crate::resource::wire::{Wire, locate, no_value, simple};

pub use lazy::LazyList;
pub use resources::{AddressView, EnterpriseUserView, GroupView, ManagerView, MetaView, NameView, UserView, ValueView};

/// A value that a member of a view can hold. `None` is the unassigned state.
trait Seen<'de>: Sized {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error>;
}

/// A member of a view.
trait Part<'de>: Sized {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error>;
    /// Remembers its name for errors to come.
    #[inline]
    fn named(self, _name: &'static str) -> Self {
        self
    }
}

impl<'de, T: Seen<'de>> Part<'de> for Option<T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        T::read(deserializer)
    }
}

impl<'de, T: Seen<'de>> Part<'de> for Vec<T> {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

struct PartSeed<T>(PhantomData<T>);

impl<'de, T: Part<'de>> DeserializeSeed<'de> for PartSeed<T> {
    type Value = T;
    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        T::read(deserializer)
    }
}

struct SeenSeed<T>(PhantomData<T>);

impl<'de, T: Seen<'de>> DeserializeSeed<'de> for SeenSeed<T> {
    type Value = Option<T>;
    #[inline]
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Option<T>, D::Error> {
        T::read(deserializer)
    }
}

struct ListVisitor<T>(PhantomData<T>);

impl<'de, T: Seen<'de>> Visitor<'de> for ListVisitor<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }
    fn visit_unit<E: de::Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::with_capacity(2);
        while let Some(element) =
            seq.next_element_seed(SeenSeed::<T>(PhantomData)).map_err(|e| locate(&e, &format!("[{}]", list.len())))?
        {
            list.extend(element);
        }
        Ok(list)
    }
    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Vec<T>, A::Error> {
        Ok(T::read(de::value::MapAccessDeserializer::new(map))?.into_iter().collect())
    }
    fn visit_str<E: de::Error>(self, text: &str) -> Result<Vec<T>, E> {
        Ok(T::read(de::value::StrDeserializer::new(text))?.into_iter().collect())
    }
}

impl<'de> Seen<'de> for bool {
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        <bool as Wire>::read(deserializer)
    }
}

impl<'de> Seen<'de> for Cow<'de, str> {
    #[inline]
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Option<Self>, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Option<Cow<'de, str>>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            #[inline]
            fn visit_borrowed_str<E: de::Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Some(Cow::Borrowed(text)))
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(text.to_owned())))
            }
            fn visit_unit<E: de::Error>(self) -> Result<Self::Value, E> {
                Ok(None)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                no_value(seq, &self).map(|()| None)
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(value.to_string())))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(value.to_string())))
            }
            fn visit_i128<E: de::Error>(self, value: i128) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(value.to_string())))
            }
            fn visit_u128<E: de::Error>(self, value: u128) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(value.to_string())))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(value.to_string())))
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Self::Value, E> {
                Ok(Some(Cow::Owned(value.to_string())))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                simple(map, self)
            }
        }
        deserializer.deserialize_any(Text)
    }
}
