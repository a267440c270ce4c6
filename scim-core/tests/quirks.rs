//! One test per quirk of `docs/deviations.md` that no corpus case holds: the tolerant result with its report, and the
//! strict one.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]
#![allow(clippy::needless_pass_by_value, reason = "`json!` literals as arguments read best without `&`")]

use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::quirk::{Quirk, Quirks};
use scim_core::schema::{Attribute, AttributeType, ResourceSchemas, Schema};
use serde_json::{Value, json};

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";

fn run(before: &Value, operation: &Value, quirks: Quirks) -> Result<(Value, bool, Quirks), String> {
    let schemas = if before.get("members").is_some() {
        ResourceSchemas::group()
    } else {
        let rank = Attribute::new("rank", AttributeType::Integer);
        ResourceSchemas::user().with_extension(Schema::new("urn:example:Badge", vec![rank]))
    };
    let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]});
    let options = PatchOptions::new(quirks);
    let mut resource = before.clone();
    match PatchOp::read(&body, &options).and_then(|patch| patch.apply(&mut resource, &schemas, &options)) {
        Ok(applied) => Ok((resource, applied.changed, applied.quirks)),
        Err(error) => {
            assert_eq!(&resource, before, "a refused PATCH leaves no trace");
            assert_eq!(error.operation(), Some(0), "{error}");
            let place = error.target().map(|target| format!(" at `{target}`")).unwrap_or_default();
            let bytes = error.parse_error().map(|parse| format!(", bytes {:?}", parse.span())).unwrap_or_default();
            Err(format!("{}{place}{bytes}", error.scim_type()))
        }
    }
}

/// What tolerant and strict make of it.
#[track_caller]
fn check(before: Value, operation: Value, quirk: Quirk, tolerant: Value, strict: Result<Value, &str>) {
    let (after, _, fired) = run(&before, &operation, Quirks::LENIENT.with(quirk)).unwrap();
    assert_eq!(after, tolerant);
    assert!(fired.contains(quirk), "{quirk} is not among {fired}");
    let outcome = run(&before, &operation, Quirks::STRICT);
    match strict {
        Ok(after) => {
            let (got, _, fired) = outcome.unwrap();
            assert_eq!(got, after);
            assert!(fired.is_empty());
        }
        Err(scim_type) => assert_eq!(outcome.unwrap_err(), scim_type),
    }
}

/// Entra's first assignment of a role: no element is there yet, and the boolean was read by the filter.
#[test]
fn a_boolean_in_quotes_describes_the_new_element() {
    for quirks in [Quirks::ENTRA, Quirks::ENTRA_RFC, Quirks::LENIENT] {
        for operation in [
            json!({"op": "add", "path": "roles[primary eq \"True\"].value", "value": "b"}),
            json!({"op": "replace", "path": "roles[primary eq \"True\"].value", "value": "b"}),
        ] {
            let (after, _, fired) = run(&json!({"userName": "u"}), &operation, quirks).unwrap();
            assert_eq!(after["roles"], json!([{"value": "b", "primary": true}]), "{quirks}");
            assert!(!fired.contains(Quirk::BoolString), "{fired}");
        }
    }
}

#[test]
fn bool_string_in_filter() {
    check(
        json!({"roles": [{"value": "a", "primary": true}]}),
        json!({"op": "replace", "path": "roles[primary eq \"True\"].value", "value": "b"}),
        Quirk::BoolStringInFilter,
        json!({"roles": [{"value": "b", "primary": true}]}),
        Err("invalidFilter at `roles[primary eq \"True\"].value`"),
    );
    check(
        json!({"roles": [{"value": "a", "primary": true}, {"value": "b"}]}),
        json!({"op": "remove", "path": "roles[primary eq \"True\"]"}),
        Quirk::BoolStringInFilter,
        json!({"roles": [{"value": "b"}]}),
        Err("invalidFilter at `roles[primary eq \"True\"]`"),
    );
}

#[test]
fn path_keys() {
    check(
        json!({"phoneNumbers": [{"type": "work", "value": "0"}]}),
        json!({"op": "replace", "value": {"phoneNumbers[type eq \"work\"].value": "1", "title": "t"}}),
        Quirk::PathKeys,
        json!({"phoneNumbers": [{"type": "work", "value": "1"}], "title": "t"}),
        Err("invalidPath at `phoneNumbers[type eq \"work\"].value`"),
    );
}

#[test]
fn dotted_keys_in_an_extension() {
    check(
        json!({"schemas": [ENTERPRISE], ENTERPRISE: {"division": "d"}}),
        json!({"op": "replace", "value": {ENTERPRISE: {"manager.value": "m"}}}),
        Quirk::DottedKeys,
        json!({"schemas": [ENTERPRISE], ENTERPRISE: {"division": "d", "manager": {"value": "m"}}}),
        Err(&format!("invalidPath at `{ENTERPRISE}:manager.value`")),
    );
}

#[test]
fn remove_with_value_in_a_selection() {
    check(
        json!({"emails": [{"type": "work", "value": "a"}, {"type": "work", "value": "b"}]}),
        json!({"op": "remove", "path": "emails[type eq \"work\"]", "value": [{"value": "a"}]}),
        Quirk::RemoveWithValue,
        json!({"emails": [{"type": "work", "value": "b"}]}),
        Err("invalidValue at `emails[type eq \"work\"]`"),
    );
}

#[test]
fn remove_with_a_value_that_says_nothing_removes_nothing() {
    let before = json!({"members": [{"value": "1"}]});
    for value in [json!([]), json!([{}]), json!([{"$ref": null}])] {
        let operation = json!({"op": "remove", "path": "members", "value": value});
        let (after, changed, _) = run(&before, &operation, Quirks::ENTRA).unwrap();
        assert_eq!((after, changed), (before.clone(), false), "{value}");
    }
}

#[test]
fn wrapped_scalar() {
    for value in [json!({"value": "x"}), json!([{"$ref": null, "value": "x"}])] {
        check(
            json!({"title": "t"}),
            json!({"op": "replace", "path": "title", "value": value}),
            Quirk::WrappedScalar,
            json!({"title": "x"}),
            Err("invalidValue at `title`"),
        );
    }
}

#[test]
fn null_subattr() {
    let after = json!({"members": [{"value": "u0"}, {"value": "u1"}]});
    check(
        json!({"members": [{"value": "u0"}]}),
        json!({"op": "add", "path": "members", "value": [{"$ref": null, "value": "u1"}]}),
        Quirk::NullSubattr,
        after.clone(),
        Ok(after),
    );
}

#[test]
fn urn_dot_notation() {
    for (path, value) in [("department", json!("d")), ("manager", json!({"value": "m"}))] {
        check(
            json!({"userName": "u", "schemas": [ENTERPRISE]}),
            json!({"op": "add", "path": format!("{ENTERPRISE}.{path}"), "value": value}),
            Quirk::UrnDotNotation,
            json!({"userName": "u", "schemas": [ENTERPRISE], ENTERPRISE: {path: value}}),
            Err(&format!("invalidPath at `{ENTERPRISE}.{path}`")),
        );
    }
    let (after, _, fired) = run(
        &json!({"userName": "u"}),
        &json!({"op": "add", "path": format!("{ENTERPRISE}.manager.value"), "value": "m"}),
        Quirks::ENTRA,
    )
    .unwrap();
    assert_eq!(after[ENTERPRISE]["manager"]["value"], "m");
    assert!(fired.contains(Quirk::UrnDotNotation));
}

#[test]
fn json_in_string() {
    let text = "{\"id\":\"1\",\"value\":\"Admin\"}";
    let after = json!({"roles": [{"value": text}]});
    check(
        json!({}),
        json!({"op": "add", "path": "roles", "value": [{"value": text}]}),
        Quirk::JsonInString,
        after.clone(),
        Ok(after),
    );
}

#[test]
fn unknown_subattr() {
    check(
        json!({"members": [{"value": "u0"}]}),
        json!({"name": "addMember", "op": "add", "path": "members", "value": [{"value": "u1", "displayName": "U"}]}),
        Quirk::UnknownSubattr,
        json!({"members": [{"value": "u0"}, {"value": "u1"}]}),
        Err("invalidValue"),
    );
    let operation = json!({"op": "add", "path": "emails.colour", "value": "red"});
    let refusal = run(&json!({"emails": [{"value": "a"}]}), &operation, Quirks::LENIENT).unwrap_err();
    assert_eq!(refusal, "invalidPath at `emails.colour`");
}

#[test]
fn empty_value_clears() {
    let before = json!({"emails": [{"value": "a"}]});
    let operation = json!({"op": "replace", "path": "emails", "value": [{"value": ""}]});
    check(
        before.clone(),
        operation.clone(),
        Quirk::EmptyValueClears,
        json!({}),
        Ok(json!({"emails": [{"value": ""}]})),
    );
    assert_eq!(
        run(&before, &operation, Quirks::LENIENT).unwrap().0,
        json!({"emails": [{"value": ""}]}),
        "only where asked for"
    );
}

#[test]
fn empty_string_clears() {
    let before = json!({"schemas": [ENTERPRISE], ENTERPRISE: {"manager": {"value": "m"}, "division": "d"}});
    let operation = json!({"op": "replace", "path": format!("{ENTERPRISE}:manager"), "value": ""});
    let after = json!({"schemas": [ENTERPRISE], ENTERPRISE: {"division": "d"}});
    let refusal = format!("invalidValue at `{ENTERPRISE}:manager`");
    check(before.clone(), operation.clone(), Quirk::EmptyStringClears, after, Err(&refusal));
    assert!(run(&before, &operation, Quirks::LENIENT).unwrap().2.contains(Quirk::ComplexAsString));
}

#[test]
fn member_identity() {
    let before = json!({"members": [{"value": "1"}, {"value": "2", "display": "Two", "type": "User"}]});
    check(
        before.clone(),
        json!({"op": "add", "path": "members", "value": {"value": "2"}}),
        Quirk::MemberIdentity,
        before.clone(),
        Ok(before),
    );
}

#[test]
fn salesforce_nested_members() {
    check(
        json!({"members": [{"value": "1"}, {"value": "2"}]}),
        json!({"op": "remove", "path": "members", "value": {"members": [{"value": "2"}]}}),
        Quirk::SalesforceNestedMembers,
        json!({"members": [{"value": "1"}]}),
        Err("invalidValue at `members`"),
    );
}

#[test]
fn entra_manager_without_urn_and_as_a_list() {
    let operation =
        json!({"op": "Add", "path": "manager", "value": [{"$ref": "http://x/Users/00aa", "value": "00aa"}]});
    let (after, ..) = run(&json!({"userName": "u"}), &operation, Quirks::ENTRA).unwrap();
    assert_eq!(after[ENTERPRISE]["manager"]["value"], "00aa");
    assert_eq!(after["schemas"], json!([ENTERPRISE]));
}

#[test]
fn many_small_additions_and_removals_agree_with_one_big_one() {
    let member = |i: usize| json!({"value": format!("{i}")});
    let before = json!({"members": (0..50).map(member).collect::<Vec<_>>()});
    let small: Vec<Value> = (25..100)
        .map(|i| json!({"op": "add", "path": "members", "value": [member(i)]}))
        .chain((0..10).map(|i| json!({"op": "remove", "path": format!("members[value eq \"{i}\"]")})))
        .chain((0..20).map(|i| json!({"op": "add", "path": "members", "value": [member(i)]})))
        .collect();
    let big = json!([{"op": "add", "path": "members", "value": (0..100).map(member).collect::<Vec<_>>()}]);
    let apply = |operations: Value| {
        let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
        let options = PatchOptions::strict();
        let mut group = before.clone();
        PatchOp::read(&body, &options).unwrap().apply(&mut group, &ResourceSchemas::group(), &options).unwrap();
        let mut values: Vec<u32> = group["members"]
            .as_array()
            .unwrap()
            .iter()
            .map(|m| m["value"].as_str().unwrap().parse().unwrap())
            .collect();
        values.sort_unstable();
        values
    };
    assert_eq!(apply(json!(small)), apply(big));
}

/// The keyword, the path and, where a path could not be read, its bytes: for every quirk that strict does not take.
#[test]
fn strict_says_where_it_stopped() {
    let manager = format!("{ENTERPRISE}:manager");
    let refusals = [
        (Quirk::OpCase, json!({"op": "Replace", "path": "title", "value": "t"}), "invalidSyntax".to_owned()),
        (
            Quirk::BoolString,
            json!({"op": "replace", "path": "active", "value": "False"}),
            "invalidValue at `active`".to_owned(),
        ),
        (
            Quirk::BoolString,
            json!({"op": "replace", "value": {"title": "t", "active": "False"}}),
            "invalidValue at `active`".to_owned(),
        ),
        (
            Quirk::BoolStringInFilter,
            json!({"op": "replace", "path": "roles[primary eq \"True\"].value", "value": "b"}),
            "invalidFilter at `roles[primary eq \"True\"].value`".to_owned(),
        ),
        (
            Quirk::NumberString,
            json!({"op": "replace", "path": "urn:example:Badge:rank", "value": "12"}),
            "invalidValue at `urn:example:Badge:rank`".to_owned(),
        ),
        (
            Quirk::DottedKeys,
            json!({"op": "replace", "value": {"name.givenName": "g"}}),
            "invalidPath at `name.givenName`".to_owned(),
        ),
        (
            Quirk::PathKeys,
            json!({"op": "replace", "value": {"emails[type eq \"work\"].value": "v"}}),
            "invalidPath at `emails[type eq \"work\"].value`".to_owned(),
        ),
        (
            Quirk::RemoveWithValue,
            json!({"op": "remove", "path": "emails", "value": [{"value": "a"}]}),
            "invalidValue at `emails`".to_owned(),
        ),
        (
            Quirk::CreateOnUnmatchedFilter,
            json!({"op": "replace", "path": "emails[type eq \"home\"].value", "value": "b"}),
            "noTarget at `emails[type eq \"home\"].value`".to_owned(),
        ),
        (
            Quirk::ComplexAsString,
            json!({"op": "add", "path": manager, "value": "26118915"}),
            format!("invalidValue at `{manager}`"),
        ),
        (
            Quirk::WrappedScalar,
            json!({"op": "add", "path": "title", "value": {"value": "x"}}),
            "invalidValue at `title`".to_owned(),
        ),
        (
            Quirk::UnquotedFilterValue,
            json!({"op": "remove", "path": "emails[value eq 123abc]"}),
            "invalidFilter at `emails[value eq 123abc]`, bytes 16..22".to_owned(),
        ),
        (
            Quirk::ReadonlyInValueIgnored,
            json!({"op": "replace", "value": {"title": "x", "meta": {"version": "1"}}}),
            "mutability at `meta`".to_owned(),
        ),
        (
            Quirk::OktaIdInValue,
            json!({"op": "replace", "value": {"id": "1", "title": "x"}}),
            "mutability at `id`".to_owned(),
        ),
        (
            Quirk::UrnDotNotation,
            json!({"op": "add", "path": format!("{ENTERPRISE}.department"), "value": "d"}),
            format!("invalidPath at `{ENTERPRISE}.department`"),
        ),
        (
            Quirk::UrnDotNotation,
            json!({"op": "add", "path": format!("{ENTERPRISE}.manager.value"), "value": "d"}),
            format!("invalidPath at `{ENTERPRISE}.manager.value`, bytes 59..72"),
        ),
        (
            Quirk::UnknownSubattr,
            json!({"op": "add", "path": "emails", "value": [{"value": "b", "colour": "red"}]}),
            "invalidValue at `emails`".to_owned(),
        ),
        (
            Quirk::EmptyStringClears,
            json!({"op": "replace", "path": manager, "value": ""}),
            format!("invalidValue at `{manager}`"),
        ),
        (
            Quirk::SalesforceNestedMembers,
            json!({"op": "remove", "path": "members", "value": {"members": [{"value": "2"}]}}),
            "invalidValue at `members`".to_owned(),
        ),
    ];
    let user = json!({"userName": "u", "emails": [{"value": "a", "type": "work"}]});
    let group = json!({"displayName": "g", "members": [{"value": "2"}]});
    for (quirk, operation, refusal) in &refusals {
        let before = if *quirk == Quirk::SalesforceNestedMembers { &group } else { &user };
        assert_eq!(run(before, operation, Quirks::STRICT).as_ref().unwrap_err(), refusal, "{quirk}");
    }
    let refused: Quirks = refusals.iter().map(|(quirk, ..)| *quirk).collect();
    let taken = [Quirk::NullSubattr, Quirk::JsonInString, Quirk::EmptyValueClears, Quirk::MemberIdentity];
    let all: Quirks = Quirk::ALL.iter().copied().collect();
    assert_eq!(refused.union(taken.into_iter().collect()), all);
}
