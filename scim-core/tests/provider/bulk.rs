//! RFC 7644 §3.7.

use scim_core::provider::Behaviour;
use serde_json::{Value, json};

use crate::support::{Answer, BASE, BULK, ENTERPRISE, GROUP, PATCH_OP, Service, USER};

fn bulk(service: &Service, operations: &Value) -> Answer {
    service.send("POST", "/Bulk", &json!({"schemas": [BULK], "Operations": operations}))
}

#[track_caller]
fn results(answer: Answer) -> Vec<Value> {
    let body = answer.expect(200).body;
    assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:BulkResponse"]));
    body["Operations"].as_array().unwrap().clone()
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().unwrap()).collect()
}

fn post_user(name: &str, bulk_id: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {"schemas": [USER], "userName": name}})
}

#[test]
fn every_operation_has_a_result() {
    let service = Service::new();
    let (a, b, c) = (service.user("a"), service.user("b"), service.user("c"));
    let version = service.get(&format!("/Users/{b}")).header("etag").to_owned();
    let results = results(bulk(
        &service,
        &json!([
            post_user("new", "q1"),
            {"method": "PUT", "path": format!("/Users/{a}"), "data": {"schemas": [USER], "userName": "a2"}},
            {"method": "PATCH", "path": format!("/Users/{b}"), "version": version,
             "data": {"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "x"}]}},
            {"method": "DELETE", "path": format!("/Users/{c}")},
            {"method": "DELETE", "path": format!("/Users/{c}")},
            post_user("NEW", "q2"),
        ]),
    ));
    assert_eq!(statuses(&results), ["201", "200", "200", "204", "404", "409"]);
    assert_eq!((&results[0]["bulkId"], &results[0]["method"]), (&json!("q1"), &json!("POST")));
    let location = results[0]["location"].as_str().unwrap();
    let made = service.get(location.strip_prefix(BASE).unwrap()).expect(200);
    assert_eq!(made.body["userName"], "new");
    assert_eq!(results[0]["version"], made.header("etag"));
    assert_eq!(results[1]["location"], format!("{BASE}/Users/{a}"));
    assert_eq!(results[3]["location"], format!("{BASE}/Users/{c}"));
    assert_eq!(results[4]["location"], format!("{BASE}/Users/{c}"));
    assert!(results[..4].iter().all(|result| result.get("response").is_none()));
    assert_eq!(results[5]["response"]["scimType"], "uniqueness");
    assert_eq!(results[5]["bulkId"], "q2");
    assert!(results[5].get("location").is_none());
    assert_eq!(service.get(&format!("/Users/{b}")).body["title"], "x");
}

#[test]
fn a_version_guards_an_operation() {
    let service = Service::new();
    let a = service.user("a");
    let stale = json!({"method": "DELETE", "path": format!("/Users/{a}"), "version": "W/\"old\""});
    assert_eq!(statuses(&results(bulk(&service, &json!([stale])))), ["412"]);
    service.get(&format!("/Users/{a}")).expect(200);
}

#[test]
fn references_resolve_in_any_order() {
    let service = Service::new();
    let other = service.group("Other", &[]);
    let results = results(bulk(
        &service,
        &json!([
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": {
                "schemas": [GROUP], "displayName": "G", "members": [{"value": "bulkId:u1"}, {"value": "bulkId:u10", "type": "User"}]}},
            {"method": "PATCH", "path": format!("/Groups/{other}"), "data": {"schemas": [PATCH_OP], "Operations": [
                {"op": "add", "path": "members", "value": [{"value": "bulkId:u1"}, {"value": "bulkId:u10"}]},
                {"op": "remove", "path": "members[value eq \"bulkId:u10\"]"}]}},
            {"method": "PATCH", "path": "/Users/bulkId:u1", "data": {"schemas": [PATCH_OP], "Operations": [
                {"op": "add", "path": "title", "value": "bulkId:u10 is no reference here"}]}},
            {"method": "POST", "path": "/Users", "bulkId": "u1", "data": {
                "schemas": [USER, ENTERPRISE], "userName": "u1", ENTERPRISE: {"manager": {"value": "bulkId:u10"}}}},
            post_user("u10", "u10"),
        ]),
    ));
    assert_eq!(statuses(&results), ["201", "200", "200", "201", "201"]);
    let id = |at: usize| results[at]["location"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
    let (group, u1, u10) = (id(0), id(3), id(4));
    let members = service.get(&format!("/Groups/{group}")).body["members"].clone();
    assert_eq!((&members[0]["value"], &members[1]["value"]), (&json!(u1), &json!(u10)));
    let members = service.get(&format!("/Groups/{other}")).body["members"].clone();
    assert_eq!((members.as_array().unwrap().len(), &members[0]["value"]), (1, &json!(u1)));
    let user = service.get(&format!("/Users/{u1}")).body;
    assert_eq!(user[ENTERPRISE]["manager"]["value"], u10.as_str());
    assert_eq!(user["title"], "bulkId:u10 is no reference here");
    // The path that a result names is the real one.
    assert_eq!(results[2]["location"], format!("{BASE}/Users/{u1}"));
}

#[test]
fn circles_are_resolved() {
    let service = Service::new();
    let group = |name: &str, bulk_id: &str, member: &str| {
        json!({"method": "POST", "path": "/Groups", "bulkId": bulk_id, "data": {
            "schemas": [GROUP], "displayName": name, "members": [{"value": format!("bulkId:{member}")}]}})
    };
    let results = results(bulk(
        &service,
        &json!([group("A", "a", "b"), group("B", "b", "c"), group("C", "c", "a"), group("D", "d", "d")]),
    ));
    assert_eq!(statuses(&results), ["201"; 4]);
    let read =
        |at: usize| service.get(results[at]["location"].as_str().unwrap().strip_prefix(BASE).unwrap()).expect(200);
    let ids: Vec<String> = (0..4).map(|at| read(at).id()).collect();
    for (at, member) in [(0, 1), (1, 2), (2, 0), (3, 3)] {
        assert_eq!(read(at).body["members"][0]["value"], ids[member].as_str());
        assert_eq!(results[at]["version"], read(at).header("etag"), "{at}");
    }
    // Two users who are each other's manager: a reference inside an extension.
    let user = |name: &str, boss: &str| {
        json!({"method": "POST", "path": "/Users", "bulkId": name, "data": {"schemas": [USER, ENTERPRISE], "userName": name,
            ENTERPRISE: {"department": "D", "manager": {"value": format!("bulkId:{boss}")}}}})
    };
    let results = self::results(bulk(&service, &json!([user("x", "y"), user("y", "x")])));
    assert_eq!(statuses(&results), ["201", "201"]);
    let x = service.find("Users", "userName eq \"x\"").body["Resources"][0].clone();
    let y = service.find("Users", "userName eq \"y\"").body["Resources"][0].clone();
    assert_eq!(x[ENTERPRISE]["manager"]["value"], y["id"]);
    assert_eq!(y[ENTERPRISE]["manager"]["value"], x["id"]);
    assert_eq!(x[ENTERPRISE]["department"], "D");
}

fn patch(path: &str, operation: &Value) -> Value {
    json!({"method": "PATCH", "path": path, "data": {"schemas": [PATCH_OP], "Operations": [operation]}})
}

/// RFC 7644 §3.7: the same result as one after the other.
#[test]
fn what_changes_a_resource_is_not_overtaken() {
    let service = Service::new();
    let x = service.user("x");
    let user = format!("/Users/{x}");
    let put = json!({"method": "PUT", "path": user, "data": {"schemas": [USER, ENTERPRISE], "userName": "x", "active": true,
        ENTERPRISE: {"manager": {"value": "bulkId:m"}}}});
    let off = patch(&format!("{user}?attributes=id"), &json!({"op": "replace", "path": "active", "value": false}));
    let results = self::results(bulk(&service, &json!([put, off, post_user("m", "m")])));
    assert_eq!(statuses(&results), ["200", "200", "201"]);
    assert_eq!(service.get(&user).body["active"], false, "a leaver stays out");

    // The same resource by another spelling of its path.
    let spelt = format!("/Users/%{:02X}{}", x.as_bytes()[0], &x[1..]);
    let put = json!({"method": "PUT", "path": user, "data": {"schemas": [USER, ENTERPRISE], "userName": "x", "active": true,
        ENTERPRISE: {"manager": {"value": "bulkId:n"}}}});
    let off = patch(&spelt, &json!({"op": "replace", "path": "active", "value": false}));
    let results = self::results(bulk(&service, &json!([put, off, post_user("n", "n")])));
    assert_eq!(statuses(&results), ["200", "200", "201"]);
    assert_eq!(service.get(&user).body["active"], false, "{spelt}");

    let group = service.group("G", &[&x]);
    let path = format!("/Groups/{group}");
    let add = patch(&path, &json!({"op": "add", "path": "members", "value": [{"value": "bulkId:u"}]}));
    let clear = patch(&path, &json!({"op": "remove", "path": "members"}));
    let results = self::results(bulk(&service, &json!([add, clear, post_user("u", "u")])));
    assert_eq!(statuses(&results), ["200", "200", "201"]);
    assert!(service.get(&path).body.get("members").is_none());
}

#[test]
fn a_resource_of_a_circle_is_complete_before_anything_else_is_done_to_it() {
    let group = |name: &str, member: &str| {
        json!({"method": "POST", "path": "/Groups", "bulkId": name, "data": {
            "schemas": [GROUP], "displayName": name, "members": [{"value": format!("bulkId:{member}")}]}})
    };
    let last = [
        (patch("/Groups/bulkId:a", &json!({"op": "remove", "path": "members"})), "200"),
        (json!({"method": "PUT", "path": "/Groups/bulkId:a", "data": {"schemas": [GROUP], "displayName": "a"}}), "200"),
        (json!({"method": "DELETE", "path": "/Groups/bulkId:a"}), "204"),
    ];
    for (last, status) in last {
        for place in 0..3 {
            let service = Service::new();
            let mut operations = vec![group("a", "b"), group("b", "a")];
            operations.insert(place, last.clone());
            let results = results(bulk(&service, &json!(operations)));
            let mut wanted = vec!["201", "201"];
            wanted.insert(place, status);
            assert_eq!(statuses(&results), wanted, "{last}");
            for found in
                service.find("Groups", "displayName eq \"a\"").body["Resources"].as_array().into_iter().flatten()
            {
                assert!(found.get("members").is_none(), "{last}: {found}");
            }
        }
    }
    // The other one cannot be made: nothing that is no id becomes a member.
    let service = Service::new();
    service.group("taken", &[]);
    let operations = json!([group("a", "b"), {"method": "POST", "path": "/Groups", "bulkId": "b", "data": {
        "schemas": [GROUP], "members": [{"value": "bulkId:a"}]}}]);
    let results = results(bulk(&service, &operations));
    assert_eq!(statuses(&results), ["409", "400"]);
    let made = service.find("Groups", "displayName eq \"a\"").body["Resources"][0].clone();
    assert!(made.get("members").is_none(), "{made}");
}

#[test]
fn references_to_nothing_fail_alone() {
    let service = Service::new();
    service.user("taken");
    let member = |bulk_id: &str| {
        json!({"method": "POST", "path": "/Groups", "bulkId": format!("of-{bulk_id}"), "data": {
            "schemas": [GROUP], "displayName": bulk_id, "members": [{"value": format!("bulkId:{bulk_id}")}]}})
    };
    let chained = json!({"method": "DELETE", "path": "/Groups/bulkId:of-t"});
    let results = results(bulk(
        &service,
        &json!([member("nobody"), member("t"), chained, post_user("taken", "t"), post_user("fine", "f")]),
    ));
    assert_eq!(statuses(&results), ["400", "409", "409", "409", "201"]);
    assert_eq!(results[0]["response"]["scimType"], "invalidValue");
    assert_eq!(service.get("/Groups").body["totalResults"], 0);
}

#[test]
fn errors_stop_the_job_where_the_client_says() {
    let service = Service::new();
    let bad = || json!({"method": "DELETE", "path": "/Users/nobody"});
    let body = json!({"schemas": [BULK], "failOnErrors": 2, "Operations": [bad(), post_user("a", "a"), bad(), post_user("b", "b")]});
    let results = results(service.send("POST", "/Bulk", &body));
    assert_eq!(statuses(&results), ["404", "201", "404"]);
    assert_eq!(service.get("/Users").body["totalResults"], 1);
}

#[test]
fn operations_that_are_none_fail_alone() {
    let service = Service::new();
    let results = results(bulk(
        &service,
        &json!([
            {"method": "POST", "path": "/Users", "data": {"schemas": [USER], "userName": "a"}},
            {"method": "GET", "path": "/Users"},
            {"method": "POST", "path": "/Bulk", "bulkId": "b", "data": {}},
            {"method": "POST", "path": "/Users/.search", "bulkId": "s", "data": {}},
            {"method": "POST", "path": "/Nothing", "bulkId": "n", "data": {}},
            {"method": "POST", "path": "/Users", "bulkId": "d"},
            {"method": "PATCH", "path": "/Users", "data": {}},
            {"path": 5},
            "text",
            post_user("a", "d"),
            post_user("b", "ok"),
        ]),
    ));
    assert_eq!(statuses(&results), ["400", "400", "400", "400", "404", "400", "405", "400", "400", "400", "201"]);
    assert!(results.iter().take(10).all(|result| result["response"]["detail"].is_string()));
    assert_eq!(service.get("/Users").body["totalResults"], 1);
}

#[test]
fn messages_and_limits() {
    let service = Service::new();
    service.send("POST", "/Bulk", &json!({"Operations": []})).expect_error(400, "invalidSyntax");
    service.send("POST", "/Bulk", &json!({"schemas": [BULK]})).expect_error(400, "invalidSyntax");
    service
        .send("POST", "/Bulk", &json!({"schemas": [BULK], "failOnErrors": -1, "Operations": []}))
        .expect_error(400, "invalidSyntax");
    assert_eq!(results(bulk(&service, &json!([]))).len(), 0);
    let many: Vec<Value> = (0..1000).map(|n| post_user(&format!("u{n}"), &format!("u{n}"))).collect();
    assert!(statuses(&results(bulk(&service, &json!(many)))).iter().all(|status| *status == "201"));
    let more: Vec<Value> = (0..1001).map(|_| json!({"method": "DELETE", "path": "/Users/x"})).collect();
    let refused = bulk(&service, &json!(more)).expect(413);
    assert!(refused.body["detail"].as_str().unwrap().contains("1000"));

    let mut behaviour = Behaviour::default();
    behaviour.bulk.as_mut().unwrap().max_payload = 200;
    let refused = bulk(&Service::with(behaviour), &json!([post_user(&"x".repeat(200), "a")])).expect(413);
    assert!(refused.body["detail"].as_str().unwrap().contains("200"));
}
