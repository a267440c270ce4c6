//! Every v4 call against the OpenAPI document: the request as documented, the document's own example
//! as the answer, nothing of it lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::similar_names)]

mod common;

use std::collections::BTreeSet;

use cloudflare_scim::*;
use common::{API_TOKEN, client, only_request, server, testdata};
use serde_json::{Value, json};

/// The example of an operation.
fn example(operation: &str) -> Value {
    let all = testdata("openapi-examples.json");
    let found = all.as_array().unwrap().iter().find(|it| it["operation"] == operation);
    found.unwrap_or_else(|| panic!("no operation {operation}")).clone()
}

/// Runs one call against the example of its operation, compares the request's method, path, query
/// and body with what is documented, and gives the answer's `result` to compare.
async fn check<T, F>(
    operation: &str,
    query: &str,
    body: Option<Value>,
    call: impl FnOnce(Cloudflare) -> F,
) -> (T, Value)
where
    F: Future<Output = Result<T, Error>>,
{
    let example = example(operation);
    let server = server(200, "application/json", serde_json::to_vec(&example["body"]).unwrap()).await;
    let result = call(client(&server.uri())).await.unwrap_or_else(|error| panic!("{operation}: {error}"));
    let request = only_request(&server).await;
    let mut path = example["path"].as_str().unwrap().to_owned();
    for (name, value) in [
        ("{account_id}", common::ACCOUNT),
        ("{user_group_id}", "g1"),
        ("{member_id}", "m1"),
        ("{permission_group_id}", "p1"),
        ("{resource_group_id}", "r1"),
        ("{role_id}", "o1"),
    ] {
        path = path.replace(name, value);
    }
    assert_eq!(request.method.as_str(), example["method"], "{operation}");
    assert_eq!(request.url.path(), format!("/client/v4{path}"), "{operation}");
    assert_eq!(request.url.query().unwrap_or_default(), query, "{operation}");
    let sent: Option<Value> = (!request.body.is_empty()).then(|| serde_json::from_slice(&request.body).unwrap());
    assert_eq!(sent, body, "{operation}");
    let headers = &request.headers;
    assert_eq!(headers["authorization"], format!("Bearer {API_TOKEN}"), "{operation}");
    assert_eq!(headers["accept"], "application/json", "{operation}");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("cloudflare-scim/"), "{operation}");
    assert_eq!(headers.get("content-type").is_some(), body.is_some(), "{operation}");
    (result, example["body"]["result"].clone())
}

/// As [`check`], for calls whose whole result comes back: nothing may be lost.
async fn lossless<T: serde::Serialize, F>(
    operation: &str,
    query: &str,
    body: Option<Value>,
    call: impl FnOnce(Cloudflare) -> F,
) where
    F: Future<Output = Result<T, Error>>,
{
    let (got, documented) = check(operation, query, body, call).await;
    assert_eq!(serde_json::to_value(got).unwrap(), documented, "{operation}");
}

fn id<T: std::str::FromStr<Err = InvalidId>>(text: &str) -> T {
    text.parse().unwrap()
}

fn policy() -> NewPolicy {
    NewPolicy::allow([id("p1")], [id("r1")])
}

fn policy_body() -> Value {
    json!({"access": "allow", "permission_groups": [{"id": "p1"}], "resource_groups": [{"id": "r1"}]})
}

#[tokio::test]
async fn user_groups() {
    let g = || id::<UserGroupId>("g1");
    let pages = "page=1&per_page=500";
    lossless("account-user-group-list", pages, None, async |c| c.user_groups().list().first_page().await).await;
    lossless("account-user-group-list", "name=A%20%26%20B&page=1&per_page=500", None, async |c| {
        c.user_groups().list().name("A & B").first_page().await
    })
    .await;
    lossless("account-user-group-list", "fuzzyName=a&id=g1&direction=desc&page=1&per_page=7", None, async |c| {
        let list = c.user_groups().list().fuzzy_name("a").id(&g()).direction(Direction::Descending);
        list.per_page(7).first_page().await
    })
    .await;
    lossless("account-user-group-details", "", None, async |c| c.user_groups().get(&g()).await).await;
    let body = json!({"name": "N", "policies": [policy_body()]});
    lossless("account-user-group-create", "", Some(body), async |c| {
        c.user_groups().create(&NewUserGroup::new("N").with_policies([policy()])).await
    })
    .await;
    lossless("account-user-group-update", "", Some(json!({"name": "N"})), async |c| {
        c.user_groups().update(&g(), &UserGroupPatch::new().name("N")).await
    })
    .await;
    lossless("account-user-group-update", "", Some(json!({"policies": []})), async |c| {
        c.user_groups().update(&g(), &UserGroupPatch::new().policies([])).await
    })
    .await;
    check("account-user-group-delete", "", None, async |c| c.user_groups().delete(&g()).await).await;
}

#[tokio::test]
async fn members_of_user_groups() {
    let members = |c: Cloudflare| c.user_groups().members(&id("g1"));
    let m = || id::<MembershipId>("m1");
    lossless("account-user-group-member-list", "page=1&per_page=500", None, async |c| {
        members(c).list().first_page().await
    })
    .await;
    lossless("account-user-group-member-list", "fuzzyEmail=%40x&direction=asc&page=1&per_page=500", None, async |c| {
        members(c).list().fuzzy_email("@x").direction(Direction::Ascending).first_page().await
    })
    .await;
    lossless("account-user-group-member-get", "", None, async |c| members(c).get(&m()).await).await;
    let body = json!([{"id": "m1"}, {"id": "m2"}]);
    lossless("account-user-group-member-create", "", Some(body.clone()), async |c| {
        members(c).add(&[m(), id("m2")]).await
    })
    .await;
    lossless("account-user-group-members-update", "", Some(body), async |c| members(c).replace(&[m(), id("m2")]).await)
        .await;
    lossless("account-user-group-members-update", "", Some(json!([])), async |c| members(c).replace(&[]).await).await;
    check("account-user-group-member-delete", "", None, async |c| members(c).remove(&m()).await).await;
}

#[tokio::test]
async fn account_members() {
    let m = || id::<MembershipId>("m1");
    lossless("account-members-list-members", "page=1&per_page=50", None, async |c| {
        c.members().list().first_page().await
    })
    .await;
    let query = "status=accepted&order=user.email&direction=asc&page=1&per_page=5";
    lossless("account-members-list-members", query, None, async |c| {
        let list = c.members().list().status(&MemberStatus::Accepted).by_email(Direction::Ascending);
        list.per_page(1).first_page().await
    })
    .await;
    lossless("account-members-member-details", "", None, async |c| c.members().get(&m()).await).await;
    let body = json!({"email": "a@b.c", "roles": ["o1"], "status": "accepted"});
    lossless("account-members-add-member", "", Some(body), async |c| {
        let member = NewMember::with_roles("a@b.c", [id("o1")]).status(MemberStatus::Accepted);
        c.members().create(&member).await
    })
    .await;
    let body = json!({"email": "a@b.c", "policies": [policy_body()]});
    lossless("account-members-add-member", "", Some(body), async |c| {
        c.members().create(&NewMember::with_policies("a@b.c", [policy()])).await
    })
    .await;
    lossless("account-members-update-member", "", Some(json!({"roles": [{"id": "o1"}]})), async |c| {
        c.members().update(&m(), &MemberPatch::Roles(vec![id("o1")])).await
    })
    .await;
    lossless("account-members-update-member", "", Some(json!({"policies": [policy_body()]})), async |c| {
        c.members().update(&m(), &MemberPatch::Policies(vec![policy()])).await
    })
    .await;
    check("account-members-remove-member", "", None, async |c| c.members().delete(&m()).await).await;
}

#[tokio::test]
async fn permission_groups_resource_groups_and_roles() {
    lossless("account-permission-group-list", "label=dns&page=1&per_page=50", None, async |c| {
        c.permission_groups().list().label("dns").first_page().await
    })
    .await;
    lossless("account-permission-group-list", "name=DNS&id=p1&page=1&per_page=20", None, async |c| {
        c.permission_groups().list().name("DNS").id(&id("p1")).per_page(20).first_page().await
    })
    .await;
    lossless("account-permission-group-details", "", None, async |c| c.permission_groups().get(&id("p1")).await).await;

    lossless("account-resource-group-list", "", None, async |c| c.resource_groups().list().all().await).await;
    lossless("account-resource-group-list", "name=x", None, async |c| c.resource_groups().list().name("x").all().await)
        .await;
    lossless("account-resource-group-details", "", None, async |c| c.resource_groups().get(&id("r1")).await).await;
    let scope = Scope::new("com.cloudflare.api.account.x", ["com.cloudflare.api.account.zone.y"]);
    let scope_body =
        json!({"key": "com.cloudflare.api.account.x", "objects": [{"key": "com.cloudflare.api.account.zone.y"}]});
    lossless("account-resource-group-create", "", Some(json!({"name": "N", "scope": scope_body})), async |c| {
        c.resource_groups().create("N", &scope).await
    })
    .await;
    lossless("account-resource-group-update", "", Some(json!({"scope": scope_body})), async |c| {
        c.resource_groups().update(&id("r1"), None, Some(&scope)).await
    })
    .await;
    check("account-resource-group-delete", "", None, async |c| c.resource_groups().delete(&id("r1")).await).await;

    lossless("account-roles-list-roles", "page=1&per_page=50", None, async |c| c.roles().list().first_page().await)
        .await;
    lossless("account-roles-role-details", "", None, async |c| c.roles().get(&id("o1")).await).await;
}

#[tokio::test]
async fn audit_logs_and_tokens() {
    let query = AuditQuery::between("2026-08-01T00:00:00Z".parse().unwrap(), "2026-08-02T00:00:00Z".parse().unwrap())
        .only(AuditField::ActionType, "create")
        .only(AuditField::ActionType, "update")
        .without(AuditField::ActorContext, "dash")
        .direction(Direction::Ascending)
        .limit(10);
    let sent = "since=2026-08-01T00%3A00%3A00Z&before=2026-08-02T00%3A00%3A00Z&limit=10&direction=asc\
                &action_type=create&action_type=update&actor_context.not=dash";
    lossless("audit-logs-v2-get-account-audit-logs", sent, None, async |c| {
        c.audit_logs().list(&query).first_page().await
    })
    .await;
    let (check_, _) =
        check("account-api-tokens-verify-token", "", None, async |c| c.tokens().verify_api_token().await).await;
    assert_eq!((check_.status, check_.owner), (TokenStatus::Active, TokenOwner::Account));
}

#[tokio::test]
async fn a_users_token_is_checked_where_it_is_known() {
    let body = example("user-api-tokens-verify-token")["body"].clone();
    let server = server(200, "application/json", serde_json::to_vec(&body).unwrap()).await;
    let check = client(&server.uri()).tokens().verify(&Token::new("cfut_abc")).await.unwrap();
    assert_eq!(check.owner, TokenOwner::User);
    let request = only_request(&server).await;
    assert_eq!(request.url.path(), "/client/v4/user/tokens/verify");
    assert_eq!(request.headers["authorization"], "Bearer cfut_abc");
}

#[tokio::test]
async fn every_filter_of_the_audit_log_is_documented() {
    let names: BTreeSet<&str> =
        AuditField::ALL.iter().flat_map(|field| [field.name(), field.excluding_name()]).collect();
    assert_eq!(names.len(), 44);
    assert!(names.contains("raw_cf_ray_id.not"));
}

#[tokio::test]
async fn answers_that_differ_from_the_document_are_read() {
    let answers = testdata("documented/answers.json");
    let server_of =
        async |name: &str| server(200, "application/json", serde_json::to_vec(&answers[name]).unwrap()).await;

    let server = server_of("user_group_with_inline_scope").await;
    let group = client(&server.uri()).user_groups().get(&id("g1")).await.unwrap();
    assert_eq!(serde_json::to_value(&group).unwrap(), answers["user_group_with_inline_scope"]["result"]);
    assert!(group.policies[0].resource_groups[0].is_account_wide(&common::account()));
    assert_eq!(group.policies[0].permission_groups[0].meta.as_ref().unwrap().get("editable"), Some("false"));
    assert!(group.created_at().is_some());

    let server = server_of("members_without_total_pages").await;
    let members = client(&server.uri()).members().list().all().await.unwrap();
    assert_eq!((members.len(), members[0].user_tag()), (1, None));
    assert_eq!(members[0].email(), Some("new@example.com"));
    assert!(members[0].has_role(&RoleId::super_administrator()));
    only_request(&server).await;

    let server = server_of("empty_member_list").await;
    assert!(client(&server.uri()).user_groups().members(&id("g1")).list().all().await.unwrap().is_empty());

    let server = server_of("audit_with_errors").await;
    let query = AuditQuery::between("2026-03-01T00:00:00Z".parse().unwrap(), "2026-04-01T00:00:00Z".parse().unwrap());
    let entries = client(&server.uri()).audit_logs().list(&query).all().await.unwrap();
    assert_eq!(entries[0].kind(), Some(&AuditAction::Update));
    assert!(entries[0].time().is_some());
}
