use std::fmt;
use std::str::FromStr;

use crate::error::ParseError;
use crate::filter::{Filter, ParseOptions, Parsed};
use crate::path::AttributePath;
use crate::resource::secret::Unless;
use crate::text::Text;

/// Target of a PATCH operation: `attrPath / valuePath [subAttr]` (RFC 7644 Figure 7).
///
/// A whole extension is spelt like an attribute (`urn:…:2.0:User`); only the schemas tell them apart.
#[derive(Clone, PartialEq)]
pub struct PatchPath {
    pub(crate) attribute: AttributePath,
    pub(crate) filter: Option<Filter>,
    /// Sub-attribute after the brackets.
    pub(crate) after: Option<Text>,
}

impl PatchPath {
    /// Reads a path by the letter.
    ///
    /// # Errors
    /// The text is no PATCH path: `invalidPath`, or `invalidFilter` between the brackets.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        Self::parse_with(text, &ParseOptions::strict()).map(|parsed| parsed.value)
    }

    /// Reads a path with tolerance and limits, and reports the tolerances that were used.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_with(text: &str, options: &ParseOptions) -> Result<Parsed<Self>, ParseError> {
        crate::filter::parse::patch_path(text, options)
    }

    /// The whole attribute.
    pub fn of(attribute: AttributePath) -> Self {
        Self { attribute, filter: None, after: None }
    }

    /// The elements that meet a filter, as in `members[value eq "2819c223"]`.
    pub fn select(attribute: AttributePath, filter: Filter) -> Self {
        Self { attribute, filter: Some(filter), after: None }
    }

    /// The attribute before the brackets.
    pub fn attribute(&self) -> &AttributePath {
        &self.attribute
    }

    /// What the elements must meet.
    pub fn filter(&self) -> Option<&Filter> {
        self.filter.as_ref()
    }

    /// The sub-attribute that is meant: after the brackets, or after the attribute.
    pub fn sub(&self) -> Option<&str> {
        match (&self.after, &self.filter) {
            (Some(sub), _) => Some(sub),
            (None, None) => self.attribute.sub(),
            (None, Some(_)) => None,
        }
    }
}

impl FromStr for PatchPath {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        Self::parse(text)
    }
}

impl From<AttributePath> for PatchPath {
    fn from(attribute: AttributePath) -> Self {
        Self::of(attribute)
    }
}

impl fmt::Debug for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filter = Unless(self.attribute.is_secret(), &self.filter);
        let mut out = f.debug_struct("PatchPath");
        out.field("attribute", &self.attribute).field("filter", &filter).field("after", &self.after).finish()
    }
}

impl fmt::Display for PatchPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.attribute)?;
        if let Some(filter) = &self.filter {
            write!(f, "[{filter}]")?;
        }
        match &self.after {
            Some(sub) => write!(f, ".{sub}"),
            None => Ok(()),
        }
    }
}
