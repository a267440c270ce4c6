//! Filters and paths: printing and reading are inverse, leniency only adds, errors point into the text, and the two
//! evaluators agree.

use std::fmt::Display;
use std::sync::LazyLock;

use scim_core::error::ParseError;
use scim_core::filter::{Filter, ParseOptions, Parsed};
use scim_core::limits::Limits;
use scim_core::path::{AttributePath, PatchPath};
use scim_core::resource::User;
use scim_core::schema::ResourceSchemas;
use serde_json::{Value, json};

/// A user with something under most names, as JSON and typed.
static SOMEBODY: LazyLock<Option<(Value, User)>> = LazyLock::new(|| {
    let user: User = serde_json::from_value(json!({
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"],
        "id": "2819c223",
        "externalId": "bjensen",
        "userName": "bjensen@example.com",
        "name": {"familyName": "Jensen", "givenName": "Barbara", "formatted": ""},
        "active": true,
        "emails": [
            {"value": "b@example.com", "type": "work", "primary": true},
            {"value": "B@home.example", "type": "home", "primary": false}
        ],
        "phoneNumbers": [{"value": "555-555-5555", "type": "work"}],
        "groups": ["g1", {"value": "g2", "type": "direct"}],
        "roles": [{"value": "{\"id\":1}"}],
        "x509Certificates": [{"value": "MIIDQzCC"}],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":
            {"employeeNumber": "701984", "manager": {"value": "26118915", "displayName": "John"}},
        "meta": {"resourceType": "User", "created": "2010-01-23T04:56:22Z", "lastModified": "2011-05-13T04:42:34.5+02:00"},
        "weight": 1.5, "children": 3, "flag": false, "tags": ["a", 2], "nothing": null, "deep": {"a": {"b": 1}}
    }))
    .ok()?;
    Some((serde_json::to_value(&user).ok()?, user))
});

/// An error points into the text, and its texts are what they are said to be.
fn check_error(text: &str, error: &ParseError) {
    let span = error.span();
    assert!(span.start <= span.end && span.end <= text.len(), "{text:?}: {span:?} is outside");
    assert!(text.is_char_boundary(span.start), "{text:?}: {span:?} cuts a character");
    assert!(error.to_string().lines().count() == 1, "{text:?}: more than one line: {error}");
    assert!(error.render().split('\n').count() == 3, "{text:?}: no three lines: {}", error.render());
    assert!(matches!(error.scim_type().as_str(), "invalidFilter" | "invalidPath"), "{text:?}: {error}");
}

/// Both readings of one text.
fn check_readings<T: Display + PartialEq + std::fmt::Debug>(
    text: &str,
    read: fn(&str, &ParseOptions) -> Result<Parsed<T>, ParseError>,
) -> Option<T> {
    let strict = read(text, &ParseOptions::strict());
    let lenient = read(text, &ParseOptions::lenient());
    if let Ok(parsed) = &strict {
        assert!(parsed.quirks.is_empty(), "{text:?}: strict used {}", parsed.quirks);
        assert_eq!(Ok(parsed), lenient.as_ref(), "{text:?}: leniency changed what the letter accepts");
    }
    for error in [&strict, &lenient].into_iter().filter_map(|outcome| outcome.as_ref().err()) {
        check_error(text, error);
    }
    let value = lenient.ok()?.value;
    let printed = value.to_string();
    if printed.len() <= Limits::default().bytes() {
        match read(&printed, &ParseOptions::strict()) {
            Ok(again) => assert_eq!(again.value, value, "{text:?} printed as {printed:?} is another one"),
            Err(error) => panic!("{text:?} printed as {printed:?} is refused: {error}"),
        }
    }
    Some(value)
}

/// Target `filter`: a filter text.
pub fn filter(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(filter) = check_readings(text, Filter::parse_with) else { return };
    let paths = filter.paths();
    assert!(!paths.is_empty() && paths.len() <= Limits::default().terms(), "{text:?}: {} paths", paths.len());
    let Some((json, user)) = &*SOMEBODY else { panic!("the sample user does not read") };
    let schemas = ResourceSchemas::user();
    let on_json = filter.matches(json, &schemas);
    let on_typed = filter.compile_for::<User>().map(|matcher| matcher.matches(user));
    assert_eq!(on_json, on_typed, "{text:?}: JSON and typed disagree");
    if let Ok(verdict) = on_json {
        assert_eq!(filter.clone().not().matches(json, &schemas), Ok(!verdict), "{text:?}: `not` is no negation");
        assert_eq!(filter.clone().and(filter.clone()).matches(json, &schemas), Ok(verdict), "{text:?} and itself");
        assert_eq!(filter.clone().or(filter.clone()).matches(json, &schemas), Ok(verdict), "{text:?} or itself");
    }
    let _ = filter.matches(json, &ResourceSchemas::group());
}

/// Target `path`: the path of a PATCH operation, or of an attribute.
pub fn path(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let path = check_readings(text, PatchPath::parse_with);
    match AttributePath::parse(text) {
        Ok(attribute) => {
            assert_eq!(AttributePath::parse(&attribute.to_string()).as_ref(), Ok(&attribute), "{text:?}");
            assert!(attribute.matches(&attribute), "{text:?} is not itself");
            let path = path.unwrap_or_else(|| panic!("{text:?} is an attribute path and no PATCH path"));
            assert_eq!(path, PatchPath::of(attribute), "{text:?}");
        }
        Err(error) => check_error(text, &error),
    }
}
