//! Answers are the same whether the text of a resource is kept or written anew.

use std::borrow::Cow;

use bytes::Bytes;
use http::Request;
use proptest::prelude::*;
use scim_core::provider::{Engine, Entry, Lent, MemoryStore, ServiceProvider, Written};
use serde_json::{Value, json};

use crate::support::{ENTERPRISE, GROUP, Service, USER};

/// What a client can do to three users and two groups.
#[derive(Debug, Clone)]
enum Act {
    RenameUser(usize, u8),
    ReplaceUser(usize, u8),
    Manager(usize, usize),
    RenameGroup(usize, u8),
    Member(usize, usize, bool),
    Nest(bool),
    DeleteUser(usize),
}

fn act() -> impl Strategy<Value = Act> {
    let (user, group) = (0_usize..3, 0_usize..2);
    prop_oneof![
        (user.clone(), any::<u8>()).prop_map(|(user, n)| Act::RenameUser(user, n)),
        (user.clone(), any::<u8>()).prop_map(|(user, n)| Act::ReplaceUser(user, n)),
        (user.clone(), user.clone()).prop_map(|(user, manager)| Act::Manager(user, manager)),
        (group.clone(), any::<u8>()).prop_map(|(group, n)| Act::RenameGroup(group, n)),
        (group, user.clone(), any::<bool>()).prop_map(|(group, user, add)| Act::Member(group, user, add)),
        any::<bool>().prop_map(Act::Nest),
        user.prop_map(Act::DeleteUser),
    ]
}

fn change(service: &Service, users: &[String], groups: &[String], act: &Act) {
    let member = |group: &str, id: &str, add: bool| {
        let operation = if add {
            json!({"op": "add", "path": "members", "value": [{"value": id}]})
        } else {
            json!({"op": "remove", "path": format!("members[value eq \"{id}\"]")})
        };
        service.patch(&format!("/Groups/{group}"), json!([operation]));
    };
    let rename = |path: String, n: u8| {
        service.patch(&path, json!([{"op": "replace", "path": "displayName", "value": format!("N{n}")}]));
    };
    // Whether the user is still there does not matter: 404 changes nothing.
    match *act {
        Act::RenameUser(user, n) => rename(format!("/Users/{}", users[user]), n),
        Act::RenameGroup(group, n) => rename(format!("/Groups/{}", groups[group]), n),
        Act::ReplaceUser(user, n) => {
            let body = json!({"schemas": [USER], "userName": format!("u{user}"), "title": format!("T{n}")});
            service.send("PUT", &format!("/Users/{}", users[user]), &body);
        }
        Act::Manager(user, manager) => {
            let value = json!({"manager": {"value": users[manager]}});
            let operation = json!([{"op": "add", "path": ENTERPRISE, "value": value}]);
            service.patch(&format!("/Users/{}", users[user]), operation);
        }
        Act::Member(group, user, add) => member(&groups[group], &users[user], add),
        Act::Nest(add) => member(&groups[0], &groups[1], add),
        Act::DeleteUser(user) => drop(service.delete(&format!("/Users/{}", users[user]))),
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    #[test]
    fn a_kept_text_is_never_out_of_date(acts in prop::collection::vec(act(), 1..20)) {
        let service = Service::new();
        let users: Vec<String> = (0..3).map(|n| service.user(&format!("u{n}"))).collect();
        let groups: Vec<String> = (0..2).map(|n| service.group(&format!("g{n}"), &[])).collect();
        // Another engine writes everything anew: the texts are kept for the first.
        let fresh = Engine::new("/scim/v2");
        for act in &acts {
            change(&service, &users, &groups, act);
            let single = users.iter().map(|id| format!("/Users/{id}"));
            let single = single.chain(groups.iter().map(|id| format!("/Groups/{id}")));
            for path in single.chain(["/Users".to_owned(), "/Groups".to_owned(), "/".to_owned()]) {
                let get = || Request::get(format!("{}{path}", crate::support::BASE)).body(Bytes::new()).unwrap();
                let kept = service.provider.handle(get());
                let written = service.provider.with_store(|store| fresh.handle_read(store, get()));
                prop_assert_eq!(kept.body(), written.body(), "{}", path);
                prop_assert_eq!(kept.headers(), written.headers());
            }
        }
    }
}

fn body(provider: &ServiceProvider<MemoryStore>, url: &str) -> Value {
    let response = provider.handle(Request::get(url).body(Bytes::new()).unwrap());
    serde_json::from_slice(response.body()).unwrap()
}

#[test]
fn a_kept_text_is_for_one_base_url_and_one_behaviour() {
    let service = Service::new();
    let id = service.user("alice");
    let group = service.send("POST", "/Groups", &json!({"schemas": [GROUP], "displayName": "G"})).expect(201).id();
    for (kind, id) in [("Users", &id), ("Groups", &group)] {
        for base in ["https://a.example", "https://b.example", "https://a.example"] {
            let shown = body(&service.provider, &format!("{base}/scim/v2/{kind}/{id}"));
            assert_eq!(shown["meta"]["location"], format!("{base}/scim/v2/{kind}/{id}"));
            let listed = body(&service.provider, &format!("{base}/scim/v2/{kind}"));
            assert_eq!(listed["Resources"], json!([shown]));
        }
    }
    // The store stays, the rules change.
    let mut engine = service.provider.engine().clone();
    engine.behaviour_mut().etag = false;
    engine.behaviour_mut().meta.location = false;
    let get = Request::get(format!("https://a.example/scim/v2/Users/{id}")).body(Bytes::new()).unwrap();
    let quiet = service.provider.with_store(|store| engine.handle_read(store, get));
    let quiet: Value = serde_json::from_slice(quiet.body()).unwrap();
    assert_eq!((&quiet["meta"]["version"], &quiet["meta"]["location"]), (&Value::Null, &Value::Null));
}

#[test]
fn what_a_store_hands_over_shows_no_password() {
    let user = json!({"userName": "u", "password": "hunter2", "x": [{"PassWord": "hunter2"}]});
    let entry = Entry { position: 1, id: "1", resource: &user };
    let written = Written::unchanged("1").unwrap().showing(user.clone());
    let shown = format!("{entry:?} {:?} {written:?}", Lent::new(Cow::Borrowed(&user)));
    assert!(!shown.contains("hunter2") && shown.matches("***").count() == 6, "{shown}");
    assert!(shown.contains("userName"), "{shown}");
}
