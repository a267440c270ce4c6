use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::members::Members;
use crate::message::ScimError;
use crate::provider::clock::timestamp;
use crate::provider::refusal::uniqueness;
use crate::provider::{KeptText, Kind};
use crate::resource::get_folded;
use crate::schema::{Attribute, AttributeType, Uniqueness};
use crate::text::{fold, same_name};

/// A resource as it is kept.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) id: String,
    /// The resource without its members and without what is derived.
    pub(super) value: Value,
    pub(super) members: Members,
    /// The text of `value`; cleared with every change to it.
    pub(super) text: KeptText,
    /// Milliseconds since 1970.
    pub(super) created: u64,
    pub(super) modified: u64,
}

/// The resources of one kind, in the order of their making.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub(super) name: String,
    pub(super) records: BTreeMap<u64, Record>,
    ids: HashMap<String, u64>,
    indexes: Vec<Index>,
}

/// Which resources have a value in an attribute.
#[derive(Debug)]
struct Index {
    extension: Option<String>,
    attribute: String,
    exact: bool,
    unique: bool,
    positions: HashMap<String, BTreeSet<u64>>,
}

impl Table {
    /// A table with an index on everything that must be unique, and on what clients look up.
    pub(super) fn new(kind: &Kind) -> Self {
        let mut indexes = Vec::new();
        let mut index = |extension: Option<&str>, attribute: &Attribute, unique: bool| {
            indexes.push(Index {
                extension: extension.map(str::to_owned),
                attribute: attribute.name().to_owned(),
                exact: attribute.is_case_exact(),
                unique,
                positions: HashMap::new(),
            });
        };
        for schema in kind.documents() {
            let extension = (schema.id() != kind.schema()).then(|| schema.id());
            for attribute in &schema.attributes {
                let text = matches!(attribute.attribute_type(), AttributeType::String | AttributeType::Reference);
                let unique = matches!(attribute.uniqueness, Some(Uniqueness::Server | Uniqueness::Global));
                let looked_up = extension.is_none() && same_name(attribute.name(), "displayName");
                if text && !attribute.is_multi_valued() && (unique || looked_up) {
                    index(extension, attribute, unique);
                }
            }
        }
        if let Some(located) = kind.schemas().core_attribute("externalId") {
            index(None, located.attribute, false);
        }
        Self { name: kind.name().to_owned(), indexes, ..Self::default() }
    }

    pub(super) fn position(&self, id: &str) -> Option<u64> {
        self.ids.get(id).copied()
    }

    pub(super) fn record(&self, id: &str) -> Option<&Record> {
        self.records.get(&self.position(id)?)
    }

    /// Positions of the resources that have the value in a core attribute; `None` without an index.
    pub(super) fn find(&self, attribute: &str, value: &str) -> Option<Vec<u64>> {
        if same_name(attribute, "id") {
            return Some(self.position(value).into_iter().collect());
        }
        let mut indexes = self.indexes.iter();
        let index = indexes.find(|index| index.extension.is_none() && same_name(&index.attribute, attribute))?;
        let positions = index.positions.get(&index.key(value));
        Some(positions.map(|positions| positions.iter().copied().collect()).unwrap_or_default())
    }

    /// Refuses a value that another resource than the one at `own` has in a unique attribute.
    pub(super) fn check_unique(&self, value: &Value, own: Option<u64>) -> Result<(), ScimError> {
        for index in self.indexes.iter().filter(|index| index.unique) {
            let Some(key) = index.key_of(value) else { continue };
            let taken = index.positions.get(&key).is_some_and(|at| at.iter().any(|&position| Some(position) != own));
            if taken {
                let name = &self.name;
                return Err(uniqueness(format_args!("another {name} has this `{}`", index.attribute)));
            }
        }
        Ok(())
    }

    pub(super) fn insert(&mut self, position: u64, record: Record) {
        self.ids.insert(record.id.clone(), position);
        for index in &mut self.indexes {
            index.add(&record.value, position);
        }
        self.records.insert(position, record);
    }

    /// Puts another value into a record and keeps the indexes right.
    pub(super) fn set(&mut self, position: u64, value: Value) {
        let Some(record) = self.records.get_mut(&position) else { return };
        for index in &mut self.indexes {
            if index.key_of(&record.value) != index.key_of(&value) {
                index.drop(&record.value, position);
                index.add(&value, position);
            }
        }
        record.value = value;
        record.text.clear();
    }

    pub(super) fn remove(&mut self, id: &str) -> Option<(u64, Record)> {
        let position = self.ids.remove(id)?;
        let record = self.records.remove(&position)?;
        for index in &mut self.indexes {
            index.drop(&record.value, position);
        }
        Some((position, record))
    }
}

impl Index {
    fn key(&self, value: &str) -> String {
        if self.exact { value.to_owned() } else { fold(value).into_owned() }
    }

    fn key_of(&self, resource: &Value) -> Option<String> {
        let map: &Map<String, Value> = resource.as_object()?;
        let map = match &self.extension {
            Some(urn) => map.get(urn)?.as_object()?,
            None => map,
        };
        get_folded(map, &self.attribute)?.as_str().map(|value| self.key(value))
    }

    fn add(&mut self, resource: &Value, position: u64) {
        if let Some(key) = self.key_of(resource) {
            self.positions.entry(key).or_default().insert(position);
        }
    }

    fn drop(&mut self, resource: &Value, position: u64) {
        let Some(key) = self.key_of(resource) else { return };
        if let Some(positions) = self.positions.get_mut(&key) {
            positions.remove(&position);
            if positions.is_empty() {
                self.positions.remove(&key);
            }
        }
    }
}

/// Writes dates and version into `meta`.
pub(super) fn stamp(record: &mut Record, revision: u64) {
    record.text.clear();
    let meta = record.value.as_object_mut().and_then(|map| map.get_mut("meta")).and_then(Value::as_object_mut);
    if let Some(meta) = meta {
        meta.insert("created".to_owned(), timestamp(record.created).into());
        meta.insert("lastModified".to_owned(), timestamp(record.modified).into());
        meta.insert("version".to_owned(), format!("W/\"{revision:x}\"").into());
    }
}

/// What a resource is called.
pub(super) fn name(value: &Value) -> Option<&str> {
    let text = |name: &str| value.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    text("displayName").or_else(|| text("userName"))
}
