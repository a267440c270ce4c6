//! RFC 7644 §3.5.2 over HTTP. What each operation does to a resource is the language's to test; here is
//! what becomes of it on the way in and out.

use scim_core::provider::Behaviour;
use serde_json::{Value, json};

use crate::support::{ENTERPRISE, PATCH_OP, Service, USER};

fn with_user() -> (Service, String, Value) {
    let service = Service::new();
    let body = json!({
        "schemas": [USER, ENTERPRISE], "userName": "a", "title": "T", "active": true,
        "name": {"givenName": "G", "familyName": "F"},
        "emails": [{"value": "w@x", "type": "work", "primary": true}, {"value": "h@x", "type": "home"}],
        ENTERPRISE: {"department": "D", "division": "V"},
    });
    let made = service.send("POST", "/Users", &body).expect(201);
    let path = format!("/Users/{}", made.id());
    (service, path, made.body)
}

#[test]
fn operations_change_the_resource_that_is_answered_and_kept() {
    let (service, path, _) = with_user();
    let patched = service.patch(
        &path,
        json!([
            {"op": "add", "path": "nickName", "value": "N"},
            {"op": "add", "path": "name", "value": {"middleName": "M"}},
            {"op": "replace", "path": "emails[type eq \"work\"].value", "value": "new@x"},
            {"op": "remove", "path": "title"},
            {"op": "remove", "path": "emails[type eq \"home\"]"},
            {"op": "replace", "path": format!("{ENTERPRISE}:department"), "value": "E"},
            {"op": "replace", "value": {"displayName": "Dis", "locale": "de"}},
        ]),
    );
    let body = patched.expect(200).body;
    assert_eq!(body["nickName"], "N");
    assert_eq!(body["name"], json!({"givenName": "G", "middleName": "M", "familyName": "F"}));
    assert_eq!(body["emails"], json!([{"value": "new@x", "type": "work", "primary": true}]));
    assert!(body.get("title").is_none());
    assert_eq!(body[ENTERPRISE], json!({"department": "E", "division": "V"}));
    assert_eq!((&body["displayName"], &body["locale"]), (&json!("Dis"), &json!("de")));
    assert_eq!(service.get(&path).expect(200).body, body);
}

#[test]
fn removing_all_values_unassigns() {
    let (service, path, _) = with_user();
    let body = service.patch(
        &path,
        json!([
            {"op": "remove", "path": "emails"}, {"op": "remove", "path": "name"}, {"op": "remove", "path": ENTERPRISE},
        ]),
    );
    let body = body.expect(200).body;
    assert!(["emails", "name", ENTERPRISE].iter().all(|name| body.get(*name).is_none()), "{body}");
    assert_eq!(body["schemas"], json!([USER]));
}

#[test]
fn one_error_and_nothing_is_done() {
    let (service, path, before) = with_user();
    for (bad, scim_type) in [
        (json!({"op": "remove", "path": "userName"}), "mutability"),
        (json!({"op": "replace", "path": "id", "value": "x"}), "mutability"),
        (json!({"op": "replace", "path": "meta.created", "value": "2011-05-13T04:42:34Z"}), "mutability"),
        (json!({"op": "replace", "path": "emails[type eq \"other\"].value", "value": "x"}), "noTarget"),
        (json!({"op": "remove"}), "noTarget"),
        (json!({"op": "add", "path": "active", "value": "yes"}), "invalidValue"),
        (json!({"op": "add", "path": "title"}), "invalidValue"),
        (json!({"op": "add", "path": "/emails", "value": "x"}), "invalidPath"),
        (json!({"op": "add", "path": "emails[type", "value": "x"}), "invalidFilter"),
        (json!({"op": "replace", "path": "name", "value": "x"}), "invalidValue"),
    ] {
        let operations = json!([{"op": "replace", "path": "title", "value": "changed"}, bad]);
        let answer = service.patch(&path, operations);
        assert_eq!((answer.status, &answer.body["scimType"]), (400, &json!(scim_type)), "{bad}: {}", answer.body);
        assert_eq!(service.get(&path).body, before, "{bad}");
    }
    let unknown = service.patch(&path, json!([{"op": "add", "path": "nosuch", "value": 1}]));
    assert_eq!(unknown.status, 400);
}

#[test]
fn messages_are_read_by_the_letter() {
    let (service, path, before) = with_user();
    let operation = json!({"op": "replace", "path": "title", "value": "x"});
    for bad in [
        json!({"Operations": [operation]}),
        json!({"schemas": [USER], "Operations": [operation]}),
        json!({"schemas": [PATCH_OP]}),
        json!({"schemas": [PATCH_OP], "Operations": []}),
        json!({"schemas": [PATCH_OP], "Operations": operation}),
        json!({"schemas": [PATCH_OP], "Operations": [{"path": "title", "value": "x"}]}),
        json!({"schemas": [PATCH_OP], "Operations": [{"op": "update", "path": "title", "value": "x"}]}),
        json!([operation]),
    ] {
        service.send("PATCH", &path, &bad).expect_error(400, "invalidSyntax");
    }
    assert_eq!(service.get(&path).body, before);
}

#[test]
fn message_schemas_can_be_optional() {
    let mut behaviour = Behaviour::default();
    behaviour.set("message_schemas", "optional").unwrap();
    let service = Service::with(behaviour);
    let path = format!("/Users/{}", service.user("a"));
    let body = json!({"Operations": [{"op": "replace", "path": "title", "value": "x"}]});
    assert_eq!(service.send("PATCH", &path, &body).expect(200).body["title"], "x");
    // Still strict in everything else.
    let body = json!({"Operations": [{"op": "Replace", "path": "title", "value": "y"}]});
    service.send("PATCH", &path, &body).expect_error(400, "invalidSyntax");
}

#[test]
fn no_change_moves_no_version() {
    let (service, path, before) = with_user();
    for nothing in [
        json!({"op": "replace", "path": "title", "value": "T"}),
        json!({"op": "add", "path": "emails", "value": [{"type": "home", "value": "h@x"}]}),
        json!({"op": "remove", "path": "nickName"}),
        json!({"op": "remove", "path": "emails[type eq \"other\"]"}),
        json!({"op": "replace", "value": {"name": {"familyName": "F"}}}),
    ] {
        assert_eq!(service.patch(&path, json!([nothing])).expect(200).body, before, "{nothing}");
    }
}

#[test]
fn the_answer_can_be_204() {
    let mut behaviour = Behaviour::default();
    behaviour.set("patch_answer", "no_content").unwrap();
    let service = Service::with(behaviour);
    let path = format!("/Users/{}", service.user("a"));
    let operations = json!([{"op": "replace", "path": "title", "value": "x"}]);
    let answer = service.patch(&path, operations.clone()).expect(204);
    assert!(answer.body.is_null());
    assert_eq!(answer.header("etag"), service.get(&path).header("etag"));
    // RFC 7644 §3.5.2: 200 if the client asks for attributes.
    let answer = service.patch(&format!("{path}?attributes=title"), operations).expect(200);
    assert_eq!(answer.body["title"], "x");
    assert!(answer.body.get("userName").is_none());
}

#[test]
fn an_extension_may_repeat_its_schemas() {
    let (service, path, _) = with_user();
    let value = json!({"schemas": [ENTERPRISE], "department": "Z"});
    let patched = service.patch(&path, json!([{"op": "add", "path": ENTERPRISE, "value": value}])).expect(200);
    assert_eq!(patched.body[ENTERPRISE]["department"], "Z");
}
