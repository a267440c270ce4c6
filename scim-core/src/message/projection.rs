use serde_json::{Map, Value};

use crate::message::{ScimError, ScimType};
use crate::path::AttributePath;
use crate::resource::get_folded;
use crate::schema::{Attribute, ResourceSchemas, Returned};
use crate::text::same_name;

/// Which attributes an answer has: `attributes`, `excludedAttributes` and `returned` (RFC 7644 §3.9, RFC 7643 §7).
///
/// ```
/// use scim_core::message::Projection;
/// use scim_core::schema::ResourceSchemas;
/// use serde_json::json;
/// let user = json!({"id": "1", "userName": "a", "title": "t", "password": "p", "name": {"givenName": "G", "familyName": "F"}});
/// let schemas = ResourceSchemas::user();
/// let all = Projection::new::<&str>(&[], &[], &schemas)?.apply(&user);
/// assert_eq!(all.get("password"), None);
/// let some = Projection::new(&["NAME.givenName"], &[], &schemas)?.apply(&user);
/// assert_eq!(some, json!({"id": "1", "name": {"givenName": "G"}}));
/// # Ok::<(), scim_core::message::ScimError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Projection {
    schemas: ResourceSchemas,
    wanted: Option<Vec<Selector>>,
    excluded: Vec<Selector>,
}

/// A name as a request writes it: an attribute, a sub-attribute or a whole extension.
#[derive(Debug, Clone)]
struct Selector {
    extension: Option<String>,
    /// `None`: the whole extension.
    name: Option<String>,
    sub: Option<String>,
}

impl Projection {
    /// From the two parameters; names that no schema knows select nothing.
    ///
    /// # Errors
    /// Both parameters are given: `invalidValue`.
    pub fn new<S: AsRef<str>>(attributes: &[S], excluded: &[S], schemas: &ResourceSchemas) -> Result<Self, ScimError> {
        if !attributes.is_empty() && !excluded.is_empty() {
            let detail = "`attributes` and `excludedAttributes` exclude each other";
            return Err(ScimError::of_type(ScimType::InvalidValue, detail));
        }
        let read = |names: &[S]| {
            names.iter().filter_map(|name| Selector::read(name.as_ref().trim(), schemas)).collect::<Vec<_>>()
        };
        Ok(Self {
            schemas: schemas.clone(),
            wanted: (!attributes.is_empty()).then(|| read(attributes)),
            excluded: read(excluded),
        })
    }

    /// The resource as the answer has it. `schemas` and `id` are always there.
    pub fn apply(&self, resource: &Value) -> Value {
        let Value::Object(map) = resource else {
            return resource.clone();
        };
        let mut out = Map::new();
        for (name, value) in map {
            if let Some(schema) = self.schemas.extension(name) {
                let Value::Object(inner) = value else {
                    continue;
                };
                let mut kept = Map::new();
                for (name, value) in inner {
                    self.attribute(Some(schema.id()), schema.attribute(name), name, value, &mut kept);
                }
                if !kept.is_empty() {
                    out.insert(name.clone(), Value::Object(kept));
                }
                continue;
            }
            let known = self.schemas.core_attribute(name).map(|located| located.attribute);
            self.attribute(None, known, name, value, &mut out);
        }
        Value::Object(out)
    }

    fn attribute(
        &self,
        extension: Option<&str>,
        known: Option<&Attribute>,
        name: &str,
        value: &Value,
        out: &mut Map<String, Value>,
    ) {
        let returned = known.map_or(&Returned::Default, Attribute::shown);
        if *returned == Returned::Never {
            return;
        }
        let always = *returned == Returned::Always;
        let of_attribute = |selectors: &[Selector]| -> Vec<Selector> {
            selectors.iter().filter(|selector| selector.covers(extension, name)).cloned().collect()
        };
        let excluded = of_attribute(&self.excluded);
        if !always && excluded.iter().any(|selector| selector.sub.is_none()) {
            return;
        }
        let wanted = self.wanted.as_ref().map(|wanted| of_attribute(wanted));
        let whole = match &wanted {
            _ if always => true,
            None => *returned != Returned::Request,
            Some(wanted) => wanted.iter().any(|selector| selector.sub.is_none()),
        };
        let subs: Vec<&str> = wanted.iter().flatten().filter_map(|selector| selector.sub.as_deref()).collect();
        if !whole && subs.is_empty() {
            return;
        }
        let keep = |sub: &str| {
            let known = known.and_then(|known| known.sub_attribute(sub));
            let named = subs.iter().any(|wanted| same_name(wanted, sub));
            let dropped = excluded.iter().any(|e| e.sub.as_deref().is_some_and(|e| same_name(e, sub)));
            match known.map_or(&Returned::Default, Attribute::shown) {
                Returned::Never => false,
                Returned::Always => true,
                Returned::Request => named,
                _ => always || ((whole || named) && !dropped),
            }
        };
        let shaped = match value {
            Value::Object(map) => shape(map, keep),
            Value::Array(list) => {
                let shaped = list.iter().map(|element| match element {
                    Value::Object(map) => shape(map, keep),
                    bare => bare.clone(),
                });
                Value::Array(shaped.filter(|element| !says_nothing(element)).collect())
            }
            simple => simple.clone(),
        };
        let lost_all = matches!(&shaped, Value::Array(left) if left.is_empty()) && *value != shaped;
        if !says_nothing(&shaped) && !lost_all {
            out.insert(name.to_owned(), shaped);
        }
    }
}

fn says_nothing(value: &Value) -> bool {
    value.as_object().is_some_and(Map::is_empty)
}

fn shape(map: &Map<String, Value>, keep: impl Fn(&str) -> bool) -> Value {
    Value::Object(
        map.iter().filter(|(name, _)| keep(name)).map(|(name, value)| (name.clone(), value.clone())).collect(),
    )
}

impl Selector {
    fn read(text: &str, schemas: &ResourceSchemas) -> Option<Self> {
        if let Some(schema) = schemas.extension(text) {
            return Some(Self { extension: Some(schema.id().to_owned()), name: None, sub: None });
        }
        let path = AttributePath::parse(text).ok()?;
        let extension = match path.urn() {
            Some(urn) if !same_name(urn, schemas.core().id()) => Some(urn.to_owned()),
            _ => None,
        };
        Some(Self { extension, name: Some(path.name().to_owned()), sub: path.sub().map(str::to_owned) })
    }

    fn covers(&self, extension: Option<&str>, name: &str) -> bool {
        let same_home = match (&self.extension, extension) {
            (None, None) => true,
            (Some(a), Some(b)) => same_name(a, b),
            _ => false,
        };
        same_home && self.name.as_deref().is_none_or(|own| same_name(own, name))
    }
}

/// Takes the values out by which resources are sorted: one of a list, the primary one, else the first.
pub(super) fn sort_value<'v>(value: &'v Value, sub: Option<&str>) -> Option<&'v Value> {
    let one = match value {
        Value::Array(list) => {
            let is_primary =
                |e: &&Value| e.as_object().and_then(|map| get_folded(map, "primary")) == Some(&Value::Bool(true));
            list.iter().find(is_primary).or_else(|| list.first())?
        }
        single => single,
    };
    match (one, sub) {
        (Value::Object(map), sub) => get_folded(map, sub.unwrap_or("value")),
        (bare, None) => Some(bare),
        (_, Some(_)) => None,
    }
}
