//! Several operations in one request (RFC 7644 §3.7).
//!
//! Operations run in the order in which they came, except that one which refers to a `bulkId` waits
//! for the resource of that name, and later ones on the resource that it changes wait with it. Where resources
//! refer to each other in a circle, one of them is made without the reference and completed by a PATCH
//! as soon as the others are there (§3.7.1).

use std::collections::{BTreeSet, HashMap};

use http::header::IF_MATCH;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::Text;
use crate::message::bulk_id::{references, references_in, resolve_path};
use crate::message::{BULK_REQUEST, BULK_RESPONSE, BulkResult, BulkStatus, PATCH_OP, ScimError, resolve_bulk_ids};
use crate::provider::bulk_wait::{Blocked, Wait};
use crate::provider::engine::{Body, Incoming};
use crate::provider::query::message;
use crate::provider::refusal::{invalid_syntax, invalid_value, plain, quote};
use crate::provider::reply::Reply;
use crate::provider::route::{Route, relative};
use crate::provider::{Engine, Store};
use crate::resource::{ResourceId, get_folded};

/// One operation on its way.
pub(super) struct Step {
    method: Option<Method>,
    pub(super) path: String,
    bulk_id: Option<String>,
    version: Option<String>,
    data: Option<Value>,
    /// The `bulkId`s that it refers to.
    pub(super) refers: BTreeSet<String>,
    /// Why it cannot run.
    refused: Option<ScimError>,
}

/// What a whole request shares.
struct Job<'a> {
    base: &'a str,
    subject: Option<&'a ResourceId>,
    ids: HashMap<String, String>,
    results: Vec<Option<BulkResult>>,
}

/// Attributes that had to wait for resources further on in a circle.
struct Later {
    step: usize,
    path: String,
    attributes: Value,
    /// The `bulkId`s of those.
    missing: BTreeSet<String>,
}

impl Engine {
    pub(super) fn bulk(&self, store: &mut dyn Store, mut incoming: Incoming<'_>) -> Result<Reply, ScimError> {
        let body = Self::body(&mut incoming)?;
        let map = message(&body, BULK_REQUEST, self.behaviour())?;
        let most_errors = match get_folded(map, "failOnErrors") {
            None | Some(Value::Null) => usize::MAX,
            Some(number) => {
                let number = number.as_u64().and_then(|number| usize::try_from(number).ok());
                number.ok_or_else(|| invalid_syntax("`failOnErrors` must be a whole number"))?
            }
        };
        let Some(Value::Array(operations)) = get_folded(map, "Operations") else {
            return Err(invalid_syntax("`Operations` must be a list"));
        };
        let most = self.behaviour().bulk.map_or(0, |limits| limits.max_operations);
        if operations.len() > most {
            return Err(plain(413, format_args!("a bulk request may have {most} operations at most (maxOperations)")));
        }
        let steps = read(operations);
        let job = Job {
            base: &incoming.base,
            subject: incoming.subject.as_ref(),
            ids: HashMap::new(),
            results: steps.iter().map(|_| None).collect(),
        };
        let results = self.run(store, steps, job, most_errors.max(1));
        // Not `BulkResponse`: `Operations` is there even if it is empty.
        Ok(Reply::json(StatusCode::OK, &json!({"schemas": [BULK_RESPONSE], "Operations": results})))
    }

    fn run(
        &self,
        store: &mut dyn Store,
        mut steps: Vec<Step>,
        mut job: Job<'_>,
        most_errors: usize,
    ) -> Vec<BulkResult> {
        let mut waiting: BTreeSet<usize> = (0..steps.len()).collect();
        let mut later: Vec<Later> = Vec::new();
        let mut errors = 0;
        // Every round takes one step out of `waiting`.
        // One resource has several paths: `/Me`, a character in percent encoding.
        let about = |step: &Step| {
            let path = step.path.split('?').next().unwrap_or_default();
            relative(self.kinds(), path).and_then(|route| self.resolve(route, job.subject)).ok()
        };
        let mut blocked = Blocked::new(&steps, about);
        while errors < most_errors {
            let (at, circular) = match blocked.next(&waiting) {
                Some(ready) => (ready, false),
                // All that is left waits for something that is left: a circle.
                None => match waiting.iter().copied().find(|&at| steps.get(at).is_some_and(Step::makes)) {
                    Some(first) => (first, true),
                    None => break,
                },
            };
            waiting.remove(&at);
            let Some(step) = steps.get_mut(at) else { break };
            let postponed = if circular { step.postpone(&job.ids) } else { Map::new() };
            let result = self.step(store, step, &job);
            let failed = result.code().is_none_or(|code| code >= 300);
            if failed {
                errors += 1;
            }
            let bulk_id = step.bulk_id.clone().filter(|_| step.makes());
            let path = step.path.clone();
            if let Some(bulk_id) = bulk_id {
                let id = result.location.as_deref().and_then(|location| location.rsplit('/').next());
                match id.filter(|_| !failed) {
                    Some(id) => {
                        let id = percent_encoding::percent_decode_str(id).decode_utf8_lossy().into_owned();
                        if !postponed.is_empty() {
                            let path = format!("{}/{}", path.trim_end_matches('/'), super::route::segment(&id));
                            let postponed = Value::Object(postponed);
                            let mut missing = names_in(&postponed);
                            missing.retain(|id| *id != bulk_id && !job.ids.contains_key(id));
                            blocked.wait_for_circle(&steps, &bulk_id, &missing);
                            later.push(Later { step: at, path, attributes: postponed, missing });
                        }
                        job.ids.insert(bulk_id.clone(), id);
                    }
                    None => refuse_dependents(&mut steps, &bulk_id),
                }
                blocked.settle(&Wait::Made(bulk_id));
            }
            blocked.settle(&Wait::Ran(at));
            if let Some(slot) = job.results.get_mut(at) {
                *slot = Some(result);
            }
            // Before anything else is done to them.
            let are_there = |later: &mut Later| later.missing.iter().all(|id| job.ids.contains_key(id));
            let complete: Vec<Later> = later.extract_if(.., are_there).collect();
            for postponed in complete {
                self.complete(store, postponed, &mut job);
            }
        }
        for postponed in later {
            self.complete(store, postponed, &mut job);
        }
        job.results.into_iter().flatten().collect()
    }

    /// Runs one operation.
    fn step(&self, store: &mut dyn Store, step: &mut Step, job: &Job<'_>) -> BulkResult {
        let path = resolve_path(&step.path, &|id| job.ids.get(id).map(String::as_str), &mut Vec::new());
        let method = step.method.clone();
        let reply = match step.refused.take() {
            Some(error) => Err(error),
            None => self.operation(store, step, &path, job),
        };
        let reply = reply.unwrap_or_else(|error| Reply::error(&error));
        let failed = !reply.status.is_success();
        // A failed operation names what it was about, a failed POST has nothing to name (§3.7.3).
        let about = (method != Some(Method::POST)).then(|| format!("{}/{}", job.base, path.trim_start_matches('/')));
        BulkResult {
            location: if failed { about } else { reply.location.or(about) }.map(Text::from),
            method: method.map(|method| method.as_str().into()),
            bulk_id: step.bulk_id.as_deref().map(Text::from),
            version: reply.version.filter(|_| !failed).map(Text::from),
            status: Some(BulkStatus(reply.status.as_u16())),
            response: reply.body.filter(|_| failed).and_then(|body| serde_json::from_slice(&body).ok()),
            ..BulkResult::default()
        }
    }

    fn operation(&self, store: &mut dyn Store, step: &mut Step, path: &str, job: &Job<'_>) -> Result<Reply, ScimError> {
        let Some(method) = step.method.clone() else {
            return Err(invalid_value("`method` must be POST, PUT, PATCH or DELETE"));
        };
        let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        let route = relative(self.kinds(), path)?;
        if !matches!(route, Route::Endpoint(_) | Route::Resource(..) | Route::Me) {
            return Err(invalid_value(format_args!("`{}` is no path for a bulk operation", quote(path))));
        }
        let mut headers = HeaderMap::new();
        if let Some(version) = &step.version {
            let version = HeaderValue::from_str(version).map_err(|_| invalid_value("`version` is no entity tag"))?;
            headers.insert(IF_MATCH, version);
        }
        let mut data = step.data.take();
        if let Some(data) = &mut data {
            resolve_bulk_ids(data, &|id| job.ids.get(id).map(String::as_str));
        }
        let incoming = Incoming {
            method,
            route,
            query,
            headers: &headers,
            body: Body::Data(data),
            base: job.base.to_owned(),
            subject: job.subject.cloned(),
        };
        self.write(store, incoming)
    }

    /// Adds to a resource of a circle what it was made without.
    fn complete(&self, store: &mut dyn Store, postponed: Later, job: &mut Job<'_>) {
        let operation = json!({"op": "add", "value": postponed.attributes});
        let mut step = Step {
            method: Some(Method::PATCH),
            path: postponed.path,
            bulk_id: None,
            version: None,
            data: Some(json!({"schemas": [PATCH_OP], "Operations": [operation]})),
            refers: BTreeSet::new(),
            refused: None,
        };
        let are_there = postponed.missing.iter().all(|id| job.ids.contains_key(id));
        let done = are_there.then(|| self.step(store, &mut step, job));
        let Some(Some(result)) = job.results.get_mut(postponed.step) else { return };
        if let Some(done) = done.filter(|done| done.code().is_some_and(|code| code < 300)) {
            result.version = done.version.or(result.version.take());
            return;
        }
        let error = plain(409, "the resource was made, but its circular references could not be resolved");
        result.status = Some(BulkStatus(409));
        result.response = serde_json::to_value(&error).ok();
    }
}

impl Step {
    /// Whether it makes a resource that others may refer to.
    pub(super) fn makes(&self) -> bool {
        self.method == Some(Method::POST)
    }

    fn read(operation: &Value) -> Self {
        let text = |name: &str| match operation.as_object().and_then(|map| get_folded(map, name)) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(_) => Err(invalid_syntax(format_args!("`{name}` must be a string"))),
        };
        let (method, path, bulk_id, version) = (text("method"), text("path"), text("bulkId"), text("version"));
        let refused = [&method, &path, &bulk_id, &version].into_iter().find_map(|text| text.clone().err());
        let method = method.ok().flatten().and_then(|method| {
            let known = [Method::POST, Method::PUT, Method::PATCH, Method::DELETE];
            known.into_iter().find(|known| known.as_str().eq_ignore_ascii_case(&method))
        });
        let data =
            operation.as_object().and_then(|map| get_folded(map, "data")).filter(|data| !data.is_null()).cloned();
        let path = path.ok().flatten().unwrap_or_default();
        let mut refers = data.as_ref().map(names_in).unwrap_or_default();
        refers.extend(references(&path).map(|(_, id)| id.to_owned()));
        Self {
            method,
            path,
            bulk_id: bulk_id.ok().flatten().filter(|id| !id.is_empty()),
            version: version.ok().flatten(),
            data,
            refers,
            refused,
        }
    }

    /// Takes out of the data what refers to resources that are not there yet.
    fn postpone(&mut self, ids: &HashMap<String, String>) -> Map<String, Value> {
        let mut postponed = Map::new();
        if let Some(Value::Object(data)) = &mut self.data {
            take_unresolved(data, ids, &mut postponed);
        }
        postponed
    }
}

/// The operations, and for those that cannot run why.
fn read(operations: &[Value]) -> Vec<Step> {
    let mut steps: Vec<Step> = operations.iter().map(Step::read).collect();
    let mut makers = BTreeSet::new();
    for step in steps.iter_mut().filter(|step| step.makes()) {
        let refused = match &step.bulk_id {
            None => Some(invalid_syntax("a POST needs a `bulkId`")),
            Some(id) if !makers.insert(id.clone()) => Some(invalid_value("another operation has this `bulkId`")),
            Some(_) => None,
        };
        step.refused = step.refused.take().or(refused);
    }
    for step in &mut steps {
        if let Some(unknown) = step.refers.iter().find(|id| !makers.contains(*id)) {
            let error = invalid_value(format_args!("no operation has the bulkId `{}`", quote(unknown)));
            step.refused.get_or_insert(error);
        }
        // It would not get better by waiting.
        if step.refused.is_some() {
            step.refers.clear();
        }
    }
    steps
}

/// The `bulkId`s that data names.
fn names_in(data: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    references_in(data, &mut |name| {
        names.insert(name.to_owned());
    });
    names
}

/// A resource could not be made: what refers to it cannot run.
fn refuse_dependents(steps: &mut [Step], bulk_id: &str) {
    for step in steps.iter_mut().filter(|step| step.refers.contains(bulk_id)) {
        let error = plain(409, format_args!("the resource of bulkId `{}` was not made", quote(bulk_id)));
        step.refused.get_or_insert(error);
    }
}

/// Moves attributes, or elements of them, that name a resource which is not there yet.
fn take_unresolved(map: &mut Map<String, Value>, ids: &HashMap<String, String>, taken: &mut Map<String, Value>) {
    let unresolved = |value: &Value| {
        let mut missing = false;
        references_in(value, &mut |id| missing |= !ids.contains_key(id));
        missing
    };
    map.retain(|name, value| {
        if !unresolved(value) {
            return true;
        }
        match &mut *value {
            Value::Array(list) => {
                let (away, stay): (Vec<_>, Vec<_>) = std::mem::take(list).into_iter().partition(unresolved);
                *list = stay;
                taken.insert(name.clone(), Value::Array(away));
            }
            // An extension: only the attribute at fault has to wait.
            Value::Object(extension) if name.contains(':') => {
                let mut inner = Map::new();
                take_unresolved(extension, ids, &mut inner);
                taken.insert(name.clone(), Value::Object(inner));
            }
            other => drop(taken.insert(name.clone(), std::mem::take(other))),
        }
        !crate::resource::is_unassigned(value)
    });
}
