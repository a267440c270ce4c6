//! What a real authentik was recorded to send to a SCIM server (`testdata/authentik/recordings`),
//! replayed against the embedded account over HTTP, userName as e-mail address: accepted, and answered
//! so that authentik would not send it again.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::collections::HashMap;

use bytes::Bytes;
use cloudflare_scim::embedded::EmbeddedAccount;
use scim_core::transport::{ReqwestTransport, Transport};
use serde_json::{Value, json};

/// A full sync of 20 people and 3 groups, then every kind of change that was recorded.
const SERIES: [&str; 9] = [
    "E06-first-full-sync",
    "E08-second-full-sync-nothing-changed",
    "E10-user-name-and-email-change",
    "E14-user-removed-from-group",
    "E15-user-added-to-group",
    "E20-group-renamed",
    "E21-user-deleted",
    "E22-group-deleted",
    "E23-full-sync-after-deletions",
];

fn exchanges(name: &str) -> Vec<Value> {
    let path = format!("{}/../testdata/authentik/recordings/{name}.json", env!("CARGO_MANIFEST_DIR"));
    let file: Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    file["exchanges"].as_array().unwrap().iter().filter(|it| it["side"] == "scim").cloned().collect()
}

/// The mapping that Cloudflare accepts: userName and the one work address are the e-mail.
fn mapped(mut body: Value) -> Value {
    let email = body["emails"][0]["value"].as_str().map(str::to_lowercase);
    if let Some(email) = email {
        body["userName"] = json!(email);
        body["emails"] = json!([{ "value": email, "type": "work", "primary": true }]);
    }
    body
}

/// Puts the ids that this account gave in the place of the recorded ones.
fn translated(text: &str, ids: &HashMap<String, String>) -> String {
    ids.iter().fold(text.to_owned(), |text, (recorded, own)| text.replace(recorded, own))
}

/// Whether every member of `sent` stands in `shown` with the same value: then authentik's merged
/// comparison finds nothing to write.
fn echoes(shown: &Value, sent: &Value) -> bool {
    match (shown, sent) {
        (Value::Object(shown), Value::Object(sent)) => {
            sent.iter().all(|(name, value)| shown.get(name).is_some_and(|own| echoes(own, value)))
        }
        (Value::Array(shown), Value::Array(sent)) => {
            shown.len() == sent.len() && shown.iter().zip(sent).all(|(shown, sent)| echoes(shown, sent))
        }
        (shown, sent) => shown == sent,
    }
}

#[tokio::test]
async fn recorded_pushes_are_accepted_and_echoed() {
    let account = EmbeddedAccount::new();
    let server = account.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let base = format!("{}/client/v4/accounts/{}/scim", server.origin(), account.account_id());
    let transport = ReqwestTransport::new().unwrap();
    let mut ids: HashMap<String, String> = HashMap::new();
    let mut replayed = 0;
    for name in SERIES {
        for exchange in exchanges(name) {
            let method = exchange["method"].as_str().unwrap();
            let target = translated(exchange["target"].as_str().unwrap(), &ids);
            let body = &exchange["request_body"];
            let body = (!body.is_null()).then(|| mapped(body.clone()));
            let body = body.map(|body| translated(&body.to_string(), &ids));
            let request = http::Request::builder()
                .method(method)
                .uri(format!("{base}{target}"))
                .header("authorization", format!("Bearer {}", account.tokens().scim.expose()))
                .header("content-type", "application/scim+json")
                .header("accept", "application/scim+json")
                .body(Bytes::from(body.clone().unwrap_or_default()))
                .unwrap();
            let answer = transport.send(request).await.unwrap();
            let shown: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
            let recorded = u16::try_from(exchange["status"].as_u64().unwrap()).unwrap();
            // The strict recording server refused the rename without `schemas`; this one takes it.
            let wanted = if recorded == 400 { 200 } else { recorded };
            assert_eq!(answer.status().as_u16(), wanted, "{name}: {method} {target}: {shown}");
            if let (Some(recorded), Some(own)) = (exchange["response_body"]["id"].as_str(), shown["id"].as_str()) {
                ids.entry(recorded.to_owned()).or_insert_with(|| own.to_owned());
            }
            let sent: Option<Value> = body.map(|body| serde_json::from_str(&body).unwrap());
            if let Some(sent) = sent.filter(|_| matches!(method, "POST" | "PUT")) {
                let sent = translated(&sent.to_string(), &ids);
                let sent: Value = serde_json::from_str(&sent).unwrap();
                assert!(echoes(&shown, &sent), "{name}: {method} {target}\nsent  {sent}\nshown {shown}");
            }
            replayed += 1;
        }
    }
    assert!(replayed > 50, "{replayed}");
    let groups = account.group_members();
    assert_eq!(groups.keys().collect::<Vec<_>>(), ["engineering", "finance-renamed"]);
    assert!(groups["engineering"].len() > 3);
    server.shutdown().await;
}
