//! Properties that hold for every input, not only for the cases that somebody wrote down.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by panicking")]

use proptest::prelude::*;
use scim_core::filter::{Filter, ParseOptions, attr};
use scim_core::message::ListResponse;
use scim_core::patch::{DiffOptions, PatchOp, PatchOptions, diff};
use scim_core::path::{AttributePath, PatchPath};
use scim_core::quirk::{Quirk, Quirks};
use scim_core::resource::{Group, Resource, User};
use scim_core::schema::ResourceSchemas;
use serde_json::{Value, json};

fn names() -> impl Strategy<Value = AttributePath> {
    let name = "[a-z][a-zA-Z0-9_-]{0,8}";
    let urn = prop_oneof![Just(String::new()), Just("urn:example:2.0:User:".to_owned())];
    (urn, name, prop::option::of(name)).prop_map(|(urn, name, sub)| {
        let sub = sub.map_or(String::new(), |sub| format!(".{sub}"));
        AttributePath::parse(&format!("{urn}{name}{sub}")).unwrap()
    })
}

fn comparisons(path: AttributePath) -> impl Strategy<Value = Filter> {
    prop_oneof![
        any::<String>().prop_map({
            let path = path.clone();
            move |text| path.clone().eq(text)
        }),
        any::<String>().prop_map({
            let path = path.clone();
            move |text| path.clone().co(text)
        }),
        any::<i64>().prop_map({
            let path = path.clone();
            move |number| path.clone().ge(number)
        }),
        any::<bool>().prop_map({
            let path = path.clone();
            move |value| path.clone().ne(value)
        }),
        Just(path.pr()),
    ]
}

/// Trees as parsing makes them: chains of one operator are flat.
fn filters() -> impl Strategy<Value = Filter> {
    let inner = names().prop_flat_map(|path| {
        let plain = AttributePath::parse(path.name()).unwrap();
        comparisons(plain).prop_map(move |filter| path.clone().any(filter))
    });
    let leaf = prop_oneof![4 => names().prop_flat_map(comparisons), 1 => inner];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 2..4).prop_map(|list| list.into_iter().reduce(Filter::and).unwrap()),
            prop::collection::vec(inner.clone(), 2..4).prop_map(|list| list.into_iter().reduce(Filter::or).unwrap()),
            inner.prop_map(Filter::not),
        ]
    })
}

fn json_values() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-zA-Z@. ]{0,6}".prop_map(Value::from),
    ];
    let name = prop::sample::select(vec![
        "value",
        "type",
        "primary",
        "userName",
        "emails",
        "name",
        "givenName",
        "active",
        "schemas",
        "id",
        "members",
        "Operations",
        "op",
        "path",
        "Resources",
        "totalResults",
        "x",
    ]);
    leaf.prop_recursive(4, 32, 4, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map(name.clone().prop_map(str::to_owned), inner, 0..5)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

/// What no schema knows: a place, a name, of which some cannot stand in a path, and a value.
fn unknown() -> impl Strategy<Value = Vec<(u8, &'static str, Value)>> {
    let name = prop::sample::select(vec!["colour", "shoe-size", "x y", "1st"]);
    let value = prop_oneof![
        Just(json!({"a": [1, {"b": "c"}]})),
        Just(json!(["x", "y"])),
        Just(json!([])),
        any::<bool>().prop_map(Value::from),
        "[a-z]{0,2}".prop_map(Value::from),
    ];
    prop::collection::vec((0_u8..5, name, value), 0..4)
}

fn users() -> impl Strategy<Value = Value> {
    let emails =
        prop::collection::btree_map("[a-c]@x", (prop::sample::select(vec!["work", "home"]), any::<bool>()), 0..4);
    let text = || prop::option::of("[a-zA-Z]{1,3}");
    (text(), text(), text(), prop::option::of(any::<bool>()), emails, text(), text(), unknown()).prop_map(
        |(title, given, family, active, emails, department, manager, unknown)| {
            let mut first = true;
            let emails: Vec<Value> = emails
                .into_iter()
                .map(|(value, (kind, primary))| {
                    let mut email = json!({"value": value, "type": kind});
                    if primary && std::mem::take(&mut first) {
                        email["primary"] = json!(true);
                    }
                    email
                })
                .collect();
            let manager = manager.map(|value| json!({"value": value}));
            let mut user = json!({
                "userName": "u", "title": title, "name": {"givenName": given, "familyName": family}, "active": active, "emails": emails,
                "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {"department": department, "manager": manager},
            });
            for (place, name, value) in unknown {
                match place {
                    0 => user[name] = value,
                    1 => user["name"][name] = value,
                    2 => user["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"][name] = value,
                    3 => user[format!("urn:example:{name}")] = json!({"a": value}),
                    _ => user["emails"].as_array_mut().into_iter().flatten().for_each(|email| email[name] = value.clone()),
                }
            }
            user
        },
    )
}

/// Absent, null, [] and {} are one state; lists have no order; `schemas` follows from the rest.
fn normal(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            let mut out = serde_json::Map::new();
            for (name, value) in map {
                let value = normal(value);
                let empty = value.is_null() || value == json!([]) || value == json!({});
                // A `primary` that is taken away stays as `false`, which is what its absence means.
                let unset = value == json!(false) && name != "active";
                if !empty && !unset && name != "schemas" {
                    out.insert(name.clone(), value);
                }
            }
            Value::Object(out)
        }
        Value::Array(list) => {
            let mut list: Vec<Value> = list.iter().map(normal).collect();
            list.sort_by_key(ToString::to_string);
            Value::Array(list)
        }
        other => other.clone(),
    }
}

fn groups() -> impl Strategy<Value = Value> {
    let members = prop::collection::btree_map("[a-bA-B]{1,2}", prop::option::of("[xy]"), 0..6);
    ("[a-z]{1,3}", members).prop_map(|(name, members)| {
        let members: Vec<Value> =
            members.into_iter().map(|(value, display)| json!({"value": value, "display": display})).collect();
        json!({"displayName": name, "members": members})
    })
}

/// Members as a careless server has them: some twice, some without `value` or with a number for it.
fn odd_groups() -> impl Strategy<Value = Value> {
    let member = prop_oneof![
        4 => ("[a-bA-B]{1,2}", prop::option::of("[xy]")).prop_map(|(value, display)| json!({"value": value, "display": display})),
        1 => "[xy]".prop_map(|display| json!({"display": display})),
        1 => (0_u8..3).prop_map(|value| json!({"value": value})),
    ];
    prop::collection::vec(member, 0..8).prop_map(|members| json!({"displayName": "g", "members": members}))
}

fn reaches(
    before: &Value,
    after: &Value,
    schemas: &ResourceSchemas,
    options: &DiffOptions,
) -> Result<(), TestCaseError> {
    let patches = diff(before, after, schemas, options).unwrap();
    let mut resource = before.clone();
    for patch in &patches {
        // By the letter, unless the receiver wants its own form of removal.
        let removal_by_value =
            patch.operations.iter().any(|o| o.op == scim_core::patch::Op::Remove && o.value.is_some());
        let lenient = PatchOptions::new([Quirk::RemoveWithValue].into_iter().collect());
        let apply = if removal_by_value { lenient } else { PatchOptions::strict() }.with_unknown_attributes();
        let body = serde_json::to_value(patch).unwrap();
        let read = PatchOp::read(&body, &apply).unwrap();
        read.apply(&mut resource, schemas, &apply).unwrap();
    }
    prop_assert_eq!(normal(&resource), normal(after), "by {}", serde_json::to_string(&patches).unwrap());
    prop_assert!(diff(&resource, after, schemas, options).unwrap().is_empty(), "a second diff is empty");
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn printed_filters_read_back(filter in filters()) {
        let text = filter.to_string();
        prop_assert_eq!(Filter::parse(&text).map_err(|e| e.render()), Ok(filter.clone()));
        let lenient = Filter::parse_with(&text, &ParseOptions::lenient()).unwrap();
        prop_assert_eq!(lenient.value, filter);
        prop_assert!(lenient.quirks.is_empty());
    }

    #[test]
    fn printed_paths_read_back(name in names(), filter in names().prop_flat_map(|n| comparisons(AttributePath::parse(n.name()).unwrap()))) {
        let path = PatchPath::select(name, filter);
        prop_assert_eq!(PatchPath::parse(&path.to_string()), Ok(path));
    }

    #[test]
    fn any_text_is_read_or_refused_with_a_place_inside(text in "\\PC{0,40}|[a-c .\\[\\]()\"\\\\:$0-9eqprandort-]{0,40}") {
        for options in [ParseOptions::strict(), ParseOptions::lenient()] {
            if let Err(error) = Filter::parse_with(&text, &options) {
                prop_assert!(error.span().start <= text.len());
                prop_assert!(error.render().lines().count() == 3);
            }
            if let Err(error) = PatchPath::parse_with(&text, &options) {
                prop_assert!(error.span().start <= text.len());
            }
        }
        if let Ok(strict) = Filter::parse(&text) {
            let lenient = Filter::parse_with(&text, &ParseOptions::lenient()).unwrap();
            prop_assert_eq!(lenient.value, strict, "leniency changes nothing that strict takes");
        }
    }

    #[test]
    fn any_json_is_a_value_or_an_error(value in json_values(), resource in json_values()) {
        let text = value.to_string();
        drop(serde_json::from_str::<User>(&text));
        drop(serde_json::from_str::<Group>(&text));
        drop(serde_json::from_str::<Resource>(&text));
        drop(serde_json::from_str::<ListResponse<User>>(&text));
        for options in [PatchOptions::strict(), PatchOptions::lenient()] {
            let pathless = if value.is_object() { value.clone() } else { json!({"name": value, "urn:x:y": value}) };
            let body = json!({"Operations": [{"op": "add", "value": pathless}, {"op": "replace", "path": "emails", "value": value},
                {"op": "add", "path": "emails[type eq \"work\"]", "value": value}, {"op": "remove", "path": "emails", "value": value}],
                "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"]});
            drop(PatchOp::read(&value, &options));
            let mut after = resource.clone();
            let Ok(patch) = PatchOp::read(&body, &options) else {
                prop_assert!(Resource::try_from(body).is_err(), "only two spellings of one name are refused here");
                continue;
            };
            if patch.apply(&mut after, &ResourceSchemas::user(), &options).is_err() {
                prop_assert_eq!(&after, &resource, "a refused PATCH leaves no trace");
            }
        }
    }

    #[test]
    fn typed_resources_keep_what_they_do_not_know(user in users(), extra in "[a-z]{5}x") {
        let mut user = user;
        user[&extra] = json!({"a": [1, {"b": null}]});
        let typed: User = serde_json::from_value(user.clone()).unwrap();
        prop_assert_eq!(normal(&serde_json::to_value(&typed).unwrap()), normal(&user));
    }

    #[test]
    fn a_diff_of_users_reaches_its_end(before in users(), after in users()) {
        reaches(&before, &after, &ResourceSchemas::user(), &DiffOptions::new())?;
        reaches(&before, &after, &ResourceSchemas::user(), &DiffOptions::new().with_max_operations(1))?;
        reaches(&before, &after, &ResourceSchemas::user(), &DiffOptions::new().with_max_bytes(400))?;
    }

    #[test]
    fn a_diff_of_what_is_known_is_by_the_letter_of_the_schemas(before in users(), after in users()) {
        let schemas = ResourceSchemas::user();
        for patch in diff(&before, &after, &schemas, &DiffOptions::new().with_only_known()).unwrap() {
            let mut resource = before.clone();
            prop_assert!(patch.apply(&mut resource, &schemas, &PatchOptions::strict()).is_ok(), "{:?}", patch);
        }
    }

    #[test]
    fn a_diff_of_groups_reaches_its_end(before in groups(), after in groups()) {
        reaches(&before, &after, &ResourceSchemas::group(), &DiffOptions::new())?;
        reaches(&before, &after, &ResourceSchemas::group(), &DiffOptions::new().with_removal_by_value().with_max_values(2))?;
        reaches(&before, &after, &ResourceSchemas::group(), &DiffOptions::for_target(Quirks::AUTHENTIK).with_max_bytes(200))?;
    }

    /// Four namesakes that change are four removals and an addition of four: what a message must have room for.
    #[test]
    fn who_stays_is_there_after_each_message(before in groups(), after in groups()) {
        let schemas = ResourceSchemas::group();
        let keys = |group: &Value| -> Vec<String> {
            group["members"].as_array().into_iter().flatten().filter_map(|m| m["value"].as_str().map(str::to_owned)).collect()
        };
        let stay: Vec<String> = keys(&after).into_iter().filter(|key| keys(&before).contains(key)).collect();
        let (every, by_value) = (DiffOptions::new(), DiffOptions::for_target(Quirks::ENTRA));
        for options in [every.with_max_values(8), every.with_max_operations(5), by_value.with_max_values(8), by_value.with_max_operations(2)] {
            let receiver = PatchOptions::new(Quirks::ENTRA);
            let mut group = before.clone();
            for patch in diff(&before, &after, &schemas, &options).unwrap() {
                patch.apply(&mut group, &schemas, &receiver).unwrap();
                prop_assert!(stay.iter().all(|key| keys(&group).contains(key)), "{} lacks one of {:?}", group, stay);
            }
            prop_assert_eq!(normal(&group), normal(&after));
        }
    }

    #[test]
    fn an_odd_member_takes_nobody_along(before in odd_groups(), after in odd_groups()) {
        let schemas = ResourceSchemas::group();
        let keys = |group: &Value| -> Vec<String> {
            group["members"].as_array().into_iter().flatten().filter_map(|m| m["value"].as_str().map(str::to_lowercase)).collect()
        };
        // A receiver by the letter takes no number for `value`.
        let mut after = after;
        after["members"].as_array_mut().unwrap().retain(|member| !member["value"].is_number());
        for options in [DiffOptions::new(), DiffOptions::new().with_max_values(1), DiffOptions::new().with_max_operations(1)] {
            let Ok(patches) = diff(&before, &after, &schemas, &options) else { continue };
            let mut resource = before.clone();
            for patch in &patches {
                prop_assert!(patch.operations.iter().all(|o| o.op != scim_core::patch::Op::Replace), "{:?}", patch);
                patch.apply(&mut resource, &schemas, &PatchOptions::strict()).unwrap();
            }
            prop_assert!(diff(&resource, &after, &schemas, &options).unwrap().is_empty(), "{} is not {}", resource, after);
            prop_assert!(keys(&after).iter().all(|key| keys(&resource).contains(key)));
        }
    }

    #[test]
    fn replacing_twice_is_replacing_once(user in users(), value in users()) {
        let patch = PatchOp::new().replace(attr("emails"), value["emails"].clone()).replace(attr("name"), value["name"].clone());
        let mut resource = user;
        let options = PatchOptions::strict().with_unknown_attributes();
        patch.apply(&mut resource, &ResourceSchemas::user(), &options).unwrap();
        let once = resource.clone();
        let applied = patch.apply(&mut resource, &ResourceSchemas::user(), &options).unwrap();
        prop_assert!(!applied.changed);
        prop_assert_eq!(resource, once);
    }

    #[test]
    fn evaluation_agrees_with_a_naive_one_and_between_forms(user in users(), filter in user_filters()) {
        let schemas = ResourceSchemas::user();
        let on_json = filter.matches(&user, &schemas).unwrap();
        let typed: User = serde_json::from_value(user.clone()).unwrap();
        prop_assert_eq!(on_json, filter.compile_for::<User>().unwrap().matches(&typed), "typed: {}", filter);
        prop_assert_eq!(on_json, naive(&filter, &user), "naive: {}", filter);
    }
}

fn user_filters() -> impl Strategy<Value = Filter> {
    let text = || "[a-zA-Z]{1,2}";
    let leaf = prop_oneof![
        text().prop_map(|t| attr("title").eq(t)),
        text().prop_map(|t| attr("title").co(t)),
        text().prop_map(|t| attr("name.familyName").sw(t)),
        text().prop_map(|t| attr("name.givenName").gt(t)),
        Just(attr("title").pr()),
        Just(attr("emails.primary").pr()),
        any::<bool>().prop_map(|v| attr("active").eq(v)),
        "[a-c]@x".prop_map(|t| attr("emails").any(attr("type").eq("work").and(attr("value").eq(t)))),
        "[a-c]@x".prop_map(|t| attr("emails.value").ne(t)),
    ];
    leaf.prop_recursive(3, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.and(b)),
            (inner.clone(), inner.clone()).prop_map(|(a, b)| a.or(b)),
            inner.prop_map(Filter::not),
        ]
    })
}

/// The meaning of the filters above, spelt out with no cleverness.
fn naive(filter: &Filter, user: &Value) -> bool {
    let values = |path: &AttributePath| -> Vec<Value> {
        let top = &user[path.name()];
        let elements = top.as_array().cloned().unwrap_or_else(|| vec![top.clone()]);
        let subs = elements.into_iter().map(|e| path.sub().map_or(e.clone(), |sub| e[sub].clone()));
        subs.filter(|v| !v.is_null()).collect()
    };
    match filter {
        Filter::And(list) => list.iter().all(|f| naive(f, user)),
        Filter::Or(list) => list.iter().any(|f| naive(f, user)),
        Filter::Not(inner) => !naive(inner, user),
        Filter::Present(path) => !values(path).is_empty(),
        Filter::ValuePath(v) => {
            user[v.path.name()].as_array().into_iter().flatten().any(|element| naive(&v.filter, element))
        }
        Filter::Compare(c) => {
            let held = values(&c.path);
            let wanted: Value = serde_json::from_str(&c.value.to_string()).unwrap();
            if held.is_empty() {
                return c.op.as_str() == "ne";
            }
            held.iter().any(|v| match (v.as_str(), wanted.as_str()) {
                (Some(v), Some(w)) => {
                    let (v, w) = (v.to_lowercase(), w.to_lowercase());
                    match c.op.as_str() {
                        "eq" => v == w,
                        "ne" => v != w,
                        "co" => v.contains(&w),
                        "sw" => v.starts_with(&w),
                        "gt" => v > w,
                        other => panic!("{other}"),
                    }
                }
                _ => (*v == wanted) == (c.op.as_str() == "eq"),
            })
        }
    }
}
