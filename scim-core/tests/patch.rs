//! PATCH by name: every scimType, every mutability, one `primary`, all or nothing, the report of quirks, the limits.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` literals as arguments read best without `&`")]

use scim_core::filter::attr;
use scim_core::limits::Limits;
use scim_core::message::PATCH_OP;
use scim_core::patch::{Applied, PatchError, PatchOp, PatchOptions};
use scim_core::path::PatchPath;
use scim_core::quirk::{Quirk, Quirks};
use scim_core::resource::{Group, ScimResource, User};
use scim_core::schema::{Attribute, AttributeType, ENTERPRISE_USER, Mutability, ResourceSchemas, Schema};
use serde_json::{Value, json};

fn apply(
    resource: &mut Value,
    operations: Value,
    schemas: &ResourceSchemas,
    options: &PatchOptions,
) -> Result<Applied, PatchError> {
    let body = json!({"schemas": [PATCH_OP], "Operations": operations}).to_string();
    PatchOp::from_json(body.as_bytes(), options)?.apply(resource, schemas, options)
}

/// One operation on a user, strictly: what becomes of it, or the keyword of the refusal.
fn on_user(user: Value, operation: Value) -> Result<Value, String> {
    let mut after = user.clone();
    match apply(&mut after, json!([operation]), &ResourceSchemas::user(), &PatchOptions::strict()) {
        Ok(_) => Ok(after),
        Err(error) => {
            assert_eq!(after, user, "a refused PATCH leaves no trace");
            assert_eq!(error.operation(), Some(0));
            Err(error.scim_type().to_string())
        }
    }
}

#[track_caller]
fn refused(user: Value, operation: Value, scim_type: &str) {
    assert_eq!(on_user(user, operation), Err(scim_type.to_owned()));
}

fn user() -> Value {
    json!({"userName": "u", "emails": [{"value": "a", "type": "work"}]})
}

#[test]
fn invalid_syntax() {
    refused(user(), json!({"op": "Replace", "path": "title", "value": "t"}), "invalidSyntax");
    refused(user(), json!({"op": ["add"], "path": "title", "value": "t"}), "invalidSyntax");
    refused(user(), json!({"path": "title", "value": "t"}), "invalidSyntax");
    refused(user(), json!({"op": "add", "Op": "add", "path": "title", "value": "t"}), "invalidSyntax");
    refused(user(), json!({"op": "add", "path": 1, "value": "t"}), "invalidSyntax");
    refused(user(), json!({"op": "add", "value": {"title": "t", "Title": "u"}}), "invalidSyntax");
    refused(user(), json!("add"), "invalidSyntax");
}

#[test]
fn invalid_path() {
    for path in ["a.b.c", "members.0", "/title", "colour", "emails.colour", "urn:example:none:title"] {
        refused(user(), json!({"op": "add", "path": path, "value": "t"}), "invalidPath");
    }
    refused(user(), json!({"op": "replace", "path": "title[value eq \"a\"]", "value": "t"}), "invalidPath");
    refused(user(), json!({"op": "replace", "value": {"name.givenName": "g"}}), "invalidPath");
    refused(user(), json!({"op": "remove", "path": "emails[colour eq \"a\"]"}), "invalidPath");
}

#[test]
fn invalid_filter() {
    refused(user(), json!({"op": "remove", "path": "emails[type eq]"}), "invalidFilter");
    refused(user(), json!({"op": "remove", "path": "emails[0]"}), "invalidFilter");
    refused(user(), json!({"op": "remove", "path": "emails[primary gt true]"}), "invalidFilter");
    refused(user(), json!({"op": "remove", "path": "emails[primary eq \"True\"]"}), "invalidFilter");
}

#[test]
fn invalid_value() {
    refused(user(), json!({"op": "add", "path": "title"}), "invalidValue");
    refused(user(), json!({"op": "add", "path": "title", "value": ["t"]}), "invalidValue");
    refused(user(), json!({"op": "add", "path": "active", "value": "true"}), "invalidValue");
    refused(user(), json!({"op": "add", "path": "name", "value": "n"}), "invalidValue");
    refused(user(), json!({"op": "add", "value": "n"}), "invalidValue");
    refused(user(), json!({"op": "add", "path": "emails", "value": {"colour": "red"}}), "invalidValue");
    refused(user(), json!({"op": "add", "path": "title", "value": "t", "because": "x"}), "invalidValue");
    refused(user(), json!({"op": "remove", "path": "emails", "value": [{"value": "a"}]}), "invalidValue");
    refused(user(), json!({"op": "replace", "path": "userName", "value": null}), "invalidValue");
}

#[test]
fn no_target() {
    refused(user(), json!({"op": "remove"}), "noTarget");
    refused(user(), json!({"op": "replace", "path": "emails[type eq \"home\"]", "value": {"value": "b"}}), "noTarget");
    refused(user(), json!({"op": "add", "path": "emails[type eq \"home\"].value", "value": "b"}), "noTarget");
    // RFC 7644 §3.5.2.2: nothing to remove is no error.
    let remove = json!({"op": "remove", "path": "emails[type eq \"home\"]"});
    assert_eq!(on_user(user(), remove), Ok(user()));
}

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

/// A schema with one attribute of each kind that the RFC's own lack.
fn badges() -> ResourceSchemas {
    let sub = |name: &str, mutability, required| {
        let mut sub = Attribute::new(name, AttributeType::String);
        sub.mutability = Some(mutability);
        sub.required = Some(required);
        sub
    };
    let mut access = Attribute::new("access", AttributeType::Complex);
    access.sub_attributes = vec![sub("rank", Mutability::Immutable, false), sub("door", Mutability::ReadWrite, true)];
    let number = sub("number", Mutability::Immutable, false);
    let pin = sub("pin", Mutability::WriteOnly, false);
    let name = sub("name", Mutability::ReadWrite, true);
    ResourceSchemas::new(Schema::new("urn:example:Badge", vec![number, pin, name, access]))
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
fn one_schema_in_two_spellings_is_one() {
    const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    let schemas = ResourceSchemas::user().with_extension(Schema::new("urn:a:B", Vec::new()));
    let run = |operation: Value| {
        let mut user = json!({"schemas": [CORE], "userName": "u"});
        let applied = apply(&mut user, json!([operation]), &schemas, &PatchOptions::strict());
        applied.map(|applied| (user["schemas"].clone(), applied.changed))
    };
    let after = |operation: Value| run(operation).map(|(schemas, _)| schemas);
    let twice = json!(["urn:a:B", "URN:A:b"]);
    let both = Ok(json!([CORE, "urn:a:B"]));
    let same = json!({"op": "replace", "path": "schemas", "value": [CORE.to_uppercase()]});
    assert_eq!(run(same), Ok((json!([CORE]), false)));
    assert_eq!(after(json!({"op": "add", "path": "schemas", "value": twice})), both);
    assert_eq!(after(json!({"op": "add", "value": {"schemas": twice}})), both);
    assert_eq!(after(json!({"op": "replace", "path": "schemas", "value": twice})), Ok(json!(["urn:a:B", CORE])));
    assert_eq!(after(json!({"op": "add", "path": "schemas", "value": [CORE.to_uppercase()]})), Ok(json!([CORE])));
}

/// RFC 7643 §3: `schemas` has those of the resource type. What is there already may be said again.
#[test]
fn schemas_of_no_resource_type_are_refused_by_the_letter() {
    let before = json!({"schemas": ["urn:old:X"], "userName": "u"});
    for operation in [
        json!({"op": "add", "path": "schemas", "value": ["urn:unknown"]}),
        json!({"op": "replace", "path": "schemas", "value": "urn:unknown"}),
        json!({"op": "add", "value": {"schemas": ["urn:old:x", "urn:unknown"]}}),
    ] {
        refused(before.clone(), operation.clone(), "invalidValue");
        let mut after = before.clone();
        apply(&mut after, json!([operation]), &ResourceSchemas::user(), &PatchOptions::lenient()).unwrap();
        assert!(after["schemas"].to_string().contains("urn:unknown"), "{after}");
    }
    let again = json!({"op": "add", "value": {"schemas": ["URN:OLD:X", ENTERPRISE_USER]}});
    assert_eq!(on_user(before, again).unwrap()["schemas"], json!(["urn:old:X", ENTERPRISE_USER]));
}

/// With and without URI, in the extension's object and beside it.
#[test]
fn one_attribute_under_two_names_is_refused() {
    const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
    for value in [
        json!({format!("{CORE}:nickName"): "a", "NickName": "b"}),
        json!({format!("{CORE}:nickName"): "a", format!("{}:nickName", CORE.to_uppercase()): "b"}),
        json!({ENTERPRISE_USER: {"Department": "a"}, format!("{ENTERPRISE_USER}:department"): "b"}),
        json!({format!("{ENTERPRISE_USER}:department"): "a", format!("{ENTERPRISE_USER}:DEPARTMENT"): "b"}),
    ] {
        for options in [PatchOptions::strict(), PatchOptions::lenient()] {
            let operation = json!([{"op": "replace", "value": value}]);
            let error = apply(&mut user(), operation, &ResourceSchemas::user(), &options).unwrap_err();
            assert_eq!((error.scim_type().as_str(), error.operation()), ("invalidSyntax", Some(0)), "{value}");
        }
    }
    let both = json!({"op": "replace", "value": {format!("{CORE}:nickName"): "a", format!("{CORE}:title"): "b",
        ENTERPRISE_USER: {"division": "c"}, format!("{ENTERPRISE_USER}:department"): "d"}});
    let after = on_user(user(), both).unwrap();
    assert_eq!((&after["nickName"], &after["title"]), (&json!("a"), &json!("b")));
    assert_eq!(after[ENTERPRISE_USER], json!({"division": "c", "department": "d"}));
}

/// RFC 7643 §2.5, RFC 7644 §3.5.2.3: null is the end of an extension as of any attribute.
#[test]
fn one_attribute_under_two_names_that_only_a_tolerance_knows_is_refused() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    for value in [
        json!({"active": true, format!("{core}.active"): false}),
        json!({"department": "A", ENTERPRISE_USER: {"department": "B"}}),
        json!({"department": "A", format!("{ENTERPRISE_USER}:department"): "B"}),
        json!({format!("{ENTERPRISE_USER}.department"): "A", format!("{ENTERPRISE_USER}:department"): "B"}),
    ] {
        let operation = json!({"op": "add", "value": value});
        let mut user = user();
        let error =
            apply(&mut user, json!([operation]), &ResourceSchemas::user(), &PatchOptions::lenient()).unwrap_err();
        assert_eq!(error.scim_type().to_string(), "invalidSyntax", "{operation}");
    }
    // Each by itself is taken.
    for name in ["department".to_owned(), format!("{ENTERPRISE_USER}.department")] {
        let mut user = user();
        let operation = json!({"op": "add", "value": {name: "A", "active": true}});
        apply(&mut user, json!([operation]), &ResourceSchemas::user(), &PatchOptions::lenient()).unwrap();
        assert_eq!(user[ENTERPRISE_USER]["department"], "A");
    }
}

#[test]
fn null_unassigns_an_extension_by_any_route() {
    let before = json!({"schemas": [ENTERPRISE_USER], "userName": "u", ENTERPRISE_USER: {"department": "d"}});
    for operation in [
        json!({"op": "replace", "path": ENTERPRISE_USER, "value": null}),
        json!({"op": "replace", "value": {ENTERPRISE_USER: null}}),
        json!({"op": "remove", "path": ENTERPRISE_USER}),
    ] {
        let after = on_user(before.clone(), operation.clone()).unwrap();
        assert!(after.get(ENTERPRISE_USER).is_none(), "{operation}");
    }
    let nothing = json!({"op": "add", "value": {ENTERPRISE_USER: null}});
    assert_eq!(on_user(before.clone(), nothing), Ok(before));
}

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

/// An attribute and a part of it are two things, whichever is met first.
#[test]
fn an_attribute_and_its_part_are_not_one_name_twice() {
    let core = "urn:ietf:params:scim:schemas:core:2.0:User";
    let mut user = json!({});
    let value = json!({format!("{core}:name"): {"familyName": "f"}, format!("{core}:name.givenName"): "g",
        format!("{core}:NAME.middleName"): "m"});
    let options = PatchOptions::lenient();
    apply(&mut user, json!([{"op": "add", "value": value}]), &ResourceSchemas::user(), &options).unwrap();
    assert_eq!(user, json!({"name": {"familyName": "f", "givenName": "g", "middleName": "m"}}));
}

/// A name with a dot is a path only where it begins with an attribute.
#[test]
fn a_dotted_name_that_no_extension_knows_stays_in_it() {
    let options = PatchOptions::lenient().with_unknown_attributes();
    let mut user = json!({});
    let value = json!({ENTERPRISE_USER: {"foo.bar": 1, "x[y eq 1]": 2, "manager.value": "7"}});
    apply(&mut user, json!([{"op": "add", "value": value}]), &ResourceSchemas::user(), &options).unwrap();
    assert_eq!(user[ENTERPRISE_USER], json!({"foo.bar": 1, "x[y eq 1]": 2, "manager": {"value": "7"}}));
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

/// A text that strict reads means the same in every mode.
#[test]
fn what_no_schema_knows_is_written_alike_in_every_mode() {
    let badges = badges();
    for operation in [
        json!({"op": "add", "path": "shoe", "value": {"value": "q"}}),
        json!({"op": "add", "path": "shoe", "value": [{"value": "q"}]}),
        json!({"op": "add", "value": {ENTERPRISE_USER: {"a.b": 1, "c[d pr]": 2}}}),
    ] {
        let result = |quirks| {
            let mut user = user();
            let options = PatchOptions::new(quirks).with_unknown_attributes();
            apply(&mut user, json!([operation]), &badges, &options).unwrap();
            user
        };
        let strict = result(Quirks::STRICT);
        for quirks in [Quirks::ENTRA, Quirks::OKTA, Quirks::LENIENT] {
            assert_eq!(result(quirks), strict, "{operation}");
        }
    }
}

/// A schema from the text of its attributes.
fn thing(attributes: &Value) -> ResourceSchemas {
    ResourceSchemas::new(serde_json::from_value(json!({"id": "urn:example:Thing", "attributes": attributes})).unwrap())
}

/// One operation, strictly unless said otherwise: what becomes of the resource, or the keyword of the refusal.
fn on_thing(
    schemas: &ResourceSchemas,
    before: &Value,
    operation: Value,
    options: &PatchOptions,
) -> Result<Value, String> {
    let mut after = before.clone();
    match apply(&mut after, json!([operation]), schemas, options) {
        Ok(_) => Ok(after),
        Err(error) => {
            assert_eq!(after, *before, "all or nothing");
            Err(error.scim_type().to_string())
        }
    }
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

/// An extension whose last value goes is not held by what only looks like one.
#[test]
fn an_extension_of_nulls_goes_with_its_last_value() {
    let held = json!({"department": "A", "manager": {"value": null}});
    let user = json!({"userName": "u", "schemas": [ENTERPRISE_USER], ENTERPRISE_USER: held});
    for path in [ENTERPRISE_USER.to_owned(), format!("{ENTERPRISE_USER}:department")] {
        assert_eq!(on_user(user.clone(), json!({"op": "remove", "path": path})), Ok(json!({"userName": "u"})));
    }
}
