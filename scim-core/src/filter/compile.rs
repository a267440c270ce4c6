//! From a filter and schemas to what a [`Matcher`](crate::filter::Matcher) evaluates.

use crate::filter::check::Check;
use crate::filter::matcher::{Node, Test};
use crate::filter::place::{MemberName, Place};
use crate::filter::{CompareOp, Comparison, Filter, FilterError, Literal, ValuePath};
use crate::limits::MAX_DEPTH;
use crate::path::AttributePath;
use crate::quirk::{Quirk, Quirks};
use crate::schema::{Attribute, AttributeType, Home, ResourceSchemas, boolean_in};
use crate::text::same_name;

/// Against the schemas of a resource type.
pub(super) fn for_resource(filter: &Filter, schemas: &ResourceSchemas) -> Result<Node, FilterError> {
    let quirks = Quirks::STRICT;
    Compiler { scope: Scope::Resource(schemas), must_know: false, quirks, fired: quirks }.node(filter, 0)
}

/// Against one attribute, for its elements; with the quirks that were relied on.
pub(super) fn for_element(
    filter: &Filter,
    attribute: &Attribute,
    quirks: Quirks,
) -> Result<(Node, Quirks), FilterError> {
    let mut compiler = Compiler { scope: Scope::Element(attribute), must_know: true, quirks, fired: Quirks::STRICT };
    let root = compiler.node(filter, 0)?;
    Ok((root, compiler.fired))
}

/// A comparison excludes more than presence does.
#[inline(never)]
fn presence_last(mut nodes: Vec<Node>) -> Node {
    nodes.sort_by_key(|node| matches!(node, Node::Test(Test { check: Check::Present, .. })));
    Node::All(nodes)
}

/// `id eq "1" or id eq "2" or …` looks the attribute up once.
#[inline(never)]
fn join_equalities(nodes: Vec<Node>) -> Node {
    let mut joined: Vec<Node> = Vec::with_capacity(nodes.len());
    for node in nodes {
        let Node::Test(Test { place, sub, check: Check::Text(text) }) = &node else {
            joined.push(node);
            continue;
        };
        let Some((needle, exact)) = text.equality() else {
            joined.push(node);
            continue;
        };
        // Only the last group is looked at: chains are written together, and the cost stays linear.
        match joined.last_mut() {
            Some(Node::Test(Test { place: other, sub: other_sub, check: Check::OneOf { needles, exact: same } }))
                if place == other && sub == other_sub && exact == *same =>
            {
                needles.push(needle.clone());
            }
            _ => {
                let check = Check::OneOf { needles: vec![needle.clone()], exact };
                joined.push(Node::Test(Test { place: place.clone(), sub: sub.clone(), check }));
            }
        }
    }
    for node in &mut joined {
        if let Node::Test(Test { check: Check::OneOf { needles, .. }, .. }) = node {
            needles.sort_unstable();
        }
    }
    match (joined.pop(), joined.is_empty()) {
        (Some(only), true) => only,
        (last, _) => {
            joined.extend(last);
            Node::Any(joined)
        }
    }
}

/// A parenthesis can hold an `or` of an `and` of a `not`: three levels of the tree for one of the text. A few more are for
/// brackets, and for what a program puts around a filter that it has read.
const MAX_LEVELS: usize = 3 * MAX_DEPTH + 16;

#[derive(Clone, Copy)]
enum Scope<'a> {
    Resource(&'a ResourceSchemas),
    /// Between the brackets of a known attribute.
    Element(&'a Attribute),
    /// Between the brackets of an unknown one.
    Untyped,
}

struct Compiler<'a> {
    scope: Scope<'a>,
    /// Whether an unknown name between brackets is an error. In a query it is unassigned; only a PATCH path must know
    /// what it writes to.
    must_know: bool,
    quirks: Quirks,
    fired: Quirks,
}

impl<'a> Compiler<'a> {
    /// Recurses as deep as the filter is; what is done at each place stands in functions of its own, so that little
    /// of the stack is taken.
    fn node(&mut self, filter: &Filter, depth: usize) -> Result<Node, FilterError> {
        if depth > MAX_LEVELS {
            return Err(FilterError::TooDeep);
        }
        match filter {
            Filter::And(list) => self.nodes(list, depth).map(presence_last),
            Filter::Or(list) => self.nodes(list, depth).map(join_equalities),
            Filter::Not(inner) => self.not(inner, depth),
            Filter::Present(path) => self.presence(path),
            Filter::Compare(comparison) => self.comparison(comparison),
            Filter::ValuePath(value_path) => self.element(value_path, depth),
        }
    }

    #[inline(never)]
    fn not(&mut self, inner: &Filter, depth: usize) -> Result<Node, FilterError> {
        self.node(inner, depth + 1).map(|inner| Node::Not(Box::new(inner)))
    }

    #[inline(never)]
    fn presence(&self, path: &AttributePath) -> Result<Node, FilterError> {
        let (place, sub, _) = self.resolve(path)?;
        Ok(Node::Test(Test { place, sub, check: Check::Present }))
    }

    #[inline(never)]
    fn element(&mut self, value_path: &ValuePath, depth: usize) -> Result<Node, FilterError> {
        let (place, sub, attribute) = self.resolve(&value_path.path)?;
        let scope = match (attribute, &sub) {
            (Some(attribute), None) => Scope::Element(attribute),
            _ => Scope::Untyped,
        };
        let outer = std::mem::replace(&mut self.scope, scope);
        let inner = self.node(&value_path.filter, depth + 1);
        self.scope = outer;
        Ok(Node::Element { place, inner: Box::new(inner?) })
    }

    #[inline(never)]
    fn nodes(&mut self, list: &[Filter], depth: usize) -> Result<Vec<Node>, FilterError> {
        let mut nodes = Vec::with_capacity(list.len());
        for filter in list {
            nodes.push(self.node(filter, depth + 1)?);
        }
        Ok(nodes)
    }

    /// Place, sub-attribute and definition of what a path names; the definition is that of the attribute.
    fn resolve(&self, path: &AttributePath) -> Result<(Place, Option<MemberName>, Option<&'a Attribute>), FilterError> {
        let untyped = || {
            let place = Place::new(path.urn(), path.name());
            (place, path.sub().map(MemberName::from), None)
        };
        Ok(match self.scope {
            Scope::Untyped => untyped(),
            Scope::Element(attribute) => {
                let known = attribute.sub_attribute(path.name());
                let is_element = !attribute.is_complex() && same_name(path.name(), "value");
                if known.is_none() && !is_element {
                    if !self.must_know {
                        return Ok(untyped());
                    }
                    return Err(FilterError::UnknownSubAttribute {
                        attribute: attribute.name().to_owned(),
                        name: path.name().chars().take(100).collect(),
                    });
                }
                let name = known.map_or("value", Attribute::name);
                (Place::new(None, name), None, Some(known.unwrap_or(attribute)))
            }
            Scope::Resource(schemas) => match schemas.locate(path) {
                Some(located) => {
                    let extension = match located.home {
                        Home::Core => None,
                        Home::Extension(uri) => Some(uri),
                    };
                    let known_sub = path.sub().and_then(|sub| located.attribute.sub_attribute(sub));
                    let sub = path.sub().map(|sub| known_sub.map_or(sub, Attribute::name));
                    (
                        Place::new(extension, located.attribute.name()),
                        sub.map(MemberName::from),
                        Some(located.attribute),
                    )
                }
                None => untyped(),
            },
        })
    }

    #[inline(never)]
    fn comparison(&mut self, comparison: &Comparison) -> Result<Node, FilterError> {
        let Comparison { path, op, value } = comparison;
        let (place, sub, attribute) = self.resolve(path)?;
        // What is compared is the sub-attribute, or the `value` of a complex attribute.
        let compared = match (attribute, &sub, self.scope) {
            (Some(attribute), Some(sub), Scope::Resource(_)) if attribute.is_complex() => attribute.sub_attribute(sub),
            (Some(attribute), None, _) if attribute.is_complex() => attribute.sub_attribute("value"),
            (attribute, ..) => attribute,
        };
        if compared.is_none()
            && sub.is_none()
            && *value != Literal::Null
            && let Some(example) = attribute.and_then(|attribute| attribute.sub_attributes.first())
        {
            return Err(FilterError::NoValue {
                path: path.to_string().chars().take(100).collect(),
                example: example.name().to_owned(),
            });
        }
        let kind = compared.map(Attribute::attribute_type);
        let mut value = std::borrow::Cow::Borrowed(value);
        if let (Some(AttributeType::Boolean), Literal::String(text)) = (kind, value.as_ref())
            && self.quirks.contains(Quirk::BoolStringInFilter)
            && let Some(boolean) = boolean_in(text)
        {
            self.fired = self.fired.with(Quirk::BoolStringInFilter);
            value = std::borrow::Cow::Owned(Literal::Boolean(boolean));
        }
        let unordered = matches!(kind, Some(AttributeType::Boolean | AttributeType::Binary))
            || matches!(value.as_ref(), Literal::Boolean(_));
        if op.is_ordering() && unordered {
            return Err(FilterError::NoOrder { path: path.to_string().chars().take(100).collect(), op: *op });
        }
        let exact = compared.is_some_and(Attribute::is_case_exact);
        let wants_primary = match (op, value.as_ref()) {
            (CompareOp::Eq, Literal::Boolean(wanted)) => Some(*wanted),
            (CompareOp::Ne, Literal::Boolean(wanted)) => Some(!wanted),
            _ => None,
        };
        let list = match self.scope {
            Scope::Element(attribute) => Some(attribute),
            Scope::Resource(_) => attribute,
            Scope::Untyped => None,
        };
        let is_primary = list.is_some_and(Attribute::is_multi_valued)
            && kind == Some(&AttributeType::Boolean)
            && compared.is_some_and(|compared| same_name(compared.name(), "primary"));
        match (wants_primary.filter(|_| is_primary), self.scope, &sub) {
            (Some(wanted), Scope::Element(_), None) => Ok(primary(place, wanted)),
            // What has no element has none that is not the primary one.
            (Some(false), Scope::Resource(_), Some(sub)) if *op == CompareOp::Eq => {
                let inner = primary(Place { extension: None, name: sub.clone() }, false);
                Ok(Node::Element { place, inner: Box::new(inner) })
            }
            _ => Ok(Node::Test(Test { place, sub, check: Check::new(*op, &value, kind, exact) })),
        }
    }
}

/// Whether an element is the primary one: not, if it does not say so (RFC 7643 §2.4).
fn primary(place: Place, wanted: bool) -> Node {
    let check = Check::new(CompareOp::Eq, &Literal::Boolean(true), Some(&AttributeType::Boolean), false);
    let is_primary = Node::Test(Test { place, sub: None, check });
    if wanted { is_primary } else { Node::Not(Box::new(is_primary)) }
}

impl Filter {
    /// Refuses attributes that answers never show (`writeOnly`, `returned: never`, as `password`): whoever may
    /// filter on them can guess them letter by letter.
    ///
    /// # Errors
    /// [`FilterError::Hidden`] for the first one.
    pub fn check_searchable(&self, schemas: &ResourceSchemas) -> Result<(), FilterError> {
        for path in self.paths() {
            let Some(located) = schemas.locate(&path) else {
                continue;
            };
            // A complex attribute is compared by its `value`.
            let sub = located.attribute.sub_attribute(path.sub().unwrap_or("value"));
            if located.attribute.is_hidden() || sub.is_some_and(Attribute::is_hidden) {
                return Err(FilterError::Hidden { path: path.to_string() });
            }
        }
        Ok(())
    }
}
