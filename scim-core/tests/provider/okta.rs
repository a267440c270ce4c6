//! Okta's SCIM 2.0 SPEC test, as a client would run it: through the bearer check, step by step.
#![cfg(feature = "client")]

use std::collections::HashMap;

use bytes::Bytes;
use http::Request;
use scim_core::provider::{BearerAuth, ServiceProvider};
use scim_core::transport::Transport;
use serde_json::{Value, json};

use crate::support::USER;

const SCENARIO: &str = include_str!("../../../testdata/provider/scenario-okta-spec.json");
const TOKEN: &str = "okta-token";

fn substitute(text: &str, variables: &HashMap<String, String>) -> String {
    variables.iter().fold(text.to_owned(), |text, (name, value)| text.replace(&format!("{{{{{name}}}}}"), value))
}

/// `Resources[0].name.familyName`
fn property<'v>(value: &'v Value, path: &str) -> &'v Value {
    path.split(['.', '[', ']']).filter(|part| !part.is_empty()).fold(value, |value, part| match part.parse::<usize>() {
        Ok(index) => &value[index],
        Err(_) => &value[part],
    })
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

async fn send(
    service: &dyn Transport,
    method: &str,
    url: &str,
    body: Option<&str>,
    token: Option<&str>,
) -> (u16, Value) {
    let url = url.replace(' ', "%20").replace('"', "%22");
    let mut request = Request::builder().method(method).uri(url).header("content-type", "application/scim+json");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let response = service.send(request.body(Bytes::from(body.unwrap_or_default().to_owned())).unwrap()).await.unwrap();
    (response.status().as_u16(), serde_json::from_slice(response.body()).unwrap_or_default())
}

#[tokio::test]
async fn the_spec_test_passes() {
    let service = BearerAuth::new(ServiceProvider::in_memory("/scim/v2")).with_token(TOKEN.into());
    let base = "https://scim.example.com/scim/v2";
    let first = json!({
        "schemas": [USER], "userName": "first@example.com", "active": true, "name": {"givenName": "First", "familyName": "User"},
        "emails": [{"value": "first@example.com", "type": "work", "primary": true}],
    });
    assert_eq!(send(&service, "POST", &format!("{base}/Users"), Some(&first.to_string()), Some(TOKEN)).await.0, 201);

    let mut variables: HashMap<String, String> = [
        ("InvalidUserEmail", "nobody@example.com"),
        ("UserIdThatDoesNotExist", "010101001010101011001010101011"),
        ("randomEmail", "runscope300@example.com"),
        ("randomUsername", "Runscope300Test"),
        ("randomUsernameCaps", "RUNSCOPE300TEST"),
        ("randomGivenName", "Runscope"),
        ("randomFamilyName", "Test300"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .into();
    let scenario: Value = serde_json::from_str(SCENARIO).unwrap();
    let steps = scenario["steps"].as_array().unwrap();
    assert_eq!(steps.len(), 12);
    for step in steps {
        let note = step["note"].as_str().unwrap();
        let url = substitute(step["url"].as_str().unwrap(), &variables).replace("{base}", base);
        let body = step.get("body").map(|body| substitute(&body.to_string(), &variables));
        let tokens = if step.get("auth").is_some() { vec![None, Some("wrong")] } else { vec![Some(TOKEN)] };
        for token in tokens {
            let (status, answer) = send(&service, step["method"].as_str().unwrap(), &url, body.as_deref(), token).await;
            for assertion in step["assert"].as_array().unwrap() {
                let wanted =
                    assertion.get("value").map(|value| substitute(&text(value), &variables)).unwrap_or_default();
                let got = match assertion["source"].as_str().unwrap() {
                    "response_status" => json!(status),
                    "response_json" => property(&answer, assertion["property"].as_str().unwrap()).clone(),
                    _ => continue,
                };
                let holds = match assertion["comparison"].as_str().unwrap() {
                    "equal" | "equal_number" => text(&got) == wanted,
                    "not_empty" => !matches!(&got, Value::Null) && got != json!("") && got != json!([]),
                    "has_value" | "contains" => {
                        got.as_array().is_some_and(|list| list.iter().any(|value| text(value) == wanted))
                    }
                    "is_a_number" => got.is_number(),
                    other => panic!("no comparison `{other}`"),
                };
                assert!(holds, "{note}: {assertion}, got {got}\n{answer}");
            }
            for capture in step["capture"].as_array().unwrap() {
                let value = text(property(&answer, capture["from"].as_str().unwrap()));
                variables.insert(capture["name"].as_str().unwrap().to_owned(), value);
            }
        }
    }
}

#[tokio::test]
async fn only_the_config_is_public() {
    let service = BearerAuth::new(ServiceProvider::in_memory("/scim/v2")).with_token(TOKEN.into());
    let base = "https://scim.example.com/scim/v2";
    for (path, token, status) in [
        ("ServiceProviderConfig", None, 200),
        ("Schemas", None, 401),
        ("Users", None, 401),
        ("Users", Some("okta-toke"), 401),
        ("Users", Some("okta-tokenn"), 401),
        ("Users", Some(""), 401),
        ("Users", Some(TOKEN), 200),
        ("Nothing", None, 401),
    ] {
        let (got, body) = send(&service, "GET", &format!("{base}/{path}"), None, token).await;
        assert_eq!(got, status, "{path} {token:?}");
        if status == 401 {
            assert_eq!((&body["status"], body["detail"].is_string()), (&json!("401"), true));
        }
    }
    let request = Request::get(format!("{base}/Users")).body(Bytes::new()).unwrap();
    let challenge = service.send(request).await.unwrap().headers()["www-authenticate"].to_str().unwrap().to_owned();
    assert!(challenge.starts_with("Bearer"), "{challenge}");
    let request = Request::get(format!("{base}/Users"))
        .header("authorization", format!("Basic {TOKEN}"))
        .body(Bytes::new())
        .unwrap();
    assert_eq!(service.send(request).await.unwrap().status(), 401);
    assert!(!format!("{service:?}").contains(TOKEN));
}
