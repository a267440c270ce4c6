//! The embedded account's v4 side (rules 21 to 26), through the client and, where the client would not
//! send such a thing, by hand; every switch with both readings.
#![allow(clippy::unwrap_used, clippy::panic, clippy::similar_names)]

mod common;

use cloudflare_scim::embedded::*;
use cloudflare_scim::*;
use common::raw::raw;
use scim_core::transport::{ReqwestTransport, TransportExt};
use serde_json::{Value, json};

fn id<T: std::str::FromStr<Err = InvalidId>>(text: &str) -> T {
    text.parse().unwrap()
}

async fn account_policy(cloudflare: &Cloudflare, labels: &[&str]) -> NewPolicy {
    let mut permissions = Vec::new();
    for label in labels {
        permissions.push(cloudflare.permission_groups().by_label(label).await.unwrap().unwrap().id);
    }
    let account = cloudflare.resource_groups().account_wide().await.unwrap();
    NewPolicy::allow(permissions, account.id)
}

#[tokio::test]
async fn a_fresh_account_holds_one_super_administrator() {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client().unwrap();
    let members = cloudflare.members().list().all().await.unwrap();
    assert_eq!(members.len(), 1);
    assert_eq!(members[0].status, Some(MemberStatus::Accepted));
    assert!(members[0].has_role(&RoleId::super_administrator()));
    assert_ne!(members[0].id.as_str(), members[0].user_tag().unwrap().as_str());
    assert!(cloudflare.user_groups().list().all().await.unwrap().is_empty());
    let catalogue = cloudflare.permission_groups().list().all().await.unwrap();
    assert!(
        catalogue.len() > 20
            && catalogue.iter().all(|group| group.meta.as_ref().unwrap().get("editable") == Some("false"))
    );
    assert!(cloudflare.roles().list().all().await.unwrap().len() < catalogue.len());
    for check in [cloudflare.tokens().verify_api_token().await, cloudflare.tokens().verify_scim_token().await] {
        assert_eq!(check.unwrap().status, TokenStatus::Active);
    }
}

#[tokio::test]
async fn groups_members_and_policies_live_their_lives() {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client().unwrap();
    let groups = cloudflare.user_groups();
    account.add_member("zoe@example.com");
    account.add_member("al@example.com");
    let zoe = account.member("zoe@example.com").unwrap();
    let al = account.member("al@example.com").unwrap();

    let group = groups.create(&NewUserGroup::new("Ops")).await.unwrap();
    assert_eq!(group.extra["status"], "V");
    assert!(groups.create(&NewUserGroup::new("Ops")).await.unwrap_err().is_conflict());
    assert_eq!(groups.find("Ops").await.unwrap().unwrap().id, group.id);
    assert_eq!(groups.find("ops").await.unwrap(), None);

    let members = groups.members(&group.id);
    members.add(&[zoe.1.clone(), al.1.clone()]).await.unwrap();
    members.add(std::slice::from_ref(&zoe.1)).await.unwrap();
    let listed = members.list().all().await.unwrap();
    assert_eq!(
        listed.iter().map(|it| it.email.as_deref().unwrap()).collect::<Vec<_>>(),
        ["al@example.com", "zoe@example.com"]
    );
    assert_eq!(members.list().fuzzy_email("ZOE").all().await.unwrap().len(), 1);
    // Both id spaces in one answer; in a list there is the membership alone.
    assert_eq!(members.get(&zoe.1).await.unwrap().user_tag(), Some(&zoe.0));
    assert_eq!(listed[0].user_tag(), None);
    assert!(members.add(&[id(zoe.0.as_str())]).await.unwrap_err().status().unwrap() == 400);
    members.remove(&al.1).await.unwrap();
    assert!(members.remove(&al.1).await.unwrap_err().is_not_found());
    members.replace(std::slice::from_ref(&al.1)).await.unwrap();
    assert_eq!(account.group_members()["Ops"], ["al@example.com"]);

    let policy = account_policy(&cloudflare, &["dns", "analytics"]).await;
    let other = account_policy(&cloudflare, &["billing"]).await;
    let set = groups.set_policies(&group.id, &[policy.clone(), other.clone()]).await.unwrap();
    assert_eq!(set.policies.len(), 2);
    let ids: Vec<_> = set.policies.iter().map(|policy| policy.id.clone()).collect();
    let again = groups.set_policies(&group.id, &[other, policy]).await.unwrap();
    assert!(again.policies.iter().all(|policy| !ids.contains(&policy.id)), "replaced policies have new ids");
    assert!(groups.set_policies(&group.id, &[]).await.unwrap().policies.is_empty());

    groups.update(&group.id, &UserGroupPatch::new().name("Operations")).await.unwrap();
    assert_eq!(groups.list().fuzzy_name("RATIO").all().await.unwrap()[0].name, "Operations");
    groups.delete(&group.id).await.unwrap();
    assert_eq!(groups.get_opt(&group.id).await.unwrap(), None);
}

#[tokio::test]
async fn policies_are_checked_and_an_inline_scope_is_understood() {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client().unwrap();
    let group = account.add_dashboard_group("G").unwrap();
    let path = format!("iam/user_groups/{group}");
    let permission = cloudflare.permission_groups().by_label("dns").await.unwrap().unwrap().id;
    let wide = cloudflare.resource_groups().account_wide().await.unwrap().id.unwrap();
    let with = |permission: &str, resource: Value| json!({"policies": [{"access": "allow", "permission_groups": [{"id": permission}], "resource_groups": [resource]}]});

    let scope = json!({"scope": {"key": format!("com.cloudflare.api.account.{}", account.account_id()), "objects": [{"key": "*"}]}});
    let (status, body) = raw(&account, "PUT", &path, Some(with(permission.as_str(), scope))).await;
    assert_eq!((status, &body["result"]["policies"][0]["resource_groups"][0]["id"]), (200, &json!(wide)));
    let before = body["result"]["policies"].clone();
    for bad in [
        with("no-such-permission", json!({"id": wide})),
        with(permission.as_str(), json!({"id": "no-such-resource"})),
        with(permission.as_str(), json!({})),
        json!({"policies": [{"access": "maybe"}]}),
        json!({"policies": [{"access": "allow", "permission_groups": [], "resource_groups": []}]}),
        json!({"policies": "x"}),
        json!({"name": ""}),
    ] {
        let (status, body) = raw(&account, "PUT", &path, Some(bad.clone())).await;
        assert_eq!((status, &body["success"], &body["result"]), (400, &json!(false), &Value::Null), "{bad}");
    }
    let (_, body) = raw(&account, "GET", &path, None).await;
    assert_eq!(body["result"]["policies"], before, "a refused write changes nothing");
    assert_eq!((&body["errors"], &body["messages"]), (&json!([]), &json!([])));
}

#[tokio::test]
async fn members_are_invited_changed_and_removed() {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client().unwrap();
    let members = cloudflare.members();
    let dns: RoleId = id(cloudflare.permission_groups().by_label("dns").await.unwrap().unwrap().id.as_str());
    let invited = members.create(&NewMember::with_roles("new@example.com", [dns.clone()])).await.unwrap();
    assert_eq!((invited.status.clone(), invited.user_tag()), (Some(MemberStatus::Pending), None));
    assert!(members.create(&NewMember::with_roles("NEW@example.com", [dns])).await.unwrap_err().is_conflict());
    let policy = account_policy(&cloudflare, &["billing"]).await;
    let changed = members.update(&invited.id, &MemberPatch::Policies(vec![policy.clone()])).await.unwrap();
    assert!(same_policies(&changed.policies, &[policy], &[]));
    let admin = members.update(&invited.id, &MemberPatch::Roles(vec![RoleId::super_administrator()])).await.unwrap();
    assert!(admin.has_role(&RoleId::super_administrator()));
    // Bare role ids, as the troubleshooting page sends them.
    let body = json!({"roles": ["33666b9c79b9a5273fc7344ff42f953d"]});
    assert_eq!(raw(&account, "PUT", &format!("members/{}", invited.id), Some(body)).await.0, 200);
    assert_eq!(members.list().status(&MemberStatus::Pending).all().await.unwrap().len(), 1);
    members.delete(&invited.id).await.unwrap();
    assert_eq!(members.get_opt(&invited.id).await.unwrap(), None);

    let only = members.list().all().await.unwrap().remove(0);
    for (value, status) in [("403", 403), ("400", 400), ("409", 409)] {
        account.set_switch("last_admin", value).unwrap();
        let error = members.delete(&only.id).await.unwrap_err();
        assert_eq!(error.status().unwrap().as_u16(), status);
        assert!(!error.is_permission_missing());
    }
    assert_eq!(account.member_emails(), ["admin@example.com"]);
    account.add_super_administrator("second@example.com").unwrap();
    members.delete(&only.id).await.unwrap();
}

#[tokio::test]
async fn lists_have_pages_and_no_request_is_wasted() {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client().unwrap();
    for n in 0..119 {
        account.add_member(&format!("user{n:03}@example.com")).unwrap();
    }
    for (switch, value) in [("members_total_pages", "omitted"), ("members_total_pages", "sent"), ("paging", "honour")] {
        account.set_switch(switch, value).unwrap();
        account.clear_requests();
        assert_eq!(cloudflare.members().list().all().await.unwrap().len(), 120);
        assert_eq!(account.request_count(), 3, "{switch}={value}: 120 members are 3 pages of 50");
    }
    let (_, body) = raw(&account, "GET", "members", None).await;
    assert_eq!(
        body["result_info"],
        json!({"page": 1, "per_page": 20, "count": 20, "total_count": 120, "total_pages": 6})
    );
    account.set_switch("members_total_pages", "omitted").unwrap();
    let (_, body) = raw(&account, "GET", "members?page=7", None).await;
    assert_eq!((&body["result"], body["result_info"].get("total_pages")), (&json!([]), None));
    let per_page = async |query: &str| {
        let (status, body) = raw(&account, "GET", &format!("members?{query}"), None).await;
        (status, body["result_info"]["per_page"].as_u64())
    };
    assert_eq!(per_page("per_page=4").await, (200, Some(5)));
    assert_eq!(per_page("per_page=1000&page=0").await, (200, Some(50)));
    assert_eq!(per_page("per_page=x").await.0, 400);
    assert_eq!(per_page("order=height").await.0, 400);
    account.set_switch("page_bounds", "refuse").unwrap();
    for query in ["per_page=4", "per_page=51", "page=0"] {
        assert_eq!(per_page(query).await.0, 400, "{query}");
    }

    account.set_switch("paging", "ignore").unwrap();
    account.clear_requests();
    assert_eq!(cloudflare.members().list().all().await.unwrap().len(), 120);
    assert_eq!(account.request_count(), 1);
}

#[tokio::test]
async fn what_is_shown_by_switch() {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client().unwrap();
    let group = account.add_dashboard_group("Empty").unwrap();
    let members = format!("iam/user_groups/{group}/members");
    assert_eq!(raw(&account, "GET", &members, None).await.1["result"], json!([]));
    account.set_switch("empty_members", "null").unwrap();
    assert_eq!(raw(&account, "GET", &members, None).await.1["result"], Value::Null);
    assert!(cloudflare.user_groups().members(&group).list().all().await.unwrap().is_empty());

    let scopes = async || raw(&account, "GET", "iam/resource_groups", None).await.1["result"][0]["scope"].is_array();
    assert!(scopes().await);
    account.set_switch("scope_shape", "object").unwrap();
    assert!(!scopes().await);
    let policy = account_policy(&cloudflare, &["dns"]).await;
    cloudflare.user_groups().set_policies(&group, std::slice::from_ref(&policy)).await.unwrap();

    let info = async || raw(&account, "GET", "iam/resource_groups?page=2&per_page=1", None).await.1;
    assert_eq!((info().await["result"].as_array().unwrap().len(), info().await.get("result_info")), (1, None));
    account.set_switch("resource_groups_paging", "honoured").unwrap();
    assert_eq!(info().await["result"], json!([]));

    let first = cloudflare.user_groups().get(&group).await.unwrap().policies.remove(0);
    let body = json!({"policies": [first]});
    let path = format!("iam/user_groups/{group}");
    let id_after = async |body: &Value| {
        raw(&account, "PUT", &path, Some(body.clone())).await.1["result"]["policies"][0]["id"].clone()
    };
    assert_ne!(id_after(&body).await, body["policies"][0]["id"]);
    account.set_switch("policy_ids", "kept").unwrap();
    assert_eq!(id_after(&body).await, body["policies"][0]["id"]);
}

#[tokio::test]
async fn resource_groups_are_made_and_guarded() {
    let account = EmbeddedAccount::new();
    let groups = account.client().unwrap().resource_groups();
    let scope = Scope::new("com.cloudflare.api.account.x", ["com.cloudflare.api.account.zone.y"]);
    let made = groups.create("One zone", &scope).await.unwrap();
    let made_id = made.id.clone().unwrap();
    assert_eq!(groups.get(&made_id).await.unwrap(), made);
    assert_eq!(groups.update(&made_id, Some("A zone"), None).await.unwrap().name.as_deref(), Some("A zone"));
    assert_eq!(groups.list().name("A zone").all().await.unwrap().len(), 1);
    groups.delete(&made_id).await.unwrap();
    assert!(groups.get(&made_id).await.unwrap_err().is_not_found());
    let wide = groups.account_wide().await.unwrap().id.unwrap();
    assert_eq!(groups.delete(&wide).await.unwrap_err().status().unwrap().as_u16(), 403);
}

#[tokio::test]
async fn it_serves_http_and_stops() {
    let account = EmbeddedAccount::new();
    let server = account.serve("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let cloudflare = Cloudflare::builder(account.account_id().clone())
        .base_url(server.origin().parse().unwrap())
        .api_token(account.tokens().api.clone())
        .scim_token(account.tokens().scim.clone())
        .transport(ReqwestTransport::new().unwrap().shared())
        .build()
        .unwrap();
    let group = cloudflare.user_groups().create(&NewUserGroup::new("über & co")).await.unwrap();
    assert_eq!(cloudflare.user_groups().find("über & co").await.unwrap().unwrap().id, group.id);
    let request = account.requests().remove(0);
    assert_eq!((request.token, request.is_mutation(), request.is_scim()), (TokenUse::Api, true, false));
    assert_eq!(account.mutation_count(), 1);
    server.shutdown().await;
    let error = cloudflare.members().list().all().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Transport);
    assert!(!error.may_have_been_applied());
}
