//! What goes wrong, told apart: every shape of an error over HTTP, every recorded refusal.
#![allow(clippy::unwrap_used, clippy::panic)]

mod support;

use std::io::Read;
use std::time::Duration;

use authentik_client::id::{ProviderPk, UserPk};
use authentik_client::model::NewGroup;
use authentik_client::sync::WatchOptions;
use authentik_client::{Authentik, Error, ErrorKind};
use scim_core::transport::{ReqwestTransport, RetryPolicy, TransportExt};
use support::{TOKEN, recording};
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, ResponseTemplate};

fn client(uri: &str) -> Authentik {
    let transport = ReqwestTransport::new().unwrap().retry(RetryPolicy::never()).shared();
    Authentik::builder(uri.parse().unwrap(), TOKEN.to_owned().into()).transport(transport).build().unwrap()
}

async fn refused(status: u16, body: &str, media_type: &str) -> Error {
    let server = MockServer::start().await;
    let template = ResponseTemplate::new(status)
        .set_body_raw(body.as_bytes(), media_type)
        .insert_header("x-authentik-id", "7f1c")
        .insert_header("retry-after", "3");
    Mock::given(any()).respond_with(template).mount(&server).await;
    client(&server.uri()).groups().create(&NewGroup::new("staff")).await.unwrap_err()
}

#[tokio::test]
async fn every_shape_of_an_error_says_what_and_what_to_do() {
    let json = "application/json";
    let denied = r#"{"detail":"You do not have permission to perform this action."}"#;
    let html = "<!doctype html><html><head><title>authentik\n - Not found</title></head><body>…</body></html>";
    for (status, body, media_type, kind, text) in [
        (
            400,
            r#"{"name":["This field may not be blank."],"users":["Invalid pk \"9\" - object does not exist."]}"#,
            json,
            ErrorKind::Invalid,
            "authentik: create (core/groups) failed: it answered 400: name: This field may not be blank., users: Invalid pk \"9\" - object does not exist. [request id 7f1c]; correct the members named",
        ),
        (
            400,
            r#"{"detail":"JSON parse error - Expecting value: line 1 column 1 (char 0)"}"#,
            json,
            ErrorKind::Invalid,
            "400: JSON parse error",
        ),
        (400, "", json, ErrorKind::Invalid, "it answered 400 [request id 7f1c]"),
        (
            403,
            r#"{"detail":"Token invalid/expired"}"#,
            json,
            ErrorKind::Unauthenticated,
            "403: Token invalid/expired [request id 7f1c]; check the token",
        ),
        (
            403,
            r#"{"detail":"Authentication credentials were not provided."}"#,
            json,
            ErrorKind::Unauthenticated,
            "credentials were not provided",
        ),
        (
            403,
            denied,
            json,
            ErrorKind::Forbidden,
            "give the token's owner the permission authentik_core.add_group (System > Roles)",
        ),
        (404, r#"{"detail":"No Group matches the given query."}"#, json, ErrorKind::NotFound, "404: No Group matches"),
        (
            404,
            html,
            "text/html; charset=utf-8",
            ErrorKind::NoSuchEndpoint,
            "404: a page of HTML: \"authentik - Not found\" [request id 7f1c]; check that the URL is authentik's own",
        ),
        (
            405,
            r#"{"detail":"Method \"PUT\" not allowed."}"#,
            json,
            ErrorKind::Refused,
            "405: Method \"PUT\" not allowed.",
        ),
        (
            405,
            "",
            "text/html; charset=utf-8",
            ErrorKind::Server,
            "it answered 405 without a body, which means that it crashed",
        ),
        (
            415,
            r#"{"detail":"Unsupported media type \"text/plain\" in request."}"#,
            json,
            ErrorKind::Refused,
            "415: Unsupported media type",
        ),
        (429, "slow down", "text/plain", ErrorKind::RateLimited, "429: slow down [request id 7f1c]; wait"),
        (502, "<html><body>bad</body></html>", "text/html", ErrorKind::Server, "502: a page of HTML [request id"),
        (302, "", "text/html", ErrorKind::UnexpectedStatus, "redirects are not followed"),
        (200, "<html><title>Sign in</title></html>", "text/html", ErrorKind::UnreadableBody, "the body is not JSON"),
        (201, "", json, ErrorKind::UnreadableBody, "the body is empty"),
        (201, r#"{"pk": 12}"#, json, ErrorKind::UnreadableBody, "the body is not what was asked for"),
    ] {
        let error = refused(status, body, media_type).await;
        let shown = error.to_string();
        assert_eq!(error.kind(), kind, "{status} {body}");
        assert!(shown.contains(text), "{shown}\nhas no\n{text}");
        assert!(!shown.contains('\n') && shown.len() < 500, "{shown}");
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert_eq!((error.request_id(), error.retry_after()), (Some("7f1c"), Some(Duration::from_secs(3))));
        assert_eq!(error.body().as_ref(), body.as_bytes());
    }
    let error = refused(400, r#"{"name":["Group with this name already exists."]}"#, json).await;
    assert!(error.is_conflict());
    assert_eq!((error.field_errors()[0].field.as_str(), error.missing_permission()), ("name", None));
    assert_eq!(refused(403, denied, json).await.missing_permission(), Some("authentik_core.add_group"));
    assert!(refused(405, "", "text/html").await.is_server_error());
    assert_eq!(std::mem::size_of::<Error>(), std::mem::size_of::<usize>());
}

#[tokio::test]
async fn every_recorded_refusal_is_told_apart() {
    let mut seen = std::collections::HashMap::<(u64, ErrorKind), usize>::new();
    for file in ["G10", "G11", "G12", "G13", "G14", "G15", "G20", "G21", "G30", "G31", "G35"] {
        for exchange in recording(file) {
            let status = exchange["status"].as_u64().unwrap();
            if exchange["side"] != "api" || status < 400 {
                continue;
            }
            let body = exchange["response_body"].clone();
            let detail = body["detail"].as_str().unwrap_or_default().to_owned();
            let (html, empty) = (body.is_string(), body.is_null());
            let (client, _) = support::scripted(move |_| {
                let mut answer = support::answer(u16::try_from(status).unwrap(), &body);
                if let Some(text) = body.as_str() {
                    *answer.body_mut() = text.to_owned().into();
                    answer.headers_mut().insert("content-type", "text/html".parse().unwrap());
                }
                answer
            });
            let error = client.groups().list().page(1).await.unwrap_err();
            let kind = match status {
                400 => ErrorKind::Invalid,
                403 if detail.starts_with("You do not have permission") => ErrorKind::Forbidden,
                403 => ErrorKind::Unauthenticated,
                404 if html => ErrorKind::NoSuchEndpoint,
                404 => ErrorKind::NotFound,
                405 if empty => ErrorKind::Server,
                _ => ErrorKind::Refused,
            };
            assert_eq!(error.kind(), kind, "{file} {} {}: {error}", exchange["method"], exchange["target"]);
            // What authentik says is passed on, whole.
            if kind == ErrorKind::Invalid && !empty && detail.is_empty() {
                assert!(!error.field_errors().is_empty(), "{file} {error}");
            }
            assert!(error.to_string().contains(&detail), "{file} {error}");
            *seen.entry((status, kind)).or_default() += 1;
        }
    }
    for kind in [
        (400, ErrorKind::Invalid),
        (403, ErrorKind::Forbidden),
        (403, ErrorKind::Unauthenticated),
        (404, ErrorKind::NotFound),
        (404, ErrorKind::NoSuchEndpoint),
        (405, ErrorKind::Server),
        (405, ErrorKind::Refused),
        (415, ErrorKind::Refused),
    ] {
        assert!(seen.contains_key(&kind), "{kind:?} of {seen:?}");
    }
}

/// What four reads and a write say of the same trouble.
async fn read_and_written(uri: &str) -> (Vec<Error>, Error) {
    let authentik = client(uri);
    let user = UserPk::new(7);
    let mapping = "09e8b9d9-8d7b-4075-a90c-9ff885f4d8a6".parse().unwrap();
    let reads = vec![
        authentik.groups().find("staff").await.unwrap_err(),
        authentik.users().get(&user).await.unwrap_err(),
        authentik.scim_providers().sync_status(&ProviderPk::new(9)).await.unwrap_err(),
        // A POST, and only a question all the same.
        authentik.scim_mappings().test(&mapping, user).await.unwrap_err(),
    ];
    (reads, authentik.groups().create(&NewGroup::new("staff")).await.unwrap_err())
}

#[tokio::test]
async fn a_read_that_fails_has_changed_nothing_and_a_write_may_have() {
    let sign_in = "<html><title>Sign in</title></html>";
    for (status, body, applied) in [(500, "", true), (405, "", true), (200, sign_in, true), (404, "{}", false)] {
        let server = MockServer::start().await;
        let template = ResponseTemplate::new(status).set_body_raw(body, "text/html");
        Mock::given(any()).respond_with(template).mount(&server).await;
        let (reads, written) = read_and_written(&server.uri()).await;
        for error in reads {
            assert!(!error.may_have_been_applied(), "{error:?}");
            assert!(!error.to_string().contains("took effect"), "{error}");
        }
        assert_eq!(written.may_have_been_applied(), applied, "{written:?}");
    }
    // A connection that ends when the request has arrived.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let uri = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _read = stream.unwrap().read(&mut [0; 4096]);
        }
    });
    let (reads, written) = read_and_written(&uri).await;
    for error in reads {
        assert!(error.is_transient() && !error.may_have_been_applied(), "{error:?}");
        assert!(error.to_string().ends_with("; try again"), "{error}");
    }
    assert!(written.may_have_been_applied() && written.to_string().contains("whether it took effect"), "{written}");
}

#[tokio::test]
async fn what_has_to_exist_and_does_not_is_missing_with_its_name() {
    let (authentik, _) = support::scripted(|_| support::answer(200, &support::page(&[])));
    let schedule = authentik.schedules().of_provider(ProviderPk::new(9)).await.unwrap_err();
    let mapping = authentik.scim_mappings().managed("goauthentik.io/providers/scim/user").await.unwrap_err();
    let started = authentik.start_sync(ProviderPk::new(9), WatchOptions::default()).await.unwrap_err();
    for (error, name) in [(schedule, "SCIM provider 9"), (mapping, "providers/scim/user"), (started, "provider 9")] {
        assert_eq!(error.kind(), ErrorKind::Missing);
        assert!(error.to_string().contains(name) && !error.may_have_been_applied(), "{error}");
    }
}

#[tokio::test]
async fn nobody_there() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let error = client(&base).users().find("ada@x.test").await.unwrap_err();
    assert!(!error.may_have_been_applied() && error.is_transient());
    let shown = format!("{error} {error:?}");
    assert!(shown.contains("check authentik's URL and that it is reachable"), "{shown}");
    // Neither the query with the address nor the token.
    assert!(!shown.contains("ada") && !shown.contains(TOKEN), "{shown}");
}
