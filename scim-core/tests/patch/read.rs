//! PATCH messages as they are read: from text and from values alike, names that stand twice, what an operation must have.

use scim_core::limits::Limits;
use scim_core::message::PATCH_OP;
use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::schema::ResourceSchemas;
use serde_json::{Value, json};

#[test]
fn a_member_that_is_named_twice_is_refused_wherever_it_stands() {
    let urn = PATCH_OP;
    for (operation, text) in [
        (
            None,
            format!(r#"{{"schemas":["{urn}"],"schemas":["{urn}"],"Operations":[{{"op":"remove","path":"title"}}]}}"#),
        ),
        (None, format!(r#"{{"schemas":["{urn}"],"Operations":[],"operations":[{{"op":"remove","path":"title"}}]}}"#)),
        (None, format!(r#"{{"x":1,"x":1,"schemas":["{urn}"],"Operations":[{{"op":"remove","path":"title"}}]}}"#)),
    ]
    .into_iter()
    .chain(
        [
            r#"{"op":"add","op":"remove","path":"title"}"#,
            r#"{"op":"remove","path":"title","path":"nickName"}"#,
            r#"{"op":"remove","path":"title","Path":"nickName"}"#,
            r#"{"op":"add","path":"title","value":"a","value":"b"}"#,
            r#"{"op":"add","value":{"active":true,"active":false}}"#,
            r#"{"op":"add","value":{"active":true,"Active":false}}"#,
            r#"{"op":"add","path":"emails","value":[{"value":"a"},{"value":"b","value":"c"}]}"#,
            r#"{"op":"add","value":{"urn:x:y":{"a":[{"b":{"c":1,"c":2}}]}}}"#,
        ]
        .map(|second| {
            let first = r#"{"op":"remove","path":"nickName"}"#;
            (Some(1), format!(r#"{{"Operations":[{first},{second}],"schemas":["{urn}"]}}"#))
        }),
    ) {
        for options in [PatchOptions::strict(), PatchOptions::lenient()] {
            let error = PatchOp::from_json(text.as_bytes(), &options).unwrap_err();
            assert_eq!((error.scim_type().as_str(), error.operation()), ("invalidSyntax", operation), "{text}");
            assert!(error.to_string().contains("named twice"), "{error}");
        }
    }
    // A name with an escape is read another way.
    let text =
        format!(r#"{{"schemas":["{urn}"],"Operations":[{{"op":"add","path":"title","value":"a","v\u0061lue":"b"}}]}}"#);
    let error = PatchOp::from_json(text.as_bytes(), &PatchOptions::lenient()).unwrap_err();
    assert_eq!(error.to_string(), "attribute `value` is named twice (names are compared without case)");
}

#[test]
fn what_every_operation_must_have_is_asked_for_when_it_is_read() {
    for (operation, scim_type) in [
        (json!({"op": "remove"}), "noTarget"),
        (json!({"op": "remove", "value": {"title": "t"}}), "noTarget"),
        (json!({"op": "add", "path": "title"}), "invalidValue"),
        (json!({"op": "add", "value": "x"}), "invalidValue"),
        (json!({"op": "replace", "value": [{"title": "t"}]}), "invalidValue"),
        (json!({"op": "replace", "value": null}), "invalidValue"),
        (json!({"op": "add", "value": {"urn:x:y": {"a": 1, "A": 2}}}), "invalidSyntax"),
    ] {
        let body = json!({"schemas": [PATCH_OP], "Operations": [operation]});
        for options in [PatchOptions::strict(), PatchOptions::lenient()] {
            let text = PatchOp::from_json(body.to_string().as_bytes(), &options).unwrap_err();
            assert_eq!((text.scim_type().as_str(), text.operation()), (scim_type, Some(0)), "{operation}");
            assert_eq!(PatchOp::read(&body, &options).unwrap_err(), text);
        }
    }
    // A program can build what no message may say.
    let built = PatchOp::new().add_all(json!("x"));
    assert!(built.apply(&mut json!({"userName": "u"}), &ResourceSchemas::user(), &PatchOptions::lenient()).is_err());
}

/// One of several mistakes is told, the same one from text and from values.
#[test]
fn the_first_of_several_mistakes_is_told() {
    for (operation, told) in [
        (r#"{"value":{"a":1,"A":2},"op":"move"}"#, "named twice"),
        (r#"{"value":{"a":1,"A":2},"path":"["}"#, "named twice"),
        (r#"{"path":"[","op":"move","zz":1}"#, "`op`"),
        (r#"{"path":"[","op":"add","zz":1}"#, "`zz`"),
        (r#"{"value":DEEP,"path":"[","op":"add"}"#, "path"),
        (r#"{"value":DEEP,"path":"title","op":"add"}"#, "deep"),
    ] {
        let deep = format!("{}1{}", "[".repeat(70), "]".repeat(70));
        let text = format!(r#"{{"schemas":["{PATCH_OP}"],"Operations":[{operation}]}}"#).replace("DEEP", &deep);
        let error = PatchOp::from_json(text.as_bytes(), &PatchOptions::strict()).unwrap_err();
        assert!(error.to_string().contains(told), "{operation}: {error}");
        let Ok(value) = serde_json::from_str(&text) else { continue };
        assert_eq!(PatchOp::read(&value, &PatchOptions::strict()), Err(error));
    }
}

#[test]
fn text_and_values_read_alike() {
    for body in [
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"remove","path":"title"}]}"#,
        r#" { "Operations" : [ { "path":"emails[type eq \"work\"].value" , "value" : "a\u00e9\n" ,"op":"add"} ] , "schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"]} "#,
        r#"{"operations":[{"OP":"Add","PATH":"title","Value":1.50e3}],"schemas":"urn:ietf:params:scim:api:messages:2.0:PatchOp","x":{"y":[]}}"#,
        r#"{"schemas":[],"Operations":[{"op":"add","value":{"a":[1,{}]},"Op":"remove"}]}"#,
        r#"{"schemas":null,"Operations":[]}"#,
        r#"{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{"op":"remove","path":"t\u0069tle"}]}"#,
        r#"{"Operations":[{"op":"add","path":null,"value":null},"x",{"zz":1,"aa":2}]}"#,
        r#"{"Operations":{}}"#,
        "[]",
        "17",
    ] {
        let value: Value = serde_json::from_str(body).unwrap();
        for options in [PatchOptions::strict(), PatchOptions::lenient()] {
            assert_eq!(PatchOp::from_json(body.as_bytes(), &options), PatchOp::read(&value, &options), "{body}");
        }
    }
    for path in [
        r"title",
        r"name.givenName",
        r"name.",
        r"t\u0069tle",
        r"title ",
        r#"emails[type eq \"work\"]"#,
        r#"emails[type eq \"work\"].value"#,
        r#"emails[type EQ \"work\"].value"#,
        r#"emails[type eq \"work\"].value.x"#,
        r#"emails[type eq \"work\"]value"#,
        r#"emails[type eq \"w\\\"k\"].value"#,
        r#"emails[type eq \"w\nk\"].value"#,
        r#"emails[type eq \"w\\nk\"].value"#,
        r"emails[type eq \u0022work\u0022].value",
        r#"emails[type eq \"work\u0022].value"#,
        r#"emails[type eq \"é\"].value"#,
        r#"emails[type eq \"work].value"#,
        r"emails[type eq work",
        r"emails[]",
        r"",
    ] {
        let body = format!(
            r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{{"op":"remove","path":"{path}"}}]}}"#
        );
        let value: Value = serde_json::from_str(&body).unwrap();
        for bytes in 0..40 {
            let options = PatchOptions::strict().with_limits(Limits::default().with_bytes(bytes));
            assert_eq!(
                PatchOp::from_json(body.as_bytes(), &options),
                PatchOp::read(&value, &options),
                "{bytes}: {path}"
            );
        }
    }
    for body in ["", "{", r#"{"Operations":[}"#, r#"{"Operations":[]} x"#, "{\"schemas\":[\"\u{1}\"]}", r#"{"a":01}"#] {
        let error = PatchOp::from_json(body.as_bytes(), &PatchOptions::lenient()).unwrap_err();
        assert!(error.to_string().contains("no JSON"), "{body}: {error}");
    }
    assert!(PatchOp::from_json(b"{\"schemas\":[\"\xff\"]}", &PatchOptions::lenient()).is_err());
}
