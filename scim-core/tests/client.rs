//! The SCIM client against servers that behave oddly: over a closure, no socket.
#![cfg(feature = "client")]
#![allow(clippy::unwrap_used)] // a failing set-up is a failing test

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use scim_core::client::{ErrorKind, ScimClient};
use scim_core::filter::attr;
use scim_core::message::ScimType;
use scim_core::patch::PatchOp;
use scim_core::path::PatchPath;
use scim_core::resource::{ResourceId, User};
use scim_core::transport::{TransportError, TransportErrorKind, TransportExt, from_fn};
use serde_json::{Value, json};

type Seen = Arc<Mutex<Vec<http::Request<Bytes>>>>;

/// A client of a server that answers request number `n` (from 0) with what `answer` says.
fn client(answer: impl Fn(usize) -> (u16, Value) + Send + Sync + 'static) -> (ScimClient, Seen) {
    text_client(move |n| {
        let (status, body) = answer(n);
        (status, body.to_string())
    })
}

fn text_client(answer: impl Fn(usize) -> (u16, String) + Send + Sync + 'static) -> (ScimClient, Seen) {
    let seen = Seen::default();
    let log = Arc::clone(&seen);
    let transport = from_fn(move |request: http::Request<Bytes>| {
        let n = {
            let mut log = log.lock().unwrap();
            log.push(request);
            log.len() - 1
        };
        let (status, body) = answer(n);
        let mut response = http::Response::new(Bytes::from(body));
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        response.headers_mut().insert("x-request-id", http::HeaderValue::from_static("req-1"));
        async move { Ok(response) }
    });
    let base = "https://scim.example.com/scim/v2".parse().unwrap();
    (ScimClient::new(base, Some("planted-token".into()), transport.shared()), seen)
}

fn users(ids: std::ops::Range<usize>) -> Vec<Value> {
    ids.map(|id| json!({"id": id.to_string(), "userName": format!("u{id}")})).collect()
}

fn id(text: &str) -> ResourceId {
    text.parse().unwrap()
}

#[tokio::test]
async fn pages_advance_by_what_came() {
    // Asked for 100, the server sends 2, 2, 1.
    let (scim, seen) = client(|n| {
        let page = users(n * 2 + 1..(n * 2 + 3).min(6));
        (200, json!({"totalResults": 5, "Resources": page}))
    });
    let all = scim.users().list().count(100).all().await.unwrap();
    assert_eq!(all.len(), 5);
    let queries: Vec<_> = seen.lock().unwrap().iter().map(|r| r.uri().query().unwrap().to_owned()).collect();
    assert_eq!(queries, ["count=100", "startIndex=3&count=100", "startIndex=5&count=100"]);
}

#[tokio::test]
async fn a_page_that_comes_again_is_an_error_in_two_requests() {
    let (scim, seen) = client(|_| (200, json!({"totalResults": 1000, "Resources": users(1..3)})));
    let error = scim.users().list().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InconsistentList);
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn an_empty_page_before_the_end_is_an_error() {
    let (scim, _) = client(|n| {
        let page = if n == 0 { users(1..3) } else { Vec::new() };
        (200, json!({"totalResults": 5, "Resources": page}))
    });
    let error = scim.users().list().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InconsistentList);
    assert!(error.to_string().contains("2 resources came of 5"), "{error}");
}

#[tokio::test]
async fn a_count_that_is_too_small_does_not_cut_the_list() {
    let (scim, seen) = client(|n| {
        let page = if n < 3 { users(n * 2 + 1..n * 2 + 3) } else { Vec::new() };
        (200, json!({"totalResults": 0, "Resources": page}))
    });
    assert_eq!(scim.users().list().all().await.unwrap().len(), 6);
    assert_eq!(seen.lock().unwrap().len(), 4);
}

#[tokio::test]
async fn cursors_are_followed_and_a_stuck_one_is_an_error() {
    let (scim, seen) = client(|n| match n {
        0 => (200, json!({"nextCursor": "b c", "Resources": users(1..3)})),
        _ => (200, json!({"Resources": users(3..4)})),
    });
    assert_eq!(scim.users().list().all().await.unwrap().len(), 3);
    assert_eq!(seen.lock().unwrap()[1].uri().query(), Some("cursor=b%20c"));

    let (scim, seen) = client(|n| (200, json!({"nextCursor": "same", "Resources": users(n * 2 + 1..n * 2 + 3)})));
    let error = scim.users().list().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InconsistentList);
    assert_eq!(seen.lock().unwrap().len(), 2);
}

#[tokio::test]
async fn no_match_answered_404_is_an_empty_list_but_a_missing_endpoint_is_not() {
    let scim_404 = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": 404, "detail": "none"});
    let (scim, _) = client(move |_| (404, scim_404.clone()));
    assert!(scim.users().find(attr("userName").eq("x")).await.unwrap().is_empty());
    assert_eq!(scim.users().list().all().await.unwrap_err().kind(), ErrorKind::NotFound);

    let (scim, _) = text_client(|_| (404, "<html>no such page</html>".to_owned()));
    let error = scim.users().find(attr("userName").eq("x")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(!error.is_not_found(), "a page of HTML says nothing of a resource");
}

#[tokio::test]
async fn a_scim_error_is_read_and_told() {
    let (scim, _) = client(|_| {
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": 409,
                          "scimType": "uniqueness", "detail": "userName is taken"});
        (409, body)
    });
    let error = scim.users().create(&User::new("secret-person@example.com")).await.unwrap_err();
    assert!(error.is_conflict() && !error.may_have_been_applied());
    assert_eq!(error.scim_type(), Some(&ScimType::Uniqueness));
    let text = error.to_string();
    for part in ["create a resource (Users)", "409 uniqueness", "userName is taken", "req-1"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("secret-person"));
}

#[tokio::test]
async fn other_bodies_become_errors_that_say_what_came() {
    let (scim, _) = text_client(|_| (200, "<html><title>Sign in</title></html>".to_owned()));
    let error = scim.users().get(&id("1")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::UnreadableBody);
    assert!(error.to_string().contains("Sign in"), "{error}");

    let (scim, _) = text_client(|_| (201, String::new()));
    let error = scim.users().create(&User::new("x")).await.unwrap_err();
    assert!(error.may_have_been_applied(), "created, but where?");

    for (status, kind) in [
        (302, ErrorKind::UnexpectedStatus),
        (202, ErrorKind::Accepted),
        (401, ErrorKind::Unauthorized),
        (403, ErrorKind::Forbidden),
        (412, ErrorKind::PreconditionFailed),
        (429, ErrorKind::RateLimited),
        (400, ErrorKind::Refused),
        (503, ErrorKind::Server),
    ] {
        let (scim, _) = text_client(move |_| (status, String::new()));
        assert_eq!(scim.users().delete(&id("1")).await.unwrap_err().kind(), kind, "{status}");
    }
}

#[tokio::test]
async fn a_write_may_be_answered_with_or_without_the_resource() {
    for (status, body, some) in
        [(204, "", false), (200, "{}", false), (200, r#"{"id":"1","userName":"x"}"#, true), (200, " { } ", false)]
    {
        let (scim, seen) = text_client(move |_| (status, body.to_owned()));
        let patch = PatchOp::new().replace(PatchPath::parse("active").unwrap(), false);
        let answer = scim.users().patch(&id("1"), &patch).await.unwrap();
        assert_eq!(answer.is_some(), some, "{body:?}");
        let sent: Value = serde_json::from_slice(seen.lock().unwrap()[0].body()).unwrap();
        assert_eq!(
            sent,
            json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
                   "Operations": [{"op": "replace", "path": "active", "value": false}]})
        );
    }
}

#[tokio::test]
async fn no_error_holds_token_url_or_filter() {
    let base = "https://scim.example.com/scim/v2".parse().unwrap();
    let broken = from_fn(|_| async { Err(TransportError::new(TransportErrorKind::Interrupted)) });
    let scim = ScimClient::new(base, Some("planted-token".into()), broken.shared());
    let error = scim.users().find(attr("userName").eq("planted-person")).await.unwrap_err();
    assert!(error.is_transient() && !error.may_have_been_applied(), "a read changes nothing");
    let everything = format!("{error} {error:?} {scim:?} {:?}", scim.users().list());
    for planted in ["planted-token", "planted-person", "filter="] {
        assert!(!everything.contains(planted), "{planted} in {everything}");
    }
}
