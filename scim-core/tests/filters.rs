//! What a filter may ask, by the schema (RFC 7644 §3.4.2.2).

#![allow(clippy::unwrap_used, reason = "tests")]

use scim_core::filter::{Filter, FilterError, ParseOptions};
use scim_core::limits::Limits;
use scim_core::message::{ScimError, ScimType};
use scim_core::quirk::{Quirk, Quirks};
use scim_core::resource::{Name, User};
use scim_core::schema::{Attribute, AttributeType, ResourceSchemas, Returned, Schema};
use serde_json::json;

fn refusal(filter: &str) -> Option<FilterError> {
    Filter::parse(filter).unwrap().compile(&ResourceSchemas::user()).err()
}

/// "For complex attributes, a fully qualified sub-attribute MUST be specified."
#[test]
fn a_complex_attribute_without_value_is_not_compared_as_a_whole() {
    for filter in ["name eq \"x\"", "addresses co \"Main\"", "meta gt \"2026-01-01T00:00:00Z\"", "not (name ne \"x\")"]
    {
        let error = refusal(filter).unwrap_or_else(|| panic!("{filter} was accepted"));
        assert!(matches!(error, FilterError::NoValue { .. }), "{filter}: {error:?}");
        assert_eq!(ScimError::from(&error).scim_type, Some(ScimType::InvalidFilter));
        assert!(Filter::parse(filter).unwrap().compile_for::<User>().is_err(), "{filter}, typed");
    }
    assert_eq!(
        refusal("name eq \"x\"").unwrap().to_string(),
        "`name` has no value of its own to compare: name a sub-attribute, as in `name.formatted`"
    );
}

#[test]
fn presence_null_and_value_ask_for_no_sub_attribute() {
    let schemas = ResourceSchemas::user();
    let user = json!({"userName": "a", "name": {"familyName": "A"}, "emails": [{"value": "a@example.com"}]});
    for (filter, expected) in [
        ("name pr", true),
        ("name eq null", false),
        ("name ne null", true),
        ("addresses eq null", true),
        ("emails co \"example\"", true),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"26118915\"", false),
    ] {
        assert_eq!(Filter::parse(filter).unwrap().matches(&user, &schemas), Ok(expected), "{filter}");
    }
    let mut typed = User::new("a");
    let mut name = Name::default();
    name.family_name = Some("A".into());
    typed.name = Some(name);
    assert!(Filter::parse("name pr and name ne null").unwrap().compile_for::<User>().unwrap().matches(&typed));
}

/// RFC 7643 §2.4: without `primary` an element is not the primary one.
#[test]
fn what_does_not_say_primary_is_not() {
    let user = json!({"userName": "u", "emails": [{"value": "a", "primary": true}, {"value": "b"}],
        "phoneNumbers": [{"value": "1", "primary": true}]});
    let typed: User = serde_json::from_value(user.clone()).unwrap();
    let schemas = ResourceSchemas::user();
    for (filter, met) in [
        ("emails[primary eq false]", true),
        ("emails[value eq \"b\" and primary eq false]", true),
        ("emails[value eq \"a\" and primary eq false]", false),
        ("emails[value eq \"b\" and primary ne true]", true),
        ("emails[value eq \"b\" and primary ne false]", false),
        ("emails[value eq \"a\" and primary ne false]", true),
        ("emails[value eq \"b\" and primary pr]", false),
        ("emails.primary eq false", true),
        ("emails.primary eq true", true),
        ("phoneNumbers[primary eq false]", false),
        ("phoneNumbers.primary eq false", false),
        ("ims[primary eq false]", false),
        ("ims.primary eq false", false),
        ("not (emails.primary eq false)", false),
        ("active eq false", false),
    ] {
        let filter_read = Filter::parse(filter).unwrap();
        assert_eq!(filter_read.matches(&user, &schemas).unwrap(), met, "{filter}");
        assert_eq!(filter_read.compile_for::<User>().unwrap().matches(&typed), met, "typed: {filter}");
    }
}

/// An extension of a service may take the place of one that has a type, or be one of its own.
#[test]
fn typed_resources_are_asked_for_what_no_member_holds() {
    const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let text = |name: &str| Attribute::new(name, AttributeType::String);
    let mut shift = Attribute::new("shift", AttributeType::Complex);
    shift.multi_valued = Some(true);
    shift.sub_attributes = vec![text("value"), text("day")];
    let schemas = ResourceSchemas::user()
        .with_extension(Schema::new(ENTERPRISE, vec![text("floor"), text("department"), shift.clone()]))
        .with_extension(Schema::new("urn:example:Badge", vec![text("number"), shift]));
    let shifts = json!([{"value": "early", "day": "monday"}]);
    let user = json!({"userName": "u", ENTERPRISE: {"floor": "3", "department": "d", "shift": shifts},
        "urn:example:Badge": {"number": "17", "shift": shifts}});
    let typed: User = serde_json::from_value(user.clone()).unwrap();
    let bare = User::new("u");
    let without = json!({"userName": "u"});
    for urn in [ENTERPRISE, "urn:example:Badge"] {
        for filter in [
            "floor eq \"3\"",
            "floor pr",
            "floor ne \"3\"",
            "number sw \"1\"",
            "department eq \"D\"",
            "shift eq \"early\"",
            "shift.day eq \"Monday\"",
            "shift[day eq \"monday\" and value eq \"late\"]",
            "shift[day eq \"monday\" and value eq \"early\"]",
            "nothing pr",
            "nothing ne \"x\"",
        ] {
            let filter = Filter::parse(&format!("{urn}:{filter}")).unwrap();
            let (json, own) = (filter.compile(&schemas).unwrap(), filter.compile_for_with::<User>(&schemas).unwrap());
            assert_eq!(own.matches(&typed), json.matches(&user), "{filter}");
            assert_eq!(own.matches(&bare), json.matches(&without), "{filter}");
        }
    }
    let floor = Filter::parse(&format!("{ENTERPRISE}:floor eq \"3\"")).unwrap();
    assert!(floor.compile_for_with::<User>(&schemas).unwrap().matches(&typed));
}

#[test]
fn what_is_never_returned_can_be_refused() {
    for filter in
        ["password eq \"a\"", "userName pr or not (urn:ietf:params:scim:schemas:core:2.0:User:PASSWORD sw \"a\")"]
    {
        let error = Filter::parse(filter).unwrap().check_searchable(&ResourceSchemas::user());
        assert!(matches!(error, Err(FilterError::Hidden { .. })), "{filter}: {error:?}");
    }
    assert_eq!(Filter::parse("userName pr").unwrap().check_searchable(&ResourceSchemas::user()), Ok(()));
    // A complex attribute is compared by its `value`.
    let mut value = Attribute::new("value", AttributeType::String);
    value.returned = Some(Returned::Never);
    let mut secrets = Attribute::new("secrets", AttributeType::Complex);
    secrets.sub_attributes = vec![value, Attribute::new("type", AttributeType::String)];
    let schemas = ResourceSchemas::user().with_extension(Schema::new("urn:example:Key", vec![secrets]));
    for (filter, ok) in [
        ("urn:example:Key:secrets sw \"a\"", false),
        ("urn:example:Key:secrets.value sw \"a\"", false),
        ("urn:example:Key:secrets[type eq \"x\" and value sw \"a\"]", false),
        ("urn:example:Key:secrets.type eq \"x\"", true),
        ("emails co \"a\"", true),
    ] {
        assert_eq!(Filter::parse(filter).unwrap().check_searchable(&schemas).is_ok(), ok, "{filter}");
    }
}

/// What stands between brackets is read in one go where it can be: the long way must give the same.
#[test]
fn terms_between_brackets_read_alike_in_either_way() {
    for (short, long) in [
        ("emails[type eq \"work\" and value co \"a\"]", "emails[(type eq \"work\") and value co \"a\"]"),
        ("emails[type pr or primary pr or value pr]", "emails[type pr or (primary pr) or value pr]"),
        ("emails[type pr]", "emails[(type pr)]"),
        ("emails[type pr and value pr or primary pr]", "emails[(type pr and value pr) or primary pr]"),
    ] {
        assert_eq!(Filter::parse(short), Filter::parse(long), "{short}");
    }
    for broken in [
        "emails[type pr and]",
        "emails[type pr and ]",
        "emails[]",
        "emails[type pr  and value pr]",
        "emails[a[b pr]]",
        "emails[a.b pr]",
    ] {
        assert!(Filter::parse(broken).is_err(), "{broken}");
    }
}

#[test]
fn limits_hold_for_everyday_filters_too() {
    let default = Limits::default();
    let value_path = r#"emails[type eq "work" and value pr]"#;
    let group = r#"(title pr or userType pr) and not (emails[type eq "work"])"#;
    let mixed = "(title pr or userType pr and active pr)";
    for (text, limits, ok) in [
        (r#"userName eq "x""#, default.with_bytes(15), true),
        (r#"userName eq "x""#, default.with_bytes(14), false),
        ("title pr and userType pr", default.with_terms(2), true),
        ("title pr and userType pr", default.with_terms(1), false),
        (value_path, default.with_terms(2).with_depth(1), true),
        (value_path, default.with_terms(1), false),
        (value_path, default.with_depth(0), false),
        ("not (title pr) or title pr", default.with_depth(1), true),
        ("not (title pr) or title pr", default.with_depth(0), false),
        (group, default.with_terms(3).with_depth(2), true),
        (group, default.with_terms(2), false),
        (group, default.with_depth(1), false),
        (mixed, default.with_terms(3), true),
        (mixed, default.with_terms(2), false),
    ] {
        for options in [ParseOptions::strict(), ParseOptions::lenient()] {
            let read = Filter::parse_with(text, &options.with_limits(limits));
            assert_eq!(read.is_ok(), ok, "{text}: {limits:?}");
        }
    }
}

/// A complex value that holds nothing is not there: `not` between the brackets finds no element to be true of.
#[test]
fn an_empty_complex_value_is_no_element_in_either_form() {
    let schemas = ResourceSchemas::user();
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let manager = format!("{enterprise}:manager[not (value eq \"x\")]");
    for (body, filter, met) in [
        (json!({"name": {}}), "name[not (givenName eq \"x\")]", false),
        (json!({"name": {"givenName": null}}), "name[not (givenName eq \"x\")]", false),
        (json!({"name": {"nick": {}}}), "name[not (givenName eq \"x\")]", false),
        (json!({"name": {"nick": {"a": null}}}), "name[not (givenName eq \"x\")]", true),
        (json!({"name": {"givenName": ""}}), "name[not (givenName eq \"x\")]", true),
        (json!({"name": {"familyName": "F"}}), "name[not (givenName eq \"x\")]", true),
        (json!({"name": {}}), "not (name[givenName eq \"x\"])", true),
        (json!({"meta": {}}), "meta[not (version eq \"x\")]", false),
        (json!({enterprise: {"manager": {}}}), &manager, false),
        (json!({enterprise: {"manager": {"value": null}}}), &manager, false),
        (json!({enterprise: {"manager": {"displayName": "M"}}}), &manager, true),
        // In a list it is an element all the same.
        (json!({"emails": [{}]}), "emails[not (type eq \"x\")]", true),
    ] {
        let typed: User = serde_json::from_value(body.clone()).unwrap();
        let filter = Filter::parse(filter).unwrap();
        assert_eq!(filter.matches(&body, &schemas), Ok(met), "{filter} of {body}");
        assert_eq!(filter.compile_for::<User>().unwrap().matches(&typed), met, "{filter} of {body}, typed");
    }
}

/// "as if unassigned" is what no schema has (RFC 7644 §3.4.2.1), not what stands beside it.
#[test]
fn an_unknown_name_between_brackets_leaves_the_others_their_meaning() {
    let version = json!({"meta": {"version": "W/abc"}});
    let email = json!({"emails": [{"value": "a"}]});
    let foo = json!({"emails": [{"value": "a", "foo": "X"}, {"value": "b", "primary": true}]});
    for (body, filter, met) in [
        (&version, "meta[version eq \"W/ABC\" or foo pr]", false),
        (&version, "meta[version eq \"W/abc\" and not (foo pr)]", true),
        (&email, "emails[primary eq false and not (foo pr)]", true),
        (&email, "emails[foo eq null and foo ne \"x\"]", true),
        (&foo, "emails[foo eq \"x\" and value eq \"A\"]", true),
        (&foo, "emails[foo pr and primary eq false]", true),
        (&foo, "emails[foo pr and primary eq true]", false),
        (&foo, "emails[foo eq \"x\" and value eq \"b\"]", false),
    ] {
        let filter = Filter::parse(filter).unwrap();
        assert_eq!(filter.matches(body, &ResourceSchemas::user()), Ok(met), "{filter}");
        let typed: User = serde_json::from_value(body.clone()).unwrap();
        assert_eq!(filter.compile_for::<User>().unwrap().matches(&typed), met, "typed: {filter}");
    }
    assert!(matches!(refusal("x509Certificates[value gt \"a\" or foo pr]"), Some(FilterError::NoOrder { .. })));
    assert_eq!(refusal("emails[foo gt \"a\" or foo eq 1]"), None);
}

/// Absent, `null`, `[]` and `{}` are one state in what no schema has too.
#[test]
fn an_unknown_sub_attribute_that_holds_nothing_is_unassigned_in_either_form() {
    for nothing in [json!(null), json!([]), json!({})] {
        for body in
            [json!({"emails": [{"value": "a", "foo": nothing}]}), json!({"name": {"givenName": "a", "foo": nothing}})]
        {
            let typed: User = serde_json::from_value(body.clone()).unwrap();
            let list = if body.get("emails").is_some() { "emails" } else { "name" };
            for (rest, met) in
                [("eq null", true), ("ne null", false), ("pr", false), ("ne \"x\"", true), ("eq \"x\"", false)]
            {
                let filter = Filter::parse(&format!("{list}.foo {rest}")).unwrap();
                assert_eq!(filter.matches(&body, &ResourceSchemas::user()), Ok(met), "{filter} of {body}");
                assert_eq!(filter.compile_for::<User>().unwrap().matches(&typed), met, "{filter} of {body}, typed");
            }
        }
    }
}

/// What a provider that takes only some of it is told; the rest keeps its meaning.
#[test]
fn only_what_is_tolerated_and_of_that_type_is_taken_as_meant() {
    let urn = "urn:ietf:params:scim:schemas:core:2.0:User";
    let quoted = Quirks::STRICT.with(Quirk::BoolStringInFilter);
    let dotted = Quirks::STRICT.with(Quirk::UrnDotNotation);
    let with_dot = format!("{urn}.active eq \"true\"");
    for (filter, quirks, meant, fired) in [
        ("active eq \"true\"", quoted, "active eq true", quoted),
        ("active eq \"true\"", dotted, "active eq \"true\"", Quirks::STRICT),
        ("active eq \"yes\"", quoted, "active eq \"yes\"", Quirks::STRICT),
        ("userName eq \"true\"", quoted, "userName eq \"true\"", Quirks::STRICT),
        (
            "emails[value eq \"True\" and primary eq \"True\"]",
            quoted,
            "emails[value eq \"True\" and primary eq true]",
            quoted,
        ),
        ("unknown eq \"true\"", quoted, "unknown eq \"true\"", Quirks::STRICT),
        (&with_dot, dotted, &format!("{urn}:active eq \"true\""), dotted),
        (&with_dot, dotted.union(quoted), &format!("{urn}:active eq true"), dotted.union(quoted)),
        (&with_dot, quoted, &with_dot, Quirks::STRICT),
    ] {
        let mut taken = Filter::parse(filter).unwrap();
        assert_eq!(taken.take_as_meant(&ResourceSchemas::user(), quirks), fired, "{filter} {quirks}");
        assert_eq!(taken, Filter::parse(meant).unwrap(), "{filter} {quirks}");
    }
}
