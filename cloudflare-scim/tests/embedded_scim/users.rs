//! People (rules 6 and 8 to 14).

use cloudflare_scim::embedded::*;
use cloudflare_scim::*;
use scim_core::resource::GroupRef;
use serde_json::{Value, json};

use super::support::*;

#[tokio::test]
async fn a_user_is_what_cloudflare_shows_of_it() {
    let account = EmbeddedAccount::new();
    let mut body = user("Zoe.O'Neil@Example.com");
    body["photos"] = json!([{"value": "data:..."}]);
    body["locale"] = json!("de");
    let made = scim(&account, "POST", "Users", Some(body)).await;
    let id = made.is(201).id();
    let expected = json!({"schemas": [USER], "id": id, "externalId": "ext", "userName": "Zoe.O'Neil@Example.com",
        "name": {"formatted": "Given Family", "familyName": "Family", "givenName": "Given"},
        "displayName": "Given Family", "active": true,
        "emails": [{"value": "Zoe.O'Neil@Example.com", "type": "work", "primary": true}],
        "meta": {"resourceType": "User"}});
    assert_eq!(made.body, expected);
    assert_eq!(get(&account, &format!("Users/{id}")).await.body, expected);
    assert_eq!(id.len(), 32);

    // The member appears in v4, with another id, accepted, with the least role.
    let members = account.client().unwrap().members().list().all().await.unwrap();
    let member = members.iter().find(|member| member.user_tag().is_some_and(|tag| tag.as_str() == id)).unwrap();
    assert_ne!(member.id.as_str(), id);
    assert_eq!(member.status, Some(MemberStatus::Accepted));
    assert_eq!(member.roles[0].name.as_deref(), Some("Minimal Account Access"));

    let plain = json!({"schemas": [USER], "userName": "a@b.cd", "emails": [{"value": "a@b.cd"}], "active": true});
    let plain = scim(&account, "POST", "Users", Some(plain)).await;
    assert_eq!((plain.is(201).body["displayName"].clone(), plain.body.get("name")), (json!("a@b.cd"), None));
    get(&account, "Users/nobody").await.refused(404, None);
}

#[tokio::test]
async fn what_a_new_user_must_say() {
    let account = EmbeddedAccount::new();
    let change = |name: &str, value: Value| {
        let mut body = user("a@b.cd");
        body[name] = value;
        body
    };
    for (body, scim_type) in [
        (change("schemas", json!([])), "invalidValue"),
        (change("schemas", Value::Null), "invalidValue"),
        (change("userName", json!("alice")), "invalidValue"),
        (change("userName", Value::Null), "invalidValue"),
        (change("userName", json!(7)), "invalidValue"),
        (change("emails", json!([])), "invalidValue"),
        (change("emails", Value::Null), "invalidValue"),
        (change("emails", json!("a@b.cd")), "invalidValue"),
        (change("emails", json!([{"value": "other@b.cd", "primary": true}])), "invalidValue"),
        (change("emails", json!([{"value": "x@b.cd"}, {"value": "a@b.cd"}])), "invalidValue"),
        (change("active", json!(false)), "invalidValue"),
        (change("active", Value::Null), "invalidValue"),
        (change("name", json!("A B")), "invalidValue"),
        (change("ACTIVE", json!(true)), "invalidSyntax"),
        (json!([]), "invalidSyntax"),
    ] {
        let answer = scim(&account, "POST", "Users", Some(body.clone())).await;
        assert!(!answer.refused(400, Some(scim_type)).is_empty(), "{body}");
    }
    assert_eq!(account.member_emails().len(), 1);

    add_user(&account, "a@b.cd").await;
    scim(&account, "POST", "Users", Some(user("A@B.cd"))).await.refused(409, Some("uniqueness"));
    account.set_switch("duplicate_user", "400").unwrap();
    scim(&account, "POST", "Users", Some(user("a@b.cd"))).await.refused(400, Some("uniqueness"));

    let free = with("plan", "free");
    for (method, path) in [("POST", "Users"), ("POST", "Groups"), ("PUT", "Users/x"), ("DELETE", "Groups/x")] {
        scim(&free, method, path, Some(user("a@b.cd"))).await.refused(403, None);
    }
    get(&free, "Users").await.is(200);
    free.set_switch("plan_error", "envelope").unwrap();
    let answer = scim(&free, "POST", "Users", Some(user("a@b.cd"))).await;
    assert_eq!((answer.status, answer.body["errors"][0]["code"].clone()), (403, json!(10000)));
    get(&free, "Users").await.is(200);
}

#[tokio::test]
async fn unknown_attributes_and_texts_for_booleans() {
    let account = EmbeddedAccount::new();
    let mut body = user("a@b.cd");
    body["title"] = json!({"odd": 1});
    body["active"] = json!("True");
    scim(&account, "POST", "Users", Some(body.clone())).await.is(201);
    let id = account.member("a@b.cd").unwrap().0;
    let patch = operations(&json!([{"op": "Replace", "path": "title", "value": "x"}]));
    scim(&account, "PATCH", &format!("Users/{id}"), patch.clone()).await.is(200);

    account.set_switch("active_strings", "refuse").unwrap();
    scim(&account, "PUT", &format!("Users/{id}"), Some(body.clone())).await.refused(400, Some("invalidValue"));
    account.set_switch("unknown_attributes", "refuse").unwrap();
    body["active"] = json!(true);
    scim(&account, "PUT", &format!("Users/{id}"), Some(body)).await.refused(400, Some("invalidSyntax"));
    scim(&account, "PATCH", &format!("Users/{id}"), patch).await.refused(400, Some("invalidPath"));
}

#[tokio::test]
async fn case_of_user_names() {
    let account = with("username_case", "sensitive");
    add_user(&account, "a@b.cd").await;
    add_user(&account, "A@b.cd").await;
    assert_eq!(get(&account, "Users?filter=userName%20eq%20%22A@B.cd%22").await.body["totalResults"], 0);
    let mut body = user("c@b.cd");
    body["emails"][0]["value"] = json!("C@b.cd");
    scim(&account, "POST", "Users", Some(body.clone())).await.refused(400, Some("invalidValue"));
    account.set_switch("username_case", "insensitive").unwrap();
    scim(&account, "POST", "Users", Some(body)).await.is(201);
}

#[tokio::test]
async fn put_replaces_a_user() {
    let account = EmbeddedAccount::new();
    let id = add_user(&account, "a@b.cd").await;
    let path = format!("Users/{id}");
    add_user(&account, "taken@b.cd").await;
    let put = json!({"schemas": [USER], "id": id, "userName": "new@b.cd", "displayName": "Shown", "name": {"givenName": "N"}});
    let answer = scim(&account, "PUT", &path, Some(put.clone())).await;
    assert_eq!(answer.is(200).body["userName"], "new@b.cd");
    assert_eq!(answer.body["emails"][0]["value"], "new@b.cd");
    assert_eq!(
        (&answer.body["displayName"], &answer.body["name"]),
        (&json!("Shown"), &json!({"formatted": "N", "givenName": "N"}))
    );
    assert_eq!((answer.body.get("externalId"), &answer.body["active"]), (None, &json!(true)));
    assert_eq!(account.member("new@b.cd").unwrap().0.as_str(), id);

    let taken = json!({"schemas": [USER], "userName": "taken@b.cd"});
    scim(&account, "PUT", &path, Some(taken)).await.refused(409, Some("uniqueness"));
    let other = json!({"schemas": [USER], "userName": "new@b.cd", "emails": [{"value": "x@b.cd", "primary": true}]});
    scim(&account, "PUT", &path, Some(other)).await.refused(400, Some("invalidValue"));
    scim(&account, "PUT", &path, Some(json!({"schemas": [USER]}))).await.refused(400, Some("invalidValue"));
    scim(&account, "PUT", "Users/nobody", Some(put.clone())).await.refused(404, None);

    account.set_switch("profile_updates", "ignore").unwrap();
    let ignored = json!({"schemas": [USER], "userName": "third@b.cd", "displayName": "Other"});
    let answer = scim(&account, "PUT", &path, Some(ignored)).await;
    assert_eq!((&answer.is(200).body["userName"], &answer.body["displayName"]), (&json!("new@b.cd"), &json!("Shown")));
    let off = json!({"schemas": [USER], "userName": "new@b.cd", "active": false});
    assert_eq!(scim(&account, "PUT", &path, Some(off)).await.is(200).body["active"], false);
    get(&account, &path).await.refused(404, None);
}

#[tokio::test]
async fn patch_changes_what_is_documented() {
    let account = EmbeddedAccount::new();
    let id = add_user(&account, "a@b.cd").await;
    let path = format!("Users/{id}");
    let patch = async |list: Value| scim(&account, "PATCH", &path, operations(&list)).await;

    // add and remove do nothing.
    for op in ["add", "Remove", "ADD"] {
        let answer = patch(json!([{"op": op, "path": "name.givenName", "value": "X"}])).await;
        assert_eq!(answer.is(200).body["name"]["givenName"], "Given");
    }
    let answer = patch(json!([{"op": "REPLACE", "path": "name.givenName", "value": "X"},
        {"op": "replace", "path": "name.familyName", "value": "Y"}]))
    .await;
    assert_eq!(answer.is(200).body["displayName"], "X Y");
    let answer =
        patch(json!([{"op": "replace", "value": {"name": {"givenName": "Z"}, "active": true, "id": "x"}}])).await;
    assert_eq!(answer.is(200).body["name"]["formatted"], "Z Y");
    let answer = patch(json!([{"op": "Replace", "value": {"name.familyName": "W"}}])).await;
    assert_eq!(answer.is(200).body["name"]["formatted"], "Z W");
    let answer = patch(json!([{"op": "replace", "path": "emails[type eq \"work\"].value", "value": "b@b.cd"}])).await;
    assert_eq!(answer.is(200).body["userName"], "b@b.cd");
    patch(json!([{"op": "replace", "path": "userName", "value": "no mail"}])).await.refused(400, Some("invalidValue"));
    patch(json!([{"op": "replace", "path": "active", "value": "maybe"}])).await.refused(400, Some("invalidValue"));
    patch(json!([{"op": "replace", "value": "x"}])).await.refused(400, Some("invalidValue"));
    patch(json!([{"op": "move", "path": "active", "value": true}])).await.refused(400, Some("invalidSyntax"));
    patch(json!([])).await.refused(400, Some("invalidSyntax"));

    account.set_switch("profile_updates", "ignore").unwrap();
    let answer = patch(json!([{"op": "replace", "path": "userName", "value": "c@b.cd"}])).await;
    assert_eq!(answer.is(200).body["userName"], "b@b.cd");
    // Entra's text for a boolean.
    assert_eq!(
        patch(json!([{"op": "Replace", "path": "active", "value": "False"}])).await.is(200).body["active"],
        false
    );
    get(&account, &path).await.refused(404, None);
    patch(json!([{"op": "replace", "path": "active", "value": true}])).await.refused(404, None);

    account.set_switch("reactivation", "restore").unwrap();
    assert_eq!(patch(json!([{"op": "replace", "path": "active", "value": true}])).await.is(200).body["active"], true);
    get(&account, &path).await.is(200);

    let bare = Some(json!({"Operations": [{"op": "replace", "path": "active", "value": true}]}));
    scim(&account, "PATCH", &path, bare.clone()).await.is(200);
    account.set_switch("patch_schemas", "strict").unwrap();
    scim(&account, "PATCH", &path, bare).await.refused(400, Some("invalidSyntax"));
}

#[tokio::test]
async fn a_deprovisioned_user_leaves_everything_and_may_come_back() {
    for (value, same) in [("same_tag", true), ("new_tag", false)] {
        let account = with("returning_user", value);
        let cloudflare = account.client().unwrap();
        let users = cloudflare.scim().users();
        let group = add_group(&account, "Ops").await;
        let made =
            users.create(&NewUser::new("a@b.cd").name("A", "B").external_id("7").display_name("AB")).await.unwrap();
        let tag = UserTag::of(&made).unwrap();
        let membership = account.member("a@b.cd").unwrap().1;
        cloudflare
            .scim()
            .groups()
            .add_members(&GroupId::Custom(group.parse().unwrap()), std::slice::from_ref(&tag))
            .await
            .unwrap();
        users.deactivate(&tag).await.unwrap();
        assert_eq!(users.get_opt(&tag).await.unwrap(), None);
        assert!(cloudflare.members().get_opt(&membership).await.unwrap().is_none());
        assert!(members(&account, &group).await.is_empty());
        let again = users.create(&NewUser::new("a@b.cd")).await.unwrap();
        assert_eq!(UserTag::of(&again).unwrap() == tag, same);
        assert_ne!(account.member("a@b.cd").unwrap().1, membership);
        assert!(again.groups.is_empty() && again.external_id.is_none());
    }
}

#[tokio::test]
async fn delete_and_the_last_super_administrator() {
    let account = EmbeddedAccount::new();
    let users = account.client().unwrap().scim().users();
    let tag = UserTag::of(&users.create(&NewUser::new("a@b.cd")).await.unwrap()).unwrap();
    users.delete(&tag).await.unwrap();
    assert!(users.delete(&tag).await.unwrap_err().is_not_found());

    let admin = UserTag::of(&users.find("admin@example.com").await.unwrap().unwrap()).unwrap();
    for (value, status) in [("403", 403), ("400", 400), ("409", 409)] {
        account.set_switch("last_admin", value).unwrap();
        for error in [users.delete(&admin).await.unwrap_err(), users.deactivate(&admin).await.unwrap_err()] {
            assert_eq!(error.status().unwrap().as_u16(), status);
            assert!(error.detail().unwrap().contains("Super Administrator") && error.scim().is_some());
            assert!(!error.is_permission_missing());
        }
    }
    assert!(users.get_opt(&admin).await.unwrap().is_some());
    account.add_super_administrator("second@example.com").unwrap();
    users.delete(&admin).await.unwrap();

    account.set_switch("delete_user", "reject").unwrap();
    let tag = UserTag::of(&users.create(&NewUser::new("b@b.cd")).await.unwrap()).unwrap();
    assert_eq!(users.delete(&tag).await.unwrap_err().status().unwrap().as_u16(), 405);
    users.get(&tag).await.unwrap();
}

#[tokio::test]
async fn groups_of_a_user_in_both_shapes() {
    let account = EmbeddedAccount::new();
    let id = add_user(&account, "a@b.cd").await;
    let group = add_group(&account, "Ops").await;
    account.add_membership("a@b.cd", "Ops");
    let users = account.client().unwrap().scim().users();
    let tag: UserTag = id.parse().unwrap();
    assert_eq!(get(&account, &format!("Users/{id}")).await.body["groups"], json!([group]));
    assert!(users.get(&tag).await.unwrap().groups.iter().all(GroupRef::is_plain));
    account.set_switch("user_groups_shape", "objects").unwrap();
    assert_eq!(get(&account, &format!("Users/{id}")).await.body["groups"], json!([{"value": group, "display": "Ops"}]));
    let read = users.get(&tag).await.unwrap();
    assert_eq!((read.groups[0].is_plain(), read.groups[0].value.as_ref().unwrap().as_str()), (false, group.as_str()));

    account.set_switch("user_groups_shape", "strings").unwrap();
    let admin = account.member("admin@example.com").unwrap().0;
    assert_eq!(get(&account, &format!("Users/{admin}")).await.body.get("groups"), None);
    account.set_switch("direct_rights", "shown").unwrap();
    let shown = get(&account, &format!("Users/{admin}")).await.body["groups"].clone();
    assert_eq!(shown, json!(["cloudflare-v1-33666b9c79b9a5273fc7344ff42f953d"]));
}

#[tokio::test]
async fn pending_members_by_switch() {
    let account = with("scim_member_status", "pending");
    let id = add_user(&account, "a@b.cd").await;
    let member = account.client().unwrap().members().get(&account.member("a@b.cd").unwrap().1).await.unwrap();
    assert_eq!((member.status.clone(), member.user_tag()), (Some(MemberStatus::Pending), None));
    get(&account, &format!("Users/{id}")).await.is(200);
}
