//! Requests by hand, and what is asserted of every answer.

use bytes::Bytes;
use cloudflare_scim::embedded::EmbeddedAccount;
use scim_core::transport::Transport;
use serde_json::{Value, json};

pub(crate) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(crate) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
pub(crate) const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
pub(crate) const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) media: String,
    pub(crate) body: Value,
}

impl Answer {
    /// The id of the resource.
    pub(crate) fn id(&self) -> String {
        self.body["id"].as_str().unwrap_or_else(|| panic!("no id in {}", self.body)).to_owned()
    }

    /// Asserts a SCIM error by the letter, and gives its detail.
    #[track_caller]
    pub(crate) fn refused(&self, status: u16, scim_type: Option<&str>) -> &str {
        assert_eq!(self.status, status, "{}", self.body);
        assert_eq!(self.media, "application/scim+json");
        assert_eq!(self.body["schemas"], json!([ERROR]));
        assert_eq!(self.body["status"], json!(status.to_string()), "status is a string");
        assert_eq!(self.body.get("scimType").and_then(Value::as_str), scim_type, "{}", self.body);
        self.body["detail"].as_str().unwrap()
    }

    #[track_caller]
    pub(crate) fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status, status, "{}", self.body);
        self
    }
}

pub(crate) async fn send(
    account: &EmbeddedAccount,
    method: &str,
    path: &str,
    media: &str,
    body: Option<Value>,
) -> Answer {
    let request = http::Request::builder()
        .method(method)
        .uri(format!("http://x/client/v4/accounts/{}/scim/v2/{path}", account.account_id()))
        .header("authorization", format!("Bearer {}", account.tokens().scim.expose()))
        .header("content-type", media)
        .body(body.map(|body| Bytes::from(body.to_string())).unwrap_or_default())
        .unwrap();
    let response = account.send(request).await.unwrap();
    let media = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    Answer {
        status: response.status().as_u16(),
        media: media.unwrap_or_default(),
        body: serde_json::from_slice(response.body()).unwrap_or_default(),
    }
}

pub(crate) async fn scim(account: &EmbeddedAccount, method: &str, path: &str, body: Option<Value>) -> Answer {
    send(account, method, path, "application/scim+json", body).await
}

pub(crate) async fn get(account: &EmbeddedAccount, path: &str) -> Answer {
    scim(account, "GET", path, None).await
}

pub(crate) fn user(email: &str) -> Value {
    json!({"schemas": [USER], "userName": email, "active": true,
        "name": {"givenName": "Given", "familyName": "Family", "formatted": "ignored"},
        "emails": [{"value": email, "type": "work", "primary": true}], "externalId": "ext"})
}

pub(crate) fn operations(operations: &Value) -> Option<Value> {
    Some(json!({"schemas": [PATCH], "Operations": operations}))
}

pub(crate) async fn add_user(account: &EmbeddedAccount, email: &str) -> String {
    scim(account, "POST", "Users", Some(user(email))).await.is(201).id()
}

pub(crate) async fn add_group(account: &EmbeddedAccount, name: &str) -> String {
    scim(account, "POST", "Groups", Some(json!({"schemas": [GROUP], "displayName": name}))).await.is(201).id()
}

pub(crate) fn with(switch: &str, value: &str) -> EmbeddedAccount {
    let account = EmbeddedAccount::new();
    account.set_switch(switch, value).unwrap();
    account
}

/// The user tags of a group's members.
pub(crate) async fn members(account: &EmbeddedAccount, group: &str) -> Vec<String> {
    let answer = get(account, &format!("Groups/{group}")).await;
    let mut tags: Vec<String> = answer.is(200).body["members"]
        .as_array()
        .unwrap()
        .iter()
        .map(|member| member["value"].as_str().unwrap().to_owned())
        .collect();
    tags.sort();
    tags
}

pub(crate) fn sorted(mut tags: Vec<String>) -> Vec<String> {
    tags.sort();
    tags
}
