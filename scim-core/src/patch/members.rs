//! Adding to long lists: which of the new elements are there already.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use serde_json::Value;

use crate::patch::equal::{canonical, same_value};
use crate::patch::store::Slot;
use crate::resource::get_folded;

/// The text by which an element of a keyed list is known.
pub(crate) fn key_of(element: &Value) -> Option<&str> {
    match element {
        Value::Object(map) => get_folded(map, "value")?.as_str(),
        Value::String(text) => Some(text),
        _ => None,
    }
}

/// Whether the text by which an element is known meets a condition. Values are looked at before their names: most
/// elements are told apart by them, and each name is one more place in memory.
#[inline]
pub(super) fn key_meets(element: &Value, condition: impl Fn(&str) -> bool) -> bool {
    match element {
        Value::Object(map) => {
            let may = |(name, value): (&String, &Value)| {
                name.len() == "value".len() && matches!(value, Value::String(text) if condition(text))
            };
            map.iter().any(may) && key_of(element).is_some_and(condition)
        }
        Value::String(text) => condition(text),
        _ => false,
    }
}

/// Remembers the keys of one list from operation to operation: 100 operations that add one member each to a
/// group of 10,000 stay linear.
pub(super) struct KeyIndex {
    /// The list that is known.
    known: Option<(Slot, Index)>,
    /// How many additions still look through the list before its keys are learnt. One at first, because most messages
    /// have one; more once keys were learnt and forgotten.
    scans: usize,
}

/// Learning the keys of a list costs as much as looking through it this often.
const SCANS_PER_INDEX: usize = 32;

impl Default for KeyIndex {
    fn default() -> Self {
        Self { known: None, scans: 1 }
    }
}

/// What is known of one list.
#[derive(Default)]
struct Index {
    hasher: RandomState,
    /// Hash of a key to its place in the list.
    places: HashMap<u64, usize>,
    keyless: Keyless,
}

impl Index {
    fn of(list: &[Value]) -> Self {
        let hasher = RandomState::new();
        let keys = list.iter().enumerate().filter_map(|(at, element)| Some((hasher.hash_one(key_of(element)?), at)));
        Self { places: keys.collect(), keyless: Keyless::of(list), hasher }
    }
}

/// The elements without a key: they are known by everything that they say.
#[derive(Default)]
struct Keyless(HashSet<String>);

impl Keyless {
    fn of(list: &[Value]) -> Self {
        Self(list.iter().filter(|element| key_of(element).is_none()).map(canonical).collect())
    }

    /// Whether it was not there yet.
    fn insert(&mut self, element: &Value) -> bool {
        self.0.insert(canonical(element))
    }
}

impl KeyIndex {
    /// The list has changed otherwise than by additions.
    pub(super) fn forget(&mut self, slot: &Slot) {
        if self.known.as_ref().is_some_and(|(known, _)| known == slot) {
            self.forget_all();
        }
    }

    /// What was learnt in vain is not learnt again at once: messages that add and remove in turn look through the list.
    pub(super) fn forget_all(&mut self) {
        if self.known.take().is_some() {
            self.scans = SCANS_PER_INDEX;
        }
    }

    /// Takes out the new elements whose key is there, or appears twice, and those without a key that equal one that is
    /// there. The second result tells whether one of those with a key differed from the element that is there.
    pub(super) fn without_known(&mut self, slot: &Slot, list: &[Value], mut new: Vec<Value>) -> (Vec<Value>, bool) {
        if self.known.as_ref().is_some_and(|(known, _)| known != slot) {
            self.forget_all();
        }
        if self.known.is_none() && self.scans > 0 {
            self.scans -= 1;
            return scan(list, new);
        }
        let mut differs = false;
        let (_, Index { hasher, places, keyless }) = self.known.get_or_insert_with(|| (slot.clone(), Index::of(list)));
        let mut next = list.len();
        let is_one = new.len() == 1;
        let mut added: HashSet<String> = HashSet::new();
        new.retain(|element| {
            let Some(key) = key_of(element) else {
                let is_new = keyless.insert(element);
                next += usize::from(is_new);
                return is_new;
            };
            let hash = hasher.hash_one(key);
            match places.get(&hash).and_then(|&at| list.get(at)) {
                Some(known) if key_of(known) == Some(key) => {
                    differs |= !same_value(known, element);
                    return false;
                }
                // Two keys with one hash: look at all of them.
                Some(_) if list.iter().any(|e| key_of(e) == Some(key)) => return false,
                _ => {}
            }
            if !is_one && !added.insert(key.to_owned()) {
                return false;
            }
            places.insert(hash, next);
            next += 1;
            true
        });
        (new, differs)
    }
}

/// As [`KeyIndex::without_known`], by looking through the list.
fn scan(list: &[Value], new: Vec<Value>) -> (Vec<Value>, bool) {
    let [only] = new.as_slice() else {
        return keep_unknown(list, new);
    };
    let known = match key_of(only) {
        Some(key) => list.iter().find(|element| key_meets(element, |held| held == key)),
        None => list.iter().find(|element| same_value(element, only)),
    };
    match known {
        Some(known) => (Vec::new(), !same_value(known, only)),
        None => (new, false),
    }
}

/// One pass over a long list with a small set of new keys: a bit per key decides for almost every element.
fn keep_unknown(list: &[Value], mut new: Vec<Value>) -> (Vec<Value>, bool) {
    let bits = (new.len() * 64).next_power_of_two().clamp(4096, 1 << 22);
    let mut sketch = vec![0_u64; bits / 64];
    let shift = 64 - bits.trailing_zeros();
    let place = |key: &str| {
        let hash = tail(key).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> shift;
        usize::try_from(hash).unwrap_or_default()
    };
    let mut wanted: HashMap<&str, (usize, bool)> = HashMap::with_capacity(new.len());
    let mut keyless: Option<Keyless> = None;
    let mut twice = vec![false; new.len()];
    for (at, element) in new.iter().enumerate() {
        let Some(key) = key_of(element) else {
            let is_new = keyless.get_or_insert_with(|| Keyless::of(list)).insert(element);
            if let Some(flag) = twice.get_mut(at) {
                *flag = !is_new;
            }
            continue;
        };
        if let Some(word) = sketch.get_mut(place(key) / 64) {
            *word |= 1 << (place(key) % 64);
        }
        match wanted.entry(key) {
            std::collections::hash_map::Entry::Occupied(_) => {
                if let Some(flag) = twice.get_mut(at) {
                    *flag = true;
                }
            }
            std::collections::hash_map::Entry::Vacant(entry) => drop(entry.insert((at, false))),
        }
    }
    let mut differs = false;
    let may_be_wanted = |key: &str| {
        let bit = place(key);
        sketch.get(bit / 64).is_some_and(|word| word >> (bit % 64) & 1 == 1)
    };
    for element in list.iter().filter(|element| key_meets(element, may_be_wanted)) {
        if let Some((at, known)) = key_of(element).and_then(|key| wanted.get_mut(key)) {
            *known = true;
            differs |= new.get(*at).is_some_and(|new| !same_value(new, element));
        }
    }
    for (at, known) in wanted.into_values() {
        if let Some(flag) = twice.get_mut(at) {
            *flag |= known;
        }
    }
    let mut drop_it = twice.into_iter();
    new.retain(|_| !drop_it.next().unwrap_or(false));
    (new, differs)
}

/// The last eight bytes of a key and its length: enough to tell UUIDs, numbers and names apart.
fn tail(key: &str) -> u64 {
    let bytes = key.as_bytes();
    let last = bytes
        .last_chunk::<8>()
        .map_or_else(|| bytes.iter().fold(0, |sum, &b| sum << 8 | u64::from(b)), |chunk| u64::from_le_bytes(*chunk));
    last ^ bytes.len() as u64
}

/// Takes out the new elements that equal one that is there, or one before them.
pub(super) fn without_equal(list: &[Value], mut new: Vec<Value>) -> Vec<Value> {
    if list.len().saturating_mul(new.len()) <= 4096 {
        let mut out: Vec<Value> = Vec::with_capacity(new.len());
        for element in new {
            let known = list.iter().chain(&out).any(|known| same_value(known, &element));
            if !known {
                out.push(element);
            }
        }
        return out;
    }
    if let [one] = new.as_slice() {
        return if list.iter().any(|known| same_value(known, one)) { Vec::new() } else { new };
    }
    let mut known: HashSet<String> = list.iter().map(canonical).collect();
    new.retain(|element| known.insert(canonical(element)));
    new
}

/// The elements of a list whose key appears for the first time, or that are new if they have none.
pub(super) fn once_each(new: Vec<Value>) -> Vec<Value> {
    keep_unknown(&[], new).0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Members that come and go in turn: the keys of the list are learnt once in so many additions, not at each.
    #[test]
    fn keys_are_learnt_again_after_many_scans_only() {
        let slot = Slot { extension: None, key: "members".into() };
        let list = [json!({"value": "a"})];
        let mut index = KeyIndex::default();
        let learnings = (0..10 * SCANS_PER_INDEX)
            .filter(|_| {
                let (new, differs) = index.without_known(&slot, &list, vec![json!({"value": "b"})]);
                assert_eq!((new.len(), differs), (1, false));
                let learnt = index.known.is_some();
                index.forget(&slot);
                learnt
            })
            .count();
        assert_eq!(learnings, 10);
    }
}
