//! Errors (RFC 7644 §3.12, RFC 9865 §3).

use scim_core::message::{ERROR, ScimError, ScimType};
use serde_json::{Value, json};

use crate::support::figure;

#[test]
fn every_scim_type_has_its_word_and_status() {
    for (kind, word, status) in [
        (ScimType::InvalidFilter, "invalidFilter", 400),
        (ScimType::TooMany, "tooMany", 400),
        (ScimType::Uniqueness, "uniqueness", 409),
        (ScimType::Mutability, "mutability", 400),
        (ScimType::InvalidSyntax, "invalidSyntax", 400),
        (ScimType::InvalidPath, "invalidPath", 400),
        (ScimType::NoTarget, "noTarget", 400),
        (ScimType::InvalidValue, "invalidValue", 400),
        (ScimType::InvalidVers, "invalidVers", 400),
        (ScimType::Sensitive, "sensitive", 403),
        (ScimType::InvalidCursor, "invalidCursor", 400),
        (ScimType::ExpiredCursor, "expiredCursor", 400),
        (ScimType::InvalidCount, "invalidCount", 400),
        (ScimType::Other("quotaExceeded".into()), "quotaExceeded", 400),
    ] {
        let error = ScimError::of_type(kind.clone(), "d");
        let body = serde_json::to_value(&error).unwrap();
        assert_eq!(body, json!({"schemas": [ERROR], "scimType": word, "detail": "d", "status": status.to_string()}));
        assert_eq!(serde_json::from_value::<ScimError>(body).unwrap(), error);
        assert_eq!(ScimType::from(word.to_uppercase().as_str()) == kind, !matches!(kind, ScimType::Other(_)));
        assert_eq!(error.to_string(), format!("{status} {word}: d"));
    }
}

#[test]
fn errors_are_recognised_among_other_bodies() {
    for (body, status) in [
        (figure(7644, "3.12", 0), Some(404)),
        (json!({"schemas": ERROR.to_uppercase(), "status": 409}), Some(409)),
        (json!({"Status": "429", "Detail": "slow down"}), Some(429)),
        (json!({"schemas": [ERROR], "status": {"code": "404"}}), Some(404)),
        (json!({"schemas": [ERROR], "detail": "no status"}), Some(0)),
        (json!({"success": false, "errors": [{"code": 1000}]}), None),
        (json!({"error": "invalid_token", "error_description": "x"}), None),
        (json!({"schemas": [ERROR], "status": "404 Not Found", "detail": "gone"}), Some(404)),
        (json!({"schemas": [ERROR], "status": "412.0"}), Some(412)),
        (json!({"schemas": [ERROR], "status": 412.0}), Some(412)),
        (json!({"status": "HTTP/1.1 404 Not Found", "detail": "gone"}), Some(404)),
        (json!({"status": {"code": "http/2 404"}, "detail": "gone"}), Some(404)),
        (json!({"schemas": [ERROR], "status": 412.5}), Some(0)),
        (json!({"schemas": [ERROR], "status": "HTTP/1.1"}), Some(0)),
        (json!({"schemas": [ERROR], "status": "HTTP 1.1 404"}), Some(0)),
        (json!({"schemas": [ERROR], "status": {"Code": 404}}), Some(404)),
        (json!({"schemas": [ERROR], "status": "", "detail": "no status"}), Some(0)),
        (json!({"schemas": [ERROR], "status": "4040"}), Some(0)),
        (json!({"schemas": [ERROR], "status": 70000}), Some(0)),
        (json!({"schemas": [ERROR], "status": 1000}), Some(0)),
        (json!({"status": 500}), None),
        (json!({"status": "error", "detail": "of somebody else"}), None),
        (json!("text"), None),
    ] {
        assert_eq!(ScimError::recognise(&body).map(|error| error.status), status, "{body}");
    }
    let error: ScimError =
        serde_json::from_value(json!({"status": 400, "detail": ["a"], "retry": true, "scimType": null})).unwrap();
    assert_eq!((error.extra["detail"].clone(), error.extra["retry"].clone()), (json!(["a"]), json!(true)));
    let error = ScimError::recognise(&json!({"schemas": [ERROR], "status": "soon", "detail": "why"})).unwrap();
    assert_eq!((error.detail.as_deref(), error.extra["status"].clone()), (Some("why"), json!("soon")));
    for text in [r#"{"status":400,"STATUS":400}"#, "[]"] {
        assert!(serde_json::from_str::<ScimError>(text).is_err(), "{text}");
    }
    let long = ScimError::new(500, format!("two\nlines\u{1b}[31m{}", "x".repeat(10_000))).to_string();
    assert!(long.len() < 600 && !long.chars().any(char::is_control), "{long}");
}

/// Two members of one name are no error body, nor any other.
#[test]
fn what_is_set_takes_the_place_of_what_could_not_be_read() {
    let mut error: ScimError =
        serde_json::from_value(json!({"Status": "soon", "detail": {"a": 1}, "scimType": 5, "retry": true})).unwrap();
    let before = serde_json::to_value(&error).unwrap();
    assert_eq!(before, json!({"schemas": [ERROR], "Status": "soon", "detail": {"a": 1}, "scimType": 5, "retry": true}));
    error.status = 502;
    error.detail = Some("gone".to_owned());
    let written = serde_json::to_string(&error.with_type(ScimType::TooMany)).unwrap();
    assert_eq!(written.to_ascii_lowercase().matches("status").count(), 1, "{written}");
    assert_eq!(
        serde_json::from_str::<Value>(&written).unwrap(),
        json!({"schemas": [ERROR], "status": "502", "detail": "gone", "scimType": "tooMany", "retry": true})
    );
    let read: ScimError = serde_json::from_str(&written).unwrap();
    assert_eq!((read.status, read.scim_type), (502, Some(ScimType::TooMany)));
}
