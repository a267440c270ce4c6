//! Writes to elements that a filter selects and to sub-attributes.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::filter::Filter;
use crate::patch::apply::{Session, short};
use crate::patch::equal::same_value;
use crate::patch::members::key_of;
use crate::patch::merge::{agreeing, checked, merged};
use crate::patch::select::Chosen;
use crate::patch::store::Slot;
use crate::patch::target::described;
use crate::patch::{Op, PatchError};
use crate::quirk::Quirk;
use crate::resource::{get_folded, is_unassigned};
use crate::schema::{Attribute, AttributeType, boolean_in, is_primary};
use crate::text::same_name;

impl Session<'_> {
    /// Elements that a filter selects, or all of them, by their places; as a whole or one sub-attribute of each.
    pub(super) fn elements(
        &mut self,
        op: Op,
        attribute: &Attribute,
        slot: &Slot,
        Chosen { filter, places }: Chosen<'_>,
        sub: Option<&Attribute>,
        value: Option<&Value>,
    ) -> Result<(), PatchError> {
        let assigns = op != Op::Remove;
        if places.is_empty() {
            return match (assigns, sub) {
                (false, _) => Ok(()),
                (true, Some(sub)) if filter.is_none() && !attribute.is_multi_valued() => {
                    let value = self.sub_value(op, sub, value)?;
                    if !is_unassigned(&value) {
                        self.store.set(slot, Some(Value::Object(Map::from_iter([(sub.name().to_owned(), value)]))));
                    }
                    Ok(())
                }
                _ => self.create(attribute, slot, filter, sub, value),
            };
        }
        match (sub, value.filter(|value| !assigns && !value.is_null())) {
            (sub, Some(value)) => {
                let places = self.agreeing_places(attribute, slot, places, sub, value)?;
                match sub {
                    Some(sub) => self.set_subs(op, attribute, slot, &places, sub, None),
                    None => self.take_out(attribute, slot, &places),
                }
            }
            (Some(sub), None) => self.set_subs(op, attribute, slot, places, sub, value),
            (None, None) => self.set_elements(op, attribute, slot, places, value),
        }
    }

    /// `remove` of selected elements with a value: those among them that agree with it.
    fn agreeing_places(
        &mut self,
        attribute: &Attribute,
        slot: &Slot,
        places: &[usize],
        sub: Option<&Attribute>,
        value: &Value,
    ) -> Result<Vec<usize>, PatchError> {
        if !self.conform.allows(Quirk::RemoveWithValue) {
            return Err(PatchError::value("`remove` takes no value; select the elements in the path"));
        }
        let Some(sub) = sub else {
            let mut wanted = Vec::new();
            for given in value.as_array().map_or(std::slice::from_ref(value), Vec::as_slice) {
                wanted.extend(self.conform.selecting(attribute, given)?);
            }
            let agreeing = agreeing(self.store.elements(slot), &wanted)?;
            return Ok(places.iter().copied().filter(|at| agreeing.binary_search(at).is_ok()).collect());
        };
        let wanted = self.conform.single(sub, value)?;
        let list = self.store.elements(slot);
        let agrees = |at: usize| match list.get(at) {
            Some(Value::Object(map)) => get_folded(map, sub.name()).is_some_and(|held| same_value(held, &wanted)),
            _ => false,
        };
        Ok(places.iter().copied().filter(|&at| agrees(at)).collect())
    }

    fn sub_value(&mut self, op: Op, sub: &Attribute, value: Option<&Value>) -> Result<Value, PatchError> {
        match value {
            _ if op == Op::Remove => Ok(Value::Null),
            None | Some(Value::Null) => Ok(Value::Null),
            Some(value) if sub.is_multi_valued() => self.conform.list(sub, value).map(Value::Array),
            Some(value) => self.conform.single(sub, value),
        }
    }

    fn set_subs(
        &mut self,
        op: Op,
        attribute: &Attribute,
        slot: &Slot,
        places: &[usize],
        sub: &Attribute,
        value: Option<&Value>,
    ) -> Result<(), PatchError> {
        if op == Op::Add && value.is_some_and(Value::is_null) {
            return Ok(());
        }
        let mut value = self.sub_value(op, sub, value)?;
        self.charge(&value, places.len())?;
        if same_name(sub.name(), "primary") && value == Value::Bool(true) && attribute.is_multi_valued() {
            match places {
                [one] => self.demote(slot, Some(*one)),
                _ => return Err(PatchError::value(format!("`{}` can have one primary value only", attribute.name()))),
            }
        }
        let list = self.store.elements(slot);
        let is_key = attribute.is_keyed_by_value() && same_name(sub.name(), "value");
        let gets_key = |&at: &usize| is_key && list.get(at).and_then(key_of) != value.as_str();
        let renamed: Vec<usize> = places.iter().copied().filter(gets_key).collect();
        let mut emptied = Vec::new();
        for (nth, &at) in (1_usize..).zip(places) {
            let value = if nth == places.len() { std::mem::take(&mut value) } else { value.clone() };
            // Plain text becomes the object that it stands for.
            if let Some(text @ Value::String(_)) = self.store.elements(slot).get(at)
                && attribute.spelt_out(text).is_object()
            {
                match merged(op, attribute, Some(text), Map::from_iter([(sub.name().to_owned(), value)]))? {
                    Some(members) if members.values().all(is_unassigned) => emptied.push(at),
                    Some(members) => self.store.set_element(slot, at, Value::Object(members)),
                    None => {}
                }
                continue;
            }
            let change = self.store.change_sub(slot, at, sub.name(), |current| checked(op, sub, current, value));
            let Some(is_empty) = change else {
                let name = attribute.name();
                return Err(PatchError::no_target(format!("`{name}` holds a value without sub-attributes")));
            };
            if is_empty? {
                emptied.push(at);
            }
        }
        self.index.forget(slot);
        if emptied.is_empty() {
            self.keep_once(slot, &renamed);
            return Ok(());
        }
        self.take_out(attribute, slot, &emptied)
    }

    fn set_elements(
        &mut self,
        op: Op,
        attribute: &Attribute,
        slot: &Slot,
        places: &[usize],
        value: Option<&Value>,
    ) -> Result<(), PatchError> {
        let value = match value {
            Some(Value::Array(list)) => match list.as_slice() {
                [] => None,
                [one] if self.conform.is_lenient() => Some(one),
                _ => return Err(PatchError::value("one value belongs here, not a list")),
            },
            value => value.filter(|value| !value.is_null()),
        };
        let Some(value) = value.filter(|_| op != Op::Remove) else {
            return if op == Op::Add { Ok(()) } else { self.take_out(attribute, slot, places) };
        };
        let value = match op {
            Op::Add => Some(self.conform.single(attribute, value)?).filter(|value| !is_unassigned(value)),
            _ => self.conform.listed(attribute, value)?,
        };
        let Some(value) = value else {
            // Nothing in place of an element is its removal; nothing merged into it changes nothing.
            return if op == Op::Add { Ok(()) } else { self.take_out(attribute, slot, places) };
        };
        self.check_schemas_unused(attribute, slot, places)?;
        self.charge(&value, places.len())?;
        if is_primary(&value) && attribute.is_multi_valued() {
            match places {
                [one] => self.demote(slot, Some(*one)),
                _ => return Err(PatchError::value(format!("`{}` can have one primary value only", attribute.name()))),
            }
        }
        let mut renamed = Vec::new();
        for &at in places {
            let Some(current) = self.store.elements(slot).get(at) else {
                continue;
            };
            let new = match (op, &value) {
                (Op::Add, Value::Object(members)) => match merged(op, attribute, Some(current), members.clone())? {
                    Some(merged) => Value::Object(merged),
                    None => continue,
                },
                _ => value.clone(),
            };
            if attribute.is_keyed_by_value() && key_of(current) != key_of(&new) {
                renamed.push(at);
            }
            if !same_value(current, &new) {
                self.store.set_element(slot, at, new);
            }
        }
        self.index.forget(slot);
        if op == Op::Replace && !attribute.is_keyed_by_value() {
            // One value was put in the place of all of them.
            let twice = places.get(1..).unwrap_or_default();
            self.store.remove_elements(slot, twice);
            return Ok(());
        }
        self.keep_once(slot, &renamed);
        Ok(())
    }

    /// An element is stored once: of those that got another key, takes out each whose key another one has, which was there
    /// or comes before it.
    fn keep_once(&mut self, slot: &Slot, renamed: &[usize]) {
        if renamed.is_empty() {
            return;
        }
        let list = self.store.elements(slot);
        let mut keys: HashSet<&str> = renamed.iter().filter_map(|&at| key_of(list.get(at)?)).collect();
        let is_renamed = |at: usize| renamed.binary_search(&at).is_ok();
        for (at, key) in list.iter().enumerate().filter_map(|(at, held)| Some((at, key_of(held)?))) {
            if !is_renamed(at) {
                keys.remove(key);
            }
        }
        let is_twice = |&at: &usize| list.get(at).and_then(key_of).is_some_and(|key| !keys.remove(key));
        let twice: Vec<usize> = renamed.iter().copied().filter(is_twice).collect();
        self.store.remove_elements(slot, &twice);
    }

    /// No element matches: an error by the letter (Table 9, `noTarget`). Entra expects a new element that has what
    /// the filter says.
    fn create(
        &mut self,
        attribute: &Attribute,
        slot: &Slot,
        filter: Option<&Filter>,
        sub: Option<&Attribute>,
        value: Option<&Value>,
    ) -> Result<(), PatchError> {
        let nothing = || PatchError::no_target(format!("no value of `{}` matches", short(attribute.name())));
        let (Some(filter), Some(value)) = (filter, value.filter(|value| !is_unassigned(value))) else {
            return Err(nothing());
        };
        let possible = attribute.is_multi_valued()
            && attribute.is_complex()
            && self.conform.tolerated.contains(Quirk::CreateOnUnmatchedFilter);
        let Some(pairs) = described(filter).filter(|_| possible) else {
            return Err(nothing());
        };
        let mut element = Map::new();
        for (name, value) in pairs {
            if let Some(sub) = attribute.sub_attribute(name) {
                if sub.is_read_only() {
                    return Err(nothing());
                }
                let is_boolean = *sub.attribute_type() == AttributeType::Boolean;
                // The filter has read it as the boolean already.
                let value = match value.as_str().and_then(boolean_in).filter(|_| is_boolean) {
                    Some(boolean) => Value::Bool(boolean),
                    None => self.conform.single(sub, &value)?,
                };
                let other = element.insert(sub.name().to_owned(), value.clone());
                if other.is_some_and(|other| !same_value(&other, &value)) {
                    return Err(nothing());
                }
            }
        }
        if let Some(sub) = sub {
            let value = self.sub_value(Op::Add, sub, Some(value))?;
            element.insert(sub.name().to_owned(), value);
        } else {
            let value = match value {
                Value::Array(list) => match list.as_slice() {
                    [one] => one,
                    _ => return Err(nothing()),
                },
                one => one,
            };
            match self.conform.element(attribute, value)? {
                Value::Object(members) => element.extend(members),
                _ => return Err(nothing()),
            }
        }
        let element = Value::Object(element);
        if attribute.is_keyed_by_value()
            && let Some(key) = key_of(&element)
            && self.store.elements(slot).iter().any(|held| key_of(held) == Some(key))
        {
            return Err(nothing());
        }
        self.conform.allows(Quirk::CreateOnUnmatchedFilter);
        if is_primary(&element) {
            self.demote(slot, None);
        }
        self.store.append(slot, vec![element]);
        self.index.forget(slot);
        Ok(())
    }
}
