//! What a name means: URNs, dots, two names for one attribute, `schemas`, extensions.

use scim_core::patch::PatchOptions;
use scim_core::quirk::Quirks;
use scim_core::schema::{ENTERPRISE_USER, ResourceSchemas, Schema};
use serde_json::{Value, json};

use crate::support::{apply, badges, on_user, refused, user};

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

/// An extension whose last value goes is not held by what only looks like one.
#[test]
fn an_extension_of_nulls_goes_with_its_last_value() {
    let held = json!({"department": "A", "manager": {"value": null}});
    let user = json!({"userName": "u", "schemas": [ENTERPRISE_USER], ENTERPRISE_USER: held});
    for path in [ENTERPRISE_USER.to_owned(), format!("{ENTERPRISE_USER}:department")] {
        assert_eq!(on_user(user.clone(), json!({"op": "remove", "path": path})), Ok(json!({"userName": "u"})));
    }
}
