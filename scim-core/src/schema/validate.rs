use std::collections::HashMap;
use std::fmt;

use serde_json::{Map, Value};

use crate::date::DateTime;
use crate::path::AttributePath;
use crate::resource::{get_folded, is_unassigned};
use crate::schema::{
    Attribute, AttributeType, Home, Located, RESOURCE_TYPE, ResourceSchemas, Returned, SCHEMA, SERVICE_PROVIDER_CONFIG,
    is_base64, is_integer, is_primary,
};
use crate::text::same_name;

/// What a body is for: the same schema asks for different things.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// POST: required attributes must be there; readOnly ones are ignored.
    Create,
    /// PUT: as for POST.
    Replace,
    /// The value of a PATCH without path: nothing is required, but nothing required may be unassigned; readOnly ones are
    /// not allowed, but as sub-attributes, which are left out. An attribute may have the URI of its schema before its
    /// name, and one value counts as a list of one.
    Patch,
    /// An answer: `id` must be there; attributes that are never returned must not.
    Answer,
}

/// What is wrong with one value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ViolationKind {
    /// A required attribute or extension is missing, or is empty text.
    Missing,
    /// No schema of the resource type has it.
    Unknown,
    /// Not of its type.
    WrongType,
    /// A list where one value belongs, or one value where a list belongs.
    WrongMultiplicity,
    /// A second spelling of a name that is there.
    NamedTwice,
    /// More than one element with `primary: true`.
    TwoPrimaries,
    /// readOnly, where a client must not set it.
    ReadOnly,
    /// Never returned, and there.
    NeverReturned,
    /// A schema that the resource has or must have, and that `schemas` does not list.
    NotListed,
    /// Nested beyond what any schema describes.
    TooDeep,
}

/// One thing that is wrong, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Violation {
    /// Path of the value, for example `emails[1].primary`.
    pub path: String,
    /// What is wrong.
    pub kind: ViolationKind,
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            ViolationKind::Missing => "is required",
            ViolationKind::Unknown => "is unknown",
            ViolationKind::WrongType => "is of the wrong type",
            ViolationKind::WrongMultiplicity => "is a list where one value belongs, or the reverse",
            ViolationKind::NamedTwice => "is named twice",
            ViolationKind::TwoPrimaries => "has two primary values",
            ViolationKind::ReadOnly => "is readOnly",
            ViolationKind::NeverReturned => "must never be returned",
            ViolationKind::NotListed => "is not listed in `schemas`",
            ViolationKind::TooDeep => "is nested too deeply",
        };
        write!(f, "`{}` {what}", self.path)
    }
}

impl ResourceSchemas {
    /// Everything that is wrong with a resource, in the order of the body. Canonical values are hints and not
    /// checked (RFC 7643 §7).
    ///
    /// ```
    /// use scim_core::schema::{Direction, ResourceSchemas};
    /// let body = serde_json::json!({"active": 1, "emails": [{"value": "a"}, {"colour": "red"}]});
    /// let found = ResourceSchemas::user().validate(&body, Direction::Create);
    /// let text: Vec<String> = found.iter().map(ToString::to_string).collect();
    /// assert_eq!(text, ["`active` is of the wrong type", "`emails[1].colour` is unknown", "`schemas` is required", "`userName` is required"]);
    /// ```
    pub fn validate(&self, resource: &Value, direction: Direction) -> Vec<Violation> {
        let is_schema = same_name(self.core().id(), SCHEMA);
        let mut check = Check { direction, is_schema, found: Vec::new() };
        let Value::Object(map) = resource else {
            check.report("", ViolationKind::WrongType);
            return check.found;
        };
        check.names("", map);
        // Each attribute is looked for once, however many names there are for it.
        let mut named: HashMap<(Home<'_>, &str), bool> = HashMap::new();
        for (name, value) in map {
            if let Some(schema) = self.extension(name) {
                match value {
                    Value::Object(inner) => {
                        check.names(&format!("{name}:"), inner);
                        for (sub, value) in inner {
                            let path = format!("{name}:{sub}");
                            check.known(&path, schema.attribute(sub), value);
                        }
                        if !is_unassigned(value) {
                            check.required(&format!("{name}:"), &schema.attributes, inner);
                        }
                    }
                    // In a PATCH that is an order to take it away.
                    value if is_unassigned(value) => {
                        if direction == Direction::Patch && self.requires_extension(name) {
                            check.report(name, ViolationKind::Missing);
                        }
                    }
                    _ => check.report(name, ViolationKind::WrongType),
                }
            } else {
                let mut located = self.core_attribute(name);
                if located.is_none() && direction == Direction::Patch {
                    located = self.by_full_name(name);
                    if let Some(located) = located
                        && *named
                            .entry((located.home, located.attribute.name()))
                            .or_insert_with(|| located.is_named_in(map))
                    {
                        check.report(name, ViolationKind::NamedTwice);
                    }
                }
                check.known(name, located.map(|located| located.attribute), value);
            }
        }
        // Two resources need no id (RFC 7643 §5 and §6).
        let needs_id = ![SERVICE_PROVIDER_CONFIG, RESOURCE_TYPE].iter().any(|uri| same_name(uri, self.core().id()));
        check.required("", Self::common().iter().filter(|common| needs_id || common.name() != "id"), map);
        check.required("", self.core_alone(), map);
        if direction != Direction::Patch {
            for uri in self.required_extensions() {
                if !holds(map, uri) {
                    check.report(uri, ViolationKind::Missing);
                }
            }
            self.check_schemas(map, &mut check);
        }
        check.found
    }

    /// An attribute by its name with the URI of its schema, which a PATCH value without path may have for a key; a
    /// sub-attribute may not be one.
    fn by_full_name(&self, name: &str) -> Option<Located<'_>> {
        let path = AttributePath::parse(name).ok()?;
        if path.urn().is_some() && path.sub().is_none() { self.locate(&path) } else { None }
    }

    /// What `schemas` lists: the core schema, the extensions that the resource has, no other, none twice
    /// (RFC 7643 §3).
    fn check_schemas(&self, map: &Map<String, Value>, check: &mut Check) {
        let Some(Value::Array(list)) = get_folded(map, "schemas") else {
            return;
        };
        let mut known: Vec<(&str, bool)> =
            std::iter::once(self.core()).chain(self.extensions()).map(|schema| (schema.id(), false)).collect();
        for (at, uri) in list.iter().enumerate().filter_map(|(at, uri)| Some((at, uri.as_str()?))) {
            let path = format!("schemas[{at}]");
            match known.iter_mut().find(|(id, _)| same_name(id, uri)) {
                Some((_, listed @ false)) => *listed = true,
                Some(_) => check.report(&path, ViolationKind::NamedTwice),
                None => check.report(&path, ViolationKind::Unknown),
            }
        }
        for (id, _) in known.iter().filter(|(_, listed)| !listed) {
            // A list of nothing is missing, and reported as that.
            let is_needed = if *id == self.core().id() { !list.is_empty() } else { holds(map, id) };
            if is_needed {
                check.report(id, ViolationKind::NotListed);
            }
        }
    }
}

/// Whether there is a value under that name, in any spelling.
fn holds(map: &Map<String, Value>, name: &str) -> bool {
    map.iter().any(|(key, value)| same_name(key, name) && !is_unassigned(value))
}

/// What describes the parts of an attribute in a schema document.
const NESTED: &str = "subAttributes";

struct Check {
    direction: Direction,
    /// Whether the resource is a schema document.
    is_schema: bool,
    found: Vec<Violation>,
}

impl Check {
    fn report(&mut self, path: &str, kind: ViolationKind) {
        self.found.push(Violation { path: path.to_owned(), kind });
    }

    fn names(&mut self, prefix: &str, map: &Map<String, Value>) {
        let mut names: Vec<(String, &str)> =
            map.keys().map(|name| (name.to_ascii_lowercase(), name.as_str())).collect();
        names.sort_unstable();
        for pair in names.windows(2) {
            if let [(a, _), (b, name)] = pair
                && a == b
            {
                self.report(&format!("{prefix}{name}"), ViolationKind::NamedTwice);
            }
        }
    }

    fn required<'a>(
        &mut self,
        prefix: &str,
        attributes: impl IntoIterator<Item = &'a Attribute>,
        map: &Map<String, Value>,
    ) {
        for attribute in attributes {
            let wanted = match self.direction {
                Direction::Create | Direction::Replace => attribute.is_required() && !attribute.is_read_only(),
                Direction::Answer => *attribute.returned() == Returned::Always,
                Direction::Patch => false,
            };
            if wanted && !holds(map, attribute.name()) {
                self.report(&format!("{prefix}{}", attribute.name()), ViolationKind::Missing);
            }
        }
    }

    fn known(&mut self, path: &str, attribute: Option<&Attribute>, value: &Value) {
        let Some(attribute) = attribute else {
            return self.report(path, ViolationKind::Unknown);
        };
        if is_unassigned(value) {
            // In a PATCH that is an order to unassign it, but for an object without parts and for `schemas`, which change
            // nothing.
            let is_single = attribute.is_complex() && !attribute.is_multi_valued();
            let changes_nothing =
                same_name(path, "schemas") || (is_single && value.as_object().is_some_and(Map::is_empty));
            if self.direction == Direction::Patch && attribute.is_read_only() {
                self.report(path, ViolationKind::ReadOnly);
            } else if self.direction == Direction::Patch && attribute.is_required() && !changes_nothing {
                self.report(path, ViolationKind::Missing);
            }
            return;
        }
        if self.is_empty_text(path, attribute, value) {
            return self.report(path, ViolationKind::Missing);
        }
        match self.direction {
            Direction::Patch if attribute.is_read_only() => return self.report(path, ViolationKind::ReadOnly),
            Direction::Answer if attribute.is_hidden() => {
                return self.report(path, ViolationKind::NeverReturned);
            }
            _ => {}
        }
        match (attribute.is_multi_valued(), value) {
            (true, single) if self.direction == Direction::Patch && !single.is_array() => {
                self.element(path, attribute, single);
            }
            (true, Value::Array(list)) => {
                let mut primaries = 0;
                for (at, element) in list.iter().enumerate() {
                    // A PATCH adds nothing by it.
                    if element.is_null() && self.direction == Direction::Patch {
                        continue;
                    }
                    self.element(&format!("{path}[{at}]"), attribute, element);
                    primaries += usize::from(is_primary(element));
                }
                if primaries > 1 {
                    self.report(path, ViolationKind::TwoPrimaries);
                }
                if self.direction == Direction::Patch && attribute.is_required() && list.iter().all(is_unassigned) {
                    self.report(path, ViolationKind::Missing);
                }
            }
            (true, _) | (false, Value::Array(_)) => self.report(path, ViolationKind::WrongMultiplicity),
            (false, single) => self.single(path, attribute, single),
        }
    }

    /// A value of a list. A PATCH has to say something of it that a client may write.
    fn element(&mut self, path: &str, attribute: &Attribute, value: &Value) {
        let is_empty = attribute.says_nothing_written(value) && !attribute.is_misnamed(value);
        if self.direction == Direction::Patch && is_empty {
            return self.report(path, ViolationKind::ReadOnly);
        }
        self.single(path, attribute, value);
    }

    /// Whether there is empty text where the RFC wants some (RFC 7643 §3.1 and §4.1.1). Who applies a PATCH takes it as
    /// the value that it is.
    fn is_empty_text(&self, path: &str, attribute: &Attribute, value: &Value) -> bool {
        let is_wanted = match self.direction {
            Direction::Create | Direction::Replace => attribute.is_required() && !attribute.is_read_only(),
            Direction::Answer => attribute.is_required() || same_name(path, "id"),
            Direction::Patch => false,
        };
        let is_text = matches!(attribute.attribute_type(), AttributeType::String | AttributeType::Reference);
        is_wanted && is_text && value.as_str() == Some("")
    }

    fn single(&mut self, path: &str, attribute: &Attribute, value: &Value) {
        let fits = match (attribute.attribute_type(), value) {
            (AttributeType::Complex, Value::Object(map)) => {
                self.names(&format!("{path}."), map);
                for (name, value) in map {
                    // Values have two levels (RFC 7643 §2.3.8); sub-attributes in a schema document nest (§7).
                    let nests = self.is_schema && [name, attribute.name()].iter().all(|name| same_name(name, NESTED));
                    let sub = if nests { Some(attribute) } else { attribute.sub_attribute(name) };
                    if path.len() > 1024 {
                        return self.report(path, ViolationKind::TooDeep);
                    }
                    // A PATCH leaves it out.
                    if self.direction == Direction::Patch && sub.is_some_and(Attribute::is_read_only) {
                        continue;
                    }
                    self.known(&format!("{path}.{name}"), sub, value);
                }
                self.required(&format!("{path}."), &attribute.sub_attributes, map);
                true
            }
            (AttributeType::Boolean, value) => value.is_boolean(),
            (AttributeType::Integer, Value::Number(number)) => is_integer(number),
            (AttributeType::Complex | AttributeType::Integer, _) => false,
            (AttributeType::Decimal, value) => value.is_number(),
            (AttributeType::DateTime, value) => value.as_str().is_some_and(|text| DateTime::read(text).is_some()),
            (AttributeType::Binary, value) => value.as_str().is_some_and(is_base64),
            (AttributeType::String | AttributeType::Reference, value) => value.is_string(),
            (AttributeType::Other(_), _) => true,
        };
        if !fits {
            self.report(path, ViolationKind::WrongType);
        }
    }
}
