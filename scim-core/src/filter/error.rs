use crate::filter::CompareOp;
use crate::message::{ScimError, ScimType};

/// Why a well-formed filter cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FilterError {
    /// `gt`, `ge`, `lt` or `le` on a boolean or binary attribute (RFC 7644 §3.4.2.2).
    #[error("`{op}` cannot be used on `{path}`: it has no order", op = .op.as_str())]
    NoOrder {
        /// The attribute.
        path: String,
        /// The operator.
        op: CompareOp,
    },
    /// A complex attribute was compared as a whole: one of its sub-attributes must be named (RFC 7644 §3.4.2.2).
    #[error("`{path}` has no value of its own to compare: name a sub-attribute, as in `{path}.{example}`")]
    NoValue {
        /// The attribute.
        path: String,
        /// One of its sub-attributes.
        example: String,
    },
    /// The tree was built by hand and is deeper than any limit.
    #[error("the filter is nested too deeply")]
    TooDeep,
    /// The attribute is never returned: a filter would leak it.
    #[error("`{path}` cannot be searched")]
    Hidden {
        /// The attribute.
        path: String,
    },
    /// A sub-attribute between brackets that the schema does not know.
    #[error("`{name}` is no sub-attribute of `{attribute}`")]
    UnknownSubAttribute {
        /// The attribute before the brackets.
        attribute: String,
        /// The name between them.
        name: String,
    },
}

impl From<&FilterError> for ScimError {
    fn from(error: &FilterError) -> Self {
        ScimError::of_type(ScimType::InvalidFilter, error.to_string())
    }
}
