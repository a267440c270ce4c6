use std::collections::{HashMap, HashSet, VecDeque};

use http::{Method, StatusCode};

use super::super::{Error, ErrorKind, ScimClient};
use super::outcome::{BulkOutcome, BulkState};
use super::{Operation, Request, Version};
use crate::message::{BulkOperation, BulkRequest, BulkResponse, BulkResult, ScimError, resolve_bulk_ids};
use crate::resource::{ResourceId, get_folded};

/// Operations in one request, where the server does not say.
const MAX_OPERATIONS: u64 = 100;
/// Bytes of one request, where the server does not say.
const MAX_PAYLOAD: u64 = 1024 * 1024;
/// What a request has around its operations.
const ENVELOPE: usize = 128;

/// The state of a bulk on its way.
struct Run<'b> {
    client: &'b ScimClient,
    operations: &'b [BulkOperation],
    endpoints: &'b [&'static str],
    states: Vec<Option<BulkState>>,
    /// Ids that resources have got, by the bulkId.
    ids: HashMap<String, ResourceId>,
    max_operations: usize,
    max_payload: usize,
}

pub(super) async fn run(
    client: &ScimClient,
    operations: &[BulkOperation],
    endpoints: &[&'static str],
    fail_on_errors: Option<u64>,
) -> Result<BulkOutcome, Error> {
    let capabilities = client.capabilities().await?;
    if capabilities.bulk == Some(false) {
        return Err(Error::own(operation(), ErrorKind::Unsupported, "the server says that it takes no bulk requests"));
    }
    let size = |limit: Option<u64>, default| {
        usize::try_from(limit.filter(|limit| *limit > 0).unwrap_or(default)).unwrap_or(usize::MAX)
    };
    let mut run = Run {
        client,
        operations,
        endpoints,
        states: vec![None; operations.len()],
        ids: HashMap::new(),
        max_operations: size(capabilities.bulk_max_operations, MAX_OPERATIONS),
        max_payload: size(capabilities.bulk_max_payload, MAX_PAYLOAD),
    };
    let error = run.all(fail_on_errors).await.err();
    let decided = run.states.iter().flatten().filter(|state| !matches!(state, BulkState::Open)).count();
    Ok(BulkOutcome {
        states: run.states.into_iter().map(|state| state.unwrap_or(BulkState::NotSent)).collect(),
        error: error.map(|error| error.with_completed(decided)),
    })
}

fn operation() -> Operation {
    Operation::new("send a bulk request", "Bulk")
}

impl Run<'_> {
    async fn all(&mut self, fail_on_errors: Option<u64>) -> Result<(), Error> {
        let order = BulkRequest::new(self.operations.to_vec()).order();
        let unknown: HashSet<usize> = order.unknown.iter().map(|(at, _)| *at).collect();
        let mut singles: VecDeque<usize> = order.order.into_iter().filter(|at| !unknown.contains(at)).collect();
        while !singles.is_empty() {
            let left = self.errors_left(fail_on_errors);
            if left == Some(0) {
                return Ok(());
            }
            let batch = self.batch(&mut singles);
            match self.send(&batch, left).await {
                // Smaller requests may pass: the server did nothing with this one.
                Err(error) if error.status() == Some(StatusCode::PAYLOAD_TOO_LARGE) && batch.len() > 1 => {
                    self.max_operations = batch.len() / 2;
                    batch.into_iter().rev().for_each(|at| singles.push_front(at));
                }
                outcome => outcome?,
            }
        }
        // What refers to itself in a circle goes in one request, or not at all.
        let circle: Vec<usize> = order.cyclic.into_iter().filter(|at| !unknown.contains(at)).collect();
        match self.errors_left(fail_on_errors) {
            Some(0) => Ok(()),
            left => self.send(&circle, left).await,
        }
    }

    /// How many operations may still fail; `None`: any number.
    fn errors_left(&self, limit: Option<u64>) -> Option<u64> {
        let failed = self.states.iter().filter(|state| matches!(state, Some(BulkState::Refused { .. }))).count() as u64;
        Some(limit?.saturating_sub(failed))
    }

    /// As many of the next operations as one request takes, one at least.
    fn batch(&self, queue: &mut VecDeque<usize>) -> Vec<usize> {
        let (mut batch, mut bytes) = (Vec::new(), ENVELOPE);
        while let Some(at) = queue.front().copied() {
            let size = serde_json::to_vec(&self.operations.get(at)).map_or(0, |text| text.len() + 1);
            if !batch.is_empty() && (batch.len() >= self.max_operations || bytes + size > self.max_payload) {
                break;
            }
            bytes += size;
            batch.push(at);
            queue.pop_front();
        }
        batch
    }

    async fn send(&mut self, batch: &[usize], errors_left: Option<u64>) -> Result<(), Error> {
        let own: HashSet<&str> = batch.iter().filter_map(|at| self.operations.get(*at)?.bulk_id.as_deref()).collect();
        let (mut sent, mut operations) = (Vec::new(), Vec::new());
        for &at in batch {
            let Some(planned) = self.operations.get(at) else { continue };
            let mut operation = planned.clone();
            if self.resolve(&mut operation, &own) {
                sent.push(at);
                operations.push(operation);
            }
        }
        if sent.is_empty() {
            return Ok(());
        }
        let mut body = BulkRequest::new(operations);
        body.fail_on_errors = errors_left;
        let request = Request::new(operation(), Method::POST, &["Bulk"]).body(&body);
        let answer = match self.client.call(request).await {
            Ok(reply) => reply.decode::<BulkResponse>(),
            Err(error) => Err(error),
        };
        match answer {
            Ok(answer) => {
                self.read(&sent, answer.operations, errors_left);
                Ok(())
            }
            Err(error) => {
                if error.may_have_been_applied() {
                    self.mark(&sent, &BulkState::Open);
                }
                Err(error)
            }
        }
    }

    /// Puts the ids of resources that earlier requests made in place. `false`: one was not made.
    fn resolve(&self, operation: &mut BulkOperation, own: &HashSet<&str>) -> bool {
        let id_of = |name: &str| self.ids.get(name).map(ResourceId::as_str);
        let mut missing = Vec::new();
        if let Some(data) = &mut operation.data {
            missing = resolve_bulk_ids(data, &id_of);
        }
        if let Some((endpoint, name)) = operation.path.as_deref().and_then(|path| path.rsplit_once("/bulkId:")) {
            match self.ids.get(name) {
                Some(id) => {
                    let path = super::path(endpoint.trim_start_matches('/'), Some(id));
                    operation.path = Some(path.as_str().into());
                }
                None => missing.push(name.to_owned()),
            }
        }
        missing.iter().all(|name| own.contains(name.as_str()))
    }

    /// Finds the result of each operation: by its bulkId, else the next one of its method.
    fn read(&mut self, sent: &[usize], results: Vec<BulkResult>, errors_left: Option<u64>) {
        let mut results: Vec<Option<BulkResult>> = results.into_iter().map(Some).collect();
        for &at in sent {
            let Some(operation) = self.operations.get(at) else { continue };
            let is_its = |result: &BulkResult| match (operation.bulk_id.as_deref(), result.bulk_id.as_deref()) {
                (Some(own), Some(its)) => own == its,
                (None, Some(_)) => false,
                _ => match (operation.method.as_deref(), result.method.as_deref()) {
                    (Some(own), Some(its)) => own.eq_ignore_ascii_case(its),
                    _ => true,
                },
            };
            let slot = results.iter_mut().find(|result| result.as_ref().is_some_and(is_its));
            let state = match slot.and_then(Option::take) {
                Some(result) => self.state(at, operation, result),
                // A server that stopped at an error says nothing of the rest.
                None if errors_left.is_some() => BulkState::NotSent,
                None => BulkState::Open,
            };
            if let (Some(name), BulkState::Done { id: Some(id), .. }) = (operation.bulk_id.as_deref(), &state) {
                self.ids.insert(name.to_owned(), id.clone());
            }
            self.mark(&[at], &state);
        }
    }

    fn state(&self, at: usize, operation: &BulkOperation, result: BulkResult) -> BulkState {
        let code = result.code();
        let response = result.response.filter(|response| !response.is_null());
        match code {
            Some(status @ 200..=299) if status != 202 => {
                let endpoint = self.endpoints.get(at).copied().unwrap_or_default();
                let located = result.location.as_deref().and_then(|location| self.client.id_in(location, endpoint));
                let told = || get_folded(response.as_ref()?.as_object()?, "id")?.as_str()?.parse().ok();
                let own = || {
                    let id = operation.path.as_deref()?.rsplit_once('/')?.1;
                    percent_encoding::percent_decode_str(id).decode_utf8().ok()?.parse().ok()
                };
                let id = located.or_else(told).or_else(|| if operation.bulk_id.is_none() { own() } else { None });
                let version = result.version.as_deref().map(Version::from);
                BulkState::Done { status, id, version, response }
            }
            Some(status @ 300..) => {
                BulkState::Refused { status, error: response.as_ref().and_then(ScimError::recognise) }
            }
            _ => BulkState::Open,
        }
    }

    fn mark(&mut self, operations: &[usize], state: &BulkState) {
        for &at in operations {
            if let Some(slot) = self.states.get_mut(at) {
                *slot = Some(state.clone());
            }
        }
    }
}
