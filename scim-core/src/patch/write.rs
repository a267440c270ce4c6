//! Writes to whole attributes, to selected elements and to sub-attributes.

use serde_json::{Map, Value};

use crate::filter::{ElementMatcher, Filter};
use crate::patch::apply::{Session, short};
use crate::patch::conform::is_primary;
use crate::patch::equal::{same_elements, same_value};
use crate::patch::members::{key_of, without_equal};
use crate::patch::store::Slot;
use crate::patch::target::described;
use crate::patch::{Op, PatchError};
use crate::quirk::Quirk;
use crate::resource::{get_folded, is_unassigned, spelling};
use crate::schema::{Attribute, Located};
use crate::text::same_name;

impl Session<'_> {
    /// An attribute as a whole.
    pub(super) fn whole(&mut self, op: Op, at: Located<'_>, value: Option<&Value>) -> Result<(), PatchError> {
        let attribute = at.attribute;
        if attribute.is_read_only() {
            return Err(PatchError::mutability(format!("`{}` is readOnly", attribute.name())));
        }
        let slot = self.store.slot(at.home, attribute.name());
        let writes = self.store.writes();
        match (op, value) {
            (Op::Remove, None | Some(Value::Null)) => self.unassign(attribute, &slot, PatchError::mutability)?,
            (Op::Remove, Some(value)) => self.remove_values(attribute, &slot, value)?,
            (_, None) => return Err(PatchError::value(format!("`{op}` needs a value"))),
            // Nothing is added.
            (Op::Add, Some(Value::Null)) => {}
            (Op::Add, Some(value)) if attribute.is_multi_valued() => self.add_values(attribute, &slot, value)?,
            (_, Some(value)) if attribute.is_multi_valued() => self.replace_values(attribute, &slot, value)?,
            (_, Some(value)) => self.set_single(op, attribute, &slot, value)?,
        }
        self.settle(at.home, writes);
        Ok(())
    }

    fn set_single(&mut self, op: Op, attribute: &Attribute, slot: &Slot, value: &Value) -> Result<(), PatchError> {
        let value = if is_unassigned(value) && !value.is_object() {
            Value::Null
        } else {
            self.conform.single(attribute, value)?
        };
        match value {
            Value::Null => self.unassign(attribute, slot, PatchError::value),
            Value::Object(members) if attribute.is_complex() => {
                let mut merged = match self.store.get(slot) {
                    Some(Value::Object(current)) => current.clone(),
                    _ => Map::new(),
                };
                if merge(op, attribute, &mut merged, members)? {
                    let empty = merged.values().all(is_unassigned);
                    self.store.set(slot, (!empty).then_some(Value::Object(merged)));
                }
                Ok(())
            }
            value => {
                let current = self.store.get(slot);
                if current.is_some_and(|current| same_value(current, &value)) {
                    return Ok(());
                }
                if attribute.is_immutable() && current.is_some() {
                    return Err(PatchError::mutability(format!("`{}` is immutable and set", attribute.name())));
                }
                self.store.set(slot, Some(value));
                Ok(())
            }
        }
    }

    fn add_values(&mut self, attribute: &Attribute, slot: &Slot, value: &Value) -> Result<(), PatchError> {
        let new = self.conform.list(attribute, value)?;
        if new.is_empty() {
            return Ok(());
        }
        let list = self.store.elements(slot);
        let new = if attribute.is_keyed_by_value() {
            let (new, differs) = self.index.without_known(slot, list, new);
            if differs {
                self.conform.allows(Quirk::MemberIdentity);
            }
            new
        } else {
            without_equal(list, new)
        };
        if new.is_empty() {
            return Ok(());
        }
        if attribute.is_immutable() && !list.is_empty() {
            return Err(PatchError::mutability(format!("`{}` is immutable and set", attribute.name())));
        }
        if new.iter().any(is_primary) {
            self.demote(slot, None);
        }
        self.store.append(slot, new);
        Ok(())
    }

    fn replace_values(&mut self, attribute: &Attribute, slot: &Slot, value: &Value) -> Result<(), PatchError> {
        let new = self.conform.list(attribute, value)?;
        if new.is_empty() {
            return self.unassign(attribute, slot, PatchError::value);
        }
        let new = if attribute.is_keyed_by_value() {
            self.index.forget_all();
            crate::patch::members::once_each(new)
        } else {
            without_equal(&[], new)
        };
        let new = self.with_used_schemas(attribute, slot, new);
        let list = self.store.elements(slot);
        if same_elements(list, &new) {
            return Ok(());
        }
        if attribute.is_immutable() && !list.is_empty() {
            return Err(PatchError::mutability(format!("`{}` is immutable and set", attribute.name())));
        }
        self.store.set(slot, Some(Value::Array(new)));
        self.index.forget(slot);
        Ok(())
    }

    /// `remove` with a value: takes away the elements that agree with it in everything that it says.
    fn remove_values(&mut self, attribute: &Attribute, slot: &Slot, value: &Value) -> Result<(), PatchError> {
        let nested = match value {
            Value::Object(map) if map.len() == 1 => get_folded(map, attribute.name()),
            _ => None,
        };
        let value = match nested {
            Some(inner)
                if attribute.sub_attribute(attribute.name()).is_none()
                    && self.conform.allows(Quirk::SalesforceNestedMembers) =>
            {
                inner
            }
            _ => value,
        };
        if !self.conform.allows(Quirk::RemoveWithValue) {
            return Err(PatchError::value("`remove` takes no value; select the elements in the path"));
        }
        let given = match value {
            Value::Array(list) => list.as_slice(),
            single => std::slice::from_ref(single),
        };
        let mut wanted = Vec::with_capacity(given.len());
        for element in given {
            let element = self.conform.element(attribute, element)?;
            // Something that says nothing would agree with everything.
            if !is_unassigned(&element) {
                wanted.push(element);
            }
        }
        let places = agreeing(self.store.elements(slot), &wanted);
        self.take_out(attribute, slot, &places)
    }

    fn take_out(&mut self, attribute: &Attribute, slot: &Slot, places: &[usize]) -> Result<(), PatchError> {
        if places.is_empty() {
            return Ok(());
        }
        if attribute.is_immutable() {
            return Err(PatchError::mutability(format!("`{}` is immutable and set", attribute.name())));
        }
        self.check_schemas_unused(attribute, slot, places)?;
        if places.len() == self.store.elements(slot).len() {
            return self.unassign(attribute, slot, PatchError::mutability);
        }
        self.store.remove_elements(slot, places);
        self.index.forget(slot);
        Ok(())
    }

    /// At most one element has `primary: true`: takes it from all others (RFC 7644 §3.5.2).
    fn demote(&mut self, slot: &Slot, keep: Option<usize>) {
        let others: Vec<usize> = (0_usize..)
            .zip(self.store.elements(slot))
            .filter(|(at, element)| Some(*at) != keep && is_primary(element))
            .map(|(at, _)| at)
            .collect();
        for at in others {
            self.store.set_sub(slot, at, "primary", Some(Value::Bool(false)));
        }
    }

    /// Elements that a filter selects, or all of them; as a whole or one sub-attribute of each.
    pub(super) fn elements(
        &mut self,
        op: Op,
        attribute: &Attribute,
        slot: &Slot,
        filter: Option<&(&Filter, ElementMatcher)>,
        sub: Option<&Attribute>,
        value: Option<&Value>,
    ) -> Result<(), PatchError> {
        let places = self.select(attribute, slot, filter);
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
                _ => self.create(attribute, slot, filter.map(|(filter, _)| *filter), sub, value),
            };
        }
        if attribute.is_immutable() && (sub.is_none() || filter.is_none()) {
            return Err(PatchError::mutability(format!("`{}` is immutable and set", attribute.name())));
        }
        match (sub, value.filter(|value| !assigns && !value.is_null())) {
            (sub, Some(value)) => {
                let places = self.agreeing_places(attribute, slot, &places, sub, value)?;
                match sub {
                    Some(sub) => self.set_subs(op, attribute, slot, &places, sub, None),
                    None => self.take_out(attribute, slot, &places),
                }
            }
            (Some(sub), None) => self.set_subs(op, attribute, slot, &places, sub, value),
            (None, None) => self.set_elements(op, attribute, slot, &places, value),
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
        let wanted = match sub {
            Some(sub) => vec![self.conform.single(sub, value)?],
            None => self.conform.list(attribute, value)?,
        };
        let list = self.store.elements(slot);
        Ok(places
            .iter()
            .copied()
            .filter(|&at| {
                let element = list.get(at).unwrap_or(&Value::Null);
                match (sub, element) {
                    (Some(sub), Value::Object(map)) => {
                        get_folded(map, sub.name()).is_some_and(|held| wanted.iter().any(|w| same_value(held, w)))
                    }
                    (Some(_), _) => false,
                    (None, element) => !agreeing(std::slice::from_ref(element), &wanted).is_empty(),
                }
            })
            .collect())
    }

    fn select(&self, attribute: &Attribute, slot: &Slot, filter: Option<&(&Filter, ElementMatcher)>) -> Vec<usize> {
        let list = (0_usize..).zip(self.store.elements(slot));
        match filter {
            None => list.map(|(at, _)| at).collect(),
            Some((_, matcher)) => match matcher.by_value() {
                // The everyday case, `members[value eq "2819c223"]`, without the general machinery.
                Some(wanted) if attribute.is_complex() => {
                    let exact = attribute.sub_attribute("value").is_some_and(Attribute::is_case_exact);
                    let same = |key: &str| key == wanted || (!exact && crate::text::eq_folded(key, wanted));
                    list.filter(|(_, element)| key_of(element).is_some_and(same)).map(|(at, _)| at).collect()
                }
                _ => list.filter(|(_, element)| matcher.matches(element)).map(|(at, _)| at).collect(),
            },
        }
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
        let value = self.sub_value(op, sub, value)?;
        self.charge(&value, places.len())?;
        if same_name(sub.name(), "primary") && value == Value::Bool(true) && attribute.is_multi_valued() {
            match places {
                [one] => self.demote(slot, Some(*one)),
                _ => return Err(PatchError::value(format!("`{}` can have one primary value only", attribute.name()))),
            }
        }
        let mut emptied = Vec::new();
        for &at in places {
            let Some(Value::Object(element)) = self.store.elements(slot).get(at) else {
                return Err(PatchError::no_target(format!(
                    "`{}` holds a value without sub-attributes",
                    attribute.name()
                )));
            };
            let current = get_folded(element, sub.name()).filter(|value| !is_unassigned(value));
            let Some(value) = checked(op, sub, current, value.clone())? else {
                continue;
            };
            let others = element.iter().any(|(name, value)| !same_name(name, sub.name()) && !is_unassigned(value));
            if value.is_null() && !others {
                emptied.push(at);
            }
            self.store.set_sub(slot, at, sub.name(), (!value.is_null()).then_some(value));
        }
        if same_name(sub.name(), "value") {
            self.index.forget(slot);
        }
        if emptied.is_empty() { Ok(()) } else { self.take_out(attribute, slot, &emptied) }
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
            Op::Add => self.conform.single(attribute, value)?,
            _ => self.conform.element(attribute, value)?,
        };
        if is_unassigned(&value) {
            // Nothing in place of an element is its removal; nothing merged into it changes nothing.
            return if op == Op::Add { Ok(()) } else { self.take_out(attribute, slot, places) };
        }
        self.check_schemas_unused(attribute, slot, places)?;
        self.charge(&value, places.len())?;
        if is_primary(&value) && attribute.is_multi_valued() {
            match places {
                [one] => self.demote(slot, Some(*one)),
                _ => return Err(PatchError::value(format!("`{}` can have one primary value only", attribute.name()))),
            }
        }
        for &at in places {
            let Some(current) = self.store.elements(slot).get(at) else {
                continue;
            };
            let new = match (op, current, &value) {
                (Op::Add, Value::Object(current), Value::Object(members)) => {
                    let mut merged = current.clone();
                    merge(op, attribute, &mut merged, members.clone())?;
                    Value::Object(merged)
                }
                _ => value.clone(),
            };
            if !same_value(current, &new) {
                self.store.set_element(slot, at, new);
            }
        }
        self.index.forget(slot);
        Ok(())
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
                element.insert(sub.name().to_owned(), self.conform.single(sub, &value)?);
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
        self.conform.allows(Quirk::CreateOnUnmatchedFilter);
        let element = Value::Object(element);
        if is_primary(&element) {
            self.demote(slot, None);
        }
        self.store.append(slot, vec![element]);
        self.index.forget(slot);
        Ok(())
    }
}

/// Places of the elements that agree with one of those given in everything that it says.
fn agreeing(list: &[Value], wanted: &[Value]) -> Vec<usize> {
    let agree = |element: &Value, wanted: &Value| match (element, wanted) {
        (Value::Object(element), Value::Object(wanted)) => wanted
            .iter()
            .filter(|(_, value)| !is_unassigned(value))
            .all(|(name, value)| get_folded(element, name).is_some_and(|held| same_value(held, value))),
        (element, wanted) => same_value(element, wanted),
    };
    let keyed: Option<std::collections::HashMap<&str, Vec<&Value>>> =
        wanted.iter().try_fold(std::collections::HashMap::new(), |mut map, wanted| {
            map.entry(key_of(wanted)?).or_insert_with(Vec::new).push(wanted);
            Some(map)
        });
    (0_usize..)
        .zip(list)
        .filter(|(_, element)| match (&keyed, key_of(element)) {
            (Some(keyed), Some(key)) => {
                keyed.get(key).is_some_and(|those| those.iter().any(|wanted| agree(element, wanted)))
            }
            (Some(_), None) => false,
            (None, _) => wanted.iter().any(|wanted| agree(element, wanted)),
        })
        .map(|(at, _)| at)
        .collect()
}

/// The value that a sub-attribute gets, null to take it away; `None` if nothing changes.
fn checked(op: Op, sub: &Attribute, current: Option<&Value>, value: Value) -> Result<Option<Value>, PatchError> {
    let unassigns = is_unassigned(&value);
    if unassigns && (current.is_none() || op == Op::Add) {
        return Ok(None);
    }
    if !unassigns && current.is_some_and(|current| same_value(current, &value)) {
        return Ok(None);
    }
    if sub.is_immutable() && current.is_some() {
        return Err(PatchError::mutability(format!("`{}` is immutable and set", sub.name())));
    }
    if unassigns {
        if sub.is_required() {
            return Err(PatchError::mutability(format!("`{}` is required", sub.name())));
        }
        return Ok(Some(Value::Null));
    }
    match (op, current, value) {
        (Op::Add, Some(Value::Array(current)), Value::Array(new)) => {
            let new = without_equal(current, new);
            let all = current.iter().cloned().chain(new.iter().cloned()).collect();
            Ok((!new.is_empty()).then_some(Value::Array(all)))
        }
        (_, _, value) => Ok(Some(value)),
    }
}

/// Sub-attributes that are not named stay (RFC 7644 §3.5.2.3). Returns whether anything changed.
fn merge(
    op: Op,
    attribute: &Attribute,
    into: &mut Map<String, Value>,
    members: Map<String, Value>,
) -> Result<bool, PatchError> {
    let mut changed = false;
    for (name, value) in members {
        if let Some(sub) = attribute.sub_attribute(&name) {
            changed |= merge_one(op, sub, into, value)?;
        }
    }
    Ok(changed)
}

fn merge_one(op: Op, sub: &Attribute, into: &mut Map<String, Value>, value: Value) -> Result<bool, PatchError> {
    let key = spelling(into, sub.name()).unwrap_or(sub.name()).to_owned();
    let current = into.get(&key).filter(|value| !is_unassigned(value));
    let Some(value) = checked(op, sub, current, value)? else {
        return Ok(false);
    };
    match value {
        Value::Null => drop(into.remove(&key)),
        value => drop(into.insert(key, value)),
    }
    Ok(true)
}
