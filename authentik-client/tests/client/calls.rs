//! One call over HTTP: the request that it sends, answered as recorded.

use std::future::Future;

use authentik_client::{Authentik, Error};
use scim_core::transport::{ReqwestTransport, RetryPolicy, TransportExt};
use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::support::{TOKEN, recording};

pub(crate) const UUID: &str = "09e8b9d9-8d7b-4075-a90c-9ff885f4d8a6";

pub(crate) fn uuid<T: std::str::FromStr>() -> T
where
    T::Err: std::fmt::Debug,
{
    UUID.parse().unwrap()
}

pub(crate) fn client(server: &MockServer) -> Authentik {
    let transport = ReqwestTransport::new().unwrap().retry(RetryPolicy::never()).shared();
    Authentik::builder(server.uri().parse().unwrap(), TOKEN.to_owned().into()).transport(transport).build().unwrap()
}

/// A recorded 2xx answer: the first of this method whose path matches.
pub(crate) fn recorded(method: &str, is_it: impl Fn(&str) -> bool) -> Value {
    let files = [
        "E01", "E03", "E04", "E05", "E06", "E07", "E20", "G14", "G20", "G21", "G34", "H20", "H21", "H42", "H50",
        "H592", "G30",
    ];
    for file in files {
        for exchange in recording(file) {
            let path = exchange["target"].as_str().unwrap().split('?').next().unwrap().to_owned();
            let good = (200..300).contains(&exchange["status"].as_u64().unwrap());
            if exchange["side"] == "api" && exchange["method"] == method && good && is_it(&path) {
                return exchange["response_body"].clone();
            }
        }
    }
    panic!("no recorded answer to {method}")
}

pub(crate) fn at(path: &'static str) -> impl Fn(&str) -> bool {
    move |it| it == format!("/api/v3/{path}")
}

pub(crate) fn below(prefix: &'static str) -> impl Fn(&str) -> bool {
    move |it| it.trim_end_matches('/').rsplit_once('/').is_some_and(|(head, _)| head == format!("/api/v3/{prefix}"))
}

/// Answers one call with `answer` and compares the request that it sent: `METHOD path?query`, body.
pub(crate) async fn sends<T, F: Future<Output = Result<T, Error>>>(
    answer: Value,
    call: impl FnOnce(Authentik) -> F,
    line: &str,
    body: Value,
) -> T {
    let server = MockServer::start().await;
    let template = match &answer {
        Value::Null => ResponseTemplate::new(204),
        body => ResponseTemplate::new(200).set_body_json(body),
    };
    Mock::given(any()).respond_with(template).mount(&server).await;
    let value = call(client(&server)).await.unwrap_or_else(|error| panic!("{line}: {error}"));
    let requests = server.received_requests().await.unwrap();
    let [request] = &requests[..] else { panic!("{line}: {} requests", requests.len()) };
    let query = request.url.query().map(|query| format!("?{query}")).unwrap_or_default();
    assert_eq!(format!("{} {}{query}", request.method, request.url.path()), line.replacen(' ', " /api/v3/", 1));
    let sent = if request.body.is_empty() { Value::Null } else { serde_json::from_slice(&request.body).unwrap() };
    assert_eq!(sent, body, "{line}");
    let header = |name: &str| request.headers.get(name).map(|value| value.to_str().unwrap().to_owned());
    assert_eq!(header("authorization").unwrap(), format!("Bearer {TOKEN}"));
    assert_eq!(header("accept").unwrap(), "application/json");
    assert_eq!(header("content-type"), (!request.body.is_empty()).then(|| "application/json".to_owned()));
    value
}

pub(crate) fn with<T>(mut value: T, change: impl FnOnce(&mut T)) -> T {
    change(&mut value);
    value
}
