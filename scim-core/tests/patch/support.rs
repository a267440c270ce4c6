//! One operation, and what becomes of the resource.

use scim_core::message::PATCH_OP;
use scim_core::patch::{Applied, PatchError, PatchOp, PatchOptions};
use scim_core::schema::{Attribute, AttributeType, Mutability, ResourceSchemas, Schema};
use serde_json::{Value, json};

pub(crate) fn apply(
    resource: &mut Value,
    operations: Value,
    schemas: &ResourceSchemas,
    options: &PatchOptions,
) -> Result<Applied, PatchError> {
    let body = json!({"schemas": [PATCH_OP], "Operations": operations}).to_string();
    PatchOp::from_json(body.as_bytes(), options)?.apply(resource, schemas, options)
}

/// One operation on a user, strictly: what becomes of it, or the keyword of the refusal.
pub(crate) fn on_user(user: Value, operation: Value) -> Result<Value, String> {
    let mut after = user.clone();
    match apply(&mut after, json!([operation]), &ResourceSchemas::user(), &PatchOptions::strict()) {
        Ok(_) => Ok(after),
        Err(error) => {
            assert_eq!(after, user, "a refused PATCH leaves no trace");
            assert_eq!(error.operation(), Some(0));
            Err(error.scim_type().to_string())
        }
    }
}

#[track_caller]
pub(crate) fn refused(user: Value, operation: Value, scim_type: &str) {
    assert_eq!(on_user(user, operation), Err(scim_type.to_owned()));
}

pub(crate) fn user() -> Value {
    json!({"userName": "u", "emails": [{"value": "a", "type": "work"}]})
}

/// A schema from the text of its attributes.
pub(crate) fn thing(attributes: &Value) -> ResourceSchemas {
    ResourceSchemas::new(serde_json::from_value(json!({"id": "urn:example:Thing", "attributes": attributes})).unwrap())
}

/// One operation, strictly unless said otherwise: what becomes of the resource, or the keyword of the refusal.
pub(crate) fn on_thing(
    schemas: &ResourceSchemas,
    before: &Value,
    operation: Value,
    options: &PatchOptions,
) -> Result<Value, String> {
    let mut after = before.clone();
    match apply(&mut after, json!([operation]), schemas, options) {
        Ok(_) => Ok(after),
        Err(error) => {
            assert_eq!(after, *before, "all or nothing");
            Err(error.scim_type().to_string())
        }
    }
}

/// A schema with one attribute of each kind that the RFC's own lack.
pub(crate) fn badges() -> ResourceSchemas {
    let sub = |name: &str, mutability, required| {
        let mut sub = Attribute::new(name, AttributeType::String);
        sub.mutability = Some(mutability);
        sub.required = Some(required);
        sub
    };
    let mut access = Attribute::new("access", AttributeType::Complex);
    access.sub_attributes = vec![sub("rank", Mutability::Immutable, false), sub("door", Mutability::ReadWrite, true)];
    let number = sub("number", Mutability::Immutable, false);
    let pin = sub("pin", Mutability::WriteOnly, false);
    let name = sub("name", Mutability::ReadWrite, true);
    ResourceSchemas::new(Schema::new("urn:example:Badge", vec![number, pin, name, access]))
}
