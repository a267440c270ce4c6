//! Writes to whole attributes.

use serde_json::Value;

use crate::patch::apply::Session;
use crate::patch::equal::{same_elements, same_value};
use crate::patch::merge::{agreeing, merged};
use crate::patch::schemas::not_yet;
use crate::patch::store::Slot;
use crate::patch::{Op, PatchError};
use crate::quirk::Quirk;
use crate::resource::{get_folded, is_unassigned};
use crate::schema::{Attribute, Located, is_primary};

impl Session<'_> {
    /// An attribute as a whole.
    pub(super) fn whole(&mut self, op: Op, at: Located<'_>, value: Option<&Value>) -> Result<(), PatchError> {
        let attribute = at.attribute;
        if attribute.is_read_only() {
            return Err(PatchError::mutability(format!("`{}` is readOnly", attribute.name())));
        }
        let slot = self.store.slot(at.home, attribute.name());
        let writes = self.store.writes();
        let is_set = self.store.get(&slot).is_some();
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
        self.check_immutable(attribute, is_set, writes)?;
        self.settle(at.home, writes);
        Ok(())
    }

    /// What was set once is not changed (RFC 7643 §7), as a whole or in any part, since so many writes.
    pub(super) fn check_immutable(&self, attribute: &Attribute, is_set: bool, writes: usize) -> Result<(), PatchError> {
        if attribute.is_immutable() && is_set && self.store.writes() > writes {
            return Err(PatchError::mutability(format!("`{}` is immutable and set", attribute.name())));
        }
        Ok(())
    }

    fn set_single(&mut self, op: Op, attribute: &Attribute, slot: &Slot, value: &Value) -> Result<(), PatchError> {
        let value = if is_unassigned(value) && !(value.is_object() && attribute.is_complex()) {
            Value::Null
        } else {
            self.conform.single(attribute, value)?
        };
        match value {
            Value::Null => self.unassign(attribute, slot, PatchError::value),
            Value::Object(members) if attribute.is_complex() => {
                match merged(op, attribute, self.store.get(slot), members)? {
                    Some(merged) if merged.values().all(is_unassigned) => {
                        return self.unassign(attribute, slot, PatchError::value);
                    }
                    Some(merged) => self.store.set(slot, Some(Value::Object(merged))),
                    None => {}
                }
                Ok(())
            }
            value => {
                if !self.store.get(slot).is_some_and(|current| same_value(current, &value)) {
                    self.store.set(slot, Some(value));
                }
                Ok(())
            }
        }
    }

    fn add_values(&mut self, attribute: &Attribute, slot: &Slot, value: &Value) -> Result<(), PatchError> {
        let new = self.conform.list(attribute, value)?;
        if new.is_empty() {
            return Ok(());
        }
        self.check_schemas_known(attribute, &new)?;
        let list = self.store.elements(slot);
        let new = if attribute.is_keyed_by_value() {
            let (new, differs) = self.index.without_known(slot, list, new);
            if differs {
                self.conform.allows(Quirk::MemberIdentity);
            }
            new
        } else {
            not_yet(attribute, list, new)
        };
        if new.is_empty() {
            return Ok(());
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
            not_yet(attribute, &[], new)
        };
        self.check_schemas_known(attribute, &new)?;
        let new = self.with_used_schemas(attribute, slot, new);
        let list = self.store.elements(slot);
        if same_elements(list, &new) {
            return Ok(());
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
            // Something that says nothing would agree with everything.
            wanted.extend(self.conform.selecting(attribute, element)?);
        }
        let places = agreeing(self.store.elements(slot), &wanted)?;
        self.take_out(attribute, slot, &places)
    }

    pub(super) fn take_out(&mut self, attribute: &Attribute, slot: &Slot, places: &[usize]) -> Result<(), PatchError> {
        if places.is_empty() {
            return Ok(());
        }
        self.check_schemas_unused(attribute, slot, places)?;
        // A single value that has lost its parts counts as no element any more.
        if attribute.is_required() && places.len() >= self.store.elements(slot).len() {
            return Err(PatchError::mutability(format!("`{}` is required", attribute.name())));
        }
        self.store.remove_elements(slot, places);
        self.index.forget(slot);
        Ok(())
    }

    /// At most one element has `primary: true`: takes it from all others (RFC 7644 §3.5.2).
    pub(super) fn demote(&mut self, slot: &Slot, keep: Option<usize>) {
        let others: Vec<usize> = (0_usize..)
            .zip(self.store.elements(slot))
            .filter(|(at, element)| Some(*at) != keep && is_primary(element))
            .map(|(at, _)| at)
            .collect();
        if !others.is_empty() {
            self.index.forget(slot);
        }
        for at in others {
            let _ = self.store.change_sub(slot, at, "primary", |_| Ok(Some(Value::Bool(false))));
        }
    }
}
