//! A quick look at a page of a list: whether everything on it is valid, and the ids.
//!
//! authentik lists all remote resources in every page task, so almost every page holds nothing new.
//! Such a page is read here without keeping anything but ids; whatever is not plainly valid is left
//! to [`payload`](super::payload), which also knows how to complain.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::super::state::Kind;
use super::payload::{is_email, is_email_type};

/// A page without a fault.
pub(super) struct Page<'a> {
    pub(super) total: u64,
    pub(super) ids: Vec<Cow<'a, str>>,
}

/// The page, if it has a total and every resource on it has an id and is plainly valid.
pub(super) fn page(kind: Kind, answer: &[u8]) -> Option<Page<'_>> {
    let text = std::str::from_utf8(answer).ok()?;
    let mut reader = serde_json::Deserializer::from_str(text);
    let page = reader.deserialize_map(PageVisitor(kind)).ok()?;
    reader.end().ok()?;
    Some(page)
}

struct PageVisitor(Kind);

impl<'de> Visitor<'de> for PageVisitor {
    type Value = Page<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a page of a list")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut total, mut ids) = (None, None);
        while let Some(name) = map.next_key()? {
            match name {
                Key::TotalResults => total = Some(map.next_value()?),
                Key::Resources => ids = Some(map.next_value_seed(Resources(self.0))?),
                _ => ignore(&mut map)?,
            }
        }
        match (total, ids) {
            (Some(total), Some(ids)) => Ok(Page { total, ids }),
            _ => Err(A::Error::custom("no page")),
        }
    }
}

/// The members that are looked at.
#[derive(serde::Deserialize)]
#[serde(field_identifier)]
enum Key {
    #[serde(rename = "totalResults")]
    TotalResults,
    Resources,
    #[serde(rename = "id")]
    Id,
    #[serde(rename = "userName")]
    UserName,
    #[serde(rename = "displayName")]
    DisplayName,
    #[serde(rename = "name")]
    Name,
    #[serde(rename = "emails")]
    Emails,
    #[serde(rename = "groups")]
    Groups,
    #[serde(rename = "members")]
    Members,
    #[serde(rename = "value")]
    Value,
    #[serde(rename = "type")]
    Type,
    #[serde(other)]
    Other,
}

fn ignore<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

/// Reads a value that may be null.
fn valid<'de, T: Deserialize<'de>, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<Option<T>>().map(|_| ())
}

/// A string; borrowed where nothing in it is escaped.
#[derive(serde::Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// An object, whatever is in it.
struct Object;

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(self)
    }
}

/// A valid e-mail address.
struct Email;

impl<'de> Deserialize<'de> for Email {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Self)
    }
}

impl<'de> Visitor<'de> for Email {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an e-mail address")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self, A::Error> {
        while let Some(name) = map.next_key()? {
            match name {
                Key::Value if is_email(&map.next_value::<Text<'de>>()?.0) => {}
                Key::Type if map.next_value::<Option<Text<'de>>>()?.is_none_or(|kind| is_email_type(&kind.0)) => {}
                Key::Value | Key::Type => return Err(A::Error::custom("invalid")),
                _ => ignore(&mut map)?,
            }
        }
        Ok(self)
    }
}

/// A list of which nothing is kept.
struct Each<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Each<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Self(PhantomData))
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Each<T> {
    type Value = Self;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self, A::Error> {
        while list.next_element::<T>()?.is_some() {}
        Ok(self)
    }
}

struct Resources(Kind);

impl<'de> DeserializeSeed<'de> for Resources {
    type Value = Vec<Cow<'de, str>>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for Resources {
    type Value = Vec<Cow<'de, str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of resources")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut ids = Vec::new();
        while let Some(id) = list.next_element_seed(Resource(self.0))? {
            ids.push(id);
        }
        Ok(ids)
    }
}

/// One resource; its id is what is left of it.
struct Resource(Kind);

impl<'de> DeserializeSeed<'de> for Resource {
    type Value = Cow<'de, str>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de> Visitor<'de> for Resource {
    type Value = Cow<'de, str>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a resource")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let (mut id, mut named) = (None, false);
        while let Some(name) = map.next_key()? {
            match (self.0, name) {
                (_, Key::Id) => id = Some(map.next_value::<Text<'de>>()?.0),
                (Kind::User, Key::UserName) | (Kind::Group, Key::DisplayName) => {
                    map.next_value::<Text<'de>>()?;
                    named = true;
                }
                (Kind::User, Key::Name) => valid::<Object, A>(&mut map)?,
                (Kind::User, Key::Emails) => valid::<Each<Email>, A>(&mut map)?,
                (Kind::User, Key::Groups) | (Kind::Group, Key::Members) => {
                    valid::<Each<Object>, A>(&mut map)?;
                }
                _ => ignore(&mut map)?,
            }
        }
        id.filter(|_| named).ok_or_else(|| A::Error::custom("invalid"))
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::json::Json;
    use super::super::payload::{check_group, check_user};
    use super::*;

    fn ids(kind: Kind, resource: &str) -> Option<Vec<String>> {
        let answer = format!(r#"{{"schemas":["x"],"totalResults":7,"Resources":[{resource}],"itemsPerPage":1}}"#);
        let page = page(kind, answer.as_bytes())?;
        assert_eq!(page.total, 7);
        Some(page.ids.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn it_takes_for_valid_what_the_model_takes_for_valid() {
        // Each fragment alone beside what every resource needs.
        let fragments = [
            r#""x":1"#,
            r#""name":null"#,
            r#""name":{"givenName":1}"#,
            r#""name":"n""#,
            r#""name":["n"]"#,
            r#""emails":null"#,
            r#""emails":{}"#,
            r#""emails":[]"#,
            r#""emails":[{"value":"a@b.test","type":"work","primary":true,"display":null}]"#,
            r#""emails":[{"value":"a@b.test","type":null}, {}]"#,
            r#""emails":[{"value":"a@b.test","type":"private"}]"#,
            r#""emails":[{"value":"a@b.test","type":1}]"#,
            r#""emails":[{"value":null}]"#,
            r#""emails":[{"value":"no address"}]"#,
            r#""emails":[["a@b.test"]]"#,
            r#""emails":["a@b.test"]"#,
            r#""groups":null"#,
            r#""groups":[{"value":"g"}]"#,
            r#""groups":["g"]"#,
            r#""groups":[["g"]]"#,
            r#""members":[{"value":"u"}]"#,
            r#""members":["u"]"#,
            r#""userName":5"#,
            r#""displayName":null"#,
        ];
        for fragment in fragments {
            for (kind, name) in [(Kind::User, "userName"), (Kind::Group, "displayName")] {
                let resource = format!(r#"{{"id":"1","{name}":"n",{fragment}}}"#);
                let document: Json = serde_json::from_str(&resource).unwrap();
                let valid = match kind {
                    Kind::User => check_user(&document),
                    Kind::Group => check_group(&document),
                };
                assert_eq!(ids(kind, &resource).is_some(), valid.is_ok(), "{kind:?} {resource}");
            }
        }
    }

    #[test]
    fn ids_are_read_and_what_is_no_page_is_left_alone() {
        let both = r#"{"userName":"\u0061","id":"\u0062"},{"id":"c","userName":"d"}"#;
        assert_eq!(ids(Kind::User, both), Some(vec!["b".to_owned(), "c".to_owned()]));
        assert_eq!(ids(Kind::User, r#"{"userName":"a"}"#), None);
        assert_eq!(ids(Kind::User, r#"{"id":1,"userName":"a"}"#), None);
        assert_eq!(ids(Kind::User, r#"{"id":"1"}"#), None);
        assert_eq!(ids(Kind::User, r#"["1","a"]"#), None);
        let page = |text: &str| page(Kind::User, text.as_bytes()).map(|page| page.ids.len());
        assert_eq!(page(r#"{"totalResults":1,"Resources":[]}"#), Some(0));
        for odd in [
            r#"{"totalResults":"1","Resources":[]}"#,
            r#"{"totalResults":1}"#,
            r#"{"Resources":[]}"#,
            r#"{"totalResults":1,"Resources":[]} x"#,
            "[1,[]]",
            "<html>",
        ] {
            assert_eq!(page(odd), None, "{odd}");
        }
    }
}
