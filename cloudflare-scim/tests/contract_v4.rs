//! Every v4 call against the OpenAPI document: the request as documented, the document's own example
//! as the answer, nothing of it lost.
#![allow(clippy::unwrap_used, clippy::panic, clippy::similar_names)]

mod common;

use cloudflare_scim::*;
use common::contract::{check, example, id, lossless, own_id, policy_body};
use common::{client, only_request, server, testdata};
use serde_json::json;

fn policy() -> NewPolicy {
    NewPolicy::allow([id("p1")], [id("r1")])
}

#[tokio::test]
async fn user_groups() {
    let g = own_id("account-user-group-details");
    let group = || id::<UserGroupId>(&g);
    let pages = "page=1&per_page=500";
    lossless("account-user-group-list", "iam/user_groups", pages, None, async |c| {
        c.user_groups().list().first_page().await
    })
    .await;
    lossless("account-user-group-list", "iam/user_groups", "name=A%20%26%20B&page=1&per_page=500", None, async |c| {
        c.user_groups().list().name("A & B").first_page().await
    })
    .await;
    lossless(
        "account-user-group-list",
        "iam/user_groups",
        &format!("fuzzyName=a&id={g}&direction=desc&page=1&per_page=7"),
        None,
        async |c| {
            let list = c.user_groups().list().fuzzy_name("a").id(&group()).direction(Direction::Descending);
            list.per_page(7).first_page().await
        },
    )
    .await;
    lossless("account-user-group-details", &format!("iam/user_groups/{g}"), "", None, async |c| {
        c.user_groups().get(&group()).await
    })
    .await;
    let body = json!({"name": "N", "policies": [policy_body()]});
    lossless("account-user-group-create", "iam/user_groups", "", Some(body), async |c| {
        c.user_groups().create(&NewUserGroup::new("N").with_policies([policy()])).await
    })
    .await;
    lossless("account-user-group-update", &format!("iam/user_groups/{g}"), "", Some(json!({"name": "N"})), async |c| {
        c.user_groups().update(&group(), &UserGroupPatch::new().name("N")).await
    })
    .await;
    lossless(
        "account-user-group-update",
        &format!("iam/user_groups/{g}"),
        "",
        Some(json!({"policies": []})),
        async |c| c.user_groups().update(&group(), &UserGroupPatch::new().policies([])).await,
    )
    .await;
    check("account-user-group-delete", &format!("iam/user_groups/{g}"), "", None, async |c| {
        c.user_groups().delete(&group()).await
    })
    .await;
}

#[tokio::test]
async fn members_of_user_groups() {
    let members = |c: Cloudflare| c.user_groups().members(&id("g1"));
    let m = own_id("account-user-group-member-get");
    let member = || id::<MembershipId>(&m);
    lossless("account-user-group-member-list", "iam/user_groups/g1/members", "page=1&per_page=500", None, async |c| {
        members(c).list().first_page().await
    })
    .await;
    lossless(
        "account-user-group-member-list",
        "iam/user_groups/g1/members",
        "fuzzyEmail=%40x&direction=asc&page=1&per_page=500",
        None,
        async |c| members(c).list().fuzzy_email("@x").direction(Direction::Ascending).first_page().await,
    )
    .await;
    lossless("account-user-group-member-get", &format!("iam/user_groups/g1/members/{m}"), "", None, async |c| {
        members(c).get(&member()).await
    })
    .await;
    let body = json!([{"id": m}, {"id": "m2"}]);
    lossless("account-user-group-member-create", "iam/user_groups/g1/members", "", Some(body.clone()), async |c| {
        members(c).add(&[member(), id("m2")]).await
    })
    .await;
    lossless("account-user-group-members-update", "iam/user_groups/g1/members", "", Some(body), async |c| {
        members(c).replace(&[member(), id("m2")]).await
    })
    .await;
    lossless("account-user-group-members-update", "iam/user_groups/g1/members", "", Some(json!([])), async |c| {
        members(c).replace(&[]).await
    })
    .await;
    check("account-user-group-member-delete", &format!("iam/user_groups/g1/members/{m}"), "", None, async |c| {
        members(c).remove(&member()).await
    })
    .await;
}

#[tokio::test]
async fn account_members() {
    let m = own_id("account-members-member-details");
    let member = || id::<MembershipId>(&m);
    lossless("account-members-list-members", "members", "page=1&per_page=50", None, async |c| {
        c.members().list().first_page().await
    })
    .await;
    let query = "status=accepted&order=user.email&direction=asc&page=1&per_page=5";
    lossless("account-members-list-members", "members", query, None, async |c| {
        let list = c.members().list().status(&MemberStatus::Accepted).by_email(Direction::Ascending);
        list.per_page(1).first_page().await
    })
    .await;
    lossless("account-members-member-details", &format!("members/{m}"), "", None, async |c| {
        c.members().get(&member()).await
    })
    .await;
    let body = json!({"email": "a@b.c", "roles": ["o1"], "status": "accepted"});
    lossless("account-members-add-member", "members", "", Some(body), async |c| {
        let member = NewMember::with_roles("a@b.c", [id("o1")]).status(MemberStatus::Accepted);
        c.members().create(&member).await
    })
    .await;
    let body = json!({"email": "a@b.c", "policies": [policy_body()]});
    lossless("account-members-add-member", "members", "", Some(body), async |c| {
        c.members().create(&NewMember::with_policies("a@b.c", [policy()])).await
    })
    .await;
    lossless(
        "account-members-update-member",
        &format!("members/{m}"),
        "",
        Some(json!({"roles": [{"id": "o1"}]})),
        async |c| c.members().update(&member(), &MemberPatch::Roles(vec![id("o1")])).await,
    )
    .await;
    lossless(
        "account-members-update-member",
        &format!("members/{m}"),
        "",
        Some(json!({"policies": [policy_body()]})),
        async |c| c.members().update(&member(), &MemberPatch::Policies(vec![policy()])).await,
    )
    .await;
    check("account-members-remove-member", &format!("members/{m}"), "", None, async |c| {
        c.members().delete(&member()).await
    })
    .await;
}

#[tokio::test]
async fn permission_groups_resource_groups_and_roles() {
    let p = own_id("account-permission-group-details");
    let r = own_id("account-resource-group-details");
    let o = own_id("account-roles-role-details");
    lossless(
        "account-permission-group-list",
        "iam/permission_groups",
        "label=dns&page=1&per_page=50",
        None,
        async |c| c.permission_groups().list().label("dns").first_page().await,
    )
    .await;
    lossless(
        "account-permission-group-list",
        "iam/permission_groups",
        "name=DNS&id=p1&page=1&per_page=20",
        None,
        async |c| c.permission_groups().list().name("DNS").id(&id("p1")).per_page(20).first_page().await,
    )
    .await;
    lossless("account-permission-group-details", &format!("iam/permission_groups/{p}"), "", None, async |c| {
        c.permission_groups().get(&id(&p)).await
    })
    .await;

    lossless("account-resource-group-list", "iam/resource_groups", "", None, async |c| {
        c.resource_groups().list().all().await
    })
    .await;
    lossless("account-resource-group-list", "iam/resource_groups", "name=x", None, async |c| {
        c.resource_groups().list().name("x").all().await
    })
    .await;
    lossless("account-resource-group-details", &format!("iam/resource_groups/{r}"), "", None, async |c| {
        c.resource_groups().get(&id(&r)).await
    })
    .await;
    let scope = Scope::new("com.cloudflare.api.account.x", ["com.cloudflare.api.account.zone.y"]);
    let scope_body =
        json!({"key": "com.cloudflare.api.account.x", "objects": [{"key": "com.cloudflare.api.account.zone.y"}]});
    lossless(
        "account-resource-group-create",
        "iam/resource_groups",
        "",
        Some(json!({"name": "N", "scope": scope_body})),
        async |c| c.resource_groups().create("N", &scope).await,
    )
    .await;
    lossless(
        "account-resource-group-update",
        &format!("iam/resource_groups/{r}"),
        "",
        Some(json!({"scope": scope_body})),
        async |c| c.resource_groups().update(&id(&r), None, Some(&scope)).await,
    )
    .await;
    check("account-resource-group-delete", &format!("iam/resource_groups/{r}"), "", None, async |c| {
        c.resource_groups().delete(&id(&r)).await
    })
    .await;

    lossless("account-roles-list-roles", "roles", "page=1&per_page=50", None, async |c| {
        c.roles().list().first_page().await
    })
    .await;
    lossless("account-roles-role-details", &format!("roles/{o}"), "", None, async |c| c.roles().get(&id(&o)).await)
        .await;
}

#[tokio::test]
async fn tokens() {
    let (check_, _) = check("account-api-tokens-verify-token", "tokens/verify", "", None, async |c| {
        c.tokens().verify_api_token().await
    })
    .await;
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
async fn answers_that_differ_from_the_document_are_read() {
    let answers = testdata("documented/answers.json");
    let server_of =
        async |name: &str| server(200, "application/json", serde_json::to_vec(&answers[name]).unwrap()).await;

    let server = server_of("user_group_with_inline_scope").await;
    let group = client(&server.uri()).user_groups().get(&id("7ed7a6e1cb5047a8b6c1e0f6dc8c2a0e")).await.unwrap();
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

#[tokio::test]
async fn an_answer_about_another_resource_is_refused() {
    let refused = |outcome: Result<(), Error>, write: bool| {
        let error = outcome.unwrap_err();
        assert_eq!((error.kind(), error.may_have_been_applied()), (ErrorKind::Unreadable, write), "{error}");
        assert!(error.to_string().contains("another resource"), "{error}");
    };
    let answering = async |operation: &str| {
        let body = serde_json::to_vec(&example(operation)["body"]).unwrap();
        let server = server(200, "application/json", body).await;
        (client(&server.uri()), server)
    };
    let (c, _server) = answering("account-user-group-details").await;
    refused(c.user_groups().get(&id("other")).await.map(drop), false);
    refused(c.user_groups().get_opt(&id("other")).await.map(drop), false);
    refused(c.user_groups().update(&id("other"), &UserGroupPatch::new().name("N")).await.map(drop), true);
    refused(c.user_groups().set_policies(&id("other"), &[]).await.map(drop), true);
    let (c, _server) = answering("account-members-member-details").await;
    refused(c.members().get(&id("other")).await.map(drop), false);
    refused(c.members().update(&id("other"), &MemberPatch::Roles(vec![id("o1")])).await.map(drop), true);
    let (c, _server) = answering("account-user-group-member-get").await;
    refused(c.user_groups().members(&id("g1")).get(&id("other")).await.map(drop), false);
    let (c, _server) = answering("account-permission-group-details").await;
    refused(c.permission_groups().get(&id("other")).await.map(drop), false);
    let (c, _server) = answering("account-resource-group-details").await;
    refused(c.resource_groups().get(&id("other")).await.map(drop), false);
    let (c, _server) = answering("account-roles-role-details").await;
    refused(c.roles().get(&id("other")).await.map(drop), false);
}
