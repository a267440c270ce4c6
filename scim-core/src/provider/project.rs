//! Which attributes an answer shows: `attributes`, `excludedAttributes` and the schemas' `returned`
//! (RFC 7643 §7, RFC 7644 §3.9).

use serde_json::{Map, Value};

use crate::path::AttributePath;
use crate::provider::{Kind, Need};
use crate::schema::{Attribute, Returned, Schema};
use crate::text::same_name;

/// What the request says about attributes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Projection {
    Default,
    Only(Vec<String>),
    Without(Vec<String>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Default,
    Only,
    Without,
}

/// A projection, resolved for one kind of resource.
#[derive(Debug)]
pub(super) struct Plan<'k> {
    kind: &'k Kind,
    mode: Mode,
    core: Picks,
    extensions: Vec<(&'k Schema, Picks)>,
    members: bool,
}

/// What the request names of one schema.
#[derive(Debug, Default)]
pub(super) struct Picks {
    whole: bool,
    names: Vec<(String, Option<String>)>,
}

/// What the request names of one attribute.
enum Picked<'a> {
    No,
    Whole,
    Subs(Vec<&'a str>),
}

impl Projection {
    pub(super) fn plan<'k>(&self, kind: &'k Kind) -> Plan<'k> {
        let (mode, names): (_, &[String]) = match self {
            Self::Default => (Mode::Default, &[]),
            Self::Only(names) => (Mode::Only, names),
            Self::Without(names) => (Mode::Without, names),
        };
        let extensions = kind.schemas().extensions().iter().map(|schema| (schema, Picks::default())).collect();
        let mut plan = Plan { kind, mode, core: Picks::default(), extensions, members: true };
        for name in names {
            plan.pick(name);
        }
        plan
    }
}

impl Plan<'_> {
    /// Unknown names are ignored (RFC 7644 §3.9).
    fn pick(&mut self, text: &str) {
        if same_name(text, self.kind.schema()) {
            self.core.whole = true;
            return;
        }
        if let Some((_, picks)) = self.extensions.iter_mut().find(|(schema, _)| same_name(text, schema.id())) {
            picks.whole = true;
            return;
        }
        let Ok(path) = AttributePath::parse(text) else { return };
        let name = (path.name().to_owned(), path.sub().map(str::to_owned));
        let picks = match path.urn() {
            Some(urn) if same_name(urn, self.kind.schema()) => &mut self.core,
            Some(urn) => match self.extensions.iter_mut().find(|(schema, _)| same_name(urn, schema.id())) {
                Some((_, picks)) => picks,
                None => return,
            },
            // Without a URN the core comes first; clients also leave it away for extensions.
            None if self.kind.schemas().core_attribute(path.name()).is_some() => &mut self.core,
            None => match self.extensions.iter_mut().find(|(schema, _)| schema.attribute(path.name()).is_some()) {
                Some((_, picks)) => picks,
                None => &mut self.core,
            },
        };
        picks.names.push(name);
    }

    /// Leaves members away whatever the request says.
    pub(super) fn without_members(&mut self) {
        self.members = self.kind.schemas().core_attribute("members").is_none();
    }

    /// Whether it shows what every answer shows without parameters.
    pub(super) fn is_plain(&self) -> bool {
        self.mode == Mode::Default && self.members
    }

    /// What the store must look up for it.
    pub(super) fn need(&self) -> Need {
        if self.is_plain() {
            return Need::everything();
        }
        let core = &self.kind.schemas().core().attributes;
        let hidden = core.iter().filter(|attribute| {
            let picked = self.core.of(attribute.name());
            self.shows(returned(Some(attribute)), &picked) == Shown::No || self.leaves_away(attribute.name())
        });
        Need::all_but(hidden.map(Attribute::name))
    }

    /// What an answer shows of an attribute at the top of a resource.
    pub(super) fn core(&self, name: &str) -> Rule<'_> {
        if self.leaves_away(name) {
            return Rule::Nothing;
        }
        // The ordinary case, and the one that must be quick: no parameters, an attribute like others.
        if self.mode == Mode::Default && !self.kind.is_guarded(name) {
            return Rule::Everything;
        }
        self.rule(self.kind.schemas().core_attribute(name).map(|located| located.attribute), name, &self.core)
    }

    /// The schema of an extension, if the name is one.
    pub(super) fn extension(&self, name: &str) -> Option<&(&Schema, Picks)> {
        self.extensions.iter().find(|(schema, _)| same_name(schema.id(), name))
    }

    /// What an answer shows of an attribute.
    pub(super) fn rule<'p>(&self, attribute: Option<&'p Attribute>, name: &str, picks: &'p Picks) -> Rule<'p> {
        let picked = picks.of(name);
        if self.shows(returned(attribute), &picked) == Shown::No {
            return Rule::Nothing;
        }
        if attribute.is_none_or(Attribute::shows_all) && !matches!(picked, Picked::Subs(_)) {
            return Rule::Everything;
        }
        let subs = match picked {
            Picked::Subs(subs) => Some(subs),
            Picked::No | Picked::Whole => None,
        };
        Rule::Partly(Partly { attribute, subs, mode: self.mode })
    }

    fn leaves_away(&self, name: &str) -> bool {
        !self.members && same_name(name, "members")
    }

    fn shows(&self, returned: &Returned, picked: &Picked<'_>) -> Shown {
        let shown = match returned {
            Returned::Never => false,
            Returned::Always => true,
            Returned::Request => self.mode == Mode::Only && !matches!(picked, Picked::No),
            _ => match self.mode {
                Mode::Default => true,
                Mode::Only => !matches!(picked, Picked::No),
                Mode::Without => !matches!(picked, Picked::Whole),
            },
        };
        if shown { Shown::Yes } else { Shown::No }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    Yes,
    No,
}

impl Picks {
    fn of(&self, name: &str) -> Picked<'_> {
        if self.whole {
            return Picked::Whole;
        }
        let mut subs = Vec::new();
        for (picked, sub) in &self.names {
            if same_name(picked, name) {
                match sub {
                    None => return Picked::Whole,
                    Some(sub) => subs.push(sub.as_str()),
                }
            }
        }
        if subs.is_empty() { Picked::No } else { Picked::Subs(subs) }
    }
}

/// What of an attribute is in an answer.
pub(super) enum Rule<'a> {
    Nothing,
    Everything,
    Partly(Partly<'a>),
}

/// Some of the sub-attributes.
pub(super) struct Partly<'a> {
    attribute: Option<&'a Attribute>,
    subs: Option<Vec<&'a str>>,
    mode: Mode,
}

impl Rule<'_> {
    /// Whether a sub-attribute is in the answer.
    pub(super) fn shows(&self, sub: &str) -> bool {
        match self {
            Self::Nothing => false,
            Self::Everything => true,
            Self::Partly(partly) => partly.shows(sub),
        }
    }

    /// Whether anything of a value is.
    pub(super) fn shows_any(&self, value: &Value) -> bool {
        match (self, value) {
            (Self::Nothing, _) => false,
            (Self::Partly(_), Value::Object(map)) => map.keys().any(|sub| self.shows(sub)),
            (Self::Partly(_), Value::Array(list)) => list.iter().any(|element| self.shows_any(element)),
            (Self::Everything | Self::Partly(_), _) => true,
        }
    }
}

impl Partly<'_> {
    fn shows(&self, sub: &str) -> bool {
        let named = self.subs.as_ref().is_some_and(|subs| subs.iter().any(|name| same_name(name, sub)));
        let returned = returned(self.attribute.and_then(|attribute| attribute.sub_attribute(sub)));
        match (returned, self.mode) {
            (Returned::Never, _) => false,
            (Returned::Always, _) => true,
            (Returned::Request, _) => self.mode == Mode::Only && named,
            (_, Mode::Only) => self.subs.is_none() || named,
            (_, Mode::Without) => !named,
            (_, Mode::Default) => true,
        }
    }
}

impl Attribute {
    /// Whether every sub-attribute is in an answer unless the request says otherwise.
    fn shows_all(&self) -> bool {
        let hidden = |sub: &Attribute| matches!(sub.shown(), Returned::Never | Returned::Request);
        !self.sub_attributes.iter().any(hidden)
    }

    /// Whether it is in every answer, whole, unless the request says otherwise.
    pub(super) fn is_plainly_shown(&self) -> bool {
        matches!(self.shown(), Returned::Always | Returned::Default) && self.shows_all()
    }
}

fn returned(attribute: Option<&Attribute>) -> &Returned {
    attribute.map_or(&Returned::Default, Attribute::shown)
}

/// Drops what holds nothing: absent, `null`, `[]` and `{}` are one state (RFC 7643 §2.5).
pub(super) fn drop_unassigned(map: &mut Map<String, Value>) {
    map.retain(|_, value| !crate::resource::is_unassigned(value));
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn project(projection: &Projection) -> Value {
        let user = json!({
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1", "userName": "a",
            "password": "secret", "name": {"givenName": "G", "familyName": "F"},
            "emails": [{"value": "a@b", "type": "work"}, {"type": "home"}],
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": "D", "division": "V"},
            "meta": {"resourceType": "User", "version": "1"},
        });
        let mut engine = crate::provider::Engine::new("");
        engine.behaviour_mut().meta.location = false;
        let context = engine.context(0, "").unwrap();
        let plan = projection.plan(context.kind);
        serde_json::to_value(crate::provider::shown::Shown::new(context, &plan, std::borrow::Cow::Owned(user))).unwrap()
    }

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn password_is_never_shown_and_id_always() {
        assert!(project(&Projection::Default).get("password").is_none());
        let only = project(&Projection::Only(names(&["password", "nosuch"])));
        assert_eq!(only, json!({"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "id": "1"}));
        let without = project(&Projection::Without(names(&["id", "schemas", "userName"])));
        assert_eq!((without.get("id"), without.get("userName")), (Some(&json!("1")), None));
    }

    #[test]
    fn sub_attributes_and_extensions_are_named_singly() {
        let only = project(&Projection::Only(names(&[
            "NAME.givenName",
            "emails.value",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department",
            "meta.version",
        ])));
        assert_eq!(only["name"], json!({"givenName": "G"}));
        assert_eq!(only["emails"], json!([{"value": "a@b"}]));
        assert_eq!(only["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"], json!({"department": "D"}));
        assert_eq!(only["meta"], json!({"version": "1"}));

        let without = project(&Projection::Without(names(&[
            "name.givenName",
            "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        ])));
        assert_eq!(without["name"], json!({"familyName": "F"}));
        assert!(without.get("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User").is_none());
    }

    #[test]
    fn members_are_not_looked_up_for_nothing() {
        let kind = Kind::group();
        let need = |projection: Projection| projection.plan(&kind).need().wants("members");
        assert!(need(Projection::Default));
        assert!(!need(Projection::Without(names(&["members"]))));
        assert!(!need(Projection::Only(names(&["displayName"]))));
        assert!(need(Projection::Without(names(&["members.display"]))));
    }
}
