//! Every error body there is, and what an error says and does not say.
#![allow(clippy::unwrap_used, clippy::panic, clippy::similar_names)]

mod common;

use std::time::Duration;

use cloudflare_scim::*;
use common::{API_TOKEN, SCIM_TOKEN, client, testdata};
use scim_core::message::ScimType;
use scim_core::transport::{TransportError, TransportErrorKind, TransportExt, from_fn};
use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

async fn serving(case: &Value) -> MockServer {
    let body = match &case["body"] {
        Value::String(text) => text.clone().into_bytes(),
        body => serde_json::to_vec(body).unwrap(),
    };
    let mut answer = ResponseTemplate::new(u16::try_from(case["status"].as_u64().unwrap()).unwrap());
    match case["media"].as_str().unwrap() {
        "" => {}
        media => answer = answer.set_body_raw(body, media),
    }
    answer = answer.insert_header("cf-ray", "8e9b1c60ef9e1c9a-FRA");
    if let Some(wait) = case["retry_after"].as_str() {
        answer = answer.insert_header("retry-after", wait);
    }
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(answer).mount(&server).await;
    server
}

#[tokio::test]
async fn every_documented_error_is_told_apart() {
    for case in testdata("documented/errors.json")["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let server = serving(case).await;
        let cloudflare = client(&server.uri());
        let read = cloudflare.members().list().all().await.unwrap_err();
        let write = cloudflare.user_groups().create(&NewUserGroup::new("secret-name")).await.unwrap_err();
        for error in [&read, &write] {
            let text = error.to_string();
            assert_eq!(format!("{:?}", error.kind()), case["kind"], "{name}: {text}");
            assert!(!text.contains('\n') && text.len() < 1000, "{name}: {text}");
            assert!(text.contains("8e9b1c60ef9e1c9a-FRA"), "{name}: {text}");
            for part in case["shows"].as_array().unwrap() {
                assert!(text.contains(part.as_str().unwrap()), "{name}: {part} not in {text}");
            }
            assert_eq!(u64::from(error.status().unwrap().as_u16()), case["status"].as_u64().unwrap());
            assert!(!text.contains("secret-name") && !format!("{error:?}").contains("secret-name"), "{name}");
        }
        assert!(read.to_string().starts_with("list members (accounts/"), "{read}");
        assert!(!read.may_have_been_applied(), "{name}");
        let doubtful = matches!(write.kind(), ErrorKind::Server | ErrorKind::Unreadable);
        assert_eq!(write.may_have_been_applied(), doubtful, "{name}");
    }
}

#[tokio::test]
async fn predicates_and_advice() {
    let cases = testdata("documented/errors.json");
    let case =
        |name: &str| cases["cases"].as_array().unwrap().iter().find(|case| case["name"] == name).unwrap().clone();
    let error = async |name: &str| {
        let server = serving(&case(name)).await;
        client(&server.uri()).members().list().all().await.unwrap_err()
    };

    let missing = error("permission missing").await;
    assert!(missing.is_permission_missing());
    assert!(missing.missing_permission().unwrap().contains("SCIM Provisioning"));
    assert_eq!(missing.documentation_url(), Some("https://developers.cloudflare.com/x"));
    assert_eq!(missing.code(), Some(10_000));

    let limited = error("rate limited").await;
    assert!(limited.is_rate_limited() && limited.is_transient());
    assert_eq!(limited.retry_after(), Some(Duration::from_secs(240)));

    let malformed = error("malformed token").await;
    assert!(malformed.is_unauthorized() && malformed.has_code(6111) && !malformed.has_code(1));

    assert!(error("not found").await.is_not_found());
    assert!(!error("no route").await.is_not_found());
    assert!(error("conflict").await.is_conflict());
    assert_eq!(error("scim error on v4").await.scim_type(), Some(&ScimType::Uniqueness));

    let server = serving(&case("permission missing")).await;
    let query = AuditQuery::between("2026-03-01T00:00:00Z".parse().unwrap(), "2026-04-01T00:00:00Z".parse().unwrap());
    let audit = client(&server.uri()).audit_logs().list(&query).all().await.unwrap_err();
    assert!(audit.to_string().contains("`Account Settings: Read`"), "{audit}");
    assert!(!audit.to_string().contains("2026-03-01"), "no query in {audit}");
}

/// The whole chain of causes, as a reporter prints it.
fn sources(error: &Error) -> String {
    let mut text = String::new();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}

#[tokio::test]
async fn a_server_that_repeats_the_token_does_not_make_the_error_repeat_it() {
    for body in [
        format!(r#"{{"success":false,"errors":[{{"code":1,"message":"bad token {API_TOKEN}","x":"{API_TOKEN}"}}]}}"#),
        format!(r#"{{"schemas":[],"status":"400","detail":"bad token {API_TOKEN} {SCIM_TOKEN}"}}"#),
        format!("<html>Authorization: Bearer {API_TOKEN}</html>"),
    ] {
        let server = MockServer::start().await;
        Mock::given(any()).respond_with(ResponseTemplate::new(400).set_body_string(body)).mount(&server).await;
        let cloudflare = client(&server.uri());
        let error = cloudflare.members().list().all().await.unwrap_err();
        for text in [error.to_string(), format!("{error:?}"), format!("{error:#?}"), format!("{cloudflare:?}")] {
            assert!(!text.contains("planted"), "{text}");
        }
        assert!(error.to_string().contains("[redacted]"));
        let error = cloudflare.scim().users().get(&"u".parse::<UserTag>().unwrap()).await.unwrap_err();
        for text in [error.to_string(), format!("{error:?}"), sources(&error)] {
            assert!(!text.contains("planted"), "{text}");
        }
    }
    // A good status with the token where a list belongs.
    let body = format!(r#"{{"success":true,"result":"{API_TOKEN}"}}"#);
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(200).set_body_string(body)).mount(&server).await;
    let cloudflare = client(&server.uri());
    for error in [
        cloudflare.members().list().all().await.unwrap_err(),
        cloudflare
            .scim()
            .users()
            .list()
            .all()
            .await
            .map(drop)
            .err()
            .unwrap_or_else(|| panic!("an envelope is no list")),
    ] {
        for text in [error.to_string(), format!("{error:?}"), sources(&error)] {
            assert!(!text.contains("planted"), "{text}");
        }
    }
}

#[tokio::test]
async fn failures_below_http() {
    for (kind, applied) in [
        (TransportErrorKind::Connect, false),
        (TransportErrorKind::Timeout, true),
        (TransportErrorKind::Interrupted, true),
    ] {
        let leaf = from_fn(move |_| async move { Err(TransportError::new(kind)) });
        let cloudflare =
            Cloudflare::builder(common::account()).api_token(API_TOKEN).transport(leaf.shared()).build().unwrap();
        let read = cloudflare.members().list().all().await.unwrap_err();
        assert_eq!((read.kind(), read.may_have_been_applied()), (ErrorKind::Transport, false));
        assert_eq!(read.transport().unwrap().kind(), kind);
        assert_eq!(read.is_timeout(), kind == TransportErrorKind::Timeout);
        let write = cloudflare.user_groups().delete(&"g".parse().unwrap()).await.unwrap_err();
        assert_eq!(write.may_have_been_applied(), applied, "{kind:?}");
        assert!(std::error::Error::source(&write).is_some());
        assert!(write.to_string().starts_with("delete user group (accounts/"), "{write}");
    }
}

#[test]
fn a_client_without_usable_token_is_not_built() {
    for token in ["", " ", "a b", "tökn\u{7}"] {
        let error = Cloudflare::builder(common::account()).api_token(token).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Request);
        assert!(!format!("{error} {error:?}").contains("tökn"));
    }
    let error = Cloudflare::builder(common::account()).build().unwrap_err();
    assert!(error.to_string().contains("no token"), "{error}");
}

#[test]
fn the_base_url_may_leave_out_the_version() {
    let leaf = || from_fn(|_| async { Err(TransportError::new(TransportErrorKind::Connect)) }).shared();
    for base in
        ["http://127.0.0.1:1", "http://127.0.0.1:1/", "http://127.0.0.1:1/client/v4", "http://127.0.0.1:1/client/v4/"]
    {
        let cloudflare = Cloudflare::builder(common::account())
            .base_url(base.parse().unwrap())
            .scim_token(SCIM_TOKEN)
            .transport(leaf())
            .build()
            .unwrap();
        assert_eq!(cloudflare.base_url().as_str(), "http://127.0.0.1:1/client/v4");
        let scim = format!("http://127.0.0.1:1/client/v4/accounts/{}/scim/v2", common::ACCOUNT);
        assert_eq!(cloudflare.scim_base_url().as_str(), scim);
        assert_eq!(cloudflare.api_token().expose(), SCIM_TOKEN);
    }
}
