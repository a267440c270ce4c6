//! Several operations in one request (RFC 7644 §3.7).
//!
//! Operations run in the order in which they came, except that a POST is pulled forward to where its `bulkId` is first
//! needed ([`in_order`]). Where resources refer to each other in a circle, one of them is made without the reference and
//! completed as soon as the others are there (§3.7.1).

use std::collections::{BTreeSet, HashMap, HashSet};

use http::header::IF_MATCH;
use http::{HeaderMap, HeaderValue, Method, StatusCode};
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::Text;
use crate::message::bulk_id::{in_url, may_be_text, references_in, resolve_url};
use crate::message::bulk_order::in_order;
use crate::message::{BULK_REQUEST, BulkResponse, BulkResult, BulkStatus, ScimError, resolve_bulk_ids};
use crate::patch::PatchOp;
use crate::provider::engine::{Body, Incoming};
use crate::provider::query::message;
use crate::provider::refusal::{invalid_syntax, invalid_value, plain, quote};
use crate::provider::reply::Reply;
use crate::provider::route::{Route, relative, segment};
use crate::provider::{Engine, Need, Store, normalize};
use crate::resource::{ResourceId, get_folded};

/// One operation on its way.
struct Step {
    method: Option<Method>,
    path: String,
    bulk_id: Option<String>,
    /// Whether it makes what its `bulkId` names.
    makes: bool,
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

/// What a resource had to be made without, since it refers to resources further on in a circle.
struct Postponed {
    kind: usize,
    attributes: Value,
    /// The `bulkId`s of those that are not there yet.
    waits_for: BTreeSet<String>,
}

/// The same once the resource is there.
struct Later {
    step: usize,
    id: String,
    postponed: Postponed,
}

/// What the answer to a POST tells about the resource, whether or not its location is shown.
#[derive(Deserialize)]
struct Made {
    id: String,
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
        let (steps, order) = read(operations);
        let job = Job {
            base: &incoming.base,
            subject: incoming.subject.as_ref(),
            ids: HashMap::new(),
            results: steps.iter().map(|_| None).collect(),
        };
        let results = self.run(store, steps, order, job, most_errors.max(1));
        Ok(Reply::json(StatusCode::OK, &BulkResponse::new(results)))
    }

    fn run(
        &self,
        store: &mut dyn Store,
        mut steps: Vec<Step>,
        order: Vec<usize>,
        mut job: Job<'_>,
        most_errors: usize,
    ) -> Vec<BulkResult> {
        let mut later: Vec<Later> = Vec::new();
        let mut lost: HashSet<String> = HashSet::new();
        let mut errors = 0;
        for at in order {
            let Some(step) = steps.get_mut(at).filter(|_| errors < most_errors) else { break };
            if let Some(lost) = step.refers.iter().find(|id| lost.contains(*id)) {
                let error = plain(409, format_args!("the resource of bulkId `{}` was not made", quote(lost)));
                step.refused.get_or_insert(error);
            }
            // What is neither there nor lost is further on in a circle.
            let mut missing = std::mem::take(&mut step.refers);
            missing.retain(|id| !job.ids.contains_key(id));
            let postponed = self.postpone(step, &missing, &job);
            let (result, id) = self.step(store, step, &job);
            errors += usize::from(is_error(&result));
            if let Some(slot) = job.results.get_mut(at) {
                *slot = Some(result);
            }
            let Some(bulk_id) = step.bulk_id.take().filter(|_| step.makes) else { continue };
            let made = id.is_some();
            if let Some(id) = id {
                later.extend(postponed.map(|postponed| Later { step: at, id: id.clone(), postponed }));
                job.ids.insert(bulk_id.clone(), id);
            } else {
                lost.insert(bulk_id.clone());
            }
            // Before anything else is done to them.
            let settle = |later: &mut Later| {
                let waits_for = &mut later.postponed.waits_for;
                if made { waits_for.remove(&bulk_id) && waits_for.is_empty() } else { waits_for.contains(&bulk_id) }
            };
            for settled in later.extract_if(.., settle).collect::<Vec<_>>() {
                errors += usize::from(!self.complete(store, settled, &mut job));
            }
        }
        // Those whose circle was stopped.
        for unsettled in later {
            self.complete(store, unsettled, &mut job);
        }
        job.results.into_iter().flatten().collect()
    }

    /// Runs one operation. Returns the id too, if it made what its `bulkId` names.
    fn step(&self, store: &mut dyn Store, step: &mut Step, job: &Job<'_>) -> (BulkResult, Option<String>) {
        let path = resolve_url(&step.path, |name| Some(segment(job.ids.get(name)?).to_string()));
        let method = step.method.clone();
        let reply = match step.refused.take() {
            Some(error) => Err(error),
            None => self.operation(store, step, &path, job),
        };
        let reply = reply.unwrap_or_else(|error| Reply::error(&error));
        let failed = !reply.status.is_success();
        let read = |body: &Vec<u8>| serde_json::from_slice(body).ok();
        let made: Option<Made> = reply.body.as_ref().filter(|_| !failed && step.makes).and_then(read);
        // A failed operation names what it was about, a failed POST has nothing to name (§3.7.3).
        let about = (method != Some(Method::POST)).then(|| format!("{}/{}", job.base, path.trim_start_matches('/')));
        let result = BulkResult {
            location: if failed { about } else { reply.location.or(about) }.map(Text::from),
            method: method.map(|method| method.as_str().into()),
            bulk_id: step.bulk_id.as_deref().map(Text::from),
            version: reply.version.filter(|_| !failed).map(Text::from),
            status: Some(BulkStatus(reply.status.as_u16())),
            response: reply.body.filter(|_| failed).and_then(|body| serde_json::from_slice(&body).ok()),
            ..BulkResult::default()
        };
        (result, made.map(|made| made.id))
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

    /// Takes out of the data of a POST what refers to resources that are not there yet. What the POST would ignore is
    /// left out, what it would refuse stays for it to refuse.
    fn postpone(&self, step: &mut Step, missing: &BTreeSet<String>, job: &Job<'_>) -> Option<Postponed> {
        if missing.is_empty() || step.refused.is_some() {
            return None;
        }
        let Ok(Route::Endpoint(kind)) = relative(self.kinds(), step.path.split('?').next()?) else { return None };
        let mut data = step.data.clone()?;
        resolve_bulk_ids(&mut data, &|id| job.ids.get(id).map(String::as_str));
        let data = normalize::create(self.kinds().get(kind)?, self.behaviour(), data);
        let Ok(Value::Object(mut data)) = data else { return None };
        let mut taken = Map::new();
        take_unresolved(&mut data, missing, &mut taken);
        step.data = Some(Value::Object(data));
        let attributes = Value::Object(taken);
        let mut waits_for = names_in(&attributes);
        waits_for.retain(|id| missing.contains(id));
        (!waits_for.is_empty()).then_some(Postponed { kind, attributes, waits_for })
    }

    /// Adds to a resource of a circle what it was made without. `false`: it could not be added.
    fn complete(&self, store: &mut dyn Store, later: Later, job: &mut Job<'_>) -> bool {
        let added = self.add(store, later.postponed, &later.id, job);
        let Some(Some(result)) = job.results.get_mut(later.step) else { return false };
        if let Ok(version) = added {
            result.version = version.map(Text::from).or(result.version.take());
            return true;
        }
        let error = plain(409, "the resource was made, but its circular references could not be resolved");
        result.status = Some(BulkStatus(409));
        result.response = serde_json::to_value(&error).ok();
        false
    }

    /// Adds attributes to a resource, whether or not clients may PATCH it. Returns its version.
    fn add(
        &self,
        store: &mut dyn Store,
        postponed: Postponed,
        id: &str,
        job: &Job<'_>,
    ) -> Result<Option<String>, ScimError> {
        let Postponed { kind, mut attributes, waits_for } = postponed;
        let context = self.context(kind, job.base)?;
        if !waits_for.is_empty() {
            return Err(context.not_found(id));
        }
        resolve_bulk_ids(&mut attributes, &|id| job.ids.get(id).map(String::as_str));
        let written = store.patch(&context, id, &PatchOp::new().add_all(attributes))?;
        let after = store.look(context.kind, written.id.as_str(), &Need::nothing());
        Ok(after.and_then(|after| self.version(&after.resource)))
    }
}

impl Step {
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
        refers.extend(in_url(&path).map(|(_, id)| id.to_owned()));
        Self {
            method,
            path,
            bulk_id: bulk_id.ok().flatten().filter(|id| !id.is_empty()),
            makes: false,
            version: version.ok().flatten(),
            data,
            refers,
            refused,
        }
    }
}

/// The operations, for those that cannot run why, and the order to run them in.
fn read(operations: &[Value]) -> (Vec<Step>, Vec<usize>) {
    let mut steps: Vec<Step> = operations.iter().map(Step::read).collect();
    let mut makers = HashMap::new();
    for (at, step) in steps.iter_mut().enumerate().filter(|(_, step)| step.method == Some(Method::POST)) {
        let refused = match &step.bulk_id {
            None => Some(invalid_syntax("a POST needs a `bulkId`")),
            Some(id) if makers.contains_key(id) => Some(invalid_value("another operation has this `bulkId`")),
            Some(id) => {
                step.makes = true;
                makers.insert(id.clone(), at);
                // It could not be named in every place that takes a name.
                let unfit = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '/' | '?' | '"' | '\\');
                id.contains(unfit).then(|| invalid_value("a `bulkId` has no blanks and none of / ? \" \\"))
            }
        };
        step.refused = step.refused.take().or(refused);
    }
    for step in &mut steps {
        step.refers.retain(|id| makers.contains_key(id) || !may_be_text(id));
        if let Some(unknown) = step.refers.iter().find(|id| !makers.contains_key(*id)) {
            let error = invalid_value(format_args!("no operation has the bulkId `{}`", quote(unknown)));
            step.refused.get_or_insert(error);
        }
        // It would not get better by waiting.
        if step.refused.is_some() {
            step.refers.clear();
        }
    }
    let needs = steps.iter().map(|step| step.refers.iter().filter_map(|id| makers.get(id).copied()).collect());
    let order = in_order(needs.collect()).into_iter().map(|(at, _)| at).collect();
    (steps, order)
}

fn is_error(result: &BulkResult) -> bool {
    result.code().is_none_or(|code| code >= 300)
}

/// The `bulkId`s that data names.
fn names_in(data: &Value) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    references_in(data, &mut |name| {
        names.insert(name.to_owned());
    });
    names
}

/// Moves attributes, or elements of them, that name a resource which is not there yet.
fn take_unresolved(map: &mut Map<String, Value>, missing: &BTreeSet<String>, taken: &mut Map<String, Value>) {
    let unresolved = |value: &Value| {
        let mut unresolved = false;
        references_in(value, &mut |id| unresolved |= missing.contains(id));
        unresolved
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
                take_unresolved(extension, missing, &mut inner);
                taken.insert(name.clone(), Value::Object(inner));
            }
            other => drop(taken.insert(name.clone(), std::mem::take(other))),
        }
        !crate::resource::is_unassigned(value)
    });
}
