//! What the tests share.
#![allow(dead_code, clippy::unwrap_used)] // each test uses a part of it

pub(crate) mod contract;
pub(crate) mod large;
pub(crate) mod raw;

use cloudflare_scim::{AccountId, Cloudflare};
use scim_core::transport::{ReqwestTransport, TransportExt};
use serde_json::Value;
use wiremock::matchers::any;
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

pub(crate) const ACCOUNT: &str = "023e105f4ecef8ad9ca31a8372d0c353";
pub(crate) const API_TOKEN: &str = "cfat_planted-api-token-0123456789abcdef";
pub(crate) const SCIM_TOKEN: &str = "cfat_planted-scim-token-0123456789abcdef";

pub(crate) fn testdata(path: &str) -> Value {
    let path = format!("{}/../testdata/cloudflare/{path}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(crate) fn account() -> AccountId {
    ACCOUNT.parse().unwrap()
}

/// A client of a server that listens at `origin`.
pub(crate) fn client(origin: &str) -> Cloudflare {
    Cloudflare::builder(account())
        .base_url(origin.parse().unwrap())
        .api_token(API_TOKEN)
        .scim_token(SCIM_TOKEN)
        .transport(ReqwestTransport::new().unwrap().shared())
        .build()
        .unwrap()
}

/// A server that answers everything alike.
pub(crate) async fn server(status: u16, media: &str, body: Vec<u8>) -> MockServer {
    let server = MockServer::start().await;
    Mock::given(any()).respond_with(ResponseTemplate::new(status).set_body_raw(body, media)).mount(&server).await;
    server
}

/// The one request that a server has seen.
pub(crate) async fn only_request(server: &MockServer) -> Request {
    let mut requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 1);
    requests.remove(0)
}
