//! Every scimType, where the RFC wants it.

use serde_json::json;

use crate::support::{on_user, refused, user};

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
