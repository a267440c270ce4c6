//! Which attributes an answer shows: `attributes`, `excludedAttributes` and the schemas' `returned`
//! (RFC 7643 §7, RFC 7644 §3.9).

use serde_json::{Map, Value};

pub(super) use crate::message::projection::Rule;
use crate::message::projection::{Mode, Picks, Rules};
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

/// A projection, resolved for one kind of resource.
#[derive(Debug)]
pub(super) struct Plan<'k> {
    kind: &'k Kind,
    rules: Rules,
    /// Whether the request names no attribute.
    is_default: bool,
    members: bool,
}

impl Projection {
    pub(super) fn plan<'k>(&self, kind: &'k Kind) -> Plan<'k> {
        let (mode, names): (_, &[String]) = match self {
            Self::Default => (Mode::Default, &[]),
            Self::Only(names) => (Mode::Only, names),
            Self::Without(names) => (Mode::Without, names),
        };
        let rules = Rules::new(mode, names, kind.schemas());
        Plan { kind, rules, is_default: *self == Self::Default, members: true }
    }
}

impl Plan<'_> {
    /// Leaves members away whatever the request says.
    pub(super) fn without_members(&mut self) {
        self.members = self.kind.schemas().core_attribute("members").is_none();
    }

    /// Whether it shows what every answer shows without parameters.
    pub(super) fn is_plain(&self) -> bool {
        self.is_default && self.members
    }

    /// What the store must look up for it.
    pub(super) fn need(&self) -> Need {
        if self.is_plain() {
            return Need::everything();
        }
        let names = self.kind.schemas().core().attributes.iter().map(Attribute::name);
        Need::all_but(names.filter(|name| matches!(self.core(name), Rule::Nothing)))
    }

    /// What an answer shows of an attribute at the top of a resource.
    pub(super) fn core(&self, name: &str) -> Rule<'_> {
        if !self.members && same_name(name, "members") {
            return Rule::Nothing;
        }
        // The ordinary case, and the one that must be quick: no parameters, an attribute like others.
        if self.is_default && !self.kind.is_guarded(name) {
            return Rule::Everything;
        }
        self.rules.core(name)
    }

    /// The schema of an extension, if the name is one.
    pub(super) fn extension(&self, name: &str) -> Option<(&Schema, &Picks)> {
        self.rules.extension(name)
    }

    /// What an answer shows of an attribute.
    pub(super) fn rule<'p>(&self, attribute: Option<&'p Attribute>, name: &str, picks: &'p Picks) -> Rule<'p> {
        self.rules.rule(attribute, name, picks)
    }
}

impl Attribute {
    /// Whether it is in every answer, whole, unless the request says otherwise.
    pub(super) fn is_plainly_shown(&self) -> bool {
        matches!(self.shown(), Returned::Always | Returned::Default) && self.shows_all()
    }
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
