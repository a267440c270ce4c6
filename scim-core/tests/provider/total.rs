//! Whatever comes in, an answer of the protocol goes out.

use bytes::Bytes;
use http::{Method, Request};
use proptest::prelude::*;
use scim_core::provider::{Behaviour, Engine, MemoryStore, ServiceProvider};
use serde_json::{Value, json};

use crate::support::{BULK, GROUP, PATCH_OP, SEARCH, Service, USER};

fn json_value() -> impl Strategy<Value = Value> {
    let names = prop::sample::select(vec![
        "schemas",
        "userName",
        "emails",
        "value",
        "type",
        "primary",
        "members",
        "displayName",
        "active",
        "meta",
        "id",
        "op",
        "path",
        "Operations",
        "method",
        "bulkId",
        "data",
        "filter",
        "count",
        "cursor",
        "password",
        "x",
        "",
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
        "name.givenName",
        "emails[type eq \"work\"]",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        prop::sample::select(vec![
            USER,
            GROUP,
            PATCH_OP,
            SEARCH,
            BULK,
            "add",
            "replace",
            "remove",
            "members",
            "bulkId:a",
            "a",
            "POST",
            "PATCH",
            "/Users",
            "/Groups/bulkId:a",
            "members[value eq \"bulkId:a\"]",
            "userName eq \"a\"",
            "2011-05-13T04:42:34Z",
            "AQID",
        ])
        .prop_map(Value::from),
        ".{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 40, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map(names.clone().prop_map(str::to_owned), inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// A body that gets past the first check of its message.
fn body() -> impl Strategy<Value = Value> {
    let urn = prop::sample::select(vec![USER, GROUP, PATCH_OP, SEARCH, BULK]);
    (urn, json_value(), json_value(), any::<bool>()).prop_map(|(urn, value, operations, whole)| {
        let mut body =
            if whole { value } else { json!({"userName": "a", "displayName": "a", "Operations": operations}) };
        if let Some(map) = body.as_object_mut() {
            map.insert("schemas".to_owned(), json!([urn]));
        }
        body
    })
}

fn path() -> impl Strategy<Value = String> {
    prop_oneof![
        prop::sample::select(vec![
            "/Users",
            "/Groups",
            "/Users/{user}",
            "/Groups/{group}",
            "/Users/.search",
            "/.search",
            "/",
            "/Bulk",
            "/Me",
            "/Schemas",
            "/ServiceProviderConfig",
            "/ResourceTypes/User",
            "/Users/none",
        ])
        .prop_map(str::to_owned),
        "/[A-Za-z%./0-9]{0,20}",
    ]
}

fn query() -> impl Strategy<Value = String> {
    prop_oneof![
        Just(String::new()),
        "[?][a-zA-Z]{1,6}=[a-zA-Z0-9%+&=.,]{0,20}",
        "[ -~]{0,30}".prop_map(|filter| format!("?filter={}", crate::support::encode(&filter))),
        prop::sample::select(vec![
            "?count=1&startIndex=2",
            "?cursor=",
            "?cursor=p-0-1-1-0-0",
            "?sortBy=emails&sortOrder=descending",
            "?attributes=name.x,groups",
            "?excludedAttributes=members",
            "?startIndex=18446744073709551616",
            "?count=-9223372036854775808",
        ])
        .prop_map(str::to_owned),
    ]
}

fn provider() -> (ServiceProvider<MemoryStore>, String, String) {
    let mut behaviour = Behaviour::default();
    behaviour.quirks = scim_core::quirk::Quirks::LENIENT;
    let service = Service::of(Engine::new("/scim/v2").with_behaviour(behaviour));
    let user = service.user("u");
    let group = service.group("g", &[&user]);
    (service.provider, user, group)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn every_request_has_an_answer(
        method in prop::sample::select(vec!["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "X"]),
        path in path(), query in query(), body in body(), cut in 0_usize..1000,
    ) {
        let (provider, user, group) = provider();
        let path = path.replace("{user}", &user).replace("{group}", &group);
        let mut bytes = serde_json::to_vec(&body).unwrap();
        if cut < 50 {
            bytes.truncate(cut);
        }
        let Ok(uri) = format!("/scim/v2{path}{query}").parse::<http::Uri>() else { return Ok(()) };
        let mut request = Request::new(Bytes::from(bytes));
        *request.method_mut() = Method::from_bytes(method.as_bytes()).unwrap();
        *request.uri_mut() = uri;
        let response = provider.handle(request);
        let status = response.status().as_u16();
        prop_assert!(status != 500, "{:?}", response.body());
        if method != "HEAD" && !matches!(status, 204 | 304) {
            let answer: Value = serde_json::from_slice(response.body()).unwrap();
            prop_assert_eq!(&response.headers()["content-type"], "application/scim+json");
            prop_assert!(answer["schemas"].as_array().is_some_and(|urns| !urns.is_empty()), "{}", answer);
            if status >= 400 {
                prop_assert_eq!(answer["status"].as_str().unwrap(), status.to_string());
            }
        }
        // And the service still works.
        let list = Request::get("/scim/v2/Groups").body(Bytes::new()).unwrap();
        prop_assert_eq!(provider.handle(list).status().as_u16(), 200);
    }
}

#[test]
fn deep_and_wide_bodies_are_answered() {
    let service = Service::new();
    let deep = format!("{}1{}", "{\"a\":".repeat(50_000), "}".repeat(50_000));
    service.raw("POST", "/Users", &[], deep.as_bytes()).expect_error(400, "invalidSyntax");
    let wide: Vec<Value> = (0..20_000).map(|n| json!({"value": format!("{n}@x"), "type": "work"})).collect();
    let made = service.send("POST", "/Users", &json!({"schemas": [USER], "userName": "a", "emails": wide})).expect(201);
    assert_eq!(made.body["emails"].as_array().unwrap().len(), 20_000);
}
