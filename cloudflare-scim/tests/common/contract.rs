//! One call against the example of its operation in the OpenAPI document: the request as documented, the
//! document's own example as the answer.
#![allow(clippy::unwrap_used, clippy::panic)]

use cloudflare_scim::{Cloudflare, Error};
use serde_json::{Value, json};

use super::{ACCOUNT, API_TOKEN, SCIM_TOKEN, client, only_request, server, testdata};

/// The example of an operation.
pub(crate) fn example(operation: &str) -> Value {
    let all = testdata("openapi-examples.json");
    let found = all.as_array().unwrap().iter().find(|it| it["operation"] == operation);
    found.unwrap_or_else(|| panic!("no operation {operation}")).clone()
}

/// The id of the resource that an operation's example shows: an answer about another one is refused.
pub(crate) fn own_id(operation: &str) -> String {
    let body = &example(operation)["body"];
    let resource = if body["result"].is_null() { body } else { &body["result"] };
    resource["id"].as_str().unwrap_or_else(|| panic!("{operation} shows no id")).to_owned()
}

/// Runs one call, compares method, path, query and body of its one request with what is documented, and
/// gives the documented result to compare. `path` is what stands below `accounts/{account}/` (or, from a
/// slash on, below `/client/v4`).
pub(crate) async fn check<T, F>(
    operation: &str,
    path: &str,
    query: &str,
    body: Option<Value>,
    call: impl FnOnce(Cloudflare) -> F,
) -> (T, Value)
where
    F: Future<Output = Result<T, Error>>,
{
    let example = example(operation);
    let media = example["media"].as_str().unwrap_or("application/json");
    let answer = if example["body"].is_null() { Vec::new() } else { serde_json::to_vec(&example["body"]).unwrap() };
    let status = u16::try_from(example["status"].as_u64().unwrap()).unwrap();
    let server = server(status, media, answer).await;
    let result = call(client(&server.uri())).await.unwrap_or_else(|error| panic!("{operation}: {error}"));
    let request = only_request(&server).await;
    assert_eq!(request.method.as_str(), example["method"], "{operation}");
    let full = if path.starts_with('/') { path.to_owned() } else { format!("/accounts/{ACCOUNT}/{path}") };
    let sent_path = percent_encoding::percent_decode_str(request.url.path()).decode_utf8().unwrap();
    assert_eq!(sent_path, format!("/client/v4{full}"), "{operation}");
    assert!(fits(example["path"].as_str().unwrap(), &full), "{operation}: {full}");
    assert_eq!(request.url.query().unwrap_or_default(), query, "{operation}");
    let names: Vec<String> = request.url.query_pairs().map(|(name, _)| name.into_owned()).collect();
    let documented = |list: &str| -> Vec<String> { serde_json::from_value(example[list].clone()).unwrap() };
    // Newer than the document: facts from the changelog and the official SDK.
    let known = |name: &String| documented("query").contains(name) || name == "product_category";
    assert!(names.iter().all(known), "{operation}: {names:?}");
    assert!(documented("required").iter().all(|name| names.contains(name)), "{operation}: {names:?}");
    let sent: Option<Value> = (!request.body.is_empty()).then(|| serde_json::from_slice(&request.body).unwrap());
    assert_eq!(sent, body, "{operation}");
    let headers = &request.headers;
    let scim = full.contains("/scim/v2");
    let token = if scim { SCIM_TOKEN } else { API_TOKEN };
    assert_eq!(headers["authorization"], format!("Bearer {token}"), "{operation}");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("cloudflare-scim/"), "{operation}");
    let media = if scim { "application/scim+json" } else { "application/json" };
    // A SCIM DELETE asks for no media type: nothing is wanted of its answer.
    let asks = !(scim && request.method.as_str() == "DELETE");
    assert_eq!(headers["accept"].to_str().unwrap().contains("json"), asks, "{operation}");
    let sent_media = headers.get("content-type").map(|value| value.to_str().unwrap());
    assert_eq!(sent_media, body.is_some().then_some(media), "{operation}");
    let documented = if scim { &example["body"] } else { &example["body"]["result"] };
    (result, documented.clone())
}

/// As [`check`], for calls whose whole result comes back: nothing may be lost.
pub(crate) async fn lossless<T: serde::Serialize, F>(
    operation: &str,
    path: &str,
    query: &str,
    body: Option<Value>,
    call: impl FnOnce(Cloudflare) -> F,
) where
    F: Future<Output = Result<T, Error>>,
{
    let (got, documented) = check(operation, path, query, body, call).await;
    assert_eq!(serde_json::to_value(got).unwrap(), documented, "{operation}");
}

/// Whether a path is one of the documented form.
fn fits(template: &str, path: &str) -> bool {
    let (template, path): (Vec<&str>, Vec<&str>) = (template.split('/').collect(), path.split('/').collect());
    template.len() == path.len()
        && template.iter().zip(&path).all(|(wanted, own)| wanted == own || (wanted.starts_with('{') && !own.is_empty()))
}

/// An id from its text.
pub(crate) fn id<T: std::str::FromStr<Err = cloudflare_scim::InvalidId>>(text: &str) -> T {
    text.parse().unwrap()
}

/// A policy as it is written.
pub(crate) fn policy_body() -> Value {
    json!({"access": "allow", "permission_groups": [{"id": "p1"}], "resource_groups": [{"id": "r1"}]})
}
