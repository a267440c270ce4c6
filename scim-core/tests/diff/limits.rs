//! Messages within the limits of a receiver, and no more of them than it takes.

use scim_core::patch::{DiffOptions, PatchOp, PatchOptions, diff};
use scim_core::schema::{ENTERPRISE_USER, ResourceSchemas};
use serde_json::{Value, json};

use crate::support::{apply, group, members, same, written};

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
