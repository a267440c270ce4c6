//! The account's SCIM endpoint (rules 3 to 20).

use http::StatusCode;

use super::http::{Incoming, Reply};
use super::router::scim_error;
use super::state::State;

pub(super) fn answer(_state: &mut State, request: &Incoming, _path: &[&str]) -> Reply {
    Reply::no_route(&request.path)
}

/// A SCIM error.
pub(super) fn error(status: StatusCode, scim_type: Option<&str>, detail: &str) -> Reply {
    scim_error(status, scim_type, detail)
}
