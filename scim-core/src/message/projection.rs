use serde_json::{Map, Value};

use crate::message::{ScimError, ScimType};
use crate::path::AttributePath;
use crate::resource::get_folded;
use crate::schema::{Attribute, Home, ResourceSchemas, Returned, Schema};
use crate::text::same_name;

/// Which attributes an answer has: `attributes`, `excludedAttributes` and `returned` (RFC 7644 §3.9, RFC 7643 §7).
///
/// Names are those of attributes, sub-attributes (`name.givenName`) and whole schemas, the core schema included. Without a
/// URN the core schema comes first, then the extensions.
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
pub struct Projection(Rules);

impl Projection {
    /// From the two parameters; names that no schema knows select nothing.
    ///
    /// # Errors
    /// Both parameters are given: `invalidValue`.
    pub fn new<S: AsRef<str>>(attributes: &[S], excluded: &[S], schemas: &ResourceSchemas) -> Result<Self, ScimError> {
        let (mode, names) = match (attributes, excluded) {
            ([], []) => (Mode::Default, attributes),
            (_, []) => (Mode::Only, attributes),
            ([], _) => (Mode::Without, excluded),
            _ => {
                let detail = "`attributes` and `excludedAttributes` exclude each other";
                return Err(ScimError::of_type(ScimType::InvalidValue, detail));
            }
        };
        Ok(Self(Rules::new(mode, names, schemas)))
    }

    /// The resource as the answer has it. `schemas` and `id` are always there.
    pub fn apply(&self, resource: &Value) -> Value {
        let Value::Object(map) = resource else {
            return resource.clone();
        };
        let mut out = Map::new();
        for (name, value) in map {
            let Some((schema, picks)) = self.0.extension(name) else {
                self.0.core(name).put(name, value, &mut out);
                continue;
            };
            let mut kept = Map::new();
            for (name, value) in value.as_object().into_iter().flatten() {
                self.0.rule(schema.attribute(name), name, picks).put(name, value, &mut kept);
            }
            if !kept.is_empty() {
                out.insert(name.clone(), Value::Object(kept));
            }
        }
        Value::Object(out)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mode {
    Default,
    Only,
    Without,
}

/// A projection, resolved for one resource type.
#[derive(Debug, Clone)]
pub(crate) struct Rules {
    schemas: ResourceSchemas,
    mode: Mode,
    core: Picks,
    /// One for each extension.
    extensions: Vec<Picks>,
}

/// What the request names of one schema.
#[derive(Debug, Clone, Default)]
pub(crate) struct Picks {
    whole: bool,
    names: Vec<(String, Option<String>)>,
}

impl Rules {
    pub(crate) fn new<S: AsRef<str>>(mode: Mode, names: &[S], schemas: &ResourceSchemas) -> Self {
        let extensions = vec![Picks::default(); schemas.extensions().len()];
        let mut rules = Self { schemas: schemas.clone(), mode, core: Picks::default(), extensions };
        for name in names {
            rules.pick(name.as_ref().trim());
        }
        rules
    }

    /// Unknown names are ignored (RFC 7644 §3.9).
    fn pick(&mut self, text: &str) {
        if let Some(picks) = self.of_schema(text) {
            picks.whole = true;
            return;
        }
        let Ok(path) = AttributePath::parse(text) else { return };
        let name = (path.name().to_owned(), path.sub().map(str::to_owned));
        let picks = match path.urn() {
            Some(urn) => self.of_schema(urn),
            // Without a URN the core comes first; clients also leave it away for extensions.
            None if self.schemas.core_attribute(path.name()).is_some() => Some(&mut self.core),
            None => match self.schemas.in_extensions(path.name()).map(|located| located.home) {
                Some(Home::Extension(urn)) => {
                    let urn = urn.to_owned();
                    self.of_schema(&urn)
                }
                _ => Some(&mut self.core),
            },
        };
        if let Some(picks) = picks {
            picks.names.push(name);
        }
    }

    /// What is named of the schema with that URI.
    fn of_schema(&mut self, uri: &str) -> Option<&mut Picks> {
        if same_name(uri, self.schemas.core().id()) {
            return Some(&mut self.core);
        }
        let at = self.schemas.extensions().iter().position(|schema| same_name(schema.id(), uri))?;
        self.extensions.get_mut(at)
    }

    /// The schema of an extension, if the name is one.
    pub(crate) fn extension(&self, name: &str) -> Option<(&Schema, &Picks)> {
        let mut extensions = self.schemas.extensions().iter().zip(&self.extensions);
        extensions.find(|(schema, _)| same_name(schema.id(), name))
    }

    /// What an answer shows of an attribute at the top of a resource.
    pub(crate) fn core(&self, name: &str) -> Rule<'_> {
        self.rule(self.schemas.core_attribute(name).map(|located| located.attribute), name, &self.core)
    }

    /// What an answer shows of an attribute.
    pub(crate) fn rule<'p>(&self, attribute: Option<&'p Attribute>, name: &str, picks: &'p Picks) -> Rule<'p> {
        let mut picked = picks.of(name);
        let returned = returned(attribute);
        let shown = match (returned, self.mode) {
            (Returned::Never, _) => false,
            (Returned::Request, mode) => mode == Mode::Only && picked.is_any(),
            (Returned::Always, _) | (_, Mode::Default) => true,
            (_, Mode::Only) => picked.is_any(),
            (_, Mode::Without) => !picked.whole,
        };
        if !shown {
            return Rule::Nothing;
        }
        // What is in every answer is there as a whole.
        picked.whole |= *returned == Returned::Always;
        if attribute.is_none_or(Attribute::shows_all) && (picked.whole || picked.subs.is_empty()) {
            return Rule::Everything;
        }
        Rule::Partly(Partly { attribute, picked, mode: self.mode })
    }
}

/// What the request names of one attribute.
struct Picked<'a> {
    whole: bool,
    subs: Vec<&'a str>,
}

impl Picked<'_> {
    fn is_any(&self) -> bool {
        self.whole || !self.subs.is_empty()
    }
}

impl Picks {
    fn of(&self, name: &str) -> Picked<'_> {
        let mut picked = Picked { whole: self.whole, subs: Vec::new() };
        for (_, sub) in self.names.iter().filter(|(picked, _)| same_name(picked, name)) {
            match sub {
                None => picked.whole = true,
                Some(sub) => picked.subs.push(sub),
            }
        }
        picked
    }
}

/// What of an attribute is in an answer.
pub(crate) enum Rule<'a> {
    Nothing,
    Everything,
    Partly(Partly<'a>),
}

/// Some of the sub-attributes.
pub(crate) struct Partly<'a> {
    attribute: Option<&'a Attribute>,
    picked: Picked<'a>,
    mode: Mode,
}

impl Rule<'_> {
    /// Whether a sub-attribute is in the answer.
    pub(crate) fn shows(&self, sub: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Partly(partly) => partly.shows(sub),
        }
    }

    /// Whether anything of a value is.
    pub(crate) fn shows_any(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Nothing, _) => false,
            (Self::Partly(_), Value::Object(map)) => map.keys().any(|sub| self.shows(sub)),
            (Self::Partly(_), Value::Array(list)) => list.iter().any(|element| self.shows_any(element)),
            (Self::Everything | Self::Partly(_), _) => true,
        }
    }

    /// Copies what is in the answer.
    fn put(&self, name: &str, value: &Value, out: &mut Map<String, Value>) {
        if !self.shows_any(value) || value.as_object().is_some_and(Map::is_empty) {
            return;
        }
        let part = |element: &Value| match element {
            Value::Object(map) => {
                let shown = map.iter().filter(|(name, _)| self.shows(name));
                shown.map(|(name, value)| (name.clone(), value.clone())).collect()
            }
            bare => bare.clone(),
        };
        let shown = match value {
            Value::Array(list) => list.iter().filter(|element| self.shows_any(element)).map(part).collect(),
            single => part(single),
        };
        out.insert(name.to_owned(), shown);
    }
}

impl Partly<'_> {
    fn shows(&self, sub: &str) -> bool {
        let Picked { whole, subs } = &self.picked;
        let named = subs.iter().any(|name| same_name(name, sub));
        match (returned(self.attribute.and_then(|attribute| attribute.sub_attribute(sub))), self.mode) {
            (Returned::Never, _) => false,
            (Returned::Always, _) => true,
            (Returned::Request, mode) => mode == Mode::Only && named,
            (_, Mode::Only) => *whole || named,
            (_, Mode::Without) => *whole || !named,
            (_, Mode::Default) => true,
        }
    }
}

impl Attribute {
    /// Whether every sub-attribute is in an answer unless the request says otherwise.
    pub(crate) fn shows_all(&self) -> bool {
        let hidden = |sub: &Attribute| matches!(sub.shown(), Returned::Never | Returned::Request);
        !self.sub_attributes.iter().any(hidden)
    }
}

fn returned(attribute: Option<&Attribute>) -> &Returned {
    attribute.map_or(&Returned::Default, Attribute::shown)
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
