//! Writes whose outcome is open: what may be sent again, and what to look at instead.

use std::collections::HashMap;

use serde_json::{Map, Value};

use super::error::Reply;
use super::{Endpoint, Error, ErrorKind};
use crate::filter::{Filter, attr};
use crate::patch::{Op, PatchOp};
use crate::resource::{ResourceId, ScimResource, get_folded, is_unassigned};
use crate::schema::ResourceSchemas;
use crate::text::{fold, same_name};
use crate::transport::TransportErrorKind;

/// More candidates than this are not read one by one: the look-up is no use then.
const CANDIDATES: usize = 5;

/// A request that may be sent twice: `second` is sent if to `first` an answer came that cannot be
/// believed. (Answers that do not come are the retry layer's business.)
pub(super) async fn repeat_unread<T>(
    first: impl Future<Output = Result<T, Error>>,
    second: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let unbelievable = |kind| {
        matches!(
            kind,
            ErrorKind::UnreadableBody | ErrorKind::WrongResource | ErrorKind::Transport(TransportErrorKind::Protocol)
        )
    };
    match first.await {
        Err(error) if unbelievable(error.kind()) => second.await.map_err(Error::after_open),
        outcome => outcome,
    }
}

/// Whether a PATCH says what shall be, so that sending it twice does no more than sending it once.
/// What appends to a list does not: servers differ on whether they take an equal element twice.
pub(super) fn says_what_shall_be<R: ScimResource>(patch: &PatchOp) -> bool {
    let schemas = R::resource_schemas();
    patch.operations.iter().all(|operation| match (operation.op, &operation.path, &operation.value) {
        (Op::Remove, target, _) => target.is_some(),
        (Op::Replace, Some(target), _) => target.filter().is_none(),
        (Op::Replace, None, _) => true,
        (Op::Add, Some(target), value) => {
            target.filter().is_none() && !appends(&schemas, &target.to_string(), value.as_ref())
        }
        (Op::Add, None, Some(Value::Object(values))) => {
            values.iter().all(|(name, value)| !appends(&schemas, name, Some(value)))
        }
        (Op::Add, None, _) => false,
    })
}

fn appends(schemas: &ResourceSchemas, path: &str, value: Option<&Value>) -> bool {
    // Members are identified by their value: every server knows one that it has.
    if same_name(path, "members") {
        return false;
    }
    match schemas.attribute(path) {
        Some(attribute) => attribute.is_multi_valued(),
        None => matches!(value, Some(Value::Array(_) | Value::Object(_))),
    }
}

/// The answer to a POST: it must have an id, and be about what was sent.
fn created<R: ScimResource>(reply: &Reply, sent: &R) -> Result<R, Error> {
    let made: R = reply.resource(None)?;
    if made.id().is_none() {
        return Err(reply.unreadable("the answer has no id".to_owned()));
    }
    let same = match (sent.external_id(), made.external_id()) {
        (Some(sent), Some(made)) => sent == made,
        _ => match (name_of(sent), name_of(&made)) {
            (Some(sent), Some(made)) => fold(&sent) == fold(&made),
            _ => true,
        },
    };
    if same { Ok(made) } else { Err(reply.wrong("the answer is about another resource than the one sent".to_owned())) }
}

/// Creates a resource, and looks where the outcome is open.
pub(super) async fn create<R: ScimResource>(endpoint: &Endpoint<R>, sent: &R) -> Result<R, Error> {
    let mut error = match post(endpoint, sent).await {
        Err(error) if is_open(&error) => error,
        outcome => return outcome,
    };
    let mut repeated = false;
    loop {
        // Boxed: rarely needed, and no reason to make every caller's future large.
        let found = match Box::pin(look(endpoint, sent, &error)).await {
            Ok(found) => found,
            Err(failed) => return Err(error.after_open().with_finding(failed)),
        };
        match found {
            Found::Same(resource) => return Ok(*resource),
            Found::Foreign(id) => {
                let finding = format!("a look-up found {id}, which has this name and belongs to something else");
                return Err(error.decided(ErrorKind::Conflict).with_found(id).with_finding(finding));
            }
            Found::Other(id) => {
                let finding = format!("a look-up found {id}, which has this name and differs from what was sent");
                return Err(error.decided(ErrorKind::Conflict).after_open().with_found(id).with_finding(finding));
            }
            Found::Nothing if repeated => {
                return Err(error.after_open().with_finding("a look-up found nothing, also after a repetition"));
            }
            Found::Nothing if may_still_run(&error) && !is_unique::<R>() => {
                let finding = "a look-up found nothing yet; not repeated, because the first request may still run";
                return Err(error.after_open().with_finding(finding));
            }
            Found::Nothing => {}
        }
        repeated = true;
        error = match post(endpoint, sent).await {
            Err(error) if is_open(&error) || error.is_conflict() => error.after_open(),
            Err(error) => return Err(error.after_open()),
            made => return made,
        };
    }
}

async fn post<R: ScimResource>(endpoint: &Endpoint<R>, sent: &R) -> Result<R, Error> {
    created(&endpoint.post(sent).await?, sent)
}

/// A 202 is open by the server's will: looking at once is no use.
fn is_open(error: &Error) -> bool {
    error.may_have_been_applied() && error.kind() != ErrorKind::Accepted
}

/// Whether the server may be at work on the lost request even now.
fn may_still_run(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::Transport(kind) => {
            matches!(kind, TransportErrorKind::Timeout | TransportErrorKind::DeadlineExceeded)
        }
        ErrorKind::Server => error.status() == Some(http::StatusCode::GATEWAY_TIMEOUT),
        _ => false,
    }
}

/// Whether the server itself refuses a second one of the same name.
fn is_unique<R: ScimResource>() -> bool {
    name_attribute::<R>() == "userName"
}

enum Found<R> {
    /// It holds everything that was sent.
    Same(Box<R>),
    /// It has the name, but not the rest.
    Other(ResourceId),
    /// It has the name, and the `externalId` of something else.
    Foreign(ResourceId),
    Nothing,
}

/// Looks for what was sent: where the answer says that it is, by `externalId`, by name. The error is
/// why that did not tell.
async fn look<R: ScimResource>(endpoint: &Endpoint<R>, sent: &R, error: &Error) -> Result<Found<R>, String> {
    let endpoint = Endpoint::<R>::new(endpoint.client().clone());
    let wanted = serde_json::to_value(sent).map_err(|error| error.to_string())?;
    if let Some(id) = located::<R>(&endpoint, error)
        && let Ok(Some(resource)) = endpoint.get_opt(&id).await
        && holds::<R>(&resource, &wanted)
    {
        return Ok(Found::Same(Box::new(resource)));
    }
    let by_external_id = sent.external_id().map(|id| attr("externalId").eq(id));
    let by_name = name_of(sent).map(|name| attr(name_attribute::<R>()).eq(name));
    let mut looked = Err("there is no externalId and no name to look it up by".to_owned());
    for filter in [by_external_id, by_name].into_iter().flatten() {
        match candidates(&endpoint, filter).await {
            Ok(resources) => match choose(&endpoint, sent, &wanted, resources).await? {
                Found::Nothing => looked = Ok(Found::Nothing),
                found => return Ok(found),
            },
            Err(why) => looked = looked.or(Err(why)),
        }
    }
    looked
}

async fn candidates<R: ScimResource>(endpoint: &Endpoint<R>, filter: Filter) -> Result<Vec<R>, String> {
    endpoint.find(filter).await.map_err(|error| {
        let why = error.status().map_or_else(|| error.reason().to_owned(), |status| format!("HTTP {status}"));
        format!("a look-up failed too: {why}")
    })
}

async fn choose<R: ScimResource>(
    endpoint: &Endpoint<R>,
    sent: &R,
    wanted: &Value,
    found: Vec<R>,
) -> Result<Found<R>, String> {
    let (name, external_id) = (name_of(sent), sent.external_id());
    // A server that ignores the filter must not make somebody else the answer.
    let meant = |candidate: &R| {
        (external_id.is_some() && candidate.external_id() == external_id)
            || name_of(candidate).zip(name.as_ref()).is_some_and(|(a, b)| fold(&a) == fold(b))
    };
    let mut same = Vec::new();
    let mut other = Found::Nothing;
    for candidate in found.iter().filter(|candidate| meant(candidate)).take(CANDIDATES) {
        let Some(id) = candidate.id() else { continue };
        // Lists may show less than the resource: Cloudflare's have no members.
        let whole = endpoint.get_opt(id).await.map_err(|error| format!("a look-up failed too: {}", error.reason()))?;
        match whole {
            Some(resource) if holds::<R>(&resource, wanted) => same.push(resource),
            Some(resource) => {
                let foreign = external_id.is_some() && resource.external_id().is_some_and(|it| Some(it) != external_id);
                other = if foreign { Found::Foreign(id.clone()) } else { Found::Other(id.clone()) };
            }
            None => {}
        }
    }
    let several = same.len() > 1;
    Ok(match same.pop() {
        Some(resource) if !several => Found::Same(Box::new(resource)),
        Some(resource) => resource.id().map_or(Found::Nothing, |id| Found::Other(id.clone())),
        None => other,
    })
}

/// The id in the answer's `Location`, if that is one of this endpoint. The URL itself is not followed.
fn located<R: ScimResource>(endpoint: &Endpoint<R>, error: &Error) -> Option<ResourceId> {
    let location = error.answer()?.headers.get(http::header::LOCATION)?.to_str().ok()?;
    endpoint.client().id_in(location, R::ENDPOINT)
}

fn name_attribute<R: ScimResource>() -> &'static str {
    if R::resource_schemas().core().attribute("userName").is_some() { "userName" } else { "displayName" }
}

/// The name by which a person knows the resource.
pub(super) fn name_of<R: ScimResource>(resource: &R) -> Option<String> {
    let value = serde_json::to_value(resource).ok()?;
    get_folded(value.as_object()?, name_attribute::<R>())?.as_str().map(str::to_owned)
}

/// Whether a resource holds everything that was sent, apart from what servers never show.
pub(super) fn holds<R: ScimResource>(found: &R, sent: &Value) -> bool {
    let Ok(Value::Object(found)) = serde_json::to_value(found) else { return false };
    let Value::Object(sent) = sent else { return false };
    let schemas = R::resource_schemas();
    sent.iter().filter(|(_, value)| !is_unassigned(value)).all(|(name, value)| {
        let unseen = ["schemas", "id", "meta"].iter().any(|common| same_name(common, name))
            || schemas.attribute(name).is_some_and(|it| it.is_read_only() || it.is_hidden());
        match get_folded(&found, name).filter(|value| !is_unassigned(value)) {
            _ if unseen => true,
            Some(found) => agrees(value, found),
            // Some servers show no members, which says nothing of them.
            None => same_name(name, "members"),
        }
    })
}

/// Whether `found` holds `sent`: text without case, lists in any order and with more in them.
fn agrees(sent: &Value, found: &Value) -> bool {
    match (sent, found) {
        (Value::String(sent), Value::String(found)) => fold(sent) == fold(found),
        (Value::Array(sent), Value::Array(found)) => {
            let mut by_value: HashMap<String, Vec<&Value>> = HashMap::new();
            for element in found {
                by_value.entry(key(element)).or_default().push(element);
            }
            sent.iter().all(|sent| by_value.get(&key(sent)).is_some_and(|list| list.iter().any(|it| agrees(sent, it))))
        }
        (Value::Object(sent), Value::Object(found)) => sent
            .iter()
            .filter(|(name, value)| !is_unassigned(value) && !is_filled_in(name))
            .all(|(name, value)| get_folded(found, name).is_some_and(|found| agrees(value, found))),
        (sent, found) => sent == found,
    }
}

/// What the server fills in about a value, whatever was sent.
fn is_filled_in(name: &str) -> bool {
    same_name(name, "display") || same_name(name, "$ref")
}

fn key(element: &Value) -> String {
    let member = |map: &Map<String, Value>| get_folded(map, "value").and_then(Value::as_str).map(fold_owned);
    match element {
        Value::Object(map) => member(map).unwrap_or_default(),
        Value::String(text) => fold_owned(text),
        other => other.to_string(),
    }
}

fn fold_owned(text: &str) -> String {
    fold(text).into_owned()
}
