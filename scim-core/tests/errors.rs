//! How errors look to a person: the line, the text and the caret.
#![allow(clippy::unwrap_used, reason = "a test says what went wrong by panicking")]

use scim_core::filter::{Filter, ParseOptions};
use scim_core::limits::Limits;
use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::path::PatchPath;
use scim_core::schema::ResourceSchemas;
use serde_json::json;

#[test]
fn filters() {
    let texts = [
        "",
        "userName",
        "userName eq",
        "userName eq bob",
        "userName regex \"a\"",
        "userName  eq \"a\"",
        "a eq \"x",
        "(a pr",
        "a pr)",
        "a[b[c pr]]",
        "a pr and",
        "1a pr",
        "a eq \"\\q\"",
        "emails[type.x pr]",
        "näme pr",
        "title pr  or title pr",
    ];
    let rendered: Vec<String> = texts.iter().map(|text| Filter::parse(text).unwrap_err().render()).collect();
    insta::assert_snapshot!(rendered.join("\n\n"));
}

#[test]
fn limits() {
    let limits = Limits::default();
    let rendered: Vec<String> = [
        ("userName eq \"bjensen\"", limits.with_bytes(14)),
        ("a pr and ((b pr or c pr) and d pr)", limits.with_depth(1)),
        ("a pr or b pr or c pr", limits.with_terms(2)),
    ]
    .into_iter()
    .map(|(text, limits)| Filter::parse_with(text, &ParseOptions::strict().with_limits(limits)).unwrap_err().render())
    .collect();
    insta::assert_snapshot!(rendered.join("\n\n"));
}

#[test]
fn paths() {
    let texts = [
        "a.b.c",
        "emails[0]",
        "emails[type eq \"work\"",
        "emails[].value",
        "members.0",
        "/a/b",
        "emails[type eq \"work\"]value",
    ];
    let rendered: Vec<String> = texts.iter().map(|text| PatchPath::parse(text).unwrap_err().render()).collect();
    insta::assert_snapshot!(rendered.join("\n\n"));
}

#[test]
fn patches() {
    let operations = [
        json!({"op": "Replace", "path": "active", "value": true}),
        json!({"op": "add", "path": "active"}),
        json!({"op": "remove"}),
        json!({"op": "replace", "path": "active", "value": "False"}),
        json!({"op": "replace", "path": "id", "value": "x"}),
        json!({"op": "replace", "path": "colour", "value": "red"}),
        json!({"op": "replace", "path": "emails[type eq \"home\"].value", "value": "x"}),
        json!({"op": "replace", "path": "emails[type eq].value", "value": "x"}),
        json!({"op": "remove", "path": "userName"}),
        json!({"op": "add", "path": "emails", "value": [{"value": "a", "primary": true}, {"value": "b", "primary": true}]}),
        json!({"op": "remove", "path": "emails", "value": [{"value": "a"}]}),
        json!({"op": "replace", "value": {"name.givenName": "x"}}),
    ];
    let options = PatchOptions::strict();
    let lines: Vec<String> = operations
        .iter()
        .map(|operation| {
            let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]});
            let mut user = json!({"userName": "u", "emails": [{"value": "a", "type": "work"}]});
            let outcome = PatchOp::read(&body, &options)
                .and_then(|patch| patch.apply(&mut user, &ResourceSchemas::user(), &options));
            let error = outcome.unwrap_err();
            let caret = error.parse_error().map(|parse| format!("\n{}", parse.render())).unwrap_or_default();
            format!("{} {error}{caret}", error.scim_type())
        })
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_too_long_begins_with_a_character() {
    let text = "日".repeat(30_000);
    for error in [Filter::parse(&text).unwrap_err(), PatchPath::parse(&text).unwrap_err()] {
        assert_eq!(error.span(), 65_535..90_000);
        assert!(text.is_char_boundary(error.span().start));
    }
    let error = scim_core::path::AttributePath::parse(&text).unwrap_err();
    assert_eq!(error.span(), 65_535..90_000);
}
