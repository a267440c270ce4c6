//! Lists over their pages, and where the API lives.

use authentik_client::{Authentik, ErrorKind};
use futures_util::StreamExt;
use scim_core::transport::{ReqwestTransport, TransportExt};
use serde_json::{Value, json};
use wiremock::matchers::{any, query_param};
use wiremock::{Mock, MockServer, ResponseTemplate};

use crate::calls::client;
use crate::support::TOKEN;

#[tokio::test]
async fn the_base_url_may_or_may_not_name_the_api() {
    let server = MockServer::start().await;
    Mock::given(any())
        .respond_with(ResponseTemplate::new(200).set_body_json(json!({"version_current": "1"})))
        .mount(&server)
        .await;
    for suffix in ["", "/", "/api/v3", "/api/v3/"] {
        let base = format!("{}{suffix}", server.uri()).parse().unwrap();
        let transport = ReqwestTransport::new().unwrap().shared();
        let client = Authentik::builder(base, TOKEN.to_owned().into()).transport(transport).build().unwrap();
        client.version().await.unwrap();
    }
    for request in server.received_requests().await.unwrap() {
        assert_eq!(request.url.path(), "/api/v3/admin/version/");
    }
}

fn user(pk: u64) -> Value {
    json!({"pk": pk, "username": format!("u{pk}"), "uid": "a".repeat(64)})
}

async fn pages(pages: &[(u64, u64, &[Value])]) -> MockServer {
    let server = MockServer::start().await;
    for (number, next, results) in pages {
        let body = json!({"pagination": {"next": next}, "results": results});
        Mock::given(query_param("page", number.to_string()))
            .respond_with(ResponseTemplate::new(200).set_body_json(body))
            .mount(&server)
            .await;
    }
    server
}

#[tokio::test]
async fn a_list_is_complete_or_an_error() {
    let server = pages(&[(1, 2, &[user(1), user(2)]), (2, 3, &[user(3)]), (3, 0, &[user(4)])]).await;
    let all = client(&server).users().list().all().await.unwrap();
    assert_eq!(all.iter().map(|user| user.pk.get()).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(server.received_requests().await.unwrap().len(), 3);

    // A stream that is dropped asks for no more pages.
    let first = client(&server).users().list().stream().next().await.unwrap().unwrap();
    assert_eq!((first.pk.get(), server.received_requests().await.unwrap().len()), (1, 4));

    for (what, odd) in [
        ("the same page again", pages(&[(1, 1, &[user(1)])]).await),
        ("back", pages(&[(1, 2, &[user(1)]), (2, 1, &[user(2)])]).await),
        ("far ahead", pages(&[(1, 5, &[user(1)])]).await),
        ("empty but not the last", pages(&[(1, 2, &[])]).await),
    ] {
        let error = client(&odd).users().list().all().await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InconsistentList, "{what}");
        assert!(odd.received_requests().await.unwrap().len() <= 2, "{what}");
    }
    // A page that vanished meanwhile is authentik's 404 `Invalid page.`: no shorter list.
    let server = pages(&[(1, 2, &[user(1)])]).await;
    assert!(client(&server).users().list().all().await.is_err());
}
