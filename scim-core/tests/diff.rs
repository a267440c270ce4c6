//! From two states to the PATCH between them: the forms, the limits, what no schema knows, every pair of the corpus.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use std::fs;
use std::path::Path;

use scim_core::filter::attr;
use scim_core::message::PATCH_OP;
use scim_core::patch::{DiffOptions, PatchOp, PatchOptions, diff};
use scim_core::quirk::{Quirk, Quirks};
use scim_core::schema::{ENTERPRISE_USER, ResourceSchemas};
use serde_json::{Map, Value, json};

fn operations(before: &Value, after: &Value, schemas: &ResourceSchemas, options: &DiffOptions) -> Vec<Value> {
    let patches = diff(before, after, schemas, options).unwrap();
    patches.iter().map(|patch| serde_json::to_value(patch).unwrap()["Operations"].clone()).collect()
}

/// Applies all messages as their receiver would, who keeps what it does not know.
fn apply(patches: &[PatchOp], before: &Value, schemas: &ResourceSchemas) -> Value {
    let options = PatchOptions::new(Quirks::STRICT.with(Quirk::RemoveWithValue)).with_unknown_attributes();
    let mut resource = before.clone();
    for patch in patches {
        let body = serde_json::to_vec(patch).unwrap();
        PatchOp::from_json(&body, &options).unwrap().apply(&mut resource, schemas, &options).unwrap();
    }
    resource
}

fn members(range: std::ops::Range<usize>) -> Value {
    range.map(|i| json!({"value": format!("u{i}")})).collect()
}

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
fn what_no_schema_knows_is_carried() {
    let before = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:example:old:2.0:User"],
        "userName": "u", "badge": {"no": 1}, "name": {"givenName": "A", "nick": "a"}, "gone": true,
        "urn:example:old:2.0:User": {"x": 1},
        ENTERPRISE_USER: {"department": "d", "floor": 3},
    });
    let after = json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", ENTERPRISE_USER, "urn:example:new:2.0:User"],
        "userName": "u", "badge": {"no": 2}, "name": {"givenName": "A", "nick": "b"},
        "two words": "w",
        "urn:example:new:2.0:User": {"y": [1, 2]},
        ENTERPRISE_USER: {"department": "d"},
    });
    let schemas = ResourceSchemas::user();
    assert_eq!(
        operations(&before, &after, &schemas, &DiffOptions::new()),
        [json!([
            {"op": "replace", "path": "name.nick", "value": "b"},
            {"op": "remove", "path": format!("{ENTERPRISE_USER}:floor")},
            {"op": "replace", "path": "badge", "value": {"no": 2}},
            {"op": "remove", "path": "gone"},
            {"op": "remove", "path": "urn:example:old:2.0:User"},
            {"op": "add", "value": {"two words": "w"}},
            {"op": "add", "path": "urn:example:new:2.0:User", "value": {"y": [1, 2]}},
            {"op": "add", "path": "schemas", "value": ["urn:example:new:2.0:User"]},
            {"op": "remove", "path": "schemas[value eq \"urn:example:old:2.0:User\"]"},
        ])]
    );
    let there = apply(&diff(&before, &after, &schemas, &DiffOptions::new()).unwrap(), &before, &schemas);
    assert!(same(&there, &after), "{there}");
    assert!(operations(&before, &after, &schemas, &DiffOptions::new().with_only_known()).is_empty());
}

#[test]
fn unknown_attributes_are_written_only_where_asked_for() {
    let patch = PatchOp::new().replace_all(json!({"badge": 1}));
    let mut user = json!({"userName": "u"});
    let schemas = ResourceSchemas::user();
    let strict = patch.apply(&mut user, &schemas, &PatchOptions::strict()).unwrap_err();
    assert_eq!(strict.scim_type().as_str(), "invalidPath");
    let lenient = patch.apply(&mut user, &schemas, &PatchOptions::lenient()).unwrap();
    assert!(!lenient.changed && lenient.quirks.contains(Quirk::UnknownSubattr));
    for options in [PatchOptions::strict(), PatchOptions::lenient()] {
        let mut user = user.clone();
        let open = patch.apply(&mut user, &schemas, &options.with_unknown_attributes()).unwrap();
        assert!(open.changed && open.quirks.is_empty());
        assert_eq!(user, json!({"userName": "u", "badge": 1}));
    }
}

#[test]
fn no_patch_can_say_some_names() {
    for name in ["a[b]", "name.familyName", "urn:ietf:params:scim:schemas:core:2.0:User:title"] {
        let error = diff(&json!({}), &json!({name: 1}), &ResourceSchemas::user(), &DiffOptions::new()).unwrap_err();
        assert_eq!(error.scim_type().as_str(), "invalidPath", "{name}");
        assert_eq!(error.target(), Some(name));
    }
}

#[test]
fn messages_hold_no_more_than_asked_for() {
    let schemas = ResourceSchemas::group();
    let before = json!({"displayName": "a", "members": members(0..60)});
    let after = json!({"displayName": "b", "members": members(30..200)});
    for base in [DiffOptions::new(), DiffOptions::new().with_removal_by_value()] {
        for (options, operations, values, bytes) in [
            (base, usize::MAX, usize::MAX, usize::MAX),
            (base.with_max_operations(20), 20, usize::MAX, usize::MAX),
            (base.with_max_values(7), usize::MAX, 7, usize::MAX),
            (base.with_max_bytes(500), usize::MAX, usize::MAX, 500),
            (base.with_max_bytes(160).with_max_values(3).with_max_operations(2), 2, 3, 160),
        ] {
            let patches = diff(&before, &after, &schemas, &options).unwrap();
            for patch in &patches {
                let lists = patch.operations.iter().filter_map(|o| o.value.as_ref()?.as_array());
                assert!(patch.operations.len() <= operations);
                assert!(lists.map(Vec::len).sum::<usize>() <= values);
                assert!(serde_json::to_vec(patch).unwrap().len() <= bytes, "{patch:?}");
            }
            assert!(same(&apply(&patches, &before, &schemas), &after));
        }
    }
    // A list that must be replaced comes in pieces too.
    let emails = |kind: &str| (0..20).map(|i| json!({"value": format!("{i}@x"), "type": kind})).collect::<Value>();
    let (before, after) = (json!({"emails": emails("work")}), json!({"emails": emails("home")}));
    let patches = diff(&before, &after, &ResourceSchemas::user(), &DiffOptions::new().with_max_bytes(300)).unwrap();
    assert!(patches.len() > 1 && patches.iter().all(|patch| serde_json::to_vec(patch).unwrap().len() <= 300));
    assert!(same(&apply(&patches, &before, &ResourceSchemas::user()), &after));

    let long = json!({"displayName": "n".repeat(500)});
    let error =
        diff(&json!({"displayName": "a"}), &long, &schemas, &DiffOptions::new().with_max_bytes(300)).unwrap_err();
    assert_eq!((error.scim_type().as_str(), error.target()), ("invalidValue", Some("displayName")));
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

/// What a client can change about a resource, as SCIM compares it: without readOnly parts, names folded, absent alike.
fn written(value: &Value, schemas: &ResourceSchemas) -> Value {
    let mut value = value.clone();
    let map = value.as_object_mut().unwrap();
    let known = |attribute: &scim_core::schema::Attribute| attribute.is_read_only();
    map.retain(|name, _| name != "schemas" && !schemas.attribute(name).is_some_and(known));
    for (name, value) in map.iter_mut() {
        let Some(attribute) = schemas.attribute(name) else { continue };
        let strip = |element: &mut Value| {
            if let Some(element) = element.as_object_mut() {
                element.retain(|name, _| !attribute.sub_attribute(name).is_some_and(known));
            }
        };
        match value {
            Value::Array(list) => list.iter_mut().for_each(strip),
            single => strip(single),
        }
    }
    if let Some(manager) = value.pointer_mut(&format!("/{ENTERPRISE_USER}/manager")).and_then(Value::as_object_mut) {
        manager.remove("displayName");
    }
    value
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(list) => list.iter().all(is_empty),
        Value::Object(map) => map.values().all(is_empty),
        _ => false,
    }
}

fn same(a: &Value, b: &Value) -> bool {
    fn held(map: &Map<String, Value>) -> Vec<(String, &Value)> {
        let members = map.iter().filter(|(_, value)| !is_empty(value));
        let mut members: Vec<_> = members.map(|(name, value)| (name.to_ascii_lowercase(), value)).collect();
        members.sort_by(|a, b| a.0.cmp(&b.0));
        members
    }
    match (a, b) {
        (Value::Object(a), Value::Object(b)) => {
            let (a, b) = (held(a), held(b));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && same(a.1, b.1))
        }
        (Value::Array(a), Value::Array(b)) => {
            let mut left: Vec<&Value> = b.iter().filter(|value| !is_empty(value)).collect();
            let mut takes = |a: &Value| left.iter().position(|b| same(a, b)).map(|at| left.swap_remove(at)).is_some();
            a.iter().filter(|value| !is_empty(value)).all(&mut takes) && left.is_empty()
        }
        (Value::Number(a), Value::Number(b)) => a.as_f64() == b.as_f64(),
        (a, b) => a == b || (is_empty(a) && is_empty(b)),
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

/// What the resource is after each message, as its receiver has it.
fn states(patches: &[PatchOp], before: &Value, schemas: &ResourceSchemas) -> Vec<Value> {
    let mut now = before.clone();
    let step = |patch| {
        now = apply(std::slice::from_ref(patch), &now, schemas);
        now.clone()
    };
    patches.iter().map(step).collect()
}

fn group(range: std::ops::Range<usize>, more: &[Value]) -> Value {
    let members = members(range);
    let members: Vec<&Value> = members.as_array().unwrap().iter().chain(more).collect();
    json!({"displayName": "g", "members": members})
}

#[test]
fn an_odd_member_leaves_the_others_where_they_are() {
    let schemas = ResourceSchemas::group();
    let (ghost, number, again) = (json!({"display": "ghost"}), json!({"value": 7}), json!({"value": "u7"}));
    let nameless = json!({"nick": "n"});
    let cases: [(&[&Value], &[&Value], bool); 11] = [
        (&[&ghost], &[&ghost], true),
        (&[&ghost], &[], true),
        (&[], &[&ghost], true),
        (&[&again], &[&again], true),
        (&[&again], &[], true),
        (&[], &[&again], true),
        (&[&number], &[&number], true),
        (&[&ghost, &number, &again], &[&number, &ghost], true),
        (&[&number], &[], true),
        (&[&nameless], &[&nameless], true),
        (&[&nameless], &[], false),
    ];
    let owned = |list: &[&Value]| list.iter().map(|&v| v.clone()).collect::<Vec<_>>();
    for (old, new, possible) in cases {
        let (before, after) = (group(0..200, &owned(old)), group(1..201, &owned(new)));
        let plain = DiffOptions::new();
        for options in [plain, plain.with_max_values(20), plain.with_max_operations(1), plain.with_max_bytes(200)] {
            for options in [options, options.with_removal_by_value()] {
                let patches = match diff(&before, &after, &schemas, &options) {
                    Ok(patches) => patches,
                    Err(error) => {
                        assert!(!possible && error.scim_type().as_str() == "invalidValue", "{error}");
                        assert_eq!(error.target(), Some("members"));
                        continue;
                    }
                };
                let operations: usize = patches.iter().map(|patch| patch.operations.len()).sum();
                assert!(possible && operations <= 3, "{old:?} {new:?}: {patches:?}");
                for state in states(&patches, &before, &schemas) {
                    let keys: Vec<&str> =
                        state["members"].as_array().unwrap().iter().filter_map(|m| m["value"].as_str()).collect();
                    assert!((1..200).all(|i| keys.contains(&format!("u{i}").as_str())), "{patches:?}");
                }
                let there = apply(&patches, &before, &schemas);
                assert!(diff(&there, &after, &schemas, &options).unwrap().is_empty(), "{there}");
            }
        }
    }
}

#[test]
fn members_of_one_value_count_as_one() {
    let schemas = ResourceSchemas::group();
    let group = |keys: &[&str]| {
        let members: Vec<Value> = keys.iter().map(|key| json!({"value": key})).collect();
        json!({"displayName": "g", "members": members})
    };
    for (old, new, expected) in [
        (&["1", "1"][..], &["1"][..], json!([])),
        (&["1"], &["1", "1"], json!([])),
        (&["1", "1", "2"], &["1", "1"], json!([{"op": "remove", "path": "members[value eq \"2\"]"}])),
        (&[], &["1", "1"], json!([{"op": "add", "path": "members", "value": [{"value": "1"}]}])),
        (&["2"], &["2", "1", "1"], json!([{"op": "add", "path": "members", "value": [{"value": "1"}]}])),
    ] {
        let messages = operations(&group(old), &group(new), &schemas, &DiffOptions::new());
        assert_eq!(messages.into_iter().next().unwrap_or_else(|| json!([])), expected, "{old:?} {new:?}");
    }
}

#[test]
fn a_member_without_value_goes_by_what_it_says_if_that_selects_it_alone() {
    let schemas = ResourceSchemas::group();
    let ghost = json!({"display": "gh\"ost", "type": "User"});
    let path = "members[display eq \"gh\\\"ost\" and type eq \"User\"]";
    for options in [DiffOptions::new(), DiffOptions::new().with_removal_by_value()] {
        assert_eq!(
            operations(&group(0..2, std::slice::from_ref(&ghost)), &group(0..2, &[]), &schemas, &options),
            [json!([{"op": "remove", "path": path}])]
        );
    }
    // Two that say the same go by one filter: the second would find nobody.
    let shout = json!({"display": "GH\"OST", "type": "User"});
    let before = group(0..2, &[ghost.clone(), shout]);
    assert_eq!(
        operations(&before, &group(0..2, &[]), &schemas, &DiffOptions::new()),
        [json!([{"op": "remove", "path": path}])]
    );
    // One that says more goes as well, or stays.
    let more = json!({"value": "x", "display": "GH\"OST", "type": "User"});
    let (before, after) = (group(0..2, &[ghost.clone(), more.clone()]), group(0..2, &[]));
    let patches = diff(&before, &after, &schemas, &DiffOptions::new()).unwrap();
    assert!(same(&apply(&patches, &before, &schemas), &after));
    let error = diff(&before, &group(0..2, &[more]), &schemas, &DiffOptions::new()).unwrap_err();
    assert_eq!((error.scim_type().as_str(), error.target()), ("invalidValue", Some("members")));
    assert!(error.to_string().contains("value 3"), "{error}");
}

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
fn what_no_schema_knows_is_never_cut() {
    let schemas = ResourceSchemas::user();
    let long: Vec<String> = (0..40).map(|i| format!("value {i}")).collect();
    for (before, after, target) in [
        (json!({"unk": [9]}), json!({"unk": long}), "unk"),
        (json!({}), json!({"unk": long}), "unk"),
        (json!({}), json!({"urn:example:x": long}), "urn:example:x"),
        (json!({}), json!({ENTERPRISE_USER: {"unk": long}}), &format!("{ENTERPRISE_USER}:unk")),
        (json!({"name": {"givenName": "g"}}), json!({"name": {"givenName": "g", "unk": long}}), "name.unk"),
    ] {
        for options in [DiffOptions::new().with_max_values(39), DiffOptions::new().with_max_bytes(300)] {
            let error = diff(&before, &after, &schemas, &options).unwrap_err();
            assert_eq!((error.scim_type().as_str(), error.target()), ("invalidValue", Some(target)));
            let why = error.to_string();
            assert!(
                why.contains("no message of 39 values can hold its 40") || why.contains("no message of 300 bytes"),
                "{why}"
            );
        }
        for options in [DiffOptions::new().with_max_values(40), DiffOptions::new().with_max_bytes(2000)] {
            let patches = diff(&before, &after, &schemas, &options).unwrap();
            assert!(same(&written(&apply(&patches, &before, &schemas), &schemas), &after));
        }
    }
    // Under a schema lists come in pieces, each of which lands.
    let list = |range: std::ops::Range<usize>| range.map(|i| json!({"value": format!("{i}")})).collect::<Value>();
    let (before, after) = (json!({"emails": list(0..3)}), json!({"emails": list(2..9)}));
    let patches = diff(&before, &after, &schemas, &DiffOptions::new().with_max_values(2)).unwrap();
    assert!(patches.len() == 4 && same(&apply(&patches, &before, &schemas), &after));
}

#[test]
fn a_list_is_not_emptied_by_what_no_schema_knows() {
    let only_known = DiffOptions::new().with_only_known();
    let (users, groups) = (ResourceSchemas::user(), ResourceSchemas::group());
    let two = json!([{"value": "1"}, {"value": "2"}]);
    for (schemas, before, after, target) in [
        (&groups, json!({"members": two}), json!({"members": [{"displayName": "x"}]}), "members"),
        (&groups, json!({"members": two}), json!({"members": [{"value": "2"}, {"displayName": "x"}]}), "members"),
        (&users, json!({"emails": two}), json!({"emails": [{"x": 2}]}), "emails"),
        (&users, json!({"emails": two}), json!({"emails": [{"value": "2"}, {"x": 2}]}), "emails"),
        (&users, json!({"name": "n"}), json!({"name": {"x": 2}}), "name"),
    ] {
        let error = diff(&before, &after, schemas, &only_known).unwrap_err();
        assert_eq!((error.scim_type().as_str(), error.target()), ("invalidValue", Some(target)));
    }
    // What takes nothing away may leave it out, and one that was there before stays.
    let odd = json!({"displayName": "x"});
    for (before, after, expected) in [
        (json!([odd, {"value": "1"}]), json!([odd]), json!({"op": "remove", "path": "members[value eq \"1\"]"})),
        (json!([]), json!([odd, {"value": "1"}]), json!({"op": "add", "path": "members", "value": [{"value": "1"}]})),
    ] {
        let (before, after) = (json!({"members": before}), json!({"members": after}));
        assert_eq!(operations(&before, &after, &groups, &only_known), [json!([expected])]);
    }
}

fn schemas_with(attributes: &Value) -> ResourceSchemas {
    ResourceSchemas::new(serde_json::from_value(json!({"id": "urn:example:T", "attributes": attributes})).unwrap())
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
fn no_message_has_more_operations_than_a_receiver_takes_by_default() {
    let schemas = ResourceSchemas::group();
    let (before, after) = (group(0..10_002, &[]), group(0..1, &[]));
    let patches = diff(&before, &after, &schemas, &DiffOptions::new()).unwrap();
    assert_eq!(patches.iter().map(|patch| patch.operations.len()).collect::<Vec<_>>(), [10_000, 1]);
    for patch in &patches {
        PatchOp::from_json(&serde_json::to_vec(patch).unwrap(), &PatchOptions::strict()).unwrap();
    }
    let asked = DiffOptions::new().with_max_operations(20_000);
    assert_eq!(diff(&before, &after, &schemas, &asked).unwrap().len(), 1);
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

/// A member that only changes is never away for longer than a message allows.
#[test]
fn members_that_stay_are_not_away_between_messages() {
    let schemas = ResourceSchemas::group();
    let said = |i: usize| json!({"value": i.to_string(), "type": "User", "display": format!("user {i}")});
    let of = |members: Vec<Value>| json!({"displayName": "g", "members": members});
    // 0 to 9 leave, 10 to 39 lose what else was said of them, 40 to 49 stay, 50 to 59 come.
    let before = of((0..50).map(said).collect());
    let bare = |i: usize| json!({"value": i.to_string()});
    let after = of((10..60).map(|i| if i < 40 { bare(i) } else { said(i) }).collect());
    let staying: Vec<String> = (10..50).map(|i| i.to_string()).collect();
    for removal_by_value in [false, true] {
        let options = if removal_by_value { DiffOptions::new().with_removal_by_value() } else { DiffOptions::new() };
        for (options, away) in [
            (options, 0),
            (options.with_max_values(10), 0),
            (options.with_max_operations(3), 0),
            (options.with_max_bytes(600), 0),
            (options.with_max_values(2).with_max_operations(2), 0),
            // One message cannot take one away and bring it back.
            (options.with_max_values(1), 1),
            (options.with_max_operations(1), 1),
        ] {
            let patches = diff(&before, &after, &schemas, &options).unwrap();
            let states = states(&patches, &before, &schemas);
            assert!(same(states.last().unwrap(), &after), "{options:?}");
            for state in &states {
                let held = state["members"].as_array().unwrap();
                let stay = held.iter().filter(|m| staying.iter().any(|name| m["value"] == **name)).count();
                assert!(stay >= 40 - away, "{stay} {options:?}");
            }
        }
    }
    let one = diff(&before, &after, &schemas, &DiffOptions::new().with_removal_by_value()).unwrap();
    let operations: Vec<(&str, usize)> = one[0]
        .operations
        .iter()
        .map(|operation| {
            (operation.op.as_str(), operation.value.as_ref().and_then(Value::as_array).map_or(0, Vec::len))
        })
        .collect();
    assert_eq!((one.len(), operations), (1, vec![("remove", 40), ("add", 40)]));
    // One that no message can hold is cut, and the next one is not.
    let named = |display: &str, more: &[&str]| {
        let names = ["bb", "bB", "Bb", "BB", "c"].iter().chain(more);
        of(names.map(|name| json!({"value": name, "display": display})).collect())
    };
    let options = DiffOptions::new().with_removal_by_value().with_max_operations(2).with_max_values(6);
    let patches = diff(&named("x", &["z"]), &named("y", &[]), &schemas, &options).unwrap();
    let reached = states(&patches, &named("x", &["z"]), &schemas);
    let has_c = |state: &Value| state["members"].as_array().is_some_and(|all| all.iter().any(|m| m["value"] == "c"));
    assert!(reached.iter().all(has_c) && same(reached.last().unwrap(), &named("y", &[])));
    // A namesake that a removal takes along comes back in the same message.
    let namesakes = |names: &[&str]| of(names.iter().map(|name| json!({"value": name})).collect());
    let (before, after) = (namesakes(&["A", "a", "z"]), namesakes(&["a", "z", "new"]));
    let patches = diff(&before, &after, &schemas, &DiffOptions::new().with_max_operations(2)).unwrap();
    let states = states(&patches, &before, &schemas);
    assert!(states.iter().all(|state| state["members"].as_array().unwrap().contains(&json!({"value": "a"}))));
    assert!(same(states.last().unwrap(), &after));
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

/// A lenient receiver finds `department` without its URN in the extension.
#[test]
fn an_unknown_attribute_is_not_taken_for_one_of_an_extension() {
    let schemas = ResourceSchemas::user();
    let held = |top: Value| {
        json!({"userName": "u", "department": top, "schemas": [ENTERPRISE_USER],
        ENTERPRISE_USER: {"department": "x"}})
    };
    for (before, after) in [("q", json!(null)), ("q", json!("r"))].map(|(old, new)| (held(json!(old)), held(new))) {
        let patches = diff(&before, &after, &schemas, &DiffOptions::new()).unwrap();
        for quirks in [Quirks::STRICT, Quirks::ENTRA, Quirks::LENIENT] {
            let options = PatchOptions::new(quirks).with_unknown_attributes();
            let mut user = before.clone();
            for patch in &patches {
                patch.apply(&mut user, &schemas, &options).unwrap();
            }
            assert!(same(&user, &after), "{quirks} {user}");
        }
    }
}

#[test]
fn a_message_is_as_long_as_it_may_be() {
    let schemas = ResourceSchemas::group();
    let (before, after) =
        (json!({"displayName": "a", "members": members(0..3)}), json!({"displayName": "b", "members": members(1..5)}));
    for options in [DiffOptions::new(), DiffOptions::new().with_removal_by_value()] {
        let whole = diff(&before, &after, &schemas, &options).unwrap();
        let bytes = serde_json::to_vec(&whole[0]).unwrap().len();
        assert_eq!(diff(&before, &after, &schemas, &options.with_max_bytes(bytes)).unwrap(), whole);
        assert_eq!(diff(&before, &after, &schemas, &options.with_max_bytes(bytes - 1)).unwrap().len(), 2);
    }
}

#[test]
fn a_foreign_schema_is_named_once() {
    let after = json!({"schemas": ["urn:example:X", "urn:EXAMPLE:x"]});
    let operations = operations(&json!({}), &after, &ResourceSchemas::user(), &DiffOptions::new());
    assert_eq!(operations, [json!([{"op": "add", "path": "schemas", "value": ["urn:example:X"]}])]);
}

#[test]
fn a_limit_makes_no_more_messages_than_it_must() {
    let schemas = ResourceSchemas::group();
    let of = |name: &str, range: std::ops::Range<usize>, display: &str| {
        let members: Vec<Value> = range
            .map(|i| json!({"value": format!("u{i}"), "display": if i < 19 { display } else { "same" }}))
            .collect();
        json!({"displayName": name, "members": members})
    };
    let (every, by_value) = (DiffOptions::new(), DiffOptions::new().with_removal_by_value());
    for (before, after, options, messages) in [
        (of("a", 0..0, "x"), of("b", 0..150, "x"), every.with_max_values(100), 2),
        (of("a", 100..150, "x"), of("a", 150..300, "x"), every.with_max_values(100), 2),
        // Nineteen change and one comes.
        (of("a", 0..19, "x"), of("a", 0..20, "y"), every.with_max_operations(20), 1),
        (of("a", 0..30, "x"), of("a", 0..40, "y"), by_value.with_max_operations(2), 1),
        (of("a", 0..40, "x"), of("a", 0..30, "y"), by_value.with_max_operations(2), 1),
    ] {
        let patches = diff(&before, &after, &schemas, &options).unwrap();
        assert_eq!(patches.len(), messages, "{options:?}");
        assert!(same(&apply(&patches, &before, &schemas), &after));
    }
    // A list is not cut where a message of its own can hold it.
    let emails = |values: [&str; 3]| json!({"title": values[0], "emails": values.map(|value| json!({"value": value}))});
    let patches =
        diff(&emails(["a", "b", "c"]), &emails(["d", "e", "f"]), &ResourceSchemas::user(), &every.with_max_values(3))
            .unwrap();
    assert_eq!(patches.iter().map(|patch| patch.operations.len()).collect::<Vec<_>>(), [1, 1]);
    // A value that just has room is no error.
    let (before, after) = (of("a", 0..0, "x"), of("a", 0..3, "x"));
    let one = diff(&before, &of("a", 0..1, "x"), &schemas, &every).unwrap();
    let bytes = serde_json::to_vec(&one[0]).unwrap().len();
    let patches = diff(&before, &after, &schemas, &every.with_max_bytes(bytes)).unwrap();
    assert_eq!((patches.len(), same(&apply(&patches, &before, &schemas), &after)), (3, true));
    let error = diff(&before, &after, &schemas, &every.with_max_bytes(bytes - 1)).unwrap_err();
    assert_eq!((error.scim_type().as_str(), error.target()), ("invalidValue", Some("members")));
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
