//! Where an attribute is, and where it stood in the resource before.

use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Map, Value};

use crate::resource::{get_folded, is_unassigned};
use crate::text::{Text, same_name};

/// Where an attribute is, relative to the object that is looked at.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Place {
    pub(crate) extension: Option<MemberName>,
    pub(crate) name: MemberName,
}

impl Place {
    pub(crate) fn new(extension: Option<&str>, name: &str) -> Self {
        Self { extension: extension.map(MemberName::from), name: MemberName::from(name) }
    }

    /// The value; what is unassigned is not there.
    #[inline]
    pub(crate) fn find<'v>(&self, map: &'v Map<String, Value>) -> Option<&'v Value> {
        let map = match &self.extension {
            None => map,
            Some(urn) => urn.find(map)?.as_object()?,
        };
        self.name.find(map).filter(|value| !is_unassigned(value))
    }
}

/// The name of a member that is looked for in one resource after the other.
///
/// Names are texts of their own, each elsewhere in memory: to read one takes longer than to go through the lengths of all.
/// Resources that one server keeps are much alike: the member is again, say, the second one of that length, and a single name
/// is read.
#[derive(Debug)]
pub(crate) struct MemberName {
    name: Text,
    /// [`Last`] in a word. Only a hint, which nothing else is ordered by.
    last: AtomicUsize,
}

/// Where a member was: how many names of its length come before it, from one end.
#[derive(Debug, Clone, Copy)]
struct Last {
    others: usize,
    from_end: bool,
}

impl Last {
    const UNKNOWN: usize = usize::MAX;

    #[inline]
    fn of(word: usize) -> Option<Self> {
        (word != Self::UNKNOWN).then_some(Self { others: word >> 1, from_end: word & 1 == 1 })
    }

    fn word(self) -> usize {
        self.others << 1 | usize::from(self.from_end)
    }
}

impl From<&str> for MemberName {
    fn from(name: &str) -> Self {
        Self { name: name.into(), last: AtomicUsize::new(Last::UNKNOWN) }
    }
}

impl MemberName {
    /// The member of that name in any case, the exact spelling first: as [`get_folded`].
    #[inline]
    pub(crate) fn find<'v>(&self, map: &'v Map<String, Value>) -> Option<&'v Value> {
        if map.len() > ORDINARY {
            return get_folded(map, &self.name);
        }
        let last = Last::of(self.last.load(Ordering::Relaxed));
        let is_as_long = |(name, _): &(&String, &Value)| name.len() == self.name.len();
        let found = match last {
            Some(Last { others, from_end: false }) => map.iter().filter(is_as_long).nth(others),
            Some(Last { others, from_end: true }) => map.iter().rev().filter(is_as_long).nth(others),
            None => None,
        };
        match found {
            Some((name, value)) if *name == *self.name => Some(value),
            _ => self.find_anew(map, last),
        }
    }

    /// Looks at all members, and keeps where it is from the nearer end, or from the other one if that was of no use.
    #[inline(never)]
    fn find_anew<'v>(&self, map: &'v Map<String, Value>, last: Option<Last>) -> Option<&'v Value> {
        let mut other = None;
        let mut before = 0;
        let mut members = map.iter().enumerate().filter(|(_, (name, _))| name.len() == self.name.len());
        while let Some((at, (name, value))) = members.next() {
            if *name == *self.name {
                let is_nearer_end = at >= map.len() / 2;
                let from_end = is_nearer_end != last.is_some_and(|last| last.from_end == is_nearer_end);
                let others = if from_end { members.count() } else { before };
                self.last.store(Last { others, from_end }.word(), Ordering::Relaxed);
                return Some(value);
            }
            before += 1;
            if other.is_none() && same_name(name, &self.name) {
                other = Some(value);
            }
        }
        other
    }
}

/// How many members a resource has at most in which to go through them is no slower than to search.
const ORDINARY: usize = 32;

impl std::ops::Deref for MemberName {
    type Target = Text;

    fn deref(&self) -> &Text {
        &self.name
    }
}

impl Clone for MemberName {
    fn clone(&self) -> Self {
        Self { name: self.name.clone(), last: AtomicUsize::new(self.last.load(Ordering::Relaxed)) }
    }
}

impl PartialEq for MemberName {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(names: &[&str]) -> Map<String, Value> {
        names.iter().map(|name| ((*name).to_owned(), Value::from(*name))).collect()
    }

    #[test]
    fn finds_what_a_search_finds_whatever_the_last_map_was() {
        const NAMES: [&str; 10] =
            ["a", "title", "TITLE", "Title", "tiger", "tower", "user", "userName", "userType", "zebra"];
        let maps: Vec<_> = (0..1 << NAMES.len())
            .map(|bits: usize| {
                map(&NAMES.iter().enumerate().filter(|(i, _)| bits >> i & 1 == 1).map(|(_, n)| *n).collect::<Vec<_>>())
            })
            .collect();
        for name in ["title", "tITLE", "userType", "zebra", "absent"] {
            let member = MemberName::from(name);
            // One order in which neighbours differ by one name, one in which they differ by many.
            for step in [1, 389] {
                for turn in 0..maps.len() {
                    let map = &maps[turn * step % maps.len()];
                    assert_eq!(member.find(map), get_folded(map, name), "{name} in {map:?}");
                }
            }
        }
    }

    #[test]
    fn a_hint_of_no_use_is_given_up_for_one_from_the_other_end() {
        let name = MemberName::from("userType");
        let hint = || Last::of(name.last.load(Ordering::Relaxed)).map(|last| (last.others, last.from_end));
        assert_eq!(hint(), None);
        name.find(&map(&["active", "userName", "userType"]));
        assert_eq!(hint(), Some((0, true)), "the nearer end");
        name.find(&map(&["active", "userType", "zoneName"]));
        assert_eq!(hint(), Some((0, false)), "the other end");
        name.find(&map(&["active", "title", "userType", "zoneName", "zoneType"]));
        assert_eq!(hint(), Some((0, false)), "still right");
        name.find(&map(&["active"]));
        assert_eq!(hint(), Some((0, false)), "nothing to learn where it is absent");
        assert_eq!(name.clone().find(&map(&["userType"])), Some(&Value::from("userType")));
    }

    #[test]
    fn a_map_of_any_size_is_searched() {
        let names: Vec<String> = (0..100).map(|i| format!("name{i:03}")).collect();
        let all = map(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for name in &names {
            assert_eq!(MemberName::from(name.as_str()).find(&all), Some(&Value::from(name.as_str())));
        }
        assert_eq!(MemberName::from("NAME007").find(&all), Some(&Value::from("name007")));
    }
}
