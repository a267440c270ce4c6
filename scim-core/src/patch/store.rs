//! The resource under change: every write leaves a note how to take it back, so that a PATCH is all or nothing
//! without a copy of the resource.

use serde_json::{Map, Value};

use crate::patch::PatchError;
use crate::resource::{entry, get_folded, is_unassigned, spelling};
use crate::schema::Home;
use crate::text::{Text, same_name};

/// An attribute as it is spelt in the resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) extension: Option<Text>,
    pub(super) key: Text,
}

enum Undo {
    /// The attribute held this, or was not there.
    Attribute(Slot, Option<Value>),
    /// The list had this many elements.
    Length(Slot, usize),
    /// These elements were taken out, at these places of the list as it was.
    Removed(Slot, Vec<(usize, Value)>),
    /// The element was this.
    Element(Slot, usize, Value),
    /// The sub-attribute of an element was this, or was not there.
    Sub(Slot, usize, Text, Option<Value>),
}

pub(super) struct Store<'r> {
    resource: &'r mut Map<String, Value>,
    log: Log,
    /// How many writes there were.
    writes: usize,
}

/// The notes, of which the first needs no allocation: most messages write once.
#[derive(Default)]
struct Log {
    first: Option<Undo>,
    rest: Vec<Undo>,
}

impl Log {
    fn push(&mut self, note: Undo) {
        if self.first.is_none() {
            self.first = Some(note);
            return;
        }
        // After an addition at the end the length before the first of several is all that is needed.
        if let (Undo::Length(slot, _), Some(Undo::Length(last, _))) = (&note, self.rest.last().or(self.first.as_ref()))
            && slot == last
        {
            return;
        }
        self.rest.push(note);
    }

    fn pop(&mut self) -> Option<Undo> {
        self.rest.pop().or_else(|| self.first.take())
    }
}

impl<'r> Store<'r> {
    pub(super) fn new(resource: &'r mut Map<String, Value>) -> Self {
        Self { resource, log: Log::default(), writes: 0 }
    }

    /// Whether anything was written.
    pub(super) fn is_changed(&self) -> bool {
        self.writes > 0
    }

    /// How many writes there were.
    pub(super) fn writes(&self) -> usize {
        self.writes
    }

    fn note(&mut self, undo: Undo) {
        self.writes += 1;
        self.log.push(undo);
    }

    /// Where an attribute is, in the spelling that the resource has, else in the schema's.
    pub(super) fn slot(&self, home: Home<'_>, name: &str) -> Slot {
        self.find(home, name).0
    }

    /// Where an attribute is, and its elements.
    pub(super) fn find(&self, home: Home<'_>, name: &str) -> (Slot, &[Value]) {
        let (extension, map) = match home {
            Home::Core => (None, Some(&*self.resource)),
            Home::Extension(uri) => {
                let uri = spelling(self.resource, uri).unwrap_or(uri);
                (Some(uri.into()), self.resource.get(uri).and_then(Value::as_object))
            }
        };
        match map.and_then(|map| entry(map, name)) {
            Some((key, value)) => (Slot { extension, key: Text::from(key) }, elements_of(Some(value))),
            None => (Slot { extension, key: Text::from(name) }, &[]),
        }
    }

    fn map(&self, slot: &Slot) -> Option<&Map<String, Value>> {
        match &slot.extension {
            None => Some(self.resource),
            Some(uri) => self.resource.get(uri.as_str())?.as_object(),
        }
    }

    fn map_mut(&mut self, slot: &Slot) -> Option<&mut Map<String, Value>> {
        match &slot.extension {
            None => Some(self.resource),
            Some(uri) => self.resource.get_mut(uri.as_str())?.as_object_mut(),
        }
    }

    /// What the attribute holds; `None` if it is unassigned.
    pub(super) fn get(&self, slot: &Slot) -> Option<&Value> {
        self.map(slot)?.get(slot.key.as_str()).filter(|value| !is_unassigned(value))
    }

    /// The elements of an attribute; a single value counts as one.
    pub(super) fn elements(&self, slot: &Slot) -> &[Value] {
        elements_of(self.map(slot).and_then(|map| map.get(slot.key.as_str())))
    }

    /// Sets the attribute, or takes it away.
    pub(super) fn set(&mut self, slot: &Slot, value: Option<Value>) {
        if let Some(uri) = &slot.extension
            && !self.resource.get(uri.as_str()).is_some_and(Value::is_object)
        {
            if value.is_none() {
                return;
            }
            let old = self.resource.insert(uri.to_string(), Value::Object(Map::new()));
            self.note(Undo::Attribute(Slot { extension: None, key: uri.clone() }, old));
        }
        let Some(map) = self.map_mut(slot) else {
            return;
        };
        let old = put(map, &slot.key, value);
        self.note(Undo::Attribute(slot.clone(), old));
    }

    /// Puts elements behind those that are there.
    pub(super) fn append(&mut self, slot: &Slot, elements: Vec<Value>) {
        let list = match self.map_mut(slot).and_then(|map| map.get_mut(slot.key.as_str())) {
            Some(Value::Array(list)) => list,
            Some(single) if !is_unassigned(single) => {
                let mut list = vec![single.clone()];
                list.extend(elements);
                return self.set(slot, Some(Value::Array(list)));
            }
            _ => return self.set(slot, Some(Value::Array(elements))),
        };
        let length = list.len();
        list.extend(elements);
        self.note(Undo::Length(slot.clone(), length));
    }

    /// Takes elements out; `places` ascend.
    pub(super) fn remove_elements(&mut self, slot: &Slot, places: &[usize]) {
        if places.is_empty() {
            return;
        }
        if places.len() >= self.elements(slot).len() {
            return self.set(slot, None);
        }
        let Some(Value::Array(list)) = self.map_mut(slot).and_then(|map| map.get_mut(slot.key.as_str())) else {
            return;
        };
        let removed = match places {
            [one] if *one < list.len() => vec![(*one, list.remove(*one))],
            many => {
                let mut removed = Vec::with_capacity(many.len());
                let mut next = many.iter().copied().peekable();
                let mut kept = Vec::with_capacity(list.len());
                for (at, element) in std::mem::take(list).into_iter().enumerate() {
                    if next.next_if_eq(&at).is_some() {
                        removed.push((at, element));
                    } else {
                        kept.push(element);
                    }
                }
                *list = kept;
                removed
            }
        };
        self.note(Undo::Removed(slot.clone(), removed));
    }

    /// Replaces one element.
    pub(super) fn set_element(&mut self, slot: &Slot, at: usize, value: Value) {
        match self.map_mut(slot).and_then(|map| map.get_mut(slot.key.as_str())) {
            Some(Value::Array(list)) => {
                if let Some(element) = list.get_mut(at) {
                    let old = std::mem::replace(element, value);
                    self.note(Undo::Element(slot.clone(), at, old));
                }
            }
            _ => self.set(slot, Some(value)),
        }
    }

    /// Changes a sub-attribute of one element: `decide` sees what it holds and says what it is to hold, null for
    /// nothing, `None` for no change. Tells whether the element is left without values; `None` if it is no object.
    pub(super) fn change_sub(
        &mut self,
        slot: &Slot,
        at: usize,
        name: &str,
        decide: impl FnOnce(Option<&Value>) -> Result<Option<Value>, PatchError>,
    ) -> Option<Result<bool, PatchError>> {
        let element = match self.map_mut(slot)?.get_mut(slot.key.as_str())? {
            Value::Array(list) => list.get_mut(at)?,
            single => single,
        };
        let element = element.as_object_mut()?;
        let (key, place) = match element.get_mut(name) {
            Some(place) => (Text::from(name), Some(place)),
            None => match element.iter_mut().find(|(key, _)| same_name(key, name)) {
                Some((key, place)) => (Text::from(key), Some(place)),
                None => (Text::from(name), None),
            },
        };
        let new = match decide(place.as_deref().filter(|value| !is_unassigned(value))) {
            Ok(Some(new)) => new,
            Ok(None) => return Some(Ok(false)),
            Err(error) => return Some(Err(error)),
        };
        let removes = new.is_null();
        let old = match place {
            Some(place) if !removes => Some(std::mem::replace(place, new)),
            Some(_) => element.remove(key.as_str()),
            None if !removes => element.insert(key.to_string(), new),
            None => None,
        };
        let is_empty = removes && element.values().all(is_unassigned);
        self.note(Undo::Sub(slot.clone(), at, key, old));
        Some(Ok(is_empty))
    }

    /// The names of the members of an extension that hold something.
    pub(super) fn names_in(&self, uri: &str) -> Vec<String> {
        let members = get_folded(self.resource, uri).and_then(Value::as_object).into_iter().flatten();
        members.filter(|(_, value)| !is_unassigned(value)).map(|(name, _)| name.clone()).collect()
    }

    /// Whether an object with values stands under that name.
    pub(super) fn holds_object(&self, name: &str) -> bool {
        get_folded(self.resource, name).is_some_and(|value| value.is_object() && says_anything(value))
    }

    /// Keeps `schemas` in step with an extension (RFC 7644 §3.5.2.1): its URI is there exactly while the
    /// extension holds something.
    pub(super) fn settle_extension(&mut self, uri: &str) {
        let held = self.holds_object(uri);
        let schemas = self.slot(Home::Core, "schemas");
        let known = self.elements(&schemas).iter().position(|v| v.as_str().is_some_and(|v| same_name(v, uri)));
        match (held, known) {
            (true, None) => self.append(&schemas, vec![Value::from(uri)]),
            (false, known) => {
                let container = self.slot(Home::Core, uri);
                if self.resource.contains_key(container.key.as_str()) {
                    self.set(&container, None);
                    if let Some(at) = known {
                        self.remove_elements(&schemas, &[at]);
                    }
                }
            }
            (true, Some(_)) => {}
        }
    }

    /// Takes every write back, the last one first.
    pub(super) fn roll_back(mut self) {
        while let Some(note) = self.log.pop() {
            match note {
                Undo::Attribute(slot, old) => {
                    if let Some(map) = self.map_mut(&slot) {
                        put(map, &slot.key, old);
                    }
                }
                Undo::Length(slot, length) => {
                    if let Some(list) = self.list_mut(&slot) {
                        list.truncate(length);
                    }
                }
                Undo::Removed(slot, removed) => {
                    if let Some(list) = self.list_mut(&slot) {
                        *list = merge(std::mem::take(list), removed);
                    }
                }
                Undo::Element(slot, at, old) => {
                    if let Some(element) = self.list_mut(&slot).and_then(|list| list.get_mut(at)) {
                        *element = old;
                    }
                }
                Undo::Sub(slot, at, key, old) => {
                    let element = match self.map_mut(&slot).and_then(|map| map.get_mut(slot.key.as_str())) {
                        Some(Value::Array(list)) => list.get_mut(at),
                        single => single,
                    };
                    if let Some(Value::Object(element)) = element {
                        put(element, &key, old);
                    }
                }
            }
        }
    }

    fn list_mut(&mut self, slot: &Slot) -> Option<&mut Vec<Value>> {
        self.map_mut(slot)?.get_mut(slot.key.as_str())?.as_array_mut()
    }
}

fn elements_of(value: Option<&Value>) -> &[Value] {
    match value.filter(|value| !is_unassigned(value)) {
        None => &[],
        Some(Value::Array(list)) => list,
        Some(single) => std::slice::from_ref(single),
    }
}

/// Whether there is a value at any depth.
fn says_anything(value: &Value) -> bool {
    match value {
        Value::Null => false,
        Value::Array(list) => list.iter().any(says_anything),
        Value::Object(map) => map.values().any(says_anything),
        _ => true,
    }
}

/// Sets or takes away a member and returns what stood there; a name that is there is not copied.
fn put(map: &mut Map<String, Value>, name: &str, value: Option<Value>) -> Option<Value> {
    match (value, map.get_mut(name)) {
        (Some(value), Some(place)) => Some(std::mem::replace(place, value)),
        (Some(value), None) => map.insert(name.to_owned(), value),
        (None, _) => map.remove(name),
    }
}

/// Puts removed elements back at the places that they had.
fn merge(kept: Vec<Value>, removed: Vec<(usize, Value)>) -> Vec<Value> {
    let mut out = Vec::with_capacity(kept.len() + removed.len());
    let mut kept = kept.into_iter();
    for (at, element) in removed {
        out.extend(kept.by_ref().take(at.saturating_sub(out.len())));
        out.push(element);
    }
    out.extend(kept);
    out
}
