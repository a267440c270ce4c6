mod members;
mod table;

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::ops::{Bound, ControlFlow};
use std::sync::Arc;

use serde_json::{Map, Value, json};

use self::members::{Change, Member, Members, changes, touches_members};
use self::table::{Record, Table, name, stamp};
use crate::message::ScimError;
use crate::patch::PatchOp;
use crate::provider::refusal::{internal, invalid_value, quote};
use crate::provider::store::{Entry, Lent, Need, Store, Written};
use crate::provider::{Clock, Context, KeptText, Kind};
use crate::resource::{ResourceId, get_folded, is_unassigned};

/// A [`Store`] in memory, by the letter of the RFC.
///
/// Looking a resource up by `id`, `userName`, `externalId`, `displayName` or any attribute that its
/// schema calls unique, and adding or removing a member of a group, cost the same however much there
/// is. A user's `groups` are derived, nested groups included (RFC 7643 §4.1.2); so are a member's
/// `type`, and its `display` unless the client gave another one: none of them is ever out of date.
/// Deleting a resource takes it out of its groups. Passwords are accepted and not kept: nothing here
/// could check one.
///
/// Ids are random, so that they are never used twice.
#[derive(Debug, Default)]
pub struct MemoryStore {
    tables: Vec<Table>,
    /// Positions of the groups that name a resource as member.
    groups_of: HashMap<Arc<str>, BTreeSet<u64>>,
    /// Index of the table of groups.
    groups: Option<usize>,
    position: u64,
    revision: u64,
    clock: Clock,
}

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the time from there.
    pub fn with_clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    fn table(&self, kind: &Kind) -> Option<&Table> {
        self.tables.iter().find(|table| table.name == kind.name())
    }

    fn table_index(&mut self, kind: &Kind) -> usize {
        if let Some(index) = self.tables.iter().position(|table| table.name == kind.name()) {
            return index;
        }
        self.tables.push(Table::new(kind));
        let index = self.tables.len() - 1;
        if kind.is_group() {
            self.groups = Some(index);
        }
        index
    }

    fn group(&self, position: u64) -> Option<&Record> {
        self.tables.get(self.groups?)?.records.get(&position)
    }

    /// The resource with that id, whatever its kind, and the name of the kind.
    fn any(&self, id: &str) -> Option<(&str, &Record)> {
        self.tables.iter().find_map(|table| Some((table.name.as_str(), table.record(id)?)))
    }

    fn next_id(&self) -> String {
        loop {
            let random = fastrand::u128(..);
            // Version 4, variant 1 of RFC 9562.
            let random = random & !(0xf000 << 64) & !(0xc << 60) | (0x4000 << 64) | (0x8 << 60);
            let hex = format!("{random:032x}");
            let parts = [(0, 8), (8, 12), (12, 16), (16, 20), (20, 32)];
            let parts: Vec<&str> = parts.iter().filter_map(|&(from, to)| hex.get(from..to)).collect();
            let id = parts.join("-");
            if self.any(&id).is_none() {
                return id;
            }
        }
    }

    /// The members that a list names.
    fn members(&self, context: &Context<'_>, list: Option<Value>) -> Result<Vec<Member>, ScimError> {
        let Some(Value::Array(list)) = list else { return Ok(Vec::new()) };
        list.iter().map(|element| self.read_member(context, element)).collect()
    }

    /// A member as it is kept: what can be derived is not.
    fn read_member(&self, context: &Context<'_>, element: &Value) -> Result<Member, ScimError> {
        let text = |name: &str| element.as_object().and_then(|map| get_folded(map, name)).and_then(Value::as_str);
        let Some(id) = text("value").filter(|id| !id.is_empty()) else {
            return Err(invalid_value("every member needs a `value`, the id of a user or group"));
        };
        let known = self.any(id);
        if context.behaviour().known_members && known.is_none() {
            return Err(invalid_value(format_args!("there is no resource with the id `{}` to be a member", quote(id))));
        }
        let derived = known.and_then(|(_, record)| name(&record.value));
        Ok(Member {
            display: text("display").filter(|display| Some(*display) != derived).map(Into::into),
            kind: text("type").filter(|_| known.is_none()).map(Into::into),
            ..Member::new(id)
        })
    }

    /// A resource as it is shown, with what is derived and wanted.
    fn view<'r>(&self, kind: &Kind, record: &'r Record, need: &Need) -> Cow<'r, Value> {
        let mut value = Cow::Borrowed(&record.value);
        let mut derive = |name: &str, derived: Vec<Value>| {
            if let Some(map) = value.to_mut().as_object_mut()
                && !derived.is_empty()
            {
                map.insert(name.to_owned(), Value::Array(derived));
            }
        };
        if record.members.len() > 0 && need.wants("members") {
            derive("members", record.members.iter().map(|member| self.member(member)).collect());
        }
        if need.wants("groups") && kind.is_user() && self.groups_of.contains_key(record.id.as_str()) {
            derive("groups", self.groups(&record.id));
        }
        value
    }

    fn member(&self, member: &Member) -> Value {
        let known = self.any(&member.id);
        let kind = known.map(|(kind, _)| kind).or(member.kind.as_deref());
        let display = member.display.as_deref().or_else(|| name(&known?.1.value));
        let parts = [("value", Some(&*member.id)), ("type", kind), ("display", display)];
        Value::Object(parts.iter().filter_map(|(name, text)| Some(((*name).to_owned(), (*text)?.into()))).collect())
    }

    /// The groups of a resource: those that name it, then those that hold such a group.
    fn groups(&self, id: &str) -> Vec<Value> {
        let mut shown = Vec::new();
        let mut seen: HashSet<u64> = HashSet::new();
        let mut frontier = vec![id];
        let mut how = "direct";
        while !frontier.is_empty() {
            let mut next = Vec::new();
            for id in frontier {
                for &position in self.groups_of.get(id).into_iter().flatten() {
                    if let Some(group) = self.group(position)
                        && seen.insert(position)
                    {
                        let mut entry = Map::from_iter([("value".to_owned(), group.id.as_str().into())]);
                        entry.insert("type".to_owned(), how.into());
                        if let Some(name) = name(&group.value) {
                            entry.insert("display".to_owned(), name.into());
                        }
                        shown.push(Value::Object(entry));
                        next.push(group.id.as_str());
                    }
                }
            }
            frontier = next;
            how = "indirect";
        }
        shown
    }

    /// A change at `position`: new version, later `lastModified`.
    fn touch(&mut self, table: usize, position: u64) {
        self.revision += 1;
        let (revision, now) = (self.revision, self.clock.millis());
        let Some(record) = self.tables.get_mut(table).and_then(|table| table.records.get_mut(&position)) else {
            return;
        };
        // Two changes within one millisecond are told apart all the same.
        record.modified = now.max(record.modified + 1);
        stamp(record, revision);
    }

    /// Puts the members of the group at `position` right, in both directions; whether any changed.
    fn change_members(&mut self, table: usize, position: u64, change: impl FnOnce(&mut Members)) -> bool {
        let Some(record) = self.tables.get_mut(table).and_then(|table| table.records.get_mut(&position)) else {
            return false;
        };
        change(&mut record.members);
        let log = record.members.take_log();
        // Who went and came back is where they were: no change.
        let mut net: HashMap<Arc<str>, i32> = HashMap::new();
        for (id, came) in &log.moves {
            *net.entry(Arc::clone(id)).or_default() += if *came { 1 } else { -1 };
        }
        let changed = log.relabelled || net.values().any(|&net| net != 0);
        for (id, came) in log.moves {
            if came {
                self.groups_of.entry(id).or_default().insert(position);
            } else if let Some(groups) = self.groups_of.get_mut(&id) {
                groups.remove(&position);
                if groups.is_empty() {
                    self.groups_of.remove(&id);
                }
            }
        }
        changed
    }

    /// Puts a resource in the place of an old one; with `keep_members` its members stay as they are.
    fn put(
        &mut self,
        context: &Context<'_>,
        id: &str,
        resource: Value,
        keep_members: bool,
    ) -> Result<Written, ScimError> {
        let kind = context.kind();
        let table = self.table_index(kind);
        let (mut map, members) = split(kind, resource)?;
        let members = if keep_members { None } else { Some(self.members(context, members)?) };
        let Some(stored) = self.tables.get(table) else { return Err(internal("no table")) };
        let (Some(position), Some(record)) = (stored.position(id), stored.record(id)) else {
            return Err(context.not_found(id));
        };
        map.insert("id".to_owned(), id.into());
        map.insert("meta".to_owned(), record.value.get("meta").cloned().unwrap_or_default());
        let value = Value::Object(map);
        let mut changed = value != record.value;
        if changed {
            stored.check_unique(&value, Some(position))?;
        }
        if changed && let Some(stored) = self.tables.get_mut(table) {
            stored.set(position, value);
        }
        if let Some(wanted) = members {
            changed |= self.change_members(table, position, |members| members.set(&wanted));
        }
        if changed {
            self.touch(table, position);
        }
        Written::unchanged(id)
    }
}

impl Store for MemoryStore {
    fn get(&self, kind: &Kind, id: &str, need: &Need) -> Option<Value> {
        self.look(kind, id, need).map(|lent| lent.resource.into_owned())
    }

    fn look(&self, kind: &Kind, id: &str, need: &Need) -> Option<Lent<'_>> {
        let record = self.table(kind)?.record(id)?;
        let lent = Lent::new(self.view(kind, record, need));
        let derives = record.members.len() > 0 || (kind.is_user() && self.groups_of.contains_key(record.id.as_str()));
        Some(if derives { lent } else { lent.with_text(&record.text) })
    }

    fn scan(&self, kind: &Kind, after: u64, need: &Need, visit: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>) {
        let Some(table) = self.table(kind) else { return };
        for (&position, record) in table.records.range((Bound::Excluded(after), Bound::Unbounded)) {
            let resource = self.view(kind, record, need);
            if visit(Entry { position, id: &record.id, resource: &resource }).is_break() {
                return;
            }
        }
    }

    fn shows_as_kept(&self) -> bool {
        true
    }

    fn count(&self, kind: &Kind) -> usize {
        self.table(kind).map_or(0, |table| table.records.len())
    }

    fn find(&self, kind: &Kind, attribute: &str, value: &str) -> Option<Vec<ResourceId>> {
        let Some(table) = self.table(kind) else { return Some(Vec::new()) };
        let positions = table.find(attribute, value)?;
        let records = positions.iter().filter_map(|position| table.records.get(position));
        Some(records.filter_map(|record| record.id.parse().ok()).collect())
    }

    fn insert(&mut self, context: &Context<'_>, resource: Value) -> Result<Written, ScimError> {
        let kind = context.kind();
        let (mut map, members) = split(kind, resource)?;
        let members = self.members(context, members)?;
        let table = self.table_index(kind);
        let id = self.next_id();
        map.insert("id".to_owned(), id.as_str().into());
        map.insert("meta".to_owned(), json!({"resourceType": kind.name()}));
        let value = Value::Object(map);
        let now = self.clock.millis();
        self.position += 1;
        self.revision += 1;
        let (position, revision) = (self.position, self.revision);
        let Some(stored) = self.tables.get_mut(table) else { return Err(internal("no table")) };
        stored.check_unique(&value, None)?;
        let mut record = Record {
            id: id.clone(),
            value,
            members: Members::default(),
            text: KeptText::new(),
            created: now,
            modified: now,
        };
        stamp(&mut record, revision);
        stored.insert(position, record);
        self.change_members(table, position, |kept| kept.set(&members));
        Written::unchanged(&id)
    }

    fn replace(&mut self, context: &Context<'_>, id: &str, resource: Value) -> Result<Written, ScimError> {
        self.put(context, id, resource, false)
    }

    fn remove(&mut self, context: &Context<'_>, id: &str) -> Result<(), ScimError> {
        let kind = context.kind();
        let table = self.table_index(kind);
        let position = self.tables.get(table).and_then(|table| table.position(id));
        let position = position.ok_or_else(|| context.not_found(id))?;
        if kind.is_group() {
            self.change_members(table, position, Members::clear);
        }
        if let Some(table) = self.tables.get_mut(table) {
            table.remove(id);
        }
        // A group that loses a member this way has changed.
        if let (Some(groups), Some(parents)) = (self.groups, self.groups_of.remove(id)) {
            for position in parents {
                self.change_members(groups, position, |members| members.remove(id));
                self.touch(groups, position);
            }
        }
        Ok(())
    }

    fn patch(&mut self, context: &Context<'_>, id: &str, patch: &PatchOp) -> Result<Written, ScimError> {
        let kind = context.kind();
        if kind.is_group()
            && let Some(changes) = changes(kind, context.behaviour(), patch)
        {
            let added = changes.iter().filter_map(|change| match change {
                Change::Add(element) => Some(self.read_member(context, element)),
                _ => None,
            });
            let added: Vec<Member> = added.collect::<Result<_, _>>()?;
            let table = self.table_index(kind);
            let position = self.tables.get(table).and_then(|table| table.position(id));
            let position = position.ok_or_else(|| context.not_found(id))?;
            let changed = self.change_members(table, position, |members| {
                let mut added = added.iter();
                for change in &changes {
                    match change {
                        Change::Add(_) => added.by_ref().take(1).for_each(|member| members.add(member)),
                        Change::Remove(id) => members.remove(id),
                        Change::Clear => members.clear(),
                    }
                }
            });
            if changed {
                self.touch(table, position);
            }
            return Written::unchanged(id);
        }
        let keep_members = !kind.is_group() || !touches_members(patch);
        let need = if keep_members { Need::all_but(["members"]) } else { Need::everything() };
        let current = self.get(kind, id, &need).ok_or_else(|| context.not_found(id))?;
        match context.patched(current, patch)? {
            Some(after) => self.put(context, id, after, keep_members),
            None => Written::unchanged(id),
        }
    }
}

/// What a record keeps of a resource, and its members.
fn split(kind: &Kind, resource: Value) -> Result<(Map<String, Value>, Option<Value>), ScimError> {
    let Value::Object(mut map) = resource else { return Err(internal("a resource is no object")) };
    let mut take = |name: &str| map.remove(name).filter(|value| !is_unassigned(value));
    take("meta");
    take("id");
    let mut members = None;
    if kind.is_group() {
        members = take("members");
    }
    if kind.is_user() {
        take("groups");
        take("password");
    }
    Ok((map, members))
}
