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

/// Files of one series, replayed in their order against one account.
struct Series {
    files: &'static [&'static str],
    /// Where this account answers otherwise than the recording server, and is right: file, method, recorded
    /// status, own status.
    differs: &'static [(&'static str, &'static str, u16, u16)],
}

/// The rename without the PatchOp `schemas`: the strict recording server refused it, this one takes it.
const RENAME: (&str, &str, u16, u16) = ("", "PATCH", 400, 200);

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
/// comparison finds nothing to write. Cloudflare makes `name.formatted` itself.
fn echoes(shown: &Value, sent: &Value) -> bool {
    match (shown, sent) {
        (Value::Object(shown), Value::Object(sent)) => sent
            .iter()
            .filter(|(name, _)| *name != "formatted")
            .all(|(name, value)| shown.get(name).is_some_and(|own| echoes(own, value))),
        (Value::Array(shown), Value::Array(sent)) => {
            // Members are a set.
            shown.len() == sent.len() && sent.iter().all(|sent| shown.iter().any(|shown| echoes(shown, sent)))
        }
        (shown, sent) => shown == sent,
    }
}

/// Replays a series; how many requests that were.
async fn replay(account: &EmbeddedAccount, series: &Series) -> usize {
    let server = account.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let base = format!("{}/client/v4/accounts/{}/scim", server.origin(), account.account_id());
    let transport = ReqwestTransport::new().unwrap();
    let mut ids: HashMap<String, String> = HashMap::new();
    let mut replayed = 0;
    for name in series.files {
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
            let differs = series
                .differs
                .iter()
                .find(|(file, other, status, _)| name.starts_with(file) && *other == method && *status == recorded);
            let wanted = differs.map_or(recorded, |(_, _, _, own)| *own);
            assert_eq!(answer.status().as_u16(), wanted, "{name}: {method} {target}: {shown}");
            if let (Some(recorded), Some(own)) = (exchange["response_body"]["id"].as_str(), shown["id"].as_str()) {
                ids.entry(recorded.to_owned()).or_insert_with(|| own.to_owned());
            }
            let sent: Option<Value> = body.map(|body| serde_json::from_str(&body).unwrap());
            let accepted = answer.status().is_success();
            if let Some(sent) = sent.filter(|_| accepted && matches!(method, "POST" | "PUT")) {
                let sent = translated(&sent.to_string(), &ids);
                let sent: Value = serde_json::from_str(&sent).unwrap();
                assert!(echoes(&shown, &sent), "{name}: {method} {target}\nsent  {sent}\nshown {shown}");
            }
            replayed += 1;
        }
    }
    server.shutdown().await;
    replayed
}

/// A full sync of 20 people and 3 groups, then every kind of change that was recorded.
#[tokio::test]
async fn recorded_pushes_are_accepted_and_echoed() {
    let account = EmbeddedAccount::new();
    // E18 writes `active: true` on somebody whom E16 deprovisioned.
    account.set_switch("reactivation", "restore").unwrap();
    let series = Series {
        files: &[
            "E06-first-full-sync",
            "E08-second-full-sync-nothing-changed",
            "E10-user-name-and-email-change",
            "E13-user-username-change",
            "E14-user-removed-from-group",
            "E15-user-added-to-group",
            "E16-user-deactivated",
            "E17-full-sync-after-deactivation",
            "E18-user-reactivated",
            "E20-group-renamed",
            "E21-user-deleted",
            "E22-group-deleted",
            "E23-full-sync-after-deletions",
        ],
        differs: &[RENAME],
    };
    assert!(replay(&account, &series).await > 50);
    let groups = account.group_members();
    assert_eq!(groups.keys().collect::<Vec<_>>(), ["engineering", "finance-renamed"]);
    assert!(groups["engineering"].len() > 3);
}

/// As authentik pushes to a server that it thinks without PATCH: groups by PUT with all members.
#[tokio::test]
async fn recorded_pushes_without_patch_are_accepted_and_echoed() {
    let account = EmbeddedAccount::new();
    let series = Series {
        files: &[
            "D10-nopatch-first-full-sync",
            "D11-nopatch-user-removed-from-group",
            "D12-nopatch-user-added-to-group",
            "D13-nopatch-group-renamed",
            "D14-nopatch-full-sync",
        ],
        differs: &[],
    };
    assert_eq!(replay(&account, &series).await, 22);
    let groups = account.group_members();
    assert_eq!(groups.keys().collect::<Vec<_>>(), ["blue-renamed", "red"]);
    assert_eq!((groups["blue-renamed"].len(), groups["red"].len()), (1, 2));
}

/// With the mapping that authentik needs for Cloudflare, recorded as it is: inactive people are refused, a
/// deprovisioned one is 404 and comes back by POST.
#[tokio::test]
async fn recorded_pushes_with_the_mapping_for_cloudflare_are_answered_as_recorded() {
    let account = EmbeddedAccount::new();
    let series = Series {
        files: &[
            "H51-cloudflare-mapping-first-sync",
            "H52-cloudflare-mapping-no-change-sync",
            "H53-cloudflare-mapping-no-change-name-formatted-differs",
            "H54-cloudflare-mapping-rename",
            "H55-cloudflare-mapping-deactivate",
            "H56-cloudflare-mapping-change-while-inactive",
            "H57-cloudflare-mapping-reactivate",
            "H58-cloudflare-mapping-deactivate-reactivate",
        ],
        // authentik adds somebody to groups who has just been deprovisioned: the recording server let it.
        differs: &[("H55", "PATCH", 200, 400)],
    };
    assert!(replay(&account, &series).await > 40);
    // Inactive: never made. Deactivated and back: a member again, by the same address.
    let emails = account.member_emails();
    assert!(!emails.contains(&"fritz@cg.example.test".to_owned()));
    assert!(emails.contains(&"emil@cg.example.test".to_owned()));
}
