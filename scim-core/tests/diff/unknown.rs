//! What no schema knows.

use scim_core::patch::{DiffOptions, PatchOp, PatchOptions, diff};
use scim_core::quirk::{Quirk, Quirks};
use scim_core::schema::{ENTERPRISE_USER, ResourceSchemas};
use serde_json::{Value, json};

use crate::support::{apply, operations, same};

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
fn a_foreign_schema_is_named_once() {
    let after = json!({"schemas": ["urn:example:X", "urn:EXAMPLE:x"]});
    let operations = operations(&json!({}), &after, &ResourceSchemas::user(), &DiffOptions::new());
    assert_eq!(operations, [json!([{"op": "add", "path": "schemas", "value": ["urn:example:X"]}])]);
}
