//! Any pair of operations and resource: the change is made, or the resource is as it was.
#![no_main]

use libfuzzer_sys::fuzz_target;
use scim_core::patch::{PatchOp, PatchOptions};
use scim_core::schema::ResourceSchemas;
use serde_json::{Value, json};

fuzz_target!(|bytes: &[u8]| {
    // `{"operations": […], "resource": {…}}`, or a resource of our own.
    let Ok(input) = serde_json::from_slice::<Value>(bytes) else {
        return;
    };
    let resource = match &input["resource"] {
        given @ Value::Object(_) => given.clone(),
        _ => json!({"userName": "u", "name": {"givenName": "g"}, "emails": [{"value": "a", "type": "work", "primary": true}, {"value": "b"}]}),
    };
    let operations = if input["operations"].is_array() { input["operations"].clone() } else { json!([input]) };
    let body = json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations});
    for (options, schemas) in [
        (PatchOptions::strict(), ResourceSchemas::user()),
        (PatchOptions::lenient(), ResourceSchemas::user()),
        (PatchOptions::lenient(), ResourceSchemas::group()),
    ] {
        let Ok(patch) = PatchOp::read(&body, &options) else {
            continue;
        };
        let mut after = resource.clone();
        match patch.apply(&mut after, &schemas, &options) {
            Ok(applied) if !applied.changed => assert_eq!(after, resource),
            Ok(_) => {}
            Err(_) => assert_eq!(after, resource),
        }
    }
});
