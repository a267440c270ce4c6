//! A resource on its way into an answer: what the protocol knows about it is added (`meta`, `$ref`),
//! what the answer is not to have is left away, and nothing is copied for that.

use std::borrow::Cow;

use serde::ser::{Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::{Map, Value};

use crate::path::AttributePath;
use crate::provider::project::{Plan, Rule};
use crate::provider::route::segment;
use crate::provider::{Context, KeptText, Kind, Lent, Store, View};
use crate::schema::Home;
use crate::text::same_name;

pub(super) struct Shown<'a> {
    context: Context<'a>,
    plan: &'a Plan<'a>,
    resource: Cow<'a, Value>,
    text: Option<&'a KeptText>,
    /// The JSON, where the store has kept it: then there is no resource.
    written: Option<&'a [u8]>,
}

/// An extension of a resource.
struct Extension<'a> {
    shown: &'a Shown<'a>,
    members: Vec<(&'a str, &'a Value, Rule<'a>)>,
    urn: &'a str,
}

/// A value of which some sub-attributes are left away, or which gets its `$ref`.
struct Part<'a> {
    context: Context<'a>,
    value: &'a Value,
    rule: &'a Rule<'a>,
    /// Names of the resource types that it may point to.
    refers: Option<&'a [String]>,
}

impl<'a> Shown<'a> {
    pub(super) fn new(context: Context<'a>, plan: &'a Plan<'a>, resource: Cow<'a, Value>) -> Self {
        Self { context, plan, resource, text: None, written: None }
    }

    /// A resource of which the store has kept the text that an answer shows.
    pub(super) fn kept(store: &'a dyn Store, context: Context<'a>, plan: &'a Plan<'a>, id: &str) -> Option<Self> {
        if !plan.is_plain() || !store.shows_as_kept() {
            return None;
        }
        let written = store.kept(context.kind, id)?.written(context.engine.mark(), context.base)?;
        Some(Self { written: Some(written), ..Self::new(context, plan, Cow::Owned(Value::Null)) })
    }

    /// A resource after the store's last word.
    pub(super) fn of(store: &dyn Store, context: Context<'a>, plan: &'a Plan<'a>, view: View, lent: Lent<'a>) -> Self {
        let mut resource = lent.resource;
        if !store.shows_as_kept() {
            store.show(&context, view, resource.to_mut());
            return Self::new(context, plan, resource);
        }
        // What was asked for by name is written anew: there is no end of such answers.
        Self { text: lent.text.filter(|_| plan.is_plain()), ..Self::new(context, plan, resource) }
    }

    /// Appends the JSON of the resource.
    pub(super) fn write(&self, out: &mut Vec<u8>) {
        if let Some(written) = self.written {
            out.extend_from_slice(written);
            return;
        }
        let make = || {
            let mut text = Vec::with_capacity(1024);
            // Maps with text keys and no foreign types: writing cannot fail.
            let _infallible = serde_json::to_writer(&mut text, self);
            text
        };
        let kept = self.text.and_then(|text| text.get(self.context.engine.mark(), self.context.base, make));
        match kept {
            Some(text) => out.extend_from_slice(text),
            None => {
                let _infallible = serde_json::to_writer(out, self);
            }
        }
    }

    /// The version of the resource, if versions are shown at all.
    pub(super) fn version(&self) -> Option<String> {
        self.context.engine.version(&self.resource)
    }

    /// URI of the resource, if the service shows it.
    pub(super) fn location(&self) -> Option<String> {
        let id = self.resource.get("id").and_then(Value::as_str)?;
        self.context.location(id)
    }

    fn member<M: SerializeMap>(
        &self,
        out: &mut M,
        urn: Option<&str>,
        name: &str,
        value: &Value,
        rule: &Rule<'_>,
    ) -> Result<(), M::Error> {
        let refers = self.context.kind.reference(urn, name).map(|reference| reference.types.as_slice());
        let refers = refers.filter(|_| self.context.behaviour().meta.location);
        match (rule, refers) {
            (Rule::Everything, None) => out.serialize_entry(name, value),
            _ if rule.shows_any(value) => {
                out.serialize_entry(name, &Part { context: self.context, value, rule, refers })
            }
            _ => Ok(()),
        }
    }

    fn meta<M: SerializeMap>(&self, out: &mut M, stored: Option<&Map<String, Value>>) -> Result<(), M::Error> {
        let rule = self.plan.core("meta");
        let behaviour = self.context.behaviour();
        let mut meta = Map::new();
        let mut put = |name: &str, value: Value| {
            if rule.shows(name) {
                meta.insert(name.to_owned(), value);
            }
        };
        for (name, value) in stored.into_iter().flatten() {
            let shown = match name.as_str() {
                "created" | "lastModified" => behaviour.meta.dates,
                "version" => behaviour.meta.version && behaviour.etag,
                "resourceType" | "location" => false,
                _ => true,
            };
            if shown {
                put(name, value.clone());
            }
        }
        put("resourceType", self.context.kind.name().into());
        if let Some(location) = self.location() {
            put("location", location.into());
        }
        if meta.is_empty() { Ok(()) } else { out.serialize_entry("meta", &meta) }
    }
}

impl Serialize for Shown<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Value::Object(map) = &*self.resource else { return self.resource.serialize(serializer) };
        let mut out = serializer.serialize_map(None)?;
        for (name, value) in map {
            if name == "meta" {
                continue;
            }
            if let (Some((schema, picks)), Value::Object(members)) = (self.plan.extension(name), value) {
                let members = members
                    .iter()
                    .map(|(name, value)| (name.as_str(), value, self.plan.rule(schema.attribute(name), name, picks)));
                let members: Vec<_> = members.filter(|(_, value, rule)| rule.shows_any(value)).collect();
                if !members.is_empty() {
                    out.serialize_entry(name, &Extension { shown: self, members, urn: schema.id() })?;
                }
                continue;
            }
            self.member(&mut out, None, name, value, &self.plan.core(name))?;
        }
        self.meta(&mut out, map.get("meta").and_then(Value::as_object))?;
        out.end()
    }
}

impl Serialize for Extension<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(None)?;
        for (name, value, rule) in &self.members {
            self.shown.member(&mut out, Some(self.urn), name, value, rule)?;
        }
        out.end()
    }
}

impl Serialize for Part<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.value {
            Value::Array(list) => {
                let mut out = serializer.serialize_seq(None)?;
                for value in list.iter().filter(|value| self.rule.shows_any(value)) {
                    out.serialize_element(&Part { value, ..*self })?;
                }
                out.end()
            }
            Value::Object(map) => {
                let mut out = serializer.serialize_map(None)?;
                for (name, value) in map.iter().filter(|(name, _)| self.rule.shows(name)) {
                    out.serialize_entry(name, value)?;
                }
                if let Some(types) = self.refers
                    && self.rule.shows("$ref")
                    && let Some(uri) = self.context.refer(types, map)
                {
                    out.serialize_entry("$ref", &uri)?;
                }
                out.end()
            }
            plain => plain.serialize(serializer),
        }
    }
}

impl Context<'_> {
    /// Whether the path names something that answers have and stores need not: what [`completed`](Self::completed) adds.
    pub(super) fn adds(&self, path: &AttributePath) -> bool {
        let Some(located) = self.kind.schemas().locate(path) else { return false };
        let name = located.attribute.name();
        let is_sub = |wanted: &str| path.sub().is_some_and(|sub| same_name(sub, wanted));
        match located.home {
            Home::Core if same_name(name, "meta") => {
                path.sub().is_none() || is_sub("resourceType") || is_sub("location")
            }
            Home::Core => is_sub("$ref") && self.kind.reference(None, name).is_some(),
            Home::Extension(urn) => is_sub("$ref") && self.kind.reference(Some(urn), name).is_some(),
        }
    }

    /// A copy of the resource with what answers add to it, for filters and orders that ask for that.
    pub(super) fn completed(&self, resource: &Value) -> Value {
        let Value::Object(mut map) = resource.clone() else { return resource.clone() };
        let location = map.get("id").and_then(Value::as_str).and_then(|id| self.location(id));
        let mut meta = match map.remove("meta") {
            Some(Value::Object(meta)) => meta,
            _ => Map::new(),
        };
        meta.insert("resourceType".to_owned(), self.kind.name().into());
        meta.insert("location".to_owned(), location.into());
        map.insert("meta".to_owned(), Value::Object(meta));
        for reference in self.kind.references().iter().filter(|_| self.behaviour().meta.location) {
            let holder = match &reference.extension {
                None => Some(&mut map),
                Some(urn) => map.get_mut(urn).and_then(Value::as_object_mut),
            };
            let elements = match holder.and_then(|holder| holder.get_mut(&reference.attribute)) {
                Some(Value::Array(list)) => list.as_mut_slice(),
                Some(single) => std::slice::from_mut(single),
                None => &mut [],
            };
            for element in elements.iter_mut().filter_map(Value::as_object_mut) {
                if let Some(uri) = self.refer(&reference.types, element) {
                    element.insert("$ref".to_owned(), uri.into());
                }
            }
        }
        Value::Object(map)
    }

    /// URI of a resource of this kind, if the service shows it.
    pub(super) fn location(&self, id: &str) -> Option<String> {
        let shown = self.behaviour().meta.location && !id.is_empty();
        shown.then(|| locate(self.base, self.kind, id))
    }

    /// The `$ref` of a value, if it has none and it can be told what it points to.
    fn refer(&self, types: &[String], value: &Map<String, Value>) -> Option<String> {
        if value.contains_key("$ref") {
            return None;
        }
        let named = |name: &str| self.kinds().iter().find(|kind| kind.name().eq_ignore_ascii_case(name));
        let by_type = value.get("type").and_then(Value::as_str).and_then(named);
        let only = match types {
            [only] => named(only),
            _ => None,
        };
        let id = value.get("value").and_then(Value::as_str)?;
        Some(locate(self.base, by_type.or(only)?, id))
    }
}

fn locate(base: &str, kind: &Kind, id: &str) -> String {
    use std::fmt::Write as _;
    let mut uri = String::with_capacity(base.len() + kind.endpoint().len() + id.len() + 2);
    uri.push_str(base);
    uri.push('/');
    uri.push_str(kind.endpoint());
    uri.push('/');
    // Writing to a string does not fail.
    let _infallible = write!(uri, "{}", segment(id));
    uri
}
