//! Members of an object by their names, which have no case (RFC 7643 §2.1).

use std::collections::HashMap;

use serde_json::{Map, Value};

use crate::text::same_name;

/// The member of that name in any case: the exact spelling first, which is the ordinary case.
#[inline]
pub(crate) fn get_folded<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    entry(map, name).map(|(_, value)| value)
}

/// As [`get_folded`], with the spelling that the map has.
pub(crate) fn entry<'a>(map: &'a Map<String, Value>, name: &str) -> Option<(&'a str, &'a Value)> {
    let found = map.get_key_value(name).or_else(|| map.iter().find(|(key, _)| same_name(key, name)));
    found.map(|(key, value)| (key.as_str(), value))
}

/// The spelling in which the map holds that name.
pub(crate) fn spelling<'a>(map: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    entry(map, name).map(|(key, _)| key)
}

/// The members of an object by their names without case, which are learnt when a spelling is met that is not there.
pub(crate) struct FoldedNames<'v> {
    map: &'v Map<String, Value>,
    folded: Option<HashMap<String, &'v Value>>,
}

/// How many members are looked through for one name: to learn them all takes longer.
const FEW: usize = 32;

impl<'v> FoldedNames<'v> {
    pub(crate) fn of(map: &'v Map<String, Value>) -> Self {
        Self { map, folded: None }
    }

    /// As [`get_folded`].
    pub(crate) fn find(&mut self, name: &str) -> Option<&'v Value> {
        if self.map.len() <= FEW {
            return get_folded(self.map, name);
        }
        if let Some(value) = self.map.get(name) {
            return Some(value);
        }
        let map = self.map;
        let folded = self
            .folded
            .get_or_insert_with(|| map.iter().rev().map(|(name, value)| (name.to_ascii_lowercase(), value)).collect());
        folded.get(&name.to_ascii_lowercase()).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exact_spelling_comes_first_in_maps_of_any_size() {
        for others in [0, 2, 3, 10, 30, 31, 100] {
            let mut map: Map<String, Value> = (0..others).map(|i| (format!("other{i}"), Value::from(i))).collect();
            assert_eq!(get_folded(&map, "title"), None, "{others}");
            map.insert("TITLE".into(), Value::from("capitals"));
            assert_eq!(get_folded(&map, "title"), Some(&Value::from("capitals")), "{others}");
            map.insert("title".into(), Value::from("exact"));
            assert_eq!(get_folded(&map, "title"), Some(&Value::from("exact")), "{others}");
            assert_eq!(get_folded(&map, "tITLE"), Some(&Value::from("capitals")), "{others}");
            assert_eq!(get_folded(&map, "titles"), None, "{others}");
        }
    }

    #[test]
    fn names_are_found_as_by_looking_through() {
        for count in [3_u32, 100] {
            let mut map: Map<String, Value> = (0..count).map(|at| (format!("name{at}"), Value::from(at))).collect();
            map.extend([("NAME1".to_owned(), Value::from("other")), ("Zoë".to_owned(), Value::from("z"))]);
            let mut names = FoldedNames::of(&map);
            for name in ["name1", "Name1", "NAME1", "nAME2", "zoë", "ZOË", "name", ""] {
                assert_eq!(names.find(name), get_folded(&map, name), "{name}");
            }
        }
    }
}
