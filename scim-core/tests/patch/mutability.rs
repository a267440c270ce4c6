//! readOnly, immutable, writeOnly, required: as a whole and part by part (RFC 7643 §7).

use scim_core::patch::PatchOptions;
use scim_core::quirk::Quirks;
use scim_core::schema::{ENTERPRISE_USER, ResourceSchemas};
use serde_json::{Value, json};

use crate::support::{apply, badges, on_thing, on_user, refused, thing, user};

#[test]
fn read_only() {
    let user = json!({"id": "1", "userName": "u", "groups": [{"value": "g"}]});
    for operation in [
        json!({"op": "replace", "path": "id", "value": "2"}),
        json!({"op": "remove", "path": "groups"}),
        json!({"op": "remove", "path": "groups[value eq \"g\"]"}),
        json!({"op": "add", "path": "meta.version", "value": "W/\"1\""}),
        json!({"op": "replace", "value": {"id": "2", "title": "t"}}),
    ] {
        refused(user.clone(), operation, "mutability");
    }
    // Inside a complex value a readOnly sub-attribute is left out.
    let held = json!({"userName": "u", "schemas": [ENTERPRISE_USER],
        ENTERPRISE_USER: {"manager": {"value": "l", "displayName": "L"}}});
    for (op, display) in [("add", json!("M")), ("add", Value::Null), ("replace", json!("M")), ("replace", Value::Null)]
    {
        let value = json!({"value": "m", "displayName": display});
        let operation = json!({"op": op, "path": format!("{ENTERPRISE_USER}:manager"), "value": value});
        let after = on_user(user.clone(), operation.clone()).unwrap();
        assert_eq!(after[ENTERPRISE_USER], json!({"manager": {"value": "m"}}), "{operation}");
        let after = on_user(held.clone(), operation.clone()).unwrap();
        assert_eq!(after[ENTERPRISE_USER], json!({"manager": {"value": "m", "displayName": "L"}}), "{operation}");
    }
}

#[test]
fn immutable() {
    let schemas = badges();
    let strict = PatchOptions::strict();
    let mut badge = json!({"name": "n"});
    let set = |value: Value| json!([{"op": "add", "path": "number", "value": value}]);
    assert!(apply(&mut badge, set(json!("1")), &schemas, &strict).unwrap().changed, "it is set once");
    assert!(!apply(&mut badge, set(json!("1")), &schemas, &strict).unwrap().changed, "the same again is no change");
    for operations in [
        set(json!("2")),
        json!([{"op": "replace", "path": "number", "value": "2"}]),
        json!([{"op": "remove", "path": "number"}]),
    ] {
        assert_eq!(apply(&mut badge, operations, &schemas, &strict).unwrap_err().scim_type().as_str(), "mutability");
    }
    let access = |rank: &str| json!([{"op": "add", "path": "access", "value": {"rank": rank, "door": "d"}}]);
    assert!(apply(&mut badge, access("1"), &schemas, &strict).unwrap().changed);
    let error = apply(&mut badge, access("2"), &schemas, &strict).unwrap_err();
    assert_eq!(error.scim_type().as_str(), "mutability");
    let error = apply(&mut badge, json!([{"op": "replace", "path": "access.rank", "value": "2"}]), &schemas, &strict);
    assert_eq!(error.unwrap_err().scim_type().as_str(), "mutability");
}

#[test]
fn write_only_and_read_write() {
    let mut badge = json!({"name": "n"});
    let operations = json!([{"op": "add", "path": "pin", "value": "1"}, {"op": "replace", "path": "pin", "value": "2"},
        {"op": "replace", "path": "name", "value": "m"}]);
    assert!(apply(&mut badge, operations, &badges(), &PatchOptions::strict()).unwrap().changed);
    assert_eq!(badge, json!({"name": "m", "pin": "2"}));
}

#[test]
fn required() {
    let mut badge = json!({"name": "n", "access": {"door": "d", "rank": "1"}});
    for operation in [json!({"op": "remove", "path": "name"}), json!({"op": "remove", "path": "access.door"})] {
        let error = apply(&mut badge, json!([operation]), &badges(), &PatchOptions::strict()).unwrap_err();
        assert_eq!(error.scim_type().as_str(), "mutability", "{operation}");
    }
    refused(user(), json!({"op": "remove", "path": "schemas"}), "mutability");
}

#[test]
fn members_are_immutable_inside_and_free_as_a_whole() {
    let group = json!({"displayName": "g", "members": [{"value": "1", "type": "User"}]});
    let schemas = ResourceSchemas::group();
    let run = |operation: Value| {
        let mut after = group.clone();
        let applied = apply(&mut after, json!([operation]), &schemas, &PatchOptions::strict());
        applied.map(|_| after).map_err(|error| error.scim_type().to_string())
    };
    let value = json!({"op": "replace", "path": "members[value eq \"1\"].value", "value": "2"});
    assert_eq!(run(value), Err("mutability".to_owned()));
    let reference = json!({"op": "add", "path": "members[value eq \"1\"].$ref", "value": "https://x/Users/1"});
    assert_eq!(run(reference).unwrap()["members"][0]["$ref"], "https://x/Users/1");
    let whole = json!({"op": "replace", "path": "members", "value": [{"value": "2"}]});
    assert_eq!(run(whole).unwrap()["members"], json!([{"value": "2"}]));
    assert_eq!(run(json!({"op": "remove", "path": "members"})).unwrap(), json!({"displayName": "g"}));
}

/// RFC 7643 §7: what is set "SHALL NOT be updated", by whatever path; the same again is no change.
#[test]
fn what_can_be_set_once_is_not_changed_from_inside() {
    let subs = json!([{"name": "value", "type": "string"}, {"name": "type", "type": "string"}]);
    let schemas = thing(&json!([
        {"name": "one", "type": "complex", "mutability": "immutable", "subAttributes": subs},
        {"name": "tags", "type": "complex", "multiValued": true, "mutability": "immutable", "subAttributes": subs},
    ]));
    let before = json!({"one": {"value": "1"}, "tags": [{"value": "1", "type": "t"}]});
    let strict = PatchOptions::strict();
    for (operation, options) in [
        (json!({"op": "replace", "path": "one", "value": {"value": "2"}}), &strict),
        (json!({"op": "replace", "value": {"one": {"value": "2"}}}), &strict),
        (json!({"op": "replace", "path": "one", "value": {"value": null}}), &strict),
        (json!({"op": "add", "path": "one", "value": {"type": "t"}}), &strict),
        (json!({"op": "add", "path": "one.type", "value": "t"}), &strict),
        (json!({"op": "remove", "path": "one.value"}), &strict),
        (json!({"op": "replace", "path": "one[value eq \"1\"].value", "value": "2"}), &strict),
        (json!({"op": "replace", "path": "tags[value eq \"1\"].type", "value": "2"}), &strict),
        (json!({"op": "replace", "path": "tags[value eq \"1\"]", "value": {"value": "2"}}), &strict),
        (json!({"op": "remove", "path": "tags[value eq \"1\"].value"}), &strict),
        (json!({"op": "remove", "path": "tags[value eq \"1\"]"}), &strict),
        (json!({"op": "add", "path": "tags", "value": [{"value": "3"}]}), &strict),
        (
            json!({"op": "replace", "path": "tags[type eq \"u\"].value", "value": "2"}),
            &PatchOptions::new(Quirks::ENTRA),
        ),
    ] {
        assert_eq!(
            on_thing(&schemas, &before, operation.clone(), options),
            Err("mutability".to_owned()),
            "{operation}"
        );
    }
    for operation in [
        json!({"op": "add", "path": "one.value", "value": "1"}),
        json!({"op": "replace", "path": "one", "value": {"value": "1"}}),
        json!({"op": "replace", "path": "tags[value eq \"1\"].type", "value": "t"}),
        json!({"op": "replace", "path": "tags[value eq \"1\"]", "value": {"value": "1", "type": "t"}}),
        json!({"op": "add", "path": "tags", "value": [{"value": "1", "type": "t"}]}),
    ] {
        assert_eq!(on_thing(&schemas, &before, operation.clone(), &strict), Ok(before.clone()), "{operation}");
    }
    for operation in [
        json!({"op": "add", "path": "one", "value": {"value": "1"}}),
        json!({"op": "add", "path": "one.value", "value": "1"}),
    ] {
        assert_eq!(on_thing(&schemas, &json!({}), operation, &strict), Ok(json!({"one": {"value": "1"}})));
    }
}

/// RFC 7644 §3.5.2.2: neither whole nor part by part.
#[test]
fn what_is_required_is_not_taken_away_part_by_part() {
    let subs = json!([{"name": "a", "type": "string"}, {"name": "b", "type": "string"}]);
    let schemas = thing(&json!([
        {"name": "one", "type": "complex", "required": true, "subAttributes": subs},
        {"name": "many", "type": "complex", "multiValued": true, "required": true, "subAttributes": subs},
    ]));
    for before in [json!({"one": {"a": "1"}, "many": [{"a": "1"}]}), json!({"one": {"a": "1"}, "many": {"a": "1"}})] {
        for (operation, refused) in [
            (json!({"op": "remove", "path": "one.a"}), "mutability"),
            (json!({"op": "remove", "path": "one"}), "mutability"),
            (json!({"op": "replace", "path": "one", "value": {"a": null}}), "invalidValue"),
            (json!({"op": "replace", "value": {"one": {"a": null}}}), "invalidValue"),
            (json!({"op": "remove", "path": "many[a eq \"1\"].a"}), "mutability"),
            (json!({"op": "remove", "path": "many[a eq \"1\"]"}), "mutability"),
            (json!({"op": "remove", "path": "many.a"}), "mutability"),
        ] {
            let done = on_thing(&schemas, &before, operation.clone(), &PatchOptions::strict());
            assert_eq!(done, Err(refused.to_owned()), "{operation}");
        }
        let operation = json!({"op": "replace", "path": "one", "value": {"a": null, "b": "2"}});
        let done = on_thing(&schemas, &before, operation, &PatchOptions::strict()).unwrap();
        assert_eq!(done["one"], json!({"b": "2"}));
    }
}
