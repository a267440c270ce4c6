//! Filters on typed resources, without serialising them.

use std::fmt;
use std::marker::PhantomData;

use serde_json::{Map, Value};

use crate::filter::check::Check;
use crate::filter::matcher::{Node as JsonNode, Test};
use crate::filter::place::{MemberName, Place};
use crate::filter::{Filter, FilterError, Matcher};
use crate::resource::wire::{Attributes, Node, Wire};
use crate::resource::{Group, ScimResource, User, is_unassigned};
use crate::schema::ResourceSchemas;
use crate::text::same_name;

/// A typed resource whose members filters can read in place: [`User`] and [`Group`].
pub trait TypedResource: ScimResource + sealed::Layout {}

mod sealed {
    use super::Plan;

    pub trait Layout: Sized {
        #[doc(hidden)]
        #[expect(private_interfaces, reason = "sealed: nobody outside names it")]
        fn meets(&self, plan: &Plan) -> bool;
        #[doc(hidden)]
        fn index_of(name: &str) -> Option<u8>;
        #[doc(hidden)]
        fn sub_index_of(member: u8, name: &str) -> Option<u8>;
    }
}

macro_rules! layout {
    ($($type:ty),*) => { $(
        impl TypedResource for $type {}
        impl sealed::Layout for $type {
            #[expect(private_interfaces, reason = "sealed: nobody outside names it")]
            #[inline]
            fn meets(&self, plan: &Plan) -> bool {
                plan.holds(self)
            }
            fn index_of(name: &str) -> Option<u8> {
                <$type as Wire>::index(name)
            }
            fn sub_index_of(member: u8, name: &str) -> Option<u8> {
                <$type>::sub_index(member, name)
            }
        }
    )* };
}
layout!(User, Group);

/// A filter that is resolved against a typed resource.
///
/// ```
/// use scim_core::filter::Filter;
/// use scim_core::resource::{Email, User};
/// let mut user = User::new("bjensen");
/// user.emails.push(Email::new("b@example.com").with_type("work"));
/// let filter = Filter::parse(r#"emails[type eq "WORK" and value ew "example.com"]"#)?;
/// assert!(filter.compile_for::<User>()?.matches(&user));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct TypedMatcher<T> {
    root: Plan,
    of: PhantomData<fn(&T)>,
}

/// As that of a [`Matcher`].
impl<T> fmt::Debug for TypedMatcher<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TypedMatcher").finish_non_exhaustive()
    }
}

#[derive(Debug, Clone)]
enum Plan {
    All(Vec<Plan>),
    Any(Vec<Plan>),
    Not(Box<Plan>),
    Test {
        member: u8,
        inner: Option<u8>,
        sub: Sub,
        check: Check,
    },
    Element {
        member: u8,
        inner: Option<u8>,
        plan: Box<Plan>,
    },
    /// What no member holds is looked up among the unknown ones.
    Extra(JsonNode),
    /// The same in an extension that is typed.
    ExtraOf {
        member: u8,
        node: JsonNode,
    },
}

/// What of a value is compared.
#[derive(Debug, Clone)]
enum Sub {
    /// The value itself; the `value` of an object, by its number.
    Itself(Option<u8>),
    Known(u8),
    Unknown(MemberName),
}

impl Filter {
    /// Resolves the filter against the schemas and the members of a type, for many resources.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn compile_for<T: TypedResource>(&self) -> Result<TypedMatcher<T>, FilterError> {
        self.compile_for_with(&T::resource_schemas())
    }

    /// As [`compile_for`](Self::compile_for), with other schemas than those of the type: those and the extensions of a
    /// service, whose values a resource holds in `extra`.
    ///
    /// ```
    /// use scim_core::filter::Filter;
    /// use scim_core::resource::{ScimResource, User};
    /// use scim_core::schema::{Attribute, AttributeType, Schema};
    /// let mut number = Attribute::new("number", AttributeType::String);
    /// number.case_exact = Some(true);
    /// let schemas = User::resource_schemas().with_extension(Schema::new("urn:example:Badge", vec![number]));
    /// let user: User = serde_json::from_str(r#"{"userName": "u", "urn:example:Badge": {"number": "A17"}}"#)?;
    /// let filter = Filter::parse(r#"urn:example:Badge:number eq "A17""#)?;
    /// assert!(filter.compile_for_with::<User>(&schemas)?.matches(&user));
    /// let filter = Filter::parse(r#"urn:example:Badge:number eq "a17""#)?;
    /// assert!(!filter.compile_for_with::<User>(&schemas)?.matches(&user));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn compile_for_with<T: TypedResource>(
        &self,
        schemas: &ResourceSchemas,
    ) -> Result<TypedMatcher<T>, FilterError> {
        let root = Matcher::new(self, schemas)?.into_root();
        Ok(TypedMatcher { root: plan::<T>(root), of: PhantomData })
    }
}

impl<T: TypedResource> TypedMatcher<T> {
    /// Whether the resource meets the filter.
    pub fn matches(&self, resource: &T) -> bool {
        resource.meets(&self.root)
    }
}

/// Recurses as deep as the filter is; what is done at each place stands in functions of its own, so that little of the
/// stack is taken.
fn plan<T: TypedResource>(node: JsonNode) -> Plan {
    match node {
        JsonNode::All(list) => Plan::All(plans::<T>(list)),
        JsonNode::Any(list) => Plan::Any(plans::<T>(list)),
        JsonNode::Not(inner) => Plan::Not(boxed(|| plan::<T>(*inner))),
        JsonNode::Test(test) => plan_test::<T>(test),
        JsonNode::Element { place, inner } => plan_element::<T>(place, inner),
    }
}

#[inline(never)]
fn plans<T: TypedResource>(list: Vec<JsonNode>) -> Vec<Plan> {
    let mut plans = Vec::with_capacity(list.len());
    for node in list {
        plans.push(plan::<T>(node));
    }
    plans
}

#[inline(never)]
fn boxed(plan: impl FnOnce() -> Plan) -> Box<Plan> {
    Box::new(plan())
}

#[inline(never)]
fn plan_test<T: TypedResource>(test: Test) -> Plan {
    match find::<T>(&test.place) {
        Found::Member(member, None) => {
            let index = |name: &str| T::sub_index_of(member, name);
            Plan::Test { member, inner: None, sub: sub(&test, index), check: test.check }
        }
        Found::Member(member, inner @ Some(_)) => {
            // Only the manager is complex there.
            let index = |name: &str| <crate::resource::Manager as Wire>::index(name);
            Plan::Test { member, inner, sub: sub(&test, index), check: test.check }
        }
        Found::Extra => Plan::Extra(JsonNode::Test(test)),
        Found::ExtraOf(member) => {
            let place = Place { extension: None, ..test.place };
            Plan::ExtraOf { member, node: JsonNode::Test(Test { place, ..test }) }
        }
    }
}

#[inline(never)]
fn plan_element<T: TypedResource>(place: Place, inner: Box<JsonNode>) -> Plan {
    match find::<T>(&place) {
        Found::Member(member, None) => {
            let plan = Box::new(within(*inner, &|name| T::sub_index_of(member, name)));
            Plan::Element { member, inner: None, plan }
        }
        Found::Member(member, at @ Some(_)) => {
            let plan = Box::new(within(*inner, &|name| <crate::resource::Manager as Wire>::index(name)));
            Plan::Element { member, inner: at, plan }
        }
        Found::Extra => Plan::Extra(JsonNode::Element { place, inner }),
        Found::ExtraOf(member) => {
            let place = Place { extension: None, ..place };
            Plan::ExtraOf { member, node: JsonNode::Element { place, inner } }
        }
    }
}

enum Found {
    Member(u8, Option<u8>),
    Extra,
    ExtraOf(u8),
}

fn find<T: TypedResource>(place: &Place) -> Found {
    let outer = place.extension.as_deref().unwrap_or(&place.name);
    match (T::index_of(outer), &place.extension) {
        (None, _) => Found::Extra,
        (Some(member), None) => Found::Member(member, None),
        (Some(member), Some(_)) => T::sub_index_of(member, &place.name)
            .map_or(Found::ExtraOf(member), |inner| Found::Member(member, Some(inner))),
    }
}

fn sub(test: &Test, index: impl Fn(&str) -> Option<u8>) -> Sub {
    match &test.sub {
        Some(name) => index(name).map_or_else(|| Sub::Unknown(name.clone()), Sub::Known),
        None => Sub::Itself(index("value")),
    }
}

/// Between the brackets: names are members of the element.
fn within(node: JsonNode, index: &dyn Fn(&str) -> Option<u8>) -> Plan {
    match node {
        JsonNode::All(list) => Plan::All(all_within(list, index)),
        JsonNode::Any(list) => Plan::Any(all_within(list, index)),
        JsonNode::Not(inner) => Plan::Not(boxed(|| within(*inner, index))),
        JsonNode::Test(test) => test_within(test, index),
        node @ JsonNode::Element { .. } => Plan::Extra(node),
    }
}

#[inline(never)]
fn all_within(list: Vec<JsonNode>, index: &dyn Fn(&str) -> Option<u8>) -> Vec<Plan> {
    let mut plans = Vec::with_capacity(list.len());
    for node in list {
        plans.push(within(node, index));
    }
    plans
}

#[inline(never)]
fn test_within(test: Test, index: &dyn Fn(&str) -> Option<u8>) -> Plan {
    match index(&test.place.name) {
        Some(member) => Plan::Test { member, inner: None, sub: Sub::Itself(None), check: test.check },
        None => Plan::Extra(JsonNode::Test(test)),
    }
}

impl Plan {
    /// Generic, so that the members of a resource itself are found without dynamic dispatch.
    #[inline]
    fn holds<O: Attributes + ?Sized>(&self, object: &O) -> bool {
        if let Self::All(list) = self {
            return list.iter().all(|plan| plan.holds_one(object));
        }
        self.holds_one(object)
    }

    #[inline]
    fn holds_one<O: Attributes + ?Sized>(&self, object: &O) -> bool {
        // The everyday case, without the registers that all others need.
        if let Self::Test { member, inner, sub: Sub::Itself(_), check } = self
            && let Node::Text(text) = find_node(object, *member, *inner)
        {
            return check.accepts_text(text);
        }
        self.holds_in_any_way(object)
    }

    fn holds_in_any_way<O: Attributes + ?Sized>(&self, object: &O) -> bool {
        match self {
            Self::All(list) => list.iter().all(|plan| plan.holds(object)),
            Self::Any(list) => list.iter().any(|plan| plan.holds(object)),
            Self::Not(inner) => !inner.holds(object),
            Self::Test { member, inner, sub, check } => test(check, find_node(object, *member, *inner), sub),
            Self::Element { member, inner, plan } => match find_node(object, *member, *inner) {
                Node::List(list) => list.any(&mut |element| plan.holds_in(element)),
                // What holds nothing is not there, as in JSON: nothing is true of it, `not` neither.
                Node::Object(object) if !object.is_assigned() => false,
                node => plan.holds_in(node),
            },
            Self::Extra(node) => node.holds(object.extra()),
            Self::ExtraOf { member, node } => match object.member(*member) {
                Node::Object(extension) => node.holds(extension.extra()),
                _ => node.holds(&Map::new()),
            },
        }
    }

    fn holds_in(&self, element: Node<'_>) -> bool {
        match element {
            Node::Object(object) => self.holds(object),
            Node::Absent | Node::List(_) => false,
            bare => self.holds_bare(bare),
        }
    }

    /// For an element that is no object: its name is `value`.
    fn holds_bare(&self, element: Node<'_>) -> bool {
        match self {
            Self::All(list) => list.iter().all(|plan| plan.holds_bare(element)),
            Self::Any(list) => list.iter().any(|plan| plan.holds_bare(element)),
            Self::Not(inner) => !inner.holds_bare(element),
            Self::Extra(JsonNode::Test(one)) if same_name(&one.place.name, "value") => {
                test(&one.check, element, &Sub::Itself(None))
            }
            Self::Extra(JsonNode::Test(one)) => one.check.holds_unassigned(),
            _ => false,
        }
    }
}

#[inline]
fn find_node<O: Attributes + ?Sized>(object: &O, member: u8, inner: Option<u8>) -> Node<'_> {
    match (object.member(member), inner) {
        (node, None) => node,
        (Node::Object(extension), Some(inner)) => extension.member(inner),
        _ => Node::Absent,
    }
}

#[inline]
fn test(check: &Check, node: Node<'_>, sub: &Sub) -> bool {
    let mut seen = false;
    let met = match node {
        Node::List(list) => list.any(&mut |element| one(check, element, sub, &mut seen)),
        node => one(check, node, sub, &mut seen),
    };
    if seen { met } else { check.holds_unassigned() }
}

#[inline]
fn one(check: &Check, node: Node<'_>, sub: &Sub, seen: &mut bool) -> bool {
    let node = match (node, sub) {
        (Node::Object(object), Sub::Known(index)) => object.member(*index),
        (Node::Object(object), Sub::Unknown(name)) => {
            let value = name.find(object.extra()).filter(|value| !is_unassigned(value));
            value.map_or(Node::Absent, Node::Json)
        }
        (Node::Object(object), Sub::Itself(value)) if !check.is_about_presence() => match value {
            Some(index) => object.member(*index),
            None => Node::Absent,
        },
        (Node::Object(_), Sub::Itself(_)) => node,
        (_, Sub::Known(_)) => Node::Absent,
        (_, Sub::Unknown(name)) if !same_name(name, "value") => Node::Absent,
        (bare, _) => bare,
    };
    let met = match node {
        Node::Absent => return false,
        Node::Text(text) => check.accepts_text(text),
        Node::Boolean(value) => check.accepts_bool(value),
        Node::Number(value) => check.accepts_number(value),
        Node::Json(value) => check.accepts_json(value),
        // Only presence comes here with an object.
        Node::Object(object) if !object.is_assigned() => return false,
        Node::Object(object) => match check {
            Check::Present => object.is_present(),
            _ => check.accepts_json(&Value::Bool(true)),
        },
        Node::List(_) => false,
    };
    *seen = true;
    met
}

/// `pr` on a typed value.
pub(crate) fn is_present(node: Node<'_>) -> bool {
    match node {
        Node::Absent => false,
        Node::Text(text) => !text.is_empty(),
        Node::Boolean(_) | Node::Number(_) => true,
        Node::Json(value) => crate::filter::is_present(value),
        Node::Object(object) => object.is_present(),
        Node::List(list) => list.any(&mut is_present),
    }
}
