//! Elements of lists: who comes, who goes, who stays; one `primary`.

use scim_core::patch::PatchOptions;
use scim_core::quirk::{Quirk, Quirks};
use scim_core::schema::{Attribute, AttributeType, ENTERPRISE_USER, Mutability, ResourceSchemas, Schema};
use serde_json::{Value, json};

use crate::support::{apply, on_thing, on_user, refused, thing};

/// A message whose every name is unknown must not empty what it names.
#[test]
fn what_says_nothing_that_the_schema_knows_empties_no_list() {
    let group = json!({"displayName": "g", "members": [{"value": "1"}, {"value": "2"}]});
    for operation in [
        json!({"op": "replace", "path": "members", "value": [{"displayName": "x"}]}),
        json!({"op": "replace", "path": "members", "value": {"members": [{"value": "u8"}]}}),
        json!({"op": "replace", "value": {"members": [{"id": "1"}, {"id": "2"}]}}),
        json!({"op": "replace", "path": "members[value eq \"1\"]", "value": {"id": "3"}}),
        json!({"op": "add", "path": "members", "value": [{"value": "3"}, {"id": "4"}]}),
    ] {
        let mut after = group.clone();
        let error = apply(&mut after, json!([operation]), &ResourceSchemas::group(), &PatchOptions::lenient());
        assert_eq!(error.unwrap_err().scim_type().as_str(), "invalidValue", "{operation}");
        assert_eq!(after, group, "{operation}");
    }
    // Nothing said is nothing, as ever.
    for value in [json!([]), json!(null), json!([{}]), json!([{"value": null}])] {
        let mut after = group.clone();
        let operation = json!([{"op": "replace", "path": "members", "value": value}]);
        apply(&mut after, operation, &ResourceSchemas::group(), &PatchOptions::lenient()).unwrap();
        assert_eq!(after, json!({"displayName": "g"}), "{value}");
    }
}

/// A list whose elements have a sub-attribute that no client may write.
fn refs_with_state() -> ResourceSchemas {
    let mut state = Attribute::new("state", AttributeType::String);
    state.mutability = Some(Mutability::ReadOnly);
    let mut refs = Attribute::new("refs", AttributeType::Complex);
    refs.multi_valued = Some(true);
    refs.sub_attributes = vec![Attribute::new("type", AttributeType::String), state];
    ResourceSchemas::new(Schema::new("urn:example:Thing", vec![refs]))
}

/// What becomes of three users and a group in a group, under every preset that takes the operation.
fn on_members(operation: Value, quirks: Quirks) -> Result<Vec<String>, String> {
    let member = |value: &str, kind: &str| json!({"value": value, "type": kind});
    let mut group =
        json!({"members": [member("1", "User"), member("2", "User"), member("3", "User"), member("4", "Group")]});
    let options = PatchOptions::new(quirks);
    apply(&mut group, json!([operation]), &ResourceSchemas::group(), &options)
        .map_err(|error| error.scim_type().to_string())?;
    let members = group.get("members").and_then(Value::as_array).cloned().unwrap_or_default();
    Ok(members.iter().map(|member| member["value"].as_str().unwrap_or_default().to_owned()).collect())
}

#[test]
fn what_is_left_out_of_a_value_to_remove_does_not_make_it_mean_more() {
    let tolerant = [Quirks::ENTRA, Quirks::CLOUDFLARE, Quirks::LENIENT];
    for quirks in tolerant {
        for value in [
            json!([{"type": "User", "displayName": "Bob"}]),
            json!([{"type": "User", "Id": "1"}]),
            json!([{"displayName": "Bob"}]),
            json!({"members": [{"value": "2"}]}),
            json!([{"members": [{"value": "2"}]}]),
        ] {
            for path in ["members", "members[type eq \"User\"]"] {
                let salesforce = quirks.contains(Quirk::SalesforceNestedMembers) && value.is_object();
                let operation = json!({"op": "remove", "path": path, "value": value});
                if salesforce && path == "members" {
                    assert_eq!(on_members(operation, quirks), Ok(vec!["1".into(), "3".into(), "4".into()]));
                } else {
                    assert_eq!(on_members(operation, quirks), Err("invalidValue".into()), "{path} {value} {quirks}");
                }
            }
        }
        // The key says which one is meant, whatever else the sender knows of it.
        let operation = json!({"op": "remove", "path": "members", "value": [{"value": "2", "displayName": "Bob"}]});
        assert_eq!(on_members(operation, quirks), Ok(vec!["1".into(), "3".into(), "4".into()]));
    }
    let schemas = refs_with_state();
    for quirks in [Quirks::ENTRA, Quirks::AUTHENTIK, Quirks::JUMPCLOUD, Quirks::SALESFORCE, Quirks::LENIENT] {
        let mut thing = json!({"refs": [{"type": "work", "state": "x"}, {"type": "work", "state": "y"}]});
        let operation = json!({"op": "remove", "path": "refs", "value": [{"type": "work", "state": "x"}]});
        let error = apply(&mut thing, json!([operation]), &schemas, &PatchOptions::new(quirks)).unwrap_err();
        assert_eq!(error.scim_type().to_string(), "invalidValue", "{quirks}");
    }
}

#[test]
fn an_empty_text_empties_no_list() {
    for quirks in [Quirks::ENTRA, Quirks::CLOUDFLARE, Quirks::LENIENT] {
        for operation in [
            json!({"op": "replace", "path": "members", "value": ""}),
            json!({"op": "replace", "path": "members", "value": [""]}),
            json!({"op": "replace", "value": {"members": ""}}),
            json!({"op": "add", "path": "members", "value": ""}),
        ] {
            assert_eq!(on_members(operation.clone(), quirks), Err("invalidValue".into()), "{operation} {quirks}");
        }
    }
}

#[test]
fn no_second_member_of_a_value_by_an_unmatched_filter() {
    for operation in [
        json!({"op": "replace", "path": "members[value eq \"1\" and type eq \"Group\"].display", "value": "B"}),
        json!({"op": "add", "path": "members[type eq \"Robot\"].value", "value": "1"}),
    ] {
        assert_eq!(on_members(operation.clone(), Quirks::ENTRA), Err("noTarget".into()), "{operation}");
    }
    let schemas = refs_with_state();
    let operation = json!({"op": "replace", "path": "refs[state eq \"z\"].type", "value": "q"});
    let error = apply(&mut json!({}), json!([operation]), &schemas, &PatchOptions::new(Quirks::ENTRA)).unwrap_err();
    assert_eq!(error.scim_type().to_string(), "noTarget");
}

#[test]
fn an_element_made_by_a_filter_has_what_the_filter_says() {
    let mut user = json!({});
    let operations = json!([
        {"op": "add", "path": "emails[value eq \"true\" and primary eq \"True\"].display", "value": "a"},
    ]);
    apply(&mut user, operations, &ResourceSchemas::user(), &PatchOptions::new(Quirks::ENTRA)).unwrap();
    assert_eq!(user, json!({"emails": [{"value": "true", "primary": true, "display": "a"}]}));
}

#[test]
fn members_without_a_value_are_known_by_all_that_they_say() {
    let schemas = ResourceSchemas::group();
    let before = json!({"displayName": "g", "members": [{"value": "1"}, {"display": "A"}]});
    let add = |value: Value| json!({"op": "add", "path": "members", "value": value});
    for (operations, added) in [
        (json!([add(json!([{"Display": "A"}]))]), json!([])),
        (json!([add(json!([{"display": "B"}]))]), json!([{"display": "B"}])),
        (json!([add(json!([{"display": "B"}, {"display": "A"}, {"display": "B"}]))]), json!([{"display": "B"}])),
        (json!([add(json!([{"display": "B"}])), add(json!([{"display": "B"}]))]), json!([{"display": "B"}])),
        (
            json!([
                add(json!([{"display": "B"}])),
                add(json!([{"value": "2"}, {"display": "B"}, {"display": "A"}])),
                add(json!([{"value": "2"}]))
            ]),
            json!([{"display": "B"}, {"value": "2"}]),
        ),
    ] {
        let mut after = before.clone();
        let applied = apply(&mut after, operations.clone(), &schemas, &PatchOptions::strict()).unwrap();
        let all: Vec<Value> =
            [&before["members"], &added].into_iter().flat_map(|l| l.as_array().unwrap().clone()).collect();
        assert_eq!(after["members"], Value::from(all), "{operations}");
        assert_eq!(applied.changed, added != json!([]), "{operations}");
    }
    // One that has become another is not there any more, whether the keys of the list were learnt or not.
    let plain = json!({"type": "User"});
    for learnt in [0, 1, 5] {
        let mut group = json!({"displayName": "g", "members": [plain]});
        let mut operations: Vec<Value> = (0..=learnt).map(|i| add(json!({"value": format!("{i}")}))).collect();
        operations.push(json!({"op": "add", "path": "members[type eq \"User\"].display", "value": "B"}));
        operations.push(add(plain.clone()));
        apply(&mut group, json!(operations), &schemas, &PatchOptions::strict()).unwrap();
        assert_eq!(group["members"].as_array().unwrap().last(), Some(&plain), "{learnt}");
    }
    let mut after = before;
    let twice = json!([{"op": "replace", "path": "members", "value": [{"display": "B"}, {"display": "B"}]}]);
    apply(&mut after, twice, &schemas, &PatchOptions::strict()).unwrap();
    assert_eq!(after["members"], json!([{"display": "B"}]));
}

/// Members come and go in turn: what is known of a list must not outlive the list.
#[test]
fn members_that_come_and_go_in_turn() {
    let schemas = ResourceSchemas::group();
    let mut seed = 1_u64;
    let mut random = move |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let id = |i: usize| format!("{i:08x}");
    for removals in [2, 10, 60] {
        let mut expected: Vec<String> = (0..40).map(id).collect();
        let member = |id: &String| json!({"value": id});
        let mut group = json!({"displayName": "g", "members": expected.iter().map(member).collect::<Vec<_>>()});
        let mut operations = Vec::new();
        for _ in 0..600 {
            let one = id(random(60));
            if random(removals) == 0 {
                expected.retain(|known| *known != one);
                operations.push(json!({"op": "remove", "path": format!("members[value eq \"{one}\"]")}));
            } else {
                if !expected.contains(&one) {
                    expected.push(one.clone());
                }
                operations.push(json!({"op": "add", "path": "members", "value": [member(&one)]}));
            }
        }
        let applied = apply(&mut group, json!(operations), &schemas, &PatchOptions::strict()).unwrap();
        assert!(applied.changed);
        assert_eq!(group["members"], expected.iter().map(member).collect::<Value>(), "{removals}");
    }
}

#[test]
fn one_primary() {
    let user = json!({"userName": "u", "emails": [{"value": "a", "primary": true}, {"value": "b"}]});
    let demoted = |second: Value| json!({"userName": "u", "emails": [{"value": "a", "primary": false}, second]});
    for operation in [
        json!({"op": "replace", "path": "emails[value eq \"b\"].primary", "value": true}),
        json!({"op": "replace", "path": "emails[value eq \"b\"]", "value": {"value": "b", "primary": true}}),
        json!({"op": "add", "path": "emails[value eq \"b\"]", "value": {"primary": true}}),
    ] {
        let after = on_user(user.clone(), operation.clone());
        assert_eq!(after, Ok(demoted(json!({"value": "b", "primary": true}))), "{operation}");
    }
    for path in [json!({"op": "add", "path": "emails"}), json!({"op": "add"})] {
        let mut operation = path.clone();
        let new = json!([{"value": "c", "primary": true}]);
        operation["value"] = if path.get("path").is_some() { new } else { json!({"emails": new}) };
        let emails = &on_user(user.clone(), operation).unwrap()["emails"];
        assert_eq!(emails, &json!([{"value": "a", "primary": false}, {"value": "b"}, {"value": "c", "primary": true}]));
    }
    let two = json!([{"value": "c", "primary": true}, {"value": "d", "primary": true}]);
    for op in ["add", "replace"] {
        refused(user.clone(), json!({"op": op, "path": "emails", "value": two}), "invalidValue");
    }
    refused(user, json!({"op": "replace", "path": "emails.primary", "value": true}), "invalidValue");
}

/// A member that is plain text is its `value` (docs/deviations.md), to those who take it away too.
#[test]
fn members_that_are_plain_text_are_taken_away_by_their_value() {
    for quirks in [Quirks::ENTRA, Quirks::JUMPCLOUD, Quirks::LENIENT] {
        for value in [json!([{"value": "a"}]), json!([{"value": "a", "type": "User"}]), json!({"value": "a"})] {
            let mut group = json!({"members": ["a", "b"]});
            let operation = json!({"op": "remove", "path": "members", "value": value});
            apply(&mut group, json!([operation]), &ResourceSchemas::group(), &PatchOptions::new(quirks)).unwrap();
            assert_eq!(group, json!({"members": ["b"]}), "{quirks} {value}");
        }
    }
    let mut group = json!({"members": ["a", "b"]});
    let operation = json!({"op": "add", "path": "members[value eq \"a\"]", "value": {"type": "User"}});
    apply(&mut group, json!([operation]), &ResourceSchemas::group(), &PatchOptions::strict()).unwrap();
    assert_eq!(group, json!({"members": [{"value": "a", "type": "User"}, "b"]}));
    for (operation, after) in [
        (
            json!({"op": "add", "path": "members[value eq \"a\"].type", "value": "User"}),
            json!([{"value": "a", "type": "User"}, "b"]),
        ),
        (json!({"op": "add", "path": "members[value eq \"a\"].type", "value": null}), json!(["a", "b"])),
        (json!({"op": "remove", "path": "members[value eq \"a\"].type"}), json!(["a", "b"])),
    ] {
        let group = json!({"members": ["a", "b"]});
        let done = on_thing(&ResourceSchemas::group(), &group, operation, &PatchOptions::strict());
        assert_eq!(done, Ok(json!({"members": after})));
    }
    let text = "26118915-6090-4610-87e4-49d8ca9f808d";
    let mut user = json!({ENTERPRISE_USER: {"manager": text}, "schemas": [ENTERPRISE_USER]});
    let path = format!("{ENTERPRISE_USER}:manager");
    let operation = json!({"op": "replace", "path": path, "value": {"$ref": "../Users/x"}});
    apply(&mut user, json!([operation]), &ResourceSchemas::user(), &PatchOptions::strict()).unwrap();
    assert_eq!(user[ENTERPRISE_USER]["manager"], json!({"value": text, "$ref": "../Users/x"}));
}

#[test]
fn a_member_is_stored_once_whoever_writes_it() {
    let schemas = ResourceSchemas::group();
    for (members, operation, after) in [
        (
            json!([{"value": "a"}, {"value": "b"}, {"value": "c"}]),
            json!({"op": "replace", "path": "members[value eq \"a\"]", "value": {"value": "b", "type": "User"}}),
            json!([{"value": "b"}, {"value": "c"}]),
        ),
        (
            json!([{"value": "a"}, {"value": "b"}]),
            json!({"op": "replace", "path": "members[value pr]", "value": {"value": "c"}}),
            json!([{"value": "c"}]),
        ),
        (
            json!([{"value": "a"}, {"type": "User"}]),
            json!({"op": "add", "path": "members[type eq \"User\"].value", "value": "a"}),
            json!([{"value": "a"}]),
        ),
        (
            json!([{"value": "a"}, {"type": "User"}]),
            json!({"op": "add", "path": "members[type eq \"User\"]", "value": {"value": "a"}}),
            json!([{"value": "a"}]),
        ),
        (
            json!([{"value": "a"}, {"value": "b"}]),
            json!({"op": "replace", "path": "members[value eq \"b\"]", "value": {"value": "b", "type": "User"}}),
            json!([{"value": "a"}, {"value": "b", "type": "User"}]),
        ),
    ] {
        let done = on_thing(&schemas, &json!({"members": members}), operation.clone(), &PatchOptions::strict());
        assert_eq!(done, Ok(json!({"members": after})), "{operation}");
    }
    // Two that were there before stay two, as long as nobody renames one.
    let namesakes = json!({"members": [{"value": "a", "type": "User"}, {"value": "a", "type": "Group"}]});
    for operation in [
        json!({"op": "replace", "path": "members.$ref", "value": null}),
        json!({"op": "add", "path": "members[type eq \"User\"]", "value": {"value": "a"}}),
        json!({"op": "replace", "path": "members[type eq \"User\"]", "value": {"value": "a", "type": "User"}}),
    ] {
        let done = on_thing(&schemas, &namesakes, operation.clone(), &PatchOptions::strict());
        assert_eq!(done, Ok(namesakes.clone()), "{operation}");
    }
    // Nothing is written where nothing changes.
    let mut user = json!({"emails": [{"value": "a", "type": "work"}, {"value": "b"}]});
    let operation =
        json!({"op": "replace", "path": "emails[type eq \"work\"]", "value": {"value": "a", "type": "work"}});
    let applied = apply(&mut user, json!([operation]), &ResourceSchemas::user(), &PatchOptions::strict()).unwrap();
    assert!(!applied.changed);
    // Equal elements of other lists too.
    let emails = json!({"emails": [{"value": "a", "type": "w"}, {"value": "b", "type": "w"}, {"value": "c"}]});
    let operation = json!({"op": "replace", "path": "emails[type eq \"w\"]", "value": {"value": "d"}});
    let done = on_thing(&ResourceSchemas::user(), &emails, operation, &PatchOptions::strict());
    assert_eq!(done, Ok(json!({"emails": [{"value": "d"}, {"value": "c"}]})));
}

/// What nobody may write says nothing: a list is not emptied by it.
#[test]
fn a_value_of_read_only_parts_empties_no_list() {
    let schemas = thing(&json!([{"name": "roles", "type": "complex", "multiValued": true, "subAttributes": [
        {"name": "value", "type": "string"}, {"name": "display", "type": "string", "mutability": "readOnly"}]}]));
    let before = json!({"roles": [{"value": "a"}]});
    for operation in [
        json!({"op": "replace", "path": "roles", "value": [{"display": "Bob"}]}),
        json!({"op": "replace", "path": "roles[value eq \"a\"]", "value": {"display": "Bob"}}),
        json!({"op": "replace", "value": {"roles": [{"display": "Bob"}]}}),
    ] {
        let done = on_thing(&schemas, &before, operation.clone(), &PatchOptions::strict());
        assert_eq!(done, Err("invalidValue".to_owned()), "{operation}");
    }
    let operation = json!({"op": "replace", "path": "roles", "value": [{"display": "Bob", "value": "b"}]});
    let done = on_thing(&schemas, &before, operation, &PatchOptions::strict());
    assert_eq!(done, Ok(json!({"roles": [{"value": "b"}]})));
}
