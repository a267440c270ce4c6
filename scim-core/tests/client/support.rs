//! Servers for the client's tests: a closure, and a real provider behind a log.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use scim_core::client::ScimClient;
use scim_core::provider::ServiceProvider;
use scim_core::resource::ResourceId;
use scim_core::transport::{TransportError, TransportErrorKind, TransportExt, from_fn};
use serde_json::{Value, json};

pub type Seen = Arc<Mutex<Vec<Request<Bytes>>>>;

/// A client of a server that answers request number `n` (from 0) with what `answer` says.
pub fn client(answer: impl Fn(usize) -> (u16, Value) + Send + Sync + 'static) -> (ScimClient, Seen) {
    text_client(move |n| {
        let (status, body) = answer(n);
        (status, body.to_string())
    })
}

pub fn text_client(answer: impl Fn(usize) -> (u16, String) + Send + Sync + 'static) -> (ScimClient, Seen) {
    full_client(move |n, _| {
        let (status, body) = answer(n);
        Ok(response(status, &[("x-request-id", "req-1")], &body))
    })
}

pub type Outcome = Result<Response<Bytes>, TransportError>;

/// A client of a server that sees the number of the request and the request.
pub fn full_client(answer: impl Fn(usize, &Request<Bytes>) -> Outcome + Send + Sync + 'static) -> (ScimClient, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let transport = from_fn(move |request: Request<Bytes>| {
        let n = log.lock().unwrap().len();
        let outcome = answer(n, &request);
        log.lock().unwrap().push(request);
        async move { outcome }
    });
    let base = "https://scim.example.com/scim/v2".parse().unwrap();
    (ScimClient::new(base, Some("planted-token".into()), transport.shared()), seen)
}

pub fn response(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response<Bytes> {
    let mut response = Response::new(Bytes::from(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).unwrap();
    for (name, value) in headers {
        response.headers_mut().insert(*name, value.parse().unwrap());
    }
    response
}

pub fn lost() -> Outcome {
    Err(TransportError::new(TransportErrorKind::Interrupted))
}

/// A client of a real provider; `meddle` may answer in its place, before or after it acts.
pub fn provider_client(
    meddle: impl Fn(usize, &Request<Bytes>, &dyn Fn() -> Response<Bytes>) -> Option<Outcome> + Send + Sync + 'static,
) -> (ScimClient, Seen) {
    let provider = ServiceProvider::in_memory("/scim/v2");
    full_client(move |n, request| {
        let act = || provider.handle(copy(request));
        meddle(n, request, &act).unwrap_or_else(|| Ok(act()))
    })
}

fn copy(request: &Request<Bytes>) -> Request<Bytes> {
    let mut out = Request::new(request.body().clone());
    *out.method_mut() = request.method().clone();
    *out.uri_mut() = request.uri().clone();
    *out.headers_mut() = request.headers().clone();
    out
}

pub fn users(ids: std::ops::Range<usize>) -> Vec<Value> {
    ids.map(|id| json!({"id": id.to_string(), "userName": format!("u{id}")})).collect()
}

pub fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

/// `METHOD path?query` of every request but discovery.
pub fn lines(seen: &Seen) -> Vec<String> {
    let seen = seen.lock().unwrap();
    let lines = seen.iter().map(|request| {
        let path = request.uri().path().strip_prefix("/scim/v2/").unwrap();
        match request.uri().query() {
            Some(query) => format!("{} {path}?{query}", request.method()),
            None => format!("{} {path}", request.method()),
        }
    });
    lines.filter(|line| line != "GET ServiceProviderConfig").collect()
}

pub fn body(seen: &Seen, n: usize) -> Value {
    serde_json::from_slice(seen.lock().unwrap()[n].body()).unwrap()
}
