//! RFC 7644 §3.7.

use std::ops::ControlFlow;

use bytes::Bytes;
use http::Request;
use scim_core::message::ScimError;
use scim_core::provider::{Behaviour, Context, Engine, Entry, Kind, Need, Store, UnknownAttributes, Written};
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

/// Two things, and a third one at that place.
fn with<T>(two: [T; 2], place: usize, one: T) -> Vec<T> {
    let mut all = Vec::from(two);
    all.insert(place, one);
    all
}

fn statuses(results: &[Value]) -> Vec<&str> {
    results.iter().map(|result| result["status"].as_str().unwrap()).collect()
}

fn post_user(name: &str, bulk_id: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": bulk_id, "data": {"schemas": [USER], "userName": name}})
}

/// A group that is its own `bulkId`, with those references as members.
fn post_group(name: &str, members: &[&str]) -> Value {
    let members: Vec<Value> = members.iter().map(|member| json!({"value": format!("bulkId:{member}")})).collect();
    json!({"method": "POST", "path": "/Groups", "bulkId": name, "data": {
        "schemas": [GROUP], "displayName": name, "members": members}})
}

fn post_managed(name: &str, manager: &str) -> Value {
    json!({"method": "POST", "path": "/Users", "bulkId": name, "data": {"schemas": [USER, ENTERPRISE], "userName": name,
        ENTERPRISE: {"manager": {"value": format!("bulkId:{manager}")}}}})
}

/// The only resource that a filter finds.
#[track_caller]
fn only(service: &Service, endpoint: &str, filter: &str) -> Value {
    let found = service.find(endpoint, filter).body;
    assert_eq!(found["totalResults"], 1, "{filter}: {found}");
    found["Resources"][0].clone()
}

/// The `value`s of the members of a group.
fn members(group: &Value) -> Vec<&str> {
    group["members"].as_array().into_iter().flatten().filter_map(|member| member["value"].as_str()).collect()
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
            let operations = with([group("a", "b"), group("b", "a")], place, last.clone());
            let results = results(bulk(&service, &json!(operations)));
            assert_eq!(statuses(&results), with(["201", "201"], place, status), "{last}");
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

/// RFC 7644 §3.7: what one operation names is still there for it, whatever it has to wait for.
#[test]
fn an_operation_that_waits_is_not_overtaken() {
    let service = Service::new();
    let x = service.user("x");
    let group = format!("/Groups/{}", service.group("G", &[]));
    let add = patch(&group, &json!({"op": "add", "path": "members", "value": [{"value": x}, {"value": "bulkId:u"}]}));
    let delete = json!({"method": "DELETE", "path": format!("/Users/{x}")});
    let answer = results(bulk(&service, &json!([add, delete, post_user("u", "u")])));
    assert_eq!(statuses(&answer), ["200", "204", "201"]);
    let u = only(&service, "Users", "userName eq \"u\"");
    assert_eq!(members(&service.get(&group).body), [u["id"].as_str().unwrap()]);

    let service = Service::new();
    let delete = json!({"method": "DELETE", "path": "/Users/bulkId:u"});
    let operations = json!([post_group("g", &["u", "w"]), delete, post_user("u", "u"), post_user("w", "w")]);
    let answer = results(bulk(&service, &operations));
    assert_eq!(statuses(&answer), ["201", "204", "201", "201"]);
    let w = only(&service, "Users", "userName pr");
    assert_eq!(members(&only(&service, "Groups", "displayName eq \"g\"")), [w["id"].as_str().unwrap()]);

    let service = Service::new();
    let x = service.user("a");
    let rename = json!({"method": "PUT", "path": format!("/Users/{x}"), "data": {"schemas": [USER, ENTERPRISE], "userName": "b",
        ENTERPRISE: {"manager": {"value": "bulkId:m"}}}});
    let answer = results(bulk(&service, &json!([rename, post_user("a", "n"), post_user("m", "m")])));
    assert_eq!(statuses(&answer), ["200", "201", "201"]);
}

#[test]
fn the_prefix_in_any_case_names_the_same_resource() {
    let service = Service::new();
    let on = patch(
        "/Users/bulkId:u",
        &json!({"op": "replace", "value": {"active": true,
        ENTERPRISE: {"manager": {"value": "bulkId:m"}}}}),
    );
    let off = patch("/Users/BULKID:u", &json!({"op": "replace", "path": "active", "value": false}));
    let answer = results(bulk(&service, &json!([on, off, post_user("u", "u"), post_user("m", "m")])));
    assert_eq!(statuses(&answer), ["200", "200", "201", "201"]);
    assert_eq!(only(&service, "Users", "userName eq \"u\"")["active"], false);
}

#[test]
fn a_name_in_a_name_is_one_reference() {
    let service = Service::new();
    let many = "bulkId:".repeat(20_000);
    let started = std::time::Instant::now();
    let operations = json!([
        {"method": "DELETE", "path": many},
        {"method": "DELETE", "path": format!("/Users/{many}")},
        patch("/Users/x", &json!({"op": "remove", "path": many})),
        patch("/Users/x", &json!({"op": "remove", "path": format!("members[value eq \"{many}\"]")})),
        patch("/Users/x", &json!({"op": "remove", "path": format!("members[{}]", many.replace("bulkId", "\"bulkId"))})),
    ]);
    let answer = results(bulk(&service, &operations));
    assert!(statuses(&answer).iter().all(|status| status.starts_with('4')), "{:?}", statuses(&answer));
    assert!(started.elapsed().as_secs() < 10, "quadratic");
}

/// A store that gives out the ids it was told to.
struct Ids {
    next: Vec<&'static str>,
    resources: Vec<(String, String, Value)>,
}

impl Store for Ids {
    fn get(&self, kind: &Kind, id: &str, _: &Need) -> Option<Value> {
        let found = self.resources.iter().find(|(name, own, _)| name == kind.name() && own == id);
        found.map(|(_, _, resource)| resource.clone())
    }
    fn scan(&self, _: &Kind, _: u64, _: &Need, _: &mut dyn FnMut(Entry<'_>) -> ControlFlow<()>) {}
    fn insert(&mut self, context: &Context<'_>, mut resource: Value) -> Result<Written, ScimError> {
        let id = self.next.remove(0);
        resource["id"] = json!(id);
        self.resources.push((context.kind().name().to_owned(), id.to_owned(), resource));
        Written::unchanged(id)
    }
    fn replace(&mut self, context: &Context<'_>, id: &str, resource: Value) -> Result<Written, ScimError> {
        self.remove(context, id)?;
        self.resources.push((context.kind().name().to_owned(), id.to_owned(), resource));
        Written::unchanged(id)
    }
    fn remove(&mut self, context: &Context<'_>, id: &str) -> Result<(), ScimError> {
        self.resources.retain(|(name, own, _)| name != context.kind().name() || own != id);
        Ok(())
    }
}

/// RFC 7643 §3.1: an id is opaque. It means the same in data, in a path and in a filter.
#[test]
fn ids_are_put_into_paths_and_filters_as_they_are() {
    let user = |id: &str| ("User".to_owned(), id.to_owned(), json!({"schemas": [USER], "id": id, "userName": id}));
    for id in
        ["a%62", "a/b", "50%25", "x?y", "x#y", "a b", "ü", "q\"t", "b\\", "x\" or value pr or value eq \"y", "a]b"]
    {
        let mut store = Ids { next: vec![id, "g"], resources: vec![user("ab")] };
        let fields = json!({"op": "remove", "path": "members[value eq \"bulkId:u\"]"});
        let add = json!({"op": "add", "path": "members", "value": [{"value": "ab"}, {"value": "bulkId:u"}]});
        let operations = json!([
            post_user("u", "u"),
            post_group("g", &["u"]),
            patch("/Groups/bulkId:g", &add),
            patch("/Groups/bulkId:g", &fields),
            patch("/Users/bulkId:u", &json!({"op": "add", "path": "title", "value": "t"}))
        ]);
        let run = |store: &mut Ids, operations: &Value| {
            let body = json!({"schemas": [BULK], "Operations": operations}).to_string();
            let request = Request::post("/scim/Bulk").body(Bytes::from(body)).unwrap();
            let answer: Value = serde_json::from_slice(Engine::new("/scim").handle(store, request).body()).unwrap();
            answer["Operations"].as_array().unwrap().clone()
        };
        let answer = run(&mut store, &operations);
        assert_eq!(statuses(&answer), ["201", "201", "200", "200", "200"], "{id}: {answer:?}");
        assert_eq!(answer[4]["location"], answer[0]["location"], "{id}");
        let kept = |store: &Ids, id: &str| store.resources.iter().find(|(_, own, _)| own == id).cloned();
        assert_eq!(members(&kept(&store, "g").unwrap().2), ["ab"], "{id}");
        assert_eq!(kept(&store, id).unwrap().2["title"], "t", "{id}");
        // Deleting the new one leaves the other one alone.
        let mut store = Ids { next: vec![id], resources: vec![user("ab")] };
        let delete = json!({"method": "DELETE", "path": "/Users/bulkId:u"});
        assert_eq!(statuses(&run(&mut store, &json!([delete, post_user("u", "u")]))), ["204", "201"], "{id}");
        assert!(kept(&store, "ab").is_some() && kept(&store, id).is_none(), "{id}");
    }
}

#[test]
fn references_do_not_need_the_location() {
    let mut behaviour = Behaviour::default();
    behaviour.meta.location = false;
    let service = Service::with(behaviour);
    let operations = json!([post_user("u", "u"), post_group("g", &["u", "h"]), post_group("h", &["g"])]);
    let answer = results(bulk(&service, &operations));
    assert_eq!(statuses(&answer), ["201"; 3], "{answer:?}");
    assert!(answer.iter().all(|result| result.get("location").is_none()));
    assert_eq!(members(&only(&service, "Groups", "displayName eq \"g\"")).len(), 2);
}

#[test]
fn a_circle_is_completed_whatever_the_posts_ask_to_see() {
    for query in ["?attributes=displayName", "?excludedAttributes=id,meta", "/"] {
        let service = Service::new();
        let (mut a, mut b) = (post_group("a", &["b"]), post_group("b", &["a"]));
        for operation in [&mut a, &mut b] {
            operation["path"] = json!(format!("/Groups{query}"));
        }
        let answer = results(bulk(&service, &json!([a, b])));
        assert_eq!(statuses(&answer), ["201", "201"], "{query}: {answer:?}");
        let (a, b) = ("displayName eq \"a\"", "displayName eq \"b\"");
        let (a, b) = (only(&service, "Groups", a), only(&service, "Groups", b));
        assert_eq!((members(&a), members(&b)), (vec![b["id"].as_str().unwrap()], vec![a["id"].as_str().unwrap()]));
    }
}

/// What a POST would ignore is not added later, and what it would refuse is refused.
#[test]
fn a_circle_takes_what_a_post_takes() {
    let user = |more: Value| {
        let mut user = json!({"schemas": [USER], "userName": "u"});
        user.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({"method": "POST", "path": "/Users", "bulkId": "u", "data": user})
    };
    for ignored in
        [json!({"groups": [{"value": "bulkId:g"}]}), json!({"department": "bulkId:g", "x": {"path": "bulkId:g"}})]
    {
        let service = Service::new();
        let answer = results(bulk(&service, &json!([user(ignored), post_group("g", &["u"])])));
        assert_eq!(statuses(&answer), ["201", "201"], "{answer:?}");
        let u = only(&service, "Users", "userName eq \"u\"");
        assert_eq!(members(&only(&service, "Groups", "displayName eq \"g\"")), [u["id"].as_str().unwrap()]);
    }
    let boss = json!({"schemas": [USER, ENTERPRISE],
        ENTERPRISE.to_uppercase(): {"manager": {"value": "bulkId:m", "displayName": "M", "rank": 1}}});
    let service = Service::new();
    let answer = results(bulk(&service, &json!([user(boss), post_managed("m", "u")])));
    assert_eq!(statuses(&answer), ["201", "201"], "{answer:?}");
    let m = only(&service, "Users", "userName eq \"m\"");
    assert_eq!(only(&service, "Users", "userName eq \"u\"")[ENTERPRISE]["manager"]["value"], m["id"]);

    // Text that looks like a name waits for nobody.
    let mut group = post_group("g", &["u"]);
    group["data"]["members"][0]["display"] = json!("bulkId:p q");
    let service = Service::new();
    let answer = results(bulk(&service, &json!([user(json!({"nickName": "bulkId:g"})), group])));
    assert_eq!(statuses(&answer), ["201", "201"], "{answer:?}");
    let u = only(&service, "Users", "userName eq \"u\"");
    assert_eq!(members(&only(&service, "Groups", "displayName eq \"g\"")), [u["id"].as_str().unwrap()]);

    let mut strict = Behaviour::default();
    strict.unknown_attributes = UnknownAttributes::Refuse;
    let service = Service::with(strict);
    let answer = results(bulk(&service, &json!([user(json!({"department": "bulkId:g"})), post_group("g", &["u"])])));
    assert_eq!(statuses(&answer), ["400", "409"], "{answer:?}");
    assert_eq!(service.get("/Users").body["totalResults"], 0, "nothing is made of what is refused");
}

#[test]
fn circles_do_not_need_patch() {
    let mut behaviour = Behaviour::default();
    behaviour.patch = false;
    let service = Service::with(behaviour);
    let answer = results(bulk(&service, &json!([post_group("a", &["b"]), post_group("b", &["a"])])));
    assert_eq!(statuses(&answer), ["201", "201"], "{answer:?}");
    assert_eq!(members(&only(&service, "Groups", "displayName eq \"a\"")).len(), 1);
    assert_eq!(members(&only(&service, "Groups", "displayName eq \"b\"")).len(), 1);
}

/// The limit counts whatever has got an error's status.
#[test]
fn dependents_and_circles_count_as_errors() {
    let run = |most: u64, operations: Value| {
        let service = Service::new();
        service.user("taken");
        let body = json!({"schemas": [BULK], "failOnErrors": most, "Operations": operations});
        let answer = results(service.send("POST", "/Bulk", &body));
        (statuses(&answer).join(" "), service.get("/Users").body["totalResults"].as_u64().unwrap())
    };
    let dependent = json!([post_user("taken", "t"), post_group("g", &["t"]), post_user("new", "n")]);
    assert_eq!(run(2, dependent), ("409 409".to_owned(), 1));
    // `b` is made without `a`, which then fails: two errors.
    let circle = json!([post_managed("taken", "b"), post_managed("b", "taken"), post_user("new", "n")]);
    assert_eq!(run(2, circle.clone()), ("409 409".to_owned(), 2));
    assert_eq!(run(3, circle), ("409 409 201".to_owned(), 3));
}

#[test]
fn the_first_of_a_name_has_it() {
    let off = patch("/Users/bulkId:u", &json!({"op": "replace", "path": "active", "value": false}));
    for place in 0..3 {
        let service = Service::new();
        let operations = with([post_user("a", "u"), post_user("b", "u")], place, off.clone());
        let answer = results(bulk(&service, &json!(operations)));
        assert_eq!(statuses(&answer), with(["201", "400"], place, "200"), "{answer:?}");
        assert_eq!(only(&service, "Users", "userName pr")["active"], false);
    }
}

#[test]
fn text_that_is_no_reference_stays_text() {
    for (path, at) in [
        ("emails[value eq \"mybulkId:x\"].type", 0),
        ("emails[value eq \"bulkId:\"].type", 1),
        ("emails[display eq \"the bulkId: of it\"].type", 2),
        ("emails[display eq \"bulkId:x is it\"].type", 3),
        ("emails[display eq \"\\\"bulkId:x\"].type", 4),
    ] {
        let service = Service::new();
        let emails = json!([{"value": "mybulkId:x"}, {"value": "bulkId:"}, {"value": "c", "display": "the bulkId: of it"},
            {"value": "d", "display": "bulkId:x is it"}, {"value": "e", "display": "\"bulkId:x"}]);
        let body = json!({"schemas": [USER], "userName": "n", "emails": emails});
        let user = format!("/Users/{}", service.send("POST", "/Users", &body).expect(201).id());
        let answer =
            results(bulk(&service, &json!([patch(&user, &json!({"op": "replace", "path": path, "value": "home"}))])));
        assert_eq!(statuses(&answer), ["200"], "{path}: {answer:?}");
        assert_eq!(service.get(&user).body["emails"][at]["type"], "home", "{path}");
    }
}

#[test]
fn a_name_works_everywhere_or_nowhere() {
    let off = |name: &str| {
        patch(&format!("/Users/bulkId:{name}"), &json!({"op": "replace", "path": "active", "value": false}))
    };
    let remove = |name: &str| {
        let path = format!("members[value eq \"bulkId:{name}\"]");
        patch("/Groups/bulkId:g", &json!({"op": "remove", "path": path}))
    };
    for name in ["a)b", "a]b", "bulkId:1", "ü", "a'b", "a%62", "a#b", "[", "a.b"] {
        let service = Service::new();
        let operations = json!([remove(name), off(name), post_group("g", &[name]), post_user("u", name)]);
        let answer = results(bulk(&service, &operations));
        assert_eq!(statuses(&answer), ["200", "200", "201", "201"], "{name}: {answer:?}");
        assert_eq!(only(&service, "Users", "userName pr")["active"], false, "{name}");
        assert!(only(&service, "Groups", "displayName pr").get("members").is_none(), "{name}");
    }
    for name in ["a b", "a/b", "a\"b", "a?b", "a\\b", "a\u{7}b", " a", "\u{a0}"] {
        let service = Service::new();
        let answer = results(bulk(&service, &json!([post_group("g", &[name]), post_user("u", name)])));
        assert_eq!(statuses(&answer), ["409", "400"], "{name}: {answer:?}");
        assert_eq!(answer[1]["response"]["scimType"], "invalidValue", "{name}");
        for endpoint in ["/Users", "/Groups"] {
            assert_eq!(service.get(endpoint).body["totalResults"], 0, "{name}");
        }
    }
}
