//! Errors of the parsers: what is wrong, where, and how it looks under the text.
//!
//! Each has the scimType with which RFC 7644 §3.12 answers it, a span in bytes, and a picture for people:
//!
//! ```
//! use scim_core::filter::Filter;
//! let error = Filter::parse("userName eq bjensen").unwrap_err();
//! assert_eq!((error.span(), error.scim_type().as_str()), (12..19, "invalidFilter"));
//! let picture = error.render();
//! assert!(picture.ends_with("\n  userName eq bjensen\n              ^^^^^^^"), "{picture}");
//! ```

use std::fmt;
use std::ops::Range;

use crate::message::{ScimError, ScimType};

/// What is wrong with a filter or path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ParseErrorKind {
    /// Nothing where an expression must be.
    Empty,
    /// The text ends in the middle of an expression.
    UnexpectedEnd,
    /// Something that cannot stand there.
    UnexpectedText,
    /// Not exactly one space between two parts; only the strict reading minds.
    Spacing,
    /// No attribute name by RFC 7644 Figure 1.
    InvalidName,
    /// No comparison operator that RFC 7644 Table 3 knows.
    UnknownOperator,
    /// No JSON string, number, `true`, `false` or `null`.
    InvalidValue,
    /// A JSON string that is malformed or not closed.
    InvalidString,
    /// A parenthesis or bracket that is not closed, or closed without having been opened.
    Unbalanced,
    /// A value path inside a value path, or a sub-attribute of a sub-attribute (errata 4690 and 7322).
    Nested,
    /// More bytes than [`Limits::bytes`](crate::limits::Limits::bytes).
    TooLong,
    /// Deeper than [`Limits::depth`](crate::limits::Limits::depth).
    TooDeep,
    /// More comparisons than [`Limits::terms`](crate::limits::Limits::terms).
    TooManyTerms,
}

impl ParseErrorKind {
    fn describe(self) -> &'static str {
        match self {
            Self::Empty => "nothing here, an expression is expected",
            Self::UnexpectedEnd => "the text ends too early",
            Self::UnexpectedText => "this cannot stand here",
            Self::Spacing => "exactly one space belongs here",
            Self::InvalidName => "no attribute name",
            Self::UnknownOperator => "no operator; known are eq, ne, co, sw, ew, gt, ge, lt, le and pr",
            Self::InvalidValue => "no value; a string in quotes, a number, true, false or null is expected",
            Self::InvalidString => "malformed string",
            Self::Unbalanced => "parentheses or brackets do not pair up",
            Self::Nested => "values of a value cannot be addressed",
            Self::TooLong => "the text is too long",
            Self::TooDeep => "nested too deeply",
            Self::TooManyTerms => "too many comparisons",
        }
    }
}

/// Whether the text was a filter or a path: the RFC has one keyword for each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Grammar {
    Filter,
    Path,
}

/// A filter or path that could not be read.
///
/// `Display` is one line; [`render`](Self::render) puts the text with a caret below it.
///
/// ```
/// use scim_core::filter::Filter;
/// let error = Filter::parse("userName eq").unwrap_err();
/// assert_eq!(error.span(), 11..11);
/// assert_eq!(error.to_string(), "invalid filter at byte 11: the text ends too early");
/// assert_eq!(error.render(), "invalid filter at byte 11: the text ends too early\n  userName eq\n             ^");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseError(Box<Inner>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Inner {
    kind: ParseErrorKind,
    grammar: Grammar,
    in_brackets: bool,
    span: Range<usize>,
    excerpt: String,
    /// Byte of the text at which the excerpt begins.
    excerpt_at: usize,
}

const EXCERPT: usize = 60;

impl ParseError {
    #[cold]
    pub(crate) fn new(
        kind: ParseErrorKind,
        grammar: Grammar,
        in_brackets: bool,
        span: Range<usize>,
        text: &str,
    ) -> Self {
        let mut from = span.start.saturating_sub(EXCERPT).min(text.len());
        while !text.is_char_boundary(from) {
            from -= 1;
        }
        let mut to = span.start.saturating_add(EXCERPT).min(text.len());
        while !text.is_char_boundary(to) {
            to += 1;
        }
        let excerpt = text.get(from..to).unwrap_or_default().to_owned();
        Self(Box::new(Inner { kind, grammar, in_brackets, span, excerpt, excerpt_at: from }))
    }

    /// What is wrong.
    pub fn kind(&self) -> ParseErrorKind {
        self.0.kind
    }

    /// Where: bytes of the text, `start` from 0 to its length.
    pub fn span(&self) -> Range<usize> {
        self.0.span.clone()
    }

    /// The keyword for the answer: `invalidFilter`, or `invalidPath` for paths.
    pub fn scim_type(&self) -> ScimType {
        match self.0.grammar {
            Grammar::Path if !self.0.in_brackets => ScimType::InvalidPath,
            _ => ScimType::InvalidFilter,
        }
    }

    /// The text around the place with a caret under it, after the line that `Display` gives.
    pub fn render(&self) -> String {
        let inner = &self.0;
        let line: String = inner.excerpt.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let at = inner.span.start.saturating_sub(inner.excerpt_at);
        let before = inner.excerpt.get(..at).unwrap_or(&inner.excerpt).chars().count();
        let marked = inner.excerpt.get(at..(inner.span.end - inner.excerpt_at).min(inner.excerpt.len()));
        let carets = marked.map_or(1, |text| text.chars().count().max(1));
        format!("{self}\n  {line}\n  {}{}", " ".repeat(before), "^".repeat(carets))
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.0.grammar {
            Grammar::Filter => "filter",
            Grammar::Path => "path",
        };
        write!(f, "invalid {what} at byte {}: {}", self.0.span.start, self.0.kind.describe())
    }
}

impl std::error::Error for ParseError {}

impl From<&ParseError> for ScimError {
    fn from(error: &ParseError) -> Self {
        ScimError::of_type(error.scim_type(), error.to_string())
    }
}
