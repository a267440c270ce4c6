use std::fmt;

use serde_json::{Map, Value};

use crate::filter::check::Check;
use crate::filter::compile;
use crate::filter::place::{MemberName, Place};
use crate::filter::{Filter, FilterError};
use crate::quirk::Quirks;
use crate::schema::{Attribute, ResourceSchemas};
use crate::text::same_name;

/// A filter that is resolved against the schemas of a resource type, ready for many resources.
///
/// Comparison follows the schema (RFC 7644 §3.4.2.2): `caseExact`, dates as instants, numbers by value, any
/// element of a list. An attribute that no schema knows is compared as untyped JSON, without case.
#[derive(Clone)]
pub struct Matcher {
    root: Node,
}

/// What a filter compares with may be secret.
impl fmt::Debug for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Matcher").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
pub(crate) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    Not(Box<Node>),
    Test(Test),
    /// One element of the attribute meets the inner node.
    Element {
        place: Place,
        inner: Box<Node>,
    },
}

#[derive(Debug, Clone)]
pub(crate) struct Test {
    pub(crate) place: Place,
    pub(crate) sub: Option<MemberName>,
    pub(crate) check: Check,
}

impl Matcher {
    pub(crate) fn new(filter: &Filter, schemas: &ResourceSchemas) -> Result<Self, FilterError> {
        compile::for_resource(filter, schemas).map(|root| Self { root })
    }

    /// Whether a resource meets the filter. What is no JSON object has no attributes.
    pub fn matches(&self, resource: &Value) -> bool {
        match resource {
            Value::Object(map) => self.root.holds(map),
            _ => self.root.holds(&Map::new()),
        }
    }

    pub(crate) fn into_root(self) -> Node {
        self.root
    }
}

/// A filter between the brackets of a PATCH path.
#[derive(Debug, Clone)]
pub(crate) struct ElementMatcher {
    root: Node,
}

impl ElementMatcher {
    /// Names are sub-attributes of the attribute and must be known; with the quirks that reading the values relied on.
    pub(crate) fn new(filter: &Filter, attribute: &Attribute, quirks: Quirks) -> Result<(Self, Quirks), FilterError> {
        compile::for_element(filter, attribute, quirks).map(|(root, fired)| (Self { root }, fired))
    }

    pub(crate) fn matches(&self, element: &Value) -> bool {
        holds_in(&self.root, element)
    }
}

impl Node {
    #[inline]
    pub(crate) fn holds(&self, map: &Map<String, Value>) -> bool {
        // The everyday case, without the registers that all others need.
        if let Self::Test(Test { place, sub, check }) = self {
            return match (place.find(map), sub) {
                (Some(Value::String(text)), None) => check.accepts_text(text),
                (value, sub) => check.holds(value, sub.as_ref()),
            };
        }
        self.holds_in_any_way(map)
    }

    fn holds_in_any_way(&self, map: &Map<String, Value>) -> bool {
        match self {
            Self::All(list) => list.iter().all(|node| node.holds(map)),
            Self::Any(list) => list.iter().any(|node| node.holds(map)),
            Self::Not(inner) => !inner.holds(map),
            Self::Test(test) => test.check.holds(test.place.find(map), test.sub.as_ref()),
            Self::Element { place, inner } => match place.find(map) {
                None => false,
                Some(Value::Array(list)) => list.iter().any(|element| holds_in(inner, element)),
                Some(single) => holds_in(inner, single),
            },
        }
    }

    /// For an element that is no object: its name is `value`.
    fn holds_bare(&self, element: &Value) -> bool {
        match self {
            Self::All(list) => list.iter().all(|node| node.holds_bare(element)),
            Self::Any(list) => list.iter().any(|node| node.holds_bare(element)),
            Self::Not(inner) => !inner.holds_bare(element),
            Self::Test(test) => test.check.holds(same_name(&test.place.name, "value").then_some(element), None),
            Self::Element { .. } => false,
        }
    }
}

fn holds_in(node: &Node, element: &Value) -> bool {
    match element {
        Value::Object(map) => node.holds(map),
        bare => node.holds_bare(bare),
    }
}
