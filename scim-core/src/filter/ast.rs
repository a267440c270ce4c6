use std::fmt;
use std::str::FromStr;

use crate::error::ParseError;
use crate::filter::{FilterError, Literal, Matcher, ParseOptions, Parsed};
use crate::path::AttributePath;
use crate::resource::secret::Unless;
use crate::schema::ResourceSchemas;

/// A filter expression. The grammar is closed, so a match on this type stays complete.
///
/// Chains of one operator are flat: `a and b and c` is one [`And`](Self::And) of three. In what [`parse`](Self::parse) gives,
/// parentheses, brackets and `not` nest at most [`Limits::depth`](crate::limits::Limits::depth) times. A tree that a program
/// nests by itself has no such bound, and whatever walks it recurses, printing, comparing and dropping included: whoever builds
/// one in a loop over outside data counts its levels.
#[derive(Debug, Clone, PartialEq)]
pub enum Filter {
    /// All of them; two or more.
    And(Vec<Filter>),
    /// One of them; two or more.
    Or(Vec<Filter>),
    /// Not that.
    Not(Box<Filter>),
    /// `attribute op value`.
    Compare(Comparison),
    /// `attribute pr`: it has a value.
    Present(AttributePath),
    /// `attribute[filter]`: one and the same element meets the whole filter.
    ValuePath(ValuePath),
}

/// `attribute op value`. `Debug` shows no password that it compares with.
#[derive(Clone, PartialEq)]
pub struct Comparison {
    /// Left side.
    pub path: AttributePath,
    /// Operator.
    pub op: CompareOp,
    /// Right side.
    pub value: Literal,
}

/// `attribute[filter]`.
#[derive(Clone, PartialEq)]
pub struct ValuePath {
    /// The attribute whose elements are looked at.
    pub path: AttributePath,
    /// What one element must meet; its names are sub-attributes.
    pub filter: Box<Filter>,
}

impl fmt::Debug for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = Unless(self.path.is_secret(), &self.value);
        f.debug_struct("Comparison").field("path", &self.path).field("op", &self.op).field("value", &value).finish()
    }
}

impl fmt::Debug for ValuePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filter = Unless(self.path.is_secret(), &self.filter);
        f.debug_struct("ValuePath").field("path", &self.path).field("filter", &filter).finish()
    }
}

/// Comparison operator (RFC 7644 Table 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CompareOp {
    /// `eq`
    Eq,
    /// `ne`
    Ne,
    /// `co`: contains.
    Co,
    /// `sw`: starts with.
    Sw,
    /// `ew`: ends with.
    Ew,
    /// `gt`
    Gt,
    /// `ge`
    Ge,
    /// `lt`
    Lt,
    /// `le`
    Le,
}

impl CompareOp {
    /// The operator as it is written.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Eq => "eq",
            Self::Ne => "ne",
            Self::Co => "co",
            Self::Sw => "sw",
            Self::Ew => "ew",
            Self::Gt => "gt",
            Self::Ge => "ge",
            Self::Lt => "lt",
            Self::Le => "le",
        }
    }

    /// Reads an operator in any case.
    pub(crate) fn read(word: &str) -> Option<Self> {
        match word.as_bytes() {
            &[a, b] => Self::of_bytes(a, b),
            _ => None,
        }
    }

    #[inline]
    pub(crate) fn of_bytes(a: u8, b: u8) -> Option<Self> {
        Some(match (a.to_ascii_lowercase(), b.to_ascii_lowercase()) {
            (b'e', b'q') => Self::Eq,
            (b'n', b'e') => Self::Ne,
            (b'c', b'o') => Self::Co,
            (b's', b'w') => Self::Sw,
            (b'e', b'w') => Self::Ew,
            (b'g', b't') => Self::Gt,
            (b'g', b'e') => Self::Ge,
            (b'l', b't') => Self::Lt,
            (b'l', b'e') => Self::Le,
            _ => return None,
        })
    }

    /// Whether it asks for an order (`gt`, `ge`, `lt`, `le`).
    pub fn is_ordering(self) -> bool {
        matches!(self, Self::Gt | Self::Ge | Self::Lt | Self::Le)
    }
}

impl Filter {
    /// Reads a filter by the letter.
    ///
    /// # Errors
    /// The text is no filter: `invalidFilter`, with the place.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        crate::filter::parse::filter(text, &ParseOptions::strict()).map(|parsed| parsed.value)
    }

    /// Reads a filter with tolerance and limits, and reports the tolerances that were used.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(text: &str, options: &ParseOptions) -> Result<Parsed<Self>, ParseError> {
        crate::filter::parse::filter(text, options)
    }

    /// Both. Chains stay flat.
    pub fn and(self, other: Self) -> Self {
        let mut list = match self {
            Self::And(list) => list,
            one => vec![one],
        };
        match other {
            Self::And(more) => list.extend(more),
            one => list.push(one),
        }
        Self::And(list)
    }

    /// Either. Chains stay flat.
    pub fn or(self, other: Self) -> Self {
        let mut list = match self {
            Self::Or(list) => list,
            one => vec![one],
        };
        match other {
            Self::Or(more) => list.extend(more),
            one => list.push(one),
        }
        Self::Or(list)
    }

    /// The opposite.
    #[expect(
        clippy::should_implement_trait,
        reason = "reads like the other builders; `!` is not what a filter looks like"
    )]
    pub fn not(self) -> Self {
        Self::Not(Box::new(self))
    }

    /// Resolves the filter against schemas, for many resources.
    ///
    /// # Errors
    /// An ordering comparison on a boolean or binary attribute, a complex attribute compared as a whole, or a filter too
    /// deep: `invalidFilter`.
    pub fn compile(&self, schemas: &ResourceSchemas) -> Result<Matcher, FilterError> {
        Matcher::new(self, schemas)
    }

    /// Whether a resource meets the filter; [`compile`](Self::compile) once to ask often.
    ///
    /// # Errors
    /// As [`compile`](Self::compile).
    pub fn matches(&self, resource: &serde_json::Value, schemas: &ResourceSchemas) -> Result<bool, FilterError> {
        Ok(self.compile(schemas)?.matches(resource))
    }

    /// Every attribute path in the filter, those of elements with the attribute in front.
    pub fn paths(&self) -> Vec<AttributePath> {
        let mut found = Vec::new();
        self.collect(None, &mut found);
        found
    }

    fn collect(&self, outer: Option<&AttributePath>, found: &mut Vec<AttributePath>) {
        let inside = |path: &AttributePath| match outer {
            Some(outer) => outer.with_sub(path.name()),
            None => path.clone(),
        };
        match self {
            Self::And(list) | Self::Or(list) => list.iter().for_each(|f| f.collect(outer, found)),
            Self::Not(inner) => inner.collect(outer, found),
            Self::Compare(comparison) => found.push(inside(&comparison.path)),
            Self::Present(path) => found.push(inside(path)),
            Self::ValuePath(value_path) => value_path.filter.collect(Some(&value_path.path), found),
        }
    }
}

impl FromStr for Filter {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}
