//! The schema documents against the typed structs: every attribute, type and multiplicity.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test says what went wrong by panicking")]

use scim_core::resource::{Group, User};
use scim_core::schema::{
    Attribute, AttributeType, ENTERPRISE_USER, GROUP, RESOURCE_TYPE, ResourceType, SERVICE_PROVIDER_CONFIG, Schema,
    SchemaRegistry, ServiceProviderConfig, USER,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

fn sample(attribute: &Attribute) -> Value {
    let one = match attribute.attribute_type() {
        AttributeType::Boolean => json!(true),
        AttributeType::Integer => json!(7),
        AttributeType::Decimal => json!(1.5),
        AttributeType::DateTime => json!("2011-05-13T04:42:34Z"),
        AttributeType::Binary => json!("AQID"),
        AttributeType::Complex => attribute
            .sub_attributes
            .iter()
            .map(|sub| (sub.name().to_owned(), sample(sub)))
            .collect::<Map<_, _>>()
            .into(),
        _ => json!(format!("text of {}", attribute.name())),
    };
    if attribute.is_multi_valued() { json!([one]) } else { one }
}

/// Fills every attribute of the schema, sends it through the type, and finds the type's `extra` empty everywhere.
fn walk<T: DeserializeOwned + Serialize + std::fmt::Debug>(schema: &Schema, wrap: impl Fn(Value) -> Value) {
    let filled: Map<String, Value> = schema.attributes.iter().map(|a| (a.name().to_owned(), sample(a))).collect();
    let body = wrap(Value::Object(filled));
    let typed: T = serde_json::from_value(body.clone()).unwrap_or_else(|e| panic!("{}: {e}", schema.id()));
    let debug = format!("{typed:?}");
    for part in debug.split("extra: ").skip(1) {
        assert!(part.starts_with("{}"), "{}: an attribute has no field: {}", schema.id(), &part[..part.len().min(200)]);
    }
    assert_eq!(serde_json::to_value(&typed).unwrap(), body, "{}", schema.id());
}

#[test]
fn every_attribute_has_a_field_of_its_type_and_multiplicity() {
    let registry = SchemaRegistry::new();
    walk::<User>(registry.get(USER).unwrap(), |v| v);
    walk::<Group>(registry.get(GROUP).unwrap(), |v| v);
    walk::<User>(registry.get(ENTERPRISE_USER).unwrap(), |v| json!({ENTERPRISE_USER: v}));
    walk::<ServiceProviderConfig>(registry.get(SERVICE_PROVIDER_CONFIG).unwrap(), |v| v);
    walk::<ResourceType>(registry.get(RESOURCE_TYPE).unwrap(), |v| v);
}

#[test]
fn wrong_types_and_multiplicities_are_errors_that_say_where() {
    let error = |body: Value| serde_json::from_value::<User>(body).unwrap_err().to_string();
    assert!(
        error(json!({"emails": [{"value": "a"}, {"primary": 1}]})).starts_with("in `emails[1].primary`: "),
        "{}",
        error(json!({"emails": [{"value": "a"}, {"primary": 1}]}))
    );
    assert!(error(json!({"name": {"givenName": ["x"]}})).starts_with("in `name.givenName`: "));
    assert!(error(json!({"active": "yes"})).contains("a boolean"));
    assert!(!error(json!({"password": {"secret": 1}})).contains("secret"), "an error never shows a password");
    assert!(
        !format!("{:?}", serde_json::from_value::<User>(json!({"password": "hunter2"})).unwrap()).contains("hunter2")
    );
}
