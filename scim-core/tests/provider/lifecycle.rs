//! RFC 7644 §3.3, §3.5.1 and §3.6: create, read, replace, delete.

use serde_json::{Value, json};

use crate::support::{BASE, ENTERPRISE, Service, USER, thing, with_things};

#[test]
fn create_answers_201_with_location_and_meta() {
    let service = Service::new();
    let made = service.send("POST", "/Users", &json!({"schemas": [USER], "userName": "bjensen"})).expect(201);
    let id = made.id();
    let location = format!("{BASE}/Users/{id}");
    assert_eq!(made.header("location"), location);
    assert_eq!(made.header("content-location"), location);
    assert_eq!(made.header("content-type"), "application/scim+json");
    let meta = &made.body["meta"];
    assert_eq!(meta["location"], location);
    assert_eq!(meta["resourceType"], "User");
    assert_eq!(meta["created"], meta["lastModified"]);
    assert!(meta["created"].as_str().unwrap().parse::<scim_core::date::DateTime>().is_ok());
    assert_eq!(made.header("etag"), meta["version"].as_str().unwrap());

    let read = service.get(&format!("/Users/{id}")).expect(200);
    assert_eq!(read.body, made.body);
    assert_eq!(read.header("content-location"), location);
}

#[test]
fn client_cannot_choose_what_the_service_sets() {
    let service = Service::new();
    let body = json!({
        "schemas": [USER], "userName": "a", "id": "mine", "groups": [{"value": "g"}],
        "meta": {"created": "2001-01-01T00:00:00Z", "resourceType": "Pet", "version": "7"},
    });
    let made = service.send("POST", "/Users", &body).expect(201);
    assert_ne!(made.id(), "mine");
    assert!(made.body.get("groups").is_none());
    assert_eq!(made.body["meta"]["resourceType"], "User");
    assert!(!made.body["meta"]["created"].as_str().unwrap().starts_with("2001"));

    let path = format!("/Users/{}", made.id());
    let put = service.send("PUT", &path, &body).expect(200);
    assert_eq!(put.id(), made.id());
    assert_eq!(put.body["meta"]["created"], made.body["meta"]["created"]);
    assert!(put.body.get("groups").is_none());
}

#[test]
fn ids_are_stable_and_never_used_again() {
    let service = Service::new();
    let (a, b) = (service.user("a"), service.user("b"));
    assert_ne!(a, b);
    assert!(!a.to_lowercase().contains("bulkid"));
    service.delete(&format!("/Users/{a}")).expect(204);
    let again = service.user("a");
    assert!(again != a && again != b);
    service.send("PUT", &format!("/Users/{b}"), &json!({"schemas": [USER], "userName": "c"})).expect(200);
    assert_eq!(service.get(&format!("/Users/{b}")).expect(200).id(), b);
}

#[test]
fn external_id_is_the_clients_alone() {
    let service = Service::new();
    let user = service.user("a");
    assert!(service.get(&format!("/Users/{user}")).body.get("externalId").is_none());
    let body = json!({"schemas": [USER], "userName": "b", "externalId": "X1"});
    assert_eq!(service.send("POST", "/Users", &body).expect(201).body["externalId"], "X1");
    assert_eq!(service.find("Users", "externalId eq \"X1\"").body["totalResults"], 1);
    assert_eq!(service.find("Users", "externalId eq \"x1\"").body["totalResults"], 0);
}

#[test]
fn a_taken_user_name_is_409_uniqueness() {
    let service = Service::new();
    let a = service.user("Alice");
    let b = service.user("bob");
    let named = |name: &str| json!({"schemas": [USER], "userName": name});
    service.send("POST", "/Users", &named("aLICE")).expect_error(409, "uniqueness");
    service.send("PUT", &format!("/Users/{b}"), &named("alice")).expect_error(409, "uniqueness");
    let rename = json!([{"op": "replace", "path": "userName", "value": "ALICE"}]);
    service.patch(&format!("/Users/{b}"), rename.clone()).expect_error(409, "uniqueness");
    // Another case of one's own name is one's own.
    service.patch(&format!("/Users/{a}"), rename.clone()).expect(200);
    service.delete(&format!("/Users/{a}")).expect(204);
    service.patch(&format!("/Users/{b}"), rename).expect(200);
    service.user("bob");
}

#[test]
fn required_attributes_are_required() {
    let service = Service::new();
    let id = service.user("a");
    for bad in [
        json!({"schemas": [USER]}),
        json!({"schemas": [USER], "userName": ""}),
        json!({"schemas": [USER], "userName": null}),
    ] {
        service.send("POST", "/Users", &bad).expect_error(400, "invalidValue");
        service.send("PUT", &format!("/Users/{id}"), &bad).expect_error(400, "invalidValue");
    }
    service.send("POST", "/Groups", &json!({"schemas": [crate::support::GROUP]})).expect_error(400, "invalidValue");
}

#[test]
fn put_replaces_and_never_creates() {
    let service = Service::new();
    let body = json!({
        "schemas": [USER, ENTERPRISE], "userName": "a", "title": "T", "emails": [{"value": "a@x"}],
        ENTERPRISE: {"department": "D"},
    });
    let id = service.send("POST", "/Users", &body).expect(201).id();
    let path = format!("/Users/{id}");
    let put = service.send("PUT", &path, &json!({"schemas": [USER], "userName": "b", "nickName": "N"})).expect(200);
    assert_eq!((&put.body["userName"], &put.body["nickName"]), (&json!("b"), &json!("N")));
    for gone in ["title", "emails", ENTERPRISE] {
        assert!(put.body.get(gone).is_none(), "{gone}");
    }
    assert_eq!(put.body["schemas"], json!([USER]));
    assert_eq!(service.get(&path).body, put.body);
    service.send("PUT", "/Users/nobody", &json!({"schemas": [USER], "userName": "z"})).expect(404);
    service.send("PUT", "/Users", &json!({"schemas": [USER], "userName": "z"})).expect(405);
}

#[test]
fn put_without_a_change_changes_nothing() {
    let service = Service::new();
    let body = json!({"schemas": [USER], "userName": "a", "name": {"familyName": "F"}});
    let made = service.send("POST", "/Users", &body).expect(201);
    let put = service.send("PUT", &format!("/Users/{}", made.id()), &body).expect(200);
    assert_eq!(put.body, made.body);
}

#[test]
fn immutable_attributes_stay() {
    let service = with_things();
    let made = service.send("POST", "/Things", &thing(json!({"fixed": "once"}))).expect(201);
    assert_eq!(made.body["fixed"], "once");
    let path = format!("/Things/{}", made.id());
    service.send("PUT", &path, &thing(json!({"fixed": "twice"}))).expect_error(400, "mutability");
    service.patch(&path, json!([{"op": "replace", "path": "fixed", "value": "twice"}])).expect_error(400, "mutability");
    assert_eq!(
        service.send("PUT", &path, &thing(json!({"fixed": "once", "label": "y"}))).expect(200).body["fixed"],
        "once"
    );
    assert_eq!(service.send("PUT", &path, &thing(json!({}))).expect(200).body["fixed"], "once");
}

#[test]
fn what_is_deleted_is_gone() {
    let service = Service::new();
    let id = service.user("a");
    let path = format!("/Users/{id}");
    let deleted = service.delete(&path).expect(204);
    assert!(deleted.body.is_null() && deleted.headers.get("content-type").is_none());
    service.get(&path).expect(404);
    service.delete(&path).expect(404);
    service.send("PUT", &path, &json!({"schemas": [USER], "userName": "a"})).expect(404);
    service.patch(&path, json!([{"op": "replace", "path": "title", "value": "x"}])).expect(404);
    assert_eq!(service.get("/Users").body["totalResults"], 0);
    assert_eq!(service.find("Users", "userName eq \"a\"").body["totalResults"], 0);
}

#[test]
fn passwords_go_in_and_never_come_out() {
    let service = Service::new();
    let body = json!({"schemas": [USER], "userName": "a", "password": "t1meMa$heen"});
    let made = service.send("POST", "/Users", &body).expect(201);
    let path = format!("/Users/{}", made.id());
    let answers = [
        made,
        service.get(&format!("{path}?attributes=password,userName")).expect(200),
        service.get("/Users?attributes=password").expect(200),
        service.patch(&path, json!([{"op": "replace", "path": "password", "value": "t1meMa$heen2"}])).expect(200),
        service.send("PUT", &path, &body).expect(200),
    ];
    for answer in answers {
        assert!(!answer.body.to_string().contains("t1meMa"), "{}", answer.body);
        assert!(!answer.body.to_string().contains("password"), "{}", answer.body);
    }
    service.find("Users", "password sw \"t\"").expect_error(403, "sensitive");
    assert!(!format!("{:?}", service.provider).contains("t1meMa"));
}

#[test]
fn write_only_attributes_are_kept_and_never_shown() {
    let service = with_things();
    let made = service.send("POST", "/Things", &thing(json!({"secret": "s3", "hidden": "h3"}))).expect(201);
    for path in [format!("/Things/{}", made.id()), format!("/Things/{}?attributes=secret,hidden", made.id())] {
        let read = service.get(&path).expect(200).body.to_string();
        assert!(!read.contains("s3") && !read.contains("h3"), "{read}");
    }
    service.find("Things", "secret eq \"s3\"").expect_error(403, "sensitive");
    service.find("Things", "hidden pr").expect_error(403, "sensitive");
}

#[test]
fn attribute_names_fold_case_and_stand_once() {
    let service = Service::new();
    let made = service.raw(
        "POST",
        "/Users",
        &[],
        format!(r#"{{"SCHEMAS":["{USER}"],"USERNAME":"a","Name":{{"FAMILYNAME":"F"}}}}"#).as_bytes(),
    );
    let made = made.expect(201);
    assert_eq!((&made.body["userName"], &made.body["name"]["familyName"]), (&json!("a"), &json!("F")));
    let twice = format!(r#"{{"schemas":["{USER}"],"userName":"b","active":true,"Active":false}}"#);
    service.raw("POST", "/Users", &[], twice.as_bytes()).expect_error(400, "invalidSyntax");
}

#[test]
fn bodies_that_are_no_resources_are_refused() {
    let service = Service::new();
    for broken in ["", "{", "[]", "\"x\"", "null", "{\"a\":1}x"] {
        service.raw("POST", "/Users", &[], broken.as_bytes()).expect_error(400, "invalidSyntax");
    }
    service.raw("POST", "/Users", &[("content-type", "text/plain")], b"{}").expect(415);
    service.raw("POST", "/Users", &[("content-type", "application/json; charset=latin1")], b"{}").expect(415);
    let body = serde_json::to_vec(&json!({"schemas": [USER], "userName": "a"})).unwrap();
    service.raw("POST", "/Users", &[("content-type", "application/json; charset=UTF-8")], &body).expect(201);
}

#[test]
fn unicode_goes_in_and_out_as_it_is() {
    let service = Service::new();
    let name = "Ünïcødé 日本 \u{1F600} \\ \" /";
    let body = json!({"schemas": [USER], "userName": name});
    let made = service.send("POST", "/Users", &body).expect(201);
    assert_eq!(made.body["userName"], name);
    let filter = format!("userName eq {}", Value::from(name));
    assert_eq!(service.find("Users", &filter).body["totalResults"], 1);
}
