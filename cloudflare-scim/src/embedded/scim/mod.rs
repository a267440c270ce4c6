//! The account's SCIM endpoint (rules 3 to 20): routes, pages, filters, errors.

mod body;
mod discovery;
mod groups;
mod users;

use http::StatusCode;
use scim_core::filter::{CompareOp, Filter, Literal, ParseOptions};
use scim_core::message::{ListResponse, ScimError, ScimType};
use serde::Serialize;

use super::http::{Incoming, JSON, Reply, SCIM};
use super::state::{Refusal, State};
use super::switches::{JsonRequests, Plan, Switches, SystemGroupChange, UnknownMember};

/// What a SCIM call comes to: a body and its status, or an error.
type Outcome = Result<Reply, ScimError>;

/// Answers what lies below `scim/v2/`.
pub(super) fn answer(state: &mut State, request: &Incoming, path: &[&str]) -> Reply {
    let outcome = match path {
        ["Users"] => users::collection(state, request),
        ["Users", id] => users::resource(state, request, id),
        ["Groups"] => groups::collection(state, request),
        ["Groups", id] => groups::resource(state, request, id),
        ["ServiceProviderConfig" | "ResourceTypes" | "Schemas", ..] => discovery::answer(state, request, path),
        // What is no route is the gateway's to answer.
        _ => return Reply::no_route(&request.path),
    };
    outcome.unwrap_or_else(|error| refuse(&error))
}

fn refuse(error: &ScimError) -> Reply {
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Reply::json(status, SCIM, error)
}

/// A SCIM error, for what the gateway says in SCIM's shape.
pub(super) fn error(status: StatusCode, detail: &str) -> Reply {
    refuse(&ScimError::new(status.as_u16(), detail))
}

fn ok(resource: &impl Serialize, id: &str) -> Reply {
    Reply::json(StatusCode::OK, SCIM, resource).about(id)
}

fn created(resource: &impl Serialize, id: &str) -> Reply {
    Reply::json(StatusCode::CREATED, SCIM, resource).about(id)
}

fn no_content(id: &str) -> Reply {
    Reply::empty(StatusCode::NO_CONTENT).about(id)
}

fn not_found(kind: &str, id: &str) -> ScimError {
    let id: String = id.chars().take(64).collect();
    ScimError::new(404, format!("{kind} {id} not found"))
}

fn bad(scim_type: ScimType, detail: impl Into<String>) -> ScimError {
    ScimError::of_type(scim_type, detail)
}

/// 405 with the methods that there are.
fn no_method(request: &Incoming, allow: &'static str) -> Reply {
    let error = ScimError::new(405, format!("{} is not supported here", request.method));
    Reply { allow: Some(allow), ..refuse(&error) }
}

/// What must hold for every write: the plan, and the media type of a body (rule 3).
fn check_write(state: &State, request: &Incoming) -> Result<(), ScimError> {
    if state.switches.plan == Plan::Free {
        return Err(ScimError::new(403, "SCIM provisioning is available to Enterprise accounts only"));
    }
    let json = state.switches.json_requests == JsonRequests::Accept;
    match request.media_type().as_deref() {
        None | Some(SCIM) => Ok(()),
        Some(JSON) if json => Ok(()),
        Some(_) if request.body.is_empty() => Ok(()),
        Some(_) => Err(ScimError::new(415, "the media type of the request must be application/scim+json")),
    }
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

/// The one filter that there is: `attribute eq "value"`; `None` without a filter (rule 7).
fn equality(request: &Incoming, attribute: &str) -> Result<Option<String>, ScimError> {
    let Some(text) = request.param("filter") else { return Ok(None) };
    let only =
        || bad(ScimType::InvalidFilter, format!("the only filter that is supported is: {attribute} eq \"value\""));
    let parsed = Filter::parse_with(text, &ParseOptions::strict()).map_err(|_| only())?;
    match parsed.value {
        Filter::Compare(it)
            if it.op == CompareOp::Eq
                && it.path.urn().is_none()
                && it.path.sub().is_none()
                && it.path.name().eq_ignore_ascii_case(attribute) =>
        {
            match it.value {
                Literal::String(value) => Ok(Some(value.to_string())),
                _ => Err(only()),
            }
        }
        _ => Err(only()),
    }
}

/// A page of a list (rule 6): `show` is called for the resources of the page alone.
fn page<T, R: Serialize>(
    request: &Incoming,
    switches: Switches,
    all: &[T],
    show: impl Fn(&T) -> Option<R>,
) -> Result<Reply, ScimError> {
    let number = |name: &str| match request.param(name) {
        None | Some("") => Ok(None),
        Some(text) => match text.parse::<i64>() {
            Ok(number) => Ok(Some(u64::try_from(number).unwrap_or(0))),
            Err(_) => Err(bad(ScimType::InvalidValue, format!("{name} must be a number"))),
        },
    };
    let most = switches.scim_page();
    let start = number("startIndex")?.unwrap_or(1).max(1);
    let count = number("count")?.unwrap_or(most).min(most);
    let skip = usize::try_from(start - 1).unwrap_or(usize::MAX);
    let take = usize::try_from(count).unwrap_or(usize::MAX);
    let resources: Vec<R> = all.iter().skip(skip).take(take).filter_map(show).collect();
    Ok(Reply::json(StatusCode::OK, SCIM, &ListResponse::page(resources, start, all.len() as u64)))
}
