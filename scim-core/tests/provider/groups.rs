//! Members and groups: two views of one thing (RFC 7643 §4.1.2 and §4.2).

use serde_json::{Value, json};

use crate::support::{BASE, ENTERPRISE, GROUP, Service, USER};

fn groups_of(service: &Service, id: &str) -> Vec<(String, String)> {
    let user = service.get(&format!("/Users/{id}")).expect(200).body;
    let entries = user["groups"].as_array().cloned().unwrap_or_default();
    let text = |entry: &Value, name: &str| entry[name].as_str().unwrap_or_default().to_owned();
    entries.iter().map(|entry| (text(entry, "display"), text(entry, "type"))).collect()
}

fn pair(name: &str, how: &str) -> (String, String) {
    (name.to_owned(), how.to_owned())
}

#[test]
fn a_users_groups_follow_the_members() {
    let service = Service::new();
    let user = service.user("a");
    let group = service.group("G", &[&user]);
    let read = service.get(&format!("/Users/{user}")).expect(200).body;
    let entry = json!({"value": group, "display": "G", "type": "direct", "$ref": format!("{BASE}/Groups/{group}")});
    assert_eq!(read["groups"], json!([entry]));
    assert_eq!(service.find("Users", &format!("groups.value eq \"{group}\"")).body["totalResults"], 1);
    assert_eq!(service.find("Users", "groups[display eq \"g\"]").body["totalResults"], 1);

    service
        .patch(&format!("/Groups/{group}"), json!([{"op": "replace", "path": "displayName", "value": "H"}]))
        .expect(200);
    assert_eq!(groups_of(&service, &user), [pair("H", "direct")]);
    service
        .patch(&format!("/Groups/{group}"), json!([{"op": "remove", "path": format!("members[value eq \"{user}\"]")}]))
        .expect(200);
    assert_eq!(groups_of(&service, &user), []);
    service
        .send(
            "PUT",
            &format!("/Groups/{group}"),
            &json!({"schemas": [GROUP], "displayName": "H", "members": [{"value": user}]}),
        )
        .expect(200);
    assert_eq!(groups_of(&service, &user), [pair("H", "direct")]);
    service.delete(&format!("/Groups/{group}")).expect(204);
    assert_eq!(groups_of(&service, &user), []);
}

#[test]
fn members_show_what_is_known_of_them() {
    let service = Service::new();
    let user = service.user("a");
    let inner = service.group("Inner", &[]);
    let outer = service.group("Outer", &[&user, &inner, "nobody"]);
    let members = service.get(&format!("/Groups/{outer}")).expect(200).body["members"].clone();
    assert_eq!(
        members,
        json!([
            {"value": user, "type": "User", "display": "a", "$ref": format!("{BASE}/Users/{user}")},
            {"value": inner, "type": "Group", "display": "Inner", "$ref": format!("{BASE}/Groups/{inner}")},
            {"value": "nobody"},
        ])
    );
    service
        .patch(&format!("/Users/{user}"), json!([{"op": "add", "path": "displayName", "value": "Alice"}]))
        .expect(200);
    assert_eq!(service.get(&format!("/Groups/{outer}")).body["members"][0]["display"], "Alice");
    assert_eq!(service.find("Groups", "members[type eq \"Group\" and display eq \"inner\"]").body["totalResults"], 1);
    assert_eq!(service.find("Groups", &format!("members.value eq \"{user}\"")).body["totalResults"], 1);
}

#[test]
fn a_display_of_the_clients_stays() {
    let service = Service::new();
    let user = service.user("a");
    let members = json!([{"value": user, "display": "The boss"}]);
    let group = service
        .send("POST", "/Groups", &json!({"schemas": [GROUP], "displayName": "G", "members": members}))
        .expect(201);
    assert_eq!(group.body["members"][0]["display"], "The boss");
    let path = format!("/Groups/{}", group.id());
    // What was derived and comes back is not the client's.
    let b = service.user("b");
    let put = json!({"schemas": [GROUP], "displayName": "G", "members": [{"value": b, "display": "b"}]});
    service.send("PUT", &path, &put).expect(200);
    service.patch(&format!("/Users/{b}"), json!([{"op": "add", "path": "displayName", "value": "Bob"}])).expect(200);
    assert_eq!(service.get(&path).body["members"][0]["display"], "Bob");
}

#[test]
fn nested_groups_count_and_circles_end() {
    let service = Service::new();
    let user = service.user("a");
    let inner = service.group("Inner", &[&user]);
    let outer = service.group("Outer", &[&inner]);
    assert_eq!(groups_of(&service, &user), [pair("Inner", "direct"), pair("Outer", "indirect")]);
    let outermost = service.group("Outermost", &[&outer, &user]);
    service
        .patch(&format!("/Groups/{inner}"), json!([{"op": "add", "path": "members", "value": [{"value": outermost}]}]))
        .expect(200);
    assert_eq!(
        groups_of(&service, &user),
        [pair("Inner", "direct"), pair("Outermost", "direct"), pair("Outer", "indirect")]
    );
    service.delete(&format!("/Groups/{inner}")).expect(204);
    assert_eq!(groups_of(&service, &user), [pair("Outermost", "direct")]);
}

#[test]
fn a_deleted_user_leaves_no_member_behind() {
    let service = Service::new();
    let (a, b) = (service.user("a"), service.user("b"));
    let group = service.group("G", &[&a, &b]);
    let before = service.get(&format!("/Groups/{group}")).expect(200);
    service.delete(&format!("/Users/{a}")).expect(204);
    let after = service.get(&format!("/Groups/{group}")).expect(200);
    let members = after.body["members"].as_array().unwrap();
    assert_eq!((members.len(), &members[0]["value"]), (1, &json!(b)));
    assert_ne!(before.body["meta"]["version"], after.body["meta"]["version"]);
}

#[test]
fn membership_is_the_groups_to_change() {
    let service = Service::new();
    let user = service.user("a");
    let group = service.group("G", &[]);
    let path = format!("/Users/{user}");
    service
        .patch(&path, json!([{"op": "add", "path": "groups", "value": [{"value": group}]}]))
        .expect_error(400, "mutability");
    let put = json!({"schemas": [USER], "userName": "a", "groups": [{"value": group}]});
    assert!(service.send("PUT", &path, &put).expect(200).body.get("groups").is_none());
}

#[test]
fn member_changes_keep_what_they_do_not_name() {
    let service = Service::new();
    let users: Vec<String> = (0..5).map(|n| service.user(&format!("u{n}"))).collect();
    let group = service.group("G", &[&users[0], &users[1], &users[2]]);
    let path = format!("/Groups/{group}");
    let values = |answer: Value| -> Vec<String> {
        let members = answer["members"].as_array().cloned().unwrap_or_default();
        members.iter().map(|member| member["value"].as_str().unwrap().to_owned()).collect()
    };
    let patched = service.patch(
        &path,
        json!([
            {"op": "add", "path": "members", "value": [{"value": users[3]}, {"value": users[0]}]},
            {"op": "remove", "path": format!("members[value eq \"{}\"]", users[1])},
        ]),
    );
    assert_eq!(values(patched.expect(200).body), [&users[0][..], &users[2], &users[3]]);
    // Replacing the name does not touch members; replacing members does.
    let renamed = service.patch(&path, json!([{"op": "replace", "value": {"displayName": "H"}}])).expect(200).body;
    assert_eq!((values(renamed.clone()).len(), &renamed["displayName"]), (3, &json!("H")));
    let replaced =
        service.patch(&path, json!([{"op": "replace", "path": "members", "value": [{"value": users[4]}]}])).expect(200);
    assert_eq!(values(replaced.body), [&users[4][..]]);
    let added = service.patch(&path, json!([{"op": "add", "value": {"members": [{"value": users[1]}]}}])).expect(200);
    assert_eq!(values(added.body), [&users[4][..], &users[1]]);
    let cleared = service.patch(&path, json!([{"op": "remove", "path": "members"}])).expect(200);
    assert!(cleared.body.get("members").is_none());
}

#[test]
fn what_changes_no_member_moves_no_version() {
    let service = Service::new();
    let (a, b) = (service.user("a"), service.user("b"));
    let group = service.group("G", &[&a]);
    let path = format!("/Groups/{group}");
    let before = service.get(&path).body;
    for nothing in [
        json!([{"op": "add", "path": "members", "value": [{"value": a}]}]),
        json!([{"op": "add", "path": "members", "value": {"value": a}}]),
        json!([{"op": "remove", "path": format!("members[value eq \"{b}\"]")}]),
        json!([{"op": "remove", "path": "members"}, {"op": "add", "path": "members", "value": [{"value": a}]}]),
        json!([{"op": "replace", "path": "members", "value": [{"value": a}]}]),
        json!([{"op": "replace", "path": "displayName", "value": "G"}]),
    ] {
        assert_eq!(service.patch(&path, nothing.clone()).expect(200).body, before, "{nothing}");
    }
    let changed =
        service.patch(&path, json!([{"op": "add", "path": "members", "value": [{"value": b}]}])).expect(200).body;
    assert_ne!(changed["meta"]["version"], before["meta"]["version"]);
    assert!(changed["meta"]["lastModified"].as_str() > before["meta"]["lastModified"].as_str());
}

#[test]
fn members_can_be_asked_to_exist() {
    let mut behaviour = scim_core::provider::Behaviour::default();
    behaviour.set("known_members", "on").unwrap();
    let service = Service::with(behaviour);
    let user = service.user("a");
    let group = service.group("G", &[&user]);
    let path = format!("/Groups/{group}");
    let before = service.get(&path).body;
    for operation in ["add", "replace"] {
        let operations = json!([{"op": operation, "path": "members", "value": [{"value": user}, {"value": "nobody"}]}]);
        service.patch(&path, operations).expect_error(400, "invalidValue");
    }
    assert_eq!(service.get(&path).body, before);
    let body = json!({"schemas": [GROUP], "displayName": "H", "members": [{"value": "nobody"}]});
    service.send("POST", "/Groups", &body).expect_error(400, "invalidValue");
    assert_eq!(service.get("/Groups").body["totalResults"], 1);
}

#[test]
fn lists_can_do_without_members() {
    let mut behaviour = scim_core::provider::Behaviour::default();
    behaviour.set("members_in_lists", "off").unwrap();
    let service = Service::with(behaviour);
    let user = service.user("a");
    let group = service.group("G", &[&user]);
    assert!(service.get("/Groups").body["Resources"][0].get("members").is_none());
    assert!(service.get(&format!("/Groups/{group}")).body.get("members").is_some());
}

#[test]
fn a_manager_gets_its_reference() {
    let service = Service::new();
    let boss = service.user("boss");
    let body = json!({"schemas": [USER, ENTERPRISE], "userName": "a", ENTERPRISE: {"manager": {"value": boss, "displayName": "me"}}});
    let made = service.send("POST", "/Users", &body).expect(201);
    assert_eq!(made.body[ENTERPRISE]["manager"], json!({"value": boss, "$ref": format!("{BASE}/Users/{boss}")}));
}
