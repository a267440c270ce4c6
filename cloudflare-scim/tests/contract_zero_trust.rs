//! Every call of Zero Trust's read side against the OpenAPI document.
#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use cloudflare_scim::zero_trust::*;
use cloudflare_scim::*;
use common::contract::{check, id, lossless, own_id};
use common::{client, server};

const PROVIDER: &str = "f174e90a-fafe-4643-bbbc-4a0ed4fc8415";

#[tokio::test]
async fn people_and_groups_of_an_identity_provider() {
    let users = "access-identity-providers-list-scim-user-resources";
    let path = format!("access/identity_providers/{PROVIDER}/scim/users");
    lossless(users, &path, "page=1&per_page=100", None, async |c| {
        c.zero_trust().scim_users(&id(PROVIDER)).first_page().await
    })
    .await;
    let sent = "cf_resource_id=c&idp_resource_id=i&username=u&email=e%40x.yz&name=n&page=1&per_page=100";
    lossless(users, &path, sent, None, async |c| {
        let list = c.zero_trust().scim_users(&id(PROVIDER)).cf_resource_id(&"c".parse().unwrap());
        list.idp_resource_id("i").username("u").email("e@x.yz").name("n").first_page().await
    })
    .await;
    let groups = "access-identity-providers-list-scim-group-resources";
    let path = format!("access/identity_providers/{PROVIDER}/scim/groups");
    let sent = "cf_resource_id=c&idp_resource_id=i&name=n&page=1&per_page=100";
    lossless(groups, &path, sent, None, async |c| {
        let list = c.zero_trust().scim_groups(&id(PROVIDER)).cf_resource_id(&"c".parse().unwrap());
        list.idp_resource_id("i").name("n").first_page().await
    })
    .await;
}

#[tokio::test]
async fn what_was_pushed() {
    let operation = "access-scim-update-logs-list-access-scim-update-logs";
    let query = ScimLogQuery::of(id(PROVIDER));
    let sent = format!("idp_id={PROVIDER}&page=1&per_page=20");
    lossless(operation, "access/logs/scim/updates", &sent, None, async |c| {
        c.zero_trust().scim_logs(&query).first_page().await
    })
    .await;
    let query = query
        .and(id("second"))
        .status(&UpdateStatus::Failure)
        .status(&UpdateStatus::Success)
        .resource_type(&UpdateResource::User)
        .method(&http::Method::PATCH)
        .user_email("e@x.yz")
        .group_name("G")
        .cf_resource_id("c")
        .idp_resource_id("i")
        .between("2025-01-01T00:00:00Z".parse().unwrap(), "2025-01-02T00:00:00Z".parse().unwrap())
        .direction(Direction::Ascending);
    let sent = format!(
        "idp_id={PROVIDER}&idp_id=second&status=FAILURE&status=SUCCESS&resource_type=USER&request_method=PATCH\
         &resource_user_email=e%40x.yz&resource_group_name=G&cf_resource_id=c&idp_resource_id=i\
         &since=2025-01-01T00%3A00%3A00Z&until=2025-01-02T00%3A00%3A00Z&direction=asc&page=1&per_page=20"
    );
    let (entries, _) = check(operation, "access/logs/scim/updates", &sent, None, async |c| {
        c.zero_trust().scim_logs(&query).first_page().await
    })
    .await;
    assert_eq!(entries[0].status, Some(UpdateStatus::Failure));
    assert!(entries[0].time().is_some());
}

#[tokio::test]
async fn people_of_access() {
    let list = "zero-trust-users-get-users";
    lossless(list, "access/users", "page=1&per_page=1000", None, async |c| c.zero_trust().users().first_page().await)
        .await;
    let sent = "email=e%40x.yz&name=n&search=s&page=1&per_page=1000";
    lossless(list, "access/users", sent, None, async |c| {
        c.zero_trust().users().email("e@x.yz").name("n").search("s").first_page().await
    })
    .await;
    let own = own_id("zero-trust-users-get-user");
    lossless("zero-trust-users-get-user", &format!("access/users/{own}"), "", None, async |c| {
        c.zero_trust().user(&id(&own)).await
    })
    .await;
}

#[tokio::test]
async fn a_missing_permission_is_named_as_zero_trust_names_it() {
    let body = br#"{"success":false,"errors":[{"code":10000,"message":"Authentication error"}],"result":null}"#;
    let server = server(403, "application/json", body.to_vec()).await;
    let zero_trust = client(&server.uri()).zero_trust();
    let errors = [
        (zero_trust.scim_users(&id(PROVIDER)).first_page().await.unwrap_err(), "Identity Providers, and Groups"),
        (zero_trust.scim_logs(&ScimLogQuery::of(id(PROVIDER))).first_page().await.unwrap_err(), "SCIM Logs"),
        (zero_trust.users().first_page().await.unwrap_err(), "Audit Logs"),
    ];
    for (error, permission) in errors {
        assert!(error.missing_permission().unwrap().contains(permission), "{error}");
    }
}

#[tokio::test]
async fn a_log_that_repeats_its_page_ends() {
    let entry = serde_json::json!({"logged_at": "2025-01-01T00:00:00Z", "request_method": "POST"});
    let body = serde_json::json!({"success": true, "result": vec![entry; 20]});
    let server = server(200, "application/json", serde_json::to_vec(&body).unwrap()).await;
    let logs = client(&server.uri()).zero_trust().scim_logs(&ScimLogQuery::of(id(PROVIDER)));
    assert_eq!(logs.all().await.unwrap().len(), 1);
    assert_eq!(server.received_requests().await.unwrap().len(), 2);
}
