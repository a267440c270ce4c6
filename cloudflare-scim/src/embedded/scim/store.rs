//! The account's state as the engine's store.

use std::borrow::Cow;
use std::ops::ControlFlow;

use scim_core::message::ScimError;
use scim_core::patch::PatchOp;
use scim_core::provider::{Context, Entry, KeptText, Kind, Lent, Need, Store, View as Shown, Written};
use scim_core::resource::ResourceId;
use serde_json::{Map, Value};

use super::super::catalogue;
use super::super::groups::SYSTEM_PREFIX;
use super::super::state::State;
use super::super::switches::UserGroupsShape;
use super::{groups, users};

/// Where custom groups begin in the order of groups: after the system groups.
const CUSTOM: u64 = 1 << 16;

/// The state, borrowed for one request.
pub(super) struct View<'a>(pub(super) &'a mut State);

impl View<'_> {
    fn scan_users(&self, after: u64, need: &Need, visit: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>) {
        let state = &*self.0;
        let nothing = Value::Object(Map::new());
        let looked_at = users::ATTRIBUTES.iter().any(|attribute| need.wants(attribute));
        for (position, member) in state.members.range(after.saturating_add(1)..) {
            // To skip to a page nothing of a resource is needed but its place.
            let person = looked_at.then(|| state.person(&member.tag)).flatten();
            let resource = person.map(|person| users::value(state, person, member, need));
            let resource = resource.as_ref().unwrap_or(&nothing);
            if visit(Entry { position: *position, id: member.tag.as_str(), resource }).is_break() {
                return;
            }
        }
    }

    fn scan_groups(&self, after: u64, need: &Need, visit: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>) {
        let state = &*self.0;
        let looked_at = groups::ATTRIBUTES.iter().any(|attribute| need.wants(attribute));
        let value = |target| if looked_at { groups::value(state, target, need) } else { Value::Object(Map::new()) };
        for (position, known) in (1..).zip(catalogue::ALL).filter(|(position, _)| *position > after) {
            let id = format!("{SYSTEM_PREFIX}{}", known.id);
            let Some(target) = groups::target(state, &id) else { continue };
            if visit(Entry { position, id: &id, resource: &value(target) }).is_break() {
                return;
            }
        }
        for (sequence, group) in state.groups.range(after.saturating_sub(CUSTOM).saturating_add(1)..) {
            let position = CUSTOM.saturating_add(*sequence);
            let resource = value(groups::Target::Custom(group));
            if visit(Entry { position, id: group.id.as_str(), resource: &resource }).is_break() {
                return;
            }
        }
    }
}

fn map(resource: Value) -> Map<String, Value> {
    match resource {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Store for View<'_> {
    fn get(&self, kind: &Kind, id: &str, need: &Need) -> Option<Value> {
        if kind.is_user() {
            let (person, member) = users::find(self.0, id)?;
            return Some(users::value(self.0, person, member, need));
        }
        Some(groups::value(self.0, groups::target(self.0, id)?, need))
    }

    fn scan(&self, kind: &Kind, after: u64, need: &Need, visit: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>) {
        if kind.is_user() { self.scan_users(after, need, visit) } else { self.scan_groups(after, need, visit) }
    }

    fn look(&self, kind: &Kind, id: &str, need: &Need) -> Option<Lent<'_>> {
        let lent = Lent::new(Cow::Owned(self.get(kind, id, need)?));
        Some(match self.kept(kind, id) {
            Some(text) => lent.with_text(text),
            None => lent,
        })
    }

    fn kept(&self, kind: &Kind, id: &str) -> Option<&KeptText> {
        if kind.is_user() { self.0.text(id) } else { None }
    }

    fn seek(&self, kind: &Kind, skip: usize) -> Option<u64> {
        kind.is_user().then(|| self.0.before_member(skip))
    }

    fn count(&self, kind: &Kind) -> usize {
        if kind.is_user() { self.0.members.len() } else { self.0.system_groups().count() + self.0.groups.len() }
    }

    fn find(&self, kind: &Kind, attribute: &str, value: &str) -> Option<Vec<ResourceId>> {
        let ids: Vec<String> = if kind.is_user() && attribute.eq_ignore_ascii_case("userName") {
            self.0.member_by_email(value).into_iter().map(|(person, _)| person.tag.to_string()).collect()
        } else if kind.is_group() && attribute.eq_ignore_ascii_case("displayName") {
            // Names of groups compare with case here, though the schema says otherwise: so do they at POST.
            let system = self.0.system_groups().filter(|known| self.0.system_group_name(known) == value);
            let system = system.map(|known| format!("{SYSTEM_PREFIX}{}", known.id));
            system.chain(self.0.group_by_name(value).map(|group| group.id.to_string())).collect()
        } else {
            return None;
        };
        Some(ids.iter().filter_map(|id| id.parse().ok()).collect())
    }

    fn insert(&mut self, context: &Context<'_>, resource: Value) -> Result<Written, ScimError> {
        let resource = map(resource);
        if context.kind().is_user() { users::insert(self.0, &resource) } else { groups::insert(self.0, &resource) }
    }

    fn replace(&mut self, context: &Context<'_>, id: &str, resource: Value) -> Result<Written, ScimError> {
        let resource = map(resource);
        if context.kind().is_user() {
            users::replace(self.0, id, &resource)
        } else {
            groups::replace(self.0, id, &resource)
        }
    }

    fn patch(&mut self, context: &Context<'_>, id: &str, patch: &PatchOp) -> Result<Written, ScimError> {
        if context.kind().is_user() { users::patch(self.0, id, patch) } else { groups::patch(self.0, id, patch) }
    }

    fn remove(&mut self, context: &Context<'_>, id: &str) -> Result<(), ScimError> {
        if context.kind().is_user() { users::remove(self.0, id) } else { groups::remove(self.0, id) }
    }

    fn shows_as_kept(&self) -> bool {
        self.0.switches.user_groups_shape != UserGroupsShape::Strings
    }

    /// `groups` as plain texts: Cloudflare's own idea of the attribute.
    fn show(&self, context: &Context<'_>, _view: Shown, resource: &mut Value) {
        if !context.kind().is_user() || self.0.switches.user_groups_shape != UserGroupsShape::Strings {
            return;
        }
        if let Some(Value::Array(groups)) = resource.get_mut("groups") {
            for group in groups {
                if let Some(id) = group.get("value").cloned() {
                    *group = id;
                }
            }
        }
    }
}
