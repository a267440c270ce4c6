use std::fmt;

use crate::error::ParseError;
use crate::filter::FilterError;
use crate::message::{ScimError, ScimType};

/// Why a PATCH was refused. The resource is as it was.
#[derive(Debug, Clone, PartialEq)]
pub struct PatchError(Box<Inner>);

#[derive(Debug, Clone, PartialEq)]
struct Inner {
    scim_type: ScimType,
    detail: String,
    operation: Option<usize>,
    path: Option<String>,
    parse: Option<ParseError>,
}

impl PatchError {
    #[cold]
    pub(crate) fn new(scim_type: ScimType, detail: impl Into<String>) -> Self {
        // Texts of the message stand in it: one line they are to be.
        let detail = detail.into().replace(char::is_control, " ");
        Self(Box::new(Inner { scim_type, detail, operation: None, path: None, parse: None }))
    }

    pub(crate) fn syntax(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidSyntax, detail)
    }

    /// For an object that names a member twice. The line and column that serde_json adds are those of the value alone,
    /// where the message was read piece by piece: they are left out.
    pub(crate) fn of_names(error: &serde_json::Error) -> Self {
        let text = error.to_string();
        Self::syntax(text.rsplit_once(" at line ").map_or(text.as_str(), |(text, _)| text))
    }

    pub(crate) fn value(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidValue, detail)
    }

    pub(crate) fn path(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidPath, detail)
    }

    pub(crate) fn filter(detail: impl Into<String>) -> Self {
        Self::new(ScimType::InvalidFilter, detail)
    }

    pub(crate) fn no_target(detail: impl Into<String>) -> Self {
        Self::new(ScimType::NoTarget, detail)
    }

    pub(crate) fn mutability(detail: impl Into<String>) -> Self {
        Self::new(ScimType::Mutability, detail)
    }

    /// Says at which operation it happened; the first word wins.
    pub(crate) fn at(mut self, operation: usize) -> Self {
        self.0.operation.get_or_insert(operation);
        self
    }

    /// Says on which path it happened; the first word wins.
    pub(crate) fn on(mut self, path: impl fmt::Display) -> Self {
        if self.0.path.is_none() {
            self.0.path = Some(path.to_string().replace(char::is_control, " ").chars().take(200).collect());
        }
        self
    }

    /// The keyword of RFC 7644 Table 9.
    pub fn scim_type(&self) -> &ScimType {
        &self.0.scim_type
    }

    /// The operation at fault, from 0; `None` if the message as a whole is, or is no JSON that could be read.
    pub fn operation(&self) -> Option<usize> {
        self.0.operation
    }

    /// The path at fault.
    pub fn target(&self) -> Option<&str> {
        self.0.path.as_deref()
    }

    /// The place in the path, if the path could not be read.
    pub fn parse_error(&self) -> Option<&ParseError> {
        self.0.parse.as_ref()
    }
}

impl fmt::Display for PatchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(at) = self.0.operation {
            write!(f, "operation {}: ", at + 1)?;
        }
        if let Some(path) = &self.0.path {
            write!(f, "`{path}`: ")?;
        }
        f.write_str(&self.0.detail)
    }
}

impl std::error::Error for PatchError {}

impl From<ParseError> for PatchError {
    fn from(error: ParseError) -> Self {
        let mut out = Self::new(error.scim_type(), error.to_string());
        out.0.parse = Some(error);
        out
    }
}

impl From<FilterError> for PatchError {
    fn from(error: FilterError) -> Self {
        let scim_type = match error {
            FilterError::UnknownSubAttribute { .. } => ScimType::InvalidPath,
            _ => ScimType::InvalidFilter,
        };
        Self::new(scim_type, error.to_string())
    }
}

impl From<&PatchError> for ScimError {
    fn from(error: &PatchError) -> Self {
        ScimError::of_type(error.scim_type().clone(), error.to_string())
    }
}
