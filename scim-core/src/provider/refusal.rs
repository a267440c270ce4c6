//! The errors of RFC 7644 §3.12 by what happened. Texts name attributes, never values of other
//! resources.

use std::fmt::Display;

use crate::message::{ScimError, ScimType};

/// At most this much of a client's own text is repeated to it.
const QUOTED: usize = 100;

pub(crate) fn refusal(status: u16, scim_type: Option<ScimType>, detail: impl Display) -> ScimError {
    ScimError { status, scim_type, detail: Some(detail.to_string()), ..ScimError::default() }
}

pub(crate) fn bad(scim_type: ScimType, detail: impl Display) -> ScimError {
    refusal(400, Some(scim_type), detail)
}

pub(crate) fn invalid_value(detail: impl Display) -> ScimError {
    bad(ScimType::InvalidValue, detail)
}

pub(crate) fn invalid_syntax(detail: impl Display) -> ScimError {
    bad(ScimType::InvalidSyntax, detail)
}

pub(crate) fn invalid_filter(detail: impl Display) -> ScimError {
    bad(ScimType::InvalidFilter, detail)
}

pub(crate) fn mutability(detail: impl Display) -> ScimError {
    bad(ScimType::Mutability, detail)
}

pub(crate) fn uniqueness(detail: impl Display) -> ScimError {
    refusal(409, Some(ScimType::Uniqueness), detail)
}

pub(crate) fn plain(status: u16, detail: impl Display) -> ScimError {
    refusal(status, None, detail)
}

pub(crate) fn internal(detail: impl Display) -> ScimError {
    plain(500, detail)
}

/// A client's own text, cut, for a `detail`.
pub(crate) fn quote(text: &str) -> String {
    let mut quoted: String = text.chars().filter(|c| !c.is_control()).take(QUOTED).collect();
    if text.chars().count() > QUOTED {
        quoted.push('…');
    }
    quoted
}
