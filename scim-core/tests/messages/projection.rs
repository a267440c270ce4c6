//! Which attributes an answer has (RFC 7644 §3.9, RFC 7643 §7).

use scim_core::message::{Projection, ScimType};
use scim_core::schema::{Attribute, AttributeType, Mutability, ResourceSchemas, Returned, Schema};
use serde_json::{Value, json};

use crate::support::ENTERPRISE;

fn badge_schemas() -> ResourceSchemas {
    let with = |name: &str, returned| {
        let mut attribute = Attribute::new(name, AttributeType::String);
        attribute.returned = Some(returned);
        attribute
    };
    let mut holder = Attribute::new("holder", AttributeType::Complex);
    holder.sub_attributes =
        vec![with("key", Returned::Always), with("note", Returned::Request), with("pin", Returned::Never)];
    let attributes = vec![with("number", Returned::Always), with("history", Returned::Request), holder];
    ResourceSchemas::user().with_extension(Schema::new("urn:example:Badge", attributes))
}

#[test]
fn answers_hold_what_was_asked_for() {
    let user = json!({
        "schemas": ["urn:x"], "id": "1", "userName": "a", "password": "p", "title": "t",
        "name": {"givenName": "G", "familyName": "F"},
        "emails": [{"value": "v", "type": "work"}, {"value": "w"}],
        (ENTERPRISE): {"department": "d", "manager": {"value": "m", "displayName": "M"}},
        "urn:example:Badge": {"number": "7", "history": "h", "holder": {"key": "k", "note": "n", "pin": "s", "x": 1}},
    });
    let badge = json!({"number": "7"});
    let full_badge = json!({"number": "7", "holder": {"key": "k", "x": 1}});
    let base = |mut more: Value| {
        more["schemas"] = json!(["urn:x"]);
        more["id"] = json!("1");
        if more.get("urn:example:Badge").is_none() {
            more["urn:example:Badge"] = badge.clone();
        }
        more
    };
    let rows: Vec<(&[&str], &[&str], Value)> = vec![
        (&["userName"], &[], base(json!({"userName": "a"}))),
        (&["USERNAME", "unknown"], &[], base(json!({"userName": "a"}))),
        (&["password"], &[], base(json!({}))),
        (&["name.familyName"], &[], base(json!({"name": {"familyName": "F"}}))),
        (&["urn:ietf:params:scim:schemas:core:2.0:User:title"], &[], base(json!({"title": "t"}))),
        (
            &["history", "DEPARTMENT"],
            &[],
            base(json!({"urn:example:Badge": {"number": "7", "history": "h"}, ENTERPRISE: {"department": "d"}})),
        ),
        (
            &["urn:ietf:params:scim:schemas:core:2.0:user"],
            &[],
            base(json!({"userName": "a", "title": "t", "name": user["name"], "emails": user["emails"]})),
        ),
        (
            &[],
            &["urn:ietf:params:scim:schemas:core:2.0:User", "department", "manager.value"],
            base(json!({ENTERPRISE: {"manager": {"displayName": "M"}}, "urn:example:Badge": full_badge})),
        ),
        (
            &["urn:example:Badge:holder", "urn:example:Badge:holder.note"],
            &[],
            base(json!({"urn:example:Badge": {"number": "7", "holder": {"key": "k", "note": "n", "x": 1}}})),
        ),
        (&["emails.value"], &[], base(json!({"emails": [{"value": "v"}, {"value": "w"}]}))),
        (&["emails.type"], &[], base(json!({"emails": [{"type": "work"}]}))),
        (&["emails.display"], &[], base(json!({}))),
        (&[ENTERPRISE], &[], base(json!({ENTERPRISE: user[ENTERPRISE]}))),
        (
            &["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value"],
            &[],
            base(json!({ENTERPRISE: {"manager": {"value": "m"}}})),
        ),
        (&["urn:example:Badge:history"], &[], base(json!({"urn:example:Badge": {"number": "7", "history": "h"}}))),
        (
            &["urn:example:Badge:holder.note"],
            &[],
            base(json!({"urn:example:Badge": {"number": "7", "holder": {"key": "k", "note": "n"}}})),
        ),
        (
            &[],
            &["emails", "NAME", "title", ENTERPRISE, "id", "schemas"],
            base(json!({"userName": "a", "urn:example:Badge": full_badge})),
        ),
        (
            &[],
            &["emails.type", "name.givenName", "title", ENTERPRISE, "urn:example:Badge:holder.key"],
            base(json!({
                "userName": "a", "name": {"familyName": "F"}, "emails": [{"value": "v"}, {"value": "w"}],
                "urn:example:Badge": full_badge
            })),
        ),
    ];
    for (attributes, excluded, expected) in rows {
        let projection = Projection::new(attributes, excluded, &badge_schemas()).unwrap();
        assert_eq!(projection.apply(&user), expected, "{attributes:?} {excluded:?}");
    }
    let error = Projection::new(&["title"], &["emails"], &badge_schemas()).unwrap_err();
    assert_eq!((error.status, error.scim_type), (400, Some(ScimType::InvalidValue)));
    let all = Projection::new::<&str>(&[], &[], &badge_schemas()).unwrap().apply(&user);
    assert_eq!((all.get("password"), &all["urn:example:Badge"]), (None, &full_badge));
}

#[test]
fn hidden_parts_leave_with_no_attribute() {
    let mut card = Attribute::new("card", AttributeType::Complex);
    card.returned = Some(Returned::Always);
    let mut pin = Attribute::new("pin", AttributeType::String);
    pin.returned = Some(Returned::Never);
    let mut code = Attribute::new("code", AttributeType::String);
    code.mutability = Some(Mutability::WriteOnly);
    card.sub_attributes = vec![Attribute::new("number", AttributeType::String), pin, code.clone()];
    let schemas = ResourceSchemas::user().with_extension(Schema::new("urn:example:Card", vec![card, code]));
    let user = json!({"id": "1", "urn:example:Card": {"code": "c", "card": {"number": "7", "pin": "p", "code": "c"}}});
    let shown = json!({"id": "1", "urn:example:Card": {"card": {"number": "7"}}});
    let pin = "urn:example:Card:card.pin";
    for (attributes, excluded) in [
        (vec![], vec![]),
        (vec!["id", pin, "urn:example:Card:code"], vec![]),
        (vec![], vec!["urn:example:Card:card", "urn:example:Card:card.number"]),
    ] {
        let projection = Projection::new(&attributes, &excluded, &schemas).unwrap();
        assert_eq!(projection.apply(&user), shown, "{attributes:?} {excluded:?}");
    }
}
