//! The account's SCIM endpoint (rules 3 to 20): scim-core's engine over the account's state.
//!
//! The engine knows the protocol; `engine` says how Cloudflare's differs from the RFC's, `store`
//! shows it the account's state, and `users` and `groups` hold Cloudflare's own rules.

mod discovery;
mod engine;
mod groups;
mod store;
mod users;
mod values;

use http::StatusCode;
use scim_core::filter::{CompareOp, Filter, Literal};
use scim_core::message::{ScimError, ScimType};

pub(super) use engine::Engines;

use super::http::{Incoming, JSON, Reply, SCIM};
use super::state::{Refusal, State};
use super::switches::{JsonRequests, Plan, PlanError, Switches, SystemGroupChange, UnknownMember, UnsupportedFilter};
use store::View;

/// Answers what lies below `scim/v2/`.
pub(super) fn answer(state: &mut State, request: &Incoming, path: &[&str]) -> Reply {
    match path {
        ["Users" | "Groups"] | ["Users" | "Groups", _] => {}
        ["ServiceProviderConfig" | "ResourceTypes" | "Schemas", ..] => {
            return discovery::answer(state, request, path).unwrap_or_else(|error| refuse(&error));
        }
        // What is no route is the gateway's to answer.
        _ => return Reply::no_route(&request.path),
    }
    if !request.method.is_safe() {
        if state.switches.plan == Plan::Free && state.switches.plan_error == PlanError::Envelope {
            return Reply::forbidden(ENTERPRISE_ONLY);
        }
        if let Err(error) = check_write(state, request) {
            return refuse(&error);
        }
    }
    let restored = users::restore(state, request, path);
    let engines = state.engines();
    let users = path.first() == Some(&"Users");
    let engine = if users { &engines.users } else { &engines.groups };
    let mut asked = request.to_request();
    if state.switches.unsupported_filter == UnsupportedFilter::Ignore
        && let Some(filter) = request.param("filter")
        && !is_supported(filter, if users { "userName" } else { "displayName" })
    {
        *asked.uri_mut() = request.without_param("filter");
    }
    let reply = Reply::from_response(engine.handle(&mut View(state), asked));
    if let Some(tag) = restored.filter(|_| reply.is_failure()) {
        state.expel_anyway(&tag);
    }
    let subject = match path {
        [_, id] => Some((*id).to_owned()),
        _ if reply.status == StatusCode::CREATED => id_in(&reply),
        _ => None,
    };
    Reply { subject, ..reply }
}

/// Whether a filter is the one that Cloudflare has: `attribute eq "text"`.
fn is_supported(filter: &str, attribute: &str) -> bool {
    matches!(filter.parse::<Filter>(), Ok(Filter::Compare(it)) if it.op == CompareOp::Eq
        && it.path.name().eq_ignore_ascii_case(attribute)
        && matches!(it.value, Literal::String(_)))
}

/// The id that a new resource was given, for the audit log.
fn id_in(reply: &Reply) -> Option<String> {
    let body: serde_json::Value = serde_json::from_slice(&reply.body).ok()?;
    Some(body.get("id")?.as_str()?.to_owned())
}

fn refuse(error: &ScimError) -> Reply {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Reply::json(status, SCIM, error)
}

/// A SCIM error, for what the gateway says in SCIM's shape.
pub(super) fn error(status: StatusCode, detail: &str) -> Reply {
    refuse(&ScimError::new(status.as_u16(), detail))
}

fn not_found(kind: &str, id: &str) -> ScimError {
    let id: String = id.chars().take(64).collect();
    ScimError::new(404, format!("{kind} {id} not found"))
}

fn bad(scim_type: ScimType, detail: impl Into<String>) -> ScimError {
    ScimError::of_type(scim_type, detail)
}

const ENTERPRISE_ONLY: &str = "SCIM provisioning is available to Enterprise accounts only";

/// What must hold for every write: the plan, and the media type of a body (rule 3).
fn check_write(state: &State, request: &Incoming) -> Result<(), ScimError> {
    if state.switches.plan == Plan::Free {
        return Err(ScimError::new(403, ENTERPRISE_ONLY));
    }
    if state.switches.json_requests == JsonRequests::Refuse && request.media_type().as_deref() == Some(JSON) {
        return Err(ScimError::new(415, "the media type of the request must be application/scim+json"));
    }
    Ok(())
}

/// A refusal in SCIM's words.
fn refused(refusal: &Refusal, switches: Switches) -> ScimError {
    let status = |text: &str| text.parse().unwrap_or(400);
    match refusal {
        Refusal::NotFound => ScimError::new(404, "not found"),
        Refusal::LastAdmin => {
            let detail = "the last Super Administrator of the account cannot be deprovisioned";
            ScimError::new(status(switches.last_admin.as_str()), detail)
        }
        Refusal::EmailTaken => {
            let detail = "a member with this userName already exists";
            ScimError::new(status(switches.duplicate_user.as_str()), detail).with_type(ScimType::Uniqueness)
        }
        Refusal::NameTaken => {
            let detail = "a group with this displayName already exists";
            ScimError::new(status(switches.duplicate_group.as_str()), detail).with_type(ScimType::Uniqueness)
        }
        Refusal::Managed => ScimError::new(403, "the group is managed elsewhere"),
        Refusal::SystemGroup => {
            let detail = "this is a system group: only its members can be changed";
            match switches.system_group_change {
                SystemGroupChange::Status403 => ScimError::new(403, detail),
                SystemGroupChange::Status400 => bad(ScimType::Mutability, detail),
            }
        }
        Refusal::UnknownMember(id) => {
            let id: String = id.chars().take(64).collect();
            let detail = format!("no provisioned user has the id {id}");
            match switches.unknown_member {
                UnknownMember::Status400 => bad(ScimType::InvalidValue, detail),
                UnknownMember::Status404 => ScimError::new(404, detail),
            }
        }
        Refusal::Invalid(why) => bad(ScimType::InvalidValue, why.clone()),
    }
}
