//! The API's manners that no recorded file replays: credentials (G10), expiry, and the server on a
//! socket.

#![cfg(feature = "embedded")]
#![allow(clippy::unwrap_used, clippy::print_stdout, clippy::panic, reason = "a test: a panic is its result")]

mod lab;

use std::sync::Arc;
use std::time::Duration;

use authentik_client::embedded::{EmbeddedAuthentik, Fault, FaultKind, Profile, Side, Switches};
use lab::Lab;
use scim_core::serve::{ServeOptions, serve};
use scim_core::transport::{ReqwestTransport, Transport};
use serde_json::{Value, json};

/// Rule 2.
#[tokio::test(start_paused = true)]
async fn g10_no_credentials_and_wrong_ones_are_403_with_two_texts() {
    let lab = Lab::new().await;
    let missing = "Authentication credentials were not provided.";
    let refused = "Token invalid/expired";
    for (header, text) in [
        (None, missing),
        (Some("Bearer "), missing),
        (Some("Basic YTpi"), missing),
        (Some("Bearer wrong"), refused),
        (Some("bearer wrong"), refused),
        (Some("Bearer two words"), refused),
    ] {
        let headers: Vec<(&str, &str)> = header.map(|header| ("authorization", header)).into_iter().collect();
        let got = lab.raw("GET", "core/users/me/", &headers, "").await;
        assert_eq!((got.status, got.json()), (403, json!({"detail": text})), "{header:?}");
        assert_eq!(got.headers["x-authentik-id"].len(), 32);
    }
    assert_eq!(lab.raw("GET", "root/config/", &[], "").await.status, 200);
    let got = lab.raw("GET", "nosuch/", &[], "").await;
    assert_eq!((got.status, got.headers["content-type"].to_str().unwrap()), (404, "text/html; charset=utf-8"));
}

#[tokio::test(start_paused = true)]
async fn g30_a_token_dies_after_thirty_minutes_unless_it_does_not_expire() {
    let lab = Lab::new().await;
    let account = json!({"username": "svc", "name": "svc", "type": "service_account"});
    let user = lab.post("core/users/", account).await["pk"].clone();
    let mut keys = Vec::new();
    for (name, expiring) in [("mortal", true), ("eternal", false)] {
        let body = json!({"identifier": name, "user": user, "intent": "api", "expiring": expiring,
            "expires": "2036-01-01T00:00:00Z"});
        lab.post("core/tokens/", body).await;
        let key = lab.get(&format!("core/tokens/{name}/view_key/")).await["key"].as_str().unwrap().to_owned();
        assert_eq!(lab.call_as(&key, "GET", "core/users/me/", &Value::Null).await.status, 200);
        keys.push(key);
    }
    tokio::time::sleep(Duration::from_secs(1801)).await;
    let status = async |key: &str| lab.call_as(key, "GET", "core/users/me/", &Value::Null).await.status;
    assert_eq!((status(&keys[0]).await, status(&keys[1]).await), (403, 200));
    lab.patch(&format!("core/users/{user}/"), json!({"is_active": false})).await;
    assert_eq!(status(&keys[1]).await, 403, "an inactive owner");
    let app = json!({"identifier": "app", "user": user, "intent": "app_password"});
    lab.post("core/tokens/", app).await;
}

/// Rule 3.
#[tokio::test(start_paused = true)]
async fn send_is_refused_to_others_than_superusers_unless_switched() {
    let lab = Lab::new().await;
    let account = json!({"username": "svc", "name": "svc", "type": "service_account"});
    let user = lab.post("core/users/", account).await["pk"].clone();
    let role = lab.post("rbac/roles/", json!({"name": "r"})).await["pk"].as_str().unwrap().to_owned();
    let permissions = json!({"permissions": ["authentik_tasks_schedules.send_schedule",
        "authentik_providers_scim.change_scimprovider", "authentik_providers_scim.view_scimprovider"]});
    lab.post(&format!("rbac/permissions/assigned_by_roles/{role}/assign/"), permissions).await;
    lab.post(&format!("rbac/roles/{role}/add_user/"), json!({"pk": user})).await;
    lab.post("core/tokens/", json!({"identifier": "t", "user": user, "intent": "api", "expiring": false})).await;
    let key = lab.get("core/tokens/t/view_key/").await["key"].as_str().unwrap().to_owned();
    let provider = lab.provider(&[], json!({})).await;
    lab.settled().await;
    let id = lab.get("tasks/schedules/").await["results"][0]["id"].as_str().unwrap().to_owned();
    let send = format!("tasks/schedules/{id}/send/");
    assert_eq!(lab.call_as(&key, "POST", &send, &Value::Null).await.status, 403);
    lab.drain();
    let saved = lab.call_as(&key, "PATCH", &format!("providers/scim/{provider}/"), &json!({"name": "lab"})).await;
    assert_eq!(saved.status, 200);
    assert!(!lab.settled().await.is_empty(), "saving the provider starts a sync");
    lab.authentik.set_switch("send_needs_superuser", "off").unwrap();
    assert_eq!(lab.call_as(&key, "POST", &send, &Value::Null).await.status, 200);
    lab.authentik.set_switch("send_status", "204").unwrap();
    assert_eq!(lab.call("POST", &send, Value::Null).await.status, 204);
}

/// Rule 4.
#[tokio::test(start_paused = true)]
async fn versions_echo_the_token_or_not_and_name_themselves() {
    for (profile, version, echoed) in [
        (Profile::V2026_5_3, "2026.5.3", true),
        (Profile::Rc1, "2026.8.0-rc1", true),
        (Profile::V2026_5_6, "2026.5.6", true),
        (Profile::V2026_8, "2026.8.3", false),
    ] {
        let lab = Lab::with(|builder| builder.profile(profile)).await;
        assert_eq!(lab.get("admin/version/").await["version_current"], version);
        let provider = lab.provider(&[], json!({})).await;
        let shown = lab.get(&format!("providers/scim/{provider}/")).await;
        assert_eq!(shown.get("token").is_some(), echoed);
        assert_eq!(shown.get("discovery_enabled").is_some(), profile == Profile::V2026_8);
    }
}

/// Rule 1.
#[tokio::test(start_paused = true)]
async fn the_page_size_is_clamped_and_pages_are_numbered() {
    let lab = Lab::new().await;
    for index in 0..120 {
        lab.user(&format!("user{index:03}")).await;
    }
    let first = lab.get("core/users/?page_size=1000&ordering=-pk").await;
    assert_eq!(first["results"].as_array().unwrap().len(), 100);
    assert_eq!(
        first["pagination"],
        json!({"next": 2, "previous": 0, "count": 121, "current": 1, "total_pages": 2, "start_index": 1, "end_index": 100})
    );
    assert_eq!(first["results"][0]["username"], "user119");
    let second = lab.get("core/users/?page_size=1000&page=2").await;
    assert_eq!((&second["pagination"]["next"], &second["pagination"]["previous"]), (&json!(0), &json!(1)));
}

/// Rule 15.
#[tokio::test(start_paused = true)]
async fn two_hundred_users_and_twenty_groups_cost_what_the_real_one_costs() {
    let lab = Lab::new().await;
    lab.shelf(|shelf| shelf.page = 20);
    let mut users = Vec::new();
    for index in 0..200 {
        users.push(lab.user(&format!("user{index:03}")).await);
    }
    let mut groups = Vec::new();
    for (index, members) in users.chunks(10).enumerate() {
        groups.push(lab.group(&format!("group{index:02}"), members).await);
    }
    let bound: Vec<&str> = groups.iter().map(String::as_str).collect();
    lab.provider(&bound, json!({})).await;
    let (first, second) = (lab.settled().await.len(), lab.sync().await.len());
    println!("200 users and 20 groups, server pages of 20: {first} SCIM requests, then {second}");
    assert_eq!((first, second), (248, 41));
}

/// Rules 9 and 25.
#[tokio::test(start_paused = true)]
async fn faults_hit_the_next_matching_request_and_a_killed_worker_begins_anew() {
    let lab = Lab::new().await;
    let crash = http::StatusCode::METHOD_NOT_ALLOWED;
    lab.authentik.fault(Fault::new("core/groups/", FaultKind::Status(crash)).method(http::Method::POST));
    assert_eq!(lab.call("GET", "core/groups/", Value::Null).await.status, 200);
    assert_eq!(lab.call("POST", "core/groups/", json!({"name": "a"})).await.status, 405);
    assert_eq!(lab.call("POST", "core/groups/", json!({"name": "a"})).await.status, 201);
    lab.authentik.fault(Fault::new("core/groups/", FaultKind::LostAnswer));
    let request = http::Request::post("http://authentik/api/v3/core/groups/")
        .header("authorization", format!("Bearer {}", lab.authentik.token()))
        .header("content-type", "application/json");
    assert!(lab.authentik.send(request.body(r#"{"name": "b"}"#.into()).unwrap()).await.is_err());
    assert_eq!(lab.get("core/groups/?name=b").await["pagination"]["count"], 1, "the effect stayed");

    let user = lab.user("u").await;
    let group = lab.group("g", &[user]).await;
    let provider = lab.provider(&[&group], json!({})).await;
    lab.settled().await;
    lab.sync_without_waiting().await;
    tokio::time::sleep(Duration::from_millis(2)).await;
    lab.authentik.kill_worker();
    tokio::time::sleep(Duration::from_secs(20)).await;
    lab.drain();
    let status = lab.get(&format!("providers/scim/{provider}/sync/status/")).await;
    assert_eq!(status["is_running"], false, "the lock died with the worker");
    lab.authentik.start_worker();
    assert!(lab.settled().await.len() >= 3, "from the beginning");
}

/// Both sides over TCP: what `embedded -- authentik` does.
/// Rule 24.
#[tokio::test]
async fn it_serves_its_api_and_sends_over_real_http() {
    let lab = Lab::new().await;
    let any = "127.0.0.1:0".parse().unwrap();
    let scim = serve(any, Arc::new(lab.server.clone()), ServeOptions::default()).await.unwrap();
    let http: Arc<dyn Transport> = Arc::new(ReqwestTransport::new().unwrap());
    let mut switches = Switches::default();
    switches.set("first_sync", "now").unwrap();
    let authentik = EmbeddedAuthentik::builder(Arc::clone(&http)).switches(switches).time_scale(100).build();
    let server = authentik.serve(any).await.unwrap();
    let call = async |method: &str, path: &str, body: Value| {
        let mut request = http::Request::builder()
            .method(method)
            .uri(format!("{}/api/v3/{path}", server.origin()))
            .header("authorization", format!("Bearer {}", authentik.token()));
        if !body.is_null() {
            request = request.header("content-type", "application/json");
        }
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let answer = http.send(request.body(text.into()).unwrap()).await.unwrap();
        assert!(answer.status().is_success(), "{path}: {} {:?}", answer.status(), answer.body());
        serde_json::from_slice::<Value>(answer.body()).unwrap_or(Value::Null)
    };
    let user =
        call("POST", "core/users/", json!({"username": "anna", "name": "Anna Berg", "email": "anna@example.test"}))
            .await;
    call("POST", "core/groups/", json!({"name": "staff", "users": [user["pk"]]})).await;
    let mappings = call("GET", "propertymappings/provider/scim/", Value::Null).await;
    let provider = json!({"name": "p", "url": format!("{}/v2/", scim.origin()), "token": "secret",
        "property_mappings": [mappings["results"][1]["pk"]], "property_mappings_group": [mappings["results"][0]["pk"]]});
    let provider = call("POST", "providers/scim/", provider).await["pk"].clone();
    call("POST", "core/applications/", json!({"name": "a", "slug": "a", "backchannel_providers": [provider]})).await;
    call("PATCH", &format!("providers/scim/{provider}/"), json!({"name": "p"})).await;
    assert!(authentik.idle(Duration::from_secs(20)).await);
    let status = call("GET", &format!("providers/scim/{provider}/sync/status/"), Value::Null).await;
    assert_eq!(status["last_sync_status"], "done");
    assert!(lab.shelf(|shelf| shelf.users.iter().any(|user| user["userName"] == "anna")));
    assert!(lab.shelf(|shelf| shelf.groups.iter().any(|group| group["displayName"] == "staff")));
    assert!(authentik.requests(Side::Scim).writes >= 3);
    assert!(!format!("{authentik:?} {:?}", authentik.request_log()).contains("secret"));
    server.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn a_thousand_users_in_fifty_bound_groups_stay_cheap() {
    let lab = Lab::new().await;
    let mut users = Vec::new();
    for index in 0..1000 {
        users.push(lab.user(&format!("user{index:04}")).await);
    }
    let mut groups = Vec::new();
    for (index, members) in users.chunks(20).enumerate() {
        groups.push(lab.group(&format!("group{index:03}"), members).await);
    }
    let bound: Vec<&str> = groups.iter().map(String::as_str).collect();
    let before = std::time::Instant::now();
    lab.provider(&bound, json!({})).await;
    let sent = lab.settled().await.len();
    // 10 pages, each with a discovery of what is there already, 100 a page.
    assert_eq!(sent, 1 + (1 + (1..10).sum::<usize>()) + 1000 + 1 + 100);
    let each = before.elapsed() / u32::try_from(sent).unwrap();
    assert!(each < Duration::from_millis(10), "{each:?} of real time per request, both servers together");
}
