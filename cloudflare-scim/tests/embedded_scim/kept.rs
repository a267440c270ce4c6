//! The account keeps the texts of users. A list shows the same as one that is written anew, whatever
//! has changed in between, and pages are cut from it at the right places.

use cloudflare_scim::embedded::*;
use serde_json::{Value, json};

use super::support::*;

/// Compares what the account has kept with what it writes anew; gives the users.
async fn compare(account: &EmbeddedAccount, after: &str) -> Vec<Value> {
    let users = async |query: &str| {
        let answer = get(account, &format!("Users{query}")).await;
        answer.is(200).body["Resources"].as_array().unwrap().clone()
    };
    // A request that names attributes is never answered by a kept text.
    let anew = users("?excludedAttributes=nosuch").await;
    let first = users("").await;
    assert_eq!(first, anew, "after {after}");
    assert_eq!(users("").await, anew, "after {after}, kept");
    for (at, user) in anew.iter().enumerate() {
        let id = user["id"].as_str().unwrap();
        assert_eq!(&get(account, &format!("Users/{id}")).await.body, user, "after {after}, alone");
        let page = users(&format!("?startIndex={}&count=2", at + 1)).await;
        assert_eq!(page, anew[at..anew.len().min(at + 2)], "after {after}, from {}", at + 1);
    }
    assert!(users(&format!("?startIndex={}", anew.len() + 1)).await.is_empty(), "after {after}, past the end");
    anew
}

#[tokio::test]
async fn a_list_shows_every_change_at_once() {
    let account = with("user_groups_shape", "objects");
    account.set_switch("reactivation", "restore").unwrap();
    account.set_switch("delete_user", "deprovision").unwrap();
    let mut ids = Vec::new();
    for n in 0..4 {
        ids.push(add_user(&account, &format!("u{n}@b.cd")).await);
    }
    let (ops, dev) = (add_group(&account, "Ops").await, add_group(&account, "Dev").await);
    let system = format!("cloudflare-v1-{}", "33666b9c79b9a5273fc7344ff42f953d");
    let (one, two) = (format!("Users/{}", ids[1]), format!("Users/{}", ids[2]));
    let member = |op: &str, user: &str| operations(&json!([{"op": op, "path": "members", "value": [{"value": user}]}]));
    let set = |path: &str, value: Value| operations(&json!([{"op": "replace", "path": path, "value": value}]));
    let put = |email: &str, family: &str| {
        let mut body = user(email);
        body["name"]["familyName"] = json!(family);
        Some(body)
    };
    let (ops_path, dev_path, system_path) =
        (format!("Groups/{ops}"), format!("Groups/{dev}"), format!("Groups/{system}"));
    let acts = [
        ("PATCH", &one, set("userName", json!("other@b.cd"))),
        ("PATCH", &one, set("name.givenName", json!("New"))),
        ("PUT", &two, put("u2@b.cd", "Changed")),
        ("PATCH", &ops_path, member("add", &ids[1])),
        ("PATCH", &ops_path, member("add", &ids[2])),
        ("PATCH", &dev_path, member("add", &ids[2])),
        ("PATCH", &ops_path, set("displayName", json!("Ops 2"))),
        ("PATCH", &ops_path, member("remove", &ids[1])),
        ("PATCH", &system_path, member("add", &ids[1])),
        ("PATCH", &system_path, member("remove", &ids[1])),
        ("PUT", &ops_path, Some(json!({"schemas": [GROUP], "displayName": "Ops", "members": [{"value": ids[3]}]}))),
        ("DELETE", &dev_path, None),
        ("PATCH", &one, set("active", json!(false))),
        ("PATCH", &one, set("active", json!(true))),
        ("PUT", &two, Some(json!({"schemas": [USER], "userName": "u2@b.cd", "active": false}))),
    ];
    let mut before = compare(&account, "the beginning").await;
    for (method, path, body) in acts {
        let what = format!("{method} {path} {}", body.clone().unwrap_or_default());
        let status = scim(&account, method, path, body).await.status;
        assert!((200..300).contains(&status), "{what}: {status}");
        let now = compare(&account, &what).await;
        assert_ne!(now, before, "{what} changes nothing");
        before = now;
    }

    assert!(account.add_membership("u0@b.cd", "Ops"));
    compare(&account, "a change in the dashboard").await;
    assert!(account.drop_membership("u3@b.cd", "Ops"));
    compare(&account, "another one").await;
    for (switch, value) in [("direct_rights", "shown"), ("system_groups", "off"), ("user_groups_shape", "strings")] {
        account.set_switch(switch, value).unwrap();
        let now = compare(&account, switch).await;
        assert_ne!(now, before, "{switch} changes nothing");
        before = now;
    }
    account.set_switch("system_groups", "on").unwrap();
    account.set_switch("user_groups_shape", "objects").unwrap();
    let client = account.client().unwrap();
    let (tag, membership) = account.member("u0@b.cd").unwrap();
    compare(&account, "switching back").await;
    account.add_super_administrator("u0@b.cd").unwrap();
    let now = compare(&account, "a policy").await;
    let shown = now.iter().find(|user| user["id"] == json!(tag.as_str())).unwrap();
    assert!(shown["groups"].to_string().contains(&system), "{shown}");
    client.members().delete(&membership).await.unwrap();
    let left = compare(&account, "the end of a membership").await;
    assert_eq!(left.len(), now.len() - 1);
}
