//! Members come and go one by one, and nobody else is away meanwhile.

use scim_core::patch::{DiffOptions, diff};
use scim_core::schema::ResourceSchemas;
use serde_json::{Value, json};

use crate::support::{apply, group, operations, same, states};

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
