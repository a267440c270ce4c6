//! The message as a whole: all or nothing, what changed, the quirks that were used, typed resources, limits.

use scim_core::filter::attr;
use scim_core::limits::Limits;
use scim_core::message::PATCH_OP;
use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::path::PatchPath;
use scim_core::quirk::{Quirk, Quirks};
use scim_core::resource::{Group, ScimResource, User};
use scim_core::schema::{ENTERPRISE_USER, ResourceSchemas};
use serde_json::{Value, json};

use crate::support::{apply, on_user, user};

#[test]
fn all_or_nothing() {
    let before = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE_USER], "userName": "u", "Title": "t",
        "name": {"givenName": "g"}, "emails": [{"value": "a", "primary": true}, {"value": "b", "type": "work"}, {"value": "c"}],
        ENTERPRISE_USER: {"department": "d"},
    });
    let writes = [
        json!({"op": "replace", "path": "title", "value": "x"}),
        json!({"op": "remove", "path": "name.givenName"}),
        json!({"op": "add", "path": "emails", "value": [{"value": "d", "primary": true}]}),
        json!({"op": "remove", "path": "emails[value eq \"b\"]"}),
        json!({"op": "replace", "path": "emails[value eq \"c\"]", "value": {"value": "e"}}),
        json!({"op": "replace", "path": "emails.type", "value": "home"}),
        json!({"op": "remove", "path": ENTERPRISE_USER}),
        json!({"op": "add", "path": format!("{ENTERPRISE_USER}:manager"), "value": {"value": "m"}}),
        json!({"op": "replace", "value": {"displayName": "D", "active": false}}),
        json!({"op": "remove", "path": "emails"}),
    ];
    let schemas = ResourceSchemas::user();
    let mut resource = before.clone();
    for count in 0..=writes.len() {
        let mut operations = writes[..count].to_vec();
        operations.push(json!({"op": "replace", "path": "id", "value": "x"}));
        let error = apply(&mut resource, json!(operations), &schemas, &PatchOptions::strict()).unwrap_err();
        assert_eq!((error.operation(), error.target()), (Some(count), Some("id")));
        assert_eq!(resource, before, "after {count} operations");
    }
    let applied = apply(&mut resource, json!(writes), &schemas, &PatchOptions::strict()).unwrap();
    assert!(applied.changed);
    assert_eq!(resource["Title"], "x", "the spelling of the resource stays");
}

#[test]
fn no_change_is_told() {
    let user = json!({"userName": "u", "name": {"givenName": "g"}, "emails": [{"value": "a", "type": "work"}]});
    for operation in [
        json!({"op": "replace", "path": "userName", "value": "u"}),
        json!({"op": "add", "path": "emails", "value": [{"type": "work", "value": "a"}]}),
        json!({"op": "replace", "path": "name", "value": {"GivenName": "g"}}),
        json!({"op": "replace", "path": "title", "value": null}),
        json!({"op": "remove", "path": "emails[type eq \"home\"]"}),
        json!({"op": "add", "value": {"displayName": null}}),
    ] {
        let mut after = user.clone();
        let applied = apply(&mut after, json!([operation]), &ResourceSchemas::user(), &PatchOptions::strict()).unwrap();
        assert!(!applied.changed && after == user, "{operation}");
    }
}

#[test]
fn quirks_of_reading_and_of_applying_are_reported_together() {
    let operations = json!([
        {"op": "Add", "path": "active", "value": "True", "name": "activate"},
        {"op": "remove", "path": "emails", "value": [{"display": null, "value": "a"}]},
    ]);
    let mut after = user();
    let applied = apply(&mut after, operations, &ResourceSchemas::user(), &PatchOptions::lenient()).unwrap();
    let expected =
        [Quirk::OpCase, Quirk::BoolString, Quirk::UnknownSubattr, Quirk::RemoveWithValue, Quirk::NullSubattr];
    assert_eq!(applied.quirks, expected.into_iter().collect::<Quirks>());
    assert_eq!(after, json!({"userName": "u", "active": true}));
}

#[test]
fn typed_resources_take_a_patch() {
    let mut user = User::new("alice@example.com");
    let patch =
        PatchOp::new().replace(attr("active"), false).add(attr("emails"), json!([{"value": "a", "type": "work"}]));
    let strict = PatchOptions::strict();
    assert!(user.apply(&patch, &strict).unwrap().changed);
    assert_eq!((user.active, user.emails.len()), (Some(false), 1));
    assert!(!user.apply(&patch, &strict).unwrap().changed);
    let before = user.clone();
    let bad = PatchOp::new().remove(attr("emails")).replace(attr("id"), "x");
    assert_eq!(user.apply(&bad, &strict).unwrap_err().scim_type().as_str(), "mutability");
    assert_eq!(user, before);

    let mut group: Group = serde_json::from_value(json!({"displayName": "g", "members": [{"value": "1"}]})).unwrap();
    let patch = PatchOp::new().remove(PatchPath::select(attr("members"), attr("value").eq("1")));
    assert!(group.apply(&patch, &strict).unwrap().changed && group.members.is_none_or(|members| members.is_empty()));
}

#[test]
fn limits_hold() {
    let with = |limits: Limits| PatchOptions::strict().with_limits(limits);
    let schemas = ResourceSchemas::user();
    let add = json!({"op": "add", "path": "title", "value": "t"});
    let three = json!([add, add, add]);
    for (count, ok) in [(3, true), (2, false)] {
        let options = with(Limits::default().with_operations(count));
        assert_eq!(apply(&mut user(), three.clone(), &schemas, &options).is_ok(), ok);
    }
    let nested = json!([{"op": "add", "path": "emails", "value": [{"value": "a"}]}]);
    for (depth, ok) in [(2, true), (1, false)] {
        let options = with(Limits::default().with_depth(depth));
        assert_eq!(apply(&mut user(), nested.clone(), &schemas, &options).is_ok(), ok, "depth {depth}");
    }
    let path = json!([{"op": "remove", "path": "emails[type eq \"work\" and value eq \"b\"]"}]);
    for (limits, ok) in [
        (Limits::default(), true),
        (Limits::default().with_terms(1), false),
        (Limits::default().with_bytes(20), false),
        (Limits::default().with_terms(2).with_bytes(60), true),
    ] {
        assert_eq!(apply(&mut user(), path.clone(), &schemas, &with(limits)).is_ok(), ok, "{limits:?}");
    }
    for path in ["title", "name.givenName", "emails[type eq \"work\"]"] {
        let body = json!({"schemas": [PATCH_OP], "Operations": [{"op": "remove", "path": path}]});
        for (bytes, ok) in [(path.len(), true), (path.len() - 1, false)] {
            let options = with(Limits::default().with_bytes(bytes));
            assert_eq!(PatchOp::read(&body, &options).is_ok(), ok, "{bytes}: {path}");
            assert_eq!(PatchOp::from_json(body.to_string().as_bytes(), &options).is_ok(), ok, "{bytes}: {path}");
        }
    }
    let one = json!([{"op": "remove", "path": "emails[type eq \"work\"]"}]);
    assert!(apply(&mut user(), one, &schemas, &with(Limits::default().with_terms(0))).is_err());
    // A small message that writes much: its value once per element.
    let many: Vec<Value> = (0..1000).map(|i| json!({"value": format!("{i}")})).collect();
    let mut resource = json!({"userName": "u", "emails": many});
    let display = json!([{"op": "add", "path": "emails.display", "value": "x".repeat(1000)}]);
    let small = with(Limits::default().with_growth(100_000));
    let error = apply(&mut resource, display.clone(), &schemas, &small).unwrap_err();
    assert_eq!(error.scim_type().as_str(), "invalidValue");
    assert!(apply(&mut resource, display, &schemas, &PatchOptions::strict()).is_ok());
}

/// Whatever stands in the place of an extension.
#[test]
fn a_refused_message_gives_back_what_is_no_extension() {
    for held in [json!(null), json!([]), json!("text"), json!([1])] {
        let before = json!({"userName": "a", ENTERPRISE_USER: held});
        let mut user = before.clone();
        let path = format!("{ENTERPRISE_USER}:department");
        let operations = json!([{"op": "add", "path": path, "value": "x"}, {"op": "remove", "path": "userName"}]);
        apply(&mut user, operations, &ResourceSchemas::user(), &PatchOptions::strict()).unwrap_err();
        assert_eq!(user, before);
    }
}

/// RFC 7643 §2.5: null and an empty list are one state, wherever they stand.
#[test]
fn an_empty_list_is_null_inside_of_values_too() {
    let manager = json!({"userName": "u", "schemas": [ENTERPRISE_USER], ENTERPRISE_USER: {"manager": {"value": "1", "$ref": "r"}}});
    let path = format!("{ENTERPRISE_USER}:manager");
    for nothing in [json!(null), json!([])] {
        let operation = json!({"op": "replace", "path": path, "value": {"$ref": nothing}});
        let done = on_user(manager.clone(), operation).unwrap();
        assert_eq!(done[ENTERPRISE_USER]["manager"], json!({"value": "1"}));
    }
    let operation = json!({"op": "add", "path": "emails", "value": [{"value": "a", "type": []}]});
    assert_eq!(on_user(json!({}), operation), Ok(json!({"emails": [{"value": "a"}]})));
}
