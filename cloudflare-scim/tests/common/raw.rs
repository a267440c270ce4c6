use bytes::Bytes;
use cloudflare_scim::embedded::EmbeddedAccount;
use scim_core::transport::Transport;
use serde_json::Value;

/// Sends one request by hand, with the API token.
pub(crate) async fn raw(account: &EmbeddedAccount, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://x/client/v4/accounts/{}/{path}", account.account_id()))
        .header("authorization", format!("Bearer {}", account.tokens().api.expose()))
        .header("content-type", "application/json")
        .body(body.map(|body| Bytes::from(body.to_string())).unwrap_or_default())
        .unwrap();
    let response = account.send(request).await.unwrap();
    let status = response.status().as_u16();
    (status, serde_json::from_slice(response.body()).unwrap_or_default())
}
