//! RFC 7643 §2 and §3: what the schemas allow, for every type and characteristic.

use serde_json::{Value, json};

use crate::support::{ENTERPRISE, GROUP, Service, USER, thing, with_things};

#[test]
fn every_type_makes_a_round_trip() {
    let service = with_things();
    let values = json!({
        "whole": -42, "number": 1.5, "flag": false, "since": "2011-05-13T04:42:34+02:00", "data": "AQIDBA==",
        "link": "../Things/1", "tags": ["b", "a"], "part": {"a": "x", "b": 1},
        "parts": [{"value": "1", "type": "t", "primary": true}, {"value": "2"}],
        "exact": "CaSe", "inexact": "CaSe",
    });
    let made = service.send("POST", "/Things", &thing(values.clone())).expect(201);
    let read = service.get(&format!("/Things/{}", made.id())).expect(200).body;
    for (name, value) in values.as_object().unwrap() {
        assert_eq!(&read[name], value, "{name}");
    }
}

#[test]
fn values_of_another_type_are_refused() {
    let service = with_things();
    for (name, bad) in [
        ("whole", json!(1.0)),
        ("whole", json!("1")),
        ("number", json!("1.5")),
        ("flag", json!("true")),
        ("flag", json!(0)),
        ("since", json!("2011-05-13")),
        ("since", json!("yesterday")),
        ("since", json!(5)),
        ("data", json!("a b!")),
        ("link", json!("not a uri")),
        ("link", json!(1)),
        ("label", json!(7)),
        ("label", json!(["x"])),
        ("tags", json!("a")),
        ("tags", json!([1])),
        ("part", json!("x")),
        ("part", json!([{"a": "x"}])),
        ("part", json!({"a": {"deep": 1}})),
        ("parts", json!([1])),
        ("parts", json!([{"value": {"a": 1}}])),
        ("externalId", json!(5)),
    ] {
        let answer = service.send("POST", "/Things", &thing(json!({name: bad})));
        let error = answer.expect_error(400, "invalidValue");
        assert!(error["detail"].as_str().unwrap().contains(name), "{error}");
    }
    assert_eq!(service.get("/Things").body["totalResults"], 0);
}

#[test]
fn primary_stands_once() {
    let service = Service::new();
    let two = json!([{"value": "a@x", "primary": true}, {"value": "b@x", "primary": true}]);
    service
        .send("POST", "/Users", &json!({"schemas": [USER], "userName": "a", "emails": two}))
        .expect_error(400, "invalidValue");
    let body =
        json!({"schemas": [USER], "userName": "a", "emails": [{"value": "a@x", "primary": true}, {"value": "b@x"}]});
    let id = service.send("POST", "/Users", &body).expect(201).id();
    let moved = json!([{"op": "replace", "path": "emails[value eq \"b@x\"].primary", "value": true}]);
    let emails = service.patch(&format!("/Users/{id}"), moved).expect(200).body["emails"].clone();
    assert_eq!(emails, json!([{"value": "a@x", "primary": false}, {"value": "b@x", "primary": true}]));
}

#[test]
fn equal_values_are_one() {
    let service = Service::new();
    let emails =
        json!([{"value": "a@x", "type": "work"}, {"value": "a@x", "type": "WORK", "display": "A"}, {"value": "a@x"}]);
    let made =
        service.send("POST", "/Users", &json!({"schemas": [USER], "userName": "a", "emails": emails})).expect(201);
    assert_eq!(made.body["emails"], json!([{"value": "a@x", "type": "WORK", "display": "A"}, {"value": "a@x"}]));
    let members = json!([{"value": "1"}, {"value": "1", "display": "one"}, {"value": "2"}]);
    let group = service
        .send("POST", "/Groups", &json!({"schemas": [GROUP], "displayName": "g", "members": members}))
        .expect(201);
    assert_eq!(group.body["members"].as_array().unwrap().len(), 2);
}

#[test]
fn null_and_empty_are_unassigned() {
    let service = Service::new();
    let body = json!({"schemas": [USER], "userName": "a", "title": null, "emails": [], "name": {}, "roles": [null], ENTERPRISE: {}});
    let made = service.send("POST", "/Users", &body).expect(201);
    for absent in ["title", "emails", "name", "roles", ENTERPRISE] {
        assert!(made.body.get(absent).is_none(), "{absent}");
    }
    assert_eq!(service.find("Users", "title pr or emails pr").body["totalResults"], 0);
    assert_eq!(service.find("Users", "title eq null").body["totalResults"], 1);
}

#[test]
fn schemas_name_what_the_resource_has() {
    let service = Service::new();
    for bad in [json!(null), json!([]), json!("x"), json!([1]), json!(["urn:example:other"]), json!([ENTERPRISE])] {
        let body = json!({"schemas": bad, "userName": "a"});
        service.send("POST", "/Users", &body).expect_error(400, "invalidValue");
    }
    let made = service.send("POST", "/Users", &json!({
        "schemas": [USER, USER.to_uppercase(), "urn:example:unknown"], "userName": "a", ENTERPRISE: {"department": "D"},
    }));
    let made = made.expect(201);
    assert_eq!(made.body["schemas"], json!([USER, ENTERPRISE]));
    let path = format!("/Users/{}", made.id());
    let emptied =
        service.patch(&path, json!([{"op": "remove", "path": format!("{ENTERPRISE}:department")}])).expect(200);
    assert_eq!(emptied.body["schemas"], json!([USER]));
    assert!(emptied.body.get(ENTERPRISE).is_none());
}

#[test]
fn extensions_live_under_their_urn() {
    let service = with_things();
    let made = service
        .send("POST", "/Things", &thing(json!({"urn:example:Extra": {"colour": "red"}, "colour": "blue"})))
        .expect(201);
    assert_eq!(made.body["urn:example:Extra"], json!({"colour": "red"}));
    assert!(made.body.get("colour").is_none());
    assert_eq!(made.body["schemas"], json!(["urn:example:Thing", "urn:example:Extra"]));
    assert_eq!(service.find("Things", "urn:example:Extra:colour eq \"RED\"").body["totalResults"], 1);
}

#[test]
fn case_exact_decides_how_text_compares() {
    let service = with_things();
    service.send("POST", "/Things", &thing(json!({"exact": "AbC", "inexact": "AbC"}))).expect(201);
    for (filter, total) in [
        ("exact eq \"AbC\"", 1),
        ("exact eq \"abc\"", 0),
        ("inexact eq \"aBc\"", 1),
        ("exact sw \"ab\"", 0),
        ("inexact sw \"AB\"", 1),
    ] {
        assert_eq!(service.find("Things", filter).expect(200).body["totalResults"], total, "{filter}");
    }
}

#[test]
fn returned_decides_what_is_shown() {
    let service = with_things();
    let made = service.send("POST", "/Things", &thing(json!({"asked": "A", "shown": "S", "hidden": "H"}))).expect(201);
    assert!(made.body.get("asked").is_none());
    let path = format!("/Things/{}", made.id());
    let only = service.get(&format!("{path}?attributes=label,asked,hidden")).expect(200).body;
    let mut names: Vec<&String> = only.as_object().unwrap().keys().collect();
    names.sort_unstable();
    assert_eq!(names, ["asked", "id", "label", "schemas", "shown"]);
    let without = service.get(&format!("{path}?excludedAttributes=shown,id,label")).expect(200).body;
    assert!(without.get("shown").is_some() && without.get("id").is_some() && without.get("label").is_none());
}

#[test]
fn unique_attributes_of_any_schema_are_unique() {
    let service = with_things();
    service.send("POST", "/Things", &thing(json!({"serial": "1"}))).expect(201);
    service.send("POST", "/Things", &thing(json!({"serial": "1"}))).expect_error(409, "uniqueness");
    service.send("POST", "/Things", &thing(json!({"serial": "2"}))).expect(201);
    service.send("POST", "/Things", &thing(json!({}))).expect(201);
    service.send("POST", "/Things", &thing(json!({}))).expect(201);
}

#[test]
fn unknown_attributes_are_ignored_or_refused() {
    let body =
        json!({"schemas": [USER], "userName": "a", "favouriteColour": "red", "name": {"nick": "x", "givenName": "G"}});
    let made = Service::new().send("POST", "/Users", &body).expect(201);
    assert!(made.body.get("favouriteColour").is_none());
    assert_eq!(made.body["name"], json!({"givenName": "G"}));
    let mut strict = scim_core::provider::Behaviour::default();
    strict.set("unknown_attributes", "refuse").unwrap();
    Service::with(strict).send("POST", "/Users", &body).expect_error(400, "invalidSyntax");
}

/// Unknown names are dropped, but not so that a group loses its members.
#[test]
fn a_list_of_what_no_schema_knows_is_refused() {
    let service = Service::new();
    let group = |members: Value| json!({"schemas": [GROUP], "displayName": "g", "members": members});
    let made = service.send("POST", "/Groups", &group(json!([{"value": "1"}, {"value": "2", "id": "x"}]))).expect(201);
    assert_eq!(made.body["members"].as_array().map(Vec::len), Some(2));
    let path = format!("/Groups/{}", made.id());
    for members in [json!([{"displayName": "x"}]), json!([{"value": "1"}, {"id": "2"}])] {
        service.send("PUT", &path, &group(members)).expect_error(400, "invalidValue");
        assert_eq!(service.get(&path).expect(200).body["members"], made.body["members"]);
    }
    let emptied = service.send("PUT", &path, &group(json!([{}, {"value": null}]))).expect(200);
    assert!(emptied.body.get("members").is_none());
}

#[test]
fn quirks_are_tolerated_where_they_are_switched_on() {
    let body = json!({
        "schemas": [USER], "userName": "a", "active": "False", ENTERPRISE: {"manager": "26118915"},
    });
    Service::new().send("POST", "/Users", &body).expect_error(400, "invalidValue");
    let mut entra = scim_core::provider::Behaviour::default();
    entra.set("quirks", "entra").unwrap();
    let service = Service::with(entra);
    let made = service.send("POST", "/Users", &body).expect(201);
    assert_eq!(made.body["active"], Value::Bool(false));
    assert_eq!(made.body[ENTERPRISE]["manager"]["value"], "26118915");
    let patched =
        service.patch(&format!("/Users/{}", made.id()), json!([{"op": "Replace", "path": "active", "value": "True"}]));
    assert_eq!(patched.expect(200).body["active"], true);
}

#[test]
fn required_extensions_are_required() {
    let things = crate::support::things();
    let mut resource_type = things.resource_type().clone();
    resource_type.schema_extensions[0].required = Some(true);
    let kind = scim_core::provider::Kind::from_parts(resource_type, things.schemas().clone());
    let service = Service::of(scim_core::provider::Engine::new("/scim/v2").with_kinds(vec![kind]));
    service.send("POST", "/Things", &thing(json!({}))).expect_error(400, "invalidValue");
    let made = service.send("POST", "/Things", &thing(json!({"urn:example:Extra": {"colour": "red"}}))).expect(201);
    let path = format!("/Things/{}", made.id());
    service.patch(&path, json!([{"op": "remove", "path": "urn:example:Extra"}])).expect_error(400, "invalidValue");
    service.send("PUT", &path, &thing(json!({}))).expect_error(400, "invalidValue");
}
