//! `schemas` of a resource under change: it names what the resource holds (RFC 7643 §3).

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use crate::patch::PatchError;
use crate::patch::apply::{Session, short};
use crate::patch::members::without_equal;
use crate::patch::store::Slot;
use crate::schema::{Attribute, Home};
use crate::text::same_name;

impl Session<'_> {
    /// `schemas` follows from what the resource holds; a message can add to it, nothing more.
    pub(super) fn schemas_member(&mut self, value: &Value) -> Result<(), PatchError> {
        let Some(at) = self.schemas.core_attribute("schemas") else {
            return Ok(());
        };
        let list = self.conform.list(at.attribute, value)?;
        self.check_schemas_known(at.attribute, &list)?;
        let slot = self.store.slot(Home::Core, "schemas");
        let new = not_yet(at.attribute, self.store.elements(&slot), list);
        if !new.is_empty() {
            self.store.append(&slot, new);
        }
        Ok(())
    }

    /// By the letter `schemas` has the URIs of the resource type and no other (RFC 7643 §3); what is there already stays.
    pub(super) fn check_schemas_known(&self, attribute: &Attribute, new: &[Value]) -> Result<(), PatchError> {
        if !is_schemas(attribute) || self.conform.is_lenient() || self.conform.keeps_unknown {
            return Ok(());
        }
        let slot = self.store.slot(Home::Core, "schemas");
        let held: HashSet<String> = self.store.elements(&slot).iter().map(folded).collect();
        for uri in new {
            let text = uri.as_str().unwrap_or_default();
            if !self.schemas.knows(text) && !held.contains(&folded(uri)) {
                return Err(PatchError::value(format!("`{}` is no schema of this resource type", short(text))));
            }
        }
        Ok(())
    }

    /// Whether the resource holds what the URI in `schemas` stands for: its core, or values under that URI.
    fn is_used_schema(&self, uri: &Value) -> bool {
        uri.as_str().is_some_and(|uri| same_name(uri, self.schemas.core().id()) || self.store.holds_object(uri))
    }

    /// A new list for `schemas` names what the resource holds, whatever the message says (RFC 7643 §3).
    pub(super) fn with_used_schemas(&self, attribute: &Attribute, slot: &Slot, mut new: Vec<Value>) -> Vec<Value> {
        if is_schemas(attribute) {
            let held = self.store.elements(slot);
            let spelt: HashMap<String, &Value> = held.iter().map(|uri| (folded(uri), uri)).collect();
            for uri in &mut new {
                if let Some(&held) = spelt.get(&folded(uri)) {
                    uri.clone_from(held);
                }
            }
            let used = held.iter().filter(|uri| self.is_used_schema(uri)).cloned().collect();
            new.extend(not_yet(attribute, &new, used));
        }
        new
    }

    /// An element of `schemas` stays while the resource holds what it stands for.
    pub(super) fn check_schemas_unused(
        &self,
        attribute: &Attribute,
        slot: &Slot,
        places: &[usize],
    ) -> Result<(), PatchError> {
        if is_schemas(attribute) {
            let elements = self.store.elements(slot);
            let mut used = places.iter().filter_map(|&at| elements.get(at)).filter(|uri| self.is_used_schema(uri));
            if let Some(uri) = used.next() {
                let uri = short(uri.as_str().unwrap_or_default());
                return Err(PatchError::mutability(format!("the resource holds values of `{uri}`")));
            }
        }
        Ok(())
    }
}

/// Whether it is `schemas`, which every resource has and which follows from what a resource holds.
fn is_schemas(attribute: &Attribute) -> bool {
    same_name(attribute.name(), "schemas")
}

/// Takes out the new elements that are there already, or before in the list; URIs of schemas are names, without case.
pub(super) fn not_yet(attribute: &Attribute, list: &[Value], mut new: Vec<Value>) -> Vec<Value> {
    if !is_schemas(attribute) {
        return without_equal(list, new);
    }
    let mut known: HashSet<String> = list.iter().map(folded).collect();
    new.retain(|uri| known.insert(folded(uri)));
    new
}

fn folded(uri: &Value) -> String {
    uri.as_str().map_or_else(|| uri.to_string(), str::to_ascii_lowercase)
}
