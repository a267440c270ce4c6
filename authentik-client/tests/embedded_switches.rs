//! Each switch by its own name and in each of its readings, on a profile that has the other one.
//! Switches of the scheduler and of scope have their tests beside their rules; `embedded_docs` checks that
//! none is without.

#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test: a panic is its result")]

mod lab;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use authentik_client::embedded::{EmbeddedAuthentik, MappingOutcome, Profile, Switches};
use bytes::Bytes;
use lab::{Lab, adds_where_members_are_absent, two_users, writes};
use scim_core::transport::{TransportExt, from_fn};
use serde_json::{Value, json};

/// The first profile has the switch off, the second one on.
async fn switched(profiles: [Profile; 2], switch: &str, on: bool) -> Lab {
    let lab = Lab::with(|builder| builder.profile(if on { profiles[0] } else { profiles[1] })).await;
    let known = Switches::new(if on { profiles[0] } else { profiles[1] }).all();
    let default = known.iter().find(|known| known.name == switch).unwrap().default;
    assert_ne!(default, if on { "on" } else { "off" }, "{switch}: the profile says so by itself");
    lab.authentik.set_switch(switch, if on { "on" } else { "off" }).unwrap();
    lab
}

const OLD_NEW: [Profile; 2] = [Profile::Rc1, Profile::V2026_8];
const NEW_OLD: [Profile; 2] = [Profile::V2026_8, Profile::Rc1];

/// The bodies of the PATCHes that a step causes.
async fn patches(lab: &Lab, path: &str, method: &str, body: Value) -> Vec<String> {
    lab.drain();
    assert!(lab.call(method, path, body).await.status < 300);
    assert!(lab.authentik.idle(Duration::from_secs(60)).await);
    lab.drain().into_iter().filter(|(method, ..)| method == "PATCH").map(|(_, _, body)| body).collect()
}

/// Rule 2.
#[tokio::test(start_paused = true)]
async fn empty_list_is_403() {
    let lab = Lab::new().await;
    let account = json!({"username": "svc", "name": "svc", "type": "service_account"});
    let user = lab.post("core/users/", account).await["pk"].clone();
    lab.post("core/tokens/", json!({"identifier": "t", "user": user, "intent": "api", "expiring": false})).await;
    let key = lab.get("core/tokens/t/view_key/").await["key"].as_str().unwrap().to_owned();
    for (value, status) in [("on", 403), ("off", 200)] {
        lab.authentik.set_switch("empty_list_is_403", value).unwrap();
        let got = lab.call_as(&key, "GET", "core/groups/", &Value::Null).await;
        assert_eq!(got.status, status);
        assert_eq!(got.json()["pagination"]["count"] == 0, value == "off", "{}", got.text);
    }
}

/// Rule 4.
#[tokio::test(start_paused = true)]
async fn token_echo() {
    for on in [true, false] {
        let lab = switched(NEW_OLD, "token_echo", on).await;
        let provider = lab.provider(&[], json!({})).await;
        for path in [format!("providers/scim/{provider}/"), "providers/scim/".to_owned()] {
            assert_eq!(lab.get(&path).await.to_string().contains(r#""token":"t""#), on, "{path}");
        }
    }
}

/// Rule 5.
#[tokio::test(start_paused = true)]
async fn status_from_logs() {
    for on in [true, false] {
        let lab = switched(OLD_NEW, "status_from_logs", on).await;
        lab.faults("POST", "/v2/Users", vec![Some((400, Value::Null))]);
        two_users(&lab).await;
        let tasks = lab.get("tasks/tasks/?aggregated_status=warning").await;
        assert_eq!(tasks["pagination"]["count"], i32::from(on));
    }
}

/// Rules 7 and 9.
#[tokio::test(start_paused = true)]
async fn delete_while_running_fails() {
    for (value, status) in [("on", 405), ("off", 204)] {
        for whole in [false, true] {
            let lab = Lab::new().await;
            let (_, _, provider) = two_users(&lab).await;
            lab.authentik.set_switch("delete_while_running_fails", value).unwrap();
            lab.sync_without_waiting().await;
            tokio::time::sleep(Duration::from_millis(2)).await;
            let path = format!("providers/scim/{provider}/");
            let deleted = if whole { "core/applications/app/" } else { path.as_str() };
            let got = lab.call("DELETE", deleted, Value::Null).await;
            assert_eq!((got.status, got.text.as_str()), (status, ""), "{deleted}");
            let there = lab.call("GET", &path, Value::Null).await.status;
            assert_eq!(there, if value == "on" { 200 } else { 404 });
            if value == "on" {
                // When its tasks have ended it goes.
                lab.settled().await;
                assert_eq!(lab.call("DELETE", deleted, Value::Null).await.status, 204);
            }
        }
    }
}

/// Rule 9.
#[tokio::test(start_paused = true)]
async fn deleted_provider_blocks() {
    for (value, free) in [("on", false), ("off", true)] {
        let lab = Lab::new().await;
        let (_, _, provider) = two_users(&lab).await;
        lab.authentik.set_switch("delete_while_running_fails", "off").unwrap();
        lab.authentik.set_switch("deleted_provider_blocks", value).unwrap();
        lab.sync_without_waiting().await;
        tokio::time::sleep(Duration::from_millis(2)).await;
        assert_eq!(lab.call("DELETE", &format!("providers/scim/{provider}/"), Value::Null).await.status, 204);
        assert_eq!(lab.authentik.idle(Duration::from_secs(1000)).await, free, "the waiting sync keeps its thread");
        // The other thread works on, and a restart frees this one.
        lab.authentik.kill_worker();
        lab.authentik.start_worker();
        assert!(lab.authentik.idle(Duration::from_secs(60)).await);
    }
}

/// Rule 16.
#[tokio::test(start_paused = true)]
async fn discovery_count() {
    for on in [true, false] {
        let lab = switched(OLD_NEW, "discovery_count", on).await;
        lab.shelf(|shelf| shelf.page = 1);
        two_users(&lab).await;
        let sent = lab.sync().await;
        let lists: Vec<&str> = sent.iter().filter_map(|it| it.strip_prefix("GET /v2/Users")).collect();
        assert_eq!(lists, if on { ["?count=100", "?count=100&startIndex=2"] } else { ["", "?startIndex=2"] });
    }
}

/// Rule 16.
#[tokio::test(start_paused = true)]
async fn discovery_strict() {
    for on in [true, false] {
        let lab = switched([Profile::V2026_8, Profile::Rc1], "discovery_strict", on).await;
        let (_, _, provider) = two_users(&lab).await;
        lab.shelf(|shelf| shelf.dress_user = Some(Box::new(|user: &mut Value| user["groups"] = json!(["a"]))));
        lab.sync_without_waiting().await;
        tokio::time::sleep(Duration::from_secs(5)).await;
        let status = lab.get(&format!("providers/scim/{provider}/sync/status/")).await;
        let retried = lab.get("tasks/tasks/?state=queued").await["pagination"]["count"] != 0;
        assert_eq!(status["is_running"] == true || retried, on, "{status}");
    }
}

/// Rule 17.
#[tokio::test(start_paused = true)]
async fn nested_diff_blind() {
    // A mapping whose displayName does not move with the name.
    let expression = "return {\"userName\": request.user.username, \"name\": {\"formatted\": request.user.name}}";
    for (profile, value) in [(Profile::Rc1, "off"), (Profile::V2026_8, "on")] {
        let lab = Lab::with(|builder| {
            builder.profile(profile).mapping(expression, |input| {
                let user = input.user.as_ref().unwrap();
                MappingOutcome::Value(json!({"userName": user.username, "name": {"formatted": user.name}}))
            })
        })
        .await;
        lab.authentik.set_switch("nested_diff_blind", value).unwrap();
        let mapping = lab.post("propertymappings/provider/scim/", json!({"name": "m", "expression": expression})).await;
        let user = lab.user("u0").await;
        let group = lab.group("g0", &[user]).await;
        lab.provider(&[&group], json!({"property_mappings": [mapping["pk"]]})).await;
        lab.settled().await;
        lab.patch(&format!("core/users/{user}/"), json!({"name": "Another"})).await;
        assert_eq!(writes(&lab.settled().await).is_empty(), value == "on", "{profile}");
    }
}

/// Rule 18.
#[tokio::test(start_paused = true)]
async fn remove_form() {
    for (profile, form) in [(Profile::Rc1, "path"), (Profile::V2026_8, "value")] {
        let lab = Lab::with(|builder| builder.profile(profile)).await;
        lab.authentik.set_switch("remove_form", form).unwrap();
        let (group, users, _) = two_users(&lab).await;
        let sent = patches(&lab, &format!("core/groups/{group}/remove_user/"), "POST", json!({"pk": users[0]})).await;
        let by_path = r#"{"op": "remove", "path": "members[value eq \"user-1\"]"}"#;
        let by_value = r#"{"op": "remove", "path": "members", "value": [{"value": "user-1"}]}"#;
        assert_eq!(
            (sent[0].contains(by_path), sent[0].contains(by_value)),
            (form == "path", form == "value"),
            "{sent:?}"
        );
    }
}

/// Rule 18.
#[tokio::test(start_paused = true)]
async fn rename_has_id() {
    for on in [true, false] {
        let lab = switched(NEW_OLD, "rename_has_id", on).await;
        let (group, _, _) = two_users(&lab).await;
        let sent = patches(&lab, &format!("core/groups/{group}/"), "PATCH", json!({"name": "renamed"})).await;
        assert_eq!(sent[0].contains(r#""id": "group-3""#), on, "{sent:?}");
    }
}

/// Rule 18.
#[tokio::test(start_paused = true)]
async fn rename_has_schemas() {
    for (value, has) in [("on", true), ("off", false)] {
        let lab = Lab::new().await;
        lab.authentik.set_switch("rename_has_schemas", value).unwrap();
        let (group, _, _) = two_users(&lab).await;
        let sent = patches(&lab, &format!("core/groups/{group}/"), "PATCH", json!({"name": "renamed"})).await;
        let body: Value = serde_json::from_str(&sent[0]).unwrap();
        assert_eq!(body.get("schemas").is_some(), has, "{body}");
    }
}

/// Rule 19.
#[tokio::test(start_paused = true)]
async fn add_when_members_absent() {
    for on in [true, false] {
        let lab = switched(OLD_NEW, "add_when_members_absent", on).await;
        assert_eq!(adds_where_members_are_absent(&lab).await, on);
    }
}

/// Rule 17.
#[tokio::test(start_paused = true)]
async fn store_group_answers() {
    for on in [true, false] {
        let lab = switched(OLD_NEW, "store_group_answers", on).await;
        let (group, _, _) = two_users(&lab).await;
        lab.patch(&format!("core/groups/{group}/"), json!({"name": "renamed"})).await;
        lab.settled().await;
        let again: Vec<String> = lab.sync().await;
        // Who does not remember the answer renames at every sync.
        assert_eq!(writes(&again), if on { vec![] } else { vec!["PATCH /v2/Groups/group-3"] });
    }
}

/// Rules 8 and 21.
#[tokio::test(start_paused = true)]
async fn membership_races() {
    for (value, joins) in [("on", false), ("off", true)] {
        let lab = Lab::new().await;
        lab.authentik.set_switch("membership_races", value).unwrap();
        let (group, _, _) = two_users(&lab).await;
        lab.drain();
        lab.post("core/users/", json!({"username": "new", "name": "New", "groups": [group]})).await;
        let sent = lab.settled().await;
        let sent = writes(&sent);
        assert_eq!(sent[0], "POST /v2/Users");
        assert_eq!(sent.contains(&"PATCH /v2/Groups/group-3"), joins, "{sent:?}");
        // A full sync brings what the race has lost.
        assert_eq!(!writes(&lab.sync().await).is_empty(), !joins);
    }
}

/// Rule 24.
#[tokio::test(start_paused = true)]
async fn accept_encoding() {
    for (value, offered) in [("on", Some("gzip, deflate, zstd")), ("off", None)] {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let headers = Arc::clone(&seen);
        let scim = from_fn(move |request: http::Request<Bytes>| {
            headers.lock().unwrap().push(request.headers().clone());
            async { Ok(http::Response::builder().status(429).body(Bytes::new()).unwrap()) }
        });
        let mut switches = Switches::default();
        switches.set("accept_encoding", value).unwrap();
        switches.set("first_sync", "late").unwrap();
        let authentik = EmbeddedAuthentik::builder(scim.shared()).switches(switches).build();
        let lab = Lab::of(authentik).await;
        lab.provider(&[], json!({})).await;
        lab.settled().await;
        let seen = seen.lock().unwrap();
        assert!(!seen.is_empty());
        for headers in &*seen {
            let said = headers.get("accept-encoding").map(|value| value.to_str().unwrap());
            assert_eq!((said, headers["accept"].to_str().unwrap()), (offered, "application/scim+json"));
        }
    }
}
