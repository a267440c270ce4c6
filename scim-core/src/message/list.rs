use std::fmt;
use std::marker::PhantomData;

use serde::de::{self, Deserialize, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::LIST_RESPONSE;
use crate::Text;
use crate::resource::Extra;
use crate::resource::wire::{Field, FieldSeed, check_spellings, keep, locate, named_twice};

/// A page of resources (RFC 7644 §3.4.2, RFC 9865 §2).
///
/// Read leniently: counts as numbers or text, `Resources` in any case, absent or `null`. The counts are
/// what the server says, not what is true: a page may be shorter than asked for, `totalResults` may
/// change from page to page, and RFC 9865 lets it be absent.
///
/// `T` may borrow from the body, see [`resource::view`](crate::resource::view), and may be
/// [`Resource`](crate::resource::Resource) where users and groups are mixed (RFC 7644 §3.4.2.1).
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ListResponse<T> {
    /// Matches in all; RFC 9865 lets a server with cursors leave it out.
    pub total_results: Option<u64>,
    /// Index of the first resource, from 1.
    pub start_index: Option<u64>,
    /// Resources in this page, as the server says. Several servers echo the request's `count`.
    pub items_per_page: Option<u64>,
    /// Cursor of the next page; absent on the last page only.
    pub next_cursor: Option<Text>,
    /// Cursor of the page before.
    pub previous_cursor: Option<Text>,
    /// The resources.
    pub resources: Vec<T>,
    /// Members that this type does not know, as they came.
    pub extra: Extra,
}

impl<T> Default for ListResponse<T> {
    fn default() -> Self {
        Self {
            total_results: None,
            start_index: None,
            items_per_page: None,
            next_cursor: None,
            previous_cursor: None,
            resources: Vec::new(),
            extra: Extra::default(),
        }
    }
}

impl<T> ListResponse<T> {
    /// A page of an index-paged list: `start_index` counts from 1, `total` is all matches.
    pub fn page(resources: Vec<T>, start_index: u64, total: u64) -> Self {
        Self {
            total_results: Some(total),
            start_index: Some(start_index),
            items_per_page: Some(resources.len() as u64),
            resources,
            ..Self::default()
        }
    }

    /// A list in one page.
    pub fn complete(resources: Vec<T>) -> Self {
        let total = resources.len() as u64;
        Self::page(resources, 1, total)
    }

    /// The same page with other resources.
    pub fn map<U>(self, convert: impl FnMut(T) -> U) -> ListResponse<U> {
        ListResponse {
            total_results: self.total_results,
            start_index: self.start_index,
            items_per_page: self.items_per_page,
            next_cursor: self.next_cursor,
            previous_cursor: self.previous_cursor,
            resources: self.resources.into_iter().map(convert).collect(),
            extra: self.extra,
        }
    }
}

impl<T: Serialize> Serialize for ListResponse<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("schemas", &[LIST_RESPONSE])?;
        let counts = [
            ("totalResults", self.total_results),
            ("startIndex", self.start_index),
            ("itemsPerPage", self.items_per_page),
        ];
        for (name, count) in counts {
            if let Some(count) = count {
                map.serialize_entry(name, &count)?;
            }
        }
        for (name, cursor) in [("nextCursor", &self.next_cursor), ("previousCursor", &self.previous_cursor)] {
            if let Some(cursor) = cursor {
                map.serialize_entry(name, cursor)?;
            }
        }
        map.serialize_entry("Resources", &self.resources)?;
        for (name, value) in self.extra.iter() {
            map.serialize_entry(name, value)?;
        }
        map.end()
    }
}

const NAMES: [&str; 7] =
    ["schemas", "totalResults", "startIndex", "itemsPerPage", "nextCursor", "previousCursor", "Resources"];

impl<'de, T: Deserialize<'de>> Deserialize<'de> for ListResponse<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(PageVisitor(PhantomData))
    }
}

struct PageVisitor<T>(PhantomData<T>);

impl<'de, T: Deserialize<'de>> Visitor<'de> for PageVisitor<T> {
    type Value = ListResponse<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a ListResponse object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        fn member<'de, A: MapAccess<'de>, F: Field>(map: &mut A, name: &str) -> Result<F, A::Error> {
            map.next_value_seed(FieldSeed::<F>(PhantomData)).map_err(|e| locate(&e, name))
        }
        let mut page = ListResponse::default();
        let mut seen = [false; NAMES.len()];
        while let Some(name) = map.next_key::<String>()? {
            let Some(at) = NAMES.iter().position(|known| known.eq_ignore_ascii_case(&name)) else {
                keep(&mut map, &mut page.extra, name)?;
                continue;
            };
            if let Some(seen) = seen.get_mut(at)
                && std::mem::replace(seen, true)
            {
                return Err(named_twice(&name));
            }
            match at {
                0 => drop(member::<A, Vec<Text>>(&mut map, "schemas")?),
                1 => page.total_results = member(&mut map, "totalResults")?,
                2 => page.start_index = member(&mut map, "startIndex")?,
                3 => page.items_per_page = member(&mut map, "itemsPerPage")?,
                4 => page.next_cursor = member(&mut map, "nextCursor")?,
                5 => page.previous_cursor = member(&mut map, "previousCursor")?,
                _ => {
                    page.resources =
                        map.next_value_seed(Elements::likely(&page)).map_err(|e| locate(&e, "Resources"))?;
                }
            }
        }
        check_spellings(&page.extra)?;
        Ok(page)
    }
}

/// Reads the resources. The head of a page says as a rule how many there will be; what it says is no promise.
struct Elements<T> {
    likely: usize,
    of: PhantomData<T>,
}

impl<T> Elements<T> {
    /// Most room that is made before a resource has come.
    const MAX_ROOM: u64 = 1024;

    fn likely(page: &ListResponse<T>) -> Self {
        let said = page.items_per_page.or(page.total_results).unwrap_or(0);
        Self { likely: usize::try_from(said.min(Self::MAX_ROOM)).unwrap_or(0), of: PhantomData }
    }
}

impl<'de, T: Deserialize<'de>> DeserializeSeed<'de> for Elements<T> {
    type Value = Vec<T>;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Vec<T>, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<T> {
    type Value = Vec<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of resources")
    }
    fn visit_unit<E: de::Error>(self) -> Result<Vec<T>, E> {
        Ok(Vec::new())
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Vec<T>, A::Error> {
        let mut list = Vec::with_capacity(seq.size_hint().unwrap_or(self.likely).min(1024));
        while let Some(element) = seq.next_element().map_err(|e| locate(&e, &format!("[{}]", list.len())))? {
            list.push(element);
        }
        Ok(list)
    }
}
