//! RFC 7644 §4, and what is the same on every endpoint: methods, HEAD, OPTIONS, /Me, errors.

use scim_core::provider::{Behaviour, Engine, Kind, ServiceProvider, Subject};
use serde_json::{Value, json};

use crate::support::{BASE, ENTERPRISE, GROUP, LIST, Service, USER, with_things};

#[test]
fn the_config_says_what_there_is() {
    let config = Service::new().get("/ServiceProviderConfig").expect(200).body;
    assert_eq!(config["schemas"], json!(["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]));
    for feature in ["patch", "bulk", "filter", "sort", "etag"] {
        assert_eq!(config[feature]["supported"], true, "{feature}");
    }
    assert_eq!(config["changePassword"]["supported"], false);
    assert_eq!(config["bulk"]["maxOperations"], 1000);
    assert!(config["bulk"]["maxPayloadSize"].as_u64() > Some(1_000_000));
    assert_eq!(config["authenticationSchemes"][0]["type"], "oauthbearertoken");
    assert_eq!(config["pagination"]["cursor"], true);
    assert_eq!(config["meta"]["location"], format!("{BASE}/ServiceProviderConfig"));
    assert!(config.get("id").is_none());
}

#[test]
fn switched_off_features_are_announced_so_and_refused() {
    let mut behaviour = Behaviour::default();
    for name in ["patch", "bulk", "search", "root_query", "sort", "cursor"] {
        behaviour.set(name, "off").unwrap();
    }
    let service = Service::with(behaviour);
    let config = service.get("/ServiceProviderConfig").body;
    assert!(["patch", "bulk", "sort"].iter().all(|name| config[*name]["supported"] == false), "{config}");
    assert!(config.get("pagination").is_none());
    let path = format!("/Users/{}", service.user("a"));
    service.patch(&path, json!([{"op": "add", "path": "title", "value": "x"}])).expect(501);
    service.send("POST", "/Bulk", &json!({})).expect(501);
    service.send("POST", "/Users/.search", &json!({})).expect(404);
    service.get("/").expect(404);
    assert_eq!(service.get("/Users?cursor=").expect(200).body["startIndex"], 1);
}

#[test]
fn schemas_are_served_singly_and_as_a_list() {
    let service = with_things();
    let list = service.get("/Schemas").expect(200).body;
    assert_eq!(list["schemas"], json!([LIST]));
    let ids: Vec<&str> =
        list["Resources"].as_array().unwrap().iter().map(|schema| schema["id"].as_str().unwrap()).collect();
    assert_eq!(&ids[..5], [USER, ENTERPRISE, GROUP, "urn:example:Thing", "urn:example:Extra"]);
    assert!(ids.iter().all(|id| !id.contains("api:messages")));
    assert_eq!(list["totalResults"], ids.len());
    for id in ids {
        let schema = service.get(&format!("/Schemas/{id}")).expect(200);
        assert_eq!(schema.body["id"], id);
        assert_eq!(schema.body["meta"]["resourceType"], "Schema");
        assert_eq!(schema.body["meta"]["location"], format!("{BASE}/Schemas/{id}"));
        assert!(schema.body["name"].as_str().is_some_and(|name| !name.is_empty()));
    }
    service.get("/Schemas/urn:nothing").expect(404);
}

#[test]
fn resource_types_name_schemas_that_are_served() {
    let service = with_things();
    let list = service.get("/ResourceTypes").expect(200).body;
    for resource_type in list["Resources"].as_array().unwrap() {
        let name = resource_type["name"].as_str().unwrap();
        let single = service.get(&format!("/ResourceTypes/{name}")).expect(200).body;
        assert_eq!(&single, resource_type);
        let extensions = single["schemaExtensions"].as_array().cloned().unwrap_or_default();
        let mut urns: Vec<Value> = extensions.iter().map(|extension| extension["schema"].clone()).collect();
        urns.push(single["schema"].clone());
        for urn in urns {
            service.get(&format!("/Schemas/{}", urn.as_str().unwrap())).expect(200);
        }
        service.get(single["endpoint"].as_str().unwrap()).expect(200);
    }
    service.get("/ResourceTypes/Pet").expect(404);
}

#[test]
fn discovery_is_read_only_and_takes_no_filter() {
    let service = Service::new();
    for path in ["/ServiceProviderConfig", "/Schemas", "/ResourceTypes", "/Schemas/urn:x", "/ResourceTypes/User"] {
        for method in ["POST", "PUT", "PATCH", "DELETE"] {
            let refused = service.send(method, path, &json!({})).expect(405);
            assert_eq!(refused.header("allow"), "GET, HEAD, OPTIONS");
            assert_eq!(refused.body["status"], "405");
        }
    }
    let all = service.get("/Schemas").body;
    assert_eq!(service.get("/Schemas?count=1&startIndex=2&sortBy=id&attributes=id").expect(200).body, all);
    service.get("/Schemas?filter=id%20pr").expect(403);
    let mut behaviour = Behaviour::default();
    behaviour.set("discovery_query", "refuse").unwrap();
    Service::with(behaviour.clone()).get("/Schemas?count=1").expect(400);
    behaviour.set("discovery_query", "ignore").unwrap();
    Service::with(behaviour).get("/Schemas?filter=id%20pr").expect(200);
}

#[test]
fn methods_that_are_not_there_are_405_with_those_that_are() {
    let service = Service::new();
    let user = format!("/Users/{}", service.user("a"));
    for (method, path, allow) in [
        ("PUT", "/Users", "GET, HEAD, POST, OPTIONS"),
        ("DELETE", "/Users", "GET, HEAD, POST, OPTIONS"),
        ("POST", &user, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("TRACE", &user, "GET, HEAD, PUT, PATCH, DELETE, OPTIONS"),
        ("GET", "/Bulk", "POST, OPTIONS"),
        ("PUT", "/.search", "POST, OPTIONS"),
    ] {
        let refused = service.send(method, path, &json!({})).expect(405);
        assert_eq!(refused.header("allow"), allow, "{method} {path}");
        assert_eq!(service.raw("OPTIONS", path, &[], b"").expect(204).header("allow"), allow);
    }
    let narrow = Engine::new("/scim/v2").with_kinds(vec![Kind::user().without_method(http::Method::DELETE)]);
    let narrow = Service::of(narrow);
    let user = format!("/Users/{}", narrow.user("a"));
    assert_eq!(narrow.delete(&user).expect(405).header("allow"), "GET, HEAD, PUT, PATCH, OPTIONS");
    narrow.get("/Groups").expect(404);
}

#[test]
fn head_is_get_without_a_body() {
    let service = Service::new();
    let path = format!("/Users/{}", service.user("a"));
    for path in [&path, "/Users", "/Schemas", "/Users/nobody"] {
        let get = service.get(path);
        let head = service.raw("HEAD", path, &[], b"");
        assert_eq!(head.status, get.status);
        assert!(head.body.is_null());
        assert_eq!(head.header("content-length"), get.body.to_string().len().to_string());
        assert_eq!(head.header("etag"), get.header("etag"));
    }
}

#[test]
fn me_is_the_authenticated_user() {
    let service = Service::new();
    service.get("/Me").expect(501);
    let mut behaviour = Behaviour::default();
    behaviour.set("me", "on").unwrap();
    let service = Service::with(behaviour);
    service.get("/Me").expect(404);
    let id = service.user("a");
    let me = |provider: &ServiceProvider<_>, method: &str| {
        let mut request =
            http::Request::builder().method(method).uri(format!("{BASE}/Me")).body(bytes::Bytes::new()).unwrap();
        request.extensions_mut().insert(Subject(id.parse().unwrap()));
        provider.handle(request)
    };
    let answer = me(&service.provider, "GET");
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-location"], format!("{BASE}/Users/{id}"));
    assert_eq!(me(&service.provider, "DELETE").status(), 204);
    service.get(&format!("/Users/{id}")).expect(404);
}

#[test]
fn paths_that_name_nothing_are_404_in_scim() {
    let service = Service::new();
    for path in ["/Nothing", "/Users/1/2", "/users", "/Users/%00", "/Users/..%2fGroups", "/Users/a%2Fb", "/Schemas/a/b"]
    {
        let answer = service.get(path).expect(404);
        assert_eq!(answer.body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]), "{path}");
        assert_eq!(answer.header("content-type"), "application/scim+json");
    }
}

#[test]
fn another_version_of_the_protocol_is_refused() {
    let service = Service::new();
    let request = http::Request::get("https://scim.example.com/scim/v1/Users").body(bytes::Bytes::new()).unwrap();
    let response = service.provider.handle(request);
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!((response.status().as_u16(), &body["scimType"]), (400, &json!("invalidVers")));
}

#[test]
fn plain_json_is_for_clients_that_take_nothing_else() {
    let service = Service::new();
    for (accept, media_type) in [
        ("application/scim+json", "application/scim+json"),
        ("application/json", "application/json"),
        ("application/json, application/scim+json;q=0.9", "application/scim+json"),
        ("*/*", "application/scim+json"),
        ("text/html", "application/scim+json"),
    ] {
        assert_eq!(
            service.raw("GET", "/Users", &[("accept", accept)], b"").header("content-type"),
            media_type,
            "{accept}"
        );
    }
}

#[test]
fn bodies_have_a_limit() {
    let mut behaviour = Behaviour::default();
    behaviour.max_body = 100;
    let service = Service::with(behaviour);
    let body = json!({"schemas": [USER], "userName": "a".repeat(100)});
    let refused = service.send("POST", "/Users", &body).expect(413);
    assert!(refused.body["detail"].as_str().unwrap().contains("100"));
}
