//! Several operations in one request (RFC 7644 §3.7).
//!
//! Operations run in the order in which they came, except that one which refers to a `bulkId` waits
//! for the resource of that name. Where resources refer to each other in a circle, one of them is
//! made without the reference and completed by a PATCH afterwards (§3.7.1).

use std::collections::{BTreeSet, HashMap};

use http::header::IF_MATCH;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde_json::{Map, Value, json};

use crate::Text;
use crate::message::{BULK_REQUEST, BULK_RESPONSE, BulkResult, BulkStatus, PATCH_OP, ScimError};
use crate::provider::engine::{Body, Incoming};
use crate::provider::query::message;
use crate::provider::refusal::{invalid_syntax, invalid_value, plain, quote};
use crate::provider::reply::Reply;
use crate::provider::route::{Route, relative};
use crate::provider::{Engine, Store};
use crate::resource::{ResourceId, get_folded};

const PREFIX: &str = "bulkId:";

/// One operation on its way.
struct Step {
    method: Option<Method>,
    path: String,
    bulk_id: Option<String>,
    version: Option<String>,
    data: Option<Value>,
    /// The `bulkId`s that it refers to.
    refers: BTreeSet<String>,
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

/// Attributes that had to wait for a resource further on in a circle.
struct Later {
    step: usize,
    path: String,
    attributes: Map<String, Value>,
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
        let mut later = Vec::new();
        let mut errors = 0;
        // Every round takes one step out of `waiting`.
        let mut blocked = Blocked::new(&steps);
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
                            later.push(Later { step: at, path, attributes: postponed });
                        }
                        job.ids.insert(bulk_id.clone(), id);
                    }
                    None => refuse_dependents(&mut steps, &bulk_id),
                }
                blocked.settle(&bulk_id);
            }
            if let Some(slot) = job.results.get_mut(at) {
                *slot = Some(result);
            }
        }
        for postponed in later {
            self.complete(store, postponed, &mut job);
        }
        job.results.into_iter().flatten().collect()
    }

    /// Runs one operation.
    fn step(&self, store: &mut dyn Store, step: &mut Step, job: &Job<'_>) -> BulkResult {
        let path = resolve_text(&step.path, &job.ids);
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
            resolve(data, &job.ids);
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
        let done = self.step(store, &mut step, job);
        let Some(Some(result)) = job.results.get_mut(postponed.step) else { return };
        if done.code().is_some_and(|code| code < 300) {
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
    fn makes(&self) -> bool {
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
        let mut refers = BTreeSet::new();
        collect_text(&path, &mut refers);
        if let Some(data) = &data {
            collect(data, &mut refers);
        }
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

/// A resource could not be made: what refers to it cannot run.
fn refuse_dependents(steps: &mut [Step], bulk_id: &str) {
    for step in steps.iter_mut().filter(|step| step.refers.contains(bulk_id)) {
        let error = plain(409, format_args!("the resource of bulkId `{}` was not made", quote(bulk_id)));
        step.refused.get_or_insert(error);
    }
}

/// Which steps wait for which `bulkId`s.
struct Blocked {
    by: Vec<BTreeSet<String>>,
    ready: BTreeSet<usize>,
    waiting_for: HashMap<String, Vec<usize>>,
}

impl Blocked {
    fn new(steps: &[Step]) -> Self {
        let by: Vec<_> = steps.iter().map(|step| step.refers.clone()).collect();
        let ready = by.iter().enumerate().filter(|(_, by)| by.is_empty()).map(|(at, _)| at).collect();
        let mut waiting_for: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, ids) in by.iter().enumerate() {
            for id in ids {
                waiting_for.entry(id.clone()).or_default().push(at);
            }
        }
        Self { by, ready, waiting_for }
    }

    /// The first step that waits for nothing.
    fn next(&mut self, waiting: &BTreeSet<usize>) -> Option<usize> {
        while let Some(at) = self.ready.pop_first() {
            if waiting.contains(&at) {
                return Some(at);
            }
        }
        None
    }

    /// Made or given up: nobody waits for it any more.
    fn settle(&mut self, bulk_id: &str) {
        for at in self.waiting_for.remove(bulk_id).unwrap_or_default() {
            if let Some(by) = self.by.get_mut(at) {
                by.remove(bulk_id);
                if by.is_empty() {
                    self.ready.insert(at);
                }
            }
        }
    }
}

/// Every `bulkId` that a text names: as the whole of it, as a path segment, or inside a filter.
fn references(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.match_indices(PREFIX).map(move |(at, _)| {
        let rest = text.get(at + PREFIX.len()..).unwrap_or_default();
        let end = rest.find(['"', '\'', '/', ']', ')', '?', ' ']).unwrap_or(rest.len());
        (at, rest.get(..end).unwrap_or_default())
    })
}

fn collect_text(text: &str, found: &mut BTreeSet<String>) {
    found.extend(references(text).map(|(_, id)| id.to_owned()));
}

/// The `bulkId` that a text is, if it is nothing else.
fn whole(text: &str) -> Option<&str> {
    text.strip_prefix(PREFIX).filter(|id| !id.contains(char::is_whitespace))
}

/// In data a reference is a whole value, or part of the path of a PATCH operation.
fn collect(data: &Value, found: &mut BTreeSet<String>) {
    match data {
        Value::String(text) => drop(whole(text).map(|id| found.insert(id.to_owned()))),
        Value::Array(list) => list.iter().for_each(|value| collect(value, found)),
        Value::Object(map) => map.iter().for_each(|(name, value)| match value {
            Value::String(path) if name.eq_ignore_ascii_case("path") => collect_text(path, found),
            value => collect(value, found),
        }),
        _ => {}
    }
}

fn resolve_text(text: &str, ids: &HashMap<String, String>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for (at, bulk_id) in references(text) {
        if let Some(id) = ids.get(bulk_id).filter(|_| at >= done) {
            out.push_str(text.get(done..at).unwrap_or_default());
            out.push_str(id);
            done = at + PREFIX.len() + bulk_id.len();
        }
    }
    out.push_str(text.get(done..).unwrap_or_default());
    out
}

fn resolve(data: &mut Value, ids: &HashMap<String, String>) {
    match data {
        Value::String(text) => {
            if let Some(id) = whole(text).and_then(|id| ids.get(id)) {
                *text = id.clone();
            }
        }
        Value::Array(list) => list.iter_mut().for_each(|value| resolve(value, ids)),
        Value::Object(map) => map.iter_mut().for_each(|(name, value)| match value {
            Value::String(path) if name.eq_ignore_ascii_case("path") => *path = resolve_text(path, ids),
            value => resolve(value, ids),
        }),
        _ => {}
    }
}

/// Moves attributes, or elements of them, that name a resource which is not there yet.
fn take_unresolved(map: &mut Map<String, Value>, ids: &HashMap<String, String>, taken: &mut Map<String, Value>) {
    let unresolved = |value: &Value| {
        let mut found = BTreeSet::new();
        collect(value, &mut found);
        found.iter().any(|id| !ids.contains_key(id))
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
