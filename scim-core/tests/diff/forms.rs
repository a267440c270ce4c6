//! The forms of what is sent, what nothing is sent for, every pair of the corpus.

use std::fs;
use std::path::Path;

use scim_core::patch::{DiffOptions, diff};
use scim_core::quirk::Quirks;
use scim_core::schema::{ENTERPRISE_USER, ResourceSchemas};
use serde_json::{Value, json};

use crate::support::{apply, members, operations, same, schemas_with, written};

#[test]
fn members_go_and_come_in_the_forms_that_every_peer_takes() {
    let before = json!({"displayName": "g", "members": members(0..3)});
    let after = json!({"displayName": "g", "members": members(2..5)});
    let schemas = ResourceSchemas::group();
    assert_eq!(
        operations(&before, &after, &schemas, &DiffOptions::new()),
        [json!([
            {"op": "remove", "path": "members[value eq \"u0\"]"},
            {"op": "remove", "path": "members[value eq \"u1\"]"},
            {"op": "add", "path": "members", "value": [{"value": "u3"}, {"value": "u4"}]},
        ])]
    );
    assert_eq!(
        operations(&before, &after, &schemas, &DiffOptions::for_target(Quirks::AUTHENTIK)),
        [json!([
            {"op": "remove", "path": "members", "value": [{"value": "u0"}, {"value": "u1"}]},
            {"op": "add", "path": "members", "value": [{"value": "u3"}, {"value": "u4"}]},
        ])]
    );
}

#[test]
fn a_target_without_removal_by_value_gets_paths() {
    for quirks in [Quirks::STRICT, Quirks::OKTA, Quirks::ENTRA_RFC, Quirks::ONELOGIN] {
        assert_eq!(DiffOptions::for_target(quirks), DiffOptions::new(), "{quirks}");
    }
    for quirks in [Quirks::ENTRA, Quirks::AUTHENTIK, Quirks::SALESFORCE, Quirks::JUMPCLOUD, Quirks::CLOUDFLARE] {
        assert_eq!(DiffOptions::for_target(quirks), DiffOptions::new().with_removal_by_value(), "{quirks}");
    }
}

#[test]
fn what_no_patch_can_do_is_an_error() {
    let schemas = ResourceSchemas::user();
    for (before, after) in
        [(json!({"userName": "u"}), json!({})), (json!({"userName": "u"}), json!({"userName": null}))]
    {
        let error = diff(&before, &after, &schemas, &DiffOptions::new()).unwrap_err();
        assert_eq!((error.scim_type().as_str(), error.target()), ("mutability", Some("userName")));
    }
}

#[test]
fn every_pair_of_the_corpus_is_bridged() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("../testdata/corpus");
    let load = |name: &str| -> Value { serde_json::from_str(&fs::read_to_string(corpus.join(name)).unwrap()).unwrap() };
    let extensions: scim_core::message::ListResponse<scim_core::schema::Schema> =
        serde_json::from_value(load("schemas.json")).unwrap();
    let users = extensions.resources.into_iter().fold(ResourceSchemas::user(), ResourceSchemas::with_extension);
    let data = load("patch-apply.json");
    let (mut bridged, mut refused) = (0, 0);
    for case in data["cases"].as_array().unwrap() {
        let schemas = if case["resourceType"] == "Group" { ResourceSchemas::group() } else { users.clone() };
        let before = &case["before"];
        let outcomes = [&case["strict"], &case["lenient"]].into_iter().flat_map(|outcome| {
            let any = outcome["any_of"].as_array().map_or(&[][..], Vec::as_slice);
            any.iter().chain([outcome]).filter_map(|outcome| outcome.get("after"))
        });
        for after in outcomes {
            for options in [DiffOptions::new(), DiffOptions::for_target(Quirks::ENTRA).with_max_values(1)] {
                match diff(before, after, &schemas, &options) {
                    Ok(patches) => {
                        let there = apply(&patches, before, &schemas);
                        let (there, wanted) = (written(&there, &schemas), written(after, &schemas));
                        assert!(same(&there, &wanted), "{}: {patches:?}\nled to {there}\nnot to {wanted}", case["id"]);
                        bridged += 1;
                    }
                    Err(error) => {
                        assert_eq!(error.scim_type().as_str(), "mutability", "{}: {error}", case["id"]);
                        refused += 1;
                    }
                }
            }
        }
    }
    assert!(bridged > 300 && refused < 20, "{bridged} bridged, {refused} refused");
}

#[test]
fn what_can_be_set_once_is_set_whole_or_not_at_all() {
    let schemas = schemas_with(&json!([
        {"name": "list", "type": "string", "multiValued": true, "mutability": "immutable"},
        {"name": "group", "type": "complex", "multiValued": true, "mutability": "immutable", "subAttributes": [
            {"name": "value", "type": "string", "mutability": "immutable"}]},
        {"name": "one", "type": "complex", "mutability": "immutable", "subAttributes": [
            {"name": "a", "type": "string"}, {"name": "b", "type": "string"}, {"name": "ro", "type": "string", "mutability": "readOnly"}]},
        {"name": "part", "type": "complex", "subAttributes": [
            {"name": "a", "type": "string"}, {"name": "list", "type": "string", "multiValued": true, "mutability": "immutable"}]},
    ]));
    let members = json!([{"value": "a"}, {"value": "b"}]);
    for (before, after, target) in [
        (json!({}), json!({"list": ["q", "a"]}), "list"),
        (json!({}), json!({"group": members}), "group"),
        (json!({"part": {"a": "x"}}), json!({"part": {"a": "x", "list": ["q", "a"]}}), "part.list"),
    ] {
        let patches = diff(&before, &after, &schemas, &DiffOptions::new().with_max_values(2)).unwrap();
        assert!(same(&apply(&patches, &before, &schemas), &after));
        let error = diff(&before, &after, &schemas, &DiffOptions::new().with_max_values(1)).unwrap_err();
        assert_eq!((error.scim_type().as_str(), error.target()), ("invalidValue", Some(target)));
    }
    for (before, after, target) in [
        (json!({"one": {"a": "1"}}), json!({"one": {"a": "2"}}), "one"),
        (json!({"one": {"a": "1"}}), json!({"one": {"a": "1", "b": "2"}}), "one"),
        (json!({"one": {"a": "1"}}), json!({"one": {"a": "1", "x": 1}}), "one"),
        (json!({"one": {"a": "1"}}), json!({}), "one"),
        (json!({"list": ["a"]}), json!({"list": ["a", "b"]}), "list"),
        (json!({"group": [{"value": "a"}]}), json!({"group": members}), "group"),
        (json!({"group": members}), json!({}), "group"),
    ] {
        let error = diff(&before, &after, &schemas, &DiffOptions::new()).unwrap_err();
        assert_eq!((error.scim_type().as_str(), error.target()), ("mutability", Some(target)), "{after}");
    }
    let (before, after) = (json!({"one": {"a": "1", "ro": "x"}}), json!({"one": {"A": "1", "ro": "y"}}));
    assert!(diff(&before, &after, &schemas, &DiffOptions::new()).unwrap().is_empty());
}

#[test]
fn nothing_left_to_write_is_nothing_to_do() {
    let schemas = ResourceSchemas::user();
    let (plain, only_known) = (DiffOptions::new(), DiffOptions::new().with_only_known());
    for (after, options) in [
        (json!({ENTERPRISE_USER: {"manager": {"displayName": "q"}}}), plain),
        (json!({"emails": [{}]}), plain),
        (json!({"emails": [null, {"value": null}]}), plain),
        (json!({"name": {"x": 2}}), only_known),
        (json!({"emails": [{"x": 2}]}), only_known),
        (json!({"emails": {}}), plain),
    ] {
        assert!(operations(&json!({}), &after, &schemas, &options).is_empty(), "{after}");
        assert!(operations(&after, &json!({}), &schemas, &options).is_empty(), "{after}");
    }
    let lists = schemas_with(&json!([{"name": "c", "type": "complex", "subAttributes": [
        {"name": "a", "type": "string"}, {"name": "l", "type": "string", "multiValued": true}]}]));
    for (before, after) in
        [(json!({}), json!({"c": {"l": [null]}})), (json!({"c": {"a": "x"}}), json!({"c": {"a": "x", "l": [null]}}))]
    {
        assert!(operations(&before, &after, &lists, &plain).is_empty(), "{after}");
    }
    let (before, after) = (json!({"emails": [{"value": "a"}]}), json!({"emails": [{}]}));
    assert_eq!(operations(&before, &after, &schemas, &plain), [json!([{"op": "remove", "path": "emails"}])]);
}

#[test]
fn equal_elements_of_a_list_count_as_one() {
    let schemas = schemas_with(&json!([
        {"name": "nums", "type": "integer", "multiValued": true},
        {"name": "c", "type": "complex", "subAttributes": [
            {"name": "a", "type": "string"}, {"name": "l", "type": "integer", "multiValued": true}]},
    ]));
    for (old, new, expected) in [
        (json!([]), json!([1, 1]), json!([[{"op": "add", "path": "nums", "value": [1]}]])),
        (json!([1]), json!([1, 2, 2.0, 1]), json!([[{"op": "add", "path": "nums", "value": [2]}]])),
        (json!([1, 1]), json!([1]), json!([])),
        (json!([1, 1, 3]), json!([2, 1, 2]), json!([[{"op": "replace", "path": "nums", "value": [2, 1]}]])),
    ] {
        let (before, after) = (json!({"nums": old}), json!({"nums": new}));
        assert_eq!(Value::from(operations(&before, &after, &schemas, &DiffOptions::new())), expected);
    }
    // Within a sub-attribute a receiver keeps them: such a list is not cut, where the pieces would be compared.
    for (before, after) in [
        (json!({"c": {"a": "x"}}), json!({"c": {"a": "x", "l": [1, 1]}})),
        (json!({"c": {"l": [1]}}), json!({"c": {"l": [1, 1]}})),
    ] {
        let patches = diff(&before, &after, &schemas, &DiffOptions::new()).unwrap();
        assert!(same(&apply(&patches, &before, &schemas), &after));
        assert!(diff(&before, &after, &schemas, &DiffOptions::new().with_max_values(1)).is_err());
    }
    let (before, after) = (json!({"c": {"l": [9]}}), json!({"c": {"l": [1, 2, 3]}}));
    let patches = diff(&before, &after, &schemas, &DiffOptions::new().with_max_values(2)).unwrap();
    assert_eq!(apply(&patches, &before, &schemas), after);
}

#[test]
fn common_attributes_that_a_schema_lists_are_said_once() {
    let schemas = schemas_with(&json!([
        {"name": "ExternalId", "type": "string"}, {"name": "id", "type": "string", "mutability": "readWrite"},
        {"name": "schemas", "type": "reference", "multiValued": true, "required": true}, {"name": "n", "type": "string"},
    ]));
    let (before, after) = (json!({"externalId": "a", "id": "1"}), json!({"externalId": "b", "id": "2"}));
    assert_eq!(
        operations(&before, &after, &schemas, &DiffOptions::new()),
        [json!([{"op": "replace", "path": "externalId", "value": "b"}])],
        "what the RFC says of them takes precedence"
    );
}

#[test]
fn only_objects_are_compared() {
    let schemas = ResourceSchemas::group();
    let group = json!({"displayName": "g", "members": [{"value": "1"}]});
    for other in [Value::Null, json!([]), json!("g"), json!([group])] {
        for (before, after) in [(&group, &other), (&other, &group), (&other, &other)] {
            let error = diff(before, after, &schemas, &DiffOptions::new()).unwrap_err();
            assert_eq!(error.scim_type().as_str(), "invalidSyntax");
        }
    }
}

#[test]
fn a_value_of_another_kind_is_replaced_by_what_is_known() {
    let schemas = ResourceSchemas::user();
    let (before, after) = (json!({"name": "n"}), json!({"name": {"givenName": "g", "familyName": null, "x": 2}}));
    for (options, value) in [
        (DiffOptions::new().with_only_known(), json!({"givenName": "g"})),
        (DiffOptions::new(), json!({"givenName": "g", "x": 2})),
    ] {
        assert_eq!(
            operations(&before, &after, &schemas, &options),
            [json!([{"op": "replace", "path": "name", "value": value}])]
        );
    }
}

/// Plain text is the `value` of the object that belongs there.
#[test]
fn plain_text_is_the_object_that_it_stands_for() {
    let schemas = ResourceSchemas::user();
    let held = |manager: Value| json!({"userName": "u", ENTERPRISE_USER: {"manager": manager}});
    for (before, after) in [
        (json!("u1"), json!({"$ref": "x"})),
        (json!("u1"), json!({"value": "u2"})),
        (json!("u1"), json!("u2")),
        (json!({"value": "u1", "$ref": "x"}), json!({"value": "u1"})),
    ] {
        let patches = diff(&held(before.clone()), &held(after.clone()), &schemas, &DiffOptions::new()).unwrap();
        let reached = apply(&patches, &held(before.clone()), &schemas);
        let after = if after.is_string() { json!({"value": after}) } else { after };
        assert!(same(&reached[ENTERPRISE_USER]["manager"], &after), "{before} {after} {reached}");
    }
    for (before, after) in [(json!("u1"), json!({"value": "u1"})), (json!({"value": "u1"}), json!("u1"))] {
        assert_eq!(diff(&held(before), &held(after), &schemas, &DiffOptions::new()).unwrap(), []);
    }
}
