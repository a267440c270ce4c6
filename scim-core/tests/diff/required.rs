//! What is required is there after each operation.

use scim_core::filter::attr;
use scim_core::message::PATCH_OP;
use scim_core::patch::{DiffOptions, PatchOp, PatchOptions, diff};
use scim_core::schema::ResourceSchemas;
use serde_json::{Value, json};

use crate::support::{apply, operations, same, schemas_with};

#[test]
fn required_members_are_never_all_away() {
    let mut group = ResourceSchemas::group().core().clone();
    for attribute in group.attributes.iter_mut().filter(|attribute| attribute.name() == "members") {
        attribute.required = Some(true);
    }
    let schemas = ResourceSchemas::new(group);
    let member = |value: &str, kind: &str| json!({"value": value, "type": kind});
    for (old, new) in [
        (vec![member("a", "x"), member("b", "x")], vec![member("b", "y"), member("c", "x"), member("d", "x")]),
        (vec![member("a", "x"), member("b", "x")], vec![member("a", "y"), member("A", "y")]),
        (vec![], vec![member("a", "x")]),
    ] {
        let (before, after) =
            (json!({"displayName": "g", "members": old}), json!({"displayName": "g", "members": new}));
        for options in [DiffOptions::new(), DiffOptions::new().with_max_operations(1)] {
            let patches = diff(&before, &after, &schemas, &options).unwrap();
            assert!(same(&apply(&patches, &before, &schemas), &after), "{patches:?}");
        }
    }
    let error = diff(&json!({"members": [{"value": "a"}]}), &json!({}), &schemas, &DiffOptions::new()).unwrap_err();
    assert_eq!((error.scim_type().as_str(), error.target()), ("mutability", Some("members")));
}

#[test]
fn an_extension_comes_with_what_it_must_have() {
    let extension = serde_json::from_value(json!({"id": "urn:example:E", "attributes": [
        {"name": "may", "type": "string"}, {"name": "must", "type": "string", "required": true},
        {"name": "list", "type": "string", "multiValued": true}]}));
    let schemas = ResourceSchemas::user().with_extension(extension.unwrap());
    let after = json!({"urn:example:E": {"may": "a", "list": ["x"], "must": "b"}});
    let messages = operations(&json!({}), &after, &schemas, &DiffOptions::new().with_max_operations(1));
    let paths: Vec<&str> = messages.iter().filter_map(|message| message[0]["path"].as_str()).collect();
    assert_eq!(paths, ["urn:example:E:must", "urn:example:E:may", "urn:example:E:list"]);
}

/// RFC 7643 §6: what a resource MUST include is there after each operation.
#[test]
fn a_required_extension_is_never_away() {
    let extension = serde_json::from_value(json!({"id": "urn:example:E", "attributes": [
        {"name": "a", "type": "string"}, {"name": "b", "type": "string"},
        {"name": "cx", "type": "complex", "subAttributes": [{"name": "p", "type": "string"}]},
        {"name": "m", "type": "complex", "multiValued": true, "subAttributes": [
            {"name": "value", "type": "string", "mutability": "immutable"}, {"name": "display", "type": "string"}]},
        {"name": "given", "type": "string", "mutability": "readOnly"}]}));
    let schemas = ResourceSchemas::user().with_required_extension(extension.unwrap());
    let holding = |extension: Value| json!({"userName": "u", "urn:example:E": extension});
    let options = DiffOptions::new().with_max_operations(1);
    let states = [json!({"a": "1"}), json!({"b": "1"}), json!({"x": 1}), json!({"b": "2", "x": 1})];
    for (before, after) in states.iter().flat_map(|a| states.iter().map(move |b| (a, b))) {
        let patches = diff(&holding(before.clone()), &holding(after.clone()), &schemas, &options).unwrap();
        assert!(same(&apply(&patches, &holding(before.clone()), &schemas)["urn:example:E"], after), "{before} {after}");
    }
    let (every, one) = (DiffOptions::new(), DiffOptions::new().with_max_operations(1));
    for options in [every, every.with_removal_by_value(), one, one.with_removal_by_value()] {
        for (before, after) in [
            (json!({"m": [{}]}), json!({"m": [{}]})),
            (json!({"m": [{"value": "1"}, {"value": "2"}]}), json!({"m": [{"value": "3"}, {"value": "4"}]})),
            (json!({"m": [{"value": "1"}]}), json!({"m": [{"value": "1", "display": "x"}]})),
            (json!({"x": 1}), json!({"y": 1})),
            (json!({"x 1": 1}), json!({"x 2": 1})),
        ] {
            let patches = diff(&holding(before.clone()), &holding(after.clone()), &schemas, &options).unwrap();
            assert!(same(&apply(&patches, &holding(before), &schemas)["urn:example:E"], &after), "{after}");
        }
    }
    let gone = json!({"userName": "u"});
    let known = options.with_only_known();
    for (after, options) in [
        (gone.clone(), &options),
        (holding(json!({"given": "g"})), &options),
        (holding(json!({"m": [{}]})), &options),
        (holding(json!({"x": null, "given": null})), &options),
        (holding(json!({"x": "1"})), &known),
    ] {
        let error = diff(&holding(json!({"a": "1"})), &after, &schemas, options).unwrap_err();
        assert_eq!((error.scim_type().as_str(), error.target()), ("mutability", Some("urn:example:E")));
    }
    let (before, after) = (holding(json!({"cx": {"p": "1"}})), holding(json!({"cx": {"x": 1}, "b": "2"})));
    let patches = diff(&before, &after, &schemas, &known).unwrap();
    assert_eq!(apply(&patches, &before, &schemas)["urn:example:E"], json!({"b": "2"}));
    let patches = diff(&holding(json!({"a": "1", "given": "g"})), &gone, &schemas, &options).unwrap();
    let after = apply(&patches, &holding(json!({"a": "1", "given": "g"})), &schemas);
    assert_eq!(after["urn:example:E"], json!({"given": "g"}));

    for operation in [
        json!({"op": "remove", "path": "urn:example:E"}),
        json!({"op": "remove", "path": "urn:example:E:a"}),
        json!({"op": "replace", "value": {"urn:example:E": null}}),
        json!({"op": "replace", "value": {"urn:example:E": []}}),
        json!({"op": "replace", "path": "urn:example:E", "value": []}),
        json!({"op": "replace", "value": {"urn:example:E": {"a": null}}}),
    ] {
        let body = json!({"schemas": [PATCH_OP], "Operations": [{"op": "add", "path": "title", "value": "t"}, operation,
            {"op": "add", "path": "nickName", "value": "n"}]});
        for options in [PatchOptions::strict(), PatchOptions::lenient()] {
            let mut user = holding(json!({"a": "1"}));
            let error = PatchOp::read(&body, &options).unwrap().apply(&mut user, &schemas, &options).unwrap_err();
            assert_eq!((error.scim_type().as_str(), error.operation()), ("mutability", Some(1)), "{operation}");
            assert_eq!(user, holding(json!({"a": "1"})));
        }
    }
    // What is not written at all stays.
    let known = DiffOptions::new().with_only_known();
    let patches = diff(&holding(json!({"a": "1", "x": 1})), &gone, &schemas, &known).unwrap();
    assert_eq!(apply(&patches, &holding(json!({"a": "1", "x": 1})), &schemas)["urn:example:E"], json!({"x": 1}));
    assert!(diff(&holding(json!({"a": "1"})), &gone, &schemas, &known).is_err());
    // In one operation another attribute may take the place of the last one; without the extension there is nothing to keep.
    let moved = json!({"schemas": [PATCH_OP], "Operations": [{"op": "replace", "value": {"urn:example:E": {"a": null, "b": "2"}}}]});
    let patch = PatchOp::read(&moved, &PatchOptions::strict()).unwrap();
    for before in [holding(json!({"a": "1"})), json!({"userName": "u"})] {
        let mut user = before;
        patch.apply(&mut user, &schemas, &PatchOptions::strict()).unwrap();
        assert_eq!(user["urn:example:E"], json!({"b": "2"}));
    }
    let mut user = gone;
    PatchOp::new().replace(attr("title"), "t").apply(&mut user, &schemas, &PatchOptions::strict()).unwrap();
    assert_eq!(user, json!({"userName": "u", "title": "t"}));
}

#[test]
fn what_is_required_is_there_after_each_operation() {
    let subs = json!([{"name": "a", "type": "string"}, {"name": "b", "type": "string"}]);
    let keyed = json!([{"name": "value", "type": "string", "mutability": "immutable"},
        {"name": "display", "type": "string"}, {"name": "primary", "type": "boolean"}]);
    let schemas = schemas_with(&json!([
        {"name": "req", "type": "complex", "required": true, "subAttributes": subs},
        {"name": "people", "type": "complex", "multiValued": true, "required": true, "subAttributes": keyed},
    ]));
    for (before, after) in [
        (json!({"req": {"a": "1"}}), json!({"req": {"b": "2"}})),
        (json!({"req": {"a": "1"}}), json!({"req": {"x": "2"}})),
        (json!({"req": {"x": "1"}}), json!({"req": {"y": "2"}})),
        (json!({"req": {"x 1": "1"}}), json!({"req": {"x 2": "2"}})),
        (json!({"people": [{"display": "x"}]}), json!({"people": [{"display": "x", "value": "1"}]})),
        (json!({"people": [{"display": "x", "primary": true}]}), json!({"people": [{"value": "1", "primary": true}]})),
        (json!({"people": [{"value": "A"}, {"value": "a"}]}), json!({"people": [{"value": "a"}]})),
        (json!({"people": [{"value": "A"}, {"value": "a"}]}), json!({"people": [{"value": "a"}, {"value": "n"}]})),
    ] {
        let patches = diff(&before, &after, &schemas, &DiffOptions::new()).unwrap();
        assert!(same(&apply(&patches, &before, &schemas), &after), "{before} {after}");
    }
    let given = schemas_with(&json!([{"name": "req", "type": "complex", "required": true, "subAttributes": [
        {"name": "a", "type": "string"}, {"name": "given", "type": "string", "mutability": "readOnly"}]}]));
    let error = diff(&json!({"req": {"a": "1"}}), &json!({"req": {"given": "x"}}), &given, &DiffOptions::new());
    assert_eq!(error.unwrap_err().scim_type().as_str(), "mutability");
    let held = json!({"req": {"a": "1", "given": "x"}});
    let patches = diff(&held, &json!({"req": {"given": "x"}}), &given, &DiffOptions::new()).unwrap();
    assert_eq!(apply(&patches, &held, &given), json!({"req": {"given": "x"}}));
    let single = schemas_with(&json!([{"name": "t", "type": "complex", "mutability": "immutable",
        "subAttributes": [{"name": "value", "type": "string"}]}]));
    let known = DiffOptions::new().with_only_known();
    let error = diff(&json!({"t": {"unknown": 1}}), &json!({"t": {"value": "1"}}), &single, &known).unwrap_err();
    assert_eq!((error.scim_type().as_str(), error.target()), ("mutability", Some("t")));
    let once = schemas_with(&json!([{"name": "t", "type": "complex", "multiValued": true, "mutability": "immutable",
        "subAttributes": [{"name": "ro", "type": "string", "mutability": "readOnly"}, {"name": "value", "type": "string"}]}]));
    let once_keyed =
        schemas_with(&json!([{"name": "t", "type": "complex", "multiValued": true, "mutability": "immutable",
        "subAttributes": [{"name": "ro", "type": "string", "mutability": "readOnly"},
            {"name": "value", "type": "string", "mutability": "immutable"}]}]));
    for (held, schemas) in
        [json!([{"ro": "x"}]), json!([{}])].into_iter().flat_map(|held| [(held.clone(), &once), (held, &once_keyed)])
    {
        let error =
            diff(&json!({"t": held}), &json!({"t": [{"value": "1"}]}), schemas, &DiffOptions::new()).unwrap_err();
        assert_eq!((error.scim_type().as_str(), error.target()), ("mutability", Some("t")));
    }
}
