use std::fmt;
use std::marker::PhantomData;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer};
use serde_json::value::RawValue;

use super::{Part, PartSeed, Seen};
use crate::resource::secret::{Shown, Stars, may_be_secret};
use crate::resource::wire::locate;

/// The elements of a multi-valued attribute, still as JSON: checked to be JSON, read on demand.
///
/// ```
/// use scim_core::resource::view::GroupView;
/// let group: GroupView<'_> = serde_json::from_str(r#"{"displayName":"Ops","members":[{"value":"1"},"2"]}"#)?;
/// assert!(!group.members.is_absent());
/// let ids: Vec<_> = group.members.read()?.into_iter().filter_map(|member| member.value).collect();
/// assert_eq!(ids, ["1", "2"]);
///
/// let broken: GroupView<'_> = serde_json::from_str(r#"{"members":[{"value":{}}]}"#)?;
/// assert!(broken.members.read().unwrap_err().to_string().starts_with("in `members[0].value`: "));
/// # Ok::<(), serde_json::Error>(())
/// ```
pub struct LazyList<'a, T> {
    /// `None`: the attribute was not there, or `null`.
    json: Option<&'a str>,
    /// For errors.
    name: &'static str,
    of: PhantomData<fn() -> T>,
}

impl<'a, T> LazyList<'a, T> {
    /// Whether the attribute was not there, `null` or `[]`, which are one state (RFC 7643 §2.5).
    pub fn is_absent(&self) -> bool {
        self.json.is_none_or(|json| {
            json.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).is_some_and(|inner| inner.trim().is_empty())
        })
    }

    /// The JSON as it came.
    pub fn as_json(&self) -> Option<&'a str> {
        self.json
    }
}

#[expect(private_bounds, reason = "only the views of this module are elements")]
impl<'a, T: Seen<'a>> LazyList<'a, T> {
    /// Reads the elements; absent is no element. One object or text where a list belongs counts as a list of one.
    ///
    /// # Errors
    /// An element has a member of the wrong type, or two spellings of one name.
    pub fn read(&self) -> Result<Vec<T>, serde_json::Error> {
        let Some(json) = self.json else { return Ok(Vec::new()) };
        let mut reader = serde_json::Deserializer::from_str(json);
        PartSeed(PhantomData).deserialize(&mut reader).map_err(|error| locate(&error, self.name))
    }
}

impl<'de, T> Part<'de> for LazyList<'de, T> {
    #[inline]
    fn read<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let json = <&RawValue>::deserialize(deserializer)?.get();
        Ok(Self { json: (json != "null").then_some(json), ..Self::default() })
    }
    #[inline]
    fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }
}

impl<T> Default for LazyList<'_, T> {
    fn default() -> Self {
        Self { json: None, name: "", of: PhantomData }
    }
}

impl<T> Clone for LazyList<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for LazyList<'_, T> {}

/// Equal are lists of the same JSON text.
impl<T> PartialEq for LazyList<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.json == other.json || (self.is_absent() && other.is_absent())
    }
}

impl<T> fmt::Debug for LazyList<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let json = self.json.unwrap_or("[]");
        // A name may be spelt with escapes.
        if !json.contains('\\') && !may_be_secret(json) {
            return f.write_str(json);
        }
        match serde_json::from_str(json) {
            Ok(value) => Shown(&value).fmt(f),
            Err(_) => Stars.fmt(f),
        }
    }
}
