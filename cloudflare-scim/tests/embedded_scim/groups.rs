//! Groups of both kinds (rules 15 to 20, and 21 where SCIM manages them).

use cloudflare_scim::embedded::*;
use cloudflare_scim::*;
use serde_json::{Value, json};

use super::support::*;

#[tokio::test]
async fn groups_of_both_kinds() {
    let account = EmbeddedAccount::new();
    let groups = account.client().unwrap().scim().groups();
    let listed = groups.list().all().await.unwrap();
    assert!(listed.len() > 20 && listed.iter().all(|group| GroupId::of(group).unwrap().is_system()));
    let name = listed[0].display_name.clone().unwrap();
    assert_eq!(name, format!("CF-{} - Super Administrator - All Privileges", account.account_id()));
    assert_eq!(groups.find(&name).await.unwrap().unwrap().id, listed[0].id);

    let made = groups.create(&NewGroup::new("Ops").external_id("x")).await.unwrap();
    let id = GroupId::of(&made).unwrap();
    assert!(!id.is_system());
    let answer = get(&account, &format!("Groups/{id}")).await;
    assert_eq!(
        answer.body,
        json!({"schemas": [GROUP], "id": id.to_string(), "externalId": "x", "displayName": "Ops",
        "members": [], "meta": {"resourceType": "Group"}})
    );
    let in_list = get(&account, "Groups?filter=displayName%20eq%20%22Ops%22").await;
    assert_eq!((in_list.body["totalResults"].clone(), in_list.body["Resources"][0].get("members")), (json!(1), None));
    assert_eq!(groups.find("ops").await.unwrap(), None);
    get(&account, "Groups?filter=userName%20eq%20%22x%22").await.refused(400, Some("invalidFilter"));
    // The same group in v4.
    let v4 = account.client().unwrap().user_groups().get(id.custom().unwrap()).await.unwrap();
    assert_eq!((v4.name.as_str(), v4.policies.len()), ("Ops", 0));

    account.set_switch("system_groups", "off").unwrap();
    assert_eq!(groups.list().all().await.unwrap().len(), 1);
    assert!(groups.get(listed[0].id.as_ref().unwrap()).await.unwrap_err().is_not_found());
    groups.delete(id.custom().unwrap()).await.unwrap();
    assert_eq!(groups.get_opt(&id).await.unwrap(), None);
}

#[tokio::test]
async fn what_a_new_group_must_say_and_whom_it_adopts() {
    let account = EmbeddedAccount::new();
    let post = async |body: Value| scim(&account, "POST", "Groups", Some(body)).await;
    for name in [json!(""), Value::Null, json!("CF-x"), json!("CF")] {
        post(json!({"displayName": name})).await.refused(400, Some("invalidValue"));
    }
    post(json!({"displayName": "Cloudflare-Admins"})).await.is(201);
    post(json!({"displayName": "Cloudflare-Admins"})).await.refused(409, Some("uniqueness"));
    account.set_switch("duplicate_group", "400").unwrap();
    post(json!({"displayName": "Cloudflare-Admins"})).await.refused(400, Some("uniqueness"));
    account.set_switch("reserved_prefix", "any_case").unwrap();
    post(json!({"displayName": "cf-x"})).await.refused(400, Some("invalidValue"));
    account.set_switch("reserved_prefix", "exact").unwrap();
    post(json!({"displayName": "cf-x"})).await.is(201);

    let cloudflare = account.client().unwrap();
    let dashboard = account.add_dashboard_group("Ops").unwrap();
    cloudflare.user_groups().update(&dashboard, &UserGroupPatch::new().name("Ops 2")).await.unwrap();
    let adopted = post(json!({"displayName": "Ops 2"})).await;
    assert_eq!(adopted.is(201).id(), dashboard.as_str());
    post(json!({"displayName": "Ops 2"})).await.refused(400, Some("uniqueness"));

    // From then on v4 changes its policies alone.
    for (value, status) in [("403", 403), ("400", 400), ("409", 409)] {
        account.set_switch("managed_group", value).unwrap();
        let groups = cloudflare.user_groups();
        let member = account.member("admin@example.com").unwrap().1;
        for error in [
            groups.update(&dashboard, &UserGroupPatch::new().name("X")).await.unwrap_err(),
            groups.delete(&dashboard).await.unwrap_err(),
            groups.members(&dashboard).add(std::slice::from_ref(&member)).await.unwrap_err(),
            groups.members(&dashboard).replace(&[]).await.unwrap_err(),
            groups.members(&dashboard).remove(&member).await.unwrap_err(),
        ] {
            assert_eq!(error.status().unwrap().as_u16(), status);
            assert!(!error.is_permission_missing(), "{error}");
        }
    }
    let dns = cloudflare.permission_groups().by_label("dns").await.unwrap().unwrap().id;
    let wide = cloudflare.resource_groups().account_wide().await.unwrap().id;
    cloudflare.user_groups().set_policies(&dashboard, &[NewPolicy::allow([dns], wide)]).await.unwrap();

    account.set_switch("group_adoption", "conflict").unwrap();
    account.add_dashboard_group("Kept").unwrap();
    account.set_switch("duplicate_group", "409").unwrap();
    post(json!({"displayName": "Kept"})).await.refused(409, Some("uniqueness"));
}

#[tokio::test]
async fn a_patch_is_done_whole_or_up_to_its_mistake() {
    for (reading, left) in [("atomic", 0), ("partial", 1)] {
        let account = EmbeddedAccount::new();
        account.set_switch("group_patch", reading).unwrap();
        let person = add_user(&account, "a@b.cd").await;
        let group = add_group(&account, "Ops").await;
        let list = json!([{"op": "add", "path": "members", "value": [{"value": person}]},
            {"op": "add", "path": "members", "value": [{"value": "nobody"}]},
            {"op": "replace", "path": "displayName", "value": "Renamed"}]);
        let answer = scim(&account, "PATCH", &format!("Groups/{group}"), operations(&list)).await;
        answer.refused(400, Some("invalidValue"));
        assert_eq!(members(&account, &group).await.len(), left, "{reading}");
        assert_eq!(get(&account, &format!("Groups/{group}")).await.body["displayName"], "Ops");
    }
}

#[tokio::test]
async fn members_by_every_form_of_patch() {
    let account = EmbeddedAccount::new();
    let [a, b, c] =
        [add_user(&account, "a@b.cd").await, add_user(&account, "b@b.cd").await, add_user(&account, "c@b.cd").await];
    let group = add_group(&account, "Ops").await;
    let path = format!("Groups/{group}");
    let patch = async |list: Value| scim(&account, "PATCH", &path, operations(&list)).await;

    // One operation per member, as authentik sends them; the answer is the group.
    let answer = patch(json!([{"op": "add", "path": "members", "value": [{"value": a}]},
        {"op": "add", "path": "members", "value": [{"value": b}]}]))
    .await;
    assert_eq!(answer.is(200).body["members"].as_array().unwrap().len(), 2);
    assert_eq!(members(&account, &group).await, sorted(vec![a.clone(), b.clone()]));
    let shown = get(&account, &path).await.body["members"].clone();
    assert!(shown.as_array().unwrap().contains(&json!({"value": a, "display": "a@b.cd"})));

    // Again is nothing new; a text in place of an object; without a path.
    patch(json!([{"op": "Add", "path": "members", "value": [{"value": a}]}])).await.is(200);
    patch(json!([{"op": "add", "path": "members", "value": c}])).await.is(200);
    assert_eq!(members(&account, &group).await.len(), 3);
    patch(json!([{"op": "remove", "path": "members", "value": [{"value": a}]}])).await.is(200);
    patch(json!([{"op": "remove", "path": "members", "value": [{"value": a}]}])).await.is(200);
    patch(json!([{"op": "remove", "path": format!("members[value eq \"{b}\"]")}])).await.is(200);
    assert_eq!(members(&account, &group).await, std::slice::from_ref(&c));
    patch(json!([{"op": "add", "value": {"members": [{"value": a}]}}])).await.is(200);
    patch(json!([{"op": "remove", "path": format!("members[value eq \"{a}\" or value eq \"{c}\"]")}])).await.is(200);
    assert!(members(&account, &group).await.is_empty());
    patch(json!([{"op": "replace", "path": "members", "value": [{"value": a}, {"value": b}]}])).await.is(200);
    patch(json!([{"op": "replace", "path": "members", "value": [{"value": c}]}])).await.is(200);
    assert_eq!(members(&account, &group).await, std::slice::from_ref(&c));
    patch(json!([{"op": "remove", "path": "members"}])).await.is(200);
    assert!(members(&account, &group).await.is_empty());

    // All or nothing.
    let answer = patch(json!([{"op": "add", "path": "members", "value": [{"value": a}]},
        {"op": "add", "path": "members", "value": [{"value": "nobody"}]}]))
    .await;
    answer.refused(400, Some("invalidValue"));
    assert!(members(&account, &group).await.is_empty());
    account.set_switch("unknown_member", "404").unwrap();
    patch(json!([{"op": "add", "path": "members", "value": [{"value": "nobody"}]}])).await.refused(404, None);

    // Somebody who is not in it: nothing, or a refusal; all or nothing again.
    account.set_switch("absent_member", "refuse").unwrap();
    patch(json!([{"op": "add", "path": "members", "value": [{"value": b}]},
        {"op": "remove", "path": "members", "value": [{"value": a}]}]))
    .await
    .refused(400, Some("noTarget"));
    assert!(members(&account, &group).await.is_empty());
    patch(json!([{"op": "add", "path": "members", "value": [{"value": b}]},
        {"op": "remove", "path": format!("members[value eq \"{b}\"]")}]))
    .await
    .is(200);

    // The rename that authentik sends: no path, no schemas, the id inside.
    let rename = json!({"Operations": [{"op": "replace", "value":
        {"id": group, "displayName": "Renamed", "schemas": [GROUP], "externalId": "e"}}]});
    let answer = scim(&account, "PATCH", &path, Some(rename)).await;
    assert_eq!((&answer.is(200).body["displayName"], &answer.body["externalId"]), (&json!("Renamed"), &json!("e")));
    patch(json!([{"op": "replace", "path": "displayName", "value": "CF x"}])).await.refused(400, Some("invalidValue"));
    patch(json!([{"op": "remove", "path": "displayName"}])).await.refused(400, Some("mutability"));
    patch(json!([{"op": "remove", "path": "externalId"}])).await.is(200);
    assert_eq!(get(&account, &path).await.body.get("externalId"), None);
    add_group(&account, "Taken").await;
    patch(json!([{"op": "replace", "path": "displayName", "value": "Taken"}])).await.refused(409, Some("uniqueness"));
    patch(json!([{"op": "remove", "path": "members[display eq \"x\"]"}])).await.refused(400, Some("invalidFilter"));
    patch(json!([{"op": "replace", "path": "members[value eq \"x\"].display", "value": "y"}]))
        .await
        .refused(400, Some("invalidPath"));
    scim(&account, "PATCH", "Groups/none", operations(&json!([{"op": "remove", "path": "members"}])))
        .await
        .refused(404, None);
}

#[tokio::test]
async fn put_delete_and_members_at_creation() {
    let account = EmbeddedAccount::new();
    let [a, b] = [add_user(&account, "a@b.cd").await, add_user(&account, "b@b.cd").await];
    let body = json!({"displayName": "Ops", "members": [{"value": a}]});
    let made = scim(&account, "POST", "Groups", Some(body.clone())).await;
    let id = made.is(201).id();
    assert_eq!(members(&account, &id).await, std::slice::from_ref(&a));
    let put = json!({"displayName": "Ops 2", "externalId": "e", "members": [{"value": b}]});
    let answer = scim(&account, "PUT", &format!("Groups/{id}"), Some(put.clone())).await;
    assert_eq!(answer.is(200).body["displayName"], "Ops 2");
    assert_eq!(members(&account, &id).await, std::slice::from_ref(&b));
    let bad = json!({"displayName": "Ops 3", "members": [{"value": "nobody"}]});
    scim(&account, "PUT", &format!("Groups/{id}"), Some(bad)).await.refused(400, Some("invalidValue"));
    assert_eq!(get(&account, &format!("Groups/{id}")).await.body["displayName"], "Ops 2");
    scim(&account, "PUT", &format!("Groups/{id}"), Some(json!({"displayName": "Ops 2"}))).await.is(200);
    assert!(members(&account, &id).await.is_empty());

    account.set_switch("group_put", "off").unwrap();
    scim(&account, "PUT", &format!("Groups/{id}"), Some(put)).await.refused(405, None);
    let deleted = scim(&account, "DELETE", &format!("Groups/{id}"), None).await;
    assert_eq!((deleted.status, deleted.body.clone()), (204, Value::Null));
    scim(&account, "DELETE", &format!("Groups/{id}"), None).await.refused(404, None);

    account.set_switch("group_create_members", "ignore").unwrap();
    let made = scim(&account, "POST", "Groups", Some(body)).await.is(201).id();
    assert!(members(&account, &made).await.is_empty());
}

#[tokio::test]
async fn system_groups_have_members_and_nothing_else() {
    let account = EmbeddedAccount::new();
    let cloudflare = account.client().unwrap();
    let groups = cloudflare.scim().groups();
    let dns = cloudflare.permission_groups().by_label("dns").await.unwrap().unwrap().id;
    let id = GroupId::System(dns.clone());
    let tag: UserTag = add_user(&account, "a@b.cd").await.parse().unwrap();
    groups.add_members(&id, std::slice::from_ref(&tag)).await.unwrap();
    let answer = get(&account, &format!("Groups/{id}")).await;
    assert_eq!(answer.is(200).body.get("members"), None);
    let membership = account.member("a@b.cd").unwrap().1;
    let role: RoleId = dns.as_str().parse().unwrap();
    assert!(cloudflare.members().get(&membership).await.unwrap().has_role(&role));
    let user = get(&account, &format!("Users/{tag}")).await;
    assert_eq!(user.body["groups"], json!([id.to_string()]));
    groups.remove_members(&id, std::slice::from_ref(&tag)).await.unwrap();
    assert!(!cloudflare.members().get(&membership).await.unwrap().has_role(&role));
    assert_eq!(get(&account, &format!("Users/{tag}")).await.body.get("groups"), None);

    for (value, status, scim_type) in [("403", 403, None), ("400", 400, Some("mutability"))] {
        account.set_switch("system_group_change", value).unwrap();
        let path = format!("Groups/{id}");
        scim(&account, "DELETE", &path, None).await.refused(status, scim_type);
        scim(&account, "PUT", &path, Some(json!({"displayName": "x"}))).await.refused(status, scim_type);
        let rename = operations(&json!([{"op": "replace", "path": "displayName", "value": "x"}]));
        scim(&account, "PATCH", &path, rename).await.refused(status, scim_type);
    }

    // A mistake with this group can remove every Super Administrator; v4 repairs it with the SCIM token.
    let admins = GroupId::System("33666b9c79b9a5273fc7344ff42f953d".parse().unwrap());
    let path = format!("Groups/{admins}");
    scim(&account, "PATCH", &path, operations(&json!([{"op": "remove", "path": "members"}]))).await.is(200);
    let (_, membership) = account.member("admin@example.com").unwrap();
    assert!(cloudflare.members().get(&membership).await.unwrap().roles.is_empty());
    let repair = MemberPatch::Roles(vec![RoleId::super_administrator()]);
    let repaired = cloudflare.members().update(&membership, &repair).await.unwrap();
    assert!(repaired.has_role(&RoleId::super_administrator()));
}
